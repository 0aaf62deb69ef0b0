//! Who is given up, and what is told of it.

use crate::evolution::question::{Constraint, Question, Target, place};
use crate::evolution::racing::{Apart, Boundary, Judge, Leader, Leaders, Raced, Row, Rules, apart, race};
use crate::presets::Measured;
use hms_evolve::noise::objective::Aggregate;
use hms_evolve::proof::moderated::Spread;
use hms_trial::DEFINITIONS;

const RULES: Rules = Rules { first: 2, most: 8, judge: Judge::Test(0.05) };
const HALVING: Rules = Rules { judge: Judge::Halving, ..RULES };

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
    let leader =
        Leader { id: 0, key: "leader".to_owned(), row, objectives: evaluation.objectives, violations: evaluation.violations };
    Boundary { leaders: vec![leader], laws: Vec::new() }
}

#[test]
fn who_is_surely_worse_is_given_up_and_told_as_the_leader_and_the_difference() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    // Almost the same difference on every seed: most of the noise cancels.
    let worse = raced(&question, &leaders, |seed| cell(Some(noise(seed) + 2.0 + 0.01 * seed as f64), 1.0));
    assert!(worse.dismissed && worse.seeds.len() < 8, "{worse:?}");
    // The leader's mean over all eight seeds is 4.75; the first seeds alone would flatter or hurt.
    let told = worse.evaluation.objectives[0];
    assert!((told - 6.75).abs() < 0.05, "{told}");
    let unraced = race(&question, Rules { judge: Judge::Nobody, ..RULES }, &leaders, |seed| {
        Ok::<_, ()>(cell(Some(noise(seed) + 2.0), 1.0))
    });
    assert_eq!(unraced.unwrap().seeds.len(), 8, "without an error to spend nobody is given up");
}

#[test]
fn equal_differences_are_surely_worse_by_their_number_alone() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let worse = |error| {
        let rules = Rules { judge: Judge::Test(error), ..RULES };
        race(&question, rules, &leaders, |seed| Ok::<_, ()>(cell(Some(noise(seed) + 2.0), 1.0))).unwrap()
    };
    // There are looks after two and four seeds: 0.5^4 is below 0.5 / 2, and 0.5^8 below 0.05 / 2 with the eighth, which is the last.
    assert_eq!((worse(0.5).seeds.len(), worse(0.5).dismissed), (4, true));
    assert_eq!((worse(0.05).seeds.len(), worse(0.05).dismissed, worse(0.05).undecided), (8, false, false));
    assert!(worse(0.005).undecided, "eight equal signs do not show so much");
}

#[test]
fn two_seeds_are_enough_for_a_clear_loser_where_the_spread_is_known() {
    let question = question(Vec::new());
    let mut leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let own = |seed: usize| cell(Some(noise(seed) + if seed.is_multiple_of(2) { 4.0 } else { 2.0 }), 1.0);
    // t = 3 / 1 with one degree of freedom: p = 0.1.
    assert_eq!(raced(&question, &leaders, own).seeds.len(), 4);
    let mut spread = Spread::default();
    (0..20).for_each(|place| spread.learn(&[0.0, 1.0 + 0.1 * f64::from(place % 3), 0.3]));
    leaders.laws = vec![spread.law()];
    let worse = raced(&question, &leaders, own);
    assert_eq!((worse.seeds.len(), worse.dismissed), (2, true), "{:?}", leaders.laws);
    let alike = raced(&question, &leaders, |seed| cell(Some(noise(seed) + if seed.is_multiple_of(2) { 0.5 } else { -0.4 }), 1.0));
    assert!(!alike.dismissed && alike.undecided);
}

#[test]
fn halving_looks_first_where_the_leader_loses_most_and_goes_on_while_it_is_ahead() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let halving =
        |own: &dyn Fn(usize) -> f64| race(&question, HALVING, &leaders, |seed| Ok::<_, ()>(cell(Some(own(seed)), 1.0))).unwrap();
    // The noise is 3, 9, 1, 6, 2, 8, 4, 5.
    let better = halving(&|seed| 0.9 * noise(seed));
    assert_eq!((better.seeds, better.dismissed), (vec![1, 5, 3, 7, 6, 0, 4, 2], false));
    let straight = raced(&question, &Boundary::default(), |seed| cell(Some(0.9 * noise(seed)), 1.0));
    assert_eq!((better.evaluation, better.row), (straight.evaluation, straight.row), "the order of seeds changes no result");
    // Better on the first two by 2, and worse on the next two by 3 each.
    let turned = halving(&|seed| noise(seed) + [0.0, -1.0, 0.0, 3.0, 0.0, -1.0, 0.0, 3.0][seed]);
    assert_eq!((turned.seeds.len(), turned.dismissed), (4, true));
    assert_eq!(turned.evaluation.objectives, [4.75 + 4.0 / 8.0], "as if nothing differed on seeds that it has not met");
    let alike = halving(&noise);
    assert_eq!((alike.seeds.len(), alike.dismissed, alike.evaluation.objectives[0]), (2, true, 4.75));
    let hardly = halving(&|seed| noise(seed) - 0.1);
    assert_eq!(
        (hardly.dismissed, hardly.evaluation.objectives[0]),
        (true, 4.75),
        "0.2 of 38 is less than a hundredth, and told as no better"
    );
}

#[test]
fn halving_on_many_seeds_looks_after_a_share_of_them() {
    let question = question(Vec::new());
    let rules = Rules { most: 40, ..HALVING };
    let even = |seed: usize| 1.0 + 1e-3 * noise(seed);
    let own = |boundary: &Boundary, share: f64| {
        race(&question, rules, boundary, |seed| Ok::<_, ()>(cell(Some(share * even(seed)), 1.0))).unwrap()
    };
    let Raced { evaluation, row, .. } = own(&Boundary::default(), 1.0);
    let leader =
        Leader { id: 0, key: "leader".to_owned(), row, objectives: evaluation.objectives, violations: evaluation.violations };
    let leaders = Boundary { leaders: vec![leader], laws: Vec::new() };
    assert_eq!(own(&leaders, 1.0).seeds.len(), 8, "a fifth");
    // On two seeds this is half a hundredth of what the leader loses on all of them.
    assert!(!own(&leaders, 0.9).dismissed, "a tenth better on every seed");
}

#[test]
fn how_far_apart_two_are_is_told_on_what_both_have_met() {
    let mut question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    // It meets the two seeds on which the leader loses 9 and 8.
    let own = |seed: usize| Ok::<_, ()>(cell(Some(noise(seed) + [0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0][seed]), 1.0));
    let Raced { row, dismissed, .. } = race(&question, HALVING, &leaders, own).unwrap();
    assert!(dismissed);
    let both = Apart { share: 3.0 / 17.0, seeds: 2 };
    assert_eq!(apart(&question, &row, &leaders.leaders[0]), Some(both));
    let lossless = boundary(&question, |_| cell(Some(0.0), 1.0));
    assert_eq!(apart(&question, &row, &lossless.leaders[0]), None);
    question.targets[0].aggregate = Aggregate::TailMean(0.2);
    assert_eq!(apart(&question, &row, &leaders.leaders[0]), None, "of tails few seeds say nothing");
}

fn nine_in_ten() -> Constraint {
    Constraint {
        text: "availability >= 0.9".to_owned(),
        objective: place("availability").unwrap(),
        limit: 0.9,
        base: false,
        least: true,
        probability: None,
    }
}

#[test]
fn halving_holds_nobody_against_a_leader_that_breaks_a_constraint() {
    let question = question(vec![nine_in_ten()]);
    let run = |leaders: &Boundary, availability: f64| {
        race(&question, HALVING, leaders, |seed| Ok::<_, ()>(cell(Some(noise(seed) + 1.0), availability - 1e-4 * seed as f64)))
            .unwrap()
            .dismissed
    };
    let breaking = boundary(&question, |seed| cell(Some(noise(seed)), 0.8));
    let keeping = boundary(&question, |seed| cell(Some(noise(seed)), 0.95));
    assert_eq!((run(&breaking, 0.95), run(&keeping, 0.95)), (false, true));
    let better = |availability: f64| {
        race(&question, HALVING, &keeping, |seed| Ok::<_, ()>(cell(Some(0.5 * noise(seed)), availability - 1e-4 * seed as f64)))
            .unwrap()
    };
    assert!(!better(0.95).dismissed);
    // Ahead, but surely breaking what the leader keeps, by little or by much: whatever few seeds have shown it is told as breaking it.
    for availability in [0.5, 0.85] {
        let raced = better(availability);
        assert!(raced.dismissed && raced.evaluation.violation() > 0.0, "{availability}: {raced:?}");
    }
}

#[test]
fn tails_and_chances_are_not_raced() {
    let tail = Target {
        name: "cvar(0.5, recovery_p95)".to_owned(),
        aggregate: Aggregate::TailMean(0.5),
        ..question(Vec::new()).targets.remove(0)
    };
    let mut asked = question(Vec::new());
    asked.targets = vec![tail];
    let leaders = boundary(&asked, |seed| cell(Some(noise(seed)), 1.0));
    let worse = raced(&asked, &leaders, |seed| cell(Some(noise(seed) + 2.0 + 0.01 * seed as f64), 1.0));
    assert!(!worse.dismissed && worse.seeds.len() == 8);
    // The mean of the four largest of 3, 9, 1, 6, 2, 8, 4, 5.
    assert_eq!(leaders.leaders[0].objectives, [7.0]);
    let chance = Constraint {
        text: "P(recovery_p95 <= 5) >= 0.7".to_owned(),
        objective: place("recovery_p95").unwrap(),
        limit: 5.0,
        base: false,
        least: false,
        probability: Some(0.7),
    };
    let chanced = question(vec![chance]);
    let violation = |limit: f64| {
        let mut chanced = chanced.clone();
        chanced.constraints[0].limit = limit;
        raced(&chanced, &Boundary::default(), |seed| cell(Some(noise(seed)), 1.0)).evaluation.violation()
    };
    // Six of eight are at most 6, and five of eight are not 70 %.
    assert_eq!((violation(6.0), violation(5.0) > 0.0), (0.0, true));
}

#[test]
fn leaders_share_the_error_that_may_be_spent() {
    let question = question(Vec::new());
    let one = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let own = |seed: usize| cell(Some(noise(seed) + 2.0), 1.0);
    let seeds = |leaders: usize| {
        let boundary = Boundary { leaders: vec![one.leaders[0].clone(); leaders], laws: Vec::new() };
        race(&question, Rules { judge: Judge::Test(0.5), ..RULES }, &boundary, |seed| Ok::<_, ()>(own(seed))).unwrap().seeds.len()
    };
    assert_eq!((seeds(1), seeds(2), seeds(4)), (4, 4, 8));
}

#[test]
fn who_is_better_or_no_different_meets_every_seed() {
    let question = question(Vec::new());
    let leaders = boundary(&question, |seed| cell(Some(noise(seed)), 1.0));
    let better = raced(&question, &leaders, |seed| cell(Some(noise(seed) - 0.5 - 0.01 * seed as f64), 1.0));
    assert_eq!((better.seeds.len(), better.dismissed, better.undecided), (8, false, false));
    let alike = raced(&question, &leaders, |seed| cell(Some(noise(seed) + if seed % 2 == 0 { 1.0 } else { -1.0 }), 1.0));
    assert_eq!((alike.seeds.len(), alike.dismissed, alike.undecided), (8, false, true));
}

#[test]
fn who_surely_breaks_a_constraint_that_a_leader_keeps_is_given_up() {
    let question = question(vec![nine_in_ten()]);
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
    assert_eq!((failing.seeds.len(), failing.evaluation.failure.as_deref()), (2, Some("too many events")));
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

/// Recovery within the base's and so much more, availability as good as the base's; against a base that gives these.
fn bounds(probability: Option<f64>) -> Vec<Constraint> {
    let bound = |text: &str, least, limit| Constraint {
        text: text.to_owned(),
        objective: place(if least { "availability" } else { "recovery_p95" }).unwrap(),
        limit,
        base: true,
        least,
        probability,
    };
    vec![bound("recovery_p95 <= base + 0.5", false, 0.5), bound("availability >= base", true, 0.0)]
}

/// A cell with that of the base behind it.
fn beside(own: Measured, base: Measured) -> Measured {
    own.map(|values| [values, base.unwrap_or_else(|_| vec![None; DEFINITIONS.len()])].concat())
}

#[test]
fn a_bound_may_be_what_the_base_gives_on_the_same_seed() {
    let question = question([bounds(None), vec![nine_in_ten()]].concat());
    assert!(question.needs_base());
    // One seed in eight is a bad day for everybody: its thirty seconds say nothing about the candidate.
    let bad = |seed: usize| if seed == 5 { 30.0 } else { 0.0 };
    let apart = |more: f64| {
        let cell = |seed| beside(cell(Some(bad(seed) + more), 0.95), cell(Some(bad(seed)), 0.96));
        question.answer(&(0..8).map(cell).collect::<Vec<Measured>>())
    };
    let (worse, better) = (apart(0.75), apart(-1.0));
    // In halves of a second, which is what is allowed beyond the base.
    assert!((worse.violations[0] - 0.5).abs() < 1e-9 && (better.violations[0] + 3.0).abs() < 1e-9, "{worse:?} {better:?}");
    assert!((worse.violations[1] - 0.01).abs() < 1e-9 && worse.violations[2] < 0.0, "{worse:?}");
    let missed = ["`recovery_p95 <= base + 0.5` missed by 0.2500 s", "`availability >= base` missed by 0.01000 ratio"];
    assert_eq!(question.missed(&worse, &[]), missed);
    assert_eq!(question.missed(&better, &[]), missed[1..]);
    let cells: Vec<Measured> = (0..8)
        .map(|seed| beside(cell(Some(noise(seed) + if seed < 2 { 3.0 } else { 0.0 }), 1.0), cell(Some(noise(seed)), 1.0)))
        .collect();
    let told = question.missed(&question.answer(&cells), &cells).remove(0);
    assert!(told.starts_with("`recovery_p95 <= base + 0.5` missed by 0.2500 [-0.") && told.ends_with("] s"), "{told}");
    let silent = question.answer(&[beside(cell(Some(9.0), 0.95), Err("too many events".to_owned()))]);
    assert_eq!(silent.violations[..2], [0.0, 0.0], "where the base fails, nothing is held against it");
    let failed = question.answer(&[Err("too many events".to_owned())]);
    assert_eq!(question.missed(&failed, &[]), ["failed: too many events"]);
    let broken = hms_evolve::run::Evaluation { violations: vec![f64::NAN, 0.0, 0.0], ..failed.clone() };
    let broken = hms_evolve::run::Evaluation { failure: None, ..broken };
    assert_eq!(question.missed(&broken, &[]).len(), 1, "what is no number is not kept");
    let never = question.answer(&[beside(cell(None, 0.95), cell(None, 0.95))]);
    assert_eq!(never.violations[..2], [-1.0, 0.0], "never to recover is as long as the run, for both");
}

#[test]
fn a_bound_of_the_base_may_have_to_hold_on_so_many_seeds() {
    let question = question(bounds(Some(0.7)));
    let kept = |worse: usize| {
        let more = |seed: usize| if seed < worse { 3.0 } else { 0.0 };
        let cell = |seed| beside(cell(Some(noise(seed) + more(seed)), 1.0), cell(Some(noise(seed)), 1.0));
        question.answer(&(0..8).map(cell).collect::<Vec<Measured>>()).violation() <= 0.0
    };
    assert!(kept(2) && !kept(3), "six of eight are more than 70 %, five are not");
}

#[test]
#[should_panic(expected = "cells come with those of the base")]
fn cells_without_the_base_are_not_taken_for_kept() {
    question(bounds(None)).answer(&[cell(Some(1.0), 1.0)]);
}

#[test]
fn leaders_are_the_best_few_or_the_front() {
    let leader = |key: &str, objectives: &[f64], violation: f64| Leader {
        id: 0,
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
    assert_eq!(names(single.boundary(2, &[])), ["d"]);
    assert_eq!(names(single.boundary(1, &[])), ["b"]);
    let mut front = Leaders::default();
    for (key, values, violation) in
        [("a", [3.0, 1.0], 0.0), ("b", [1.0, 3.0], 0.0), ("c", [4.0, 4.0], 0.0), ("d", [0.0, 0.0], 0.5), ("e", [2.0, 1.0], 0.0)]
    {
        front.consider(leader(key, &values, violation), 9);
    }
    assert_eq!(names(front.boundary(1, &[])), ["b", "e"]);
}
