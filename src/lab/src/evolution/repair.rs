//! Configurations whose parameters do not go together, made whole.

use hms_machine::Duration;
use hms_stack::{Configuration, Value};

use super::genes::{parameters, rounded, value_of, with_values};

/// Steps before repair gives up and takes the base; every parameter needs at most about thirty.
const STEPS_MAX: usize = 400;

/// Removes all conflicts: the parameters that are named in one move towards `base`, half the way at a time. `base` must have none.
///
/// # Panics
/// If `base` has conflicts.
pub(super) fn repair(mut configuration: Configuration, base: &Configuration) -> Configuration {
    for _ in 0..STEPS_MAX {
        let conflicts = configuration.conflicts();
        let Some(conflict) = conflicts.first() else { return configuration };
        let mut moved: Vec<(&str, Value)> = Vec::new();
        for name in conflict.names {
            let (Some(from), Some(to)) = (value_of(&configuration, name), value_of(base, name)) else { continue };
            if from != to {
                moved.push((name, halfway(from, to)));
            }
        }
        if moved.is_empty() {
            // Something else than the named parameters is to blame: their whole components go back.
            let components = conflict.names.map(|name| name.split_once('.').map_or(name, |(component, _)| component));
            moved = parameters(base)
                .into_iter()
                .filter(|(tunable, _)| tunable.name.split_once('.').is_some_and(|(component, _)| components.contains(&component)))
                .map(|(tunable, value)| (tunable.name, value))
                .collect();
            configuration = with_values(&configuration, &moved);
            if configuration.conflicts().first() == Some(conflict) {
                break;
            }
            continue;
        }
        configuration = with_values(&configuration, &moved);
    }
    assert!(base.conflicts().is_empty(), "what is repaired towards has no conflicts");
    *base
}

/// Half the way, in equal ratios where both are positive; all of it when little is left, and for what has no middle.
fn halfway(from: Value, to: Value) -> Value {
    let middle = |from: f64, to: f64| {
        let between = if from > 0.0 && to > 0.0 { (from * to).sqrt() } else { 0.5 * (from + to) };
        let close = (from - to).abs() <= 0.02 * from.abs().max(to.abs());
        if close { to } else { rounded(between) }
    };
    match (from, to) {
        (Value::Duration(from), Value::Duration(to)) => {
            let (from, to) = (from.as_nanos(), to.as_nanos());
            let next = middle(from as f64, to as f64).round() as u64;
            Value::Duration(Duration::from_nanos(if next == from { to } else { next }))
        }
        (Value::Integer(from), Value::Integer(to)) => {
            let next = middle(f64::from(from), f64::from(to)).round() as u32;
            Value::Integer(if next == from { to } else { next })
        }
        (Value::Real(from), Value::Real(to)) => {
            let next = middle(from, to);
            Value::Real(if next == from { to } else { next })
        }
        (Value::Duration(_) | Value::Integer(_) | Value::Real(_) | Value::Switch(_) | Value::Choice(_), _) => to,
    }
}
