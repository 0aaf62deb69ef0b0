//! Steps of whole numbers: the difference of two geometric numbers.
//!
//! Rudolph, "An evolutionary algorithm for integer programming", PPSN 3 (1994): the distribution of greatest entropy on whole numbers with a given mean step.

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Integers;
use crate::random::Rng;

/// Moves whole numbers up or down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Share of places that move, 0..=1.
    pub rate: f64,
    /// Mean length of a step as a share of the range of its place.
    pub share: f64,
}

impl Mutation<Integers> for Step {
    fn mutate(&mut self, space: &Integers, genome: &mut Vec<i64>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            let (low, high) = space.range(place);
            let mean = (self.share * high.abs_diff(low) as f64).max(0.5);
            // Rudolph 1994, eq. 3: the parameter for a mean step.
            let stop = 1.0 - mean / (1.0 + (1.0 + mean * mean).sqrt());
            let (up, down) = (rng.gap(stop).min(i64::MAX as usize) as i64, rng.gap(stop).min(i64::MAX as usize) as i64);
            genome[place] = genome[place].saturating_add(up - down).clamp(low, high);
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::checks::check_mutation;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_valid_and_repeatable(seed: u64, share in 0.0f64..1.0) {
            let space = Integers::new(vec![-3, 0, i64::MIN / 2], vec![3, 0, i64::MAX / 2]).unwrap();
            check_mutation(&space, &Step { rate: 0.5, share }, seed);
        }
    }
}
