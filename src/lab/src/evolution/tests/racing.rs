//! Who is given up, and what is told of it.

use crate::evolution::question::{Constraint, Question, Target, place};
use crate::evolution::racing::{Boundary, Leader, Leaders, Raced, Row, Rules, race};
use crate::presets::Measured;
use hms_trial::DEFINITIONS;

const RULES: Rules = Rules { first: 2, most: 8, error: 0.05 };

fn question(constraints: Vec<Constraint>) -> Question {
    let recovery = place("recovery_p95").unwrap();
    Question { targets: vec![Target::single(recovery)], constraints, horizon: 100.0 }
}

/// A cell that gives recovery, availability and one incident.
fn cell(recovery: Option<f64>, availability: f64) -> Measured {
    let value = |name: &str| match name {
        "recovery_p95" => recovery,
        "availability" => Some(availability),
        "incidents" => Some(1.0),
        _ => None,
    };
    Ok(DEFINITIONS.iter().map(|definition| value(definition.name)).collect())
}

/// Noise that all candidates share.
fn noise(seed: usize) -> f64 {
    [3.0, 9.0, 1.0, 6.0, 2.0, 8.0, 4.0, 5.0][seed % 8]
}

fn raced(question: &Question, boundary: &Boundary, own: impl Fn(usize) -> Measured) -> Raced {
    race(question, RULES, boundary, |seed| Ok::<_, ()>(own(seed))).unwrap()
}

fn boundary(question: &Question, own: impl Fn(usize) -> Measured) -> Boundary {
    let Raced { evaluation, row, .. } = raced(question, &Boundary::default(), own);
    let leader = Leader { key: "leader".to_owned(), row, objectives: evaluation.objectives, violations: evaluation.violations };
    Boundary { leaders: vec![leader] }
}

#[test]
fn who_is_surely_worse_is_given_up_and_told_as_the_leader_and_the_difference() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    // Almost the same difference on every seed: most of the noise cancels.
    let worse = raced(&question, &leaders, |seed| cell(Some(noise(seed) + 2.0 + 0.01 * seed as f64), 1.0));
    assert!(worse.dismissed && worse.seeds < 8, "{worse:?}");
    // The leader's mean over all eight seeds is 4.75; the first seeds alone would flatter or hurt.
    let told = worse.evaluation.objectives[0];
    assert!((told - 6.75).abs() < 0.05, "{told}");
    let unraced =
        race(&question, Rules { error: 0.0, ..RULES }, &leaders, |seed| Ok::<_, ()>(cell(Some(noise(seed) + 2.0), 1.0)));
    assert_eq!(unraced.unwrap().seeds, 8, "without an error to spend nobody is given up");
}

#[test]
fn equal_differences_are_surely_worse_by_their_number_alone() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let worse = |error| {
        let rules = Rules { error, ..RULES };
        race(&question, rules, &leaders, |seed| Ok::<_, ()>(cell(Some(noise(seed) + 2.0), 1.0))).unwrap()
    };
    // There are seven looks: 0.5^n is below 0.5 / 7 from the fourth seed on, and below 0.05 / 7 with the eighth, which is the last.
    assert_eq!((worse(0.5).seeds, worse(0.5).dismissed), (4, true));
    assert_eq!((worse(0.05).seeds, worse(0.05).dismissed, worse(0.05).undecided), (8, false, false));
    assert!(worse(0.02).undecided, "eight equal signs do not show so much");
}

#[test]
fn leaders_share_the_error_that_may_be_spent() {
    let question = question(Vec::new());
    let one = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let own = |seed: usize| cell(Some(noise(seed) + 2.0), 1.0);
    let seeds = |leaders: usize| {
        let boundary = Boundary { leaders: vec![one.leaders[0].clone(); leaders] };
        race(&question, Rules { error: 0.5, ..RULES }, &boundary, |seed| Ok::<_, ()>(own(seed))).unwrap().seeds
    };
    assert_eq!((seeds(1), seeds(2), seeds(4)), (4, 5, 6));
}

#[test]
fn who_is_better_or_no_different_meets_every_seed() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let better = raced(&question, &leaders, |seed| cell(Some(noise(seed) - 0.5 - 0.01 * seed as f64), 1.0));
    assert_eq!((better.seeds, better.dismissed, better.undecided), (8, false, false));
    let alike = raced(&question, &leaders, |seed| cell(Some(noise(seed) + if seed % 2 == 0 { 1.0 } else { -1.0 }), 1.0));
    assert_eq!((alike.seeds, alike.dismissed, alike.undecided), (8, false, true));
}

#[test]
fn who_surely_breaks_a_constraint_that_a_leader_keeps_is_given_up() {
    let limit =
        Constraint { text: "availability >= 0.9".to_owned(), objective: place("availability").unwrap(), limit: 0.9, least: true };
    let question = question(vec![limit]);
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 0.95));
    let breaking = raced(&question, &leaders, |seed| cell(Some(0.0), 0.8 - 0.001 * seed as f64));
    assert!(breaking.dismissed && breaking.evaluation.violation() > 0.0, "{breaking:?}");
    let keeping = raced(&question, &leaders, |seed| cell(Some(noise(seed) - 1.0), 0.91));
    assert!(!keeping.dismissed && keeping.evaluation.violation() == 0.0);
}

#[test]
fn a_trial_that_fails_is_a_failed_candidate_and_costs_no_more() {
    let question = question(Vec::new());
    let failing =
        raced(
            &question,
            &Boundary::default(),
            |seed| if seed == 1 { Err("too many events".to_owned()) } else { cell(Some(1.0), 1.0) },
        );
    assert_eq!((failing.seeds, failing.evaluation.failure.as_deref()), (2, Some("too many events")));
}

#[test]
fn what_never_came_counts_as_the_whole_run_and_what_nothing_called_for_not_at_all() {
    let question = question(Vec::new());
    assert_eq!(question.losses(&cell(None, 1.0)), Ok(vec![Some(100.0)]));
    let Ok(mut quiet) = cell(None, 1.0) else { panic!("a cell") };
    quiet[place("incidents").unwrap()] = Some(0.0);
    assert_eq!(question.losses(&Ok(quiet.clone())), Ok(vec![None]));
    let answer = question.answer(&[Ok(quiet.clone()), cell(Some(4.0), 1.0)]);
    assert_eq!(answer.objectives, [4.0]);
    assert_eq!(question.answer(&[Ok(quiet)]).failure.as_deref(), Some("no seed gives recovery_p95"));
    let nan = question.answer(&[cell(Some(f64::NAN), 1.0)]);
    assert_eq!(nan.failure.as_deref(), Some("recovery_p95 is not a number"));
}

#[test]
fn leaders_are_the_best_few_or_the_front() {
    let leader = |key: &str, objectives: &[f64], violation: f64| Leader {
        key: key.to_owned(),
        row: Row::default(),
        objectives: objectives.to_vec(),
        violations: vec![violation],
    };
    let names = |boundary: Boundary| boundary.leaders.into_iter().map(|leader| leader.key).collect::<Vec<String>>();
    let mut single = Leaders::default();
    for (key, value, violation) in [("a", 3.0, 0.0), ("b", 1.0, 0.0), ("c", 0.0, 1.0), ("d", 2.0, 0.0), ("b", 1.0, 0.0)] {
        single.consider(leader(key, &[value], violation), 3);
    }
    assert_eq!(names(single.boundary(2)), ["d"]);
    assert_eq!(names(single.boundary(1)), ["b"]);
    let mut front = Leaders::default();
    for (key, values, violation) in
        [("a", [3.0, 1.0], 0.0), ("b", [1.0, 3.0], 0.0), ("c", [4.0, 4.0], 0.0), ("d", [0.0, 0.0], 0.5), ("e", [2.0, 1.0], 0.0)]
    {
        front.consider(leader(key, &values, violation), 9);
    }
    assert_eq!(names(front.boundary(1)), ["b", "e"]);
}
