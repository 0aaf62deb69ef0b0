//! Partitions: sets of links that are cut.
//!
//! Each partition in progress answers for a pair of nodes in constant time, from a side number per node, two sets of nodes or
//! arithmetic on ids; a link is cut when any of them says so. A node always reaches itself. Nodes that a shape does not name keep all their
//! links; the shapes that name nobody (ring, bridge) divide the hosts and leave the edges alone, while an isolated node is alone for edges, too.

use hms_machine::{Duration, Instant, NodeId};
use hms_scenario::model::PartitionShape;

use super::nodes::LinkSet;

/// A partition, ready to be asked.
#[derive(Clone, Debug)]
pub(super) enum Cut {
    /// Side of each node, [`NO_SIDE`] for those that see all. The last side that names a node counts.
    Sides(Vec<u32>),
    Links(LinkSet),
    Alone(NodeId),
    Ring(Ring),
    Flapping {
        inner: Box<Cut>,
        start: Instant,
        on: Duration,
        period: Duration,
    },
}

const NO_SIDE: u32 = u32::MAX;

impl Cut {
    /// The shape in a cluster of that many hosts, as a fault that begins at `start`.
    pub(super) fn new(shape: &PartitionShape, hosts: usize, start: Instant) -> Self {
        match shape {
            PartitionShape::Sides(sides) => Cut::Sides(numbered(sides)),
            PartitionShape::OneWay { from, to } => Cut::Links(LinkSet::between(from, to, false)),
            PartitionShape::Partial { one, other } => Cut::Links(LinkSet::between(one, other, true)),
            PartitionShape::Isolate(node) => Cut::Alone(*node),
            PartitionShape::MajoritiesRing => Cut::Ring(Ring::new(hosts)),
            PartitionShape::Bridge(bridge) => {
                let others: Vec<NodeId> = (0..hosts).map(NodeId::from_index).filter(|node| node != bridge).collect();
                let (one, other) = others.split_at(others.len() / 2);
                Cut::Sides(numbered(&[one.to_vec(), other.to_vec()]))
            }
            PartitionShape::Flapping { shape, on, off } => {
                Cut::Flapping { inner: Box::new(Cut::new(shape, hosts, start)), start, on: *on, period: on.saturating_add(*off) }
            }
        }
    }

    /// Whether a message from one node to another cannot pass now.
    pub(super) fn cuts(&self, now: Instant, from: NodeId, to: NodeId) -> bool {
        match self {
            Cut::Sides(sides) => {
                let side = |node: NodeId| sides.get(node.index()).copied().unwrap_or(NO_SIDE);
                let (from, to) = (side(from), side(to));
                from != to && from != NO_SIDE && to != NO_SIDE
            }
            Cut::Links(links) => links.contains(from, to),
            Cut::Alone(node) => (from == *node) != (to == *node),
            Cut::Ring(ring) => !ring.sees(from, to),
            Cut::Flapping { inner, start, on, period } => {
                is_on(now.saturating_since(*start), *on, *period) && inner.cuts(now, from, to)
            }
        }
    }
}

/// Whether a phase of length `on` at the begin of each period is in progress; a period without length is always on.
fn is_on(elapsed: Duration, on: Duration, period: Duration) -> bool {
    period.is_zero() || elapsed.as_nanos() % period.as_nanos() < on.as_nanos()
}

fn numbered(sides: &[Vec<NodeId>]) -> Vec<u32> {
    let nodes = sides.iter().flatten().map(|node| node.index() + 1).max().unwrap_or(0);
    let mut numbers = vec![NO_SIDE; nodes];
    for (number, side) in sides.iter().enumerate() {
        for node in side {
            numbers[node.index()] = number as u32;
        }
    }
    numbers
}

/// Every host sees a majority, and no two the same one (after Jepsen's `majorities-ring`; here links are cut in both directions or not at all).
///
/// Hosts stand on a circle in the order of their ids and see their neighbours up to a distance. Where a majority m is odd, (m - 1) / 2 is
/// enough. Where it is even, one more is missing: hosts are asked in turn, and one that does not see a majority yet is joined
/// to the host opposite.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    reach: usize,
    /// A host that `joins` has an additional link to the host this much further on.
    opposite: usize,
    joins: Vec<bool>,
}

impl Ring {
    fn new(hosts: usize) -> Self {
        let majority = hosts / 2 + 1;
        let (reach, opposite) = ((majority - 1) / 2, hosts / 2);
        let mut joins = vec![false; hosts];
        if majority.is_multiple_of(2) {
            let mut complete = vec![false; hosts];
            for host in 0..hosts {
                if !complete[host] {
                    joins[host] = true;
                    complete[host] = true;
                    complete[(host + opposite) % hosts] = true;
                }
            }
        }
        Ring { reach, opposite, joins }
    }

    fn sees(&self, from: NodeId, to: NodeId) -> bool {
        let hosts = self.joins.len();
        let (from, to) = (from.index(), to.index());
        if from >= hosts || to >= hosts {
            return true;
        }
        let (ahead, behind) = ((to + hosts - from) % hosts, (from + hosts - to) % hosts);
        ahead.min(behind) <= self.reach
            || (ahead == self.opposite && self.joins[from])
            || (behind == self.opposite && self.joins[to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: usize = 5;
    /// Node 5 is an edge.
    const NODES: usize = 6;

    fn nodes(ids: &[u32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    /// One line per sender, one character per receiver: `.` reached, `x` cut.
    fn matrix(cut: &Cut, now: Instant) -> Vec<String> {
        let row =
            |from| (0..NODES).map(|to| if cut.cuts(now, NodeId(from), NodeId::from_index(to)) { 'x' } else { '.' }).collect();
        (0..NODES as u32).map(row).collect()
    }

    fn at(shape: PartitionShape, now: Instant) -> Vec<String> {
        matrix(&Cut::new(&shape, HOSTS, Instant::from_nanos(1_000)), now)
    }

    fn of(shape: PartitionShape) -> Vec<String> {
        at(shape, Instant::from_nanos(1_000))
    }

    #[test]
    fn sides_cannot_talk_and_the_unnamed_see_all() {
        let shape = PartitionShape::Sides(vec![nodes(&[0, 1]), nodes(&[2]), nodes(&[3])]);
        assert_eq!(of(shape), ["..xx..", "..xx..", "xx.x..", "xxx...", "......", "......"]);
    }

    #[test]
    fn an_edge_can_be_named_by_a_side() {
        let shape = PartitionShape::Sides(vec![nodes(&[0, 1, 2, 3, 4]), nodes(&[5])]);
        assert_eq!(of(shape), [".....x", ".....x", ".....x", ".....x", ".....x", "xxxxx."]);
    }

    #[test]
    fn one_way_cuts_one_direction() {
        let shape = PartitionShape::OneWay { from: nodes(&[0, 1]), to: nodes(&[1, 2]) };
        assert_eq!(of(shape), [".xx...", "..x...", "......", "......", "......", "......"]);
    }

    #[test]
    fn a_partial_partition_is_not_transitive() {
        let shape = PartitionShape::Partial { one: nodes(&[0]), other: nodes(&[1, 2]) };
        assert_eq!(of(shape), [".xx...", "x.....", "x.....", "......", "......", "......"]);
    }

    #[test]
    fn an_isolated_node_reaches_only_itself() {
        assert_eq!(of(PartitionShape::Isolate(NodeId(2))), ["..x...", "..x...", "xx.xxx", "..x...", "..x...", "..x..."]);
    }

    #[test]
    fn a_bridge_joins_two_halves() {
        assert_eq!(of(PartitionShape::Bridge(NodeId(1))), ["...xx.", "......", "...xx.", "x.x...", "x.x...", "......"]);
    }

    #[test]
    fn five_hosts_on_a_ring_see_their_neighbours() {
        assert_eq!(of(PartitionShape::MajoritiesRing), ["..xx..", "...xx.", "x...x.", "xx....", ".xx...", "......"]);
    }

    #[test]
    fn on_a_ring_each_host_sees_a_majority_and_no_two_the_same() {
        for hosts in 3..=40 {
            let cut = Cut::new(&PartitionShape::MajoritiesRing, hosts, Instant::ZERO);
            let sees = |from, to| !cut.cuts(Instant::ZERO, NodeId::from_index(from), NodeId::from_index(to));
            let views: Vec<Vec<usize>> = (0..hosts).map(|from| (0..hosts).filter(|&to| sees(from, to)).collect()).collect();
            for (host, view) in views.iter().enumerate() {
                assert!(view.len() > hosts / 2, "host {host} of {hosts} sees {view:?}");
                assert!(view.contains(&host), "host {host} of {hosts} does not see itself");
                assert!(view.iter().all(|&other| sees(other, host)), "host {host} of {hosts}: a direction is cut");
                assert!(!views[..host].contains(view), "host {host} of {hosts} sees the same majority as another: {view:?}");
            }
            assert!(views.iter().any(|view| view.len() < hosts), "nothing is cut among {hosts}");
        }
    }

    #[test]
    fn a_flapping_partition_comes_and_goes_from_its_start() {
        let shape = || PartitionShape::Flapping {
            shape: Box::new(PartitionShape::Isolate(NodeId(0))),
            on: Duration::from_nanos(30),
            off: Duration::from_nanos(70),
        };
        let is_cut = |nanos| at(shape(), Instant::from_nanos(nanos))[0] == ".xxxxx";
        let phases = [1_000, 1_029, 1_030, 1_099, 1_100, 1_129, 1_130, 2_000, 2_030].map(is_cut);
        assert_eq!(phases, [true, true, false, false, true, true, false, true, false]);
    }

    #[test]
    fn tiny_clusters_have_a_ring_that_cuts_nothing() {
        for hosts in 0..3 {
            let cut = Cut::new(&PartitionShape::MajoritiesRing, hosts, Instant::ZERO);
            assert!(!cut.cuts(Instant::ZERO, NodeId(0), NodeId(1)), "{hosts}");
        }
    }
}
