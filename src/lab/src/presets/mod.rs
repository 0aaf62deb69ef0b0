//! Presets: what other systems do by default, side by side on one's own scenario.
//!
//! Picture a road test: cars as they leave the factory, on the same road in the same weather. A [`Preset`] is a stack configuration with a name,
//! read from a file; our default and the stack switched off are two more. [`measure`] runs each on the same seeds, so that differences to the default are
//! taken seed by seed (common random numbers), and [`rank`] answers *which default will hurt me?* by [`crate::comparison`].
//!
//! **Contract.** Results do not depend on the number of threads. A trial that fails counts as not measured and is listed. A preset hurts in an
//! objective if it is shown to be worse than the default by a chance that is corrected for all presets and objectives asked about.

mod files;
mod reference;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use hms_evolve::proof::bootstrap::Interval;
use hms_machine::Seed;
use hms_sim::kernel::RunError;
use hms_stack::balancing::BalancingChoice;
use hms_stack::{Configuration, Tunable, Value, Visitor};
use hms_trial::{DEFINITIONS, Definition, Progress, Trial};
use rayon::prelude::*;

use crate::comparison::{Better, Compared, against};
use crate::inputs::Inputs;
use crate::statistics::{CONFIDENCE, Estimate, estimate};

pub use files::{PresetError, find_folder, load_files, load_folder};
pub use reference::reference;

/// The name of our own default.
pub const DEFAULT: &str = "default";

/// The name of the stack with every component switched off.
pub const OFF: &str = "off";

/// Objectives in which a preset may hurt.
pub const JUDGED: [&str; 5] = ["availability", "detection_p99", "false_positives", "recovery_p95", "goodput"];

/// A stack configuration with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// The name of its file, without the ending; or [`DEFAULT`], or [`OFF`].
    pub name: String,
    /// Its file.
    pub path: Option<PathBuf>,
    /// What it says.
    pub stack: Configuration,
}

/// What one seed gave: every objective in the order of [`DEFINITIONS`], or why there are none.
pub type Measured = Result<Vec<Option<f64>>, String>;

/// What happens while trials are made, told from any thread.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So many nanoseconds of simulated time more are done.
    Advanced(u64),
    /// A trial has ended.
    Ended,
}

/// A preset's results beside the default's.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Its place among the presets that were measured.
    pub preset: usize,
    /// Trials that ended well.
    pub measured: usize,
    /// Why the others did not.
    pub failures: Vec<(Seed, String)>,
    /// Mean of every objective, in the order of [`DEFINITIONS`]; `None` where no trial gave one.
    pub means: Vec<Option<Estimate>>,
    /// The default, which comes first, held against it: in the objective that ranks, and in those that are [`JUDGED`]; empty for the default itself.
    pub compared: Vec<Compared>,
    /// In what it hurts.
    pub hurts: Vec<Hurt>,
}

/// An objective in which a preset is worse than the default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hurt {
    /// Which.
    pub objective: &'static Definition,
    /// By how much: preset minus default; `None`: the default gives a value and the preset never does (it detects or recovers nothing).
    pub difference: Option<Interval>,
}

/// Our default, and the stack switched off.
pub fn ours() -> [Preset; 2] {
    let preset = |name: &str, stack| Preset { name: name.to_owned(), path: None, stack };
    [preset(DEFAULT, Configuration::default()), preset(OFF, switched_off())]
}

/// The default configuration with every component off.
pub fn switched_off() -> Configuration {
    struct Off;
    impl Visitor for Off {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            if tunable.name.ends_with(".enabled") {
                *value = Value::Switch(false);
            }
        }
    }
    let mut stack = Configuration::default();
    stack.walk(&mut Off);
    stack.balancing.choice = BalancingChoice::Random;
    stack
}

/// The objective of this name.
pub fn objective(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

/// Runs every preset on every seed, on `jobs` threads (0: one per core). The outer list is that of the presets, the inner that of the seeds. `watch` is
/// told every step and returns false to stop; then there is no result.
///
/// # Errors
/// If threads cannot be started.
pub fn measure(
    inputs: &Inputs,
    presets: &[Preset],
    seeds: &[Seed],
    jobs: usize,
    watch: &(dyn Fn(Step) -> bool + Sync),
) -> Result<Option<Vec<Vec<Measured>>>, String> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|error| format!("cannot start threads: {error}"))?;
    let pairs: Vec<(&Preset, Seed)> = presets.iter().flat_map(|preset| seeds.iter().map(move |seed| (preset, *seed))).collect();
    // Collected in the order of the pairs, whichever ends first.
    let made: Option<Vec<Measured>> = pool.install(|| {
        pairs.into_par_iter().map(|(preset, seed)| make(&inputs.with_stack(preset.stack).with_seed(seed), watch)).collect()
    });
    Ok(made.map(|made| made.chunks(seeds.len().max(1)).map(<[Measured]>::to_vec).collect()))
}

/// One trial; `None` if it was told to stop.
pub(crate) fn make(inputs: &Inputs, watch: &(dyn Fn(Step) -> bool + Sync)) -> Option<Measured> {
    perform(&inputs.trial(), watch)
}

/// One trial, however it is set up; `None` if it was told to stop.
pub(crate) fn perform(trial: &Trial, watch: &(dyn Fn(Step) -> bool + Sync)) -> Option<Measured> {
    if !watch(Step::Advanced(0)) {
        return None;
    }
    let mut reached = 0;
    let mut show = |progress: Progress| {
        let now = progress.now.as_nanos();
        let advanced = now - reached;
        reached = now;
        watch(Step::Advanced(advanced))
    };
    let measured = match catch_unwind(AssertUnwindSafe(|| trial.run_watched(&mut show))) {
        Ok(Ok(outcome)) => Ok(outcome.objectives.iter().map(|objective| objective.value).collect()),
        Ok(Err(RunError::Interrupted { .. })) => return None,
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(format!("panic: {}", said.unwrap_or("no reason given")))
        }
    };
    watch(Step::Ended);
    Some(measured)
}

/// Compares every preset with the one called [`DEFAULT`] and sorts them by `objective`, best first; those without a value come last, and equal ones in
/// the order given.
///
/// # Panics
/// If none is called [`DEFAULT`], or the lists do not fit together.
pub fn rank(presets: &[Preset], seeds: &[Seed], measured: &[Vec<Measured>], objective: &Definition) -> Vec<Ranked> {
    assert_eq!(presets.len(), measured.len(), "every preset was measured");
    let default = presets.iter().position(|preset| preset.name == DEFAULT).expect("the default is among the presets");
    let cells = |place: usize| -> Vec<&Measured> { measured[place].iter().collect() };
    let others: Vec<usize> = (0..presets.len()).filter(|&place| place != default).collect();
    let theirs: Vec<Vec<&Measured>> = others.iter().map(|&place| cells(place)).collect();
    let held = against(&cells(default), &theirs, &asked(objective));
    let mut ranked = vec![ranked(default, seeds, measured, Vec::new())];
    ranked.extend(others.into_iter().zip(held).map(|(place, compared)| self::ranked(place, seeds, measured, compared)));
    ranked.sort_by_key(|found| found.preset);
    let position = DEFINITIONS.iter().position(|definition| definition.name == objective.name).expect("objectives are defined");
    let key = |found: &Ranked| {
        let value = found.means[position].map_or(f64::INFINITY, |mean| if objective.maximise { -mean.mean } else { mean.mean });
        if value.is_nan() { f64::INFINITY } else { value }
    };
    ranked.sort_by(|one, other| key(one).total_cmp(&key(other)));
    ranked
}

/// The objectives in which presets are held against the default: the one that ranks, and those that are [`JUDGED`].
pub fn asked(objective: &Definition) -> Vec<&'static Definition> {
    let first = DEFINITIONS.iter().filter(|definition| definition.name == objective.name);
    first.chain(JUDGED.iter().filter(|name| **name != objective.name).filter_map(|name| self::objective(name))).collect()
}

fn ranked(place: usize, seeds: &[Seed], measured: &[Vec<Measured>], compared: Vec<Compared>) -> Ranked {
    let mean = |position: usize| {
        let of = |found: &Measured| found.as_ref().ok().and_then(|values| values[position]).filter(|value| !value.is_nan());
        estimate(&measured[place].iter().filter_map(of).collect::<Vec<f64>>(), CONFIDENCE)
    };
    let means: Vec<Option<Estimate>> = (0..DEFINITIONS.len()).map(mean).collect();
    let hurts = |one: &&Compared| JUDGED.contains(&one.objective.name) && one.better == Better::First;
    let hurt = |one: &Compared| {
        let position = DEFINITIONS.iter().position(|definition| definition.name == one.objective.name);
        let never = position.is_some_and(|position| means[position].is_none());
        Hurt { objective: one.objective, difference: one.difference.filter(|_| !never) }
    };
    let hurts = compared.iter().filter(hurts).map(hurt).collect();
    let failure = |(seed, found): (&Seed, &Measured)| found.as_ref().err().map(|reason| (*seed, reason.clone()));
    let failures: Vec<_> = seeds.iter().zip(&measured[place]).filter_map(failure).collect();
    Ranked { preset: place, measured: measured[place].len() - failures.len(), failures, means, compared, hurts }
}
