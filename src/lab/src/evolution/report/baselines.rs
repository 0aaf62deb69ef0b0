//! Does evolution earn its cost? Random search and Latin hypercubes with as many trials, judged on the same held-out seeds.
//!
//! They have everything that the search has but the evolution: the same genes, seeds, starts, racing, choice among finalists.

use hms_evolve::Rng;
use hms_evolve::noise::seeds::SeedPlan;
use hms_evolve::proof::bootstrap::Interval;
use hms_evolve::run::Yardstick;
use hms_machine::Seed;

use super::super::evaluator::{Evaluator, Stopped};
use super::super::file::AlgorithmName;
use super::super::plan::Plan;
use super::super::search::{Broken, Progress, Search, begin};
use super::super::verdict::{choose, finalists, improvement, pairs};
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
        let mut other = plan.clone();
        other.settings.algorithm = algorithm;
        other.settings.islands = None;
        other.settings.patience = None;
        // They know the last conditions from the beginning.
        other.phases.clear();
        other.worlds = evaluator.worlds().to_vec();
        other.settings.trials = Some(trials);
        // The trials end it: it may need more candidates than the search, since racing gives more of them up.
        other.settings.generations = other.settings.generations.saturating_mul(10);
        let plan_of_seeds = SeedPlan::new(other.settings.root);
        let mut search = Search {
            plan: &other,
            evaluators: std::slice::from_ref(evaluator),
            seeds: plan_of_seeds.search,
            yardsticks: vec![(Yardstick::default(), 1.0)],
            state: begin(&other),
        };
        let ended = search.run(|_| Ok::<(), std::convert::Infallible>(()), |progress| show(name, progress));
        match ended {
            Ok(()) => {}
            Err(Broken::Stopped) => return Err(Stopped),
            Err(Broken::Store(never)) => match never {},
        }
        let state = search.state;
        let finalists = finalists(&other, evaluator, &state, &plan_of_seeds.validation)?;
        let mut baseline = Baseline { name, trials: state.trials, losses: Vec::new(), improvements: Vec::new() };
        if let Some(knee) = choose(&other.question, &finalists).first() {
            let cells = evaluator.measure(&[finalists[knee.finalist].configuration], seeds)?.remove(0);
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
