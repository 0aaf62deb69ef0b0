//! Every genome is a valid configuration.

use hms_machine::Seed;
use hms_stack::{Configuration, Value};
use proptest::prelude::*;

use crate::evolution::conditions::DEPENDENCES;
use crate::evolution::genes::{Genes, Range, number, parameters, value_of, with_values};
use crate::evolution::repair::repair;
use crate::fixture;

fn names() -> Vec<&'static str> {
    parameters(&Configuration::default()).into_iter().map(|(tunable, _)| tunable.name).collect()
}

fn all(reach: f64) -> Genes {
    Genes::new(Configuration::default(), &names(), reach, &[]).unwrap()
}

fn check(configuration: &Configuration) {
    assert_eq!(configuration.conflicts(), []);
    for (tunable, value) in parameters(configuration) {
        assert!(tunable.admits(value), "{} = {value}", tunable.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_of_numbers_is_a_valid_configuration(
        genome in prop::collection::vec(prop_oneof![8 => 0.0..=1.0f64, 1 => Just(f64::NAN), 1 => -1e9..1e9f64], 0..400),
        wide: bool,
    ) {
        check(&all(if wide { 1e9 } else { 10.0 }).decode(&genome));
    }

    #[test]
    fn any_values_that_parameters_admit_are_repaired_to_a_valid_configuration(share in prop::collection::vec(0.0..=1.0f64, 400)) {
        // Whole ranges, and nothing of the genes' rounding in between.
        let values: Vec<(&str, Value)> = parameters(&Configuration::default())
            .into_iter()
            .zip(&share)
            .map(|((tunable, _), share)| {
                let extreme = if *share < 0.5 { tunable.low } else { tunable.high };
                let value = match tunable.default {
                    Value::Choice(_) => Value::Choice(tunable.choices[(share * 0.999 * tunable.choices.len() as f64) as usize]),
                    Value::Duration(_) | Value::Integer(_) | Value::Real(_) | Value::Switch(_) => extreme,
                };
                (tunable.name, value)
            })
            .collect();
        let base = Configuration::default();
        check(&repair(with_values(&base, &values), &base));
    }

    #[test]
    fn decoding_what_was_encoded_changes_nothing_more(genome in prop::collection::vec(0.0..=1.0f64, 400)) {
        let genes = all(10.0);
        let once = genes.decode(&genome[..genes.record().genes().len()]);
        let twice = genes.decode(&genes.encode(&once));
        for ((tunable, first), (_, second)) in parameters(&once).into_iter().zip(parameters(&twice)) {
            // Inactive genes are encoded where they stand, too; rounding may move a number by a unit of its third digit.
            match (number(first), number(second)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 0.011 * a.abs().max(b.abs()), "{}: {first} {second}", tunable.name),
                (_, _) => prop_assert_eq!(first, second, "{}", tunable.name),
            }
        }
    }
}

#[test]
fn the_default_is_encoded_exactly() {
    let genes = all(10.0);
    assert_eq!(genes.decode(&genes.encode(&Configuration::default())), Configuration::default());
}

#[test]
fn a_gene_that_cannot_matter_is_left_out_or_dead() {
    let genes = |names: &[&str]| -> Vec<String> {
        let genes = Genes::new(Configuration::default(), names, 10.0, &[]).unwrap();
        genes.tunables().map(|tunable| tunable.name.to_owned()).collect()
    };
    // Hedging is off by default, and the detector is not `timeout`.
    assert_eq!(genes(&["hedge.quantile", "health.timeout", "health.heartbeat"]), ["health.heartbeat"]);
    assert_eq!(genes(&["hedge.quantile", "hedge.enabled"]), ["hedge.enabled", "hedge.quantile"]);
    let both = Genes::new(Configuration::default(), &["hedge.enabled", "hedge.quantile"], 10.0, &[]).unwrap();
    assert_eq!(both.active(&[0.0, 0.5]), [true, false]);
    assert_eq!(both.active(&[1.0, 0.5]), [true, true]);
    assert_eq!(both.decode(&[0.0, 0.9]), both.decode(&[0.0, 0.1]));
}

#[test]
fn ranges_and_reach_bound_what_is_searched() {
    let seconds = |genes: &Genes, at: f64| value_of(&genes.decode(&[at]), "health.heartbeat").and_then(number).unwrap();
    let reach = Genes::new(Configuration::default(), &["health.heartbeat"], 2.0, &[]).unwrap();
    assert_eq!((seconds(&reach, 0.0), seconds(&reach, 1.0)), (0.05, 0.2));
    let range = Range { name: "health.heartbeat", numbers: Some((0.02, 0.03)), choices: None };
    let narrow = Genes::new(Configuration::default(), &["health.heartbeat"], 2.0, &[range]).unwrap();
    assert_eq!((seconds(&narrow, 0.0), seconds(&narrow, 1.0)), (0.02, 0.03));
    let choice = Range { name: "health.detector", numbers: None, choices: Some(vec!["chen", "timeout"]) };
    let names = ["health.detector", "health.threshold", "health.timeout"];
    let chosen = Genes::new(Configuration::default(), &names, 2.0, &[choice]).unwrap();
    let found: Vec<&str> = chosen.tunables().map(|tunable| tunable.name).collect();
    assert_eq!(found, ["health.detector", "health.timeout"], "no detector that is left uses the threshold");
}

#[test]
fn a_parameter_matters_only_where_the_list_says() {
    // Whole runs with the parameter at both ends of its range, where its condition does not hold: nothing may change.
    let inputs = fixture::inputs_of(&fixture::SCENARIO.replace("duration = \"20s\"", "duration = \"13s\""), 1);
    let hash = |stack: Configuration| inputs.with_stack(stack).with_seed(Seed(3)).trial().run().unwrap().hash;
    for dependence in DEPENDENCES {
        let tunable =
            |name: &str| parameters(&Configuration::default()).into_iter().find(|(tunable, _)| tunable.name == name).unwrap().0;
        let other = tunable(dependence.on).choices.iter().find(|name| !dependence.values.contains(name)).copied().unwrap();
        let off = with_values(&Configuration::default(), &[(dependence.on, Value::Choice(other))]);
        let expected = hash(off);
        let fits = |name: &str| {
            dependence
                .parameters
                .iter()
                .any(|parameter| name == *parameter || (parameter.ends_with('.') && name.starts_with(parameter)))
        };
        let dependent: Vec<&str> = names().into_iter().filter(|name| fits(name)).collect();
        assert!(!dependent.is_empty(), "{} has dependents", dependence.on);
        let values: Vec<(&str, Value)> = dependent.iter().map(|name| (*name, nudged(tunable(name).default))).collect();
        assert_eq!(hash(with_values(&off, &values)), expected, "{} = {other}: {dependent:?}", dependence.on);
    }
}

/// Another value, near enough to be admitted.
fn nudged(value: Value) -> Value {
    match value {
        Value::Duration(duration) => Value::Duration(duration + hms_machine::Duration::from_millis(1)),
        Value::Integer(count) => Value::Integer(count + 1),
        Value::Real(number) => Value::Real(number * 0.95),
        Value::Switch(on) => Value::Switch(!on),
        Value::Choice(name) => Value::Choice(name),
    }
}
