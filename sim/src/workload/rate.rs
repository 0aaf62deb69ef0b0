//! The rate of an open load over time, in pieces on which it is constant or one wave.

use hms_machine::{Duration, Instant, Purpose, Streams};
use hms_scenario::model::{Arrivals, Load, Phase, RateStep};

use super::wave::Wave;

const STAY: Purpose = Purpose::named("load/phase-stay");
const NANOS: f64 = 1e9;

/// An instant with the part of a nanosecond that instants leave out, so that rounding does not add up over a long run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub(super) at: Instant,
    /// 0 to below 1, ns.
    pub(super) fraction: f64,
}

impl Position {
    pub(super) fn start_of(at: Instant) -> Self {
        Position { at, fraction: 0.0 }
    }

    /// Nanoseconds from here to `until`, which is not earlier.
    pub(super) fn nanos_to(self, until: Instant) -> f64 {
        until.saturating_since(self.at).as_nanos() as f64 - self.fraction
    }

    /// This many nanoseconds later; stops at [`Instant::MAX`].
    pub(super) fn later(self, nanos: f64) -> Self {
        let nanos = nanos + self.fraction;
        let whole = nanos as u64;
        let at = self.at.saturating_add(Duration::from_nanos(whole));
        // Spans beyond 2^53 ns have no fraction left.
        Position { at, fraction: (nanos - whole as f64).clamp(0.0, 1.0 - f64::EPSILON) }
    }
}

/// The rate on one piece.
#[derive(Clone, Copy, Debug)]
pub(super) enum Law {
    /// Requests per second.
    Flat(f64),
    /// A wave whose period has this many nanoseconds.
    Wave(Wave, u64),
}

impl Law {
    /// Requests expected in the next `nanos` nanoseconds.
    pub(super) fn expected(&self, from: Position, nanos: f64) -> f64 {
        match self {
            Law::Flat(rate) => rate * nanos / NANOS,
            Law::Wave(wave, period) => wave.integral(phase(from, *period), nanos / NANOS),
        }
    }

    /// Nanoseconds in which `amount` > 0 requests are expected; infinite if that never comes.
    pub(super) fn nanos_for(&self, from: Position, amount: f64) -> f64 {
        match self {
            Law::Flat(rate) => amount / rate * NANOS,
            Law::Wave(wave, period) => wave.span_for(phase(from, *period), amount) * NANOS,
        }
    }
}

/// Seconds since the start of the period.
fn phase(from: Position, period: u64) -> f64 {
    ((from.at.as_nanos() % period) as f64 + from.fraction) / NANOS
}

/// A stretch of time with one law.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) law: Law,
    /// [`Instant::MAX`]: for ever.
    pub(super) until: Instant,
}

const SILENCE: Piece = Piece { law: Law::Flat(0.0), until: Instant::MAX };

/// How the rate of a load goes, without surges.
#[derive(Clone, Debug)]
pub(super) enum Curve {
    Constant(Law),
    Steps(Vec<RateStep>),
    Phases(Vec<Phase>),
    Seconds { counts: Vec<u32>, scale: f64 },
}

impl Curve {
    /// `None` for loads that are not described by a rate.
    pub(super) fn new(load: &Load) -> Option<Self> {
        match &load.arrivals {
            Arrivals::Poisson { rate } | Arrivals::Regular { rate } => Some(Curve::Constant(Law::Flat(*rate))),
            Arrivals::Steps { steps } => Some(Curve::Steps(steps.clone())),
            Arrivals::Modulated { phases } if phases.iter().any(|phase| phase.rate > 0.0) => Some(Curve::Phases(phases.clone())),
            Arrivals::Counts { counts, scale } if *scale > 0.0 && counts.iter().any(|count| *count > 0) => {
                Some(Curve::Seconds { counts: counts.clone(), scale: *scale })
            }
            Arrivals::Modulated { .. } | Arrivals::Counts { .. } => Some(Curve::Constant(SILENCE.law)),
            Arrivals::Diurnal { mean, amplitude, period, shift } => {
                let wave = Wave::new(*mean, *amplitude, *period, *shift);
                Some(Curve::Constant(Law::Wave(wave, period.as_nanos().max(1))))
            }
            Arrivals::Timestamps { .. } | Arrivals::Closed { .. } => None,
        }
    }

    /// Piece `index` (from 0), which begins at `from`, where the previous one ended.
    pub(super) fn piece(&self, index: u64, from: Instant, load: u64, streams: &Streams) -> Piece {
        match self {
            Curve::Constant(law) => Piece { law: *law, until: Instant::MAX },
            Curve::Steps(steps) => step(steps, index as usize),
            Curve::Phases(phases) => {
                let phase = phases[(index % phases.len() as u64) as usize];
                let share = -libm::log(streams.draw(STAY, load, index).open_uniform());
                let stay = phase.stay.mul_f64(share).max(Duration::from_nanos(1));
                Piece { law: Law::Flat(phase.rate), until: from.saturating_add(stay) }
            }
            Curve::Seconds { counts, scale } => {
                let count = counts[(index % counts.len() as u64) as usize];
                let law = Law::Flat(f64::from(count) * scale);
                Piece { law, until: from.saturating_add(Duration::from_secs(1)) }
            }
        }
    }
}

/// Piece 0 is the silence before the first step.
fn step(steps: &[RateStep], index: usize) -> Piece {
    let rate = index.checked_sub(1).and_then(|step| steps.get(step)).map_or(0.0, |step| step.rate);
    Piece { law: Law::Flat(rate), until: steps.get(index).map_or(SILENCE.until, |step| step.at) }
}
