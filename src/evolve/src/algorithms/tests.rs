//! What holds for every algorithm.

use hms_machine::Seed;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::genome::{Bounds, Space};
use crate::operators::mutation::Polynomial;
use crate::random::Rng;
use crate::run::checkpoint;
use crate::survival::directions::das_dennis;

pub(super) fn space() -> Bounds {
    Bounds::new(vec![-1.0, 0.0, -5.0, 2.0], vec![1.0, 3.0, 5.0, 2.5]).unwrap()
}

pub(super) fn real(objectives: usize) -> Vec<(&'static str, RealAlgorithm<Bounds>)> {
    let settings = standard::generational(12, objectives);
    let steady = Settings { pacing: Pacing::Steady { outstanding_max: 6 }, brood: 1, ..settings };
    let tchebycheff = Scalarization::Tchebycheff;
    let mut all = vec![
        ("NSGA-II", RealAlgorithm::NsgaTwo(standard::nsga_two(space(), settings, Seed(1)))),
        ("steady NSGA-II", RealAlgorithm::NsgaTwo(standard::nsga_two(space(), steady, Seed(1)))),
        ("SPEA2", RealAlgorithm::SpeaTwo(standard::spea_two(space(), settings, Seed(1)))),
        ("SMS-EMOA", RealAlgorithm::SmsEmoa(standard::sms_emoa(space(), settings, Seed(1)))),
        ("random", RealAlgorithm::RandomSearch(RandomSearch::new(space(), 12, objectives, Seed(1)))),
        ("hypercube", RealAlgorithm::LatinHypercube(LatinHypercube::new(space(), 10, 12, objectives, Seed(1)))),
        ("Sobol", RealAlgorithm::Sobol(Sobol::new(space(), 12, objectives, Seed(1)))),
    ];
    if objectives == 1 {
        let growing = CovarianceAdaptation::new(space(), Restarts::Growing, Seed(1));
        let alternating = CovarianceAdaptation::new(space(), Restarts::Alternating, Seed(1));
        all.extend([
            ("IPOP", RealAlgorithm::CovarianceAdaptation(growing)),
            ("BIPOP", RealAlgorithm::CovarianceAdaptation(alternating)),
            ("L-SHADE", RealAlgorithm::SuccessHistory(SuccessHistory::new(space(), 12, 300, Seed(1)))),
            ("coordinates", RealAlgorithm::CoordinateSearch(CoordinateSearch::new(space(), Seed(1)))),
            ("(mu, lambda)", RealAlgorithm::EvolutionStrategy(EvolutionStrategy::new(space(), 3, 12, false, Seed(1)))),
            ("(mu + lambda)", RealAlgorithm::EvolutionStrategy(EvolutionStrategy::new(space(), 3, 12, true, Seed(1)))),
        ]);
    } else {
        let weights = das_dennis(objectives, 5);
        all.extend([
            ("NSGA-III", RealAlgorithm::NsgaThree(standard::nsga_three(space(), 5, settings, Seed(1)))),
            ("MOEA/D", RealAlgorithm::Decomposition(Decomposition::new(space(), weights, 4, tchebycheff, Seed(1)))),
        ]);
    }
    all
}

/// Objectives that conflict, a constraint, and now and then a failure.
pub(super) fn evaluate(genome: &[f64], objectives: usize) -> (Vec<f64>, f64) {
    let rest: f64 = genome[1..].iter().map(|x| x * x).sum();
    let row: Vec<f64> = (0..objectives).map(|k| (genome[0] - k as f64) * (genome[0] - k as f64) + rest).collect();
    if genome[2] > 4.5 {
        return (vec![f64::NAN; objectives], 0.0);
    }
    (row, (0.3 - genome[1]).max(0.0))
}

/// Runs `results` evaluations and gives the digest of all that was asked. Results of what is outstanding are told in a random order by `luck`, if given.
fn run<A: Algorithm<Genome = Vec<f64>>>(algorithm: &mut A, objectives: usize, results: usize, luck: Option<u64>) -> Vec<u64> {
    let (mut asked, mut told, mut open) = (Vec::new(), 0, Vec::new());
    let mut rng = luck.map(|luck| Rng::new(Seed(luck), 0));
    while told < results {
        if let Some(candidate) = algorithm.ask() {
            assert!(space().contains(candidate.genome), "{:?}", candidate.genome);
            asked.extend(candidate.genome.iter().map(|x| x.to_bits()));
            let (row, violation) = evaluate(candidate.genome, objectives);
            open.push((candidate.id, row, violation));
            if rng.is_some() {
                continue;
            }
        }
        let place = rng.as_mut().map_or(0, |rng| rng.below(open.len()));
        let (id, row, violation) = open.remove(place);
        algorithm.tell(id, Measured { objectives: &row, violation });
        told += 1;
    }
    asked
}

fn check<A>(name: &str, fresh: &A, objectives: usize)
where
    A: Algorithm<Genome = Vec<f64>> + Clone + Serialize + DeserializeOwned,
{
    // A function of its seed.
    let straight = run(&mut fresh.clone(), objectives, 400, None);
    assert_eq!(straight, run(&mut fresh.clone(), objectives, 400, None), "{name}");
    // Stored and read at any moment, it goes on bit for bit.
    for stop in [5, 97, 251] {
        let mut algorithm = fresh.clone();
        let mut asked = run(&mut algorithm, objectives, stop, None);
        let mut again: A = checkpoint::load(&checkpoint::save(&algorithm).unwrap()).unwrap();
        asked.extend(run(&mut again, objectives, 400 - stop, None));
        assert_eq!(asked, straight, "{name} stored after {stop}");
    }
    // It keeps something sensible, and after a restart it goes on from what it is given.
    let mut algorithm = fresh.clone();
    run(&mut algorithm, objectives, 400, None);
    let population = algorithm.population();
    let best = population.best().unwrap();
    assert!(population.scores.violation(best) <= 0.0, "{name} finds a feasible genome");
    let start = population.genomes[best].clone();
    algorithm.welcome(&start, Measured::feasible(&vec![0.0; objectives]), None);
    algorithm.restart(&[start]);
    run(&mut algorithm, objectives, 100, None);
    assert!(algorithm.population().best().is_some(), "{name}");
}

#[test]
fn every_algorithm_keeps_the_contract() {
    for objectives in [1, 2, 3] {
        for (name, algorithm) in real(objectives) {
            check(name, &algorithm, objectives);
        }
    }
}

#[test]
fn portfolios_islands_and_followers_keep_the_contract() {
    for objectives in [1, 2] {
        let members = || real(objectives).into_iter().map(|(_, algorithm)| algorithm).collect::<Vec<_>>();
        check("portfolio", &Portfolio::new(members(), objectives, 20), objectives);
        let migration = Migration { topology: Topology::Ring, interval: 2, migrants: 2 };
        let island = |seed| standard::nsga_two(space(), standard::generational(12, objectives), Seed(seed));
        check("islands", &Archipelago::new((0..3).map(island).collect(), objectives, migration, 20, Seed(1)), objectives);
        let detector = ChangeDetector { sentinels: 2, tolerance: 0.0 };
        let response =
            Response { immigrants: 0.2, mutants: 0.2, predicted: 0.2, remembered: 0.2, memory: 5, environments: 3, pursuit: 40 };
        let mutation = Polynomial { rate: 0.25, eta: 20.0 };
        check("dynamic", &Dynamic::new(island(1), space(), mutation, detector, response, Seed(2)), objectives);
    }
}

#[test]
fn within_a_generation_the_order_of_results_does_not_matter() {
    for objectives in [1, 2, 3] {
        for (name, algorithm) in real(objectives) {
            // Those that never wait see results one by one, in the order that the driver's window prescribes.
            let never_waits = ["steady NSGA-II", "MOEA/D", "random", "hypercube", "Sobol"].contains(&name);
            if never_waits {
                continue;
            }
            let history = |luck| run(&mut algorithm.clone(), objectives, 240, Some(luck));
            assert_eq!(history(1), history(2), "{name}");
        }
    }
}

#[test]
fn equal_scores_everywhere_stop_nobody() {
    for (name, mut algorithm) in real(1) {
        for step in 0..2000 {
            let Some(asked) = algorithm.ask() else { panic!("{name} gave nothing at {step}") };
            let id = asked.id;
            algorithm.tell(id, Measured::feasible(&[1.0]));
        }
    }
}

/// What an algorithm asks for when a part of the range fails in this way.
fn asked_despite<A: Algorithm<Genome = Vec<f64>>>(mut algorithm: A, objectives: usize, failure: (Vec<f64>, f64)) -> Vec<u64> {
    let mut asked = Vec::new();
    for _ in 0..400 {
        let candidate = algorithm.ask().unwrap();
        asked.extend(candidate.genome.iter().map(|x| x.to_bits()));
        let fails = candidate.genome[2] > 0.0;
        let (row, violation) = if fails { failure.clone() } else { evaluate(candidate.genome, objectives) };
        let id = candidate.id;
        algorithm.tell(id, Measured { objectives: &row, violation });
    }
    asked
}

#[test]
fn a_nan_anywhere_is_a_failure_and_nothing_that_looks_good() {
    for objectives in [1, 2, 3] {
        let all = |value: f64| vec![value; objectives];
        let mut first = all(-1e9);
        first[0] = f64::NAN;
        for (name, algorithm) in real(objectives) {
            let failed = asked_despite(algorithm.clone(), objectives, (all(f64::INFINITY), f64::INFINITY));
            for failure in [(all(f64::NAN), 0.0), (first.clone(), 0.0), (all(-1e9), f64::NAN)] {
                assert_eq!(asked_despite(algorithm.clone(), objectives, failure.clone()), failed, "{name} {failure:?}");
            }
        }
    }
}

#[test]
fn crowding_keeps_the_contract() {
    let variation = standard::real_variation(&space(), 0.9, 15.0);
    check("crowding", &DeterministicCrowding::new(space(), variation, 12, Seed(1)), 1);
}

#[test]
#[should_panic(expected = "was not asked for")]
fn a_result_that_nobody_asked_for_is_a_bug_of_the_caller() {
    let mut algorithm = standard::nsga_two(space(), standard::generational(12, 1), Seed(1));
    algorithm.tell(3, Measured::feasible(&[1.0]));
}

/// Frozen: equal on every target and in every build. A change means that stored searches no longer replay.
#[test]
fn searches_have_their_frozen_digests() {
    let digests: Vec<(&str, String)> = real(1)
        .into_iter()
        .chain(real(2))
        .map(|(name, mut algorithm)| {
            let objectives = algorithm.population().scores.width();
            let asked = run(&mut algorithm, objectives, 600, None);
            let key = crate::run::content_key(&asked);
            (name, key[..4].iter().map(|byte| format!("{byte:02x}")).collect())
        })
        .collect();
    let found: Vec<String> = digests.iter().map(|(name, digest)| format!("{name} {digest}")).collect();
    assert_eq!(found, DIGESTS);
}

const DIGESTS: [&str; 22] = [
    "NSGA-II e99c47ca",
    "steady NSGA-II 78dfdf1d",
    "SPEA2 a35ad694",
    "SMS-EMOA e85b7cd4",
    "random feeb66bf",
    "hypercube b4fcfe0b",
    "Sobol 9b9013b8",
    "IPOP 8ddf34ca",
    "BIPOP 8ddf34ca",
    "L-SHADE 2898a3ec",
    "coordinates cfa3c978",
    "(mu, lambda) 9ffd0769",
    "(mu + lambda) d22ce43d",
    "NSGA-II 1cc475f6",
    "steady NSGA-II cd840992",
    "SPEA2 94ae6454",
    "SMS-EMOA a285bfd1",
    "random feeb66bf",
    "hypercube b4fcfe0b",
    "Sobol 9b9013b8",
    "NSGA-III 97e6c0a7",
    "MOEA/D d954cf81",
];
