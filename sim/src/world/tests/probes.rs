//! What agents answer when their node asks them.

use hms_machine::{Bytes, Context, Input, Probe};
use hms_scenario::model::{FaultKind, Journal, Sync};

use super::toy::Chat;
use super::*;
use crate::faults::example::{always_secs, ratio};

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

/// Asks every agent of the host every question once a second.
fn curious(toy: &mut Toy, input: &Input<Chat>, cx: &mut Context<'_, Chat>) -> bool {
    match input {
        Input::Booted => {
            toy.alarm = Some(cx.now + Duration::from_secs(1));
            false
        }
        Input::Timeout => {
            toy.alarm = Some(cx.now + Duration::from_secs(1));
            for agent in toy.directory.agents_of(toy.node).to_vec() {
                [Probe::Liveness, Probe::Readiness, Probe::Work].into_iter().for_each(|probe| cx.probe(agent, probe));
            }
            true
        }
        _ => false,
    }
}

/// Answers to one question: in which second, and whether they were good.
fn answers(simulation: &Toys, question: Probe) -> Vec<(u64, bool)> {
    let probed = toy(simulation, 0).probed();
    let asked = probed.iter().filter(|(_, probe, ..)| *probe == question);
    asked.map(|(at, _, ok, _)| (at.as_nanos() / 1_000_000_000, *ok)).collect()
}

/// [`pair`] without clients, for ten seconds.
fn idle(work: f64) -> Scenario {
    let mut world = short(pair(1.0, work), 10);
    world.loads.clear();
    world
}

#[test]
fn work_fails_on_a_gray_agent_while_it_seems_alive_and_ready() {
    let gray = FaultKind::Gray { errors: ratio(1.0) };
    let struck = scripted(strike(idle(0.01), gray, 0, 5, 100.0), curious);
    for question in [Probe::Liveness, Probe::Readiness] {
        assert!(answers(&struck, question).iter().all(|(_, ok)| *ok), "{question:?}");
    }
    let good: Vec<_> = answers(&struck, Probe::Work).into_iter().map(|(_, ok)| ok).collect();
    assert_eq!(good, [true, true, true, true, false, false, false, false, false]);
    let well = scripted(idle(0.01), curious);
    assert!(answers(&well, Probe::Work).iter().all(|(_, ok)| *ok), "without the fault");
}

#[test]
fn a_stuck_agent_answers_nothing() {
    let simulation = scripted(strike(idle(0.01), FaultKind::Hang, 0, 5, 100.0), curious);
    for question in [Probe::Liveness, Probe::Readiness, Probe::Work] {
        assert!(answers(&simulation, question).iter().all(|(second, _)| *second < 5), "{question:?}");
    }
}

#[test]
fn work_that_was_stuck_is_answered_late() {
    let mut world = strike(idle(0.01), FaultKind::Hang, 0, 5, 2.5);
    world.services[0].workers = 1;
    let simulation = scripted(world, curious);
    let late = toy(&simulation, 0).probed().into_iter().filter(|(.., elapsed)| *elapsed > MILLIS(1_000)).collect::<Vec<_>>();
    let elapsed: Vec<_> = late.iter().map(|(.., elapsed)| *elapsed).collect();
    // Asked at 5, 6 and 7 s; the one worker is free at 7.5 s, and the others need 10 ms each after it.
    assert_eq!(elapsed, [MILLIS(2_500), MILLIS(1_510)]);
}

#[test]
fn an_agent_that_starts_is_alive_and_not_ready() {
    let mut world = idle(0.01);
    world.services[0].startup = always_secs(3.5);
    let simulation = scripted(world, curious);
    let good = |question| answers(&simulation, question).into_iter().take(4).map(|(_, ok)| ok).collect::<Vec<_>>();
    assert_eq!(good(Probe::Liveness), [true, true, true, true]);
    assert_eq!(good(Probe::Readiness), [false, false, false, true]);
    assert_eq!(good(Probe::Work), [false, false, false, true]);
}

#[test]
fn a_dead_agent_answers_nothing() {
    let script: Script = curious;
    let configuration = ToyConfiguration { restart: false, script: Some(script), ..ToyConfiguration::default() };
    let simulation = finished(strike(idle(0.01), FaultKind::AgentCrash, 0, 5, 0.0), configuration, 1);
    assert!(toy(&simulation, 0).probed().iter().all(|(at, ..)| *at < secs(5)));
}

#[test]
fn a_probe_of_work_takes_the_time_of_work_and_leaves_no_mark() {
    let mut world = idle(0.02);
    world.cluster.hosts[0].speed = 0.5;
    world.services[0].journal = Some(Journal {
        writes: ratio(1.0),
        entry: Bytes(100),
        sync: Sync::Always,
        replay: Duration::ZERO,
        snapshot: Bytes::ZERO,
    });
    let simulation = scripted(world, curious);
    let elapsed: Vec<_> = toy(&simulation, 0).probed().into_iter().filter(|asked| asked.1 == Probe::Work).collect();
    assert_eq!(elapsed.len(), 9);
    assert!(elapsed.iter().all(|(_, _, ok, elapsed)| *ok && *elapsed == MILLIS(40)), "{elapsed:?}");
    assert!(toy(&simulation, 0).requests().is_empty() && toy(&simulation, 0).requests_ended().is_empty());
    assert_eq!(simulation.model.instances[0].state.history().len(), 0);
    assert_eq!(rows(&simulation, |_, kind| matches!(kind, TraceKind::AgentServed { .. }).then_some(())), []);
    let tally = simulation.model.instances[0].tally;
    assert_eq!((tally.succeeded, tally.failed), (0, 0));
}

#[test]
fn a_probe_of_work_that_finds_the_queue_full_has_failed() {
    let mut world = idle(2.5);
    world.services[0].workers = 1;
    world.services[0].queue = 0;
    let simulation = scripted(world, curious);
    let good: Vec<_> = answers(&simulation, Probe::Work);
    // Asked at 1 s and busy until 3.5 s; again from 4 to 6.5 s, from 7 to 9.5 s.
    let expected = [(2, false), (3, false), (3, true), (5, false), (6, false), (6, true), (8, false), (9, false), (9, true)];
    assert_eq!(good, expected);
}

#[test]
fn probes_of_work_shift_no_request() {
    let mut world = pair(20.0, 0.0);
    world.services[0].work = crate::faults::example::exponential_secs(0.02);
    let ended = |script| toy(&scripted(world.clone(), script), 0).requests_ended();
    let undisturbed = ended(|_, _, _| false);
    assert!(undisturbed.len() > 100);
    assert_eq!(undisturbed, ended(curious));
}
