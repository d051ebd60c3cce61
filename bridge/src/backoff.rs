//! How long to wait before the next try.

use crate::random;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Doubles from half a second to half a minute; half of each delay is chance, so that bridges that lost the same
/// broker do not come back in step.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The next delay.
    pub fn delay(&mut self) -> Duration {
        let delay = self.next / 2 + random::part_of(self.next / 2);
        self.next = (2 * self.next).min(LONGEST);
        delay
    }

    /// It worked: begin anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_and_start_anew() {
        let mut backoff = Backoff::default();
        let mut full = FIRST;
        for _ in 0..20 {
            let delay = backoff.delay();
            assert!(delay >= full / 2 && delay <= full, "{delay:?} of {full:?}");
            full = (2 * full).min(LONGEST);
        }
        assert_eq!(full, LONGEST);
        backoff.reset();
        assert!(backoff.delay() <= FIRST);
    }
}
