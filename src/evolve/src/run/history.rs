//! What a search did: every individual, and the state of the population step by step.
//!
//! A [`Recorder`] hears both and may stream them anywhere. [`History`] keeps them in memory within bounds: the latest individuals, and steps at a resolution that halves whenever they become too many, so that
//! a million evaluations need no more memory than ten thousand.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Evaluation;
use crate::algorithms::{Algorithm, Origin};
use crate::genome::Space;
use crate::indicators;
use crate::indicators::hypervolume::hypervolume;

/// An evaluated candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Individual<G> {
    /// Number of the candidate.
    pub id: u64,
    /// Generations that were complete when it was told.
    pub generation: u64,
    /// Parents, operator and parameters.
    pub origin: Origin,
    /// What was evaluated.
    pub genome: G,
    /// What it is worth, or why it failed.
    pub evaluation: Evaluation,
    /// Under how many seeds it was evaluated; 1 without noise.
    pub replicates: u32,
    /// Whether the result came from a cache.
    pub cached: bool,
}

/// The population at the end of a generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Generations complete.
    pub generation: u64,
    /// Evaluations told.
    pub evaluations: u64,
    /// First objective of the best feasible individual.
    pub best: Option<f64>,
    /// Share of the population whose constraints hold.
    pub feasible: f64,
    /// Size of the front.
    pub front: u64,
    /// Hypervolume of the front, if a reference is set.
    pub hypervolume: Option<f64>,
    /// IGD+ and additive epsilon, if a sample of the true front is set.
    pub distances: Option<[f64; 2]>,
    /// Spacing of the front.
    pub spacing: f64,
    /// Mean distance of all pairs of genomes.
    pub diversity: f64,
}

/// Against what a front is measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Yardstick {
    /// Reference point of the hypervolume.
    pub reference: Option<Vec<f64>>,
    /// Sample of the true front, row by row.
    pub samples: Option<Vec<f64>>,
}

impl Step {
    /// Measures the population of an algorithm.
    pub fn measure<S: Space>(
        algorithm: &impl Algorithm<Genome = S::Genome>,
        space: &S,
        evaluations: u64,
        yardstick: &Yardstick,
    ) -> Step {
        let population = algorithm.population();
        let width = population.scores.width();
        let rows = population.front();
        let mut front = Vec::with_capacity(rows.len() * width);
        rows.iter().for_each(|&row| front.extend_from_slice(population.scores.objectives(row)));
        let size = population.genomes.len();
        let feasible = (0..size).filter(|&row| population.scores.violation(row) <= 0.0).count();
        let best = population.best().filter(|&row| population.scores.violation(row) <= 0.0);
        let distances = |samples: &Vec<f64>| {
            let plus = indicators::igd_plus(&front, samples, width);
            [plus, indicators::additive_epsilon(&front, samples, width)]
        };
        Step {
            generation: algorithm.generation(),
            evaluations,
            best: best.map(|row| population.scores.objectives(row)[0]),
            feasible: feasible as f64 / size.max(1) as f64,
            front: rows.len() as u64,
            hypervolume: yardstick.reference.as_ref().map(|reference| hypervolume(&front, reference)),
            distances: yardstick.samples.as_ref().map(distances),
            spacing: indicators::spacing(&front, width),
            diversity: indicators::diversity(space, population.genomes),
        }
    }
}

/// Hears what happens.
pub trait Recorder<G> {
    /// A candidate was told.
    fn individual(&mut self, individual: &Individual<G>);

    /// A generation is complete.
    fn step(&mut self, _step: &Step) {}
}

/// Hears nothing.
impl<G> Recorder<G> for () {
    fn individual(&mut self, _individual: &Individual<G>) {}
}

/// A bounded history in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History<G> {
    individuals_max: usize,
    steps_max: usize,
    individuals: VecDeque<Individual<G>>,
    told: u64,
    steps: Vec<Step>,
    /// Every so many steps one is kept.
    stride: u64,
    heard: u64,
}

impl<G> History<G> {
    /// Keeps the latest `individuals_max` individuals, and at most `steps_max` (at least 2) steps.
    pub fn new(individuals_max: usize, steps_max: usize) -> Self {
        History {
            individuals_max,
            steps_max: steps_max.max(2),
            individuals: VecDeque::new(),
            told: 0,
            steps: Vec::new(),
            stride: 1,
            heard: 0,
        }
    }

    /// The latest individuals, oldest first.
    pub fn individuals(&self) -> impl ExactSizeIterator<Item = &Individual<G>> {
        self.individuals.iter()
    }

    /// How many individuals were told in all, and so how many are no longer kept.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Steps, evenly spaced over the whole run.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl<G: Clone> Recorder<G> for History<G> {
    fn individual(&mut self, individual: &Individual<G>) {
        self.told += 1;
        if self.individuals_max == 0 {
            return;
        }
        if self.individuals.len() == self.individuals_max {
            self.individuals.pop_front();
        }
        self.individuals.push_back(individual.clone());
    }

    fn step(&mut self, step: &Step) {
        if self.heard.is_multiple_of(self.stride) {
            if self.steps.len() == self.steps_max {
                let mut place = 0;
                self.steps.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
            if self.heard.is_multiple_of(self.stride) {
                self.steps.push(step.clone());
            }
        }
        self.heard += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(generation: u64) -> Step {
        Step {
            generation,
            evaluations: 0,
            best: None,
            feasible: 1.0,
            front: 1,
            hypervolume: None,
            distances: None,
            spacing: 0.0,
            diversity: 0.0,
        }
    }

    #[test]
    fn steps_stay_evenly_spaced_however_long_the_run() {
        let mut history: History<()> = History::new(0, 10);
        (0..1000).for_each(|generation| history.step(&step(generation)));
        let kept: Vec<u64> = history.steps().iter().map(|step| step.generation).collect();
        assert!(kept.len() <= 10 && kept.len() >= 5);
        assert!(kept[0] == 0 && kept.windows(2).all(|pair| pair[1] - pair[0] == kept[1]), "{kept:?}");
    }

    #[test]
    fn the_latest_individuals_are_kept() {
        let mut history = History::new(3, 2);
        for id in 0..10 {
            let origin = Origin::default();
            let evaluation = Evaluation::default();
            history.individual(&Individual { id, generation: 0, origin, genome: (), evaluation, replicates: 1, cached: false });
        }
        assert_eq!(history.individuals().map(|individual| individual.id).collect::<Vec<u64>>(), [7, 8, 9]);
        assert_eq!(history.told(), 10);
    }
}
