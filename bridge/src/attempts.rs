//! How often somebody may be wrong within a while.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

/// For how long a failure counts.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How many are remembered; then the one whose last failure is the oldest is forgotten.
const MAX_REMEMBERED: usize = 10_000;

/// Recent failures of each `K`.
#[derive(Debug)]
pub struct Attempts<K> {
    failures: HashMap<K, VecDeque<Instant>>,
    at_most: usize,
}

impl<K: Clone + Eq + Hash> Attempts<K> {
    /// Lets each fail `at_most` times within [`WINDOW`].
    pub fn new(at_most: usize) -> Self {
        Self { failures: HashMap::new(), at_most }
    }

    /// How long `who` has to wait before the next attempt, if at all.
    pub fn wait(&self, who: &K, now: Instant) -> Option<Duration> {
        let failures = self.failures.get(who)?;
        let deciding = failures.len().checked_sub(self.at_most)?;
        let again = *failures.get(deciding)? + WINDOW;
        (now < again).then(|| again - now)
    }

    /// `who` tries: counts as a failure until it turns out otherwise, so that many at once gain nothing.
    pub fn begin(&mut self, who: &K, now: Instant) {
        if !self.failures.contains_key(who) {
            self.make_room(now);
        }
        let failures = self.failures.entry(who.clone()).or_default();
        failures.retain(|failure| now < *failure + WINDOW);
        failures.push_back(now);
    }

    /// One attempt of `who` was no failure.
    pub fn take_back(&mut self, who: &K) {
        if let Some(failures) = self.failures.get_mut(who) {
            failures.pop_back();
            if failures.is_empty() {
                self.failures.remove(who);
            }
        }
    }

    /// Forgets all failures of `who`.
    pub fn forget(&mut self, who: &K) {
        self.failures.remove(who);
    }

    fn make_room(&mut self, now: Instant) {
        if self.failures.len() < MAX_REMEMBERED {
            return;
        }
        let last = |failures: &VecDeque<Instant>| failures.back().copied();
        self.failures.retain(|_, failures| last(failures).is_some_and(|failure| now < failure + WINDOW));
        if self.failures.len() >= MAX_REMEMBERED {
            let oldest = self.failures.iter().min_by_key(|(_, failures)| last(failures));
            if let Some(oldest) = oldest.map(|(who, _)| who.clone()) {
                self.failures.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_failed_too_often_waits_until_the_first_failure_is_old() {
        let (mut attempts, start) = (Attempts::new(3), Instant::now());
        for (at, wait) in [
            (0, None),
            (10, None),
            (20, None),
            (20, Some(880)),
            (899, Some(1)),
            (900, None),
            (900, Some(10)),
            (910, None),
            (919, Some(1)),
        ] {
            let now = start + at * SECOND;
            assert_eq!(attempts.wait(&"ann", now), wait.map(|seconds| seconds * SECOND), "at {at}");
            assert_eq!(attempts.wait(&"bob", now), None);
            if wait.is_none() {
                attempts.begin(&"ann", now);
            }
        }
    }

    #[test]
    fn what_was_no_failure_does_not_count() {
        let (mut attempts, now) = (Attempts::new(2), Instant::now());
        for _ in 0..2 {
            attempts.begin(&"ann", now);
        }
        attempts.take_back(&"ann");
        assert_eq!(attempts.wait(&"ann", now), None);
        attempts.begin(&"ann", now);
        assert_eq!(attempts.wait(&"ann", now), Some(WINDOW));
        attempts.forget(&"ann");
        assert_eq!(attempts.wait(&"ann", now), None);
        attempts.take_back(&"ann");
        assert!(attempts.failures.is_empty());
    }

    #[test]
    fn only_so_many_are_remembered_and_the_oldest_is_forgotten() {
        let (mut attempts, start) = (Attempts::new(1), Instant::now());
        for who in 0..=MAX_REMEMBERED {
            attempts.begin(&who, start + u32::try_from(who).unwrap() * Duration::from_millis(1));
        }
        let now = start + 20 * SECOND;
        assert_eq!(attempts.failures.len(), MAX_REMEMBERED);
        assert_eq!(attempts.wait(&0, now), None);
        assert!(attempts.wait(&1, now).is_some() && attempts.wait(&MAX_REMEMBERED, now).is_some());

        attempts.begin(&usize::MAX, now + WINDOW);
        assert_eq!(attempts.failures.len(), 1, "old ones go first");
    }
}
