//! What was true at an instant, read off the rows of the trace up to there.

use hms_machine::{AgentId, BreakerState, Cause, Instant, NodeId, Record, Rung, ServiceId};
use hms_sim::faults::FaultId;
use hms_trial::{TraceKind, TraceRow};

/// What a host does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// It is off, or boots.
    #[default]
    Down,
    /// It runs.
    Up,
    /// It is up and nothing on it runs.
    Paused,
}

/// What the process of an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProcessState {
    /// It has been started and does not take requests yet.
    Starting,
    /// It takes requests.
    Ready,
    /// It has ended.
    Down,
}

/// The state of a cluster, and what its nodes have said and not taken back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Of each node; edges are always up.
    pub nodes: Vec<NodeState>,
    /// Processes: agent, where, and how it is. An agent that was moved has several.
    pub processes: Vec<(AgentId, NodeId, ProcessState)>,
    /// Faults that act.
    pub faults: Vec<FaultId>,
    /// Who suspects whom, and whether that was right when it began.
    pub suspicions: Vec<(NodeId, NodeId, bool)>,
    /// Nodes that lead.
    pub leaders: Vec<NodeId>,
    /// Breakers that are not closed: whose, of which service and agent.
    pub breakers: Vec<(NodeId, ServiceId, Option<AgentId>, BreakerState)>,
    /// Recovery actions under way: on whom, what, and against what.
    pub recoveries: Vec<(AgentId, Rung, Cause)>,
    /// Nodes that are said to be unwell, and why.
    pub unwell: Vec<(NodeId, Cause)>,
    /// Rows read.
    pub rows: usize,
}

impl Truth {
    /// Before anything has happened, on a cluster of `hosts` hosts and `edges` edges.
    pub fn new(hosts: usize, edges: usize) -> Truth {
        let mut nodes = vec![NodeState::Down; hosts];
        nodes.resize(hosts + edges, NodeState::Up);
        Truth { nodes, ..Truth::default() }
    }

    /// Takes in the next row.
    pub fn read(&mut self, row: &TraceRow) {
        self.rows += 1;
        match row.kind {
            TraceKind::FaultBegan(fault) => add(&mut self.faults, fault),
            TraceKind::FaultEnded(fault) => self.faults.retain(|known| *known != fault),
            TraceKind::NodeDown(node) => self.node_down(node),
            TraceKind::NodeUp(node) | TraceKind::NodeResumed(node) => self.nodes[node.index()] = NodeState::Up,
            TraceKind::NodePaused(node) => self.nodes[node.index()] = NodeState::Paused,
            TraceKind::AgentDown { agent, node, .. } => self.process(agent, node, ProcessState::Down),
            TraceKind::AgentStarting { agent, node } => self.process(agent, node, ProcessState::Starting),
            TraceKind::AgentReady { agent, node } => self.process(agent, node, ProcessState::Ready),
            TraceKind::Stack { node, record, justified } => self.said(node, record, justified),
            TraceKind::AgentServed { .. }
            | TraceKind::StateRebuilt { .. }
            | TraceKind::Sent { .. }
            | TraceKind::Received { .. }
            | TraceKind::Attempt { .. } => {}
        }
    }

    fn node_down(&mut self, node: NodeId) {
        self.nodes[node.index()] = NodeState::Down;
        // What a dead node believed is gone with it.
        self.suspicions.retain(|(by, ..)| *by != node);
        self.leaders.retain(|leader| *leader != node);
        self.breakers.retain(|(by, ..)| *by != node);
        self.unwell.retain(|(known, _)| *known != node);
    }

    fn process(&mut self, agent: AgentId, node: NodeId, state: ProcessState) {
        match self.processes.iter_mut().find(|(known, place, _)| *known == agent && *place == node) {
            Some(process) => process.2 = state,
            None => self.processes.push((agent, node, state)),
        }
    }

    fn said(&mut self, node: NodeId, record: Record, justified: bool) {
        match record {
            Record::Suspected(peer) => {
                self.suspicions.retain(|(by, of, _)| (*by, *of) != (node, peer));
                self.suspicions.push((node, peer, justified));
            }
            Record::Trusted(peer) => self.suspicions.retain(|(by, of, _)| (*by, *of) != (node, peer)),
            Record::LeadershipTaken => add(&mut self.leaders, node),
            Record::LeadershipLost => self.leaders.retain(|leader| *leader != node),
            Record::Breaker { service, agent, state } => {
                self.breakers.retain(|known| (known.0, known.1, known.2) != (node, service, agent));
                if state != BreakerState::Closed {
                    self.breakers.push((node, service, agent, state));
                }
            }
            Record::RecoveryStarted { agent, rung, cause, .. } => {
                self.recoveries.retain(|(known, ..)| *known != agent);
                self.recoveries.push((agent, rung, cause));
            }
            Record::RecoveryVerified { agent, .. } | Record::RecoveryFailed { agent, .. } | Record::RecoveryWithdrawn(agent) => {
                self.recoveries.retain(|(known, ..)| *known != agent);
            }
            Record::NodeDegraded { node: of, cause } => {
                self.unwell.retain(|(known, _)| *known != of);
                self.unwell.push((of, cause));
            }
            Record::NodeHealthy(of) => self.unwell.retain(|(known, _)| *known != of),
            Record::AgentFailed { .. }
            | Record::AgentDegraded { .. }
            | Record::AgentHealthy(_)
            | Record::RecoveryHeld(_)
            | Record::Moved { .. }
            | Record::Ejected(_)
            | Record::Readmitted(_)
            | Record::Quarantined { .. }
            | Record::Whole { .. }
            | Record::Alerted { .. } => {}
        }
    }

    /// Agents that take requests, on whichever host.
    pub fn agents_ready(&self) -> usize {
        let mut ready: Vec<AgentId> =
            self.processes.iter().filter(|(.., state)| *state == ProcessState::Ready).map(|(agent, ..)| *agent).collect();
        ready.sort_unstable();
        ready.dedup();
        ready.len()
    }
}

fn add<T: PartialEq>(set: &mut Vec<T>, item: T) {
    if !set.contains(&item) {
        set.push(item);
    }
}

/// Rows between two kept states: reading that many takes well under a millisecond.
const ROWS_BETWEEN: usize = 4_096;

/// States of a cluster along a trace, so that any instant is found without reading the trace from its beginning.
#[derive(Clone, Debug)]
pub struct TruthIndex {
    kept: Vec<Truth>,
}

impl TruthIndex {
    /// Reads a trace once.
    pub fn new(hosts: usize, edges: usize, trace: &[TraceRow]) -> TruthIndex {
        let mut truth = Truth::new(hosts, edges);
        let mut kept = vec![truth.clone()];
        for row in trace {
            truth.read(row);
            if truth.rows.is_multiple_of(ROWS_BETWEEN) {
                kept.push(truth.clone());
            }
        }
        TruthIndex { kept }
    }

    /// What was true at the end of `instant`. `trace` is the one that was indexed.
    pub fn at(&self, trace: &[TraceRow], instant: Instant) -> Truth {
        self.after(trace, trace.partition_point(|row| row.at <= instant))
    }

    /// What was true after the first `rows` rows.
    pub fn after(&self, trace: &[TraceRow], rows: usize) -> Truth {
        let mut truth = self.kept[(rows / ROWS_BETWEEN).min(self.kept.len() - 1)].clone();
        for row in &trace[truth.rows.min(rows)..rows.min(trace.len())] {
            truth.read(row);
        }
        truth
    }
}

#[cfg(test)]
mod tests {
    use hms_trial::Detail;

    use super::*;
    use crate::fixture;

    #[test]
    fn the_index_gives_what_reading_from_the_beginning_gives() {
        let inputs = fixture::inputs_with(fixture::SCENARIO, Vec::new(), 1, Detail::Full);
        let trace = fixture::run(&inputs).recorder.trace;
        let index = TruthIndex::new(3, 1, &trace);
        let mut truth = Truth::new(3, 1);
        for (position, row) in trace.iter().enumerate() {
            if position % 1_999 == 0 {
                assert_eq!(index.after(&trace, position), truth, "{position}");
            }
            truth.read(row);
        }
        assert_eq!(index.at(&trace, Instant::MAX), truth);
    }

    #[test]
    fn a_partition_shows_in_faults_and_suspicions_and_goes() {
        let inputs = fixture::inputs(1);
        let trace = fixture::run(&inputs).recorder.trace;
        let index = TruthIndex::new(3, 1, &trace);
        let at = |secs: u64| index.at(&trace, Instant::from_nanos(secs * 1_000_000_000));
        let during = at(8);
        assert_eq!(during.faults, [FaultId(0)]);
        assert!(during.suspicions.iter().any(|(by, of, right)| *by == NodeId(1) && *of == NodeId(0) && *right), "{during:?}");
        assert_eq!(at(18).faults, []);
        assert_eq!(at(18).suspicions, []);
        assert_eq!(at(5).nodes[..3], [NodeState::Up; 3]);
    }
}
