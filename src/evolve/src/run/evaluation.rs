//! The result of an evaluation, and who gives it.

use serde::{Deserialize, Serialize};

use crate::scores::Measured;

/// Something to be optimized: the user's fitness.
pub trait Problem {
    /// What is evaluated.
    type Genome;

    /// How many objectives an evaluation gives.
    fn objectives(&self) -> usize;

    /// Evaluates a genome: pushes its objectives (all to be minimised) and violations, or states why it failed. `evaluation` comes empty.
    fn evaluate(&self, genome: &Self::Genome, evaluation: &mut Evaluation);
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Objectives, all to be minimised.
    pub objectives: Vec<f64>,
    /// By how much each constraint is violated: 0 or less where it holds.
    pub violations: Vec<f64>,
    /// Why there is no result; the objectives then do not matter.
    pub failure: Option<String>,
}

/// How much an evaluation may use, for evaluators to enforce; a wall-clock limit is not among them, since it would make results depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Most events (or steps) of a simulation.
    pub events_max: Option<u64>,
    /// Most simulated time, in nanoseconds.
    pub simulated_nanos_max: Option<u64>,
    /// Most memory, in bytes.
    pub bytes_max: Option<u64>,
}

impl Evaluation {
    /// An evaluation that failed for this reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Evaluation { objectives: Vec::new(), violations: Vec::new(), failure: Some(reason.into()) }
    }

    /// Makes it empty again, keeping its memory.
    pub fn clear(&mut self) {
        self.objectives.clear();
        self.violations.clear();
        self.failure = None;
    }

    /// Sum of violations: 0 if all constraints hold, NaN if one is.
    pub fn violation(&self) -> f64 {
        // Not `max`, which would swallow a NaN.
        self.violations.iter().map(|&part| if part <= 0.0 { 0.0 } else { part }).sum()
    }

    /// Whether it failed, gives another number of objectives than `width`, or a NaN.
    pub fn is_failure(&self, width: usize) -> bool {
        let nan = || self.objectives.iter().chain(&self.violations).any(|value| value.is_nan());
        self.failure.is_some() || self.objectives.len() != width || nan()
    }

    /// As an algorithm sees it; a failure becomes infinite. `scratch` holds the row of a failure.
    pub fn measured<'a>(&'a self, width: usize, scratch: &'a mut Vec<f64>) -> Measured<'a> {
        if self.is_failure(width) {
            scratch.clear();
            scratch.resize(width, f64::INFINITY);
            return Measured { objectives: scratch, violation: f64::INFINITY };
        }
        Measured { objectives: &self.objectives, violation: self.violation() }
    }
}

impl Budget {
    /// Whether a use of so many events, simulated nanoseconds and bytes keeps to the budget; the reason if not.
    pub fn check(&self, events: u64, simulated_nanos: u64, bytes: u64) -> Result<(), String> {
        let limits = [
            ("events", self.events_max, events),
            ("simulated nanoseconds", self.simulated_nanos_max, simulated_nanos),
            ("bytes", self.bytes_max, bytes),
        ];
        match limits.iter().find(|(_, limit, used)| limit.is_some_and(|limit| *used > limit)) {
            Some((unit, Some(limit), used)) => Err(format!("{used} {unit} used, {limit} allowed")),
            Some((_, None, _)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_every_kind_become_infinite() {
        let mut scratch = Vec::new();
        let nan = Evaluation { objectives: vec![1.0, f64::NAN], ..Evaluation::default() };
        let short = Evaluation { objectives: vec![1.0], ..Evaluation::default() };
        let constraint = Evaluation { objectives: vec![1.0, 2.0], violations: vec![f64::NAN], failure: None };
        for failure in [nan, short, constraint, Evaluation::failed("out of memory")] {
            let measured = failure.measured(2, &mut scratch);
            assert_eq!((measured.objectives, measured.violation), ([f64::INFINITY; 2].as_slice(), f64::INFINITY));
        }
    }

    #[test]
    fn only_positive_violations_add_up() {
        let evaluation = Evaluation { objectives: vec![1.0], violations: vec![-5.0, 2.0, 0.5], failure: None };
        assert_eq!(evaluation.measured(1, &mut Vec::new()), Measured { objectives: &[1.0], violation: 2.5 });
    }

    #[test]
    fn a_budget_names_what_ran_out() {
        let budget = Budget { events_max: Some(10), ..Budget::default() };
        assert_eq!(budget.check(10, 1, 1), Ok(()));
        assert_eq!(budget.check(11, 1, 1), Err("11 events used, 10 allowed".into()));
    }
}
