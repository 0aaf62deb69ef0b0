//! `hms compare`: two configurations on the same worlds; which is better in what.

use std::fmt::Write as _;
use std::path::PathBuf;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::comparison::{self, Better, Compared, Comparison, LEVEL, Side, SideError};
use hms_lab::inputs::{Inputs, Paths};
use hms_lab::machine::Seed;
use hms_lab::presets::{JUDGED, Step, objective};
use hms_lab::statistics::Estimate;
use hms_lab::trial::{DEFINITIONS, Definition, Detail};
use serde_json::{Map, Value, json};

use crate::arguments::assignment;
use crate::comparison::{difference_of, headed, mean};
use crate::failure::Failure;
use crate::progress::CampaignBar;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms compare experiments/scenarios/quickstart.toml --stack experiments/stacks/default.toml --stack experiments/stacks/envoy.toml
  hms compare experiments/scenarios/lan-3-zones-swarm.toml --stack results/lan-3-zones-evolved --stack experiments/stacks/hms-fast.toml --seeds 40
  hms compare results/quickstart-timeouts@0 results/quickstart-timeouts@3 --objective recovery_p95
  hms compare results/before results/after --all --json

Sides are folders of `hms run` or `hms sweep` (FOLDER@N: configuration N of a campaign), or a scenario and two --stack (files, or folders of
`hms evolve`, which stand for their winner). Worlds are paired by scenario and seed. Differences are second minus first, with 95 % BCa
bootstrap intervals; p is that of random signs after Holm's correction over the objectives shown, and decides which is better.
--json prints one object:
  first, second, worlds, left_out: [n, n], scenarios_differ, differences: [{ name, first, second }], failures: [{ scenario, seed, reason }],
  objectives: { name: { unit, maximise, pairs, first, second, difference, low, high, p, p_corrected, better, ahead: [n, n], alone: [n, n] } }
  (better: first, second, same or null: not shown)
Exit codes: 0 ok, 2 a file, a folder, a name or a flag is wrong, 7 the second is worse and --no-worse was given, 100 some trials failed, 130 interrupted.";

/// Parameters that differ and are listed; the rest is counted.
const DIFFERENCES_SHOWN: usize = 20;

/// Compares two configurations on the same seeds: which is better in what, and is it sure?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Two folders of results; or one scenario, with two --stack.
    #[arg(value_name = "SIDE", required = true, num_args = 1..=2, value_hint = clap::ValueHint::AnyPath)]
    sides: Vec<String>,
    /// A stack file, or the folder of a search; twice.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    stack: Vec<PathBuf>,
    /// Seeds that each stack meets; default: 20.
    #[arg(long, value_name = "N", requires = "stack", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: Option<u32>,
    /// The first seed; the others follow.
    #[arg(long, default_value_t = 1, env = "HMS_SEED")]
    seed: u64,
    /// An objective to compare; repeat it for more. Default: availability, detection p99, false positives, recovery p95, goodput.
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    objective: Vec<String>,
    /// Compares every objective; the correction is then stricter.
    #[arg(long)]
    all: bool,
    /// Changes a value of the scenario, such as `run.duration=10min`; repeat it for more.
    #[arg(long = "set", value_name = "PATH=VALUE", requires = "stack", value_parser = assignment)]
    overrides: Vec<(String, String)>,
    /// Runs at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: Option<u16>,
    /// Ends with 7 if the second is shown to be worse in anything.
    #[arg(long)]
    no_worse: bool,
    /// Prints one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// No progress bar, and no hints.
    #[arg(long, short)]
    quiet: bool,
}

/// A damaged file is the disk's; the rest is the user's choice.
impl From<SideError> for Failure {
    fn from(error: SideError) -> Self {
        match error {
            SideError::Results(error) => error.into(),
            SideError::Sweep(error) => error.into(),
            SideError::Stack(error) => error.into(),
            SideError::Unknown { .. }
            | SideError::Search { .. }
            | SideError::Unfinished { .. }
            | SideError::Which { .. }
            | SideError::Empty { .. }
            | SideError::NoCampaign { .. }
            | SideError::NoSuch { .. } => Failure::Invalid(error.to_string()),
        }
    }
}

/// Reads or runs both sides and compares them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let objectives = objectives(arguments)?;
    let [first, second] = sides(arguments)?;
    let Some(found) = comparison::compare(&first, &second, &objectives) else {
        return Err(Failure::Invalid(format!(
            "{} and {} have no world in common: runs are paired by the name of their scenario and their seed ({} and {})",
            first.name,
            second.name,
            worlds(&first),
            worlds(&second)
        )));
    };
    if arguments.json {
        output::print_json(&report(&first, &second, &found))?;
    } else {
        output::print(&text(&first, &second, &found))?;
    }
    if let Some(((scenario, seed), reason)) = found.failures.first() {
        let (failed, worlds) = (found.failures.len(), found.worlds);
        return Err(Failure::TrialsFailed(format!(
            "a run failed in {failed} of {worlds} worlds: {scenario}, seed {}: {reason}",
            seed.0
        )));
    }
    let worse: Vec<&str> =
        found.objectives.iter().filter(|one| one.better == Better::First).map(|one| one.objective.name).collect();
    if arguments.no_worse && !worse.is_empty() {
        return Err(Failure::Missed(format!("{} is worse than {} in {}", second.name, first.name, worse.join(", "))));
    }
    Ok(())
}

fn objectives(arguments: &Arguments) -> Result<Vec<&'static Definition>, Failure> {
    if arguments.all {
        return Ok(DEFINITIONS.iter().collect());
    }
    let mut found: Vec<&'static Definition> = Vec::new();
    let named: Vec<&str> = match arguments.objective.as_slice() {
        [] => JUDGED.to_vec(),
        names => names.iter().map(String::as_str).collect(),
    };
    for name in named {
        let definition = objective(name).ok_or_else(|| {
            let known: Vec<_> = DEFINITIONS.iter().map(|definition| definition.name).collect();
            Failure::Invalid(format!("no objective is called `{name}`: --objective takes one of {}", known.join(", ")))
        })?;
        if !found.iter().any(|other| other.name == definition.name) {
            found.push(definition);
        }
    }
    Ok(found)
}

fn sides(arguments: &Arguments) -> Result<[Side; 2], Failure> {
    match (arguments.sides.as_slice(), arguments.stack.as_slice()) {
        ([first, second], []) => Ok([comparison::open(first)?, comparison::open(second)?]),
        ([scenario], [first, second]) => run_both(arguments, scenario, [first, second]),
        ([side], []) => Err(Failure::Invalid(format!(
            "{side} is one side: name a second folder, or give two stacks if it is a scenario: hms compare {side} --stack A --stack B"
        ))),
        ([scenario], stacks) => {
            Err(Failure::Invalid(format!("two stacks are compared on {scenario}, and --stack was given {} times", stacks.len())))
        }
        (_, _) => Err(Failure::Invalid(
            "two folders need no --stack: their runs are there. To run two stacks, name one scenario: hms compare SCENARIO --stack A --stack B"
                .to_owned(),
        )),
    }
}

fn run_both(arguments: &Arguments, scenario: &str, stacks: [&PathBuf; 2]) -> Result<[Side; 2], Failure> {
    let stacks = [comparison::stack(stacks[0])?, comparison::stack(stacks[1])?];
    let count = arguments.seeds.unwrap_or(20);
    let seeds: Vec<Seed> = (0..u64::from(count)).map(|offset| Seed(arguments.seed.wrapping_add(offset))).collect();
    let path = PathBuf::from(scenario);
    let paths = Paths { scenario: &path, stack: None, overrides: &arguments.overrides };
    let inputs = Inputs::load(&paths, seeds[0], Detail::Changes)?;
    interrupt::listen()?;
    let trials = 2 * seeds.len();
    let simulated = inputs.scenario().run.duration.as_nanos() / 1_000_000 * trials as u64;
    let measured = {
        let bar = CampaignBar::new("compare", simulated, trials, arguments.quiet);
        let watch = |step: Step| {
            match step {
                Step::Advanced(nanos) => bar.advance(nanos),
                Step::Ended => bar.count(),
            }
            !interrupt::asked()
        };
        comparison::measure(&inputs, &stacks, &seeds, arguments.jobs.map_or(0, usize::from), &watch).map_err(Failure::Failed)?
    };
    measured.ok_or_else(|| Failure::Interrupted("interrupted: nothing was kept".to_owned()))
}

/// The worlds of a side, in words.
fn worlds(side: &Side) -> String {
    let named: Vec<String> = side.cells.keys().take(3).map(|(scenario, seed)| format!("{scenario} seed {}", seed.0)).collect();
    let more =
        if side.cells.len() > named.len() { format!(" and {} more", side.cells.len() - named.len()) } else { String::new() };
    named.join(", ") + &more
}

fn text(first: &Side, second: &Side, found: &Comparison) -> String {
    let mut text = format!(
        "{}  against  {}  on {} world{}\n",
        paint(Style::Strong, &second.name),
        paint(Style::Strong, &first.name),
        found.worlds,
        if found.worlds == 1 { "" } else { "s" }
    );
    if found.left_out != (0, 0) {
        let _ = writeln!(
            text,
            "left out: {} that only the first knows, {} that only the second does",
            found.left_out.0, found.left_out.1
        );
    }
    for name in &found.scenarios {
        let _ = writeln!(text, "{} the scenarios called {name} are not the same text", paint(Style::Bad, "beware:"));
    }
    let _ = writeln!(text, "\n{}\n", side_by_side(found));
    let of = |wanted: Better| {
        let names: Vec<&str> = found.objectives.iter().filter(|one| one.better == wanted).map(|one| one.objective.name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let _ = writeln!(text, "second is better in: {}\nfirst is better in: {}\n", of(Better::Second), of(Better::First));
    if found.differences.is_empty() {
        text.push_str("The two configurations do not differ.\n");
    } else {
        let _ = writeln!(text, "They differ in {} (first → second):", found.differences.len());
        let width = found.differences.iter().take(DIFFERENCES_SHOWN).map(|one| one.name.len()).max().unwrap_or(0);
        for one in found.differences.iter().take(DIFFERENCES_SHOWN) {
            let _ = writeln!(text, "  {:width$}  {} → {}", one.name, one.first, one.second);
        }
        if found.differences.len() > DIFFERENCES_SHOWN {
            let _ = writeln!(text, "  … and {} more (--json has all)", found.differences.len() - DIFFERENCES_SHOWN);
        }
    }
    // All signs alike, either way, after correction.
    let least = (2..).find(|worlds| found.objectives.len() as f64 * 0.5f64.powi(worlds - 1) <= LEVEL).unwrap_or(i32::MAX);
    let few = match found.worlds < least as usize {
        true => format!("; fewer than {least} worlds can show nothing: raise --seeds or the replicates"),
        false => String::new(),
    };
    let legend = format!(
        "difference: second − first, 95 % BCa interval over worlds; p: random signs, Holm's correction over {} objectives, shown up to {LEVEL}; \
         ahead: worlds on which the first and the second is better; a time that never came counts as the longest seen{few}",
        found.objectives.len()
    );
    let _ = writeln!(text, "{}", paint(Style::Dim, &legend));
    text
}

fn side_by_side(found: &Comparison) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["objective", "first", "second", "difference", "p", "ahead", "better"]);
    for one in &found.objectives {
        let (first, second) = one.means.unzip();
        let shown = one.difference.map_or_else(String::new, |interval| difference_of(interval, one.objective));
        let p = if one.pairs == 0 { String::new() } else { format!("{:.4}", one.p_corrected) };
        table.add_row([
            headed(one.objective).replace('\n', ", "),
            mean(first, one.objective),
            mean(second, one.objective),
            shown,
            p,
            format!("{}:{}", one.ahead.0, one.ahead.1),
            told(one),
        ]);
    }
    for column in 1..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn told(one: &Compared) -> String {
    let alone = match one.alone {
        (0, 0) => String::new(),
        (first, 0) => format!(" (on {first} only the first gives a value)"),
        (0, second) => format!(" (on {second} only the second gives a value)"),
        (first, second) => format!(" (on {first} and {second} one side alone gives a value)"),
    };
    let told = match one.better {
        Better::Second => paint(Style::Good, "second"),
        Better::First => paint(Style::Bad, "first"),
        Better::Same => "same".to_owned(),
        Better::NotShown if one.pairs == 0 => "never both".to_owned(),
        Better::NotShown => "not shown".to_owned(),
    };
    told + &alone
}

fn report(first: &Side, second: &Side, found: &Comparison) -> Value {
    let side = |estimate: Option<Estimate>| {
        let ends = estimate.and_then(|estimate| estimate.interval());
        json!({ "mean": estimate.map(|estimate| estimate.mean), "low": ends.map(|ends| ends.0), "high": ends.map(|ends| ends.1) })
    };
    let objectives: Map<String, Value> = found
        .objectives
        .iter()
        .map(|one| {
            let (mean, other) = one.means.unzip();
            let better = match one.better {
                Better::First => json!("first"),
                Better::Second => json!("second"),
                Better::Same => json!("same"),
                Better::NotShown => Value::Null,
            };
            let value = json!({
                "unit": one.objective.unit.symbol(), "maximise": one.objective.maximise, "pairs": one.pairs,
                "first": side(mean), "second": side(other),
                "difference": one.difference.map(|found| found.estimate),
                "low": one.difference.map(|found| found.low), "high": one.difference.map(|found| found.high),
                "p": one.p, "p_corrected": one.p_corrected, "better": better,
                "ahead": [one.ahead.0, one.ahead.1], "alone": [one.alone.0, one.alone.1],
            });
            (one.objective.name.to_owned(), value)
        })
        .collect();
    let failure =
        |((scenario, seed), reason): &((String, Seed), String)| json!({ "scenario": scenario, "seed": seed.0, "reason": reason });
    json!({
        "first": first.name, "second": second.name, "worlds": found.worlds, "left_out": [found.left_out.0, found.left_out.1],
        "scenarios_differ": found.scenarios,
        "differences": found.differences.iter()
            .map(|one| json!({ "name": one.name, "first": one.first, "second": one.second })).collect::<Vec<_>>(),
        "failures": found.failures.iter().map(failure).collect::<Vec<_>>(),
        "objectives": objectives,
    })
}
