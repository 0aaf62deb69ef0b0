//! Sets of nodes and of links, as bits.

use hms_machine::NodeId;

/// A set of nodes: one bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    /// Nobody.
    pub fn new() -> Self {
        NodeSet::default()
    }

    /// The nodes 0..`nodes`.
    pub fn all(nodes: usize) -> Self {
        (0..nodes).map(NodeId::from_index).collect()
    }

    /// Adds a node.
    pub fn insert(&mut self, node: NodeId) {
        let word = node.index() / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (node.index() % 64);
    }

    /// Whether the node is in the set.
    #[inline]
    pub fn contains(&self, node: NodeId) -> bool {
        self.words.get(node.index() / 64).is_some_and(|word| word >> (node.index() % 64) & 1 == 1)
    }

    /// The nodes in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        let bits = |(word, &bits): (usize, &u64)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit);
        self.words.iter().enumerate().flat_map(bits).map(NodeId::from_index)
    }

    /// Number of nodes in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether nobody is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<T: IntoIterator<Item = NodeId>>(nodes: T) -> Self {
        let mut set = NodeSet::new();
        nodes.into_iter().for_each(|node| set.insert(node));
        set
    }
}

/// A set of links: from any of one set of nodes to any of another. A node's way to itself is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSet {
    /// Senders.
    pub from: NodeSet,
    /// Receivers.
    pub to: NodeSet,
    /// Also in the other direction.
    pub both: bool,
}

impl LinkSet {
    /// The links from any of `from` to any of `to`, and back if `both`.
    pub fn between(from: &[NodeId], to: &[NodeId], both: bool) -> Self {
        LinkSet { from: from.iter().copied().collect(), to: to.iter().copied().collect(), both }
    }

    /// All links of these nodes, in both directions, in a cluster of `nodes` nodes (edges included).
    pub fn touching(these: &[NodeId], nodes: usize) -> Self {
        LinkSet { from: these.iter().copied().collect(), to: NodeSet::all(nodes), both: true }
    }

    /// Whether the link is in the set.
    #[inline]
    pub fn contains(&self, from: NodeId, to: NodeId) -> bool {
        let directed = |from, to| self.from.contains(from) && self.to.contains(to);
        from != to && (directed(from, to) || (self.both && directed(to, from)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: NodeSet = [0, 63, 64, 700].map(NodeId).into_iter().collect();
        let held: Vec<u32> = (0..1000).filter(|&node| set.contains(NodeId(node))).collect();
        assert_eq!(held, [0, 63, 64, 700]);
        assert_eq!(set.iter().map(|node| node.0).collect::<Vec<_>>(), held);
        assert_eq!((set.len(), set.is_empty()), (4, false));
    }

    #[test]
    fn a_one_way_set_of_links_does_not_hold_the_way_back() {
        let one_way = LinkSet::between(&[NodeId(0), NodeId(1)], &[NodeId(1), NodeId(2)], false);
        let held: Vec<(u32, u32)> = (0..3)
            .flat_map(|from| (0..3).map(move |to| (from, to)))
            .filter(|&(from, to)| one_way.contains(NodeId(from), NodeId(to)))
            .collect();
        assert_eq!(held, [(0, 1), (0, 2), (1, 2)]);
    }

    #[test]
    fn the_links_that_touch_a_node_are_those_with_it_at_one_end() {
        let links = LinkSet::touching(&[NodeId(1)], 4);
        for from in 0..4 {
            for to in 0..4 {
                assert_eq!(links.contains(NodeId(from), NodeId(to)), from != to && (from == 1 || to == 1), "{from} {to}");
            }
        }
    }
}
