//! Every algorithm that a campaign can name: comes to its end, finds the same twice, and goes on from what was stored as if nothing had been.

use hms_evolve::noise::seeds::SeedPlan;
use hms_evolve::run::{Yardstick, checkpoint};

use super::{Bench, CAMPAIGN};
use crate::evolution::Plan;
use crate::evolution::cache::Cache;
use crate::evolution::evaluator::Evaluator;
use crate::evolution::file::algorithms;
use crate::evolution::search::{Broken, Search, begin};
use crate::evolution::state::{End, Individual, State};

/// Runs from a state to the end of the search, or to the end of the first generation from here; gives the state as it is stored.
fn run(plan: &Plan, evaluator: &Evaluator<'_>, state: State, stops: bool) -> (State, Vec<u8>) {
    let mut stored = Vec::new();
    let (seeds, yardsticks) = (SeedPlan::new(plan.settings.root).search, vec![(Yardstick::default(), 1.0)]);
    let mut search = Search::new(plan, std::slice::from_ref(evaluator), seeds, yardsticks, state);
    let store = |state: &State| {
        stored = checkpoint::save(state).unwrap();
        if stops { Err(()) } else { Ok(()) }
    };
    match search.run(store, |_| {}) {
        Ok(()) => {}
        Err(Broken::Store(())) => assert!(stops),
        Err(Broken::Stopped) => panic!("nobody stops"),
    }
    (search.state, stored)
}

/// Runs a campaign once to its end, and once with a pause after its founders; everybody who was measured.
fn straight_and_resumed(plan: &Plan, evaluator: &Evaluator<'_>, name: &str) -> Vec<Individual> {
    let (straight, _) = run(plan, evaluator, begin(plan), false);
    assert_eq!(straight.end, Some(End::Generations), "{name}");
    let planned = (plan.settings.generations + 1) * plan.settings.population as u64;
    assert_eq!(straight.told, planned, "{name}");
    let (paused, stored) = run(plan, evaluator, begin(plan), true);
    assert!(paused.end.is_none() && paused.told < planned, "{name}");
    // Who was measured lies in a log of its own.
    let resumed = State { individuals: paused.individuals, ..checkpoint::load(&stored).unwrap() };
    assert_eq!(run(plan, evaluator, resumed, false).0.hash(), straight.hash(), "{name}");
    straight.individuals
}

/// Runs every algorithm that knows so many objectives; names and genomes in the order of asking.
fn each(campaign: &str, objectives: usize) -> Vec<(&'static str, Vec<Vec<f64>>)> {
    let bench = Bench::new(campaign);
    let plan = bench.plan();
    let cache = Cache::new();
    let evaluator = Evaluator::new(plan.worlds.clone(), plan.combination, &cache, 2, &|_| true).unwrap();
    let mut all = Vec::new();
    for (name, _) in algorithms() {
        let named = campaign.replace("population = 6", &format!("algorithm = \"{name}\"\npopulation = 6"));
        let file = crate::evolution::file::parse(&named).unwrap();
        if file.search.algorithm.fits(objectives).is_err() {
            continue;
        }
        let plan = Bench::new(&named).plan();
        let found = straight_and_resumed(&plan, &evaluator, name);
        all.push((name, found.into_iter().map(|one| one.genome).collect()));
    }
    all
}

/// The algorithms of these names ran, and none of them is the default by another name.
fn are_themselves(all: &[(&str, Vec<Vec<f64>>)], names: &[&str]) {
    let found = |name: &str| &all.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("`{name}` did not run")).1;
    names.iter().for_each(|name| assert_ne!(found(name), found("default"), "{name}"));
}

#[test]
fn a_cell_comes_with_that_of_the_base_on_the_same_seed() {
    let bench = Bench::new(&CAMPAIGN.replace("overhead_cpu <= 0.5", "stack_messages <= base"));
    let plan = bench.plan();
    let (cache, other) = (Cache::new(), hms_stack::Configuration::default());
    let mut slow = other;
    slow.health.heartbeat = hms_machine::Duration::from_millis(400);
    let evaluator = plan.evaluator(&plan.worlds, &cache, 2, &|_| true).unwrap();
    let cells = evaluator.measure(&[other, slow], &[hms_machine::Seed(1), hms_machine::Seed(2)]).unwrap();
    let violations = |place: usize| plan.question.answer(&cells[place]).violations[0];
    assert!(violations(0) == 0.0 && violations(1) < 0.0, "{} {}", violations(0), violations(1));
    assert_eq!(cache.computed_and_known(), (4, 2), "the base is not run again for itself, and asked for once a seed");
}

#[test]
fn every_algorithm_for_one_objective_ends_and_resumes() {
    let all = each(&CAMPAIGN.replace("most = 4", "most = 3"), 1);
    are_themselves(&all, &["generational", "steady-state", "crowding", "strategy-plus", "strategy-comma", "coordinates"]);
    are_themselves(&all, &["shade", "cma", "portfolio", "random", "latin", "sobol"]);
}

#[test]
fn every_algorithm_for_several_objectives_ends_and_resumes() {
    let two = CAMPAIGN
        .replace("objectives = [\"cost\"]", "objectives = [\"availability\", \"stack_messages\"]")
        .replace("[cost]\navailability = 10\ndetection_p99 = 1\n", "")
        .replace("generations = 3", "generations = 2")
        .replace("most = 4", "most = 3");
    let all = each(&two, 2);
    are_themselves(&all, &["moea-d", "sms-emoa", "spea-two", "portfolio", "random", "latin", "sobol"]);
}

#[test]
fn a_search_without_evolution_begins_with_the_base_too() {
    for name in ["random", "latin", "sobol"] {
        let bench = Bench::new(&CAMPAIGN.replace("population = 6", &format!("algorithm = \"{name}\"\npopulation = 6")));
        let plan = bench.plan();
        let cache = Cache::new();
        let evaluator = Evaluator::new(plan.worlds.clone(), plan.combination, &cache, 2, &|_| true).unwrap();
        let plan = Plan { settings: crate::evolution::plan::Settings { generations: 0, ..plan.settings.clone() }, ..plan };
        let (state, _) = run(&plan, &evaluator, begin(&plan), false);
        assert_eq!(state.individuals[0].genome, plan.genes.encode(plan.genes.base()), "{name}");
    }
}
