//! Copies of calls: where they go, which of them counts, when they are out of time.

use hms_machine::{CallOutcome, Distribution, Input, Priority, ServiceId};
use hms_scenario::model::{Arrivals, Call, FaultKind};

use super::*;
use crate::faults::example::{always_secs, exponential_secs, load, ratio, service};

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

/// Sends each call to replica 0, and 50 ms later to replica 1 as well.
fn hedge_after_50_ms(toy: &mut Toy, input: &Input<toy::Chat>, cx: &mut hms_machine::Context<'_, toy::Chat>) -> bool {
    match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            toy.alarm = Some(cx.now + MILLIS(50));
            true
        }
        Input::Timeout => {
            toy.alarm = None;
            if let Some((_, call)) = toy.calls().last() {
                toy.hedge_to(call, 1, cx);
            }
            true
        }
        _ => false,
    }
}

#[test]
fn a_hedged_call_is_answered_by_the_second_replica_while_the_first_hangs() {
    let world = strike(pair(4.0, 0.01), FaultKind::Hang, 0, 5, 100.0);
    let simulation = scripted(world.clone(), hedge_after_50_ms);
    let record = &simulation.model.recorder.loads[0];
    assert_eq!((record.requests.failed, record.requests.ended()), (0, record.requests.succeeded));
    assert_eq!(record.answered.max() / 1_000_000, 60, "50 ms until the hedge, 10 ms of work");
    let late: Vec<_> = toy(&simulation, EDGE).ends().into_iter().filter(|end| end.agent.0 == 1).collect();
    assert!(late.len() > 50 && late.iter().all(|end| end.last && end.outcome == CallOutcome::Ok && end.attempt == 0));
    assert!(late.iter().all(|end| end.elapsed == MILLIS(10)), "from its own dispatch");
    // Without the second copy everything fails from the fault on.
    let alone = scripted(world, |toy, input, cx| match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            true
        }
        _ => false,
    });
    assert!(alone.model.recorder.loads[0].requests.failed > 50);
}

#[test]
fn a_copy_that_fails_while_another_is_out_does_not_decide_the_call() {
    let mut world = strike(pair(10.0, 0.01), FaultKind::Gray { errors: ratio(1.0) }, 0, 0, 100.0);
    world.cluster.hosts[1].speed = 0.5;
    let simulation = scripted(world, |toy, input, cx| match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            toy.hedge_to(call, 1, cx);
            true
        }
        _ => false,
    });
    let told: Vec<_> = toy(&simulation, EDGE).ends().iter().map(|end| (end.agent.0, end.outcome, end.last)).collect();
    for pair in told[..100].chunks(2) {
        assert_eq!(pair, [(0, CallOutcome::Error, false), (1, CallOutcome::Ok, true)]);
    }
    assert_eq!(simulation.model.recorder.loads[0].requests.failed, 0);
}

#[test]
fn an_attempt_is_sent_three_times_at_most() {
    let simulation = scripted(pair(10.0, 0.01), |toy, input, cx| match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            (0..10).for_each(|_| toy.hedge_to(call, 1, cx));
            true
        }
        _ => false,
    });
    let calls = toy(&simulation, EDGE).calls().len();
    let requests = |node| toy(&simulation, node).requests().len();
    assert_eq!((requests(0), requests(1)), (calls, 2 * calls));
}

#[test]
fn copies_of_a_call_do_not_move_the_draws_of_the_first() {
    let mut world = pair(20.0, 0.0);
    world.services[0].work = exponential_secs(0.02);
    let worked = |script| {
        let simulation = scripted(world.clone(), script);
        toy(&simulation, 0).requests_ended()
    };
    let alone = worked(|toy, input, cx| match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            true
        }
        _ => false,
    });
    let hedged = worked(|toy, input, cx| match input {
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            toy.hedge_to(call, 1, cx);
            true
        }
        _ => false,
    });
    assert!(alone.len() > 300);
    assert_eq!(alone, hedged);
}

#[test]
fn a_reply_that_comes_too_late_is_not_heard_and_travels_all_the_same() {
    let mut world = pair(10.0, 0.2);
    world.loads[0].policy.timeout = MILLIS(100);
    let simulation = scripted(world, |_, _, _| false);
    let ends = toy(&simulation, EDGE).ends();
    assert!(ends.len() > 150 && ends.iter().all(|end| end.outcome == CallOutcome::TimedOut && end.elapsed == MILLIS(100)));
    let sent = simulation.model.network.counters().service.sent;
    assert!(sent as usize >= 2 * ends.len() - 4, "a request and a reply for each of {}: {sent}", ends.len());
}

/// A front on host 0 that works for 100 ms and calls a back on host 1, which does not answer; clients give up after 300 ms.
fn chain() -> Scenario {
    let mut world = pair(2.0, 0.1);
    world.services[0].replicas = 1;
    world.services.push(service("back", 1));
    world.services[1].work = always_secs(10.0);
    world.services[1].workers = 1_000;
    world.cluster.hosts[1].cores = 1_000;
    let policy = load("call", Arrivals::Regular { rate: 1.0 }).policy;
    world.services[0].calls = vec![Call { service: ServiceId(1), count: 1, chance: ratio(1.0), policy }];
    world.loads[0].deadline = MILLIS(300);
    world.loads[0].priority = Priority(3);
    world
}

#[test]
fn calls_made_for_a_request_end_when_its_caller_gives_up_and_have_its_priority() {
    let simulation = scripted(chain(), |_, _, _| false);
    let front = toy(&simulation, 0);
    let (at, request) = front.requests()[0];
    assert_eq!((request.deadline, request.priority), (at + MILLIS(300), Priority(3)));
    let (asked, call) = front.calls()[0];
    assert_eq!((asked, call.deadline, call.priority), (at + MILLIS(100), at + MILLIS(300), Priority(3)));
    let end = front.ends()[0];
    assert_eq!((end.outcome, end.elapsed), (CallOutcome::TimedOut, MILLIS(200)), "its own time-out is a second");
    let (at, request) = toy(&simulation, 1).requests()[0];
    assert_eq!((request.deadline, request.priority), (at + MILLIS(200), Priority(3)));
}

#[test]
fn a_request_out_of_time_is_worked_on_and_makes_no_calls() {
    let mut world = chain();
    world.loads[0].deadline = MILLIS(50);
    let simulation = scripted(world, |_, _, _| false);
    let ended = toy(&simulation, 0).requests_ended();
    assert!(ended.len() > 30 && ended.iter().all(|ended| *ended == (CallOutcome::Error, Duration::ZERO, MILLIS(100))));
    assert_eq!((toy(&simulation, 0).calls().len(), toy(&simulation, 1).requests().len()), (0, 0));
}

#[test]
fn deadlines_stand_in_the_time_of_the_clock_that_reads_them() {
    let mut world = chain();
    world.cluster.hosts[0].clock.drift_ppm = Distribution::constant(100_000.0).unwrap();
    let simulation = scripted(world, |_, _, _| false);
    let (at, call) = toy(&simulation, 0).calls()[0];
    assert_eq!((call.deadline - at).as_nanos() / 1_000_000, 220, "200 ms on a clock that gains a tenth");
}

#[test]
fn a_replica_is_not_found_where_it_does_not_run() {
    let simulation = scripted(pair(10.0, 0.01), |toy, input, cx| match input {
        Input::Call(call) => {
            cx.route(call.id, toy.directory.services[0].agents[0], NodeId(1));
            true
        }
        _ => false,
    });
    let ends = toy(&simulation, EDGE).ends();
    assert!(!ends.is_empty() && ends.iter().all(|end| end.outcome == CallOutcome::Refused));
}

#[test]
fn callers_of_a_process_that_dies_see_their_connections_reset() {
    let world = strike(pair(10.0, 0.5), FaultKind::AgentCrash, 0, 5, 0.0);
    let simulation = scripted(world, |_, _, _| false);
    let reset = |end: &hms_machine::CallEnd| end.outcome == CallOutcome::Reset && end.agent.0 == 0;
    assert!(toy(&simulation, EDGE).ends().iter().any(reset));
    let told = toy(&simulation, 0).requests_ended();
    assert!(told.iter().any(|(outcome, _, elapsed)| *outcome == CallOutcome::Reset && *elapsed < MILLIS(500)));
}

#[test]
fn the_node_of_a_caller_sees_an_outage_of_the_service() {
    let outage = FaultKind::Outage { severity: ratio(1.0) };
    let mut world = pair(10.0, 0.01);
    world.faults.push(rule("outage", outage, Target::Service(ServiceId(0)), Start::At(vec![secs(5)]), Some(always_secs(5.0))));
    let simulation = scripted(world, |_, _, _| false);
    let refused = toy(&simulation, EDGE).ends().iter().filter(|end| end.outcome == CallOutcome::Refused).count();
    assert_eq!(refused, 50);
}
