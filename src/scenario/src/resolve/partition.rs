//! Which links a partition cuts.

use hms_machine::NodeId;

use super::Resolver;
use crate::file::{self, PartitionKind, Reference};
use crate::model::PartitionShape;
use crate::place::Place;
use crate::problem::Problem;

/// The keys of a partition that belong to its shapes.
pub(super) struct Cut {
    pub(super) shape: PartitionKind,
    pub(super) sides: Option<Vec<Vec<Reference>>>,
    pub(super) from: Option<Vec<Reference>>,
    pub(super) to: Option<Vec<Reference>>,
    pub(super) node: Option<Reference>,
}

impl Resolver<'_> {
    pub(super) fn partition(&mut self, cut: Cut, flapping: Option<file::Flapping>, place: &Place) -> PartitionShape {
        let shape = self.cut(cut, place);
        let Some(file::Flapping { on, off }) = flapping else { return shape };
        let place = place.key("flapping");
        self.positive(on, &place.key("on"));
        self.positive(off, &place.key("off"));
        PartitionShape::Flapping { shape: Box::new(shape), on: on.0, off: off.0 }
    }

    fn cut(&mut self, cut: Cut, place: &Place) -> PartitionShape {
        let Cut { shape, sides, from, to, node } = cut;
        let (name, wanted): (&str, &[&str]) = match shape {
            PartitionKind::Sides => ("sides", &["sides"]),
            PartitionKind::Partial => ("partial", &["sides"]),
            PartitionKind::OneWay => ("one_way", &["from", "to"]),
            PartitionKind::Isolate => ("isolate", &["node"]),
            PartitionKind::Bridge => ("bridge", &["node"]),
            PartitionKind::MajoritiesRing => ("majorities_ring", &[]),
        };
        let given = [("sides", sides.is_some()), ("from", from.is_some()), ("to", to.is_some()), ("node", node.is_some())];
        for (key, given) in given {
            if given && !wanted.contains(&key) {
                let problem = Problem::new("", format!("a partition of shape `{name}` has no `{key}`"));
                self.blame(&place.key(key), problem.help(format!("remove `{key}`, or choose the `shape` to which it belongs")));
            } else if !given && wanted.contains(&key) {
                let problem = Problem::new("", format!("a partition of shape `{name}` needs `{key}`"));
                self.blame(place, problem.help(format!("add `{key} = …`, or choose another `shape`")));
            }
        }
        let few = self.map.nodes < 3;
        if few && matches!(shape, PartitionKind::MajoritiesRing | PartitionKind::Bridge) {
            let problem = Problem::new("", format!("a partition of shape `{name}` needs at least 3 nodes"));
            self.blame(&place.key("shape"), problem.help("choose another `shape`, or a larger `cluster.nodes`"));
        }
        let sides = sides.map(|sides| self.sides(sides, shape, &place.key("sides"))).unwrap_or_default();
        let node = node.and_then(|node| self.node(&node, &place.key("node"))).unwrap_or(NodeId(0));
        match shape {
            PartitionKind::Sides => PartitionShape::Sides(sides),
            PartitionKind::Partial => {
                let [one, other] = <[Vec<NodeId>; 2]>::try_from(sides).unwrap_or_default();
                PartitionShape::Partial { one, other }
            }
            PartitionKind::OneWay => {
                let from = from.map(|from| self.nodes(&from, &place.key("from"))).unwrap_or_default();
                let to = to.map(|to| self.nodes(&to, &place.key("to"))).unwrap_or_default();
                self.apart(&[from.clone(), to.clone()], |side| place.key(["from", "to"][side]));
                PartitionShape::OneWay { from, to }
            }
            PartitionKind::Isolate => PartitionShape::Isolate(node),
            PartitionKind::Bridge => PartitionShape::Bridge(node),
            PartitionKind::MajoritiesRing => PartitionShape::MajoritiesRing,
        }
    }

    /// Two or more sets of nodes without common ones. A single set is completed by all other nodes.
    fn sides(&mut self, sides: Vec<Vec<Reference>>, shape: PartitionKind, place: &Place) -> Vec<Vec<NodeId>> {
        if sides.is_empty() {
            let problem = Problem::new("", "this list of sides is empty").expected("one set of nodes, or several");
            self.blame(place, problem.help("write for example `sides = [[0, 1]]`: those nodes are cut off from all others"));
            return Vec::new();
        }
        if shape == PartitionKind::Partial && sides.len() != 2 {
            let problem = Problem::new("", format!("a partition of shape `partial` has two sides, not {}", sides.len()));
            let help = "for more sides choose `shape = \"sides\"`";
            self.blame(place, problem.expected("exactly two sets of nodes, which cannot talk to each other").help(help));
            return Vec::new();
        }
        let mut made: Vec<Vec<NodeId>> =
            sides.iter().enumerate().map(|(index, side)| self.nodes(side, &place.index(index))).collect();
        if let [only] = made.as_slice() {
            let mut alone = vec![false; self.map.nodes];
            only.iter().for_each(|node| alone[node.index()] = true);
            let others: Vec<NodeId> = (0..self.map.nodes).filter(|node| !alone[*node]).map(NodeId::from_index).collect();
            if others.is_empty() {
                let problem =
                    Problem::new("", "this side holds all nodes, so that nothing is cut").expected("a part of the nodes");
                self.blame(place, problem);
            }
            made.push(others);
        }
        self.apart(&made, |side| place.index(side));
        made
    }

    /// Tells nodes that stand on two sides.
    fn apart(&mut self, sides: &[Vec<NodeId>], place: impl Fn(usize) -> Place) {
        let mut side_of: Vec<Option<usize>> = vec![None; self.map.nodes];
        for (side, nodes) in sides.iter().enumerate() {
            let twice = nodes.iter().find_map(|node| side_of[node.index()].map(|first| (node.index(), first)));
            if let Some((node, first)) = twice {
                let problem = Problem::new("", format!("node {node} stands on two sides of the partition"));
                let expected = format!("sides without common nodes; the other is `{}`", place(first));
                self.blame(&place(side), problem.expected(expected));
            }
            nodes.iter().for_each(|node| side_of[node.index()] = Some(side));
        }
    }
}
