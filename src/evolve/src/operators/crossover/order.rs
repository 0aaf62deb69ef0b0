//! Order crossover, OX: a segment stays, and the rest follows in the order of the other parent.
//!
//! Davis, "Applying adaptive algorithms to epistatic domains", IJCAI 9 (1985). Keeps relative order, read as a ring from the end of the segment.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Permutations;
use crate::random::Rng;

/// OX over a random segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCrossover;

impl Crossover<Permutations> for OrderCrossover {
    fn cross(&mut self, space: &Permutations, first: &mut Vec<u32>, second: &mut Vec<u32>, rng: &mut Rng) {
        if space.length < 2 {
            return;
        }
        let (a, b) = (rng.below(space.length), rng.below(space.length));
        let child = fill(first, second, a.min(b), a.max(b));
        *second = fill(second, first, a.min(b), a.max(b));
        *first = child;
    }
}

fn fill(keeper: &[u32], giver: &[u32], from: usize, to: usize) -> Vec<u32> {
    let length = keeper.len();
    let mut kept = vec![false; length];
    keeper[from..=to].iter().for_each(|&thing| kept[thing as usize] = true);
    let mut child = keeper.to_vec();
    let mut place = (to + 1) % length;
    for step in 0..length {
        let thing = giver[(to + 1 + step) % length];
        if !kept[thing as usize] {
            child[place] = thing;
            place = (place + 1) % length;
        }
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_orders_and_repeatable(seed: u64, length in 0usize..30) {
            check_crossover(&Permutations { length }, &OrderCrossover, true, seed);
        }
    }

    /// Worked by hand: the segment 3 4 5 stays, and from its end on the others follow as the second parent has them.
    #[test]
    fn a_worked_example_comes_out() {
        let (first, second) = ([0, 1, 2, 3, 4, 5, 6, 7], [7, 4, 0, 2, 6, 1, 5, 3]);
        assert_eq!(fill(&first, &second, 3, 5), [2, 6, 1, 3, 4, 5, 7, 0]);
    }
}
