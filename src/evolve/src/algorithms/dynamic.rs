//! Problems that change while they are being solved: noticing it, and answering.
//!
//! After each generation a few members are evaluated again (sentinels; Deb, Rao and Karthik, "Dynamic multi-objective optimization and decision-making using modified NSGA-II", EMO 2007); if a score moved,
//! the problem has changed. The answer: all scores are forgotten and the population starts again from a mixture of its members, of random immigrants (Grefenstette 1992), of mutated members (Cobb 1990), of members moved on
//! by the way the population went between the last two changes (prediction of the center: Zhou, Jin and Zhang, IEEE Transactions on Cybernetics 44, 2014), and of the best of earlier environments (memory: Branke 1999), since what was good once
//! may be good again. Once these are measured, a [`Pursuit`] looks whether the population as a whole lies beside its optimum, and moves it there.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::pursuit::Pursuit;
use super::{Algorithm, Asked, Origin, Population};
use crate::genome::Space;
use crate::operators::{Applied, Mutation};
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeDetector {
    /// Members evaluated again after each generation.
    pub sentinels: usize,
    /// Relative difference of an objective that counts as a change; 0 for a problem without noise.
    pub tolerance: f64,
}

/// What the population becomes after a change; shares of it, the rest is its own members as they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Share of random newcomers, 0..=1.
    pub immigrants: f64,
    /// Share of mutated members, 0..=1.
    pub mutants: f64,
    /// Share of members moved on by prediction, 0..=1; from the second change on.
    pub predicted: f64,
    /// Share of remembered genomes, 0..=1.
    pub remembered: f64,
    /// Genomes remembered per environment.
    pub memory: usize,
    /// Environments remembered.
    pub environments: usize,
    /// Most evaluations spent on finding the displacement of the optimum; 0 for no such search.
    pub pursuit: usize,
}

/// An algorithm that follows a changing problem.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "A: Serialize, S: Serialize, S::Genome: Serialize, M: Serialize",
    deserialize = "A: Deserialize<'de>, S: Deserialize<'de>, S::Genome: Deserialize<'de>, M: Deserialize<'de>"
))]
pub struct Dynamic<A, S: Space, M> {
    inner: A,
    space: S,
    mutation: M,
    detector: ChangeDetector,
    response: Response,
    rng: Rng,
    memory: VecDeque<Vec<S::Genome>>,
    /// The population at the end of the last environment.
    before: Vec<S::Genome>,
    /// Sentinels still to be asked, and what was known of them.
    watch: VecDeque<(S::Genome, Scores)>,
    waiting: BTreeMap<u64, Ticket<S::Genome>>,
    watched: u64,
    changed: bool,
    changes: u64,
    chase: Chase<S::Genome>,
    next_id: u64,
}

/// How far the answer to a change has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "G: Serialize", deserialize = "G: Deserialize<'de>"))]
enum Chase<G> {
    /// Nothing is to be found out.
    Idle,
    /// So many of those that start again are still to be measured.
    Measuring(usize),
    /// The displacement of the optimum is looked for.
    Running(Box<Pursuit<G>>),
}

/// Whose candidate it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Ticket<G> {
    Inner(u64, G),
    Sentinel(G, Scores),
    Moved(u64, G),
}

impl<A, S, M> Dynamic<A, S, M>
where
    A: Algorithm<Genome = S::Genome>,
    S: Space,
    M: Mutation<S>,
{
    /// Lets `inner` follow; `mutation` makes the mutants of the answer.
    pub fn new(inner: A, space: S, mutation: M, detector: ChangeDetector, response: Response, seed: Seed) -> Self {
        Dynamic {
            inner,
            space,
            mutation,
            detector,
            response,
            rng: Rng::new(seed, 0),
            memory: VecDeque::new(),
            before: Vec::new(),
            watch: VecDeque::new(),
            waiting: BTreeMap::new(),
            watched: 0,
            changed: false,
            changes: 0,
            chase: Chase::Idle,
            next_id: 0,
        }
    }

    /// How many changes were noticed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The algorithm within.
    pub fn inner(&self) -> &A {
        &self.inner
    }

    /// Says that the problem has changed, for callers that know; answered as soon as all outstanding results are told.
    pub fn announce_change(&mut self) {
        self.changed = true;
        self.watch.clear();
        if self.waiting.is_empty() {
            self.answer();
        }
    }

    fn post_sentinels(&mut self) {
        let population = self.inner.population();
        let mut rows: Vec<usize> = (0..population.genomes.len()).collect();
        self.rng.shuffle(&mut rows);
        for row in rows.into_iter().take(self.detector.sentinels) {
            let mut scores = Scores::new(population.scores.width());
            scores.push(population.scores.measured(row));
            self.watch.push_back((population.genomes[row].clone(), scores));
        }
        self.watched = self.inner.generation();
    }

    fn hand_out(&mut self, ticket: Ticket<S::Genome>, origin: Origin) -> Asked<'_, S::Genome> {
        let id = self.next_id;
        self.next_id += 1;
        let ticket = self.waiting.entry(id).or_insert(ticket);
        let (Ticket::Inner(_, genome) | Ticket::Sentinel(genome, _) | Ticket::Moved(_, genome)) = ticket;
        Asked { id, genome, origin }
    }

    fn has_moved(&self, known: Measured<'_>, measured: Measured<'_>) -> bool {
        let moved = |a: f64, b: f64| {
            // Two failures are no change.
            a != b && (a - b).abs() > self.detector.tolerance * a.abs().max(b.abs())
        };
        moved(known.violation, measured.violation) || known.objectives.iter().zip(measured.objectives).any(|(a, b)| moved(*a, *b))
    }

    fn answer(&mut self) {
        self.changes += 1;
        self.changed = false;
        self.watch.clear();
        self.waiting.clear();
        let population = self.inner.population();
        let size = population.genomes.len();
        let mut members: Vec<S::Genome> = population.genomes.to_vec();
        if population.scores.width() == 1 {
            let mut order: Vec<usize> = (0..size).collect();
            order.sort_by(|&a, &b| {
                population.scores.objectives(a)[0].total_cmp(&population.scores.objectives(b)[0]).then(a.cmp(&b))
            });
            members = order.into_iter().map(|row| population.genomes[row].clone()).collect();
        } else {
            self.rng.shuffle(&mut members);
        }
        let count = |share: f64| (share.clamp(0.0, 1.0) * size as f64) as usize;
        let (immigrants, mutants) = (count(self.response.immigrants), count(self.response.mutants));
        let mut remembered: Vec<S::Genome> = self.memory.iter().flatten().cloned().collect();
        self.rng.shuffle(&mut remembered);
        remembered.truncate(count(self.response.remembered));
        self.memory.push_back(members.iter().take(self.response.memory).cloned().collect());
        while self.memory.len() > self.response.environments {
            self.memory.pop_front();
        }
        let predicted = if self.before.is_empty() { 0 } else { count(self.response.predicted) };
        let stay = size.saturating_sub(immigrants + mutants + predicted + remembered.len()).max(1);
        let mut starts: Vec<S::Genome> = members.iter().take(stay).cloned().collect();
        starts.extend(remembered);
        for place in 0..predicted {
            let mut moved = members[place % members.len()].clone();
            self.space.drift(&mut moved, &self.before, &members);
            starts.push(moved);
        }
        for place in 0..mutants {
            let mut mutant = members[place % members.len().max(1)].clone();
            self.mutation.mutate(&self.space, &mut mutant, &mut self.rng);
            starts.push(mutant);
        }
        for _ in 0..immigrants {
            let mut immigrant = self.space.blank();
            self.space.sample(&mut immigrant, &mut self.rng);
            starts.push(immigrant);
        }
        self.before = members;
        self.chase = if self.response.pursuit > 0 { Chase::Measuring(size) } else { Chase::Idle };
        self.inner.restart(&starts);
        self.watched = self.inner.generation();
    }

    /// Goes on with the answer when nothing is outstanding: begins a pursuit, or ends one.
    fn chase(&mut self) {
        match std::mem::replace(&mut self.chase, Chase::Idle) {
            Chase::Measuring(0) => {
                let Population { genomes, scores } = self.inner.population();
                let seed = Seed(self.rng.next_u64());
                if let Some(pursuit) = Pursuit::new(&self.space, genomes, scores, self.response.pursuit, seed) {
                    self.chase = Chase::Running(Box::new(pursuit));
                }
            }
            Chase::Running(pursuit) if pursuit.is_over() => {
                if let Some(displacement) = pursuit.displacement() {
                    self.follow(&displacement);
                }
            }
            other @ (Chase::Idle | Chase::Measuring(_) | Chase::Running(_)) => self.chase = other,
        }
    }

    /// Moves the population; a fifth stays as it is, in case that the ends of the front were where they should be.
    fn follow(&mut self, displacement: &[f64]) {
        let mut members = self.inner.population().genomes.to_vec();
        self.rng.shuffle(&mut members);
        let stay = members.len() / 5;
        for member in &mut members[stay..] {
            self.space.shift(member, displacement);
        }
        self.inner.restart(&members);
        self.watched = self.inner.generation();
    }
}

impl<A, S, M> Algorithm for Dynamic<A, S, M>
where
    A: Algorithm<Genome = S::Genome>,
    S: Space,
    M: Mutation<S>,
{
    type Genome = S::Genome;

    fn ask(&mut self) -> Option<Asked<'_, S::Genome>> {
        if self.changed && self.watch.is_empty() {
            return None;
        }
        if self.waiting.is_empty() {
            self.chase();
        }
        let sentinel = |ticket: &Ticket<S::Genome>| matches!(ticket, Ticket::Sentinel(..));
        let watching = self.waiting.values().any(sentinel);
        if !watching && self.watch.is_empty() && self.inner.generation() > self.watched {
            self.post_sentinels();
        }
        let (ticket, origin) = match self.watch.pop_front() {
            Some((genome, scores)) => {
                let applied = Applied { operator: u16::MAX, parameters: [0.0; 2] };
                (Ticket::Sentinel(genome, scores), Origin::model(applied))
            }
            None if watching => return None,
            None => {
                if let Chase::Running(pursuit) = &mut self.chase {
                    if pursuit.is_over() {
                        return None;
                    }
                    let (asked, genome) = pursuit.ask(&self.space)?;
                    return Some(self.hand_out(Ticket::Moved(asked, genome), Origin::default()));
                }
                if matches!(self.chase, Chase::Measuring(0)) {
                    return None;
                }
                let asked = self.inner.ask()?;
                let (inner, origin) = (asked.id, asked.origin);
                let ticket = Ticket::Inner(inner, asked.genome.clone());
                // Sentinels and pursuits have numbers too, so the two counts differ.
                self.inner.known_as(inner, self.next_id);
                (ticket, origin)
            }
        };
        Some(self.hand_out(ticket, origin))
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let Some(ticket) = self.waiting.remove(&id) else {
            panic!("candidate {id} was not asked for, or was told already");
        };
        match ticket {
            Ticket::Inner(inner, _) => {
                self.inner.tell(inner, measured);
                if let Chase::Measuring(left) = &mut self.chase {
                    *left = left.saturating_sub(1);
                }
            }
            Ticket::Moved(asked, _) => {
                if let Chase::Running(pursuit) = &mut self.chase {
                    pursuit.tell(asked, measured);
                }
            }
            Ticket::Sentinel(_, known) => self.changed |= self.has_moved(known.measured(0), measured),
        }
        // All sentinels of the round are heard before anything is done, so that their order does not matter.
        if self.changed && self.watch.is_empty() && self.waiting.is_empty() {
            self.answer();
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        match self.waiting.get(&id).expect("only candidates that are out get names") {
            Ticket::Inner(inner, _) => self.inner.known_as(*inner, name),
            // Neither becomes a parent.
            Ticket::Sentinel(..) | Ticket::Moved(..) => {}
        }
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        self.inner.name_of(row)
    }

    fn population(&self) -> Population<'_, S::Genome> {
        self.inner.population()
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    fn welcome(&mut self, genome: &S::Genome, measured: Measured<'_>, name: Option<u64>) {
        self.inner.welcome(genome, measured, name);
    }

    fn restart(&mut self, starts: &[S::Genome]) {
        self.watch.clear();
        self.waiting.clear();
        self.chase = Chase::Idle;
        self.inner.restart(starts);
        self.watched = self.inner.generation();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::standard;
    use crate::genome::Bounds;
    use crate::operators::mutation::Gaussian;

    const POPULATION: usize = 40;
    /// Evaluations between two changes.
    const PERIOD: u64 = 4_000;
    /// Where the two bowls lie, in every coordinate.
    const PLACES: [f64; 2] = [-0.6, 0.6];

    const NOTHING: Response =
        Response { immigrants: 0.0, mutants: 0.1, predicted: 0.0, remembered: 0.0, memory: 5, environments: 4, pursuit: 0 };

    /// Height above the bottom of a bowl.
    fn bowl(genome: &[f64], side: usize) -> f64 {
        genome.iter().map(|x| (x - PLACES[side]) * (x - PLACES[side])).sum()
    }

    /// Evaluations that a search needs after each change until its best is within 1e-3 of the optimum, which lies in turn on the one and the other side; `PERIOD` where it does not come so far.
    fn needed(value: fn(&[f64], usize) -> f64, response: Response, changes: usize, seed: u64) -> Vec<u64> {
        let space = Bounds::cube(5, -1.0, 1.0).unwrap();
        let inner = standard::nsga_two(space.clone(), standard::generational(POPULATION, 1), Seed(seed));
        let (mutation, detector) =
            (Gaussian { rate: 1.0, sigma: 0.01, adaptation: 0.0 }, ChangeDetector { sentinels: 2, tolerance: 0.0 });
        let mut search = Dynamic::new(inner, space, mutation, detector, response, Seed(seed + 100));
        let mut evaluate = |side: usize| {
            let mut back = PERIOD;
            for count in 1..=PERIOD {
                let asked = search.ask().unwrap();
                let (id, found) = (asked.id, value(asked.genome, side));
                search.tell(id, Measured::feasible(&[found]));
                if found < 1e-3 {
                    back = back.min(count);
                }
            }
            back
        };
        let needed = (0..=changes).map(|change| evaluate(change % 2)).skip(1).collect();
        assert_eq!(search.changes(), changes as u64);
        needed
    }

    /// From the second change on, memory has been where the optimum comes back to.
    #[test]
    fn memory_brings_a_search_back_to_an_old_optimum() {
        for seed in 1..=3 {
            let with = needed(bowl, Response { remembered: 0.3, ..NOTHING }, 4, seed);
            let without = needed(bowl, NOTHING, 4, seed);
            assert!(with[0] > 1_000, "{with:?}");
            // What was under way, the sentinels, and the population that starts again.
            assert!(with[1..].iter().all(|&evaluations| evaluations <= 2 * POPULATION as u64), "{with:?}");
            assert!(without.iter().all(|&evaluations| evaluations > 1_000), "{without:?}");
        }
    }

    /// Two bowls at once, of which one is deeper: the other is a trap.
    fn trap(genome: &[f64], side: usize) -> f64 {
        bowl(genome, side).min(1.0 + bowl(genome, 1 - side))
    }

    #[test]
    fn immigrants_find_an_optimum_that_has_jumped_out_of_reach() {
        for seed in 1..=3 {
            let with = needed(trap, Response { immigrants: 0.5, ..NOTHING }, 1, seed);
            let without = needed(trap, NOTHING, 1, seed);
            assert!(with[0] <= 1_500 && without[0] == PERIOD, "{with:?} {without:?}");
        }
    }
}
