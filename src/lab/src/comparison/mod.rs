//! Two configurations, side by side: in what is which better, and how sure is that?
//!
//! Picture two runners on the same tracks in the same weather. A [`Side`] is what one of them gave, world by world: read from folders of runs and campaigns ([`open`]), or run for the purpose ([`measure`]). [`compare`] takes
//! the differences world by world, so that what the worlds have in common cancels out (common random numbers). Each objective gets the mean difference with its bias-corrected and accelerated bootstrap interval (Efron
//! 1987) and the chance of such a difference if there were none (sign flips, Fisher 1935), corrected for the number of objectives asked about (Holm 1979). [`against`] does the same for many at once, as `hms presets` does.
//!
//! What one side alone gives in a world stands against what its absence means on the other ([`crate::evolution::missing`]): a time that never came counts as the longest that was seen on either side, so nobody is better by not measuring.
//!
//! **Contract.** An objective is called better or worse only by the corrected chance. Worlds are paired by scenario and seed; those that only one side knows are counted and left out. Nothing depends on threads or the order of rows.

mod sides;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_evolve::proof::holm;
use hms_evolve::proof::paired::sign_flip;
use hms_machine::Seed;
use hms_stack::Configuration;
use hms_trial::{DEFINITIONS, Definition};

use crate::evolution::{assumed, incidents, parameters};
use crate::presets::Measured;
use crate::statistics::{CONFIDENCE, Estimate, estimate};

pub use sides::{SideError, measure, open, stack};

/// Chance up to which a difference counts as shown, after correction.
pub const LEVEL: f64 = 0.05;
/// Random flips of signs behind a p-value.
const FLIPS: usize = 9_999;
/// Seed of flips and resamples; the same comparison gives the same figures.
const DRAWS: Seed = Seed(1);

/// A world: the name of a scenario, and a seed.
pub type World = (String, Seed);

/// What one side gave.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Its stack configuration.
    pub stack: Configuration,
    /// Values of the scenario that a campaign has set.
    pub settings: BTreeMap<String, String>,
    /// Digest of each scenario's text.
    pub texts: BTreeMap<String, String>,
    /// World by world.
    pub cells: BTreeMap<World, Measured>,
}

/// Something in which the sides differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The parameter, or the path in the scenario.
    pub name: String,
    /// What the first side has.
    pub first: String,
    /// What the second has.
    pub second: String,
}

/// Which side is better in an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The first, beyond chance.
    First,
    /// The second, beyond chance.
    Second,
    /// Neither is shown to be.
    NotShown,
    /// They do not differ in any world.
    Same,
}

/// An objective on both sides.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Which.
    pub objective: &'static Definition,
    /// Means over the worlds that count.
    pub means: Option<(Estimate, Estimate)>,
    /// Second minus first.
    pub difference: Option<Interval>,
    /// Chance of such a difference if there were none, two-sided.
    pub p: f64,
    /// The same after Holm's correction over all questions asked together.
    pub p_corrected: f64,
    /// Worlds on which both give a value, or one does and the absence of the other's means something.
    pub pairs: usize,
    /// Worlds on which the first is better, and the second.
    pub ahead: (usize, usize),
    /// Worlds on which only the one side gives a value, and only the other.
    pub alone: (usize, usize),
    /// The verdict.
    pub better: Better,
}

/// Two sides held against each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// In what the configurations differ.
    pub differences: Vec<Difference>,
    /// Scenarios of one name that are not the same text.
    pub scenarios: Vec<String>,
    /// Worlds that both know.
    pub worlds: usize,
    /// Worlds that only the first knows, and only the second.
    pub left_out: (usize, usize),
    /// Runs that failed on either side, with the reason.
    pub failures: Vec<(World, String)>,
    /// By objective, in the order asked for.
    pub objectives: Vec<Compared>,
}

/// Holds two sides against each other in these objectives; `None` if they have no world in common.
pub fn compare(first: &Side, second: &Side, objectives: &[&'static Definition]) -> Option<Comparison> {
    let both: Vec<(&World, &Measured, &Measured)> =
        first.cells.iter().filter_map(|(world, cell)| Some((world, cell, second.cells.get(world)?))).collect();
    if both.is_empty() {
        return None;
    }
    let cells: (Vec<&Measured>, Vec<&Measured>) = both.iter().map(|(_, one, other)| (*one, *other)).unzip();
    let failure = |(world, one, other): &(&World, &Measured, &Measured)| {
        let reason = one.as_ref().err().or(other.as_ref().err())?;
        Some(((*world).clone(), reason.clone()))
    };
    let scenarios = first.texts.iter().filter(|(name, text)| second.texts.get(*name).is_some_and(|other| other != *text));
    Some(Comparison {
        differences: differences(first, second),
        scenarios: scenarios.map(|(name, _)| name.clone()).collect(),
        worlds: both.len(),
        left_out: (first.cells.len() - both.len(), second.cells.len() - both.len()),
        failures: both.iter().filter_map(failure).collect(),
        objectives: against(&cells.0, &[cells.1], objectives).remove(0),
    })
}

/// Holds many against one in these objectives: what each gave on the same worlds, in the same order. The outer list is that of `others`. Chances are corrected for the number of all these questions together, since whoever asks many
/// will find something.
pub fn against(base: &[&Measured], others: &[Vec<&Measured>], objectives: &[&'static Definition]) -> Vec<Vec<Compared>> {
    let mut rng = Rng::new(DRAWS.derive("comparison", 0), 0);
    let mut one = |other: &Vec<&Measured>| -> Vec<Compared> {
        objectives.iter().map(|objective| compared(objective, base, other, &mut rng)).collect()
    };
    let mut found: Vec<Vec<Compared>> = others.iter().map(&mut one).collect();
    let p_values: Vec<f64> = found.iter().flatten().map(|compared| compared.p).collect();
    for (compared, corrected) in found.iter_mut().flatten().zip(holm(&p_values)) {
        compared.p_corrected = corrected;
        compared.better = verdict(compared);
    }
    found
}

/// The fewest worlds on which one of so many comparisons can be shown: with all differences of one sign the sign-flip test gives 2 / 2^n, before correction.
pub fn worlds_min(comparisons: usize) -> usize {
    (1..).find(|worlds| 2.0 * comparisons as f64 <= LEVEL * 2f64.powi(*worlds as i32)).expect("powers of two exceed any number")
}

fn compared(objective: &'static Definition, first: &[&Measured], second: &[&Measured], rng: &mut Rng) -> Compared {
    let place = DEFINITIONS.iter().position(|definition| definition.name == objective.name).expect("objectives are defined");
    let value = |cell: &Measured| cell.as_ref().ok().and_then(|values| values[place]).filter(|value| !value.is_nan());
    let values: Vec<(Option<f64>, Option<f64>)> =
        first.iter().zip(second).map(|(one, other)| (value(one), value(other))).collect();
    let longest = values.iter().flat_map(|(one, other)| [one, other]).flatten().copied().fold(0.0, f64::max);
    let absent = |cell: &Measured| assumed(objective, incidents(cell.as_ref().ok()?), longest);
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for ((one, other), given) in first.iter().zip(second).zip(&values) {
        pairs.extend(match *given {
            (Some(first), Some(second)) => Some((first, second)),
            (Some(first), None) => absent(other).map(|second| (first, second)),
            (None, Some(second)) => absent(one).map(|first| (first, second)),
            (None, None) => None,
        });
    }
    let apart: Vec<f64> = pairs.iter().map(|(one, other)| other - one).collect();
    let sign = if objective.maximise { 1.0 } else { -1.0 };
    let count = |ahead: &dyn Fn(f64) -> bool| apart.iter().filter(|difference| ahead(sign * **difference)).count();
    let (one, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    Compared {
        objective,
        means: estimate(&one, CONFIDENCE).zip(estimate(&other, CONFIDENCE)),
        difference: Bootstrap::default().mean(&apart, rng),
        p: if apart.is_empty() { 1.0 } else { sign_flip(&apart, FLIPS, rng) },
        p_corrected: 1.0,
        pairs: pairs.len(),
        ahead: (count(&|gain| gain < 0.0), count(&|gain| gain > 0.0)),
        alone: (
            values.iter().filter(|pair| matches!(pair, (Some(_), None))).count(),
            values.iter().filter(|pair| matches!(pair, (None, Some(_)))).count(),
        ),
        better: Better::NotShown,
    }
}

fn verdict(compared: &Compared) -> Better {
    let Some(difference) = compared.difference else { return Better::NotShown };
    if compared.ahead == (0, 0) {
        return Better::Same;
    }
    match (compared.p_corrected <= LEVEL, (difference.estimate > 0.0) == compared.objective.maximise) {
        (false, _) => Better::NotShown,
        (true, true) => Better::Second,
        (true, false) => Better::First,
    }
}

/// The parameters in which two stack configurations differ, in the order of their declaration.
pub fn differing(first: &Configuration, second: &Configuration) -> Vec<Difference> {
    let pairs = parameters(first).into_iter().zip(parameters(second)).filter(|((_, own), (_, other))| own != other);
    let told = pairs.map(|((tunable, own), (_, other))| Difference {
        name: tunable.name.to_owned(),
        first: own.to_string(),
        second: other.to_string(),
    });
    told.collect()
}

/// Parameters first, then what campaigns have set in the scenarios.
fn differences(first: &Side, second: &Side) -> Vec<Difference> {
    let stacks = differing(&first.stack, &second.stack).into_iter();
    let paths: std::collections::BTreeSet<&String> = first.settings.keys().chain(second.settings.keys()).collect();
    let told = |side: &Side, path: &str| side.settings.get(path).cloned().unwrap_or_else(|| "as in the file".to_owned());
    let settings = paths.into_iter().filter(|path| first.settings.get(*path) != second.settings.get(*path));
    let settings = settings.map(|path| Difference { name: path.clone(), first: told(first, path), second: told(second, path) });
    stacks.chain(settings).collect()
}
