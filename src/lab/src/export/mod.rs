//! Tables of a results folder in other formats, one file per format; and small tables that somebody has put together.

mod csv;
mod json_lines;
mod parquet;
mod sheet;

use std::io::{self, Write};

use polars::prelude::{DataFrame, PolarsError};
use thiserror::Error;

use crate::results::{Results, ResultsError, Table};

pub use sheet::{Cells, Sheet, SheetColumn};

/// Rows read and written at a time, which bounds memory.
const BATCH_ROWS: u64 = 1 << 18;

/// A format to write a table in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180). A null is an empty field.
    Csv,
    /// One JSON object per line. A null is `null`.
    JsonLines,
    /// Parquet, as it stands in the folder.
    Parquet,
}

/// Why a table cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The table cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The output cannot be written.
    #[error("cannot write the exported table: {0}")]
    Write(#[from] io::Error),
    /// A row cannot be put in the format.
    #[error("cannot put the table in the format: {0}")]
    Format(#[from] PolarsError),
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 3] = [Format::Csv, Format::JsonLines, Format::Parquet];

    /// Name in commands, and the usual ending of file names.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::JsonLines => "jsonl",
            Format::Parquet => "parquet",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Writes a table of `results` to `out`; gives the number of rows.
///
/// # Errors
/// [`ExportError`].
pub fn export(results: &Results, table: Table, format: Format, out: &mut dyn Write) -> Result<u64, ExportError> {
    match format {
        Format::Csv => csv::write(results, table, out),
        Format::JsonLines => json_lines::write(results, table, out),
        Format::Parquet => parquet::write(results, table, out),
    }?;
    out.flush()?;
    Ok(results.row_count(table))
}

/// Hands over a table batch by batch, at least one, which may be empty.
fn batches(
    results: &Results,
    table: Table,
    mut write: impl FnMut(DataFrame) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut first = 0;
    loop {
        write(results.rows(table, first as usize, BATCH_ROWS as usize)?)?;
        first += BATCH_ROWS;
        if first >= results.row_count(table) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
