//! Runs configurations and gives what was measured: cached, parallel, deterministic.
//!
//! ```text
//! Evaluator::measure(&self, &[Configuration], &[Seed]) -> Result<Vec<Vec<Measured>>, Stopped>
//!     // configuration × seed → every objective in the order of DEFINITIONS, combined over the scenarios; Measured = Result<Vec<Option<f64>>, String>
//!     // behind them, where a question holds candidates against the base: those of the base on the same seed (Evaluator::beside)
//! Evaluator::measure_in(&self, scenario, &[Configuration], &[Seed]) -> the same on one scenario alone
//! Question::losses(&self, &Measured) -> Result<Vec<Option<f64>>, String>      // one cell → the search objectives, all to be minimised (question.rs)
//! Question::answer(&self, &[Measured]) -> hms_evolve::run::Evaluation         // cells of several seeds → objectives and violations
//! ```
//!
//! Results do not depend on the number of threads nor on what the cache knows. A trial that fails (a panic, too many events, or too many that are pending) is an `Err` in its cell.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hms_evolve::noise::objective::Aggregate;
use hms_machine::Seed;
use hms_stack::Configuration;
use hms_trial::{DEFINITIONS, Luck, Trial};
use rayon::prelude::*;
use thiserror::Error;

use super::cache::Cache;
use super::question::{assumed, incidents};
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
    beside: Option<Beside>,
    /// Told every step; false stops.
    watch: &'a (dyn Fn(Step) -> bool + Sync),
}

/// What a configuration gave on a seed, once it is known. Who asks meanwhile waits.
type Known = Arc<Mutex<Option<Vec<Option<f64>>>>>;

/// The configuration that others are held against on the same seeds.
struct Beside {
    base: Subject,
    found: Mutex<BTreeMap<Seed, Known>>,
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
        Ok(Evaluator { worlds, combination, cache, pool, beside: None, watch })
    }

    /// Every cell of [`Evaluator::measure`] gets, behind its own values, those of this configuration on the same seed; nothing of one that fails there.
    pub fn beside(mut self, base: &Configuration) -> Self {
        self.beside = Some(Beside { base: self.subject(base), found: Mutex::default() });
        self
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
    /// [`DEFINITIONS`]; where a scenario does not give one, what that means there ([`super::missing`]) takes its place: never to detect is no better than to detect late. Only what nothing called for is left out.
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

    /// One configuration in worlds of which one kind of draw is another: what it gives under each of these seeds with that luck redrawn, on all scenarios. Neither looked up nor kept in the cache nor counted there, which
    /// knows only worlds as seeds make them; the base that it is held against ([`Evaluator::beside`]) meets the world as it is.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn measure_redrawn(&self, configuration: &Configuration, cells: &[(Luck, Seed)]) -> Result<Vec<Measured>, Stopped> {
        let subject = self.subject(configuration);
        let cell = |(luck, seed): &(Luck, Seed)| {
            let run = |inputs: &Inputs| {
                let trial = Trial { redrawn: Some(*luck), ..inputs.with_seed(*seed).trial() };
                presets::perform(&trial, self.watch).ok_or(Stopped)
            };
            let measured = self.combined(&subject, run)?;
            self.with_base(measured, *seed)
        };
        self.pool.install(|| cells.par_iter().map(cell).collect())
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
        let measured = self.combined(subject, |inputs| self.run(inputs, seed))?;
        self.with_base(measured, seed)
    }

    fn with_base(&self, mut measured: Measured, seed: Seed) -> Result<Measured, Stopped> {
        if let (Some(beside), Ok(values)) = (&self.beside, &mut measured) {
            values.extend(self.base(beside, seed)?);
        }
        Ok(measured)
    }

    fn combined(&self, subject: &Subject, run: impl Fn(&Inputs) -> Result<Measured, Stopped>) -> Result<Measured, Stopped> {
        let found: Result<Vec<Measured>, Stopped> = subject.inputs.iter().map(run).collect();
        let horizons: Vec<f64> = subject.inputs.iter().map(|inputs| inputs.scenario().run.duration.as_secs_f64()).collect();
        Ok(combine(found?, &horizons, self.combination))
    }

    /// What the base gives on a seed: asked for once.
    fn base(&self, beside: &Beside, seed: Seed) -> Result<Vec<Option<f64>>, Stopped> {
        let known = Arc::clone(beside.found.lock().unwrap_or_else(PoisonError::into_inner).entry(seed).or_default());
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = &*known {
            return Ok(values.clone());
        }
        let values =
            self.combined(&beside.base, |inputs| self.run(inputs, seed))?.unwrap_or_else(|_| vec![None; DEFINITIONS.len()]);
        Ok(known.insert(values).clone())
    }

    fn run(&self, inputs: &Inputs, seed: Seed) -> Result<Measured, Stopped> {
        let inputs = inputs.with_seed(seed);
        self.cache.get(inputs.run_id(), || presets::make(&inputs, self.watch)).ok_or(Stopped)
    }
}

/// Results of the scenarios, which are so many seconds long, as one; the first failure is that of the whole.
fn combine(found: Vec<Measured>, horizons: &[f64], combination: Combination) -> Measured {
    let mut rows = Vec::with_capacity(found.len());
    for measured in found {
        rows.push(measured?);
    }
    if let [only] = rows.as_slice() {
        return Ok(only.clone());
    }
    let value = |(place, definition): (usize, &hms_trial::Definition)| {
        let sign = if definition.maximise { -1.0 } else { 1.0 };
        let of = |(row, horizon): (&Vec<Option<f64>>, &f64)| row[place].or_else(|| assumed(definition, incidents(row), *horizon));
        let values: Vec<f64> = rows.iter().zip(horizons).filter_map(of).map(|value| sign * value).collect();
        let aggregate = match combination {
            Combination::Mean => Aggregate::Mean,
            Combination::Worst => Aggregate::Worst,
            Combination::Tail(share) => Aggregate::TailMean(share),
        };
        (!values.is_empty()).then(|| sign * aggregate.of(&values))
    };
    Ok(DEFINITIONS.iter().enumerate().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolution::question::{Question, Target, place};

    /// A run with incidents that were detected after so many seconds, or never.
    fn run(incidents: f64, detection: Option<f64>) -> Measured {
        let mut row = vec![None; DEFINITIONS.len()];
        row[place("incidents").unwrap()] = Some(incidents);
        row[place("detection_p99").unwrap()] = detection;
        Ok(row)
    }

    #[test]
    fn never_to_detect_in_one_of_two_scenarios_is_worse_than_to_detect_late() {
        let detection = place("detection_p99").unwrap();
        let question = Question { targets: vec![Target::single(detection)], constraints: Vec::new(), horizon: 100.0 };
        let loss = |second: Measured, combination| {
            let whole = combine(vec![run(3.0, Some(1.0)), second], &[100.0, 30.0], combination);
            question.losses(&whole).unwrap()[0].unwrap()
        };
        for (combination, never, late) in
            [(Combination::Mean, 15.5, 10.5), (Combination::Worst, 30.0, 20.0), (Combination::Tail(0.5), 30.0, 20.0)]
        {
            assert_eq!(loss(run(2.0, None), combination), never, "{combination:?}");
            assert_eq!(loss(run(2.0, Some(20.0)), combination), late, "{combination:?}");
        }
        assert_eq!(loss(run(0.0, None), Combination::Mean), 1.0, "nothing called for detection in the second");
    }
}
