//! Requests at the door: who is asked, who is turned away, what is told at the end.

use hms_machine::{CallOutcome, Input, Priority, ServiceId};
use hms_scenario::model::{Arrivals, FaultKind};

use super::*;
use crate::faults::example::{always_secs, load, ratio, service};

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

/// [`pair`] with one replica, on host 0.
fn single(rate: f64, work: f64) -> Scenario {
    let mut world = pair(rate, work);
    world.services[0].replicas = 1;
    world
}

#[test]
fn a_request_that_is_shed_is_refused_at_once_and_counted() {
    let mut world = single(10.0, 0.01);
    world.loads[0].priority = Priority(3);
    world.loads.push(load("others", Arrivals::Regular { rate: 10.0 }));
    let simulation = scripted(world, |_, input, cx| match input {
        Input::Request(request) if request.priority > Priority(2) => {
            cx.shed(request.id);
            // The first word counts.
            cx.admit(request.id);
            true
        }
        _ => false,
    });
    let [poor, rich] = [0, 1].map(|load: usize| simulation.model.recorder.loads[load].requests);
    assert_eq!((poor.succeeded, rich.failed), (0, 0));
    let ends = toy(&simulation, EDGE).ends();
    assert!(ends.iter().all(|end| end.outcome == CallOutcome::Refused && end.elapsed.is_zero()));
    let shed = simulation.model.recorder.shed;
    assert_eq!((shed, shed), (poor.failed, ends.len() as u64));
    // The last one came with the last row.
    assert_eq!(simulation.model.recorder.series.iter().map(|row| row.shed).sum::<u64>(), shed - 1);
    let server = toy(&simulation, 0);
    assert_eq!(server.requests().len(), 2 * ends.len());
    assert_eq!(server.requests_ended().len() as u64, rich.succeeded, "of a request that it has shed a node hears no more");
}

#[test]
fn a_node_is_told_how_full_its_agent_is_and_how_long_a_request_has_waited() {
    let mut world = single(1.0, 0.1);
    world.services[0].workers = 1;
    world.loads = vec![load("burst", Arrivals::Timestamps { at: vec![secs(5), secs(5), secs(5)] })];
    let simulation = scripted(world, |_, _, _| false);
    let server = toy(&simulation, 0);
    let found: Vec<_> = server.requests().iter().map(|(_, request)| (request.waiting, request.busy)).collect();
    assert_eq!(found, [(0, 0), (0, 1), (1, 1)]);
    let ok = |waited, elapsed| (CallOutcome::Ok, MILLIS(waited), MILLIS(elapsed));
    assert_eq!(server.requests_ended(), [ok(0, 100), ok(100, 200), ok(200, 300)]);
    assert!(server.requests().iter().all(|(_, request)| request.from == NodeId(EDGE)));
}

#[test]
fn a_request_that_was_let_in_and_found_the_queue_full_has_ended_for_its_node() {
    let mut world = single(1.0, 0.1);
    world.services[0].workers = 1;
    world.services[0].queue = 0;
    world.loads = vec![load("burst", Arrivals::Timestamps { at: vec![secs(5), secs(5)] })];
    let simulation = scripted(world, |_, _, _| false);
    let refused = (CallOutcome::Refused, Duration::ZERO, Duration::ZERO);
    assert_eq!(toy(&simulation, 0).requests_ended(), [refused, (CallOutcome::Ok, Duration::ZERO, MILLIS(100))]);
    let shed: u64 = simulation.model.recorder.series.iter().map(|row| row.shed).sum();
    assert_eq!(shed, 0, "a full queue is not the stack's doing");
}

#[test]
fn a_node_is_not_asked_while_its_agent_is_not_ready_nor_about_start_up_questions() {
    let mut world = single(10.0, 0.01);
    world.services[0].startup = always_secs(5.0);
    world.services.push(service("needy", 1));
    world.services[1].needs = vec![ServiceId(0)];
    let simulation = scripted(world, |_, _, _| false);
    let requests = toy(&simulation, 0).requests();
    assert!(requests.iter().all(|(at, _)| *at >= secs(5)));
    assert_eq!(requests.len(), 151, "from 5 s to 20 s, both included");
    assert_eq!(rows(&simulation, |_, kind| matches!(kind, TraceKind::AgentReady { .. }).then_some(())).len(), 2);
}

#[test]
fn work_that_fails_is_told_as_an_error() {
    let simulation = scripted(strike(single(10.0, 0.01), FaultKind::Gray { errors: ratio(1.0) }, 0, 0, 100.0), |_, _, _| false);
    let ended = toy(&simulation, 0).requests_ended();
    assert!(ended.len() > 100 && ended.iter().all(|(outcome, ..)| *outcome == CallOutcome::Error));
}

#[test]
fn being_asked_costs_the_stack_of_the_host_its_time() {
    let mut world = single(50.0, 0.001);
    world.cluster.hosts[0].stack_cpu = MILLIS(1);
    let simulation = finished(world, ToyConfiguration::default(), 1);
    let cpu: f64 = simulation.model.recorder.series.iter().map(|row| row.stack_cpu.as_secs_f64()).sum();
    // Two steps of a millisecond for each of a thousand requests.
    assert!((cpu - 2.0).abs() < 0.05, "{cpu}");
}

#[test]
fn a_surge_makes_closed_clients_think_faster_and_a_herd_comes_on_top() {
    let requests = |kind: Option<FaultKind>| {
        let mut world = single(1.0, 0.0);
        world.loads = vec![load("closed", Arrivals::Closed { clients: 10, think: always_secs(1.0) })];
        if let Some(kind) = kind {
            world.faults.push(rule("fault", kind, Target::Load(0), Start::At(vec![secs(5)]), Some(always_secs(10.0))));
        }
        let simulation = finished(world, ToyConfiguration::default(), 1);
        let series = simulation.model.recorder.series.clone();
        let requests = |rows: &[crate::world::SeriesRow]| rows.iter().map(|row| row.requests.succeeded).sum::<u64>();
        [requests(&series[..5]), requests(&series[5..15]), requests(&series[15..20])]
    };
    let calm = requests(None);
    assert_eq!(calm, [50, 100, 50]);
    assert_eq!(requests(Some(FaultKind::Surge { factor: 3.0 })), [50, 300, 50]);
    assert_eq!(requests(Some(FaultKind::Surge { factor: 0.0 })), [50, 0, 50]);
    assert_eq!(requests(Some(FaultKind::Herd { requests: 40 })), [50, 140, 50]);
}
