//! Subtree exchange: the crossover of genetic programming.
//!
//! Koza, "Genetic Programming" (1992), §6.4.1: cut points are inner nodes nine times out of ten. A child beyond the limits of depth or size remains its parent.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Trees;
use crate::genome::tree::Node;
use crate::random::Rng;

/// Exchanges a random subtree of one tree for one of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtreeExchange;

impl Crossover<Trees> for SubtreeExchange {
    fn cross(&mut self, space: &Trees, first: &mut Vec<Node>, second: &mut Vec<Node>, rng: &mut Rng) {
        let (mine, theirs) = (Self::pick(space, first, rng), Self::pick(space, second, rng));
        let cut = first[mine..space.end_of(first, mine)].to_vec();
        let scion = second[theirs..space.end_of(second, theirs)].to_vec();
        space.graft(first, mine, &scion);
        space.graft(second, theirs, &cut);
    }
}

impl SubtreeExchange {
    /// A node to cut at.
    pub fn pick(space: &Trees, tree: &[Node], rng: &mut Rng) -> usize {
        // Koza 1992, table 27.1.
        const INNER: f64 = 0.9;
        let inner = tree.iter().filter(|&&node| space.arity(node) > 0).count();
        if inner == 0 || !rng.chance(INNER) {
            return rng.below(tree.len());
        }
        let wanted = rng.below(inner);
        let mut places = (0..tree.len()).filter(|&place| space.arity(tree[place]) > 0);
        places.nth(wanted).expect("there are more inner nodes than wanted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::tree::Function;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_trees_and_repeatable(seed: u64, depth in 1usize..9, size in 1usize..40) {
            let function = |name: &str, arity| Function { name: name.into(), arity };
            let functions = vec![function("plus", 2), function("if", 3), function("minus", 1)];
            let space = Trees::new(functions, 2, Some((-1.0, 1.0)), depth, size).unwrap();
            check_crossover(&space, &SubtreeExchange, false, seed);
        }
    }
}
