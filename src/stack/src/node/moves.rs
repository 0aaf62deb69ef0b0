//! What a node does about moves of agents: takes in those that come, and lets those go that leave.
//!
//! Picture the change of a shift. Whoever is relieved stays at the post until the relief says that it stands there; only then does it go home. An
//! agent that works well here and was moved while its node was paused or cut off is *leaving*: it works on, and its node asks the new one again and
//! again until that one says that the stand-in is ready, until the move is taken back, or for `placement.give_up`: a new home that cannot be reached
//! will not say that it is ready, and others may know better. An agent that does not work is let go at once.
//!
//! Two processes of the agent run for a while. Of a stateful one the older acknowledges nothing any more, once its stand-in has asked the holders of
//! copies for the state (see [`hms_machine::Replication`]); where acknowledgements do not wait for copies, that cannot be had, and a stateful agent is
//! let go at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{AgentId, Context, Duration, Instant, NodeId, Record, StateSource};

use super::assignments::{Assignments, Moves};
use super::message::StackMessage;
use super::{Node, state};
use crate::health::swim::Facts;

/// An order that is older than this may have been carried out elsewhere: hardly any agent starts faster.
const RECLAIM_WITHIN: Duration = Duration::from_millis(400);
/// A node that kept its agents obeys every order for this long: a leader that insists has its reasons.
const RECLAIM_AGAIN: Duration = Duration::from_secs(30);
/// Whether the stand-in is ready is asked again after this: a small part of the time in which agents start.
const ASK_AGAIN: Duration = Duration::from_millis(200);

type Cx<'a> = Context<'a, StackMessage>;

/// Agents that wait for their relief.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(BTreeMap<AgentId, Wait>);

#[derive(Clone, Copy, Debug)]
struct Wait {
    /// When the relief is asked for next.
    ask_at: Instant,
    /// When it is waited for no longer.
    until: Instant,
}

impl Leaving {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.values().map(|wait| wait.ask_at).min()
    }
}

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
        for agent in &gone {
            merged.move_to(*agent, self.id);
            cx.record(Record::Moved { agent: *agent, to: self.id });
            cx.record(Record::RecoveryWithdrawn(*agent));
        }
        let before = std::mem::replace(&mut self.assignments, merged);
        let changed: Vec<_> = before.differences(&self.assignments);
        self.announce(cx);
        gone.into_iter().for_each(|agent| self.replicate(agent, cx));
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
            self.cluster.moved(agent, before.node_of(agent), node, cx.now);
            let here = self.recovery.cares_for(agent);
            if node == self.id && !here && self.life.wait_until.is_none() {
                let copies = self.is_stateful(agent) && before.node_of(agent) != self.id;
                came.push((agent, if copies { self.copies_of(agent) } else { StateSource::Local }));
                // Agents of a node that is alive and well come because nothing has helped them there; those of one that is not well have left it alone.
                let left = before.node_of(agent);
                if left != self.id && !self.peers.suspects(left) && !self.peers.degraded(left) {
                    self.recovery.refer(agent, cx.now);
                }
            } else if node == self.id && here {
                if self.leaving.0.remove(&agent).is_some() && self.is_stateful(agent) {
                    // Its stand-in may have acknowledged entries that are not here: it starts anew from the copies.
                    self.dismiss(agent, cx);
                } else {
                    self.replicate(agent, cx);
                }
            } else if here && self.may_stay(agent) {
                let until = cx.now.saturating_add(self.configuration.placement.give_up);
                self.leaving.0.entry(agent).or_insert(Wait { ask_at: cx.now, until });
            } else if here {
                self.leaving.0.remove(&agent);
                self.dismiss(agent, cx);
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

    /// Whether an agent that was moved away is of more use than harm here until its stand-in is ready.
    fn may_stay(&self, agent: AgentId) -> bool {
        let fenced = !self.is_stateful(agent) || self.configuration.state.replicates();
        self.configuration.placement.hand_over && fenced && self.recovery.serves(agent)
    }

    /// Asks the new homes of agents that leave whether they are ready.
    pub(super) fn ask_for_relief(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now;
        for (agent, wait) in self.leaving.0.iter_mut().filter(|(_, wait)| wait.ask_at <= now) {
            wait.ask_at = now.saturating_add(ASK_AGAIN);
            cx.send(self.assignments.node_of(*agent), StackMessage::Relieve { agent: *agent });
        }
        // As long as the new home can be reached and the stand-in is not ready, stopping the only one that works would help nobody.
        let lost = |agent| self.peers.suspects(self.assignments.node_of(agent)) || !self.recovery.serves(agent);
        let late = self.leaving.0.iter().filter(|(agent, wait)| wait.until <= now && lost(**agent));
        late.map(|(agent, _)| *agent).collect::<Vec<_>>().into_iter().for_each(|agent| self.let_go(agent, cx));
    }

    /// A node says that an agent that leaves here is ready there.
    pub(super) fn relieved(&mut self, agent: AgentId, by: NodeId, cx: &mut Cx<'_>) {
        if self.assignments.node_of(agent) == by {
            self.let_go(agent, cx);
        }
    }

    /// Stops an agent that leaves.
    pub(super) fn let_go(&mut self, agent: AgentId, cx: &mut Cx<'_>) {
        if self.leaving.0.remove(&agent).is_some() {
            self.dismiss(agent, cx);
        }
    }

    fn dismiss(&mut self, agent: AgentId, cx: &mut Cx<'_>) {
        self.states.forget(agent);
        self.examination.forget(agent);
        self.with_situation(|recovery, situation| recovery.dismiss(agent, situation, cx));
    }

    /// The state of an agent from the holders of its copies, if any is within reach; else from the own disk.
    pub(super) fn copies_of(&self, agent: AgentId) -> StateSource {
        state::of_copies(state::sources(agent, &self.configuration, &self.directory, &self.peers))
    }

    /// Says what the acknowledgements of a stateful agent here wait for.
    pub(super) fn replicate(&self, agent: AgentId, cx: &mut Cx<'_>) {
        let Node { configuration, directory, assignments, id, .. } = self;
        if self.is_stateful(agent) && configuration.state.enabled {
            cx.replicate(agent, state::replication(agent, *id, assignments.epoch_of(agent), configuration, directory));
        }
    }
}
