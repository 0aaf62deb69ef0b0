//! Under which faults does the proof hold, and under which not? The verdict again, on those held-out seeds alone that drew a fault of one kind.
//!
//! The faults of a seed are settled before its run begins and are the same for every configuration, so they are known without a trial. Kinds that every seed draws, or too few, divide nothing and are left out.

use std::collections::{BTreeMap, BTreeSet};

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::Interval;
use hms_machine::Seed;

use super::super::evaluator::World;
use super::super::question::Question;
use super::super::verdict::{Contender, PAIRS_MIN, improvement};

/// Name of faults that a swarm draws, before their kind.
const SWARM: &str = "swarm/";

/// The seeds with faults of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The kind that a swarm drew, or the name of the scenario's rule.
    pub fault: String,
    /// On how many seeds.
    pub seeds: usize,
    /// Share of the default's loss there that is gone, target by target.
    pub improvements: Vec<Option<Interval>>,
}

/// What the seeds draw: by fault, the places of the seeds that have it in any of the scenarios.
fn drawn(worlds: &[World], seeds: &[Seed]) -> BTreeMap<String, BTreeSet<usize>> {
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for world in worlds {
        for (place, seed) in seeds.iter().enumerate() {
            for fault in &world.inputs.with_seed(*seed).trial().simulation().model.schedule.faults {
                let name = fault.name.strip_prefix(SWARM).unwrap_or(&fault.name);
                found.entry(name.to_owned()).or_default().insert(place);
            }
        }
    }
    found
}

/// The winner against the default, fault by fault; where it is least shown to be better comes first.
pub(crate) fn by_fault(
    worlds: &[World],
    question: &Question,
    (default, winner): (&Contender, &Contender),
    seeds: &[Seed],
    root: Seed,
) -> Vec<Mix> {
    let mut rng = Rng::new(root.derive("evolve/mixes", 0), 0);
    let loss = |contender: &Contender, place: usize, target: usize| {
        question.losses(&contender.cells[place]).ok().and_then(|losses| losses[target])
    };
    let mut mixes: Vec<Mix> = Vec::new();
    for (fault, places) in drawn(worlds, seeds) {
        if places.len() < PAIRS_MIN || places.len() == seeds.len() {
            continue;
        }
        let of = |target: usize| {
            let pair = |place: &usize| Some((loss(default, *place, target)?, loss(winner, *place, target)?));
            let pairs: Vec<(f64, f64)> = places.iter().filter_map(pair).collect();
            improvement(question.targets[target].aggregate, &pairs, &mut rng)
        };
        let improvements = (0..question.targets.len()).map(of).collect();
        mixes.push(Mix { fault, seeds: places.len(), improvements });
    }
    let least =
        |mix: &Mix| mix.improvements.iter().map(|one| one.map_or(f64::NEG_INFINITY, |one| one.low)).fold(f64::INFINITY, f64::min);
    mixes.sort_by(|a, b| least(a).total_cmp(&least(b)).then_with(|| a.fault.cmp(&b.fault)));
    mixes
}

#[cfg(test)]
mod tests {
    use super::super::ground::fixture;
    use super::*;
    use crate::evolution::tests::{Bench, CAMPAIGN};
    use hms_stack::Configuration;

    #[test]
    fn a_winner_that_fails_under_one_kind_of_fault_is_told_by_it() {
        let bench = Bench::new(CAMPAIGN);
        let small = std::fs::read_to_string(bench.path("small.toml")).unwrap();
        let swarm = "\n[swarm]\nkinds = [\"crash\", \"pause\", \"loss\"]\ngap = \"6s\"\nfrom = \"2s\"\nuntil = \"14s\"\n";
        std::fs::write(bench.path("small.toml"), format!("{small}{swarm}")).unwrap();
        let plan = bench.plan();
        let (_, question) = fixture::world();
        let seeds: Vec<Seed> = (0..40).map(Seed).collect();
        let draws = drawn(&plan.worlds, &seeds);
        let pauses = &draws["pause"];
        assert!((10..=39).contains(&pauses.len()) && draws.contains_key("crash") && draws.contains_key("loss"), "{draws:?}");
        let contender = |loss: &dyn Fn(usize) -> f64| {
            let at = super::super::super::question::place("detection_p99").unwrap();
            let cell = |place: usize| {
                let mut row = vec![None; hms_trial::DEFINITIONS.len()];
                row[at] = Some(loss(place));
                Ok(row)
            };
            let cells: Vec<_> = (0..40).map(cell).collect();
            let evaluation = question.answer(&cells);
            Contender { name: String::new(), configuration: Configuration::default(), cells, evaluation }
        };
        let default = contender(&|place| 2.0 + 0.01 * place as f64);
        let winner = contender(&|place| if pauses.contains(&place) { 2.5 } else { 0.5 });
        let mixes = by_fault(&plan.worlds, &question, (&default, &winner), &seeds, Seed(1));
        assert_eq!((mixes[0].fault.as_str(), mixes[0].seeds), ("pause", pauses.len()));
        assert!(mixes[0].improvements[0].unwrap().high < 0.0, "{mixes:?}");
    }
}
