//! `anomaly`: detection of what is unusual in a series, against labelled windows.
//!
//! Every point goes to [`AnomalyDetector::observe`]; the detections are joined with the windows by [`Fit::of`]. Precision is the share of alarms
//! that were right, recall the share of windows found, and the score is their harmonic mean (F1).

use hms_machine::{Duration, Instant};
use hms_stack::health::anomaly::{AnomalyConfiguration, AnomalyDetector, Fit};
use hms_stack::{Tunable, Value as Setting, Visitor};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read::{Millis, Ranges, object, read};
use super::{Difference, LineError, Verdict};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    points: Vec<Point>,
    /// Time between points that are numbers alone.
    every_ms: Option<Millis>,
    #[serde(default)]
    windows: Vec<(Millis, Millis)>,
    /// Alarms outside every window that follow the one before within this are one.
    pause_ms: Option<Millis>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Point {
    Value(f64),
    At(Millis, f64),
}

/// Each is a least value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    precision: Option<f64>,
    recall: Option<f64>,
    #[serde(alias = "f1")]
    score: Option<f64>,
}

pub(super) fn judge(mut line: Map<String, Value>) -> Result<Verdict, LineError> {
    let init = object("init", line.remove("init").unwrap_or_else(|| json!({})))?;
    let line: Line = serde_path_to_error::deserialize(Value::Object(line))
        .map_err(|error| LineError::new(error.path().to_string(), error.inner().to_string()))?;
    let mut detector = AnomalyDetector::new(&configuration(init)?);
    let mut detections = Vec::new();
    let mut last = Instant::ZERO;
    for (index, point) in line.points.into_iter().enumerate() {
        let place = || format!("points[{index}]");
        let (at, value) = match (point, line.every_ms) {
            (Point::At(at, value), None) => (Instant::ZERO + at.0, value),
            (Point::Value(value), Some(every)) => (Instant::ZERO + every.0 * index as u64, value),
            (Point::At(..), Some(_)) => {
                return Err(LineError::new(place(), "points with times do not go together with every_ms"));
            }
            (Point::Value(_), None) => return Err(LineError::new(place(), "expected [time_ms, value], or state every_ms")),
        };
        if at < last {
            return Err(LineError::new(place(), format!("{at} is before the point before it, at {last}")));
        }
        last = at;
        detections.extend(detector.observe(value, at).map(|found| found.at));
    }
    let mut windows = Vec::with_capacity(line.windows.len());
    for (index, (from, to)) in line.windows.into_iter().enumerate() {
        if to.0 < from.0 {
            return Err(LineError::new(format!("windows[{index}]"), "it ends before it begins"));
        }
        windows.push((Instant::ZERO + from.0, Instant::ZERO + to.0));
    }
    let pause = line.pause_ms.map_or(Duration::ZERO, |span| span.0);
    Ok(compare(&line.expect, Fit::of(&detections, &windows, pause)))
}

fn compare(expect: &Expect, fit: Fit) -> Verdict {
    let (precision, recall) = (fit.precision(), fit.recall());
    let score = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    let asked = [("precision", expect.precision, precision), ("recall", expect.recall, recall), ("score", expect.score, score)];
    let (mut expected, mut got, mut holds) = (Map::new(), Map::new(), true);
    for (name, least, found) in asked {
        let Some(least) = least else { continue };
        holds &= found >= least;
        expected.insert(name.to_owned(), json!(least));
        got.insert(name.to_owned(), json!(found));
    }
    if holds { Verdict::Holds } else { Verdict::Broken(Difference { step: None, expected: expected.into(), got: got.into() }) }
}

/// The parameters of the component `anomaly` by their own names.
fn configuration(mut init: Map<String, Value>) -> Result<AnomalyConfiguration, LineError> {
    struct Assign<'a> {
        init: &'a mut Map<String, Value>,
        error: Option<LineError>,
    }
    impl Visitor for Assign<'_> {
        fn visit(&mut self, tunable: &Tunable, value: &mut Setting) {
            let name = tunable.name.trim_start_matches("anomaly.");
            let Some(given) = self.init.remove(name) else { return };
            match setting(tunable, given, &format!("init.{name}")) {
                Ok(setting) => *value = setting,
                Err(error) => self.error = self.error.take().or(Some(error)),
            }
        }
    }
    let mut configuration = AnomalyConfiguration::default();
    let mut assign = Assign { init: &mut init, error: None };
    configuration.walk(&mut assign);
    if let Some(error) = assign.error {
        return Err(error);
    }
    if let Some(key) = init.keys().next() {
        return Err(LineError::new(format!("init.{key}"), "unknown key; known are the parameters of the component anomaly"));
    }
    let mut ranges = Ranges::default();
    configuration.walk(&mut ranges);
    ranges.check()?;
    Ok(configuration)
}

fn setting(tunable: &Tunable, given: Value, place: &str) -> Result<Setting, LineError> {
    match tunable.default {
        Setting::Duration(_) => read::<Millis>(place, given).map(|span| Setting::Duration(span.0)),
        Setting::Integer(_) => read(place, given).map(Setting::Integer),
        Setting::Real(_) => read(place, given).map(Setting::Real),
        Setting::Switch(_) => read(place, given).map(Setting::Switch),
        Setting::Choice(_) => {
            let name = read::<String>(place, given)?.replace('_', "-");
            let known = tunable.choices.iter().find(|known| **known == name);
            let unknown = || LineError::new(place, format!("`{name}` is not known: one of {}", tunable.choices.join(", ")));
            known.map(|known| Setting::Choice(known)).ok_or_else(unknown)
        }
    }
}
