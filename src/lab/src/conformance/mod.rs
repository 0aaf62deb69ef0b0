//! Scenario lines: behaviour of single components, stated as data and judged by the real components.
//!
//! Picture a driving test. Each line is one candidate's course: a component `c` as it is set up, and steps at simulated times with what is to be
//! seen. Behavioural suites of other projects (OTP's supervisors, Pekko's detector, resilience4j's breakers, memberlist's timers) are
//! converted to such lines by whoever holds them, and piped in. The grammar, with an example of every operation, is [`GRAMMAR`].
//!
//! Nothing here is a copy of a component: a line drives the policies of `hms-stack` as the node does.

mod anomaly;
mod breaker;
mod breaker_setup;
mod phi;
mod read;
mod supervisor;
mod supervisor_setup;
mod suspicion;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

/// The complete grammar, as a page.
pub const GRAMMAR: &str = include_str!("grammar.md");

/// The components that lines may be about.
pub const COMPONENTS: [&str; 5] = ["phi", "suspicion", "breaker", "supervisor", "anomaly"];

/// How a line came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything was as expected.
    Holds,
    /// Something was not.
    Broken(Difference),
}

/// The first thing that was not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Position of the step, from 0; `None` for a line of a single operation.
    pub step: Option<usize>,
    /// What the line says.
    pub expected: Value,
    /// What the component says.
    pub got: Value,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct LineError {
    /// Where in the line: `c`, `init.window`, `steps[2].op`.
    pub place: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl LineError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        LineError { place: place.into(), message: message.into() }
    }
}

impl Verdict {
    /// The verdict as it is printed for line number `line`, from 1.
    pub fn to_json(&self, line: usize) -> Value {
        match self {
            Verdict::Holds => json!({"line": line, "ok": true}),
            Verdict::Broken(Difference { step: Some(step), expected, got }) => {
                json!({"line": line, "ok": false, "step": step, "expected": expected, "got": got})
            }
            Verdict::Broken(Difference { step: None, expected, got }) => {
                json!({"line": line, "ok": false, "expected": expected, "got": got})
            }
        }
    }
}

/// Judges one line.
///
/// # Errors
/// If it is not JSON, or holds a component, an operation or a key that is not known, or a value of the wrong type or range.
pub fn judge(text: &str) -> Result<Verdict, LineError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| LineError::new(format!("column {}", error.column()), format!("not JSON: {error}")))?;
    let Value::Object(mut line) = value else {
        return Err(LineError::new("line", "expected an object such as {\"c\": \"phi\", \"init\": …, \"steps\": […]}"));
    };
    let known = COMPONENTS.join(", ");
    let component = match line.remove("c") {
        Some(Value::String(component)) => component,
        Some(other) => return Err(LineError::new("c", format!("expected the name of a component, found {other}"))),
        None => return Err(LineError::new("c", format!("the component is missing: one of {known}"))),
    };
    match component.as_str() {
        "phi" => phi::judge(line),
        "suspicion" => suspicion::judge(line),
        "breaker" => breaker::judge(line),
        "supervisor" => supervisor::judge(line),
        "anomaly" => anomaly::judge(line),
        other => Err(LineError::new("c", format!("unknown component `{other}`: one of {known}"))),
    }
}

/// The difference, if there is one.
fn differ(step: impl Into<Option<usize>>, expected: impl Into<Value>, got: impl Into<Value>) -> Option<Verdict> {
    let (expected, got) = (expected.into(), got.into());
    (expected != got).then(|| Verdict::Broken(Difference { step: step.into(), expected, got }))
}

/// The difference of two numbers, if it is greater than the tolerance.
fn differ_by(step: impl Into<Option<usize>>, expected: f64, got: f64, tolerance: f64) -> Option<Verdict> {
    // Written so that a result that is not a number never holds.
    let holds = (got - expected).abs() <= tolerance;
    (!holds).then(|| Verdict::Broken(Difference { step: step.into(), expected: expected.into(), got: got.into() }))
}
