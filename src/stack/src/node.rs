//! The node: the one place where the components of the stack meet.
//!
//! Every node of the cluster sends heartbeats to its monitors and watches others, supervises its own agents, and routes the calls
//! that its agents make. An edge (which lets clients in) watches every node and routes the clients' calls. A node's incarnation is kept on its disk and
//! raised at each boot; heartbeats begin once it is durable, so that nobody mistakes an old life for the new one.
//!
//! Limits of this first stack: knowledge stays with those who watch (no gossip), agents are restarted where they are (no relocation, no
//! tree, ladder or guard, pauses without jitter), readiness is taken for a verified recovery, and routing looks at nodes, not at the
//! state of remote agents.

use std::sync::Arc;

use hms_machine::{
    AgentEvent, AgentId, Boot, Bytes, Call, Context, Directory, Input, Instant, Machine, Message, NodeId, Purpose, Record,
};

use crate::Configuration;
use crate::health::{Detector, Verdict};
use crate::routing;
use crate::supervisor::lifecycle::{Advice, Lifecycle};

const ROUTE: Purpose = Purpose::named("stack/route");
const PHASE: Purpose = Purpose::named("stack/heartbeat-phase");

/// UDP and IP headers (28 bytes) and the encoded message.
const HEARTBEAT_BYTES: Bytes = Bytes(28 + 20);

/// What nodes say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StackMessage {
    /// "I am alive."
    Heartbeat {
        /// The sender's life; larger is later.
        incarnation: u64,
    },
}

impl Message for StackMessage {
    fn bytes(&self) -> Bytes {
        match self {
            StackMessage::Heartbeat { .. } => HEARTBEAT_BYTES,
        }
    }
}

/// The stack of one node.
#[derive(Clone, Debug)]
pub struct Node {
    id: NodeId,
    configuration: Configuration,
    directory: Arc<Directory>,
    incarnation: u64,
    /// Whether the incarnation is on the disk.
    durable: bool,
    /// When the next heartbeat is due; `None` until the incarnation is durable, and on edges.
    heartbeat_at: Option<Instant>,
    ring: Ring,
    detector: Detector,
    agents: Vec<(AgentId, Lifecycle)>,
}

/// Who watches whom: node k is watched by the next `monitors` nodes of the ring and by every edge.
#[derive(Clone, Copy, Debug)]
struct Ring {
    id: u32,
    nodes: u32,
    edges: u32,
    monitors: u32,
}

impl Ring {
    fn new(id: NodeId, directory: &Directory, monitors: u32) -> Self {
        let nodes = directory.nodes.iter().filter(|place| !place.edge).count() as u32;
        Ring { id: id.0, nodes, edges: directory.nodes.len() as u32 - nodes, monitors: monitors.min(nodes.saturating_sub(1)) }
    }

    fn is_edge(self) -> bool {
        self.id >= self.nodes
    }

    /// Number of nodes that this node watches.
    fn watched(self) -> u32 {
        if self.is_edge() { self.nodes } else { self.monitors }
    }

    /// The node at a position of the detector's list.
    fn peer(self, position: usize) -> NodeId {
        let position = position as u32;
        if self.is_edge() { NodeId(position) } else { NodeId((self.id + self.nodes - 1 - position) % self.nodes) }
    }

    /// Where in the detector's list a node stands, if it is watched.
    fn position(self, peer: NodeId) -> Option<usize> {
        if peer.0 >= self.nodes || peer.0 == self.id {
            return None;
        }
        let position = if self.is_edge() { peer.0 } else { (self.id + self.nodes - 1 - peer.0) % self.nodes };
        (position < self.watched()).then_some(position as usize)
    }

    /// Those who watch this node.
    fn monitors(self) -> impl Iterator<Item = NodeId> {
        let followers = (1..=self.monitors).map(move |step| NodeId((self.id + step) % self.nodes));
        followers.chain((self.nodes..self.nodes + self.edges).map(NodeId))
    }
}

impl Machine for Node {
    type Message = StackMessage;
    type Configuration = Configuration;

    fn boot(configuration: &Configuration, boot: Boot) -> Self {
        let Boot { node, directory, records, now } = boot;
        let ring = Ring::new(node, &directory, configuration.health.monitors);
        let earlier = records.iter().filter_map(|record| record.as_slice().try_into().ok().map(u64::from_le_bytes)).max();
        let agents = directory.agents_of(node).map(|agent| (agent, Lifecycle::started(&configuration.supervisor, now))).collect();
        Node {
            id: node,
            configuration: *configuration,
            incarnation: earlier.unwrap_or(0) + 1,
            durable: false,
            heartbeat_at: None,
            ring,
            detector: Detector::new(configuration.health.timeout, ring.watched() as usize, now),
            agents,
            directory,
        }
    }

    fn handle(&mut self, input: Input<StackMessage>, cx: &mut Context<'_, StackMessage>) {
        match input {
            Input::Booted => self.start(cx),
            Input::Message { from, message: StackMessage::Heartbeat { incarnation } } => self.heard(from, incarnation, cx),
            Input::Timeout => self.wake(cx),
            Input::Persisted { token } => self.persisted(token, cx),
            // The disk refused: tried again at once would storm a broken disk, so with the next heartbeat period.
            Input::PersistFailed { .. } => self.heartbeat_at = Some(cx.now + self.configuration.health.heartbeat),
            Input::Agent { agent, event } => self.agent(agent, event, cx),
            Input::Call(call) => self.route(call, cx),
            // Outcomes will feed breakers; a fixed time-out detector has no use for them.
            Input::CallEnded { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let health = &self.configuration.health;
        let agents =
            self.agents.iter().filter_map(|(_, agent)| agent.deadline()).filter(|_| self.configuration.supervisor.enabled);
        let detector = self.detector.deadline().filter(|_| health.enabled);
        agents.chain(self.heartbeat_at).chain(detector).min()
    }
}

impl Node {
    /// Who this is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Which of its lives this is: larger is later. A life without records of earlier ones takes the wall clock's nanoseconds, at least 1.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Whether this node believes that `peer` has failed. Nodes that it does not watch are believed alive.
    pub fn suspects(&self, peer: NodeId) -> bool {
        self.configuration.health.enabled && self.ring.position(peer).is_some_and(|position| self.detector.suspects(position))
    }

    fn start(&mut self, cx: &mut Context<'_, StackMessage>) {
        for (agent, _) in &self.agents {
            cx.start(*agent);
        }
        // With no record of an earlier life (the first, or the disk was replaced) the clock keeps peers from taking this one for an old
        // one, as it does in Cassandra, whose generation is the time of the start.
        if self.incarnation == 1 {
            self.incarnation = cx.wall.as_nanos().max(1);
        }
        if self.configuration.health.enabled && !self.ring.is_edge() {
            self.persist_incarnation(cx);
        }
    }

    fn persist_incarnation(&mut self, cx: &mut Context<'_, StackMessage>) {
        self.heartbeat_at = None;
        cx.persist(self.incarnation.to_le_bytes().to_vec(), self.incarnation);
    }

    fn persisted(&mut self, token: u64, cx: &mut Context<'_, StackMessage>) {
        assert_eq!(token, self.incarnation, "a record of another life was acknowledged");
        // A random phase, so that the heartbeats of a cluster that starts as one do not travel as one.
        let phase = cx.draw(PHASE).uniform();
        self.durable = true;
        self.heartbeat_at = Some(cx.now + self.configuration.health.heartbeat.mul_f64(phase));
    }

    fn heard(&mut self, from: NodeId, incarnation: u64, cx: &mut Context<'_, StackMessage>) {
        if !self.configuration.health.enabled {
            return;
        }
        let Some(position) = self.ring.position(from) else { return };
        if let Some(Verdict::Trusted(_)) = self.detector.heard(position, incarnation, cx.now) {
            cx.record(Record::Trusted(from));
        }
    }

    fn wake(&mut self, cx: &mut Context<'_, StackMessage>) {
        if self.heartbeat_at.is_some_and(|due| due <= cx.now) {
            self.beat(cx);
        }
        if self.configuration.health.enabled {
            let ring = self.ring;
            self.detector.look(cx.now, |verdict| match verdict {
                Verdict::Suspected(position) => cx.record(Record::Suspected(ring.peer(position))),
                Verdict::Trusted(position) => cx.record(Record::Trusted(ring.peer(position))),
            });
        }
        if self.configuration.supervisor.enabled {
            for (id, agent) in &mut self.agents {
                match agent.advise(&self.configuration.supervisor, cx.now) {
                    // This stack moves no agents, so that no move can fail.
                    Advice::Nothing | Advice::Decide => {}
                    Advice::Probe => cx.probe(*id),
                    Advice::Stop => {
                        cx.record(Record::AgentFailed(*id));
                        cx.stop(*id);
                    }
                    Advice::Restart { attempt } => {
                        cx.record(Record::AgentRestarted { agent: *id, attempt });
                        cx.start(*id);
                    }
                }
            }
        }
    }

    fn beat(&mut self, cx: &mut Context<'_, StackMessage>) {
        if !self.durable {
            return self.persist_incarnation(cx);
        }
        for monitor in self.ring.monitors() {
            cx.send(monitor, StackMessage::Heartbeat { incarnation: self.incarnation });
        }
        self.heartbeat_at = Some(cx.now + self.configuration.health.heartbeat);
    }

    fn agent(&mut self, id: AgentId, event: AgentEvent, cx: &mut Context<'_, StackMessage>) {
        let configuration = &self.configuration.supervisor;
        let Some((_, agent)) = self.agents.iter_mut().find(|(known, _)| *known == id) else { return };
        match event {
            AgentEvent::Ready => {
                // Of an agent's work this node sees no more than that it is ready.
                if agent.ready(configuration, cx.now) && agent.proven(configuration, cx.now) {
                    cx.record(Record::AgentRecovered(id));
                }
            }
            AgentEvent::Probed => agent.answered(),
            AgentEvent::Exited(_) => {
                if agent.exited(configuration, cx.now) && configuration.enabled {
                    cx.record(Record::AgentFailed(id));
                }
                // Without a draw: pauses have no jitter here.
                agent.restart(configuration, cx.now, 0.0);
            }
        }
    }

    fn route(&mut self, call: Call, cx: &mut Context<'_, StackMessage>) {
        let replicas = &self.directory.services[call.service.index()];
        let draw = cx.draw_at(ROUTE, call.trace.wrapping_add(u64::from(call.attempt)));
        let suspected = |agent: AgentId| self.suspects(self.directory.agents[agent.index()].node);
        match routing::pick(replicas, call.previous, suspected, draw) {
            Some(agent) => cx.route(call.id, agent),
            None => cx.refuse(call.id),
        }
    }
}
