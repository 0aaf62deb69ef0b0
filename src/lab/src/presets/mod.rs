//! Presets: what other systems do by default, side by side on one's own scenario.
//!
//! Picture a road test: cars as they leave the factory, on the same road in the same weather. A [`Preset`] is a stack configuration with a name,
//! read from a file; our default and the stack switched off are two more. [`measure`] runs each on the same seeds, so that differences to the default are
//! taken seed by seed (common random numbers, as in [`crate::statistics`]), and [`rank`] answers *which default will hurt me?*
//!
//! **Contract.** Results do not depend on the number of threads. A trial that fails counts as not measured and is listed. A preset hurts in an
//! objective if it is worse than the default and the 95 % interval of the paired difference leaves out zero.

mod files;
mod reference;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use hms_machine::Seed;
use hms_sim::kernel::RunError;
use hms_stack::balancing::BalancingChoice;
use hms_stack::{Configuration, Tunable, Value, Visitor};
use hms_trial::{DEFINITIONS, Definition, Progress};
use rayon::prelude::*;

use crate::inputs::Inputs;
use crate::statistics::{CONFIDENCE, Estimate, estimate, paired_difference};

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
    /// Difference to the default, seed by seed; `None` for the default itself and where no seed gave both.
    pub differences: Vec<Option<Estimate>>,
    /// In what it hurts.
    pub hurts: Vec<Hurt>,
}

/// An objective in which a preset is worse than the default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hurt {
    /// Which.
    pub objective: &'static Definition,
    /// By how much; `None`: the default gives a value and the preset never does (it detects or recovers nothing).
    pub difference: Option<Estimate>,
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
    let trial = inputs.trial();
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
    let mut ranked: Vec<Ranked> = (0..presets.len()).map(|place| compare(place, default, seeds, measured)).collect();
    let position = DEFINITIONS.iter().position(|definition| definition.name == objective.name).expect("objectives are defined");
    let key = |found: &Ranked| {
        let value = found.means[position].map_or(f64::INFINITY, |mean| if objective.maximise { -mean.mean } else { mean.mean });
        if value.is_nan() { f64::INFINITY } else { value }
    };
    ranked.sort_by(|one, other| key(one).total_cmp(&key(other)));
    ranked
}

fn compare(place: usize, default: usize, seeds: &[Seed], measured: &[Vec<Measured>]) -> Ranked {
    let values = |place: usize, position: usize| -> Vec<Option<f64>> {
        let of = |found: &Measured| found.as_ref().ok().and_then(|values| values[position]).filter(|value| !value.is_nan());
        measured[place].iter().map(of).collect()
    };
    let (mut means, mut differences, mut hurts) = (Vec::new(), Vec::new(), Vec::new());
    for (position, definition) in DEFINITIONS.iter().enumerate() {
        let (base, own) = (values(default, position), values(place, position));
        let found: Vec<f64> = own.iter().flatten().copied().collect();
        let difference = if place == default { None } else { paired_difference(&base, &own, CONFIDENCE) };
        let never = found.is_empty() && base.iter().any(Option::is_some) && measured[place].iter().any(Result::is_ok);
        let worse =
            difference.is_some_and(|difference| difference.excludes_zero() && (difference.mean < 0.0) == definition.maximise);
        if JUDGED.contains(&definition.name) && place != default && (worse || never) {
            hurts.push(Hurt { objective: definition, difference });
        }
        means.push(estimate(&found, CONFIDENCE));
        differences.push(difference);
    }
    let failure = |(seed, found): (&Seed, &Measured)| found.as_ref().err().map(|reason| (*seed, reason.clone()));
    let failures: Vec<_> = seeds.iter().zip(&measured[place]).filter_map(failure).collect();
    Ranked { preset: place, measured: measured[place].len() - failures.len(), failures, means, differences, hurts }
}
