//! Splicing of lists: each parent is cut at a place of its own, and the tails are exchanged.
//!
//! "Cut and splice" of messy genetic algorithms: Goldberg, Korb and Deb, Complex Systems 3 (1989). Lengths beyond the limits are cut or filled at random.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::{Lists, Space};
use crate::random::Rng;

/// Cut and splice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice;

impl<E: Space> Crossover<Lists<E>> for Splice {
    fn cross(&mut self, space: &Lists<E>, first: &mut Vec<E::Genome>, second: &mut Vec<E::Genome>, rng: &mut Rng) {
        let (cut, other) = (rng.below(first.len() + 1), rng.below(second.len() + 1));
        let tail = first.split_off(cut);
        first.extend(second.drain(other..));
        second.extend(tail);
        space.repair(first, rng);
        space.repair(second, rng);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Categories;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, least in 0usize..4) {
            let space = Lists::new(Categories::new(vec![5]).unwrap(), least, 8).unwrap();
            check_crossover(&space, &Splice, false, seed);
        }
    }
}
