//! Does evolution earn its cost? Random search and Latin hypercubes with as many trials, judged on the same held-out seeds.
//!
//! They have everything that the search has but the evolution: the same genes, seeds, starts, racing, choice among finalists.

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::Interval;
use hms_machine::Seed;

use super::super::aside::search_aside;
use super::super::evaluator::{Evaluator, Stopped};
use super::super::file::AlgorithmName;
use super::super::plan::Plan;
use super::super::search::{Progress, begin};
use super::super::verdict::{improvement, pairs};
use crate::presets::Measured;

/// A search without evolution, against the winner.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Its name.
    pub name: &'static str,
    /// Trials that it had.
    pub trials: u64,
    /// Mean losses of its knee on the held-out seeds; empty where it has none.
    pub losses: Vec<f64>,
    /// Share of its loss that the winner does not have, target by target.
    pub improvements: Vec<Option<Interval>>,
}

/// Runs both with so many trials and judges their knees beside the winner's cells.
pub(crate) fn run(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    trials: u64,
    (winner, seeds): (&[Measured], &[Seed]),
    show: &mut dyn FnMut(&'static str, Progress),
) -> Result<Vec<Baseline>, Stopped> {
    let mut rng = Rng::new(plan.settings.root.derive("evolve/baselines", 0), 0);
    let mut found = Vec::new();
    for (name, algorithm) in [("random search", AlgorithmName::Random), ("Latin hypercubes", AlgorithmName::Latin)] {
        // They know the last conditions from the beginning.
        let mut other = plan.still(evaluator.worlds());
        other.settings.algorithm = algorithm;
        other.settings.islands = None;
        (other.settings.patience, other.settings.target) = (None, None);
        other.settings.trials = Some(trials);
        // The trials end it: it may need more candidates than the search, since racing gives more of them up.
        other.settings.generations = other.settings.generations.saturating_mul(10);
        let aside = search_aside(&other, begin(&other), evaluator, |progress| show(name, progress))?;
        let mut baseline = Baseline { name, trials: aside.trials, losses: Vec::new(), improvements: Vec::new() };
        if let Some(knee) = aside.knee {
            let cells = evaluator.measure(&[knee], seeds)?.remove(0);
            baseline.losses = other.question.answer(&cells).objectives;
            let of = |target: usize| {
                improvement(other.question.targets[target].aggregate, &pairs(&other.question, &cells, winner, target), &mut rng)
            };
            baseline.improvements = (0..other.question.targets.len()).map(of).collect();
        }
        found.push(baseline);
    }
    Ok(found)
}
