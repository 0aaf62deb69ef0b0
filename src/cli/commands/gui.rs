//! `hms gui`: the desktop app, which is a program of its own.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  hms gui
  hms gui experiments/scenarios/quickstart.toml
  hms gui results/quickstart-1
  hms gui -- --help

The app is the program hms-gui, looked for beside hms and then in PATH. Everything after `--` goes to it.
From a checkout: cargo build --release --package hms-gui";

/// Opens the desktop app.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Scenario files, stack configurations and results folders to open, and options of the app.
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    arguments: Vec<OsString>,
}

/// Starts the app and waits until its window is closed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let name = format!("hms-gui{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().ok().and_then(|path| Some(path.parent()?.join(&name))).filter(|path| path.is_file());
    let program = beside.unwrap_or_else(|| PathBuf::from(&name));
    match Command::new(&program).args(&arguments.arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed(format!("{} ended with {status}; what it said stands above", program.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::Failed(
            "the desktop app hms-gui is neither beside hms nor in PATH: build it with `cargo build --release --package hms-gui`, or put it beside hms".to_owned(),
        )),
        Err(error) => Err(Failure::Failed(format!("cannot start {}: {error}", program.display()))),
    }
}
