//! Requests and queues.

use hms_machine::{CallOutcome, Distribution};
use hms_scenario::model::{Arrivals, FaultKind, Scenario, Start, Target};

use super::*;
use crate::faults::example::{always_secs, load, ratio, rule, scenario, secs};

/// One agent of one service on one host, requests at `rate` per second that need `work` seconds on average.
fn queue(rate: f64, work: Distribution, workers: u32) -> Scenario {
    let mut world = short(scenario(1, 1), 20_000);
    world.services.truncate(1);
    world.services[0].replicas = 1;
    world.services[0].workers = workers;
    world.services[0].queue = 1_000_000;
    world.services[0].work = work;
    world.cluster.hosts[0].cores = workers;
    world.cluster.hosts[0].stack_cpu = Duration::ZERO;
    world.loads = vec![load("users", Arrivals::Poisson { rate })];
    world.loads[0].policy.timeout = Duration::from_secs(100_000);
    world.loads[0].deadline = Duration::from_secs(100_000);
    world.run.warmup = Duration::from_secs(100);
    world.run.sample_every = Duration::from_secs(100);
    world
}

fn mean_latency(world: Scenario) -> f64 {
    let mut simulation = simulation(world, ToyConfiguration::default(), 1, Detail::Changes);
    run(&mut simulation);
    simulation.model.recorder.loads[0].answered.mean() / 1e9
}

#[test]
fn r10_an_m_m_1_queue_has_its_mean_sojourn() {
    // 1 / (mu - lambda) = 1 / (10 - 8).
    let mean = mean_latency(queue(8.0, Distribution::exponential(0.1e9).unwrap(), 1));
    assert!((mean - 0.5).abs() < 0.05, "{mean}");
}

#[test]
fn r10_an_m_d_1_queue_has_its_mean_sojourn() {
    // Pollaczek-Khinchine: s + rho s / (2 (1 - rho)) = 0.1 + 0.8 * 0.1 / 0.4.
    let mean = mean_latency(queue(8.0, always_secs(0.1), 1));
    assert!((mean - 0.3).abs() < 0.03, "{mean}");
}

#[test]
fn a_full_queue_refuses_at_once_and_a_request_out_of_time_fails() {
    let mut world = queue(40.0, always_secs(0.1), 1);
    world.run.duration = Duration::from_secs(200);
    world.services[0].queue = 5;
    world.loads[0].policy.timeout = Duration::from_secs(10);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let requests = simulation.model.recorder.loads[0].requests;
    let answered = requests.succeeded as f64 / 100.0;
    assert!((answered - 10.0).abs() < 0.3, "a server of 10/s answers 10/s: {answered}");
    let refused = rows(&simulation, |_, kind| match kind {
        TraceKind::Attempt { outcome: CallOutcome::Refused, elapsed, .. } => Some(elapsed),
        _ => None,
    });
    assert!(!refused.is_empty() && refused.iter().all(|elapsed| elapsed.is_zero()));
}

#[test]
fn requests_never_answered_count_as_failed_with_the_time_their_client_waited() {
    let mut world = queue(10.0, always_secs(0.001), 1);
    world.run.duration = Duration::from_secs(200);
    world.loads[0].policy.timeout = Duration::from_secs(2);
    let crash = FaultKind::Crash { disk_lost: false };
    world.faults = vec![rule("down", crash, Target::Nodes(vec![hms_machine::NodeId(0)]), Start::At(vec![secs(150)]), None)];
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let load = &simulation.model.recorder.loads[0];
    assert!((400..600).contains(&load.requests.failed), "{:?}", load.requests);
    assert_eq!(load.ended.max() / 10_000_000, 200);
    assert!(load.answered.max() < 200_000_000);
}

#[test]
fn r8_retries_keep_a_queue_collapsed_after_a_spike_and_not_without_them() {
    let collapse = |retries, queue_bound| {
        let mut world = queue(8.0, Distribution::exponential(0.1e9).unwrap(), 1);
        world.run.duration = Duration::from_secs(400);
        world.services[0].queue = queue_bound;
        world.loads[0].policy.timeout = Duration::from_secs(4);
        world.loads[0].policy.retries = retries;
        let surge = FaultKind::Surge { factor: 30.0 / 8.0 };
        world.faults = vec![rule("spike", surge, Target::Load(0), Start::At(vec![secs(120)]), Some(always_secs(5.0)))];
        world.run.sample_every = Duration::from_secs(1);
        let simulation = finished(world, ToyConfiguration::default(), 2);
        let last = &simulation.model.recorder.series[300..];
        let succeeded: u64 = last.iter().map(|row| row.requests.succeeded).sum();
        let ended: u64 = last.iter().map(|row| row.requests.succeeded + row.requests.failed).sum();
        succeeded as f64 / ended as f64
    };
    assert!(collapse(3, 100) < 0.5, "{}", collapse(3, 100));
    assert!(collapse(0, 100) > 0.95, "{}", collapse(0, 100));
    assert!(collapse(3, 35) > 0.95, "{}", collapse(3, 35));
}

#[test]
fn poison_kills_whoever_works_on_it_and_the_agent_comes_back() {
    let mut world = queue(10.0, always_secs(0.001), 1);
    world.run.duration = Duration::from_secs(300);
    world.run.warmup = Duration::ZERO;
    world.loads[0].poison = ratio(0.01);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let deaths = rows(&simulation, |_, kind| matches!(kind, TraceKind::AgentDown { .. }).then_some(()));
    assert!((15..50).contains(&deaths.len()), "{}", deaths.len());
    let requests = simulation.model.recorder.loads[0].requests;
    assert!(requests.succeeded > 2_800, "{requests:?}");
}
