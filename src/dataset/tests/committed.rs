//! The files below `datasets/` are what the program makes, and nothing else.
//!
//! `HMS_UPDATE_DATASETS=1 cargo test -p hms-dataset` writes those that differ; the commit then says why they changed.
#![expect(clippy::disallowed_methods, reason = "tests may read the environment and files; the crate may not")]
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

use std::io::Read;
use std::path::{Path, PathBuf};

use hms_dataset::import::{self, Format, Imported, Source};
use hms_dataset::parameters::{Families, FaultModel, ParameterFile};
use hms_dataset::rates::CountSeries;
use hms_dataset::rtt::RttMatrix;
use hms_dataset::synth::{self, Plan, Start, Synthesised};
use hms_dataset::trace::{FaultTrace, TraceMeta};
use hms_machine::{Duration, Seed};

fn committed(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn assert_committed(path: &str, made: &str) {
    let path = committed(path);
    if std::env::var("HMS_UPDATE_DATASETS").is_ok() {
        std::fs::write(&path, made).unwrap();
    }
    let found = read(&path);
    let line = found.lines().zip(made.lines()).position(|(found, made)| found != made);
    assert!(
        found == made,
        "{} differs from what the program makes, first at line {:?}",
        path.display(),
        line.map(|line| line + 1)
    );
}

fn parameters(name: &str) -> ParameterFile {
    let path = committed(&format!("parameters/{name}.toml"));
    ParameterFile::parse(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn plan(nodes: u32, days: u64) -> Plan {
    Plan { nodes, length: Duration::from_secs(86_400 * days), seed: Seed(1), start: Start::Stationary }
}

fn assert_trace(name: &str, file: &str, model: Option<&str>, plan: Plan) -> FaultTrace {
    let Ok(Synthesised::Trace(trace)) = synth::synthesise(&parameters(file), model, &plan) else { panic!("{file} {model:?}") };
    assert_committed(&format!("synthetic/{name}.csv"), &trace.to_csv());
    assert_committed(&format!("synthetic/{name}.meta.json"), &trace.meta.to_json());
    let meta = TraceMeta::from_json(&read(&committed(&format!("synthetic/{name}.meta.json")))).unwrap();
    assert_eq!(FaultTrace::from_csv(&trace.to_csv(), meta).unwrap(), trace);
    trace
}

#[test]
fn a_year_of_a_los_alamos_system_is_what_synth_makes() {
    let trace = assert_trace("lanl-sys02-year", "lanl", None, plan(49, 365));
    let summary = trace.summary();
    assert!((900..1_600).contains(&summary.rows) && summary.bursts.share_of_rows > 0.1, "{summary:?}");
}

#[test]
fn a_week_of_web_sites_is_what_synth_makes() {
    assert_trace("websites02-week", "fta", Some("websites02-weibull"), plan(20, 7));
}

#[test]
fn a_year_of_slow_drives_is_what_synth_makes() {
    let trace = assert_trace("slow-drives-year", "drives", Some("slow-drive"), plan(10_000, 365));
    assert!(trace.rows().iter().all(|row| row.param.is_some_and(|factor| factor >= 1.0) && row.duration.is_none()));
}

#[test]
fn a_day_of_requests_is_what_synth_makes() {
    let file = parameters("load-and-wan");
    let Ok(Synthesised::Counts(counts)) = synth::synthesise(&file, Some("diurnal-day"), &plan(1, 1)) else { panic!() };
    assert_committed("synthetic/requests-diurnal-day.txt", &counts.to_text());
    assert_eq!(CountSeries::parse(&counts.to_text()), Ok(counts));
}

#[test]
fn the_round_trip_times_of_five_regions_are_what_synth_makes() {
    let file = parameters("load-and-wan");
    let Ok(Synthesised::Rtt(matrix)) = synth::synthesise(&file, Some("five-regions"), &plan(1, 1)) else { panic!() };
    assert_committed("synthetic/rtt-5-regions.csv", &matrix.to_csv());
    assert_eq!(RttMatrix::from_csv(&matrix.to_csv()), Ok(matrix));
}

#[test]
fn every_file_of_parameters_is_read_and_every_model_makes_something() {
    for entry in std::fs::read_dir(committed("parameters")).unwrap() {
        let path = entry.unwrap().path();
        let file = ParameterFile::parse(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), file.name);
        assert!(!file.citation.is_empty() && file.model(None).is_ok(), "{}", path.display());
        for model in file.models() {
            let made = synth::synthesise(&file, Some(model.name()), &plan(10, 1));
            assert!(made.is_ok(), "{}, {}: {made:?}", path.display(), model.name());
        }
    }
}

fn original(format: Format, file: &str) -> Option<String> {
    let root = std::env::var("HMS_DATASETS")
        .map_or_else(|_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/datasets")), PathBuf::from);
    let path = root.join(format.info().folder).join(file);
    if !path.is_file() {
        println!("skipped: {} is not there; point HMS_DATASETS at the published data (datasets/README.md)", path.display());
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    if !file.ends_with(".gz") {
        return Some(String::from_utf8(bytes).unwrap());
    }
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn the_failure_trace_archives_parameters_are_what_the_importer_makes() {
    let Some(text) = original(Format::Fta, "fta_params.csv") else { return };
    let Ok(Imported::Parameters(file)) = import::import(Format::Fta, &Source::new("fta_params", &text)) else { panic!() };
    assert_committed("parameters/fta.toml", &file.to_toml());
}

#[test]
fn los_alamos_parameters_are_the_fits_to_each_system() {
    let Some(text) = original(Format::Lanl, "lanl_failures.csv.gz") else { return };
    let Ok(Imported::Trace(trace)) = import::import(Format::Lanl, &Source::new("lanl_failures", &text)) else { panic!() };
    let fitted = |name: &str, part: &FaultTrace| {
        let source = format!("maximum likelihood on {} records", part.rows().len());
        FaultModel::fitted(name, &source, part, Families::default())
    };
    let systems = trace.meta.population_by_system.keys();
    let models = systems.filter_map(|system| fitted(system, &trace.within_domain(&format!("lanl/{system}"))).ok());
    let file = ParameterFile {
        name: "lanl".to_owned(),
        description: "Node failures of Los Alamos' clusters 1996-2005, one model for each system of the file with enough records, and one for all"
            .to_owned(),
        citation: "Los Alamos National Laboratory, failure data 1996-2005, LA-UR-05-7318; B. Schroeder, G. Gibson, \"A large-scale study of \
                   failures in high-performance computing systems\", DSN 2006"
            .to_owned(),
        licence: Some("LA-UR-05-7318: unlimited release; users are asked to recognise Los Alamos".to_owned()),
        default: Some("sys02".to_owned()),
        fault_models: models.chain(fitted("all", &trace)).collect(),
        ..ParameterFile::default()
    };
    assert_committed("parameters/lanl.toml", &file.to_toml());
}
