//! What is known of individuals once they are measured: objectives and constraint violations, in flat tables.
//!
//! Everything here is minimised. A violation is 0 when every constraint holds and positive otherwise. A failed evaluation, or one with a NaN, is data: all
//! its objectives and its violation are infinite, so it ranks behind everything else and breaks nothing.

use serde::{Deserialize, Serialize};

/// The result of one evaluation, as an algorithm sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured<'a> {
    /// Objectives, each to be minimised.
    pub objectives: &'a [f64],
    /// Sum of constraint violations: 0 when all hold.
    pub violation: f64,
}

impl<'a> Measured<'a> {
    /// An evaluation whose constraints all hold.
    pub fn feasible(objectives: &'a [f64]) -> Self {
        Measured { objectives, violation: 0.0 }
    }
}

/// Objectives and violations of many individuals, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    width: usize,
    objectives: Vec<f64>,
    violations: Vec<f64>,
}

impl Scores {
    /// No rows yet, each to have `width` objectives (at least 1).
    pub fn new(width: usize) -> Self {
        assert!(width > 0, "an optimization has at least one objective");
        Scores { width, objectives: Vec::new(), violations: Vec::new() }
    }

    /// Number of objectives.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.violations.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// Grows or shrinks to `rows`; new rows are those of failed evaluations.
    pub fn resize(&mut self, rows: usize) {
        self.objectives.resize(rows * self.width, f64::INFINITY);
        self.violations.resize(rows, f64::INFINITY);
    }

    /// Writes row `row`. NaN anywhere makes the row that of a failed evaluation; -0 becomes 0.
    ///
    /// # Panics
    /// When the number of objectives differs from [`Scores::width`].
    pub fn set(&mut self, row: usize, measured: Measured<'_>) {
        assert_eq!(measured.objectives.len(), self.width, "the evaluation has another number of objectives");
        let place = &mut self.objectives[row * self.width..(row + 1) * self.width];
        if measured.violation.is_nan() || measured.objectives.iter().any(|value| value.is_nan()) {
            place.fill(f64::INFINITY);
            self.violations[row] = f64::INFINITY;
            return;
        }
        for (to, from) in place.iter_mut().zip(measured.objectives) {
            *to = from + 0.0;
        }
        self.violations[row] = measured.violation.max(0.0);
    }

    /// Appends a row.
    pub fn push(&mut self, measured: Measured<'_>) {
        self.resize(self.len() + 1);
        self.set(self.len() - 1, measured);
    }

    /// Takes all rows away.
    pub fn clear(&mut self) {
        self.resize(0);
    }

    /// Exchanges two rows.
    pub fn swap(&mut self, first: usize, second: usize) {
        if first != second {
            self.violations.swap(first, second);
            for column in 0..self.width {
                self.objectives.swap(first * self.width + column, second * self.width + column);
            }
        }
    }

    /// The objectives of a row.
    #[inline]
    pub fn objectives(&self, row: usize) -> &[f64] {
        &self.objectives[row * self.width..(row + 1) * self.width]
    }

    /// The sum of violations of a row.
    #[inline]
    pub fn violation(&self, row: usize) -> f64 {
        self.violations[row]
    }

    /// A row as it was measured.
    pub fn measured(&self, row: usize) -> Measured<'_> {
        Measured { objectives: self.objectives(row), violation: self.violation(row) }
    }

    /// All objectives, row by row.
    pub fn table(&self) -> &[f64] {
        &self.objectives
    }

    /// The best row by (violation, first objective, row); `None` without rows.
    pub fn best(&self) -> Option<usize> {
        (0..self.len()).min_by(|&a, &b| {
            let first = self.violations[a].total_cmp(&self.violations[b]);
            first.then(self.objectives(a)[0].total_cmp(&self.objectives(b)[0])).then(a.cmp(&b))
        })
    }
}

/// How two individuals compare under Pareto dominance with feasibility first (Deb et al. 2002, definition 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dominance {
    /// The first is at least as good everywhere and better somewhere.
    First,
    /// The second is.
    Second,
    /// Neither.
    Neither,
}

/// Compares two rows of objectives, without constraints.
#[inline]
pub fn dominance(first: &[f64], second: &[f64]) -> Dominance {
    let (mut better, mut worse) = (false, false);
    for (a, b) in first.iter().zip(second) {
        better |= a < b;
        worse |= a > b;
    }
    match (better, worse) {
        (true, false) => Dominance::First,
        (false, true) => Dominance::Second,
        (true, true) | (false, false) => Dominance::Neither,
    }
}

/// Compares two evaluations: the smaller violation wins, and among equals the objectives decide.
pub fn constrained_dominance(first: Measured<'_>, second: Measured<'_>) -> Dominance {
    if first.violation < second.violation {
        Dominance::First
    } else if first.violation > second.violation {
        Dominance::Second
    } else {
        dominance(first.objectives, second.objectives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_makes_a_failed_evaluation() {
        let mut scores = Scores::new(2);
        scores.push(Measured::feasible(&[1.0, f64::NAN]));
        scores.push(Measured { objectives: &[1.0, -0.0], violation: f64::NAN });
        scores.push(Measured { objectives: &[1.0, -0.0], violation: -3.0 });
        assert_eq!(scores.objectives(0), [f64::INFINITY; 2]);
        assert_eq!(scores.violation(1), f64::INFINITY);
        assert_eq!((scores.violation(2), scores.objectives(2)[1].to_bits()), (0.0, 0));
        assert_eq!(scores.best(), Some(2));
    }

    #[test]
    fn dominance_is_strict_somewhere() {
        assert_eq!(dominance(&[1.0, 2.0], &[1.0, 3.0]), Dominance::First);
        assert_eq!(dominance(&[2.0, 2.0], &[1.0, 2.0]), Dominance::Second);
        assert_eq!(dominance(&[1.0, 2.0], &[1.0, 2.0]), Dominance::Neither);
        assert_eq!(dominance(&[1.0, 2.0], &[2.0, 1.0]), Dominance::Neither);
    }

    #[test]
    fn a_violation_outweighs_every_objective() {
        let (bad, good) = (Measured { objectives: &[0.0], violation: 1e-9 }, Measured::feasible(&[1e9]));
        assert_eq!(constrained_dominance(bad, good), Dominance::Second);
    }
}
