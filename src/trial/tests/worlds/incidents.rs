//! Incidents of faults that overlap, do nothing, or outlast the run.

use hms_stack::Configuration;
use hms_trial::Outcome;

const WORLD: &str = r#"
version = 1
[run]
duration = "60s"
[cluster]
nodes = 3
[cluster.host]
boot = "2s"
[[service]]
name = "api"
replicas = 3
work = "1ms"
startup = "300ms"
[[load]]
name = "users"
service = "api"
arrivals = 50
"#;

fn run(faults: &str) -> Outcome {
    crate::run(&format!("{WORLD}{faults}"), Configuration::default(), 1)
}

fn recovered(outcome: &Outcome) -> Vec<Option<f64>> {
    outcome.incidents.iter().map(|incident| incident.recovered.map(|at| at.as_secs_f64())).collect()
}

#[test]
fn of_two_crashes_of_one_host_neither_is_over_before_the_host_is_back() {
    let crash = |at, lasts| format!("[[fault]]\nkind = \"crash\"\nat = \"{at}s\"\nfor = \"{lasts}s\"\ntarget = {{ node = 1 }}\n");
    let outcome = run(&(crash(10, 10) + &crash(15, 10)));
    let recovered = recovered(&outcome);
    assert_eq!(recovered.len(), 2);
    assert!(recovered.iter().all(|at| at.is_some_and(|at| (27.0..30.0).contains(&at))), "{recovered:?}");
}

#[test]
fn a_fault_that_leaves_nothing_behind_is_over_as_it_begins() {
    let outcome = run("[[fault]]\nkind = \"clock_step\"\nat = \"20s\"\nby = \"100ms\"\ntarget = { node = 1 }\n");
    assert_eq!(recovered(&outcome), [Some(20.0)]);
}

#[test]
fn a_belief_of_a_host_that_has_crashed_keeps_no_incident_open() {
    let partition = "[[fault]]\nkind = \"partition\"\nat = \"10s\"\nfor = \"10s\"\nsides = [[0], [1, 2]]\n";
    let crash = "[[fault]]\nkind = \"crash\"\nat = \"15s\"\ntarget = { node = 1 }\n";
    let outcome = run(&format!("{partition}{crash}"));
    let recovered = recovered(&outcome);
    assert!(recovered[0].is_some_and(|at| (20.0..25.0).contains(&at)), "{recovered:?}");
    assert_eq!(recovered[1], None);
}

#[test]
fn a_fault_that_outlasts_the_run_has_no_end() {
    let outcome = run("[[fault]]\nkind = \"pause\"\nat = \"50s\"\nfor = \"60s\"\ntarget = { node = 1 }\n");
    assert_eq!(outcome.incidents[0].end, None);
    assert_eq!(recovered(&outcome), [None]);
}
