use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hms_trial::Detail;
use polars::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::fixture;
use crate::inputs::Inputs;

fn written(inputs: &Inputs) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a");
    write(&folder, inputs, &fixture::run(inputs), &Build::default()).unwrap();
    (place, folder)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_read_back() {
    let inputs = fixture::inputs(1);
    let outcome = fixture::run(&inputs);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/down");
    let manifest = write(&folder, &inputs, &outcome, &Build::default()).unwrap();
    let results = read(&folder).unwrap();
    assert_eq!(*results.manifest(), manifest);
    assert_eq!(manifest.trace_hash, outcome.hash.to_string());
    assert_eq!(results.chunk_hashes().unwrap(), outcome.chunks);
    for table in Table::ALL {
        let stored = results.table(table).unwrap();
        assert_eq!(stored.height() as u64, results.row_count(table));
        assert!(stored.equals_missing(&frame(table, &inputs, &outcome)), "{}", table.name());
    }
    assert_eq!(results.row_count(Table::Series), 20);
    assert_eq!(results.row_count(Table::Incidents), outcome.incidents.len() as u64);
    assert_eq!(names(place.path()), ["deep"]);
    assert_eq!(names(&place.path().join("deep")), ["down"], "no temporary folder is left");
}

#[test]
fn rows_say_what_the_outcome_says() {
    let inputs = fixture::inputs(1);
    let outcome = fixture::run(&inputs);
    let runs = frame(Table::Runs, &inputs, &outcome);
    let value = |name: &str| runs.column(name).unwrap().f64().unwrap().get(0);
    for objective in &outcome.objectives {
        assert_eq!(value(objective.definition.name), objective.value, "{}", objective.definition.name);
    }
    let events = frame(Table::Events, &inputs, &outcome);
    let kinds = events.column("kind").unwrap().str().unwrap();
    let count = |kind: &str| kinds.iter().flatten().filter(|found| *found == kind).count();
    assert_eq!((count("fault_began"), count("fault_ended")), (2, 2));
    assert!(count("suspected") > 0 && count("recovery_verified") > 0);
    let latencies = frame(Table::Latencies, &inputs, &outcome);
    let counted: i64 = latencies.column("count").unwrap().i64().unwrap().sum().unwrap();
    let record = &outcome.recorder.loads[0];
    assert_eq!(counted as u64, record.answered.len() + record.ended.len());
}

#[test]
fn full_detail_adds_messages_and_attempts() {
    let inputs = fixture::inputs_with(fixture::SCENARIO, Vec::new(), 1, Detail::Full);
    let (_place, folder) = written(&inputs);
    let events = read(&folder).unwrap().table(Table::Events).unwrap();
    let kinds: Vec<_> = events.column("kind").unwrap().str().unwrap().iter().flatten().map(str::to_owned).collect();
    for kind in ["sent", "received", "attempt"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}");
    }
}

#[test]
fn files_are_the_same_byte_for_byte_for_the_same_run() {
    let (_one, left) = written(&fixture::inputs(1));
    let (_other, right) = written(&fixture::inputs(1));
    assert_eq!(names(&left), names(&right));
    for name in names(&left).into_iter().filter(|name| name != "files") {
        assert_eq!(fs::read(left.join(&name)).unwrap(), fs::read(right.join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn units_stand_in_the_metadata_of_files_and_columns() {
    let (_place, folder) = written(&fixture::inputs(1));
    for table in Table::ALL {
        let file = fs::File::open(folder.join(table.file())).unwrap();
        let mut reader = ParquetReader::new(file);
        let metadata = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
        let value = |key: &str| metadata.iter().find(|entry| entry.key == key).unwrap().value.clone().unwrap();
        assert_eq!(value("hms.schema_version"), SCHEMA_VERSION.to_string());
        assert_eq!(value("hms.table"), table.name());
        let units: BTreeMap<String, String> = serde_json::from_str(&value("hms.units")).unwrap();
        let schema = reader.schema().unwrap();
        for column in table.columns() {
            assert_eq!(units[column.name], column.unit, "{}", column.name);
            let about = schema.get(column.name).unwrap().metadata.clone().unwrap();
            assert_eq!(about.get("unit").map_or("", |unit| unit.as_str()), column.unit, "{}", column.name);
            assert_eq!(about["description"].as_str(), column.help);
        }
    }
}

#[test]
fn a_folder_that_was_cut_off_is_refused_whatever_is_missing() {
    let (_place, folder) = written(&fixture::inputs(1));
    let whole = read(&folder).unwrap();
    for entry in &whole.manifest().files {
        let path = folder.join(&entry.path);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&folder), Err(ResultsError::Missing { path: missing }) if missing == path));
        for upto in [0, bytes.len() / 2, bytes.len().saturating_sub(1)].into_iter().filter(|upto| *upto < bytes.len()) {
            fs::write(&path, &bytes[..upto]).unwrap();
            let error = read(&folder).unwrap_err();
            assert!(matches!(&error, ResultsError::Damaged { path: damaged, .. } if *damaged == path), "{error}");
            assert!(error.to_string().contains(&entry.path), "{error}");
        }
        fs::write(&path, bytes).unwrap();
    }
    read(&folder).unwrap();
    let manifest = fs::read(folder.join(MANIFEST)).unwrap();
    fs::write(folder.join(MANIFEST), &manifest[..manifest.len() / 2]).unwrap();
    assert!(matches!(read(&folder), Err(ResultsError::BadManifest { .. })));
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    let error = read(&folder).unwrap_err();
    assert!(matches!(error, ResultsError::NoManifest { .. }));
    assert!(error.to_string().contains("cut off"), "{error}");
}

#[test]
fn a_changed_byte_is_found_even_if_the_size_is_the_same() {
    let (_place, folder) = written(&fixture::inputs(1));
    let path = folder.join(Table::Series.file());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(read(&folder), Err(ResultsError::Damaged { path: damaged, .. }) if damaged == path));
}

#[test]
fn a_folder_of_another_format_version_is_refused_with_its_version() {
    let (_place, folder) = written(&fixture::inputs(1));
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"format_version\": 1", "\"format_version\": 2, \"more\": true")).unwrap();
    assert!(matches!(read(&folder), Err(ResultsError::Version { found: 2, .. })));
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be_so() {
    let place = tempfile::tempdir().unwrap();
    assert!(matches!(read(&place.path().join("nothing")), Err(ResultsError::NotFound { .. })));
}

#[test]
fn nothing_but_results_is_replaced() {
    let inputs = fixture::inputs(1);
    let outcome = fixture::run(&inputs);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("precious");
    fs::create_dir(&folder).unwrap();
    write(&folder, &inputs, &outcome, &Build::default()).expect("an empty folder is free");
    let other = fixture::inputs(2);
    write(&folder, &other, &fixture::run(&other), &Build::default()).expect("results are replaced");
    assert_eq!(read(&folder).unwrap().manifest().seed, 2);
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    let before = names(&folder);
    let error = write(&folder, &inputs, &outcome, &Build::default()).unwrap_err();
    assert!(matches!(error, ResultsError::Occupied { .. }), "{error}");
    assert_eq!(names(&folder), before);
    let file = place.path().join("file");
    fs::write(&file, "text").unwrap();
    assert!(matches!(write(&file, &inputs, &outcome, &Build::default()), Err(ResultsError::Occupied { .. })));
    assert_eq!(names(place.path()), ["file", "precious"]);
}

#[test]
fn a_long_trace_is_written_in_batches_and_read_whole() {
    let inputs = fixture::inputs(1);
    let mut outcome = fixture::run(&inputs);
    let row = outcome.recorder.trace[0];
    outcome.recorder.trace.resize(300_000, row);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a");
    write(&folder, &inputs, &outcome, &Build::default()).unwrap();
    let results = read(&folder).unwrap();
    assert_eq!(results.table(Table::Events).unwrap().height(), 300_000);
    assert_eq!(results.rows(Table::Events, 299_990, 100).unwrap().height(), 10);
}
