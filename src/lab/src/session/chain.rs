//! The chain of one incident: fault, first notice, what was done, and what proved it, each with its row of the trace.

use hms_machine::{AgentId, Instant, NodeId, Record};
use hms_trial::{TraceKind, TraceRow};

use super::chronicle::{Chronicle, Episode};

/// What a step of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// The fault begins.
    Fault,
    /// A node notices it first.
    Notice,
    /// The stack does something about an agent that it struck.
    Action,
    /// The stack holds an action to have helped.
    Verified,
    /// An action did not help.
    Failed,
    /// An agent that it took down answers requests again: the ground truth of recovery.
    Served,
    /// The fault ends.
    End,
}

/// A step of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub link: Link,
    /// When.
    pub at: Instant,
    /// Its row of the trace.
    pub row: usize,
    /// The node that acts or says so.
    pub node: Option<NodeId>,
    /// The agent that it is about.
    pub agent: Option<AgentId>,
}

/// At most so many steps of an incident are told: a zone that fails has hundreds.
const STEPS_MAX: usize = 200;

/// Where the rows of a trace are that a chain may hold, so that no chain is looked for in the whole of it.
#[derive(Clone, Debug, Default)]
pub struct ChainIndex {
    /// Of each fault: its beginning and its end.
    faults: Vec<Vec<usize>>,
    /// Of each agent: what was done about it, and what came of that.
    agents: Vec<Vec<usize>>,
}

impl ChainIndex {
    /// Reads a trace once.
    pub fn new(chronicle: &Chronicle) -> ChainIndex {
        let mut index = ChainIndex {
            faults: vec![Vec::new(); chronicle.schedule.faults.len()],
            agents: vec![Vec::new(); chronicle.places.agents.len()],
        };
        for (row, what) in chronicle.trace.iter().enumerate() {
            let (rows, place) = match what.kind {
                TraceKind::FaultBegan(fault) | TraceKind::FaultEnded(fault) => (&mut index.faults, fault.index()),
                kind => match about(kind) {
                    Some((_, _, agent)) => (&mut index.agents, agent.index()),
                    None => continue,
                },
            };
            rows.get_mut(place).into_iter().for_each(|rows| rows.push(row));
        }
        index
    }

    /// The steps of an incident, in the order of the trace; the first few hundred. Takes time in proportion to them.
    pub fn chain(&self, chronicle: &Chronicle, episode: &Episode) -> Vec<Step> {
        let trace = &chronicle.trace;
        let first = trace.partition_point(|row| row.at < episode.start);
        let ends = [episode.end, episode.recovered, episode.restored, episode.verified];
        let until = if ends.contains(&None) { Instant::MAX } else { ends.into_iter().flatten().max().unwrap_or(Instant::MAX) };
        let mut rows: Vec<usize> = notice(trace, episode).into_iter().collect();
        let agents = episode.agents.iter().filter_map(|agent| self.agents.get(agent.index()));
        for known in self.faults.get(episode.fault.index()).into_iter().chain(agents) {
            let begin = known.partition_point(|row| *row < first);
            rows.extend(known[begin..].iter().take_while(|row| trace[**row].at <= until).take(STEPS_MAX));
        }
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().filter_map(|row| step(&trace[row], row)).take(STEPS_MAX).collect()
    }
}

/// What a row says about an agent, as far as a chain holds it: which link, who says so, and whom it is about.
fn about(kind: TraceKind) -> Option<(Link, NodeId, AgentId)> {
    match kind {
        TraceKind::AgentServed { agent, node } => Some((Link::Served, node, agent)),
        TraceKind::Stack { node, record, .. } => match record {
            Record::RecoveryStarted { agent, .. } => Some((Link::Action, node, agent)),
            Record::RecoveryVerified { agent, .. } => Some((Link::Verified, node, agent)),
            Record::RecoveryFailed { agent, .. } => Some((Link::Failed, node, agent)),
            _ => None,
        },
        _ => None,
    }
}

fn step(row: &TraceRow, place: usize) -> Option<Step> {
    let (link, node, agent) = match row.kind {
        TraceKind::FaultBegan(_) => (Link::Fault, None, None),
        TraceKind::FaultEnded(_) => (Link::End, None, None),
        kind => match (about(kind), kind) {
            (Some((link, node, agent)), _) => (link, Some(node), Some(agent)),
            (None, TraceKind::Stack { node, .. }) => (Link::Notice, Some(node), None),
            (None, _) => return None,
        },
    };
    Some(Step { link, at: row.at, row: place, node, agent })
}

/// The row of the first notice.
fn notice(trace: &[TraceRow], episode: &Episode) -> Option<usize> {
    let detected = episode.detected?;
    let first = trace.partition_point(|row| row.at < detected);
    let here = trace[first..].iter().take_while(|row| row.at == detected);
    let said = |row: &TraceRow| match row.kind {
        TraceKind::Stack { node, record, .. } => is_notice(row, node, record, episode),
        _ => false,
    };
    here.enumerate().find(|(_, row)| said(row)).map(|(offset, _)| first + offset)
}

/// Whether a row is the first notice that the incident was joined with.
fn is_notice(row: &TraceRow, node: NodeId, record: Record, episode: &Episode) -> bool {
    let name = match record {
        Record::Suspected(_) => "suspected",
        Record::AgentFailed { .. } => "failed",
        Record::AgentDegraded { .. } => "degraded",
        Record::NodeDegraded { .. } => "node degraded",
        Record::Ejected(_) => "ejected",
        Record::Breaker { .. } => "breaker",
        _ => return false,
    };
    Some(row.at) == episode.detected && Some(node) == episode.detector && episode.notice.as_deref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_crash_is_told_from_the_fault_to_its_verification() {
        let inputs = fixture::inputs(1);
        let chronicle = Chronicle::of(&inputs, fixture::run(&inputs));
        let steps = ChainIndex::new(&chronicle).chain(&chronicle, &chronicle.episodes[1]);
        let links: Vec<Link> = steps.iter().map(|step| step.link).collect();
        let place = |link| links.iter().position(|known| *known == link).unwrap_or_else(|| panic!("{link:?} in {links:?}"));
        assert!(place(Link::Fault) < place(Link::Notice), "{links:?}");
        assert!(place(Link::Notice) < place(Link::Action), "{links:?}");
        assert!(place(Link::Action) < place(Link::Verified), "{links:?}");
        assert!(links.contains(&Link::Served), "{links:?}");
        assert!(steps.windows(2).all(|pair| pair[0].row < pair[1].row), "in the order of the trace");
        assert_eq!(links.iter().filter(|link| **link == Link::Notice).count(), 1);
    }

    #[test]
    fn an_incident_that_never_ended_has_the_first_steps_of_its_agents_and_none_of_others() {
        let inputs = fixture::inputs(1);
        let chronicle = Chronicle::of(&inputs, fixture::run(&inputs));
        let index = ChainIndex::new(&chronicle);
        let crash = &chronicle.episodes[1];
        let lasting = Episode { end: None, recovered: None, restored: None, verified: None, ..crash.clone() };
        let (short, long) = (index.chain(&chronicle, crash), index.chain(&chronicle, &lasting));
        assert!(long.len() >= short.len() && long[..short.len()] == short[..], "{short:?} {long:?}");
        assert!(long.iter().filter_map(|step| step.agent).all(|agent| crash.agents.contains(&agent)));
        let unnoticed = Episode { detected: None, ..lasting };
        assert!(index.chain(&chronicle, &unnoticed).iter().all(|step| step.link != Link::Notice));
    }
}
