//! The budget advisor: a few trials before many.
//!
//! The base and some of its one-gene mutants meet the same few seeds. From that follow how noisy the objectives are, how much of the noise two configurations share (the variance of a difference against the
//! sum of their variances: 1 without common random numbers, near 0 when the worlds are the same but for the change), how many seeds a proof needs, and how long all of it takes on this machine.

use std::time::Instant as WallInstant;

use hms_evolve::Rng;
use hms_evolve::noise::seeds::SeedPlan;
use hms_machine::Seed;
use hms_stack::Configuration;

use super::cache::Cache;
use super::evaluator::Stopped;
use super::field::ranking_rounds;
use super::folder::EvolveError;
use super::plan::Plan;
use super::question::Question;
use super::report;
use super::tidy;
use super::verdict::{FINALISTS, RACED_MOST, chance_of_proof, pairs};
use crate::presets::{Measured, Step};

/// Mutants of a pilot.
const MUTANTS: usize = 8;
/// Seeds of a pilot.
const SEEDS: u64 = 6;
/// The improvement that a proof is planned for.
pub const CLAIM: f64 = 0.15;

/// What a pilot says about one target.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Place among the targets.
    pub target: usize,
    /// Mean loss of the base.
    pub mean: f64,
    /// Its standard deviation over seeds.
    pub deviation: f64,
    /// Median over mutants of var(A - B) / (var A + var B); `None` where no mutant gives a varying loss.
    pub ratio: Option<f64>,
    /// Standard deviation of the difference to the base, median over mutants that differ.
    pub difference: f64,
    /// Chance that the campaign's held-out seeds prove [`CLAIM`]; `None` where no difference varies over the seeds of the pilot, which says nothing about others.
    pub power: Option<f64>,
    /// Held-out seeds for a chance of 0.9; `None` beyond 10,000, and where the chance is not known.
    pub seeds_needed: Option<u64>,
    /// Search seeds (`seeds.most`) on which a candidate that is better by [`CLAIM`] comes out ahead in nine of ten cases; `None` where no difference varies.
    pub replicates: Option<u64>,
}

/// What a pilot found.
#[derive(Clone, Debug)]
pub struct Pilot {
    /// Target by target.
    pub advice: Vec<Advice>,
    /// Trials of the pilot.
    pub trials: u64,
    /// Seconds of one thread per trial.
    pub trial_seconds: f64,
    /// Threads.
    pub threads: usize,
    /// Trials of the campaign: at least, and at most.
    pub planned: (u64, u64),
}

impl Pilot {
    /// Seconds that the campaign takes: at least, and at most.
    pub fn seconds(&self) -> (f64, f64) {
        let of = |trials: u64| trials as f64 * self.trial_seconds / self.threads as f64;
        (of(self.planned.0), of(self.planned.1))
    }
}

impl Plan {
    /// Trials of the search and of all that follows: at least, and at most. Searches without evolution are not among them.
    pub fn trials(&self) -> (u64, u64) {
        let ((least, most), (after_least, after_most)) = (self.trials_of_search(), self.trials_afterwards());
        (least + after_least, most + after_most)
    }

    fn trials_of_search(&self) -> (u64, u64) {
        let settings = &self.settings;
        let candidates = (settings.generations + 1) * settings.population as u64;
        let scenarios = self.worlds.len() as u64;
        // Where there are presets, these and the base are ranked under all conditions.
        let presets = if self.presets.is_empty() { 0 } else { self.presets.len() + 1 };
        let rounds = ranking_rounds(presets, settings.seeds.1).into_iter();
        let once: u64 = rounds.map(|(count, numbers)| count as u64 * (numbers.end - numbers.start)).sum();
        let ranked = once * scenarios * (self.phases.len() as u64 + 1);
        let (least, most) = (candidates * settings.seeds.0 * scenarios, candidates * settings.seeds.1 * scenarios);
        let most = settings.trials.map_or(most + ranked, |trials| (most + ranked).min(trials.max(ranked)));
        ((least + ranked).min(most), most)
    }

    /// Trials of the choice among finalists, of the verdict, and of taking the winner apart, about: at least, and at most.
    pub fn trials_afterwards(&self) -> (u64, u64) {
        let (settings, targets) = (&self.settings, self.question.targets.len() as u64);
        // With several objectives, the finalists are the front.
        let population = settings.population as u64;
        let preset = u64::from(!self.presets.is_empty());
        let finalists =
            if targets == 1 { [population.min(FINALISTS as u64); 2] } else { [1, population] }.map(|own| own + preset);
        // The best without what it does not need is one more, and to find it takes the search seeds.
        let attempts = tidy::attempts(self);
        let finalists = [finalists[0], finalists[1] + attempts.min(1)];
        let tidying = attempts * settings.seeds.1 * self.worlds.len() as u64;
        let contenders = self.presets.len() as u64 + 2 + targets;
        let (least, most) = self.trials_of_search();
        let of = |finalists: u64, raced: u64, search: u64| {
            let judged = (finalists + raced) * settings.validation + contenders * settings.held_out;
            judged * self.worlds.len() as u64 + report::cost(self, search)
        };
        // Under every later conditions a search begins afresh, to the choice among its finalists.
        let afresh = |finalists: u64, raced: u64, seeds: u64| -> u64 {
            let spans = (1..=self.phases.len()).map(|phase| self.span(phase));
            let each = |(begin, end): (u64, u64)| (end - begin) * population * seeds + (finalists + raced) * settings.validation;
            spans.map(each).sum::<u64>() * self.worlds.len() as u64
        };
        let named = report::chances::TRIALS_MAX.max(2 * hms_trial::luck::LUCK.len() * self.worlds.len());
        (
            of(finalists[0], 0, least) + afresh(finalists[0], 0, settings.seeds.0),
            of(finalists[1], RACED_MOST, most)
                + afresh(finalists[1], RACED_MOST, settings.seeds.1)
                + tidying * (self.phases.len() as u64 + 1)
                + named as u64,
        )
    }
}

/// Runs a pilot on so many threads (0: one per core).
///
/// # Errors
/// [`EvolveError::Threads`], [`EvolveError::Interrupted`], and [`EvolveError::PilotFails`] where the base fails.
pub fn pilot(plan: &Plan, jobs: usize, watch: &(dyn Fn(Step) -> bool + Sync)) -> Result<Pilot, EvolveError> {
    let cache = Cache::new();
    let evaluator = plan.evaluator(plan.last_worlds(), &cache, jobs, watch).map_err(EvolveError::Threads)?;
    let search = SeedPlan::new(plan.settings.root).search;
    let seeds: Vec<Seed> = (0..SEEDS).map(|index| search.get(index)).collect();
    let configurations = mutants(plan, MUTANTS);
    let began = WallInstant::now();
    let cells = evaluator.measure(&configurations, &seeds).map_err(|Stopped| EvolveError::Interrupted)?;
    if let Some(reason) = plan.question.answer(&cells[0]).failure {
        return Err(EvolveError::PilotFails { campaign: plan.path.clone(), reason });
    }
    let trials = cache.computed_and_known().0;
    let threads = evaluator.threads();
    let trial_seconds = began.elapsed().as_secs_f64() * threads as f64 / trials.max(1) as f64;
    let advice = (0..plan.question.targets.len()).map(|target| advise(plan, &cells, target)).collect();
    Ok(Pilot { advice, trials, trial_seconds, threads, planned: plan.trials() })
}

/// The base, and so many configurations that differ from it in one gene each.
pub(super) fn mutants(plan: &Plan, count: usize) -> Vec<Configuration> {
    let mut rng = Rng::new(plan.settings.root.derive("evolve/pilot", 0), 0);
    let base = plan.genes.encode(plan.genes.base());
    let mut found = vec![plan.genes.decode(&base)];
    // A redrawn gene may mean the same; after many tries there are only so many neighbours.
    for _ in 0..50 * count {
        if found.len() > count {
            break;
        }
        let mut genome = base.clone();
        let gene = rng.below(genome.len());
        genome[gene] = rng.uniform();
        let mutant = plan.genes.decode(&genome);
        if !found.contains(&mutant) {
            found.push(mutant);
        }
    }
    found
}

fn advise(plan: &Plan, cells: &[Vec<Measured>], target: usize) -> Advice {
    let base: Vec<f64> = pairs(&plan.question, &cells[0], &cells[0], target).into_iter().map(|(loss, _)| loss).collect();
    let (mean, spread) = moments(&base);
    let mut ratios = Vec::new();
    let mut differences = Vec::new();
    for mutant in &cells[1..] {
        let both = pairs(&plan.question, &cells[0], mutant, target);
        ratios.extend(ratio(&both));
        let apart: Vec<f64> = both.iter().map(|(base, own)| base - own).collect();
        if apart.iter().any(|difference| *difference != 0.0) {
            differences.push(moments(&apart).1.sqrt());
        }
    }
    let difference = median(&mut differences).unwrap_or(0.0);
    let (power, seeds_needed) = chances(mean, difference, plan.settings.held_out);
    Advice {
        target,
        mean,
        deviation: spread.sqrt(),
        ratio: median(&mut ratios),
        difference,
        power,
        seeds_needed,
        replicates: replicates(mean, difference),
    }
}

/// The chance that so many held-out seeds prove the claim about a loss, and the seeds for a chance of 0.9.
fn chances(mean: f64, deviation: f64, held_out: u64) -> (Option<f64>, Option<u64>) {
    if deviation <= 0.0 {
        return (None, None);
    }
    let proves = |seeds: u64| chance_of_proof(CLAIM * mean.abs(), deviation, seeds as usize);
    (Some(proves(held_out)), (2..=10_000).find(|seeds| proves(*seeds) >= 0.9))
}

/// Seeds on which the mean of differences of this size and deviation has the right sign in nine of ten cases (normal approximation).
fn replicates(mean: f64, deviation: f64) -> Option<u64> {
    // z of 90 %.
    let root = 1.281_552 * deviation / (CLAIM * mean.abs());
    (deviation > 0.0 && root.is_finite()).then(|| (root * root).ceil().clamp(1.0, 1e9) as u64)
}

/// Variance of the difference of pairs against the sum of their variances; `None` where nothing varies.
pub fn ratio(pairs: &[(f64, f64)]) -> Option<f64> {
    let column = |read: fn(&(f64, f64)) -> f64| moments(&pairs.iter().map(read).collect::<Vec<f64>>()).1;
    let (first, second, apart) = (column(|pair| pair.0), column(|pair| pair.1), column(|pair| pair.0 - pair.1));
    (first + second > 0.0).then(|| apart / (first + second))
}

/// The variance ratio of two configurations over their cells.
pub fn shared(question: &Question, first: &[Measured], second: &[Measured], target: usize) -> Option<f64> {
    ratio(&pairs(question, first, second, target))
}

/// Mean and variance.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, if values.len() > 1 { squares / (count - 1.0) } else { 0.0 })
}

pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(0.5 * (values[middle - 1] + values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_configurations_share_has_a_small_ratio() {
        assert_eq!(ratio(&[(1.0, 1.5), (9.0, 9.5), (4.0, 4.5)]), Some(0.0));
        assert!(ratio(&[(1.0, 4.0), (2.0, 2.0), (3.0, 9.0), (4.0, 3.0)]).unwrap() > 0.5);
        assert_eq!(ratio(&[(1.0, 2.0), (1.0, 2.0)]), None);
    }

    #[test]
    fn a_pilot_without_spread_promises_nothing_and_five_seeds_prove_nothing() {
        assert_eq!(chances(1.0, 0.0, 40), (None, None));
        assert_eq!(chances(1.0, 1e-6, 5), (Some(0.0), Some(6)));
        // The sign of a mean of 0.15 with a deviation of 0.3: (1.2816 × 2)² is 6.57.
        assert_eq!((replicates(1.0, 0.3), replicates(1.0, 0.0), replicates(0.0, 0.3)), (Some(7), None, None));
        let (power, needed) = chances(1.0, 0.3, 40);
        assert!((power.unwrap() - 0.885).abs() < 0.01 && needed == Some(43), "{power:?} {needed:?}");
    }
}
