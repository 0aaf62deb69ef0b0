//! What dies, what is lost, what comes back.

use hms_machine::{AgentId, Bytes, Exit, NodeId, ServiceId};
use hms_scenario::model::{Arrivals, FaultKind, Journal, Scenario, Start, Sync, Target};

use super::*;
use crate::faults::example::{always_secs, load, ratio, rule, scenario, secs};

/// One host with one agent that journals every request.
fn keeper(sync: Sync) -> Scenario {
    let mut world = short(scenario(1, 1), 60);
    world.services.truncate(1);
    world.services[0].replicas = 1;
    world.services[0].work = always_secs(0.001);
    world.services[0].startup = always_secs(0.5);
    world.services[0].journal = Some(Journal { writes: ratio(1.0), entry: Bytes(100), sync, replay: Duration::from_micros(100) });
    world.cluster.hosts[0].boot = always_secs(2.0);
    world.loads = vec![load("users", Arrivals::Regular { rate: 50.0 })];
    world
}

fn with(mut world: Scenario, kind: FaultKind, target: Target, at: u64, lasts: Option<f64>) -> Scenario {
    world.faults.push(rule("fault", kind, target, Start::At(vec![secs(at)]), lasts.map(always_secs)));
    world
}

fn rebuilt(simulation: &Toys) -> Vec<(u64, u64)> {
    rows(simulation, |_, kind| match kind {
        TraceKind::StateRebuilt { acknowledged, kept, .. } => Some((acknowledged, kept)),
        _ => None,
    })
}

const HOST: Target = Target::RandomNodes(1);

#[test]
fn a_crashed_host_is_down_for_the_fault_and_its_boot_and_its_agent_until_it_has_replayed() {
    let crash = FaultKind::Crash { disk_lost: false };
    let simulation = finished(with(keeper(Sync::Always), crash, HOST, 30, Some(5.0)), ToyConfiguration::default(), 1);
    let at = |wanted: fn(TraceKind) -> bool| rows(&simulation, |at, kind| wanted(kind).then(|| seconds(at)));
    assert_eq!(at(|kind| matches!(kind, TraceKind::NodeDown(NodeId(0)))), [30.0]);
    assert_eq!(at(|kind| matches!(kind, TraceKind::NodeUp(NodeId(0)))), [0.0, 37.0]);
    let ready = at(|kind| matches!(kind, TraceKind::AgentReady(AgentId(0))));
    // Boot, start-up, and some 1,475 entries at 100 us.
    assert!(ready[1] > 37.6 && ready[1] < 37.7, "{ready:?}");
    assert_eq!(simulation.model.machine(NodeId(0)).map(|toy| toy.lives), Some(1), "records outlive a crash");
}

#[test]
fn as_s2_a_crash_of_the_host_loses_what_was_acknowledged_and_not_flushed() {
    let crash = FaultKind::Crash { disk_lost: false };
    let kept = |sync| {
        let world = with(keeper(sync), crash.clone(), HOST, 30, Some(1.0));
        rebuilt(&finished(world, ToyConfiguration::default(), 1))[1]
    };
    let (acknowledged, safe) = kept(Sync::Always);
    assert!(acknowledged > 1_400 && safe == acknowledged, "{safe} of {acknowledged}");
    let (acknowledged, some) = kept(Sync::Every(Duration::from_secs(7)));
    assert!(some < acknowledged && some > acknowledged / 2, "{some} of {acknowledged}");
    assert_eq!(kept(Sync::Never).1, 0);
}

#[test]
fn a_crash_of_the_process_loses_nothing_that_was_acknowledged() {
    let target = Target::Service(ServiceId(0));
    let world = with(keeper(Sync::Never), FaultKind::AgentCrash, target, 30, None);
    let (acknowledged, kept) = rebuilt(&finished(world, ToyConfiguration::default(), 1))[1];
    assert!(acknowledged > 1_400);
    assert_eq!(kept, acknowledged);
}

#[test]
fn a_lost_disk_loses_everything() {
    let crash = FaultKind::Crash { disk_lost: true };
    let simulation = finished(with(keeper(Sync::Always), crash, HOST, 30, Some(1.0)), ToyConfiguration::default(), 1);
    assert_eq!(rebuilt(&simulation)[1].1, 0);
    assert_eq!(simulation.model.machine(NodeId(0)).map(|toy| toy.lives), Some(0));
}

#[test]
fn a_paused_host_does_nothing_and_loses_nothing() {
    let mut world = with(keeper(Sync::Always), FaultKind::Pause, HOST, 30, Some(3.0));
    world.loads[0].policy.timeout = Duration::from_secs(10);
    world.loads[0].deadline = Duration::from_secs(10);
    world.services[0].queue = 1_000;
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let requests = simulation.model.recorder.loads[0].requests;
    // Requests before the agent was ready were refused; all later ones were answered, if late.
    assert!(requests.failed <= 26, "{requests:?}");
    let longest = simulation.model.recorder.loads[0].answered.max();
    assert!((2_900_000_000..4_500_000_000).contains(&longest), "{longest}");
}

#[test]
fn a_leaking_agent_is_killed_when_memory_runs_out_and_not_before() {
    let target = Target::Service(ServiceId(0));
    let mut world = with(keeper(Sync::Always), FaultKind::MemoryLeak { rate: Bytes::from_mib(100) }, target, 10, Some(15.0));
    world.cluster.hosts[0].memory = Bytes::from_mib(1000);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let deaths = rows(&simulation, |at, kind| match kind {
        TraceKind::AgentDown { exit, .. } => Some((exit, seconds(at))),
        _ => None,
    });
    assert_eq!(deaths.len(), 1);
    assert_eq!(deaths[0].0, Exit::OutOfMemory);
    assert!((deaths[0].1 - 20.0).abs() < 0.001, "1000 MiB at 100 MiB/s: {}", deaths[0].1);
}

#[test]
fn a_stuck_agent_answers_nothing_until_it_is_free() {
    let target = Target::Service(ServiceId(0));
    let mut world = with(keeper(Sync::Always), FaultKind::Hang, target, 30, Some(5.0));
    world.run.sample_every = Duration::from_secs(1);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let answered = |second: usize| simulation.model.recorder.series[second].requests.succeeded;
    assert_eq!((answered(29), answered(32), answered(40)), (50, 0, 50));
}

#[test]
fn with_restarts_off_a_dead_agent_stays_dead() {
    let target = Target::Service(ServiceId(0));
    let world = with(keeper(Sync::Always), FaultKind::AgentCrash, target, 30, None);
    let ready = |restart| {
        let simulation = finished(world.clone(), ToyConfiguration { restart, ..ToyConfiguration::default() }, 1);
        rows(&simulation, |_, kind| matches!(kind, TraceKind::AgentReady(_)).then_some(())).len()
    };
    assert_eq!((ready(true), ready(false)), (2, 1));
}

#[test]
fn overlapping_crashes_keep_a_host_down_until_the_last_is_repaired() {
    let crash = FaultKind::Crash { disk_lost: false };
    let world = with(keeper(Sync::Always), crash.clone(), HOST, 20, Some(10.0));
    let world = with(world, crash, HOST, 25, Some(10.0));
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let up = rows(&simulation, |at, kind| matches!(kind, TraceKind::NodeUp(_)).then(|| seconds(at)));
    assert_eq!(up, [0.0, 37.0]);
}
