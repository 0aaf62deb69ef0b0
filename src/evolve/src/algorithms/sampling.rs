//! Search without learning: the baselines that an optimizer has to beat.
//!
//! Random search; Latin hypercube sampling (McKay, Beckman and Conover, Technometrics 21, 1979), which puts one point into every slice of every coordinate; and Sobol's sequence (Sobol
//! 1967; direction numbers of Joe and Kuo, SIAM Journal on Scientific Computing 30, 2008), which fills the box evenly at every length, shifted digitally by the seed. Who starts a sampling from genomes gets these first: a
//! search that begins with good candidates beats a baseline that was not given them for a reason of its own.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::outstanding::Outstanding;
use super::{Algorithm, Asked, Population};
use crate::genome::{Reals, Space};
use crate::random::Rng;
use crate::scores::Measured;

/// How many candidates of a sampling may be outstanding: it learns nothing, so only memory limits it.
const OUTSTANDING: usize = 1024;

/// Seed of what repairs starts that are not valid; the samples themselves do not depend on it.
const REPAIR: Seed = Seed(0);

/// What all samplings share: places for candidates, and a memory of the best.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Desk<G> {
    outstanding: Outstanding<G>,
    archive: Archive<G>,
    /// Genomes to hand out before any is sampled, the next one last.
    starts: Vec<G>,
    told: u64,
}

impl<G: Clone> Desk<G> {
    fn new(blank: &G, keep: usize, objectives: usize) -> Self {
        Desk {
            outstanding: Outstanding::new(OUTSTANDING, blank),
            archive: Archive::new(keep, objectives),
            starts: Vec::new(),
            told: 0,
        }
    }

    fn ask(&mut self, write: impl FnOnce(&mut G)) -> Option<Asked<'_, G>> {
        if !self.outstanding.has_room() {
            return None;
        }
        let id = self.outstanding.next_id();
        let genome = &mut self.outstanding.open().genome;
        match self.starts.pop() {
            Some(start) => *genome = start,
            None => write(genome),
        }
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin: place.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let place = self.outstanding.close(id);
        self.archive.push(&place.genome, measured);
        self.told += 1;
    }

    fn restart(&mut self, space: &impl Space<Genome = G>, starts: &[G]) {
        self.outstanding.forget();
        self.archive.clear();
        self.starts = starts.iter().rev().cloned().collect();
        let mut rng = Rng::new(REPAIR, 0);
        self.starts.iter_mut().for_each(|start| space.repair(start, &mut rng));
    }
}

macro_rules! desk_methods {
    () => {
        fn tell(&mut self, id: u64, measured: Measured<'_>) {
            self.desk.tell(id, measured);
        }

        /// Candidates have no parents.
        fn known_as(&mut self, _id: u64, _name: u64) {}

        fn name_of(&self, _row: usize) -> Option<u64> {
            None
        }

        fn population(&self) -> Population<'_, Self::Genome> {
            self.desk.archive.population()
        }

        fn generation(&self) -> u64 {
            self.desk.told
        }

        fn restart(&mut self, starts: &[Self::Genome]) {
            self.desk.restart(&self.space, starts);
        }
    };
}

/// Independent random genomes of any space.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "S: Serialize, S::Genome: Serialize",
    deserialize = "S: Deserialize<'de>, S::Genome: Deserialize<'de>"
))]
pub struct RandomSearch<S: Space> {
    space: S,
    rng: Rng,
    desk: Desk<S::Genome>,
}

impl<S: Space> RandomSearch<S> {
    /// Random search that remembers about the best `keep`.
    pub fn new(space: S, keep: usize, objectives: usize, seed: Seed) -> Self {
        RandomSearch { desk: Desk::new(&space.blank(), keep, objectives), rng: Rng::new(seed, 0), space }
    }
}

impl<S: Space> Algorithm for RandomSearch<S> {
    type Genome = S::Genome;

    fn ask(&mut self) -> Option<Asked<'_, S::Genome>> {
        self.desk.ask(|genome| self.space.sample(genome, &mut self.rng))
    }

    desk_methods!();
}

/// Latin hypercubes, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LatinHypercube<S> {
    space: S,
    rng: Rng,
    desk: Desk<Vec<f64>>,
    /// Points per hypercube, and for each coordinate the order of its slices.
    points: usize,
    slices: Vec<Vec<u32>>,
    next: usize,
}

impl<S: Reals> LatinHypercube<S> {
    /// Hypercubes of `points` each (at least 1); remembers about the best `keep`.
    pub fn new(space: S, points: usize, keep: usize, objectives: usize, seed: Seed) -> Self {
        let points = points.max(1);
        let slices = vec![(0..points as u32).collect(); space.low().len()];
        LatinHypercube {
            desk: Desk::new(&space.blank(), keep, objectives),
            rng: Rng::new(seed, 0),
            points,
            slices,
            next: points,
            space,
        }
    }
}

impl<S: Reals> Algorithm for LatinHypercube<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        self.desk.ask(|genome| {
            if self.next == self.points {
                self.next = 0;
                self.slices.iter_mut().for_each(|order| self.rng.shuffle(order));
            }
            let row = self.next;
            self.next += 1;
            genome.clear();
            for (place, order) in self.slices.iter().enumerate() {
                let unit = (f64::from(order[row]) + self.rng.uniform()) / self.points as f64;
                let (low, high) = (self.space.low()[place], self.space.high()[place]);
                genome.push((low + (high - low) * unit).clamp(low, high));
            }
        })
    }

    desk_methods!();
}

/// Sobol's sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sobol<S> {
    space: S,
    desk: Desk<Vec<f64>>,
    /// For each coordinate 32 direction numbers.
    directions: Vec<Vec<u32>>,
    state: Vec<u32>,
    index: u32,
}

impl<S: Reals> Sobol<S> {
    /// The sequence; remembers about the best `keep`.
    pub fn new(space: S, keep: usize, objectives: usize, seed: Seed) -> Self {
        let mut rng = Rng::new(seed, 0);
        let count = space.low().len();
        // A digital shift: still a Sobol set, and another for every seed.
        let state = (0..count).map(|_| rng.next_u64() as u32).collect();
        Sobol { desk: Desk::new(&space.blank(), keep, objectives), directions: directions(count), state, index: 0, space }
    }
}

impl<S: Reals> Algorithm for Sobol<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        self.desk.ask(|genome| {
            // Gray code order (Antonov and Saleev 1979): one direction number changes per point.
            let digit = self.index.trailing_ones().min(31) as usize;
            self.index = self.index.wrapping_add(1);
            genome.clear();
            for (place, (state, directions)) in self.state.iter_mut().zip(&self.directions).enumerate() {
                let unit = (f64::from(*state) + 0.5) / 4_294_967_296.0;
                let (low, high) = (self.space.low()[place], self.space.high()[place]);
                genome.push((low + (high - low) * unit).clamp(low, high));
                *state ^= directions[digit];
            }
        })
    }

    desk_methods!();
}

/// First direction integers of Joe and Kuo (2008), file new-joe-kuo-6.21201, for coordinates 2 to 21: degree, inner coefficients, integers.
const JOE_KUO: [(u32, u32, &[u32]); 20] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// Direction numbers of `count` coordinates; beyond the table, primitive polynomials in order with integers from a fixed hash.
fn directions(count: usize) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = vec![(0..32).map(|bit| 1 << (31 - bit)).collect()];
    let further = (7..20u32).flat_map(|degree| (0..1u32 << (degree - 1)).map(move |inner| (degree, inner)));
    let further = further.filter(|&(degree, inner)| is_primitive(degree, inner)).skip(2);
    let mut hash = Rng::new(Seed(0), u64::MAX);
    let mut more = further.map(move |(degree, inner)| {
        let odd = |bits: u32, hash: &mut Rng| (hash.next_u64() as u32 & ((1 << bits) - 1)) | 1;
        (degree, inner, (1..=degree).map(|bits| odd(bits, &mut hash)).collect::<Vec<u32>>())
    });
    while all.len() < count {
        let next = match JOE_KUO.get(all.len() - 1) {
            Some(&(degree, inner, first)) => expand(degree, inner, first),
            None => {
                let (degree, inner, first) = more.next().expect("there are more primitive polynomials than coordinates");
                expand(degree, inner, &first)
            }
        };
        all.push(next);
    }
    all.truncate(count);
    all
}

/// All 32 direction numbers by the recurrence (Joe and Kuo 2008, eq. 2.4).
fn expand(degree: u32, inner: u32, first: &[u32]) -> Vec<u32> {
    let degree = degree as usize;
    let mut numbers: Vec<u32> = first.iter().enumerate().map(|(bit, &odd)| odd << (31 - bit)).collect();
    for bit in degree..32 {
        let mut number = numbers[bit - degree] ^ (numbers[bit - degree] >> degree);
        for step in 1..degree {
            if inner >> (degree - 1 - step) & 1 == 1 {
                number ^= numbers[bit - step];
            }
        }
        numbers.push(number);
    }
    numbers
}

/// Whether x^degree + inner coefficients + 1 is primitive over two elements: whether its shift register runs through all states but zero.
fn is_primitive(degree: u32, inner: u32) -> bool {
    let feedback = (inner << 1) | 1;
    let (mut state, mut steps) = (1u32, 0u32);
    loop {
        let carry = state >> (degree - 1) & 1;
        state = (state << 1) & ((1 << degree) - 1);
        if carry == 1 {
            state ^= feedback;
        }
        steps += 1;
        if state == 1 {
            return steps == (1 << degree) - 1;
        }
        if steps >= 1 << degree {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Bounds;

    fn take<A: Algorithm<Genome = Vec<f64>>>(mut algorithm: A, count: usize) -> Vec<Vec<f64>> {
        (0..count)
            .map(|_| {
                let asked = algorithm.ask().unwrap();
                let (id, genome) = (asked.id, asked.genome.clone());
                algorithm.tell(id, Measured::feasible(&[genome[0]]));
                genome
            })
            .collect()
    }

    fn fills_every_slice(points: &[Vec<f64>], coordinate: usize) -> bool {
        let mut seen = vec![false; points.len()];
        points.iter().for_each(|point| seen[(point[coordinate] * points.len() as f64) as usize] = true);
        seen.iter().all(|&seen| seen)
    }

    #[test]
    fn every_slice_of_every_coordinate_gets_one_point() {
        let space = || Bounds::cube(60, 0.0, 1.0).unwrap();
        let hypercube = take(LatinHypercube::new(space(), 64, 10, 1, Seed(1)), 64);
        let sobol = take(Sobol::new(space(), 10, 1, Seed(1)), 64);
        for coordinate in 0..60 {
            assert!(fills_every_slice(&hypercube, coordinate) && fills_every_slice(&sobol, coordinate), "{coordinate}");
        }
    }

    /// Joe and Kuo's own first points in three coordinates, in Gray code order.
    #[test]
    fn unshifted_points_are_those_of_the_paper() {
        let mut sobol = Sobol::new(Bounds::cube(3, 0.0, 1.0).unwrap(), 10, 1, Seed(1));
        sobol.state.fill(0);
        let expected = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625]];
        for (point, expected) in take(sobol, 5).iter().zip(expected) {
            assert!(point.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{point:?} {expected:?}");
        }
    }

    #[test]
    fn the_polynomials_of_the_table_are_primitive_and_in_order() {
        let found: Vec<(u32, u32)> = (1..8u32)
            .flat_map(|degree| (0..1u32 << (degree - 1)).map(move |inner| (degree, inner)))
            .filter(|&(degree, inner)| is_primitive(degree, inner))
            .take(20)
            .collect();
        assert_eq!(found, JOE_KUO.map(|(degree, inner, _)| (degree, inner)));
    }

    /// A start is no sample: what is sampled after the starts is what would have been sampled without them.
    #[test]
    fn starts_come_first_and_push_no_sample_aside() {
        fn check<A: Algorithm<Genome = Vec<f64>> + Clone>(plain: &A) {
            let starts = [vec![0.25, 0.5], vec![0.75, 0.5]];
            let mut started = plain.clone();
            started.restart(&starts);
            let (plain, started) = (take(plain.clone(), 20), take(started, 22));
            assert_eq!(started[..2], starts);
            assert_eq!(started[2..], plain);
        }
        let space = || Bounds::cube(2, 0.0, 1.0).unwrap();
        check(&RandomSearch::new(space(), 5, 1, Seed(1)));
        check(&LatinHypercube::new(space(), 8, 5, 1, Seed(1)));
        check(&Sobol::new(space(), 5, 1, Seed(1)));
    }

    #[test]
    fn random_search_remembers_the_best() {
        let mut search = RandomSearch::new(Bounds::cube(2, 0.0, 1.0).unwrap(), 5, 1, Seed(1));
        for _ in 0..1000 {
            let asked = search.ask().unwrap();
            let (id, value) = (asked.id, asked.genome[0]);
            search.tell(id, Measured::feasible(&[value]));
        }
        let population = search.population();
        assert!(population.scores.objectives(population.best().unwrap())[0] < 0.01);
    }
}
