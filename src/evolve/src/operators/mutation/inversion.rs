//! Inversion: a segment of an order is turned round, which changes two edges of a route only.
//!
//! Holland, "Adaptation in Natural and Artificial Systems" (1975), §6.3; on routes it is the 2-opt move of Croes (1958).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use super::segment;
use crate::genome::Permutations;
use crate::random::Rng;

/// Turns a random segment round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inversion;

impl Mutation<Permutations> for Inversion {
    fn mutate(&mut self, space: &Permutations, genome: &mut Vec<u32>, rng: &mut Rng) {
        if let Some((first, second)) = segment(space.length, rng) {
            genome[first..=second].reverse();
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
            check_mutation(&Permutations { length }, &Inversion, seed);
        }
    }
}
