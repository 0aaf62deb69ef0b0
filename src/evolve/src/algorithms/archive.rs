//! The best of what was told, for algorithms that keep no population of their own.
//!
//! Results are appended until there are twice as many as wanted; then the better half stays: by the first objective if there is one, by fronts if there are several.

use serde::{Deserialize, Serialize};

use super::Population;
use crate::random::Rng;
use crate::scores::{Measured, Scores};
use crate::survival::{Cohort, Elitist, HypervolumeFronts, Kept, Survival};

/// A bounded memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Archive<G> {
    capacity: usize,
    genomes: Vec<G>,
    /// Who found each.
    finders: Vec<u32>,
    scores: Scores,
    fronts: HypervolumeFronts,
}

impl<G: Clone> Archive<G> {
    /// Keeps `capacity` (at least 1) and up to twice as many.
    pub(crate) fn new(capacity: usize, objectives: usize) -> Self {
        let capacity = capacity.max(1);
        Archive {
            capacity,
            genomes: Vec::new(),
            finders: Vec::new(),
            scores: Scores::new(objectives),
            fronts: HypervolumeFronts::default(),
        }
    }

    pub(crate) fn push(&mut self, genome: &G, measured: Measured<'_>) {
        self.push_found(genome, measured, 0);
    }

    pub(crate) fn push_found(&mut self, genome: &G, measured: Measured<'_>, finder: usize) {
        self.genomes.push(genome.clone());
        self.finders.push(finder as u32);
        self.scores.push(measured);
        if self.genomes.len() < 2 * self.capacity {
            return;
        }
        let mut kept = Kept::default();
        let cohort = Cohort { scores: &self.scores, parents: 0, keep: self.capacity, level: 0.0 };
        // Neither rule draws numbers.
        let mut rng = Rng::new(hms_machine::Seed(0), 0);
        if self.scores.width() == 1 {
            Elitist.survive(cohort, &mut rng, &mut kept);
        } else {
            self.fronts.survive(cohort, &mut rng, &mut kept);
        }
        kept.rows.sort_unstable();
        for (place, &row) in kept.rows.iter().enumerate() {
            self.genomes.swap(place, row as usize);
            self.scores.swap(place, row as usize);
            self.finders.swap(place, row as usize);
        }
        self.genomes.truncate(self.capacity);
        self.finders.truncate(self.capacity);
        self.scores.resize(self.capacity);
    }

    pub(crate) fn clear(&mut self) {
        self.genomes.clear();
        self.finders.clear();
        self.scores.clear();
    }

    pub(crate) fn population(&self) -> Population<'_, G> {
        Population { genomes: &self.genomes, scores: &self.scores }
    }

    /// How many of the feasible front each of `count` finders found.
    pub(crate) fn finds(&self, count: usize) -> Vec<f64> {
        let mut finds = vec![0.0; count];
        for row in self.population().front() {
            finds[self.finders[row] as usize] += 1.0;
        }
        finds
    }

    pub(crate) fn objectives(&self) -> usize {
        self.scores.width()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_stay_however_many_are_told() {
        let mut archive = Archive::new(3, 1);
        (0..100u32).rev().for_each(|number| archive.push(&number, Measured::feasible(&[f64::from(number)])));
        let population = archive.population();
        assert!(population.genomes.len() < 6);
        assert_eq!(population.best().map(|row| population.genomes[row]), Some(0));
        let mut archive = Archive::new(3, 2);
        (0..100u32).for_each(|number| archive.push(&number, Measured::feasible(&[f64::from(number), -f64::from(number)])));
        let front = archive.population().front();
        assert!(front.iter().any(|&row| archive.population().genomes[row] == 0), "the ends of a front stay");
    }
}
