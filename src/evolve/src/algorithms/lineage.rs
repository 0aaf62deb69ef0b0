//! Parents and operators in the history of algorithms that hold others.

use std::collections::BTreeMap;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use super::tests::{evaluate, real, space};
use super::*;
use crate::genome::Bounds;
use crate::operators::Variation;
use crate::operators::mutation::Polynomial;
use crate::operators::selection::Tournament;
use crate::random::Rng;
use crate::survival::Elitist;

/// Children carry a mark of their own (coordinate 0) and those of their parents (1 and 2).
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Marked;

impl Variation<Bounds> for Marked {
    fn vary(&mut self, _: &Bounds, parents: [&Vec<f64>; 2], children: [&mut Vec<f64>; 2], rng: &mut Rng) -> Applied {
        for (side, child) in children.into_iter().enumerate() {
            *child = vec![rng.uniform(), parents[side][0], parents[1 - side][0]];
        }
        Applied { operator: 3, parameters: [parents[0][0] + parents[1][0], 0.0] }
    }
}

type MarkedEvolution = Evolution<Bounds, Marked, Tournament, Elitist>;

fn marked(pacing: Pacing, seed: u64) -> MarkedEvolution {
    let settings = Settings { pacing, ..standard::generational(10, 1) };
    Evolution::new(Bounds::cube(3, 0.0, 1.0).unwrap(), Marked, Tournament { size: 2 }, Elitist, settings, Seed(seed))
}

const STEADY: Pacing = Pacing::Steady { outstanding_max: 6 };

/// Runs with six candidates out at a time, told in an order of luck. Every parent that is named must have the mark that the child carries; gives how many were named, and how many candidates each member made.
fn named(
    mut algorithm: impl Algorithm<Genome = Vec<f64>>,
    value: impl Fn(&[f64], u64) -> f64,
) -> (usize, BTreeMap<Option<u16>, usize>) {
    let (mut marks, mut out, mut rng) = (BTreeMap::new(), Vec::new(), Rng::new(Seed(9), 0));
    let (mut count, mut members) = (0, BTreeMap::new());
    for told in 0..600 {
        while out.len() < 6
            && let Some(asked) = algorithm.ask()
        {
            let (id, genome, origin) = (asked.id, asked.genome.clone(), asked.origin);
            *members.entry(origin.member).or_default() += 1;
            for (place, parent) in origin.parents.into_iter().enumerate() {
                if let Some(parent) = parent {
                    assert_eq!(marks.get(&parent), Some(&genome[1 + place].to_bits()), "parent {parent} of candidate {id}");
                    assert_eq!((origin.applied.operator, origin.applied.parameters[0]), (3, genome[1] + genome[2]));
                    count += 1;
                }
            }
            marks.insert(id, genome[0].to_bits());
            out.push((id, genome));
        }
        let (id, genome) = out.swap_remove(rng.below(out.len()));
        algorithm.tell(id, Measured::feasible(&[value(&genome, told)]));
    }
    (count, members)
}

/// A valley that no mark leaves for good, so that descendants of many are alive.
fn valley(genome: &[f64], _: u64) -> f64 {
    (genome[0] - 0.3).abs()
}

#[test]
fn a_portfolio_names_parents_by_its_own_numbers() {
    for pacing in [Pacing::Generational, STEADY] {
        let portfolio = Portfolio::new((1..=3).map(|seed| marked(pacing, seed)).collect(), 1, 10);
        let (count, members) = named(portfolio, valley);
        assert!(count > 1_000, "{count}");
        assert_eq!(members.keys().copied().collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    }
}

#[test]
fn islands_name_parents_by_the_numbers_of_the_archipelago() {
    let migration = Migration { topology: Topology::Ring, interval: 3, migrants: 2 };
    for pacing in [Pacing::Generational, STEADY] {
        let islands = (1..=3).map(|seed| marked(pacing, seed)).collect();
        let (count, members) = named(Archipelago::new(islands, 1, migration, 10, Seed(1)), valley);
        // All but the thirty founders have two parents, migrants among them.
        assert!(count > 1_100, "{count}");
        assert_eq!(members.keys().copied().collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    }
}

#[test]
fn numbers_reach_through_an_archipelago_of_portfolios_that_follow_changes() {
    let detector = ChangeDetector { sentinels: 2, tolerance: 0.0 };
    let response =
        Response { immigrants: 0.2, mutants: 0.0, predicted: 0.0, remembered: 0.2, memory: 5, environments: 3, pursuit: 0 };
    let follower = |seed| {
        let portfolio = Portfolio::new(vec![marked(Pacing::Generational, seed), marked(Pacing::Generational, seed + 1)], 1, 10);
        let (space, mutation) = (Bounds::cube(3, 0.0, 1.0).unwrap(), Polynomial { rate: 0.0, eta: 20.0 });
        Dynamic::new(portfolio, space, mutation, detector, response, Seed(seed))
    };
    let migration = Migration { topology: Topology::Ring, interval: 1, migrants: 1 };
    let changing = |genome: &[f64], told: u64| (genome[0] - if (told / 200).is_multiple_of(2) { 0.3 } else { 0.6 }).abs();
    let (count, members) = named(Archipelago::new(vec![follower(1), follower(11)], 1, migration, 10, Seed(1)), changing);
    assert!(count > 300, "{count}");
    assert_eq!(members.keys().copied().collect::<Vec<_>>(), [Some(0), Some(1)]);
}

/// Origins of the candidates of member 0, their parents by the order of its candidates.
fn origins(algorithm: &mut impl Algorithm<Genome = Vec<f64>>, objectives: usize, wanted: usize) -> Vec<Origin> {
    let (mut places, mut found) = (BTreeMap::new(), Vec::new());
    while found.len() < wanted {
        let asked = algorithm.ask().unwrap();
        let (id, origin, genome) = (asked.id, asked.origin, asked.genome.clone());
        if origin.member.is_none_or(|member| member == 0) {
            let parents = origin.parents.map(|parent| parent.map(|parent| places[&parent]));
            places.insert(id, found.len() as u64);
            found.push(Origin { parents, member: None, ..origin });
        }
        let (row, violation) = evaluate(&genome, objectives);
        algorithm.tell(id, Measured { objectives: &row, violation });
    }
    found
}

#[test]
fn every_algorithm_names_in_a_portfolio_the_parents_that_it_names_alone() {
    for objectives in [1, 2] {
        for (name, algorithm) in real(objectives) {
            let alone = origins(&mut algorithm.clone(), objectives, 200);
            let idle = RealAlgorithm::RandomSearch(RandomSearch::new(space(), 12, objectives, Seed(1)));
            let together = origins(&mut Portfolio::new(vec![algorithm, idle], objectives, 20), objectives, 200);
            assert_eq!(together, alone, "{name}");
        }
    }
}
