//! Islands: several populations that evolve apart and exchange migrants now and then.
//!
//! Cohoon et al., "Punctuated equilibria: a parallel genetic algorithm", ICGA 2 (1987); topologies as in Alba and Tomassini, IEEE Transactions on Evolutionary Computation 6 (2002). Islands ask in
//! turn. Migration is a matter of generations, not of time: when every island has completed so many more, each sends copies of its best (of its front, if there are several objectives) to
//! its neighbours, all at once, so that no order of islands matters.

use std::collections::BTreeMap;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::{Algorithm, Asked, Origin, Population};
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// Who sends to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topology {
    /// Each to the next.
    Ring,
    /// On a grid of this many columns whose edges meet: each to the right and down.
    Torus {
        /// Columns, at least 1.
        columns: usize,
    },
    /// Each to all others.
    Full,
    /// Each to one other, drawn anew at every migration.
    Random,
}

/// When and how many migrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Who sends to whom.
    pub topology: Topology,
    /// Generations between migrations, at least 1.
    pub interval: u64,
    /// Migrants per neighbour.
    pub migrants: usize,
}

/// Islands of one kind of algorithm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "A: Serialize, A::Genome: Serialize",
    deserialize = "A: Deserialize<'de>, A::Genome: Deserialize<'de>"
))]
pub struct Archipelago<A: Algorithm> {
    islands: Vec<A>,
    migration: Migration,
    rng: Rng,
    migrations: u64,
    turn: usize,
    tickets: BTreeMap<u64, (usize, u64, A::Genome)>,
    next_id: u64,
    archive: Archive<A::Genome>,
}

/// A copy on its way to another island.
#[derive(Clone)]
struct Migrant<G> {
    genome: G,
    scores: Scores,
    /// By what number it is named as a parent.
    name: Option<u64>,
}

impl<A: Algorithm> Archipelago<A>
where
    A::Genome: Clone,
{
    /// These islands, which should differ in their seeds; remembers about the best `keep` of all.
    ///
    /// # Panics
    /// Without islands.
    pub fn new(islands: Vec<A>, objectives: usize, migration: Migration, keep: usize, seed: Seed) -> Self {
        assert!(!islands.is_empty(), "an archipelago has islands");
        Archipelago {
            islands,
            migration,
            rng: Rng::new(seed, 0),
            migrations: 0,
            turn: 0,
            tickets: BTreeMap::new(),
            next_id: 0,
            archive: Archive::new(keep, objectives),
        }
    }

    /// The islands.
    pub fn islands(&self) -> &[A] {
        &self.islands
    }

    /// The islands, to be told more.
    pub fn islands_mut(&mut self) -> &mut [A] {
        &mut self.islands
    }

    /// How often migrants were exchanged.
    pub fn migrations(&self) -> u64 {
        self.migrations
    }

    fn neighbours(&mut self, island: usize) -> Vec<usize> {
        let count = self.islands.len();
        let mut neighbours = match self.migration.topology {
            Topology::Ring => vec![(island + 1) % count],
            Topology::Torus { columns } => {
                let columns = columns.clamp(1, count);
                let rows = count.div_ceil(columns);
                let (row, column) = (island / columns, island % columns);
                // A last row that is not full closes on itself earlier.
                let width = columns.min(count - row * columns);
                let right = row * columns + (column + 1) % width;
                let below = (1..=rows).map(|step| ((row + step) % rows) * columns + column).find(|&place| place < count);
                vec![right, below.unwrap_or(island)]
            }
            Topology::Full => (0..count).collect(),
            Topology::Random => vec![(island + 1 + self.rng.below(count.max(2) - 1)) % count],
        };
        neighbours.retain(|&other| other != island);
        neighbours.dedup();
        neighbours
    }

    fn migrate(&mut self) {
        self.migrations += 1;
        let mut mail: Vec<(usize, Migrant<A::Genome>)> = Vec::new();
        for island in 0..self.islands.len() {
            let chosen = self.emigrants(island);
            for neighbour in self.neighbours(island) {
                mail.extend(chosen.iter().map(|migrant| (neighbour, migrant.clone())));
            }
        }
        for (island, Migrant { genome, scores, name }) in mail {
            self.islands[island].welcome(&genome, scores.measured(0), name);
        }
    }

    fn emigrants(&mut self, island: usize) -> Vec<Migrant<A::Genome>> {
        let population = self.islands[island].population();
        let mut rows: Vec<usize> =
            if population.scores.width() == 1 { (0..population.genomes.len()).collect() } else { population.front() };
        if population.scores.width() == 1 {
            rows.sort_by(|&a, &b| {
                let first = population.scores.violation(a).total_cmp(&population.scores.violation(b));
                first.then(population.scores.objectives(a)[0].total_cmp(&population.scores.objectives(b)[0])).then(a.cmp(&b))
            });
        } else {
            self.rng.shuffle(&mut rows);
        }
        rows.truncate(self.migration.migrants);
        let copy = |row: usize| {
            let mut scores = Scores::new(population.scores.width());
            scores.push(population.scores.measured(row));
            Migrant { genome: population.genomes[row].clone(), scores, name: self.islands[island].name_of(row) }
        };
        rows.into_iter().map(copy).collect()
    }
}

impl<A: Algorithm> Algorithm for Archipelago<A>
where
    A::Genome: Clone,
{
    type Genome = A::Genome;

    fn ask(&mut self) -> Option<Asked<'_, A::Genome>> {
        // Islands that have reached the next migration wait for the others.
        let due = (self.migrations + 1) * self.migration.interval.max(1);
        for step in 0..self.islands.len() {
            let island = (self.turn + step) % self.islands.len();
            if self.islands[island].generation() >= due {
                continue;
            }
            let Some(asked) = self.islands[island].ask() else { continue };
            let ticket = (island, asked.id, asked.genome.clone());
            let origin = Origin { member: Some(island as u16), ..asked.origin };
            self.turn = (island + 1) % self.islands.len();
            let id = self.next_id;
            self.next_id += 1;
            self.islands[island].known_as(ticket.1, id);
            let ticket = self.tickets.entry(id).or_insert(ticket);
            return Some(Asked { id, genome: &ticket.2, origin });
        }
        None
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let Some((island, inner, genome)) = self.tickets.remove(&id) else {
            panic!("candidate {id} was not asked for, or was told already");
        };
        self.islands[island].tell(inner, measured);
        self.archive.push(&genome, measured);
        let due = (self.migrations + 1) * self.migration.interval.max(1);
        if self.islands.iter().all(|island| island.generation() >= due) {
            self.migrate();
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        let (island, inner, _) = self.tickets.get(&id).expect("only candidates that are out get names");
        self.islands[*island].known_as(*inner, name);
    }

    /// What is kept is a memory without names.
    fn name_of(&self, _row: usize) -> Option<u64> {
        None
    }

    fn population(&self) -> Population<'_, A::Genome> {
        self.archive.population()
    }

    fn generation(&self) -> u64 {
        self.islands.iter().map(Algorithm::generation).min().unwrap_or(0)
    }

    fn welcome(&mut self, genome: &A::Genome, measured: Measured<'_>, name: Option<u64>) {
        self.archive.push(genome, measured);
        self.islands.iter_mut().for_each(|island| island.welcome(genome, measured, name));
    }

    fn restart(&mut self, starts: &[A::Genome]) {
        self.tickets.clear();
        self.archive.clear();
        self.islands.iter_mut().for_each(|island| island.restart(starts));
        // Generations count on; the next migration is a full interval away.
        self.migrations = self.generation() / self.migration.interval.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::standard;
    use crate::genome::Bounds;

    fn archipelago(topology: Topology, count: u64, migrants: usize) -> Archipelago<standard::NsgaTwo<Bounds>> {
        let settings = super::super::Settings { brood: 8, ..standard::generational(8, 1) };
        let island = |seed| standard::nsga_two(Bounds::cube(2, 0.0, 1.0).unwrap(), settings, Seed(seed));
        let migration = Migration { topology, interval: 3, migrants };
        Archipelago::new((0..count).map(island).collect(), 1, migration, 10, Seed(1))
    }

    fn run(islands: &mut Archipelago<standard::NsgaTwo<Bounds>>, results: usize) {
        for _ in 0..results {
            let asked = islands.ask().unwrap();
            let (id, value) = (asked.id, asked.genome[0] + asked.genome[1]);
            islands.tell(id, Measured::feasible(&[value]));
        }
    }

    #[test]
    fn every_topology_names_neighbours_and_nobody_itself() {
        for (topology, expected) in
            [(Topology::Ring, vec![1]), (Topology::Torus { columns: 3 }, vec![1, 3]), (Topology::Full, vec![1, 2, 3, 4, 5])]
        {
            assert_eq!(archipelago(topology, 6, 1).neighbours(0), expected, "{topology:?}");
        }
        let mut random = archipelago(Topology::Random, 6, 1);
        let drawn: Vec<usize> = (0..100).flat_map(|_| random.neighbours(2)).collect();
        assert!([0, 1, 3, 4, 5].iter().all(|other| drawn.contains(other)) && !drawn.contains(&2));
        for topology in [Topology::Ring, Topology::Torus { columns: 2 }, Topology::Full, Topology::Random] {
            assert!(archipelago(topology, 1, 1).neighbours(0).is_empty(), "{topology:?}");
        }
        assert_eq!(archipelago(Topology::Torus { columns: 3 }, 7, 1).neighbours(6), [0]);
    }

    #[test]
    fn migrants_arrive_and_none_do_without_migration() {
        let best_of = |migrants| {
            let mut islands = archipelago(Topology::Full, 3, migrants);
            // Founders and three generations on each of three islands.
            run(&mut islands, 3 * 8 * 4);
            assert_eq!(islands.migrations(), 1);
            let best = |island: &standard::NsgaTwo<Bounds>| {
                let population = island.population();
                population.scores.objectives(population.best().unwrap())[0]
            };
            islands.islands().iter().map(best).collect::<Vec<f64>>()
        };
        let (apart, together) = (best_of(0), best_of(1));
        let least = apart.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(apart.iter().any(|&best| best > least) && together.iter().all(|&best| best == least), "{apart:?} {together:?}");
    }

    #[test]
    fn the_order_of_results_within_a_generation_does_not_matter() {
        let history = |backwards: bool| {
            let mut islands = archipelago(Topology::Ring, 3, 2);
            for _ in 0..8 {
                let mut open = Vec::new();
                while let Some(asked) = islands.ask() {
                    open.push((asked.id, asked.genome[0] + asked.genome[1]));
                }
                if backwards {
                    open.reverse();
                }
                open.iter().for_each(|&(id, value)| islands.tell(id, Measured::feasible(&[value])));
            }
            islands.islands().iter().map(|island| island.population().genomes.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(history(false), history(true));
    }
}
