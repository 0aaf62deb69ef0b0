//! Subtree mutation: a subtree is replaced by a random one; constants move a little now and then.
//!
//! Koza, "Genetic Programming" (1992), §6.5.1; the perturbation of constants is that of Schoenauer et al. (1996).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use super::super::crossover::SubtreeExchange;
use crate::genome::Trees;
use crate::genome::tree::Node;
use crate::random::Rng;

/// Replaces a random subtree, or moves all constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubtreeReplacement {
    /// Deepest new subtree, in levels.
    pub depth: usize,
    /// Share of mutations that move the constants instead, 0..=1.
    pub constants: f64,
}

impl Mutation<Trees> for SubtreeReplacement {
    fn mutate(&mut self, space: &Trees, genome: &mut Vec<Node>, rng: &mut Rng) {
        let movable = genome.iter().any(|node| matches!(node, Node::Constant(_)));
        if movable && rng.chance(self.constants) {
            for node in genome.iter_mut() {
                if let Node::Constant(value) = node {
                    let moved = *value + 0.1 * (value.abs() + 0.1) * rng.normal();
                    *value = if moved.is_finite() { moved } else { *value };
                }
            }
            return;
        }
        let place = SubtreeExchange::pick(space, genome, rng);
        let mut scion = Vec::new();
        space.grow(&mut scion, self.depth.max(1), false, rng);
        space.graft(genome, place, &scion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::tree::Function;
    use crate::operators::checks::check_mutation;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_trees_and_repeatable(seed: u64, depth in 2usize..9, size in 5usize..40) {
            let function = |name: &str, arity| Function { name: name.into(), arity };
            let functions = vec![function("plus", 2), function("minus", 1)];
            let space = Trees::new(functions, 2, Some((-1.0, 1.0)), depth, size).unwrap();
            check_mutation(&space, &SubtreeReplacement { depth: 3, constants: 0.3 }, seed);
        }
    }
}
