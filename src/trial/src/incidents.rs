//! Incidents: each scheduled fault joined, by ground truth, with its detection, the actions against it and its verified recovery.
//!
//! The rows of the trace are read once, in order. An incident is open from the fault's beginning until nothing it did is left:
//! the fault has ended, every host it struck is up, every agent that went down is ready again, and nobody suspects those hosts any more. Agents
//! count as verified when each that went down has answered a request since.

use hms_machine::{AgentId, Duration, Instant, NodeId, Record};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault, PartitionShape, Scenario};
use hms_sim::faults::{FaultId, Schedule, ScheduledFault, Victims};
use hms_sim::services::placement::Placement;
use hms_sim::world::{TraceKind, TraceRow};

/// A fault and what became of it. All instants are true time.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The fault.
    pub fault: FaultId,
    /// Name of the rule that made it.
    pub name: String,
    /// Kind of fault, as in a scenario file.
    pub kind: &'static str,
    /// Whom it struck, for reading.
    pub victims: String,
    /// Beginning of the fault.
    pub start: Instant,
    /// End of the fault; `None` if it lasts beyond the run.
    pub end: Option<Instant>,
    /// First time that a node noticed: it suspected a struck host or recorded that a struck agent had failed.
    pub detected: Option<Instant>,
    /// The node that noticed first.
    pub detector: Option<NodeId>,
    /// Restarts of struck agents by the stack while the incident was open.
    pub actions: u32,
    /// When nothing of the fault was left.
    pub recovered: Option<Instant>,
    /// When every agent that went down had answered a request again; equals `recovered` where none went down.
    pub verified: Option<Instant>,
}

impl Incident {
    /// From the beginning of the fault to the first notice.
    pub fn detection_time(&self) -> Option<Duration> {
        self.detected.map(|detected| detected - self.start)
    }

    /// From the moment from which recovery was possible (the end of a lasting fault, the beginning of one that strikes in an
    /// instant) until nothing was left of it.
    pub fn recovery_time(&self) -> Option<Duration> {
        self.recovered.map(|recovered| recovered.saturating_since(self.end.unwrap_or(self.start).max(self.start)))
    }

    /// From the beginning of the fault until nothing was left of it.
    pub fn outage(&self) -> Option<Duration> {
        self.recovered.map(|recovered| recovered - self.start)
    }
}

/// What is still wrong.
struct Open {
    incident: Incident,
    /// Seq of the event with which the fault began.
    began: u64,
    /// Whether the fault is a crash of hosts.
    crash: bool,
    nodes: Vec<NodeId>,
    agents: Vec<AgentId>,
    /// Suspicions count only where the fault can cause them: of these nodes.
    active: bool,
    /// Agents that are stuck by this fault: a restart frees them before the fault's own end.
    stuck: Vec<AgentId>,
    down_nodes: Vec<NodeId>,
    down_agents: Vec<AgentId>,
    /// Agents that went down and have not served since.
    unserved: Vec<AgentId>,
    suspicions: Vec<(NodeId, NodeId)>,
}

/// Joins every fault of the schedule.
pub(crate) fn join(scenario: &Scenario, schedule: &Schedule, trace: &[TraceRow]) -> Vec<Incident> {
    let places = Placement::new(scenario);
    let mut open: Vec<Open> = Vec::new();
    let mut closed: Vec<Incident> = Vec::new();
    let mut down = Down::default();
    for row in trace {
        if let TraceKind::FaultBegan(id) = row.kind {
            open.push(Open::new(&schedule.faults[id.0 as usize], scenario, &places, &down, row.seq));
            continue;
        }
        down.read(row);
        for incident in &mut open {
            incident.read(row, &down);
        }
        let mut position = 0;
        while position < open.len() {
            if open[position].incident.verified.is_some() {
                closed.push(open.swap_remove(position).incident);
            } else {
                position += 1;
            }
        }
    }
    for mut open in open {
        open.close(open.incident.start);
        closed.push(open.incident);
    }
    closed.sort_by_key(|incident| incident.fault);
    closed
}

/// Hosts and agents that are down, whatever did it.
#[derive(Default)]
struct Down {
    nodes: Vec<NodeId>,
    agents: Vec<AgentId>,
}

impl Down {
    fn read(&mut self, row: &TraceRow) {
        match row.kind {
            TraceKind::NodeDown(node) => add(&mut self.nodes, node),
            TraceKind::NodeUp(node) => remove(&mut self.nodes, node),
            TraceKind::AgentDown { agent, .. } => add(&mut self.agents, agent),
            TraceKind::AgentReady { agent, .. } => remove(&mut self.agents, agent),
            TraceKind::FaultBegan(_)
            | TraceKind::FaultEnded(_)
            | TraceKind::NodePaused(_)
            | TraceKind::NodeResumed(_)
            | TraceKind::AgentStarting { .. }
            | TraceKind::AgentServed { .. }
            | TraceKind::StateRebuilt { .. }
            | TraceKind::Stack { .. }
            | TraceKind::Sent { .. }
            | TraceKind::Received { .. }
            | TraceKind::Attempt { .. } => {}
        }
    }
}

impl Open {
    fn new(fault: &ScheduledFault, scenario: &Scenario, places: &Placement, down: &Down, began: u64) -> Self {
        let (nodes, agents) = struck(fault, scenario, places);
        let instant = matches!(
            fault.kind,
            FaultKind::AgentCrash
                | FaultKind::Hang
                | FaultKind::ClockStep { .. }
                | FaultKind::Herd { .. }
                | FaultKind::Disk(DiskFailure::BitFlips { .. })
        );
        let run_end = Instant::ZERO + scenario.run.duration;
        let incident = Incident {
            fault: fault.id,
            name: fault.name.clone(),
            kind: kind_name(&fault.kind),
            victims: victims_text(fault, scenario),
            start: fault.start,
            end: if instant { Some(fault.start) } else { fault.end.filter(|end| *end <= run_end) },
            detected: None,
            detector: None,
            actions: 0,
            recovered: None,
            verified: None,
        };
        let hang = matches!(fault.kind, FaultKind::Hang);
        // A crash keeps down what another one brought down: its hosts are not back before both are repaired.
        let crash = matches!(fault.kind, FaultKind::Crash { .. });
        let down_nodes: Vec<_> = nodes.iter().copied().filter(|node| crash && down.nodes.contains(node)).collect();
        let down_agents: Vec<_> = agents
            .iter()
            .copied()
            .filter(|agent| crash && down.agents.contains(agent) && down_nodes.contains(&places.agents[agent.index()].node))
            .collect();
        Open {
            incident,
            stuck: if hang { agents.clone() } else { Vec::new() },
            nodes,
            agents,
            active: !instant,
            began,
            crash,
            down_nodes,
            unserved: down_agents.clone(),
            down_agents,
            suspicions: Vec::new(),
        }
    }

    fn read(&mut self, row: &TraceRow, down: &Down) {
        // What the fault does at once stands in rows of its own event; where that is nothing, it was over as it began.
        if row.seq != self.began {
            self.close(self.incident.start);
        }
        match row.kind {
            TraceKind::FaultEnded(id) if id == self.incident.fault => {
                self.active = false;
                self.stuck.clear();
            }
            TraceKind::NodeDown(node) => {
                // What a node believed before its crash is gone with it.
                self.suspicions.retain(|(by, _)| *by != node);
                if self.crash && self.nodes.contains(&node) {
                    add(&mut self.down_nodes, node);
                } else if !self.crash {
                    // Only crashes bring hosts down: from now on that it is suspected is the crash's doing.
                    self.suspicions.retain(|(_, peer)| *peer != node);
                }
            }
            TraceKind::NodeUp(node) => remove(&mut self.down_nodes, node),
            TraceKind::AgentDown { agent, fault, .. } if self.agents.contains(&agent) => {
                remove(&mut self.stuck, agent);
                if self.may_have_done(fault) {
                    add(&mut self.down_agents, agent);
                    add(&mut self.unserved, agent);
                }
            }
            TraceKind::AgentReady { agent, .. } => remove(&mut self.down_agents, agent),
            TraceKind::AgentServed { agent, .. } => remove(&mut self.unserved, agent),
            TraceKind::Stack { node, record, justified } => self.hear(node, record, justified, row.at, down),
            TraceKind::FaultBegan(_)
            | TraceKind::FaultEnded(_)
            | TraceKind::NodePaused(_)
            | TraceKind::NodeResumed(_)
            | TraceKind::AgentDown { .. }
            | TraceKind::AgentStarting { .. }
            | TraceKind::StateRebuilt { .. }
            | TraceKind::Sent { .. }
            | TraceKind::Received { .. }
            | TraceKind::Attempt { .. } => {}
        }
        if row.seq != self.began {
            self.close(row.at);
        }
    }

    /// Whether the end of an agent belongs to this incident: this fault did it or may have led to it, and it was not over.
    fn may_have_done(&self, fault: Option<FaultId>) -> bool {
        self.incident.recovered.is_none() && fault.is_none_or(|fault| fault == self.incident.fault)
    }

    /// Notes that nothing of the fault is left, and that all agents serve again, if that is so.
    fn close(&mut self, at: Instant) {
        let nothing_left = !self.active
            && self.stuck.is_empty()
            && self.down_nodes.is_empty()
            && self.down_agents.is_empty()
            && self.suspicions.is_empty();
        if nothing_left && self.incident.recovered.is_none() {
            self.incident.recovered = Some(at);
        }
        if self.incident.recovered.is_some() && self.unserved.is_empty() && self.incident.verified.is_none() {
            self.incident.verified = Some(at);
        }
    }

    fn hear(&mut self, node: NodeId, record: Record, justified: bool, at: Instant, down: &Down) {
        // Once nothing of the fault is left, whatever is noticed is another one's doing.
        if self.incident.recovered.is_some() {
            return;
        }
        match record {
            // A host that is down is suspected for its crash.
            Record::Suspected(peer) if !self.crash && down.nodes.contains(&peer) => {}
            Record::Suspected(peer)
                if self.nodes.contains(&peer) && (self.active || justified || !self.down_nodes.is_empty()) =>
            {
                self.suspicions.push((node, peer));
                self.notice(node, at);
            }
            Record::Trusted(peer) => self.suspicions.retain(|known| *known != (node, peer)),
            Record::AgentFailed { agent, .. } if self.agents.contains(&agent) => self.notice(node, at),
            Record::RecoveryStarted { agent, .. } if self.agents.contains(&agent) => self.incident.actions += 1,
            _ => {}
        }
    }

    fn notice(&mut self, node: NodeId, at: Instant) {
        if self.incident.detected.is_none() {
            self.incident.detected = Some(at);
            self.incident.detector = Some(node);
        }
    }
}

fn add<T: PartialEq>(set: &mut Vec<T>, item: T) {
    if !set.contains(&item) {
        set.push(item);
    }
}

fn remove<T: PartialEq>(set: &mut Vec<T>, item: T) {
    set.retain(|known| *known != item);
}

/// Hosts of which a suspicion, and agents of which a failure, may come from this fault.
fn struck(fault: &ScheduledFault, scenario: &Scenario, places: &Placement) -> (Vec<NodeId>, Vec<AgentId>) {
    let all = || (0..scenario.cluster.hosts.len()).map(NodeId::from_index).collect::<Vec<_>>();
    let agents_on = |nodes: &[NodeId]| {
        (0..places.agents.len())
            .map(AgentId::from_index)
            .filter(|agent| nodes.contains(&places.agents[agent.index()].node))
            .collect::<Vec<_>>()
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
fn kind_name(kind: &FaultKind) -> &'static str {
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

fn victims_text(fault: &ScheduledFault, scenario: &Scenario) -> String {
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
