//! CMA-ES: a cloud of normal points that learns the shape of the landscape, with restarts.
//!
//! Hansen, "The CMA evolution strategy: a tutorial" (arXiv 1604.00772, 2016), with negative weights (Jastrebski and Arnold 2006). When a cloud has collapsed or stagnates it starts
//! again: with a doubled population each time (IPOP: Auger and Hansen, CEC 2005), or alternating with small local clouds of equal total cost (BIPOP: Hansen, GECCO 2009 workshop). Works
//! in the unit cube of its ranges, so that scales do not matter; points outside are brought back to the bound before they are evaluated and learned from. One objective.

use std::collections::VecDeque;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::outstanding::Outstanding;
use super::{Algorithm, Asked, Origin, Population};
use crate::eigen::eigen;
use crate::genome::Reals;
use crate::operators::Applied;
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// How a search starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restarts {
    /// Twice the population each time.
    Growing,
    /// Large and small populations in turn, of equal total cost.
    Alternating,
}

/// CMA-ES with restarts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CovarianceAdaptation<S> {
    space: S,
    restarts: Restarts,
    rng: Rng,
    cloud: Cloud,
    outstanding: Outstanding<Vec<f64>>,
    first_of_brood: u64,
    asked: usize,
    told: usize,
    /// The brood in the unit cube, and its scores.
    points: Vec<Vec<f64>>,
    scores: Scores,
    archive: Archive<Vec<f64>>,
    generation: u64,
    schedule: Schedule,
    start: Option<Vec<f64>>,
}

/// What restarts are decided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Schedule {
    default_brood: usize,
    large_brood: usize,
    small: bool,
    spent_large: u64,
    spent_small: u64,
}

/// The normal distribution and its strategy parameters (names as in the tutorial's table 1 and figure 6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cloud {
    weights: Vec<f64>,
    parents: usize,
    mass: f64,
    rate_path: f64,
    rate_sigma: f64,
    rate_one: f64,
    rate_brood: f64,
    damping: f64,
    expected_length: f64,
    mean: Vec<f64>,
    sigma: f64,
    sigma_start: f64,
    path: Vec<f64>,
    path_sigma: Vec<f64>,
    covariance: Vec<f64>,
    axes: Vec<f64>,
    lengths: Vec<f64>,
    age: u64,
    decomposed: u64,
    bests: VecDeque<f64>,
}

impl Cloud {
    fn new(mean: Vec<f64>, sigma: f64, brood: usize) -> Self {
        let n = mean.len() as f64;
        let raw: Vec<f64> = (1..=brood).map(|rank| libm::log((brood as f64 + 1.0) / 2.0) - libm::log(rank as f64)).collect();
        let parents = brood / 2;
        let positive: f64 = raw[..parents].iter().sum();
        let mass = positive * positive / raw[..parents].iter().map(|w| w * w).sum::<f64>();
        let negative: f64 = raw[parents..].iter().sum::<f64>().abs().max(f64::MIN_POSITIVE);
        let mass_negative = negative * negative / raw[parents..].iter().map(|w| w * w).sum::<f64>().max(f64::MIN_POSITIVE);
        let rate_one = 2.0 / ((n + 1.3) * (n + 1.3) + mass);
        let rate_brood = (1.0 - rate_one).min(2.0 * (mass - 2.0 + 1.0 / mass) / ((n + 2.0) * (n + 2.0) + mass));
        let limits = [
            1.0 + rate_one / rate_brood.max(f64::MIN_POSITIVE),
            1.0 + 2.0 * mass_negative / (mass + 2.0),
            (1.0 - rate_one - rate_brood) / (n * rate_brood).max(f64::MIN_POSITIVE),
        ];
        let scale_negative = limits.into_iter().fold(f64::INFINITY, f64::min) / negative;
        let weight = |(rank, w): (usize, &f64)| if rank < parents { w / positive } else { w.min(0.0) * scale_negative };
        let weights = raw.iter().enumerate().map(weight).collect();
        let rate_sigma = (mass + 2.0) / (n + mass + 5.0);
        let count = mean.len();
        let mut identity = vec![0.0; count * count];
        (0..count).for_each(|place| identity[place * count + place] = 1.0);
        Cloud {
            weights,
            parents,
            mass,
            rate_path: (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n),
            rate_sigma,
            rate_one,
            rate_brood,
            damping: 1.0 + 2.0 * (((mass - 1.0) / (n + 1.0)).max(0.0).sqrt() - 1.0).max(0.0) + rate_sigma,
            expected_length: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            sigma,
            sigma_start: sigma,
            path: vec![0.0; count],
            path_sigma: vec![0.0; count],
            covariance: identity.clone(),
            axes: identity,
            lengths: vec![1.0; count],
            age: 0,
            decomposed: 0,
            bests: VecDeque::new(),
            mean,
        }
    }

    fn brood(&self) -> usize {
        self.weights.len()
    }

    fn sample(&self, point: &mut Vec<f64>, rng: &mut Rng) {
        let count = self.mean.len();
        let steps: Vec<f64> = self.lengths.iter().map(|length| length * rng.normal()).collect();
        point.clear();
        for row in 0..count {
            let axes = &self.axes[row * count..(row + 1) * count];
            let step: f64 = axes.iter().zip(&steps).map(|(axis, step)| axis * step).sum();
            point.push((self.mean[row] + self.sigma * step).clamp(0.0, 1.0));
        }
    }

    /// The step in coordinates in which the cloud is a unit ball.
    fn whiten(&self, step: &[f64]) -> Vec<f64> {
        let count = step.len();
        let along = |axis: usize| (0..count).map(|row| self.axes[row * count + axis] * step[row]).sum::<f64>();
        let scaled: Vec<f64> = (0..count).map(|axis| along(axis) / self.lengths[axis]).collect();
        (0..count).map(|row| (0..count).map(|axis| self.axes[row * count + axis] * scaled[axis]).sum()).collect()
    }

    /// Learns from a brood, the best first (tutorial, figure 6).
    fn learn(&mut self, ranked: &[&Vec<f64>], best: f64) {
        let count = self.mean.len();
        let steps: Vec<Vec<f64>> =
            ranked.iter().map(|point| point.iter().zip(&self.mean).map(|(x, m)| (x - m) / self.sigma).collect()).collect();
        let mut shift = vec![0.0; count];
        for (step, weight) in steps.iter().zip(&self.weights[..self.parents]) {
            shift.iter_mut().zip(step).for_each(|(sum, part)| *sum += weight * part);
        }
        let white = self.whiten(&shift);
        self.mean.iter_mut().zip(&shift).for_each(|(mean, shift)| *mean += self.sigma * shift);
        self.age += 1;
        let fresh = (self.rate_sigma * (2.0 - self.rate_sigma) * self.mass).sqrt();
        for (path, white) in self.path_sigma.iter_mut().zip(&white) {
            *path = (1.0 - self.rate_sigma) * *path + fresh * white;
        }
        let length = self.path_sigma.iter().map(|part| part * part).sum::<f64>().sqrt();
        let n = count as f64;
        let bias = (1.0 - libm::pow(1.0 - self.rate_sigma, 2.0 * self.age as f64)).sqrt();
        let steady = length / bias < (1.4 + 2.0 / (n + 1.0)) * self.expected_length;
        let fresh = if steady { (self.rate_path * (2.0 - self.rate_path) * self.mass).sqrt() } else { 0.0 };
        for (path, shift) in self.path.iter_mut().zip(&shift) {
            *path = (1.0 - self.rate_path) * *path + fresh * shift;
        }
        self.learn_shape(&steps, steady);
        let push = (self.rate_sigma / self.damping * (length / self.expected_length - 1.0)).min(1.0);
        self.sigma *= libm::exp(push);
        self.bests.push_back(best);
        let window = 20 + 3 * count * 10 / self.brood();
        while self.bests.len() > window {
            self.bests.pop_front();
        }
        // Decomposing costs as much as many samples: do it when the matrix has changed by a tenth of a degree of freedom.
        let pause = 1.0 / (10.0 * n * (self.rate_one + self.rate_brood));
        if (self.age - self.decomposed) as f64 >= pause {
            self.decompose();
        }
    }

    fn learn_shape(&mut self, steps: &[Vec<f64>], steady: bool) {
        let count = self.mean.len();
        let n = count as f64;
        let lost = if steady { 0.0 } else { self.rate_one * self.rate_path * (2.0 - self.rate_path) };
        let sum: f64 = self.weights.iter().sum();
        let keep = 1.0 + lost - self.rate_one - self.rate_brood * sum;
        let effective = |(step, &weight): (&Vec<f64>, &f64)| {
            if weight >= 0.0 {
                return self.rate_brood * weight;
            }
            let square: f64 = self.whiten(step).iter().map(|part| part * part).sum();
            self.rate_brood * weight * n / square.max(f64::MIN_POSITIVE)
        };
        let weights: Vec<f64> = steps.iter().zip(&self.weights).map(effective).collect();
        for row in 0..count {
            for column in 0..=row {
                let mut cell = keep * self.covariance[row * count + column] + self.rate_one * self.path[row] * self.path[column];
                for (step, weight) in steps.iter().zip(&weights) {
                    cell += weight * step[row] * step[column];
                }
                self.covariance[row * count + column] = cell;
                self.covariance[column * count + row] = cell;
            }
        }
    }

    /// Brings axes and lengths up to date; a matrix that is not positive becomes the unit ball again.
    fn decompose(&mut self) {
        let count = self.mean.len();
        self.decomposed = self.age;
        match eigen(&self.covariance, count) {
            Some((values, axes)) if values.iter().all(|value| *value > 0.0) => {
                self.lengths = values.iter().map(|value| value.sqrt()).collect();
                self.axes = axes;
            }
            Some(_) | None => {
                self.covariance.fill(0.0);
                (0..count).for_each(|place| self.covariance[place * count + place] = 1.0);
                self.axes = self.covariance.clone();
                self.lengths = vec![1.0; count];
            }
        }
    }

    /// Whether there is nothing more to be had here (tutorial, appendix B.3).
    fn is_spent(&self) -> bool {
        const FLAT: f64 = 1e-12;
        const STRETCHED: f64 = 1e7;
        let count = self.mean.len();
        let window = 20 + 3 * count * 10 / self.brood();
        let (longest, shortest) =
            self.lengths.iter().fold((0.0f64, f64::INFINITY), |(most, least), &length| (most.max(length), least.min(length)));
        let range = || {
            let most = self.bests.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = self.bests.iter().copied().fold(f64::INFINITY, f64::min);
            most - least
        };
        let flat = self.bests.len() >= window && (range() < FLAT || range().is_nan());
        let point = self.sigma * longest < FLAT * self.sigma_start;
        let no_effect = (0..count).all(|place| {
            let step = 0.2 * self.sigma * self.covariance[place * count + place].max(0.0).sqrt();
            self.mean[place] == self.mean[place] + step
        });
        flat || point
            || longest > STRETCHED * shortest
            || no_effect
            || !self.sigma.is_finite()
            || self.sigma > 1e4 * self.sigma_start
    }
}

impl<S: Reals> CovarianceAdaptation<S> {
    /// Standard deviation of the first cloud, as a share of the ranges (tutorial, appendix B.1).
    const SIGMA: f64 = 0.3;

    /// CMA-ES from a random point.
    pub fn new(space: S, restarts: Restarts, seed: Seed) -> Self {
        let count = space.low().len();
        let mut rng = Rng::new(seed, 0);
        let default_brood = 4 + (3.0 * libm::log(count.max(1) as f64)) as usize;
        let mean = (0..count).map(|_| rng.uniform()).collect();
        let cloud = Cloud::new(mean, Self::SIGMA, default_brood);
        let schedule = Schedule { default_brood, large_brood: default_brood, small: false, spent_large: 0, spent_small: 0 };
        let mut scores = Scores::new(1);
        scores.resize(default_brood);
        CovarianceAdaptation {
            outstanding: Outstanding::new(default_brood, &space.blank()),
            restarts,
            rng,
            cloud,
            first_of_brood: 0,
            asked: 0,
            told: 0,
            points: vec![Vec::new(); default_brood],
            scores,
            archive: Archive::new(default_brood, 1),
            generation: 0,
            schedule,
            start: None,
            space,
        }
    }

    /// The same search, whose first cloud lies about this genome.
    pub fn starting_from(mut self, start: &[f64]) -> Self {
        let unit = self.to_unit(start);
        self.cloud.mean = unit;
        self
    }

    /// The same search, whose first cloud has this deviation as a share of the ranges.
    pub fn starting_with(mut self, sigma: f64) -> Self {
        self.cloud.sigma = sigma;
        self.cloud.sigma_start = sigma;
        self
    }

    /// The middle of the present cloud: less noisy than its best point.
    pub fn middle(&self) -> Vec<f64> {
        let ranges = self.space.low().iter().zip(self.space.high());
        self.cloud.mean.iter().zip(ranges).map(|(share, (low, high))| low + share.clamp(0.0, 1.0) * (high - low)).collect()
    }

    fn to_unit(&self, genome: &[f64]) -> Vec<f64> {
        let place = |(value, (low, high)): (&f64, (&f64, &f64))| {
            let unit = (value - low) / (high - low).max(f64::MIN_POSITIVE);
            if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) }
        };
        genome.iter().zip(self.space.low().iter().zip(self.space.high())).map(place).collect()
    }

    fn complete(&mut self) {
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        let scores = &self.scores;
        order.sort_by(|&a, &b| {
            let first = scores.violation(a).total_cmp(&scores.violation(b));
            first.then(scores.objectives(a)[0].total_cmp(&scores.objectives(b)[0])).then(a.cmp(&b))
        });
        let ranked: Vec<&Vec<f64>> = order.iter().map(|&row| &self.points[row]).collect();
        let best = scores.objectives(order[0])[0] + scores.violation(order[0]);
        self.cloud.learn(&ranked, best);
        self.generation += 1;
        let spent = if self.schedule.small { &mut self.schedule.spent_small } else { &mut self.schedule.spent_large };
        *spent += self.points.len() as u64;
        if self.cloud.is_spent() {
            self.start_again();
        }
        self.begin();
    }

    fn begin(&mut self) {
        self.asked = 0;
        self.told = 0;
        self.first_of_brood = self.outstanding.next_id();
    }

    fn start_again(&mut self) {
        let schedule = &mut self.schedule;
        let (brood, sigma) = match self.restarts {
            Restarts::Alternating if schedule.spent_small < schedule.spent_large => {
                schedule.small = true;
                let (u, v) = (self.rng.uniform(), self.rng.uniform());
                let room = 0.5 * schedule.large_brood as f64 / schedule.default_brood as f64;
                let factor = libm::pow(room.max(1.0), u * u);
                ((schedule.default_brood as f64 * factor) as usize, Self::SIGMA * libm::pow(10.0, -2.0 * v))
            }
            Restarts::Growing | Restarts::Alternating => {
                schedule.small = false;
                schedule.large_brood *= 2;
                (schedule.large_brood, Self::SIGMA)
            }
        };
        let mean = match self.start.take() {
            Some(start) => self.to_unit(&start),
            None => (0..self.space.low().len()).map(|_| self.rng.uniform()).collect(),
        };
        self.grow(brood);
        self.cloud = Cloud::new(mean, sigma, brood);
    }

    fn grow(&mut self, brood: usize) {
        self.points.resize(brood, Vec::new());
        self.scores.resize(brood);
        self.outstanding.resize(brood, &self.space.blank());
    }
}

impl<S: Reals> Algorithm for CovarianceAdaptation<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        if self.asked == self.points.len() {
            return None;
        }
        let point = &mut self.points[self.asked];
        self.cloud.sample(point, &mut self.rng);
        self.asked += 1;
        let id = self.outstanding.next_id();
        let place = self.outstanding.open();
        place.genome.clear();
        let (low, high) = (self.space.low(), self.space.high());
        place.genome.extend(
            point.iter().zip(low.iter().zip(high)).map(|(unit, (low, high))| (low + (high - low) * unit).clamp(*low, *high)),
        );
        // No parents but the cloud; its size stands in the history.
        place.origin = Origin::model(Applied { operator: 0, parameters: [self.cloud.sigma, 0.0] });
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin: place.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let place = self.outstanding.close(id);
        self.archive.push(&place.genome, measured);
        self.scores.set((id - self.first_of_brood) as usize, measured);
        self.told += 1;
        if self.told == self.points.len() {
            self.complete();
        }
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
        self.generation
    }

    /// The next cloud will lie about the newcomer, if it is better than all that was found here.
    fn welcome(&mut self, genome: &Vec<f64>, measured: Measured<'_>, _name: Option<u64>) {
        let population = self.archive.population();
        let beaten = population.best().is_none_or(|row| {
            let own = (population.scores.violation(row), population.scores.objectives(row)[0]);
            (measured.violation, measured.objectives[0]) < own
        });
        if beaten {
            self.start = Some(genome.clone());
        }
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        self.archive.clear();
        self.outstanding.forget();
        let mean = match starts.first() {
            Some(start) => self.to_unit(start),
            None => (0..self.space.low().len()).map(|_| self.rng.uniform()).collect(),
        };
        let brood = self.schedule.default_brood;
        self.schedule = Schedule { large_brood: brood, small: false, spent_large: 0, spent_small: 0, ..self.schedule };
        self.grow(brood);
        self.cloud = Cloud::new(mean, Self::SIGMA, brood);
        self.begin();
    }
}
