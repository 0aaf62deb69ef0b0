//! DTLZ1–7: any number of objectives.
//!
//! Deb, Thiele, Laumanns and Zitzler, "Scalable test problems for evolutionary multiobjective optimization" (2005). 1: a plane behind 11^k − 1 local fronts; 2: a sphere; 3: a sphere behind
//! 3^k local fronts; 4: a sphere with a biased density; 5: a curve; 6: a curve with a hard approach; 7: pieces.

use std::f64::consts::PI;

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A problem of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtlz {
    /// Number in the paper, 1 to 7.
    number: u8,
    objectives: usize,
    variables: usize,
}

impl Dtlz {
    /// DTLZ`number` (1 to 7) with so many objectives (at least 2) and the paper's number of distance variables: 5 for DTLZ1, 20 for DTLZ7, else 10. `None` for other numbers.
    pub fn new(number: u8, objectives: usize) -> Option<Self> {
        let distance = match number {
            1 => 5,
            7 => 20,
            2..=6 => 10,
            _ => return None,
        };
        (objectives >= 2).then_some(Dtlz { number, objectives, variables: objectives - 1 + distance })
    }

    /// Ranges of the variables.
    pub fn bounds(self) -> Bounds {
        Bounds::cube(self.variables, 0.0, 1.0).expect("the unit interval is a range")
    }

    /// Number of variables.
    pub const fn variables(self) -> usize {
        self.variables
    }

    fn distance(self, tail: &[f64]) -> f64 {
        let k = tail.len() as f64;
        let bowl = || tail.iter().map(|x| (x - 0.5) * (x - 0.5));
        match self.number {
            1 | 3 => {
                let waves: f64 = bowl().zip(tail).map(|(square, x)| square - libm::cos(20.0 * PI * (x - 0.5))).sum();
                100.0 * (k + waves)
            }
            2 | 4 | 5 => bowl().sum(),
            6 => tail.iter().map(|x| libm::pow(*x, 0.1)).sum(),
            _ => 1.0 + 9.0 / k * tail.iter().sum::<f64>(),
        }
    }

    /// Pushes the objectives of a genome.
    pub fn objectives_of(self, x: &[f64], objectives: &mut Vec<f64>) {
        let (head, tail) = x.split_at(self.objectives - 1);
        let g = self.distance(tail);
        match self.number {
            1 => {
                for objective in 0..self.objectives {
                    let kept = self.objectives - 1 - objective;
                    let product: f64 = head[..kept].iter().product();
                    let last = if objective == 0 { 1.0 } else { 1.0 - head[kept] };
                    objectives.push(0.5 * product * last * (1.0 + g));
                }
            }
            7 => {
                objectives.extend_from_slice(head);
                let part = |f: &f64| f / (1.0 + g) * (1.0 + libm::sin(3.0 * PI * f));
                let h = self.objectives as f64 - head.iter().map(part).sum::<f64>();
                objectives.push((1.0 + g) * h);
            }
            number => {
                let angle = |(place, x): (usize, &f64)| match number {
                    4 => libm::pow(*x, 100.0) * PI / 2.0,
                    5 | 6 if place > 0 => PI / (4.0 * (1.0 + g)) * (1.0 + 2.0 * g * x),
                    _ => x * PI / 2.0,
                };
                let angles: Vec<f64> = head.iter().enumerate().map(angle).collect();
                for objective in 0..self.objectives {
                    let kept = self.objectives - 1 - objective;
                    let product: f64 = angles[..kept].iter().map(|angle| libm::cos(*angle)).product();
                    let last = if objective == 0 { 1.0 } else { libm::sin(angles[kept]) };
                    objectives.push((1.0 + g) * product * last);
                }
            }
        }
    }
}

impl Problem for Dtlz {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        self.objectives
    }

    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        self.objectives_of(genome, &mut evaluation.objectives);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::hypervolume::hypervolume;
    use crate::problems::fronts;

    fn at(number: u8, head: [f64; 2], tail: f64) -> Vec<f64> {
        let problem = Dtlz::new(number, 3).unwrap();
        let mut genome = vec![tail; problem.variables()];
        genome[..2].copy_from_slice(&head);
        let mut objectives = Vec::new();
        problem.objectives_of(&genome, &mut objectives);
        objectives
    }

    #[test]
    fn optimal_genomes_lie_on_the_fronts() {
        for head in [[0.1, 0.7], [0.5, 0.5], [1.0, 0.0]] {
            assert!((at(1, head, 0.5).iter().sum::<f64>() - 0.5).abs() < 1e-12);
            for (number, tail) in [(2, 0.5), (3, 0.5), (4, 0.5), (5, 0.5), (6, 0.0)] {
                let square: f64 = at(number, head, tail).iter().map(|value| value * value).sum();
                assert!((square - 1.0).abs() < 1e-12, "DTLZ{number}");
            }
        }
        let seven = at(7, [0.0, 0.0], 0.0);
        assert_eq!(seven, [0.0, 0.0, 6.0]);
        assert_eq!(Dtlz::new(8, 3), None);
        assert_eq!(Dtlz::new(2, 3).unwrap().variables(), 12);
    }

    #[test]
    fn the_curve_problems_are_curves() {
        let (first, second) = (at(5, [0.3, 0.1], 0.5), at(5, [0.3, 0.9], 0.5));
        assert!(first.iter().zip(&second).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    /// 91 targets: .74485 (a figure of the field for this set).
    #[test]
    fn the_targets_of_dtlz2_have_their_hypervolume() {
        let volume = hypervolume(&fronts::sphere(3, 12), &[1.1; 3]);
        assert!((volume - 0.74485).abs() < 5e-5, "{volume}");
    }
}
