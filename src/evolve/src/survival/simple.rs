//! Survival for one objective: the best of all, the best children, or all children and an elite.
//!
//! (mu + lambda) and (mu, lambda): Schwefel, "Numerical Optimization of Computer Models" (1981). Generational with elitism: De Jong (1975). With several objectives they go
//! by the first.

use serde::{Deserialize, Serialize};

use super::{Cohort, Kept, Survival};
use crate::random::Rng;
use crate::scores::Scores;

/// Rows from best to worst by (violation above the level, first objective); a younger one wins a tie, which lets a population drift over plateaus.
fn order(scores: &Scores, rows: std::ops::Range<usize>, level: f64) -> Vec<u32> {
    let mut rows: Vec<u32> = rows.map(|row| row as u32).collect();
    let violation = |row: u32| if scores.violation(row as usize) <= level { 0.0 } else { scores.violation(row as usize) };
    rows.sort_by(|&a, &b| {
        let first = violation(a).total_cmp(&violation(b));
        let then = scores.objectives(a as usize)[0].total_cmp(&scores.objectives(b as usize)[0]);
        first.then(then).then(b.cmp(&a))
    });
    rows
}

fn rank(kept: &mut Kept) {
    kept.fitness.extend((0..kept.rows.len()).map(|rank| rank as f64));
}

/// (mu + lambda): the best of parents and children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elitist;

impl Survival for Elitist {
    fn survive(&mut self, cohort: Cohort<'_>, _rng: &mut Rng, kept: &mut Kept) {
        kept.rows = order(cohort.scores, 0..cohort.scores.len(), cohort.level);
        kept.rows.truncate(cohort.keep);
        rank(kept);
    }
}

/// (mu, lambda): the best of the children; parents only fill up when there are too few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comma;

impl Survival for Comma {
    fn survive(&mut self, cohort: Cohort<'_>, rng: &mut Rng, kept: &mut Kept) {
        Generational { elite: 0 }.survive(cohort, rng, kept);
    }
}

/// The children replace their parents, but for an elite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generational {
    /// How many of the best parents stay.
    pub elite: usize,
}

impl Survival for Generational {
    fn survive(&mut self, cohort: Cohort<'_>, _rng: &mut Rng, kept: &mut Kept) {
        let Cohort { scores, parents, keep, level } = cohort;
        let children = scores.len() - parents;
        let elite = self.elite.max(keep.saturating_sub(children)).min(parents).min(keep);
        let old = order(scores, 0..parents, level);
        let young = order(scores, parents..scores.len(), level);
        let chosen: Vec<u32> = old.into_iter().take(elite).chain(young.into_iter().take(keep - elite)).collect();
        let mut stays = vec![false; scores.len()];
        chosen.iter().for_each(|&row| stays[row as usize] = true);
        kept.rows = order(scores, 0..scores.len(), level);
        kept.rows.retain(|&row| stays[row as usize]);
        rank(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use crate::scores::Measured;
    use crate::survival::checks::check_survival;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_of_all_keeps_the_rules(seed: u64) {
            check_survival(&Elitist, 1, seed);
            check_survival(&Elitist, 2, seed);
        }
    }

    fn survivors(mut rule: impl Survival, values: &[f64], parents: usize, keep: usize) -> Vec<u32> {
        let mut scores = Scores::new(1);
        values.iter().for_each(|&value| scores.push(Measured::feasible(&[value])));
        let mut kept = Kept::default();
        rule.survive(Cohort { scores: &scores, parents, keep, level: 0.0 }, &mut Rng::new(Seed(1), 0), &mut kept);
        kept.rows
    }

    #[test]
    fn parents_live_on_only_where_the_rule_says() {
        let values = [1.0, 9.0, 5.0, 3.0, 7.0];
        assert_eq!(survivors(Elitist, &values, 2, 2), [0, 3]);
        assert_eq!(survivors(Comma, &values, 2, 2), [3, 2]);
        assert_eq!(survivors(Generational { elite: 1 }, &values, 2, 3), [0, 3, 2]);
        assert_eq!(survivors(Comma, &values, 4, 3), [0, 3, 4], "too few children");
    }

    #[test]
    fn a_younger_one_wins_a_tie() {
        assert_eq!(survivors(Elitist, &[1.0, 1.0], 1, 1), [1]);
    }
}
