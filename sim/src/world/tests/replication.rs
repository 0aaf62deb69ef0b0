//! Acknowledgements that wait for copies, and starts that ask for them.

use hms_machine::{AgentId, Bytes, Holders, Replication, StateSource};
use hms_scenario::model::{Journal, LinkFault, Sync};

use super::*;
use crate::faults::example::ratio;

const A: AgentId = AgentId(0);

/// An agent on host 0 of four that journals 100 requests a second for 30 s.
fn keeper() -> Scenario {
    let mut world = short(scenario(4, 1), 30);
    world.services.truncate(1);
    world.services[0].replicas = 1;
    world.services[0].workers = 50;
    world.services[0].startup = always_secs(0.1);
    world.services[0].journal = Some(Journal {
        writes: ratio(1.0),
        entry: Bytes(1000),
        sync: Sync::Always,
        replay: Duration::ZERO,
        snapshot: Bytes(5_000),
    });
    world.cluster.hosts[0].boot = always_secs(1.0);
    world.loads = vec![load("users", Arrivals::Regular { rate: 100.0 })];
    world
}

fn with(mut world: Scenario, kind: FaultKind, on: u32, at: u64, lasts: Option<f64>) -> Scenario {
    let name = format!("fault of {on} at {at}");
    let target = Target::Nodes(vec![NodeId(on)]);
    world.faults.push(rule(&name, kind, target, Start::At(vec![secs(at)]), lasts.map(always_secs)));
    world
}

fn cut() -> FaultKind {
    FaultKind::Link(LinkFault::Loss { share: ratio(1.0) })
}

fn holders() -> Holders {
    [NodeId(1), NodeId(2)].into_iter().collect()
}

fn rule_of(copies: u32, epoch: u32) -> Order {
    Order::Replicate(A, Replication { holders: holders(), copies, epoch })
}

fn played(world: Scenario, orders: &[(u64, u32, Order)]) -> Toys {
    finished(world, strict(orders), 1)
}

/// Acknowledged before and kept, at each start with something to keep.
fn rebuilt(simulation: &Toys) -> Vec<(u64, u64)> {
    let rows = simulation.model.recorder.trace.iter();
    rows.filter_map(|row| match row.kind {
        TraceKind::StateRebuilt { acknowledged, kept, .. } if acknowledged > 0 => Some((acknowledged, kept)),
        _ => None,
    })
    .collect()
}

fn answered(simulation: &Toys, from: u64, until: u64) -> u64 {
    let inside = |row: &&crate::world::SeriesRow| {
        row.at > Instant::ZERO + Duration::from_secs(from) && row.at <= Instant::ZERO + Duration::from_secs(until)
    };
    simulation.model.recorder.series.iter().filter(inside).map(|row| row.requests.succeeded).sum()
}

/// The disk of host 0 is lost at 20 s, and host 3 takes over from the holders.
fn moved_after(copies: u32, lossy: bool) -> Vec<(u64, u64)> {
    let mut world = with(keeper(), FaultKind::Crash { disk_lost: true }, 0, 20, None);
    if lossy {
        world = with(world, FaultKind::Link(LinkFault::Loss { share: ratio(0.3) }), 1, 5, None);
    }
    let mut orders = vec![(0, 0, rule_of(copies, 0))];
    // Without waiting, what is shipped now and then.
    if copies == 0 {
        orders.extend((1..20).map(|at| (at, 0, Order::Ship(A, NodeId(1)))));
    }
    orders.push((22, 3, Order::Start(A, StateSource::Replica(holders()))));
    rebuilt(&played(world, &orders))
}

#[test]
fn as_s2_nothing_acknowledged_is_lost_with_the_host_where_acknowledgements_wait_for_a_copy_and_else_something_is() {
    for copies in [1, 2] {
        for lossy in [false, true] {
            let [(acknowledged, kept)] = moved_after(copies, lossy)[..] else { panic!("not started") };
            assert!(acknowledged > 500 && kept == acknowledged, "{copies} copies: {kept} of {acknowledged}");
        }
    }
    let [(acknowledged, kept)] = moved_after(0, false)[..] else { panic!("not started") };
    assert!(kept < acknowledged);
}

#[test]
fn without_enough_holders_in_reach_writes_fail_and_they_go_on_when_one_is_back() {
    let world = with(with(keeper(), cut(), 1, 10, Some(5.0)), cut(), 2, 10, Some(10.0));
    let succeeded = |copies| {
        let simulation = played(world.clone(), &[(0, 0, rule_of(copies, 0))]);
        [(11, 15), (16, 20), (21, 29)].map(|(from, until)| answered(&simulation, from, until))
    };
    let [both_away, one_away, none_away] = succeeded(1);
    assert!(both_away == 0 && one_away > 350 && none_away > 750, "{both_away} {one_away} {none_away}");
    let [both_away, one_away, none_away] = succeeded(2);
    assert!(both_away == 0 && one_away == 0 && none_away > 750, "{both_away} {one_away} {none_away}");
    let [both_away, ..] = succeeded(0);
    assert!(both_away > 350);
}

#[test]
fn a_copy_costs_bytes_and_time() {
    let cost = |copies| {
        let simulation = played(keeper(), &[(0, 0, rule_of(copies, 0))]);
        let bytes = simulation.model.network.counters().service.bytes_sent.0;
        let latency = simulation.model.recorder.loads[0].answered.value_at_quantile(0.5);
        (bytes, latency)
    };
    let (without, one, two) = (cost(0), cost(1), cost(2));
    // Some 3,000 entries of 1,000 bytes to two holders.
    assert!(one.0 - without.0 > 5_500_000, "{} {}", one.0, without.0);
    assert!(without.1 < one.1 && one.1 <= two.1, "{} {} {}", without.1, one.1, two.1);
}

/// Host 3 starts a second process of the agent from the holders at 10 s; calls go to host 0 all the time, or to host 3 from 15 s on.
fn overtaken(then: &[(u64, u32, Order)]) -> Toys {
    let mut orders = vec![
        (0, 0, rule_of(1, 0)),
        (10, 3, rule_of(1, 1)),
        (10, 3, Order::Start(A, StateSource::Replica(holders().with_quorum(2)))),
    ];
    orders.extend_from_slice(then);
    played(keeper(), &orders)
}

#[test]
fn an_instance_that_has_been_replaced_acknowledges_nothing_any_more() {
    let simulation = overtaken(&[(15, 0, Order::Route(A, NodeId(3)))]);
    assert!(answered(&simulation, 0, 9) > 850);
    assert_eq!(answered(&simulation, 11, 15), 0, "host 0 is fenced off");
    assert!(answered(&simulation, 16, 29) > 1200, "host 3 works");
    assert!(rebuilt(&simulation).iter().all(|(acknowledged, kept)| kept == acknowledged));
}

#[test]
fn an_instance_that_was_moved_back_is_heard_again() {
    let simulation = overtaken(&[(15, 3, Order::Stop(A, Duration::ZERO)), (15, 0, rule_of(1, 2))]);
    assert_eq!(answered(&simulation, 11, 15), 0);
    assert!(answered(&simulation, 16, 29) > 1200);
}

#[test]
fn a_start_that_needs_a_quorum_waits_for_it_and_one_that_does_not_takes_what_there_is() {
    // Holder 1 has missed everything since 5 s; holder 2 has it all and is away when the start asks.
    let world = with(keeper(), cut(), 1, 5, Some(10.0));
    let world = with(with(world, FaultKind::Crash { disk_lost: true }, 0, 15, None), cut(), 2, 15, Some(8.0));
    let started = |quorum| {
        let source = StateSource::Replica(holders().with_quorum(quorum));
        rebuilt(&played(world.clone(), &[(0, 0, rule_of(1, 0)), (17, 3, Order::Start(A, source))]))
    };
    let [(acknowledged, kept)] = started(1)[..] else { panic!("not started") };
    assert!(kept < acknowledged);
    let [(acknowledged, kept)] = started(2)[..] else { panic!("not started") };
    assert!(kept == acknowledged && acknowledged > 1_000);
}

#[test]
fn a_quorum_that_has_nothing_makes_an_empty_beginning() {
    let source = StateSource::Replica(holders().with_quorum(2));
    let simulation = played(keeper(), &[(5, 3, Order::Start(A, source))]);
    let ready =
        simulation.model.recorder.trace.iter().any(|row| matches!(row.kind, TraceKind::AgentReady { node: NodeId(3), .. }));
    assert!(ready);
}
