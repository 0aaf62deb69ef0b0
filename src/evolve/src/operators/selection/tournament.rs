//! Tournament selection: the best of a few random individuals.
//!
//! Goldberg and Deb, "A comparative analysis of selection schemes used in genetic algorithms", FOGA 1 (1991). With the fitness of a survival by fronts this is the crowded
//! tournament of NSGA-II (Deb et al. 2002).

use serde::{Deserialize, Serialize};

use super::{Living, Selection};
use crate::random::Rng;

/// The best of `size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tournament {
    /// How many compete, at least 1: 2 is mild, 7 is hard.
    pub size: usize,
}

impl Selection for Tournament {
    #[inline]
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        for _ in 0..count {
            let mut best = rng.below(living.fitness.len());
            for _ in 1..self.size {
                let other = rng.below(living.fitness.len());
                if living.fitness[other] < living.fitness[best] {
                    best = other;
                }
            }
            picked.push(best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;

    /// The best wins unless it never takes part: 1 - (1 - 1/n)^size.
    #[test]
    fn the_best_is_picked_at_its_closed_form_rate() {
        let found = shares(&mut Tournament { size: 2 }, 10, 5_000);
        assert!((found[0] - 0.19).abs() < 0.006 && (found[9] - 0.01).abs() < 0.003, "{found:?}");
    }
}
