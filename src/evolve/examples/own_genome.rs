//! A genome and a fitness of one's own: a rota of shifts, evolved without a line of the engine being changed.
//!
//! Seven nurses, fourteen days, one of three shifts or a day off for each. The rota must staff every shift, nobody works a day shift after a night, and wishes count. What is one's own: the space, the crossover, the mutation
//! and the problem. What comes from the crate: the algorithm, the cache, the end, the history and the checkpoint.

use hms_evolve::Rng;
use hms_evolve::algorithms::{Evolution, standard};
use hms_evolve::genome::Space;
use hms_evolve::operators::selection::Tournament;
use hms_evolve::operators::{Crossover, Mutation, Pipeline};
use hms_evolve::run::{Cache, Evaluation, History, Problem, Rule, Run, Termination, Yardstick, checkpoint};
use hms_evolve::survival::Elitist;
use hms_machine::Seed;
use serde::{Deserialize, Serialize};

const NURSES: usize = 7;
const DAYS: usize = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Shift {
    Off,
    Day,
    Late,
    Night,
}

const SHIFTS: [Shift; 4] = [Shift::Off, Shift::Day, Shift::Late, Shift::Night];

/// A row per nurse.
type Rota = Vec<Vec<Shift>>;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Rotas;

impl Space for Rotas {
    type Genome = Rota;

    fn blank(&self) -> Rota {
        vec![vec![Shift::Off; DAYS]; NURSES]
    }

    fn sample(&self, genome: &mut Rota, rng: &mut Rng) {
        genome.iter_mut().flatten().for_each(|shift| *shift = SHIFTS[rng.below(4)]);
    }

    fn contains(&self, genome: &Rota) -> bool {
        genome.len() == NURSES && genome.iter().all(|row| row.len() == DAYS)
    }

    fn repair(&self, genome: &mut Rota, _rng: &mut Rng) {
        genome.resize(NURSES, Vec::new());
        genome.iter_mut().for_each(|row| row.resize(DAYS, Shift::Off));
    }

    fn distance(&self, first: &Rota, second: &Rota) -> f64 {
        let differ = first.iter().flatten().zip(second.iter().flatten()).filter(|(a, b)| a != b).count();
        differ as f64 / (NURSES * DAYS) as f64
    }
}

/// Exchanges whole nurses or whole weeks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Exchange;

impl Crossover<Rotas> for Exchange {
    fn cross(&mut self, _space: &Rotas, first: &mut Rota, second: &mut Rota, rng: &mut Rng) {
        let week = if rng.chance(0.5) { 0..DAYS } else { 7 * rng.below(2)..DAYS };
        for (mine, theirs) in first.iter_mut().zip(second) {
            if rng.chance(0.5) {
                mine[week.clone()].swap_with_slice(&mut theirs[week.clone()]);
            }
        }
    }
}

/// Gives a nurse another shift, or two nurses each other's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Reassign;

impl Mutation<Rotas> for Reassign {
    fn mutate(&mut self, _space: &Rotas, genome: &mut Rota, rng: &mut Rng) {
        let (nurse, other, day) = (rng.below(NURSES), rng.below(NURSES), rng.below(DAYS));
        if rng.chance(0.5) {
            genome[nurse][day] = SHIFTS[rng.below(4)];
        } else {
            let mine = genome[nurse][day];
            genome[nurse][day] = genome[other][day];
            genome[other][day] = mine;
        }
    }
}

struct Ward;

impl Problem for Ward {
    type Genome = Rota;

    fn objectives(&self) -> usize {
        1
    }

    fn evaluate(&self, rota: &Rota, evaluation: &mut Evaluation) {
        let staff = |day: usize, shift: Shift| rota.iter().filter(|row| row[day] == shift).count() as f64;
        let missing = |day: usize| {
            (2.0 - staff(day, Shift::Day)).max(0.0)
                + (1.0 - staff(day, Shift::Late)).max(0.0)
                + (1.0 - staff(day, Shift::Night)).max(0.0)
        };
        let tired = |row: &Vec<Shift>| {
            row.windows(2).filter(|pair| pair[0] == Shift::Night && matches!(pair[1], Shift::Day | Shift::Late)).count()
        };
        evaluation.violations.push((0..DAYS).map(missing).sum());
        evaluation.violations.push(rota.iter().map(tired).sum::<usize>() as f64);
        // Nine shifts each would be fair, and nobody wants to work on the sixth, seventh, thirteenth and fourteenth day.
        let unfair = |row: &Vec<Shift>| {
            let worked = row.iter().filter(|shift| **shift != Shift::Off).count() as f64;
            (worked - 8.0) * (worked - 8.0)
        };
        let weekends = [5, 6, 12, 13].map(|day| rota.iter().filter(|row| row[day] != Shift::Off).count() as f64);
        evaluation.objectives.push(rota.iter().map(unfair).sum::<f64>() + weekends.iter().sum::<f64>());
    }
}

fn main() {
    let variation = Pipeline { crossover_rate: 0.7, crossover: Exchange, mutation: Reassign };
    let algorithm = Evolution::new(Rotas, variation, Tournament { size: 2 }, Elitist, standard::generational(50, 1), Seed(1));
    let rules = vec![Rule::Evaluations(60_000), Rule::Stagnation { generations: 1500, gain: 0.0 }];
    let mut run = Run::new(algorithm, Rotas, Termination::new(rules), Yardstick::default());
    let (mut cache, mut history) = (Cache::new(), History::new(1000, 12));
    let summary = run.execute(&Ward, Some(&mut cache), &mut history);

    for step in history.steps() {
        println!("generation {:>5}: best {:?}, diversity {:.2}", step.generation, step.best, step.diversity);
    }
    let (hits, misses) = cache.hits_and_misses();
    println!("{} evaluations ({misses} computed, {hits} known already), ended by {:?}", summary.evaluations, summary.reason);
    let population = hms_evolve::algorithms::Algorithm::population(run.algorithm());
    let Some(best) = population.best() else { return };
    println!("violation {}, cost {}", population.scores.violation(best), population.scores.objectives(best)[0]);
    for row in &population.genomes[best] {
        println!("{}", row.iter().map(|shift| format!("{shift:?} ").remove(0)).collect::<String>());
    }
    match checkpoint::save(&run) {
        Ok(bytes) => println!("the whole search can be stored in {} bytes and continued", bytes.len()),
        Err(error) => println!("{error}"),
    }
}
