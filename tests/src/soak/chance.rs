//! Chance that can be had again: the same seed gives the same choices.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A sequence of numbers (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("it is below a usize")
    }

    /// One of these.
    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// So many milliseconds.
    pub(super) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        let width = usize::try_from(range.end() - range.start() + 1).expect("a short time");
        Duration::from_millis(range.start() + self.below(width) as u64)
    }
}
