//! FDA1–3: fronts and optima that move with time.
//!
//! Farina, Deb and Amato, "Dynamic multiobjective optimization problems: test cases, approximations, and applications", IEEE Transactions on Evolutionary Computation 8 (2004). 1: the optimal genomes move, the
//! front stays; 2: the front changes its shape; 3: both. Time is a number that the caller sets; a change is one step of 1/10 (the paper's severity n_T = 10).

use std::f64::consts::PI;

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A problem at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fda {
    number: u8,
    /// The moment.
    pub time: f64,
}

impl Fda {
    /// FDA`number` (1 to 3) at time 0; `None` for other numbers.
    pub fn new(number: u8) -> Option<Self> {
        (1..=3).contains(&number).then_some(Fda { number, time: 0.0 })
    }

    /// The problem after so many changes.
    pub fn after(self, changes: u64) -> Self {
        Fda { time: changes as f64 / 10.0, ..self }
    }

    /// Ranges of the variables: 20 for FDA1, 31 for FDA2, 30 for FDA3.
    pub fn bounds(self) -> Bounds {
        let count = match self.number {
            1 => 20,
            2 => 31,
            _ => 30,
        };
        let (mut low, high) = (vec![-1.0; count], vec![1.0; count]);
        low[0] = 0.0;
        Bounds::new(low, high).expect("the ranges of the paper are ranges")
    }

    fn wave(self) -> f64 {
        libm::sin(0.5 * PI * self.time)
    }

    /// The second objective of the front, given the first.
    pub fn front(self, first: f64) -> f64 {
        match self.number {
            1 => 1.0 - first.sqrt(),
            2 => {
                let h = 0.75 + 0.7 * self.wave();
                // With the last group at its best value, -1, its sum is that of squares around h.
                1.0 - libm::pow(first, 1.0 / (h + 15.0 * (1.0 + h) * (1.0 + h)))
            }
            _ => {
                let g = 1.0 + self.wave().abs();
                g * (1.0 - (first / g).sqrt())
            }
        }
    }

    /// Both objectives.
    pub fn objectives_of(self, x: &[f64]) -> [f64; 2] {
        let wave = self.wave();
        match self.number {
            1 => {
                let g = 1.0 + x[1..].iter().map(|x| (x - wave) * (x - wave)).sum::<f64>();
                [x[0], g * (1.0 - (x[0] / g).sqrt())]
            }
            2 => {
                let h = 0.75 + 0.7 * wave;
                let (second, third) = x[1..].split_at(15);
                let g = 1.0 + second.iter().map(|x| x * x).sum::<f64>();
                let power = h + third.iter().map(|x| (x - h) * (x - h)).sum::<f64>();
                [x[0], g * (1.0 - libm::pow(x[0] / g, 1.0 / power))]
            }
            _ => {
                let first = libm::pow(x[0].max(0.0), libm::pow(10.0, 2.0 * wave));
                let g = 1.0 + wave.abs() + x[1..].iter().map(|x| (x - wave.abs()) * (x - wave.abs())).sum::<f64>();
                [first, g * (1.0 - (first / g).sqrt())]
            }
        }
    }
}

impl Problem for Fda {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        2
    }

    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        evaluation.objectives.extend(self.objectives_of(genome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::{Algorithm, ChangeDetector, Dynamic, Response, standard};
    use crate::indicators::hypervolume::hypervolume;
    use crate::operators::mutation::Gaussian;
    use crate::scores::Measured;
    use hms_machine::Seed;

    #[test]
    fn the_optimum_moves_with_time() {
        for changes in [0, 3, 10, 27] {
            let first = Fda::new(1).unwrap().after(changes);
            let mut genome = vec![first.wave(); 20];
            genome[0] = 0.25;
            assert_eq!(first.objectives_of(&genome), [0.25, 0.5]);
            let third = Fda::new(3).unwrap().after(changes);
            let mut genome = vec![third.wave().abs(); 30];
            genome[0] = 0.4;
            let [f, value] = third.objectives_of(&genome);
            assert!((value - third.front(f)).abs() < 1e-12);
            let second = Fda::new(2).unwrap().after(changes);
            let mut genome = vec![0.0; 31];
            genome[16..].fill(-1.0);
            genome[0] = 0.3;
            let [f, value] = second.objectives_of(&genome);
            assert!((value - second.front(f)).abs() < 1e-12);
        }
    }

    /// Share of the attainable hypervolume that a population has.
    fn share(population: &[Vec<f64>], problem: Fda) -> f64 {
        let reference = [1.1, problem.front(0.0) + 0.1];
        let front: Vec<f64> =
            (0..=1000).flat_map(|step| [f64::from(step) / 1000.0, problem.front(f64::from(step) / 1000.0)]).collect();
        let found: Vec<f64> = population.iter().flat_map(|genome| problem.objectives_of(genome)).collect();
        hypervolume(&found, &reference) / hypervolume(&front, &reference)
    }

    type Follower = Dynamic<standard::NsgaTwo<Bounds>, Bounds, Gaussian>;

    /// What a search does about changes.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Following {
        Nothing,
        Prediction,
        Pursuit,
    }

    /// Generations of 100 evaluations that a search needs after each of eight changes, thirty generations apart, to be back within 5 % of the attainable hypervolume.
    fn recoveries(number: u8, seed: u64, following: Following) -> Vec<u64> {
        let mut problem = Fda::new(number).unwrap();
        let inner = standard::nsga_two(problem.bounds(), standard::generational(100, 2), Seed(seed));
        let looks = following != Following::Nothing;
        let detector = ChangeDetector { sentinels: if looks { 5 } else { 0 }, tolerance: 0.0 };
        let response = Response {
            immigrants: 0.0,
            mutants: 0.1,
            predicted: if looks { 0.7 } else { 0.0 },
            remembered: 0.0,
            memory: 10,
            environments: 5,
            pursuit: if following == Following::Pursuit { 600 } else { 0 },
        };
        let mutation = Gaussian { rate: 1.0, sigma: 0.01, adaptation: 0.0 };
        let mut search = Dynamic::new(inner, problem.bounds(), mutation, detector, response, Seed(seed + 100));
        let evaluate = |search: &mut Follower, problem: Fda, count: u64| {
            for _ in 0..count {
                let asked = search.ask().unwrap();
                let (id, row) = (asked.id, problem.objectives_of(asked.genome));
                search.tell(id, Measured::feasible(&row));
            }
        };
        evaluate(&mut search, problem, 10_000);
        let mut needed = Vec::new();
        for change in 1..=8 {
            problem = problem.after(change);
            let mut back = None;
            for generation in 1..=30 {
                evaluate(&mut search, problem, 100);
                if back.is_none() && share(search.population().genomes, problem) > 0.95 {
                    back = Some(generation);
                }
            }
            needed.push(back.unwrap_or(31));
        }
        assert_eq!(search.changes(), if looks { 8 } else { 0 });
        needed
    }

    /// GA-S4, from the first change on.
    #[test]
    fn a_search_is_back_within_ten_generations_of_every_change() {
        for number in [1, 2, 3] {
            for seed in 1..=3 {
                let needed = recoveries(number, seed, Following::Pursuit);
                assert!(needed.iter().all(|&generations| generations <= 10), "FDA{number} {seed} {needed:?}");
            }
        }
    }

    /// The direction in which an optimum moves is known after two changes; before that, only a pursuit finds it in time.
    #[test]
    fn without_a_pursuit_the_first_changes_take_longer() {
        let needed = recoveries(1, 1, Following::Prediction);
        assert!(needed[..2].iter().all(|&generations| generations > 10), "{needed:?}");
        assert!(needed[2..].iter().all(|&generations| generations <= 10), "{needed:?}");
    }

    #[test]
    fn a_search_that_does_not_look_is_not_back_in_time() {
        let needed = recoveries(1, 1, Following::Nothing);
        assert!(needed[2..].iter().all(|&generations| generations > 10), "{needed:?}");
    }
}
