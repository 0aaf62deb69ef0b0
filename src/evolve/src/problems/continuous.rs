//! Continuous problems of one objective, in the manner of BBOB: separable and not, smooth and rugged, well and badly conditioned.
//!
//! Classical functions as in Hansen, Finck, Ros and Auger, "Real-parameter black-box optimization benchmarking 2009: noiseless functions definitions" (INRIA RR-6829), without its rotations unless
//! said. Every minimum is 0. Where `shifted`, the optimum lies at 0.4 · U · sin(i) for the coordinate i, counted from 1, so that neither the middle nor a corner is a lucky guess.

use std::f64::consts::{E, PI};

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Sum of squares, in ±5.12.
    Sphere,
    /// A bent valley (Rosenbrock 1960), in [−5, 10], not shifted.
    Rosenbrock,
    /// Ten to the n local optima in a bowl (Rastrigin 1974), in ±5.12.
    Rastrigin,
    /// A funnel in a rough plain (Ackley 1987), in ±32.768.
    Ackley,
    /// Condition 10^6, separable, in ±5.
    Ellipsoid,
    /// Condition 10^6 with axes that are not the coordinates', in ±5.
    RotatedEllipsoid,
    /// One short axis, in ±5.
    Discus,
    /// One long axis, in ±5.
    BentCigar,
    /// Sensitivity grows with the coordinate and towards the optimum, in ±5.
    DifferentPowers,
    /// Rastrigin's function with axes that are not the coordinates', in ±5.
    RotatedRastrigin,
    /// A bowl with waves that interact (Griewank 1981), in ±600.
    Griewank,
    /// Deceptive: the second best optimum is far from the best (Schwefel 1981), in ±500, not shifted.
    Schwefel,
}

/// A function in so many dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuous {
    /// The function.
    pub function: Function,
    /// Number of variables, at least 1.
    pub variables: usize,
}

impl Function {
    /// All functions.
    pub const ALL: [Function; 12] = [
        Function::Sphere,
        Function::Rosenbrock,
        Function::Rastrigin,
        Function::Ackley,
        Function::Ellipsoid,
        Function::RotatedEllipsoid,
        Function::Discus,
        Function::BentCigar,
        Function::DifferentPowers,
        Function::RotatedRastrigin,
        Function::Griewank,
        Function::Schwefel,
    ];

    /// Name in the literature.
    pub const fn name(self) -> &'static str {
        match self {
            Function::Sphere => "sphere",
            Function::Rosenbrock => "Rosenbrock",
            Function::Rastrigin => "Rastrigin",
            Function::Ackley => "Ackley",
            Function::Ellipsoid => "ellipsoid",
            Function::RotatedEllipsoid => "rotated ellipsoid",
            Function::Discus => "discus",
            Function::BentCigar => "bent cigar",
            Function::DifferentPowers => "different powers",
            Function::RotatedRastrigin => "rotated Rastrigin",
            Function::Griewank => "Griewank",
            Function::Schwefel => "Schwefel",
        }
    }

    /// Range of every variable.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Function::Sphere | Function::Rastrigin => (-5.12, 5.12),
            Function::Rosenbrock => (-5.0, 10.0),
            Function::Ackley => (-32.768, 32.768),
            Function::Griewank => (-600.0, 600.0),
            Function::Schwefel => (-500.0, 500.0),
            Function::Ellipsoid
            | Function::RotatedEllipsoid
            | Function::Discus
            | Function::BentCigar
            | Function::DifferentPowers
            | Function::RotatedRastrigin => (-5.0, 5.0),
        }
    }

    const fn is_shifted(self) -> bool {
        !matches!(self, Function::Rosenbrock | Function::Schwefel)
    }
}

/// Schwefel's optimum, in every coordinate.
const SCHWEFEL: f64 = 420.968_746_359_982_03;

impl Continuous {
    /// Ranges of the variables.
    pub fn bounds(self) -> Bounds {
        let (low, high) = self.function.range();
        Bounds::cube(self.variables, low, high).expect("the ranges of the functions are ranges")
    }

    /// Where the minimum of 0 lies.
    pub fn optimum(self) -> Vec<f64> {
        let place = |coordinate: usize| match self.function {
            Function::Rosenbrock => 1.0,
            Function::Schwefel => SCHWEFEL,
            function => 0.4 * function.range().1 * libm::sin(coordinate as f64 + 1.0),
        };
        (0..self.variables).map(place).collect()
    }

    /// The value at a point.
    pub fn value(self, point: &[f64]) -> f64 {
        let n = point.len() as f64;
        let optimum = if self.function.is_shifted() { self.optimum() } else { vec![0.0; point.len()] };
        let z: Vec<f64> = point.iter().zip(&optimum).map(|(x, o)| x - o).collect();
        let squares = || z.iter().map(|x| x * x);
        // Weight of a coordinate between 1 and 10^power.
        let graded = |power: f64, place: usize| libm::pow(10.0, power * place as f64 / (n - 1.0).max(1.0));
        match self.function {
            Function::Sphere => squares().sum(),
            Function::Rosenbrock => {
                z.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]) * (w[1] - w[0] * w[0]) + (1.0 - w[0]) * (1.0 - w[0])).sum()
            }
            Function::Rastrigin => rastrigin(&z),
            Function::RotatedRastrigin => rastrigin(&rotated(&z)),
            Function::Ackley => {
                let waves: f64 = z.iter().map(|x| libm::cos(2.0 * PI * x)).sum();
                let cone = 20.0 * (1.0 - libm::exp(-0.2 * (squares().sum::<f64>() / n).sqrt()));
                // Both parts vanish at the optimum without cancelling large numbers.
                cone + (E - libm::exp(waves / n))
            }
            Function::Ellipsoid => squares().enumerate().map(|(place, x)| graded(6.0, place) * x).sum(),
            Function::RotatedEllipsoid => rotated(&z).iter().enumerate().map(|(place, x)| graded(6.0, place) * x * x).sum(),
            Function::Discus => 1e6 * z[0] * z[0] + z[1..].iter().map(|x| x * x).sum::<f64>(),
            Function::BentCigar => z[0] * z[0] + 1e6 * z[1..].iter().map(|x| x * x).sum::<f64>(),
            Function::DifferentPowers => {
                let term = |(place, x): (usize, &f64)| libm::pow(x.abs(), 2.0 + 4.0 * place as f64 / (n - 1.0).max(1.0));
                z.iter().enumerate().map(term).sum::<f64>().sqrt()
            }
            Function::Griewank => {
                let waves: f64 = z.iter().enumerate().map(|(place, x)| libm::cos(x / (place as f64 + 1.0).sqrt())).product();
                squares().sum::<f64>() / 4000.0 + 1.0 - waves
            }
            Function::Schwefel => {
                // Relative to the value at the optimum, to which the usual constant is rounded.
                let term = |x: f64| x * libm::sin(x.abs().sqrt());
                z.iter().map(|x| term(SCHWEFEL) - term(*x)).sum()
            }
        }
    }
}

fn rastrigin(z: &[f64]) -> f64 {
    z.iter().map(|x| x * x + 10.0 * (1.0 - libm::cos(2.0 * PI * x))).sum()
}

/// The point reflected at the hyperplane of the vector (1, 2, 3 …): an orthogonal change of axes that mixes all coordinates.
fn rotated(z: &[f64]) -> Vec<f64> {
    let square: f64 = (1..=z.len()).map(|place| (place * place) as f64).sum();
    let along: f64 = z.iter().enumerate().map(|(place, x)| (place as f64 + 1.0) * x).sum();
    z.iter().enumerate().map(|(place, x)| x - 2.0 * along * (place as f64 + 1.0) / square).collect()
}

impl Problem for Continuous {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        1
    }

    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        evaluation.objectives.push(self.value(genome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Space;
    use crate::random::Rng;
    use hms_machine::Seed;

    #[test]
    fn every_minimum_is_zero_where_it_is_said_to_be_and_nothing_is_below() {
        let mut rng = Rng::new(Seed(1), 0);
        for function in Function::ALL {
            for variables in [2, 10] {
                let problem = Continuous { function, variables };
                let optimum = problem.optimum();
                assert!(problem.bounds().contains(&optimum));
                assert!(problem.value(&optimum).abs() < 1e-12, "{} {}", function.name(), problem.value(&optimum));
                let mut point = optimum.clone();
                for _ in 0..200 {
                    problem.bounds().sample(&mut point, &mut rng);
                    assert!(problem.value(&point) > 0.0, "{}", function.name());
                    let near: Vec<f64> = optimum.iter().map(|x| x + 1e-3 * rng.normal()).collect();
                    assert!(problem.value(&near) > 0.0, "{}", function.name());
                }
            }
        }
    }

    #[test]
    fn known_values_come_out() {
        let value = |function, point: &[f64]| Continuous { function, variables: point.len() }.value(point);
        assert_eq!(value(Function::Rosenbrock, &[0.0, 0.0, 0.0]), 2.0);
        assert_eq!(value(Function::Rosenbrock, &[-1.0, 1.0]), 4.0);
        assert!((value(Function::Schwefel, &[0.0, 0.0]) - 2.0 * 418.982_887_272_433_8).abs() < 1e-9);
        let turned = rotated(&[3.0, -1.0, 2.0]);
        assert!((turned.iter().map(|x| x * x).sum::<f64>() - 14.0).abs() < 1e-12);
    }
}
