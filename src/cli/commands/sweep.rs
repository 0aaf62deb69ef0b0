//! `hms sweep`: a campaign of many runs, and the table at its end.

use std::path::{Path, PathBuf};
use std::time::Instant as WallInstant;

use hms_lab::campaign::{self, Campaign, CampaignError, End, Opening, Step, Sweep, SweepError};
use hms_lab::results;
use serde_json::{Map, Value, json};

use crate::commands::run::build;
use crate::failure::Failure;
use crate::progress::CampaignBar;
use crate::style::{Style, paint};
use crate::{comparison, interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms sweep experiments/campaigns/quickstart-timeouts.toml --dry-run
  hms sweep experiments/campaigns/quickstart-timeouts.toml
  hms sweep experiments/campaigns/lan-grid.toml --jobs 2 --limit 50
  hms sweep experiments/campaigns/lan-grid.toml --only 3f2a --keep results/one-run

A campaign that was interrupted, even by kill -9, goes on with the same command: finished runs are kept in the folder. Exit codes: 0 all runs
are there, 5 some are missing (--limit), 100 all are there and some failed, 130 interrupted. --json prints one object:
  campaign, out, runs, measured, failed, missing, results_hash (null while runs are missing), wall_seconds, ranking (configurations, best first),
  failures: [{ run, configuration, replicate, seed, reason }],
  configurations: [{ index, scenario, case, settings, measured, failed, missing, baseline, objectives: { name:
    { unit, count, mean, low, high, difference, difference_low, difference_high } } }]
low and high end the 95 % interval of the mean; differences are to the baseline, replicate by replicate.";

/// Runs every combination of a campaign and compares them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The campaign's file.
    #[arg(value_name = "CAMPAIGN", value_hint = clap::ValueHint::FilePath)]
    campaign: PathBuf,
    /// Folder for the results; default: results/NAME.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Runs at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: Option<u16>,
    /// Shows the runs and their number, and runs nothing.
    #[arg(long)]
    dry_run: bool,
    /// Runs nothing but the run whose id begins with this.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// With --only: runs it once more and keeps all its tables here, as `hms run` does.
    #[arg(long, value_name = "DIR", requires = "only", value_hint = clap::ValueHint::DirPath)]
    keep: Option<PathBuf>,
    /// Runs no more than this many of the missing runs.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Begins anew in a folder that is free.
    #[arg(long)]
    fresh: bool,
    /// Prints one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// No progress bar, and no hints.
    #[arg(long, short)]
    quiet: bool,
}

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        Failure::Invalid(error.to_string())
    }
}

/// A folder that is taken is the user's choice; the rest is the disk's.
impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Changed { .. } | SweepError::Busy { .. } | SweepError::Occupied { .. } => {
                Failure::Invalid(error.to_string())
            }
            SweepError::Damaged { .. } | SweepError::Threads(_) => Failure::Failed(error.to_string()),
            SweepError::Results(error) => error.into(),
        }
    }
}

/// Expands the campaign, runs what is missing, compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let campaign = campaign::load(&arguments.campaign)?;
    let chosen = choose(&campaign, arguments)?;
    if arguments.dry_run {
        return plan(&campaign, &chosen, arguments);
    }
    let out = folder(&campaign, arguments);
    let opening = if arguments.fresh { Opening::Fresh } else { Opening::Resume };
    interrupt::listen()?;
    let began = WallInstant::now();
    let mut sweep = Sweep::open(&campaign, &out, &build(), opening)?;
    let mut places: Vec<usize> = chosen.iter().copied().filter(|place| sweep.ends()[*place].is_none()).collect();
    places.truncate(arguments.limit.unwrap_or(usize::MAX));
    let through = execute(&campaign, &mut sweep, &places, arguments)?;
    if !through {
        let there = sweep.ends().iter().flatten().count();
        return Err(Failure::Interrupted(format!(
            "interrupted: {there} of {} runs are in {}; the same command goes on with the others",
            campaign.run_count(),
            out.display()
        )));
    }
    if let (Some(keep), [place]) = (&arguments.keep, chosen.as_slice()) {
        keep_whole(&campaign, *place, keep)?;
    }
    let wall = began.elapsed();
    if arguments.json {
        output::print_json(&report(&campaign, &sweep, wall))?;
    } else if let (Some(_), [place]) = (&arguments.only, chosen.as_slice()) {
        output::print(&comparison::one_run(&campaign, *place, sweep.ends()[*place].as_ref()))?;
    } else {
        output::print(&comparison::table(&campaign, &sweep, wall))?;
    }
    if !arguments.quiet {
        output::message(&paint(Style::Dim, &format!("\nResults are in {}.", out.display())));
    }
    verdict(&campaign, &sweep, &chosen, arguments)
}

/// The places of the runs that were asked for.
fn choose(campaign: &Campaign, arguments: &Arguments) -> Result<Vec<usize>, Failure> {
    let Some(only) = &arguments.only else { return Ok((0..campaign.run_count()).collect()) };
    let found = campaign.find(only);
    match found.as_slice() {
        [_] => Ok(found),
        [] => Err(Failure::Invalid(format!("no run has an id that begins with `{only}`: --dry-run shows them"))),
        several => {
            Err(Failure::Invalid(format!("{} runs have an id that begins with `{only}`: write more of it", several.len())))
        }
    }
}

fn folder(campaign: &Campaign, arguments: &Arguments) -> PathBuf {
    match &arguments.out {
        Some(out) => out.clone(),
        None => {
            let out = Path::new("results").join(&campaign.name);
            if arguments.fresh { campaign::free_folder(&out) } else { out }
        }
    }
}

/// Shows what would be run.
fn plan(campaign: &Campaign, chosen: &[usize], arguments: &Arguments) -> Result<(), Failure> {
    let shown = &chosen[..chosen.len().min(arguments.limit.unwrap_or(usize::MAX))];
    if !arguments.json {
        return output::print(&comparison::plan(campaign, shown));
    }
    let runs: Vec<Value> = shown
        .iter()
        .map(|place| {
            let run = campaign.run(*place);
            let configuration = &campaign.configurations[run.configuration];
            json!({
                "run": run.id(),
                "configuration": run.configuration,
                "replicate": run.replicate,
                "seed": run.inputs.seed().0,
                "scenario": configuration.scenario,
                "case": configuration.case,
                "settings": settings(configuration),
            })
        })
        .collect();
    output::print_json(&json!({ "campaign": campaign.name, "runs": campaign.run_count(), "plan": runs }))
}

fn settings(configuration: &campaign::Configuration) -> Map<String, Value> {
    let value = |setting: &campaign::Setting| serde_json::to_value(&setting.value).expect("a setting is JSON");
    configuration.settings.iter().map(|setting| (setting.path.clone(), value(setting))).collect()
}

/// Runs what is missing, with a bar; false if the user stopped it.
fn execute(campaign: &Campaign, sweep: &mut Sweep<'_>, places: &[usize], arguments: &Arguments) -> Result<bool, Failure> {
    let there = sweep.ends().iter().flatten().count();
    if !arguments.quiet {
        let before = if there > 0 { format!(", {there} are there already") } else { String::new() };
        output::message(&format!("{}: {} of {} runs to make{before}", campaign.name, places.len(), campaign.run_count()));
    }
    let simulated = |place: &usize| campaign.run(*place).inputs.scenario().run.duration;
    let total = places.iter().map(|place| simulated(place).as_nanos() / 1_000_000).sum();
    let bar = CampaignBar::new(&campaign.name, total, places.len(), arguments.quiet);
    let watch = |step: &Step<'_>| {
        match step {
            Step::Advanced { simulated } => bar.advance(*simulated),
            Step::Ended(_) => bar.count(),
        }
        !interrupt::asked()
    };
    Ok(sweep.run(places, arguments.jobs.map_or(0, usize::from), &watch)?)
}

/// Writes the results of one run as `hms run` does.
fn keep_whole(campaign: &Campaign, place: usize, keep: &Path) -> Result<(), Failure> {
    let inputs = campaign.run(place).inputs;
    let outcome = inputs.trial().run().map_err(|error| Failure::TrialsFailed(error.to_string()))?;
    results::write(keep, &inputs, &outcome, &build())?;
    Ok(())
}

/// How the command ends.
fn verdict(campaign: &Campaign, sweep: &Sweep<'_>, chosen: &[usize], arguments: &Arguments) -> Result<(), Failure> {
    let ends = || chosen.iter().map(|place| &sweep.ends()[*place]);
    let missing = ends().filter(|end| end.is_none()).count();
    let failed = ends().flatten().filter(|end| end.reason().is_some()).count();
    if missing > 0 {
        let hint = format!("the same command goes on: hms sweep {}", arguments.campaign.display());
        return Err(Failure::Incomplete(format!("{missing} of {} runs are missing; {hint}", campaign.run_count())));
    }
    if failed > 0 {
        return Err(Failure::TrialsFailed(format!("{failed} of {} runs failed", chosen.len())));
    }
    Ok(())
}

/// The object of `--json`.
fn report(campaign: &Campaign, sweep: &Sweep<'_>, wall: std::time::Duration) -> Value {
    let summary = sweep.summary();
    let count = |wanted: fn(&Option<End>) -> bool| sweep.ends().iter().filter(|end| wanted(end)).count();
    let configurations: Vec<Value> = campaign
        .configurations
        .iter()
        .zip(&summary.configurations)
        .map(|(configuration, found)| {
            let objectives: Map<String, Value> = hms_lab::trial::DEFINITIONS
                .iter()
                .enumerate()
                .map(|(position, definition)| {
                    let (mean, difference) = (found.means[position], found.differences[position]);
                    let value = json!({
                        "unit": definition.unit.symbol(),
                        "count": mean.map_or(0, |mean| mean.count),
                        "mean": mean.map(|mean| mean.mean),
                        "low": mean.and_then(|mean| mean.interval()).map(|interval| interval.0),
                        "high": mean.and_then(|mean| mean.interval()).map(|interval| interval.1),
                        "difference": difference.map(|difference| difference.mean),
                        "difference_low": difference.and_then(|difference| difference.interval()).map(|interval| interval.0),
                        "difference_high": difference.and_then(|difference| difference.interval()).map(|interval| interval.1),
                    });
                    (definition.name.to_owned(), value)
                })
                .collect();
            json!({
                "index": configuration.index,
                "scenario": configuration.scenario,
                "case": configuration.case,
                "settings": settings(configuration),
                "measured": found.measured,
                "failed": found.failed,
                "missing": found.missing,
                "baseline": found.baseline,
                "objectives": objectives,
            })
        })
        .collect();
    let failures: Vec<Value> = comparison::failures(campaign, sweep.ends())
        .map(|(run, reason)| {
            json!({
                "run": run.id(), "configuration": run.configuration, "replicate": run.replicate,
                "seed": run.inputs.seed().0, "reason": reason,
            })
        })
        .collect();
    json!({
        "campaign": campaign.name,
        "out": sweep.folder().display().to_string(),
        "runs": campaign.run_count(),
        "measured": count(|end| matches!(end, Some(End::Measured { .. }))),
        "failed": failures.len(),
        "missing": count(Option::is_none),
        "results_hash": sweep.results_hash(),
        "wall_seconds": wall.as_secs_f64(),
        "ranking": summary.ranking,
        "failures": failures,
        "configurations": configurations,
    })
}
