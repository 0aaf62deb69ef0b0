//! `hms replay`: a stored run, run again and compared event by event.

use std::path::PathBuf;

use hms_lab::replay::{Change, ReplayError, ReplayReport, Rerun, replay};
use hms_lab::results::ResultsError;
use hms_lab::sim::kernel::RunError;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::progress::RunBar;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms replay results/quickstart-1
  hms replay results/quickstart-1 --json | jq .exact

Exit code 0 if no file was changed and every event is the same; otherwise 1, and what differs first is told. --json prints one object:
  exact, run_id, scenario, seed, stored_hash, rerun_hash (null if it cannot be run), changes, divergence, row, reason";

/// Runs a stored run again and compares.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A folder of results.
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// No progress bar.
    #[arg(long, short)]
    quiet: bool,
}

/// Replays the run, and fails where it differs.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    interrupt::listen()?;
    let found = {
        let bar = RunBar::new("replay", arguments.quiet);
        replay(&arguments.folder, &mut |progress| bar.watch(progress)).map_err(cannot)?
    };
    if arguments.json {
        output::print_json(&report(&found))?;
    } else {
        let verdict = if found.is_exact() { paint(Style::Good, "exact") } else { paint(Style::Bad, "differs") };
        output::print(&format!("{verdict}  {found}"))?;
    }
    let folder = arguments.folder.display();
    match (found.is_exact(), found.is_same_run()) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Failed(format!("{folder} was changed; the run itself still comes out the same"))),
        (false, false) => Err(Failure::Failed(format!("{folder} is not reproduced"))),
    }
}

fn cannot(error: ReplayError) -> Failure {
    match error {
        ReplayError::Results(ResultsError::NotFound { .. } | ResultsError::NoManifest { .. }) => {
            Failure::Invalid(error.to_string())
        }
        ReplayError::Run(RunError::Interrupted { .. }) => {
            Failure::Interrupted("interrupted before the replay was over".to_owned())
        }
        ReplayError::Results(_) | ReplayError::Inputs { .. } | ReplayError::Run(_) => Failure::Failed(error.to_string()),
    }
}

fn report(found: &ReplayReport) -> Value {
    let (hash, reason) = match &found.rerun {
        Rerun::Finished { hash, .. } => (Some(hash.to_string()), None),
        Rerun::Impossible { reason } => (None, Some(reason)),
    };
    json!({
        "exact": found.is_exact(),
        "run_id": found.run_id,
        "scenario": found.scenario,
        "seed": found.seed,
        "stored_hash": found.stored_hash,
        "rerun_hash": hash,
        "reason": reason,
        "changes": found.changes.iter().map(change).collect::<Vec<_>>(),
        "divergence": found.divergence.as_ref().map(ToString::to_string),
        "row": found.row.as_ref().map(ToString::to_string),
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::Line { path, line, stored, now } => json!({ "path": path, "line": line, "stored": stored, "now": now }),
        Change::File { path, problem } => json!({ "path": path, "problem": problem }),
    }
}
