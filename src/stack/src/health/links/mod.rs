//! What heartbeats say about the way that they took: lost, late, doubled, overtaken, or stamped by a clock that was set.
//!
//! Picture the post office of a village that numbers its letters. Nobody has to tell the village that a road is bad: a number is missing, a letter is
//! older than letters used to be, one comes twice. A single missing letter says nothing, so each suspicion is a sequential test ([`super::evidence`]) with a stated
//! chance of being wrong; and since one road brings few letters, the letters of each peer are judged, those of each zone together, and all
//! together: a loss of 5 % shows within a second in a hundred letters and not in ten.
//!
//! **Whose doing it is.** If one peer contributed most of the evidence, it is that peer. Otherwise what all letters show is put down to this node
//! itself, and what a zone's letters show to that peer in the zone that shows it most.
//!
//! **What it cannot tell.** A delay from a clock that was set back, except by its steadiness: a delay varies, a clock does not. Where the node itself
//! was stopped, letters lay in its own box; see [`Links::stopped`]. A loss that is rarer than the heartbeats of a second shows later.
//!
//! A policy: heartbeats in, changes of belief out; it sends nothing and holds no timer.

#[cfg(test)]
mod tests;
mod usual;

use hms_machine::{Duration, Instant};

use crate::configuration::Conflict;
use crate::health::evidence::{Event, Evidence, Weights};
use crate::tunables::{hours, ms, parameters, secs, us};
use usual::{Least, Off, Usual};

parameters! {
    /// Parameters of what is learnt from heartbeats about the ways that they took.
    pub struct LinkConfiguration("links") {
        enabled: bool = switch(true),
            "Judges the network and the clocks by the heartbeats that come; off: only silence is noticed. Needs health.mode = heartbeat.";
        loss_usual: f64 = real(0.000_01, 0.1, 0.001),
            "Share of heartbeats that may be lost, doubled or overtaken on a healthy network.";
        loss_bad: f64 = real(0.001, 0.9, 0.03),
            "Share that is to be noticed. Nearer to the usual share: smaller losses are found, later.";
        late_usual: f64 = real(0.000_1, 0.5, 0.01),
            "Share of heartbeats that may be late on a healthy network with busy hosts.";
        late_bad: f64 = real(0.01, 0.95, 0.25),
            "Share of late heartbeats that is to be noticed.";
        late_min: Duration = duration(us(10), secs(10), us(400)),
            "A heartbeat is late if it takes this much longer than usual, and much longer than those that usually come last.";
        clock_min: Duration = duration(us(100), secs(10), ms(8)),
            "A clock is off if it is this much further from this node's than before, and much further than letters usually come early.";
        confidence: f64 = real(1.0, 50.0, 9.0),
            "Evidence that convicts, in natural logarithms of the likelihood ratio (Wald 1945): 9 is about one mistake in 8,000 tests. Higher: surer, later.";
        late_span: Duration = duration(ms(0), hours(1), ms(250)),
            "Evidence of lateness must stretch over this time: a busy moment of one's own makes all letters late. Longer: surer, later.";
    }
}

/// What is late for this long is usual by now.
const ACCEPTED_AFTER: Duration = Duration::from_secs(60);
/// After a stop of one's own heartbeats come late for this long.
const STOPPED: Duration = Duration::from_millis(300);
/// Share of the evidence by which one peer is to blame.
const CULPRIT: f64 = 0.6;
/// From so many letters on, one peer's blame for what concerns all is taken back if others show the same.
const REVISED_FROM: usize = 5;
/// A clock that was set is off by the same time to within this share of it, and [`CLOCK_NOISE`].
const CLOCK_SPREAD: f64 = 0.05;
const CLOCK_NOISE: i64 = 1_000_000;

impl LinkConfiguration {
    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let pairs = [
            (["links.loss_usual", "links.loss_bad"], self.loss_usual, self.loss_bad),
            (["links.late_usual", "links.late_bad"], self.late_usual, self.late_bad),
        ];
        let wrong = pairs.into_iter().filter(|(_, usual, bad)| usual >= bad);
        wrong
            .map(|(names, usual, bad)| Conflict {
                names,
                message: format!("{} ({usual}) must be below {} ({bad}), or what is usual is bad", names[0], names[1]),
            })
            .collect()
    }
}

/// What is wrong with a way, or with a clock at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Messages are lost.
    Loss,
    /// Messages come twice, or later ones before earlier ones.
    Mangling,
    /// Messages take longer than they used to.
    Delay,
    /// A clock was set.
    Clock,
}

/// Whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// This node's own.
    Own,
    /// That of the peer at this position.
    Peer(u32),
}

/// A belief that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// Whose way or clock.
    pub whom: Whom,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// Whether it is from now on, or is not any more.
    pub bad: bool,
}

/// A heartbeat as far as the way that it took is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The sender's life; larger is later.
    pub incarnation: u64,
    /// Number within this life: a count of periods.
    pub sequence: u64,
    /// Arrival by this node's wall clock less departure by the sender's, in nanoseconds.
    pub difference: i64,
}

/// One test for each question.
const QUESTIONS: [Question; 4] = [Question::Lost, Question::Mangled, Question::Late, Question::Early];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Lost,
    Mangled,
    Late,
    Early,
}

/// Letters that are judged together.
#[derive(Clone, Debug, Default)]
struct Line {
    evidence: [Evidence; 4],
    /// Who is blamed, and for what, as long as the test says so.
    blamed: [Option<(Whom, Trouble)>; 4],
}

#[derive(Clone, Debug, Default)]
struct Peer {
    newest: Option<(u64, u64)>,
    /// Index of its zone's line.
    zone: usize,
    usual: Usual,
    line: Line,
    /// Since when its letters are late or early.
    off_since: Option<Instant>,
}

/// Beliefs about the ways from a fixed list of peers.
#[derive(Clone, Debug)]
pub struct Links {
    loss: Weights,
    late: Weights,
    least: Least,
    peers: Vec<Peer>,
    zones: Vec<Line>,
    all: Line,
    deaf_until: Instant,
}

/// How wide a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Peer,
    Zone,
    All,
}

impl Links {
    /// Ways from peers in these zones, by position; nothing is known of them.
    pub fn new(configuration: &LinkConfiguration, zones: &[u32]) -> Self {
        let mut known: Vec<u32> = zones.to_vec();
        known.sort_unstable();
        known.dedup();
        let line = |zone: &u32| known.iter().position(|other| other == zone).unwrap_or(0);
        let confidence = configuration.confidence;
        Links {
            loss: Weights::new(configuration.loss_usual, configuration.loss_bad, confidence, Duration::ZERO),
            late: Weights::new(configuration.late_usual, configuration.late_bad, confidence, configuration.late_span),
            least: Least { late: configuration.late_min, early: configuration.clock_min },
            peers: zones.iter().map(|zone| Peer { zone: line(zone), ..Peer::default() }).collect(),
            zones: vec![Line::default(); known.len()],
            all: Line::default(),
            deaf_until: Instant::ZERO,
        }
    }

    /// This node was stopped itself: what comes now lay in its box, and its age says nothing.
    pub fn stopped(&mut self, now: Instant) {
        self.deaf_until = now.saturating_add(STOPPED);
    }

    /// A peer is taken for failed: what its letters said is over.
    pub fn forget(&mut self, position: usize, mut tell: impl FnMut(LinkChange)) {
        let peer = &mut self.peers[position];
        (peer.newest, peer.off_since) = (None, None);
        release(&mut peer.line, &mut tell);
        peer.usual.forget();
    }

    /// A letter of the peer at `position` has come.
    pub fn heard(&mut self, position: usize, letter: Letter, now: Instant, mut tell: impl FnMut(LinkChange)) {
        let Letter { incarnation, sequence, difference } = letter;
        let peer = &mut self.peers[position];
        let fresh = peer.newest.is_none_or(|(life, _)| life < incarnation);
        if fresh {
            peer.newest = Some((incarnation, sequence));
            peer.usual.forget();
            return;
        }
        let Some((life, newest)) = peer.newest.filter(|(life, _)| *life == incarnation) else { return };
        let event = |shift| Some(Event { position: position as u32, shift });
        if sequence <= newest {
            return self.ask(position, Question::Mangled, event(0), now, &mut tell);
        }
        peer.newest = Some((life, sequence));
        // A gap counts once, however long it is: who was stopped for a while has skipped the numbers of that time.
        let gap = sequence > newest + 1;
        let off = if now < self.deaf_until { None } else { Some(peer.usual.observe(difference, self.least)) };
        self.ask(position, Question::Lost, event(0).filter(|_| gap), now, &mut tell);
        self.ask(position, Question::Mangled, None, now, &mut tell);
        let Some(off) = off else { return };
        let (late, early) = match off {
            Off::No => (None, None),
            Off::Late(shift) => (event(shift), None),
            Off::Early(shift) => (None, event(shift)),
        };
        self.ask(position, Question::Late, late, now, &mut tell);
        self.ask(position, Question::Early, early, now, &mut tell);
        self.accept(position, off != Off::No, now, &mut tell);
    }

    /// What has been off for long is usual from now on.
    fn accept(&mut self, position: usize, off: bool, now: Instant, tell: &mut impl FnMut(LinkChange)) {
        let peer = &mut self.peers[position];
        let raised = [Question::Late, Question::Early].iter().any(|question| peer.line.evidence[*question as usize].raised());
        if !off && !raised {
            peer.off_since = None;
            return;
        }
        let since = *peer.off_since.get_or_insert(now);
        if now.saturating_since(since) >= ACCEPTED_AFTER {
            peer.off_since = None;
            peer.usual.forget();
            release(&mut peer.line, tell);
        }
    }

    fn ask(&mut self, position: usize, question: Question, bad: Option<Event>, now: Instant, tell: &mut impl FnMut(LinkChange)) {
        let Links { loss, late, least, peers, zones, all, .. } = self;
        let weights = match question {
            Question::Lost | Question::Mangled => &*loss,
            Question::Late | Question::Early => &*late,
        };
        let peer = &mut peers[position];
        let lines = [(Scope::Peer, &mut peer.line), (Scope::Zone, &mut zones[peer.zone]), (Scope::All, all)];
        for (scope, line) in lines {
            line.observe(scope, question, bad, weights, least.early, now, tell);
        }
    }
}

impl Line {
    #[expect(clippy::too_many_arguments, reason = "what is asked of whom, by which measure, and whom to tell")]
    fn observe(
        &mut self,
        scope: Scope,
        question: Question,
        bad: Option<Event>,
        weights: &Weights,
        clock_min: Duration,
        now: Instant,
        tell: &mut impl FnMut(LinkChange),
    ) {
        let evidence = &mut self.evidence[question as usize];
        let changed = evidence.observe(bad, weights, now);
        let blamed = &mut self.blamed[question as usize];
        let Some(raised) = changed else {
            // The first few letters may have pointed at one peer by chance.
            if let (Scope::All, Some((Whom::Peer(_), trouble))) = (scope, *blamed)
                && bad.is_some()
                && evidence.events().len() >= REVISED_FROM
                && evidence.culprit(CULPRIT).is_none()
                && let Some((whom, trouble)) = blamed.replace((Whom::Own, trouble))
            {
                tell(LinkChange { whom, trouble, bad: false });
                tell(LinkChange { whom: Whom::Own, trouble, bad: true });
            }
            return;
        };
        if let Some((whom, trouble)) = blamed.take() {
            tell(LinkChange { whom, trouble, bad: false });
        }
        if raised {
            let whom = match (scope, evidence.culprit(CULPRIT)) {
                (_, Some(culprit)) => Whom::Peer(culprit),
                (Scope::Peer | Scope::Zone, None) => evidence.worst().map_or(Whom::Own, Whom::Peer),
                (Scope::All, None) => Whom::Own,
            };
            let trouble = trouble(question, evidence.events(), clock_min);
            *blamed = Some((whom, trouble));
            tell(LinkChange { whom, trouble, bad: true });
        }
    }
}

/// What an answer means.
fn trouble(question: Question, events: &[Event], clock_min: Duration) -> Trouble {
    match question {
        Question::Lost => Trouble::Loss,
        Question::Mangled => Trouble::Mangling,
        Question::Early => Trouble::Clock,
        Question::Late => {
            let least = events.iter().map(|event| event.shift).min().unwrap_or(0);
            let most = events.iter().map(|event| event.shift).max().unwrap_or(0);
            let steady = (most - least) as f64 <= CLOCK_SPREAD * least as f64 + CLOCK_NOISE as f64;
            if least >= clock_min.as_nanos() as i64 && steady { Trouble::Clock } else { Trouble::Delay }
        }
    }
}

/// Ends what is believed of a line.
fn release(line: &mut Line, tell: &mut impl FnMut(LinkChange)) {
    for question in QUESTIONS {
        line.evidence[question as usize].clear();
        if let Some((whom, trouble)) = line.blamed[question as usize].take() {
            tell(LinkChange { whom, trouble, bad: false });
        }
    }
}
