use std::fs;

use polars::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::fixture;
use crate::results::{self, Build};

fn results() -> (TempDir, Results) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a");
    let inputs = fixture::inputs(1);
    results::write(&folder, &inputs, &fixture::run(&inputs), &Build::default()).unwrap();
    let results = results::read(&folder).unwrap();
    (place, results)
}

fn exported(results: &Results, table: Table, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    let rows = export(results, table, format, &mut out).unwrap();
    assert_eq!(rows, results.row_count(table));
    out
}

#[test]
fn csv_has_a_header_and_a_line_per_row_with_empty_fields_for_nulls() {
    let (_place, results) = results();
    for table in Table::ALL {
        let text = String::from_utf8(exported(&results, table, Format::Csv)).unwrap();
        let header = table.columns().iter().map(|column| column.name).collect::<Vec<_>>().join(",");
        assert_eq!(text.lines().next().unwrap(), header);
        assert_eq!(text.lines().count() as u64, 1 + results.row_count(table));
    }
    let text = String::from_utf8(exported(&results, Table::Events, Format::Csv)).unwrap();
    let began = text.lines().find(|line| line.contains("fault_began")).unwrap();
    assert!(began.ends_with(",fault_began,,,,0,,,,,,,,,,,,,,,"), "{began}");
}

#[test]
fn json_lines_hold_one_object_with_every_column_per_row() {
    let (_place, results) = results();
    for table in Table::ALL {
        let text = String::from_utf8(exported(&results, table, Format::JsonLines)).unwrap();
        let rows: Vec<serde_json::Map<String, serde_json::Value>> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len() as u64, results.row_count(table));
        for column in table.columns() {
            assert!(rows.iter().all(|row| row.contains_key(column.name)), "{}", column.name);
        }
    }
    let text = String::from_utf8(exported(&results, Table::Runs, Format::JsonLines)).unwrap();
    let run: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(run["trace_hash"], results.manifest().trace_hash.as_str());
    assert_eq!(run["seed"], 1);
}

#[test]
fn parquet_is_the_file_of_the_folder() {
    let (_place, results) = results();
    let bytes = exported(&results, Table::Series, Format::Parquet);
    assert_eq!(bytes, fs::read(results.folder().join(Table::Series.file())).unwrap());
    let frame = ParquetReader::new(io::Cursor::new(bytes)).finish().unwrap();
    assert!(frame.equals_missing(&results.table(Table::Series).unwrap()));
}

#[test]
fn formats_are_found_by_their_names() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
    assert_eq!(Format::from_name("xls"), None);
}
