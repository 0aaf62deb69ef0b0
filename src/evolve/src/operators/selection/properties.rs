//! What holds for every selection, whoever lives, and what each promises beyond that.

use hms_machine::Seed;
use proptest::prelude::*;

use super::*;
use crate::random::Rng;
use crate::scores::{Dominance, Measured, dominance};

/// The living of a case: objectives, violation and fitness of each.
type Rows = Vec<([f64; 2], f64, f64)>;

fn scores(rows: &Rows) -> Scores {
    let mut scores = Scores::new(2);
    rows.iter().for_each(|(objectives, violation, _)| scores.push(Measured { objectives, violation: *violation }));
    scores
}

fn fitness(rows: &Rows) -> Vec<f64> {
    rows.iter().map(|row| row.2).collect()
}

fn picks(selection: &mut impl Selection, rows: &Rows, count: usize, seed: u64) -> Vec<usize> {
    let (scores, fitness, mut picked) = (scores(rows), fitness(rows), Vec::new());
    selection.select(Living { scores: &scores, fitness: &fitness }, count, &mut Rng::new(Seed(seed), 0), &mut picked);
    picked
}

/// A selection appends as many rows as it is asked for, all of them living, and is a function of its seed.
fn check(selection: &(impl Selection + Clone), rows: &Rows, count: usize, seed: u64) {
    let fitness = fitness(rows);
    let mut with_dead = scores(rows);
    // Better than everybody, but not living.
    (0..3).for_each(|_| with_dead.push(Measured::feasible(&[f64::NEG_INFINITY; 2])));
    let select = || {
        let mut picked = vec![usize::MAX];
        let living = Living { scores: &with_dead, fitness: &fitness };
        selection.clone().select(living, count, &mut Rng::new(Seed(seed), 0), &mut picked);
        picked
    };
    let picked = select();
    assert_eq!((picked[0], picked.len()), (usize::MAX, count + 1), "picks are appended, as many as wanted");
    assert!(picked[1..].iter().all(|&row| row < rows.len()), "{picked:?} of {rows:?}");
    assert_eq!(picked, select(), "equal seeds, equal parents");
}

fn check_all(rows: &Rows, count: usize, seed: u64) {
    check(&Tournament { size: 3 }, rows, count, seed);
    check(&StochasticUniversal, rows, count, seed);
    check(&Roulette, rows, count, seed);
    check(&LinearRank { pressure: 1.7 }, rows, count, seed);
    check(&TruncationSelection { share: 0.4 }, rows, count, seed);
    check(&Lexicase { tolerance: 0.1 }, rows, count, seed);
    check(&UniformSelection, rows, count, seed);
}

/// Whatever an evaluation may give, failures and infinities included.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0u8..4).prop_map(f64::from),
        2 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN),
    ]
}

fn any_rows() -> impl Strategy<Value = Rows> {
    let violation = prop_oneof![2 => Just(0.0), 1 => value()];
    let fitness = prop_oneof![(0u8..9).prop_map(f64::from), Just(f64::INFINITY)];
    prop::collection::vec(([value(), value()], violation, fitness), 1..12)
}

/// Everybody feasible, with few distinct values so that ties occur; fitness is the first objective's.
fn sound_rows() -> impl Strategy<Value = Rows> {
    let row = ((0u8..12).prop_map(f64::from), (0u8..12).prop_map(f64::from));
    prop::collection::vec(row.prop_map(|(first, second)| ([first, second], 0.0, first)), 1..12)
}

proptest! {
    #[test]
    fn picks_are_living_complete_and_repeatable(rows in any_rows(), count in 0usize..20, seed: u64) {
        check_all(&rows, count, seed);
    }

    #[test]
    fn a_population_that_failed_as_a_whole_still_mates(living in 1usize..9, seed: u64) {
        check_all(&vec![([f64::NAN; 2], 0.0, f64::INFINITY); living], 12, seed);
        check_all(&vec![([f64::INFINITY; 2], f64::INFINITY, 0.0); living], 12, seed);
    }

    #[test]
    fn a_tournament_is_won_by_the_fittest_of_its_draws(rows in sound_rows(), size in 1usize..6, seed: u64) {
        let mut rng = Rng::new(Seed(seed), 0);
        let won = (0..20).map(|_| {
            let draws: Vec<usize> = (0..size).map(|_| rng.below(rows.len())).collect();
            draws.into_iter().reduce(|best, other| if rows[other].2 < rows[best].2 { other } else { best }).unwrap()
        });
        prop_assert_eq!(won.collect::<Vec<_>>(), picks(&mut Tournament { size }, &rows, 20, seed));
    }

    #[test]
    fn universal_sampling_gives_everyone_its_expectation_rounded(rows in sound_rows(), count in 1usize..40, seed: u64) {
        let picked = picks(&mut StochasticUniversal, &rows, count, seed);
        let scores = scores(&rows);
        let weights = weights(Living { scores: &scores, fitness: &fitness(&rows) });
        let sum: f64 = weights.iter().sum();
        for (row, weight) in weights.iter().enumerate() {
            let (children, expected) = (picked.iter().filter(|&&other| other == row).count() as f64, count as f64 * weight / sum);
            prop_assert!((children - expected).abs() < 1.0 + 1e-9, "{} {}", children, expected);
        }
    }

    #[test]
    fn wheels_never_pick_the_infeasible_beside_a_feasible_one(mut rows in any_rows(), seed: u64) {
        rows.push(([1.0; 2], 0.0, 0.0));
        let scores = scores(&rows);
        for picked in [picks(&mut Roulette, &rows, 20, seed), picks(&mut StochasticUniversal, &rows, 20, seed)] {
            prop_assert!(picked.iter().all(|&row| scores.violation(row) <= 0.0 && scores.objectives(row)[0].is_finite()));
        }
    }

    #[test]
    fn rank_and_truncation_see_only_the_order(rows in sound_rows(), seed: u64) {
        let stretched: Rows = rows.iter().map(|&(objectives, violation, fitness)| (objectives, violation, fitness * fitness * 1e6)).collect();
        let mut rank = LinearRank { pressure: 1.9 };
        prop_assert_eq!(picks(&mut rank, &rows, 20, seed), picks(&mut rank, &stretched, 20, seed));
        let mut truncation = TruncationSelection { share: 0.5 };
        prop_assert_eq!(picks(&mut truncation, &rows, 20, seed), picks(&mut truncation, &stretched, 20, seed));
    }

    #[test]
    fn truncation_picks_nobody_whom_enough_are_fitter_than(rows in sound_rows(), share in 0.0f64..1.0, seed: u64) {
        let allowed = ((share * rows.len() as f64) as usize).max(1);
        for row in picks(&mut TruncationSelection { share }, &rows, 20, seed) {
            prop_assert!(rows.iter().filter(|other| other.2 < rows[row].2).count() < allowed);
        }
    }

    #[test]
    fn full_pressure_leaves_the_worst_without_children(rows in sound_rows(), seed: u64) {
        let worst = rows.iter().map(|row| row.2).fold(0.0, f64::max);
        let alone = rows.iter().filter(|row| row.2 == worst).count() == 1;
        let picked = picks(&mut LinearRank { pressure: 2.0 }, &rows, 20, seed);
        prop_assert!(!alone || rows.len() == 1 || picked.iter().all(|&row| rows[row].2 < worst));
    }

    #[test]
    fn lexicase_picks_are_dominated_by_nobody(rows in sound_rows(), seed: u64) {
        for row in picks(&mut Lexicase { tolerance: 0.0 }, &rows, 20, seed) {
            prop_assert!(rows.iter().all(|other| dominance(&other.0, &rows[row].0) != Dominance::First));
        }
    }

    #[test]
    fn uniform_picks_do_not_depend_on_who_is_how_good(rows in any_rows(), seed: u64) {
        let others: Rows = vec![([0.0; 2], 0.0, 0.0); rows.len()];
        prop_assert_eq!(picks(&mut UniformSelection, &rows, 20, seed), picks(&mut UniformSelection, &others, 20, seed));
    }
}

/// Differences of such objectives are more than a number holds.
#[test]
fn wheels_turn_for_objectives_at_both_ends_of_the_numbers() {
    let rows: Rows = [f64::MIN, 0.0, f64::MAX].into_iter().map(|first| ([first, 0.0], 0.0, 0.0)).collect();
    for picked in [picks(&mut Roulette, &rows, 3000, 1), picks(&mut StochasticUniversal, &rows, 3000, 1)] {
        let share = |row: usize| picked.iter().filter(|&&other| other == row).count() as f64 / 3000.0;
        // Distances 2, 1 and 0 and a hundredth of 2 each.
        assert!((share(0) - 2.02 / 3.06).abs() < 0.03 && (share(1) - 1.02 / 3.06).abs() < 0.03, "{} {}", share(0), share(1));
    }
}
