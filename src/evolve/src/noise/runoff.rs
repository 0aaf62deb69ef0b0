//! A race after the search: the leading few of the finalists meet more seeds before one of them is chosen.
//!
//! Whoever leads among many on few seeds leads partly by luck (the winner's curse: Cawley and Talbot, Journal of Machine Learning Research 11, 2010). So the choice is made in rounds. In each, who is surely worse than the leader by a paired test on the
//! shared seeds is out, and of the others at most so many stay as are half of those who began the round, though never fewer than two while it is open; those who stay meet as many seeds again as they have met so far
//! (successive halving: Jamieson and Talwalkar 2016).
//!
//! How sure that is: each test has the chance `error / (rounds · (n - 1))` to be wrong (Bonferroni over rounds and finalists). The leader is not chosen beforehand: it is the best on the very seeds that the test looks at, so
//! that a test may well call somebody surely worse who is as good. What is bounded is the chance that the *truly best* is taken out by a test: whoever leads, one of its `n - 1` comparisons would have to be wrong in one of the
//! rounds, which has at most the chance `error` (as far as the t distribution describes the differences). Halving has no such bound: with few seeds the truly best may lie in the worse half.
//!
//! What it costs: of `n` finalists that start with `s` seeds each, round `r` (from 1) runs at most `max(2, ceil(n / 2^r)) · 2^(r-1) · s` cells: with eight and two rounds, as many as they have run already.

use std::ops::Range;

/// What a race among finalists may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunoffSettings {
    /// Seeds that every finalist has met already, at least 1.
    pub seeds: usize,
    /// Rounds at most; in each the number of seeds doubles.
    pub rounds: usize,
    /// Greatest chance that the truly best finalist is taken out as surely worse, over all rounds, for example 0.05; halving may take it out as well, and has no bound.
    pub error: f64,
}

/// A round of a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Seeds that those who take part have met after it.
    pub seeds: usize,
    /// Places of those who take part, the best first.
    pub finalists: Vec<usize>,
}

/// What a race has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runoff {
    /// Place of the winner; `None` where nobody took part.
    pub winner: Option<usize>,
    /// The rounds; none where the first seeds decided.
    pub rounds: Vec<Round>,
    /// Cells that were run in them.
    pub cells: usize,
}

/// How a race judges: what it is told about a finalist are cells, one per seed, in the order of seeds.
pub struct Referee<Score, Surely, Run> {
    /// What cells are worth together; smaller is better, the first number before the second (a violation and a loss, say), NaN last.
    pub score: Score,
    /// Whether the first are surely better than the second, with at most this chance to be wrong.
    pub surely: Surely,
    /// Runs the finalists at these places under seeds of these numbers.
    pub run: Run,
}

/// Chooses among finalists, given by place and by what they gave on the first seeds.
///
/// # Errors
/// Those of `run`.
///
/// # Panics
/// When `run` does not give a row for each finalist.
pub fn runoff<C, E>(
    field: Vec<(usize, Vec<C>)>,
    settings: RunoffSettings,
    referee: Referee<
        impl Fn(&[C]) -> (f64, f64),
        impl Fn(&[C], &[C], f64) -> bool,
        impl FnMut(&[usize], Range<usize>) -> Result<Vec<Vec<C>>, E>,
    >,
) -> Result<Runoff, E> {
    let Referee { score, surely, mut run } = referee;
    let sort = |field: &mut Vec<(usize, Vec<C>)>| {
        field.sort_by_cached_key(|(place, cells)| {
            let (first, second) = score(cells);
            (Ordered(first), Ordered(second), *place)
        });
    };
    let (mut field, mut found, mut seeds) = (field, Runoff::default(), settings.seeds.max(1));
    let error = settings.error / (settings.rounds.max(1) * field.len().saturating_sub(1).max(1)) as f64;
    sort(&mut field);
    for _ in 0..settings.rounds {
        let half = field.len().div_ceil(2).max(2);
        let Some((leader, rest)) = field.split_first() else { break };
        let out: Vec<usize> = rest.iter().filter(|(_, cells)| surely(&leader.1, cells, error)).map(|(place, _)| *place).collect();
        field.retain(|(place, _)| !out.contains(place));
        field.truncate(half);
        if field.len() < 2 {
            break;
        }
        let places: Vec<usize> = field.iter().map(|(place, _)| *place).collect();
        let more = run(&places, seeds..2 * seeds)?;
        assert_eq!(more.len(), places.len(), "a row for each finalist");
        field.iter_mut().zip(more).for_each(|((_, cells), more)| cells.extend(more));
        found.cells += places.len() * seeds;
        seeds *= 2;
        sort(&mut field);
        found.rounds.push(Round { seeds, finalists: field.iter().map(|(place, _)| *place).collect() });
    }
    found.winner = field.first().map(|(place, _)| *place);
    Ok(found)
}

/// A number in the total order in which NaN of either sign comes last.
#[derive(PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.is_nan().cmp(&other.0.is_nan()).then(self.0.total_cmp(&other.0))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::proof::paired::t_above;
    use crate::random::Rng;
    use hms_machine::Seed;

    const SETTINGS: RunoffSettings = RunoffSettings { seeds: 10, rounds: 2, error: 0.05 };

    /// Noise that all candidates share under a seed, and some of their own.
    fn cell(world: u64, candidate: usize, seed: usize, worth: f64) -> f64 {
        let common = Rng::new(Seed(world).derive("seed", seed as u64), 0).normal();
        worth + common + Rng::new(Seed(world).derive("seed", seed as u64), 1 + candidate as u64).normal()
    }

    fn mean(cells: &[f64]) -> (f64, f64) {
        (0.0, cells.iter().sum::<f64>() / cells.len() as f64)
    }

    fn race(world: u64, worths: &[f64], rounds: usize) -> Runoff {
        watched(world, worths, RunoffSettings { rounds, ..SETTINGS }, &mut Vec::new())
    }

    /// A race that remembers whom tests have called surely worse, by what they gave on the first seed.
    fn watched(world: u64, worths: &[f64], settings: RunoffSettings, out: &mut Vec<f64>) -> Runoff {
        let out = std::cell::RefCell::new(out);
        let row = |candidate: usize, seeds: Range<usize>| -> Vec<f64> {
            seeds.map(|seed| cell(world, candidate, seed, worths[candidate])).collect()
        };
        let field = (0..worths.len()).map(|candidate| (candidate, row(candidate, 0..SETTINGS.seeds))).collect();
        let surely = |leader: &[f64], other: &[f64], error: f64| {
            let worse = t_above(&other.iter().zip(leader).map(|(other, leader)| other - leader).collect::<Vec<_>>()) < error;
            out.borrow_mut().extend(worse.then_some(other[0]));
            worse
        };
        let run = |places: &[usize], seeds: Range<usize>| -> Result<_, Infallible> {
            Ok(places.iter().map(|&place| row(place, seeds.clone())).collect())
        };
        let Ok(found) = runoff(field, settings, Referee { score: mean, surely, run });
        found
    }

    #[test]
    fn the_better_of_close_candidates_is_chosen_more_often_than_without_a_race() {
        // The next best is a third of a standard deviation behind.
        let worths: Vec<f64> = (0..8).map(|candidate| 0.3 * f64::from(candidate)).collect();
        let (mut with, mut without, mut cells) = (0, 0, 0);
        for world in 0..300 {
            let found = race(world, &worths, 2);
            with += u32::from(found.winner == Some(0));
            without += u32::from(race(world, &worths, 0).winner == Some(0));
            cells = cells.max(found.cells);
        }
        // Of 300, the standard error of the difference is about 9.
        assert!(with >= without + 30, "{with} of 300 with a race, {without} without");
        assert!(cells <= 8 * SETTINGS.seeds, "a race costs no more than the first seeds did: {cells}");
    }

    #[test]
    fn the_truly_best_is_taken_out_by_a_test_no_more_often_than_was_said() {
        const WORLDS: u64 = 600;
        let share = |error: f64| {
            let taken_out = |world: &u64| {
                // The last of eight is the best by a hair, so that ties do not favour it.
                let mut out = Vec::new();
                let worths = [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.0];
                watched(*world, &worths, RunoffSettings { error, ..SETTINGS }, &mut out);
                out.contains(&cell(*world, 7, 0, 0.0))
            };
            (0..WORLDS).filter(taken_out).count() as f64 / WORLDS as f64
        };
        for error in [0.05, 0.5] {
            let (found, spread) = (share(error), (error * (1.0 - error) / WORLDS as f64).sqrt());
            assert!(found <= error + 2.0 * spread, "{found} at {error}");
        }
        // The bound is no idle one: tests do take it out when they may be wrong more often.
        let (found, loose) = (share(0.5), share(7.0));
        assert!(found > 0.0 && loose > 0.5, "{found} at 0.5, {loose} without a correction");
    }

    #[test]
    fn a_round_keeps_half_of_those_who_began_it_even_if_tests_have_taken_out_some() {
        // Three of eight are surely worse; of the other five four go on, then two.
        let found = race(5, &[0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0], 2);
        assert_eq!(found.rounds.iter().map(|round| round.finalists.len()).collect::<Vec<_>>(), [4, 2]);
        // Of five three go on, then two.
        let found = race(5, &[0.0; 5], 2);
        assert_eq!(found.rounds.iter().map(|round| round.finalists.len()).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(found.cells, 3 * 10 + 2 * 20);
    }

    #[test]
    fn who_is_surely_worse_is_not_raced() {
        let found = race(1, &[0.0, 9.0, 9.0, 9.0], 2);
        assert_eq!((found.winner, found.rounds.len(), found.cells), (Some(0), 0, 0));
    }

    #[test]
    fn a_race_is_the_same_every_time_and_says_who_met_which_seeds() {
        let worths = [0.0; 8];
        let found = race(3, &worths, 2);
        assert_eq!(found, race(3, &worths, 2));
        assert_eq!(found.rounds.iter().map(|round| (round.seeds, round.finalists.len())).collect::<Vec<_>>(), [(20, 4), (40, 2)]);
        assert!(found.rounds[1].finalists.iter().all(|place| found.rounds[0].finalists.contains(place)));
        assert_eq!((found.winner, found.cells), (Some(found.rounds[1].finalists[0]), 4 * 10 + 2 * 20));
    }

    #[test]
    fn nobody_one_and_those_without_a_value_are_no_trouble() {
        assert_eq!(race(1, &[], 2), Runoff::default());
        assert_eq!(race(1, &[1.0], 2), Runoff { winner: Some(0), ..Runoff::default() });
        assert_eq!(race(1, &[f64::NAN, 1.0, -f64::NAN], 2).winner, Some(1));
    }
}
