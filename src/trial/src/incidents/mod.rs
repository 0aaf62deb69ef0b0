//! Incidents: each scheduled fault joined, by ground truth, with its detection, the actions against it and its verified recovery.
//!
//! The rows of the trace are read once, in order. An incident is open from the fault's beginning until nothing it did is left:
//! the fault has ended, every host it struck is up, every agent that went down is ready again, and nobody suspects those hosts any more. Agents
//! count as verified when each that went down has answered a request since.

mod notice;
mod open;
mod present;
mod restored;
mod shown;
mod struck;

use hms_machine::{AgentId, Cause, Duration, Instant, NodeId, Record, Seed};
use hms_scenario::model::Scenario;
use hms_sim::faults::{FaultId, Schedule};
use hms_sim::services::placement::Placement;
use hms_sim::world::{HarmRow, Hindered, Kill, TraceKind, TraceRow};
use hms_stack::supervisor::state::StateConfiguration;

use crate::checkers::recoveries::Recovery;
use crate::timeline::Timeline;
use open::Open;

pub use notice::Notice;
pub use struck::{Promise, struck};

/// A fault and what became of it. All instants are true time.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The fault.
    pub fault: FaultId,
    /// Name of the rule that made it.
    pub name: String,
    /// Kind of fault, as in a scenario file.
    pub kind: &'static str,
    /// What is promised of faults of this kind.
    pub promise: Promise,
    /// Whom it struck, for reading.
    pub victims: String,
    /// Beginning of the fault.
    pub start: Instant,
    /// End of the fault; `None` if it lasts beyond the run.
    pub end: Option<Instant>,
    /// When the fault began to show; `None` if it never did.
    pub shown: Option<Instant>,
    /// Whether it is a crash or a pause of hosts that stood still and were suspected already: there was nothing left to notice, so it never shows.
    pub known: bool,
    /// From when on it struck a host that ran: at once, or when the first of its hosts came up; `None` if none did while it lasted.
    pub present: Option<Instant>,
    /// First time that a node noticed: see [`Notice`].
    pub detected: Option<Instant>,
    /// The node that noticed first.
    pub detector: Option<NodeId>,
    /// By which kind of record it was noticed first.
    pub notice: Option<Notice>,
    /// What that record gave as the cause; ejections and breakers give none.
    pub cause: Option<Cause>,
    /// Agents whose callers suffer: those it struck, those that lived on hosts it struck when it began, and those that a load it struck calls.
    pub struck: Vec<AgentId>,
    /// Of those, the ones that it took down or left stuck.
    pub downed: Vec<AgentId>,
    /// When none of them was stuck any more; the beginning of the fault if none was.
    pub freed: Option<Instant>,
    /// Recovery actions begun on struck agents while the incident was open, orders that were taken back included.
    pub actions: u32,
    /// When nothing of the fault was left.
    pub recovered: Option<Instant>,
    /// When every agent that went down had answered a request again; equals `recovered` where none went down.
    pub verified: Option<Instant>,
    /// When the service was restored for what the fault struck, by ground truth alone: the first instant, not before the detection (the
    /// beginning of the fault, if nobody noticed), from which on for a second (a) every agent that it took down or left stuck is ready on some host that
    /// works, and (b) at most one in a hundred attempts on struck agents fails, or none is sent to them: callers may leave them out. Attempts that the network
    /// lost count against faults of the network alone ([`HarmRow::lost`]). Attempts that reach
    /// nobody count where all agents of their service are struck. Failures are counted in tenths of a second. `None` where that does not
    /// happen before the run ends.
    pub restored: Option<Instant>,
    /// Whether capacity remained when the fault was noticed: some host that worked had memory for the largest agent that was down.
    pub possible: bool,
    /// When, at the first notice or later, the state of the last of the agents that were down came within reach: its own host worked again, or as many of the
    /// hosts that keep its state as a start elsewhere has to ask (a quorum, where acknowledgements wait for one). `None`: of some it never did.
    pub reachable: Option<Instant>,
    /// What the stack did about struck agents from the beginning of the fault until service was restored and every agent served again.
    pub recoveries: Vec<Recovery>,
}

impl Incident {
    /// From when the fault began to show to the first notice; zero if it was noticed before, `None` if it never showed or was never noticed.
    pub fn detection_time(&self) -> Option<Duration> {
        Some(self.detected?.saturating_since(self.shown?))
    }

    /// From the moment from which recovery was possible (the end of a lasting fault, the beginning of one that strikes in an
    /// instant) until nothing was left of it.
    pub fn recovery_time(&self) -> Option<Duration> {
        self.recovered.map(|recovered| recovered.saturating_since(self.end.unwrap_or(self.start).max(self.start)))
    }

    /// From the first notice until service was restored; where the state of what was down was out of reach then, from when it was back
    /// ([`Incident::reachable`]).
    pub fn service_recovery(&self) -> Option<Duration> {
        Some(self.restored?.saturating_since(self.since()?))
    }

    /// How long service had not been restored when the run ended at `end`, if it could have been.
    pub fn service_missed(&self, end: Instant) -> Option<Duration> {
        let missed = self.restored.is_none() && self.possible;
        self.since().filter(|_| missed).map(|since| end.saturating_since(since))
    }

    /// From when on service could be restored: the first notice, where state was within reach or service was restored without.
    fn since(&self) -> Option<Instant> {
        let detected = self.detected?;
        let reachable = self.reachable.filter(|reachable| self.restored.is_none_or(|restored| *reachable <= restored));
        Some(reachable.map_or(detected, |reachable| detected.max(reachable)))
    }

    /// Whether the first action on each agent that was treated was verified, by the stack and by ground truth; `None` if nothing was done.
    pub fn first_attempt(&self) -> Option<bool> {
        let mut treated: Vec<AgentId> = self.recoveries.iter().map(|recovery| recovery.agent).collect();
        treated.sort_unstable();
        treated.dedup();
        let first = |agent: &AgentId| self.recoveries.iter().find(|recovery| recovery.agent == *agent);
        (!treated.is_empty()).then(|| treated.iter().filter_map(first).all(Recovery::succeeded))
    }

    /// What was done, each rung once in the order of its first use; `None` if nothing was.
    pub fn rungs(&self) -> Option<String> {
        let mut rungs: Vec<&str> = Vec::new();
        for recovery in &self.recoveries {
            add(&mut rungs, recovery.rung.name());
        }
        (!rungs.is_empty()).then(|| rungs.join(" > "))
    }

    /// From the beginning of the fault until nothing was left of it.
    pub fn outage(&self) -> Option<Duration> {
        self.recovered.map(|recovered| recovered - self.start)
    }
}

/// What is true at a row of the trace.
struct Truth<'a> {
    places: &'a Placement,
    down: Down,
}

/// From what incidents are joined.
pub(crate) struct Evidence<'a> {
    pub(crate) seed: Seed,
    pub(crate) scenario: &'a Scenario,
    pub(crate) schedule: &'a Schedule,
    pub(crate) places: &'a Placement,
    pub(crate) trace: &'a [TraceRow],
    pub(crate) harm: &'a [HarmRow],
    /// Processes that poison ended.
    pub(crate) kills: &'a [Kill],
    /// What disks had to do while faults struck them.
    pub(crate) hindered: &'a [Hindered],
    pub(crate) timeline: &'a Timeline,
    pub(crate) recoveries: &'a [Recovery],
    /// How the state of agents is kept.
    pub(crate) persistence: &'a StateConfiguration,
}

/// Joins every fault of the schedule.
pub(crate) fn join(evidence: &Evidence<'_>) -> Vec<Incident> {
    let Evidence { scenario, schedule, places, trace, .. } = *evidence;
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut closed: Vec<Incident> = Vec::new();
    let mut truth = Truth { places, down: Down::default() };
    for row in trace {
        if let TraceKind::FaultBegan(id) = row.kind {
            open.push(Open::new(&schedule.faults[id.0 as usize], scenario, places, &truth.down, row.seq));
            continue;
        }
        truth.down.read(row);
        for incident in &mut open {
            incident.read(row, &truth);
        }
        let mut position = 0;
        while position < open.len() {
            if open[position].listens(row.at) {
                position += 1;
            } else {
                closed.push(open.swap_remove(position).incident);
            }
        }
    }
    for mut open in open {
        open.close(open.incident.start);
        closed.push(open.incident);
    }
    closed.sort_by_key(|incident| incident.fault);
    for incident in &mut closed {
        incident.shown = shown::shown(incident, &schedule.faults[incident.fault.0 as usize], evidence);
        incident.restored = restored::restored(incident, evidence);
        incident.possible = restored::possible(incident, evidence);
        incident.reachable = restored::reachable(incident, evidence);
        let until = match (incident.restored, incident.verified) {
            (Some(restored), Some(verified)) => restored.max(verified),
            (Some(_), None) | (None, _) => Instant::MAX,
        };
        let mine = |recovery: &&Recovery| {
            incident.struck.contains(&recovery.agent) && recovery.start >= incident.start && recovery.start <= until
        };
        incident.recoveries = evidence.recoveries.iter().filter(mine).copied().collect();
    }
    closed
}

/// Hosts and agents that are down, whatever did it.
#[derive(Default)]
struct Down {
    nodes: Vec<NodeId>,
    paused: Vec<NodeId>,
    agents: Vec<AgentId>,
    /// Processes that take requests.
    ready: Vec<(AgentId, NodeId)>,
    /// Where agents that have been started were started last.
    homes: Vec<(AgentId, NodeId)>,
    /// Who suspects which host.
    suspected: Vec<(NodeId, NodeId)>,
}

impl Down {
    /// Whether some process of the agent takes requests.
    fn is_ready(&self, agent: AgentId) -> bool {
        self.ready.iter().any(|(known, _)| *known == agent)
    }

    /// Where the agent lives.
    fn home(&self, agent: AgentId, places: &Placement) -> NodeId {
        // A stand-in that starts, or was dismissed, does not make a home of its host while another process serves.
        let ready = self.ready.iter().rev().find(|(known, _)| *known == agent);
        let home = ready.or_else(|| self.homes.iter().find(|(known, _)| *known == agent));
        home.map_or(places.agents[agent.index()].node, |(_, node)| *node)
    }

    fn read(&mut self, row: &TraceRow) {
        match row.kind {
            TraceKind::AgentStarting { agent, node } => {
                self.homes.retain(|(known, _)| *known != agent);
                self.homes.push((agent, node));
            }
            TraceKind::NodeDown(node) => {
                add(&mut self.nodes, node);
                // What it believed is gone with it.
                self.suspected.retain(|(by, _)| *by != node);
            }
            TraceKind::Stack { node, record: Record::Suspected(peer), .. } => add(&mut self.suspected, (node, peer)),
            TraceKind::Stack { node, record: Record::Trusted(peer), .. } => remove(&mut self.suspected, (node, peer)),
            TraceKind::NodeUp(node) => remove(&mut self.nodes, node),
            TraceKind::AgentDown { agent, node, .. } => {
                remove(&mut self.ready, (agent, node));
                if !self.is_ready(agent) {
                    add(&mut self.agents, agent);
                }
            }
            TraceKind::AgentReady { agent, node } => {
                add(&mut self.ready, (agent, node));
                remove(&mut self.agents, agent);
            }
            TraceKind::NodePaused(node) => add(&mut self.paused, node),
            TraceKind::NodeResumed(node) => remove(&mut self.paused, node),
            TraceKind::FaultBegan(_)
            | TraceKind::FaultEnded(_)
            | TraceKind::AgentServed { .. }
            | TraceKind::StateRebuilt { .. }
            | TraceKind::Stack { .. }
            | TraceKind::Sent { .. }
            | TraceKind::Received { .. }
            | TraceKind::Attempt { .. } => {}
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

#[cfg(test)]
mod tests;
