//! Named algorithms for one objective beside published quality.
//!
//! By the definitions of [`crate::bench`]: 2,000 evaluations per variable, the error of the best that was evaluated, medians over seeds. What stands in the tables is what another library reached with
//! an algorithm of the same kind (see `bench/peers.rs`); a median may be worse by the factor that the test names, since so few seeds scatter.

use std::fmt::Write;

use hms_machine::Seed;

use super::*;
use crate::genome::{Bounds, Reals};
use crate::operators::selection::Tournament;
use crate::problems::continuous::{Continuous, Function};
use crate::survival::Elitist;

/// A function in so many dimensions, and the error that another library reached.
type Figure = (Function, usize, f64);

/// The error of the best after so many evaluations.
fn error(mut algorithm: impl Algorithm<Genome = Vec<f64>>, problem: Continuous, evaluations: usize) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..evaluations {
        let asked = algorithm.ask().unwrap();
        let (id, value) = (asked.id, problem.value(asked.genome));
        best = best.min(value);
        algorithm.tell(id, Measured::feasible(&[value]));
    }
    best
}

/// Holds the medians of `make`'s algorithms against published figures; `make` hears the ranges, the evaluations to come and the seed.
fn check<A: Algorithm<Genome = Vec<f64>>>(figures: &[Figure], margin: f64, make: impl Fn(Bounds, u64, Seed) -> A) {
    let (mut table, mut missed) = (String::new(), false);
    for &(function, variables, figure) in figures {
        let (problem, evaluations) = (Continuous { function, variables }, 2000 * variables);
        let run = |seed| error(make(problem.bounds(), evaluations as u64, Seed(seed)), problem, evaluations);
        let mut errors: Vec<f64> = (0..if variables > 10 { 3 } else { 5 }).map(run).collect();
        errors.sort_by(f64::total_cmp);
        let median = errors[errors.len() / 2];
        missed |= median > margin * figure;
        let all: Vec<String> = errors.iter().map(|error| format!("{error:.0e}")).collect();
        let _ = writeln!(table, "{} {variables}: {median:.1e}, published {figure:.1e}, all {all:?}", function.name());
    }
    assert!(!missed, "\n{table}");
}

/// L-SHADE with the population that the default portfolio gives it, beside pygmo's sade (Rosenbrock, Ackley, sphere) and de1220 (Rastrigin).
#[test]
fn success_history_is_as_good_as_other_adaptive_differential_evolution() {
    let figures = [
        (Function::Sphere, 10, 4e-16),
        (Function::Sphere, 30, 2e-15),
        (Function::Rosenbrock, 10, 3.2),
        (Function::Rosenbrock, 30, 24.0),
        (Function::Rastrigin, 10, 4e-6),
        (Function::Rastrigin, 30, 2e-7),
        (Function::Ackley, 10, 2e-7),
        (Function::Ackley, 30, 3e-7),
    ];
    check(&figures, 1.0, |space, evaluations, seed| {
        let population = (4 * space.low().len()).clamp(20, 200);
        SuccessHistory::new(space, population, evaluations, seed)
    });
}

/// Beside pycma's IPOP.
const CLOUDS: [Figure; 8] = [
    (Function::Sphere, 10, 2e-14),
    (Function::Sphere, 30, 3e-14),
    (Function::Rosenbrock, 10, 2e-14),
    (Function::Rosenbrock, 30, 3e-14),
    (Function::Rastrigin, 10, 4.0),
    (Function::Rastrigin, 30, 16.0),
    (Function::Ackley, 10, 2e-11),
    (Function::Ackley, 30, 3e-11),
];

#[test]
fn covariance_adaptation_with_growing_restarts_is_as_good_as_others() {
    check(&CLOUDS, 2.0, |space, _, seed| CovarianceAdaptation::new(space, Restarts::Growing, seed));
}

#[test]
fn covariance_adaptation_with_alternating_restarts_is_as_good_as_others() {
    check(&CLOUDS, 2.0, |space, _, seed| CovarianceAdaptation::new(space, Restarts::Alternating, seed));
}

/// The real-coded genetic algorithm of pymoo: a brood as large as the population, the best of both live on.
const GENETIC: [Figure; 8] = [
    (Function::Sphere, 10, 1e-5),
    (Function::Sphere, 30, 4e-5),
    (Function::Rosenbrock, 10, 7.1),
    (Function::Rosenbrock, 30, 76.0),
    (Function::Rastrigin, 10, 3.5e-3),
    (Function::Rastrigin, 30, 8.1e-3),
    (Function::Ackley, 10, 3e-2),
    (Function::Ackley, 30, 3e-2),
];

fn genetic(space: Bounds, brood: usize, pacing: Pacing, seed: Seed) -> impl Algorithm<Genome = Vec<f64>> {
    let settings = Settings { brood, pacing, ..standard::generational(100, 1) };
    let variation = standard::real_variation(&space, 0.9, 15.0);
    Evolution::new(space, variation, Tournament { size: 2 }, Elitist, settings, seed)
}

#[test]
fn the_generational_genetic_algorithm_is_as_good_as_others() {
    check(&GENETIC, 2.0, |space, _, seed| genetic(space, 100, Pacing::Generational, seed));
}

#[test]
fn the_steady_genetic_algorithm_is_as_good_as_others() {
    check(&GENETIC, 2.0, |space, _, seed| genetic(space, 1, Pacing::Steady { outstanding_max: 1 }, seed));
}

/// Strategies converge in a straight line on the sphere, where the genetic algorithm does not; beside pymoo's and radiate's genetic algorithm on the others that have one valley.
const STRATEGIES: [Figure; 6] = [
    (Function::Sphere, 10, 2e-8),
    (Function::Sphere, 30, 3e-8),
    (Function::Rosenbrock, 10, 7.1),
    (Function::Rosenbrock, 30, 76.0),
    (Function::Ackley, 10, 7e-4),
    (Function::Ackley, 30, 6e-4),
];

#[test]
fn comma_strategies_are_better_than_genetic_algorithms_in_one_valley() {
    check(&STRATEGIES, 1.0, |space, _, seed| EvolutionStrategy::new(space, 15, 100, false, seed));
}

#[test]
fn plus_strategies_are_better_than_genetic_algorithms_in_one_valley() {
    check(&STRATEGIES, 1.0, |space, _, seed| EvolutionStrategy::new(space, 15, 100, true, seed));
}

/// Where coordinates do not interact nobody is better: beside pygmo's cmaes on the sphere and sade on Rastrigin; nobody measured the others.
#[test]
fn search_along_coordinates_is_exact_where_they_do_not_interact() {
    let figures = [
        (Function::Sphere, 10, 4e-31),
        (Function::Sphere, 30, 8e-30),
        (Function::Rastrigin, 10, 6e-10),
        (Function::Rastrigin, 30, 2e-9),
        (Function::Ellipsoid, 10, 1e-20),
        (Function::BentCigar, 10, 1e-20),
        (Function::Schwefel, 10, 1e-8),
        (Function::Schwefel, 30, 1e-8),
    ];
    check(&figures, 1.0, |space, _, seed| CoordinateSearch::new(space, seed));
}

/// A cloud from its beginning to its end, as it can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Life {
    /// Points of a brood.
    brood: usize,
    /// First deviation.
    sigma: f64,
    /// Evaluations spent.
    spent: usize,
    /// Error of its best.
    best: f64,
}

/// The clouds of a search that are complete, and all that was asked for.
fn lives(restarts: Restarts, problem: Continuous, evaluations: usize, seed: u64) -> (Vec<Life>, Vec<u64>) {
    let mut algorithm = CovarianceAdaptation::new(problem.bounds(), restarts, Seed(seed));
    let (mut lives, mut asked_bits) = (Vec::<Life>::new(), Vec::new());
    let (mut sigma, mut brood) = (0.0, 0);
    for _ in 0..evaluations {
        let asked = algorithm.ask().unwrap();
        asked_bits.extend(asked.genome.iter().map(|x| x.to_bits()));
        let (id, value, now) = (asked.id, problem.value(asked.genome), asked.origin.applied.parameters[0]);
        if now != sigma {
            // A cloud grows by a factor of e at most per brood (see `Cloud::learn`).
            if now > 3.0 * sigma {
                lives.push(Life { brood: 0, sigma: now, spent: 0, best: f64::INFINITY });
            }
            (sigma, brood) = (now, 0);
        }
        brood += 1;
        let life = lives.last_mut().unwrap();
        *life = Life { brood: life.brood.max(brood), spent: life.spent + 1, best: life.best.min(value), ..*life };
        algorithm.tell(id, Measured::feasible(&[value]));
    }
    lives.pop();
    (lives, asked_bits)
}

const RUGGED: Continuous = Continuous { function: Function::RotatedRastrigin, variables: 5 };

/// Auger and Hansen 2005: the population doubles at each restart.
#[test]
fn growing_clouds_double_at_each_restart() {
    for seed in 0..3 {
        let (lives, _) = lives(Restarts::Growing, RUGGED, 60_000, seed);
        assert!(lives.len() >= 3, "{lives:?}");
        for (restart, life) in lives.iter().enumerate() {
            assert_eq!((life.brood, life.sigma), (8 << restart, 0.3), "{lives:?}");
        }
    }
}

/// Hansen 2009: small clouds while they have cost less than large ones, which double; a small one has at most half the brood of the last large one, and its deviation is between a hundredth of the usual and all of it.
#[test]
fn alternating_clouds_part_from_growing_ones_and_share_the_cost() {
    for seed in 0..3 {
        let (growing, asked_growing) = lives(Restarts::Growing, RUGGED, 60_000, seed);
        let (lives, asked) = lives(Restarts::Alternating, RUGGED, 60_000, seed);
        assert_eq!(lives[0], growing[0], "nothing differs before the first restart");
        let first = 5 * lives[0].spent;
        assert_eq!(asked[..first], asked_growing[..first]);
        assert_ne!(asked[first..], asked_growing[first..], "seed {seed}");
        let (mut large, mut cost) = (8, [lives[0].spent, 0]);
        for life in &lives[1..] {
            let small = cost[1] < cost[0];
            if small {
                assert!(
                    (8..=(large / 2).max(8)).contains(&life.brood) && (0.003..=0.3).contains(&life.sigma),
                    "{life:?} of {lives:?}"
                );
            } else {
                large *= 2;
                assert_eq!((life.brood, life.sigma), (large, 0.3), "{lives:?}");
            }
            cost[usize::from(small)] += life.spent;
        }
        assert!(large > 8 && cost[1] > 0, "both kinds occur: {lives:?}");
    }
}

/// The mechanism off and on: one cloud of the usual size ends in a local optimum, restarts find the best one.
#[test]
fn restarts_solve_what_one_cloud_does_not() {
    for restarts in [Restarts::Growing, Restarts::Alternating] {
        let searches: Vec<Vec<Life>> = (0..5).map(|seed| lives(restarts, RUGGED, 60_000, seed).0).collect();
        let alone = searches.iter().filter(|lives| lives[0].best < 1e-8).count();
        let solved = searches.iter().filter(|lives| lives.iter().any(|life| life.best < 1e-8)).count();
        assert!(alone <= 1 && solved >= 4, "{restarts:?}: {alone} alone, {solved} with restarts");
    }
}
