//! What can be wrong with a data file, told so that the reader can repair it.

use std::fmt;

/// A data file that cannot be read: where, what was expected, what stood there, what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DatasetError {
    /// The first line is not the header of the format.
    #[error("line {line}: expected the header `{expected}`, found `{}`; {fix}", Short(found))]
    Header {
        /// Line of the file, from 1.
        line: u64,
        /// The header of the format.
        expected: String,
        /// The line that stood there.
        found: String,
        /// What to do.
        fix: String,
    },
    /// A row with too few or too many columns.
    #[error("line {line}: expected {expected} columns, found {found}; {fix}")]
    Columns {
        /// Line of the file, from 1.
        line: u64,
        /// Columns of the format.
        expected: usize,
        /// Columns of the row.
        found: usize,
        /// What to do.
        fix: String,
    },
    /// A field whose text is not of its type or range.
    #[error("line {line}, column `{column}`: expected {expected}, found `{}`; {fix}", Short(found))]
    Field {
        /// Line of the file, from 1.
        line: u64,
        /// Name of the column, or its number from 1 in files without names.
        column: String,
        /// Type, unit and range of the column.
        expected: String,
        /// The text that stood there.
        found: String,
        /// What to do.
        fix: String,
    },
    /// Rows whose times go backwards.
    #[error(
        "line {line}, column `{column}`: times must not go backwards, found {found} after {previous}; sort the rows by `{column}`"
    )]
    Order {
        /// Line of the file, from 1.
        line: u64,
        /// Name of the column of times.
        column: String,
        /// The time of this row, seconds.
        found: String,
        /// The time of the row before it, seconds.
        previous: String,
    },
    /// A file without a single row of data.
    #[error("the file holds no rows; expected {expected}")]
    Empty {
        /// What a row looks like.
        expected: String,
    },
    /// Metadata (JSON beside a trace) that cannot be read.
    #[error("trace metadata: {message}")]
    Metadata {
        /// The parser's message, with line and column.
        message: String,
    },
}

/// Text cut to a length that a terminal line can hold.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 120;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
