//! What a search has taught: why this winner, what bought its gain, how firmly it stands, what the genes do, and whether evolution was worth its cost.
//!
//! Everything here happens after the choice is final, on seeds that the search has not seen, and costs a bounded number of further trials. The parts are functions of the ground (how to measure, on which seeds), the winner and the
//! history: [`ablation`], [`robustness`], [`neighbours`], [`chances`], [`sensitivity`], [`proof`], [`baselines`]. The document and its pictures show them.

pub(crate) mod ablation;
pub(crate) mod baselines;
pub(crate) mod chances;
mod document;
mod figures;
pub(crate) mod followed;
pub(crate) mod ground;
pub(crate) mod mixes;
pub(crate) mod neighbours;
pub(crate) mod proof;
pub(crate) mod robustness;
pub(crate) mod sensitivity;
#[cfg(test)]
mod tests;

pub use ablation::{Moved, Path as AblationPath, Step as AblationStep};
pub use baselines::Baseline;
pub use chances::{Carrier, Chances};
pub use followed::Followed;
pub use mixes::Mix;
pub use neighbours::{NAMED_ABOVE, Neighbour, Neighbours};
pub use proof::{Evidence, OnScenario};
pub use robustness::{Drifted, Robustness};
pub use sensitivity::{Effect, Interaction, Sensitivity};

pub(super) use document::report;
pub(super) use figures::write as write_figures;

use hms_evolve::Rng;
use hms_stack::Configuration;
use hms_trial::Luck;

use super::evaluator::{Evaluator, Stopped};
use super::pilot;
use super::plan::Plan;
use super::search::Progress;
use super::state::{Generation, Individual};
use super::verdict::{Chosen, Contender, Finalist, Verdict};
use crate::presets::DEFAULT;
use ground::Ground;

/// What is known of the winner beyond the verdict.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The winner against the default and the best presets on each scenario; empty with one scenario.
    pub scenarios: Vec<OnScenario>,
    /// The winner against the default by the faults that seeds have.
    pub mixes: Vec<Mix>,
    /// What stands behind the comparison with the default, target by target.
    pub evidence: Vec<Evidence>,
    /// What one-gene mutants share with the base.
    pub neighbours: Neighbours,
    /// Which draws carry the luck that they do not share.
    pub chances: Chances,
    /// From the base to the winner.
    pub path: AblationPath,
    /// The winner's neighbourhood.
    pub robustness: Robustness,
    /// What the genes do, target by target.
    pub sensitivity: Vec<Sensitivity>,
    /// Searches without evolution; empty unless asked for.
    pub baselines: Vec<Baseline>,
    /// By conditions, how the search followed them; empty where they do not change.
    pub followed: Vec<Followed>,
}

/// What is being found out.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// Which parameter bought what.
    Ablation,
    /// What drifts cost.
    Robustness,
    /// A search without evolution: its name and how far it is.
    Baseline(&'static str, Progress),
}

/// What an analysis starts from.
pub(super) struct Findings<'a> {
    pub(super) plan: &'a Plan,
    /// Those of the conditions, in order.
    pub(super) evaluators: &'a [Evaluator<'a>],
    pub(super) individuals: &'a [Individual],
    pub(super) generations: &'a [Generation],
    pub(super) finalists: &'a [Finalist],
    pub(super) chosen: &'a [Chosen],
    pub(super) verdict: &'a Verdict,
    /// Trials of the search.
    pub(super) trials: u64,
}

/// Runs on all scenarios that putting parameters back may take, and single drifts, after a search of so many trials: a quarter of its cost each, within bounds that make them worth reading and bearable.
fn budget(plan: &Plan, search: u64) -> u64 {
    (search / 4 / plan.worlds.len() as u64).clamp(40, 240)
}

/// Trials of an analysis after a search of so many, about: as if every gene had moved. Those that name the draws behind unshared luck, [`chances::TRIALS_MAX`] at most, come to it where there is such luck.
pub(super) fn cost(plan: &Plan, search: u64) -> u64 {
    let (genes, held_out) = (plan.genes.tunables().len() as u64, plan.settings.held_out);
    let budget = budget(plan, search);
    let singles = budget.min(genes * held_out) + budget.min(2 * genes * held_out);
    // The path's two ends are known from the verdict.
    let path = genes.min(ablation::STEPS_MAX as u64).saturating_sub(1) * held_out.min(ablation::SEEDS_MAX as u64);
    let joint = robustness::JOINT as u64 * held_out.min(robustness::SEEDS_MAX as u64);
    // The best of each generation under each of the conditions, and of the last before them.
    let changes = if plan.phases.is_empty() { 0 } else { plan.settings.generations + 1 + plan.phases.len() as u64 };
    let followed = changes * held_out.min(followed::SEEDS_MAX as u64);
    let neighbours = (neighbours::MUTANTS as u64 + 1) * held_out.min(neighbours::SEEDS_MAX as u64);
    (singles + path + joint + followed + neighbours) * plan.worlds.len() as u64
}

/// Analyses the first choice; `None` where nothing was chosen.
///
/// # Errors
/// [`Stopped`].
pub(super) fn analyse(
    findings: &Findings<'_>,
    with_baselines: bool,
    show: &mut dyn FnMut(Stage),
) -> Result<Option<Analysis>, Stopped> {
    let Findings { plan, evaluators, verdict, .. } = findings;
    let Some(choice) = findings.chosen.first() else { return Ok(None) };
    // The choice is judged under the last conditions.
    let evaluator = &evaluators[evaluators.len() - 1];
    let winner = &findings.finalists[choice.finalist];
    let root = plan.settings.root;
    let measure = |configurations: &[Configuration], seeds: &[hms_machine::Seed]| evaluator.measure(configurations, seeds);
    let ground = Ground { genes: &plan.genes, question: &plan.question, measure: &measure, seeds: &verdict.seeds };
    let trials = budget(plan, findings.trials) as usize;
    show(Stage::Ablation);
    let path = ablation::ablate(&ground, &winner.genome, &winner.configuration, trials, root)?;
    let first: Vec<&str> = path.steps.iter().flat_map(|step| &step.parameters).map(|moved| moved.name).collect();
    show(Stage::Robustness);
    let robustness = robustness::wander(&ground, &winner.genome, &winner.configuration, (trials, &first), root)?;
    let base_and_mutants = pilot::mutants(plan, neighbours::MUTANTS);
    let neighbours = neighbours::look(&ground, &base_and_mutants)?;
    let redraw = |base: &Configuration, cells: &[(Luck, hms_machine::Seed)]| evaluator.measure_redrawn(base, cells);
    let affordable = chances::TRIALS_MAX / evaluator.worlds().len();
    let chances = chances::look(&ground, &redraw, &base_and_mutants[0], &neighbours, affordable)?;
    let scenarios = if evaluator.worlds().len() > 1 {
        proof::by_scenario(evaluator, &plan.question, &winner.configuration, &rivals(findings), &verdict.seeds, root)?
    } else {
        Vec::new()
    };
    let targets = 0..plan.question.targets.len();
    let default = verdict.contenders.iter().find(|contender| contender.name == DEFAULT);
    let own = &verdict.contenders[0];
    let evidence = default.map_or_else(Vec::new, |default| {
        let mut rng = Rng::new(root.derive("evolve/evidence", 0), 0);
        let mut of = |target| proof::evidence(&plan.question, (default, own), target, &verdict.seeds, &mut rng);
        targets.clone().map(&mut of).collect()
    });
    let mixes = default.map_or_else(Vec::new, |default| {
        mixes::by_fault(evaluator.worlds(), &plan.question, (default, own), &verdict.seeds, root)
    });
    let sensitivity = targets.map(|target| sensitivity_of(findings, target)).collect();
    let baselines = if with_baselines {
        let mut heard = |name: &'static str, progress: Progress| show(Stage::Baseline(name, progress));
        baselines::run(plan, evaluator, findings.trials, (&own.cells, &verdict.seeds), &mut heard)?
    } else {
        Vec::new()
    };
    let followed = if plan.phases.is_empty() {
        Vec::new()
    } else {
        let mut heard = |progress: Progress| show(Stage::Baseline("a fresh search", progress));
        followed::follow(plan, evaluators, (findings.individuals, findings.generations), &verdict.seeds, &mut heard)?
    };
    Ok(Some(Analysis { scenarios, mixes, evidence, neighbours, chances, path, robustness, sensitivity, baselines, followed }))
}

/// What the path to the winner starts from, in words: the campaign's base, which most often is the default.
fn start(plan: &Plan) -> &'static str {
    if *plan.genes.base() == Configuration::default() { DEFAULT } else { "base" }
}

/// The default, and the best preset of each target.
fn rivals<'a>(findings: &'a Findings<'_>) -> Vec<&'a Contender> {
    let verdict = findings.verdict;
    let mut places: Vec<usize> =
        (verdict.chosen..verdict.contenders.len()).filter(|&place| verdict.contenders[place].name == DEFAULT).collect();
    for target in 0..findings.plan.question.targets.len() {
        places.extend(verdict.best_preset(target).filter(|place| !places.contains(place)));
    }
    places.into_iter().map(|place| &verdict.contenders[place]).collect()
}

/// From everybody who was measured once; those who failed lost everything and are left out.
fn sensitivity_of(findings: &Findings<'_>, target: usize) -> Sensitivity {
    let measured = findings.individuals.iter().filter(|one| one.failure.is_none() && !one.again && !one.objectives.is_empty());
    let genes = &findings.plan.genes;
    let seen = |genome: &[f64]| genes.active(genome).iter().zip(genome).map(|(active, value)| active.then_some(*value)).collect();
    let (genomes, losses): (Vec<Vec<Option<f64>>>, Vec<f64>) =
        measured.map(|one| (seen(&one.genome), one.objectives[target])).unzip();
    sensitivity::read(&genomes, &losses, findings.plan.settings.root)
}
