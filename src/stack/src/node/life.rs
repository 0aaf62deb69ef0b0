//! The beginning of a node's life: its incarnation, and what it asks before it starts its agents.

use std::sync::Arc;

use hms_machine::{Instant, NodeId, StateSource};

use crate::configuration::Configuration;

use super::cluster::Overview;
use super::message::StackMessage;
use super::{Cx, Node, settled};

/// Distance between the incarnations of two lives. SWIM raises its incarnation within a life, at each refutation and each change of what a node says
/// of itself, without writing it down; the next life must be above all of that.
const LIFE: u64 = 1 << 24;

/// Token of a record that is written to see whether the disk can: no incarnation is zero.
pub(super) const TRIAL: u64 = 0;

/// Peers nearby, and in other zones, that a node asks what has been moved. One answer is enough; more make it likely that one of them is up.
const ASKED: usize = 5;

/// Which of its lives a node is in, and how far it has come with beginning it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) incarnation: u64,
    /// Whether the disk held a record of an earlier life.
    pub(super) remembered: bool,
    /// When to try again to write the incarnation, after the disk has refused.
    pub(super) write_at: Option<Instant>,
    /// Agents are started then, if nobody who knows this node has answered before; `None` once they are.
    pub(super) wait_until: Option<Instant>,
    /// Peers that were asked what has been moved and have not answered.
    pub(super) asked: usize,
}

impl Life {
    /// The next life after those of which there are records.
    pub(super) fn new(records: &[Vec<u8>]) -> Self {
        let earlier = records.iter().filter_map(|record| record.as_slice().try_into().ok().map(u64::from_le_bytes)).max();
        Life {
            incarnation: earlier.unwrap_or(0).saturating_add(LIFE),
            remembered: earlier.is_some(),
            write_at: None,
            wait_until: None,
            asked: 0,
        }
    }
}

impl Node {
    /// Takes another configuration while it runs. Decisions follow it from here on. What was built from the old one keeps it until the node boots
    /// again: `swim`, `retry_budget`, `concurrency`, `hedge`, `shedding`, `throttle`, `outlier`, the checks that are registered, and
    /// `supervisor.leader_stable`.
    pub fn reconfigure(&mut self, configuration: &Arc<Configuration>) {
        self.configuration = settled(configuration);
    }

    /// The node has started.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>) {
        // With no record of an earlier life (the first, or the disk was replaced) the clock keeps peers from taking this one for an old
        // one, as it does in Cassandra, whose generation is the time of the start.
        if !self.life.remembered {
            self.life.incarnation = cx.wall.as_nanos().max(1);
        }
        if self.is_edge() {
            self.examination.begin_at_edge(&self.configuration, cx);
            self.show(cx);
            return;
        }
        for agent in self.assignments.agents_of(self.id).iter() {
            self.peers.local(*agent, false, false);
        }
        self.examination.begin(&self.configuration, cx);
        self.write_life(self.life.incarnation, cx);
        if self.configuration.placement.enabled {
            let asked = self.whom_to_ask();
            asked.iter().for_each(|peer| cx.send(*peer, StackMessage::Ask));
            self.life.asked = asked.len();
            self.life.wait_until = Some(cx.now + self.configuration.placement.ask);
        } else {
            self.start_agents(None, cx);
        }
    }

    /// The next nodes of the ring, which have watched this one, and the next of other zones, which have not gone down with it.
    fn whom_to_ask(&self) -> Vec<NodeId> {
        let hosts = self.directory.hosts();
        let ring = (1..hosts).map(|step| NodeId::from_index((self.id.index() + step) % hosts));
        let zone = self.directory.nodes[self.id.index()].zone;
        let (near, rest): (Vec<_>, Vec<_>) = (ring.clone().take(ASKED).collect(), ring.skip(ASKED).collect());
        let far = rest.into_iter().filter(|peer| self.directory.nodes[peer.index()].zone != zone).take(ASKED);
        near.into_iter().chain(far).collect()
    }

    /// Starts what is to run here. `known`: the latest life of this node that anybody has heard of, 0 if none has; `None` if nobody has said anything.
    pub(super) fn start_agents(&mut self, known: Option<u64>, cx: &mut Cx<'_>) {
        // Who is alone does not know what has become of its agents meanwhile: the keepers of their states do.
        let alone = known.is_none() && self.configuration.placement.enabled && self.configuration.state.replicates();
        let known = known.unwrap_or(0);
        self.life.wait_until = None;
        // Others know an earlier life and the disk does not: it was replaced, and the state of the agents is gone with it.
        let lost = !self.life.remembered && known > 0;
        let replicates = self.configuration.state.replicates();
        let agents = self.assignments.agents_of(self.id).into_owned().into_iter().map(|agent| {
            // One that was moved here may not have got its state before this node went down: its disk holds none of it, or an older one.
            let moved = replicates && self.assignments.epoch_of(agent) > 0;
            let copies = (lost || alone || moved) && self.is_stateful(agent);
            (agent, if copies { self.copies_of(agent) } else { StateSource::Local })
        });
        let agents: Vec<_> = agents.collect();
        self.take_in(&agents, false, cx);
    }

    /// Writes down which life this is.
    pub(super) fn write_life(&self, token: u64, cx: &mut Cx<'_>) {
        cx.persist(self.life.incarnation.to_le_bytes().to_vec(), token);
    }

    pub(super) fn persisted(&mut self, token: u64, cx: &mut Cx<'_>) {
        if token == TRIAL {
            return;
        }
        assert_eq!(token, self.life.incarnation, "a record of another life was acknowledged");
        self.show(cx);
    }

    /// Lets others see this node.
    fn show(&mut self, cx: &mut Cx<'_>) {
        let statement = self.statement();
        let agents = self.assignments.agents_of(self.id);
        let news = self.watch.begin(self.life.incarnation, &self.configuration, (&statement, &agents), cx);
        self.learn(news, cx);
        if !self.is_edge() {
            let Node { cluster, configuration, directory, peers, .. } = self;
            cluster.observe(Overview { configuration, directory, peers }, cx);
        }
    }
}
