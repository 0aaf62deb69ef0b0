//! What the pictures show of a run, read from its tables.

use hms_trial::Outcome;
use polars::prelude::DataFrame;

use crate::inputs::Inputs;
use crate::results::{Results, ResultsError, Table, frame};

/// A run, as far as pictures show it. Times are seconds since its start.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Name of the scenario.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// Its length.
    pub length: f64,
    /// Until then the cluster warms up: objectives do not count it.
    pub warmup: f64,
    /// Faults that began, in order of their beginning.
    pub faults: Vec<Fault>,
    /// The series.
    pub intervals: Vec<Interval>,
    /// Latencies.
    pub curves: Vec<Curve>,
    /// Requests answered over those made, where there were any.
    pub availability: Option<f64>,
}

/// A fault and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Kind, as in a scenario file.
    pub kind: String,
    /// Whom it struck.
    pub victims: String,
    /// When it began.
    pub start: f64,
    /// When it ended; none if it lasts beyond the run; equal to the start of one that strikes in an instant.
    pub end: Option<f64>,
    /// When a node noticed first.
    pub noticed: Option<f64>,
    /// When nothing of it was left.
    pub recovered: Option<f64>,
}

/// What happened in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its beginning.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// Requests answered in time by the services themselves.
    pub succeeded: f64,
    /// Requests answered in time with a substitute.
    pub degraded: f64,
    /// Requests that ended otherwise.
    pub failed: f64,
    /// Median latency, s.
    pub latency_p50: Option<f64>,
    /// 99th percentile, s.
    pub latency_p99: Option<f64>,
}

/// A histogram of latencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The load.
    pub load: String,
    /// Whether it holds only those answered in time; otherwise all that ended.
    pub answered: bool,
    /// Upper end (s) and count of each bucket that is not empty, ascending.
    pub buckets: Vec<(f64, u64)>,
}

impl Run {
    /// Reads the tables of a folder.
    ///
    /// # Errors
    /// [`ResultsError::Table`] and [`ResultsError::Io`].
    pub fn read(results: &Results) -> Result<Run, ResultsError> {
        let scenario: toml::Table = results.manifest().scenario_text.parse().unwrap_or_default();
        let written = scenario.get("run").and_then(|run| run.get("warmup")).and_then(toml::Value::as_str);
        let warmup = written.and_then(|text| hms_scenario::parse_time(text).ok()).unwrap_or_default();
        Ok(Run { warmup: warmup.as_secs_f64(), ..Run::from_tables(&|table| results.table(table))? })
    }

    /// Takes the tables of a run that was not written.
    pub fn of(inputs: &Inputs, outcome: &Outcome) -> Run {
        let made = Run::from_tables(&|table| Ok(frame(table, inputs, outcome)));
        let made = made.expect("frames that were just made have their columns");
        Run { warmup: inputs.scenario().run.warmup.as_secs_f64(), ..made }
    }

    fn from_tables(table: &dyn Fn(Table) -> Result<DataFrame, ResultsError>) -> Result<Run, ResultsError> {
        let runs = table(Table::Runs)?;
        let mut faults = faults(&table(Table::Incidents)?);
        faults.sort_by(|one, other| one.start.total_cmp(&other.start));
        Ok(Run {
            scenario: texts(&runs, "scenario").pop().unwrap_or_default(),
            seed: runs.column("seed").and_then(|column| column.u64()).expect(CHECKED).first().unwrap_or_default(),
            length: seconds(&runs, "simulated_ns").pop().flatten().unwrap_or_default(),
            warmup: 0.0,
            faults,
            intervals: intervals(&table(Table::Series)?),
            curves: curves(&table(Table::Latencies)?),
            availability: floats(&runs, "availability").pop().flatten(),
        })
    }

    /// What is said below the title of every picture.
    pub(super) fn subtitle(&self) -> String {
        let length = match self.length {
            length if length < 300.0 => format!("{length:.0} s"),
            length if length < 3.0 * 3600.0 => format!("{:.0} min", length / 60.0),
            length if length < 4.0 * 86_400.0 => format!("{:.0} h", length / 3600.0),
            length => format!("{:.0} days", length / 86_400.0),
        };
        let faults = match self.faults.len() {
            1 => "1 fault".to_owned(),
            count => format!("{count} faults"),
        };
        let answered = self.availability.map(|share| format!(", {:.2} % of requests answered in time", share * 100.0));
        format!("seed {}, {length} simulated, {faults}{}", self.seed, answered.unwrap_or_default())
    }

    /// The series in at most `most` intervals: counts are added up, of latencies the largest is kept.
    pub(super) fn folded(&self, most: usize) -> Vec<Interval> {
        let size = self.intervals.len().div_ceil(most).max(1);
        let larger = |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).reduce(f64::max);
        let join = |one: Interval, other: &Interval| Interval {
            from: one.from,
            to: other.to,
            succeeded: one.succeeded + other.succeeded,
            degraded: one.degraded + other.degraded,
            failed: one.failed + other.failed,
            latency_p50: larger(one.latency_p50, other.latency_p50),
            latency_p99: larger(one.latency_p99, other.latency_p99),
        };
        self.intervals.chunks(size).map(|part| part[1..].iter().fold(part[0], join)).collect()
    }
}

impl Interval {
    /// Requests answered in time, with substitutes or without.
    pub(super) fn answered(&self) -> f64 {
        self.succeeded + self.degraded
    }

    /// Requests that ended.
    pub(super) fn ended(&self) -> f64 {
        self.answered() + self.failed
    }
}

fn faults(incidents: &DataFrame) -> Vec<Fault> {
    let (start, end) = (seconds(incidents, "start_ns"), seconds(incidents, "end_ns"));
    let (noticed, recovered) = (seconds(incidents, "detected_ns"), seconds(incidents, "recovered_ns"));
    let (kinds, victims) = (texts(incidents, "kind"), texts(incidents, "victims"));
    let rows = kinds.into_iter().zip(victims).enumerate();
    rows.map(|(row, (kind, victims))| Fault {
        kind: kind.replace('_', " "),
        victims,
        start: start[row].unwrap_or_default(),
        end: end[row],
        noticed: noticed[row],
        recovered: recovered[row],
    })
    .collect()
}

fn intervals(series: &DataFrame) -> Vec<Interval> {
    let ends = seconds(series, "time_ns");
    let [succeeded, degraded, failed] = ["succeeded", "degraded", "failed"].map(|column| integers(series, column));
    let (p50, p99) = (floats(series, "latency_p50_s"), floats(series, "latency_p99_s"));
    let mut from = 0.0;
    let rows = ends.into_iter().enumerate().map(|(row, end)| {
        let to = end.unwrap_or_default();
        let count = |column: &[Option<i64>]| column[row].unwrap_or_default() as f64;
        let interval = Interval {
            from,
            to,
            succeeded: count(&succeeded),
            degraded: count(&degraded),
            failed: count(&failed),
            latency_p50: p50[row],
            latency_p99: p99[row],
        };
        from = to;
        interval
    });
    rows.filter(|interval| interval.to > interval.from).collect()
}

fn curves(latencies: &DataFrame) -> Vec<Curve> {
    let (loads, requests) = (texts(latencies, "load"), texts(latencies, "requests"));
    let (ends, counts) = (floats(latencies, "latency_s"), integers(latencies, "count"));
    let mut curves: Vec<Curve> = Vec::new();
    for (row, (load, requests)) in loads.into_iter().zip(requests).enumerate() {
        let answered = requests == "answered";
        let bucket = (ends[row].unwrap_or_default(), counts[row].unwrap_or_default().unsigned_abs());
        match curves.last_mut().filter(|curve| curve.load == load && curve.answered == answered) {
            Some(curve) => curve.buckets.push(bucket),
            None => curves.push(Curve { load, answered, buckets: vec![bucket] }),
        }
    }
    curves
}

/// Why the columns below are there: the schema was checked when the table was read.
const CHECKED: &str = "a table that was read has its documented columns";

fn integers(frame: &DataFrame, name: &str) -> Vec<Option<i64>> {
    frame.column(name).and_then(|column| column.i64()).expect(CHECKED).iter().collect()
}

fn floats(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    frame.column(name).and_then(|column| column.f64()).expect(CHECKED).iter().collect()
}

/// A column of nanoseconds.
fn seconds(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    integers(frame, name).into_iter().map(|value| value.map(|nanos| nanos as f64 / 1e9)).collect()
}

fn texts(frame: &DataFrame, name: &str) -> Vec<String> {
    let texts = frame.column(name).and_then(|column| column.str()).expect(CHECKED);
    texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}
