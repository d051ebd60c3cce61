//! How long to wait before connecting again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(120);
/// A session that lasted this long was a good one, and the next failure starts over.
const STABLE: Duration = Duration::from_secs(60);

/// Doubling pauses with jitter, so that thousands of homes do not come back in the same second.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after a failure. `lasted` is how long the session had been up; `dice` is random in 0..=1.
    pub fn next(&mut self, lasted: Duration, dice: f64) -> Duration {
        if lasted >= STABLE {
            self.failures = 0;
        }
        let ceiling = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
    }

    /// Forgets the failures: what follows is something new.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings(backoff: &mut Backoff, count: usize) -> Vec<u64> {
        (0..count).map(|_| backoff.next(Duration::ZERO, 1.0).as_secs()).collect()
    }

    #[test]
    fn pauses_double_up_to_two_minutes() {
        assert_eq!(ceilings(&mut Backoff::default(), 9), [1, 2, 4, 8, 16, 32, 64, 120, 120]);
    }

    #[test]
    fn jitter_takes_off_up_to_half() {
        let mut backoff = Backoff { failures: 3 };
        assert_eq!(backoff.next(Duration::ZERO, 0.0), Duration::from_secs(4));
    }

    #[test]
    fn only_a_stable_minute_starts_over() {
        let mut backoff = Backoff { failures: 5 };
        assert_eq!(backoff.next(Duration::from_secs(59), 1.0).as_secs(), 32);
        assert_eq!(backoff.next(Duration::from_secs(60), 1.0).as_secs(), 1);
    }
}
