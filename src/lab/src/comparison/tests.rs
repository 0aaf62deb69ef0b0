//! What holds for two sides.

use hms_machine::{Purpose, Streams};

use super::*;
use crate::presets::objective;

/// A side that gives availability and detection on so many worlds of one scenario.
fn side(name: &str, worlds: std::ops::Range<u64>, give: impl Fn(u64) -> (f64, Option<f64>)) -> Side {
    let cell = |seed: u64| -> Measured {
        let (availability, detection) = give(seed);
        let value = |definition: &Definition| match definition.name {
            "availability" => Some(availability),
            "detection_p99" => detection,
            "incidents" => Some(1.0),
            _ => None,
        };
        Ok(DEFINITIONS.iter().map(value).collect())
    };
    Side {
        name: name.to_owned(),
        stack: Configuration::default(),
        settings: BTreeMap::new(),
        texts: BTreeMap::new(),
        cells: worlds.map(|seed| (("world".to_owned(), Seed(seed)), cell(seed))).collect(),
    }
}

/// Noise that both sides share, 0 to 1.
fn common(seed: u64) -> f64 {
    Streams::new(Seed(seed)).draw(Purpose::named("test/comparison"), 0, 0).uniform()
}

fn asked() -> Vec<&'static Definition> {
    ["availability", "detection_p99"].map(|name| objective(name).unwrap()).to_vec()
}

#[test]
fn what_the_worlds_share_cancels_and_each_objective_is_judged_in_its_direction() {
    let first = side("first", 0..12, |seed| (0.9 * common(seed), Some(10.0 * common(seed))));
    let second = side("second", 0..12, |seed| {
        let wobble = 0.001 * (seed % 3) as f64;
        (0.9 * common(seed) + 0.01 + wobble, Some(10.0 * common(seed) + 0.5 + wobble))
    });
    let found = compare(&first, &second, &asked()).unwrap();
    let [availability, detection] = found.objectives.as_slice() else { panic!("two objectives") };
    assert_eq!((availability.better, detection.better), (Better::Second, Better::First), "more and sooner is better");
    assert_eq!((availability.ahead, detection.ahead), ((0, 12), (12, 0)));
    let difference = availability.difference.unwrap();
    assert!((difference.estimate - 0.011).abs() < 1e-9 && difference.low > 0.009 && difference.high < 0.013, "{difference:?}");
    // Twelve of one sign: 2 / 2^12, times two objectives.
    assert!((availability.p_corrected - 2.0 * 2.0 / 4096.0).abs() < 1e-12, "{}", availability.p_corrected);
    let back = compare(&second, &first, &asked()).unwrap();
    assert_eq!((back.objectives[0].better, back.objectives[1].better), (Better::First, Better::Second));
}

#[test]
fn whoever_asks_many_has_to_show_more() {
    // Nine of one sign give 2 / 2^9 = 0.0039: enough for one question, and for ten, and not for fourteen.
    let give = |gain: f64| side("", 0..9, move |seed| (0.5 * common(seed) + gain, None));
    let (base, better) = (give(0.0), give(0.01));
    fn cells(side: &Side) -> Vec<&Measured> {
        side.cells.values().collect()
    }
    let asked = &asked()[..1];
    for (count, shown) in [(1, Better::Second), (10, Better::Second), (14, Better::NotShown)] {
        let found = against(&cells(&base), &vec![cells(&better); count], asked);
        assert!(found.len() == count && found.iter().all(|one| one[0].better == shown), "{count}");
        assert_eq!(worlds_min(count) <= 9, shown == Better::Second, "{count}");
    }
    let alone = compare(&base, &better, asked).unwrap();
    assert_eq!(alone.objectives[0].difference, against(&cells(&base), &[cells(&better)], asked)[0][0].difference);
}

#[test]
fn chance_is_not_called_a_difference() {
    let noise = |side: u64, seed: u64| Streams::new(Seed(seed)).draw(Purpose::named("test/comparison"), side, 1).uniform();
    let mut called = 0;
    for experiment in 0..200 {
        let worlds = 100 * experiment..100 * experiment + 10;
        let of = |number: u64| side("side", worlds.clone(), |seed| (noise(number, seed), Some(noise(number + 2, seed))));
        let found = compare(&of(1), &of(2), &asked()).unwrap();
        called += u32::from(found.objectives.iter().any(|one| one.better != Better::NotShown));
    }
    // At most 5 % of 200 are expected; three standard errors above.
    assert!(called <= 19, "{called}");
}

#[test]
fn equal_sides_are_the_same_and_five_worlds_show_nothing() {
    let own = |_| (0.5, Some(1.0));
    let found = compare(&side("a", 0..9, own), &side("b", 0..9, own), &asked()).unwrap();
    assert!(found.objectives.iter().all(|one| one.better == Better::Same) && found.differences.is_empty());
    let better = side("b", 0..5, |_| (0.9, Some(0.1)));
    let found = compare(&side("a", 0..5, own), &better, &asked()).unwrap();
    assert!(found.objectives.iter().all(|one| one.better == Better::NotShown), "2 / 2^5 is above the level");
}

#[test]
fn worlds_of_one_side_alone_failures_and_missing_values_are_counted() {
    let first = side("first", 0..8, |seed| (0.9, (seed > 0).then_some(1.0)));
    let mut second = side("second", 2..10, |seed| (0.8, (seed > 3).then_some(1.0)));
    second.cells.insert(("world".to_owned(), Seed(7)), Err("too many events".to_owned()));
    second.settings.insert("scenario.run.duration".to_owned(), "\"1min\"".to_owned());
    second.stack.retry.attempts += 1;
    let found = compare(&first, &second, &asked()).unwrap();
    assert_eq!((found.worlds, found.left_out), (6, (2, 2)));
    assert_eq!(found.failures, [(("world".to_owned(), Seed(7)), "too many events".to_owned())]);
    // On seeds 2 and 3 the second never notices, which counts as the longest time seen; of the run that failed nothing is known.
    assert_eq!((found.objectives[0].pairs, found.objectives[1].pairs, found.objectives[1].alone), (5, 5, (3, 0)));
    let names: Vec<&str> = found.differences.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["retry.attempts", "scenario.run.duration"]);
    assert_eq!(found.differences[1].first, "as in the file");
    let apart = side("apart", 20..22, |_| (0.5, None));
    assert!(compare(&first, &apart, &asked()).is_none(), "no world in common");
}

#[test]
fn who_never_notices_is_worse_than_who_does() {
    let first = side("first", 0..8, |seed| (0.9, Some(1.0 + common(seed))));
    let blind = side("blind", 0..8, |seed| (0.9, (seed == 0).then_some(3.0)));
    let found = compare(&first, &blind, &asked()).unwrap();
    assert_eq!(
        (found.objectives[1].better, found.objectives[1].ahead, found.objectives[1].alone),
        (Better::First, (8, 0), (7, 0))
    );
}

#[test]
fn runs_at_hand_are_the_side_that_their_folder_would_be() {
    let runs: Vec<_> =
        [1, 2].map(crate::fixture::inputs).into_iter().map(|inputs| (crate::fixture::run(&inputs), inputs)).collect();
    let side = Side::of_runs("here", runs.iter().map(|(outcome, inputs)| (inputs, &outcome.objectives[..]))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (outcome, inputs) in &runs {
        let path = folder.path().join(inputs.seed().0.to_string());
        crate::results::write(&path, inputs, outcome, &crate::results::Build::default()).unwrap();
        let stored = open(path.to_str().unwrap()).unwrap();
        assert!(stored.cells.iter().all(|(world, cell)| side.cells[world] == *cell));
        assert_eq!((&stored.texts, stored.stack), (&side.texts, side.stack));
    }
    assert_eq!(side.cells.len(), 2);
    assert!(Side::of_runs("nobody", []).is_none());
}
