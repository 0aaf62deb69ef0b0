//! How constraint violations count while a search runs.
//!
//! Feasibility rules (Deb 2000): the smaller violation wins. Epsilon level (Takahashi and Sakai 2010): violations up to a level count as none, and the level falls to
//! zero, so that a search may cross infeasible ground first. Penalty: objectives grow with the violation, which needs a weight but never forbids anything.

use serde::{Deserialize, Serialize};

use crate::scores::{Measured, Scores};

/// A way to handle constraints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Handling {
    /// Smaller violations win, and objectives decide among equals.
    #[default]
    Feasibility,
    /// Violations below a falling level count as none.
    Epsilon {
        /// Which of the first population's violations is the first level, as a share of its order: 0.2 is usual.
        share: f64,
        /// Generation at which the level reaches 0.
        generations: u64,
        /// How it falls: `(1 - generation / generations)` to this power; 5 is usual.
        power: f64,
    },
    /// Violations times `weight` are added to every objective.
    Penalty {
        /// Objective per unit of violation, above 0.
        weight: f64,
    },
}

/// A way to handle constraints, and the level that it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    handling: Handling,
    first_level: Option<f64>,
}

impl Constraints {
    /// Handles constraints this way.
    pub fn new(handling: Handling) -> Self {
        Constraints { handling, first_level: None }
    }

    /// Writes an evaluation as the search is to see it.
    pub fn write(&self, scores: &mut Scores, row: usize, measured: Measured<'_>) {
        match self.handling {
            Handling::Feasibility | Handling::Epsilon { .. } => scores.set(row, measured),
            // A failure is not a solution with a large penalty.
            Handling::Penalty { .. } if measured.violation == f64::INFINITY => scores.set(row, measured),
            Handling::Penalty { weight } => {
                let penalty = weight * measured.violation;
                let objectives: Vec<f64> = measured.objectives.iter().map(|value| value + penalty).collect();
                scores.set(row, Measured { objectives: &objectives, violation: 0.0 });
            }
        }
    }

    /// Up to which violation an individual of this generation counts as feasible.
    pub fn level(&mut self, scores: &Scores, generation: u64) -> f64 {
        let Handling::Epsilon { share, generations, power } = self.handling else { return 0.0 };
        let first = *self.first_level.get_or_insert_with(|| {
            let mut violations: Vec<f64> = (0..scores.len()).map(|row| scores.violation(row)).filter(|v| v.is_finite()).collect();
            violations.sort_by(f64::total_cmp);
            let place = (share.clamp(0.0, 1.0) * violations.len() as f64) as usize;
            violations.get(place.min(violations.len().saturating_sub(1))).copied().unwrap_or(0.0)
        });
        if generation >= generations {
            return 0.0;
        }
        first * libm::pow(1.0 - generation as f64 / generations as f64, power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(of: &[f64]) -> Scores {
        let mut scores = Scores::new(1);
        of.iter().for_each(|&violation| scores.push(Measured { objectives: &[1.0], violation }));
        scores
    }

    #[test]
    fn the_epsilon_level_starts_in_the_population_and_falls_to_zero() {
        let scores = violations(&[4.0, 1.0, f64::INFINITY, 3.0, 2.0]);
        let mut constraints = Constraints::new(Handling::Epsilon { share: 0.5, generations: 10, power: 2.0 });
        let levels = [0, 5, 10, 50].map(|generation| constraints.level(&scores, generation));
        assert_eq!(levels, [3.0, 0.75, 0.0, 0.0]);
    }

    #[test]
    fn a_penalty_moves_violations_into_objectives() {
        let mut scores = violations(&[0.0]);
        Constraints::new(Handling::Penalty { weight: 10.0 }).write(
            &mut scores,
            0,
            Measured { objectives: &[1.0], violation: 2.0 },
        );
        assert_eq!((scores.objectives(0)[0], scores.violation(0)), (21.0, 0.0));
    }

    #[test]
    fn a_penalty_does_not_make_a_failure_feasible() {
        let mut scores = violations(&[0.0]);
        let failure = Measured { objectives: &[f64::INFINITY], violation: f64::INFINITY };
        Constraints::new(Handling::Penalty { weight: 10.0 }).write(&mut scores, 0, failure);
        assert_eq!(scores.violation(0), f64::INFINITY);
    }
}
