//! A noisy simulation as a problem: the same seeds for every candidate, and no run twice.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::objective::{Aggregate, ChanceConstraint};
use super::seeds::{Role, Seeds};
use crate::run::{Cache, Evaluation, content_key};

/// Something that is run under a seed.
pub trait Simulation {
    /// What is simulated.
    type Genome;

    /// One run: pushes its results and violations, or states why it failed. `evaluation` comes empty.
    fn run(&self, genome: &Self::Genome, seed: Seed, evaluation: &mut Evaluation);
}

/// What becomes of the results of many runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Objectives: number of the result, and how its values are joined.
    pub objectives: Vec<(usize, Aggregate)>,
    /// Constraints: number of the result, and how often which limit must hold.
    pub chances: Vec<(usize, ChanceConstraint)>,
}

/// Runs candidates under shared seeds and remembers every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = ""))]
pub struct Replicator<R> {
    seeds: Seeds<R>,
    question: Question,
    cache: Cache,
}

impl<R: Role> Replicator<R> {
    /// Asks `question` under these seeds; `cache` may hold runs of earlier searches.
    pub fn new(seeds: Seeds<R>, question: Question, cache: Cache) -> Self {
        Replicator { seeds, question, cache }
    }

    /// One cell of the table: the run of a genome under shared seed number `seed`.
    pub fn cell<S: Simulation>(&mut self, simulation: &S, genome: &S::Genome, seed: u64) -> Evaluation
    where
        S::Genome: Serialize,
    {
        let (key, seed) = (content_key(genome), self.seeds.get(seed));
        if let Some(known) = self.cache.get(key, seed.0) {
            return known.clone();
        }
        let mut evaluation = Evaluation::default();
        simulation.run(genome, seed, &mut evaluation);
        self.cache.insert(key, seed.0, evaluation.clone());
        evaluation
    }

    /// The answer for a genome over these shared seeds: its objectives, and as violations those of the runs (each the mean of its positive part) and of the chance
    /// constraints. A run that failed, or gave too few results, fails the whole.
    pub fn evaluate<S: Simulation>(&mut self, simulation: &S, genome: &S::Genome, seeds: std::ops::Range<u64>) -> Evaluation
    where
        S::Genome: Serialize,
    {
        let runs: Vec<Evaluation> = seeds.map(|seed| self.cell(simulation, genome, seed)).collect();
        if let Some(reason) = runs.iter().find_map(|run| run.failure.as_deref()) {
            return Evaluation::failed(reason);
        }
        let column = |number: usize| -> Vec<f64> {
            runs.iter().map(|run| run.objectives.get(number).copied().unwrap_or(f64::NAN)).collect()
        };
        let mut answer = Evaluation::default();
        answer.objectives.extend(self.question.objectives.iter().map(|&(number, aggregate)| aggregate.of(&column(number))));
        let limits = runs.first().map_or(0, |run| run.violations.len());
        for limit in 0..limits {
            let part = |run: &Evaluation| match run.violations.get(limit) {
                Some(part) if *part <= 0.0 => 0.0,
                Some(part) => *part,
                None => f64::NAN,
            };
            answer.violations.push(runs.iter().map(part).sum::<f64>() / runs.len() as f64);
        }
        answer.violations.extend(self.question.chances.iter().map(|&(number, chance)| chance.violation(&column(number))));
        answer
    }

    /// All runs so far.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }
}

#[cfg(test)]
mod tests {
    use super::super::seeds::SeedPlan;
    use super::*;
    use crate::random::Rng;
    use std::cell::Cell;

    /// Cost and delay of a setting under a seed; negative settings do not run.
    struct Shop {
        runs: Cell<u32>,
    }

    impl Simulation for Shop {
        type Genome = Vec<f64>;

        fn run(&self, genome: &Vec<f64>, seed: Seed, evaluation: &mut Evaluation) {
            self.runs.set(self.runs.get() + 1);
            if genome[0] < 0.0 {
                *evaluation = Evaluation::failed("no capacity");
                return;
            }
            let noise = Rng::new(seed, 0).normal();
            evaluation.objectives.extend([genome[0], noise * noise / genome[0]]);
        }
    }

    fn replicator() -> Replicator<super::super::seeds::Search> {
        let question = Question {
            objectives: vec![(0, Aggregate::Mean), (1, Aggregate::TailMean(0.2))],
            chances: vec![(1, ChanceConstraint { limit: 2.0, probability: 0.9 })],
        };
        Replicator::new(SeedPlan::new(Seed(1)).search, question, Cache::new())
    }

    #[test]
    fn no_genome_runs_twice_under_a_seed() {
        let (shop, mut replicator) = (Shop { runs: Cell::new(0) }, replicator());
        let short = replicator.evaluate(&shop, &vec![1.0], 0..5);
        let long = replicator.evaluate(&shop, &vec![1.0], 0..20);
        assert_eq!(shop.runs.get(), 20);
        assert_eq!(replicator.evaluate(&shop, &vec![1.0], 0..5), short);
        assert_eq!(replicator.evaluate(&shop, &vec![1.0], 0..20), long);
        assert_eq!((shop.runs.get(), replicator.cache().len()), (20, 20));
    }

    #[test]
    fn tails_and_chances_are_answered_and_failures_named() {
        let (shop, mut replicator) = (Shop { runs: Cell::new(0) }, replicator());
        let (tight, wide) = (replicator.evaluate(&shop, &vec![0.5], 0..40), replicator.evaluate(&shop, &vec![5.0], 0..40));
        // The same seeds: exactly ten times the delay.
        assert!((tight.objectives[1] / wide.objectives[1] - 10.0).abs() < 1e-9);
        assert!(tight.violation() > 0.0 && wide.violation() == 0.0);
        assert_eq!(replicator.evaluate(&shop, &vec![-1.0], 0..3).failure.as_deref(), Some("no capacity"));
    }
}
