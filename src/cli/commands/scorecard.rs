//! `hms scorecard`: what is promised, measured over seeds.

use std::fmt::Write as _;
use std::path::PathBuf;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::inputs::{Inputs, Paths};
use hms_lab::machine::Seed;
use hms_lab::scorecard::{self, Row, ScorecardError};
use hms_lab::sim::kernel::RunError;
use hms_lab::trial::Detail;
use serde_json::json;

use crate::failure::Failure;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms scorecard experiments/scenarios/lan-3-zones.toml --seeds 20
  hms scorecard experiments/scenarios/lan-3-zones.toml experiments/scenarios/swarm.toml --stack stack.toml
  hms scorecard experiments/scenarios/quickstart.toml --json | jq '.rows[] | select(.pass == false)'

Exit codes: 0 no target is missed, 7 one is. --json prints one object: seeds, scenarios, rows: [{ id, criterion, target, value, low, high, pass }].
low and high end the 95 % interval; value and pass are null where no run could show the figure.";

/// Measures what is promised, with intervals, and says what is reached.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The scenarios; their runs are pooled.
    #[arg(value_name = "SCENARIO", required = true, value_hint = clap::ValueHint::FilePath)]
    scenarios: Vec<PathBuf>,
    /// The stack configuration; default: the one that each scenario names, or all defaults.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    stack: Option<PathBuf>,
    /// Runs of each scenario, with seeds 1 to N.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// Runs at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", default_value_t = 0, env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: u16,
    /// Prints one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

impl From<ScorecardError> for Failure {
    fn from(error: ScorecardError) -> Self {
        match error {
            ScorecardError::Run { source: RunError::Interrupted { .. }, .. } => {
                Failure::Interrupted("interrupted; a scorecard of some of its runs would say nothing".to_owned())
            }
            ScorecardError::Run { .. } | ScorecardError::Threads(_) => Failure::Failed(error.to_string()),
        }
    }
}

/// Runs, measures, judges.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let load = |scenario: &PathBuf| {
        let paths = Paths { scenario, stack: arguments.stack.as_deref(), overrides: &[] };
        Inputs::load(&paths, Seed(1), Detail::Changes)
    };
    let scenarios: Vec<Inputs> = arguments.scenarios.iter().map(load).collect::<Result<_, _>>()?;
    interrupt::listen()?;
    let rows = scorecard::measure(&scenarios, arguments.seeds, usize::from(arguments.jobs), &|| !interrupt::asked())?;
    if arguments.json {
        let names: Vec<&str> = scenarios.iter().map(|inputs| inputs.scenario().name.as_str()).collect();
        output::print_json(&json!({ "seeds": arguments.seeds, "scenarios": names, "rows": rows }))?;
    } else {
        output::print(&table(&rows))?;
    }
    let mut missed: Vec<&str> = rows.iter().filter(|row| row.pass == Some(false)).map(|row| row.id).collect();
    // Some requirements have several rows, which stand together.
    missed.dedup();
    if missed.is_empty() { Ok(()) } else { Err(Failure::Missed(format!("targets missed: {}", missed.join(", ")))) }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["", "criterion", "target", "measured", "95 % interval", ""]);
    for row in rows {
        let interval = row.low.zip(row.high).map(|(low, high)| format!("{} to {}", figure(low), figure(high)));
        let verdict = match row.pass {
            Some(true) => paint(Style::Good, "pass"),
            Some(false) => paint(Style::Bad, "FAIL"),
            None => paint(Style::Dim, "not measured"),
        };
        let value = row.value.map_or_else(|| "–".to_owned(), figure);
        table.add_row([
            row.id.to_owned(),
            row.criterion.to_owned(),
            row.target.clone(),
            value,
            interval.unwrap_or_default(),
            verdict,
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    let _ = writeln!(text, "{}", table.trim_fmt());
    text
}

/// Up to four significant digits.
fn figure(value: f64) -> String {
    let lead = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    format!("{value:.*}", usize::try_from(3 - lead).unwrap_or(0).min(6))
}
