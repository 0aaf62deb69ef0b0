//! A simulated year of recorded failures: the cluster is as available as the record says.
//!
//! Reads the published data from `HMS_DATASETS`, else from `../shared/datasets`; says so and passes where there are none.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use hms_lab::dataset::import::{Format, Imported, Source, import};
use hms_lab::dataset::trace::TraceKind;
use hms_lab::machine::{Duration, Instant};

fn published() -> Option<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("HMS_DATASETS").map_or_else(|| root.join("../shared/datasets"), PathBuf::from);
    std::fs::read(folder.join("lanl-failures/lanl_failures.csv.gz")).ok()
}

#[test]
fn a_replayed_year_has_the_availability_of_its_record() {
    let Some(packed) = published() else {
        eprintln!("skipped: no LANL data (set HMS_DATASETS to the folder of the published data sets)");
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).expect("a gzip file of text");
    let format = Format::named("lanl").expect("a known format");
    let Ok(Imported::Trace(all)) = import(format, &Source::new("lanl_failures", &text)) else { panic!("not the published file") };
    let trace = all.within_domain("lanl/sys02").renumbered().0;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).expect("the folder can be written");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = std::fs::read_to_string(root.join("experiments/scenarios/lanl-replay.toml")).expect("a committed scenario");
    let stack = std::fs::read_to_string(root.join("experiments/stacks/lanl-replay.toml")).expect("a committed stack");
    write("trace.csv", &trace.to_csv());
    write("stack.toml", &stack);
    write(
        "scenario.toml",
        &scenario.replace("../../results/lanl-sys02.csv", "trace.csv").replace("../stacks/lanl-replay.toml", "stack.toml"),
    );

    let run = Command::new(env!("CARGO_BIN_EXE_hms"))
        .args(["run", "scenario.toml", "--quiet", "--json", "--out", "results"])
        .current_dir(folder.path())
        .output()
        .expect("the command starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).expect("one JSON object");
    let simulated = told["objectives"]["node_availability"]["value"].as_f64().expect("a number");

    let (from, year) = (Instant::ZERO + Duration::from_secs(730 * 86_400), Duration::from_secs(365 * 86_400));
    let down: f64 = trace.merged().downtime(TraceKind::Crash, from, year).values().map(|down| down.as_secs_f64()).sum();
    let recorded = 1.0 - down / (49.0 * year.as_secs_f64());
    assert!(recorded < 0.999, "the record has failures: {recorded}");
    assert!((simulated - recorded).abs() < 1e-9, "simulated {simulated}, recorded {recorded}");
}
