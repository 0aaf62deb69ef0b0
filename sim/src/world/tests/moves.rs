//! Agents on other nodes than their first, and orderly stops.

use hms_machine::{AgentEvent, AgentId, Bytes, CallOutcome, Exit, ServiceId, StateSource};
use hms_scenario::model::{Arrivals, FaultKind, Journal, Scenario, Start, Sync, Target};

use super::*;
use crate::faults::example::{always_secs, load, ratio, rule, scenario, secs};

const A: AgentId = AgentId(0);
const LOCAL: StateSource = StateSource::Local;

/// An agent on host 0 of three; a request every 20 ms, 30 s.
fn wanderer() -> Scenario {
    let mut world = short(scenario(3, 1), 30);
    world.services.truncate(1);
    world.services[0].replicas = 1;
    world.services[0].workers = 10;
    world.services[0].work = always_secs(0.001);
    world.services[0].startup = always_secs(0.1);
    world.cluster.hosts[0].boot = always_secs(1.0);
    world.cluster.hosts.iter_mut().for_each(|host| host.stack_cpu = Duration::ZERO);
    world.run.sample_every = Duration::from_secs(1);
    world.loads = vec![load("users", Arrivals::Regular { rate: 50.0 })];
    world
}

fn with(mut world: Scenario, kind: FaultKind, target: Target, at: u64, lasts: Option<f64>) -> Scenario {
    world.faults.push(rule("fault", kind, target, Start::At(vec![secs(at)]), lasts.map(always_secs)));
    world
}

fn outcomes(simulation: &Toys, wanted: CallOutcome) -> Vec<f64> {
    rows(simulation, |at, kind| match kind {
        TraceKind::Attempt { outcome, .. } if outcome == wanted => Some(seconds(at)),
        _ => None,
    })
}

fn served(simulation: &Toys) -> Vec<NodeId> {
    rows(simulation, |_, kind| match kind {
        TraceKind::AgentServed { node, .. } => Some(node),
        _ => None,
    })
}

fn deaths(simulation: &Toys) -> Vec<(NodeId, Exit, f64)> {
    rows(simulation, |at, kind| match kind {
        TraceKind::AgentDown { node, exit, .. } => Some((node, exit, seconds(at))),
        _ => None,
    })
}

#[test]
fn an_agent_that_is_started_elsewhere_serves_there() {
    let crash = FaultKind::Crash { disk_lost: false };
    let world = with(wanderer(), crash, Target::Nodes(vec![NodeId(0)]), 10, None);
    let orders = [(11, 2, Order::Start(A, LOCAL)), (12, 0, Order::Route(A, NodeId(2)))];
    let simulation = finished(world.clone(), script(&orders), 1);
    assert_eq!(served(&simulation), [NodeId(0), NodeId(2)]);
    let answered = |simulation: &Toys, second: usize| simulation.model.recorder.series[second].requests.succeeded;
    assert_eq!((answered(&simulation, 9), answered(&simulation, 11), answered(&simulation, 20)), (50, 0, 50));
    assert_eq!(simulation.model.recorder.series[20].agents_ready, 1);
    // Without the move it stays down with its host.
    assert_eq!(answered(&finished(world, script(&[]), 1), 20), 0);
}

#[test]
fn a_request_for_an_agent_that_is_not_there_is_refused() {
    let simulation = finished(wanderer(), script(&[(10, 0, Order::Route(A, NodeId(1))), (20, 0, Order::Route(A, NodeId(0)))]), 1);
    let refused = outcomes(&simulation, CallOutcome::Refused);
    let within = refused.iter().filter(|at| (10.0..20.0).contains(*at)).count();
    assert!((499..=501).contains(&within), "{within}");
    assert!(
        refused.iter().all(|at| *at < 0.2 || (10.0..=20.01).contains(at)),
        "before the agent is ready, and while it is sought elsewhere"
    );
}

#[test]
fn two_instances_of_an_agent_may_run_at_once_and_are_both_recorded() {
    let orders = [(10, 1, Order::Start(A, LOCAL)), (12, 0, Order::Route(A, NodeId(1))), (15, 0, Order::Route(A, NodeId(0)))];
    let simulation = finished(wanderer(), script(&orders), 1);
    let ready = rows(&simulation, |_, kind| match kind {
        TraceKind::AgentReady { agent, node } => Some((agent, node)),
        _ => None,
    });
    assert_eq!(ready, [(A, NodeId(0)), (A, NodeId(1))]);
    assert_eq!(served(&simulation), [NodeId(0), NodeId(1)]);
    assert_eq!(deaths(&simulation), []);
    assert_eq!(simulation.model.recorder.series[20].agents_ready, 1, "one agent, in two places");
}

#[test]
fn starting_an_instance_that_runs_changes_nothing() {
    let hash = |orders: &[(u64, u32, Order)]| finished(wanderer(), script(orders), 1).model.recorder.trace.len();
    let twice = [(10, 1, Order::Start(A, LOCAL)), (11, 1, Order::Start(A, LOCAL))];
    assert_eq!(hash(&twice), hash(&twice[..1]));
}

#[test]
fn instances_share_the_memory_of_their_host() {
    let mut world = wanderer();
    world.services[0].memory.base = Bytes::from_mib(600);
    world.services.push(crate::faults::example::service("other", 1));
    world.services[1].memory.base = Bytes::from_mib(300);
    world.services[1].placement = hms_scenario::model::Placement::Nodes(vec![NodeId(1)]);
    let fits = script(&[(10, 1, Order::Start(A, LOCAL))]);
    assert_eq!(deaths(&finished(world.clone(), fits.clone(), 1)), []);
    world.services[1].memory.base = Bytes::from_mib(500);
    let killed = deaths(&finished(world, fits, 1));
    assert_eq!(killed, [(NodeId(1), Exit::OutOfMemory, 10.0)]);
}

#[test]
fn a_hang_stays_with_the_process_and_gray_failure_goes_where_the_agent_goes() {
    let orders = [(12, 1, Order::Start(A, LOCAL)), (13, 0, Order::Route(A, NodeId(1)))];
    let target = Target::Service(ServiceId(0));
    let answered = |kind: FaultKind| {
        let simulation = finished(with(wanderer(), kind, target.clone(), 10, Some(10.0)), script(&orders), 1);
        [11, 15, 25].map(|second| simulation.model.recorder.series[second].requests.succeeded)
    };
    assert_eq!(answered(FaultKind::Hang), [0, 50, 50]);
    assert_eq!(answered(FaultKind::Gray { errors: ratio(1.0) }), [0, 0, 50]);
}

#[test]
fn a_crash_loop_follows_an_agent_and_ends_with_the_fault() {
    let looped = FaultKind::CrashLoop { after: always_secs(0.5) };
    let world = with(wanderer(), looped, Target::Service(ServiceId(0)), 10, Some(5.0));
    let orders = [(12, 1, Order::Start(A, LOCAL)), (16, 1, Order::Start(A, LOCAL))];
    let deaths = deaths(&finished(world, strict(&orders), 1));
    assert_eq!(deaths, [(NodeId(0), Exit::Abnormal, 10.0), (NodeId(1), Exit::Abnormal, 12.5)]);
}

/// Requests of 300 ms each, one after the other from 10 s on.
fn slow() -> Scenario {
    let mut world = wanderer();
    world.services[0].work = always_secs(0.3);
    world.services[0].workers = 1;
    world.loads[0].arrivals = Arrivals::Regular { rate: 1.0 };
    world.loads[0].policy.timeout = Duration::from_secs(5);
    world.loads[0].deadline = Duration::from_secs(5);
    world
}

#[test]
fn an_orderly_stop_lets_work_finish_and_refuses_new_requests() {
    let world = slow();
    let busy = |grace| {
        // Requests come at whole seconds, and this one has 300 ms of work before it.
        let simulation = finished(world.clone(), strict(&[(10, 0, Order::Stop(A, grace))]), 1);
        let errors = outcomes(&simulation, CallOutcome::Error).len();
        let refused = outcomes(&simulation, CallOutcome::Refused).iter().filter(|at| **at > 5.0).count();
        (deaths(&simulation), errors, refused)
    };
    let (dead, errors, refused) = busy(Duration::from_secs(2));
    assert_eq!((dead.len(), dead[0].1, errors), (1, Exit::Stopped, 0));
    assert!((10.0..10.4).contains(&dead[0].2) && refused >= 19, "{dead:?} {refused}");
    let (dead, errors, _) = busy(Duration::from_millis(100));
    assert!(errors <= 1 && dead[0].2 <= 10.1 + 1e-6, "{dead:?}");
}

#[test]
fn what_is_left_at_the_end_of_the_grace_is_killed() {
    let mut world = slow();
    world.services[0].work = always_secs(4.0);
    let stop = |grace| {
        let simulation = finished(world.clone(), strict(&[(10, 0, Order::Stop(A, grace))]), 1);
        (deaths(&simulation)[0], outcomes(&simulation, CallOutcome::Reset).len())
    };
    let (dead, errors) = stop(Duration::from_millis(500));
    assert_eq!(dead, (NodeId(0), Exit::Stopped, 10.5));
    assert!(errors >= 1, "their callers hear of it");
    let (dead, _) = stop(Duration::ZERO);
    assert_eq!(dead, (NodeId(0), Exit::Stopped, 10.0));
}

#[test]
fn a_stuck_process_does_not_stop_by_itself() {
    let world = with(wanderer(), FaultKind::Hang, Target::Service(ServiceId(0)), 9, Some(20.0));
    let simulation = finished(world, strict(&[(10, 0, Order::Stop(A, Duration::from_secs(3)))]), 1);
    assert_eq!(deaths(&simulation), [(NodeId(0), Exit::Stopped, 13.0)]);
}

#[test]
fn the_node_hears_of_a_stop_and_the_journal_is_flushed_before() {
    let mut world = wanderer();
    let journal = Journal {
        writes: ratio(1.0),
        entry: Bytes(100),
        sync: Sync::Never,
        replay: Duration::ZERO,
        snapshot: Bytes::from_kib(10),
    };
    world.services[0].journal = Some(journal);
    let crash = FaultKind::Crash { disk_lost: false };
    let world = with(world, crash, Target::Nodes(vec![NodeId(0)]), 15, Some(1.0));
    let kept = |grace| {
        let simulation = finished(world.clone(), strict(&[(10, 0, Order::Stop(A, grace))]), 1);
        let rebuilt = rows(&simulation, |_, kind| match kind {
            TraceKind::StateRebuilt { acknowledged, kept, .. } => Some((acknowledged, kept)),
            _ => None,
        });
        rebuilt[1]
    };
    let (acknowledged, after_flush) = kept(Duration::from_secs(1));
    assert!(acknowledged > 400 && after_flush == acknowledged, "{after_flush} of {acknowledged}");
    assert_eq!(kept(Duration::ZERO).1, 0, "a killed process flushes nothing, and the host's crash takes it");
    let mut simulation = simulation(wanderer(), strict(&[(10, 0, Order::Stop(A, Duration::from_secs(1)))]), 1, Detail::Changes);
    run(&mut simulation);
    let news = &simulation.model.machine(NodeId(0)).unwrap().news;
    assert_eq!(news.as_slice(), [(A, AgentEvent::Ready), (A, AgentEvent::Exited(Exit::Stopped))]);
}
