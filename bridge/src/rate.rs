//! How often somebody may ask: a bucket of tokens each.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many buckets that are not full are remembered, 6 MB at the most. Where there are more, newcomers are not
/// counted: those who were first are the ones who ask often.
const MAX_REMEMBERED: usize = 50_000;
/// Between two looks for buckets that are full again, when there is no room.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Buckets that somebody may owe who spends what is not there.
const MOST_OWED: u32 = 8;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once, after a while of silence.
    pub burst: u32,
}

impl Rate {
    /// `None` for no limit, which 0 stands for.
    pub fn new(per_second: u32, burst: u32) -> Option<Self> {
        (per_second > 0 && burst > 0).then_some(Self { per_second, burst })
    }
}

/// The buckets of all `K`.
#[derive(Debug)]
pub struct Rates<K> {
    limit: Option<Limit>,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    /// Until a token comes back.
    token: Duration,
    /// Until an empty bucket is full.
    bucket: Duration,
}

/// One that is full is not remembered.
#[derive(Debug)]
struct Buckets<K> {
    used: HashMap<K, Used>,
    swept: Option<Instant>,
}

/// A bucket that is not full.
#[derive(Clone, Copy, Debug)]
struct Used {
    since: Instant,
    /// When it is full again.
    full_at: Instant,
}

impl<K: Eq + Hash> Rates<K> {
    /// Full buckets; without a rate there is no limit.
    pub fn new(rate: Option<Rate>) -> Self {
        let limit = rate.map(|Rate { per_second, burst }| {
            let token = Duration::from_secs(1) / per_second;
            Limit { token, bucket: token * burst }
        });
        Self { limit, buckets: Mutex::new(Buckets { used: HashMap::new(), swept: None }) }
    }

    /// Takes a token of `who`.
    ///
    /// # Errors
    /// How long to wait for one, where there is none.
    pub fn take(&self, who: K, now: Instant) -> Result<(), Duration> {
        let Some(Limit { token, bucket }) = self.limit else { return Ok(()) };
        let mut buckets = self.buckets();
        let Used { since, full_at } = buckets.of(&who, now);
        let full_at = full_at + token;
        let missing = full_at - now;
        if missing > bucket {
            return Err(missing - bucket);
        }
        buckets.keep(who, Used { since, full_at }, now);
        Ok(())
    }

    /// Takes so many tokens of `who` whether they are there or not; says how many times the bucket is used up then: 0 while
    /// there is a token left.
    pub fn spend(&self, who: K, tokens: u32, now: Instant) -> u128 {
        let Some(Limit { token, bucket }) = self.limit else { return 0 };
        let mut buckets = self.buckets();
        let Used { since, full_at } = buckets.of(&who, now);
        // Whatever it does, the wait ends some time.
        let full_at = (full_at + token.saturating_mul(tokens)).min(now + MOST_OWED * bucket);
        buckets.keep(who, Used { since, full_at }, now);
        (full_at - now).as_nanos() / bucket.as_nanos()
    }

    /// Whether `who` has a token.
    pub fn has_some(&self, who: &K, now: Instant) -> bool {
        let Some(Limit { bucket, .. }) = self.limit else { return true };
        self.buckets().of(who, now).full_at - now < bucket
    }

    /// Since when the bucket of `who` has not been full.
    pub fn since(&self, who: &K, now: Instant) -> Instant {
        self.buckets().of(who, now).since
    }

    /// Fills the bucket of `who`.
    pub fn forget(&self, who: &K) {
        self.buckets().used.remove(who);
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets<K>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn of(&self, who: &K, now: Instant) -> Used {
        let used = self.used.get(who).filter(|used| used.full_at > now);
        used.copied().unwrap_or(Used { since: now, full_at: now })
    }

    fn keep(&mut self, who: K, used: Used, now: Instant) {
        if self.used.contains_key(&who) || self.has_room(now) {
            self.used.insert(who, used);
        }
    }

    fn has_room(&mut self, now: Instant) -> bool {
        if self.used.len() >= MAX_REMEMBERED && self.swept.is_none_or(|swept| now >= swept + SWEEP_EVERY) {
            self.swept = Some(now);
            self.used.retain(|_, used| used.full_at > now);
        }
        self.used.len() < MAX_REMEMBERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(rates: &Rates<u32>, who: u32, now: Instant) -> usize {
        (0..1000).take_while(|_| rates.take(who, now).is_ok()).count()
    }

    #[test]
    fn a_burst_then_a_steady_flow() {
        let (rates, start) = (Rates::new(Rate::new(10, 50)), Instant::now());
        assert_eq!(taken(&rates, 1, start), 50);
        assert_eq!(rates.take(1, start), Err(SECOND / 10));
        assert_eq!(taken(&rates, 2, start), 50, "each has its own");
        assert_eq!(taken(&rates, 1, start + SECOND), 10);
        assert_eq!(taken(&rates, 1, start + 100 * SECOND), 50, "no more than a bucket is saved up");
    }

    #[test]
    fn a_refusal_costs_nothing() {
        let (rates, start) = (Rates::new(Rate::new(1, 1)), Instant::now());
        assert_eq!(taken(&rates, 1, start), 1);
        for _ in 0..100 {
            assert!(rates.take(1, start + SECOND / 2).is_err());
        }
        assert_eq!(taken(&rates, 1, start + SECOND), 1);
    }

    #[test]
    fn who_spends_what_is_not_there_waits_a_bounded_while() {
        let (rates, start) = (Rates::new(Rate::new(10, 50)), Instant::now());
        assert!(rates.spend(1, 49, start) == 0 && rates.has_some(&1, start));
        assert!(rates.spend(1, 1, start) == 1 && !rates.has_some(&1, start) && rates.has_some(&2, start));
        assert!(rates.has_some(&1, start + SECOND));
        for _ in 0..100 {
            assert!(rates.spend(1, u32::MAX, start) == u128::from(MOST_OWED));
        }
        assert!(!rates.has_some(&1, start + 35 * SECOND) && rates.has_some(&1, start + 36 * SECOND));
    }

    #[test]
    fn a_bucket_knows_since_when_it_is_not_full_and_one_that_is_forgotten_begins_anew() {
        let (rates, start) = (Rates::new(Rate::new(10, 50)), Instant::now());
        assert_eq!(rates.since(&1, start), start);
        rates.take(1, start).unwrap();
        rates.spend(1, 300, start + SECOND / 20);
        assert_eq!(rates.since(&1, start + 20 * SECOND), start);
        assert_eq!(rates.since(&1, start + 31 * SECOND), start + 31 * SECOND, "it is full again");
        rates.forget(&1);
        assert_eq!(taken(&rates, 1, start + 2 * SECOND), 50);
        assert_eq!(rates.since(&1, start + 3 * SECOND), start + 2 * SECOND);
    }

    #[test]
    fn zero_is_no_limit() {
        for rate in [Rate::new(0, 5), Rate::new(5, 0)] {
            assert_eq!(taken(&Rates::new(rate), 1, Instant::now()), 1000);
        }
    }

    #[test]
    fn however_many_ask_the_memory_is_bounded_and_the_first_stay_counted() {
        let (rates, start) = (Rates::new(Rate::new(1, 2)), Instant::now());
        let known = || rates.buckets().used.len();
        for who in 0..60_000 {
            rates.take(who, start).unwrap();
        }
        assert_eq!(known(), MAX_REMEMBERED);
        assert_eq!((taken(&rates, 7, start), taken(&rates, 55_000, start)), (1, 1000));
        rates.take(1_000_000, start + 3 * SECOND).unwrap();
        assert_eq!(known(), 1, "full buckets make room");
    }
}
