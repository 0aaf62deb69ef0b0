//! Running, interrupting, going on.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::*;

use super::{Bench, GRID};
use crate::campaign::{CONFIGURATIONS, Campaign, End, INCIDENTS, Opening, RUNS, Step, Sweep, SweepError};
use crate::results::Build;

fn open<'a>(campaign: &'a Campaign, folder: &Path) -> Sweep<'a> {
    Sweep::open(campaign, folder, &Build::default(), Opening::Resume).unwrap_or_else(|error| panic!("{error}"))
}

fn run_all<'a>(campaign: &'a Campaign, folder: &Path, jobs: usize) -> Sweep<'a> {
    let mut sweep = open(campaign, folder);
    let missing = sweep.missing();
    assert!(sweep.run(&missing, jobs, &|_| true).unwrap());
    sweep
}

fn tables(folder: &Path) -> Vec<Vec<u8>> {
    [RUNS, INCIDENTS, CONFIGURATIONS].into_iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

fn frame(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

#[test]
fn results_are_the_same_on_one_thread_and_on_two() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let (one, two) = (run_all(&campaign, &bench.path("one"), 1), run_all(&campaign, &bench.path("two"), 2));
    assert_eq!(one.results_hash().unwrap(), two.results_hash().unwrap());
    assert_eq!(tables(one.folder()), tables(two.folder()));
}

#[test]
fn an_interrupted_campaign_goes_on_with_what_is_missing_and_ends_with_the_same_tables() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let straight = run_all(&campaign, &bench.path("straight"), 2);
    let ended = AtomicUsize::new(0);
    let stop_after_three = |step: &Step<'_>| match step {
        Step::Ended(_) => ended.fetch_add(1, Ordering::Relaxed) < 2,
        Step::Advanced { .. } => ended.load(Ordering::Relaxed) < 3,
    };
    let folder = bench.path("interrupted");
    {
        let mut sweep = open(&campaign, &folder);
        let missing = sweep.missing();
        assert!(!sweep.run(&missing, 1, &stop_after_three).unwrap());
        assert!(!folder.join(RUNS).exists() && sweep.results_hash().is_none());
    }
    let mut again = open(&campaign, &folder);
    assert_eq!(again.missing(), [3, 4, 5, 6, 7]);
    let made = AtomicUsize::new(0);
    let count = |step: &Step<'_>| {
        made.fetch_add(usize::from(matches!(step, Step::Ended(_))), Ordering::Relaxed);
        true
    };
    assert!(again.run(&[3, 4, 5, 6, 7], 2, &count).unwrap());
    assert_eq!(made.into_inner(), 5);
    assert_eq!(again.results_hash(), straight.results_hash());
    assert_eq!(tables(&folder), tables(straight.folder()));
    assert!(!folder.join("shards").exists());
}

#[test]
fn what_a_killed_process_left_half_written_is_swept_away() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let folder = bench.path("killed");
    open(&campaign, &folder).run(&[5], 1, &|_| true).unwrap();
    let orphan = folder.join("shards/partial-000002");
    fs::create_dir(&orphan).unwrap();
    fs::write(orphan.join("runs.parquet"), "cut of").unwrap();
    assert_eq!(open(&campaign, &folder).missing(), [0, 1, 2, 3, 4, 6, 7]);
    assert!(!orphan.exists());
}

#[test]
fn a_complete_campaign_is_read_and_not_run_again() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let folder = bench.path("done");
    let hash = run_all(&campaign, &folder, 2).results_hash();
    let again = run_all(&campaign, &folder, 1);
    assert_eq!((again.missing(), again.results_hash()), (vec![], hash));
}

#[test]
fn a_failed_trial_is_a_row_with_its_reason() {
    let bench = Bench::new();
    let text = format!(
        "{}\n[[case]]\nname = \"starved\"\nset = {{ \"scenario.run.events_max\" = 5000 }}\n[[case]]\nname = \"fed\"\n",
        GRID.replace("[\"300ms\", \"500ms\"]", "[\"500ms\"]")
    );
    let campaign = bench.good(&text);
    let sweep = run_all(&campaign, &bench.path("out"), 2);
    let failed =
        sweep.ends().iter().filter(|end| matches!(end, Some(End::Failed(reason)) if reason.contains("event limit"))).count();
    assert_eq!(failed, 4);
    let summary = sweep.summary();
    assert_eq!((summary.configurations[0].failed, summary.configurations[0].measured), (2, 0));
    assert_eq!((summary.configurations[2].failed, summary.configurations[2].measured), (0, 2));
    assert!(summary.configurations[0].means.iter().all(Option::is_none));
    assert_eq!(summary.ranking[2..], [0, 1], "configurations without a value come last");
    let table = frame(&sweep.folder().join(RUNS));
    assert_eq!((table.height(), table.column("reason").unwrap().null_count()), (8, 4));
}

#[test]
fn tables_have_settings_with_units_and_every_objective() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let sweep = run_all(&campaign, &bench.path("out"), 2);
    let runs = frame(&sweep.folder().join(RUNS));
    let timeouts: Vec<_> = runs.column("stack.health.timeout").unwrap().f64().unwrap().iter().flatten().collect();
    assert_eq!(timeouts, [0.3, 0.3, 0.3, 0.3, 0.5, 0.5, 0.5, 0.5]);
    let ids: Vec<_> = runs.column("run_id").unwrap().str().unwrap().iter().flatten().map(str::to_owned).collect();
    assert_eq!(ids, campaign.runs().map(|run| run.id().to_owned()).collect::<Vec<_>>());
    for definition in hms_trial::DEFINITIONS {
        assert!(runs.column(definition.name).is_ok(), "{}", definition.name);
    }
    let incidents = frame(&sweep.folder().join(INCIDENTS));
    assert!(incidents.height() >= 8, "a partition in each run");
    let configurations = frame(&sweep.folder().join(CONFIGURATIONS));
    assert_eq!(configurations.height(), 4 * hms_trial::DEFINITIONS.len());
    let bytes = fs::read(sweep.folder().join(RUNS)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("hms.units") && text.contains("\"stack.health.timeout\":\"s\""));
}

#[test]
fn differences_are_taken_replicate_by_replicate_to_the_first_configuration() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let sweep = run_all(&campaign, &bench.path("out"), 2);
    let summary = sweep.summary();
    assert_eq!(summary.configurations[0].baseline, None);
    let objective = hms_trial::DEFINITIONS.iter().position(|definition| definition.name == "stack_messages").unwrap();
    let value = |place: usize| sweep.ends()[place].as_ref().unwrap().objective(objective).unwrap();
    let difference = summary.configurations[1].differences[objective].unwrap();
    let expected = ((value(2) - value(0)) + (value(3) - value(1))) / 2.0;
    assert!((difference.mean - expected).abs() < 1e-9 && expected < 0.0, "{difference:?} {expected}");
}

#[test]
fn a_campaign_that_has_changed_is_refused_with_what_to_do() {
    let bench = Bench::new();
    let folder = bench.path("out");
    open(&bench.good(GRID), &folder).run(&[0], 1, &|_| true).unwrap();
    let refused =
        |campaign: &Campaign, build: &Build| Sweep::open(campaign, &folder, build, Opening::Resume).unwrap_err().to_string();
    // What changes no run changes nothing.
    open(&bench.good(&format!("# a comment\n{GRID}")), &folder);
    let told = refused(&bench.good(&GRID.replace("replicates = 2", "replicates = 3")), &Build::default());
    assert!(told.contains("campaign.toml has changed") && told.contains("--fresh --out"), "{told}");
    let told = refused(&bench.good(GRID), &Build { version: "9.9.9".to_owned(), commit: None });
    assert!(told.contains("this is hms 9.9.9"), "{told}");
    fs::write(bench.path("small.toml"), crate::fixture::SCENARIO.replace("50/s", "51/s")).unwrap();
    let told = refused(&bench.good(GRID), &Build::default());
    assert!(told.contains("a scenario, a stack configuration or a file that it names has changed"), "{told}");
}

#[test]
fn a_folder_serves_one_process_and_one_purpose() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let folder = bench.path("out");
    let held = open(&campaign, &folder);
    let refused = |folder: &Path, opening| Sweep::open(&campaign, folder, &Build::default(), opening).unwrap_err();
    assert!(matches!(refused(&folder, Opening::Resume), SweepError::Busy { .. }));
    drop(held);
    assert!(matches!(refused(&folder, Opening::Fresh), SweepError::Occupied { .. }));
    assert!(matches!(refused(bench.folder.path(), Opening::Resume), SweepError::Occupied { .. }));
}

#[test]
fn a_table_that_was_changed_is_noticed() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let folder = bench.path("out");
    drop(run_all(&campaign, &folder, 2));
    let other = bench.path("other");
    drop(run_all(&bench.good(&GRID.replace("seed = 7", "seed = 8")), &other, 2));
    fs::copy(other.join(RUNS), folder.join(RUNS)).unwrap();
    let refused = Sweep::open(&campaign, &folder, &Build::default(), Opening::Resume).unwrap_err();
    assert!(matches!(refused, SweepError::Damaged { .. }), "{refused}");
}

#[test]
fn the_launch_keeps_every_text_that_decides_a_run() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let sweep = run_all(&campaign, &bench.path("out"), 2);
    let text = fs::read_to_string(sweep.folder().join("campaign.json")).unwrap();
    let launch: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (configuration, launched) in campaign.configurations.iter().zip(launch["configurations"].as_array().unwrap()) {
        let read = |key: &str| fs::read_to_string(sweep.folder().join(launched[key].as_str().unwrap())).unwrap();
        assert_eq!(read("scenario_text"), configuration.inputs().scenario_text());
        assert_eq!(read("stack_text"), configuration.inputs().stack_text());
    }
}
