//! Who lives on: a survival rule reads scores only, so it works for every genome.
//!
//! A [`Survival`] meets a [`Cohort`] (the living and their children) and names those that stay, each with a fitness for the next choice of parents. The rule is what gives an
//! algorithm its name: [`HypervolumeFronts`] makes NSGA-II, [`ReferenceDirections`] NSGA-III, [`Strength`] SPEA2, [`LeastContributor`] SMS-EMOA, [`Elitist`], [`Comma`] and
//! [`Generational`] the algorithms for one objective.

mod contributor;
pub mod directions;
mod fronts;
mod reference;
mod simple;
mod sorting;
mod strength;

pub use contributor::LeastContributor;
pub use fronts::HypervolumeFronts;
pub use reference::ReferenceDirections;
pub use simple::{Comma, Elitist, Generational};
pub use sorting::{Fronts, non_dominated};
pub use strength::Strength;

use crate::random::Rng;
use crate::scores::Scores;

/// The living and their children.
#[derive(Clone, Copy, Debug)]
pub struct Cohort<'a> {
    /// Rows `0..parents` are the living, the rest their children.
    pub scores: &'a Scores,
    /// How many rows are parents.
    pub parents: usize,
    /// How many are to stay; never more than there are rows.
    pub keep: usize,
    /// Violations up to this count as none.
    pub level: f64,
}

/// Who stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Their rows.
    pub rows: Vec<u32>,
    /// Their fitness in the choice of parents: smaller is better.
    pub fitness: Vec<f64>,
}

/// A rule of survival.
pub trait Survival {
    /// Names exactly `cohort.keep` different rows. `kept` is empty at the call.
    fn survive(&mut self, cohort: Cohort<'_>, rng: &mut Rng, kept: &mut Kept);
}

#[cfg(test)]
pub(crate) mod checks {
    use super::*;
    use crate::scores::Measured;
    use hms_machine::Seed;

    /// What holds for every rule: the right number of different rows, no feasible one dies while an infeasible one stays, equal seeds agree, failures break nothing.
    pub(crate) fn check_survival<R: Survival + Clone>(rule: &R, width: usize, seed: u64) {
        let mut rng = Rng::new(Seed(seed), 0);
        let mut scores = Scores::new(width);
        for _ in 0..40 {
            let row: Vec<f64> = (0..width).map(|_| if rng.chance(0.02) { f64::NAN } else { rng.below(6) as f64 }).collect();
            let violation = if rng.chance(0.3) { rng.uniform() } else { 0.0 };
            scores.push(Measured { objectives: &row, violation });
        }
        let run = || {
            let (mut kept, mut rule) = (Kept::default(), rule.clone());
            rule.survive(Cohort { scores: &scores, parents: 20, keep: 20, level: 0.0 }, &mut Rng::new(Seed(seed), 1), &mut kept);
            kept
        };
        let kept = run();
        assert_eq!(kept, run(), "equal seeds, equal survivors");
        let mut rows = kept.rows.clone();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!((rows.len(), kept.fitness.len()), (20, 20));
        assert!(rows.iter().all(|&row| row < 40) && kept.fitness.iter().all(|fitness| !fitness.is_nan()));
        let worst = rows.iter().map(|&row| scores.violation(row as usize)).fold(0.0, f64::max);
        let dead = |row: &u32| rows.binary_search(row).is_err();
        if worst > 0.0 {
            let saved = |row: u32| scores.violation(row as usize) >= worst;
            assert!((0..40u32).filter(dead).all(saved), "a better one died");
        }
    }
}
