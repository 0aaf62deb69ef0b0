//! Selections of parents, each in its file with the paper that it is from.
//!
//! A [`Selection`] reads the living: their scores, and their fitness as the survival rule left it (smaller is better; ranks of a whole population for one objective, front
//! and crowding for several).

mod lexicase;
#[cfg(test)]
mod properties;
mod rank;
mod roulette;
mod tournament;
mod truncation;
mod uniform;
mod universal;

pub use lexicase::Lexicase;
pub use rank::LinearRank;
pub use roulette::Roulette;
pub use tournament::Tournament;
pub use truncation::TruncationSelection;
pub use uniform::UniformSelection;
pub use universal::StochasticUniversal;

use crate::random::Rng;
use crate::scores::Scores;

/// What a selection may look at.
#[derive(Clone, Copy, Debug)]
pub struct Living<'a> {
    /// Objectives and violations; rows beyond `fitness.len()` are not living.
    pub scores: &'a Scores,
    /// Fitness of each living individual: smaller is better.
    pub fitness: &'a [f64],
}

/// Picks parents.
pub trait Selection {
    /// Appends `count` rows of living individuals.
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>);
}

/// Weights that are larger for better first objectives: the distance to the worst finite one, plus a little so that the worst is not hopeless.
fn weights(living: Living<'_>) -> Vec<f64> {
    let value = |row: usize| {
        let first = living.scores.objectives(row)[0];
        if living.scores.violation(row) > 0.0 { f64::INFINITY } else { first }
    };
    let values: Vec<f64> = (0..living.fitness.len()).map(value).collect();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (best, worst) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    // Sums of large distances must stay numbers; a power of two keeps every digit.
    let scale = if worst - best < 1e280 { 1.0 } else { libm::scalbn(1.0, -100) };
    let distance = |value: f64| worst * scale - value * scale;
    let floor = (distance(best) * 0.01).max(f64::MIN_POSITIVE);
    let weight = |value: &f64| if value.is_finite() { distance(*value) + floor } else { 0.0 };
    let weights: Vec<f64> = values.iter().map(weight).collect();
    // Nobody is feasible: all alike.
    if weights.iter().sum::<f64>() > 0.0 { weights } else { vec![1.0; weights.len()] }
}

/// The row at which the running sum of weights passes `mark`.
fn place(weights: &[f64], mark: f64) -> usize {
    let mut sum = 0.0;
    let found = weights.iter().position(|weight| {
        sum += weight;
        mark < sum
    });
    // A mark that rounding puts at the very end belongs to the last row that has a weight.
    found.or_else(|| weights.iter().rposition(|&weight| weight > 0.0)).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod checks {
    use super::*;
    use crate::scores::Measured;
    use hms_machine::Seed;

    /// How often each of the individuals with objectives 0, 1, 2 … is picked in `rounds` rounds of as many parents.
    pub(crate) fn shares(selection: &mut impl Selection, living: usize, rounds: usize) -> Vec<f64> {
        let mut scores = Scores::new(1);
        (0..living).for_each(|row| scores.push(Measured::feasible(&[row as f64])));
        let fitness: Vec<f64> = (0..living).map(|row| row as f64).collect();
        let (mut rng, mut picked) = (Rng::new(Seed(1), 0), Vec::new());
        for _ in 0..rounds {
            selection.select(Living { scores: &scores, fitness: &fitness }, living, &mut rng, &mut picked);
        }
        assert_eq!(picked.len(), living * rounds);
        let share = |row: usize| picked.iter().filter(|&&other| other == row).count() as f64 / picked.len() as f64;
        (0..living).map(share).collect()
    }
}
