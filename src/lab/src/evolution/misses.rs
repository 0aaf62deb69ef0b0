//! Which constraints a configuration misses, in words: by how much, and how firmly.

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_evolve::run::Evaluation;
use hms_machine::Seed;
use hms_trial::DEFINITIONS;

use super::document::figure;
use super::question::Question;
use crate::presets::Measured;

impl Question {
    /// Which constraints are missed, and by how much: as a share of the limit, or in the unit of the objective where it is held against the base or a limit of 0. Means have their 95 % BCa interval over the seeds of `cells`; where
    /// it reaches below 0, other seeds may see the constraint kept. Empty if all are kept; where a trial failed, that.
    pub fn missed(&self, evaluation: &Evaluation, cells: &[Measured]) -> Vec<String> {
        if let Some(reason) = &evaluation.failure {
            return vec![format!("failed: {reason}")];
        }
        // What is no number is not kept.
        let missed = evaluation.violations.iter().enumerate().filter(|(_, violation)| **violation > 0.0 || violation.is_nan());
        missed.map(|(place, violation)| self.miss(place, *violation, cells)).collect()
    }

    /// The same for a table: `kept` if all are.
    pub(super) fn kept(&self, evaluation: &Evaluation, cells: &[Measured]) -> String {
        let missed = self.missed(evaluation, cells);
        if missed.is_empty() { "kept".to_owned() } else { missed.join(", ") }
    }

    fn miss(&self, place: usize, violation: f64, cells: &[Measured]) -> String {
        let constraint = &self.constraints[place];
        let (scale, unit) = if constraint.base || constraint.limit == 0.0 {
            (constraint.scale(), DEFINITIONS[constraint.objective].unit.symbol())
        } else {
            (100.0, "%")
        };
        let ends = self
            .interval(place, cells)
            .map_or_else(String::new, |found| format!("[{}, {}] ", figure(scale * found.low), figure(scale * found.high)));
        format!("`{}` missed by {} {ends}{unit}", constraint.text, figure(scale * violation))
    }

    /// The interval of a miss on average over cells; `None` of chances, and of fewer than two cells.
    fn interval(&self, place: usize, cells: &[Measured]) -> Option<Interval> {
        let margins: Vec<f64> = cells.iter().filter_map(|cell| self.margins(cell).ok()?[place]).collect();
        if self.constraints[place].probability.is_some() || margins.len() < 2 {
            return None;
        }
        let statistic = |rows: &[usize]| rows.iter().map(|&row| margins[row]).sum::<f64>() / rows.len() as f64;
        let mut rng = Rng::new(Seed(0).derive("evolve/missed", place as u64), 0);
        Bootstrap { confidence: 0.95, resamples: 2000 }.interval(margins.len(), statistic, &mut rng)
    }
}
