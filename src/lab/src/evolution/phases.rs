//! Conditions that change while a search runs: other faults, another load, other latencies from a generation on.
//!
//! Picture a breeder whose valley gets a new climate. What has been found is not thrown away, but nothing that is known of it counts any more: everybody is measured again. The field is sown anew from the best of what stands there, from what was good in
//! earlier climates and in other gardens (memory: Branke 1999; here the archive, the base and the presets), from the best with one switch turned (screening one factor at a time: Morris 1991), and from newcomers (random immigrants: Grefenstette 1992), who keep it from being too much of one kind. The verdict is about the last
//! conditions.

use hms_evolve::Rng;
use hms_evolve::genome::record::Domain;
use hms_evolve::genome::{Record, Space};

use super::evaluator::World;
use super::plan::{Plan, Settings};

/// Shares of a population after a change: of its own best members, of the archive, and of the best with one switch turned; the rest is newcomers. A population that has found something consists of near copies of each other, which a quarter represents;
/// whether a component is of use is what a change turns first, and what such a population knows least about. Shares are rounded down, but are one at least.
const MEMBERS: f64 = 0.25;
const REMEMBERED: f64 = 0.25;
const TURNED: f64 = 0.25;
/// Members that are remembered of each phase.
pub(super) const REMEMBERED_PER_PHASE: usize = 4;
/// Share of a phase after which all shared seeds may be in use.
const PACE: f64 = 0.75;

/// Conditions from a generation on.
#[derive(Clone, Debug)]
pub struct Phase {
    /// The first generation under them; 0 is that of the founders.
    pub generation: u64,
    /// The scenarios as they are then.
    pub worlds: Vec<World>,
}

impl Plan {
    /// The first generation of a phase, by its number from 0, and the first after it.
    pub(super) fn span(&self, phase: usize) -> (u64, u64) {
        let begin = |place: usize| self.phases.get(place).map(|phase| phase.generation);
        let first = if phase == 0 { 0 } else { begin(phase - 1).unwrap_or(0) };
        (first, begin(phase).unwrap_or(self.settings.generations + 1))
    }

    /// The phase of a generation.
    pub(super) fn phase_of(&self, generation: u64) -> usize {
        self.phases.iter().filter(|phase| phase.generation <= generation).count()
    }

    /// The scenarios on which the choice is made: the last.
    pub(super) fn last_worlds(&self) -> &[World] {
        self.phases.last().map_or(&self.worlds, |phase| &phase.worlds)
    }
}

/// Shared seeds that a search may use at the end of a generation: from the first few to all, in step with its phase until three quarters of it. Early decisions are between candidates that differ much, and few seeds tell those apart.
pub(super) fn paced(settings: &Settings, (begin, end): (u64, u64), generation: u64, trials: u64) -> u64 {
    let (first, most) = settings.seeds;
    // Trials end the whole search, and not a phase of it.
    let of_trials = settings.trials.filter(|_| begin == 0).map_or(0.0, |planned| trials as f64 / planned as f64);
    let share = (generation - begin) as f64 / (end - begin).saturating_sub(1).max(1) as f64;
    let share = of_trials.max(share) / PACE;
    first + (most.saturating_sub(first) as f64 * share.min(1.0)).ceil() as u64
}

/// What a population starts from after a change: its own members (the best first), what is remembered, the best with one switch turned (components before what lies within them), newcomers; nobody twice.
pub(super) fn starts(
    record: &Record,
    population: usize,
    members: &[Vec<f64>],
    remembered: &[Vec<f64>],
    rng: &mut Rng,
) -> Vec<Vec<f64>> {
    let count = |share: f64| ((share * population as f64) as usize).max(1);
    let mut starts: Vec<Vec<f64>> = Vec::new();
    let mut take = |genomes: &[Vec<f64>], most: usize| {
        let full = starts.len() + most;
        for genome in genomes {
            if starts.len() < full && !starts.contains(genome) {
                starts.push(genome.clone());
            }
        }
    };
    take(members, count(MEMBERS));
    take(remembered, count(REMEMBERED));
    let turned: Vec<Vec<f64>> = members.first().map_or(Vec::new(), |best| turned(record, best));
    take(&turned, count(TURNED));
    while starts.len() < population {
        let mut newcomer = record.blank();
        record.sample(&mut newcomer, rng);
        starts.push(newcomer);
    }
    starts
}

/// A genome with one of its switches turned, for each that matters in it.
fn turned(record: &Record, genome: &[f64]) -> Vec<Vec<f64>> {
    let switches = record.genes().iter().zip(record.active(genome)).enumerate();
    let places = switches.filter(|(_, (gene, active))| *active && gene.domain == Domain::Switch).map(|(place, _)| place);
    let turn = |place: usize| {
        let mut other = genome.to_vec();
        other[place] = if genome[place] < 0.5 { 0.75 } else { 0.25 };
        other
    };
    places.map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolution::tests::{Bench, CAMPAIGN};
    use hms_evolve::genome::record::Value;
    use hms_machine::Seed;

    #[test]
    fn the_field_is_sown_from_members_memory_turned_switches_and_newcomers() {
        let plan = Bench::new(CAMPAIGN).plan();
        let record = plan.genes.record();
        let mut rng = Rng::new(Seed(1), 0);
        let mut sample = || {
            let mut genome = record.blank();
            record.sample(&mut genome, &mut rng);
            genome
        };
        let members: Vec<Vec<f64>> = (0..8).map(|_| sample()).collect();
        let remembered = vec![members[0].clone(), sample(), sample(), sample()];
        let starts = starts(record, 8, &members, &remembered, &mut rng);
        assert_eq!(starts.len(), 8);
        assert_eq!(starts[..2], members[..2], "the best quarter stays");
        assert_eq!(starts[2..4], remembered[1..3], "who is there already is not remembered");
        let differ =
            |genome: &[f64]| -> Vec<usize> { (0..genome.len()).filter(|&place| genome[place] != members[0][place]).collect() };
        let decoded = |genome: &[f64], place: usize| record.decode(genome)[place].clone().unwrap();
        for other in &starts[4..6] {
            let [place] = differ(other)[..] else { panic!("one gene differs: {other:?}") };
            let switches = [decoded(&members[0], place), decoded(other, place)];
            assert!(switches.contains(&Value::Switch(true)) && switches.contains(&Value::Switch(false)), "{switches:?}");
        }
        assert!(starts[6..].iter().all(|genome| differ(genome).len() == genome.len()));
        let few = super::starts(record, 5, &members, &remembered, &mut rng);
        assert_eq!((few.len(), &few[0], &few[1]), (5, &members[0], &remembered[1]));
        assert!(few[3..].iter().all(|genome| differ(genome).len() == genome.len()), "there are newcomers in a small field, too");
    }

    #[test]
    fn seeds_grow_in_step_with_the_phase() {
        let plan = Bench::new(&CAMPAIGN.replace("most = 4", "most = 10")).plan();
        let at = |span, generation, trials| paced(&plan.settings, span, generation, trials);
        assert_eq!([0, 15, 30, 40].map(|generation| at((0, 41), generation, 0)), [2, 6, 10, 10]);
        assert_eq!([20, 28, 40].map(|generation| at((20, 41), generation, 9_999)), [2, 7, 10]);
        let budget = Settings { trials: Some(100), ..plan.settings.clone() };
        assert_eq!(paced(&budget, (0, 41), 1, 75), 10, "a search that trials end is in step with them");
    }
}
