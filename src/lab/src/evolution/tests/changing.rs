//! Conditions change while a search runs, and it follows.

use std::fs;

use super::Bench;
use super::searching::search;
use crate::evolution::report::followed::follow;
use crate::evolution::{Cache, Evaluator, Opening, Plan, Study};
use crate::presets::Step;

/// One host of six goes down every few seconds, on a near network.
const NEAR: &str = r#"version = 1
name = "near"
[run]
duration = "30s"
warmup = "2s"
[cluster]
nodes = 6
[cluster.host]
boot = "1s"
[network]
latency = { kind = "lognormal", median = "0.5ms", sigma = 0.3 }
[[service]]
name = "api"
replicas = 3
[[load]]
name = "users"
service = "api"
arrivals = "5/s"
timeout = "2s"
[[fault]]
kind = "crash"
every = { kind = "uniform", low = "4s", high = "8s" }
for = "2s"
target = { nodes = [0, 1, 2, 3, 4, 5] }
"#;

/// Half way the network becomes far and unsteady: what was patience is haste.
const FOLLOWED: &str = r#"version = 1
scenarios = ["near.toml"]
genes = ["health.heartbeat", "health.timeout", "health.pause_guard"]
objectives = ["cost"]
presets = []
stack = "stack.toml"
reach = 30
[cost]
detection_p99 = 1
false_positives = 0.002
[[phase]]
generation = 8
set = { "network.latency" = { kind = "lognormal", median = "150ms", sigma = 0.8 } }
[search]
population = 12
generations = 18
[seeds]
first = 2
most = 2
validation = 2
held_out = 4
"#;

fn bench(campaign: &str) -> Bench {
    let bench = Bench::new(campaign);
    fs::write(bench.path("near.toml"), NEAR).unwrap();
    fs::write(bench.path("stack.toml"), "[health]\ndetector = \"timeout\"\nheartbeat = \"100ms\"\ntimeout = \"500ms\"\n")
        .unwrap();
    bench
}

#[test]
fn a_search_through_a_change_is_the_same_after_interruptions() {
    let short = FOLLOWED.replace("generation = 8", "generation = 2").replace("generations = 18", "generations = 4");
    let bench = bench(&short);
    let plan = bench.plan();
    let straight = search(&plan, &bench.path("one"), Opening::New, 1, usize::MAX).unwrap();
    let out = bench.path("stopped");
    for (opening, trials) in [(Opening::New, 60), (Opening::Resume, 30), (Opening::Resume, 12)] {
        let _ = search(&plan, &out, opening, 2, trials);
    }
    assert_eq!(search(&plan, &out, Opening::Resume, 2, usize::MAX).unwrap().hash, straight.hash);
}

#[test]
fn phases_come_in_their_order_and_within_the_search() {
    for (from, to, part) in [
        ("generation = 8", "generation = 19", "after the end of the search"),
        ("[search]", "[[phase]]\ngeneration = 8\nset = {}\n[search]", "not after generation 8"),
        ("\"network.latency\"", "\"network.latnecy\"", "latnecy"),
        ("generation = 8", "generation = 0", "generation"),
    ] {
        let bench = bench(&FOLLOWED.replacen(from, to, 1));
        let error = crate::evolution::load(&bench.path("campaign.toml")).unwrap_err().to_string();
        assert!(error.contains(part), "no `{part}` in:\n{error}");
    }
}

fn always(_: Step) -> bool {
    true
}

/// A search, seen under the conditions of a plan: how long it took to be back after its change.
fn back(plan: &Plan, study: &Study, cache: &Cache) -> Option<u64> {
    let conditions = [&plan.worlds, &plan.phases[0].worlds];
    let evaluators = conditions.map(|worlds| Evaluator::new(worlds.clone(), plan.combination, cache, 2, &always).unwrap());
    let found = (study.individuals.as_slice(), study.generations.as_slice());
    let mut afresh = |_| {};
    let followed = follow(plan, &evaluators, found, &study.verdict.seeds, Some(&mut afresh)).unwrap();
    let change = &followed[1];
    assert!(change.before.unwrap() > 1.5 * change.optimum().unwrap(), "the change matters: {change:?}");
    change.back()
}

#[test]
fn a_search_is_back_within_ten_generations_of_a_change_and_one_that_takes_no_notice_is_not() {
    let bench = bench(FOLLOWED);
    let plan = bench.plan();
    let follows = search(&plan, &bench.path("follows"), Opening::New, 2, usize::MAX).unwrap();
    // The search that begins afresh is the same for both.
    let cache = Cache::new();
    let needed = back(&plan, &follows, &cache);
    assert!(needed.is_some_and(|generations| generations <= 10), "{needed:?}");
    let report = fs::read_to_string(bench.path("follows/report.md")).unwrap();
    assert!(
        report.contains("## Changes") && report.contains("best of each generation, on the same 4 held-out seeds"),
        "{report}"
    );
    // The same search in a world that stays near, held against the far one.
    let still = Plan { phases: Vec::new(), ..plan.clone() };
    let deaf = search(&still, &bench.path("deaf"), Opening::New, 2, usize::MAX).unwrap();
    assert_eq!(back(&plan, &deaf, &cache), None);
}
