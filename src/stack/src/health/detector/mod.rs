//! Failure detectors: who of a fixed list of peers is believed to have failed, judged by heartbeats alone.
//!
//! Picture one alarm clock per peer. Each heartbeat winds it: the rule of the detector says until when silence is still believable (the
//! *conviction instant*), and a peer whose clock runs out is suspected until it is heard again. The rules differ only in how far they wind:
//!
//! | kind | silence that convicts | source |
//! |---|---|---|
//! | `timeout` | a constant | the simplest detector of Chandra and Toueg 1996 |
//! | `phi_normal` | mean + pause + y(threshold) · sigma of recent intervals | Hayashibara et al. 2004; constants of Pekko |
//! | `phi_exponential` | pause + threshold · ln 10 · mean | Cassandra |
//! | `chen` | until the expected arrival of the next heartbeat + alpha | NFD-E: Chen, Toueg and Aguilera 2002, §6 |
//! | `chen_s` | until the next heartbeat was sent + delta, by synchronised clocks | NFD-S: the same, §3 |
//!
//! A policy: it is told heartbeats and asked for verdicts, and sees nothing else but its own clock. [`Detector::deadline`] is
//! exact: a verdict falls in the very instant in which a rule is broken, and nobody polls. Heartbeats leave the deadline where it
//! is unless they bring it forward, so a detector is woken about once per (conviction time − heartbeat period), whatever the
//! number of heartbeats in between.
//!
//! **Local pause.** A process that was itself stopped wakes up to clocks that have all run out, and to an inbox full of
//! heartbeats that it has not read. If a look comes later than it was asked for by more than `pause_lateness`, each peer gets
//! `pause_grace` more (as Cassandra's `MAX_LOCAL_PAUSE`). A peer gets it once per silence, so a crash is convicted even by an
//! observer that is always late.
//!
//! **Cost.** A node sends `monitors` heartbeats (and one per edge) each period and receives as many: at the defaults 160 messages
//! per node and second from 17 nodes on, flat in the number of nodes; an edge receives `nodes / heartbeat`, which is not flat.
//! All-to-all watching (monitors = nodes − 1) costs 10 (N − 1) per node and second: 90 at N = 10, 990 at N = 100. SWIM
//! ([`crate::health::swim`]) sends about 40 per node and second at any N.

pub mod contract;
mod phi;
mod rule;
mod window;

use hms_machine::{Duration, Instant};

use self::rule::Rule;
use self::window::Window;
use crate::health::HealthConfiguration;

/// Beliefs about a fixed list of peers.
#[derive(Clone, Debug)]
pub struct Detector {
    rule: Rule,
    guard: Option<Guard>,
    peers: Vec<Peer>,
    /// No peer can be convicted before this.
    look_at: Instant,
}

/// What protects peers from an observer that was stopped.
#[derive(Clone, Copy, Debug)]
struct Guard {
    lateness: Duration,
    grace: Duration,
}

/// What a peer says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The sender's life; larger is later.
    pub incarnation: u64,
    /// Which heartbeat of this life: a count of periods, see [`crate::health::Heartbeats`].
    pub sequence: u64,
    /// Time since it was sent, by clocks that are taken to be synchronised. Only `chen_s` looks at it.
    pub age: Duration,
}

#[derive(Clone, Debug)]
struct Peer {
    /// Incarnation and sequence of the newest heartbeat.
    newest: Option<(u64, u64)>,
    heard: Instant,
    /// When silence becomes unbelievable.
    convict_at: Instant,
    suspected: bool,
    /// Whether this silence was already excused by a pause of our own.
    excused: bool,
    /// Arrival and sequence of the first heartbeat of this life: the zero from which `chen` measures.
    origin: (Instant, u64),
    window: Window,
}

/// A belief that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer at this position was not heard for too long.
    Suspected(usize),
    /// The suspected peer at this position was heard again.
    Trusted(usize),
}

impl Detector {
    /// Watches `peers` peers, all trusted and taken as heard `now`; nothing is known of their rhythm but the configured first estimate.
    pub fn new(configuration: &HealthConfiguration, peers: usize, now: Instant) -> Self {
        let rule = Rule::new(configuration);
        let grace = configuration.heartbeat.saturating_mul(u64::from(configuration.pause_grace));
        let guard = configuration.pause_guard.then_some(Guard { lateness: configuration.pause_lateness, grace });
        let mut peer = Peer {
            newest: None,
            heard: now,
            convict_at: Instant::MAX,
            suspected: false,
            excused: false,
            origin: (now, 0),
            window: Window::new(rule.window()),
        };
        peer.convict_at = rule.first_conviction(now);
        Detector { rule, guard, look_at: if peers > 0 { peer.convict_at } else { Instant::MAX }, peers: vec![peer; peers] }
    }

    /// A heartbeat of the peer at `position`. One that is not newer than the newest (a copy, overtaken, or of an earlier life)
    /// says nothing.
    pub fn heard(&mut self, position: usize, heartbeat: Heartbeat, now: Instant) -> Option<Verdict> {
        let peer = &mut self.peers[position];
        let name = (heartbeat.incarnation, heartbeat.sequence);
        if peer.newest.is_some_and(|newest| name <= newest) {
            return None;
        }
        let now = now.max(peer.heard);
        self.rule.learn(peer, heartbeat, now);
        (peer.newest, peer.heard, peer.excused) = (Some(name), now, false);
        peer.convict_at = self.rule.conviction(peer, heartbeat, now);
        if peer.suspected {
            // Too late even by its own measure: the silence goes on (NFD-S and NFD-E; never with the others).
            if peer.convict_at <= now {
                return None;
            }
            peer.suspected = false;
            self.look_at = self.look_at.min(peer.convict_at);
            return Some(Verdict::Trusted(position));
        }
        self.look_at = self.look_at.min(peer.convict_at);
        None
    }

    /// Peers that have become suspect by `now`.
    pub fn look(&mut self, now: Instant, mut tell: impl FnMut(Verdict)) {
        if now < self.look_at {
            return;
        }
        let excuse = self.guard.filter(|guard| now.saturating_since(self.look_at) > guard.lateness);
        let mut next = Instant::MAX;
        for (position, peer) in self.peers.iter_mut().enumerate().filter(|(_, peer)| !peer.suspected) {
            if let Some(until) = excuse.map(|guard| now.saturating_add(guard.grace))
                && !peer.excused
                && peer.convict_at < until
            {
                peer.excused = true;
                peer.convict_at = until;
            }
            if peer.convict_at <= now {
                peer.suspected = true;
                tell(Verdict::Suspected(position));
            } else {
                next = next.min(peer.convict_at);
            }
        }
        self.look_at = next;
    }

    /// Whether the peer at `position` is suspected.
    pub fn suspects(&self, position: usize) -> bool {
        self.peers[position].suspected
    }

    /// How suspicious the silence of the peer at `position` is: phi of the model for the phi detectors (compare with the threshold), and
    /// for the others the share of the believable silence that is over, so that 1 convicts.
    pub fn phi(&self, position: usize, now: Instant) -> f64 {
        let peer = &self.peers[position];
        self.rule.phi(peer, now.saturating_since(peer.heard))
    }

    /// When the peer at `position` is convicted if it stays silent. Whether it is *available* (Pekko's word) is `now < conviction`.
    pub fn conviction(&self, position: usize) -> Instant {
        self.peers[position].convict_at
    }

    /// When to call [`Detector::look`] next.
    pub fn deadline(&self) -> Option<Instant> {
        (self.look_at < Instant::MAX).then_some(self.look_at)
    }
}

#[cfg(test)]
mod tests;
