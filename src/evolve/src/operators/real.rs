//! Variations of boxes of numbers as one type, so that an adaptive choice can hold different ones.

use serde::{Deserialize, Serialize};

use super::crossover::{Blend, SimulatedBinary, Uniform};
use super::mutation::{Cauchy, Gaussian, Polynomial};
use super::{Applied, CovarianceVariation, DifferentialVariation, Pipeline, Variation};
use crate::genome::{Positional, Reals};
use crate::random::Rng;

/// One of the variations for boxes of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RealOperator {
    /// SBX and polynomial mutation: coordinate by coordinate, near the parents.
    SimulatedBinary(Pipeline<SimulatedBinary, Polynomial>),
    /// BLX-alpha and normal steps that follow success: wider, for smooth valleys.
    Blend(Pipeline<Blend, Gaussian>),
    /// Exchange of coordinates and Cauchy steps: long jumps, for rugged landscapes.
    Exchange(Pipeline<Uniform, Cauchy>),
    /// Steps along differences: for landscapes whose axes are not the coordinates'.
    Differential(DifferentialVariation),
    /// Steps of a learned shape: for long valleys that lie across the coordinates.
    Covariance(CovarianceVariation),
}

impl RealOperator {
    /// All five with usual parameters for `variables` coordinates.
    ///
    /// A choice by survival sees little of the worth of the last, which keeps its own rate of survival below a fifth: for one objective in a long valley it is far better alone.
    pub fn usual(variables: usize) -> Vec<RealOperator> {
        let rate = 1.0 / variables.max(1) as f64;
        let polynomial = Polynomial { rate, eta: 20.0 };
        let gaussian = Gaussian { rate, sigma: 0.1, adaptation: 0.02 };
        vec![
            RealOperator::SimulatedBinary(Pipeline {
                crossover_rate: 0.9,
                crossover: SimulatedBinary::new(15.0),
                mutation: polynomial,
            }),
            RealOperator::Blend(Pipeline { crossover_rate: 0.9, crossover: Blend { alpha: 0.3 }, mutation: gaussian }),
            RealOperator::Exchange(Pipeline { crossover_rate: 0.9, crossover: Uniform, mutation: Cauchy { rate, scale: 0.01 } }),
            RealOperator::Differential(DifferentialVariation { factor: 0.7, crossover_rate: 1.0, mutation: polynomial }),
            RealOperator::Covariance(CovarianceVariation::new(variables)),
        ]
    }
}

impl<S: Reals + Positional<Symbol = f64>> Variation<S> for RealOperator {
    fn vary(&mut self, space: &S, parents: [&Vec<f64>; 2], children: [&mut Vec<f64>; 2], rng: &mut Rng) -> Applied {
        match self {
            RealOperator::SimulatedBinary(inner) => inner.vary(space, parents, children, rng),
            RealOperator::Blend(inner) => inner.vary(space, parents, children, rng),
            RealOperator::Exchange(inner) => inner.vary(space, parents, children, rng),
            RealOperator::Differential(inner) => inner.vary(space, parents, children, rng),
            RealOperator::Covariance(inner) => inner.vary(space, parents, children, rng),
        }
    }

    fn learn(&mut self, applied: Applied, survived: bool) {
        match self {
            RealOperator::SimulatedBinary(inner) => Variation::<S>::learn(inner, applied, survived),
            RealOperator::Blend(inner) => Variation::<S>::learn(inner, applied, survived),
            RealOperator::Exchange(inner) => Variation::<S>::learn(inner, applied, survived),
            RealOperator::Differential(inner) => Variation::<S>::learn(inner, applied, survived),
            RealOperator::Covariance(inner) => Variation::<S>::learn(inner, applied, survived),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::{Algorithm, Evolution, standard};
    use crate::indicators::hypervolume::hypervolume;
    use crate::operators::selection::Tournament;
    use crate::operators::{Adaptive, Credit};
    use crate::problems::continuous::{Continuous, Function};
    use crate::scores::Measured;
    use crate::survival::{Elitist, HypervolumeFronts};
    use hms_machine::Seed;

    /// The best value after 10,000 evaluations, and the shares of the operators.
    fn run(function: Function, operators: Vec<RealOperator>, seed: u64) -> (f64, Vec<f64>) {
        let problem = Continuous { function, variables: 10 };
        let adaptive = Adaptive::new(operators, Credit::AdaptivePursuit);
        let (selection, settings) = (Tournament { size: 2 }, standard::generational(30, 1));
        let mut algorithm = Evolution::new(problem.bounds(), adaptive, selection, Elitist, settings, Seed(seed));
        for _ in 0..10_000 {
            let asked = algorithm.ask().unwrap();
            let (id, value) = (asked.id, problem.value(asked.genome));
            algorithm.tell(id, Measured::feasible(&[value]));
        }
        let population = algorithm.population();
        let best = population.scores.objectives(population.best().unwrap())[0];
        (best, algorithm.variation().shares().to_vec())
    }

    #[test]
    fn an_adaptive_choice_is_near_its_best_member_without_knowing_which_it_is() {
        for function in [Function::Sphere, Function::RotatedEllipsoid] {
            let median = |operators: &dyn Fn() -> Vec<RealOperator>| {
                let mut values: Vec<f64> = (0..5).map(|seed| run(function, operators(), seed).0).collect();
                values.sort_by(f64::total_cmp);
                libm::log10(values[2].max(1e-300))
            };
            // Without the cloud, whose worth a choice by survival does not see (`RealOperator::usual`).
            let alone: Vec<f64> = (0..4).map(|member| median(&|| vec![RealOperator::usual(10).remove(member)])).collect();
            let together = median(&|| RealOperator::usual(10));
            let worst = alone.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let best = alone.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(together < worst && together < best + 0.5 * (worst - best), "{function:?} {together} {alone:?}");
        }
    }

    #[test]
    fn shares_stay_a_distribution() {
        let (_, shares) = run(Function::Sphere, RealOperator::usual(10), 1);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares.iter().all(|share| *share > 0.02));
    }

    /// Share of the hypervolume between two optima, of ellipsoids with axes that are not the coordinates', after 10,000 evaluations.
    fn front(operators: Vec<RealOperator>) -> f64 {
        let problem = Continuous { function: Function::RotatedEllipsoid, variables: 10 };
        let adaptive = Adaptive::new(operators, Credit::AdaptivePursuit);
        let (selection, settings) = (Tournament { size: 2 }, standard::generational(100, 2));
        let mut search = Evolution::new(problem.bounds(), adaptive, selection, HypervolumeFronts::default(), settings, Seed(1));
        for _ in 0..10_000 {
            let asked = search.ask().unwrap();
            let other: Vec<f64> = asked.genome.iter().map(|x| x - 0.1).collect();
            let (id, row) = (asked.id, [problem.value(asked.genome), problem.value(&other)]);
            search.tell(id, Measured::feasible(&row));
        }
        let population = search.population();
        let points: Vec<f64> = population.front().iter().flat_map(|&row| population.scores.objectives(row).to_vec()).collect();
        let apart: Vec<f64> = problem.optimum().iter().map(|x| x + 0.1).collect();
        let worst = problem.value(&apart);
        hypervolume(&points, &[worst, worst]) / (worst * worst)
    }

    #[test]
    fn on_a_rotated_front_the_choice_is_within_a_hundredth_of_its_best_member() {
        let together = front(RealOperator::usual(10));
        let alone: Vec<f64> = (0..5).map(|member| front(vec![RealOperator::usual(10).remove(member)])).collect();
        let best = alone.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(together > 0.99 * best, "{together} {alone:?}");
    }
}
