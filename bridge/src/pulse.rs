//! Whether what must never stand still still moves.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Between two beats.
const BEAT: Duration = Duration::from_secs(1);

/// The hearts of a bridge. One that stops, because its task hangs or is gone, is missed.
#[derive(Clone, Debug)]
pub struct Pulse {
    start: Instant,
    beats: Arc<Mutex<Vec<Arc<AtomicU64>>>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), beats: Arc::default() }
    }
}

impl Pulse {
    /// Runs `heart`, which beats from now on as long as it is polled and does not block.
    pub fn watch<F: Future>(&self, heart: F) -> impl Future<Output = F::Output> + use<F> {
        let (start, beat) = (self.start, Arc::new(AtomicU64::new(millis(self.start))));
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&beat));
        async move {
            let mut heart = pin!(heart);
            let mut clock = interval(BEAT);
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    output = &mut heart => return output,
                    _ = clock.tick() => beat.store(millis(start), Ordering::Relaxed),
                }
            }
        }
    }

    /// Whether every heart has beaten within `limit`.
    pub fn is_felt(&self, limit: Duration) -> bool {
        let now = millis(self.start);
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().all(|beat| now.saturating_sub(beat.load(Ordering::Relaxed)) <= limit)
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_heart_beats_while_it_waits_and_not_once_it_is_gone() {
        let pulse = Pulse::default();
        let heart = tokio::spawn(pulse.watch(pending::<()>()));
        sleep(60 * BEAT).await;
        assert!(pulse.is_felt(2 * BEAT));
        let other = tokio::spawn(pulse.watch(async { sleep(BEAT).await }));
        sleep(5 * BEAT).await;
        assert!(!pulse.is_felt(2 * BEAT), "one of them has ended");
        other.await.unwrap();
        heart.abort();
    }
}
