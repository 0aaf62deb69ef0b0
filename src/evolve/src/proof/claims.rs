//! Are the claims at the end of a search honest? Whole searches on a noisy problem whose truth is known.
//!
//! A candidate is a row of numbers; under a seed it costs its true cost times a factor that the seed and, a little, the candidate decide, as a simulated cluster does. A search evolves on search seeds, finalists meet validation
//! seeds, and the chosen one meets held-out seeds beside the default.

use hms_machine::{Purpose, Seed, Streams};

use super::bootstrap::{Bootstrap, Interval};
use crate::algorithms::{Algorithm, standard};
use crate::genome::Bounds;
use crate::noise::seeds::{Decision, Role, SeedPlan, Seeds};
use crate::random::Rng;
use crate::scores::Measured;

const COMMON: Purpose = Purpose::named("evolve/claims/common");
const OWN: Purpose = Purpose::named("evolve/claims/own");

/// Genes of a candidate; the default has 0 for all.
const GENES: usize = 5;
const HELD_OUT: u64 = 40;
/// What is to be claimed: 15 % better, at 95 % confidence, so 2.5 % of claims may be wrong.
const CLAIM: f64 = 0.15;

/// A world in which the best candidate is better than the default by `gain` at most.
#[derive(Clone, Copy)]
struct World {
    gain: f64,
    seed: u64,
}

impl World {
    /// Expected cost: 1 for the default, less along a valley towards 0.6 in every gene.
    fn truth(self, genome: &[f64]) -> f64 {
        let off = genome.iter().map(|x| (x - 0.6) * (x - 0.6)).sum::<f64>() / (GENES as f64 * 0.36);
        1.0 - self.gain * (1.0 - off).max(-1.0)
    }

    /// Cost under a seed: log-normal with mean 1 around the truth, four fifths of the variance common to all candidates.
    fn cost(self, genome: &[f64], seed: Seed) -> f64 {
        let common = normal(COMMON, seed, self.seed);
        let mut place = 17;
        genome.iter().for_each(|x| place = u64::rotate_left(place, 13) ^ x.to_bits());
        let own = normal(OWN, seed, place);
        let (wide, narrow) = (0.4, 0.2);
        self.truth(genome) * libm::exp(wide * common + narrow * own - 0.5 * (wide * wide + narrow * narrow))
    }

    fn mean<R: Role>(self, genome: &[f64], seeds: &Seeds<R>, count: u64) -> f64 {
        (0..count).map(|index| self.cost(genome, seeds.get(index))).sum::<f64>() / count as f64
    }

    /// A search from beginning to verdict: the claimed gain with its interval, and the true one.
    fn experiment(self) -> (Interval, f64) {
        let plan = SeedPlan::new(Seed(self.seed));
        let space = Bounds::cube(GENES, -1.0, 1.0).unwrap();
        let mut algorithm = standard::nsga_two(space, standard::generational(12, 1), Seed(self.seed));
        for _ in 0..120 {
            let asked = algorithm.ask().unwrap();
            let (id, cost) = (asked.id, self.mean(asked.genome, &plan.search, 3));
            algorithm.tell(id, Measured::feasible(&[cost]));
        }
        let finalists = algorithm.population().genomes.to_vec();
        let rank = |genome: &&Vec<f64>| self.mean(genome, &plan.validation, 5);
        let chosen = finalists.iter().min_by(|a, b| rank(a).total_cmp(&rank(b))).unwrap().clone();
        let (chosen, held_out) = plan.held_out.open(Decision::final_choice(chosen, plan.validation));
        let row = |genome: &[f64]| (0..HELD_OUT).map(|index| self.cost(genome, held_out.get(index))).collect::<Vec<f64>>();
        let bootstrap = Bootstrap { confidence: 0.95, resamples: 1000 };
        let mut rng = Rng::new(Seed(self.seed), 9);
        let claimed = bootstrap.improvement(&row(&[0.0; GENES]), &row(&chosen), &mut rng).unwrap();
        (claimed, 1.0 - self.truth(&chosen))
    }
}

fn normal(purpose: Purpose, seed: Seed, entity: u64) -> f64 {
    Rng::from_draw(&mut Streams::new(seed).draw(purpose, entity, 0)).normal()
}

/// The worst null experiment: the truth is 15 % exactly, so that every interval above it is a false claim; and one where nothing at all can be gained.
#[test]
fn false_claims_are_rare() {
    for (gain, most, experiments) in [(CLAIM, 50, 1000), (0.0, 0, 200)] {
        let claims = (0..experiments).filter(|&seed| {
            let (claimed, truth) = World { gain, seed }.experiment();
            claimed.low >= CLAIM && truth < CLAIM
        });
        // 5 % of 1,000, and none where the truth is nothing.
        let claims = claims.count();
        assert!(claims <= most, "gain {gain}: {claims}");
    }
}

#[test]
fn what_is_claimed_is_what_is_true() {
    let runs: Vec<(Interval, f64)> = (0..300).map(|seed| World { gain: 0.3, seed }.experiment()).collect();
    let bias = runs.iter().map(|(claimed, truth)| claimed.estimate - truth).sum::<f64>() / runs.len() as f64;
    assert!(bias.abs() < 0.01, "{bias}");
    let covered = runs.iter().filter(|(claimed, truth)| claimed.low <= *truth && *truth <= claimed.high).count();
    // Bootstrap intervals of 40 skewed numbers are a little short of their 95 %.
    assert!(covered >= 265, "{covered} of 300 intervals hold the truth");
    let gain = runs.iter().map(|(_, truth)| truth).sum::<f64>() / runs.len() as f64;
    assert!(gain > CLAIM, "{gain}");
}

/// Why held-out seeds: what the seeds of the search say of the winner is too good.
#[test]
fn the_seeds_of_a_search_flatter_its_winner() {
    let flattery = |seed: u64| {
        let world = World { gain: 0.3, seed };
        let plan = SeedPlan::new(Seed(seed));
        let mut rng = Rng::new(Seed(seed), 5);
        let best = (0..60).map(|_| (0..GENES).map(|_| rng.between(0.4, 0.8)).collect::<Vec<f64>>());
        let rank = |genome: &Vec<f64>| world.mean(genome, &plan.search, 3) / world.mean(&[0.0; GENES], &plan.search, 3);
        let best = best.min_by(|a, b| rank(a).total_cmp(&rank(b))).unwrap();
        world.truth(&best) - rank(&best)
    };
    let mean = (0..100).map(flattery).sum::<f64>() / 100.0;
    assert!(mean > 0.05, "{mean}");
}
