//! The whole stack in the world: faults are noticed and healed, and are not where the mechanism is off.

use hms_stack::Configuration;
use hms_trial::{Incident, Outcome, TraceKind};

use crate::with_plain_callers;

const WORLD: &str = r#"
version = 1
[run]
duration = "120s"
warmup = "5s"
[cluster]
zones = 3
nodes = 9
[cluster.host]
boot = "2s"
[network]
latency = { kind = "lognormal", median = "0.4ms", sigma = 0.5 }
[[service]]
name = "api"
replicas = 9
workers = 8
queue = 64
work = { kind = "exponential", mean = "2ms" }
startup = "300ms"
[[load]]
name = "users"
service = "api"
arrivals = 100
timeout = "300ms"
retries = 1
"#;

fn run(faults: &str, configuration: Configuration, seed: u64) -> Outcome {
    crate::run(&format!("{WORLD}{faults}"), configuration, seed)
}

fn with_health_off() -> Configuration {
    let mut configuration = with_plain_callers();
    configuration.health.enabled = false;
    configuration
}

fn with_supervisor_off() -> Configuration {
    let mut configuration = with_plain_callers();
    configuration.supervisor.enabled = false;
    configuration
}

fn only(outcome: &Outcome) -> &Incident {
    assert_eq!(outcome.incidents.len(), 1, "{:?}", outcome.incidents);
    &outcome.incidents[0]
}

fn seconds(duration: Option<hms_machine::Duration>) -> f64 {
    duration.expect("has happened").as_secs_f64()
}

const AGENT_CRASH: &str = "[[fault]]\nkind = \"agent_crash\"\nat = \"30s\"\ntarget = { service = \"api\", replica = 2 }\n";
const HANG: &str = "[[fault]]\nkind = \"hang\"\nat = \"30s\"\nfor = \"60s\"\ntarget = { service = \"api\", replica = 2 }\n";
const CRASH: &str = "[[fault]]\nkind = \"crash\"\nat = \"30s\"\nfor = \"20s\"\ntarget = { node = 4 }\n";
const PARTITION: &str = "[[fault]]\nkind = \"partition\"\nat = \"30s\"\nfor = \"10s\"\nsides = [[0, 1, 2], [3, 4, 5, 6, 7, 8]]\n";

#[test]
fn as_s1_a_dead_agent_is_restarted_within_five_seconds_and_not_with_the_supervisor_off() {
    let outcome = run(AGENT_CRASH, with_plain_callers(), 1);
    let incident = only(&outcome);
    assert!(seconds(incident.detection_time()) < 0.01);
    assert!(seconds(incident.recovery_time()) < 5.0);
    assert!(incident.verified.is_some());
    assert_eq!(incident.actions, 1);
    let outcome = run(AGENT_CRASH, with_supervisor_off(), 1);
    assert_eq!((only(&outcome).recovered, only(&outcome).actions), (None, 0));
}

#[test]
fn a_stuck_agent_is_found_by_its_probes_and_replaced_and_not_with_the_supervisor_off() {
    // Checks see it too, by the requests that it does not answer; what is told apart here are the supervisor's probes.
    let without_checks = |mut stack: Configuration| {
        stack.checks.enabled = false;
        stack
    };
    let outcome = run(HANG, without_checks(with_plain_callers()), 1);
    assert!(seconds(only(&outcome).detection_time()) < 1.5);
    assert!(seconds(only(&outcome).recovery_time()) < 5.0);
    let outcome = run(HANG, without_checks(with_supervisor_off()), 1);
    assert_eq!(only(&outcome).detected, None);
    assert!(seconds(only(&outcome).recovery_time()) > 50.0, "only the end of the fault frees it");
}

#[test]
fn hm_s1_a_dead_host_is_noticed_within_a_second_and_calls_avoid_it_and_not_with_health_off() {
    // Edges see by their calls that agents do not answer; what is told apart here are heartbeats.
    let without_checks = |mut stack: Configuration| {
        stack.checks.enabled = false;
        stack
    };
    let healed = run(CRASH, without_checks(with_plain_callers()), 1);
    assert!(seconds(only(&healed).detection_time()) < 1.0);
    assert!(only(&healed).recovered.is_some());
    let blind = run(CRASH, without_checks(with_health_off()), 1);
    assert_eq!(only(&blind).detected, None);
    // A ninth of the first attempts meets the dead host for 22 s; their retries go elsewhere, 300 ms later.
    let slow = |outcome: &Outcome| outcome.objective("latency_all_p99").expect("there were requests");
    assert!(slow(&healed) < 0.1 && slow(&blind) > 0.3, "{} {}", slow(&healed), slow(&blind));
}

#[test]
fn both_sides_of_a_partition_suspect_each_other_and_trust_again_when_it_is_over() {
    let outcome = run(PARTITION, Configuration::default(), 1);
    let incident = only(&outcome);
    assert!(seconds(incident.detection_time()) < 1.0);
    assert!(seconds(incident.recovery_time()) < 1.0);
    let suspicions = |justified: bool| {
        let fits = |kind: &TraceKind| matches!(kind, TraceKind::Stack { record: hms_machine::Record::Suspected(_), justified: told, .. } if *told == justified);
        outcome.recorder.trace.iter().filter(|row| fits(&row.kind)).count()
    };
    assert_eq!((suspicions(true), suspicions(false)), (2 * 3 * 6, 0));
}

#[test]
fn a_run_without_faults_has_no_incidents_no_suspicions_and_answers_everything() {
    let outcome = run("", Configuration::default(), 1);
    assert_eq!(outcome.incidents, []);
    assert_eq!(outcome.objective("false_positives"), Some(0.0));
    assert_eq!(outcome.objective("availability"), Some(1.0));
    assert_eq!(outcome.objective("node_availability"), Some(1.0));
    assert_eq!(outcome.objective("detection_p99"), None);
}

#[test]
fn node_availability_is_the_time_that_hosts_were_up() {
    let outcome = run(CRASH, Configuration::default(), 1);
    // One of nine hosts is down for 20 s and boots for 2 s, of 120 s.
    let expected = 1.0 - 22.0 / (9.0 * 120.0);
    let measured = outcome.objective("node_availability").expect("always defined");
    assert!((measured - expected).abs() < 1e-9, "{measured} {expected}");
}

#[test]
fn two_configurations_under_one_seed_meet_the_same_faults_and_the_same_requests() {
    let swarm = "[swarm]\nkinds = \"all\"\ngap = \"5s\"\n";
    let mut other = Configuration::default();
    other.health.heartbeat = hms_machine::Duration::from_millis(37);
    let (one, two) = (run(swarm, Configuration::default(), 5), run(swarm, other, 5));
    assert_ne!(one.hash, two.hash);
    assert_eq!(one.schedule, two.schedule);
    let started = |outcome: &Outcome| outcome.recorder.series.iter().map(|row| row.requests.started).collect::<Vec<_>>();
    assert_eq!(started(&one), started(&two));
}

#[test]
fn what_is_noticed_after_the_recovery_belongs_to_the_next_fault() {
    // Back before anyone could notice, and down again half a minute later, for long.
    let short = CRASH.replace("for = \"20s\"", "for = \"10ms\"");
    let long = CRASH.replace("at = \"30s\"", "at = \"70s\"");
    let quiet = WORLD.split("[[load]]").next().expect("the part before the load").replace("boot = \"2s\"", "boot = \"0s\"");
    let outcome = crate::run(&format!("{quiet}{short}{long}"), Configuration::default(), 1);
    assert_eq!(outcome.incidents[0].detected, None);
    assert!(seconds(outcome.incidents[1].detection_time()) < 1.0);
}
