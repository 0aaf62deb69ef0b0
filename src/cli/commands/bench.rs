//! `hms bench`: the genetic engine beside other libraries, and what it costs.

use std::fmt::Write as _;
use std::path::PathBuf;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::bench::{self, Figure};
use hms_lab::evolution::{self, EvolveError, RaceOptions, RaceRound, RaceSide, Races};
use hms_lab::evolve::bench::Row;
use hms_lab::evolve::proof::bootstrap::Interval;
use hms_lab::machine::Seed;
use serde_json::json;

use crate::commands::run::build;
use crate::failure::Failure;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms bench optimizers                    quality on known problems, 11 seeds, beside other libraries
  hms bench optimizers --quick            three seeds
  hms bench optimizers --json | jq '.rows[] | select(.reached | not)'
  hms bench engine                        own time, threads, memory
  hms bench races experiments/campaigns/races.toml --roots 5 --cells results/races.bin

Other libraries' figures were measured once with the same definitions (hypervolume of ZDT and DTLZ2, errors of functions, evaluations, gaps); quality does not depend on the machine, time does: take an \
optimised build for it. Exit codes: 0 every goal is reached, 7 one is not.";

/// Races are to save so many times as many trials.
const TIMES: f64 = 3.0;
/// Loss by which searches with races may be worse, beyond doubt no more: their quality is equal then. An interval that merely reaches 0 is one of too few roots as well.
const WORSE_MOST: f64 = 0.05;

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
    /// What races save and what they cost: a campaign with one objective, searched with races and with every candidate on every search seed.
    Races(RaceArguments),
    /// What it costs: time per evaluation, share of a simulation, threads kept busy, memory.
    Engine {
        /// Prints one JSON object instead of the table.
        #[arg(long)]
        json: bool,
    },
}

/// Of races.
#[derive(Debug, clap::Args)]
struct RaceArguments {
    /// The campaign's file.
    #[arg(value_name = "CAMPAIGN", value_hint = clap::ValueHint::FilePath)]
    campaign: PathBuf,
    /// Roots, each an experiment of its own.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    roots: u64,
    /// Share of the trials without races that a search with them may take. It ends with its generation and so takes somewhat more; above a third, three times fewer cannot be reached.
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    share: f64,
    /// The first root; the others follow. Default: that of the campaign.
    #[arg(long, value_name = "SEED")]
    root: Option<u64>,
    /// Log of trials: whoever is interrupted and begins again with the same file does not pay for them twice.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    cells: Option<PathBuf>,
    /// Trials at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: Option<u16>,
    /// Prints one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Measures and shows.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut begin = |what: &str| output::message(&paint(Style::Dim, &format!("{what} …")));
    match &arguments.what {
        What::Races(arguments) => races(arguments),
        &What::Optimizers { seeds, quick, json } => {
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
        &What::Engine { json } => {
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

fn races(arguments: &RaceArguments) -> Result<(), Failure> {
    let plan = evolution::load(&arguments.campaign)?;
    if plan.question.targets.len() > 1 {
        return Err(Failure::Invalid(format!(
            "{} has several objectives, and races are compared by one: leave one in `objectives`, or weigh them into one `cost`",
            plan.name
        )));
    }
    let first = arguments.root.unwrap_or(plan.settings.root.0);
    let roots: Vec<Seed> = (0..arguments.roots).map(|offset| Seed(first.wrapping_add(offset))).collect();
    interrupt::listen()?;
    let mut at = None;
    let mut show = |root: Seed, raced: bool, progress: evolution::Progress| {
        if at != Some((root, raced, progress.generation)) {
            at = Some((root, raced, progress.generation));
            let how = if raced { "with races" } else { "without" };
            let said = format!("root {}, {how}: generation {}, {} trials", root.0, progress.generation, progress.trials);
            output::message(&paint(Style::Dim, &said));
        }
    };
    let options = RaceOptions {
        roots: &roots,
        share: arguments.share,
        cells: arguments.cells.as_deref(),
        jobs: arguments.jobs.map_or(0, usize::from),
        build: &build(),
        watch: &|_| !interrupt::asked(),
        show: &mut show,
    };
    let kept = if arguments.cells.is_some() { "trials are kept: begin again with the same --cells" } else { "nothing was kept" };
    let found = evolution::races(&plan, options).map_err(|error| match error {
        EvolveError::Interrupted => Failure::Interrupted(format!("{error}: {kept}")),
        error => error.into(),
    })?;
    let equal = found.improvement.is_some_and(|interval| interval.low >= -WORSE_MOST);
    if arguments.json {
        let ends = |found: Option<Interval>| json!(found.map(|found| [found.estimate, found.low, found.high]));
        let side = |side: &RaceSide| json!({ "trials": side.trials, "generations": side.generations, "loss": side.loss, "violation": side.violation });
        let round = |round: &RaceRound| json!({ "root": round.root.0, "raced": side(&round.raced), "whole": side(&round.whole), "base": round.base, "improvement": ends(round.improvement) });
        output::print_json(&json!({
            "campaign": plan.name, "share": arguments.share, "held_out": plan.settings.held_out, "times": found.times(), "improvement": ends(found.improvement),
            "rounds": found.rounds.iter().map(round).collect::<Vec<_>>(),
        }))?;
    } else {
        output::print(&raced(&found, (arguments.share, plan.settings.held_out), equal))?;
    }
    let times = (found.times() < TIMES).then_some("three times fewer trials");
    let broken = found.broken() > 0;
    verdict(times.into_iter().chain((!equal || broken).then_some("equal quality")).collect())
}

fn raced(found: &Races, (allowed, held_out): (f64, u64), equal: bool) -> String {
    let share = |found: Option<Interval>| {
        let shown =
            |found: Interval| format!("{:+.1} % [{:+.1}, {:+.1}]", 100.0 * found.estimate, 100.0 * found.low, 100.0 * found.high);
        found.map_or_else(|| "–".to_owned(), shown)
    };
    let loss = |side: &RaceSide| {
        let broken = if side.violation > 0.0 { " (breaks a constraint)" } else { "" };
        side.loss.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.4}{broken}"))
    };
    let size = |side: &RaceSide| format!("{} ({})", side.trials, side.generations);
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "root",
        "trials (generations) with races",
        "without",
        "times",
        "base loses",
        "choice with races",
        "without",
        "races lose less by",
    ]);
    for round in &found.rounds {
        table.add_row([
            round.root.0.to_string(),
            size(&round.raced),
            size(&round.whole),
            format!("{:.2}", round.whole.trials as f64 / round.raced.trials.max(1) as f64),
            round.base.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.4}")),
            loss(&round.raced),
            loss(&round.whole),
            share(round.improvement),
        ]);
    }
    for place in 1..4 {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("{}\n\n", table.trim_fmt());
    let (times, mark) = (found.times(), reached(found.times() >= TIMES));
    let _ = writeln!(
        text,
        "All roots: {times:.2} times as many trials without races (to be {TIMES} or more: {mark}); races lose less by {} (to lie above -{:.0} %: {}).",
        share(found.improvement),
        100.0 * WORSE_MOST,
        reached(equal)
    );
    if found.broken() > 0 {
        let _ = writeln!(
            text,
            "Roots whose choice with races breaks a constraint, or is none, where the one without keeps all: {} (to be 0: {}).",
            found.broken(),
            reached(false)
        );
    }
    let note = format!(
        "Losses of the base and of the choices on {held_out} held-out seeds that neither search has seen, pair by pair; 95 % BCa intervals, of a row over seeds, of all over roots (of a single one over its seeds). Trials are those of the searches, without the choice among finalists. Without races, every candidate meets every search seed; with them (and few seeds at first) the search goes on until {:.0} % of these trials are spent. Population and starts are the same.",
        100.0 * allowed
    );
    let _ = writeln!(text, "{}", paint(Style::Dim, &note));
    text
}

/// A share above 0, at most 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "expected a share above 0, at most 1".to_owned())
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
