//! The genetic algorithm of parts: a space, a variation, a choice of parents, a rule of survival, and a pace.
//!
//! Picture a list of the living, and behind it room for one brood. Parents are chosen among the living, their children are handed out, and when a brood is told the rule of survival names
//! those who live on. *Generational* pace hands out a whole brood and waits for all of it, in any order. *Steady* pace never waits (Syswerda 1991): children are made of whoever
//! lives at the moment, so several may be outstanding, and a brood is complete when so many results were told, in the order of telling.

use std::collections::VecDeque;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::outstanding::Outstanding;
use super::{Algorithm, Asked, FOREIGN, Origin, Population};
use crate::genome::Space;
use crate::operators::constraint::{Constraints, Handling};
use crate::operators::selection::{Living, Selection};
use crate::operators::{Applied, Variation};
use crate::random::Rng;
use crate::scores::{Measured, Scores};
use crate::survival::{Cohort, Kept, Survival};

/// Numbers of an evolution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How many live, at least 1.
    pub population: usize,
    /// How many children make a brood, at least 1.
    pub brood: usize,
    /// How many objectives an evaluation gives.
    pub objectives: usize,
    /// When the algorithm waits.
    pub pacing: Pacing,
    /// How violations count.
    pub handling: Handling,
}

/// When an algorithm waits for results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pacing {
    /// For each brood as a whole.
    Generational,
    /// Only when so many candidates are outstanding, at least 1.
    Steady {
        /// How many.
        outstanding_max: usize,
    },
}

/// An evolution; see the functions of [`super::standard`] for ready ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "S: Serialize, S::Genome: Serialize, V: Serialize, L: Serialize, R: Serialize",
    deserialize = "S: Deserialize<'de>, S::Genome: Deserialize<'de>, V: Deserialize<'de>, L: Deserialize<'de>, R: Deserialize<'de>"
))]
pub struct Evolution<S: Space, V, L, R> {
    space: S,
    variation: V,
    selection: L,
    survival: R,
    settings: Settings,
    constraints: Constraints,
    rng: Rng,
    /// The living first, then the brood as far as it was told.
    genomes: Vec<S::Genome>,
    ids: Vec<u64>,
    applied: Vec<Applied>,
    scores: Scores,
    fitness: Vec<f64>,
    living: usize,
    /// Results told since the last survival.
    told: usize,
    /// Candidates handed out since the last survival (generational pace).
    asked: usize,
    first_of_brood: u64,
    founding: bool,
    starts: VecDeque<S::Genome>,
    picked: Vec<usize>,
    outstanding: Outstanding<S::Genome>,
    spare: S::Genome,
    spare_origin: Option<Origin>,
    generation: u64,
    #[serde(skip)]
    kept: Scratch,
}

/// Scratch of a survival.
#[derive(Clone, Debug, Default)]
struct Scratch {
    kept: Kept,
    lives: Vec<bool>,
}

impl<S: Space, V: Variation<S>, L: Selection, R: Survival> Evolution<S, V, L, R> {
    /// An evolution from random genomes.
    ///
    /// # Panics
    /// When the settings name a population, a brood or a number of objectives of 0.
    pub fn new(space: S, variation: V, selection: L, survival: R, settings: Settings, seed: Seed) -> Self {
        assert!(settings.population > 0 && settings.brood > 0, "an evolution needs parents and children");
        let (blank, rows) = (space.blank(), settings.population + settings.brood);
        let ring = match settings.pacing {
            Pacing::Generational => settings.population.max(settings.brood),
            Pacing::Steady { outstanding_max } => outstanding_max,
        };
        let mut scores = Scores::new(settings.objectives);
        scores.resize(rows);
        Evolution {
            variation,
            selection,
            survival,
            settings,
            constraints: Constraints::new(settings.handling),
            rng: Rng::new(seed, 0),
            genomes: vec![blank.clone(); rows],
            ids: vec![0; rows],
            applied: vec![Applied::default(); rows],
            scores,
            fitness: Vec::new(),
            living: 0,
            told: 0,
            asked: 0,
            first_of_brood: 0,
            founding: true,
            starts: VecDeque::new(),
            picked: Vec::new(),
            outstanding: Outstanding::new(ring, &blank),
            spare: blank,
            spare_origin: None,
            generation: 0,
            kept: Scratch::default(),
            space,
        }
    }

    /// The same evolution, whose first population begins with these genomes (repaired if need be); random ones fill up.
    pub fn starting_from(mut self, starts: &[S::Genome]) -> Self {
        self.queue(starts);
        self
    }

    fn queue(&mut self, starts: &[S::Genome]) {
        self.starts.clear();
        for start in starts.iter().take(self.settings.population) {
            let mut start = start.clone();
            self.space.repair(&mut start, &mut self.rng);
            self.starts.push_back(start);
        }
    }

    /// The space.
    pub fn space(&self) -> &S {
        &self.space
    }

    /// The variation, with what it has learned.
    pub fn variation(&self) -> &V {
        &self.variation
    }

    /// The same, to be told more.
    pub fn variation_mut(&mut self) -> &mut V {
        &mut self.variation
    }

    fn expected(&self) -> usize {
        if self.founding { self.settings.population } else { self.settings.brood }
    }

    /// Writes the next candidate to the next place of the ring.
    fn make(&mut self) {
        if self.founding {
            let place = self.outstanding.open();
            match self.starts.pop_front() {
                Some(start) => place.genome = start,
                None => self.space.sample(&mut place.genome, &mut self.rng),
            }
            return;
        }
        if let Some(origin) = self.spare_origin.take() {
            let place = self.outstanding.open();
            std::mem::swap(&mut place.genome, &mut self.spare);
            place.origin = origin;
            return;
        }
        if self.picked.len() < 2 {
            let wanted = match self.settings.pacing {
                Pacing::Generational => self.settings.brood.next_multiple_of(2),
                Pacing::Steady { .. } => 2,
            };
            let living = Living { scores: &self.scores, fitness: &self.fitness[..self.living] };
            self.selection.select(living, wanted, &mut self.rng, &mut self.picked);
        }
        let (mother, father) = (self.picked[self.picked.len() - 1], self.picked[self.picked.len() - 2]);
        self.picked.truncate(self.picked.len() - 2);
        let place = self.outstanding.open();
        let parents = [&self.genomes[mother], &self.genomes[father]];
        let applied = self.variation.vary(&self.space, parents, [&mut place.genome, &mut self.spare], &mut self.rng);
        let ids = [self.ids[mother], self.ids[father]];
        place.origin = Origin::of(ids, applied);
        self.spare_origin = Some(Origin::of([ids[1], ids[0]], applied));
    }

    /// The brood is complete: names who lives on and brings them to the front.
    fn survive(&mut self) {
        let rows = self.living + self.told;
        let keep = self.settings.population.min(rows);
        self.scores.resize(rows);
        let level = self.constraints.level(&self.scores, self.generation);
        let Scratch { kept, lives } = &mut self.kept;
        kept.rows.clear();
        kept.fitness.clear();
        self.survival.survive(Cohort { scores: &self.scores, parents: self.living, keep, level }, &mut self.rng, kept);
        lives.clear();
        lives.resize(rows, false);
        kept.rows.iter().for_each(|&row| lives[row as usize] = true);
        if !self.founding {
            for (row, &lives) in lives.iter().enumerate().skip(self.living) {
                self.variation.learn(self.applied[row], lives);
            }
        }
        // Those who stay move into the places of those who leave.
        self.fitness.clear();
        self.fitness.resize(keep, 0.0);
        let mut free = 0;
        for (&row, &fitness) in kept.rows.iter().zip(&kept.fitness) {
            let mut place = row as usize;
            if place >= keep {
                while lives[free] {
                    free += 1;
                }
                self.genomes.swap(free, place);
                self.scores.swap(free, place);
                self.ids.swap(free, place);
                self.applied.swap(free, place);
                place = free;
                free += 1;
            }
            self.fitness[place] = fitness;
        }
        self.scores.resize(self.settings.population + self.settings.brood);
        self.living = keep;
        self.told = 0;
        self.asked = 0;
        self.first_of_brood = self.outstanding.next_id();
        self.picked.clear();
        self.spare_origin = None;
        self.generation += u64::from(!self.founding);
        self.founding = false;
    }
}

impl<S: Space, V: Variation<S>, L: Selection, R: Survival> Algorithm for Evolution<S, V, L, R> {
    type Genome = S::Genome;

    fn ask(&mut self) -> Option<Asked<'_, S::Genome>> {
        let waiting = match self.settings.pacing {
            Pacing::Generational => self.asked == self.expected(),
            // Founders all come before the first child.
            Pacing::Steady { .. } => !self.outstanding.has_room() || (self.founding && self.asked == self.expected()),
        };
        if waiting {
            return None;
        }
        let id = self.outstanding.next_id();
        self.make();
        self.asked += 1;
        let place = self.outstanding.at(id);
        Some(Asked { id, genome: &place.genome, origin: place.origin })
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let place = self.outstanding.close(id);
        let row = match self.settings.pacing {
            Pacing::Generational => self.living + (id - self.first_of_brood) as usize,
            Pacing::Steady { .. } => self.living + self.told,
        };
        std::mem::swap(&mut place.genome, &mut self.genomes[row]);
        self.ids[row] = place.name;
        self.applied[row] = place.origin.applied;
        self.constraints.write(&mut self.scores, row, measured);
        self.told += 1;
        if self.told == self.expected() {
            self.survive();
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        self.outstanding.known_as(id, name);
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        (self.ids[row] != FOREIGN).then_some(self.ids[row])
    }

    fn population(&self) -> Population<'_, S::Genome> {
        Population { genomes: &self.genomes[..self.living], scores: &self.scores }
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes the place of the worst, if it is better by (violation, first objective) or the two do not dominate each other.
    fn welcome(&mut self, genome: &S::Genome, measured: Measured<'_>, name: Option<u64>) {
        let worse = |a: usize, b: usize| if self.fitness[b] >= self.fitness[a] { b } else { a };
        let Some(worst) = (0..self.living).reduce(worse) else { return };
        if crate::scores::constrained_dominance(self.scores.measured(worst), measured) == crate::scores::Dominance::First {
            return;
        }
        self.genomes[worst].clone_from(genome);
        self.constraints.write(&mut self.scores, worst, measured);
        self.ids[worst] = name.unwrap_or(FOREIGN);
        // Mates as well as the best until the next survival says better.
        self.fitness[worst] = self.fitness[..self.living].iter().copied().fold(f64::INFINITY, f64::min);
    }

    fn restart(&mut self, starts: &[S::Genome]) {
        self.queue(starts);
        self.founding = true;
        self.living = 0;
        self.told = 0;
        self.asked = 0;
        self.picked.clear();
        self.spare_origin = None;
        self.outstanding.forget();
        self.first_of_brood = self.outstanding.next_id();
    }
}
