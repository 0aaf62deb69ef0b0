//! What a node says of itself: put together when it is to be said, and said again to itself and its peers when it has changed.

use super::assignments::Assignments;
use super::examination::Examination;
use super::recovery::Recovery;
use super::watch::Statement;
use super::{Cx, Node};

impl Node {
    pub(super) fn statement(&self) -> Statement {
        statement(&self.recovery, &self.examination, &self.assignments)
    }

    /// Says what has changed of this node, to itself and to those who hear of it by gossip.
    pub(super) fn say(&mut self, cx: &Cx<'_>) {
        let statement = self.statement();
        if statement == self.said {
            return;
        }
        let agents = self.assignments.agents_of(self.id);
        for agent in agents.iter() {
            self.peers.local(*agent, statement.ready.contains(agent), statement.degraded);
        }
        self.watch.tell(&statement, &agents, cx.now);
        self.said = statement;
    }
}

/// What a node says of itself.
pub(super) fn statement(recovery: &Recovery, examination: &Examination, assignments: &Assignments) -> Statement {
    Statement { ready: recovery.ready(), degraded: examination.degraded().is_some(), moves: assignments.digest() }
}
