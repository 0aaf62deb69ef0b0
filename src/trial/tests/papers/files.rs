//! What the files have in common.

use hms_stack::{Configuration, Tunable, Value, Visitor};

use crate::experiment::{stack_of, text_of};

/// Every parameter with its value.
fn values(configuration: &Configuration) -> Vec<(&'static str, Value)> {
    struct Collect(Vec<(&'static str, Value)>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            self.0.push((tunable.name, *value));
        }
    }
    let mut collect = Collect(Vec::new());
    configuration.clone().walk(&mut collect);
    collect.0
}

/// The parameters in which two configurations differ.
fn differences(one: &Configuration, other: &Configuration) -> Vec<&'static str> {
    let pairs = values(one).into_iter().zip(values(other));
    pairs.filter(|(one, other)| one.1 != other.1).map(|(one, _)| one.0).collect()
}

#[test]
fn with_the_stack_off_no_component_is_on() {
    let on: Vec<_> = values(&stack_of("../stacks/off.toml"))
        .into_iter()
        .filter(|(name, value)| name.ends_with(".enabled") && *value == Value::Switch(true))
        .collect();
    assert_eq!(on, []);
}

#[test]
fn a_mechanism_alone_differs_from_off_by_its_switch() {
    let off = stack_of("../stacks/off.toml");
    let alone = |mechanism: &str| differences(&off, &stack_of(&format!("stacks/{mechanism}.toml")));
    assert_eq!(alone("breaker"), ["breaker.enabled"]);
    assert_eq!(alone("shedding"), ["shedding.enabled"]);
    assert_eq!(alone("concurrency"), ["concurrency.enabled"]);
    let retries = ["retry.enabled", "retry.attempts", "retry.pause", "retry.pause_max"];
    assert_eq!(alone("retry-budget"), [&retries[..], &["retry_budget.enabled"]].concat());
    assert_eq!(alone("two-choices"), ["balancing.choice"]);
}

/// The lines that say something about the world.
fn world(name: &str) -> Vec<String> {
    let told = ["#", "name = \"metastable", "name = \"mongo", "description", "stack"];
    let text = text_of(&format!("{name}.toml"));
    let lines = text.lines().filter(|line| !told.iter().any(|told| line.starts_with(told)));
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// What stands in the world of `name` in place of a line of the world of `base`.
fn changed(base: &str, name: &str) -> Vec<String> {
    let (base, other) = (world(base), world(name));
    assert_eq!(base.len(), other.len(), "{name}");
    other.into_iter().zip(base).filter(|(other, base)| other != base).map(|(other, _)| other).collect()
}

#[test]
fn the_variants_of_a_world_differ_in_what_they_vary() {
    for same in ["default", "healed", "breaker", "retry-budget", "shedding", "concurrency"] {
        assert_eq!(changed("metastable-off", &format!("metastable-{same}")), [""; 0], "{same}");
    }
    assert_eq!(changed("metastable-off", "metastable-no-retries"), ["retries = 0"]);
    assert_eq!(changed("metastable-off", "metastable-short-queue"), ["queue = 35"]);
    let mongo = |variant: &str| changed("mongo-0.40-10s", &format!("mongo-{variant}"));
    assert_eq!(mongo("healed"), [""; 0]);
    assert_eq!(mongo("0.45-10s"), ["name = \"the primary has 0.45 cores left\"", "speed = 0.225"]);
    assert_eq!(mongo("0.40-9s"), ["for = \"9s\""]);
    assert_eq!(mongo("0.40-10s-gap-100us"), ["arrivals = \"500/s\""]);
}
