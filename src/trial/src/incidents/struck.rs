//! Whom a fault strikes, and how that is told.

use hms_machine::{AgentId, NodeId};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault, PartitionShape, Scenario};
use hms_sim::faults::{ScheduledFault, Victims};
use hms_sim::services::placement::Placement;
use hms_sim::world::{TraceKind, TraceRow};

use super::Down;

/// Hosts that a fault strikes, and agents of which the callers suffer while it lasts; `trace`: the run in which it strikes, which says where agents lived when
/// it began.
pub fn struck(
    fault: &ScheduledFault,
    scenario: &Scenario,
    places: &Placement,
    trace: &[TraceRow],
) -> (Vec<NodeId>, Vec<AgentId>) {
    let mut down = Down::default();
    trace.iter().take_while(|row| row.kind != TraceKind::FaultBegan(fault.id)).for_each(|row| down.read(row));
    let home = |agent: AgentId| down.home(agent, places);
    (struck_from(fault, scenario, places, &home).0, harmed_from(fault, scenario, places, &home))
}

/// Hosts of which a suspicion, and agents of which a failure, may come from this fault; `home`: the node on which an agent lives.
pub(super) fn struck_from(
    fault: &ScheduledFault,
    scenario: &Scenario,
    places: &Placement,
    home: &dyn Fn(AgentId) -> NodeId,
) -> (Vec<NodeId>, Vec<AgentId>) {
    let all = || (0..scenario.cluster.hosts.len()).map(NodeId::from_index).collect::<Vec<_>>();
    let agents_on = |nodes: &[NodeId]| {
        (0..places.agents.len()).map(AgentId::from_index).filter(|agent| nodes.contains(&home(*agent))).collect::<Vec<_>>()
    };
    match (&fault.kind, &fault.victims) {
        (FaultKind::Partition(shape), _) => (partitioned(shape).unwrap_or_else(all), Vec::new()),
        (_, Victims::Nodes(nodes)) => (nodes.clone(), agents_on(nodes)),
        (_, Victims::Agents(agents)) => (Vec::new(), agents.clone()),
        (_, Victims::Service(service)) => (Vec::new(), places.by_service[service.index()].clone()),
        (_, Victims::Links { from, to, .. }) => {
            let mut nodes: Vec<_> = from.iter().chain(to).copied().collect();
            nodes.sort_unstable();
            nodes.dedup();
            (nodes, Vec::new())
        }
        (FaultKind::Link(_) | FaultKind::SlowNic { .. }, Victims::Cluster) => (all(), Vec::new()),
        (_, Victims::Cluster) => (all(), agents_on(&all())),
        (_, Victims::Load(_)) => (Vec::new(), Vec::new()),
    }
}

/// Agents of which the callers suffer while the fault lasts: those it strikes, those on hosts it strikes, and those that a load it strikes calls.
pub(super) fn harmed_from(
    fault: &ScheduledFault,
    scenario: &Scenario,
    places: &Placement,
    home: &dyn Fn(AgentId) -> NodeId,
) -> Vec<AgentId> {
    let (nodes, mut agents) = struck_from(fault, scenario, places, home);
    if let Victims::Load(load) = fault.victims {
        agents.extend(&places.by_service[scenario.loads[load].service.index()]);
    }
    let all = (0..places.agents.len()).map(AgentId::from_index);
    agents.extend(all.filter(|agent| nodes.contains(&home(*agent))));
    agents.sort_unstable();
    agents.dedup();
    agents
}

/// The nodes that a shape names; `None`: all.
fn partitioned(shape: &PartitionShape) -> Option<Vec<NodeId>> {
    match shape {
        PartitionShape::Sides(sides) => Some(sides.concat()),
        PartitionShape::OneWay { from, to } => Some([from.as_slice(), to].concat()),
        PartitionShape::Partial { one, other } => Some([one.as_slice(), other].concat()),
        PartitionShape::Isolate(_) | PartitionShape::MajoritiesRing | PartitionShape::Bridge(_) => None,
        PartitionShape::Flapping { shape, .. } => partitioned(shape),
    }
}

/// The kind as it is written in a scenario file.
pub(super) fn kind_name(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Crash { .. } => "crash",
        FaultKind::AgentCrash => "agent_crash",
        FaultKind::CrashLoop { .. } => "crash_loop",
        FaultKind::Pause => "pause",
        FaultKind::Hang => "hang",
        FaultKind::SlowCpu { .. } => "slow_cpu",
        FaultKind::SlowDisk { .. } => "slow_disk",
        FaultKind::SlowNic { .. } => "slow_nic",
        FaultKind::Link(LinkFault::Latency { .. }) => "latency",
        FaultKind::Link(LinkFault::Loss { .. }) => "loss",
        FaultKind::Link(LinkFault::Duplicate { .. }) => "duplicate",
        FaultKind::Link(LinkFault::Reorder { .. }) => "reorder",
        FaultKind::Link(LinkFault::Corrupt { .. }) => "corrupt",
        FaultKind::Link(LinkFault::Clog) => "clog",
        FaultKind::Link(LinkFault::Throttle { .. }) => "throttle",
        FaultKind::Partition(_) => "partition",
        FaultKind::ClockStep { .. } => "clock_step",
        FaultKind::ClockDrift { .. } => "clock_drift",
        FaultKind::ClockStrobe { .. } => "clock_strobe",
        FaultKind::Disk(DiskFailure::Stall) => "disk_stall",
        FaultKind::Disk(DiskFailure::Full) => "disk_full",
        FaultKind::Disk(DiskFailure::Errors { .. }) => "disk_errors",
        FaultKind::Disk(DiskFailure::BitFlips { .. }) => "bit_flips",
        FaultKind::Disk(DiskFailure::Misdirected { .. }) => "misdirected",
        FaultKind::MemoryLeak { .. } => "memory_leak",
        FaultKind::HandleLeak { .. } => "handle_leak",
        FaultKind::Surge { .. } => "surge",
        FaultKind::Herd { .. } => "herd",
        FaultKind::Regression { .. } => "regression",
        FaultKind::Poison { .. } => "poison",
        FaultKind::Gray { .. } => "gray",
        FaultKind::Outage { .. } => "outage",
    }
}

/// What is promised of a kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// By it something stops, is cut off or refuses: a failure, to be noticed within a second. Others are degradations as small as a scenario says.
    pub noticed: bool,
    /// It is one of crash, pause, slow, leak, disk and zone faults, against which a recovery helps. A crash loop, an outage, a bad deployment or a gray
    /// failure strikes each new process as it struck the old one, and a surge or a bad network is nobody's to restart.
    pub healed: bool,
}

/// What is promised of a kind of fault.
pub(super) fn promise(kind: &FaultKind) -> Promise {
    let (noticed, healed) = match kind {
        FaultKind::Crash { .. }
        | FaultKind::AgentCrash
        | FaultKind::Hang
        | FaultKind::Pause
        | FaultKind::Partition(_)
        | FaultKind::Disk(DiskFailure::Stall | DiskFailure::Full | DiskFailure::Errors { .. }) => (true, true),
        FaultKind::CrashLoop { .. } | FaultKind::Poison { .. } | FaultKind::Link(LinkFault::Clog) => (true, false),
        FaultKind::SlowCpu { .. }
        | FaultKind::SlowDisk { .. }
        | FaultKind::SlowNic { .. }
        | FaultKind::MemoryLeak { .. }
        | FaultKind::HandleLeak { .. }
        | FaultKind::Disk(DiskFailure::BitFlips { .. } | DiskFailure::Misdirected { .. }) => (false, true),
        FaultKind::Link(
            LinkFault::Latency { .. }
            | LinkFault::Loss { .. }
            | LinkFault::Duplicate { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Corrupt { .. }
            | LinkFault::Throttle { .. },
        )
        | FaultKind::ClockStep { .. }
        | FaultKind::ClockDrift { .. }
        | FaultKind::ClockStrobe { .. }
        | FaultKind::Surge { .. }
        | FaultKind::Herd { .. }
        | FaultKind::Regression { .. }
        | FaultKind::Gray { .. }
        | FaultKind::Outage { .. } => (false, false),
    };
    Promise { noticed, healed }
}

pub(super) fn victims_text(fault: &ScheduledFault, scenario: &Scenario) -> String {
    let names = |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ");
    match (&fault.kind, &fault.victims) {
        (FaultKind::Partition(shape), _) => partition_text(shape),
        (_, Victims::Nodes(nodes)) => names(nodes),
        (_, Victims::Agents(agents)) => {
            let places = Placement::new(scenario);
            let name = |agent: &AgentId| {
                let place = &places.agents[agent.index()];
                format!("{}/{}@{}", scenario.services[place.service.index()].name, place.replica, place.node)
            };
            agents.iter().map(name).collect::<Vec<_>>().join(" ")
        }
        (_, Victims::Service(service)) => scenario.services[service.index()].name.clone(),
        (_, Victims::Load(load)) => scenario.loads[*load].name.clone(),
        (_, Victims::Links { from, to, both }) => {
            format!("{} {} {}", names(from), if *both { "<->" } else { "->" }, names(to))
        }
        (_, Victims::Cluster) => "cluster".to_owned(),
    }
}

fn partition_text(shape: &PartitionShape) -> String {
    let names = |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ");
    match shape {
        PartitionShape::Sides(sides) => sides.iter().map(|side| names(side)).collect::<Vec<_>>().join(" | "),
        PartitionShape::OneWay { from, to } => format!("{} -x-> {}", names(from), names(to)),
        PartitionShape::Partial { one, other } => format!("{} <-x-> {}", names(one), names(other)),
        PartitionShape::Isolate(node) => format!("{node} | rest"),
        PartitionShape::MajoritiesRing => "majorities ring".to_owned(),
        PartitionShape::Bridge(node) => format!("halves bridged by {node}"),
        PartitionShape::Flapping { shape, .. } => format!("{} (flapping)", partition_text(shape)),
    }
}
