//! Parts of the report of a search, in Markdown: what was searched, what was found, and how it fares on seeds that the search never saw.

use std::fmt::Write as _;

use hms_evolve::proof::bootstrap::Interval;

use super::pilot;
use super::plan::Plan;
use super::state::End;
use super::study::Study;
use super::verdict::Comparison;

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

pub(super) fn searched(text: &mut String, plan: &Plan, study: &Study) {
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
        let how = if constraint.probability.is_none() { " on average over seeds" } else { "" };
        let base =
            if constraint.base { " (the base: the configuration that the search starts from, on the same seeds)" } else { "" };
        let _ = writeln!(text, "- Constraint: `{}`{how}{base}.", constraint.text);
    }
    let _ = writeln!(text, "- Genes: {} parameters.", plan.genes.tunables().len());
    let last = study.generations.last();
    let (trials, saved, seeds) = last.map_or((0, 0, 0), |last| (last.trials, last.saved, last.seeds));
    let end = match study.end {
        Some(End::Generations) => "all generations were complete",
        Some(End::Trials) => "the trials were used up",
        Some(End::Plateau) => "nothing was gained any more",
        Some(End::Target) => "the target was reached",
        None => "it was interrupted",
    };
    let _ = writeln!(
        text,
        "- Search: {} candidates in {} generations of {}, {trials} trials; it ended because {end}.",
        study.individuals.iter().filter(|one| !one.again).count(),
        last.map_or(0, |last| last.step.generation),
        plan.settings.population,
    );
    let whole = study.trials_without_racing(plan);
    let _ = writeln!(
        text,
        "- Races: all {} seeds for everyone would have cost {whole} trials, {:.1} times as many; {saved} were saved by giving candidates up, the others by starting with {} seeds ({seeds} at the end).",
        plan.settings.seeds.1,
        whole as f64 / trials.max(1) as f64,
        plan.settings.seeds.0,
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

/// Those of the front, those who raced, and whoever was chosen, with the figures that decided about them.
pub(super) fn found(text: &mut String, plan: &Plan, study: &Study) {
    let title = if plan.question.targets.len() > 1 { "Front" } else { "Finalists" };
    let _ = write!(text, "## {title} (on validation seeds)\n\n| chosen as | seeds |");
    for target in &plan.question.targets {
        let _ = write!(text, " {} |", headed(&target.name, target.unit()));
    }
    text.push_str(" constraints |\n|---|---|");
    text.push_str(&"---|".repeat(plan.question.targets.len() + 1));
    text.push('\n');
    for (place, finalist) in study.finalists.iter().enumerate() {
        let choice = study.chosen.iter().position(|choice| choice.finalist == place);
        if !finalist.front && finalist.raced.is_none() && choice.is_none() {
            continue;
        }
        let name = choice.map_or("", |choice| study.chosen[choice].name.as_str());
        // The race is for the first choice; who is best by one objective is so on the seeds that everybody met.
        let (seeds, evaluation) = match &finalist.raced {
            Some(raced) if choice.is_none_or(|choice| choice == 0) => (raced.seeds, &raced.evaluation),
            Some(_) | None => (plan.settings.validation as usize, &finalist.evaluation),
        };
        let _ = write!(text, "| {name} | {seeds} |");
        for (place, target) in plan.question.targets.iter().enumerate() {
            let loss = evaluation.objectives.get(place);
            let _ = write!(text, " {} |", loss.map_or_else(|| "failed".to_owned(), |loss| figure(target.shown(*loss))));
        }
        let _ = writeln!(text, " {} |", plan.question.kept(evaluation, &[]));
    }
    text.push('\n');
}

pub(super) fn judged(text: &mut String, plan: &Plan, study: &Study) {
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
        let _ = writeln!(text, " {} |", plan.question.kept(&contender.evaluation, &contender.cells));
    }
    let ratios: Vec<String> = (0..plan.question.targets.len())
        .filter_map(|target| {
            let default = verdict.contenders.get(verdict.chosen)?;
            let ratio = pilot::shared(&plan.question, &default.cells, &verdict.contenders.first()?.cells, target)?;
            Some(format!("`{}` {ratio:.3}", plan.question.targets[target].name))
        })
        .collect();
    if !ratios.is_empty() && verdict.chosen > 0 {
        let _ = writeln!(
            text,
            "\nVariance of the difference between knee and default / sum of their variances: {} (1 without shared worlds).",
            ratios.join(", ")
        );
    }
    text.push_str(
        "\nImprovement: share of the loss that is gone (what is missing to 1 for a share to be maximised), seed by seed, with its 95 % BCa bootstrap interval; \
         p: two-sided sign-flip test, corrected over all comparisons (Holm). \
         Constraints are on averages unless they say otherwise; a miss has its interval, too, and where that reaches below 0 other seeds may see the constraint kept.\n\n",
    );
}

pub(super) fn converged(text: &mut String, study: &Study) {
    text.push_str("## Convergence\n\n");
    // Other seeds give other losses to the same population: only generations on as many seeds as the last can be compared.
    let seeds = study.generations.last().map_or(0, |last| last.seeds);
    let volumes: Vec<(u64, f64)> = study
        .generations
        .iter()
        .filter(|generation| generation.seeds == seeds)
        .filter_map(|generation| Some((generation.step.generation, generation.step.hypervolume?)))
        .collect();
    let Some(&(_, last)) = volumes.last() else {
        text.push_str("The base could not be measured, so there is no hypervolume.\n");
        return;
    };
    if let Some((generation, _)) = volumes.iter().find(|(_, volume)| *volume >= 0.99 * last) {
        let _ = writeln!(
            text,
            "99 % of the final hypervolume was reached in generation {generation}, of those on {seeds} seeds (others cannot be compared).\n"
        );
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
