//! Reading lines: strict about keys and ranges, and exact about the place of a mistake.

use hms_machine::{Duration, Instant};
use hms_stack::{Tunable, Value as Setting, Visitor};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value, json};

use super::LineError;

/// A line of a component with a set-up and steps.
pub(super) struct Course<Init, Step> {
    pub(super) init: Init,
    pub(super) steps: Vec<Timed<Step>>,
}

/// A step and its time.
pub(super) struct Timed<Step> {
    pub(super) at: Instant,
    pub(super) step: Step,
}

/// Reads `init` and `steps` and nothing else.
pub(super) fn course<Init: DeserializeOwned, Step: DeserializeOwned>(
    mut line: Map<String, Value>,
) -> Result<Course<Init, Step>, LineError> {
    let init = read("init", line.remove("init").unwrap_or_else(|| json!({})))?;
    let steps = match line.remove("steps") {
        Some(Value::Array(steps)) => steps,
        Some(other) => return Err(LineError::new("steps", format!("expected a list of steps, found {other}"))),
        None => return Err(LineError::new("steps", "the list of steps is missing")),
    };
    no_more(&line, "init and steps")?;
    let mut now = Instant::ZERO;
    let mut timed = Vec::with_capacity(steps.len());
    for (index, step) in steps.into_iter().enumerate() {
        let place = format!("steps[{index}]");
        let mut step = object(&place, step)?;
        if let Some(at) = step.remove("at").or_else(|| step.remove("at_ms")) {
            let at = Instant::ZERO + read::<Millis>(&format!("{place}.at"), at)?.0;
            if at < now {
                return Err(LineError::new(format!("{place}.at"), format!("{at} is before the step before it, at {now}")));
            }
            now = at;
        }
        timed.push(Timed { at: now, step: operation(&place, step)? });
    }
    Ok(Course { init, steps: timed })
}

/// An operation: the variant of `Step` that `op` names, with the other keys as its fields.
pub(super) fn operation<Step: DeserializeOwned>(place: &str, mut step: Map<String, Value>) -> Result<Step, LineError> {
    let within = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let op = match step.remove("op") {
        Some(Value::String(op)) => op,
        Some(other) => return Err(LineError::new(within("op"), format!("expected the name of an operation, found {other}"))),
        None => return Err(LineError::new(within("op"), "the operation is missing")),
    };
    let mut named = Map::new();
    named.insert(op.clone(), Value::Object(step));
    serde_path_to_error::deserialize(Value::Object(named)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let inside = path.strip_prefix(&op).map_or("", |rest| rest.trim_start_matches('.'));
        if inside.is_empty() && message.starts_with("unknown variant") {
            return LineError::new(within("op"), message.replacen("unknown variant", "unknown operation", 1));
        }
        let place = if inside.is_empty() { place.to_owned() } else { within(inside) };
        LineError::new(if place.is_empty() { "line".to_owned() } else { place }, message)
    })
}

/// Complains of what is left of a line.
pub(super) fn no_more(line: &Map<String, Value>, known: &str) -> Result<(), LineError> {
    match line.keys().next() {
        Some(key) => Err(LineError::new(key, format!("unknown key; known are {known}"))),
        None => Ok(()),
    }
}

/// An object, or an error with its place.
pub(super) fn object(place: &str, value: Value) -> Result<Map<String, Value>, LineError> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(LineError::new(place, format!("expected an object, found {other}"))),
    }
}

/// A value, or an error with its place.
pub(super) fn read<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, LineError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { place.to_owned() } else { format!("{place}.{path}") };
        LineError::new(place, error.inner().to_string())
    })
}

/// A span of time in milliseconds, with fractions if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(pub(super) Duration);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        span(f64::deserialize(deserializer)?, 1e6).map(Millis).map_err(D::Error::custom)
    }
}

/// A span of time in seconds, with fractions if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        span(f64::deserialize(deserializer)?, 1e9).map(Seconds).map_err(D::Error::custom)
    }
}

fn span(number: f64, unit: f64) -> Result<Duration, String> {
    let nanos = number * unit;
    // Simulated time ends after 584 years.
    if nanos.is_finite() && (0.0..=u64::MAX as f64).contains(&nanos) {
        Ok(Duration::from_nanos_f64(nanos.round()))
    } else {
        Err(format!("{number} is no span of time"))
    }
}

/// The name of something: text, or a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Name(name)),
            Value::Number(number) => Ok(Name(number.to_string())),
            other => Err(D::Error::custom(format!("expected a name, found {other}"))),
        }
    }
}

/// Finds values that a component would not take from a file either.
#[derive(Default)]
pub(super) struct Ranges(Vec<String>);

impl Visitor for Ranges {
    fn visit(&mut self, tunable: &Tunable, value: &mut Setting) {
        if !tunable.admits(*value) {
            self.0.push(format!("{} = {value} is out of its range, {} to {}", tunable.name, tunable.low, tunable.high));
        }
    }
}

impl Ranges {
    /// The first such value as an error about `init`.
    pub(super) fn check(self) -> Result<(), LineError> {
        match self.0.into_iter().next() {
            Some(message) => Err(LineError::new("init", message)),
            None => Ok(()),
        }
    }
}
