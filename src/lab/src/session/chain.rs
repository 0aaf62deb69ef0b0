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

/// The steps of an incident, in the order of the trace.
pub fn chain(chronicle: &Chronicle, episode: &Episode) -> Vec<Step> {
    let trace = &chronicle.trace;
    let first = trace.partition_point(|row| row.at < episode.start);
    let ends = [episode.end, episode.recovered, episode.restored, episode.verified];
    let until = if ends.contains(&None) { Instant::MAX } else { ends.into_iter().flatten().max().unwrap_or(Instant::MAX) };
    let mut noticed = false;
    let mut steps = Vec::new();
    for (offset, row) in trace[first..].iter().enumerate() {
        if row.at > until || steps.len() >= STEPS_MAX {
            break;
        }
        let here = |link, node, agent| Some(Step { link, at: row.at, row: first + offset, node, agent });
        let step = match row.kind {
            TraceKind::FaultBegan(fault) if fault == episode.fault => here(Link::Fault, None, None),
            TraceKind::FaultEnded(fault) if fault == episode.fault => here(Link::End, None, None),
            TraceKind::AgentServed { agent, node } if episode.agents.contains(&agent) => {
                here(Link::Served, Some(node), Some(agent))
            }
            TraceKind::Stack { node, record, .. } => match record {
                Record::RecoveryStarted { agent, .. } if episode.agents.contains(&agent) => {
                    here(Link::Action, Some(node), Some(agent))
                }
                Record::RecoveryVerified { agent, .. } if episode.agents.contains(&agent) => {
                    here(Link::Verified, Some(node), Some(agent))
                }
                Record::RecoveryFailed { agent, .. } if episode.agents.contains(&agent) => {
                    here(Link::Failed, Some(node), Some(agent))
                }
                record if !noticed && is_notice(row, node, record, episode) => {
                    noticed = true;
                    here(Link::Notice, Some(node), None)
                }
                _ => None,
            },
            _ => None,
        };
        steps.extend(step);
    }
    steps
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
        let steps = chain(&chronicle, &chronicle.episodes[1]);
        let links: Vec<Link> = steps.iter().map(|step| step.link).collect();
        let place = |link| links.iter().position(|known| *known == link).unwrap_or_else(|| panic!("{link:?} in {links:?}"));
        assert!(place(Link::Fault) < place(Link::Notice), "{links:?}");
        assert!(place(Link::Notice) < place(Link::Action), "{links:?}");
        assert!(place(Link::Action) < place(Link::Verified), "{links:?}");
        assert!(links.contains(&Link::Served), "{links:?}");
    }
}
