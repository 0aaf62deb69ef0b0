//! `hms doctor`: is this machine deterministic, and are the models right on it?

use std::process::Command;
use std::thread::available_parallelism;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::selfcheck::{self, AnalyticCheck};
use hms_lab::sim::kernel::RunError;
use hms_lab::trial::canary::{self, Check};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output;
use crate::style::{Style, paint};

const EXAMPLES: &str = "\
Examples:
  hms doctor
  hms doctor --json | jq '.checks[] | select(.passed | not)'

Two groups of checks. Determinism: a built-in world run in ways that must not matter gives one trace hash, the one it had when this version \
was made; exit code 6 if not. Models: queues and a fan-out against their closed forms, with 99.9 % confidence intervals over 16 seeds; exit \
code 1 if one disagrees. --json prints one object: version, target, checks (group, name, passed, detail).";

/// Checks determinism and the models on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Prints one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Prints the trace hash of the built-in world and nothing else: the other process of the check.
    #[arg(long, hide = true)]
    hash: bool,
}

/// Runs the checks, shows them, and fails if one of them does.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.hash {
        return output::print(&format!("{}\n", canary::hash().map_err(bug)?));
    }
    if !arguments.json {
        output::message(&paint(Style::Dim, "some seconds on all cores …"));
    }
    let determinism = determinism()?;
    let models = selfcheck::analytic().map_err(bug)?;
    if arguments.json {
        output::print_json(&report(&determinism, &models))?;
    } else {
        output::print(&tables(&determinism, &models))?;
    }
    let failed = determinism.iter().filter(|check| !check.passed).count();
    if failed > 0 {
        return Err(Failure::Determinism(format!(
            "{failed} checks of determinism failed: results of this build on this machine cannot be trusted to be repeatable. \
             Build again from a clean checkout; if it stays, report it with the output of `hms doctor --json`"
        )));
    }
    let failed = models.iter().filter(|check| !check.passed()).count();
    if failed > 0 {
        return Err(Failure::Failed(format!(
            "{failed} checks of the models failed: a model does not do what theory says. Report it with the output of `hms doctor --json`"
        )));
    }
    Ok(())
}

fn bug(error: RunError) -> Failure {
    Failure::Failed(format!("{error}. This is a bug of hms: the built-in world must run"))
}

fn determinism() -> Result<Vec<Check>, Failure> {
    let mut checks = canary::checks().map_err(bug)?;
    let here = canary::hash().map_err(bug)?.to_string();
    let there = other_process()?;
    checks.push(Check { name: "in another process", passed: there == here, detail: there });
    let workers = available_parallelism().map_or(2, |count| count.get().max(2));
    let alone = selfcheck::hashes_on(1).map_err(bug)?;
    let together = selfcheck::hashes_on(workers).map_err(bug)?;
    let detail = format!("{} seeds, 1 and {workers} threads", alone.len());
    checks.push(Check { name: "on one thread and on all", passed: alone == together, detail });
    Ok(checks)
}

/// The hash that another process of this very program gives.
fn other_process() -> Result<String, Failure> {
    let failed = |what: String| Failure::Failed(format!("cannot run this program as another process: {what}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new(program).args(["doctor", "--hash"]).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn verdict(passed: bool) -> String {
    if passed { paint(Style::Good, "pass") } else { paint(Style::Bad, "FAIL") }
}

fn tables(determinism: &[Check], models: &[AnalyticCheck]) -> String {
    let mut first = Table::new();
    first.load_style(NOTHING);
    for check in determinism {
        first.add_row([verdict(check.passed), check.name.to_owned(), paint(Style::Dim, &check.detail)]);
    }
    let mut second = Table::new();
    second.load_style(NOTHING).set_header(["", "world", "theory", "measured", "99.9 % interval"]);
    for check in models {
        let (low, high) = check.interval();
        let show = |value: f64| if check.is_share { format!("{:.2} %", value * 100.0) } else { format!("{:.3} ms", value * 1e3) };
        second.add_row([
            verdict(check.passed()),
            check.name.clone(),
            show(check.expected),
            show(check.measured.mean),
            format!("{} to {}", show(low), show(high)),
        ]);
    }
    for column in [2, 3, 4] {
        if let Some(column) = second.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let heading = |text| paint(Style::Strong, text);
    let (first, second) = (first.trim_fmt(), second.trim_fmt());
    format!(
        "{}\n{first}\n\n{}\n{second}\n",
        heading("Determinism: one world, run in ways that must not matter"),
        heading("Models: worlds with a closed form")
    )
}

fn report(determinism: &[Check], models: &[AnalyticCheck]) -> Value {
    let canary = determinism
        .iter()
        .map(|check| json!({ "group": "determinism", "name": check.name, "passed": check.passed, "detail": check.detail }));
    let analytic = models.iter().map(|check| {
        let (low, high) = check.interval();
        let detail = json!({ "expected": check.expected, "measured": check.measured.mean, "low": low, "high": high, "unit": if check.is_share { "ratio" } else { "s" } });
        json!({ "group": "models", "name": check.name, "passed": check.passed(), "detail": detail })
    });
    json!({
        "version": crate::arguments::VERSION,
        "target": env!("HMS_TARGET"),
        "checks": canary.chain(analytic).collect::<Vec<_>>(),
    })
}
