//! Watching the other nodes: by heartbeats on a ring, or by SWIM; and letting oneself be watched.
//!
//! With heartbeats node k is watched by the next `monitors` nodes of the ring and by every edge; what a node says of itself rides on its heartbeats. With SWIM
//! everybody hears of everybody by gossip, and what a node says of itself stands in its [`Facts`]: bit k for its k-th agent, in order of their ids, and the
//! highest bit for "I am not well".

use std::sync::Arc;

use hms_machine::{AgentId, Cause, Component, Context, Directory, Duration, Instant, NodeId, Purpose};

use super::message::{Beat, StackMessage};
use crate::configuration::Configuration;
use crate::health::links::{Letter, LinkChange, Links, Trouble, Whom};
use crate::health::swim::{self, Facts, Group, Output, Standing, Swim, SwimMessage, Turn};
use crate::health::{Detector, HealthMode, Heartbeat, Heartbeats, Verdict};

const PHASE: Purpose = Purpose::named("stack/heartbeat-phase");

/// Which bit of a node's facts says that it is not well.
const DEGRADED: u64 = 1 << 63;

type Cx<'a> = Context<'a, StackMessage>;

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) ready: Vec<AgentId>,
    pub(crate) degraded: bool,
    pub(crate) moves: u32,
}

/// What has been learnt of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The node is believed to have failed.
    Suspected(NodeId),
    /// The node is believed to work again.
    Trusted(NodeId),
    /// The node says this of itself; `ready` by position among its agents.
    Facts { node: NodeId, facts: Facts },
    /// The ways to and from the node, or its clock, are bad from now on, or are not any more.
    Way { node: NodeId, cause: Cause, bad: bool },
}

/// The watch that a node keeps.
#[derive(Clone, Debug)]
pub(crate) enum Watch {
    /// It neither watches nor is it watched.
    Off,
    /// By heartbeats.
    Ring {
        ring: Ring,
        detector: Detector,
        /// When heartbeats are due; `None` until the incarnation is durable, and on edges.
        heartbeats: Option<Heartbeats>,
        /// What heartbeats say about the ways that they took; `None` if nobody asks.
        links: Option<Box<Links>>,
        /// A look that comes so much later than asked for means that this node was stopped.
        lateness: Duration,
    },
    /// By random probes and gossip.
    Swim {
        group: Group,
        /// `None` until the incarnation is durable.
        swim: Option<Box<Swim>>,
        /// When the register of moves is compared with that of another member next, and with whose.
        compare: (Instant, u32),
    },
}

/// A member whose register of moves differs from this node's is told so this often: the message that told it may have been lost.
const COMPARE_EVERY: Duration = Duration::from_secs(1);

/// Who watches whom with heartbeats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    id: u32,
    nodes: u32,
    edges: u32,
    monitors: u32,
}

impl Ring {
    fn new(id: NodeId, directory: &Directory, monitors: u32) -> Self {
        let nodes = directory.hosts() as u32;
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

impl Watch {
    pub(crate) fn new(configuration: &Configuration, id: NodeId, directory: &Directory, now: Instant) -> Self {
        let health = &configuration.health;
        if !health.enabled {
            return Watch::Off;
        }
        match health.mode {
            HealthMode::Heartbeat => {
                let ring = Ring::new(id, directory, health.monitors);
                let zones: Vec<u32> =
                    (0..ring.watched() as usize).map(|position| directory.nodes[ring.peer(position).index()].zone).collect();
                Watch::Ring {
                    ring,
                    detector: Detector::new(health, ring.watched() as usize, now),
                    heartbeats: None,
                    links: configuration.links.enabled.then(|| Box::new(Links::new(&configuration.links, &zones))),
                    lateness: health.pause_lateness,
                }
            }
            HealthMode::Swim => Watch::Swim { group: Group::new(id, directory), swim: None, compare: (now, 0) },
        }
    }

    /// The incarnation is durable, or there is nothing to be durable: the node shows itself.
    pub(crate) fn begin(
        &mut self,
        incarnation: u64,
        configuration: &Configuration,
        (statement, agents): (&Statement, &[AgentId]),
        cx: &mut Cx<'_>,
    ) -> Vec<News> {
        match self {
            Watch::Off => {}
            Watch::Ring { ring, heartbeats, .. } => {
                // A random phase, so that the heartbeats of a cluster that starts as one do not travel as one.
                let phase = cx.draw(PHASE).uniform();
                let every = configuration.health.heartbeat;
                if !ring.is_edge() {
                    *heartbeats = Some(Heartbeats::new(cx.now.saturating_add(every.mul_f64(phase)), every));
                }
            }
            Watch::Swim { group, swim, .. } => {
                let (group, facts) = (*group, facts_of(statement, agents));
                let mut outputs = Vec::new();
                let mut turn = Turn { now: cx.now, draw: &mut cx.draw(swim::DRAWS), outputs: &mut outputs };
                *swim = Some(Box::new(Swim::start(&configuration.swim, group, incarnation, facts, &mut turn)));
                return carry_out(outputs, cx);
            }
        }
        Vec::new()
    }

    /// The detector's incarnation of this node, where refuting suspicions raises it.
    pub(crate) fn incarnation(&self) -> Option<u64> {
        match self {
            Watch::Off | Watch::Ring { .. } => None,
            Watch::Swim { swim, .. } => swim.as_ref().map(|swim| swim.incarnation()),
        }
    }

    /// A heartbeat has come. `None`: of a node that is not watched.
    pub(crate) fn heard(&mut self, from: NodeId, beat: &Beat, cx: &Cx<'_>) -> Option<Vec<News>> {
        let Watch::Ring { ring, detector, heartbeats, links, lateness } = self else { return None };
        let position = ring.position(from)?;
        let age = cx.wall.saturating_since(beat.sent);
        let heartbeat = Heartbeat { incarnation: beat.incarnation, sequence: beat.sequence, age };
        let mut news = match detector.heard(position, heartbeat, cx.now) {
            Some(Verdict::Trusted(_)) => vec![News::Trusted(from)],
            Some(Verdict::Suspected(_)) | None => Vec::new(),
        };
        if let Some(links) = links {
            let overdue = heartbeats.as_ref().map(|heartbeats| cx.now.saturating_since(heartbeats.deadline()));
            if overdue.is_some_and(|overdue| overdue > *lateness) {
                links.stopped(cx.now);
            }
            let difference = age.as_nanos() as i64 - beat.sent.saturating_since(cx.wall).as_nanos() as i64;
            let letter = Letter { incarnation: beat.incarnation, sequence: beat.sequence, difference };
            links.heard(position, letter, cx.now, |change| news.push(way(ring, change)));
        }
        Some(news)
    }

    /// A message of the membership has come.
    pub(crate) fn gossip(&mut self, from: NodeId, message: &SwimMessage, cx: &mut Cx<'_>) -> Vec<News> {
        let Watch::Swim { swim: Some(swim), .. } = self else { return Vec::new() };
        let mut outputs = Vec::new();
        swim.heard(from, message, &mut Turn { now: cx.now, draw: &mut cx.draw(swim::DRAWS), outputs: &mut outputs });
        carry_out(outputs, cx)
    }

    /// What a member has told of itself last, where gossip tells it.
    pub(crate) fn facts(&self, node: NodeId) -> Option<Facts> {
        match self {
            Watch::Off | Watch::Ring { .. } | Watch::Swim { swim: None, .. } => None,
            Watch::Swim { swim: Some(swim), .. } => Some(swim.facts(node)),
        }
    }

    /// A member that is alive and says another digest of its moves than `digest`, now and then; members take turns.
    pub(crate) fn disagrees(&mut self, digest: u32, hosts: u32, now: Instant) -> Option<NodeId> {
        let Watch::Swim { swim: Some(swim), compare: (due, next), .. } = self else { return None };
        if *due > now {
            return None;
        }
        *due = now.saturating_add(COMPARE_EVERY);
        let turn = (0..hosts).map(|step| NodeId((*next + step) % hosts));
        let differs = |node: &NodeId| swim.standing(*node) == Standing::Alive && swim.facts(*node).version != digest;
        let found = turn.into_iter().find(differs)?;
        *next = found.0 + 1;
        Some(found)
    }

    /// What this node says of itself has changed; heartbeats say it by themselves.
    pub(crate) fn tell(&mut self, statement: &Statement, agents: &[AgentId], now: Instant) {
        if let Watch::Swim { swim: Some(swim), .. } = self {
            swim.tell(facts_of(statement, agents), now);
        }
    }

    /// When [`Watch::wake`] is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Watch::Off => None,
            Watch::Ring { detector, heartbeats, .. } => {
                detector.deadline().into_iter().chain(heartbeats.as_ref().map(Heartbeats::deadline)).min()
            }
            Watch::Swim { swim, .. } => swim.as_ref().and_then(|swim| swim.deadline()),
        }
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, incarnation: u64, statement: impl FnOnce() -> Statement, cx: &mut Cx<'_>) -> Vec<News> {
        match self {
            Watch::Off => Vec::new(),
            Watch::Ring { ring, detector, heartbeats, links, lateness } => {
                let overdue = heartbeats.as_ref().map(|heartbeats| cx.now.saturating_since(heartbeats.deadline()));
                if let Some(links) = links.as_mut().filter(|_| overdue.is_some_and(|overdue| overdue > *lateness)) {
                    links.stopped(cx.now);
                }
                if let Some(sequence) = heartbeats.as_mut().and_then(|heartbeats| heartbeats.due(cx.now)) {
                    let Statement { ready, degraded, moves } = statement();
                    let beat = Arc::new(Beat { incarnation, sequence, sent: cx.wall, ready, degraded, moves });
                    ring.monitors().for_each(|monitor| cx.send(monitor, StackMessage::Heartbeat(Arc::clone(&beat))));
                }
                let mut news = Vec::new();
                detector.look(cx.now, |verdict| match verdict {
                    Verdict::Suspected(position) => {
                        if let Some(links) = links {
                            links.forget(position, |change| news.push(way(ring, change)));
                        }
                        news.push(News::Suspected(ring.peer(position)));
                    }
                    Verdict::Trusted(position) => news.push(News::Trusted(ring.peer(position))),
                });
                news
            }
            Watch::Swim { swim, .. } => {
                let Some(swim) = swim.as_mut().filter(|swim| swim.deadline().is_some_and(|due| due <= cx.now)) else {
                    return Vec::new();
                };
                let mut outputs = Vec::new();
                swim.wake(&mut Turn { now: cx.now, draw: &mut cx.draw(swim::DRAWS), outputs: &mut outputs });
                carry_out(outputs, cx)
            }
        }
    }
}

/// What has been learnt of a way, in the words of the node.
fn way(ring: &Ring, change: LinkChange) -> News {
    let node = match change.whom {
        Whom::Own => NodeId(ring.id),
        Whom::Peer(position) => ring.peer(position as usize),
    };
    let cause = match change.trouble {
        Trouble::Loss | Trouble::Mangling | Trouble::Delay => Cause::Network,
        Trouble::Clock => Cause::Clock,
    };
    News::Way { node, cause, bad: change.bad }
}

/// Sends what the membership wants sent, and tells the rest.
fn carry_out(outputs: Vec<Output>, cx: &mut Cx<'_>) -> Vec<News> {
    cx.charge(Component::Health);
    let mut news = Vec::new();
    for output in outputs {
        match output {
            Output::Send { to, message } => cx.send(to, StackMessage::Swim { sent: cx.wall, message }),
            Output::Believes { node, before, standing } => match (before, standing) {
                // A suspect can still object; only what the group has confirmed counts.
                (Standing::Alive | Standing::Suspected, Standing::Confirmed) => news.push(News::Suspected(node)),
                (Standing::Confirmed, Standing::Alive | Standing::Suspected) => news.push(News::Trusted(node)),
                (Standing::Alive | Standing::Suspected, Standing::Alive | Standing::Suspected)
                | (Standing::Confirmed, Standing::Confirmed) => {}
            },
            Output::Learnt { node, facts } => news.push(News::Facts { node, facts }),
        }
    }
    news
}

/// A statement in bits, over a node's agents in order of their ids.
fn facts_of(statement: &Statement, agents: &[AgentId]) -> Facts {
    let bit = |(position, agent): (usize, &AgentId)| if statement.ready.contains(agent) { 1u64 << position } else { 0 };
    let ready: u64 = agents.iter().take(63).enumerate().map(bit).sum();
    Facts { version: statement.moves, ready: ready | if statement.degraded { DEGRADED } else { 0 } }
}

/// The statement behind the bits. Agents beyond the 63rd of a node are taken for ready: the bits have no room for them.
pub(crate) fn statement_of(facts: Facts, agents: &[AgentId]) -> Statement {
    let ready = agents.iter().enumerate().filter(|(position, _)| *position >= 63 || facts.ready & (1 << position) != 0);
    Statement { ready: ready.map(|(_, agent)| *agent).collect(), degraded: facts.ready & DEGRADED != 0, moves: facts.version }
}
