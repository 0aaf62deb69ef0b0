//! What a node does about what its checks have found.

use hms_machine::Cause;

use super::examination::Finding;
use super::message::StackMessage;
use super::recovery::Outcome;
use super::{Cx, Node};

impl Node {
    /// What checks have found of the node's own agents and of itself.
    pub(super) fn act_on(&mut self, findings: Vec<Finding>, cx: &mut Cx<'_>) {
        for finding in findings {
            let outcomes = match finding {
                // What a restart does not help against.
                Finding::Ails(_, Cause::Latency | Cause::Queue | Cause::Clock) => Vec::new(),
                Finding::Ails(agent, cause) => {
                    self.with_situation(|recovery, situation| recovery.ails(agent, cause, situation, cx))
                }
                Finding::Well(agent) => {
                    self.with_situation(|recovery, situation| recovery.is_well(agent, situation, cx));
                    Vec::new()
                }
                Finding::Node => self.host_ails(cx),
            };
            self.follow(outcomes, cx);
        }
        self.say(cx);
    }

    /// The host itself is not well, or is well again. Callers leave it out; only agents whose state needs the disk have a reason to leave.
    pub(super) fn host_ails(&mut self, cx: &mut Cx<'_>) -> Vec<Outcome> {
        let disk = self.examination.disk_ails();
        let agents: Vec<_> = self.recovery.agents().filter(|agent| self.is_stateful(*agent)).collect();
        let mut outcomes = Vec::new();
        for agent in agents {
            // What ails the agent itself is not over with what ails the host.
            let ailed = self.recovery.ailing(agent).is_some_and(of_the_disk);
            outcomes.extend(self.with_situation(|recovery, situation| match disk {
                Some(cause) => recovery.ails(agent, cause, situation, cx),
                None if ailed => {
                    recovery.is_well(agent, situation, cx);
                    Vec::new()
                }
                None => Vec::new(),
            }));
        }
        outcomes
    }

    /// What recoveries want of the rest.
    pub(super) fn follow(&mut self, outcomes: Vec<Outcome>, cx: &mut Cx<'_>) {
        for outcome in outcomes {
            let Outcome::Move(agent) = outcome;
            match self.cluster.leader(cx.now) {
                Some(leader) if leader != self.id => cx.send(leader, StackMessage::Move { agent }),
                Some(_) | None => self.cluster.asked(agent, self.id, cx.now),
            }
        }
        self.say(cx);
        self.lead(cx);
    }
}

pub(super) fn of_the_disk(cause: Cause) -> bool {
    matches!(cause, Cause::SlowDisk | Cause::DiskErrors | Cause::DiskFull)
}
