//! Whether a fault strikes a host that runs.
//!
//! What slows, stops or cuts off a host that is down has no effect, and nobody can notice it, until the host is up. The same holds for a way of which
//! one end is down: it shows when hosts at both ends run.

use hms_machine::NodeId;
use hms_scenario::model::{FaultKind, PartitionShape};
use hms_sim::faults::{ScheduledFault, Victims};

/// Whether anything that the fault strikes runs while these hosts are down.
pub(super) fn is_present(fault: &ScheduledFault, down: &[NodeId]) -> bool {
    let runs = |nodes: &[NodeId]| nodes.iter().any(|node| !down.contains(node));
    match (&fault.kind, &fault.victims) {
        (FaultKind::Partition(shape), _) => parts(shape, down),
        (_, Victims::Nodes(nodes)) => runs(nodes),
        (_, Victims::Links { from, to, .. }) => runs(from) && runs(to),
        (_, Victims::Agents(_) | Victims::Service(_) | Victims::Load(_) | Victims::Cluster) => true,
    }
}

/// Whether the shape parts hosts that run.
fn parts(shape: &PartitionShape, down: &[NodeId]) -> bool {
    let runs = |nodes: &[NodeId]| nodes.iter().any(|node| !down.contains(node));
    match shape {
        PartitionShape::Sides(sides) => sides.iter().filter(|side| runs(side)).count() > 1,
        PartitionShape::OneWay { from, to } => runs(from) && runs(to),
        PartitionShape::Partial { one, other } => runs(one) && runs(other),
        PartitionShape::Isolate(node) => runs(&[*node]),
        // However few are up, some of them are parted.
        PartitionShape::MajoritiesRing | PartitionShape::Bridge(_) => true,
        PartitionShape::Flapping { shape, .. } => parts(shape, down),
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::Duration;

    use super::*;

    #[test]
    fn a_partition_shows_while_hosts_on_both_sides_run() {
        let nodes = |ids: &[u32]| ids.iter().map(|id| NodeId(*id)).collect::<Vec<_>>();
        let sides = PartitionShape::Sides(vec![nodes(&[0]), nodes(&[1, 2])]);
        let flapping = PartitionShape::Flapping { shape: Box::new(sides.clone()), on: Duration::ZERO, off: Duration::ZERO };
        let one_way = PartitionShape::OneWay { from: nodes(&[0]), to: nodes(&[1, 2]) };
        let partial = PartitionShape::Partial { one: nodes(&[0]), other: nodes(&[1, 2]) };
        for shape in [sides, flapping, one_way, partial] {
            assert!(parts(&shape, &nodes(&[1])), "{shape:?}");
            assert!(!parts(&shape, &nodes(&[0])) && !parts(&shape, &nodes(&[1, 2])), "{shape:?}");
        }
        assert!(!parts(&PartitionShape::Isolate(NodeId(3)), &nodes(&[3])));
        assert!(parts(&PartitionShape::MajoritiesRing, &nodes(&[3])));
    }
}
