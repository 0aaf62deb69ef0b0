//! The report of a search, in Markdown: what was searched, what was found, and how it fares on seeds that the search never saw.
//!
//! Nothing in it depends on the machine or on how often the search was interrupted.

use std::fmt::Write as _;

use hms_evolve::proof::bootstrap::Interval;

use super::genes::parameters;
use super::plan::Plan;
use super::state::End;
use super::study::Study;
use super::verdict::{Comparison, Contender};
use crate::presets::DEFAULT;

/// The whole report.
pub(super) fn report(plan: &Plan, study: &Study) -> String {
    let mut text = format!("# {}\n\n", plan.name);
    if !plan.description.is_empty() {
        let _ = write!(text, "{}\n\n", plan.description);
    }
    summary(&mut text, plan, study);
    searched(&mut text, plan, study);
    found(&mut text, plan, study);
    judged(&mut text, plan, study);
    moved(&mut text, plan, study);
    converged(&mut text, study);
    text
}

/// The knee against the default and the best preset, in a few lines.
fn summary(text: &mut String, plan: &Plan, study: &Study) {
    if study.chosen.is_empty() {
        text.push_str("**Nothing was chosen**: no finalist could be measured on every validation seed.\n\n");
        return;
    }
    for (target, about) in plan.question.targets.iter().enumerate() {
        let Some(own) = study.verdict.comparison(0, DEFAULT, target) else { continue };
        let _ = write!(text, "- `{}`, knee against the default: {}", about.name, improvement(own));
        if let Some(best) = study.verdict.best_preset(target) {
            let name = &study.verdict.contenders[best].name;
            if let Some(other) = study.verdict.comparison(0, name, target) {
                let _ = write!(text, "; against the best preset, `{name}`: {}", improvement(other));
            }
        }
        text.push('\n');
    }
    let kept = study.verdict.contenders[0].evaluation.violation() <= 0.0;
    if !plan.question.constraints.is_empty() {
        let said = if kept { "keeps every constraint" } else { "**breaks a constraint**" };
        let _ = writeln!(text, "- On held-out seeds the knee {said}.");
    }
    text.push('\n');
}

/// The share of the loss that is gone, with interval and corrected p-value.
fn improvement(comparison: &Comparison) -> String {
    match comparison.improvement {
        Some(Interval { estimate, low, high }) => {
            let verdict = if low > 0.0 && comparison.p_corrected <= 0.05 { "better" } else { "not shown" };
            format!(
                "{:+.1} % [{:+.1}, {:+.1}], p = {} ({verdict})",
                100.0 * estimate,
                100.0 * low,
                100.0 * high,
                probability(comparison.p_corrected)
            )
        }
        None => "cannot be said: one of the two failed, or there is no loss".to_owned(),
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

fn searched(text: &mut String, plan: &Plan, study: &Study) {
    text.push_str("## What was searched\n\n");
    let worlds: Vec<String> = plan.worlds.iter().map(|world| format!("`{}`", world.name)).collect();
    let _ = writeln!(text, "- Scenarios: {} ({:?} over scenarios).", worlds.join(", "), plan.combination);
    let objectives: Vec<String> = plan
        .question
        .targets
        .iter()
        .map(|target| {
            let parts: Vec<String> = target
                .parts
                .iter()
                .map(|(objective, weight)| format!("{weight} × {}", hms_trial::DEFINITIONS[*objective].name))
                .collect();
            if target.definition().is_some() {
                format!("`{}`", target.name)
            } else {
                format!("`{}` = {}", target.name, parts.join(" + "))
            }
        })
        .collect();
    let _ = writeln!(text, "- Objectives: {}.", objectives.join(", "));
    for constraint in &plan.question.constraints {
        let _ = writeln!(text, "- Constraint: `{}` on average over seeds.", constraint.text);
    }
    let _ = writeln!(text, "- Genes: {} parameters.", plan.genes.tunables().len());
    let last = study.generations.last();
    let (trials, saved, seeds) = last.map_or((0, 0, 0), |last| (last.trials, last.saved, last.seeds));
    let end = match study.end {
        Some(End::Generations) => "all generations were complete",
        Some(End::Trials) => "the trials were used up",
        Some(End::Plateau) => "nothing was gained any more",
        None => "it was interrupted",
    };
    let _ = writeln!(
        text,
        "- Search: {} candidates in {} generations of {}, {trials} trials; racing saved {saved} more; {seeds} shared seeds at the end; it ended because {end}.",
        study.individuals.iter().filter(|one| !one.again).count(),
        last.map_or(0, |last| last.step.generation),
        plan.settings.population,
    );
    let failed = study.individuals.iter().filter(|one| one.failure.is_some()).count();
    if failed > 0 {
        let _ = writeln!(text, "- {failed} candidates failed; `history.parquet` says why.");
    }
    let _ = writeln!(
        text,
        "- Seeds: root {}, {} for validation, {} held out. Digest of the search: `{}`.\n",
        plan.settings.root.0, plan.settings.validation, plan.settings.held_out, study.hash
    );
}

fn found(text: &mut String, plan: &Plan, study: &Study) {
    text.push_str("## Front (on validation seeds)\n\n| chosen as |");
    for target in &plan.question.targets {
        let _ = write!(text, " {} |", headed(&target.name, target.unit()));
    }
    text.push_str(" constraints |\n|---|");
    text.push_str(&"---|".repeat(plan.question.targets.len() + 1));
    text.push('\n');
    for (place, finalist) in study.finalists.iter().enumerate().filter(|(_, finalist)| finalist.front) {
        let name = study.chosen.iter().find(|choice| choice.finalist == place).map_or("", |choice| choice.name.as_str());
        let _ = write!(text, "| {name} |");
        for (target, loss) in plan.question.targets.iter().zip(&finalist.evaluation.objectives) {
            let _ = write!(text, " {} |", figure(target.shown(*loss)));
        }
        let _ = writeln!(text, " {} |", kept(finalist.evaluation.violation()));
    }
    text.push('\n');
}

fn judged(text: &mut String, plan: &Plan, study: &Study) {
    let verdict = &study.verdict;
    let _ = write!(text, "## Verdict on {} held-out seeds\n\n| configuration |", verdict.seeds.len());
    for target in &plan.question.targets {
        let _ = write!(text, " {} | knee improves it by |", headed(&target.name, target.unit()));
    }
    text.push_str(" constraints |\n|---|");
    text.push_str(&"---|".repeat(2 * plan.question.targets.len() + 1));
    text.push('\n');
    for (place, contender) in verdict.contenders.iter().enumerate() {
        let _ = write!(text, "| {} |", contender.name);
        for (target, about) in plan.question.targets.iter().enumerate() {
            let value = contender
                .evaluation
                .objectives
                .get(target)
                .map_or_else(|| "failed".to_owned(), |loss| figure(about.shown(*loss)));
            let comparison =
                verdict.comparisons.iter().find(|found| found.chosen == 0 && found.baseline == place && found.target == target);
            let _ = write!(text, " {value} | {} |", comparison.map_or_else(String::new, improvement));
        }
        let _ = writeln!(text, " {} |", state(contender));
    }
    text.push_str(
        "\nImprovement: share of the loss that is gone (what is missing to 1 for a share to be maximised), seed by seed, with its 95 % BCa bootstrap interval; \
         p: two-sided sign-flip test, corrected over all comparisons (Holm).\n\n",
    );
}

fn state(contender: &Contender) -> String {
    match &contender.evaluation.failure {
        Some(reason) => format!("failed: {reason}"),
        None => kept(contender.evaluation.violation()),
    }
}

fn kept(violation: f64) -> String {
    if violation <= 0.0 { "kept".to_owned() } else { format!("missed by {:.1} %", 100.0 * violation) }
}

/// Which parameters differ from the default.
fn moved(text: &mut String, plan: &Plan, study: &Study) {
    let Some(knee) = study.chosen.first() else { return };
    let _ = write!(text, "## What moved from the default (knee)\n\n| parameter | default | knee |\n|---|---|---|\n");
    let active = plan.genes.active(&study.finalists[knee.finalist].genome);
    let mattering: Vec<&str> =
        plan.genes.tunables().zip(active).filter(|(_, active)| *active).map(|(tunable, _)| tunable.name).collect();
    let ours = parameters(&study.finalists[knee.finalist].configuration);
    for ((tunable, own), (_, default)) in ours.iter().zip(parameters(&hms_stack::Configuration::default())) {
        if *own != default && mattering.contains(&tunable.name) {
            let _ = writeln!(text, "| `{}` | {default} | {own} |", tunable.name);
        }
    }
    text.push('\n');
}

fn converged(text: &mut String, study: &Study) {
    text.push_str("## Convergence\n\n");
    let volumes: Vec<(u64, f64)> = study
        .generations
        .iter()
        .filter_map(|generation| Some((generation.step.generation, generation.step.hypervolume?)))
        .collect();
    let Some(&(_, last)) = volumes.last() else {
        text.push_str("The base could not be measured, so there is no hypervolume.\n");
        return;
    };
    if let Some((generation, _)) = volumes.iter().find(|(_, volume)| *volume >= 0.99 * last) {
        let _ = writeln!(text, "99 % of the final hypervolume was reached in generation {generation}.\n");
    }
    text.push_str("| generation | trials | seeds | best | hypervolume | front | diversity |\n|---|---|---|---|---|---|---|\n");
    let stride = study.generations.len().div_ceil(20).max(1);
    let count = study.generations.len();
    for (_, generation) in study.generations.iter().enumerate().filter(|(place, _)| place % stride == 0 || place + 1 == count) {
        let step = &generation.step;
        let number = |value: Option<f64>| value.map_or_else(String::new, figure);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.3} |",
            step.generation,
            generation.trials,
            generation.seeds,
            number(step.best),
            number(step.hypervolume),
            step.front,
            step.diversity
        );
    }
}

fn headed(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} [{unit}]") }
}

/// Four significant digits.
pub(super) fn figure(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let digits = 3 - size.log10().floor() as i32;
        format!("{number:.*}", digits.max(0) as usize)
    } else {
        format!("{number:.3e}")
    }
}
