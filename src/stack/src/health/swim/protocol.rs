//! The member: its table, its news, and what it does with claims.

use std::collections::BTreeMap;

use hms_machine::{Directory, Draw, Duration, Instant, NodeId};

use super::SwimConfiguration;
use super::awareness::Awareness;
use super::broadcasts::{self, Broadcasts};
use super::member::{Member, Merged};
use super::message::{Claim, Facts, Standing, SwimMessage, UPDATES_MAX, Update, Want};
use super::probing::{Probe, Relay};
use super::rotation::{Rotation, pick};
use super::suspicion::Suspicion;

/// Who takes part: nodes `0..nodes` are members, `nodes..nodes + edges` are observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Who this is.
    pub id: NodeId,
    /// Number of members.
    pub nodes: u32,
    /// Number of observers.
    pub edges: u32,
}

impl Group {
    /// The deployment as `id` sees it; edges stand behind the nodes in the directory.
    pub fn new(id: NodeId, directory: &Directory) -> Self {
        let nodes = directory.hosts() as u32;
        Group { id, nodes, edges: directory.nodes.len() as u32 - nodes }
    }

    /// Whether this is an observer.
    pub fn observes(self) -> bool {
        self.id.0 >= self.nodes
    }

    fn participants(self) -> u32 {
        self.nodes + self.edges
    }
}

/// What an input is handled with.
#[derive(Debug)]
pub struct Turn<'a> {
    /// Reading of the node's own clock.
    pub now: Instant,
    /// Randomness of this input.
    pub draw: &'a mut Draw,
    /// What is to be done, appended in order.
    pub outputs: &'a mut Vec<Output>,
}

impl Turn<'_> {
    pub(super) fn send(&mut self, to: NodeId, message: SwimMessage) {
        self.outputs.push(Output::Send { to, message });
    }
}

/// Out of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A message to send.
    Send {
        /// The receiver.
        to: NodeId,
        /// The message.
        message: SwimMessage,
    },
    /// The belief about a member has changed.
    Believes {
        /// The member.
        node: NodeId,
        /// What it stood as.
        before: Standing,
        /// What it stands as now.
        standing: Standing,
    },
    /// A member tells something new of itself.
    Learnt {
        /// The member.
        node: NodeId,
        /// The news.
        facts: Facts,
    },
}

/// One participant's side of the protocol.
#[derive(Clone, Debug)]
pub struct Swim {
    pub(super) configuration: SwimConfiguration,
    pub(super) group: Group,
    incarnation: u64,
    facts: Facts,
    pub(super) members: Vec<Member>,
    /// Running suspicions. Apart from the members, because the deadline asks for the earliest after every input.
    suspicions: BTreeMap<NodeId, Suspicion>,
    pub(super) broadcasts: Broadcasts,
    /// How often a piece of news is told.
    retransmissions: u32,
    pub(super) awareness: Awareness,
    pub(super) rotation: Rotation,
    pub(super) probe: Probe,
    pub(super) relays: Vec<Relay>,
    pub(super) sequence: u32,
    /// A round of gossip; looked at only while there is news.
    gossip_at: Instant,
    pub(super) sync_at: Instant,
    /// The member with which the next part of the table begins.
    pub(super) sync_from: u32,
}

impl Swim {
    /// Takes part from now on: tells everybody of the new incarnation (larger than that of earlier lives, as well as known) and
    /// asks a random member for its table. Periods begin at random phases, so that a cluster that starts as one does not probe as
    /// one.
    pub fn start(configuration: &SwimConfiguration, group: Group, incarnation: u64, facts: Facts, turn: &mut Turn<'_>) -> Self {
        let mut phase = |every: Duration| turn.now + every.mul_f64(turn.draw.uniform());
        let (probe_at, gossip_at, sync_at) =
            (phase(configuration.probe_every), phase(configuration.gossip_every), phase(configuration.sync_every));
        let mut swim = Swim {
            configuration: *configuration,
            group,
            incarnation: incarnation.max(1),
            facts,
            members: vec![Member::unheard(); group.nodes as usize],
            suspicions: BTreeMap::new(),
            broadcasts: Broadcasts::default(),
            retransmissions: broadcasts::limit(configuration.retransmit, group.participants()),
            awareness: Awareness::new(configuration.awareness_max),
            rotation: Rotation::new(group.id, group.nodes, turn.draw),
            probe: Probe::Resting { until: if group.observes() { Instant::MAX } else { probe_at } },
            relays: Vec::new(),
            sequence: 0,
            gossip_at,
            sync_at,
            sync_from: group.id.0 % group.nodes.max(1),
        };
        swim.speak(turn.now);
        swim.sync(Want::Everything, turn);
        swim
    }

    /// What is believed of a member. Of itself and of observers: alive.
    pub fn standing(&self, node: NodeId) -> Standing {
        if node == self.group.id {
            Standing::Alive
        } else {
            self.members.get(node.index()).map_or(Standing::Alive, Member::standing)
        }
    }

    /// What a member last told of itself, as far as it was heard here.
    pub fn facts(&self, node: NodeId) -> Facts {
        if node == self.group.id { self.facts } else { self.members.get(node.index()).map_or(Facts::default(), Member::facts) }
    }

    /// The present incarnation of this member.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Local health, 0 is well.
    pub fn health(&self) -> u32 {
        self.awareness.health()
    }

    /// Tells everybody something new about this member; the incarnation rises, so that the news overrides what is known.
    pub fn tell(&mut self, facts: Facts, now: Instant) {
        if facts != self.facts {
            self.facts = facts;
            self.incarnation = self.incarnation.saturating_add(1);
            self.speak(now);
        }
    }

    /// A message from `from`.
    pub fn heard(&mut self, from: NodeId, message: &SwimMessage, turn: &mut Turn<'_>) {
        let hearsay = matches!(message, SwimMessage::Sync { .. });
        for update in message.updates() {
            self.take_up(*update, hearsay, turn);
        }
        match *message {
            SwimMessage::Ping { sequence, .. } => {
                let updates = self.news_for(from);
                turn.send(from, SwimMessage::Ack { sequence, updates });
            }
            SwimMessage::Ack { sequence, .. } => self.acknowledged(sequence, turn),
            SwimMessage::IndirectPing { sequence, target, .. } => self.help(from, sequence, target, turn),
            SwimMessage::Nack { sequence } => self.refused(sequence),
            SwimMessage::Gossip { .. } => {}
            SwimMessage::Sync { want, .. } => self.answer(from, want, turn),
        }
    }

    /// The deadline has come.
    pub fn wake(&mut self, turn: &mut Turn<'_>) {
        let late = self.deadline().map_or(Duration::ZERO, |deadline| turn.now.saturating_since(deadline));
        if self.configuration.pause_guard && late > self.configuration.pause_lateness {
            // What lies in the inbox is read before anything falls due again.
            self.postpone(late.saturating_add(self.configuration.pause_lateness));
        }
        self.forward_nacks(turn);
        self.confirm_overdue(turn);
        self.probe_on(turn);
        if self.gossip_at <= turn.now && !self.broadcasts.is_empty() {
            self.gossip(turn);
        }
        if self.sync_at <= turn.now {
            self.sync_at = turn.now + self.configuration.sync_every;
            self.sync(Want::Part, turn);
        }
    }

    /// When to call [`Swim::wake`] next.
    pub fn deadline(&self) -> Option<Instant> {
        let gossip = (!self.broadcasts.is_empty()).then_some(self.gossip_at);
        let suspicions = self.suspicions.values().map(Suspicion::deadline);
        let relays = self.relays.iter().filter_map(|relay| relay.nack_at);
        suspicions.chain(relays).chain(gossip).chain([self.probe.deadline(), self.sync_at]).min().filter(|at| *at < Instant::MAX)
    }

    /// Takes the time in which this process was stopped out of what is running.
    fn postpone(&mut self, late: Duration) {
        self.probe.postpone(late);
        self.suspicions.values_mut().for_each(|suspicion| suspicion.postpone(late));
    }

    /// What this member says of itself.
    pub(super) fn own(&self) -> Option<Update> {
        let update = Update { node: self.group.id, incarnation: self.incarnation, claim: Claim::Alive(self.facts) };
        (!self.group.observes()).then_some(update)
    }

    fn speak(&mut self, now: Instant) {
        if self.own().is_some() {
            self.announce(self.group.id, None, now);
        }
    }

    /// There is news of a member to tell: what is believed, or that somebody else accuses it as well.
    fn announce(&mut self, node: NodeId, accuser: Option<NodeId>, now: Instant) {
        if self.broadcasts.is_empty() && self.gossip_at < now {
            // The next moment of the old rhythm: rounds were skipped while there was nothing to tell.
            let every = self.configuration.gossip_every;
            let missed = now.saturating_since(self.gossip_at).as_nanos().div_ceil(every.as_nanos().max(1));
            self.gossip_at += every * missed;
        }
        match accuser {
            Some(by) => self.broadcasts.add_accuser(node, by),
            None => self.broadcasts.add(node),
        }
    }

    /// News for one receiver; first of all what it should object to.
    pub(super) fn news_for(&mut self, to: NodeId) -> Vec<Update> {
        let mut updates: Vec<Update> = self.accusation_of(to).into_iter().collect();
        let left = UPDATES_MAX - updates.iter().map(|update| update.bytes()).sum::<u64>();
        let Swim { broadcasts, members, group, incarnation, facts, retransmissions, .. } = self;
        let believed = |node: NodeId| {
            let own = (*incarnation, Claim::Alive(*facts));
            let of = |member: &Member| (member.incarnation, member.claim());
            let (incarnation, claim) = if node == group.id { own } else { of(&members[node.index()]) };
            Update { node, incarnation, claim }
        };
        broadcasts.take(left, *retransmissions, believed, &mut updates);
        updates
    }

    /// What is held against a member. Suspects are told by Lifeguard's buddy system; the confirmed in any case, or they would
    /// never come back.
    pub(super) fn accusation_of(&self, node: NodeId) -> Option<Update> {
        let member = self.members.get(node.index())?;
        match member.standing() {
            Standing::Alive => None,
            Standing::Suspected => member.update(node).filter(|_| self.configuration.buddy()),
            Standing::Confirmed => member.update(node),
        }
    }

    fn gossip(&mut self, turn: &mut Turn<'_>) {
        self.gossip_at = turn.now + self.configuration.gossip_every;
        let (own, until) = (self.group.id, self.configuration.gossip_to_dead);
        let members = &self.members;
        let listens = |node: NodeId| {
            node != own
                && members
                    .get(node.index())
                    .and_then(Member::confirmed_since)
                    .is_none_or(|since| turn.now.saturating_since(since) < until)
        };
        for to in pick(turn.draw, self.group.participants(), self.configuration.gossip_fanout, listens) {
            let updates = self.news_for(to);
            if !updates.is_empty() {
                turn.send(to, SwimMessage::Gossip { updates });
            }
        }
    }

    /// Takes up a claim. `hearsay` is one from a compared table: old news, so that a confirmation of a member that was heard here
    /// makes it a suspect only (memberlist `mergeState`); else the sides of a healed partition would declare themselves failed to
    /// each other.
    fn take_up(&mut self, update: Update, hearsay: bool, turn: &mut Turn<'_>) {
        let Update { node, incarnation, claim } = update;
        if node == self.group.id {
            return self.defend(incarnation, claim, turn.now);
        }
        let Some(member) = self.members.get(node.index()) else { return };
        let heard_alive = member.standing() == Standing::Alive && member.incarnation > 0;
        match claim {
            Claim::Confirmed { by } if hearsay && heard_alive => self.believe(node, incarnation, Claim::Suspected { by }, turn),
            Claim::Alive(_) | Claim::Suspected { .. } | Claim::Confirmed { .. } => self.believe(node, incarnation, claim, turn),
        }
    }

    /// Objects to a claim about this member that is not its own.
    fn defend(&mut self, incarnation: u64, claim: Claim, now: Instant) {
        let wrong = match claim {
            // Of an earlier life whose disk was lost, or of a life that told other facts.
            Claim::Alive(facts) => incarnation > self.incarnation || (incarnation == self.incarnation && facts != self.facts),
            Claim::Suspected { .. } | Claim::Confirmed { .. } => incarnation >= self.incarnation,
        };
        if wrong && !self.group.observes() {
            self.incarnation = incarnation.saturating_add(1);
            if claim.standing() != Standing::Alive {
                self.judge_self(1);
            }
            self.speak(now);
        }
    }

    /// Changes local health.
    pub(super) fn judge_self(&mut self, delta: i32) {
        if self.configuration.local_health() {
            self.awareness.apply(delta);
        }
    }

    /// A claim about another member, by whomever.
    pub(super) fn believe(&mut self, node: NodeId, incarnation: u64, claim: Claim, turn: &mut Turn<'_>) {
        let member = &mut self.members[node.index()];
        let (merged, fresh) = member.merge(incarnation, claim, turn.now);
        if fresh {
            turn.outputs.push(Output::Learnt { node, facts: member.facts() });
        }
        match (merged, claim) {
            (Merged::Nothing, _) => {}
            (Merged::Accused, Claim::Suspected { by }) => {
                if self.suspicions.get_mut(&node).is_some_and(|suspicion| suspicion.confirm(by)) {
                    self.announce(node, Some(by), turn.now);
                }
            }
            (Merged::Accused, Claim::Alive(_) | Claim::Confirmed { .. }) => unreachable!("only a suspicion joins a suspicion"),
            (Merged::Believed { before }, _) => {
                if let Claim::Suspected { by } = claim {
                    let nodes = self.group.nodes;
                    let (bounds, expected) = (self.configuration.bounds(nodes), self.configuration.expected(nodes));
                    self.suspicions.insert(node, Suspicion::new(by, bounds, expected, turn.now));
                } else {
                    self.suspicions.remove(&node);
                }
                self.announce(node, None, turn.now);
                if before != claim.standing() {
                    turn.outputs.push(Output::Believes { node, before, standing: claim.standing() });
                }
            }
        }
    }

    /// Confirms the suspects whose time to object is over.
    fn confirm_overdue(&mut self, turn: &mut Turn<'_>) {
        let overdue: Vec<NodeId> =
            self.suspicions.iter().filter(|(_, suspicion)| suspicion.deadline() <= turn.now).map(|(node, _)| *node).collect();
        for node in overdue {
            let incarnation = self.members[node.index()].incarnation;
            self.believe(node, incarnation, Claim::Confirmed { by: self.group.id }, turn);
        }
    }
}
