//! Faults on top of each other and events that come at an awkward moment.

use hms_machine::{CallOutcome, Distribution, NodeId, ServiceId};
use hms_scenario::model::{Arrivals, Call, FaultKind, Scenario, Start, Target};

use super::*;
use crate::faults::example::{always_secs, load, ratio, rule, scenario, secs};

/// A front on host 0 that calls a back on host 1; requests at a steady rate.
fn front_and_back(rate: f64) -> Scenario {
    let mut world = short(scenario(2, 1), 20);
    let policy = load("call", Arrivals::Regular { rate }).policy;
    world.services.iter_mut().for_each(|service| service.replicas = 1);
    world.services[0].workers = 100;
    world.services[0].calls = vec![Call { service: ServiceId(1), count: 1, chance: ratio(1.0), policy }];
    world.loads = vec![load("users", Arrivals::Regular { rate })];
    world
}

fn with(mut world: Scenario, kind: FaultKind, node: u32, at: u64, lasts: f64) -> Scenario {
    let target = Target::Nodes(vec![NodeId(node)]);
    world.faults.push(rule("fault", kind, target, Start::At(vec![secs(at)]), Some(always_secs(lasts))));
    world
}

#[test]
fn a_timer_of_an_attempt_that_ended_during_a_pause_does_not_end_the_next_attempt() {
    // The back takes 0.6 s and answers with an error, so answers and time-outs of one attempt both wait for the front to resume.
    let mut world = with(front_and_back(5.0), FaultKind::Pause, 0, 10, 5.0);
    world.services[1].workers = 100;
    world.cluster.hosts[1].cores = 100;
    world.services[1].work = always_secs(0.6);
    world.services[1].errors = ratio(1.0);
    world.services[0].calls[0].policy.retries = 3;
    // Clients wait long enough that their own deadline cuts no attempt short.
    world.loads[0].policy.timeout = Duration::from_secs(60);
    world.loads[0].deadline = Duration::from_secs(60);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let cut_short = rows(&simulation, |at, kind| match kind {
        TraceKind::Attempt { elapsed, outcome: CallOutcome::TimedOut, .. } if elapsed < Duration::from_secs(1) => {
            Some((at, elapsed))
        }
        _ => None,
    });
    assert_eq!(cut_short, [], "the time-out is one second");
}

#[test]
fn what_waits_for_a_paused_host_is_lost_when_it_crashes() {
    let crash = FaultKind::Crash { disk_lost: false };
    let world = with(with(front_and_back(1.0), FaultKind::Pause, 1, 5, 10.0), crash, 1, 8, 2.0);
    let chat = Some(Duration::from_millis(100));
    let simulation = finished(world, ToyConfiguration { chat, ..ToyConfiguration::default() }, 1);
    let dropped = simulation.model.network.counters().stack.dropped[crate::network::DropReason::ReceiverDown as usize];
    // Three seconds of waiting messages and two seconds of silence, from one host and one client's edge at ten per second each.
    assert!((90..110).contains(&dropped), "{dropped}");
}

#[test]
fn time_of_the_stack_that_is_charged_ahead_of_its_work_does_not_make_service_time_negative() {
    let mut world = front_and_back(1.0);
    world.run.sample_every = Duration::from_millis(10);
    world.cluster.hosts[0].stack_cpu = Duration::from_millis(40);
    world.services[0].work = Distribution::ZERO;
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let last = simulation.model.recorder.series.iter().map(|row| row.stack_cpu).fold(Duration::ZERO, |sum, cpu| sum + cpu);
    // Two steps of a call at 40 ms each for nearly every one of 20 requests.
    assert!(last > Duration::from_millis(1_000), "{last:?}");
}

#[test]
fn a_closed_client_that_is_refused_at_once_and_does_not_think_lets_time_pass() {
    let mut world = front_and_back(1.0);
    world.run.events_max = 1_000_000;
    world.loads = vec![load("eager", Arrivals::Closed { clients: 2, think: Distribution::ZERO })];
    let target = Target::Service(ServiceId(0));
    let outage = FaultKind::Outage { severity: ratio(1.0) };
    world.faults = vec![rule("outage", outage, target, Start::At(vec![secs(5)]), Some(always_secs(1.0)))];
    world.services[0].work = always_secs(0.01);
    let mut simulation = simulation(world, ToyConfiguration::default(), 1, Detail::Changes);
    let limits = Limits { events: Some(1_000_000), ..Limits::until(secs(20)) };
    simulation.run(&limits).expect("time passes");
}

#[test]
fn many_retries_without_a_pause_do_not_exhaust_the_stack() {
    let mut world = front_and_back(1.0);
    world.services[0].replicas = 0;
    world.loads[0].policy.retries = 200_000;
    let simulation = finished(short(world, 2), ToyConfiguration::default(), 1);
    assert!(simulation.model.recorder.loads[0].requests.failed >= 1);
}
