//! Moves of agents as a node meets them: orders that take agents away or bring them, and registers that are exchanged.

use std::sync::Arc;

use hms_machine::{AgentId, Duration, Instant, NodeId, Record, StateSource};

use super::assignments::{Assignments, Moves};
use super::message::StackMessage;
use super::{Cx, Node};
use crate::health::swim::Facts;

/// An order that is older than this may have been carried out elsewhere: hardly any agent starts faster.
const RECLAIM_WITHIN: Duration = Duration::from_millis(400);
/// A node that kept its agents obeys every order for this long: a leader that insists has its reasons.
const RECLAIM_AGAIN: Duration = Duration::from_secs(30);

impl Node {
    /// A node's digest of the moves differs: the registers are exchanged.
    pub(super) fn compare(&self, from: NodeId, digest: u32, cx: &mut Cx<'_>) {
        if digest != self.assignments.digest() {
            cx.send(from, StackMessage::Moves(Arc::clone(self.assignments.moves())));
        }
    }

    /// An order that has just been given takes agents away that work well here: the leader took this node for gone, and was wrong. They are moved
    /// back before anybody has begun to stand in for them. An order that comes late is obeyed: somebody stands in for them already. So is one that is
    /// repeated: whoever is heard by nobody is of no use, however well its agents work.
    pub(super) fn keep_what_works(&mut self, moves: &Moves, sent: Instant, cx: &mut Cx<'_>) {
        if cx.wall.saturating_since(sent) > RECLAIM_WITHIN || sent.saturating_since(cx.wall) > RECLAIM_WITHIN {
            return;
        }
        let mut merged = self.assignments.clone();
        let gone =
            merged.merge(moves).into_iter().filter(|agent| merged.node_of(*agent) != self.id && self.recovery.serves(*agent));
        let gone: Vec<_> = gone.filter(|agent| self.assignments.node_of(*agent) == self.id).collect();
        let insisted = self.kept_at.is_some_and(|at| cx.now.saturating_since(at) < RECLAIM_AGAIN);
        if gone.is_empty() || insisted {
            return;
        }
        self.kept_at = Some(cx.now);
        for agent in gone {
            merged.move_to(agent, self.id);
            cx.record(Record::Moved { agent, to: self.id });
            cx.record(Record::RecoveryWithdrawn(agent));
        }
        let before = std::mem::replace(&mut self.assignments, merged);
        let changed: Vec<_> = before.differences(&self.assignments);
        self.announce(cx);
        self.carry_out_moves(changed, &before, cx);
    }

    /// Tells everybody of moves.
    pub(super) fn announce(&self, cx: &mut Cx<'_>) {
        let moves = self.assignments.moves();
        let others = (0..self.directory.nodes.len()).map(NodeId::from_index).filter(|node| *node != self.id);
        others.for_each(|node| cx.send(node, StackMessage::Order { moves: Arc::clone(moves), sent: cx.wall }));
    }

    /// Takes up moves that this node did not know of.
    pub(super) fn merge(&mut self, moves: &Moves, cx: &mut Cx<'_>) {
        let before = self.assignments.clone();
        let changed = self.assignments.merge(moves);
        self.carry_out_moves(changed, &before, cx);
    }

    pub(super) fn carry_out_moves(&mut self, changed: Vec<AgentId>, before: &Assignments, cx: &mut Cx<'_>) {
        let mut came = Vec::new();
        for agent in changed {
            let node = self.assignments.node_of(agent);
            self.peers.moved(agent, node);
            let here = self.recovery.cares_for(agent);
            if node == self.id && !here && self.life.wait_until.is_none() {
                // Copies of its state are where it lived last.
                let home = before.node_of(agent);
                let holder = if self.is_stateful(agent) { self.holder(agent, home) } else { None };
                let source = holder.map_or(StateSource::Local, StateSource::Replica);
                came.push((agent, source));
            } else if node != self.id && here {
                self.states.forget(agent);
                self.examination.forget(agent);
                self.with_situation(|recovery, situation| recovery.dismiss(agent, situation, cx));
            }
        }
        self.take_in(&came, true, cx);
        self.say(cx);
        for node in (0..self.directory.nodes.len()).map(NodeId::from_index) {
            if let Some(facts) = self.watch.facts(node).filter(|facts| node != self.id && *facts != Facts::default()) {
                self.believe(node, facts);
            }
        }
    }
}
