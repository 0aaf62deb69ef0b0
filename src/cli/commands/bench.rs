//! `hms bench`: the genetic engine beside other libraries, and what it costs.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::bench::{self, Figure};
use hms_lab::evolve::bench::Row;
use serde_json::json;

use crate::failure::Failure;
use crate::output;
use crate::style::{Style, paint};

const EXAMPLES: &str = "\
Examples:
  hms bench optimizers                    quality on known problems, 11 seeds, beside other libraries
  hms bench optimizers --quick            three seeds
  hms bench optimizers --json | jq '.rows[] | select(.reached | not)'
  hms bench engine                        own time, threads, memory

Other libraries' figures were measured once with the same definitions (hypervolume of ZDT and DTLZ2, errors of functions, evaluations, gaps); quality does not depend on the machine, time does: take an \
optimised build for it. Exit codes: 0 every goal is reached, 7 one is not.";

/// Measures the genetic engine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// What to measure.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// How well it searches: medians over seeds beside other libraries.
    Optimizers {
        /// Seeds 0 to N - 1.
        #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u64).range(1..=1_000))]
        seeds: u64,
        /// Three seeds.
        #[arg(long, conflicts_with = "seeds")]
        quick: bool,
        /// Prints one JSON object instead of the table.
        #[arg(long)]
        json: bool,
    },
    /// What it costs: time per evaluation, share of a simulation, threads kept busy, memory.
    Engine {
        /// Prints one JSON object instead of the table.
        #[arg(long)]
        json: bool,
    },
}

/// Measures and shows.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut begin = |what: &str| output::message(&paint(Style::Dim, &format!("{what} …")));
    match arguments.what {
        What::Optimizers { seeds, quick, json } => {
            let seeds = if quick { 3 } else { seeds };
            let rows = bench::optimizers(seeds, &mut begin);
            if json {
                let told: Vec<_> = rows.iter().map(|row| json!({ "row": row, "reached": row.reaches_goal() })).collect();
                output::print_json(&json!({ "seeds": seeds, "rows": told }))?;
            } else {
                output::print(&optimizers(&rows, seeds))?;
            }
            verdict(rows.iter().filter(|row| !row.reaches_goal()).map(|row| row.problem.as_str()).collect())
        }
        What::Engine { json } => {
            let figures = bench::engine(&mut begin);
            if json {
                output::print_json(&json!({ "figures": figures }))?;
            } else {
                output::print(&engine(&figures))?;
            }
            verdict(figures.iter().filter(|figure| figure.pass == Some(false)).map(|figure| figure.name).collect())
        }
    }
}

fn verdict(missed: Vec<&str>) -> Result<(), Failure> {
    if missed.is_empty() { Ok(()) } else { Err(Failure::Missed(format!("goals missed: {}", missed.join(", ")))) }
}

fn reached(yes: bool) -> String {
    if yes { paint(Style::Good, "reached") } else { paint(Style::Bad, "MISSED") }
}

fn optimizers(rows: &[Row], seeds: u64) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "problem",
        "algorithm",
        "measure",
        "median",
        "quartiles",
        "goal",
        "",
        "µs",
        "best other",
        "others",
    ]);
    for row in rows {
        let show = |value: f64| row.measure.show(value);
        let others: Vec<String> = row.peers.iter().map(|peer| format!("{} {}", peer.name, show(peer.value))).collect();
        table.add_row([
            row.problem.clone(),
            row.algorithm.clone(),
            row.measure.name().to_owned(),
            show(row.median),
            format!("{} – {}", show(row.quartiles[0]), show(row.quartiles[1])),
            show(row.goal),
            reached(row.reaches_goal()),
            format!("{:.2}", row.micros),
            row.best_peer().map_or_else(String::new, |peer| format!("{} {}", show(peer.value), peer.name)),
            others.join(", "),
        ]);
    }
    for place in [3, 5, 7] {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    let _ = writeln!(text, "{}", table.trim_fmt());
    let note = format!("\nMedians; seeds: {seeds}. µs: CPU time per evaluation, the problem's own included.");
    let _ = writeln!(text, "{}", paint(Style::Dim, &note));
    text
}

fn engine(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["", "measured", "", "target", ""]);
    for figure in figures {
        let value = figure.value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        let verdict = figure.pass.map_or_else(|| paint(Style::Dim, "not measured"), reached);
        table.add_row([figure.name, &value, figure.unit, figure.target, &verdict]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}
