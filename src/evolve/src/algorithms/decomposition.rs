//! MOEA/D: many weighted problems of one objective, each helped by its neighbours.
//!
//! Zhang and Li, "MOEA/D: a multiobjective evolutionary algorithm based on decomposition", IEEE Transactions on Evolutionary Computation 11 (2007), with the two safeguards of Li and Zhang (2009): parents
//! come from the whole population now and then, and a child replaces at most a few. Objectives are minimised along weights by Tchebycheff's rule or by penalty-based boundary intersection (PBI).
//! Objectives of unlike units are measured by their spans over the population on demand (Zhang and Li 2007, §V.D).
//! Never waits: each child is made of whoever is there at the moment.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::outstanding::Outstanding;
use super::standard::{RealVariation, real_variation};
use super::{Algorithm, Asked, FOREIGN, Origin, Population};
use crate::genome::Reals;
use crate::operators::Variation;
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// How a weight makes one objective of many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Scalarization {
    /// The largest weighted distance to the ideal; weights below 1e-6 count as that.
    Tchebycheff,
    /// Distance along the weight plus `penalty` times the distance from it; 5 is usual.
    BoundaryIntersection {
        /// The penalty.
        penalty: f64,
    },
}

/// MOEA/D.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decomposition<S> {
    space: S,
    variation: RealVariation,
    rng: Rng,
    scalarization: Scalarization,
    weights: Vec<Vec<f64>>,
    /// The nearest weights of each, itself first.
    neighbours: Vec<Vec<u32>>,
    ideal: Vec<f64>,
    /// Whether the spans follow the population.
    spanned: bool,
    /// By what each objective is divided.
    spans: Vec<f64>,
    genomes: Vec<Vec<f64>>,
    ids: Vec<u64>,
    scores: Scores,
    known: usize,
    order: Vec<u32>,
    outstanding: Outstanding<Vec<f64>>,
    /// For each place of the ring: the subproblem, and whether the child belongs to the whole population.
    tickets: Vec<(u32, bool)>,
    spare: Vec<f64>,
    starts: Vec<Vec<f64>>,
    founders_asked: usize,
    told: u64,
    first_founder: u64,
}

/// Share of children whose parents are neighbours (Li and Zhang 2009, §V).
const LOCAL: f64 = 0.9;
/// Most replacements per child (Li and Zhang 2009, §V).
const REPLACED_MAX: usize = 2;

impl<S: Reals> Decomposition<S> {
    /// MOEA/D along these weights (at least two), each with `neighbours` (at least 2) nearest ones; SBX with index 20.
    ///
    /// # Panics
    /// With fewer than two weights.
    pub fn new(space: S, weights: Vec<Vec<f64>>, neighbours: usize, scalarization: Scalarization, seed: Seed) -> Self {
        assert!(weights.len() > 1, "decomposition needs weights");
        let count = weights.len();
        let near = |weight: &Vec<f64>| {
            let apart = |other: u32| weights[other as usize].iter().zip(weight).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            let mut order: Vec<u32> = (0..count as u32).collect();
            order.sort_by(|&a, &b| apart(a).total_cmp(&apart(b)).then(a.cmp(&b)));
            order.truncate(neighbours.clamp(2, count));
            order
        };
        let neighbours = weights.iter().map(near).collect();
        let width = weights[0].len();
        let mut scores = Scores::new(width);
        scores.resize(count);
        Decomposition {
            variation: real_variation(&space, 1.0, 20.0),
            rng: Rng::new(seed, 0),
            scalarization,
            neighbours,
            ideal: vec![f64::INFINITY; width],
            spanned: false,
            spans: vec![1.0; width],
            genomes: vec![space.blank(); count],
            ids: vec![0; count],
            scores,
            known: 0,
            order: Vec::new(),
            outstanding: Outstanding::new(count, &space.blank()),
            tickets: vec![(0, false); count],
            spare: space.blank(),
            starts: Vec::new(),
            founders_asked: 0,
            told: 0,
            first_founder: 0,
            weights,
            space,
        }
    }

    /// The same, with each objective measured by its span over the population: for objectives of unlike units, of which the one with the largest numbers would decide alone.
    pub fn spanned(mut self) -> Self {
        self.spanned = true;
        self
    }

    /// Measures the spans of the population; an objective that does not differ, and all while nobody is feasible, keep 1.
    fn span(&mut self) {
        for (target, (span, ideal)) in self.spans.iter_mut().zip(&self.ideal).enumerate() {
            let feasible = (0..self.genomes.len()).filter(|&row| self.scores.violation(row) <= 0.0);
            let worst = feasible.map(|row| self.scores.objectives(row)[target]).fold(f64::NEG_INFINITY, f64::max);
            let width = worst - ideal;
            *span = if width.is_finite() && width > 0.0 { width } else { 1.0 };
        }
    }

    /// What an evaluation is worth to a weight.
    fn value(&self, objectives: &[f64], weight: &[f64]) -> f64 {
        let moved = || objectives.iter().zip(&self.ideal).zip(&self.spans).map(|((value, ideal), span)| (value - ideal) / span);
        match self.scalarization {
            Scalarization::Tchebycheff => {
                moved().zip(weight).map(|(value, weight)| value * weight.max(1e-6)).fold(f64::NEG_INFINITY, f64::max)
            }
            Scalarization::BoundaryIntersection { penalty } => {
                let length = weight.iter().map(|part| part * part).sum::<f64>().sqrt();
                let along = moved().zip(weight).map(|(value, weight)| value * weight).sum::<f64>() / length;
                let square: f64 =
                    moved().zip(weight).map(|(value, weight)| value - along * weight / length).map(|part| part * part).sum();
                along + penalty * square.sqrt()
            }
        }
    }

    fn breed(&mut self) {
        if self.order.is_empty() {
            self.order = (0..self.weights.len() as u32).collect();
            self.rng.shuffle(&mut self.order);
        }
        let subproblem = self.order.pop().expect("the order was just filled");
        let anywhere = !self.rng.chance(LOCAL);
        let near = &self.neighbours[subproblem as usize];
        let pick = |rng: &mut Rng| {
            if anywhere { rng.below(self.genomes.len()) } else { near[rng.below(near.len())] as usize }
        };
        let (mother, father) = (pick(&mut self.rng), pick(&mut self.rng));
        let ring = self.tickets.len() as u64;
        let place = self.outstanding.open();
        self.tickets[(place.id % ring) as usize] = (subproblem, anywhere);
        let parents = [&self.genomes[mother], &self.genomes[father]];
        let applied = self.variation.vary(&self.space, parents, [&mut place.genome, &mut self.spare], &mut self.rng);
        place.origin = Origin::of([mother, father].map(|parent| self.ids[parent]), applied);
    }

    /// Offers a child to subproblems in random order.
    fn offer(&mut self, name: u64, genome: &[f64], measured: Measured<'_>, subproblem: u32, anywhere: bool) {
        let mut order =
            if anywhere { (0..self.weights.len() as u32).collect() } else { self.neighbours[subproblem as usize].clone() };
        self.rng.shuffle(&mut order);
        // Scalarizations pass over a NaN: a failure would look perfect.
        if measured.violation.is_nan() || measured.objectives.iter().any(|value| value.is_nan()) {
            return;
        }
        let mut replaced = 0;
        for row in order.into_iter().map(|row| row as usize) {
            let (old, weight) = (self.scores.measured(row), &self.weights[row]);
            let better = if old.violation == measured.violation {
                self.value(measured.objectives, weight) < self.value(old.objectives, weight)
            } else {
                measured.violation < old.violation
            };
            if better {
                self.genomes[row].clear();
                self.genomes[row].extend_from_slice(genome);
                self.scores.set(row, measured);
                self.ids[row] = name;
                replaced += 1;
                if replaced == REPLACED_MAX {
                    return;
                }
            }
        }
    }
}

impl<S: Reals> Algorithm for Decomposition<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        let count = self.weights.len();
        if !self.outstanding.has_room() || (self.founders_asked == count && self.known < count) {
            return None;
        }
        let id = self.outstanding.next_id();
        if self.founders_asked < count {
            self.founders_asked += 1;
            let place = self.outstanding.open();
            match self.starts.pop() {
                Some(start) => place.genome = start,
                None => self.space.sample(&mut place.genome, &mut self.rng),
            }
            self.space.repair(&mut place.genome, &mut self.rng);
        } else {
            self.breed();
        }
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin: place.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let place = self.outstanding.close(id);
        let (name, genome) = (place.name, place.genome.clone());
        self.told += 1;
        if measured.violation <= 0.0 && measured.objectives.iter().all(|value| !value.is_nan()) {
            self.ideal.iter_mut().zip(measured.objectives).for_each(|(ideal, value)| *ideal = ideal.min(*value));
        }
        if self.known < self.weights.len() {
            let row = (id - self.first_founder) as usize;
            self.genomes[row] = genome;
            self.ids[row] = name;
            self.scores.set(row, measured);
            self.known += 1;
        } else {
            let (subproblem, anywhere) = self.tickets[(id % self.tickets.len() as u64) as usize];
            if self.spanned {
                self.span();
            }
            self.offer(name, &genome, measured, subproblem, anywhere);
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        self.outstanding.known_as(id, name);
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        (self.ids[row] != FOREIGN).then_some(self.ids[row])
    }

    fn population(&self) -> Population<'_, Vec<f64>> {
        let known = if self.known == self.weights.len() { self.known } else { 0 };
        Population { genomes: &self.genomes[..known], scores: &self.scores }
    }

    fn generation(&self) -> u64 {
        self.told / self.weights.len() as u64
    }

    fn welcome(&mut self, genome: &Vec<f64>, measured: Measured<'_>, name: Option<u64>) {
        if self.known == self.weights.len() {
            self.offer(name.unwrap_or(FOREIGN), genome, measured, 0, true);
        }
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        self.outstanding.forget();
        self.starts = starts.iter().take(self.weights.len()).rev().cloned().collect();
        self.ideal.fill(f64::INFINITY);
        self.spans.fill(1.0);
        self.known = 0;
        self.founders_asked = 0;
        self.first_founder = self.outstanding.next_id();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Bounds;
    use crate::survival::directions::das_dennis;

    /// The points asked for when the second of two objectives counts in units of `unit`.
    fn points(mut algorithm: Decomposition<Bounds>, unit: f64) -> Vec<Vec<f64>> {
        (0..300)
            .map(|_| {
                let asked = algorithm.ask().unwrap();
                let (id, genome) = (asked.id, asked.genome.clone());
                let rest: f64 = genome[1..].iter().map(|x| x * x).sum();
                let objectives = [genome[0] + rest, unit * (1.0 - genome[0] + rest)];
                algorithm.tell(id, Measured::feasible(&objectives));
                genome
            })
            .collect()
    }

    #[test]
    fn units_of_objectives_matter_only_without_spans() {
        let plain = || {
            let space = Bounds::cube(3, 0.0, 1.0).unwrap();
            Decomposition::new(space, das_dennis(2, 19), 5, Scalarization::Tchebycheff, Seed(1))
        };
        // A power of two: no digit is lost.
        let million = f64::from(1 << 20);
        assert_eq!(points(plain().spanned(), 1.0), points(plain().spanned(), million));
        assert_ne!(points(plain(), 1.0), points(plain(), million));
    }
}
