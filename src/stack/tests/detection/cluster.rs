//! A cluster that runs SWIM: latency, loss, members that are slow, stopped, cut off or crashed.

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{Duration, Instant, Message, NodeId, Purpose, Ratio, Seed, Streams};
use hms_stack::health::swim::{DRAWS, Facts, Group, Output, Standing, Swim, SwimConfiguration, SwimMessage, Turn};

use crate::pair::exponential;

const LINK: Purpose = Purpose::named("test/cluster-link");
const SLOW: Purpose = Purpose::named("test/cluster-slow");

/// A slow member stops after an input with this probability, for 1 to 10 seconds: on average every 10 s.
const SLOW_SHARE: f64 = 0.01;

/// What the cluster is made of.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) configuration: SwimConfiguration,
    pub(crate) nodes: u32,
    pub(crate) edges: u32,
    pub(crate) loss: f64,
    /// Members `0..slow` handle their inputs late, as those of the paper do: they stop where they send and receive.
    pub(crate) slow: u32,
    pub(crate) seed: u64,
}

/// A change of belief.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belief {
    pub(crate) at: Instant,
    pub(crate) node: NodeId,
    pub(crate) standing: Standing,
}

pub(crate) struct Cluster {
    setup: Setup,
    streams: Streams,
    pub(crate) now: Instant,
    members: Vec<Option<Swim>>,
    deadlines: BTreeSet<(Instant, u32)>,
    waiting: Vec<Option<Instant>>,
    /// Neither time-outs nor messages are handled before this; those that are due then come first, and time-outs before messages.
    stopped_until: Vec<Instant>,
    messages: BTreeMap<(Instant, u64), (NodeId, NodeId, SwimMessage)>,
    side: Vec<u32>,
    inputs: u64,
    pub(crate) sent: u64,
    pub(crate) bytes: u64,
    pub(crate) beliefs: Vec<Belief>,
}

impl Cluster {
    pub(crate) fn new(setup: Setup) -> Self {
        let count = (setup.nodes + setup.edges) as usize;
        let mut cluster = Cluster {
            setup,
            streams: Streams::new(Seed(setup.seed)),
            now: Instant::ZERO,
            members: vec![None; count],
            deadlines: BTreeSet::new(),
            waiting: vec![None; count],
            stopped_until: vec![Instant::ZERO; count],
            messages: BTreeMap::new(),
            side: vec![0; count],
            inputs: 0,
            sent: 0,
            bytes: 0,
            beliefs: Vec::new(),
        };
        (0..count as u32).for_each(|node| cluster.boot(node, 1));
        cluster
    }

    pub(crate) fn boot(&mut self, node: u32, incarnation: u64) {
        let (configuration, group) =
            (self.setup.configuration, Group { id: NodeId(node), nodes: self.setup.nodes, edges: self.setup.edges });
        let facts = Facts { version: 1, ready: u64::from(node) };
        self.turn(node, |place, turn| *place = Some(Swim::start(&configuration, group, incarnation, facts, turn)));
    }

    pub(crate) fn crash(&mut self, node: u32) {
        self.members[node as usize] = None;
        self.reschedule(node);
    }

    pub(crate) fn stop(&mut self, node: u32, span: Duration) {
        self.stopped_until[node as usize] = self.now + span;
        self.reschedule(node);
    }

    /// Messages pass within a side only.
    pub(crate) fn divide(&mut self, side: impl Fn(u32) -> u32) {
        (0..).zip(&mut self.side).for_each(|(node, place)| *place = side(node));
    }

    pub(crate) fn member(&self, node: u32) -> Option<&Swim> {
        self.members[node as usize].as_ref()
    }

    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let deadline = self.deadlines.first().copied().filter(|(at, _)| *at <= end);
            let message = self.messages.first_key_value().map(|(key, _)| *key).filter(|(at, _)| *at <= end);
            match (deadline, message) {
                (Some((at, node)), message) if message.is_none_or(|(arrival, _)| at <= arrival) => {
                    self.now = self.now.max(at);
                    self.turn(node, |place, turn| place.as_mut().into_iter().for_each(|swim| swim.wake(turn)));
                }
                (_, Some(_)) => self.deliver(),
                (_, None) => break,
            }
        }
        self.now = end;
    }

    fn deliver(&mut self) {
        let ((at, order), (from, to, message)) = self.messages.pop_first().expect("just seen");
        self.now = self.now.max(at);
        let until = self.stopped_until[to.index()];
        if until > at {
            self.messages.insert((until, order), (from, to, message));
        } else {
            self.turn(to.0, |place, turn| place.as_mut().into_iter().for_each(|swim| swim.heard(from, &message, turn)));
        }
    }

    fn turn(&mut self, node: u32, act: impl FnOnce(&mut Option<Swim>, &mut Turn<'_>)) {
        self.inputs += 1;
        let mut outputs = Vec::new();
        let draw = &mut self.streams.draw(DRAWS, u64::from(node), self.inputs);
        act(&mut self.members[node as usize], &mut Turn { now: self.now, draw, outputs: &mut outputs });
        for output in outputs {
            match output {
                Output::Send { to, message } => self.send(NodeId(node), to, message),
                Output::Believes { node: about, standing, .. } => {
                    self.beliefs.push(Belief { at: self.now, node: about, standing });
                }
                Output::Learnt { .. } => {}
            }
        }
        let mut draw = self.streams.draw(SLOW, u64::from(node), self.inputs);
        if node < self.setup.slow && draw.uniform() < SLOW_SHARE {
            self.stopped_until[node as usize] = self.now + Duration::from_secs_f64(1.0 + 9.0 * draw.uniform());
        }
        self.reschedule(node);
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: SwimMessage) {
        self.sent += 1;
        self.bytes += message.bytes().0;
        let mut draw = self.streams.draw(LINK, u64::from(from.0), self.sent);
        let lost = draw.chance(Ratio::new(self.setup.loss).expect("a share"));
        // A LAN: 0.2 ms, and an exponential tail of 0.5 ms.
        let delay = Duration::from_micros(200) + exponential(&mut draw, Duration::from_micros(500));
        if !lost && self.side[from.index()] == self.side[to.index()] {
            self.messages.insert((self.now + delay, self.sent), (from, to, message));
        }
    }

    fn reschedule(&mut self, node: u32) {
        let deadline = self.members[node as usize].as_ref().and_then(Swim::deadline);
        let deadline = deadline.map(|at| at.max(self.stopped_until[node as usize]));
        if let Some(old) = std::mem::replace(&mut self.waiting[node as usize], deadline) {
            self.deadlines.remove(&(old, node));
        }
        self.deadlines.extend(deadline.map(|at| (at, node)));
    }

    /// Beliefs from `since` on that `node` is confirmed as failed.
    pub(crate) fn confirmed(&self, node: u32, since: Instant) -> Vec<Belief> {
        let about = |belief: &&Belief| belief.node.0 == node && belief.standing == Standing::Confirmed && belief.at >= since;
        self.beliefs.iter().filter(about).copied().collect()
    }

    /// Pairs (observer, member) of which the observer does not believe that the member is alive.
    pub(crate) fn doubts(&self) -> Vec<(u32, u32)> {
        let observers = (0..).zip(&self.members).filter_map(|(node, swim)| swim.as_ref().map(|swim| (node, swim)));
        observers
            .flat_map(|(by, swim)| (0..self.setup.nodes).map(move |node| (by, node, swim.standing(NodeId(node)))))
            .filter(|(_, _, standing)| *standing != Standing::Alive)
            .map(|(by, node, _)| (by, node))
            .collect()
    }
}
