//! What hosts say of themselves when their node asks.

use std::sync::Arc;

use hms_machine::{AgentId, Bytes, Context, Input, Reading};
use hms_scenario::model::{FaultKind, Journal, Memory, Sync};

use super::toy::Chat;
use super::*;
use crate::faults::example::{always_secs, ratio};

/// Asks the host once a second, half a second after the full one.
fn watchful(toy: &mut Toy, input: &Input<Chat>, cx: &mut Context<'_, Chat>) -> bool {
    match input {
        Input::Booted => {
            toy.alarm = Some(cx.now + Duration::from_millis(500));
            false
        }
        Input::Timeout => {
            toy.alarm = Some(cx.now + Duration::from_secs(1));
            cx.measure();
            true
        }
        _ => false,
    }
}

fn readings(simulation: &Toys, node: u32) -> Vec<Arc<Reading>> {
    toy(simulation, node).readings().into_iter().map(|(_, reading)| reading).collect()
}

/// A journal to whose disk every request writes.
fn every_request() -> Journal {
    Journal { writes: ratio(1.0), entry: Bytes(100), sync: Sync::Always, replay: Duration::ZERO, snapshot: Bytes::ZERO }
}

#[test]
fn a_slow_processor_shows_in_the_time_of_a_measurement() {
    let slow = FaultKind::SlowCpu { speed: ratio(0.2) };
    let mut world = strike(pair(1.0, 0.01), slow, 0, 5, 5.0);
    world.cluster.hosts[0].speed = 2.0;
    let simulation = scripted(world, watchful);
    let micros: Vec<_> = readings(&simulation, 0).iter().map(|read| read.cpu_elapsed.as_nanos() / 1_000).collect();
    assert_eq!(micros.len(), 20);
    assert!(micros[..5].iter().chain(&micros[10..]).all(|elapsed| *elapsed == 25), "{micros:?}");
    assert!(micros[5..10].iter().all(|elapsed| *elapsed == 125), "{micros:?}");
    assert!(readings(&simulation, 0).iter().all(|read| read.cpu_expected == Duration::from_micros(25)));
}

#[test]
fn a_crowded_processor_shows_as_well() {
    let mut world = pair(200.0, 0.02);
    world.cluster.hosts[0].cores = 1;
    let simulation = scripted(world, watchful);
    let last = readings(&simulation, 0).pop().expect("twenty of them");
    assert!(last.cpu_elapsed > Duration::from_millis(10), "{last:?}");
}

#[test]
fn an_edge_has_nothing_to_tell_and_tells_it_at_once() {
    let simulation = scripted(pair(1.0, 0.01), watchful);
    let (at, reading) = toy(&simulation, EDGE).readings().remove(0);
    assert_eq!(at, Instant::ZERO + Duration::from_millis(500));
    assert_eq!((reading.cpu_elapsed, reading.memory_capacity, reading.agents.len()), (Duration::ZERO, Bytes::ZERO, 0));
}

#[test]
fn a_reading_counts_what_disk_and_agents_have_done() {
    let mut world = pair(10.0, 0.01);
    world.services[0].replicas = 1;
    world.services[0].errors = ratio(0.5);
    world.services[0].memory = Memory { base: Bytes(1_000), per_request: Bytes::ZERO, growth: Bytes::ZERO };
    world.services[0].journal = Some(every_request());
    world.cluster.hosts[0].disk.write = always_secs(0.001);
    world.cluster.hosts[0].disk.fsync = always_secs(0.002);
    let leak = FaultKind::HandleLeak { rate: 10.0 };
    let simulation = scripted(strike(world, leak, 0, 0, 100.0), watchful);
    let last = readings(&simulation, 0).pop().expect("twenty of them");
    let [agent] = last.agents.as_slice() else { panic!("one agent: {:?}", last.agents) };
    assert_eq!((agent.agent, agent.running, agent.ready, agent.memory), (AgentId(0), true, true, Bytes(1_000)));
    assert_eq!((agent.waiting, agent.handles, agent.handles_max), (0, 195, 1_024));
    assert_eq!(agent.succeeded + agent.failed + u64::from(agent.busy), 195);
    assert!((60..140).contains(&agent.succeeded), "{agent:?}");
    assert_eq!(agent.entries, agent.succeeded);
    // The node's own record, the empty journal at start, and two operations for each entry.
    let operations = 2 + 1 + 2 * agent.entries;
    assert_eq!((last.disk.operations, last.disk.errors, last.disk.pending), (operations, 0, Duration::ZERO));
    let expected = Duration::from_millis(4) + Duration::from_millis(3).mul_f64(agent.entries as f64);
    assert!(last.disk.busy.saturating_sub(expected) < Duration::from_millis(1), "{:?} {expected:?}", last.disk.busy);
    assert!(last.disk.used >= Bytes(100 * agent.entries) && last.disk.capacity == Bytes::from_mib(1_024));
    assert_eq!((last.memory_used, last.memory_capacity), (Bytes(1_000), Bytes::from_mib(1_024)));
}

#[test]
fn a_disk_that_stands_still_shows_an_operation_that_does_not_end() {
    let stall = FaultKind::Disk(hms_scenario::model::DiskFailure::Stall);
    let mut world = pair(10.0, 0.01);
    world.services[0].journal = Some(every_request());
    let simulation = scripted(strike(world, stall, 0, 5, 10.0), watchful);
    let pending: Vec<_> = readings(&simulation, 0).iter().map(|read| read.disk.pending.as_secs_f64()).collect();
    assert!(pending[..5].iter().chain(&pending[16..]).all(|pending| *pending == 0.0), "{pending:?}");
    assert!((pending[14] - 9.4).abs() < 0.2, "{pending:?}");
}

#[test]
fn what_a_struck_disk_has_to_do_and_fails_is_noted_while_the_fault_lasts_and_nothing_otherwise() {
    let hindered = |failure: hms_scenario::model::DiskFailure| {
        let mut world = pair(10.0, 0.01);
        world.services[0].journal = Some(every_request());
        let simulation = scripted(strike(world, FaultKind::Disk(failure), 0, 5, 10.0), watchful);
        simulation.model.recorder.harm.hindered.clone()
    };
    use hms_scenario::model::DiskFailure::{Full, Stall};
    let full = hindered(Full);
    let within = |at: Instant| (5.0..=15.1).contains(&at.as_secs_f64());
    assert!(full.iter().all(|row| row.node == NodeId(0) && within(row.at)), "{full:?}");
    assert!(full.iter().any(|row| row.failed) && full.iter().any(|row| !row.failed));
    let stalled = hindered(Stall);
    assert!(!stalled.is_empty() && stalled.iter().all(|row| !row.failed && within(row.at)), "{stalled:?}");
}

#[test]
fn an_agent_that_is_dead_is_told_so_and_counts_anew_when_it_lives_again() {
    let mut world = strike(pair(10.0, 0.01), FaultKind::AgentCrash, 0, 5, 0.0);
    world.services[0].startup = always_secs(2.0);
    let simulation = scripted(world, watchful);
    let agents: Vec<_> = readings(&simulation, 0).iter().map(|read| read.agents[0]).collect();
    let seen = |second: usize| (agents[second].running, agents[second].ready, agents[second].succeeded > 0);
    assert_eq!(
        [seen(4), seen(5), seen(6), seen(9)],
        [(true, true, true), (true, false, false), (true, false, false), (true, true, true)]
    );
}
