//! Synthetic traces have the distributions that were asked for.
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

use hms_dataset::fit::{self, Family, Model};
use hms_dataset::parameters::{Families, FaultModel, ParameterError, ParameterFile};
use hms_dataset::synth::{self, Plan, Start, Synthesised};
use hms_dataset::trace::{Cause, FaultTrace, TraceKind};
use hms_machine::{Duration, Instant, Seed};

const BETWEEN: &str = "between_starts = { unit = \"h\", law = { family = \"weibull\", shape = 0.7, scale = 30.0 } }\n";
const REPAIR: &str = "repair = { unit = \"s\", law = { family = \"lognormal\", mu = 7.5, sigma = 1.2 } }\n";

fn file(model: &str) -> ParameterFile {
    let head = "version = 1\nname = \"test\"\ndescription = \"\"\ncitation = \"none\"\n";
    ParameterFile::parse(&format!("{head}[[fault_model]]\nname = \"m\"\nsource = \"none\"\n{model}")).unwrap()
}

fn plan(nodes: u32, days: u64) -> Plan {
    Plan { nodes, length: Duration::from_secs(86_400 * days), seed: Seed(42), start: Start::Stationary }
}

fn trace(model: &str, plan: Plan) -> FaultTrace {
    match synth::synthesise(&file(model), None, &plan) {
        Ok(Synthesised::Trace(trace)) => trace,
        other => panic!("{other:?}"),
    }
}

fn assert_close(found: f64, expected: f64, share: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < share, "{what}: found {found}, expected {expected} within {share}");
}

#[test]
fn a_fit_to_a_synthetic_trace_gives_its_parameters_back() {
    let trace = trace(&format!("{BETWEEN}{REPAIR}causes = {{ hardware = 0.6, software = 0.3 }}"), plan(20, 1_200));
    let model = FaultModel::fitted("again", "", &trace, Families::default()).unwrap();
    let Model::Weibull { shape, scale } = model.between_starts.unwrap().in_seconds() else { panic!() };
    let Model::LogNormal { mu, sigma } = model.repair.unwrap().in_seconds() else { panic!() };
    // About 15,000 gaps: standard errors of 0.6 % for the shape, 1.2 % for the scale; the end of the trace cuts off one gap in 760.
    assert_close(shape, 0.7, 0.02, "shape");
    assert_close(scale, 30.0 * 3_600.0, 0.04, "scale");
    assert_close(mu, 7.5, 0.01, "mu");
    assert_close(sigma, 1.2, 0.02, "sigma");
    assert_close(model.causes[&Cause::Hardware], 0.6, 0.03, "hardware");
    assert_close(model.causes[&Cause::Software], 0.3, 0.05, "software");
    assert_eq!(model.bursts, None);
    assert_eq!(fit::fit(&trace.summary().node_interarrival.unwrap().values).unwrap().best().model.family(), Family::Weibull);
}

#[test]
fn bursts_have_the_share_and_size_that_were_asked_for_and_keep_the_rate() {
    let alone = trace(&format!("{BETWEEN}{REPAIR}"), plan(100, 400));
    let bursts = "bursts = { share = 0.15, nodes_mean = 6.1 }\n";
    let together = trace(&format!("{BETWEEN}{REPAIR}{bursts}"), plan(100, 400));
    assert_close(together.rows().len() as f64, alone.rows().len() as f64, 0.03, "rows");
    let found = together.summary().bursts;
    assert_close(found.share_of_rows, 0.15, 0.1, "share");
    assert_close(found.nodes_mean, 6.1, 0.1, "nodes");
    let grouped = together.rows().iter().filter(|row| row.group.is_some()).count();
    assert_close(grouped as f64 / together.rows().len() as f64, found.share_of_rows, 0.02, "rows with a group number");
}

#[test]
fn bursts_stay_within_their_domain() {
    let trace = trace(&format!("{BETWEEN}{REPAIR}bursts = {{ share = 0.5, nodes_mean = 3.0, domain_nodes = 4 }}"), plan(40, 30));
    for row in trace.rows() {
        assert_eq!(row.domain, format!("synth/m/d{:03}/n{:04}", row.node / 4, row.node));
    }
    let mut domains: std::collections::BTreeMap<u32, std::collections::BTreeSet<u32>> = Default::default();
    for row in trace.rows() {
        if let Some(group) = row.group {
            domains.entry(group).or_default().insert(row.node / 4);
        }
    }
    assert!(domains.len() > 50 && domains.values().all(|domains| domains.len() == 1), "{domains:?}");
}

#[test]
fn a_stationary_start_has_the_same_rate_from_the_first_day_and_a_fresh_one_has_not() {
    let model =
        format!("between_starts = {{ unit = \"d\", law = {{ family = \"weibull\", shape = 0.5, scale = 50.0 }} }}\n{REPAIR}");
    let first_day = |start| {
        let rows = trace(&model, Plan { start, ..plan(20_000, 1) }).rows().len();
        rows as f64 / 20_000.0
    };
    // Mean gap 100 days, so 0.01 a day. Fresh: P(gap < 1 day) = 1 − exp(−√(1/50)) = 0.132, and a node may fail again the same day.
    assert_close(first_day(Start::Stationary), 0.01, 0.3, "stationary");
    assert!((0.13..0.17).contains(&first_day(Start::Fresh)), "{}", first_day(Start::Fresh));
}

#[test]
fn up_and_repair_times_alternate_at_their_availability_from_time_zero_on() {
    let model = "up_time = { unit = \"h\", law = { family = \"lognormal\", mu = 1.0, sigma = 1.0 } }\n\
        repair = { unit = \"h\", law = { family = \"gamma\", shape = 0.5, scale = 2.0 } }";
    let trace = trace(model, plan(3_000, 10));
    let availability = 4.4817 / (4.4817 + 1.0);
    let found = |from: u64, length: u64| {
        trace.availability(TraceKind::Crash, Instant::ZERO + Duration::from_secs(from), Duration::from_secs(length))
    };
    assert_close(1.0 - found(0, 60), 1.0 - availability, 0.1, "down in the first minute");
    assert_close(1.0 - found(0, 864_000), 1.0 - availability, 0.03, "down in ten days");
    assert_eq!(trace.merged().rows().len(), trace.rows().len(), "faults of a node never overlap");
}

#[test]
fn a_longer_trace_begins_like_a_shorter_one_and_more_nodes_leave_the_first_as_they_are() {
    let model = format!("{BETWEEN}{REPAIR}");
    let short = trace(&model, plan(5, 20));
    let long = trace(&model, plan(5, 40));
    assert_eq!(short.rows(), &long.rows()[..short.rows().len()]);
    let wide = trace(&model, plan(9, 20));
    let first: Vec<_> = wide.rows().iter().filter(|row| row.node < 5).cloned().collect();
    assert_eq!(short.rows(), first);
}

#[test]
fn seeds_and_only_seeds_change_a_trace() {
    let model = format!("{BETWEEN}{REPAIR}bursts = {{ share = 0.2, nodes_mean = 3.0 }}");
    let of = |seed| trace(&model, Plan { seed: Seed(seed), ..plan(10, 30) }).to_csv();
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn a_plan_that_would_never_end_is_refused() {
    let model = format!("between_starts = {{ unit = \"ms\", law = {{ family = \"exponential\", mean = 1e-3 }} }}\n{REPAIR}");
    let error = synth::synthesise(&file(&model), None, &plan(10, 365)).unwrap_err();
    assert!(matches!(error, ParameterError::TooMany { .. }), "{error}");
    let error = synth::synthesise(&file(&format!("{BETWEEN}{REPAIR}")), None, &plan(0, 1)).unwrap_err();
    assert_eq!(error.to_string(), "nodes: expected at least one node, found 0");
}
