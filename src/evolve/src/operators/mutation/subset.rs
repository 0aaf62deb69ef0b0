//! Mutation of subsets: a member leaves, an outsider enters, or both.
//!
//! The neighbourhood of size-one moves used since Radcliffe, "Genetic set recombination", FOGA 2 (1993).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Subsets;
use crate::random::Rng;

/// Removes, adds or replaces one member, each as likely, as far as the size allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsetSwap;

impl Mutation<Subsets> for SubsetSwap {
    fn mutate(&mut self, space: &Subsets, genome: &mut Vec<u32>, rng: &mut Rng) {
        let (kind, newcomer) = (rng.below(3), space.outsider(genome, rng));
        let shrink = kind == 0 && genome.len() > space.size_min();
        let grow = kind == 1 && genome.len() < space.size_max();
        if (shrink || !grow) && !genome.is_empty() && (shrink || newcomer.is_some()) {
            genome.remove(rng.below(genome.len()));
        }
        if let Some(thing) = newcomer.filter(|_| !shrink && genome.len() < space.size_max()) {
            genome.insert(genome.partition_point(|&member| member < thing), thing);
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
        fn mutants_are_valid_and_repeatable(seed: u64, things in 2u32..30) {
            check_mutation(&Subsets::new(things, 0, things as usize).unwrap(), &SubsetSwap, seed);
            check_mutation(&Subsets::new(things, 1, 1).unwrap(), &SubsetSwap, seed);
        }
    }
}
