//! Races at the survival boundary: a candidate gets another seed only while it is open whether it belongs to the best.
//!
//! Heidrich-Meisner and Igel, "Hoeffding and Bernstein races for selecting policies in evolutionary direct policy search", ICML 2009; here with paired t-tests on shared seeds as in F-Race (Birattari et al.
//! 2002), which need far fewer seeds when most of the noise is common. After each column of the table every open candidate is compared with its rival across the boundary: it is *in* when it is surely better than
//! the best that would not survive, and *out* when surely worse than the worst that would. The chance of any wrong certainty in a whole race is at most `error`: it is spent over the looks by a spending function
//! (Lan and DeMets 1983, the Pocock type) and divided among the candidates.

use serde::{Deserialize, Serialize};

use crate::proof::paired::t_above;

/// What a race may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaceSettings {
    /// How many survive.
    pub survivors: usize,
    /// Seeds that every candidate gets before the first look, at least 2.
    pub seeds_min: usize,
    /// Seeds after which the means decide.
    pub seeds_max: usize,
    /// Greatest chance of a wrong certainty, for example 0.05.
    pub error: f64,
}

/// A cell of the table: a candidate under a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Number of the candidate.
    pub candidate: usize,
    /// Number of the shared seed.
    pub seed: usize,
}

/// What is known of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It surely belongs to the best.
    In,
    /// It surely does not.
    Out,
    /// Open.
    Open,
}

/// A race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Race {
    settings: RaceSettings,
    results: Vec<Vec<f64>>,
    fates: Vec<Fate>,
    seeds: usize,
}

impl Race {
    /// A race among so many candidates.
    pub fn new(candidates: usize, settings: RaceSettings) -> Self {
        let settings = RaceSettings {
            seeds_min: settings.seeds_min.max(2),
            seeds_max: settings.seeds_max.max(settings.seeds_min.max(2)),
            ..settings
        };
        // Nothing to decide when all or none survive.
        let fate = match settings.survivors {
            0 => Fate::Out,
            survivors if survivors >= candidates => Fate::In,
            _ => Fate::Open,
        };
        Race { settings, results: vec![Vec::new(); candidates], fates: vec![fate; candidates], seeds: settings.seeds_min }
    }

    /// The cells to fill now, by candidate and then by seed; empty when the race is over.
    pub fn wanted(&self) -> Vec<Cell> {
        let open = (0..self.fates.len()).filter(|&candidate| self.fates[candidate] == Fate::Open);
        let missing = |candidate: usize| (self.results[candidate].len()..self.seeds).map(move |seed| Cell { candidate, seed });
        open.flat_map(missing).collect()
    }

    /// Hears all the results of [`Race::wanted`], in its order; smaller is better, NaN counts as infinitely bad.
    ///
    /// # Panics
    /// When there are more or fewer results than wanted.
    pub fn tell(&mut self, results: &[f64]) {
        let cells = self.wanted();
        assert_eq!(cells.len(), results.len(), "one result per wanted cell");
        for (cell, &result) in cells.iter().zip(results) {
            self.results[cell.candidate].push(if result.is_nan() { f64::INFINITY } else { result });
        }
        self.look();
        let open = self.fates.contains(&Fate::Open);
        if open && self.seeds < self.settings.seeds_max {
            self.seeds += 1;
        } else if open {
            self.decide_by_means();
        }
    }

    /// Runs the race to its end with results from `run`.
    pub fn finish(&mut self, mut run: impl FnMut(Cell) -> f64) {
        loop {
            let cells = self.wanted();
            if cells.is_empty() {
                return;
            }
            let results: Vec<f64> = cells.into_iter().map(&mut run).collect();
            self.tell(&results);
        }
    }

    /// What may be spent at this look, divided among its comparisons.
    fn error_per_comparison(&self) -> f64 {
        let looks = (self.settings.seeds_max - self.settings.seeds_min + 1) as f64;
        let spent = |look: f64| self.settings.error * libm::log(1.0 + (std::f64::consts::E - 1.0) * look / looks);
        let look = (self.seeds - self.settings.seeds_min + 1) as f64;
        // Twice, since the order of the means has chosen the side that is tested.
        (spent(look) - spent(look - 1.0)) / (2.0 * self.fates.len() as f64)
    }

    /// Whether the first is surely better than the second on the seeds that both have met.
    fn surely_better(&self, first: usize, second: usize, error: f64) -> bool {
        let pairs = self.results[first].iter().zip(&self.results[second]);
        let differences: Vec<f64> = pairs.map(|(a, b)| if a == b { 0.0 } else { b - a }).collect();
        if differences.iter().any(|difference| !difference.is_finite()) {
            // Failures: better is who fails less, once that has been seen on every shared seed.
            return differences.iter().all(|difference| *difference == f64::INFINITY);
        }
        t_above(&differences) < error
    }

    /// Open candidates, the best first: all have met the same seeds, so their means compare.
    fn open_by_mean(&self) -> Vec<usize> {
        let mut open: Vec<usize> = (0..self.fates.len()).filter(|&candidate| self.fates[candidate] == Fate::Open).collect();
        open.sort_by(|&a, &b| self.mean(a).total_cmp(&self.mean(b)).then(a.cmp(&b)));
        open
    }

    fn room(&self) -> usize {
        self.settings.survivors - self.fates.iter().filter(|&&fate| fate == Fate::In).count()
    }

    /// Holds those above the boundary against the first below it, and those below against the last above.
    fn look(&mut self) {
        let error = self.error_per_comparison();
        let (open, room) = (self.open_by_mean(), self.room());
        let (last_above, first_below) = (open[room - 1], open[room]);
        let mut sure = Vec::new();
        for (rank, &candidate) in open.iter().enumerate() {
            if rank < room && self.surely_better(candidate, first_below, error) {
                sure.push((candidate, Fate::In));
            } else if rank >= room && self.surely_better(last_above, candidate, error) {
                sure.push((candidate, Fate::Out));
            }
        }
        for (candidate, fate) in sure {
            self.fates[candidate] = fate;
        }
        let left = self.fates.iter().filter(|&&fate| fate == Fate::Open).count();
        if self.room() == 0 {
            self.settle(Fate::Out);
        } else if self.room() == left {
            self.settle(Fate::In);
        }
    }

    fn settle(&mut self, fate: Fate) {
        self.fates.iter_mut().filter(|other| **other == Fate::Open).for_each(|other| *other = fate);
    }

    fn decide_by_means(&mut self) {
        let room = self.room();
        let open = self.open_by_mean();
        for (rank, candidate) in open.into_iter().enumerate() {
            self.fates[candidate] = if rank < room { Fate::In } else { Fate::Out };
        }
    }

    /// Mean result of a candidate over the seeds that it has met; infinite before the first.
    pub fn mean(&self, candidate: usize) -> f64 {
        let results = &self.results[candidate];
        if results.is_empty() { f64::INFINITY } else { results.iter().sum::<f64>() / results.len() as f64 }
    }

    /// Results of a candidate, by seed.
    pub fn results(&self, candidate: usize) -> &[f64] {
        &self.results[candidate]
    }

    /// The survivors in order of candidates, once nothing is open.
    pub fn survivors(&self) -> Option<Vec<usize>> {
        if self.fates.contains(&Fate::Open) {
            return None;
        }
        Some((0..self.fates.len()).filter(|&candidate| self.fates[candidate] == Fate::In).collect())
    }

    /// What is known of each candidate.
    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    /// Cells filled so far.
    pub fn cost(&self) -> usize {
        self.results.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use hms_machine::Seed;

    const SETTINGS: RaceSettings = RaceSettings { survivors: 10, seeds_min: 3, seeds_max: 20, error: 0.05 };

    /// A result: what the candidate is worth, noise that all share under a seed, and a little of its own.
    fn cell(world: u64, cell: Cell, worth: f64) -> f64 {
        let common = Rng::new(Seed(world).derive("seed", cell.seed as u64), 0).normal();
        let own = Rng::new(Seed(world).derive("seed", cell.seed as u64), 1 + cell.candidate as u64).normal();
        worth + common + 0.1 * own
    }

    #[test]
    fn a_race_costs_a_third_of_full_rows_and_picks_as_well() {
        let (mut cost, mut quality, mut full_quality) = (0, 0.0, 0.0);
        for world in 0..20 {
            let worth = |candidate: usize| candidate as f64 * 0.1;
            let mut race = Race::new(40, SETTINGS);
            race.finish(|place| cell(world, place, worth(place.candidate)));
            cost += race.cost();
            let survivors = race.survivors().unwrap();
            assert_eq!(survivors.len(), 10);
            quality += survivors.iter().map(|&candidate| worth(candidate)).sum::<f64>();
            let mean =
                |candidate: usize| (0..20).map(|seed| cell(world, Cell { candidate, seed }, worth(candidate))).sum::<f64>();
            let mut order: Vec<usize> = (0..40).collect();
            order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
            full_quality += order[..10].iter().map(|&candidate| worth(candidate)).sum::<f64>();
        }
        assert!(cost * 3 < 20 * 40 * 20, "{cost}");
        assert!(quality < full_quality * 1.01, "{quality} {full_quality}");
    }

    /// Candidates that do not differ: any certainty is wrong.
    #[test]
    fn certainty_about_nothing_is_as_rare_as_it_says() {
        let mut wrong = 0;
        for world in 0..400 {
            let mut race = Race::new(4, RaceSettings { survivors: 1, seeds_min: 3, seeds_max: 12, error: 0.05 });
            let mut sure = false;
            loop {
                let cells = race.wanted();
                if cells.is_empty() {
                    break;
                }
                let last = race.seeds == 12;
                let results: Vec<f64> = cells.iter().map(|&place| cell(1000 + world, place, 0.0)).collect();
                race.tell(&results);
                sure |= !last && race.fates().iter().any(|&fate| fate != Fate::Open);
            }
            wrong += u32::from(sure);
        }
        // At most 20 expected of 400; three standard errors above.
        assert!(wrong <= 33, "{wrong}");
    }

    #[test]
    fn trivial_races_cost_nothing() {
        let settings = |survivors| RaceSettings { survivors, ..SETTINGS };
        assert_eq!(Race::new(3, settings(3)).survivors(), Some(vec![0, 1, 2]));
        assert_eq!(Race::new(3, settings(0)).survivors(), Some(vec![]));
        assert!(Race::new(3, settings(5)).wanted().is_empty());
    }

    #[test]
    fn candidates_that_fail_are_out() {
        let mut race = Race::new(4, RaceSettings { survivors: 2, ..SETTINGS });
        race.finish(|place| if place.candidate % 2 == 0 { f64::NAN } else { place.candidate as f64 });
        assert_eq!(race.survivors(), Some(vec![1, 3]));
        assert!(race.cost() <= 16, "{}", race.cost());
    }

    #[test]
    fn no_cell_is_filled_twice() {
        let mut seen = std::collections::BTreeSet::new();
        let mut race = Race::new(20, SETTINGS);
        race.finish(|place| {
            assert!(seen.insert(place), "{place:?}");
            cell(1, place, place.candidate as f64 * 0.05)
        });
    }
}
