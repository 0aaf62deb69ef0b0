//! Swap mutation: two things of an order change places.
//!
//! Banzhaf, "The 'molecular' traveling salesman", Biological Cybernetics 64 (1990).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use super::segment;
use crate::genome::Permutations;
use crate::random::Rng;

/// Exchanges two things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap;

impl Mutation<Permutations> for Swap {
    fn mutate(&mut self, space: &Permutations, genome: &mut Vec<u32>, rng: &mut Rng) {
        if let Some((first, second)) = segment(space.length, rng) {
            genome.swap(first, second);
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
            check_mutation(&Permutations { length }, &Swap, seed);
        }
    }
}
