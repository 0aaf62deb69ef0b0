//! A table as a Parquet file: zstd, with units and descriptions in the metadata of columns and file.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;
use polars_parquet::write::schema_to_metadata_key;

use super::schema::{ColumnDefinition, SCHEMA_VERSION, Table};

/// Writes a table in batches, one row group each.
pub struct TableWriter<W: Write> {
    table: Table,
    schema: Schema,
    writer: BatchedWriter<W>,
    rows: u64,
}

impl<W: Write> TableWriter<W> {
    /// A writer into `sink`; `parallel` spreads the encoding of large batches over the pool of polars.
    ///
    /// # Errors
    /// Those of polars.
    pub fn new(table: Table, sink: W, parallel: bool) -> PolarsResult<Self> {
        let schema = table.schema();
        let writer = ParquetWriter::new(sink)
            .with_compression(ParquetCompression::Zstd(None))
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata_of(table))))
            .set_parallel(parallel)
            .batched(&schema)?;
        Ok(TableWriter { table, schema, writer, rows: 0 })
    }

    /// Appends the rows of `frame`.
    ///
    /// # Errors
    /// Those of writing.
    ///
    /// # Panics
    /// If the frame's columns are not those of the table.
    pub fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        assert_eq!(**frame.schema(), self.schema, "columns of {}", self.table.name());
        self.rows += frame.height() as u64;
        if frame.height() > 0 { self.writer.write_batch(frame) } else { Ok(()) }
    }

    /// Writes the footer; gives the number of rows.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> PolarsResult<u64> {
        self.writer.finish()?;
        Ok(self.rows)
    }
}

/// What a column of a table holds.
pub(crate) struct About {
    /// Its name.
    pub(crate) name: String,
    /// Its unit; empty where there is none.
    pub(crate) unit: String,
    /// What it says.
    pub(crate) help: String,
}

/// Writes a whole table whose columns are not fixed.
///
/// # Errors
/// Those of writing.
pub(crate) fn write_frame(
    sink: impl Write,
    name: &str,
    frame: &mut DataFrame,
    columns: &[About],
    sorted_by: &[&str],
) -> PolarsResult<()> {
    let metadata = metadata(name, frame.schema(), columns, sorted_by);
    ParquetWriter::new(sink)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .set_parallel(false)
        .finish(frame)?;
    Ok(())
}

fn metadata_of(table: Table) -> Vec<(String, String)> {
    let columns = table.columns();
    let about =
        |column: &ColumnDefinition| About { name: column.name.into(), unit: column.unit.into(), help: column.help.into() };
    metadata(table.name(), &table.schema(), &columns.iter().map(about).collect::<Vec<_>>(), table.sorted_by())
}

/// Key-value metadata of a table's file. The Arrow schema in it carries unit and description per column, and plain strings, which older
/// readers know, in place of string views.
fn metadata(table: &str, schema: &Schema, columns: &[About], sorted_by: &[&str]) -> Vec<(String, String)> {
    let mut arrow = schema.to_arrow(CompatLevel::oldest());
    for column in columns {
        let field = arrow.get_mut(column.name.as_str()).expect("the schema is made of these columns");
        let mut about = BTreeMap::from([("description".into(), column.help.as_str().into())]);
        if !column.unit.is_empty() {
            about.insert("unit".into(), column.unit.as_str().into());
        }
        field.metadata = Some(Arc::new(about));
    }
    let arrow = schema_to_metadata_key(&arrow);
    let units: BTreeMap<_, _> = columns.iter().map(|column| (&column.name, &column.unit)).collect();
    vec![
        (arrow.key, arrow.value.unwrap_or_default()),
        ("hms.table".to_owned(), table.to_owned()),
        ("hms.schema_version".to_owned(), SCHEMA_VERSION.to_string()),
        ("hms.units".to_owned(), serde_json::to_string(&units).expect("strings are JSON")),
        ("hms.sorted_by".to_owned(), serde_json::to_string(sorted_by).expect("strings are JSON")),
    ]
}
