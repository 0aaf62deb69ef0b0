//! Every kind finds its victims.

use hms_machine::{Bytes, Distribution, Duration, NodeId, Ratio, ServiceId};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault, PartitionShape, Start, Target};

use super::{ratio, rule, schedule, secs, with_rules};
use crate::faults::Victims;
use crate::faults::severity::scaled;

fn all_kinds() -> Vec<FaultKind> {
    let delay = Distribution::constant(1e6).unwrap();
    let half = ratio(0.5);
    let links = [
        LinkFault::Latency { delay: delay.clone() },
        LinkFault::Loss { share: half },
        LinkFault::Duplicate { share: half },
        LinkFault::Reorder { share: half, hold: delay.clone() },
        LinkFault::Corrupt { share: half },
        LinkFault::Clog,
        LinkFault::Throttle { bandwidth: 1000 },
    ];
    let disks = [
        DiskFailure::Stall,
        DiskFailure::Full,
        DiskFailure::Errors { share: half },
        DiskFailure::BitFlips { bits: 4 },
        DiskFailure::Misdirected { share: half },
    ];
    let mut kinds = vec![
        FaultKind::Crash { disk_lost: false },
        FaultKind::AgentCrash,
        FaultKind::CrashLoop { after: delay.clone() },
        FaultKind::Pause,
        FaultKind::Hang,
        FaultKind::SlowCpu { speed: half },
        FaultKind::SlowDisk { factor: 5.0 },
        FaultKind::SlowNic { delay },
        FaultKind::Partition(PartitionShape::Isolate(NodeId(0))),
        FaultKind::ClockStep { by: Duration::from_secs(1), forward: true },
        FaultKind::ClockDrift { ppm: 100.0 },
        FaultKind::ClockStrobe { by: Duration::from_secs(1), every: Duration::from_secs(1) },
        FaultKind::MemoryLeak { rate: Bytes::from_mib(1) },
        FaultKind::HandleLeak { rate: 10.0 },
        FaultKind::Surge { factor: 3.0 },
        FaultKind::Herd { requests: 100 },
        FaultKind::Regression { factor: 3.0, errors: half, replicas: half },
        FaultKind::Poison { share: half },
        FaultKind::Gray { errors: half },
        FaultKind::Outage { severity: half },
    ];
    kinds.extend(links.map(FaultKind::Link));
    kinds.extend(disks.map(FaultKind::Disk));
    kinds
}

#[test]
fn every_kind_is_scheduled_for_what_it_takes_hold_of() {
    for kind in all_kinds() {
        let targets = [Target::Nodes(vec![NodeId(3)]), Target::Load(0), Target::Service(ServiceId(1)), Target::Cluster];
        let (target, right): (_, fn(&Victims) -> bool) = match &kind {
            FaultKind::Surge { .. } | FaultKind::Herd { .. } | FaultKind::Poison { .. } => {
                (1, |victims| matches!(victims, Victims::Load(0)))
            }
            FaultKind::Outage { .. } => (2, |victims| matches!(victims, Victims::Service(ServiceId(1)))),
            FaultKind::Partition(_) => (3, |victims| matches!(victims, Victims::Cluster)),
            FaultKind::Link(_) => (0, |victims| matches!(victims, Victims::Links { .. })),
            FaultKind::AgentCrash
            | FaultKind::CrashLoop { .. }
            | FaultKind::Hang
            | FaultKind::MemoryLeak { .. }
            | FaultKind::HandleLeak { .. }
            | FaultKind::Regression { .. }
            | FaultKind::Gray { .. } => (2, |victims| matches!(victims, Victims::Agents(agents) if agents.len() == 3)),
            _ => (0, |victims| matches!(victims, Victims::Nodes(nodes) if nodes == &[NodeId(3)])),
        };
        let rules = vec![rule("r", kind.clone(), targets[target].clone(), Start::At(vec![secs(1)]), None)];
        let schedule = schedule(&with_rules(rules), 1);
        assert_eq!(schedule.faults[0].kind, kind);
        assert!(right(&schedule.faults[0].victims), "{kind:?}: {:?}", schedule.faults[0].victims);
        assert!(schedule.to_string().lines().count() == 2);
    }
}

#[test]
fn at_full_severity_a_kind_is_itself() {
    for kind in all_kinds() {
        assert_eq!(scaled(&kind, Ratio::ONE), kind);
    }
}

#[test]
fn severity_scales_what_is_lost() {
    let half = ratio(0.5);
    assert_eq!(scaled(&FaultKind::SlowCpu { speed: ratio(0.2) }, half), FaultKind::SlowCpu { speed: ratio(0.6) });
    assert_eq!(scaled(&FaultKind::Surge { factor: 4.0 }, half), FaultKind::Surge { factor: 2.5 });
    assert_eq!(scaled(&FaultKind::Gray { errors: half }, half), FaultKind::Gray { errors: ratio(0.25) });
    assert_eq!(scaled(&FaultKind::Pause, half), FaultKind::Pause);
    let throttle = |bandwidth| FaultKind::Link(LinkFault::Throttle { bandwidth });
    assert_eq!(scaled(&throttle(1000), half), throttle(2000));
    assert_eq!(scaled(&throttle(1000), Ratio::ZERO), throttle(u64::MAX));
}
