//! Expression trees (Koza, "Genetic Programming", 1992), stored in prefix order without pointers.
//!
//! A tree is a row of nodes: a function is followed by its arguments. The end of a subtree is found by counting open arguments, so cutting and grafting are copies of slices.

use serde::{Deserialize, Serialize};

use super::Space;
use crate::random::Rng;

/// A function of fixed arity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Name, for printing.
    pub name: String,
    /// How many arguments it takes, at least 1.
    pub arity: u8,
}

/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Node {
    /// Function number so-and-so of the space; its arguments follow.
    Function(u16),
    /// Input number so-and-so.
    Variable(u16),
    /// A number.
    Constant(f64),
}

/// All trees over some functions, variables and a range of constants, up to a depth and a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    functions: Vec<Function>,
    variables: u16,
    constants: Option<(f64, f64)>,
    depth_max: usize,
    size_max: usize,
}

impl Trees {
    /// Trees of at most `depth_max` levels (a leaf alone is one level) and `size_max` nodes. `None` if there is no leaf, no level, a function without
    /// arguments, or constants that are no range.
    pub fn new(
        functions: Vec<Function>,
        variables: u16,
        constants: Option<(f64, f64)>,
        depth_max: usize,
        size_max: usize,
    ) -> Option<Self> {
        let leaves = variables > 0 || constants.is_some();
        let range = constants.is_none_or(|(low, high)| low <= high && (high - low).is_finite());
        let sound = leaves && range && depth_max > 0 && size_max > 0 && functions.iter().all(|function| function.arity > 0);
        sound.then_some(Trees { functions, variables, constants, depth_max, size_max })
    }

    /// The functions.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// How many arguments follow a node.
    pub fn arity(&self, node: Node) -> usize {
        match node {
            Node::Function(function) => usize::from(self.functions[usize::from(function)].arity),
            Node::Variable(_) | Node::Constant(_) => 0,
        }
    }

    /// Where the subtree that starts at `start` ends.
    pub fn end_of(&self, tree: &[Node], start: usize) -> usize {
        let (mut open, mut place) = (1, start);
        while open > 0 {
            open = open - 1 + self.arity(tree[place]);
            place += 1;
        }
        place
    }

    /// Number of levels of a subtree.
    pub fn depth(&self, tree: &[Node]) -> usize {
        let (mut open, mut deepest): (Vec<usize>, usize) = (Vec::new(), 0);
        for &node in tree {
            deepest = deepest.max(open.len() + 1);
            match self.arity(node) {
                0 => {
                    while let Some(last) = open.last_mut() {
                        *last -= 1;
                        if *last > 0 {
                            break;
                        }
                        open.pop();
                    }
                }
                arity => open.push(arity),
            }
        }
        deepest
    }

    /// Number of levels above each node.
    pub fn level(&self, tree: &[Node], place: usize) -> usize {
        // An ancestor is an earlier node whose subtree reaches past this place.
        (0..place).filter(|&start| self.end_of(tree, start) > place).count()
    }

    /// Appends a random subtree of at most `depth` levels; `full` ones use them all (Koza's grow and full methods).
    pub fn grow(&self, tree: &mut Vec<Node>, depth: usize, full: bool, rng: &mut Rng) {
        let leaves = usize::from(self.variables) + usize::from(self.constants.is_some());
        let inner = depth > 1 && !self.functions.is_empty() && (full || rng.below(leaves + self.functions.len()) >= leaves);
        if !inner {
            tree.push(self.leaf(rng));
            return;
        }
        let function = rng.below(self.functions.len());
        tree.push(Node::Function(function as u16));
        for _ in 0..self.functions[function].arity {
            self.grow(tree, depth - 1, full, rng);
        }
    }

    fn leaf(&self, rng: &mut Rng) -> Node {
        let leaves = usize::from(self.variables) + usize::from(self.constants.is_some());
        match (rng.below(leaves), self.constants) {
            (leaf, Some((low, high))) if leaf == usize::from(self.variables) => Node::Constant(rng.between(low, high)),
            (leaf, _) => Node::Variable(leaf as u16),
        }
    }

    /// Replaces the subtree at `start` and reports whether the result keeps the limits; if it does not, the tree is left as it was.
    pub fn graft(&self, tree: &mut Vec<Node>, start: usize, scion: &[Node]) -> bool {
        let end = self.end_of(tree, start);
        if tree.len() - (end - start) + scion.len() > self.size_max {
            return false;
        }
        if self.level(tree, start) + self.depth(scion) > self.depth_max {
            return false;
        }
        tree.splice(start..end, scion.iter().copied());
        true
    }

    /// Value of a tree: `apply(function, arguments)` computes functions, `variables` are the inputs.
    pub fn evaluate(&self, tree: &[Node], variables: &[f64], apply: &impl Fn(u16, &[f64]) -> f64) -> f64 {
        // Read backwards: arguments lie on the stack, the first on top.
        let mut stack: Vec<f64> = Vec::with_capacity(tree.len());
        for &node in tree.iter().rev() {
            match node {
                Node::Function(function) => {
                    let split = stack.len() - self.arity(node);
                    stack[split..].reverse();
                    let value = apply(function, &stack[split..]);
                    stack.truncate(split);
                    stack.push(value);
                }
                Node::Variable(variable) => stack.push(variables[usize::from(variable)]),
                Node::Constant(value) => stack.push(value),
            }
        }
        stack.pop().expect("a tree has a root")
    }

    /// The tree in prefix notation, `(plus x0 1.5)`.
    pub fn print(&self, tree: &[Node]) -> String {
        fn write(space: &Trees, tree: &[Node], place: &mut usize, text: &mut String) {
            let node = tree[*place];
            *place += 1;
            match node {
                Node::Function(function) => {
                    text.push('(');
                    text.push_str(&space.functions[usize::from(function)].name);
                    for _ in 0..space.arity(node) {
                        text.push(' ');
                        write(space, tree, place, text);
                    }
                    text.push(')');
                }
                Node::Variable(variable) => text.push_str(&format!("x{variable}")),
                Node::Constant(value) => text.push_str(&format!("{value}")),
            }
        }
        let mut text = String::new();
        write(self, tree, &mut 0, &mut text);
        text
    }

    fn knows(&self, node: Node) -> bool {
        match node {
            Node::Function(function) => usize::from(function) < self.functions.len(),
            Node::Variable(variable) => variable < self.variables,
            Node::Constant(value) => self.constants.is_some() && value.is_finite(),
        }
    }
}

impl Space for Trees {
    type Genome = Vec<Node>;

    fn blank(&self) -> Vec<Node> {
        vec![match self.constants {
            Some((low, _)) => Node::Constant(low),
            None => Node::Variable(0),
        }]
    }

    /// Ramped half-and-half (Koza 1992): depths from 2 to the greatest, half of the trees full.
    fn sample(&self, genome: &mut Vec<Node>, rng: &mut Rng) {
        // Initial trees beyond six levels would be all size and no sense.
        let depth = 1 + rng.below(self.depth_max.min(6));
        let full = rng.chance(0.5);
        for depth in (1..=depth).rev() {
            genome.clear();
            self.grow(genome, depth, full, rng);
            if genome.len() <= self.size_max {
                return;
            }
        }
    }

    fn contains(&self, genome: &Vec<Node>) -> bool {
        let mut open = 1;
        for (place, &node) in genome.iter().enumerate() {
            if !self.knows(node) || open == 0 {
                return false;
            }
            open = open - 1 + self.arity(node);
            if open == 0 && place + 1 < genome.len() {
                return false;
            }
        }
        !genome.is_empty() && open == 0 && genome.len() <= self.size_max && self.depth(genome) <= self.depth_max
    }

    /// Anything that is no tree of the space becomes a random one.
    fn repair(&self, genome: &mut Vec<Node>, rng: &mut Rng) {
        if !self.contains(genome) {
            self.sample(genome, rng);
        }
    }

    /// The share of nodes outside the longest common prefix and suffix.
    fn distance(&self, first: &Vec<Node>, second: &Vec<Node>) -> f64 {
        let shorter = first.len().min(second.len());
        let prefix = first.iter().zip(second).take_while(|(a, b)| a == b).count();
        let suffix = first.iter().rev().zip(second.iter().rev()).take_while(|(a, b)| a == b).count();
        let shared = (prefix + suffix).min(shorter);
        let longer = first.len().max(second.len());
        (longer - shared) as f64 / longer as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use hms_machine::Seed;

    pub(crate) fn arithmetic(depth_max: usize, size_max: usize) -> Trees {
        let function = |name: &str, arity| Function { name: name.to_owned(), arity };
        Trees::new(
            vec![function("plus", 2), function("times", 2), function("minus", 1)],
            2,
            Some((-1.0, 1.0)),
            depth_max,
            size_max,
        )
        .unwrap()
    }

    fn apply(function: u16, arguments: &[f64]) -> f64 {
        match function {
            0 => arguments[0] + arguments[1],
            1 => arguments[0] * arguments[1],
            _ => -arguments[0],
        }
    }

    #[test]
    fn trees_keep_the_rules_of_spaces() {
        for (depth, size) in [(1, 1), (3, 5), (8, 60)] {
            check_space(&arithmetic(depth, size), 1);
        }
        assert!(Trees::new(vec![], 0, None, 3, 3).is_none());
    }

    #[test]
    fn a_tree_is_measured_printed_and_evaluated() {
        let space = arithmetic(5, 20);
        // (plus (times x0 x1) (minus 0.5))
        let tree = vec![
            Node::Function(0),
            Node::Function(1),
            Node::Variable(0),
            Node::Variable(1),
            Node::Function(2),
            Node::Constant(0.5),
        ];
        assert!(space.contains(&tree));
        assert_eq!(space.print(&tree), "(plus (times x0 x1) (minus 0.5))");
        assert_eq!(space.depth(&tree), 3);
        assert_eq!((space.end_of(&tree, 1), space.end_of(&tree, 4), space.end_of(&tree, 0)), (4, 6, 6));
        assert_eq!([0, 1, 2, 4, 5].map(|place| space.level(&tree, place)), [0, 1, 2, 1, 2]);
        assert_eq!(space.evaluate(&tree, &[3.0, 4.0], &apply), 11.5);
    }

    #[test]
    fn arguments_are_applied_in_their_order() {
        let function = Function { name: "less".into(), arity: 2 };
        let space = Trees::new(vec![function], 2, None, 3, 9).unwrap();
        let tree = vec![Node::Function(0), Node::Variable(0), Node::Variable(1)];
        assert_eq!(space.evaluate(&tree, &[7.0, 4.0], &|_, given| given[0] - given[1]), 3.0);
    }

    #[test]
    fn a_graft_beyond_the_limits_is_refused() {
        let space = arithmetic(2, 3);
        let mut tree = vec![Node::Function(2), Node::Variable(0)];
        let before = tree.clone();
        assert!(!space.graft(&mut tree, 1, &before));
        assert_eq!(tree, before);
        assert!(space.graft(&mut tree, 1, &[Node::Constant(0.0)]));
        assert_eq!(tree, [Node::Function(2), Node::Constant(0.0)]);
    }

    #[test]
    fn what_is_no_tree_is_replaced() {
        let space = arithmetic(3, 7);
        let mut rng = Rng::new(Seed(1), 0);
        for mut genome in [vec![], vec![Node::Function(0)], vec![Node::Variable(0); 2], vec![Node::Variable(9)]] {
            assert!(!space.contains(&genome));
            space.repair(&mut genome, &mut rng);
            assert!(space.contains(&genome));
        }
    }
}
