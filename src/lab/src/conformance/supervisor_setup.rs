//! How a line sets its supervisor up: children, their restarts and dependencies, and supervisors below it.

use std::collections::BTreeMap;

use hms_machine::Duration;
use hms_stack::supervisor::backoff::BackoffRule;
use hms_stack::supervisor::tree::{ChildKind, ChildSpec, Restart, Shutdown, Starts, Strategy, SupervisorSpec};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::LineError;
use super::read::{Millis, Name, Seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Init {
    strategy: Choice,
    #[serde(alias = "max_restarts")]
    intensity: Option<u32>,
    period_ms: Option<Millis>,
    #[serde(alias = "period", alias = "max_seconds")]
    period_s: Option<Seconds>,
    backoff: Option<Backoff>,
    #[serde(alias = "starts")]
    start: Order,
    children: Vec<Child>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    #[default]
    #[serde(alias = "one-for-one")]
    OneForOne,
    #[serde(alias = "one-for-all")]
    OneForAll,
    #[serde(alias = "rest-for-one")]
    RestForOne,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    InTurn,
    Together,
}

/// An id, or an object.
#[derive(Debug)]
struct Child(ChildObject);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildObject {
    #[serde(alias = "name")]
    id: Name,
    #[serde(default)]
    restart: RestartChoice,
    shutdown: Option<Value>,
    shutdown_ms: Option<Millis>,
    #[serde(default, alias = "depends")]
    depends_on: Value,
    #[serde(default)]
    start_fails: u32,
    supervisor: Option<Box<Init>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RestartChoice {
    #[default]
    Permanent,
    Transient,
    Temporary,
}

impl<'de> Deserialize<'de> for Child {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let value = if value.is_object() { value } else { serde_json::json!({ "id": value }) };
        serde_json::from_value(value).map(Child).map_err(D::Error::custom)
    }
}

/// A constant pause in milliseconds, or how pauses grow.
#[derive(Clone, Copy, Debug)]
struct Backoff(BackoffRule);

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            #[serde(alias = "first_ms", alias = "min_ms")]
            base_ms: Millis,
            factor: Option<f64>,
            max_ms: Option<Millis>,
            #[serde(alias = "random_factor")]
            jitter: Option<f64>,
            #[serde(alias = "reset_ms")]
            clean_run_ms: Option<Millis>,
        }
        let value = Value::deserialize(deserializer)?;
        let value = if value.is_number() { serde_json::json!({ "base_ms": value, "factor": 1 }) } else { value };
        let object: Object = serde_json::from_value(value)
            .map_err(|error| D::Error::custom(format!("expected milliseconds or an object: {error}")))?;
        let rule = BackoffRule {
            first: object.base_ms.0,
            factor: object.factor.unwrap_or(2.0),
            max: object.max_ms.map_or(Duration::MAX, |span| span.0),
            jitter: object.jitter.unwrap_or(0.0),
            // Where nothing is said, pauses never begin anew.
            clean_run: object.clean_run_ms.map_or(Duration::MAX, |span| span.0),
        };
        if !(rule.factor >= 1.0 && rule.factor.is_finite()) {
            return Err(D::Error::custom(format!("a factor of {} is below 1", rule.factor)));
        }
        if !(0.0..=10.0).contains(&rule.jitter) {
            return Err(D::Error::custom(format!("a jitter of {} is not within 0 to 10", rule.jitter)));
        }
        if rule.max < rule.first {
            return Err(D::Error::custom(format!("the longest pause, {}, is shorter than the first, {}", rule.max, rule.first)));
        }
        Ok(Backoff(rule))
    }
}

/// What a tree is made from, and what the driver must know of it besides.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) root: SupervisorSpec,
    /// The way from the root to every member, by its name.
    pub(super) paths: BTreeMap<String, Vec<String>>,
    /// First starts that fail.
    pub(super) fails: BTreeMap<String, u32>,
}

impl Init {
    /// The specification of the tree.
    pub(super) fn family(self) -> Result<Family, LineError> {
        let (mut paths, mut fails) = (BTreeMap::new(), BTreeMap::new());
        let root = self.specification("init", &[], &mut paths, &mut fails)?;
        Ok(Family { root, paths, fails })
    }

    fn specification(
        self,
        place: &str,
        above: &[String],
        paths: &mut BTreeMap<String, Vec<String>>,
        fails: &mut BTreeMap<String, u32>,
    ) -> Result<SupervisorSpec, LineError> {
        let period = match (self.period_ms, self.period_s) {
            (None, None) => Duration::from_secs(5),
            (Some(span), None) => span.0,
            (None, Some(span)) => span.0,
            (Some(_), Some(_)) => return Err(LineError::new(format!("{place}.period_s"), "period_ms says the same")),
        };
        let mut children = Vec::with_capacity(self.children.len());
        for (index, Child(child)) in self.children.into_iter().enumerate() {
            let place = format!("{place}.children[{index}]");
            let path: Vec<String> = above.iter().cloned().chain([child.id.0.clone()]).collect();
            if paths.insert(child.id.0.clone(), path.clone()).is_some() {
                return Err(LineError::new(format!("{place}.id"), format!("two children are called `{}`", child.id.0)));
            }
            if child.start_fails > 0 {
                fails.insert(child.id.0.clone(), child.start_fails);
            }
            let shutdown = shutdown(&child, &place)?;
            let depends_on = names(&child.depends_on, &format!("{place}.depends_on"))?;
            let kind = match child.supervisor {
                None => ChildKind::Worker,
                Some(init) => ChildKind::Supervisor(init.specification(&format!("{place}.supervisor"), &path, paths, fails)?),
            };
            let restart = match child.restart {
                RestartChoice::Permanent => Restart::Permanent,
                RestartChoice::Transient => Restart::Transient,
                RestartChoice::Temporary => Restart::Temporary,
            };
            children.push(ChildSpec { name: child.id.0, restart, shutdown, depends_on, kind });
        }
        let strategy = match self.strategy {
            Choice::OneForOne => Strategy::OneForOne,
            Choice::OneForAll => Strategy::OneForAll,
            Choice::RestForOne => Strategy::RestForOne,
        };
        let starts = match self.start {
            Order::InTurn => Starts::InTurn,
            Order::Together => Starts::Together,
        };
        let backoff = self.backoff.map_or(BackoffRule::NONE, |backoff| backoff.0);
        Ok(SupervisorSpec { strategy, intensity: self.intensity.unwrap_or(1), period, backoff, starts, children })
    }
}

/// `"brutal"`, `"infinity"`, or milliseconds; 5 s where nothing is said, and for supervisors as long as it takes (OTP's defaults).
fn shutdown(child: &ChildObject, place: &str) -> Result<Shutdown, LineError> {
    let wrong = |found: &Value| {
        LineError::new(format!("{place}.shutdown"), format!("expected \"brutal\", \"infinity\" or ms, found {found}"))
    };
    match (&child.shutdown, child.shutdown_ms) {
        (None, None) if child.supervisor.is_some() => Ok(Shutdown::Infinity),
        (None, None) => Ok(Shutdown::Within(Duration::from_secs(5))),
        (None, Some(span)) => Ok(Shutdown::Within(span.0)),
        (Some(Value::String(word)), None) => match word.as_str() {
            "brutal" | "brutal_kill" => Ok(Shutdown::Brutal),
            "infinity" => Ok(Shutdown::Infinity),
            _ => Err(wrong(&Value::String(word.clone()))),
        },
        (Some(number @ Value::Number(_)), None) => {
            super::read::read::<Millis>(&format!("{place}.shutdown"), number.clone()).map(|span| Shutdown::Within(span.0))
        }
        (Some(other), None) => Err(wrong(other)),
        (Some(_), Some(_)) => Err(LineError::new(format!("{place}.shutdown_ms"), "shutdown says the same")),
    }
}

/// A name, or a list of names.
fn names(value: &Value, place: &str) -> Result<Vec<String>, LineError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(name) => Ok(vec![name.clone()]),
        list @ Value::Array(_) => {
            super::read::read::<Vec<Name>>(place, list.clone()).map(|names| names.into_iter().map(|name| name.0).collect())
        }
        other => Err(LineError::new(place, format!("expected ids, found {other}"))),
    }
}
