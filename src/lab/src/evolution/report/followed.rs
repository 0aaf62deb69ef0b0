//! How a search followed its conditions: for each of them, how many generations it took until its best was within 5 % of the optimum.
//!
//! Figures of the search itself cannot say so, since each generation knows its own seeds. So the best of every generation meets the same seeds afterwards, which the search has not seen, under the conditions of its time; and so does the best
//! from before the change. The optimum is the least loss that is seen there: of any of these, and of a search that began afresh under these conditions with as many generations, which costs as much again.

use std::collections::BTreeMap;

use hms_machine::Seed;
use hms_stack::Configuration;

use super::super::aside::search_aside;
use super::super::evaluator::{Evaluator, Stopped};
use super::super::plan::Plan;
use super::super::search::{self, Progress};
use super::super::state::{Generation, Individual};

/// As near to the optimum as that counts as there.
pub(crate) const NEAR: f64 = 0.05;
/// Seeds at most.
pub(super) const SEEDS_MAX: usize = 40;

/// Conditions, and how a search fared under them.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The first generation under them.
    pub begin: u64,
    /// Loss of what was best before they came; `None` for the first ones.
    pub before: Option<f64>,
    /// Loss of the best after so many generations under them; those without one that keeps the constraints are left out.
    pub bests: Vec<(u64, f64)>,
    /// Generations that were completed under them.
    pub generations: u64,
    /// Loss of what a search found that began afresh; `None` for the first conditions, and where it found nothing.
    pub fresh: Option<f64>,
    /// Seeds of these losses.
    pub seeds: usize,
}

impl Followed {
    /// The least loss that is known.
    pub fn optimum(&self) -> Option<f64> {
        self.bests.iter().map(|best| best.1).chain(self.fresh).reduce(f64::min)
    }

    /// Generations until the best was near the optimum; 0 where what was best before the change was; `None` if it never was.
    pub fn back(&self) -> Option<u64> {
        let optimum = self.optimum()?;
        let near = |loss: f64| loss <= optimum + NEAR * optimum.abs();
        if self.before.is_some_and(near) {
            return Some(0);
        }
        self.bests.iter().find(|best| near(best.1)).map(|best| best.0)
    }
}

/// The best of each generation as the search knew it, by its number; generations without any are left out.
fn leaders(plan: &Plan, individuals: &[Individual], generations: &[Generation]) -> BTreeMap<u64, Configuration> {
    let leader = |generation: &Generation| {
        let best = generation.step.best?;
        let number = generation.step.generation;
        // An equal loss alone may be that of somebody who breaks a constraint, or who was measured under other conditions.
        let fits = |one: &&Individual| {
            one.generation <= number
                && one.phase == plan.phase_of(number)
                && !one.dismissed
                && one.violations.iter().all(|violation| *violation <= 0.0)
                && one.objectives.first() == Some(&best)
        };
        let found = individuals.iter().rev().find(fits)?;
        Some((number, plan.genes.decode(&found.genome)))
    };
    generations.iter().filter_map(leader).collect()
}

/// Measures how a search followed; `evaluators` are those of the conditions, in order. `show` hears of the searches that begin afresh.
///
/// # Errors
/// [`Stopped`].
pub(crate) fn follow(
    plan: &Plan,
    evaluators: &[Evaluator<'_>],
    (individuals, generations): (&[Individual], &[Generation]),
    seeds: &[Seed],
    show: &mut dyn FnMut(Progress),
) -> Result<Vec<Followed>, Stopped> {
    let leaders = leaders(plan, individuals, generations);
    let seeds = &seeds[..seeds.len().min(SEEDS_MAX)];
    let mut found = Vec::new();
    for (phase, evaluator) in evaluators.iter().enumerate() {
        let (begin, end) = plan.span(phase);
        let loss = |configuration: &Configuration| -> Result<Option<f64>, Stopped> {
            let cells = evaluator.measure(&[*configuration], seeds)?;
            Ok(plan.question.answer(&cells[0]).objectives.first().copied())
        };
        let before = match leaders.range(..begin).next_back() {
            Some((_, leader)) => loss(leader)?,
            None => None,
        };
        let mut bests = Vec::new();
        for (generation, leader) in leaders.range(begin..end) {
            bests.extend(loss(leader)?.map(|loss| (generation - begin + 1, loss)));
        }
        let fresh = if phase > 0 {
            let mut plan = plan.still(evaluator.worlds());
            // Its founders are the first of as many generations.
            plan.settings.generations = (end - begin).saturating_sub(1);
            (plan.settings.trials, plan.settings.patience, plan.settings.target) = (None, None, None);
            match search_aside(&plan, search::begin(&plan), evaluator, &mut *show)?.knee {
                Some(knee) => loss(&knee)?,
                None => None,
            }
        } else {
            None
        };
        let under = |generation: &&Generation| (begin..end).contains(&generation.step.generation);
        let complete = generations.iter().filter(under).count() as u64;
        found.push(Followed { begin, before, bests, generations: complete, fresh, seeds: seeds.len() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_back_when_its_best_is_near_the_least_that_anybody_found() {
        let followed = |before, fresh| Followed {
            begin: 5,
            before,
            bests: vec![(1, 9.0), (2, 4.2), (3, 4.0), (4, 4.1)],
            generations: 4,
            fresh,
            seeds: 8,
        };
        assert_eq!(followed(None, None).back(), Some(2), "4.2 is within 5 % of 4");
        assert_eq!(followed(Some(20.0), Some(3.9)).back(), Some(3));
        assert_eq!(followed(Some(20.0), Some(3.0)).back(), None, "a fresh search was better by far");
        assert_eq!(followed(Some(4.1), None).back(), Some(0), "nothing had to be found");
        assert_eq!(Followed { bests: Vec::new(), ..followed(None, None) }.back(), None);
    }
}
