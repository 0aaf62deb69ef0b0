//! Where did the optimum go? A search for the one displacement that carries a whole population after it.
//!
//! When a problem has changed, a population that had converged has no variety left in the directions in which it must move, and selection alone walks there step by step. A pursuit takes the displacement itself as the genome: CMA-ES over
//! it, a scout being moved by it: the member in the middle of the front. What a displacement is worth is how much nearer it brings the scout to the ideal point. One scout and not all members in turn: their differences would be noise for
//! CMA-ES, which needs twice as many evaluations then (measured on FDA1). Only axes along which the members stand close together, and in no order of the front, take part; along the others they are spread over the front.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::{Algorithm, CovarianceAdaptation, Restarts};
use crate::genome::{Bounds, Space};
use crate::scores::{Measured, Scores};

/// A pursuit in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "G: Serialize", deserialize = "G: Deserialize<'de>"))]
pub(super) struct Pursuit<G> {
    search: CovarianceAdaptation<Bounds>,
    axes: usize,
    /// The axes along which it searches.
    free: Vec<usize>,
    scout: G,
    scout_scores: Vec<f64>,
    /// A tenth of the front's extent better than the best of each objective.
    ideal: Vec<f64>,
    left: usize,
    best: f64,
    /// Generation of the best.
    found: u64,
}

impl<G: Clone> Pursuit<G> {
    /// Longest displacement along an axis, as a share of its range.
    const REACH: f64 = 0.5;
    /// Deviation of the first cloud of displacements, as a share of the ranges.
    const SIGMA: f64 = 0.03;
    /// Generations without progress after which nothing more is expected.
    const PATIENCE: u64 = 10;
    /// Gain, as a share of a member's distance from the ideal point, below which a population has not been left behind.
    const WORTHWHILE: f64 = 0.02;
    /// Generations in which that gain must show. In thirty dimensions a displacement of a twentieth of the range shows after 15 or so; with six, changes of FDA3
    /// in which the optimum goes a little further than was predicted were taken for none, and cost up to 19 generations in place of nine.
    const FIRST: u64 = 20;

    /// A pursuit of at most `evaluations` from members that were measured after the change; `None` where nothing can be moved.
    pub(super) fn new<S: Space<Genome = G>>(
        space: &S,
        members: &[G],
        scores: &Scores,
        evaluations: usize,
        seed: Seed,
    ) -> Option<Self> {
        let finite = |row: &usize| scores.violation(*row) <= 0.0 && scores.objectives(*row).iter().all(|value| value.is_finite());
        let rows: Vec<usize> = (0..members.len()).filter(finite).collect();
        let (axes, free) = free_axes(space, members, scores, &rows);
        if free.is_empty() || rows.is_empty() || evaluations == 0 {
            return None;
        }
        let column = |place: usize| rows.iter().map(move |&row| scores.objectives(row)[place]);
        let extent = |place: usize| {
            let (low, high) =
                column(place).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            (low, if high > low { high - low } else { 1.0 })
        };
        let extents: Vec<(f64, f64)> = (0..scores.width()).map(extent).collect();
        let worst_part = |row: usize| {
            let parts = scores.objectives(row).iter().zip(&extents).map(|(value, (low, extent))| (value - low) / extent);
            parts.fold(f64::NEG_INFINITY, f64::max)
        };
        let scout = rows.iter().copied().min_by(|&a, &b| worst_part(a).total_cmp(&worst_part(b)).then(a.cmp(&b)))?;
        let bounds = Bounds::cube(free.len(), -Self::REACH, Self::REACH).expect("the reach is a range");
        let search = CovarianceAdaptation::new(bounds, Restarts::Growing, seed)
            .starting_from(&vec![0.0; free.len()])
            .starting_with(Self::SIGMA);
        Some(Pursuit {
            search,
            axes,
            free,
            scout: members[scout].clone(),
            scout_scores: scores.objectives(scout).to_vec(),
            ideal: extents.into_iter().map(|(low, extent)| low - 0.1 * extent).collect(),
            left: evaluations,
            best: f64::NEG_INFINITY,
            found: 0,
        })
    }

    /// The scout moved, to evaluate, and the number by which its result is told; `None` while results are waited for.
    pub(super) fn ask<S: Space<Genome = G>>(&mut self, space: &S) -> Option<(u64, G)> {
        let asked = self.search.ask()?;
        let mut moved = self.scout.clone();
        space.shift(&mut moved, &spread_out(self.axes, &self.free, asked.genome));
        self.left = self.left.saturating_sub(1);
        Some((asked.id, moved))
    }

    /// Hears what the moved scout is worth.
    pub(super) fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let gain = self.gain(measured.objectives);
        self.search.tell(id, Measured { objectives: &[-gain], violation: measured.violation });
        if measured.violation <= 0.0 && gain > self.best {
            self.best = gain;
            self.found = self.search.generation();
        }
    }

    /// By which share of its distance from the ideal point the scout has come nearer, as the mean over objectives.
    fn gain(&self, row: &[f64]) -> f64 {
        let parts = self.scout_scores.iter().zip(row).zip(&self.ideal);
        let left = parts.map(|((before, after), ideal)| (after - ideal) / (before - ideal));
        1.0 - left.sum::<f64>() / row.len() as f64
    }

    /// Whether it has ended: the optimum is found, was not lost at all, or may cost no more.
    pub(super) fn is_over(&self) -> bool {
        let generation = self.search.generation();
        let idle = generation >= Self::FIRST && self.best < Self::WORTHWHILE;
        self.left == 0 || idle || generation >= self.found + Self::PATIENCE
    }

    /// The displacement to apply to all members, if it is worth while.
    pub(super) fn displacement(&self) -> Option<Vec<f64>> {
        (self.best >= Self::WORTHWHILE).then(|| spread_out(self.axes, &self.free, &self.search.middle()))
    }
}

/// How many axes there are, and those along which a common displacement moves a population and not its spread: its members stand close together there, and
/// in no order of the front. (On FDA3 the front comes to lie in a fiftieth of the range of one variable.) `rows`: the members that count.
fn free_axes<S: Space>(space: &S, members: &[S::Genome], scores: &Scores, rows: &[usize]) -> (usize, Vec<usize>) {
    /// Deviation of the members, as a share of the range.
    const NARROW: f64 = 0.1;
    /// Rank correlation with an objective, from which on an axis is one of the front; ten times what chance gives in a hundred members.
    const ORDERED: f64 = 0.7;
    let points: Vec<Vec<f64>> = members.iter().map(|member| space.coordinates(member)).collect();
    let (axes, count) = (points.first().map_or(0, Vec::len), points.len().max(1) as f64);
    let deviation = |axis: usize| {
        let mean = points.iter().map(|point| point[axis]).sum::<f64>() / count;
        (points.iter().map(|point| (point[axis] - mean) * (point[axis] - mean)).sum::<f64>() / count).sqrt()
    };
    // With one objective there is no front.
    let fronts = if scores.width() > 1 { scores.width() } else { 0 };
    let objectives: Vec<Vec<f64>> =
        (0..fronts).map(|place| ranks(rows.iter().map(|&row| scores.objectives(row)[place]))).collect();
    let ordered = |axis: usize| {
        let along = ranks(rows.iter().map(|&row| points[row][axis]));
        objectives.iter().any(|objective| correlation(&along, objective).abs() > ORDERED)
    };
    (axes, (0..axes).filter(|&axis| deviation(axis) < NARROW && !ordered(axis)).collect())
}

/// The rank of each value, from 0; equal ones share the middle of theirs.
fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    for alike in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let first = order.iter().position(|row| *row == alike[0]).unwrap_or(0);
        alike.iter().for_each(|&row| ranks[row] = first as f64 + (alike.len() - 1) as f64 / 2.0);
    }
    ranks
}

/// Pearson's correlation; 0 where one of the two does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (middle_a, middle_b) = (mean(a), mean(b));
    let products = |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    let scale = (products(a, middle_a, a, middle_a) * products(b, middle_b, b, middle_b)).sqrt();
    if scale > 0.0 { products(a, middle_a, b, middle_b) / scale } else { 0.0 }
}

/// A displacement along all axes: 0 along those that are not free.
fn spread_out(axes: usize, free: &[usize], shares: &[f64]) -> Vec<f64> {
    let mut all = vec![0.0; axes];
    free.iter().zip(shares).for_each(|(&axis, &share)| all[axis] = share);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::dynamic::Fda;

    /// Members that lie on the front of FDA1 before it moves, with what they are worth after so many changes.
    fn left_behind(changes: u64) -> (Fda, Vec<Vec<f64>>, Scores) {
        let problem = Fda::new(1).unwrap().after(changes);
        let member = |step: u32| {
            let mut genome = vec![0.0; 20];
            genome[0] = f64::from(step) / 40.0;
            genome
        };
        let members: Vec<Vec<f64>> = (0..=40).map(member).collect();
        let mut scores = Scores::new(2);
        members.iter().for_each(|genome| scores.push(Measured::feasible(&problem.objectives_of(genome))));
        (problem, members, scores)
    }

    /// The displacement found, and what it cost.
    fn pursue(changes: u64, evaluations: usize) -> (Option<Vec<f64>>, usize) {
        let (problem, members, scores) = left_behind(changes);
        let space = problem.bounds();
        let mut pursuit = Pursuit::new(&space, &members, &scores, evaluations, Seed(2)).unwrap();
        let mut spent = 0;
        while !pursuit.is_over() {
            let (id, moved) = pursuit.ask(&space).unwrap();
            pursuit.tell(id, Measured::feasible(&problem.objectives_of(&moved)));
            spent += 1;
        }
        (pursuit.displacement(), spent)
    }

    #[test]
    fn a_population_finds_the_way_of_its_optimum() {
        let (displacement, _) = pursue(1, 500);
        let displacement = displacement.unwrap();
        // sin(0.05 pi) in a range of 2.
        let off = displacement[1..].iter().map(|part| (part - 0.0782) * (part - 0.0782)).sum::<f64>().sqrt();
        assert!(off < 0.35 * 0.0782 * 19f64.sqrt(), "{off} {displacement:?}");
    }

    #[test]
    fn a_population_in_its_place_stays_there_before_all_is_spent() {
        let (displacement, spent) = pursue(0, 500);
        assert!(displacement.is_none() && spent < 300, "{spent}");
    }

    /// On FDA3 the front may come to lie in a small part of one variable's range: members that stand close together there are spread over it all the same.
    #[test]
    fn an_axis_along_which_the_front_lies_is_not_free_however_close_the_members_stand() {
        let problem = Fda::new(3).unwrap().after(7);
        let member = |step: u32| {
            let mut genome = vec![0.9; 30];
            genome[0] = 0.96 + f64::from(step) / 1000.0;
            genome
        };
        let members: Vec<Vec<f64>> = (0..=40).map(member).collect();
        let mut scores = Scores::new(2);
        members.iter().for_each(|genome| scores.push(Measured::feasible(&problem.objectives_of(genome))));
        let rows: Vec<usize> = (0..members.len()).collect();
        assert_eq!(free_axes(&problem.bounds(), &members, &scores, &rows), (30, (1..30).collect()));
        // With one objective there is no front to be spread over.
        let mut scores = Scores::new(1);
        members.iter().for_each(|genome| scores.push(Measured::feasible(&[genome[0]])));
        assert_eq!(free_axes(&problem.bounds(), &members, &scores, &rows), (30, (0..30).collect()));
    }

    #[test]
    fn nothing_is_pursued_where_nothing_can_be_moved_or_measured() {
        let (problem, members, mut scores) = left_behind(1);
        assert!(Pursuit::new(&problem.bounds(), &members, &scores, 0, Seed(1)).is_none());
        (0..scores.len()).for_each(|row| scores.set(row, Measured { objectives: &[0.0; 2], violation: 1.0 }));
        assert!(Pursuit::new(&problem.bounds(), &members, &scores, 100, Seed(1)).is_none());
        let order = crate::genome::Permutations { length: 3 };
        let mut scores = Scores::new(1);
        scores.push(Measured::feasible(&[1.0]));
        assert!(Pursuit::new(&order, &[order.blank()], &scores, 100, Seed(1)).is_none());
    }
}
