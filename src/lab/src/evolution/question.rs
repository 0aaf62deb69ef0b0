//! What a search is asked for: objectives, a cost, constraints; and what a measured cell means for them.
//!
//! Everything becomes a *loss*, to be minimised: an objective to be minimised is its own loss; a share to be maximised loses what is missing to 1; another number to be maximised counts negative.
//! A cost is a weighted sum of losses.
//!
//! A run need not give every objective. A time that never came (nothing was detected, nothing recovered, nobody answered) counts as the whole length of the run if there were incidents to notice, and says nothing
//! if there were none; a mistake that was never made counts as none. [`Missing`] says which is which, so that no configuration wins by not measuring.

use hms_evolve::noise::objective::{Aggregate, ChanceConstraint};
use hms_evolve::run::Evaluation;
use hms_trial::{DEFINITIONS, Definition, Unit};

use crate::presets::Measured;

/// A sum of losses with weights, over seeds; a single objective has one part of weight 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Name in tables; as the campaign writes it.
    pub name: String,
    /// How the losses of all seeds become one.
    pub aggregate: Aggregate,
    /// Places in [`DEFINITIONS`], and weights.
    pub parts: Vec<(usize, f64)>,
}

/// Something that must hold, on average over seeds or on so many of them.
///
/// A bound is a number, or what the base of the search gives on the same seed, and so much more. What is rare and comes in crowds on a few seeds has no mean that a few dozen seeds
/// could tell (false alarms of the default under the swarm of the lan-3-zones campaign: none on 83 of 100 seeds, 13 on one; 2.3 an hour and node, [0.7, 3.8]); where the crowds are the world's and strike the candidate as they
/// strike the base, the difference has.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// As it was written.
    pub text: String,
    /// Place in [`DEFINITIONS`].
    pub objective: usize,
    /// The bound; with `base`, what is added to that.
    pub limit: f64,
    /// Whether the bound is what the base gives on the same seed, and `limit` more.
    pub base: bool,
    /// Whether the bound is the least value (`>=`) or the greatest (`<=`).
    pub least: bool,
    /// On which share of seeds it must hold (above 0, below 1); `None`: on average.
    pub probability: Option<f64>,
}

impl Constraint {
    /// What a miss of 1 is, in the unit of the objective.
    pub(super) fn scale(&self) -> f64 {
        if self.limit == 0.0 { 1.0 } else { self.limit.abs() }
    }
}

/// Objectives and constraints of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is minimised; never empty.
    pub targets: Vec<Target>,
    /// What must hold.
    pub constraints: Vec<Constraint>,
    /// What a time counts that never came, in seconds: the length of the longest scenario.
    pub horizon: f64,
}

/// What it means that a run does not give an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It failed to happen: the worst, unless nothing called for it.
    Never,
    /// There was nothing bad to measure.
    NothingBad,
}

/// What it means that a run does not give this objective.
pub fn missing(definition: &Definition) -> Missing {
    match definition.name {
        "false_positive_share"
        | "mistake_duration"
        | "mistake_recurrence"
        | "breaker_reaction"
        | "first_attempt"
        | "state_kept"
        | "state_whole"
        | "query_accuracy"
        | "goodput_kept" => Missing::NothingBad,
        _ => Missing::Never,
    }
}

/// The value that stands for an objective which a run does not give, where so many incidents called for it and the run is `horizon` seconds long; `None` where the run says nothing about it.
pub(crate) fn assumed(definition: &Definition, incidents: f64, horizon: f64) -> Option<f64> {
    match (missing(definition), definition.unit) {
        (Missing::NothingBad, Unit::Ratio) => Some(if definition.maximise { 1.0 } else { 0.0 }),
        // The time between mistakes that were never made is at least the run.
        (Missing::NothingBad, _) => Some(if definition.maximise { horizon } else { 0.0 }),
        (Missing::Never, _) if incidents == 0.0 => None,
        (Missing::Never, Unit::Seconds) => Some(if definition.maximise { 0.0 } else { horizon }),
        (Missing::Never, Unit::Ratio) => Some(if definition.maximise { 0.0 } else { 1.0 }),
        (Missing::Never, Unit::Count | Unit::PerSecond | Unit::PerNodeHour | Unit::PerNodeSecond | Unit::BytesPerNodeSecond) => {
            Some(0.0)
        }
    }
}

/// Incidents of a run.
pub(crate) fn incidents(values: &[Option<f64>]) -> f64 {
    place("incidents").and_then(|place| values[place]).unwrap_or(0.0)
}

/// The place of an objective in [`DEFINITIONS`].
pub(super) fn place(name: &str) -> Option<usize> {
    DEFINITIONS.iter().position(|definition| definition.name == name)
}

/// An objective's value as a loss.
pub fn loss(definition: &Definition, value: f64) -> f64 {
    match (definition.maximise, definition.unit) {
        (true, Unit::Ratio) => 1.0 - value,
        (true, _) => -value,
        (false, _) => value,
    }
}

impl Target {
    /// A single objective.
    pub fn single(objective: usize) -> Target {
        Target { name: DEFINITIONS[objective].name.to_owned(), aggregate: Aggregate::Mean, parts: vec![(objective, 1.0)] }
    }

    /// Whether it is a mean over seeds. Only of means do paired differences of few seeds tell who is better.
    pub fn is_mean(&self) -> bool {
        self.aggregate == Aggregate::Mean
    }

    /// The name for files.
    pub fn file_name(&self) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._".contains(letter) { letter } else { '-' };
        self.name.trim_end_matches(')').replace(", ", "-").chars().map(plain).collect()
    }

    /// The name without what is written around it.
    fn inner(&self) -> &str {
        self.name.rsplit_once(", ").map_or(self.name.as_str(), |(_, name)| name.trim_end_matches(')'))
    }

    /// The objective, where it is a single one.
    pub fn definition(&self) -> Option<&'static Definition> {
        match self.parts.as_slice() {
            [(objective, _)] if self.inner() == DEFINITIONS[*objective].name => Some(&DEFINITIONS[*objective]),
            _ => None,
        }
    }

    /// A loss in the unit of the objective: what it was before it became a loss.
    pub fn shown(&self, loss: f64) -> f64 {
        match self.definition() {
            Some(Definition { maximise: true, unit: Unit::Ratio, .. }) => 1.0 - loss,
            Some(Definition { maximise: true, .. }) => -loss,
            Some(_) | None => loss,
        }
    }

    /// Unit of [`Target::shown`].
    pub fn unit(&self) -> &'static str {
        self.definition().map_or("", |definition| definition.unit.symbol())
    }
}

impl Question {
    /// Whether it asks for one mean over seeds, for which single candidates can be compared by differences.
    pub fn is_one_mean(&self) -> bool {
        matches!(self.targets.as_slice(), [target] if target.is_mean())
    }

    /// The loss of an objective in a cell; `None` where the run says nothing about it.
    fn part(&self, values: &[Option<f64>], objective: usize) -> Option<f64> {
        let definition = &DEFINITIONS[objective];
        let value = values[objective].or_else(|| assumed(definition, incidents(values), self.horizon))?;
        Some(loss(definition, value))
    }

    /// The losses of one cell, target by target.
    ///
    /// # Errors
    /// Why the trial failed, or that a value is not a number.
    pub fn losses(&self, measured: &Measured) -> Result<Vec<Option<f64>>, String> {
        let values = measured.as_ref().map_err(Clone::clone)?;
        let of = |target: &Target| {
            let mut sum = 0.0;
            for &(objective, weight) in &target.parts {
                sum += weight * self.part(values, objective)?;
            }
            Some(sum)
        };
        let losses: Vec<Option<f64>> = self.targets.iter().map(of).collect();
        match losses.iter().zip(&self.targets).find(|(loss, _)| loss.is_some_and(f64::is_nan)) {
            Some((_, target)) => Err(format!("{} is not a number", target.name)),
            None => Ok(losses),
        }
    }

    /// Whether cells need the base's values on the same seed behind their own ([`Evaluator::beside`](super::evaluator::Evaluator::beside)).
    pub fn needs_base(&self) -> bool {
        self.constraints.iter().any(|constraint| constraint.base)
    }

    /// By how much a cell misses each constraint, as a share of the limit, or of what it allows beyond the base (of 1 where that is 0): negative where it holds. Where the base says nothing, nothing is held against it.
    ///
    /// # Panics
    /// If the base's values are not there and are needed.
    ///
    /// # Errors
    /// Why the trial failed.
    pub fn margins(&self, measured: &Measured) -> Result<Vec<Option<f64>>, String> {
        let values = measured.as_ref().map_err(Clone::clone)?;
        let (own, base) = values.split_at(DEFINITIONS.len());
        assert!(!self.needs_base() || base.len() == DEFINITIONS.len(), "cells come with those of the base");
        let of = |constraint: &Constraint| {
            let definition = &DEFINITIONS[constraint.objective];
            let value = self.part(own, constraint.objective)?;
            let limit = match (constraint.base, definition.maximise) {
                (false, _) => loss(definition, constraint.limit),
                (true, true) => self.part(base, constraint.objective)? - constraint.limit,
                (true, false) => self.part(base, constraint.objective)? + constraint.limit,
            };
            // Bounds on the good side turn around.
            let apart = if constraint.least == definition.maximise { value - limit } else { limit - value };
            Some(apart / constraint.scale())
        };
        Ok(self.constraints.iter().map(of).collect())
    }

    /// Objectives and violations of a configuration from its cells, over the seeds that say something. A trial that failed fails the whole.
    pub fn answer(&self, cells: &[Measured]) -> Evaluation {
        let mut losses = Vec::with_capacity(cells.len());
        let mut margins = Vec::with_capacity(cells.len());
        for measured in cells {
            match (self.losses(measured), self.margins(measured)) {
                (Ok(loss), Ok(margin)) => {
                    losses.push(loss);
                    margins.push(margin);
                }
                (Err(reason), _) | (_, Err(reason)) => return Evaluation::failed(reason),
            }
        }
        let mut evaluation = Evaluation::default();
        for (place, target) in self.targets.iter().enumerate() {
            match self.loss_over(place, &losses) {
                Some(loss) => evaluation.objectives.push(loss),
                None => return Evaluation::failed(format!("no seed gives {}", target.name)),
            }
        }
        evaluation.violations.extend((0..self.constraints.len()).map(|place| self.violation_over(place, &margins)));
        evaluation
    }

    /// The loss in a target over seeds, from the losses of each; `None` where none gives it.
    pub(super) fn loss_over(&self, target: usize, losses: &[Vec<Option<f64>>]) -> Option<f64> {
        let values: Vec<f64> = losses.iter().filter_map(|row| row[target]).collect();
        (!values.is_empty()).then(|| self.targets[target].aggregate.of(&values))
    }

    /// The violation of a constraint over seeds, from the margins of each.
    pub(super) fn violation_over(&self, constraint: usize, margins: &[Vec<Option<f64>>]) -> f64 {
        let column = || margins.iter().map(|row| row[constraint]);
        match self.constraints[constraint].probability {
            None => mean(column()).unwrap_or(0.0),
            Some(probability) => {
                let values: Vec<f64> = column().flatten().collect();
                let chance = ChanceConstraint { limit: 0.0, probability };
                if values.is_empty() { 0.0 } else { chance.violation(&values) }
            }
        }
    }
}

/// The mean of those that are there, in their order.
pub(super) fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, count) = values.flatten().fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
