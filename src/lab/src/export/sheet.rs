//! A small table that somebody has put together, as a file: what a window shows, with its numbers whole.

use std::io::Write;

use polars::prelude::*;

use super::{ExportError, Format};

/// A table with a name. All columns have the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// What it is called; the file's name is made of it.
    pub name: String,
    /// Columns from left to right, under distinct names.
    pub columns: Vec<SheetColumn>,
}

/// A column of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetColumn {
    /// Its heading; with its unit, where it has one.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// Cells of one kind. `None` is an empty field in CSV and a null elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
}

impl Sheet {
    /// An empty sheet.
    pub fn new(name: impl Into<String>) -> Sheet {
        Sheet { name: name.into(), columns: Vec::new() }
    }

    /// With a column of numbers more; what is no number is left empty.
    #[must_use]
    pub fn numbers(mut self, name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Sheet {
        let cells = Cells::Numbers(values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect());
        self.columns.push(SheetColumn { name: name.into(), cells });
        self
    }

    /// With a column of texts more.
    #[must_use]
    pub fn texts<T: Into<String>>(mut self, name: impl Into<String>, values: impl IntoIterator<Item = Option<T>>) -> Sheet {
        let cells = Cells::Texts(values.into_iter().map(|value| value.map(Into::into)).collect());
        self.columns.push(SheetColumn { name: name.into(), cells });
        self
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| match &column.cells {
            Cells::Numbers(values) => values.len(),
            Cells::Texts(values) => values.len(),
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`ExportError::Format`] if columns differ in length or share a name, or the output cannot be written.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> Result<(), ExportError> {
        let column = |column: &SheetColumn| match &column.cells {
            Cells::Numbers(values) => {
                Float64Chunked::from_iter_options(column.name.as_str().into(), values.iter().copied()).into_column()
            }
            Cells::Texts(values) => {
                StringChunked::from_iter_options(column.name.as_str().into(), values.iter().map(Option::as_deref)).into_column()
            }
        };
        let mut frame = DataFrame::new(self.rows(), self.columns.iter().map(column).collect())?;
        match format {
            Format::Csv => CsvWriter::new(&mut *out).finish(&mut frame)?,
            Format::JsonLines => JsonWriter::new(&mut *out).with_json_format(JsonFormat::JsonLines).finish(&mut frame)?,
            Format::Parquet => {
                ParquetWriter::new(&mut *out).set_parallel(false).finish(&mut frame)?;
            }
        }
        out.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Columns;

    fn sheet() -> Sheet {
        Sheet::new("mine").texts("kind", [Some("crash"), None]).numbers("notice (s)", [Some(1.5), Some(f64::NAN)])
    }

    #[test]
    fn a_sheet_is_written_with_empty_fields_for_what_is_not_there() {
        let mut csv = Vec::new();
        sheet().write(Format::Csv, &mut csv).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap(), "kind,notice (s)\ncrash,1.5\n,\n");
        let mut lines = Vec::new();
        sheet().write(Format::JsonLines, &mut lines).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_sheet_in_parquet_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.parquet");
        sheet().write(Format::Parquet, &mut std::fs::File::create(&path).unwrap()).unwrap();
        let read = Columns::read(&path).unwrap();
        assert_eq!((read.rows, read.text("kind").unwrap()[0].as_str()), (2, "crash"));
        assert!(read.number("notice (s)").unwrap()[1].is_nan());
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let wrong = sheet().numbers("more", [Some(1.0)]);
        assert!(wrong.write(Format::Csv, &mut Vec::new()).is_err());
    }
}
