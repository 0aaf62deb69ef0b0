//! Random resetting: a place forgets its value and draws a new one.
//!
//! Eiben and Smith, "Introduction to Evolutionary Computing", 2nd edition (2015), §4.3; the mutation of choices without an order.

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Positional;
use crate::random::Rng;

/// Draws places anew, each with a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    /// Share of places that are drawn anew, 0..=1.
    pub rate: f64,
}

impl<S: Positional> Mutation<S> for Reset {
    fn mutate(&mut self, space: &S, genome: &mut Vec<S::Symbol>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            genome[place] = space.sample_at(place, rng);
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::{Bounds, Categories, Integers};
    use crate::operators::checks::check_mutation;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_valid_and_repeatable(seed: u64, rate in 0.05f64..1.0) {
            check_mutation(&Categories::new(vec![1, 4, 9]).unwrap(), &Reset { rate }, seed);
            check_mutation(&Integers::new(vec![-3, 0], vec![3, 9]).unwrap(), &Reset { rate }, seed);
            check_mutation(&Bounds::cube(4, -3.0, 9.0).unwrap(), &Reset { rate }, seed);
        }
    }
}
