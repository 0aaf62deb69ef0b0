//! L-SHADE: differential evolution that remembers which factors worked, with a shrinking population.
//!
//! Tanabe and Fukunaga, "Improving the search performance of SHADE using linear population size reduction", CEC 2014, on JADE's mutation towards one of the best (Zhang and Sanderson 2009) and
//! Storn and Price's differential evolution (1997). Once the planned evaluations are spent, or the population has collapsed, it starts again with a full population around nothing but its
//! best. One objective; violations win over objectives.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::outstanding::Outstanding;
use super::{Algorithm, Asked, FOREIGN, Origin, Population};
use crate::genome::Reals;
use crate::operators::Applied;
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// L-SHADE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuccessHistory<S> {
    space: S,
    rng: Rng,
    /// Evaluations over which the population shrinks.
    planned: u64,
    spent: u64,
    population_start: usize,
    genomes: Vec<Vec<f64>>,
    ids: Vec<u64>,
    scores: Scores,
    /// Replaced parents, which lend their differences.
    replaced: Vec<Vec<f64>>,
    memory: Vec<[f64; 2]>,
    memory_next: usize,
    starts: Vec<Vec<f64>>,
    founding: bool,
    /// Members from best to worst.
    ranking: Vec<usize>,
    outstanding: Outstanding<Vec<f64>>,
    first_of_brood: u64,
    asked: usize,
    told: usize,
    /// Children of the brood with their scores, and their factors.
    children: Vec<Vec<f64>>,
    child_scores: Scores,
    factors: Vec<[f64; 2]>,
    generation: u64,
}

/// Least population (Tanabe and Fukunaga 2014, table 1: room for the mutation's four members).
const POPULATION_MIN: usize = 4;
/// Share of the best that children move towards (table 1).
const GREED: f64 = 0.11;
/// Replaced parents kept per member (table 1).
const REPLACED: f64 = 2.6;
/// Length of the memory of factors (table 1).
const MEMORY: usize = 6;

impl<S: Reals> SuccessHistory<S> {
    /// L-SHADE that shrinks over `planned` evaluations from `population` (at least 4).
    pub fn new(space: S, population: usize, planned: u64, seed: Seed) -> Self {
        let population = population.max(POPULATION_MIN);
        let blank = space.blank();
        let (mut scores, mut child_scores) = (Scores::new(1), Scores::new(1));
        scores.resize(population);
        child_scores.resize(population);
        SuccessHistory {
            rng: Rng::new(seed, 0),
            planned: planned.max(1),
            spent: 0,
            population_start: population,
            genomes: vec![blank.clone(); population],
            ids: vec![0; population],
            scores,
            replaced: Vec::new(),
            memory: vec![[0.5; 2]; MEMORY],
            memory_next: 0,
            starts: Vec::new(),
            founding: true,
            ranking: Vec::new(),
            outstanding: Outstanding::new(population, &blank),
            first_of_brood: 0,
            asked: 0,
            told: 0,
            children: vec![blank; population],
            child_scores,
            factors: vec![[0.0; 2]; population],
            generation: 0,
            space,
        }
    }

    /// The same search, whose first population begins with these genomes.
    pub fn starting_from(mut self, starts: &[Vec<f64>]) -> Self {
        self.starts = starts.iter().take(self.population_start).rev().cloned().collect();
        self
    }

    fn rank(&mut self) {
        let scores = &self.scores;
        self.ranking = (0..self.genomes.len()).collect();
        self.ranking.sort_by(|&a, &b| {
            let first = scores.violation(a).total_cmp(&scores.violation(b));
            first.then(scores.objectives(a)[0].total_cmp(&scores.objectives(b)[0])).then(a.cmp(&b))
        });
    }

    /// Step length and crossover rate of a child, near a remembered pair (eq. 1 and 2).
    fn draw_factors(&mut self) -> [f64; 2] {
        let [center, rate] = self.memory[self.rng.below(self.memory.len())];
        // A rate that only failed with anything above 0 stays at 0 for good.
        let rate = if rate < 0.0 { 0.0 } else { (rate + 0.1 * self.rng.normal()).clamp(0.0, 1.0) };
        loop {
            let factor = center + 0.1 * self.rng.cauchy();
            if factor > 0.0 {
                return [factor.min(1.0), rate];
            }
        }
    }

    fn breed(&mut self, member: usize) -> (Vec<f64>, [f64; 2], usize) {
        let count = self.genomes.len();
        let [factor, rate] = self.draw_factors();
        let greedy = ((GREED * count as f64) as usize).max(2).min(count);
        let best = self.ranking[self.rng.below(greedy)];
        let mut first = self.rng.below(count - 1);
        first += usize::from(first >= member);
        let second = loop {
            let other = self.rng.below(count + self.replaced.len());
            if other != member && other != first {
                break other;
            }
        };
        let target = &self.genomes[member];
        let subtrahend = if second < count { &self.genomes[second] } else { &self.replaced[second - count] };
        let forced = self.rng.below(target.len());
        let mut child = target.clone();
        for place in 0..child.len() {
            if place != forced && !self.rng.chance(rate) {
                continue;
            }
            let own = target[place];
            let moved =
                own + factor * (self.genomes[best][place] - own) + factor * (self.genomes[first][place] - subtrahend[place]);
            let (low, high) = (self.space.low()[place], self.space.high()[place]);
            child[place] = if moved < low {
                0.5 * (low + own)
            } else if moved > high {
                0.5 * (high + own)
            } else {
                moved
            };
        }
        (child, [factor, rate], best)
    }

    /// How much better the first is: above 0 if it is, by violation and then by objective.
    fn gain(first: Measured<'_>, second: Measured<'_>) -> f64 {
        let by = if first.violation == second.violation {
            second.objectives[0] - first.objectives[0]
        } else {
            second.violation - first.violation
        };
        // Two failures, or a first success after a failure.
        if by.is_nan() { 0.0 } else { by.min(f64::MAX) }
    }

    fn complete(&mut self) {
        let mut successes: Vec<([f64; 2], f64)> = Vec::new();
        for member in 0..self.genomes.len() {
            let gain = Self::gain(self.child_scores.measured(member), self.scores.measured(member));
            if gain < 0.0 {
                continue;
            }
            std::mem::swap(&mut self.genomes[member], &mut self.children[member]);
            self.scores.set(member, self.child_scores.measured(member));
            self.ids[member] = self.outstanding.at(self.first_of_brood + member as u64).name;
            if gain > 0.0 {
                successes.push((self.factors[member], gain));
                self.replaced.push(self.children[member].clone());
            }
        }
        self.remember(&successes);
        self.generation += 1;
        self.rank();
        self.shrink();
    }

    /// Weighted Lehmer means of the successful factors (eq. 3 to 7).
    fn remember(&mut self, successes: &[([f64; 2], f64)]) {
        let largest = successes.iter().map(|(_, gain)| *gain).fold(0.0, f64::max);
        if successes.is_empty() || largest <= 0.0 {
            return;
        }
        let lehmer = |which: usize| {
            let weighted = |power: i32| {
                let term = |(factors, gain): &([f64; 2], f64)| {
                    let value = factors[which];
                    gain / largest * if power == 2 { value * value } else { value }
                };
                successes.iter().map(term).sum::<f64>()
            };
            let (squares, sum) = (weighted(2), weighted(1));
            if sum > 0.0 { squares / sum } else { 0.0 }
        };
        let none_crossed = successes.iter().all(|(factors, _)| factors[1] <= 0.0);
        let rate = if self.memory[self.memory_next][1] < 0.0 || none_crossed { -1.0 } else { lehmer(1) };
        self.memory[self.memory_next] = [lehmer(0), rate];
        self.memory_next = (self.memory_next + 1) % self.memory.len();
    }

    fn shrink(&mut self) {
        let share = (self.spent as f64 / self.planned as f64).min(1.0);
        let span = self.population_start as f64 - POPULATION_MIN as f64;
        let wanted = ((self.population_start as f64 - span * share + 0.5) as usize).max(POPULATION_MIN);
        while self.genomes.len() > wanted {
            let worst = self.ranking.pop().expect("there are members to remove");
            self.genomes.remove(worst);
            self.ids.remove(worst);
            for row in worst..self.genomes.len() {
                self.scores.swap(row, row + 1);
            }
            self.scores.resize(self.genomes.len());
            self.ranking.iter_mut().for_each(|row| *row -= usize::from(*row > worst));
        }
        let room = (REPLACED * self.genomes.len() as f64) as usize;
        while self.replaced.len() > room {
            let gone = self.rng.below(self.replaced.len());
            self.replaced.swap_remove(gone);
        }
        if self.spent >= self.planned || self.has_collapsed() {
            self.start_again();
        } else {
            self.begin();
        }
    }

    /// Whether best and worst are one to fifteen digits.
    fn has_collapsed(&self) -> bool {
        let (best, worst) = (self.ranking[0], self.ranking[self.ranking.len() - 1]);
        let (low, high) = (self.scores.objectives(best)[0], self.scores.objectives(worst)[0]);
        let same = high - low <= 1e-15 * low.abs().max(high.abs());
        same && self.scores.violation(best) == self.scores.violation(worst) && low.is_finite()
    }

    /// A new population around the best, with as many evaluations planned again.
    fn start_again(&mut self) {
        self.starts = vec![self.genomes[self.ranking[0]].clone()];
        self.reset();
    }

    fn reset(&mut self) {
        let blank = self.space.blank();
        self.spent = 0;
        self.replaced.clear();
        self.memory.fill([0.5; 2]);
        self.memory_next = 0;
        self.genomes.resize(self.population_start, blank.clone());
        self.ids.resize(self.population_start, 0);
        self.scores.resize(self.population_start);
        self.founding = true;
        self.begin();
    }

    fn begin(&mut self) {
        self.asked = 0;
        self.told = 0;
        self.first_of_brood = self.outstanding.next_id();
        self.child_scores.resize(self.genomes.len());
    }
}

impl<S: Reals> Algorithm for SuccessHistory<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        if self.asked == self.genomes.len() {
            return None;
        }
        let member = self.asked;
        self.asked += 1;
        let id = self.outstanding.next_id();
        if self.founding {
            let place = self.outstanding.open();
            match self.starts.pop() {
                Some(start) => place.genome.clone_from(&start),
                None => self.space.sample(&mut place.genome, &mut self.rng),
            }
            self.space.repair(&mut place.genome, &mut self.rng);
        } else {
            let (child, factors, best) = self.breed(member);
            self.factors[member] = factors;
            let parents = [self.ids[member], self.ids[best]];
            let place = self.outstanding.open();
            place.genome = child;
            place.origin = Origin::of(parents, Applied { operator: 0, parameters: factors });
        }
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin: place.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let member = (id - self.first_of_brood) as usize;
        let place = self.outstanding.close(id);
        self.spent += 1;
        self.told += 1;
        if self.founding {
            self.genomes[member].clone_from(&place.genome);
            self.ids[member] = place.name;
            self.scores.set(member, measured);
        } else {
            std::mem::swap(&mut self.children[member], &mut place.genome);
            self.child_scores.set(member, measured);
        }
        if self.told == self.genomes.len() {
            if self.founding {
                self.founding = false;
                self.rank();
                self.begin();
            } else {
                self.complete();
            }
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        self.outstanding.known_as(id, name);
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        (self.ids[row] != FOREIGN).then_some(self.ids[row])
    }

    fn population(&self) -> Population<'_, Vec<f64>> {
        let known = if self.founding { 0 } else { self.genomes.len() };
        Population { genomes: &self.genomes[..known], scores: &self.scores }
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes the place of the worst, if it is better.
    fn welcome(&mut self, genome: &Vec<f64>, measured: Measured<'_>, name: Option<u64>) {
        let Some(&worst) = self.ranking.last().filter(|_| !self.founding) else { return };
        if Self::gain(measured, self.scores.measured(worst)) > 0.0 {
            self.genomes[worst].clone_from(genome);
            self.ids[worst] = name.unwrap_or(FOREIGN);
            self.scores.set(worst, measured);
            self.rank();
        }
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        self.outstanding.forget();
        self.starts = starts.iter().take(self.population_start).rev().cloned().collect();
        self.reset();
    }
}
