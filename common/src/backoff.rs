//! How long to wait before connecting again.

use crate::random;
use std::time::Duration;

/// A connection that lasted this long was a good one, and the next failure starts over.
const STABLE: Duration = Duration::from_secs(60);

/// Doubling pauses, half of each left to chance, so that those who lost the same broker do not come back in step.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Pauses from `first` up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The pause after a failure of a connection that had been up for so long.
    pub fn pause(&mut self, lasted: Duration) -> Duration {
        let ceiling = self.ceiling(lasted);
        ceiling / 2 + random::part_of(ceiling / 2)
    }

    /// Forgets the failures: what follows is something new.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    fn ceiling(&mut self, lasted: Duration) -> Duration {
        if lasted >= STABLE {
            self.failures = 0;
        }
        let ceiling = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        ceiling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(120))
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = backoff();
        let ceilings: Vec<_> = (0..9).map(|_| backoff.ceiling(Duration::ZERO).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
    }

    #[test]
    fn chance_takes_off_up_to_half() {
        for _ in 0..100 {
            let pause = backoff().pause(Duration::ZERO);
            assert!((500..=1000).contains(&pause.as_millis()), "{pause:?}");
        }
    }

    #[test]
    fn only_a_stable_minute_starts_over() {
        let mut backoff = Backoff { failures: 5, ..backoff() };
        assert_eq!(backoff.ceiling(Duration::from_secs(59)).as_secs(), 32);
        assert_eq!(backoff.ceiling(Duration::from_secs(60)).as_secs(), 1);
    }
}
