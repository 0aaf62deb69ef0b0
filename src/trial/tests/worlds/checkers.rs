//! What the checkers find in whole runs, with the mechanism that heals and without it.

use hms_machine::{BreakerState, Record};
use hms_stack::Configuration;
use hms_trial::checkers::cascades::Kind;
use hms_trial::{Notice, Outcome, TraceKind, TraceRow};

use crate::with_plain_callers;

const WORLD: &str = r#"
version = 1
[run]
duration = "60s"
warmup = "5s"
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
timeout = "300ms"
retries = RETRIES
"#;

const AGENT_CRASH: &str = "[[fault]]\nkind = \"agent_crash\"\nat = \"20s\"\ntarget = { service = \"api\", replica = 1 }\n";
const PAUSE: &str = "[[fault]]\nkind = \"pause\"\nat = \"20s\"\nfor = \"20s\"\ntarget = { node = 1 }\n";
const POISON: &str = "[[fault]]\nkind = \"poison\"\nat = \"20s\"\nfor = \"10s\"\nshare = 0.01\ntarget = { load = \"users\" }\n";

fn run(faults: &str, retries: u32, stack: Configuration) -> Outcome {
    crate::run(&format!("{}{faults}", WORLD.replace("RETRIES", &retries.to_string())), stack, 1)
}

fn without(change: impl FnOnce(&mut Configuration)) -> Configuration {
    let mut stack = Configuration::default();
    change(&mut stack);
    stack
}

#[test]
fn as_s1_service_is_restored_after_a_dead_agent_and_not_with_the_supervisor_off() {
    let outcome = run(AGENT_CRASH, 1, Configuration::default());
    let incident = &outcome.incidents[0];
    assert_eq!(incident.notice, Some(Notice::Failure));
    assert!(incident.service_recovery().is_some_and(|time| time.as_secs_f64() < 5.0), "{incident:?}");
    assert_eq!((outcome.objective("restored"), outcome.objective("first_attempt")), (Some(1.0), Some(1.0)));
    assert_eq!(incident.rungs().as_deref(), Some("restart"));
    let outcome = run(AGENT_CRASH, 1, without(|stack| stack.supervisor.enabled = false));
    assert_eq!((outcome.incidents[0].restored, outcome.objective("restored")), (None, Some(0.0)));
}

#[test]
fn as_s1_service_is_restored_while_a_host_is_paused_and_not_before_its_end_with_health_off() {
    let restored = |stack| {
        let outcome = run(PAUSE, 1, stack);
        outcome.incidents[0].restored.expect("at the latest when the pause is over").as_secs_f64()
    };
    assert!(restored(with_plain_callers()) < 23.0);
    let mut blind = with_plain_callers();
    blind.health.enabled = false;
    assert!(restored(blind) > 39.0);
}

#[test]
fn as_s4_poison_that_is_retried_often_is_a_cascade_unless_it_is_quarantined() {
    let cascades = |retries, stack| run(POISON, retries, stack).findings.cascades;
    let insistent = |stack: &mut Configuration| {
        stack.breaker.enabled = false;
        stack.outlier.enabled = false;
        stack.retry_budget.enabled = false;
        stack.retry.attempts = 10;
        stack.retry.poison_resets = 10;
    };
    let open = |stack: &mut Configuration| {
        insistent(stack);
        stack.quarantine.enabled = false;
    };
    let often = cascades(8, without(open));
    assert!(often.iter().any(|cascade| matches!(cascade.kind, Kind::Poison { .. })), "{often:?}");
    assert!(often.iter().all(|cascade| cascade.incident.is_some()), "{often:?}");
    for (retries, stack) in [(8, without(insistent)), (1, without(open))] {
        let none = cascades(retries, stack);
        assert!(!none.iter().any(|cascade| matches!(cascade.kind, Kind::Poison { .. })), "{none:?}");
    }
}

#[test]
fn a_run_without_faults_gives_the_checkers_nothing_to_find() {
    let outcome = run("", 1, Configuration::default());
    let findings = &outcome.findings;
    assert_eq!((findings.cascades.len(), findings.recoveries.started, findings.detectors.mistakes), (0, 0, 0));
    assert_eq!((findings.leadership.twice, findings.state.lost), (0, 0));
    assert_eq!(findings.detectors.query_accuracy, Some(1.0));
    assert_eq!(outcome.objective("goodput_kept"), None);
    // Clients begin before the first agent is ready.
    let opened = |row: &TraceRow| {
        matches!(row.kind, TraceKind::Stack { record: Record::Breaker { state: BreakerState::Open, .. }, .. })
            && row.at.as_secs_f64() > 5.0
    };
    assert!(!outcome.recorder.trace.iter().any(opened));
    assert!(outcome.recorder.harm.rows().iter().filter(|row| row.otherwise > 0).all(|row| row.begins().as_secs_f64() < 5.0));
}
