//! Survival by fronts, the rule of NSGA-II, with a better cut through the last front.
//!
//! Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002). The front that does
//! not fit is thinned one by one. With two objectives the one goes that adds the least hypervolume (Emmerich, Beume and Naujoks 2005), the ends staying: this keeps the front evenly
//! covered, where removal by crowding distances, all at once, leaves gaps. With more objectives crowding distances are used, as in the paper.

use serde::{Deserialize, Serialize};

use super::{Cohort, Fronts, Kept, Survival};
use crate::random::Rng;
use crate::scores::Scores;

/// Fronts in order; the last is thinned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HypervolumeFronts {
    fronts: Fronts,
    #[serde(skip)]
    thinning: Thinning,
    #[serde(skip)]
    crowding: Crowding,
}

impl Survival for HypervolumeFronts {
    fn survive(&mut self, cohort: Cohort<'_>, _rng: &mut Rng, kept: &mut Kept) {
        let Cohort { scores, keep, level, .. } = cohort;
        self.fronts.sort(scores, level);
        for front in 0..self.fronts.len() {
            let rows = self.fronts.front(front);
            let room = keep - kept.rows.len();
            if room == 0 {
                break;
            }
            let start = kept.rows.len();
            let feasible = scores.violation(rows[0] as usize) <= level;
            if rows.len() <= room {
                kept.rows.extend_from_slice(rows);
            } else if feasible && scores.width() == 2 {
                self.thinning.thin(scores, rows, room, &mut kept.rows);
            } else if feasible {
                self.crowding.keep_widest(scores, rows, room, &mut kept.rows);
            } else {
                kept.rows.extend_from_slice(&rows[..room]);
            }
            self.crowding.measure(scores, &kept.rows[start..]);
            // Fronts first, wide spaces first within a front.
            kept.fitness.extend(self.crowding.distances.iter().map(|distance| front as f64 + 1.0 / (2.0 + distance)));
        }
    }
}

/// Scratch of the removal of least contributors to a two-dimensional hypervolume.
#[derive(Clone, Debug, Default, PartialEq)]
struct Thinning {
    alive: Vec<u32>,
    contributions: Vec<f64>,
}

impl Thinning {
    /// Appends the `room` rows that stay of a front in lexicographic order.
    fn thin(&mut self, scores: &Scores, rows: &[u32], room: usize, kept: &mut Vec<u32>) {
        self.alive.clear();
        self.alive.extend_from_slice(rows);
        self.contributions.clear();
        for place in 0..rows.len() {
            self.contributions.push(self.contribution(scores, place));
        }
        while self.alive.len() > room {
            let mut least = 0;
            for place in 1..self.contributions.len() {
                if self.contributions[place] < self.contributions[least] {
                    least = place;
                }
            }
            self.alive.remove(least);
            self.contributions.remove(least);
            for place in [least.wrapping_sub(1), least] {
                if place < self.alive.len() {
                    self.contributions[place] = self.contribution(scores, place);
                }
            }
        }
        kept.extend_from_slice(&self.alive);
    }

    /// The area that only this point dominates; infinite at the ends.
    fn contribution(&self, scores: &Scores, place: usize) -> f64 {
        if place == 0 || place + 1 == self.alive.len() {
            return f64::INFINITY;
        }
        let at = |place: usize| scores.objectives(self.alive[place] as usize);
        let (before, here, after) = (at(place - 1), at(place), at(place + 1));
        (after[0] - here[0]) * (before[1] - here[1])
    }
}

/// Crowding distances of a front, with their scratch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Crowding {
    order: Vec<(f64, u32)>,
    pub(crate) distances: Vec<f64>,
}

impl Crowding {
    /// Half the perimeter of the box between each row's neighbours, in units of the ranges; infinite at the ends (Deb et al. 2002, §III-B).
    pub(crate) fn measure(&mut self, scores: &Scores, rows: &[u32]) {
        self.distances.clear();
        self.distances.resize(rows.len(), 0.0);
        if scores.width() == 2 && self.measure_in_order(scores, rows) {
            return;
        }
        for column in 0..scores.width() {
            self.order.clear();
            self.order
                .extend(rows.iter().enumerate().map(|(place, &row)| (scores.objectives(row as usize)[column], place as u32)));
            // A front of two objectives often comes sorted by the first.
            self.order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let (first, last) = (self.order[0], self.order[self.order.len() - 1]);
            self.distances[first.1 as usize] = f64::INFINITY;
            self.distances[last.1 as usize] = f64::INFINITY;
            let width = last.0 - first.0;
            if width > 0.0 && width.is_finite() {
                for three in self.order.windows(3) {
                    self.distances[three[1].1 as usize] += (three[2].0 - three[0].0) / width;
                }
            }
        }
    }

    /// The same without sorting, for two objectives and rows that rise in the first and fall in the second, as a front in lexicographic order does; `false` if they do not.
    fn measure_in_order(&mut self, scores: &Scores, rows: &[u32]) -> bool {
        let at = |place: usize| scores.objectives(rows[place] as usize);
        if rows.windows(2).any(|pair| {
            let (a, b) = (scores.objectives(pair[0] as usize), scores.objectives(pair[1] as usize));
            a[0] >= b[0] || a[1] <= b[1] || b[0].is_infinite() || a[1].is_infinite()
        }) {
            return false;
        }
        let last = rows.len() - 1;
        self.distances[0] = f64::INFINITY;
        self.distances[last] = f64::INFINITY;
        let widths = [at(last)[0] - at(0)[0], at(0)[1] - at(last)[1]];
        for place in 1..last {
            let (before, after) = (at(place - 1), at(place + 1));
            self.distances[place] = (after[0] - before[0]) / widths[0] + (before[1] - after[1]) / widths[1];
        }
        true
    }

    fn keep_widest(&mut self, scores: &Scores, rows: &[u32], room: usize, kept: &mut Vec<u32>) {
        self.measure(scores, rows);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| self.distances[b].total_cmp(&self.distances[a]).then(a.cmp(&b)));
        kept.extend(order[..room].iter().map(|&place| rows[place]));
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
        fn fronts_keep_the_rules(seed: u64, width in 1usize..5) {
            check_survival(&HypervolumeFronts::default(), width, seed);
        }
    }

    fn survivors(rows: &[[f64; 2]], keep: usize) -> Vec<u32> {
        let mut scores = Scores::new(2);
        rows.iter().for_each(|row| scores.push(Measured::feasible(row)));
        let mut kept = Kept::default();
        let cohort = Cohort { scores: &scores, parents: 0, keep, level: 0.0 };
        HypervolumeFronts::default().survive(cohort, &mut Rng::new(Seed(1), 0), &mut kept);
        kept.rows
    }

    #[test]
    fn the_least_contributor_of_the_last_front_goes_first() {
        // Contributions: ends infinite, (1, 2): 1 x 2 = 2, (2, 1.9): 2 x 0.1 = 0.2.
        let rows = [[0.0, 4.0], [1.0, 2.0], [2.0, 1.9], [4.0, 0.0]];
        assert_eq!(survivors(&rows, 3), [0, 1, 3]);
        assert_eq!(survivors(&rows, 2), [0, 3]);
    }

    #[test]
    fn of_twins_one_goes_before_anything_else() {
        let rows = [[0.0, 4.0], [1.0, 1.0], [1.0, 1.0], [4.0, 0.0], [9.0, 9.0]];
        let mut kept = survivors(&rows, 3);
        kept.retain(|&row| row != 2 && row != 1);
        assert_eq!(kept, [0, 3]);
    }

    #[test]
    fn crowding_distances_are_those_of_the_paper() {
        let mut scores = Scores::new(2);
        [[0.0, 4.0], [1.0, 2.0], [4.0, 0.0]].iter().for_each(|row| scores.push(Measured::feasible(row)));
        let mut crowding = Crowding::default();
        crowding.measure(&scores, &[0, 1, 2]);
        assert_eq!(crowding.distances, [f64::INFINITY, 2.0, f64::INFINITY]);
        // In another order they are found by sorting.
        crowding.measure(&scores, &[1, 2, 0]);
        assert_eq!(crowding.distances, [2.0, f64::INFINITY, f64::INFINITY]);
    }
}
