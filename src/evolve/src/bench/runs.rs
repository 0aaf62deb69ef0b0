//! Single runs by the definitions of the table.

use hms_machine::Seed;

use super::Sample;
use crate::algorithms::{Algorithm, standard};
use crate::indicators::hypervolume::hypervolume;
use crate::indicators::igd;
use crate::problems::binary::{Knapsack, OneMax};
use crate::problems::continuous::Continuous;
use crate::problems::dtlz::Dtlz;
use crate::problems::fronts;
use crate::problems::zdt::Zdt;
use crate::run::{Evaluation, Problem};

/// Drives an algorithm for so many evaluations; gives CPU seconds per evaluation.
pub(super) fn drive<A: Algorithm<Genome = P::Genome>, P: Problem>(
    algorithm: &mut A,
    problem: &P,
    evaluations: usize,
    clock: &mut dyn FnMut() -> f64,
) -> f64 {
    let (mut evaluation, mut scratch) = (Evaluation::default(), Vec::new());
    let start = clock();
    for _ in 0..evaluations {
        let asked = algorithm.ask().expect("results are told at once, so a candidate is always due");
        evaluation.clear();
        problem.evaluate(asked.genome, &mut evaluation);
        let id = asked.id;
        algorithm.tell(id, evaluation.measured(problem.objectives(), &mut scratch));
    }
    (clock() - start) / evaluations as f64
}

/// Objectives of the front of a population, row by row.
pub(super) fn front<A: Algorithm>(algorithm: &A) -> Vec<f64> {
    let population = algorithm.population();
    population.front().into_iter().flat_map(|row| population.scores.objectives(row).to_vec()).collect()
}

/// Evaluations of a run on ZDT, and its population.
pub(super) const ZDT: (usize, usize) = (25_000, 100);

pub(super) fn zdt(problem: Zdt, seed: Seed, clock: &mut dyn FnMut() -> f64) -> Sample {
    let mut algorithm = standard::nsga_two(problem.bounds(), standard::generational(ZDT.1, 2), seed);
    let seconds = drive(&mut algorithm, &problem, ZDT.0, clock);
    (hypervolume(&front(&algorithm), &[1.1, 1.1]), seconds)
}

/// Evaluations of a run on DTLZ2, its population, and the divisions of its directions.
pub(super) const DTLZ2: (usize, usize, usize) = (23_000, 92, 12);

pub(super) fn dtlz2(seed: Seed, clock: &mut dyn FnMut() -> f64) -> [Sample; 2] {
    let problem = Dtlz::new(2, 3).expect("DTLZ2 exists");
    let mut algorithm = standard::nsga_three(problem.bounds(), DTLZ2.2, standard::generational(DTLZ2.1, 3), seed);
    let seconds = drive(&mut algorithm, &problem, DTLZ2.0, clock);
    let front = front(&algorithm);
    [(hypervolume(&front, &[1.1; 3]), seconds), (igd(&front, &fronts::sphere(3, DTLZ2.2), 3), seconds)]
}

pub(super) fn single(problem: Continuous, seed: Seed, clock: &mut dyn FnMut() -> f64) -> Sample {
    let evaluations = 2000 * problem.variables;
    let mut algorithm = standard::portfolio_single(&problem.bounds(), evaluations as u64, seed);
    let seconds = drive(&mut algorithm, &problem, evaluations, clock);
    let population = algorithm.population();
    let best = population.best().map_or(f64::INFINITY, |row| population.scores.objectives(row)[0]);
    (best, seconds)
}

/// Living of the steady-state algorithm over switches.
const SWITCHES: usize = 20;

pub(super) fn one_max(length: usize, seed: Seed, clock: &mut dyn FnMut() -> f64) -> Sample {
    let problem = OneMax { length };
    let mut algorithm = standard::steady_booleans(problem.space(), SWITCHES, 1, seed);
    let (mut evaluations, start) = (0.0, clock());
    let solved = |algorithm: &standard::SteadyBooleans| {
        let population = algorithm.population();
        population.best().is_some_and(|row| population.scores.objectives(row)[0] == 0.0)
    };
    // Far beyond what any run needs.
    while !solved(&algorithm) && evaluations < 1e6 {
        drive(&mut algorithm, &problem, 1, &mut || 0.0);
        evaluations += 1.0;
    }
    (evaluations, (clock() - start) / evaluations)
}

pub(super) fn knapsack(items: usize, seed: Seed, clock: &mut dyn FnMut() -> f64) -> Sample {
    let problem = Knapsack::weakly_correlated(items, seed);
    let mut algorithm = standard::steady_booleans(problem.space(), SWITCHES, 1, seed);
    let seconds = drive(&mut algorithm, &problem, 50_000, clock);
    let population = algorithm.population();
    let best = population.best().and_then(|row| problem.gap(&population.genomes[row]));
    (best.unwrap_or(1.0), seconds)
}

#[cfg(test)]
pub(super) fn zdt3_pieces(seed: Seed) -> usize {
    let mut algorithm = standard::nsga_two(Zdt::Three.bounds(), standard::generational(ZDT.1, 2), seed);
    drive(&mut algorithm, &Zdt::Three, ZDT.0, &mut || 0.0);
    fronts::zdt3_pieces_found(&front(&algorithm))
}
