//! Exchange between subsets: what both have stays with both, the rest is dealt out anew.
//!
//! Radcliffe, "Genetic set recombination", FOGA 2 (1993): respects common members and common absences.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::{Space, Subsets};
use crate::random::Rng;

/// Deals the members that only one parent has to the two children at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsetExchange;

impl Crossover<Subsets> for SubsetExchange {
    fn cross(&mut self, space: &Subsets, first: &mut Vec<u32>, second: &mut Vec<u32>, rng: &mut Rng) {
        let lonely = |mine: &[u32], theirs: &[u32]| -> Vec<u32> {
            mine.iter().copied().filter(|thing| theirs.binary_search(thing).is_err()).collect()
        };
        let mut dealt = lonely(first, second);
        dealt.extend(lonely(second, first));
        first.retain(|thing| second.binary_search(thing).is_ok());
        second.clone_from(first);
        for thing in dealt {
            let child = if rng.chance(0.5) { &mut *first } else { &mut *second };
            child.push(thing);
        }
        space.repair(first, rng);
        space.repair(second, rng);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, things in 1u32..30) {
            check_crossover(&Subsets::new(things, 0, things as usize).unwrap(), &SubsetExchange, true, seed);
            check_crossover(&Subsets::new(things, 1, 1 + things as usize / 2).unwrap(), &SubsetExchange, true, seed);
        }
    }
}
