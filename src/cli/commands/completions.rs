//! `hms completions`: what a shell needs to complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  hms completions bash > ~/.local/share/bash-completion/completions/hms
  hms completions zsh > ~/.zfunc/_hms
  hms completions fish > ~/.config/fish/completions/hms.fish";

/// Prints completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut command = crate::arguments::Arguments::command();
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "hms", &mut text);
    output::print(&String::from_utf8(text).expect("completions are text"))
}
