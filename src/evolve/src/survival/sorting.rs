//! Non-dominated sorting: individuals fall into fronts, each front dominated only by earlier ones.
//!
//! Two objectives: sort by the first, then find each point's front by bisection (Jensen 2003), O(n log n). More: efficient non-dominated sort with sequential
//! search (Zhang et al. 2015, ENS-SS). Infeasible rows follow all feasible ones, one front per level of violation (Deb et al. 2002, §VI).

use serde::{Deserialize, Serialize};

use crate::scores::{Dominance, Scores, dominance};

/// Fronts of a table of scores, with the space to compute them again without allocating.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fronts {
    /// Rows, front by front; inside a front in lexicographic order of objectives.
    order: Vec<u32>,
    /// Where each front starts in `order`, and its end at last.
    starts: Vec<u32>,
    #[serde(skip)]
    keyed: Vec<(f64, f64, u32)>,
    #[serde(skip)]
    front_of: Vec<u32>,
    #[serde(skip)]
    lasts: Vec<f64>,
}

impl Fronts {
    /// Sorts all rows of `scores`; violations up to `level` count as none.
    pub fn sort(&mut self, scores: &Scores, level: f64) {
        self.keyed.clear();
        self.front_of.clear();
        self.front_of.resize(scores.len(), 0);
        let mut infeasible = Vec::new();
        for row in 0..scores.len() {
            if scores.violation(row) > level {
                infeasible.push(row as u32);
            } else {
                let objectives = scores.objectives(row);
                self.keyed.push((objectives[0], objectives.get(1).copied().unwrap_or(0.0), row as u32));
            }
        }
        let mut count = match scores.width() {
            1 | 2 => self.sort_two(),
            _ => self.sort_many(scores),
        };
        infeasible.sort_by(|&a, &b| scores.violation(a as usize).total_cmp(&scores.violation(b as usize)).then(a.cmp(&b)));
        let mut previous = None;
        for row in infeasible {
            let violation = scores.violation(row as usize);
            if previous != Some(violation) {
                count += 1;
                previous = Some(violation);
            }
            self.front_of[row as usize] = count - 1;
            self.keyed.push((0.0, 0.0, row));
        }
        self.group(count);
    }

    /// Counting sort of the keyed rows by front, which keeps their order within a front.
    fn group(&mut self, count: u32) {
        self.starts.clear();
        self.starts.resize(count as usize + 1, 0);
        for &(_, _, row) in &self.keyed {
            self.starts[self.front_of[row as usize] as usize + 1] += 1;
        }
        for front in 0..count as usize {
            self.starts[front + 1] += self.starts[front];
        }
        self.order.clear();
        self.order.resize(self.keyed.len(), 0);
        for &(_, _, row) in &self.keyed {
            let place = &mut self.starts[self.front_of[row as usize] as usize];
            self.order[*place as usize] = row;
            *place += 1;
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
    }

    fn sort_two(&mut self) -> u32 {
        self.keyed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        // The second objective of the last member of each front so far; never falls from front to front.
        self.lasts.clear();
        let mut previous: Option<(f64, f64, u32)> = None;
        for &(first, second, row) in &self.keyed {
            let same = previous.filter(|&(a, b, _)| a == first && b == second);
            let front = match same {
                Some((_, _, twin)) => self.front_of[twin as usize] as usize,
                None => self.lasts.partition_point(|&last| last <= second),
            };
            if front == self.lasts.len() {
                self.lasts.push(second);
            } else {
                self.lasts[front] = second;
            }
            self.front_of[row as usize] = front as u32;
            previous = Some((first, second, row));
        }
        self.lasts.len() as u32
    }

    fn sort_many(&mut self, scores: &Scores) -> u32 {
        let compare = |a: &(f64, f64, u32), b: &(f64, f64, u32)| {
            let (x, y) = (scores.objectives(a.2 as usize), scores.objectives(b.2 as usize));
            let order = x.iter().zip(y).map(|(p, q)| p.total_cmp(q)).find(|order| order.is_ne());
            order.unwrap_or(a.2.cmp(&b.2))
        };
        self.keyed.sort_unstable_by(compare);
        let mut fronts: Vec<Vec<u32>> = Vec::new();
        for &(_, _, row) in &self.keyed {
            let point = scores.objectives(row as usize);
            // Later members of a front are nearer in the order and dominate more often: ask them first.
            let dominated = |front: &Vec<u32>| {
                front.iter().rev().any(|&other| dominance(scores.objectives(other as usize), point) == Dominance::First)
            };
            let front = fronts.iter().position(|front| !dominated(front)).unwrap_or(fronts.len());
            if front == fronts.len() {
                fronts.push(Vec::new());
            }
            fronts[front].push(row);
            self.front_of[row as usize] = front as u32;
        }
        fronts.len() as u32
    }

    /// Number of fronts.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether nothing was sorted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of a front, best front first.
    pub fn front(&self, front: usize) -> &[u32] {
        &self.order[self.starts[front] as usize..self.starts[front + 1] as usize]
    }
}

/// Rows that no other row dominates, with feasibility first, in lexicographic order of objectives.
pub fn non_dominated(scores: &Scores) -> Vec<usize> {
    let mut fronts = Fronts::default();
    fronts.sort(scores, 0.0);
    if fronts.is_empty() { Vec::new() } else { fronts.front(0).iter().map(|&row| row as usize).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scores::{Measured, constrained_dominance};

    fn slow(scores: &Scores) -> Vec<u32> {
        let mut front_of = vec![u32::MAX; scores.len()];
        for front in 0.. {
            let open: Vec<usize> = (0..scores.len()).filter(|&row| front_of[row] == u32::MAX).collect();
            if open.is_empty() {
                break;
            }
            for &row in &open {
                let beaten =
                    |&other: &usize| constrained_dominance(scores.measured(other), scores.measured(row)) == Dominance::First;
                // Equal violations above 0 share a front whatever their objectives.
                let violated = scores.violation(row) > 0.0;
                let beaten = |other: &usize| {
                    if violated { scores.violation(*other) < scores.violation(row) } else { beaten(other) }
                };
                if !open.iter().any(beaten) {
                    front_of[row] = front;
                }
            }
        }
        front_of
    }

    proptest! {
        #[test]
        fn the_fast_sorts_agree_with_the_definition(
            width in 1usize..5,
            cells in prop::collection::vec((0u8..5, 0u8..5, 0u8..5, 0u8..5, 0u8..3), 1..60),
        ) {
            let mut scores = Scores::new(width);
            for (a, b, c, d, violation) in cells {
                let row = [a, b, c, d].map(f64::from);
                let violation = f64::from(violation.saturating_sub(1));
                scores.push(Measured { objectives: &row[..width], violation });
            }
            let expected = slow(&scores);
            let mut fronts = Fronts::default();
            fronts.sort(&scores, 0.0);
            let mut seen = 0;
            for front in 0..fronts.len() {
                for &row in fronts.front(front) {
                    prop_assert_eq!(expected[row as usize], front as u32);
                    seen += 1;
                }
            }
            prop_assert_eq!(seen, scores.len());
        }
    }

    #[test]
    fn a_tolerated_violation_counts_as_none() {
        let mut scores = Scores::new(1);
        scores.push(Measured { objectives: &[1.0], violation: 0.5 });
        scores.push(Measured { objectives: &[2.0], violation: 0.0 });
        let mut fronts = Fronts::default();
        fronts.sort(&scores, 1.0);
        assert_eq!(fronts.front(0), [0]);
        fronts.sort(&scores, 0.1);
        assert_eq!(fronts.front(0), [1]);
    }
}
