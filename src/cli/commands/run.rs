//! `hms run`: one scenario, one stack, one seed.

use std::path::{Path, PathBuf};
use std::time::Instant as WallInstant;

use clap::ValueEnum;
use hms_lab::inputs::{Inputs, Paths};
use hms_lab::machine::Seed;
use hms_lab::results::{self, Build, MANIFEST, Manifest};
use hms_lab::sim::kernel::RunError;
use hms_lab::trial::{Detail, Outcome};
use serde_json::{Map, Value, json};

use crate::arguments::InputArguments;
use crate::failure::Failure;
use crate::progress::RunBar;
use crate::style::{Style, paint};
use crate::{interrupt, output, summary};

const EXAMPLES: &str = "\
Examples:
  hms run experiments/scenarios/quickstart.toml
  hms run experiments/scenarios/lan-3-zones.toml --seed 7 --set cluster.nodes=30
  hms run experiments/scenarios/quickstart.toml --stack stack.toml --out results/mine
  hms run experiments/scenarios/quickstart.toml --json --quiet | jq .objectives.availability.value

Results are a folder of Parquet tables with the inputs and a manifest. --json prints one object:
  name, seed, run_id, trace_hash, events, incidents, simulated_seconds, wall_seconds, out,
  objectives: { name: { value (null where the run gives nothing to measure), unit } }";

/// Runs a scenario and keeps what came out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Folder for the results; default: results/NAME-SEED.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// How much of the trace is kept.
    #[arg(long, value_name = "DETAIL", value_enum, default_value_t = TraceDetail::Changes)]
    trace: TraceDetail,
    /// Prints one JSON object instead of the summary.
    #[arg(long)]
    json: bool,
    /// No progress bar, and no hints at the end.
    #[arg(long, short)]
    quiet: bool,
    /// Replaces results of another run that stand in the folder.
    #[arg(long)]
    force: bool,
}

/// How much of the trace is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TraceDetail {
    /// Changes of state, beliefs and actions.
    Changes,
    /// Every message and every attempt of a call as well; costs time and space in proportion to the events.
    Full,
}

impl From<TraceDetail> for Detail {
    fn from(detail: TraceDetail) -> Detail {
        match detail {
            TraceDetail::Changes => Detail::Changes,
            TraceDetail::Full => Detail::Full,
        }
    }
}

/// Resolves the inputs, runs them, writes the folder, says what happened.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let inputs = load(&arguments.inputs, arguments.trace.into())?;
    let name = &inputs.scenario().name;
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(format!("{name}-{}", arguments.inputs.seed)));
    refuse_other_results(&out, &inputs, arguments.force)?;
    interrupt::listen()?;
    let began = WallInstant::now();
    let outcome = {
        let bar = RunBar::new(name, arguments.quiet);
        inputs.trial().run_watched(&mut |progress| bar.watch(progress)).map_err(|error| died(error, &inputs))?
    };
    let wall = began.elapsed();
    let manifest = results::write(&out, &inputs, &outcome, &build())?;
    if arguments.json {
        return output::print_json(&report(&manifest, &outcome, wall, &out));
    }
    output::print(&summary::summary(inputs.scenario(), &outcome, wall))?;
    if !arguments.quiet {
        let folder = out.display();
        let hint = format!("\nResults are in {folder}. Next:\n  hms plot {folder}\n  hms replay {folder}");
        output::message(&paint(Style::Dim, &hint));
    }
    Ok(())
}

/// The inputs that the command line asks for.
pub(crate) fn load(arguments: &InputArguments, detail: Detail) -> Result<Inputs, Failure> {
    let paths = Paths { scenario: &arguments.scenario, stack: arguments.stack.as_deref(), overrides: &arguments.overrides };
    Ok(Inputs::load(&paths, Seed(arguments.seed), detail)?)
}

/// What built this program.
pub(crate) fn build() -> Build {
    let commit = env!("HMS_COMMIT");
    Build { version: env!("CARGO_PKG_VERSION").to_owned(), commit: (!commit.is_empty()).then(|| commit.to_owned()) }
}

/// The same run may replace its results, another one only when told to. Said before the run, not after it.
fn refuse_other_results(out: &Path, inputs: &Inputs, force: bool) -> Result<(), Failure> {
    let Ok(text) = std::fs::read_to_string(out.join(MANIFEST)) else { return Ok(()) };
    let stored = serde_json::from_str::<Manifest>(&text).ok().map(|manifest| manifest.run_id);
    if force || stored.as_deref() == Some(inputs.run_id()) {
        return Ok(());
    }
    let folder = out.display();
    Err(Failure::Invalid(format!(
        "{folder} holds the results of another run (other scenario, values, stack or seed): choose another folder with --out, or replace them with --force"
    )))
}

fn died(error: RunError, inputs: &Inputs) -> Failure {
    match error {
        RunError::Interrupted { events, now } => {
            Failure::Interrupted(format!("interrupted at {now} of simulated time, after {events} events; nothing was written"))
        }
        RunError::EventLimit { .. } => Failure::Failed(format!(
            "{error}. Raise the budget with --set run.events_max={}, or look for what makes so many events",
            inputs.scenario().run.events_max.saturating_mul(10)
        )),
        RunError::PendingLimit { .. } => Failure::Failed(format!(
            "{error}. Raise the budget with --set run.pending_max={}, or look for what piles up",
            inputs.scenario().run.pending_max.saturating_mul(10)
        )),
        RunError::TimeOverflow { .. } | RunError::ScheduledInThePast { .. } => {
            Failure::Failed(format!("{error}. This is a bug of hms: please report it with the scenario and the seed"))
        }
    }
}

/// The object of `--json`.
fn report(manifest: &Manifest, outcome: &Outcome, wall: std::time::Duration, out: &Path) -> Value {
    let objectives: Map<String, Value> = outcome
        .objectives
        .iter()
        .map(|objective| {
            (
                objective.definition.name.to_owned(),
                json!({ "value": objective.value, "unit": objective.definition.unit.symbol() }),
            )
        })
        .collect();
    json!({
        "name": manifest.scenario,
        "seed": manifest.seed,
        "run_id": manifest.run_id,
        "trace_hash": manifest.trace_hash,
        "events": manifest.events,
        "incidents": manifest.incidents,
        "simulated_seconds": manifest.simulated_ns as f64 / 1e9,
        "wall_seconds": wall.as_secs_f64(),
        "out": out.display().to_string(),
        "objectives": objectives,
    })
}
