//! Deterministic crowding: a child competes with the parent that it is more like, so that several peaks stay inhabited.
//!
//! Mahfoud, "Crowding and preselection revisited", PPSN 2 (1992). Pairs are drawn without replacement; of the two ways to match children with parents, the one with the smaller
//! distances counts; a child that is not worse replaces its match. One objective, violations first.

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::outstanding::Outstanding;
use super::{Algorithm, Asked, FOREIGN, Origin, Population};
use crate::genome::Space;
use crate::operators::{Applied, Variation};
use crate::random::Rng;
use crate::scores::{Measured, Scores};

/// Deterministic crowding over any space.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "S: Serialize, S::Genome: Serialize, V: Serialize",
    deserialize = "S: Deserialize<'de>, S::Genome: Deserialize<'de>, V: Deserialize<'de>"
))]
pub struct DeterministicCrowding<S: Space, V> {
    space: S,
    variation: V,
    rng: Rng,
    genomes: Vec<S::Genome>,
    ids: Vec<u64>,
    scores: Scores,
    children: Vec<S::Genome>,
    child_scores: Scores,
    applied: Vec<Applied>,
    /// Members in the order of mating: two neighbours are a pair.
    order: Vec<usize>,
    starts: Vec<S::Genome>,
    founding: bool,
    asked: usize,
    told: usize,
    first_of_brood: u64,
    outstanding: Outstanding<S::Genome>,
    generation: u64,
}

impl<S: Space, V: Variation<S>> DeterministicCrowding<S, V> {
    /// Crowding among `population` members, rounded up to pairs.
    pub fn new(space: S, variation: V, population: usize, seed: Seed) -> Self {
        let population = population.max(2).next_multiple_of(2);
        let blank = space.blank();
        let (mut scores, mut child_scores) = (Scores::new(1), Scores::new(1));
        scores.resize(population);
        child_scores.resize(population);
        DeterministicCrowding {
            variation,
            rng: Rng::new(seed, 0),
            genomes: vec![blank.clone(); population],
            ids: vec![0; population],
            scores,
            children: vec![blank.clone(); population],
            child_scores,
            applied: vec![Applied::default(); population],
            order: (0..population).collect(),
            starts: Vec::new(),
            founding: true,
            asked: 0,
            told: 0,
            first_of_brood: 0,
            outstanding: Outstanding::new(population, &blank),
            generation: 0,
            space,
        }
    }

    /// The variation, to be told more.
    pub fn variation_mut(&mut self) -> &mut V {
        &mut self.variation
    }

    fn complete(&mut self) {
        for pair in 0..self.genomes.len() / 2 {
            let (first, second) = (2 * pair, 2 * pair + 1);
            let (mother, father) = (self.order[first], self.order[second]);
            let apart = |parent: usize, child: usize| self.space.distance(&self.genomes[parent], &self.children[child]);
            let straight = apart(mother, first) + apart(father, second) <= apart(mother, second) + apart(father, first);
            let matches = if straight { [(mother, first), (father, second)] } else { [(mother, second), (father, first)] };
            for (parent, child) in matches {
                let (old, new) = (self.scores.measured(parent), self.child_scores.measured(child));
                let wins = (new.violation, new.objectives[0]) <= (old.violation, old.objectives[0]);
                self.variation.learn(self.applied[child], wins);
                if wins {
                    std::mem::swap(&mut self.genomes[parent], &mut self.children[child]);
                    self.scores.set(parent, self.child_scores.measured(child));
                    self.ids[parent] = self.outstanding.at(self.first_of_brood + child as u64).name;
                }
            }
        }
        self.generation += 1;
    }

    fn begin(&mut self) {
        self.asked = 0;
        self.told = 0;
        self.first_of_brood = self.outstanding.next_id();
        self.rng.shuffle(&mut self.order);
    }
}

impl<S: Space, V: Variation<S>> Algorithm for DeterministicCrowding<S, V> {
    type Genome = S::Genome;

    fn ask(&mut self) -> Option<Asked<'_, S::Genome>> {
        if self.asked == self.genomes.len() {
            return None;
        }
        let row = self.asked;
        self.asked += 1;
        let id = self.outstanding.next_id();
        let mut origin = Origin::default();
        if self.founding {
            match self.starts.pop() {
                Some(start) => self.children[row] = start,
                None => self.space.sample(&mut self.children[row], &mut self.rng),
            }
            self.space.repair(&mut self.children[row], &mut self.rng);
        } else {
            let pair = row & !1;
            let parents = [self.order[pair], self.order[pair + 1]];
            if row == pair {
                let (first, second) = self.children.split_at_mut(pair + 1);
                let children = [&mut first[pair], &mut second[0]];
                let genomes = parents.map(|parent| &self.genomes[parent]);
                self.applied[pair] = self.variation.vary(&self.space, genomes, children, &mut self.rng);
                self.applied[pair + 1] = self.applied[pair];
            }
            origin = Origin::of(parents.map(|parent| self.ids[parent]), self.applied[row]);
        }
        let place = self.outstanding.open();
        place.genome.clone_from(&self.children[row]);
        place.origin = origin;
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        self.outstanding.close(id);
        self.child_scores.set((id - self.first_of_brood) as usize, measured);
        self.told += 1;
        if self.told < self.genomes.len() {
            return;
        }
        if self.founding {
            self.founding = false;
            std::mem::swap(&mut self.genomes, &mut self.children);
            std::mem::swap(&mut self.scores, &mut self.child_scores);
            let first = self.first_of_brood;
            self.ids.iter_mut().enumerate().for_each(|(row, id)| *id = self.outstanding.at(first + row as u64).name);
        } else {
            self.complete();
        }
        self.begin();
    }

    fn known_as(&mut self, id: u64, name: u64) {
        self.outstanding.known_as(id, name);
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        (self.ids[row] != FOREIGN).then_some(self.ids[row])
    }

    fn population(&self) -> Population<'_, S::Genome> {
        let known = if self.founding { 0 } else { self.genomes.len() };
        Population { genomes: &self.genomes[..known], scores: &self.scores }
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn restart(&mut self, starts: &[S::Genome]) {
        self.outstanding.forget();
        self.starts = starts.iter().take(self.genomes.len()).rev().cloned().collect();
        self.founding = true;
        self.begin();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::standard::real_variation;
    use crate::genome::Bounds;

    /// Five equal peaks (Deb and Goldberg 1989, F1): an ordinary population drifts to one of them.
    #[test]
    fn every_peak_stays_inhabited() {
        let space = Bounds::cube(1, 0.0, 1.0).unwrap();
        let variation = real_variation(&space, 0.9, 15.0);
        let mut crowding = DeterministicCrowding::new(space, variation, 100, Seed(1));
        for _ in 0..10_000 {
            let asked = crowding.ask().unwrap();
            let wave = libm::sin(5.0 * std::f64::consts::PI * asked.genome[0]);
            let id = asked.id;
            crowding.tell(id, Measured::feasible(&[-libm::pow(wave.abs(), 6.0)]));
        }
        let found = crowding.population();
        for peak in 0..5 {
            let center = 0.1 + 0.2 * f64::from(peak);
            let inhabited = found.genomes.iter().filter(|genome| (genome[0] - center).abs() < 0.02).count();
            assert!(inhabited >= 5, "peak {peak}: {inhabited}");
        }
    }
}
