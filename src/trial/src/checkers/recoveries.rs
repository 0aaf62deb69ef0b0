//! What the stack did about agents, and whether it helped.
//!
//! A recovery is one action: from `RecoveryStarted` until the stack says that it was verified or had failed, or begins the next action on
//! the same agent. It has succeeded when the stack has verified it **and** ground truth agrees: the agent has answered a request of a caller since.
//! Actions on one agent whose `attempt` counts up from 1 are about one trouble; it was settled at the first attempt if the first action
//! succeeded. A move that a node asks for and the move that the leader orders are one action. An order that is taken back because the agent
//! works was no action: nothing was done.

use std::collections::BTreeSet;

use hms_machine::{AgentId, Cause, Duration, Instant, NodeId, Record, Rung};
use hms_sim::world::{HarmRow, TraceKind, TraceRow};

use crate::statistics::{quantile, ratio};

/// One action on one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The agent.
    pub agent: AgentId,
    /// Who began it.
    pub by: NodeId,
    /// When.
    pub start: Instant,
    /// What was done.
    pub rung: Rung,
    /// Against what.
    pub cause: Cause,
    /// Which attempt it was in its trouble, from 1.
    pub attempt: u32,
    /// When the stack held it to have helped.
    pub verified: Option<Instant>,
    /// When the stack held it to have failed, or began the next one.
    pub failed: Option<Instant>,
    /// Ground truth: when the agent first answered a request afterwards.
    pub served: Option<Instant>,
}

impl Recovery {
    /// Verified by the stack, and by ground truth.
    pub fn succeeded(&self) -> bool {
        self.verified.is_some() && self.served.is_some()
    }

    /// From its beginning until the stack had verified it.
    pub fn duration(&self) -> Option<Duration> {
        self.verified.map(|verified| verified - self.start)
    }
}

/// Reads all actions off a trace, in the order of their beginning.
pub fn collect(trace: &[TraceRow]) -> Vec<Recovery> {
    let mut all: Vec<Recovery> = Vec::new();
    // Agents whose open move the leader has ordered as well.
    let mut ordered: BTreeSet<AgentId> = BTreeSet::new();
    for row in trace {
        match row.kind {
            TraceKind::Stack { node, record: Record::RecoveryStarted { agent, rung, cause, attempt }, .. } => {
                let open = last(&mut all, agent).filter(|open| open.verified.is_none());
                if let Some(open) = open {
                    // A node decides that its agent must leave, and the leader says where to: one action. One that it orders because a host died is another.
                    let lost = matches!(cause, Cause::NodeDown | Cause::ZoneDown);
                    let asked = open.failed.is_none() && (open.rung, rung) == (Rung::Relocate, Rung::Relocate);
                    if asked && !lost && ordered.insert(agent) {
                        continue;
                    }
                    open.failed = open.failed.or(Some(row.at));
                }
                ordered.remove(&agent);
                let start = row.at;
                all.push(Recovery { agent, by: node, start, rung, cause, attempt, verified: None, failed: None, served: None });
            }
            TraceKind::Stack { record: Record::RecoveryVerified { agent, .. }, .. } => {
                if let Some(open) = last(&mut all, agent).filter(|open| open.failed.is_none()) {
                    open.verified = open.verified.or(Some(row.at));
                }
            }
            TraceKind::Stack { record: Record::RecoveryWithdrawn(agent), .. } => {
                let open = all.iter().rposition(|recovery| recovery.agent == agent);
                if let Some(open) = open.filter(|open| all[*open].verified.is_none() && all[*open].failed.is_none()) {
                    all.remove(open);
                }
            }
            TraceKind::Stack { record: Record::RecoveryFailed { agent, .. }, .. } => {
                if let Some(open) = last(&mut all, agent).filter(|open| open.verified.is_none()) {
                    open.failed = open.failed.or(Some(row.at));
                }
            }
            TraceKind::AgentServed { agent, .. } => {
                if let Some(open) = last(&mut all, agent) {
                    open.served = open.served.or(Some(row.at));
                }
            }
            _ => {}
        }
    }
    all
}

/// When agents that were left alone ([`Rung::Retry`]) answered again: their processes go on, so no row of the trace tells of a first answer.
pub(crate) fn note_answers(all: &mut [Recovery], harm: &[HarmRow]) {
    for recovery in all.iter_mut().filter(|recovery| recovery.rung == Rung::Retry && recovery.served.is_none()) {
        let answered = |row: &&HarmRow| row.agent == Some(recovery.agent) && row.well > 0 && row.begins() >= recovery.start;
        recovery.served = harm.iter().filter(answered).map(HarmRow::begins).min();
    }
}

fn last(all: &mut [Recovery], agent: AgentId) -> Option<&mut Recovery> {
    all.iter_mut().rev().find(|recovery| recovery.agent == agent)
}

/// Actions of one rung, or against one cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group<K> {
    /// Which.
    pub of: K,
    /// Actions begun.
    pub started: usize,
    /// Of those, the ones that succeeded.
    pub succeeded: usize,
    /// Median time from the beginning to the stack's verification, s; `None` if none was verified.
    pub duration_p50: Option<f64>,
    /// 95th percentile of it.
    pub duration_p95: Option<f64>,
}

/// What came of all actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Recoveries {
    /// By rung, mildest first; rungs that were not used are left out.
    pub by_rung: Vec<Group<Rung>>,
    /// By cause; causes that did not occur are left out.
    pub by_cause: Vec<Group<Cause>>,
    /// Actions.
    pub started: usize,
    /// Actions that succeeded / actions.
    pub verified: Option<f64>,
    /// Troubles: sequences of actions on one agent.
    pub troubles: usize,
    /// Troubles settled at the first attempt / troubles.
    pub first_attempt: Option<f64>,
}

/// Reads the figures off the actions. One that the end of the run left undecided counts as not succeeded.
pub(crate) fn check(all: &[Recovery]) -> Recoveries {
    let succeeded = all.iter().filter(|recovery| recovery.succeeded()).count();
    let first = || all.iter().filter(|recovery| recovery.attempt <= 1);
    let at_once = first().filter(|recovery| recovery.succeeded()).count();
    Recoveries {
        by_rung: groups(&Rung::ALL, all, |recovery| recovery.rung),
        by_cause: groups(&Cause::ALL, all, |recovery| recovery.cause),
        started: all.len(),
        verified: ratio(succeeded as f64, all.len() as f64),
        troubles: first().count(),
        first_attempt: ratio(at_once as f64, first().count() as f64),
    }
}

fn groups<K: Copy + PartialEq>(keys: &[K], all: &[Recovery], key: impl Fn(&Recovery) -> K) -> Vec<Group<K>> {
    let group = |of: &K| {
        let mine: Vec<&Recovery> = all.iter().filter(|recovery| key(recovery) == *of).collect();
        let mut times: Vec<f64> = mine.iter().filter_map(|recovery| recovery.duration()).map(Duration::as_secs_f64).collect();
        Group {
            of: *of,
            started: mine.len(),
            succeeded: mine.iter().filter(|recovery| recovery.succeeded()).count(),
            duration_p50: quantile(&mut times, 0.5),
            duration_p95: quantile(&mut times, 0.95),
        }
    };
    keys.iter().map(group).filter(|group| group.started > 0).collect()
}

#[cfg(test)]
mod tests {
    use hms_sim::world::Harm;

    use super::*;
    use crate::fixture::{attempts, said, served, started, verified};

    #[test]
    fn a_recovery_that_is_verified_and_serves_has_succeeded_at_the_first_attempt() {
        let all = collect(&[started(10, 0, Rung::Restart, 1), served(11, 0), verified(12, 0, Rung::Restart, 1)]);
        let found = check(&all);
        assert_eq!((found.started, found.verified, found.first_attempt), (1, Some(1.0), Some(1.0)));
        assert_eq!(found.by_rung[0].duration_p50, Some(2.0));
        assert_eq!((found.by_rung.len(), found.by_cause[0].of), (1, Cause::Crash));
    }

    #[test]
    fn what_the_stack_believes_without_a_request_answered_is_no_success() {
        let all = collect(&[started(10, 0, Rung::Restart, 1), verified(12, 0, Rung::Restart, 1)]);
        assert_eq!(check(&all).verified, Some(0.0));
        assert_eq!(check(&all).first_attempt, Some(0.0));
    }

    #[test]
    fn a_trouble_that_needs_a_second_attempt_was_not_settled_at_the_first() {
        let failed = said(13, 0, Record::RecoveryFailed { agent: AgentId(0), rung: Rung::Restart });
        let second = [started(14, 0, Rung::Restore, 2), served(15, 0), verified(16, 0, Rung::Restore, 2)];
        let all = collect(&[vec![started(10, 0, Rung::Restart, 1), failed], second.to_vec()].concat());
        let found = check(&all);
        assert_eq!((found.started, found.troubles, found.first_attempt, found.verified), (2, 1, Some(0.0), Some(0.5)));
        assert_eq!(found.by_rung.iter().map(|group| group.succeeded).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn an_agent_that_was_left_alone_has_served_once_it_answers_and_not_before() {
        let trace = [started(10, 0, Rung::Retry, 1), verified(12, 0, Rung::Retry, 1)];
        let found = |from: u64| {
            let mut harm = Harm::default();
            attempts(&mut harm, from, from + 1, 0, 1, 1);
            let mut all = collect(&trace);
            note_answers(&mut all, &harm.rows());
            check(&all).first_attempt
        };
        assert_eq!((found(8), found(11)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn an_order_that_is_taken_back_was_no_action() {
        let withdrawn = said(11, 0, Record::RecoveryWithdrawn(AgentId(0)));
        let all = collect(&[started(10, 0, Rung::Relocate, 1), withdrawn, started(14, 0, Rung::Restart, 1)]);
        assert_eq!(all.iter().map(|recovery| recovery.rung).collect::<Vec<_>>(), [Rung::Restart]);
    }

    #[test]
    fn a_move_that_is_asked_for_and_ordered_is_one_action() {
        let all = collect(&[started(10, 0, Rung::Relocate, 1), started(11, 0, Rung::Relocate, 1), served(13, 0)]);
        assert_eq!((all.len(), all[0].failed, all[0].served.is_some()), (1, None, true));
        let failed = said(12, 0, Record::RecoveryFailed { agent: AgentId(0), rung: Rung::Relocate });
        let again = collect(&[started(10, 0, Rung::Relocate, 1), failed, started(14, 0, Rung::Relocate, 1)]);
        assert_eq!(again.len(), 2);
    }

    #[test]
    fn a_move_that_is_ordered_because_the_target_died_is_another_one_and_so_is_a_third() {
        let lost =
            said(12, 0, Record::RecoveryStarted { agent: AgentId(0), rung: Rung::Relocate, cause: Cause::NodeDown, attempt: 1 });
        let all = collect(&[started(10, 0, Rung::Relocate, 1), lost, served(14, 0)]);
        assert_eq!((all.len(), all[0].failed), (2, Some(all[1].start)));
        let moves = [10, 11, 12].map(|at| started(at, 0, Rung::Relocate, 1));
        assert_eq!(collect(&moves).len(), 2);
    }

    #[test]
    fn a_new_action_ends_the_one_before_it() {
        let all =
            collect(&[started(10, 0, Rung::Restart, 1), started(14, 0, Rung::Restart, 2), verified(15, 0, Rung::Restart, 2)]);
        assert_eq!((all[0].failed, all[0].verified), (Some(all[1].start), None));
    }
}
