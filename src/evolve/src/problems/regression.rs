//! Symbolic regression: the formula behind a table of numbers.
//!
//! Koza, "Genetic Programming" (1992), §7.3: the quartic polynomial x⁴ + x³ + x² + x on 20 points in −1 to 1. Two objectives on request: the error, and the size of the tree.

use crate::genome::Trees;
use crate::genome::tree::{Function, Node};
use crate::run::{Evaluation, Problem};

/// Koza's quartic.
#[derive(Clone, Debug, PartialEq)]
pub struct Quartic {
    space: Trees,
    /// Whether the size of the tree is a second objective.
    pub sparse: bool,
}

impl Quartic {
    /// Trees of plus, minus, times and protected division over x, at most 17 levels (Koza 1992, table 6.5) and 100 nodes.
    pub fn new(sparse: bool) -> Self {
        let functions = ["plus", "minus", "times", "divide"].map(|name| Function { name: name.into(), arity: 2 });
        let space = Trees::new(functions.to_vec(), 1, None, 17, 100).expect("there is a variable, and room");
        Quartic { space, sparse }
    }

    /// The trees.
    pub fn space(&self) -> &Trees {
        &self.space
    }

    /// Mean absolute error of a tree.
    pub fn error(&self, tree: &[Node]) -> f64 {
        const POINTS: usize = 20;
        let error = |point: usize| {
            let x = -1.0 + 2.0 * point as f64 / (POINTS - 1) as f64;
            let wanted = x * (1.0 + x * (1.0 + x * (1.0 + x)));
            (self.space.evaluate(tree, &[x], &apply) - wanted).abs()
        };
        (0..POINTS).map(error).sum::<f64>() / POINTS as f64
    }
}

fn apply(function: u16, given: &[f64]) -> f64 {
    match function {
        0 => given[0] + given[1],
        1 => given[0] - given[1],
        2 => given[0] * given[1],
        // Koza's protected division.
        _ if given[1] == 0.0 => 1.0,
        _ => given[0] / given[1],
    }
}

impl Problem for Quartic {
    type Genome = Vec<Node>;

    fn objectives(&self) -> usize {
        1 + usize::from(self.sparse)
    }

    fn evaluate(&self, genome: &Vec<Node>, evaluation: &mut Evaluation) {
        evaluation.objectives.push(self.error(genome));
        if self.sparse {
            evaluation.objectives.push(genome.len() as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_itself_has_no_error() {
        // x (1 + x (1 + x (1 + x))) with 1 written as x / x.
        let one = [Node::Function(3), Node::Variable(0), Node::Variable(0)];
        let mut tree = Vec::new();
        for _ in 0..2 {
            tree.extend([Node::Function(2), Node::Variable(0), Node::Function(0)]);
            tree.extend(one);
        }
        tree.extend([Node::Function(2), Node::Variable(0), Node::Function(0)]);
        tree.extend(one);
        tree.push(Node::Variable(0));
        let problem = Quartic::new(false);
        assert!(problem.error(&tree) < 1e-12, "{}", problem.space().print(&tree));
        assert!(problem.error(&[Node::Variable(0)]) > 0.1);
    }
}
