//! Search along one coordinate after the other: unbeatable where coordinates do not interact, and cheap to try where nobody knows.
//!
//! Each coordinate is first searched as a whole by "select the easiest point" (Swarzberg, Seront and Bersini, "S.T.E.P.: the easiest way to optimize a function", CEC 1994): the interval is halved in which
//! the gentlest parabola through its ends would dip below the best. Then the best point is polished by parabolas and golden sections (Brent 1973). Posík and Huyer (GECCO 2009 workshop)
//! and HCMA (Loshchilov, Schoenauer and Sebag 2013) use such searches beside CMA-ES. Later rounds only polish; when a round gains nothing, all begins at a random point. One
//! candidate at a time; one objective.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::outstanding::Outstanding;
use super::{Algorithm, Asked, Origin, Population};
use crate::genome::Reals;
use crate::operators::Applied;
use crate::random::Rng;
use crate::scores::Measured;

/// The search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoordinateSearch<S> {
    space: S,
    rng: Rng,
    context: Vec<f64>,
    /// Value of the context, unknown at the start.
    value: Option<f64>,
    coordinate: usize,
    round: u64,
    /// Value of the context when the round began.
    round_value: f64,
    /// What is known along the coordinate: place and value, by rising place.
    samples: Vec<(f64, f64)>,
    spent: usize,
    outstanding: Outstanding<Vec<f64>>,
    waiting: bool,
    archive: Archive<Vec<f64>>,
}

/// Evaluations of the search of a coordinate as a whole ...
const WHOLE: usize = 60;
/// ... and of the polish.
const POLISH: usize = 14;

impl<S: Reals> CoordinateSearch<S> {
    /// A search from a random point.
    pub fn new(space: S, seed: Seed) -> Self {
        let mut rng = Rng::new(seed, 0);
        let mut context = space.blank();
        space.sample(&mut context, &mut rng);
        CoordinateSearch {
            outstanding: Outstanding::new(1, &context),
            rng,
            context,
            value: None,
            coordinate: 0,
            round: 0,
            round_value: f64::INFINITY,
            samples: Vec::new(),
            spent: 0,
            waiting: false,
            archive: Archive::new(4, 1),
            space,
        }
    }

    fn range(&self) -> (f64, f64) {
        (self.space.low()[self.coordinate], self.space.high()[self.coordinate])
    }

    /// Where to look next along the coordinate; `None` when it is done.
    fn next_place(&self) -> Option<f64> {
        let (low, high) = self.range();
        if high <= low {
            return None;
        }
        let known = |place: f64| self.samples.iter().any(|sample| sample.0 == place);
        if self.round == 0 && self.spent < WHOLE {
            return match [low, high].into_iter().find(|&end| !known(end)) {
                Some(end) => Some(end),
                None => self.easiest(),
            };
        }
        let start = if self.round == 0 { WHOLE } else { 0 };
        if self.spent >= start + POLISH {
            return None;
        }
        self.polish(low, high)
    }

    /// The middle of the interval with the gentlest parabola (Swarzberg et al. 1994).
    fn easiest(&self) -> Option<f64> {
        let finite = || self.samples.iter().map(|sample| sample.1).filter(|value| value.is_finite());
        let best = finite().fold(f64::INFINITY, f64::min);
        let worst = finite().fold(f64::NEG_INFINITY, f64::max);
        let target = best - 1e-6 * (worst - best).max(f64::MIN_POSITIVE);
        let difficulty = |pair: &[(f64, f64)]| {
            let width = pair[1].0 - pair[0].0;
            let (left, right) = (pair[0].1 - target, pair[1].1 - target);
            let sum = left + right + 2.0 * (left * right).sqrt();
            if sum.is_finite() { sum / (width * width) } else { f64::MAX / (1.0 + width) }
        };
        let easiest = self.samples.windows(2).min_by(|a, b| difficulty(a).total_cmp(&difficulty(b)))?;
        let middle = 0.5 * (easiest[0].0 + easiest[1].0);
        (middle > easiest[0].0 && middle < easiest[1].0).then_some(middle)
    }

    /// The vertex of the parabola through the best and its neighbours, or a golden section of the wider side.
    fn polish(&self, low: f64, high: f64) -> Option<f64> {
        let golden = 0.381_966_011_250_105;
        let lower = |best: usize, other: usize| if self.samples[other].1 < self.samples[best].1 { other } else { best };
        let best = (1..self.samples.len()).fold(0, lower);
        let (place, value) = self.samples[best];
        // A later round knows only the context: first a little to either side.
        let span = (high - low) * if self.round < 2 { 1e-4 } else { 1e-7 };
        let near = |other: f64| (other != place && other >= low && other <= high).then_some(other);
        let Some(&(left, left_value)) = best.checked_sub(1).and_then(|before| self.samples.get(before)) else {
            return near((place - span).max(low)).or_else(|| self.right_of(best, place, span, high));
        };
        let Some(&(right, right_value)) = self.samples.get(best + 1) else { return near((place + span).min(high)) };
        let (a, b) = ((place - left) * (value - right_value), (place - right) * (value - left_value));
        let vertex = place - 0.5 * ((place - left) * a - (place - right) * b) / (a - b);
        let usable = vertex > left && vertex < right && (vertex - place).abs() > 1e-3 * (vertex - place).abs().min(right - left);
        let next = if usable && self.spent % 4 != 3 {
            vertex
        } else if place - left > right - place {
            place - golden * (place - left)
        } else {
            place + golden * (right - place)
        };
        (next > left && next < right && next != place).then_some(next)
    }

    fn right_of(&self, best: usize, place: f64, span: f64, high: f64) -> Option<f64> {
        let next = self.samples.get(best + 1).map_or((place + span).min(high), |next| 0.5 * (place + next.0));
        (next > place).then_some(next)
    }

    /// Takes over what was found along this coordinate and turns to the next.
    fn advance(&mut self) {
        if let Some(best) = self.samples.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)) {
            self.context[self.coordinate] = best.0;
            self.value = Some(best.1);
        }
        self.coordinate += 1;
        if self.coordinate == self.context.len() {
            self.coordinate = 0;
            let value = self.value.unwrap_or(f64::INFINITY);
            let gained = self.round_value - value > 1e-13 * value.abs().max(1e-300) || self.round == 0;
            self.round += 1;
            self.round_value = value;
            if !gained {
                self.begin_anywhere();
            }
        }
        self.begin_coordinate();
    }

    fn begin_anywhere(&mut self) {
        self.space.sample(&mut self.context, &mut self.rng);
        self.value = None;
        self.coordinate = 0;
        self.round = 0;
        self.round_value = f64::INFINITY;
    }

    fn begin_coordinate(&mut self) {
        self.spent = 0;
        self.samples.clear();
        if let Some(value) = self.value {
            self.samples.push((self.context[self.coordinate], value));
        }
    }
}

impl<S: Reals> Algorithm for CoordinateSearch<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        if self.waiting || self.context.is_empty() {
            return None;
        }
        // Coordinates without room are passed over; a context of unknown value comes first.
        let mut place = if self.value.is_none() { Some(self.context[self.coordinate]) } else { self.next_place() };
        let mut passed = 0;
        while place.is_none() && passed <= 2 * self.context.len() {
            self.advance();
            passed += 1;
            place = if self.value.is_none() { Some(self.context[self.coordinate]) } else { self.next_place() };
        }
        let place = place?;
        self.waiting = true;
        let id = self.outstanding.next_id();
        let slot = self.outstanding.open();
        slot.genome.clone_from(&self.context);
        slot.genome[self.coordinate] = place;
        slot.origin = Origin::model(Applied { operator: 0, parameters: [self.coordinate as f64, 0.0] });
        let slot = self.outstanding.at(id);
        Some(Asked { id, genome: &slot.genome, origin: slot.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let slot = self.outstanding.close(id);
        self.archive.push(&slot.genome, measured);
        let place = slot.genome[self.coordinate];
        let usable = measured.violation <= 0.0 && !measured.objectives[0].is_nan();
        let value = if usable { measured.objectives[0] } else { f64::INFINITY };
        self.value.get_or_insert(value);
        let position = self.samples.partition_point(|sample| sample.0 < place);
        self.samples.insert(position, (place, value));
        self.spent += 1;
        self.waiting = false;
    }

    /// Candidates have no parents.
    fn known_as(&mut self, _id: u64, _name: u64) {}

    fn name_of(&self, _row: usize) -> Option<u64> {
        None
    }

    fn population(&self) -> Population<'_, Vec<f64>> {
        self.archive.population()
    }

    fn generation(&self) -> u64 {
        self.round
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        self.outstanding.forget();
        self.archive.clear();
        self.waiting = false;
        self.begin_anywhere();
        if let Some(start) = starts.first() {
            self.context.clone_from(start);
            self.space.repair(&mut self.context, &mut self.rng);
        }
        self.begin_coordinate();
    }
}
