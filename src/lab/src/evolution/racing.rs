//! How many seeds a candidate gets: another one only while it is open whether it is worth knowing well.
//!
//! Picture a jury that has seen the leaders on every exercise. A newcomer does the same exercises in the same order; after each the jury compares, exercise by exercise (paired, common random numbers), and sends it
//! home as soon as it is surely worse than the boundary: the last of the leading quarter (one objective), or some leader in every objective (several). What it would have scored is then told
//! as the leader's score and the difference so far, never its own few lucky seeds. The chance of a wrong dismissal is spent over the looks in equal parts (alpha spending: Lan and DeMets 1983), and over the leaders who may dismiss (Bonferroni).
//!
//! **Contract.** The verdict on a candidate depends on the candidate, on the boundary when it was asked for, and on nothing that happens meanwhile.

use hms_evolve::proof::paired::t_above;
use hms_evolve::run::Evaluation;
use serde::{Deserialize, Serialize};

use super::question::{Question, mean};
use crate::presets::Measured;

/// Values that differ by no more than this share are equal but for rounding.
const ROUNDING: f64 = 1e-9;

/// A row of the table: by seed, the losses and margins of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) losses: Vec<Vec<Option<f64>>>,
    pub(super) margins: Vec<Vec<Option<f64>>>,
}

/// Someone to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Leader {
    /// What identifies the configuration.
    pub(super) key: String,
    pub(super) row: Row,
    pub(super) objectives: Vec<f64>,
    pub(super) violations: Vec<f64>,
}

/// The leaders that newcomers are held against.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Boundary {
    pub(super) leaders: Vec<Leader>,
}

/// How a race goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rules {
    /// Seeds before the first look.
    pub(super) first: usize,
    /// Seeds after which there is no further look.
    pub(super) most: usize,
    /// Chance of a wrong dismissal.
    pub(super) error: f64,
}

/// What came of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Raced {
    pub(super) evaluation: Evaluation,
    pub(super) row: Row,
    /// Seeds that it met.
    pub(super) seeds: usize,
    /// Whether it was sent home early.
    pub(super) dismissed: bool,
    /// Whether it met all seeds and is neither surely better nor surely worse than the boundary.
    pub(super) undecided: bool,
}

impl Rules {
    /// What may be spent at a look: all looks are alike.
    fn error_per_look(self) -> f64 {
        self.error / (self.most.max(self.first) - self.first + 1) as f64
    }
}

/// Runs a candidate on seeds 0, 1, … as `cell` gives them until its fate is clear.
///
/// # Errors
/// Those of `cell`.
pub(super) fn race<E>(
    question: &Question,
    rules: Rules,
    boundary: &Boundary,
    mut cell: impl FnMut(usize) -> Result<Measured, E>,
) -> Result<Raced, E> {
    let mut cells: Vec<Measured> = Vec::new();
    let mut row = Row::default();
    // Each leader may send the candidate home, so each gets its part of what may be spent.
    let error = rules.error_per_look() / boundary.leaders.len().max(1) as f64;
    while cells.len() < rules.most {
        let measured = cell(cells.len())?;
        let read = question.losses(&measured).and_then(|losses| Ok((losses, question.margins(&measured)?)));
        cells.push(measured);
        let seeds = cells.len();
        match read {
            Ok((losses, margins)) => {
                row.losses.push(losses);
                row.margins.push(margins);
            }
            Err(reason) => {
                return Ok(Raced { evaluation: Evaluation::failed(reason), row, seeds, dismissed: false, undecided: false });
            }
        }
        let looking = rules.error > 0.0 && seeds >= rules.first && seeds < rules.most;
        let mut worse_than = boundary.leaders.iter().filter(|leader| looking && surely_worse(&row, &leader.row, error));
        if let Some(leader) = worse_than.next() {
            return Ok(Raced { evaluation: told(&row, leader), row, seeds, dismissed: true, undecided: false });
        }
    }
    let sure = |leader: &Leader| surely_worse(&row, &leader.row, error) || surely_worse(&leader.row, &row, error);
    let undecided = !boundary.leaders.is_empty() && !boundary.leaders.iter().any(sure);
    Ok(Raced { evaluation: question.answer(&cells), seeds: cells.len(), row, dismissed: false, undecided })
}

/// Differences of two columns on the seeds on which both say something.
fn differences(first: &[Vec<Option<f64>>], second: &[Vec<Option<f64>>], place: usize) -> Vec<f64> {
    first.iter().zip(second).filter_map(|(a, b)| Some(a[place]? - b[place]?)).collect()
}

/// Whether the first is worse in every objective beyond doubt, or breaks a constraint beyond doubt that the second keeps.
fn surely_worse(first: &Row, second: &Row, error: f64) -> bool {
    let margins = first.margins.first().map_or(0, Vec::len);
    let breaks = (0..margins).any(|place| {
        let own: Vec<f64> = first.margins.iter().filter_map(|row| row[place]).collect();
        let other = mean(second.margins.iter().map(|row| row[place])).unwrap_or(0.0);
        other <= 0.0 && above(&own, error / margins as f64)
    });
    let objectives = first.losses.first().map_or(0, Vec::len);
    // All must be worse: the chance that all tests err is at most that of one.
    let dominated =
        objectives > 0 && (0..objectives).all(|place| above(&differences(&first.losses, &second.losses, place), error));
    let keeps = (0..margins).all(|place| mean(second.margins.iter().map(|row| row[place])).unwrap_or(0.0) <= 0.0);
    breaks || (dominated && keeps)
}

/// Whether the mean is above 0 beyond doubt. Equal values say nothing about how much others would vary; what they show is their sign, as often as they are there.
fn above(values: &[f64], error: f64) -> bool {
    let Some(&first) = values.first() else { return false };
    let equal = values.iter().all(|value| (value - first).abs() <= ROUNDING * first.abs());
    let p = if equal && first > 0.0 { 0.5f64.powi(values.len().min(1000) as i32) } else { t_above(values) };
    values.len() >= 2 && p < error
}

/// What is told of a dismissed candidate: the leader's figures and the mean differences to it.
fn told(row: &Row, leader: &Leader) -> Evaluation {
    let moved = |own: &[Vec<Option<f64>>], other: &[Vec<Option<f64>>], figures: &[f64]| -> Vec<f64> {
        let difference = |place: usize| mean(differences(own, other, place).into_iter().map(Some)).unwrap_or(0.0);
        figures.iter().enumerate().map(|(place, figure)| figure + difference(place)).collect()
    };
    Evaluation {
        objectives: moved(&row.losses, &leader.row.losses, &leader.objectives),
        violations: moved(&row.margins, &leader.row.margins, &leader.violations),
        failure: None,
    }
}

/// The best of what was measured well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Leaders {
    /// With one objective the best first; with several those that no other dominates.
    found: Vec<Leader>,
}

impl Leaders {
    /// Takes a well-measured configuration in, if it is good enough; at most `most` stay.
    pub(super) fn consider(&mut self, leader: Leader, most: usize) {
        if self.found.iter().any(|other| other.key == leader.key) {
            return;
        }
        let violation = |leader: &Leader| leader.violations.iter().map(|part| part.max(0.0)).sum::<f64>();
        if leader.objectives.len() == 1 {
            let rank = |leader: &Leader| (violation(leader), leader.objectives[0]);
            let place = self.found.partition_point(|other| rank(other) <= rank(&leader));
            self.found.insert(place, leader);
            self.found.truncate(most);
            return;
        }
        let beats = |a: &Leader, b: &Leader| {
            let (va, vb) = (violation(a), violation(b));
            let no_worse = a.objectives.iter().zip(&b.objectives).all(|(a, b)| a <= b);
            va < vb || (va == vb && no_worse && a.objectives != b.objectives)
        };
        if self.found.iter().any(|other| beats(other, &leader)) {
            return;
        }
        self.found.retain(|other| !beats(&leader, other));
        if self.found.len() < most {
            self.found.push(leader);
        }
    }

    /// Whom newcomers are held against: the last of the leading `quarter` of a population, or every leader of a front.
    pub(super) fn boundary(&self, quarter: usize) -> Boundary {
        let leaders = match self.found.first() {
            Some(first) if first.objectives.len() == 1 => {
                self.found.iter().take(quarter).next_back().cloned().into_iter().collect()
            }
            Some(_) => self.found.clone(),
            None => Vec::new(),
        };
        Boundary { leaders }
    }

    /// Forgets all: what they are worth is no longer known well enough.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }
}
