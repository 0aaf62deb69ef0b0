//! Evolution strategies whose steps evolve with the genomes.
//!
//! (mu/2, lambda) and (mu/2 + lambda) with a step per coordinate, self-adapted by log-normal mutation: Schwefel, "Numerical Optimization of Computer Models" (1981); learning
//! rates and recombination (coordinates from either parent, steps averaged) as in Bäck, "Evolutionary Algorithms in Theory and Practice" (1996), §2.1. The first objective counts.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::outstanding::Outstanding;
use super::{Algorithm, Asked, Origin, Population};
use crate::genome::Reals;
use crate::operators::Applied;
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// An evolution strategy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvolutionStrategy<S> {
    space: S,
    rng: Rng,
    parents: usize,
    children: usize,
    /// Whether parents compete with their children.
    plus: bool,
    /// The living first, then the brood.
    members: Vec<Member>,
    genomes: Vec<Vec<f64>>,
    scores: Scores,
    living: usize,
    asked: usize,
    told: usize,
    first_of_brood: u64,
    starts: Vec<Vec<f64>>,
    outstanding: Outstanding<Vec<f64>>,
    generation: u64,
}

/// What goes with a genome: its number and its steps, as shares of the ranges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Member {
    id: u64,
    steps: Vec<f64>,
}

impl<S: Reals> EvolutionStrategy<S> {
    /// First steps, as a share of the ranges, and the least to which they shrink.
    const STEPS: (f64, f64) = (0.1, 1e-15);

    /// `parents` of `children`, both at least 1; `plus` for (mu + lambda), else (mu, lambda), which needs at least as many children as parents and gets them.
    pub fn new(space: S, parents: usize, children: usize, plus: bool, seed: Seed) -> Self {
        let parents = parents.max(1);
        let children = if plus { children.max(1) } else { children.max(parents) };
        let rows = parents + children;
        let mut scores = Scores::new(1);
        scores.resize(rows);
        EvolutionStrategy {
            rng: Rng::new(seed, 0),
            parents,
            children,
            plus,
            members: vec![Member { id: 0, steps: vec![Self::STEPS.0; space.low().len()] }; rows],
            genomes: vec![space.blank(); rows],
            scores,
            living: 0,
            asked: 0,
            told: 0,
            first_of_brood: 0,
            starts: Vec::new(),
            outstanding: Outstanding::new(rows, &space.blank()),
            generation: 0,
            space,
        }
    }

    fn expected(&self) -> usize {
        if self.living == 0 { self.parents } else { self.children }
    }

    fn breed(&mut self, row: usize) -> Origin {
        let (mother, father) = (self.rng.below(self.living), self.rng.below(self.living));
        let count = self.space.low().len();
        let n = count.max(1) as f64;
        let common = self.rng.normal() / (2.0 * n).sqrt();
        let rate = 1.0 / (2.0 * n.sqrt()).sqrt();
        for place in 0..count {
            let (low, high) = (self.space.low()[place], self.space.high()[place]);
            let parent = if self.rng.chance(0.5) { mother } else { father };
            let mean = 0.5 * (self.members[mother].steps[place] + self.members[father].steps[place]);
            let step = (mean * libm::exp(common + rate * self.rng.normal())).clamp(Self::STEPS.1, 1.0);
            let value = self.genomes[parent][place] + step * (high - low) * self.rng.normal();
            self.members[row].steps[place] = step;
            self.genomes[row][place] = value.clamp(low, high);
        }
        let parents = [mother, father].map(|parent| self.members[parent].id);
        let mean = self.members[row].steps.iter().sum::<f64>() / n;
        Origin::of(parents, Applied { operator: 0, parameters: [mean, 0.0] })
    }

    fn complete(&mut self) {
        let rows = self.living + self.told;
        let founders = self.living == 0;
        let from = if self.plus || founders { 0 } else { self.living };
        let mut order: Vec<usize> = (from..rows).collect();
        let scores = &self.scores;
        order.sort_by(|&a, &b| {
            let first = scores.violation(a).total_cmp(&scores.violation(b));
            first.then(scores.objectives(a)[0].total_cmp(&scores.objectives(b)[0])).then(b.cmp(&a))
        });
        let kept: Vec<(Member, Vec<f64>, f64, f64)> = order[..self.parents]
            .iter()
            .map(|&row| (self.members[row].clone(), self.genomes[row].clone(), scores.objectives(row)[0], scores.violation(row)))
            .collect();
        for (row, (member, genome, objective, violation)) in kept.into_iter().enumerate() {
            self.members[row] = member;
            self.genomes[row] = genome;
            self.scores.set(row, Measured { objectives: &[objective], violation });
        }
        self.generation += u64::from(!founders);
        self.living = self.parents;
        self.begin();
    }

    fn begin(&mut self) {
        self.asked = 0;
        self.told = 0;
        self.first_of_brood = self.outstanding.next_id();
    }
}

impl<S: Reals> Algorithm for EvolutionStrategy<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        if self.asked == self.expected() {
            return None;
        }
        let row = self.living + self.asked;
        self.asked += 1;
        let origin = if self.living == 0 {
            match self.starts.pop() {
                Some(start) => self.genomes[row] = start,
                None => self.space.sample(&mut self.genomes[row], &mut self.rng),
            }
            self.space.repair(&mut self.genomes[row], &mut self.rng);
            self.members[row].steps.fill(Self::STEPS.0);
            Origin::default()
        } else {
            self.breed(row)
        };
        let id = self.outstanding.next_id();
        self.members[row].id = id;
        let place = self.outstanding.open();
        place.genome.clone_from(&self.genomes[row]);
        place.origin = origin;
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        self.outstanding.close(id);
        self.scores.set(self.living + (id - self.first_of_brood) as usize, measured);
        self.told += 1;
        if self.told == self.expected() {
            self.complete();
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        self.members[self.living + (id - self.first_of_brood) as usize].id = name;
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        Some(self.members[row].id)
    }

    fn population(&self) -> Population<'_, Vec<f64>> {
        Population { genomes: &self.genomes[..self.living], scores: &self.scores }
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        self.outstanding.forget();
        self.starts = starts.iter().take(self.parents).rev().cloned().collect();
        self.living = 0;
        self.begin();
    }
}
