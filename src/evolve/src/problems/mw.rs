//! MW: constrained problems of two objectives with small, cut or narrow feasible regions.
//!
//! Ma and Wang, "Evolutionary constrained multiobjective optimization: test suite construction and performance comparisons", IEEE Transactions on Evolutionary Computation 23 (2019). Here MW1 (small
//! feasible pieces of the front), MW2 (the same behind a multimodal distance), MW3 (a constrained front), MW5 (a few points on an arc), MW7 (a front half free, half bound), MW9 (a narrow
//! band) and MW11 (an unconstrained part and islands).

use std::f64::consts::PI;

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A problem of the suite with the paper's 15 variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mw {
    /// Linear front in pieces.
    One,
    /// Linear front in pieces behind local fronts.
    Two,
    /// Linear front, partly moved by constraints.
    Three,
    /// Arc, of which points remain.
    Five,
    /// Arc, partly moved by constraints.
    Seven,
    /// Front moved into a narrow band.
    Nine,
    /// Wide arc with islands.
    Eleven,
}

/// Variables in the paper.
const VARIABLES: usize = 15;

impl Mw {
    /// All of them.
    pub const ALL: [Mw; 7] = [Mw::One, Mw::Two, Mw::Three, Mw::Five, Mw::Seven, Mw::Nine, Mw::Eleven];

    /// Ranges of the variables.
    pub fn bounds(self) -> Bounds {
        Bounds::cube(VARIABLES, 0.0, 1.0).expect("the ranges of the paper are ranges")
    }

    fn distance(self, x: &[f64]) -> f64 {
        let (n, half) = (x.len() as f64, 0.5);
        let first = |(place, x): (usize, &f64)| {
            // With n − m = 13 for two objectives (paper, eq. 6).
            let z = libm::pow(*x, n - 2.0);
            let spread = z - half - place as f64 / (2.0 * n);
            1.0 - libm::exp(-10.0 * spread * spread)
        };
        let second = |(place, x): (usize, &f64)| {
            let bent = x - place as f64 / n;
            let z = 1.0 - libm::exp(-10.0 * bent * bent);
            1.5 + 0.1 / n * z * z - 1.5 * libm::cos(2.0 * PI * z)
        };
        let tail = || x.iter().enumerate().skip(1);
        match self {
            Mw::One | Mw::Five | Mw::Nine => 1.0 + tail().map(first).sum::<f64>(),
            Mw::Two => 1.0 + tail().map(second).sum::<f64>(),
            Mw::Three | Mw::Seven | Mw::Eleven => {
                let third = |place: usize| {
                    let before = x[place - 1] - 0.5;
                    let bent = x[place] + before * before - 1.0;
                    2.0 * bent * bent
                };
                1.0 + (1..x.len()).map(third).sum::<f64>()
            }
        }
    }
}

impl Problem for Mw {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        2
    }

    fn evaluate(&self, x: &Vec<f64>, evaluation: &mut Evaluation) {
        let g = self.distance(x);
        let f = x[0];
        let (sin, pow) = (libm::sin, libm::pow);
        let arc = |radius: f64| g * (radius - (f / g) * (f / g)).max(0.0).sqrt();
        let square = |value: f64| value * value;
        let violations = &mut evaluation.violations;
        let second = match self {
            Mw::One => {
                let second = g * (1.0 - 0.85 * f / g);
                let l = 2.0f64.sqrt() * (second - f);
                violations.push(f + second - 1.0 - 0.5 * pow(sin(2.0 * PI * l), 8.0));
                second
            }
            Mw::Two => {
                let second = g * (1.0 - f / g);
                let l = 2.0f64.sqrt() * (second - f);
                violations.push(f + second - 1.0 - 0.5 * pow(sin(3.0 * PI * l), 8.0));
                second
            }
            Mw::Three => {
                let second = g * (1.0 - f / g);
                let l = 2.0f64.sqrt() * (second - f);
                violations.push(f + second - 1.05 - 0.45 * pow(sin(0.75 * PI * l), 6.0));
                violations.push(0.85 - f - second + 0.3 * square(sin(0.75 * PI * l)));
                second
            }
            Mw::Five => {
                let first = g * f;
                let second = g * (1.0 - f * f).max(0.0).sqrt();
                let (angle, square_sum) = (libm::atan2(second, first), first * first + second * second);
                let tilt = 0.5 * PI - 2.0 * (angle - 0.25 * PI).abs();
                let wave = sin(6.0 * tilt * tilt * tilt);
                violations.push(square_sum - square(1.7 - 0.2 * sin(2.0 * angle)));
                violations.push(square(1.0 + 0.5 * wave) - square_sum);
                violations.push(square(1.0 - 0.45 * wave) - square_sum);
                evaluation.objectives.extend([first, second]);
                return;
            }
            Mw::Seven => {
                let second = arc(1.0);
                let angle = libm::atan2(second, f);
                violations.push(f * f + second * second - square(1.2 + 0.4 * pow(sin(4.0 * angle), 16.0)));
                violations.push(square(1.15 - 0.2 * pow(sin(4.0 * angle), 8.0)) - f * f - second * second);
                second
            }
            Mw::Nine => {
                let second = g * (1.0 - pow(f / g, 0.6));
                let first_bound = (1.0 - 0.64 * f * f - second) * (1.0 - 0.36 * f * f - second);
                let second_bound = square(1.35) - square(f + 0.35) - second;
                let third_bound = square(1.15) - square(f + 0.15) - second;
                violations.push(first_bound.min(second_bound * third_bound));
                second
            }
            Mw::Eleven => {
                // Just inside the arc's end, as in the authors' code.
                let share = f * 1.9999f64.sqrt();
                let first = g * share;
                let second = g * (2.0 - share * share).max(0.0).sqrt();
                violations.push(-(3.0 - first * first - second) * (3.0 - 2.0 * first * first - second));
                violations.push((3.0 - 0.625 * first * first - second) * (3.0 - 7.0 * first * first - second));
                violations.push(-(1.62 - 0.18 * first * first - second) * (1.125 - 0.125 * first * first - second));
                violations.push((2.07 - 0.23 * first * first - second) * (0.63 - 0.07 * first * first - second));
                evaluation.objectives.extend([first, second]);
                return;
            }
        };
        evaluation.objectives.extend([f, second]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(problem: Mw, genome: Vec<f64>) -> Evaluation {
        let mut evaluation = Evaluation::default();
        problem.evaluate(&genome, &mut evaluation);
        evaluation
    }

    /// Variables that put the distance to 1.
    fn optimal(problem: Mw, first: f64) -> Vec<f64> {
        let n = VARIABLES as f64;
        let mut genome = vec![first];
        for place in 1..VARIABLES {
            let before = genome[place - 1] - 0.5;
            genome.push(match problem {
                Mw::One | Mw::Five | Mw::Nine => libm::pow(0.5 + place as f64 / (2.0 * n), 1.0 / (n - 2.0)),
                Mw::Two => place as f64 / n,
                Mw::Three | Mw::Seven | Mw::Eleven => 1.0 - before * before,
            });
        }
        genome
    }

    #[test]
    fn the_distance_is_one_on_the_front_and_more_elsewhere() {
        for problem in Mw::ALL {
            for first in [0.0, 0.3, 0.9] {
                let genome = optimal(problem, first);
                assert!((problem.distance(&genome) - 1.0).abs() < 1e-9, "{problem:?}");
                let mut moved = genome.clone();
                moved[5] *= 0.5;
                assert!(problem.distance(&moved) > 1.0, "{problem:?}");
            }
        }
    }

    #[test]
    fn ends_of_the_fronts_are_feasible_and_the_middle_of_the_first_is_not() {
        assert_eq!(evaluate(Mw::One, optimal(Mw::One, 0.0)).violation(), 0.0);
        assert_eq!(evaluate(Mw::One, optimal(Mw::One, 0.0)).objectives, [0.0, 1.0]);
        assert!(evaluate(Mw::Two, optimal(Mw::Two, 0.5)).violation() < 1e-9);
        assert!(evaluate(Mw::Seven, optimal(Mw::Seven, 0.7)).violation() > 0.0, "moved outwards by constraints");
    }
}
