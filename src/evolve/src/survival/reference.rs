//! Survival by reference directions: the rule of NSGA-III.
//!
//! Deb and Jain, "An evolutionary many-objective optimization algorithm using reference-point-based nondominated sorting approach, part I", IEEE Transactions on Evolutionary
//! Computation 18 (2014); ties of constraints as in part II. Objectives are translated by the ideal point and scaled by the intercepts of the plane through the extreme points;
//! where there is no sensible plane, by the nadir of the first front (as Blank and Deb's pymoo does).
//!
//! The paper draws parents evenly. Where most of the living crowd about one direction, the few that lie elsewhere then have hardly any children before they are dominated: on DTLZ4, whose random genomes nearly all lie at
//! one end of the front, an end was lost in 7 of 20 searches with broods of the whole population, and in 11 with broods of a sixteenth. Fitness therefore says how few share an individual's direction, and tournaments prefer the lonely.
//! Once each direction has its one, parents are drawn evenly again.

use serde::{Deserialize, Serialize};

use super::{Cohort, Fronts, Kept, Survival};
use crate::linear;
use crate::random::Rng;
use crate::scores::Scores;

/// Fronts in order; the last is filled direction by direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceDirections {
    /// Unit vectors.
    directions: Vec<Vec<f64>>,
    ideal: Vec<f64>,
    worst: Vec<f64>,
    extremes: Vec<Vec<f64>>,
    fronts: Fronts,
}

/// A row's nearest direction.
#[derive(Clone, Copy, Debug)]
struct Niche {
    direction: usize,
    distance: f64,
}

impl ReferenceDirections {
    /// Survival along these directions, for example [`super::directions::das_dennis`]; their lengths do not matter.
    ///
    /// # Panics
    /// Without directions, or when one is zero.
    pub fn new(directions: Vec<Vec<f64>>) -> Self {
        assert!(!directions.is_empty(), "survival by directions needs some");
        let unit = |direction: Vec<f64>| {
            let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
            assert!(length > 0.0, "a direction points somewhere");
            direction.iter().map(|part| part / length).collect()
        };
        let width = directions[0].len();
        let directions = directions.into_iter().map(unit).collect();
        let (ideal, worst) = (vec![f64::INFINITY; width], vec![f64::NEG_INFINITY; width]);
        ReferenceDirections { directions, ideal, worst, extremes: Vec::new(), fronts: Fronts::default() }
    }

    /// Brings ideal, worst and extreme points up to date, and gives the nadir.
    fn nadir(&mut self, scores: &Scores, feasible: &[u32], first: &[u32]) -> Vec<f64> {
        let width = scores.width();
        for &row in feasible {
            for (column, &value) in scores.objectives(row as usize).iter().enumerate() {
                self.ideal[column] = self.ideal[column].min(value);
                self.worst[column] = self.worst[column].max(value);
            }
        }
        let mut candidates = std::mem::take(&mut self.extremes);
        candidates.extend(first.iter().map(|&row| scores.objectives(row as usize).to_vec()));
        self.extremes = (0..width).map(|axis| self.extreme(axis, &candidates)).collect();
        let largest =
            |column: usize| first.iter().map(|&row| scores.objectives(row as usize)[column]).fold(f64::NEG_INFINITY, f64::max);
        let front_nadir: Vec<f64> = (0..width).map(largest).collect();
        let mut nadir = self.plane().unwrap_or_else(|| front_nadir.clone());
        for column in 0..width {
            if nadir[column] - self.ideal[column] <= 1e-6 || nadir[column] > self.worst[column] + 1e-6 {
                nadir[column] = front_nadir[column];
            }
            if nadir[column] - self.ideal[column] <= 1e-6 {
                nadir[column] = self.worst[column];
            }
        }
        nadir
    }

    /// The candidate nearest to an axis by the achievement function of Deb and Jain 2014, eq. 4.
    fn extreme(&self, axis: usize, candidates: &[Vec<f64>]) -> Vec<f64> {
        const OTHER_AXES: f64 = 1e6;
        let achievement = |point: &Vec<f64>| {
            let part = |(column, value): (usize, &f64)| {
                let moved = value - self.ideal[column];
                // Tiny differences to the ideal would otherwise be blown up into noise.
                let moved = if moved < 1e-3 { 0.0 } else { moved };
                if column == axis { moved } else { moved * OTHER_AXES }
            };
            point.iter().enumerate().map(part).fold(f64::NEG_INFINITY, f64::max)
        };
        let best = candidates.iter().min_by(|a, b| achievement(a).total_cmp(&achievement(b)));
        best.expect("the first front is not empty").clone()
    }

    /// Where the plane through the extreme points meets the axes.
    fn plane(&self) -> Option<Vec<f64>> {
        let rows: Vec<Vec<f64>> =
            self.extremes.iter().map(|point| point.iter().zip(&self.ideal).map(|(a, b)| a - b).collect()).collect();
        let inverse = linear::solve(rows, vec![1.0; self.ideal.len()])?;
        let sensible = inverse.iter().all(|part| part.is_finite() && *part > 0.0);
        sensible.then(|| inverse.iter().zip(&self.ideal).map(|(part, ideal)| 1.0 / part + ideal).collect())
    }

    fn niche(&self, point: &[f64], nadir: &[f64]) -> Niche {
        let scaled: Vec<f64> = point
            .iter()
            .zip(self.ideal.iter().zip(nadir))
            .map(|(value, (ideal, nadir))| (value - ideal) / (nadir - ideal).max(f64::MIN_POSITIVE))
            .collect();
        let square: f64 = scaled.iter().map(|part| part * part).sum();
        let mut nearest = Niche { direction: 0, distance: f64::INFINITY };
        for (direction, unit) in self.directions.iter().enumerate() {
            let along: f64 = unit.iter().zip(&scaled).map(|(a, b)| a * b).sum();
            let distance = (square - along * along).max(0.0);
            if distance < nearest.distance {
                nearest = Niche { direction, distance };
            }
        }
        nearest
    }
}

impl Survival for ReferenceDirections {
    fn survive(&mut self, cohort: Cohort<'_>, rng: &mut Rng, kept: &mut Kept) {
        let Cohort { scores, keep, level, .. } = cohort;
        let mut fronts = std::mem::take(&mut self.fronts);
        fronts.sort(scores, level);
        let feasible = |row: u32| scores.violation(row as usize) <= level;
        let mut front = 0;
        while kept.rows.len() + fronts.front(front).len() <= keep {
            kept.rows.extend_from_slice(fronts.front(front));
            front += 1;
            if kept.rows.len() == keep || front == fronts.len() {
                break;
            }
        }
        let valid: Vec<u32> = (0..scores.len() as u32).filter(|&row| feasible(row)).collect();
        let nadir = if valid.is_empty() { Vec::new() } else { self.nadir(scores, &valid, fronts.front(0)) };
        // Directions of the kept, as far as they are feasible: those come first.
        let home = |row: u32| self.niche(scores.objectives(row as usize), &nadir).direction;
        let mut homes: Vec<usize> = kept.rows.iter().take_while(|&&row| feasible(row)).map(|&row| home(row)).collect();
        if kept.rows.len() < keep {
            let last = fronts.front(front);
            if feasible(last[0]) {
                self.fill(scores, &nadir, last, keep, rng, (&mut kept.rows, &mut homes));
            } else {
                let room = keep - kept.rows.len();
                kept.rows.extend_from_slice(&last[..room]);
            }
        }
        let mut crowds = vec![0u32; self.directions.len()];
        homes.iter().for_each(|&direction| crowds[direction] += 1);
        kept.fitness.extend(kept.rows.iter().enumerate().map(|(place, &row)| match homes.get(place) {
            Some(&direction) => -1.0 / f64::from(crowds[direction]),
            None => scores.violation(row as usize),
        }));
        self.fronts = fronts;
    }
}

impl ReferenceDirections {
    /// Niching (Deb and Jain 2014, algorithm 4): adds rows of the last front up to `keep`, and their directions to those of the kept.
    fn fill(
        &self,
        scores: &Scores,
        nadir: &[f64],
        last: &[u32],
        keep: usize,
        rng: &mut Rng,
        (rows, homes): (&mut Vec<u32>, &mut Vec<usize>),
    ) {
        let mut counts = vec![0u32; self.directions.len()];
        homes.iter().for_each(|&direction| counts[direction] += 1);
        let mut waiting: Vec<Vec<(f64, u32)>> = vec![Vec::new(); self.directions.len()];
        for &row in last {
            let niche = self.niche(scores.objectives(row as usize), nadir);
            waiting[niche.direction].push((niche.distance, row));
        }
        while rows.len() < keep {
            let open = || (0..waiting.len()).filter(|&direction| !waiting[direction].is_empty());
            let fewest = open().map(|direction| counts[direction]).min().expect("there are more rows than room");
            let emptiest: Vec<usize> = open().filter(|&direction| counts[direction] == fewest).collect();
            let direction = emptiest[rng.below(emptiest.len())];
            let members = &mut waiting[direction];
            let chosen = if fewest == 0 {
                let nearer = |best: usize, other: usize| if members[other].0 < members[best].0 { other } else { best };
                (0..members.len()).fold(0, nearer)
            } else {
                rng.below(members.len())
            };
            rows.push(members.remove(chosen).1);
            homes.push(direction);
            counts[direction] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::directions::das_dennis;
    use super::*;
    use crate::random::Rng;
    use crate::scores::Measured;
    use crate::survival::checks::check_survival;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn directions_keep_the_rules(seed: u64, width in 2usize..5) {
            check_survival(&ReferenceDirections::new(das_dennis(width, 4)), width, seed);
        }
    }

    fn kept(rows: &[([f64; 2], f64)], keep: usize) -> Kept {
        let mut scores = Scores::new(2);
        rows.iter().for_each(|(row, violation)| scores.push(Measured { objectives: row, violation: *violation }));
        let (mut rule, mut kept) = (ReferenceDirections::new(das_dennis(2, 4)), Kept::default());
        rule.survive(Cohort { scores: &scores, parents: 0, keep, level: 0.0 }, &mut Rng::new(Seed(1), 0), &mut kept);
        kept
    }

    #[test]
    fn whoever_has_a_direction_alone_mates_before_the_crowd_and_the_feasible_before_the_rest() {
        let rows = [
            ([0.0, 1.0], 0.0),
            ([0.01, 0.99], 0.0),
            ([0.02, 0.98], 0.0),
            ([1.0, 0.0], 0.0),
            ([0.0, 0.0], 1e-3),
            ([0.0, 0.0], 0.5),
        ];
        let Kept { rows, fitness } = kept(&rows, 6);
        let of = |row: u32| fitness[rows.iter().position(|&other| other == row).unwrap()];
        assert!(of(0) == of(1) && of(1) == of(2), "{fitness:?}");
        assert!(of(3) < of(0) && of(0) < of(4) && of(4) < of(5), "{fitness:?}");
    }

    #[test]
    fn crowds_count_those_whom_niching_adds() {
        // All of one front, which is one too large: the second direction keeps its only one, the first two of its three.
        let rows = [([0.0, 1.0], 0.0), ([0.01, 0.99], 0.0), ([0.02, 0.98], 0.0), ([1.0, 0.0], 0.0)];
        let Kept { rows, fitness } = kept(&rows, 3);
        let wanted: Vec<f64> = rows.iter().map(|&row| if row == 3 { -1.0 } else { -0.5 }).collect();
        assert_eq!((rows.contains(&3), fitness), (true, wanted));
    }

    #[test]
    fn the_plane_through_extreme_points_gives_the_intercepts() {
        let mut rule = ReferenceDirections::new(das_dennis(2, 4));
        rule.ideal = vec![1.0, 1.0];
        rule.extremes = vec![vec![3.0, 1.0], vec![1.0, 5.0]];
        assert_eq!(rule.plane(), Some(vec![3.0, 5.0]));
        rule.extremes = vec![vec![3.0, 1.0], vec![3.0, 1.0]];
        assert_eq!(rule.plane(), None);
    }
}
