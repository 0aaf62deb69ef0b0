//! Our Parquet files read by others: DuckDB and Python's polars must see the documented columns, types, units and rows.
//!
//! `HMS_PYTHON` names an interpreter that has polars and duckdb; otherwise `python3` is tried. Where they are missing the test says so and passes.

use std::path::{Path, PathBuf};
use std::process::Command;

use hms_lab::results::{ColumnKind, Table};

fn interpreter() -> Option<PathBuf> {
    let python = std::env::var_os("HMS_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let probe = Command::new(&python).args(["-c", "import polars, duckdb"]).output();
    probe.is_ok_and(|output| output.status.success()).then_some(python)
}

fn documented() -> String {
    let columns = |table: Table| {
        let column = |column: &hms_lab::results::ColumnDefinition| {
            let kind = match column.kind {
                ColumnKind::Text => "String",
                ColumnKind::Integer => "Int64",
                ColumnKind::Unsigned => "UInt64",
                ColumnKind::Id => "UInt32",
                ColumnKind::Float => "Float64",
                ColumnKind::Flag => "Boolean",
            };
            serde_json::json!([column.name, kind, column.unit])
        };
        table.columns().iter().map(column).collect::<Vec<_>>()
    };
    let tables = Table::ALL.map(|table| (table.name().to_owned(), columns(table).into()));
    serde_json::Value::Object(tables.into_iter().collect()).to_string()
}

#[test]
fn w5_duckdb_and_polars_read_the_documented_tables() {
    let Some(python) = interpreter() else {
        eprintln!("skipped: no Python with polars and duckdb (set HMS_PYTHON to an interpreter that has them)");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let results = folder.path().join("results");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(env!("CARGO_BIN_EXE_hms"))
        .args(["run", "experiments/scenarios/quickstart.toml", "--quiet", "--out"])
        .arg(&results)
        .current_dir(root)
        .output()
        .expect("the command starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let script = root.join("tests/python/read_results.py");
    let read = Command::new(python).arg(script).arg(&results).arg(documented()).output().expect("python starts");
    assert!(read.status.success(), "{}{}", String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
}
