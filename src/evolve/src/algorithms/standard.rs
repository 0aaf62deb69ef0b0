//! Ready settings of [`Evolution`] with the operators that the literature uses.

use hms_machine::Seed;

use super::{
    CoordinateSearch, CovarianceAdaptation, Decomposition, Evolution, Pacing, Portfolio, RealAlgorithm, Restarts, Scalarization,
    Settings, SuccessHistory,
};
use crate::genome::{Booleans, Reals};
use crate::operators::Pipeline;
use crate::operators::constraint::Handling;
use crate::operators::crossover::{SimulatedBinary, Uniform};
use crate::operators::mutation::{Flip, Polynomial};
use crate::operators::selection::{Tournament, UniformSelection};
use crate::survival::directions::{das_dennis, spread};
use crate::survival::{Elitist, HypervolumeFronts, LeastContributor, ReferenceDirections, Strength};

/// SBX, then polynomial mutation of one coordinate per genome.
pub type RealVariation = Pipeline<SimulatedBinary, Polynomial>;

/// NSGA-II with removal of least hypervolume contributors.
pub type NsgaTwo<S> = Evolution<S, RealVariation, Tournament, HypervolumeFronts>;
/// NSGA-III.
pub type NsgaThree<S> = Evolution<S, RealVariation, Tournament, ReferenceDirections>;
/// A steady-state genetic algorithm over switches.
pub type SteadyBooleans = Evolution<Booleans, Pipeline<Uniform, Flip>, UniformSelection, Elitist>;
/// SPEA2.
pub type SpeaTwo<S> = Evolution<S, RealVariation, Tournament, Strength>;
/// SMS-EMOA.
pub type SmsEmoa<S> = Evolution<S, RealVariation, Tournament, LeastContributor>;

/// How NSGA-III chooses parents: with two instead of four an end of DTLZ4's front is lost in 4 seeds of 20 instead of 1.
pub const LONELIEST: Tournament = Tournament { size: 4 };

/// SBX with its rate and index, and polynomial mutation (index 20) of one coordinate per genome.
pub fn real_variation<S: Reals>(space: &S, crossover_rate: f64, eta: f64) -> RealVariation {
    let rate = 1.0 / space.low().len().max(1) as f64;
    Pipeline { crossover_rate, crossover: SimulatedBinary::new(eta), mutation: Polynomial { rate, eta: 20.0 } }
}

/// The default for one objective: CMA-ES with restarts, L-SHADE and search along coordinates share `evaluations`.
pub fn portfolio_single<S: Reals + Clone>(space: &S, evaluations: u64, seed: Seed) -> Portfolio<RealAlgorithm<S>> {
    let count = space.low().len() as u64;
    let part = |index| seed.derive("member", index);
    let population = (4 * count as usize).clamp(20, 200);
    let members = vec![
        RealAlgorithm::CovarianceAdaptation(CovarianceAdaptation::new(space.clone(), Restarts::Alternating, part(0))),
        RealAlgorithm::SuccessHistory(SuccessHistory::new(space.clone(), population, evaluations / 2, part(1))),
        RealAlgorithm::CoordinateSearch(CoordinateSearch::new(space.clone(), part(2))),
    ];
    Portfolio::new(members, 1, 50).with_patience(200 + 100 * count)
}

/// The default for several objectives: NSGA-II (two objectives) or NSGA-III (more), and MOEA/D, share the evaluations; the best `population` are kept.
pub fn portfolio_multi<S: Reals + Clone>(
    space: &S,
    objectives: usize,
    population: usize,
    seed: Seed,
) -> Portfolio<RealAlgorithm<S>> {
    let part = |index| seed.derive("member", index);
    let weights = spread(objectives, population);
    let scalarization =
        if objectives == 2 { Scalarization::Tchebycheff } else { Scalarization::BoundaryIntersection { penalty: 5.0 } };
    let settings = generational(population, objectives);
    let first = if objectives == 2 {
        RealAlgorithm::NsgaTwo(nsga_two(space.clone(), settings, part(0)))
    } else {
        let variation = real_variation(space, 1.0, 30.0);
        let directions = ReferenceDirections::new(weights.clone());
        let rule = Evolution::new(space.clone(), variation, LONELIEST, directions, settings, part(0));
        RealAlgorithm::NsgaThree(rule)
    };
    let neighbours = 20.min(weights.len());
    let second = RealAlgorithm::Decomposition(Decomposition::new(space.clone(), weights, neighbours, scalarization, part(1)));
    Portfolio::new(vec![first, second], objectives, population)
}

/// The steady-state genetic algorithm for switches: uniform crossover, one flip per genome on average and at least one, the worst of `population` + 1 dies. Populations of a few climb fastest on
/// smooth problems (Sudholt 2017 shows that two with crossover beat one without on OneMax); ten and more on rugged ones.
pub fn steady_booleans(space: Booleans, population: usize, outstanding_max: usize, seed: Seed) -> SteadyBooleans {
    let rate = 1.0 / space.length.max(1) as f64;
    let mutation = Flip { rate, at_least_one: true };
    let variation = Pipeline { crossover_rate: 0.9, crossover: Uniform, mutation };
    let pacing = Pacing::Steady { outstanding_max };
    let settings = Settings { population, brood: 1, objectives: 1, pacing, handling: Handling::Feasibility };
    Evolution::new(space, variation, UniformSelection, Elitist, settings, seed)
}

/// Settings of a generational algorithm whose broods are a fifth of the living: measured on ZDT, smaller broods gain more per evaluation (each survival is a choice), and a
/// fifth costs little time. Algorithms whose papers say otherwise set `brood`.
pub fn generational(population: usize, objectives: usize) -> Settings {
    let brood = (population / 5).max(1);
    Settings { population, brood, objectives, pacing: Pacing::Generational, handling: Handling::Feasibility }
}

/// NSGA-II with the operators of its paper: SBX 0.9 with index 15, mutation 1/n with index 20, binary tournament.
pub fn nsga_two<S: Reals>(space: S, settings: Settings, seed: Seed) -> NsgaTwo<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    Evolution::new(space, variation, Tournament { size: 2 }, HypervolumeFronts::default(), settings, seed)
}

/// NSGA-III with the operators of its paper: SBX 1.0 with index 30, mutation 1/n with index 20, along Das-Dennis directions. Two things differ from it, both measured with medians of 20 seeds. Parents are the loneliest of
/// four, by how many share their direction, where the paper draws them evenly: on DTLZ4 an end of the front is lost in 1 seed of 20, where even choice with broods of a sixteenth lost one in 11 (see [`ReferenceDirections`]). Broods are an eighth of the living: on
/// DTLZ2 they reach a hypervolume of .74417, and broods of the whole population .74394.
pub fn nsga_three<S: Reals>(space: S, divisions: usize, settings: Settings, seed: Seed) -> NsgaThree<S> {
    let variation = real_variation(&space, 1.0, 30.0);
    let settings = Settings { brood: settings.population.div_ceil(8), ..settings };
    let directions = ReferenceDirections::new(das_dennis(settings.objectives, divisions));
    Evolution::new(space, variation, LONELIEST, directions, settings, seed)
}

/// SPEA2 with the operators of NSGA-II; the living are its archive.
pub fn spea_two<S: Reals>(space: S, settings: Settings, seed: Seed) -> SpeaTwo<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    Evolution::new(space, variation, Tournament { size: 2 }, Strength, settings, seed)
}

/// SMS-EMOA, one child at a time, with the operators of NSGA-II.
pub fn sms_emoa<S: Reals>(space: S, settings: Settings, seed: Seed) -> SmsEmoa<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    let settings = Settings { brood: 1, ..settings };
    Evolution::new(space, variation, Tournament { size: 2 }, LeastContributor::default(), settings, seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::Algorithm;
    use crate::genome::Bounds;
    use crate::indicators::hypervolume::hypervolume;
    use crate::problems::dtlz::Dtlz;
    use crate::problems::zdt::Zdt;
    use crate::random::Rng;
    use crate::run::{Evaluation, Problem};
    use crate::scores::Measured;
    use crate::survival::{Cohort, Kept, Survival};

    /// Hypervolume up to `reference` of the best 100 that a search keeps.
    fn quality(
        mut search: impl Algorithm<Genome = Vec<f64>>,
        problem: &impl Problem<Genome = Vec<f64>>,
        evaluations: u64,
        reference: &[f64],
    ) -> f64 {
        for _ in 0..evaluations {
            let asked = search.ask().unwrap();
            let (id, mut evaluation) = (asked.id, Evaluation::default());
            problem.evaluate(asked.genome, &mut evaluation);
            search.tell(id, Measured::feasible(&evaluation.objectives));
        }
        let population = search.population();
        let mut scores = crate::scores::Scores::new(population.scores.width());
        (0..population.genomes.len()).for_each(|row| scores.push(population.scores.measured(row)));
        let mut kept = Kept::default();
        let keep = population.genomes.len().min(100);
        HypervolumeFronts::default().survive(
            Cohort { scores: &scores, parents: 0, keep, level: 0.0 },
            &mut Rng::new(Seed(0), 0),
            &mut kept,
        );
        let points: Vec<f64> = kept.rows.iter().flat_map(|&row| scores.objectives(row as usize).to_vec()).collect();
        hypervolume(&points, reference)
    }

    /// Median quality of three seeds: of the portfolio, and of each member with all evaluations for itself.
    fn medians(
        space: &Bounds,
        problem: &impl Problem<Genome = Vec<f64>>,
        evaluations: u64,
        reference: &[f64],
    ) -> (f64, Vec<f64>) {
        let portfolio = |seed| portfolio_multi(space, reference.len(), 100, Seed(seed));
        let median = |run: &dyn Fn(u64) -> f64| {
            let mut found = [1, 2, 3].map(run);
            found.sort_by(f64::total_cmp);
            found[1]
        };
        let alone = |place: usize| {
            let member = |seed| portfolio(seed).members().nth(place).map(|(member, _)| member.clone()).unwrap();
            median(&|seed| quality(member(seed), problem, evaluations, reference))
        };
        (median(&|seed| quality(portfolio(seed), problem, evaluations, reference)), vec![alone(0), alone(1)])
    }

    /// What it costs not to know which member is the better one, as a share of the better one's hypervolume.
    #[test]
    fn a_portfolio_is_between_its_members_with_two_objectives_and_pays_a_twentieth_with_three() {
        let sphere = Dtlz::new(2, 3).unwrap();
        let found = [
            ("ZDT1", 0.015, true, medians(&Zdt::One.bounds(), &Zdt::One, 10_000, &[1.1; 2])),
            ("ZDT4", 0.005, true, medians(&Zdt::Four.bounds(), &Zdt::Four, 25_000, &[1.1; 2])),
            ("DTLZ2", 0.05, false, medians(&sphere.bounds(), &sphere, 10_000, &[1.1; 3])),
        ];
        for (name, margin, between, (portfolio, alone)) in found {
            let (worst, best) = (alone[0].min(alone[1]), alone[0].max(alone[1]));
            assert!(portfolio > (1.0 - margin) * best, "{name} {portfolio} {alone:?}");
            assert!(!between || portfolio > worst, "{name} {portfolio} {alone:?}");
        }
    }
}
