//! The table of everything that can be typed. Parsing, `--help` and completions are made from it; each command keeps its own arguments beside
//! its code.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::commands::{
    bench, check, compare, completions, conformance, dataset, doctor, evolve, export, gui, plot, presets, replay, run, schema,
    scorecard, sweep,
};

/// Version, and the commit where it is known.
pub(crate) const VERSION: &str = if env!("HMS_COMMIT").is_empty() {
    env!("CARGO_PKG_VERSION")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("HMS_COMMIT"), ")")
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const TOUR: &str = "\
A scenario says what stands where, what work arrives and what goes wrong; a stack configuration says how the cluster heals itself; a seed \
decides every draw. The three make a run, and the same three make the same run for ever.

A short tour:
  hms run experiments/scenarios/quickstart.toml       what failed, what healed
  hms plot results/quickstart-1                       the same as pictures
  hms replay results/quickstart-1                     once more, every event compared
  hms export results/quickstart-1 --table incidents   a table, as CSV
  hms run experiments/scenarios/quickstart.toml --seed 2 --set run.duration=10min
  hms schema stack --toml > stack.toml                the stack's parameters, explained
  hms run experiments/scenarios/quickstart.toml --stack stack.toml --out results/mine
  hms sweep experiments/campaigns/quickstart-timeouts.toml   many runs, compared
  hms evolve experiments/campaigns/quickstart.toml           better configurations, with proof
  hms scorecard experiments/scenarios/lan-3-zones.toml       does it reach what it promises
  hms compare SCENARIO --stack A --stack B            which of two is better in what
  hms presets experiments/scenarios/quickstart.toml   what others do by default, on your scenario
  hms gui                                             the desktop app
  hms doctor                                          is this machine to be trusted

Exit codes: 0 ok, 1 failure, 2 usage or invalid input, 5 incomplete, 6 determinism conflict, 7 target not reached, 100 some trials failed, \
130 interrupted. Data go to stdout, messages to stderr.";

/// Simulates self-healing clusters: deterministic, measured, replayable.
#[derive(Debug, Parser)]
#[command(name = "hms", version = VERSION, styles = STYLES, after_help = TOUR, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::Arguments),
    Sweep(sweep::Arguments),
    Evolve(evolve::Arguments),
    Scorecard(scorecard::Arguments),
    Compare(compare::Arguments),
    Presets(presets::Arguments),
    Check(check::Arguments),
    Schema(schema::Arguments),
    Replay(replay::Arguments),
    Export(export::Arguments),
    Dataset(dataset::Arguments),
    Plot(plot::Arguments),
    Bench(bench::Arguments),
    Gui(gui::Arguments),
    Doctor(doctor::Arguments),
    Conformance(conformance::Arguments),
    Completions(completions::Arguments),
}

/// What a run is made of.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArguments {
    /// The scenario file.
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::FilePath)]
    pub(crate) scenario: PathBuf,
    /// The stack configuration; default: the one that the scenario names, or all defaults.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) stack: Option<PathBuf>,
    /// The seed of every draw.
    #[arg(long, default_value_t = 1, env = "HMS_SEED")]
    pub(crate) seed: u64,
    /// Changes a value of the scenario, such as `run.duration=10min` or `fault[0].at=5s`; repeat it for more.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    pub(crate) overrides: Vec<(String, String)>,
}

/// Splits `path=value`.
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.trim().to_owned())),
        Some(_) | None => Err("expected PATH=VALUE, such as run.duration=10min".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_table_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:") && help.contains("hms "), "{} has no examples", command.get_name());
        }
    }

    #[test]
    fn an_assignment_is_split_at_its_first_sign() {
        assert_eq!(assignment("a.b = x=y"), Ok(("a.b".to_owned(), "x=y".to_owned())));
        assert!(assignment("a.b").is_err() && assignment("=5").is_err());
    }
}
