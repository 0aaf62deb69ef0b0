//! The travelling salesman: the shortest round through all places (Flood 1956).

use hms_machine::Seed;

use crate::genome::Permutations;
use crate::random::Rng;
use crate::run::{Evaluation, Problem};

/// Places in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Tour {
    places: Vec<(f64, f64)>,
}

impl Tour {
    /// `count` places on a circle of radius 1: the shortest round follows it, and is known.
    pub fn circle(count: usize) -> Self {
        let at = |place: usize| {
            let angle = 2.0 * std::f64::consts::PI * place as f64 / count as f64;
            (libm::cos(angle), libm::sin(angle))
        };
        Tour { places: (0..count).map(at).collect() }
    }

    /// `count` places drawn evenly from the unit square.
    pub fn uniform(count: usize, seed: Seed) -> Self {
        let mut rng = Rng::new(seed, 0);
        Tour { places: (0..count).map(|_| (rng.uniform(), rng.uniform())).collect() }
    }

    /// All orders of the places.
    pub fn space(&self) -> Permutations {
        Permutations { length: self.places.len() }
    }

    /// Length of the round.
    pub fn length(&self, order: &[u32]) -> f64 {
        let leg = |step: usize| {
            let (a, b) = (self.places[order[step] as usize], self.places[order[(step + 1) % order.len()] as usize]);
            libm::hypot(a.0 - b.0, a.1 - b.1)
        };
        (0..order.len()).map(leg).sum()
    }
}

impl Problem for Tour {
    type Genome = Vec<u32>;

    fn objectives(&self) -> usize {
        1
    }

    fn evaluate(&self, genome: &Vec<u32>, evaluation: &mut Evaluation) {
        evaluation.objectives.push(self.length(genome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_along_the_circle_is_a_polygon() {
        let tour = Tour::circle(4);
        assert!((tour.length(&[0, 1, 2, 3]) - 4.0 * 2.0f64.sqrt()).abs() < 1e-12);
        assert!(tour.length(&[0, 2, 1, 3]) > tour.length(&[0, 1, 2, 3]));
    }
}
