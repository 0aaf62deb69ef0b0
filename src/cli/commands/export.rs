//! `hms export`: a table of results in a format that other programs read.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use hms_lab::export::{ExportError, Format, export};
use hms_lab::results::{self, Table};

use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  hms export results/quickstart-1 --table incidents
  hms export results/quickstart-1 --table series --format jsonl --out series.jsonl
  hms export results/quickstart-1 --table runs | column -s, -t | less -S

What the columns mean: hms schema results";

/// Writes a table of results as CSV, JSON lines or Parquet.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A folder of results.
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// The table.
    #[arg(long, value_name = "TABLE", value_parser = PossibleValuesParser::new(Table::ALL.map(Table::name)).map(table))]
    table: Table,
    /// The format.
    #[arg(long, value_name = "FORMAT", default_value = "csv", value_parser = PossibleValuesParser::new(Format::ALL.map(Format::name)).map(format))]
    format: Format,
    /// The file to write; default: stdout.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands over a String")]
fn table(name: String) -> Table {
    Table::from_name(&name).expect("only names of tables are admitted")
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands over a String")]
fn format(name: String) -> Format {
    Format::from_name(&name).expect("only names of formats are admitted")
}

/// Writes the table.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { folder, table, format, out } = arguments;
    let results = results::read(folder)?;
    match out {
        Some(path) => {
            let rows = to_file(path, |file| export(&results, *table, *format, file))?;
            output::message(&format!("{rows} rows of {} are in {}", table.name(), path.display()));
            Ok(())
        }
        None if *format == Format::Parquet && io::stdout().is_terminal() => {
            Err(Failure::Invalid("Parquet is not for a terminal: name a file with --out".to_owned()))
        }
        None => match export(&results, *table, *format, &mut io::stdout().lock()) {
            Err(ExportError::Write(error)) => output::forgive_pipe(Err(error)),
            Err(error) => Err(Failure::Failed(error.to_string())),
            Ok(_) => Ok(()),
        },
    }
}

/// Writes under another name and renames, so that the file is whole or not there.
fn to_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<u64, ExportError>) -> Result<u64, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(name);
    let failed = |error: io::Error| Failure::Failed(format!("cannot write {}: {error}", path.display()));
    let mut file = BufWriter::new(File::create(&partial).map_err(failed)?);
    let written = write(&mut file)
        .map_err(|error| Failure::Failed(error.to_string()))
        .and_then(|rows| std::fs::rename(&partial, path).map(|()| rows).map_err(failed));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
    }
    written
}
