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

/// A run of the world with a second service below the first, whose clients wait for so long, in which nobody takes a process down, moves it, or refuses.
fn run_with_store(patience: &str, arrivals: u32, fault: &str) -> Outcome {
    let world = WORLD.replace(
        "startup = \"300ms\"",
        "startup = \"300ms\"\nnodes = [0, 1, 2]\ncall = [{ service = \"store\", timeout = \"100ms\" }]",
    );
    let store = "[[service]]\nname = \"store\"\nreplicas = 2\nnodes = [3, 4]\nwork = \"1ms\"\nstartup = \"300ms\"\n";
    let world = world.replace("nodes = 3\n[cluster.host]", "nodes = 5\n[cluster.host]");
    let world = world.replace("arrivals = 50", &format!("arrivals = {arrivals}\ntimeout = \"{patience}\""));
    let mut stack = crate::with_plain_callers();
    (stack.supervisor.enabled, stack.health.enabled, stack.checks.enabled) = (false, false, false);
    crate::run(&format!("{world}{store}{fault}"), stack, 1)
}

/// Attempts that did not end well though clients wait for as long as anybody tries, and those of them that the network lost, by service.
fn failed_and_lost(fault: &str) -> [(u32, u32); 2] {
    let outcome = run_with_store("10s", 50, fault);
    let mut all = [(0, 0); 2];
    // At the very beginning nobody is ready.
    for row in outcome.recorder.harm.rows().iter().filter(|row| row.begins().as_secs_f64() > 10.0) {
        let (failed, lost) = &mut all[row.service.index()];
        *failed += row.otherwise;
        *lost += row.lost;
    }
    all
}

#[test]
fn what_the_network_lost_is_told_apart_from_what_the_dead_did_not_answer_also_by_who_waited_for_the_answer() {
    let loss = "[[fault]]\nkind = \"loss\"\nat = \"20s\"\nfor = \"10s\"\nshare = 0.3\ntarget = { node = 3 }\n";
    let [above, below] = failed_and_lost(loss);
    assert!(below.0 > 20 && above.0 > 10, "{above:?} {below:?}");
    assert_eq!((above.0, below.0), (above.1, below.1));
    let crash = "[[fault]]\nkind = \"crash\"\nat = \"20s\"\nfor = \"10s\"\ntarget = { node = 3 }\n";
    let [above, below] = failed_and_lost(crash);
    assert!(below.0 > 5, "{below:?}");
    assert_eq!((above.1, below.1), (0, 0));
}

#[test]
fn a_call_that_ends_late_on_a_host_whose_clock_has_changed_meanwhile_ends_as_any_other() {
    let pause = "[[fault]]\nkind = \"pause\"\nat = \"20s\"\nfor = \"3s\"\ntarget = { nodes = [0, 1, 2] }\n";
    let drift = "[[fault]]\nkind = \"clock_drift\"\nat = \"22s\"\nfor = \"20s\"\nppm = 500.0\ntarget = { nodes = [0, 1, 2] }\n";
    // Some of so many calls are under way when the hosts stand still, and end when they go on, long after all deadlines.
    let outcome = run_with_store("500ms", 1_000, &format!("{pause}{drift}"));
    assert!(outcome.objective("availability").is_some_and(|share| share > 0.9));
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
