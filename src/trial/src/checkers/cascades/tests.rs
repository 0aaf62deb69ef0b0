use hms_machine::Rung;
use hms_sim::world::{Harm, Requests};

use super::*;
use crate::fixture::{attempts, down, made, ready, row, secs, served, started};

const CRASH: &str = "[[fault]]\nkind = \"agent_crash\"\nat = \"30s\"\ntarget = { service = \"front\", replica = 0 }\n";
const POISON: &str = "[[fault]]\nkind = \"poison\"\nat = \"30s\"\nfor = \"20s\"\nshare = 0.01\ntarget = { load = \"users\" }\n";

struct Given<'a> {
    faults: &'a str,
    trace: Vec<TraceRow>,
    harm: Harm,
    series: Vec<SeriesRow>,
}

fn found(given: Given<'_>) -> Vec<Cascade> {
    let kills = given.harm.kills.clone();
    let made = made(given.faults, given.trace, &given.harm);
    check(&Evidence {
        scenario: &made.scenario,
        places: &made.places,
        trace: &made.trace,
        series: &given.series,
        harm: &made.harm,
        kills: &kills,
        incidents: &made.incidents,
    })
}

fn kinds(given: Given<'_>) -> Vec<(Kind, Option<u32>)> {
    found(given).into_iter().map(|cascade| (cascade.kind, cascade.incident.map(|fault| fault.0))).collect()
}

/// Agent 0 crashes at 30 s and is back at 32 s.
fn crash() -> Vec<TraceRow> {
    vec![
        row(30, TraceKind::FaultBegan(FaultId(0))),
        down(30, 0, 0, Exit::Abnormal, Some(0)),
        started(31, 0, Rung::Restart, 1),
        ready(32, 0, 0),
        served(33, 0),
    ]
}

fn given(faults: &str, trace: Vec<TraceRow>) -> Given<'_> {
    Given { faults, trace, harm: Harm::default(), series: Vec::new() }
}

#[test]
fn as_s4_a_recovery_next_to_which_nothing_happens_is_no_cascade() {
    assert_eq!(kinds(given(CRASH, crash())), []);
}

#[test]
fn as_s4_an_agent_that_runs_out_of_memory_next_to_a_recovery_is_one() {
    let trace = [crash(), vec![down(35, 1, 1, Exit::OutOfMemory, None)]].concat();
    assert_eq!(kinds(given(CRASH, trace)), [(Kind::Collateral(AgentId(1)), Some(0))]);
    // Of another service and on another node, or long after, it has nothing to do with it.
    let elsewhere = [crash(), vec![down(35, 3, 3, Exit::OutOfMemory, None)]].concat();
    assert_eq!(kinds(given(CRASH, elsewhere)), []);
    let later = [crash(), vec![down(42, 1, 1, Exit::OutOfMemory, None)]].concat();
    assert_eq!(kinds(given(CRASH, later)), []);
}

#[test]
fn as_s4_a_healthy_agent_that_the_stack_stops_next_to_a_recovery_is_one_and_a_moved_one_is_not() {
    let trace = [crash(), vec![down(35, 1, 1, Exit::Stopped, None)]].concat();
    assert_eq!(kinds(given(CRASH, trace)), [(Kind::Collateral(AgentId(1)), Some(0))]);
    let moved = [crash(), vec![ready(34, 1, 3), down(35, 1, 1, Exit::Stopped, None)]].concat();
    assert_eq!(kinds(given(CRASH, moved)), []);
}

#[test]
fn an_agent_that_the_fault_itself_strikes_is_no_cascade() {
    let mut trace = crash();
    trace.truncate(3);
    trace.push(started(32, 1, Rung::Restart, 1));
    trace.push(down(35, 0, 0, Exit::OutOfMemory, None));
    assert_eq!(kinds(given(CRASH, trace)), []);
}

#[test]
fn cb_s3_a_service_that_fails_next_to_an_incident_of_its_caller_is_a_cascade() {
    let mut harm = Harm::default();
    attempts(&mut harm, 33, 36, 2, 1, 2);
    let spread = Given { harm: harm.clone(), ..given(CRASH, crash()) };
    assert_eq!(kinds(spread), [(Kind::Spread(ServiceId(1)), Some(0))]);
    // For a second only; or while most are answered.
    for (until, well, otherwise) in [(34, 1, 2), (36, 2, 1)] {
        let mut harm = Harm::default();
        attempts(&mut harm, 33, until, 2, well, otherwise);
        assert_eq!(kinds(Given { harm, ..given(CRASH, crash()) }), []);
    }
}

#[test]
fn a_service_that_fails_because_what_it_calls_is_struck_is_no_cascade() {
    let below = CRASH.replace("front", "back");
    let trace = vec![row(30, TraceKind::FaultBegan(FaultId(0))), down(30, 2, 2, Exit::Abnormal, Some(0))];
    let mut harm = Harm::default();
    attempts(&mut harm, 33, 36, 0, 0, 2);
    assert_eq!(kinds(Given { harm, ..given(&below, trace) }), []);
}

#[test]
fn a_service_that_a_fault_strikes_within_the_first_tenth_of_a_second_is_no_cascade_and_later_it_is() {
    for (millis, cascades) in [(34_050, vec![]), (34_150, vec![(Kind::Spread(ServiceId(1)), Some(0))])] {
        let below = CRASH.replace("front", "back").replace("30s", &format!("{millis}ms"));
        let at = Instant::ZERO + Duration::from_millis(millis);
        let struck = [TraceKind::FaultBegan(FaultId(1)), down(0, 2, 2, Exit::Abnormal, Some(1)).kind];
        let trace = crash().into_iter().chain(struck.map(|kind| TraceRow { at, seq: millis, kind }));
        let mut harm = Harm::default();
        attempts(&mut harm, 34, 37, 2, 0, 2);
        let faults = format!("{CRASH}{below}");
        assert_eq!(kinds(Given { harm, ..given(&faults, trace.collect()) }), cascades, "{at:?}");
    }
}

fn series(goodput: impl Fn(u64) -> u64) -> Vec<SeriesRow> {
    let row = |at: u64| SeriesRow {
        at: secs(at),
        requests: Requests { started: 100, succeeded: goodput(at), failed: 100 - goodput(at), degraded: 0 },
        ..crate::fixture::quiet(at)
    };
    (1..=120).map(row).collect()
}

#[test]
fn as_s4_goodput_that_stays_low_after_everything_is_over_is_metastable() {
    let stays = Given { series: series(|at| if at < 30 { 100 } else { 50 }), ..given(CRASH, crash()) };
    assert_eq!(kinds(stays), [(Kind::Metastable, Some(0))]);
    let returns = Given { series: series(|at| if (30..55).contains(&at) { 50 } else { 100 }), ..given(CRASH, crash()) };
    assert_eq!(kinds(returns), []);
}

#[test]
fn as_s4_a_request_that_kills_a_fourth_agent_is_a_cascade_and_three_are_not() {
    let kills = |traces: &[u64]| {
        let mut harm = Harm::default();
        traces.iter().for_each(|trace| harm.kill(secs(35), AgentId(0), *trace));
        let began = vec![row(30, TraceKind::FaultBegan(FaultId(0)))];
        kinds(Given { harm, ..given(POISON, began) })
    };
    assert_eq!(kills(&[7, 7, 7, 8, 8, 8, 9]), []);
    assert_eq!(kills(&[7, 7, 7, 8, 7]), [(Kind::Poison { trace: 7 }, Some(0))]);
}
