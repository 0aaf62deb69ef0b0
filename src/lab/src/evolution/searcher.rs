//! The algorithms that a campaign can ask for, as one type that can be stored.
//!
//! Configurations are mixed genomes: numbers, switches and names. The genetic algorithms here choose adaptively among four ways of making children (near the parents, exchange of genes, mutation alone, mutation by what all
//! results say about the genes) and mutate each gene by the operator of its kind. The algorithms for boxes of numbers work on the same coordinates.

use std::sync::Arc;

use hms_evolve::Rng;
use hms_evolve::algorithms::{
    Algorithm, Archipelago, Asked, CoordinateSearch, CovarianceAdaptation, Decomposition, DeterministicCrowding, Evolution,
    EvolutionStrategy, LatinHypercube, Migration, Origin, Pacing, Population, Portfolio, RandomSearch, RealAlgorithm, Restarts,
    Scalarization, Settings, Sobol, SuccessHistory, standard,
};
use hms_evolve::genome::Record;
use hms_evolve::operators::crossover::{SimulatedBinary, Uniform};
use hms_evolve::operators::selection::{Tournament, UniformSelection};
use hms_evolve::operators::{Adaptive, Changes, Credit, Crossover, Learned, LearnedMutation, Mutation, Pipeline, RecordMutation};
use hms_evolve::scores::Measured;
use hms_evolve::survival::directions::spread;
use hms_evolve::survival::{Elitist, Generational, HypervolumeFronts, ReferenceDirections};
use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::file::AlgorithmName;

/// Ways of mixing two configurations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Mixing {
    /// Coordinates near those of the parents.
    Near(SimulatedBinary),
    /// Genes of the one or the other.
    Exchange(Uniform),
}

impl Crossover<Record> for Mixing {
    fn cross(&mut self, space: &Record, first: &mut Vec<f64>, second: &mut Vec<f64>, rng: &mut Rng) {
        match self {
            Mixing::Near(inner) => inner.cross(space, first, second, rng),
            Mixing::Exchange(inner) => inner.cross(space, first, second, rng),
        }
    }
}

/// Ways of changing a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Changing {
    /// By chance.
    Plain(RecordMutation),
    /// By what is known of the genes.
    Learned(LearnedMutation),
}

impl Mutation<Record> for Changing {
    fn mutate(&mut self, space: &Record, genome: &mut Vec<f64>, rng: &mut Rng) {
        match self {
            Changing::Plain(inner) => inner.mutate(space, genome, rng),
            Changing::Learned(inner) => inner.mutate(space, genome, rng),
        }
    }
}

/// Names of the operators, in the order of the numbers in the history.
pub(super) const OPERATORS: [&str; 4] = ["near", "exchange", "mutation", "learned"];

type Variation = Adaptive<Pipeline<Mixing, Changing>>;

/// An algorithm over configurations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Member {
    /// NSGA-II with removal of least hypervolume contributors, for mixed genomes.
    Fronts(Box<Evolution<Record, Variation, Tournament, HypervolumeFronts>>),
    /// NSGA-III for mixed genomes.
    Directions(Box<Evolution<Record, Variation, Tournament, ReferenceDirections>>),
    /// The generational genetic algorithm for mixed genomes.
    Generational(Box<Evolution<Record, Variation, Tournament, Generational>>),
    /// The steady-state one.
    Steady(Box<Evolution<Record, Variation, UniformSelection, Elitist>>),
    /// Deterministic crowding for mixed genomes.
    Crowding(Box<DeterministicCrowding<Record, Variation>>),
    /// One of those for boxes of numbers.
    Real(Box<RealAlgorithm<Record>>),
}

/// What a campaign runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Searcher {
    /// A single algorithm.
    One(Member),
    /// Several that share the evaluations.
    Portfolio(Portfolio<Member>),
    /// Several populations that exchange migrants.
    Islands(Archipelago<Member>),
}

macro_rules! each_member {
    ($self:expr, $inner:ident => $body:expr) => {
        match $self {
            Member::Fronts($inner) => $body,
            Member::Directions($inner) => $body,
            Member::Generational($inner) => $body,
            Member::Steady($inner) => $body,
            Member::Crowding($inner) => $body,
            Member::Real($inner) => $body,
        }
    };
}

impl Member {
    fn variation(&mut self) -> Option<&mut Variation> {
        match self {
            Member::Fronts(inner) => Some(inner.variation_mut()),
            Member::Directions(inner) => Some(inner.variation_mut()),
            Member::Generational(inner) => Some(inner.variation_mut()),
            Member::Steady(inner) => Some(inner.variation_mut()),
            Member::Crowding(inner) => Some(inner.variation_mut()),
            Member::Real(_) => None,
        }
    }
}

impl Searcher {
    /// Tells every operator that can use it what is known of the genes. It is not stored: whoever goes on with a search tells it again.
    pub(super) fn inform(&mut self, learned: Option<&Arc<Learned>>) {
        let members: Vec<&mut Member> = match self {
            Searcher::One(member) => vec![member],
            Searcher::Portfolio(portfolio) => portfolio.members_mut().collect(),
            Searcher::Islands(islands) => islands.islands_mut().iter_mut().collect(),
        };
        for variation in members.into_iter().filter_map(Member::variation) {
            for pipeline in variation.variations_mut() {
                if let Changing::Learned(inner) = &mut pipeline.mutation {
                    inner.learned = learned.cloned();
                }
            }
        }
    }
}

macro_rules! each_searcher {
    ($self:expr, $inner:ident => $body:expr) => {
        match $self {
            Searcher::One($inner) => $body,
            Searcher::Portfolio($inner) => $body,
            Searcher::Islands($inner) => $body,
        }
    };
}

macro_rules! algorithm {
    ($type:ty, $each:ident) => {
        impl Algorithm for $type {
            type Genome = Vec<f64>;

            fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
                $each!(self, inner => inner.ask())
            }

            fn tell(&mut self, id: u64, measured: Measured<'_>) {
                $each!(self, inner => inner.tell(id, measured));
            }

            fn known_as(&mut self, id: u64, name: u64) {
                $each!(self, inner => inner.known_as(id, name));
            }

            fn name_of(&self, row: usize) -> Option<u64> {
                $each!(self, inner => inner.name_of(row))
            }

            fn population(&self) -> Population<'_, Vec<f64>> {
                $each!(self, inner => inner.population())
            }

            fn generation(&self) -> u64 {
                $each!(self, inner => inner.generation())
            }

            fn welcome(&mut self, genome: &Vec<f64>, measured: Measured<'_>, name: Option<u64>) {
                $each!(self, inner => inner.welcome(genome, measured, name));
            }

            fn restart(&mut self, starts: &[Vec<f64>]) {
                $each!(self, inner => inner.restart(starts));
            }
        }
    };
}

algorithm!(Member, each_member);
algorithm!(Searcher, each_searcher);

/// What the algorithm of a campaign is made of.
pub(super) struct Design<'a> {
    pub(super) record: &'a Record,
    pub(super) algorithm: AlgorithmName,
    pub(super) objectives: usize,
    pub(super) population: usize,
    /// Evaluations planned.
    pub(super) evaluations: u64,
    /// Candidates under way at most.
    pub(super) window: usize,
    pub(super) islands: Option<(usize, Migration)>,
    pub(super) seed: Seed,
}

/// The algorithm of a campaign, ready to start.
pub(super) fn design(design: &Design<'_>) -> Searcher {
    let Some((count, migration)) = design.islands else {
        if design.algorithm == AlgorithmName::Portfolio {
            return Searcher::Portfolio(portfolio(design));
        }
        return Searcher::One(member(design, design.algorithm, design.population, design.seed));
    };
    let each = design.population.div_ceil(count).max(4);
    let island = |index: usize| member(design, design.algorithm, each, design.seed.derive("island", index as u64));
    let islands = (0..count).map(island).collect();
    Searcher::Islands(Archipelago::new(islands, design.objectives, migration, design.population, design.seed))
}

fn portfolio(design: &Design<'_>) -> Portfolio<Member> {
    let part = |index| design.seed.derive("member", index);
    let mut members = vec![member(design, AlgorithmName::Default, design.population, part(0))];
    let others = if design.objectives == 1 {
        [AlgorithmName::Shade, AlgorithmName::Cma]
    } else {
        [AlgorithmName::SmsEmoa, AlgorithmName::SpeaTwo]
    };
    members.extend(others.into_iter().zip(1..).map(|(name, index)| member(design, name, design.population, part(index))));
    Portfolio::new(members, design.objectives, design.population)
}

fn member(design: &Design<'_>, algorithm: AlgorithmName, population: usize, seed: Seed) -> Member {
    let (space, objectives) = (design.record.clone(), design.objectives);
    let pacing = Pacing::Steady { outstanding_max: design.window };
    let settings = Settings { pacing, ..standard::generational(population, objectives) };
    let real = |algorithm| Member::Real(Box::new(algorithm));
    match algorithm {
        AlgorithmName::Default if objectives > 2 => directions(space, settings, seed),
        AlgorithmName::NsgaThree => directions(space, settings, seed),
        // A member of a portfolio is never one itself.
        AlgorithmName::Default | AlgorithmName::NsgaTwo | AlgorithmName::Portfolio => {
            let variation = variation();
            let survival = HypervolumeFronts::default();
            Member::Fronts(Box::new(Evolution::new(space, variation, Tournament { size: 2 }, survival, settings, seed)))
        }
        AlgorithmName::Generational => {
            // A brood replaces all who live but the best.
            let settings = Settings { brood: population.saturating_sub(1).max(1), pacing: Pacing::Generational, ..settings };
            let (variation, survival) = (variation(), Generational { elite: 1 });
            Member::Generational(Box::new(Evolution::new(space, variation, Tournament { size: 2 }, survival, settings, seed)))
        }
        AlgorithmName::SteadyState => {
            let (settings, variation) = (Settings { brood: 1, ..settings }, variation());
            Member::Steady(Box::new(Evolution::new(space, variation, UniformSelection, Elitist, settings, seed)))
        }
        AlgorithmName::Crowding => {
            let variation = variation();
            Member::Crowding(Box::new(DeterministicCrowding::new(space, variation, population, seed)))
        }
        AlgorithmName::StrategyPlus => real(strategy(space, population, true, seed)),
        AlgorithmName::StrategyComma => real(strategy(space, population, false, seed)),
        AlgorithmName::MoeaD => real(decomposition(space, population, objectives, seed)),
        AlgorithmName::Coordinates => real(RealAlgorithm::CoordinateSearch(CoordinateSearch::new(space, seed))),
        AlgorithmName::Sobol => real(RealAlgorithm::Sobol(Sobol::new(space, population, objectives, seed))),
        AlgorithmName::SmsEmoa => real(RealAlgorithm::SmsEmoa(standard::sms_emoa(space, settings, seed))),
        AlgorithmName::SpeaTwo => real(RealAlgorithm::SpeaTwo(standard::spea_two(space, settings, seed))),
        AlgorithmName::Shade => {
            real(RealAlgorithm::SuccessHistory(SuccessHistory::new(space, population, design.evaluations, seed)))
        }
        AlgorithmName::Cma => {
            real(RealAlgorithm::CovarianceAdaptation(CovarianceAdaptation::new(space, Restarts::Alternating, seed)))
        }
        AlgorithmName::Random => real(RealAlgorithm::RandomSearch(RandomSearch::new(space, population, objectives, seed))),
        AlgorithmName::Latin => {
            real(RealAlgorithm::LatinHypercube(LatinHypercube::new(space, population, population, objectives, seed)))
        }
    }
}

fn directions(space: Record, settings: Settings, seed: Seed) -> Member {
    let variation = variation();
    let directions = ReferenceDirections::new(spread(settings.objectives, settings.population));
    Member::Directions(Box::new(Evolution::new(space, variation, standard::LONELIEST, directions, settings, seed)))
}

/// Seven children for each parent, as is usual (Schwefel 1981, §5; Bäck 1996, §2.1.6).
fn strategy(space: Record, children: usize, plus: bool, seed: Seed) -> RealAlgorithm<Record> {
    RealAlgorithm::EvolutionStrategy(EvolutionStrategy::new(space, children.div_ceil(7), children, plus, seed))
}

fn decomposition(space: Record, population: usize, objectives: usize, seed: Seed) -> RealAlgorithm<Record> {
    let weights = spread(objectives, population);
    // As in the portfolio of the engine: the rules that the papers recommend for two objectives and for more.
    let scalarization =
        if objectives == 2 { Scalarization::Tchebycheff } else { Scalarization::BoundaryIntersection { penalty: 5.0 } };
    let neighbours = weights.len().min(20);
    RealAlgorithm::Decomposition(Decomposition::new(space, weights, neighbours, scalarization, seed).spanned())
}

fn variation() -> Variation {
    // One in five of the steps is a fresh draw.
    let mutation = RecordMutation { changes: Changes::Mean(2.0), eta: 10.0, redraw: 0.2 };
    let leap = RecordMutation { changes: Changes::PowerLaw(1.5), ..mutation };
    let learned = LearnedMutation { plain: mutation, learned: None };
    let pipeline = |crossover_rate, crossover, mutation| Pipeline { crossover_rate, crossover, mutation };
    let variations = vec![
        pipeline(1.0, Mixing::Near(SimulatedBinary::new(10.0)), Changing::Plain(mutation)),
        pipeline(1.0, Mixing::Exchange(Uniform), Changing::Plain(mutation)),
        pipeline(0.0, Mixing::Exchange(Uniform), Changing::Plain(leap)),
        pipeline(0.0, Mixing::Exchange(Uniform), Changing::Learned(learned)),
    ];
    Adaptive::new(variations, Credit::ProbabilityMatching)
}

/// The name of what made a candidate; of a portfolio or of islands with the number of the member, such as `member-0 near`.
pub(super) fn operator_name(searcher: &Searcher, origin: &Origin) -> String {
    let number = usize::from(origin.member.unwrap_or_default());
    match searcher {
        Searcher::One(member) => member_operator(member, origin),
        Searcher::Portfolio(portfolio) => {
            let (member, _) = portfolio.members().nth(number).expect("the portfolio has the member that asked");
            format!("member-{number} {}", member_operator(member, origin))
        }
        Searcher::Islands(islands) => format!("island-{number} {}", member_operator(&islands.islands()[number], origin)),
    }
}

fn member_operator(member: &Member, origin: &Origin) -> String {
    let number = usize::from(origin.applied.operator);
    match member {
        Member::Real(_) => format!("operator-{number}"),
        Member::Fronts(_) | Member::Directions(_) | Member::Generational(_) | Member::Steady(_) | Member::Crowding(_) => {
            if origin.parents.iter().all(Option::is_none) {
                return "founder".to_owned();
            }
            OPERATORS.get(number).map_or_else(|| format!("operator-{number}"), |name| (*name).to_owned())
        }
    }
}
