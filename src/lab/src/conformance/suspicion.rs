//! `suspicion`: timers of SWIM with Lifeguard.
//!
//! `remaining` is [`Suspicion::remaining`] and `awareness` drives an [`Awareness`]; both are single operations. A line with `init` and steps at
//! times drives one running [`Suspicion`]: `confirm` is [`Suspicion::confirm`], `fired` and `left` compare the time with
//! [`Suspicion::deadline`].

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant, NodeId};
use hms_stack::health::swim::{Awareness, Bounds, Suspicion};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read::{Course, Millis, Name, Seconds, Timed, course, no_more, object, operation};
use super::{Difference, LineError, Verdict, differ, differ_by};

/// Tolerance of seconds where none is stated: the rule rounds down to whole milliseconds, as memberlist's does.
const TOLERANCE: f64 = 1e-3;

/// Levels of local health where none are stated (memberlist's `AwarenessMaxMultiplier`).
const LEVELS: u32 = 8;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Single {
    #[serde(alias = "suspicion")]
    Remaining {
        #[serde(alias = "confirmations")]
        n: u32,
        #[serde(alias = "expected")]
        k: u32,
        elapsed_s: Option<Seconds>,
        elapsed_ms: Option<Millis>,
        min_s: Option<Seconds>,
        min_ms: Option<Millis>,
        max_s: Option<Seconds>,
        max_ms: Option<Millis>,
        expect: f64,
        #[serde(alias = "tolerance")]
        tol: Option<f64>,
    },
    Awareness {
        deltas: Vec<i32>,
        #[serde(alias = "levels", alias = "max_multiplier")]
        max: Option<u32>,
        timeout_s: Option<Seconds>,
        timeout_ms: Option<Millis>,
        expect: Value,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    /// Who accused first.
    from: Option<Name>,
    #[serde(alias = "expected", alias = "confirmations")]
    k: u32,
    min_s: Option<Seconds>,
    min_ms: Option<Millis>,
    max_s: Option<Seconds>,
    max_ms: Option<Millis>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Confirm {
        from: Name,
        expect: Option<bool>,
    },
    #[serde(alias = "timed_out")]
    Fired {
        expect: bool,
    },
    #[serde(alias = "left_s")]
    Left {
        expect: f64,
        #[serde(alias = "tolerance")]
        tol: Option<f64>,
    },
}

pub(super) fn judge(mut line: Map<String, Value>) -> Result<Verdict, LineError> {
    if line.contains_key("init") {
        return judge_timer(line);
    }
    let steps = match line.remove("steps") {
        None => return Ok(operation::<Single>("", line)?.judge(None, "")?.unwrap_or(Verdict::Holds)),
        Some(Value::Array(steps)) => steps,
        Some(other) => return Err(LineError::new("steps", format!("expected a list of steps, found {other}"))),
    };
    no_more(&line, "steps, or the keys of one operation")?;
    let mut singles = Vec::with_capacity(steps.len());
    for (index, step) in steps.into_iter().enumerate() {
        let place = format!("steps[{index}]");
        singles.push((operation::<Single>(&place, object(&place, step)?)?, format!("{place}.")));
    }
    for (index, (single, place)) in singles.into_iter().enumerate() {
        if let Some(verdict) = single.judge(Some(index), &place)? {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Holds)
}

impl Single {
    fn judge(self, step: Option<usize>, place: &str) -> Result<Option<Verdict>, LineError> {
        match self {
            Single::Remaining { n, k, elapsed_s, elapsed_ms, min_s, min_ms, max_s, max_ms, expect, tol } => {
                let elapsed = either(place, "elapsed", elapsed_s, elapsed_ms)?;
                let bounds = bounds(place, (min_s, min_ms), (max_s, max_ms))?;
                let got = Suspicion::remaining(n, k, elapsed, bounds);
                // Some suites say how long ago it was over, others only that nothing is left.
                let got = if expect == 0.0 { got.max(0.0) } else { got };
                Ok(differ_by(step, expect, got, tol.unwrap_or(TOLERANCE)))
            }
            Single::Awareness { deltas, max, timeout_s, timeout_ms, expect } => {
                let levels = max.unwrap_or(LEVELS);
                if levels == 0 {
                    return Err(LineError::new(format!("{place}max"), "there is at least one level"));
                }
                let timeout = match (timeout_s, timeout_ms) {
                    (None, None) => Duration::from_secs(1),
                    (seconds, millis) => either(place, "timeout", seconds, millis)?,
                };
                let mut awareness = Awareness::new(levels);
                deltas.into_iter().for_each(|delta| {
                    awareness.apply(delta);
                });
                aware(step, place, expect, &awareness, timeout)
            }
        }
    }
}

/// Compares health, and the scaled time-out if it is asked for.
fn aware(
    step: Option<usize>,
    place: &str,
    expect: Value,
    awareness: &Awareness,
    timeout: Duration,
) -> Result<Option<Verdict>, LineError> {
    if expect.is_u64() {
        return Ok(differ(step, expect, awareness.health()));
    }
    let place = format!("{place}expect");
    let Value::Object(asked) = &expect else {
        return Err(LineError::new(place, format!("expected a health or an object of health and timeout_s, found {expect}")));
    };
    let scaled = awareness.scaled(timeout).as_secs_f64();
    let (mut got, mut holds) = (Map::new(), true);
    for (key, wanted) in asked {
        let found = match key.as_str() {
            "health" | "score" => f64::from(awareness.health()),
            "timeout_s" => scaled,
            "timeout_ms" => scaled * 1e3,
            other => {
                return Err(LineError::new(
                    format!("{place}.{other}"),
                    "unknown key; known are health, timeout_s and timeout_ms",
                ));
            }
        };
        let number = wanted.as_f64().ok_or_else(|| LineError::new(format!("{place}.{key}"), format!("{wanted} is no number")))?;
        holds &= (found - number).abs() <= 1e-9 * number.abs().max(1.0);
        got.insert(key.clone(), json!(found));
    }
    Ok((!holds).then(|| Verdict::Broken(Difference { step, expected: expect.clone(), got: Value::Object(got) })))
}

/// A span that is stated in seconds or in milliseconds.
fn either(place: &str, name: &str, seconds: Option<Seconds>, millis: Option<Millis>) -> Result<Duration, LineError> {
    match (seconds, millis) {
        (Some(span), None) => Ok(span.0),
        (None, Some(span)) => Ok(span.0),
        (None, None) => Err(LineError::new(format!("{place}{name}_s"), "is missing")),
        (Some(_), Some(_)) => {
            Err(LineError::new(format!("{place}{name}_ms"), format!("{name}_s says the same: state one of the two")))
        }
    }
}

type Span = (Option<Seconds>, Option<Millis>);

fn bounds(place: &str, min: Span, max: Span) -> Result<Bounds, LineError> {
    let (min, max) = (either(place, "min", min.0, min.1)?, either(place, "max", max.0, max.1)?);
    if max < min {
        return Err(LineError::new(format!("{place}max_s"), format!("{max} is shorter than the shortest time, {min}")));
    }
    Ok(Bounds { min, max })
}

/// Steps at times about one suspicion that begins at 0.
fn judge_timer(line: Map<String, Value>) -> Result<Verdict, LineError> {
    let Course { init, steps } = course::<Init, Step>(line)?;
    let bounds = bounds("init.", (init.min_s, init.min_ms), (init.max_s, init.max_ms))?;
    let mut accusers = Accusers::default();
    let first = accusers.id(init.from.unwrap_or_else(|| Name("first".to_owned())));
    let mut suspicion = Suspicion::new(first, bounds, init.k, Instant::ZERO);
    for (index, Timed { at, step }) in steps.into_iter().enumerate() {
        let verdict = match step {
            Step::Confirm { from, expect } => {
                let new = suspicion.confirm(accusers.id(from));
                expect.and_then(|expect| differ(index, expect, new))
            }
            Step::Fired { expect } => differ(index, expect, suspicion.deadline() <= at),
            Step::Left { expect, tol } => {
                let left = suspicion.deadline().saturating_since(at).as_secs_f64();
                differ_by(index, expect, left, tol.unwrap_or(TOLERANCE))
            }
        };
        if let Some(verdict) = verdict {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Holds)
}

/// Numbers for names.
#[derive(Default)]
struct Accusers(BTreeMap<Name, NodeId>);

impl Accusers {
    fn id(&mut self, name: Name) -> NodeId {
        let next = NodeId(self.0.len() as u32);
        *self.0.entry(name).or_insert(next)
    }
}
