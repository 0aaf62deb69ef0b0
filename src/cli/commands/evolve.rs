//! `hms evolve`: searches configurations of the stack, and proves what was found.

use std::path::{Path, PathBuf};
use std::time::Instant as WallInstant;

use hms_lab::evolution::{self, EvolveError, Opening, Options, Phase, Plan, PlanError, Study};
use hms_lab::presets::{DEFAULT, Step};
use serde_json::{Map, Value, json};

use crate::commands::run::build;
use crate::failure::Failure;
use crate::progress::SearchBar;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms evolve experiments/campaigns/quickstart.toml --dry-run
  hms evolve experiments/campaigns/quickstart.toml --out results/quickstart-evolved
  hms evolve experiments/campaigns/quickstart.toml --out results/quickstart-evolved --resume
  hms run experiments/scenarios/quickstart.toml --stack results/quickstart-evolved/best/knee.toml

The folder gets front.parquet, history.parquet, generations.parquet, best/*.toml and report.md. A search that was interrupted, even by kill -9,
goes on with --resume and ends with the same digest; so does one in a program that was built anew from the same sources of simulation and engine. --fresh begins anew and does not pay again for trials that the folder knows.
Exit codes: 0 ok, 1 a file is damaged or nothing was chosen, 2 the campaign or a flag is wrong, 130 interrupted. --json prints one object:
  campaign, out, hash, ended, generations, evaluations, trials, trials_saved, trials_without_racing, trials_run, trials_known, wall_seconds,
  chosen: [{ name, file, violation, objectives: { name: { unit, value } }, against: [{ baseline, objective, improvement, low, high,
    p, p_corrected, pairs }] }] (improvement: share of the baseline's loss that is gone, on held-out seeds)";

/// Evolves stack configurations against simulated faults, and proves what was found.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The campaign's file.
    #[arg(value_name = "CAMPAIGN", value_hint = clap::ValueHint::FilePath)]
    campaign: PathBuf,
    /// Folder for the results; default: results/NAME.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Goes on with the search that the folder holds.
    #[arg(long, conflicts_with = "fresh")]
    resume: bool,
    /// Begins anew in a folder that holds a search; trials that it knows are not run again.
    #[arg(long)]
    fresh: bool,
    /// Runs random search and Latin hypercubes beside it, with as many trials each, and compares.
    #[arg(long)]
    baselines: bool,
    /// Trials at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: Option<u16>,
    /// Shows what would be searched, and runs nothing.
    #[arg(long, conflicts_with_all = ["out", "resume", "fresh", "baselines"])]
    dry_run: bool,
    /// Runs a few trials and says what the campaign will cost and can prove.
    #[arg(long, conflicts_with_all = ["dry_run", "out", "resume", "fresh", "baselines"])]
    pilot: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    /// No progress bar, and no hints.
    #[arg(long, short)]
    quiet: bool,
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Failure::Invalid(error.to_string())
    }
}

/// A folder that is taken is the user's choice; the rest is the disk's.
impl From<EvolveError> for Failure {
    fn from(error: EvolveError) -> Self {
        match error {
            EvolveError::Occupied { .. }
            | EvolveError::Foreign { .. }
            | EvolveError::Nothing { .. }
            | EvolveError::Busy { .. }
            | EvolveError::LogBusy { .. }
            | EvolveError::LogForeign { .. }
            | EvolveError::Changed { .. }
            | EvolveError::BaseFails { .. }
            | EvolveError::PilotFails { .. }
            | EvolveError::Reprogrammed { .. } => Failure::Invalid(error.to_string()),
            EvolveError::Damaged { .. } | EvolveError::File(_) | EvolveError::Threads(_) => Failure::Failed(error.to_string()),
            EvolveError::Results(error) => error.into(),
            EvolveError::Stopped { .. } | EvolveError::Interrupted => Failure::Interrupted(error.to_string()),
        }
    }
}

/// Reads the campaign, searches, judges.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let plan = evolution::load(&arguments.campaign)?;
    if arguments.dry_run {
        return dry_run(&plan, arguments);
    }
    if arguments.pilot {
        return pilot(&plan, arguments);
    }
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(&plan.name));
    let opening = match (arguments.resume, arguments.fresh) {
        (true, _) => Opening::Resume,
        (false, true) => Opening::Fresh,
        (false, false) => Opening::New,
    };
    interrupt::listen()?;
    let began = WallInstant::now();
    if let Some(reason) = evolution::unknown_sources().filter(|_| opening != Opening::New) {
        output::message(&format!(
            "only version and canary tell whether trials are those of this program, since it was built where {reason}"
        ));
    }
    if !arguments.quiet {
        output::message(&format!("{}: {}", plan.name, size(&plan)));
    }
    let study = {
        let bar = SearchBar::new(&plan.name, &plan, arguments.quiet);
        let watch = |step: Step| {
            if let Step::Ended = step {
                bar.count();
            }
            !interrupt::asked()
        };
        let mut show = |phase: Phase| bar.show(phase);
        let jobs = arguments.jobs.map_or(0, usize::from);
        evolution::evolve(
            &plan,
            Options { out: &out, opening, jobs, baselines: arguments.baselines, build: &build(), watch: &watch, show: &mut show },
        )?
    };
    if arguments.json {
        output::print_json(&report(&plan, &study, began.elapsed().as_secs_f64()))?;
    } else {
        output::print(&summary(&plan, &study))?;
    }
    if !arguments.quiet {
        let report = out.join(evolution::REPORT);
        let best = out.join(evolution::BEST);
        let chosen = if study.chosen.is_empty() { String::new() } else { format!("; configurations are in {}", best.display()) };
        output::message(&paint(Style::Dim, &format!("\nThe report is {}{chosen}.", report.display())));
    }
    if study.chosen.is_empty() {
        let finalists = study.finalists.iter().filter_map(|one| one.evaluation.failure.as_deref());
        let reason = finalists.chain(study.individuals.iter().rev().filter_map(|one| one.failure.as_deref())).next();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        return Err(Failure::Failed(format!(
            "{}: nothing was chosen: no finalist could be measured on every validation seed{reason}",
            plan.name
        )));
    }
    Ok(())
}

/// What a search costs, in words.
fn size(plan: &Plan) -> String {
    let (settings, (least, most), after) = (&plan.settings, plan.trials(), plan.trials_afterwards());
    let presets = match plan.presets.len() {
        0 => "no presets (the campaign names none in `presets`, and no folder above it has experiments/stacks)".to_owned(),
        count => format!("{count} presets"),
    };
    format!(
        "{} genes, {} objectives, {presets}, up to {} generations of {}; {least} to {most} trials, {} to {} of them to choose, judge and explain",
        plan.genes.tunables().len(),
        plan.question.targets.len(),
        settings.generations,
        settings.population,
        after.0,
        after.1,
    )
}

/// Says what the campaign will cost and can prove.
fn pilot(plan: &Plan, arguments: &Arguments) -> Result<(), Failure> {
    interrupt::listen()?;
    let watch = |_: Step| !interrupt::asked();
    let found = evolution::pilot(plan, arguments.jobs.map_or(0, usize::from), &watch)?;
    let (least, most) = found.seconds();
    let name = |advice: &evolution::Advice| &plan.question.targets[advice.target].name;
    if arguments.json {
        let advice = |advice: &evolution::Advice| {
            json!({
                "objective": name(advice), "loss": advice.mean, "deviation": advice.deviation, "variance_ratio": advice.ratio,
                "difference_deviation": advice.difference, "claim": evolution::CLAIM, "power": advice.power,
                "held_out": plan.settings.held_out, "held_out_needed": advice.seeds_needed,
                "search_seeds": plan.settings.seeds.1, "search_seeds_needed": advice.replicates,
            })
        };
        return output::print_json(&json!({
            "campaign": plan.name, "trials": found.trials, "trial_seconds": found.trial_seconds, "threads": found.threads,
            "planned_trials": [found.planned.0, found.planned.1], "planned_seconds": [least, most],
            "advice": found.advice.iter().map(advice).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!("{}: {}\n", paint(Style::Strong, &plan.name), size(plan));
    text.push_str(&format!(
        "  {} trials of {:.2} s on {} threads: the campaign takes {:.1} to {:.1} minutes here\n",
        found.trials,
        found.trial_seconds,
        found.threads,
        least / 60.0,
        most / 60.0
    ));
    for advice in &found.advice {
        let ratio = advice.ratio.map_or_else(|| "nothing varies".to_owned(), |ratio| format!("variance ratio {ratio:.4}"));
        let rough = if plan.question.targets[advice.target].is_mean() {
            ""
        } else {
            "; of its mean: so few seeds say nothing about a tail"
        };
        let needed = advice.seeds_needed.map_or_else(|| "more than 10000".to_owned(), |seeds| seeds.to_string());
        let (held_out, claim) = (plan.settings.held_out, 100.0 * evolution::CLAIM);
        let chance = match advice.power {
            Some(power) => {
                format!("{held_out} held-out seeds prove {claim} % with a chance of {power:.2} ({needed} for 0.9)")
            }
            None => "no difference varies over these seeds, so what held-out seeds can prove is not known".to_owned(),
        };
        text.push_str(&format!(
            "  {}: loss {:.4} ± {:.4} per seed; {ratio}; {chance}{rough}\n",
            name(advice),
            advice.mean,
            advice.deviation
        ));
        if let Some(replicates) = advice.replicates {
            text.push_str(&format!(
                "  {}: on {replicates} search seeds a candidate that is better by {claim} % comes out ahead in nine of ten cases (seeds.most is {})\n",
                name(advice),
                plan.settings.seeds.1
            ));
        }
    }
    text.push_str("  variance ratio: var(A-B) / (var A + var B) of the default and one-gene mutants on the same seeds, median\n");
    output::print(&text)
}

fn dry_run(plan: &Plan, arguments: &Arguments) -> Result<(), Failure> {
    let genes = plan.genes.record().genes();
    if arguments.json {
        let gene = |gene: &hms_lab::evolve::genome::Gene| json!({ "name": gene.name, "unit": gene.unit, "domain": format!("{:?}", gene.domain), "on": gene.condition.as_ref().map(|condition| &condition.gene) });
        return output::print_json(&json!({
            "campaign": plan.name,
            "digest": plan.digest(),
            "scenarios": plan.worlds.iter().map(|world| &world.name).collect::<Vec<_>>(),
            "objectives": plan.question.targets.iter().map(|target| &target.name).collect::<Vec<_>>(),
            "constraints": plan.question.constraints.iter().map(|constraint| &constraint.text).collect::<Vec<_>>(),
            "presets": plan.presets.iter().map(|preset| &preset.name).collect::<Vec<_>>(),
            "genes": genes.iter().map(gene).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!("{}: {}\n", paint(Style::Strong, &plan.name), size(plan));
    for gene in genes {
        let on = gene.condition.as_ref().map(|condition| {
            let values: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
            format!("  while {} is {}", condition.gene, values.join(" or "))
        });
        text.push_str(&format!("  {:<32} {}{}\n", gene.name, range(gene), on.unwrap_or_default()));
    }
    output::print(&text)
}

fn range(gene: &hms_lab::evolve::genome::Gene) -> String {
    use hms_lab::evolve::genome::record::Domain;
    match &gene.domain {
        Domain::Real { low, high, .. } => format!("{low} to {high} {}", gene.unit).trim_end().to_owned(),
        Domain::Integer { low, high, .. } => format!("{low} to {high}"),
        Domain::Switch => "on or off".to_owned(),
        Domain::Choice(names) => names.join(", "),
    }
}

/// The first lines of the report: what was found.
fn summary(plan: &Plan, study: &Study) -> String {
    let last = study.generations.last();
    let mut text = format!(
        "{}  {} candidates, {} trials ({} saved by racing), digest {}\n",
        paint(Style::Strong, &plan.name),
        study.individuals.iter().filter(|one| !one.again).count(),
        last.map_or(0, |last| last.trials),
        last.map_or(0, |last| last.saved),
        study.hash,
    );
    for (place, choice) in study.chosen.iter().enumerate() {
        let contender = &study.verdict.contenders[place];
        for missed in plan.question.missed(&contender.evaluation, &contender.cells) {
            let what = if contender.evaluation.failure.is_some() { "cannot be judged" } else { "breaks a constraint" };
            text.push_str(&format!("  {:<24} {} on the held-out seeds: {missed}\n", choice.name, paint(Style::Bad, what)));
        }
        for (target, about) in plan.question.targets.iter().enumerate() {
            let best = study.verdict.best_preset(target).map(|best| study.verdict.contenders[best].name.clone());
            for baseline in [Some(DEFAULT.to_owned()), best].into_iter().flatten() {
                let found = study.verdict.comparison(place, &baseline, target).and_then(|found| found.improvement);
                let said = found.map_or_else(
                    || "cannot be said".to_owned(),
                    |found| format!("{:+.1} % [{:+.1}, {:+.1}]", 100.0 * found.estimate, 100.0 * found.low, 100.0 * found.high),
                );
                text.push_str(&format!("  {:<24} {:<24} against {baseline:<16} {said}\n", choice.name, about.name));
            }
        }
    }
    text
}

/// The object of `--json`.
fn report(plan: &Plan, study: &Study, seconds: f64) -> Value {
    let verdict = &study.verdict;
    let chosen = |(place, choice): (usize, &evolution::Chosen)| {
        let contender = &verdict.contenders[place];
        let objectives: Map<String, Value> = plan
            .question
            .targets
            .iter()
            .zip(&contender.evaluation.objectives)
            .map(|(target, loss)| (target.name.clone(), json!({ "unit": target.unit(), "value": target.shown(*loss) })))
            .collect();
        let against: Vec<Value> = verdict
            .comparisons
            .iter()
            .filter(|comparison| comparison.chosen == place)
            .map(|comparison| {
                json!({
                    "baseline": verdict.contenders[comparison.baseline].name,
                    "objective": plan.question.targets[comparison.target].name,
                    "improvement": comparison.improvement.map(|found| found.estimate),
                    "low": comparison.improvement.map(|found| found.low),
                    "high": comparison.improvement.map(|found| found.high),
                    "p": comparison.p,
                    "p_corrected": comparison.p_corrected,
                    "pairs": comparison.pairs,
                })
            })
            .collect();
        let file = study.folder.join(evolution::BEST).join(format!("{}.toml", choice.name));
        json!({
            "name": choice.name,
            "file": file.display().to_string(),
            "violation": contender.evaluation.violation(),
            "objectives": objectives,
            "against": against,
        })
    };
    let last = study.generations.last();
    json!({
        "campaign": plan.name,
        "out": study.folder.display().to_string(),
        "hash": study.hash,
        "ended": study.end.map(|end| format!("{end:?}").to_lowercase()),
        "generations": last.map_or(0, |last| last.step.generation),
        "evaluations": study.individuals.iter().filter(|one| !one.again).count(),
        "trials": last.map_or(0, |last| last.trials),
        "trials_saved": last.map_or(0, |last| last.saved),
        "trials_without_racing": study.trials_without_racing(plan),
        "trials_run": study.trials.0,
        "trials_known": study.trials.1,
        "wall_seconds": seconds,
        "chosen": study.chosen.iter().enumerate().map(chosen).collect::<Vec<_>>(),
    })
}
