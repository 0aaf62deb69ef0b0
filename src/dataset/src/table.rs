//! Reading of comma- and tab-separated text with errors that name the place.

use crate::DatasetError;
use crate::decimal::{self, Unit};
use hms_machine::Ratio;

/// The shape of a table: its columns, and what to tell someone whose file has others.
pub(crate) struct Shape {
    pub(crate) columns: &'static [&'static str],
    /// How many of the columns, from the left, must be there.
    pub(crate) required: usize,
    pub(crate) fix: &'static str,
}

/// One row and where it stood.
pub(crate) struct Row<'a> {
    pub(crate) line: u64,
    shape: &'a Shape,
    fields: &'a csv::StringRecord,
}

/// Calls `visit` for every row below the header; lines that start with `#` are comments.
pub(crate) fn read(
    text: &str,
    shape: &Shape,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut width = None;
    while reader.read_record(&mut record).expect("text in memory is UTF-8 and rows may differ in length") {
        let line = line_of(text, record.position().expect("a record that was read has a position"));
        let Some(width) = width else {
            width = Some(header_width(line, &record, shape)?);
            continue;
        };
        if record.len() != width {
            return Err(DatasetError::Columns {
                line,
                expected: width,
                found: record.len(),
                fix: "check the row for a missing or unquoted comma".to_owned(),
            });
        }
        visit(&Row { line, shape, fields: &record })?;
    }
    match width {
        Some(_) => Ok(()),
        None => Err(DatasetError::Empty { expected: format!("the header `{}` and rows", shape.columns.join(",")) }),
    }
}

/// The line of a record from 1: the reader's position may be before empty lines, comments and half a line end that it skips.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let mut line = position.line();
    let mut rest = &text.as_bytes()[position.byte() as usize..];
    while let Some(first) = rest.first() {
        match first {
            b'\r' => rest = &rest[1..],
            b'\n' => {
                line += 1;
                rest = &rest[1..];
            }
            b'#' => rest = &rest[rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())..],
            _ => break,
        }
    }
    line
}

fn header_width(line: u64, record: &csv::StringRecord, shape: &Shape) -> Result<usize, DatasetError> {
    let matches = record.len() >= shape.required
        && record.len() <= shape.columns.len()
        && record.iter().zip(shape.columns).all(|(found, expected)| found.trim() == *expected);
    if matches {
        return Ok(record.len());
    }
    Err(DatasetError::Header {
        line,
        expected: shape.columns.join(","),
        found: record.iter().collect::<Vec<_>>().join(","),
        fix: shape.fix.to_owned(),
    })
}

impl Row<'_> {
    /// The text of column `index`; empty for an optional column that the file does not have.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.fields.get(index).unwrap_or("").trim()
    }

    pub(crate) fn error(&self, index: usize, expected: &str, fix: &str) -> DatasetError {
        DatasetError::Field {
            line: self.line,
            column: self.shape.columns[index].to_owned(),
            expected: expected.to_owned(),
            found: self.text(index).to_owned(),
            fix: fix.to_owned(),
        }
    }

    pub(crate) fn whole<T: std::str::FromStr>(&self, index: usize) -> Result<T, DatasetError> {
        self.text(index).parse().map_err(|_| self.error(index, "a whole number, 0 or more", "write digits only"))
    }

    pub(crate) fn number(&self, index: usize) -> Result<f64, DatasetError> {
        let number: f64 = self.text(index).parse().map_err(|_| self.error(index, "a number", "write it as 12.5"))?;
        if number.is_finite() { Ok(number) } else { Err(self.error(index, "a finite number", "write it as 12.5")) }
    }

    pub(crate) fn ratio(&self, index: usize) -> Result<Ratio, DatasetError> {
        Ratio::new(self.number(index)?).map_err(|_| self.error(index, "a share between 0 and 1", "1 is all of it"))
    }

    /// Nanoseconds from a decimal number of `unit`s.
    pub(crate) fn nanos(&self, index: usize, unit: Unit) -> Result<u64, DatasetError> {
        decimal::parse(self.text(index), unit).ok_or_else(|| {
            self.error(
                index,
                &format!("a number of {}, 0 or more", unit.name()),
                "write it as 12.5, without sign, exponent or unit",
            )
        })
    }

    /// Like [`Row::nanos`], where an empty field is `None`.
    pub(crate) fn optional_nanos(&self, index: usize, unit: Unit) -> Result<Option<u64>, DatasetError> {
        if self.text(index).is_empty() { Ok(None) } else { self.nanos(index, unit).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_through_comments_empty_lines_quotes_and_both_line_ends() {
        let shape = Shape { columns: &["a", "b"], required: 2, fix: "" };
        let text = "# one\r\n\r\na,b\r\n1,2\n\n# six\n3,\"4\n5\"\r\n6,7\r\n";
        let mut lines = Vec::new();
        read(text, &shape, |row| {
            lines.push(row.line);
            Ok(())
        })
        .unwrap();
        assert_eq!(lines, [4, 7, 9]);
    }
}
