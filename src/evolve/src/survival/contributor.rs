//! Survival without the least contributor: the rule of SMS-EMOA.
//!
//! Beume, Naujoks and Emmerich, "SMS-EMOA: multiobjective selection based on dominated hypervolume", European Journal of Operational Research 181 (2007). While there are several
//! fronts, the member of the last that most others dominate goes; with one front the least contributor to the hypervolume goes. The reference point lies one unit beyond the worst of
//! the front in every objective; with two objectives the ends stay.

use serde::{Deserialize, Serialize};

use super::fronts::Crowding;
use super::{Cohort, Fronts, Kept, Survival};
use crate::indicators::hypervolume::contributions;
use crate::random::Rng;
use crate::scores::{Dominance, Scores, dominance};

/// Removes least contributors one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeastContributor {
    fronts: Fronts,
    #[serde(skip)]
    crowding: Crowding,
}

impl Survival for LeastContributor {
    fn survive(&mut self, cohort: Cohort<'_>, _rng: &mut Rng, kept: &mut Kept) {
        let Cohort { scores, keep, level, .. } = cohort;
        self.fronts.sort(scores, level);
        let fronts: Vec<Vec<u32>> = (0..self.fronts.len()).map(|front| self.fronts.front(front).to_vec()).collect();
        let mut room = keep;
        for (front, mut rows) in fronts.into_iter().enumerate() {
            let feasible = scores.violation(rows[0] as usize) <= level;
            while rows.len() > room {
                let goes = match (feasible, front) {
                    (false, _) => rows.len() - 1,
                    (true, 0) => least(scores, &rows),
                    (true, _) => most_dominated(scores, &rows),
                };
                rows.remove(goes);
            }
            if rows.is_empty() {
                break;
            }
            room -= rows.len();
            self.crowding.measure(scores, &rows);
            kept.fitness.extend(self.crowding.distances.iter().map(|distance| front as f64 + 1.0 / (2.0 + distance)));
            kept.rows.extend(rows);
        }
    }
}

fn least(scores: &Scores, rows: &[u32]) -> usize {
    let width = scores.width();
    if width == 2 {
        // In lexicographic order, neighbours bound the contribution.
        let at = |place: usize| scores.objectives(rows[place] as usize);
        let contribution = |place: usize| {
            if place == 0 || place + 1 == rows.len() {
                return f64::INFINITY;
            }
            (at(place + 1)[0] - at(place)[0]) * (at(place - 1)[1] - at(place)[1])
        };
        return smallest((0..rows.len()).map(contribution));
    }
    let mut points = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&row| points.extend_from_slice(scores.objectives(row as usize)));
    let worst = |column: usize| points.iter().skip(column).step_by(width).copied().fold(f64::NEG_INFINITY, f64::max) + 1.0;
    let reference: Vec<f64> = (0..width).map(worst).collect();
    smallest(contributions(&points, &reference).into_iter())
}

fn smallest(values: impl Iterator<Item = f64>) -> usize {
    values.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(place, _)| place)
}

fn most_dominated(scores: &Scores, rows: &[u32]) -> usize {
    let by = |&row: &u32| {
        let point = scores.objectives(row as usize);
        (0..scores.len()).filter(|&other| dominance(scores.objectives(other), point) == Dominance::First).count()
    };
    let counts: Vec<usize> = rows.iter().map(by).collect();
    (1..counts.len()).fold(0, |best, other| if counts[other] > counts[best] { other } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::checks::check_survival;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn contributors_keep_the_rules(seed: u64, width in 1usize..4) {
            check_survival(&LeastContributor::default(), width, seed);
        }
    }
}
