//! How many seeds a candidate gets: another one only while it is open whether it is worth knowing well.
//!
//! Picture a jury that has seen the leaders on every exercise. A newcomer does the same exercises; after two, four, eight of them the jury compares, exercise by exercise (paired, common random numbers), and may send it
//! home. The *boundary* is the last of the leading quarter (one objective), or every leader (several). There are two ways to decide:
//!
//! * *Halving* (one objective; rungs that double are those of successive halving: Jamieson and Talwalkar 2016): it goes on only while it is ahead of the boundary on what it has met, by a hundredth at least. It meets those seeds first on
//!   which the boundary loses most: there is most to gain there. Differences between configurations are heavy-tailed (nothing on most seeds, much on a few), so on any two seeds one gain in six is overlooked, and on these two one in a hundred.
//! * *Test*: it is sent home as soon as it is surely worse than the boundary. The chance of a wrong dismissal is spent over the looks in equal parts (alpha spending: Lan and DeMets 1983), and over the leaders who may dismiss (Bonferroni). How much
//!   differences vary the jury knows from all newcomers before ([`hms_evolve::proof::moderated`]), so that two exercises are enough for a clear loser.
//!
//! What a dismissed candidate would have scored is told as the leader's score and the difference so far, never its own few lucky seeds; only of tails and chances, and of constraints after halving, there is nothing but these.
//!
//! **Contract.** The verdict on a candidate depends on the candidate, on the boundary when it was asked for, and on nothing that happens meanwhile.

use hms_evolve::proof::moderated::{Law, Spread};
use hms_evolve::proof::paired::t_above;
use hms_evolve::run::Evaluation;
use serde::{Deserialize, Serialize};

use super::question::{Question, Target};
use crate::presets::Measured;

/// Values that differ by no more than this share are equal but for rounding.
const ROUNDING: f64 = 1e-9;
/// Share of the boundary's losses by which a candidate has to be ahead. On a small cluster under a swarm (256 candidates on ten seeds) half of those that are not worse differ by less, and all of them together have a hundredth of the gain.
const AHEAD: f64 = 0.01;
/// Halving looks first after one in so many seeds: two of ten, as in the measurement above. Two of sixty hold so little of all losses that who is a tenth better on every seed would seldom be ahead by a hundredth.
const FIRST_LOOK: usize = 5;
/// Chance of an error up to which a difference counts as sure where the judge is no test.
const SURE: f64 = 0.05;

/// A row of the table: by seed, the losses and margins of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) losses: Vec<Vec<Option<f64>>>,
    pub(super) margins: Vec<Vec<Option<f64>>>,
}

/// Someone to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Leader {
    /// Number of the individual.
    pub(super) id: u64,
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
    /// What is known of the spread of differences to leaders, objective by objective; nothing where it is empty.
    pub(super) laws: Vec<Law>,
}

/// When a candidate is sent home.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Judge {
    /// Never.
    Nobody,
    /// When it is not ahead of the boundary.
    Halving,
    /// When it is surely worse; with the chance of a wrong dismissal in all its looks.
    Test(f64),
}

/// How far a candidate is behind what it was held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// By how much it loses more on the seeds that both have met, as a share of what the other loses on these; less if negative.
    pub share: f64,
    /// How many these are.
    pub seeds: u64,
}

/// How a race goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rules {
    /// Seeds before the first look.
    pub(super) first: usize,
    /// Seeds after which there is no further look.
    pub(super) most: usize,
    /// When a candidate is sent home.
    pub(super) judge: Judge,
}

/// What came of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Raced {
    pub(super) evaluation: Evaluation,
    pub(super) row: Row,
    /// Numbers of the seeds that it met, in that order.
    pub(super) seeds: Vec<usize>,
    /// Whether it was sent home early.
    pub(super) dismissed: bool,
    /// Whether it met all seeds and is neither surely better nor surely worse than the boundary.
    pub(super) undecided: bool,
}

impl Rules {
    /// Seeds after which there is a look: the first, and twice as many each time, as long as there is something to save. Halving asks for a share of the boundary's losses on all seeds, so it looks first after a share of them.
    fn looks(self) -> impl Iterator<Item = usize> {
        let first = match self.judge {
            Judge::Halving => self.first.max(self.most.div_ceil(FIRST_LOOK)),
            Judge::Nobody | Judge::Test(_) => self.first,
        };
        std::iter::successors(Some(first), |seeds| Some(2 * seeds)).take_while(move |seeds| *seeds < self.most)
    }

    /// What may be spent at a look by one of so many leaders: all looks are alike, and each leader gets its part. Where nothing is tested, what counts as sure in the end.
    fn error_per_look(self, leaders: usize) -> f64 {
        let whole = match self.judge {
            Judge::Nobody | Judge::Halving => SURE,
            Judge::Test(error) => error,
        };
        whole / (self.looks().count().max(1) * leaders.max(1)) as f64
    }

    /// The seeds in the order in which they are met.
    fn order(self, boundary: &Boundary) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.most).collect();
        if let (Judge::Halving, Some(leader)) = (self.judge, boundary.leaders.first()) {
            let loss = |seed: usize| leader.row.losses.get(seed).and_then(|losses| losses[0]).unwrap_or(f64::NEG_INFINITY);
            order.sort_by(|&a, &b| loss(b).total_cmp(&loss(a)).then(a.cmp(&b)));
        }
        order
    }
}

/// Runs a candidate on all seeds, as `cell` gives them, until its fate is clear.
///
/// # Errors
/// Those of `cell`.
pub(super) fn race<E>(
    question: &Question,
    rules: Rules,
    boundary: &Boundary,
    mut cell: impl FnMut(usize) -> Result<Measured, E>,
) -> Result<Raced, E> {
    let (targets, constraints) = (question.targets.len(), question.constraints.len());
    let mut row = Row { losses: vec![vec![None; targets]; rules.most], margins: vec![vec![None; constraints]; rules.most] };
    let mut cells: Vec<Option<Measured>> = vec![None; rules.most];
    let mut seeds = Vec::new();
    let (laws, error) = (&boundary.laws, rules.error_per_look(boundary.leaders.len()));
    for seed in rules.order(boundary) {
        let measured = cell(seed)?;
        seeds.push(seed);
        match question.losses(&measured).and_then(|losses| Ok((losses, question.margins(&measured)?))) {
            Ok((losses, margins)) => (row.losses[seed], row.margins[seed]) = (losses, margins),
            Err(reason) => {
                return Ok(Raced { evaluation: Evaluation::failed(reason), row, seeds, dismissed: false, undecided: false });
            }
        }
        cells[seed] = Some(measured);
        let looking = rules.looks().any(|look| look == seeds.len());
        let behind = |leader: &&Leader| match rules.judge {
            Judge::Nobody => false,
            Judge::Halving => !ahead(question, &row, leader) || surely_breaks(question, (&row, &leader.row), error),
            Judge::Test(_) => surely_worse(question, (&row, &leader.row), laws, error),
        };
        if let Some(leader) = boundary.leaders.iter().filter(|_| looking).find(behind) {
            let evaluation = told(question, rules, &row, leader);
            return Ok(Raced { evaluation, row, seeds, dismissed: true, undecided: false });
        }
    }
    let sure = |leader: &Leader| {
        surely_worse(question, (&row, &leader.row), laws, error) || surely_worse(question, (&leader.row, &row), laws, error)
    };
    let undecided = !boundary.leaders.is_empty() && !boundary.leaders.iter().any(sure);
    let cells: Vec<Measured> = cells.into_iter().flatten().collect();
    Ok(Raced { evaluation: question.answer(&cells), row, seeds, dismissed: false, undecided })
}

/// By how much a candidate loses more than a leader on the seeds that both have met, as a share of what the leader loses on these; less if negative. Halving meets hard seeds first, and the shares of those that it gives up can so be better compared with those of others (they seem a little better than they are, where luck is not shared: on its worst seeds the leader had bad luck).
/// `None` where the leader loses nothing, for tails, and with several objectives.
pub(super) fn apart(question: &Question, row: &Row, leader: &Leader) -> Option<Apart> {
    let both = row.losses.iter().zip(&leader.row.losses).filter_map(|(own, theirs)| own[0].zip(theirs[0]));
    let both: Vec<(f64, f64)> = both.collect();
    let whole: f64 = both.iter().map(|(_, theirs)| theirs.abs()).sum();
    let share = both.iter().map(|(own, theirs)| own - theirs).sum::<f64>() / whole;
    (question.is_one_mean() && whole > 0.0).then_some(Apart { share, seeds: both.len() as u64 })
}

/// Differences of two columns on the seeds on which both say something.
fn differences(first: &[Vec<Option<f64>>], second: &[Vec<Option<f64>>], place: usize) -> Vec<f64> {
    first.iter().zip(second).filter_map(|(a, b)| Some(a[place]? - b[place]?)).collect()
}

/// Whether a candidate is ahead of a leader on the seeds that it has met, by [`AHEAD`] of what the leader loses on all of them. Against one that breaks a constraint everybody is; and of a tail few seeds say nothing.
fn ahead(question: &Question, row: &Row, leader: &Leader) -> bool {
    let target = &question.targets[0];
    let apart: f64 = differences(&row.losses, &leader.row.losses, 0).iter().sum();
    let whole: f64 = leader.row.losses.iter().filter_map(|losses| losses[0]).map(f64::abs).sum();
    let kept = leader.violations.iter().all(|violation| *violation <= 0.0);
    !kept || !target.is_mean() || apart < -AHEAD * whole
}

/// Whether the first breaks a constraint beyond doubt that the second keeps. Chances are not judged by few seeds.
fn surely_breaks(question: &Question, (first, second): (&Row, &Row), error: f64) -> bool {
    let constraints = question.constraints.len();
    (0..constraints).any(|place| {
        let own: Vec<f64> = first.margins.iter().filter_map(|row| row[place]).collect();
        let mean = question.constraints[place].probability.is_none();
        mean && question.violation_over(place, &second.margins) <= 0.0 && above(&own, None, error / constraints as f64)
    })
}

/// Whether the first is worse in every objective beyond doubt, or breaks a constraint beyond doubt that the second keeps. Tails are not judged by few seeds.
fn surely_worse(question: &Question, (first, second): (&Row, &Row), laws: &[Law], error: f64) -> bool {
    // All must be worse: the chance that all tests err is at most that of one.
    let worse = |(place, target): (usize, &Target)| {
        target.is_mean() && above(&differences(&first.losses, &second.losses, place), laws.get(place), error)
    };
    let kept = |place: usize| question.violation_over(place, &second.margins) <= 0.0;
    surely_breaks(question, (first, second), error)
        || (question.targets.iter().enumerate().all(worse) && (0..question.constraints.len()).all(kept))
}

/// Whether the mean is above 0 beyond doubt. Equal values say nothing about how much others would vary; where nothing else does, what they show is their sign, as often as they are there.
fn above(values: &[f64], law: Option<&Law>, error: f64) -> bool {
    let Some(&first) = values.first() else { return false };
    let equal = values.iter().all(|value| (value - first).abs() <= ROUNDING * first.abs());
    let p = match law.filter(|law| law.freedom > 0.0) {
        Some(law) => law.above(values),
        None if equal && first > 0.0 => 0.5f64.powi(values.len().min(1000) as i32),
        None => t_above(values),
    };
    values.len() >= 2 && p < error
}

/// Learns from a candidate how much differences to leaders vary, objective by objective.
pub(super) fn learn(spreads: &mut [Spread], row: &Row, boundary: &Boundary) {
    let Some(leader) = boundary.leaders.first() else { return };
    for (place, spread) in spreads.iter_mut().enumerate() {
        spread.learn(&differences(&row.losses, &leader.row.losses, place));
    }
}

/// What is told of a dismissed candidate: the leader's figures and the differences to it; of tails and chances, what it has shown itself. After halving, seeds that were met for the leader's losses there stand for themselves
/// alone, as if on the others nothing differed; who is not ahead is told as no better, and by how much constraints are broken is what it has shown.
fn told(question: &Question, rules: Rules, row: &Row, leader: &Leader) -> Evaluation {
    let objective = |(place, figure): (usize, &f64)| {
        let apart = differences(&row.losses, &leader.row.losses, place);
        let whole: f64 = apart.iter().sum();
        match (question.targets[place].is_mean(), rules.judge) {
            (false, _) => question.loss_over(place, &row.losses).unwrap_or(*figure),
            (true, Judge::Nobody | Judge::Test(_)) => figure + whole / apart.len().max(1) as f64,
            (true, Judge::Halving) => {
                let seeds = leader.row.losses.iter().filter(|losses| losses[place].is_some()).count();
                figure + (whole / seeds.max(1) as f64).max(0.0)
            }
        }
    };
    let violation = |(place, figure): (usize, &f64)| {
        let apart = differences(&row.margins, &leader.row.margins, place);
        let tested = question.constraints[place].probability.is_none() && rules.judge != Judge::Halving;
        if tested {
            figure + apart.iter().sum::<f64>() / apart.len().max(1) as f64
        } else {
            question.violation_over(place, &row.margins)
        }
    };
    Evaluation {
        objectives: leader.objectives.iter().enumerate().map(objective).collect(),
        violations: leader.violations.iter().enumerate().map(violation).collect(),
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
    pub(super) fn boundary(&self, quarter: usize, spreads: &[Spread]) -> Boundary {
        let leaders = match self.found.first() {
            Some(first) if first.objectives.len() == 1 => {
                self.found.iter().take(quarter).next_back().cloned().into_iter().collect()
            }
            Some(_) => self.found.clone(),
            None => Vec::new(),
        };
        Boundary { leaders, laws: spreads.iter().map(Spread::law).collect() }
    }

    /// Forgets all: what they are worth is no longer known well enough.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }
}
