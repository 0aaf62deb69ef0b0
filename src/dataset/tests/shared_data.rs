//! The importers and fits against the published data, where a copy is at hand: `HMS_DATASETS`, else `../shared/datasets` beside the
//! repository. Without it each test says so and passes.
#![expect(clippy::disallowed_methods, reason = "tests may read the environment and files; the crate may not")]
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

use std::io::Read;
use std::path::PathBuf;

use hms_dataset::fit::{self, Family, Model};
use hms_dataset::import::{self, Format, Imported, Source};
use hms_dataset::trace::{Cause, FaultTrace, Sample, TraceKind, TraceMeta};
use hms_machine::{Duration, Instant};
use serde_json::Value;

fn folder(format: Format) -> Option<PathBuf> {
    let root = std::env::var("HMS_DATASETS")
        .map_or_else(|_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/datasets")), PathBuf::from);
    let folder = root.join(format.info().folder);
    if !folder.is_dir() {
        println!("skipped: {} is not there; point HMS_DATASETS at the published data (datasets/README.md)", folder.display());
        return None;
    }
    Some(folder)
}

fn text(path: PathBuf) -> String {
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}

fn trace(format: Format, name: &str, text: &str) -> FaultTrace {
    match import::import(format, &Source::new(name, text)) {
        Ok(Imported::Trace(trace)) => trace,
        other => panic!("{other:?}"),
    }
}

fn assert_golden_conversion(format: Format, file: &str) -> Option<(FaultTrace, Value)> {
    let folder = folder(format)?;
    let trace = trace(format, file, &text(folder.join(format!("{file}.csv.gz"))));
    let golden = text(folder.join("canonical_ref.csv.gz"));
    for (line, (found, expected)) in trace.to_csv().lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", line + 1);
    }
    assert_eq!(trace.to_csv().len(), golden.len());
    assert_eq!(FaultTrace::from_csv(&golden, trace.meta.clone()).unwrap(), trace);

    let meta = TraceMeta::from_json(&text(folder.join("canonical_ref.meta.json"))).unwrap();
    assert_eq!(TraceMeta { name: trace.meta.name.clone(), ..meta }, trace.meta);
    let statistics = serde_json::from_str(&text(folder.join("STATS.json"))).unwrap();
    Some((trace, statistics))
}

fn assert_near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}: {expected} is no number"));
    assert!((found - expected).abs() <= tolerance, "{what}: found {found}, published {expected}");
}

/// Published figures are rounded: means to 0.1 s, shares to four places, parameters to three.
fn assert_sample(sample: &Sample, published: &Value, what: &str) {
    assert_near(sample.values.len() as f64, &published["n"], 0.0, what);
    assert_near(sample.mean, &published["mean"], 0.051, what);
    assert_near(sample.median, &published["median"], 0.051, what);
    assert_near(sample.zero_fraction, &published["zero_frac"], 0.000_051, what);
    if !published["p95"].is_null() {
        assert_near(sample.p95, &published["p95"], 0.051, what);
    }
    let report = fit::fit(&sample.values).unwrap();
    assert!((report.zero_fraction - sample.zero_fraction).abs() < 1e-12, "{what}");
    assert!((report.mean / sample.mean - 1.0).abs() < 1e-9, "{what}");
    if let Value::Array(published) = &published["weibull_mle_shape_scale_pos_only"] {
        let Model::Weibull { shape, scale } = report.of(Family::Weibull).model else { panic!("{what}") };
        assert_near(shape, &published[0], 0.000_51, what);
        assert_near(scale, &published[1], 1e-4 * scale, what);
    }
    if let Value::Array(published) = &published["lognormal_mle_mu_sigma_pos_only"] {
        let Model::LogNormal { mu, sigma } = report.of(Family::LogNormal).model else { panic!("{what}") };
        assert_near(mu, &published[0], 0.000_51, what);
        assert_near(sigma, &published[1], 0.000_51, what);
    }
}

fn assert_statistics(trace: &FaultTrace, published: &Value, what: &str) {
    let summary = trace.summary();
    assert_near(summary.rows as f64, &published["rows"], 0.0, what);
    assert_near(summary.nodes_with_events as f64, &published["nodes_with_events"], 0.0, what);
    let samples = [
        (&summary.cluster_interarrival, "cluster_interarrival_s"),
        (&summary.node_interarrival, "node_interarrival_s"),
        (&summary.duration, "duration_s"),
    ];
    for (sample, key) in samples {
        match (sample, &published[key]) {
            (None, Value::Null) => {}
            (Some(sample), published) => assert_sample(sample, published, &format!("{what}, {key}")),
            (None, published) => panic!("{what}, {key}: nothing found, published {published}"),
        }
    }
    for cause in Cause::ALL {
        match (summary.cause_share.get(cause), &published["cause_share"][cause.name()]) {
            (None, Value::Null) => {}
            (share, published) => assert_near(share.copied().unwrap_or(0.0), published, 0.000_051, &format!("{what}, {cause}")),
        }
    }
}

#[test]
fn lanl_is_converted_row_for_row_and_its_statistics_and_fits_are_the_published_ones() {
    let Some((trace, statistics)) = assert_golden_conversion(Format::Lanl, "lanl_failures") else { return };
    for (system, published) in statistics.as_object().unwrap() {
        let part = if system == "all" { trace.clone() } else { trace.within_domain(&format!("lanl/{system}")) };
        assert_statistics(&part, published, system);
        assert_near(f64::from(part.population()), &published["population"], 0.0, system);
    }
}

#[test]
fn fifteen_percent_of_lanls_failures_hit_more_than_one_node_at_once() {
    let Some((trace, _)) = assert_golden_conversion(Format::Lanl, "lanl_failures") else { return };
    let bursts = trace.summary().bursts;
    assert!((bursts.share_of_rows - 0.155).abs() < 0.001, "{bursts:?}");
    assert!((bursts.nodes_mean - 6.14).abs() < 0.01 && bursts.nodes_max == 48, "{bursts:?}");
}

#[test]
fn a_lanl_system_replays_on_dense_nodes_with_the_availability_of_its_merged_rows() {
    let Some((trace, _)) = assert_golden_conversion(Format::Lanl, "lanl_failures") else { return };
    let (system, old) = trace.within_domain("lanl/sys02").renumbered();
    assert_eq!((old.len(), system.population()), (49, 49));
    let (from, year) = (Instant::ZERO + Duration::from_secs(5 * 365 * 86_400), Duration::from_secs(365 * 86_400));
    let direct = system.availability(TraceKind::Crash, from, year);
    let replayed = system.merged().window(from, year).availability(TraceKind::Crash, Instant::ZERO, year);
    assert!((direct - replayed).abs() < 1e-12, "{direct} {replayed}");
    assert!((0.98..0.9999).contains(&direct), "{direct}");
}

#[test]
fn alibaba_is_converted_row_for_row_and_its_failures_cluster_on_nodes_and_racks_as_published() {
    let Some((trace, statistics)) = assert_golden_conversion(Format::AlibabaSsd, "ssd_failures_2018") else { return };
    assert_statistics(&trace, &statistics, "alibaba");
    for (key, part) in [("frac_failures_following_same_node_within", 2), ("frac_failures_following_same_rack_within", 1)] {
        for (within, seconds) in [("60s", 60), ("30min", 1_800), ("1d", 86_400), ("30d", 30 * 86_400)] {
            let share = trace.following(Duration::from_secs(seconds), |row| row.domain.split('/').nth(part).unwrap().to_owned());
            assert_near(share, &statistics[key][within], 0.000_051, &format!("{key} {within}"));
        }
    }
}

#[test]
fn every_service_of_the_cloud_uptime_archive_is_read() {
    let Some(folder) = folder(Format::CloudUptime) else { return };
    let mut outages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let trace = trace(Format::CloudUptime, &name, &text(path));
            assert!(trace.rows().iter().all(|row| row.duration.is_some_and(|duration| !duration.is_zero())), "{name}");
            outages += trace.rows().len();
        }
    }
    assert!(outages > 20_000, "{outages}");
}

#[test]
fn the_failure_trace_archives_table_has_nine_systems_of_four_families() {
    let Some(folder) = folder(Format::Fta) else { return };
    let text = text(folder.join("fta_params.csv"));
    let Ok(Imported::Parameters(file)) = import::import(Format::Fta, &Source::new("fta_params", &text)) else { panic!() };
    assert_eq!(file.fault_models.len(), 36);
    assert!(file.fault_models.iter().all(|model| model.up_time.is_some() && model.repair.is_some()));
}

#[test]
fn labelled_perseus_drives_are_slow_and_their_neighbours_are_not() {
    let Some(folder) = folder(Format::Perseus) else { return };
    let labels = text(folder.join("slow_drive_info.csv"));
    let mut slow = Vec::new();
    for name in ["cluster_A_host_1", "cluster_A_host_22", "cluster_A_host_25"] {
        let text = text(folder.join(format!("{name}.csv.gz")));
        let source = Source { name, text: &text, labels: Some(&labels) };
        let Ok(Imported::Slowness(drives)) = import::import(Format::Perseus, &source) else { panic!() };
        assert_eq!(drives.len(), 12);
        for drive in drives {
            let [median, p90, p99] = [0.5, 0.9, 0.99].map(|share| drive.quantile(share));
            if drive.labelled_slow == Some(true) {
                slow.push([median, p90, p99].map(|ratio| (100.0 * ratio) as i32));
            } else {
                assert!((0.95..1.05).contains(&median) && p90 < 1.25 && p99 < 1.5, "{name} {}", drive.drive);
            }
        }
    }
    assert_eq!(slow, [[201, 683, 3950], [179, 537, 2776]], "hundredths: median, p90, p99 of the two labelled drives");
}

#[test]
fn virtual_machines_of_one_size_differ_in_speed() {
    let Some(folder) = folder(Format::VmNoise) else { return };
    let text = text(folder.join("redis_get_rps__short__D8s_v5.csv.gz"));
    let Ok(Imported::Speeds(speeds)) = import::import(Format::VmNoise, &Source::new("redis", &text)) else { panic!() };
    assert!(speeds.len() > 20 && speeds.iter().all(|speed| (0.3..2.0).contains(&speed.mean)), "{speeds:?}");
}

#[test]
fn request_files_are_read_whole() {
    let (Some(nasa), Some(llm), Some(functions)) =
        (folder(Format::RequestsPerSecond), folder(Format::AzureLlm), folder(Format::AzureFunctions))
    else {
        return;
    };
    let read = |format, path: PathBuf| import::import(format, &Source::new("requests", &text(path))).unwrap();
    let Imported::Counts(counts) = read(Format::RequestsPerSecond, nasa.join("requests_per_second.txt.gz")) else { panic!() };
    assert_eq!((counts.length(), counts.peak()), (Duration::from_secs(14 * 86_400), 20));
    let Imported::Arrivals(requests) = read(Format::AzureLlm, llm.join("AzureLLMInferenceTrace_conv.csv")) else { panic!() };
    assert_eq!(requests.as_slice().len(), 19_366);
    assert_eq!(requests.as_slice()[0].size, Some(418));
    let Imported::Arrivals(calls) = read(Format::AzureFunctions, functions.join("Azure2021_200.csv")) else { panic!() };
    assert_eq!(calls.as_slice().len(), 199);
    assert!(calls.as_slice().iter().all(|call| call.service.is_some()));
}

#[test]
fn round_trip_times_are_read_whole_and_holes_are_filled() {
    let (Some(aws), Some(planetlab), Some(seattle)) =
        (folder(Format::RttAws), folder(Format::RttPlanetlab), folder(Format::RttSeattle))
    else {
        return;
    };
    let read = |format, path: PathBuf| match import::import(format, &Source::new("rtt", &text(path))) {
        Ok(Imported::Rtt(matrix)) => matrix,
        other => panic!("{other:?}"),
    };
    let regions = read(Format::RttAws, aws.join("rtt_ms.csv"));
    assert_eq!((regions.len(), regions.missing().len()), (19, 0));
    let (from, to) = (regions.index("af-south-1").unwrap(), regions.index("eu-west-2").unwrap());
    assert_eq!(regions.get(from, to).unwrap().mean, Duration::from_micros(142_524));

    let hosts = read(Format::RttPlanetlab, planetlab.join("PlanetLabData_1.txt.gz"));
    assert_eq!((hosts.len(), hosts.missing().len(), hosts.asymmetry()), (490, 0, None));

    let devices = read(Format::RttSeattle, seattle.join("SeattleData_1.txt.gz"));
    assert_eq!((devices.len(), devices.missing().len()), (99, 65));
    assert!(devices.asymmetry().is_some());
    assert_eq!(devices.completed().missing(), []);
}
