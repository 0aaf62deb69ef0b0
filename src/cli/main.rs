//! The command `hms`: parse, resolve, run, render.
//!
//! `arguments` is the table of what can be typed, `commands` holds one file per subcommand. Data go to stdout, messages to stderr;
//! the exit code says how it ended (`failure`).

mod arguments;
mod commands;
mod comparison;
mod failure;
mod interrupt;
mod output;
mod progress;
mod style;
mod summary;

use std::panic::{self, PanicHookInfo};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, VERSION};
use crate::style::{Style, paint};

fn main() -> ExitCode {
    panic::set_hook(Box::new(confess));
    let ended = match Arguments::parse().command {
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Sweep(arguments) => commands::sweep::run(&arguments),
        Command::Evolve(arguments) => commands::evolve::run(&arguments),
        Command::Scorecard(arguments) => commands::scorecard::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Presets(arguments) => commands::presets::run(&arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Schema(arguments) => commands::schema::run(&arguments),
        Command::Replay(arguments) => commands::replay::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Conformance(arguments) => commands::conformance::run(&arguments),
        Command::Dataset(arguments) => commands::dataset::run(&arguments),
        Command::Plot(arguments) => commands::plot::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Gui(arguments) => commands::gui::run(&arguments),
        Command::Doctor(arguments) => commands::doctor::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            // Problems in files are rendered with their own heading.
            let heading = if text.starts_with("error: ") { String::new() } else { paint(Style::Bad, "error: ") };
            output::message(&format!("{heading}{}", text.trim_end()));
            failure.code()
        }
    }
}

/// What is said when the program finds itself to be wrong.
fn confess(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|location| format!(" at {}:{}", location.file(), location.line())).unwrap_or_default();
    let reason = info.payload_as_str().unwrap_or("no reason given");
    let command: Vec<String> = std::env::args().skip(1).collect();
    output::message(&format!(
        "{}hms {VERSION} has a bug{place}: {reason}\nNothing half-written is left behind. Please report this line together with the command:\n  hms {}",
        paint(Style::Bad, "bug: "),
        command.join(" "),
    ));
}
