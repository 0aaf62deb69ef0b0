//! An incident while something of it is left.

use hms_machine::{AgentId, Exit, Instant, NodeId, Record};
use hms_scenario::model::{DiskFailure, FaultKind, Scenario};
use hms_sim::faults::{FaultId, ScheduledFault};
use hms_sim::services::placement::Placement;
use hms_sim::world::{TraceKind, TraceRow};

use super::notice::{Notice, Seen, Subject, leaves_traces, seen, shows_at_the_host};
use super::present::is_present;
use super::struck::{harmed_from, kind_name, promise, struck_from, victims_text};
use super::{Down, Incident, Truth, add, remove};

/// What is still wrong.
pub(super) struct Open<'a> {
    pub(super) incident: Incident,
    /// Seq of the event with which the fault began.
    began: u64,
    /// Whether the fault is a crash of hosts.
    crash: bool,
    nodes: Vec<NodeId>,
    agents: Vec<AgentId>,
    fault: &'a ScheduledFault,
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

impl<'a> Open<'a> {
    pub(super) fn new(fault: &'a ScheduledFault, scenario: &Scenario, places: &Placement, down: &Down, began: u64) -> Self {
        let home = |agent: AgentId| down.home(agent, places);
        let (nodes, agents) = struck_from(fault, scenario, places, &home);
        let instant = matches!(
            fault.kind,
            FaultKind::AgentCrash
                | FaultKind::Hang
                | FaultKind::ClockStep { .. }
                | FaultKind::Herd { .. }
                | FaultKind::Disk(DiskFailure::BitFlips { .. })
        );
        let run_end = Instant::ZERO + scenario.run.duration;
        let hang = matches!(fault.kind, FaultKind::Hang);
        // A crash keeps down what another one brought down: its hosts are not back before both are repaired.
        let crash = matches!(fault.kind, FaultKind::Crash { .. });
        let down_nodes: Vec<_> = nodes.iter().copied().filter(|node| crash && down.nodes.contains(node)).collect();
        let down_agents: Vec<_> = agents
            .iter()
            .copied()
            .filter(|agent| crash && down.agents.contains(agent) && down_nodes.contains(&home(*agent)))
            .collect();
        let still = |node: &NodeId| down.nodes.contains(node) || down.paused.contains(node);
        let known = (crash || matches!(fault.kind, FaultKind::Pause))
            && nodes.iter().all(|node| still(node) && down.suspected.iter().any(|(_, peer)| peer == node));
        let incident = Incident {
            fault: fault.id,
            name: fault.name.clone(),
            kind: kind_name(&fault.kind),
            promise: promise(&fault.kind),
            victims: victims_text(fault, scenario),
            start: fault.start,
            end: if instant { Some(fault.start) } else { fault.end.filter(|end| *end <= run_end) },
            shown: None,
            known,
            present: is_present(fault, &down.nodes).then_some(fault.start),
            detected: None,
            detector: None,
            notice: None,
            cause: None,
            struck: harmed_from(fault, scenario, places, &home),
            downed: if hang { agents.clone() } else { down_agents.clone() },
            freed: (!hang).then_some(fault.start),
            actions: 0,
            recovered: None,
            verified: None,
            restored: None,
            possible: true,
            reachable: None,
            recoveries: Vec::new(),
        };
        Open {
            incident,
            stuck: if hang { agents.clone() } else { Vec::new() },
            nodes,
            agents,
            fault,
            active: !instant,
            began,
            crash,
            down_nodes,
            unserved: down_agents.clone(),
            down_agents,
            suspicions: Vec::new(),
        }
    }

    pub(super) fn read(&mut self, row: &TraceRow, truth: &Truth<'_>) {
        // What the fault does at once stands in rows of its own event; where that is nothing, it was over as it began.
        if row.seq != self.began {
            self.close(self.incident.start);
        }
        match row.kind {
            TraceKind::FaultEnded(id) if id == self.incident.fault => {
                self.active = false;
                self.stuck.clear();
                self.free(row.at);
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
            TraceKind::NodeUp(node) => {
                remove(&mut self.down_nodes, node);
                if self.active && self.incident.present.is_none() && is_present(self.fault, &truth.down.nodes) {
                    self.incident.present = Some(row.at);
                }
            }
            // An agent that is ready on another node is not down: this was an older or a needless process of it.
            TraceKind::AgentDown { agent, .. } if truth.down.is_ready(agent) => {
                remove(&mut self.stuck, agent);
                self.free(row.at);
            }
            TraceKind::AgentDown { agent, fault, .. } if self.agents.contains(&agent) => {
                remove(&mut self.stuck, agent);
                self.free(row.at);
                if self.may_have_done(fault) {
                    add(&mut self.incident.downed, agent);
                    add(&mut self.down_agents, agent);
                    add(&mut self.unserved, agent);
                }
            }
            // Without a fault of its own, an agent that a struck load calls ends so by poison, or by a journal that it cannot read.
            TraceKind::AgentDown { agent, fault: None, exit: Exit::Abnormal, .. } if self.poisons(agent) => {
                add(&mut self.incident.downed, agent);
            }
            TraceKind::AgentReady { agent, .. } => remove(&mut self.down_agents, agent),
            TraceKind::AgentServed { agent, .. } => remove(&mut self.unserved, agent),
            TraceKind::Stack { node, record, justified } => self.hear(node, record, justified, row.at, truth),
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

    /// Notes when no struck agent is stuck any more.
    fn free(&mut self, at: Instant) {
        if self.stuck.is_empty() && self.incident.freed.is_none() {
            self.incident.freed = Some(at);
        }
    }

    fn poisons(&self, agent: AgentId) -> bool {
        self.active && matches!(self.fault.kind, FaultKind::Poison { .. }) && self.incident.struck.contains(&agent)
    }

    /// Whether the end of an agent belongs to this incident: this fault did it or may have led to it, and it was not over.
    fn may_have_done(&self, fault: Option<FaultId>) -> bool {
        self.incident.recovered.is_none() && fault.is_none_or(|fault| fault == self.incident.fault)
    }

    /// Notes that nothing of the fault is left, and that all agents serve again, if that is so.
    pub(super) fn close(&mut self, at: Instant) {
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

    /// Whether something that is said may still matter to this incident.
    pub(super) fn listens(&self, at: Instant) -> bool {
        let late =
            self.incident.detected.is_none() && leaves_traces(&self.fault.kind, None, at.saturating_since(self.incident.start));
        self.incident.verified.is_none() || late
    }

    fn hear(&mut self, node: NodeId, record: Record, justified: bool, at: Instant, truth: &Truth<'_>) {
        let seen = seen(record);
        // Once nothing of the fault is left, whatever is noticed is another one's doing, but for the traces that some leave.
        if self.incident.recovered.is_some() {
            let late = |seen: &Seen| leaves_traces(&self.fault.kind, Some(*seen), at.saturating_since(self.incident.start));
            if let Some(seen) = seen.filter(late).filter(|seen| self.concerns(seen, truth)) {
                self.notice(node, seen, at);
            }
            return;
        }
        match record {
            // A host that is down is suspected for its crash.
            Record::Suspected(peer) if !self.crash && truth.down.nodes.contains(&peer) => return,
            Record::Suspected(peer) if self.nodes.contains(&peer) => {
                if !self.active && !justified && self.down_nodes.is_empty() {
                    return;
                }
                self.suspicions.push((node, peer));
            }
            Record::Trusted(peer) => self.suspicions.retain(|known| *known != (node, peer)),
            Record::RecoveryStarted { agent, .. } if self.agents.contains(&agent) => self.incident.actions += 1,
            _ => {}
        }
        if let Some(seen) = seen.filter(|seen| self.concerns(seen, truth)) {
            self.notice(node, seen, at);
        }
    }

    /// Whether a symptom concerns someone whom the fault strikes (the table of [`super::notice`]).
    fn concerns(&self, seen: &Seen, truth: &Truth<'_>) -> bool {
        let places = truth.places;
        let harmed = |agent: &AgentId| self.incident.struck.contains(agent);
        match (seen.notice, seen.subject) {
            (Notice::NodeDegradation, Subject::Node(node)) if shows_at_the_host(seen.cause) => {
                self.nodes.contains(&node) || self.agents.iter().any(|agent| truth.down.home(*agent, places) == node)
            }
            (_, Subject::Node(node)) => self.nodes.contains(&node),
            (Notice::Failure, Subject::Agent(agent)) => {
                self.agents.contains(&agent) || (matches!(self.fault.kind, FaultKind::Poison { .. }) && harmed(&agent))
            }
            (_, Subject::Agent(agent)) => harmed(&agent),
            (_, Subject::Service(service)) => places.by_service[service.index()].iter().any(harmed),
        }
    }

    fn notice(&mut self, node: NodeId, seen: Seen, at: Instant) {
        if self.incident.detected.is_none() {
            self.incident.detected = Some(at);
            self.incident.detector = Some(node);
            self.incident.notice = Some(seen.notice);
            self.incident.cause = seen.cause;
        }
    }
}
