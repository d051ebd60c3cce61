//! How long to wait before connecting again.

use crate::random;
use std::time::Duration;

/// A connection that lasted this long was a good one, and the next failure starts over. So it does after one that lasted
/// longer than the pause before it could be, so that even on a bad line nobody waits for longer than he is connected; but not
/// after one that was too short to be of use.
const STABLE: Duration = Duration::from_secs(60);
const USEFUL: Duration = Duration::from_secs(10);

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
        let before = self.failures.checked_sub(1).map_or(Duration::ZERO, |before| self.after(before));
        if lasted >= before.clamp(USEFUL, STABLE) {
            self.failures = 0;
        }
        let ceiling = self.after(self.failures);
        self.failures = self.failures.saturating_add(1);
        ceiling
    }

    fn after(&self, failures: u32) -> Duration {
        self.first.saturating_mul(1 << failures.min(16)).min(self.longest)
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
    fn who_was_connected_for_longer_than_he_waited_starts_over() {
        for (failures, lasted, ceiling) in
            [(5, 15, 32), (5, 16, 1), (2, 9, 4), (2, 10, 1), (9, 59, 120), (9, 60, 1), (0, 0, 1)]
        {
            let mut backoff = Backoff { failures, ..backoff() };
            let next = backoff.ceiling(Duration::from_secs(lasted)).as_secs();
            assert_eq!(next, ceiling, "after {failures} failures and {lasted} s");
        }
    }
}
