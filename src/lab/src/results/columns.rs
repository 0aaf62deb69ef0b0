//! Any Parquet table of ours as plain columns, for those who show tables and know no frames.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use super::ResultsError;

/// A table, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Rows.
    pub rows: usize,
    /// Columns of numbers, counts and switches (1 and 0), in the order of the file; NaN where there is no value.
    pub numbers: Vec<(String, Vec<f64>)>,
    /// Columns of texts; empty where there is none.
    pub texts: Vec<(String, Vec<String>)>,
}

impl Columns {
    /// A column of numbers.
    pub fn number(&self, name: &str) -> Option<&[f64]> {
        self.numbers.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice())
    }

    /// A column of texts.
    pub fn text(&self, name: &str) -> Option<&[String]> {
        self.texts.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice())
    }

    /// Reads a Parquet file.
    ///
    /// # Errors
    /// [`ResultsError::Io`] and [`ResultsError::Table`].
    pub fn read(path: &Path) -> Result<Columns, ResultsError> {
        let file = File::open(path).map_err(ResultsError::io("read", path))?;
        let frame = ParquetReader::new(file).finish().map_err(ResultsError::table(path))?;
        Columns::of(&frame).map_err(ResultsError::table(path))
    }

    fn of(frame: &DataFrame) -> PolarsResult<Columns> {
        let mut columns = Columns { rows: frame.height(), ..Columns::default() };
        for column in frame.columns() {
            let name = column.name().to_string();
            if let Ok(texts) = column.str() {
                columns.texts.push((name, texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect()));
            } else {
                let numbers = column.cast(&DataType::Float64)?;
                columns.numbers.push((name, numbers.f64()?.iter().map(|number| number.unwrap_or(f64::NAN)).collect()));
            }
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::results::{Build, write};

    #[test]
    fn a_written_table_is_read_in_columns() {
        let inputs = fixture::inputs(1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        write(&path, &inputs, &fixture::run(&inputs), &Build::default()).unwrap();
        let incidents = Columns::read(&path.join("incidents.parquet")).unwrap();
        assert_eq!(incidents.rows, 2);
        assert_eq!(incidents.text("kind").unwrap(), ["partition", "agent_crash"]);
        assert_eq!(incidents.number("start_ns").unwrap(), [6e9, 12e9]);
        assert!(incidents.number("possible").unwrap().iter().all(|flag| *flag == 1.0 || *flag == 0.0));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("front.parquet");
        std::fs::write(&path, "not a table").unwrap();
        assert!(Columns::read(&path).unwrap_err().to_string().contains("front.parquet"));
    }
}
