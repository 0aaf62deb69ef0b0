use std::fs;
use std::path::{Path, PathBuf};

use hms_trial::Outcome;
use tempfile::TempDir;

use super::*;
use crate::fixture;
use crate::inputs::SideFile;
use crate::results::{self, Build, MANIFEST, SCENARIO, STACK, Table};

fn stored(inputs: &Inputs) -> (TempDir, PathBuf) {
    stored_as(inputs, &fixture::run(inputs))
}

fn stored_as(inputs: &Inputs, outcome: &Outcome) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a");
    results::write(&folder, inputs, outcome, &Build::default()).unwrap();
    (place, folder)
}

fn replayed(folder: &Path) -> ReplayReport {
    replay(folder, &mut |_| true).unwrap()
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn an_untouched_run_comes_out_the_same() {
    let (_place, folder) = stored(&fixture::inputs(7));
    let report = replayed(&folder);
    assert!(report.is_exact(), "{report}");
    assert_eq!((report.divergence, report.row), (None, None));
}

#[test]
fn one_changed_byte_of_the_scenario_is_shown_with_the_event_in_which_the_runs_part() {
    let (_place, folder) = stored(&fixture::inputs(7));
    edit(&folder.join(SCENARIO), "at = \"6s\"", "at = \"7s\"");
    let report = replayed(&folder);
    assert!(!report.is_exact() && !report.is_same_run());
    let [Change::Line { path, stored, now, .. }] = &report.changes[..] else { panic!("{report}") };
    assert_eq!((path.as_str(), stored.as_deref(), now.as_deref()), (SCENARIO, Some("at = \"6s\""), Some("at = \"7s\"")));
    let Some(Divergence::Event { index, original: Some(original), rerun: Some(rerun) }) = &report.divergence else {
        panic!("{report}")
    };
    assert!(*index > 0 && original.index == *index && rerun.index == *index);
    assert_eq!(original.time, Instant::ZERO + hms_machine::Duration::from_secs(6));
    assert!(original.to_string().starts_with("beginning of a fault at 6"), "{original}");
    let row = report.row.as_ref().unwrap();
    assert!(row.stored.as_ref().unwrap().contains("kind fault_began, fault 0"), "{report}");
}

#[test]
fn a_change_that_changes_nothing_is_told_all_the_same() {
    let (_place, folder) = stored(&fixture::inputs(7));
    edit(&folder.join(SCENARIO), "name = \"small\"", "name = \"smell\"");
    let report = replayed(&folder);
    assert!(!report.is_exact());
    assert!(report.is_same_run(), "{report}");
}

#[test]
fn a_scenario_that_is_none_any_more_is_told_with_what_is_wrong() {
    let (_place, folder) = stored(&fixture::inputs(7));
    edit(&folder.join(SCENARIO), "duration", "duratoin");
    let report = replayed(&folder);
    assert!(!report.is_exact() && !report.is_same_run());
    assert!(report.to_string().contains("duratoin"), "{report}");
    assert!(matches!(report.rerun, Rerun::Impossible { .. }));
}

#[test]
fn a_changed_stack_is_shown_with_its_line() {
    let (_place, folder) = stored(&fixture::inputs(7));
    let text = fs::read_to_string(folder.join(STACK)).unwrap();
    let line = text.lines().find(|line| line.starts_with("min_std = ")).unwrap().to_owned();
    let unit = if line.contains("ms\"") { "ms\"" } else { "s\"" };
    let digit = line.rfind(unit).unwrap() - 1;
    let changed = format!("{}{}", &line[..digit], line[digit..].replacen(&line[digit..=digit], "7", 1));
    edit(&folder.join(STACK), &line, &changed);
    let report = replayed(&folder);
    assert!(matches!(&report.changes[..], [Change::Line { path, .. }] if path == STACK), "{report}");
    assert!(matches!(report.divergence, Some(Divergence::Event { .. })), "{report}");
}

#[test]
fn a_longer_run_is_told_by_where_the_shorter_one_ends() {
    let (_place, folder) = stored(&fixture::inputs(7));
    edit(&folder.join(SCENARIO), "duration = \"20s\"", "duration = \"21s\"");
    let report = replayed(&folder);
    assert!(!report.is_same_run());
    assert!(matches!(report.divergence, Some(Divergence::End { .. } | Divergence::Event { .. })), "{report}");
}

#[test]
fn a_different_hash_without_any_changed_input_names_chunk_and_first_different_row() {
    let inputs = fixture::inputs(7);
    let mut outcome = fixture::run(&inputs);
    let chunk = outcome.chunks.len() / 2;
    assert!(chunk > 0, "the run is long enough");
    for hash in &mut outcome.chunks[chunk..] {
        *hash ^= 1;
    }
    outcome.hash.0 ^= 1;
    outcome.recorder.trace[5].seq += 1;
    let (_place, folder) = stored_as(&inputs, &outcome);
    let report = replayed(&folder);
    assert!(report.changes.is_empty(), "{report}");
    let Some(Divergence::Chunk { first, last, rerun: Some(rerun) }) = &report.divergence else { panic!("{report}") };
    assert_eq!((*first, *last), (chunk as u64 * CHUNK_EVENTS, (chunk as u64 + 1) * CHUNK_EVENTS - 1));
    assert_eq!(rerun.index, *first);
    assert_eq!(report.row.as_ref().map(|row| row.row), Some(5), "{report}");
}

#[test]
fn a_changed_table_is_told_though_the_run_is_the_same() {
    let (_place, folder) = stored(&fixture::inputs(7));
    fs::write(folder.join(Table::Incidents.file()), "no table").unwrap();
    let report = replayed(&folder);
    assert!(report.is_same_run() && !report.is_exact());
    assert!(report.to_string().contains("incidents.parquet: it was changed"), "{report}");
}

#[test]
fn another_seed_in_the_manifest_does_not_go_unnoticed() {
    let (_place, folder) = stored(&fixture::inputs(7));
    edit(&folder.join(MANIFEST), "\"seed\": 7", "\"seed\": 8");
    let report = replayed(&folder);
    assert!(!report.is_exact() && !report.is_same_run());
    assert!(matches!(&report.changes[..], [Change::File { path, .. }] if path == MANIFEST), "{report}");
}

#[test]
fn side_files_are_stored_and_a_change_of_one_is_told() {
    let text = fixture::SCENARIO.replace("arrivals = \"50/s\"", "arrivals = { kind = \"counts\", file = \"x/counts.csv\" }");
    let content = (0..20).map(|second| format!("{}\n", 40 + second)).collect::<String>();
    let file = SideFile { name: "x/counts.csv".to_owned(), content };
    let inputs = fixture::inputs_with(&text, vec![file], 7, hms_trial::Detail::Changes);
    let (_place, folder) = stored(&inputs);
    assert!(replayed(&folder).is_exact());
    let manifest = results::read(&folder).unwrap().manifest().clone();
    assert_eq!(manifest.side_files[0].path, "files/0-counts.csv");
    edit(&folder.join("files/0-counts.csv"), "45\n", "85\n");
    let report = replayed(&folder);
    assert!(!report.is_same_run());
    assert!(report.to_string().contains("files/0-counts.csv: it was changed"), "{report}");
}

#[test]
fn a_stopped_replay_is_an_error() {
    let (_place, folder) = stored(&fixture::inputs(7));
    assert!(matches!(replay(&folder, &mut |_| false), Err(ReplayError::Run(RunError::Interrupted { .. }))));
}
