//! Probes: one member per period, directly, then through others.

use hms_machine::{Duration, Instant, NodeId};

use super::message::{Claim, Standing, SwimMessage};
use super::protocol::{Swim, Turn};
use super::rotation::pick;

/// A helper says that its target is silent at this share of the probe time-out, so that the nack is there before the prober
/// judges (DSN 2018, §IV-A).
const NACK_SHARE: f64 = 0.8;

/// Where this period's probe stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Probe {
    /// Nothing to wait for until the next period.
    Resting { until: Instant },
    /// The target was asked.
    Direct { target: NodeId, sequence: u32, indirect_at: Instant, ends: Instant },
    /// Others were asked to ask it.
    Indirect { target: NodeId, sequence: u32, ends: Instant, helpers: u32, nacks: u32 },
}

/// A probe on behalf of another member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relay {
    origin: NodeId,
    origin_sequence: u32,
    sequence: u32,
    /// When to tell that the target is silent; `None` once told, or without nacks.
    pub(super) nack_at: Option<Instant>,
    expires: Instant,
}

impl Probe {
    pub(super) fn deadline(&self) -> Instant {
        match self {
            Probe::Resting { until } => *until,
            Probe::Direct { indirect_at, .. } => *indirect_at,
            Probe::Indirect { ends, .. } => *ends,
        }
    }

    /// Waits longer for the answers that are awaited.
    pub(super) fn postpone(&mut self, late: Duration) {
        match self {
            Probe::Resting { .. } => {}
            Probe::Direct { indirect_at, ends, .. } => {
                *indirect_at = indirect_at.saturating_add(late);
                *ends = ends.saturating_add(late);
            }
            Probe::Indirect { ends, .. } => *ends = ends.saturating_add(late),
        }
    }
}

impl Swim {
    /// Takes the probe a step on, if it is time.
    pub(super) fn probe_on(&mut self, turn: &mut Turn<'_>) {
        match self.probe {
            Probe::Resting { until } if until <= turn.now => self.probe_next(turn),
            Probe::Direct { target, sequence, indirect_at, ends } if indirect_at <= turn.now => {
                self.ask_others(target, sequence, ends, turn);
            }
            Probe::Indirect { target, ends, helpers, nacks, .. } if ends <= turn.now => {
                self.fail(target, helpers - nacks, helpers, turn);
                self.probe_next(turn);
            }
            // Still waiting.
            Probe::Resting { .. } | Probe::Direct { .. } | Probe::Indirect { .. } => {}
        }
    }

    fn probe_next(&mut self, turn: &mut Turn<'_>) {
        let ends = turn.now + self.awareness.scaled(self.configuration.probe_every);
        let members = &self.members;
        let target = self.rotation.next(turn.draw, |node| members[node.index()].standing() != Standing::Confirmed);
        let Some(target) = target else {
            self.probe = Probe::Resting { until: ends };
            return;
        };
        let sequence = self.number();
        let indirect_at = turn.now + self.awareness.scaled(self.configuration.probe_timeout);
        self.probe = Probe::Direct { target, sequence, indirect_at, ends };
        let updates = self.news_for(target);
        turn.send(target, SwimMessage::Ping { sequence, updates });
    }

    fn ask_others(&mut self, target: NodeId, sequence: u32, ends: Instant, turn: &mut Turn<'_>) {
        let (own, members) = (self.group.id, &self.members);
        let able = |node: NodeId| node != own && node != target && members[node.index()].standing() == Standing::Alive;
        let helpers = pick(turn.draw, self.group.nodes, self.configuration.indirect, able);
        for helper in &helpers {
            let updates = self.news_for(*helper);
            turn.send(*helper, SwimMessage::IndirectPing { sequence, target, updates });
        }
        self.probe = Probe::Indirect { target, sequence, ends, helpers: helpers.len() as u32, nacks: 0 };
    }

    /// The target did not answer anybody. Whose fault it is shows in the nacks that are missing; without nacks, every failure
    /// counts against oneself.
    fn fail(&mut self, target: NodeId, missing: u32, helpers: u32, turn: &mut Turn<'_>) {
        let delta = if self.configuration.nack() && helpers > 0 { missing as i32 } else { 1 };
        self.judge_self(delta);
        let member = &self.members[target.index()];
        match member.standing() {
            Standing::Alive | Standing::Suspected => {
                // A member that was never heard has incarnation 0, which a claim about it must exceed to be told.
                let incarnation = member.incarnation.max(1);
                self.believe(target, incarnation, Claim::Suspected { by: self.group.id }, turn);
            }
            // Others confirmed it meanwhile.
            Standing::Confirmed => {}
        }
    }

    /// An answer. One that comes after its period, or twice, decides nothing.
    pub(super) fn acknowledged(&mut self, acknowledged: u32, turn: &mut Turn<'_>) {
        match self.probe {
            Probe::Direct { sequence, ends, .. } | Probe::Indirect { sequence, ends, .. } if sequence == acknowledged => {
                self.judge_self(-1);
                self.probe = Probe::Resting { until: ends };
            }
            Probe::Resting { .. } | Probe::Direct { .. } | Probe::Indirect { .. } => {
                if let Some(position) = self.relays.iter().position(|relay| relay.sequence == acknowledged) {
                    let relay = self.relays.remove(position);
                    let updates = self.news_for(relay.origin);
                    turn.send(relay.origin, SwimMessage::Ack { sequence: relay.origin_sequence, updates });
                }
            }
        }
    }

    /// A helper is there, but the target is silent.
    pub(super) fn refused(&mut self, refused: u32) {
        match &mut self.probe {
            Probe::Indirect { sequence, helpers, nacks, .. } if *sequence == refused => *nacks = (*nacks + 1).min(*helpers),
            // Late.
            Probe::Resting { .. } | Probe::Direct { .. } | Probe::Indirect { .. } => {}
        }
    }

    /// Probes `target` on behalf of `origin`.
    pub(super) fn help(&mut self, origin: NodeId, origin_sequence: u32, target: NodeId, turn: &mut Turn<'_>) {
        self.relays.retain(|relay| relay.expires > turn.now);
        let sequence = self.number();
        let nack_at = self.configuration.nack().then(|| turn.now + self.configuration.probe_timeout.mul_f64(NACK_SHARE));
        let expires = turn.now + self.configuration.probe_every;
        self.relays.push(Relay { origin, origin_sequence, sequence, nack_at, expires });
        let updates = self.news_for(target);
        turn.send(target, SwimMessage::Ping { sequence, updates });
    }

    pub(super) fn forward_nacks(&mut self, turn: &mut Turn<'_>) {
        for relay in &mut self.relays {
            if relay.nack_at.is_some_and(|at| at <= turn.now) {
                relay.nack_at = None;
                turn.send(relay.origin, SwimMessage::Nack { sequence: relay.origin_sequence });
            }
        }
    }

    /// A number for a ping, unlike those of other pings in flight.
    fn number(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }
}
