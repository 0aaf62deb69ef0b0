//! What nodes say about calls that have failed, or that they would rather not send.

use std::collections::BTreeMap;

use hms_machine::{CallOutcome, Context, Input, Purpose, Substitute};
use hms_scenario::model::{Arrivals, Call, FanOut, FaultKind};
use proptest::prelude::*;

use super::toy::Chat;
use super::*;
use crate::faults::example::{always_secs, exponential_secs, load, ratio, service};
use crate::world::calls::Caller;

const WHIM: Purpose = Purpose::named("test/toy-whim");

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

/// [`pair`] whose agents answer with errors only, and whose clients try twice.
fn broken() -> Scenario {
    let mut world = pair(5.0, 0.001);
    world.services[0].errors = ratio(1.0);
    world.loads[0].policy.retries = 1;
    world
}

/// How many attempts each call has made.
fn attempts(simulation: &Toys) -> BTreeMap<u32, usize> {
    let mut by_trace: BTreeMap<u64, u32> = BTreeMap::new();
    toy(simulation, EDGE).ends().iter().for_each(|end| *by_trace.entry(end.trace).or_default() += 1);
    let mut counts = BTreeMap::new();
    by_trace.into_values().for_each(|attempts| *counts.entry(attempts).or_default() += 1);
    counts
}

#[test]
fn a_node_that_says_nothing_leaves_the_caller_its_own_retries() {
    let simulation = scripted(broken(), |_, _, _| false);
    assert_eq!(attempts(&simulation).into_keys().collect::<Vec<_>>(), [2]);
    let ends = toy(&simulation, EDGE).ends();
    assert!(ends.iter().all(|end| end.retries == (end.attempt == 0) && end.last));
}

#[test]
fn a_node_can_try_beyond_the_callers_own_count() {
    let simulation = scripted(broken(), |_, input, cx| match input {
        Input::CallEnded(end) if end.attempt < 5 => {
            cx.retry(end.call, MILLIS(10));
            true
        }
        _ => false,
    });
    assert_eq!(attempts(&simulation).into_keys().collect::<Vec<_>>(), [6]);
    assert_eq!(simulation.model.recorder.loads[0].ended.max() / 1_000_000, 56, "six times a millisecond, and five pauses");
}

#[test]
fn nothing_is_tried_beyond_the_deadline() {
    let simulation = scripted(broken(), |_, input, cx| match input {
        Input::CallEnded(end) => {
            cx.retry(end.call, Duration::ZERO);
            true
        }
        _ => false,
    });
    let ended = &simulation.model.recorder.loads[0].ended;
    assert!(ended.len() > 90);
    assert!(ended.min() > 998_000_000 && ended.max() < 1_001_000_000, "{} {}", ended.min(), ended.max());
}

#[test]
fn a_node_that_gives_up_stops_the_callers_own_retries() {
    let simulation = scripted(broken(), |_, input, cx| match input {
        Input::CallEnded(end) => {
            assert_eq!(end.retries, end.attempt == 0);
            cx.give_up(end.call);
            // The first word counts.
            cx.retry(end.call, Duration::ZERO);
            true
        }
        _ => false,
    });
    assert_eq!(attempts(&simulation).into_keys().collect::<Vec<_>>(), [1]);
}

#[test]
fn a_refused_attempt_is_one_of_the_callers_own() {
    let refuse_first = |toy: &mut Toy, input: &Input<Chat>, cx: &mut Context<'_, Chat>| match input {
        Input::Call(call) if call.attempt == 0 => {
            cx.refuse(call.id);
            toy.route_to(call, 0, cx);
            true
        }
        _ => false,
    };
    let mut world = broken();
    world.services[0].errors = ratio(0.0);
    let simulation = scripted(world.clone(), refuse_first);
    assert_eq!(simulation.model.recorder.loads[0].requests.failed, 0);
    assert!(toy(&simulation, EDGE).ends().iter().all(|end| end.attempt == 1));
    world.loads[0].policy.retries = 0;
    let simulation = scripted(world, refuse_first);
    assert_eq!(simulation.model.recorder.loads[0].requests.succeeded, 0);
}

#[test]
fn a_call_that_is_put_off_is_asked_about_again_and_has_lost_no_attempt() {
    let mut world = broken();
    world.services[0].errors = ratio(0.0);
    world.loads[0].policy.retries = 0;
    let simulation = scripted(world, |toy, input, cx| match input {
        Input::Call(call) if toy.calls().iter().filter(|(_, asked)| asked.id == call.id).count() <= 3 => {
            cx.retry(call.id, MILLIS(20));
            true
        }
        _ => false,
    });
    let record = &simulation.model.recorder.loads[0];
    assert_eq!(record.requests.failed, 0);
    // Three times 20 ms and the work, to the precision of the histogram.
    let (least, most) = (record.answered.min(), record.answered.max());
    assert!(least > 60_900_000 && most < 61_100_000, "{least} {most}");
    assert!(toy(&simulation, EDGE).ends().iter().all(|end| end.attempt == 0));
}

/// Answers from the cache what has failed.
fn cached(_: &mut Toy, input: &Input<Chat>, cx: &mut Context<'_, Chat>) -> bool {
    if let Input::CallEnded(end) = input
        && end.outcome != CallOutcome::Ok
    {
        cx.fall_back(end.call, Substitute::Cache);
        return true;
    }
    false
}

#[test]
fn a_cache_knows_its_share_of_the_calls_and_what_it_does_not_know_has_failed() {
    let mut world = broken();
    world.services[0].cache = ratio(0.3);
    world.loads[0].arrivals = Arrivals::Regular { rate: 100.0 };
    let simulation = scripted(world, cached);
    let requests = simulation.model.recorder.loads[0].requests;
    assert!(requests.succeeded == 0 && requests.open() <= 1, "{requests:?}");
    let share = requests.degraded as f64 / requests.ended() as f64;
    assert!((share - 0.3).abs() < 0.04, "{share}");
    assert!(simulation.model.recorder.loads[0].answered.is_empty(), "a substitute is no answer of the service");
    let rows = &simulation.model.recorder.series;
    let in_rows = rows.iter().map(|row| row.requests.degraded).sum::<u64>();
    assert!(requests.degraded - in_rows <= 1, "{in_rows}");
}

#[test]
fn there_are_no_substitutes_that_the_deployment_does_not_offer() {
    let degraded = |offered: bool, substitute: Script| {
        let mut world = broken();
        world.services[0].default_answer = offered;
        let simulation = scripted(world, substitute);
        let place = &simulation.model.directory().services[0];
        assert_eq!((place.cached, place.defaulted), (false, offered));
        let requests = simulation.model.recorder.loads[0].requests;
        requests.degraded as f64 / requests.ended() as f64
    };
    // In answer to the question where to go.
    let default: Script = |_, input, cx| match input {
        Input::Call(call) => {
            cx.fall_back(call.id, Substitute::Default);
            true
        }
        _ => false,
    };
    assert_eq!((degraded(true, default), degraded(false, default), degraded(true, cached)), (1.0, 0.0, 0.0));
}

/// A front on host 0 that calls a broken back on host 1.
fn front_and_broken_back(fan_out: FanOut) -> Scenario {
    let mut world = pair(5.0, 0.001);
    world.services[0].replicas = 1;
    world.services.push(service("back", 1));
    world.services[1].errors = ratio(1.0);
    world.services[1].default_answer = true;
    let policy = load("call", Arrivals::Regular { rate: 1.0 }).policy;
    let call = Call { service: hms_machine::ServiceId(1), count: 2, chance: ratio(1.0), policy };
    world.services[0].calls = vec![call];
    world.services[0].fan_out = fan_out;
    world
}

#[test]
fn a_substitute_deep_down_is_told_of_to_the_client() {
    for fan_out in [FanOut::Sequential, FanOut::Parallel] {
        let simulation = scripted(front_and_broken_back(fan_out), |toy, input, cx| match input {
            Input::CallEnded(end) if toy.node == NodeId(0) => {
                cx.fall_back(end.call, Substitute::Default);
                true
            }
            _ => false,
        });
        let requests = simulation.model.recorder.loads[0].requests;
        assert!(requests.degraded > 90, "{requests:?}");
        assert_eq!((requests.succeeded, requests.failed), (0, 0));
        let ends = toy(&simulation, EDGE).ends();
        assert!(ends.iter().all(|end| end.outcome == CallOutcome::Ok), "the front itself has answered");
        let without = scripted(front_and_broken_back(fan_out), |_, _, _| false);
        assert_eq!(without.model.recorder.loads[0].requests.degraded, 0);
    }
}

#[test]
fn a_start_up_question_has_no_substitute() {
    let mut world = front_and_broken_back(FanOut::Sequential);
    world.services[0].needs = vec![hms_machine::ServiceId(1)];
    world.services[1].startup = always_secs(1_000.0);
    let simulation = scripted(world, |_, input, cx| match input {
        Input::Call(call) => {
            cx.fall_back(call.id, Substitute::Default);
            true
        }
        _ => false,
    });
    assert_eq!(rows(&simulation, |_, kind| matches!(kind, TraceKind::AgentReady { .. }).then_some(())), []);
}

#[test]
fn start_up_questions_are_the_same_whatever_the_stack_does_meanwhile() {
    let mut world = front_and_broken_back(FanOut::Sequential);
    world.services[0].needs = vec![hms_machine::ServiceId(1)];
    world.services[1].startup = always_secs(3.0);
    let asked = |chat| {
        let script: Script = |_, _, _| false;
        let configuration = ToyConfiguration { chat, script: Some(script), ..ToyConfiguration::default() };
        let simulation = finished(world.clone(), configuration, 1);
        let calls = toy(&simulation, 0).calls();
        calls.iter().filter(|(at, _)| *at < secs(3)).map(|(_, call)| call.trace).collect::<Vec<_>>()
    };
    let quiet = asked(None);
    assert!(quiet.len() >= 10 && quiet.windows(2).all(|pair| pair[0] != pair[1]), "{}", quiet.len());
    assert_eq!(quiet, asked(Some(MILLIS(7))));
}

/// Says anything about anything.
fn whims(toy: &mut Toy, input: &Input<Chat>, cx: &mut Context<'_, Chat>) -> bool {
    let whim = cx.draw(WHIM).below(8);
    let soon = MILLIS(cx.draw(WHIM).below(30));
    let say = |call, whim, cx: &mut Context<'_, Chat>| match whim {
        0 => cx.retry(call, soon),
        1 => cx.give_up(call),
        2 => cx.fall_back(call, Substitute::Cache),
        3 => cx.fall_back(call, Substitute::Default),
        4 => cx.refuse(call),
        _ => {}
    };
    match input {
        Input::Call(call) if whim < 6 => say(call.id, whim, cx),
        Input::Call(call) => {
            toy.route_to(call, 0, cx);
            toy.hedge_to(call, 1, cx);
            say(call.id, soon.as_nanos() % 5, cx);
            toy.alarm = Some(cx.now + soon);
        }
        Input::Timeout => {
            toy.alarm = None;
            let calls = toy.calls();
            calls.iter().rev().take(4).for_each(|(_, call)| toy.hedge_to(call, 1, cx));
            calls.iter().rev().take(4).for_each(|(_, call)| say(call.id, whim, cx));
        }
        Input::CallEnded(end) => say(end.call, whim, cx),
        Input::Request(request) if whim < 2 => {
            cx.shed(request.id);
            toy.heard += 1;
        }
        Input::Request(request) => cx.admit(request.id),
        _ => return false,
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_request_succeeds_or_is_degraded_or_fails_or_is_open(
        seed in 0u64..1_000, work in 1u64..60, timeout in 5u64..300, retries in 0u32..4, deadline in 5u64..900,
    ) {
        let mut world = pair(60.0, 0.0);
        world.run.duration = Duration::from_secs(6);
        world.services.push(service("back", 2));
        for service in &mut world.services {
            service.work = exponential_secs(work as f64 / 1e3);
            service.errors = ratio(0.2);
            service.cache = ratio(0.5);
            service.default_answer = true;
            service.workers = 2;
        }
        let mut policy = load("call", Arrivals::Regular { rate: 1.0 }).policy;
        policy.timeout = MILLIS(timeout);
        policy.retries = retries;
        world.services[0].calls =
            vec![Call { service: hms_machine::ServiceId(1), count: 2, chance: ratio(0.7), policy: policy.clone() }];
        world.services[0].fan_out = if seed % 2 == 0 { FanOut::Parallel } else { FanOut::Sequential };
        world.loads[0].policy = policy;
        world.loads[0].deadline = MILLIS(deadline);
        let world = strike(strike(world, FaultKind::AgentCrash, 0, 2, 0.0), FaultKind::Pause, 1, 3, 0.5);
        let world = strike(strike(world, FaultKind::Crash { disk_lost: false }, 0, 4, 0.5), FaultKind::Hang, 1, 5, 0.5);
        let script: Script = whims;
        let configuration = ToyConfiguration { script: Some(script), ..ToyConfiguration::default() };
        let simulation = finished(world, configuration, seed);
        let requests = simulation.model.recorder.loads[0].requests;
        let client = |call: &crate::world::calls::CallState| matches!(call.wish.caller, Caller::Client { .. });
        let open = simulation.model.calls.values().filter(|call| client(call)).count() as u64;
        prop_assert_eq!(requests.started, requests.succeeded + requests.degraded + requests.failed + open);
        prop_assert!(requests.degraded > 0 && requests.failed > 0, "{:?}", requests);
        // A node that has lived through all of it has heard of the end of every request that it let in, but for those still there.
        let survivor = toy(&simulation, 1);
        let there = simulation.model.jobs.values().filter(|job| job.instance.0 % 2 == 1).count();
        let told = survivor.requests_ended().len() + survivor.heard as usize;
        prop_assert!(survivor.heard > 0);
        prop_assert_eq!(survivor.requests().len(), told + there);
    }
}
