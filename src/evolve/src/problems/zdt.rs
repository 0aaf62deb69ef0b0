//! ZDT1–4 and 6: two objectives, one difficulty each.
//!
//! Zitzler, Deb and Thiele, "Comparison of multiobjective evolutionary algorithms: empirical results", Evolutionary Computation 8 (2000). 1: convex, 2: concave, 3: five separate
//! pieces, 4: 21^9 local fronts, 6: thin and uneven. (5 is binary and deceptive.)

use std::f64::consts::PI;

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A problem of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zdt {
    /// Convex front; 30 variables.
    One,
    /// Concave front; 30 variables.
    Two,
    /// Front of five pieces; 30 variables.
    Three,
    /// Many local fronts; 10 variables.
    Four,
    /// Density falls towards the front and along it; 10 variables.
    Six,
}

impl Zdt {
    /// The family in order.
    pub const ALL: [Zdt; 5] = [Zdt::One, Zdt::Two, Zdt::Three, Zdt::Four, Zdt::Six];

    /// Name in the literature.
    pub const fn name(self) -> &'static str {
        match self {
            Zdt::One => "ZDT1",
            Zdt::Two => "ZDT2",
            Zdt::Three => "ZDT3",
            Zdt::Four => "ZDT4",
            Zdt::Six => "ZDT6",
        }
    }

    /// Number of variables in the paper.
    pub const fn variables(self) -> usize {
        match self {
            Zdt::One | Zdt::Two | Zdt::Three => 30,
            Zdt::Four | Zdt::Six => 10,
        }
    }

    /// Ranges of the variables.
    pub fn bounds(self) -> Bounds {
        let (mut low, mut high) = (vec![0.0; self.variables()], vec![1.0; self.variables()]);
        if self == Zdt::Four {
            low[1..].fill(-5.0);
            high[1..].fill(5.0);
        }
        Bounds::new(low, high).expect("the ranges of the paper are ranges")
    }

    /// Hypervolume of the exact front up to (1.1, 1.1).
    pub const fn hypervolume(self) -> f64 {
        match self {
            Zdt::One | Zdt::Four => 0.876_667,
            Zdt::Two => 0.543_333,
            Zdt::Three => 1.331_763,
            Zdt::Six => 0.507_878,
        }
    }

    /// Both objectives of a genome.
    #[inline]
    pub fn objectives_of(self, x: &[f64]) -> [f64; 2] {
        let rest = (x.len() - 1) as f64;
        let sum = || x[1..].iter().sum::<f64>();
        match self {
            Zdt::One => {
                let g = 1.0 + 9.0 * sum() / rest;
                [x[0], g * (1.0 - (x[0] / g).sqrt())]
            }
            Zdt::Two => {
                let g = 1.0 + 9.0 * sum() / rest;
                [x[0], g * (1.0 - (x[0] / g) * (x[0] / g))]
            }
            Zdt::Three => {
                let g = 1.0 + 9.0 * sum() / rest;
                let share = x[0] / g;
                [x[0], g * (1.0 - share.sqrt() - share * libm::sin(10.0 * PI * x[0]))]
            }
            Zdt::Four => {
                let waves: f64 = x[1..].iter().map(|value| value * value - 10.0 * libm::cos(4.0 * PI * value)).sum();
                let g = 1.0 + 10.0 * rest + waves;
                [x[0], g * (1.0 - (x[0] / g).sqrt())]
            }
            Zdt::Six => {
                let wave = libm::sin(6.0 * PI * x[0]);
                let square = wave * wave;
                let first = 1.0 - libm::exp(-4.0 * x[0]) * square * square * square;
                // The fourth root, exactly.
                let g = 1.0 + 9.0 * (sum() / rest).sqrt().sqrt();
                [first, g * (1.0 - (first / g) * (first / g))]
            }
        }
    }
}

impl Problem for Zdt {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        2
    }

    #[inline]
    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        evaluation.objectives.extend_from_slice(&self.objectives_of(genome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::hypervolume::hypervolume;
    use crate::problems::fronts;

    #[test]
    fn optimal_genomes_lie_on_the_front() {
        let mut genome = vec![0.0; 30];
        genome[0] = 0.25;
        assert_eq!(Zdt::One.objectives_of(&genome), [0.25, 0.5]);
        assert_eq!(Zdt::Two.objectives_of(&genome), [0.25, 0.9375]);
        assert_eq!(Zdt::Four.objectives_of(&genome[..10]), [0.25, 0.5]);
        let six = Zdt::Six.objectives_of(&genome[..10]);
        assert!((six[1] - (1.0 - six[0] * six[0])).abs() < 1e-15);
    }

    #[test]
    fn the_worst_corner_has_the_values_of_the_formulas() {
        let [_, second] = Zdt::One.objectives_of(&[1.0; 30]);
        assert!((second - 10.0 * (1.0 - 0.1f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn dense_samples_of_the_fronts_have_their_hypervolumes() {
        for problem in Zdt::ALL {
            let volume = hypervolume(&fronts::zdt(problem, 20_000), &[1.1, 1.1]);
            assert!((volume - problem.hypervolume()).abs() < 1.5e-4, "{} {volume}", problem.name());
        }
    }
}
