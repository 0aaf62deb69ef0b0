//! Lexicase selection: objectives are cases, asked in a random order, and only the best in each case stay.
//!
//! Helmuth, Spector and Matheson, "Solving uncompromising problems with lexicase selection", IEEE Transactions on Evolutionary Computation 19 (2015); with `tolerance` it is the
//! epsilon-lexicase of La Cava, Spector and Danai (2016) for numbers that are never quite equal.

use serde::{Deserialize, Serialize};

use super::{Living, Selection};
use crate::random::Rng;

/// Lexicase selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lexicase {
    /// How far behind the best of a case an individual may be, in units of the case.
    pub tolerance: f64,
}

impl Selection for Lexicase {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        let mut cases: Vec<usize> = (0..living.scores.width()).collect();
        let mut pool = Vec::new();
        for _ in 0..count {
            let least = (0..living.fitness.len()).map(|row| living.scores.violation(row)).fold(f64::INFINITY, f64::min);
            pool.clear();
            pool.extend((0..living.fitness.len()).filter(|&row| living.scores.violation(row) <= least));
            rng.shuffle(&mut cases);
            for &case in &cases {
                let value = |row: usize| living.scores.objectives(row)[case];
                let best = pool.iter().map(|&row| value(row)).fold(f64::INFINITY, f64::min);
                pool.retain(|&row| value(row) <= best + self.tolerance);
            }
            picked.push(pool[rng.below(pool.len())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::{Measured, Scores};
    use hms_machine::Seed;

    #[test]
    fn specialists_are_picked_and_the_average_is_not() {
        let mut scores = Scores::new(2);
        for row in [[0.0, 9.0], [9.0, 0.0], [1.0, 1.0]] {
            scores.push(Measured::feasible(&row));
        }
        let (mut rng, mut picked) = (Rng::new(Seed(1), 0), Vec::new());
        let living = Living { scores: &scores, fitness: &[0.0; 3] };
        Lexicase::default().select(living, 100, &mut rng, &mut picked);
        assert!(picked.contains(&0) && picked.contains(&1) && !picked.contains(&2));
        picked.clear();
        Lexicase { tolerance: 1.0 }.select(living, 100, &mut rng, &mut picked);
        assert!(picked.contains(&2));
    }
}
