//! Runs configurations and gives what was measured: cached, parallel, deterministic.
//!
//! ```text
//! Evaluator::measure(&self, &[Configuration], &[Seed]) -> Result<Vec<Vec<Measured>>, Stopped>
//!     // configuration × seed → every objective in the order of DEFINITIONS, combined over the scenarios; Measured = Result<Vec<Option<f64>>, String>
//! Evaluator::measure_in(&self, scenario, &[Configuration], &[Seed]) -> the same on one scenario alone
//! Question::losses(&self, &Measured) -> Result<Vec<Option<f64>>, String>      // one cell → the search objectives, all to be minimised (question.rs)
//! Question::answer(&self, &[Measured]) -> hms_evolve::run::Evaluation         // cells of several seeds → objectives and violations
//! ```
//!
//! Results do not depend on the number of threads nor on what the cache knows. A trial that fails (a panic, too many events) is an `Err` in its cell.

use hms_evolve::noise::objective::Aggregate;
use hms_machine::Seed;
use hms_stack::Configuration;
use hms_trial::DEFINITIONS;
use rayon::prelude::*;
use thiserror::Error;

use super::cache::Cache;
use crate::inputs::Inputs;
use crate::presets::{self, Measured, Step};

/// A scenario of a campaign.
#[derive(Clone, Debug)]
pub struct World {
    /// Name of its file, without the ending.
    pub name: String,
    /// What is run, with a stack and a seed that mean nothing.
    pub inputs: Inputs,
}

/// How results on several scenarios become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Combination {
    /// Their mean.
    Mean,
    /// The worst of them, in the direction of the objective.
    Worst,
    /// The mean of the worst share (above 0, up to 1).
    Tail(f64),
}

/// The user wants to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Stopped;

/// Runs configurations on the scenarios of a campaign.
pub struct Evaluator<'a> {
    worlds: Vec<World>,
    combination: Combination,
    cache: &'a Cache,
    pool: rayon::ThreadPool,
    /// Told every step; false stops.
    watch: &'a (dyn Fn(Step) -> bool + Sync),
}

/// A configuration that is ready to be run.
pub(super) struct Subject {
    /// By scenario.
    inputs: Vec<Inputs>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator on these scenarios (at least one) with so many threads (0: one per core).
    ///
    /// # Errors
    /// If threads cannot be started.
    pub fn new(
        worlds: Vec<World>,
        combination: Combination,
        cache: &'a Cache,
        jobs: usize,
        watch: &'a (dyn Fn(Step) -> bool + Sync),
    ) -> Result<Self, String> {
        assert!(!worlds.is_empty(), "there is a scenario");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|error| format!("cannot start threads: {error}"))?;
        Ok(Evaluator { worlds, combination, cache, pool, watch })
    }

    /// The scenarios.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// What has been measured so far.
    pub fn cache(&self) -> &Cache {
        self.cache
    }

    /// Every configuration under every seed; the outer list is that of the configurations. Values are combined over the scenarios, one after the other in the order of
    /// [`DEFINITIONS`]; one that a scenario does not give is left out of the combination.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn measure(&self, configurations: &[Configuration], seeds: &[Seed]) -> Result<Vec<Vec<Measured>>, Stopped> {
        self.all(configurations, seeds, |subject, seed| self.cell(subject, seed))
    }

    /// The same on one scenario, by its place.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn measure_in(
        &self,
        scenario: usize,
        configurations: &[Configuration],
        seeds: &[Seed],
    ) -> Result<Vec<Vec<Measured>>, Stopped> {
        self.all(configurations, seeds, |subject, seed| self.run(&subject.inputs[scenario], seed))
    }

    fn all(
        &self,
        configurations: &[Configuration],
        seeds: &[Seed],
        cell: impl Fn(&Subject, Seed) -> Result<Measured, Stopped> + Sync,
    ) -> Result<Vec<Vec<Measured>>, Stopped> {
        let subjects: Vec<Subject> = configurations.iter().map(|configuration| self.subject(configuration)).collect();
        let pairs: Vec<(&Subject, Seed)> =
            subjects.iter().flat_map(|subject| seeds.iter().map(move |seed| (subject, *seed))).collect();
        // Collected in the order of the pairs, whichever ends first.
        let cells: Result<Vec<Measured>, Stopped> =
            self.pool.install(|| pairs.into_par_iter().map(|(subject, seed)| cell(subject, seed)).collect());
        let mut cells = cells?.into_iter();
        Ok(configurations.iter().map(|_| cells.by_ref().take(seeds.len()).collect()).collect())
    }

    pub(super) fn subject(&self, configuration: &Configuration) -> Subject {
        Subject { inputs: self.worlds.iter().map(|world| world.inputs.with_stack(*configuration)).collect() }
    }

    /// One configuration under one seed, on all scenarios.
    pub(super) fn cell(&self, subject: &Subject, seed: Seed) -> Result<Measured, Stopped> {
        let found: Result<Vec<Measured>, Stopped> = subject.inputs.iter().map(|inputs| self.run(inputs, seed)).collect();
        Ok(combine(found?, self.combination))
    }

    fn run(&self, inputs: &Inputs, seed: Seed) -> Result<Measured, Stopped> {
        let inputs = inputs.with_seed(seed);
        self.cache.get(inputs.run_id(), || presets::make(&inputs, self.watch)).ok_or(Stopped)
    }
}

/// Results of the scenarios as one; the first failure is that of the whole.
fn combine(found: Vec<Measured>, combination: Combination) -> Measured {
    let mut rows = Vec::with_capacity(found.len());
    for measured in found {
        rows.push(measured?);
    }
    if let [only] = rows.as_slice() {
        return Ok(only.clone());
    }
    let value = |(place, definition): (usize, &hms_trial::Definition)| {
        let sign = if definition.maximise { -1.0 } else { 1.0 };
        let values: Vec<f64> = rows.iter().filter_map(|row| row[place]).map(|value| sign * value).collect();
        let aggregate = match combination {
            Combination::Mean => Aggregate::Mean,
            Combination::Worst => Aggregate::Worst,
            Combination::Tail(share) => Aggregate::TailMean(share),
        };
        (!values.is_empty()).then(|| sign * aggregate.of(&values))
    };
    Ok(DEFINITIONS.iter().enumerate().map(value).collect())
}
