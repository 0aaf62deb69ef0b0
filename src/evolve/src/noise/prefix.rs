//! How many shared seeds every candidate gets.
//!
//! Few seeds are cheap but flatter; many are honest but slow. The prefix starts short and grows when decisions become hard: when races at the survival boundary are often left undecided, differences have
//! become small against the noise; and when nothing better is found, the best is what suits these seeds, and others say more. Elites meet fresh seeds beyond the prefix, so that nobody survives on luck with the shared ones.

use serde::{Deserialize, Serialize};

/// A growing number of shared seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedPrefix {
    length: u64,
    length_max: u64,
    undecided_max: f64,
    next_fresh: u64,
}

impl SeedPrefix {
    /// From `start` (at least 2) to `length_max` seeds; grows when more than `undecided_max` of the candidates (0..=1) were left undecided, or the search has stalled.
    pub fn new(start: u64, length_max: u64, undecided_max: f64) -> Self {
        let length = start.max(2);
        let length_max = length_max.max(length);
        SeedPrefix { length, length_max, undecided_max, next_fresh: length_max }
    }

    /// Seeds 0..length are shared by all candidates now.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Hears how a generation's race went, and whether the search has stalled: nothing better was found on these seeds for a while. Either makes it longer, by one seed and an eighth of those it has, up to `most`.
    pub fn observe(&mut self, undecided: usize, candidates: usize, stalled: bool, most: u64) {
        let share = undecided as f64 / candidates.max(1) as f64;
        let most = most.min(self.length_max);
        if (stalled || share > self.undecided_max) && self.length < most {
            self.length = (self.length + 1 + self.length / 8).min(most);
        }
    }

    /// Numbers of `count` seeds that nobody has met: for elites that are to be evaluated again, all of them with the same.
    pub fn fresh(&mut self, count: u64) -> std::ops::Range<u64> {
        let start = self.next_fresh;
        self.next_fresh += count;
        start..self.next_fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_grows_while_decisions_are_hard() {
        let mut prefix = SeedPrefix::new(2, 4, 0.3);
        prefix.observe(1, 10, false, u64::MAX);
        assert_eq!(prefix.length(), 2);
        (0..5).for_each(|_| prefix.observe(5, 10, false, u64::MAX));
        assert_eq!(prefix.length(), 4);
    }

    #[test]
    fn the_prefix_grows_when_nothing_better_is_found() {
        let mut prefix = SeedPrefix::new(2, 4, 0.3);
        (2..=5u64).for_each(|length| {
            assert_eq!(prefix.length(), length.min(4));
            prefix.observe(0, 10, true, u64::MAX);
        });
    }

    #[test]
    fn a_long_prefix_grows_in_longer_steps() {
        let mut prefix = SeedPrefix::new(6, 40, 0.3);
        let mut lengths = vec![prefix.length()];
        while prefix.length() < 40 {
            prefix.observe(0, 10, true, u64::MAX);
            lengths.push(prefix.length());
        }
        assert_eq!(lengths, [6, 7, 8, 10, 12, 14, 16, 19, 22, 25, 29, 33, 38, 40]);
        let mut paced = SeedPrefix::new(16, 40, 0.3);
        (0..3).for_each(|_| paced.observe(0, 10, true, 18));
        assert_eq!(paced.length(), 18);
    }

    #[test]
    fn fresh_seeds_are_met_once_and_lie_beyond_the_prefix() {
        let mut prefix = SeedPrefix::new(2, 10, 0.3);
        assert_eq!((prefix.fresh(3), prefix.fresh(2)), (10..13, 13..15));
    }
}
