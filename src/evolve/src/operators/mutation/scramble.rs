//! Scramble mutation: a segment of an order is shuffled.
//!
//! Syswerda, "Schedule optimization using genetic algorithms", in Davis (ed.), Handbook of Genetic Algorithms (1991).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use super::segment;
use crate::genome::Permutations;
use crate::random::Rng;

/// Shuffles a random segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scramble;

impl Mutation<Permutations> for Scramble {
    fn mutate(&mut self, space: &Permutations, genome: &mut Vec<u32>, rng: &mut Rng) {
        if let Some((first, second)) = segment(space.length, rng) {
            rng.shuffle(&mut genome[first..=second]);
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
        fn mutants_are_orders_and_repeatable(seed: u64, length in 5usize..30) {
            check_mutation(&Permutations { length }, &Scramble, seed);
        }
    }
}
