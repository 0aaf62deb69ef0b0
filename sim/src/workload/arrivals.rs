//! Open loads: the instants at which requests arrive.
//!
//! A request comes when the integral of the rate since the request before has grown by a unit-rate gap: exponential for random arrivals, exactly
//! one for regular ones (time rescaling; Cinlar, "Introduction to Stochastic Processes", 1975, §4.7). So a
//! surge bends time and leaves the draws alone: the j-th request has the same gap with and without it.

use std::sync::Arc;

use hms_machine::{Instant, Purpose, Streams};
use hms_scenario::model::{Arrivals, Load};

use super::rate::{Curve, Piece, Position};
use super::surge::{Herd, Surge, Surges};
use super::timestamps::{Replay, Timestamps};

const GAP: Purpose = Purpose::named("load/gap");

/// Ordinals of requests that belong to a herd, so that the others keep theirs.
const HERD_ORDINALS: u64 = 1 << 63;

/// The requests of one load, one after the other. A clone goes on from the same place; it is small whatever the load.
///
/// What surges and herds do: the rate of `Poisson`, `Regular`, `Steps`, `Modulated`, `Diurnal` and `Counts` is multiplied; timestamps are left out or
/// copied, each by its own draw; a herd's requests come all at its instant, after a request that was due then anyway. A closed load gives
/// the requests of its herds here, whom nobody sends again; its surges shorten thinking instead.
#[derive(Clone, Debug)]
pub struct ArrivalProcess {
    plan: Arc<Plan>,
    load: u64,
    /// The request that comes next if no herd is before it.
    next: Option<(u64, Instant)>,
    state: State,
    herd: HerdWalk,
}

#[derive(Debug)]
struct Plan {
    source: Source,
    surges: Surges,
    herds: Vec<Herd>,
}

#[derive(Debug)]
enum Source {
    /// `random`: unit gaps are exponential, not one.
    Rate {
        curve: Curve,
        random: bool,
    },
    Timestamps(Timestamps),
    Nothing,
}

#[derive(Clone, Debug)]
enum State {
    New,
    Rate(Walk),
    Timestamps(Replay),
    Over,
}

/// Where a process with a rate stands.
#[derive(Clone, Debug)]
struct Walk {
    position: Position,
    piece: Piece,
    piece_index: u64,
    surge_index: usize,
    ordinal: u64,
}

/// Where the herds stand.
#[derive(Clone, Copy, Debug, Default)]
struct HerdWalk {
    index: usize,
    /// Requests of herd `index` that were given out.
    given: u32,
    /// Requests given out by all herds.
    total: u64,
}

impl ArrivalProcess {
    /// The requests of a load (with its index in the scenario) from the start of the run, under surges and herds.
    pub fn new(load: &Load, load_index: usize, surges: Vec<Surge>, mut herds: Vec<Herd>) -> Self {
        let source = match (&load.arrivals, Curve::new(load)) {
            (Arrivals::Timestamps { at }, _) => Source::Timestamps(Timestamps::new(at.clone())),
            (Arrivals::Regular { .. }, Some(curve)) => Source::Rate { curve, random: false },
            (_, Some(curve)) => Source::Rate { curve, random: true },
            (_, None) => Source::Nothing,
        };
        herds.retain(|herd| herd.requests > 0);
        herds.sort_by_key(|herd| herd.at);
        ArrivalProcess {
            plan: Arc::new(Plan { source, surges: Surges::new(&surges), herds }),
            load: load_index as u64,
            next: None,
            state: State::New,
            herd: HerdWalk::default(),
        }
    }

    /// The next request, no earlier than the one before: its ordinal, which names it in all other draws, and when it arrives. `None` when
    /// no more will come.
    ///
    /// Ordinals count from 0; those of herds and of copied timestamps lie in ranges of their own.
    pub fn next(&mut self, streams: &Streams) -> Option<(u64, Instant)> {
        if matches!(self.state, State::New) {
            self.begin(streams);
        }
        match (self.next, self.plan.herds.get(self.herd.index)) {
            (Some((_, request)), Some(herd)) if herd.at < request => Some(self.next_of_herd()),
            (None, Some(_)) => Some(self.next_of_herd()),
            (Some(request), _) => {
                self.next = self.advance(streams);
                Some(request)
            }
            (None, None) => None,
        }
    }

    fn begin(&mut self, streams: &Streams) {
        self.state = match &self.plan.source {
            Source::Rate { curve, .. } => State::Rate(Walk {
                position: Position::default(),
                piece: curve.piece(0, Instant::ZERO, self.load, streams),
                piece_index: 0,
                surge_index: 0,
                ordinal: 0,
            }),
            Source::Timestamps(_) => State::Timestamps(Replay::default()),
            Source::Nothing => State::Over,
        };
        self.next = self.advance(streams);
    }

    fn advance(&mut self, streams: &Streams) -> Option<(u64, Instant)> {
        let request = match (&mut self.state, &self.plan.source) {
            (State::Rate(walk), Source::Rate { curve, random }) => {
                let gap = if *random { -libm::log(streams.draw(GAP, self.load, walk.ordinal).open_uniform()) } else { 1.0 };
                walk.go(gap, curve, &self.plan.surges, self.load, streams)
            }
            (State::Timestamps(replay), Source::Timestamps(stated)) => stated.next(replay, &self.plan.surges, self.load, streams),
            _ => None,
        };
        if request.is_none() {
            self.state = State::Over;
        }
        request
    }

    fn next_of_herd(&mut self) -> (u64, Instant) {
        let Herd { at, requests } = self.plan.herds[self.herd.index];
        let ordinal = HERD_ORDINALS | self.herd.total;
        self.herd.total += 1;
        self.herd.given += 1;
        if self.herd.given == requests {
            self.herd = HerdWalk { index: self.herd.index + 1, given: 0, total: self.herd.total };
        }
        (ordinal, at)
    }
}

impl Walk {
    /// Goes on until `gap` more requests are expected. `None` if that never comes.
    fn go(&mut self, mut gap: f64, curve: &Curve, surges: &Surges, load: u64, streams: &Streams) -> Option<(u64, Instant)> {
        loop {
            let (factor, surge_until) = surges.step(self.surge_index);
            let until = self.piece.until.min(surge_until);
            let span = self.position.nanos_to(until);
            let needed = if factor == 0.0 { f64::INFINITY } else { self.piece.law.nanos_for(self.position, gap / factor) };
            if needed < span {
                self.position = self.position.later(needed);
                let ordinal = self.ordinal;
                self.ordinal += 1;
                return Some((ordinal, self.position.at));
            }
            if until == Instant::MAX || (factor == 0.0 && surge_until == Instant::MAX) {
                return None;
            }
            gap = (gap - factor * self.piece.law.expected(self.position, span)).max(f64::MIN_POSITIVE);
            self.position = Position::start_of(until);
            if until == surge_until {
                self.surge_index += 1;
            }
            if until == self.piece.until {
                self.piece_index += 1;
                self.piece = curve.piece(self.piece_index, until, load, streams);
            }
        }
    }
}
