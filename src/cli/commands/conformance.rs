//! `hms conformance`: scenario lines in, verdicts out.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use hms_lab::conformance::{GRAMMAR, Verdict, judge};

use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  hms conformance < lines.jsonl
  hms conformance lines.jsonl | grep '\"ok\":false'
  hms conformance --grammar          every component and operation, with an example

One JSON object per line in, one verdict per line out. Exit codes: 0 all hold, 1 one does not, 2 one cannot be read.";

/// Judges scenario lines: other projects' behavioural suites against our components.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The lines; default: stdin. Empty lines and lines that begin with # are passed over.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Prints the grammar instead.
    #[arg(long, conflicts_with = "file")]
    grammar: bool,
}

/// Judges every line.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.grammar {
        return output::print(GRAMMAR);
    }
    match &arguments.file {
        Some(path) => {
            let file = File::open(path).map_err(|error| Failure::Invalid(format!("cannot read {}: {error}", path.display())))?;
            judge_all(BufReader::new(file))
        }
        None => judge_all(io::stdin().lock()),
    }
}

fn judge_all(lines: impl BufRead) -> Result<(), Failure> {
    let (mut held, mut broken, mut unread) = (0usize, 0usize, 0usize);
    for (index, line) in lines.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| Failure::Invalid(format!("line {number} cannot be read: {error}")))?;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let verdict = match judge(&line) {
            Ok(verdict) => {
                let holds = verdict == Verdict::Holds;
                held += usize::from(holds);
                broken += usize::from(!holds);
                verdict.to_json(number)
            }
            Err(error) => {
                unread += 1;
                output::message(&format!("line {number}, {error}"));
                serde_json::json!({"line": number, "ok": false, "error": error.to_string()})
            }
        };
        output::print(&format!("{verdict}\n"))?;
    }
    let summary = format!("{} lines: {held} hold, {broken} do not, {unread} cannot be read", held + broken + unread);
    match (broken, unread) {
        (0, 0) => {
            output::message(&summary);
            Ok(())
        }
        (_, 0) => Err(Failure::Failed(summary)),
        (_, _) => Err(Failure::Invalid(summary)),
    }
}
