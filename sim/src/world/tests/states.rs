//! Checkpoints, shipped copies, and from where a start takes its state.

use hms_machine::{AgentEvent, AgentId, Bytes, Exit, Holders, StateSource};
use hms_scenario::model::{Arrivals, DiskFailure, FaultKind, Journal, LinkFault, RateStep, Scenario, Start, Sync, Target};

use super::*;
use crate::faults::example::{always_secs, load, ratio, rule, scenario, secs};
use crate::network::Counters;

const A: AgentId = AgentId(0);
const ENTRY: u64 = 1000;
const SNAPSHOT: u64 = 5_000;

/// An agent on host 0 of three that journals 50 requests a second, 40 s, and no disk at work at the end.
fn keeper() -> Scenario {
    let mut world = short(scenario(3, 1), 40);
    world.run.duration += Duration::from_millis(10);
    world.services.truncate(1);
    world.services[0].replicas = 1;
    world.services[0].workers = 10;
    world.services[0].startup = always_secs(0.1);
    world.services[0].journal = Some(Journal {
        writes: ratio(1.0),
        entry: Bytes(ENTRY),
        sync: Sync::Always,
        replay: Duration::from_millis(1),
        snapshot: Bytes(SNAPSHOT),
    });
    world.cluster.hosts[0].boot = always_secs(1.0);
    world.cluster.hosts.iter_mut().for_each(|host| host.stack_cpu = Duration::ZERO);
    world.loads = vec![load("users", Arrivals::Regular { rate: 50.0 })];
    world
}

fn with(mut world: Scenario, kind: FaultKind, target: Target, at: u64, lasts: Option<f64>) -> Scenario {
    world.faults.push(rule("fault", kind, target, Start::At(vec![secs(at)]), lasts.map(always_secs)));
    world
}

/// 50 requests a second for the first nine seconds.
fn until_9_s() -> Arrivals {
    let step = |at, rate| RateStep { at: secs(at), rate };
    Arrivals::Steps { steps: vec![step(0, 50.0), step(9, 0.0)] }
}

fn node(index: u32) -> Target {
    Target::Nodes(vec![NodeId(index)])
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rebuilt {
    node: NodeId,
    acknowledged: u64,
    kept: u64,
    source: StateSource,
}

fn rebuilt(simulation: &Toys) -> Vec<Rebuilt> {
    rows(simulation, |_, kind| match kind {
        TraceKind::StateRebuilt { node, acknowledged, kept, source, .. } => Some(Rebuilt { node, acknowledged, kept, source }),
        _ => None,
    })
}

fn exits(simulation: &Toys) -> Vec<Exit> {
    rows(simulation, |_, kind| match kind {
        TraceKind::AgentDown { exit, .. } => Some(exit),
        _ => None,
    })
}

/// From start to readiness, of each life that became ready.
fn starts(simulation: &Toys) -> Vec<f64> {
    let begun = std::cell::Cell::new(0.0);
    rows(simulation, |at, kind| match kind {
        TraceKind::AgentStarting { .. } => {
            begun.set(seconds(at));
            None
        }
        TraceKind::AgentReady { .. } => Some(seconds(at) - begun.get()),
        _ => None,
    })
}

fn news(simulation: &Toys, node: u32) -> Vec<AgentEvent> {
    simulation.model.machine(NodeId(node)).expect("is up").news.iter().map(|(_, event)| *event).collect()
}

fn service_bytes(simulation: &Toys) -> u64 {
    let Counters { service, .. } = simulation.model.network.counters();
    service.bytes_sent.0
}

/// What the files on a host take up is what its disk says.
fn check_disks(simulation: &Toys) {
    for index in 0..simulation.model.hosts() {
        let host = simulation.model.nodes[index].host.as_ref().expect("is a host");
        let states = host.instances.iter().map(|instance| simulation.model.instances[instance.index()].state.bytes().0);
        let copies = host.copies.values().map(|copy| copy.file.bytes().0);
        let files = states.chain(copies).sum::<u64>() + host.records.bytes_durable().0;
        assert_eq!(host.disk.occupied(), Bytes(files), "host {index}");
    }
}

/// Ships every second from second 1 to the crash.
fn shipping(until: u64) -> Vec<(u64, u32, Order)> {
    (1..until).map(|at| (at, 0, Order::Ship(A, NodeId(1)))).collect()
}

#[test]
fn with_the_disk_lost_a_copy_keeps_what_was_shipped_and_the_own_disk_nothing() {
    let lost = FaultKind::Crash { disk_lost: true };
    let world = with(keeper(), lost, node(0), 20, None);
    let moved = |source| {
        let mut orders = shipping(20);
        orders.push((22, 2, Order::Start(A, source)));
        let simulation = finished(world.clone(), script(&orders), 1);
        check_disks(&simulation);
        assert!(
            simulation.model.recorder.trace.iter().any(|row| matches!(row.kind, TraceKind::AgentReady { node: NodeId(2), .. }))
        );
        rebuilt(&simulation)[1]
    };
    let replica = StateSource::Replica(Holders::one(NodeId(1)));
    let copied = moved(replica);
    // Entries of the last second were not shipped.
    assert_eq!((copied.node, copied.source), (NodeId(2), replica));
    assert!(copied.acknowledged > 950 && (49..=51).contains(&(copied.acknowledged - copied.kept)), "{copied:?}");
    let alone = moved(StateSource::Local);
    assert_eq!((alone.acknowledged, alone.kept), (copied.acknowledged, 0));
}

#[test]
fn the_node_that_holds_a_copy_can_start_from_it() {
    let world = with(keeper(), FaultKind::Crash { disk_lost: true }, node(0), 20, None);
    let mut orders = shipping(20);
    orders.push((22, 1, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1))))));
    orders.push((23, 0, Order::Route(A, NodeId(1))));
    // And what is moved on ships on from where it is.
    orders.extend([(30, 1, Order::Ship(A, NodeId(2)))]);
    let simulation = finished(world, script(&orders), 1);
    let found = rebuilt(&simulation)[1];
    assert!(found.kept > 900, "{found:?}");
    assert!(
        matches!(news(&simulation, 1)[..], [AgentEvent::Ready, AgentEvent::Shipped { to: NodeId(2), entries }] if entries > 1200)
    );
    check_disks(&simulation);
}

#[test]
fn a_copy_that_is_not_there_or_does_not_come_ends_the_start() {
    let start = (10, 2, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1)))));
    let simulation = finished(keeper(), script(&[start]), 1);
    assert_eq!(exits(&simulation), [Exit::CorruptState]);
    // With the holder down, after the third question.
    let world = with(keeper(), FaultKind::Crash { disk_lost: false }, node(1), 5, None);
    let simulation = finished(world, script(&[start]), 1);
    let ends = rows(&simulation, |at, kind| match kind {
        TraceKind::AgentDown { node: NodeId(2), exit, .. } => Some((exit, seconds(at))),
        _ => None,
    });
    assert_eq!(ends, [(Exit::CorruptState, 17.1)]);
}

/// One bit flips on host 0 at 20 s; then the agent is killed and started from `source` at 22 s.
fn after_a_flip(source: StateSource, checkpoints: &[u64], bits: u32) -> Toys {
    let flip = FaultKind::Disk(DiskFailure::BitFlips { bits });
    let world = with(keeper(), flip, node(0), 20, None);
    let mut orders = shipping(20);
    orders.extend(checkpoints.iter().map(|at| (*at, 0, Order::Checkpoint(A))));
    orders.sort_by_key(|(at, ..)| *at);
    orders.extend([(21, 0, Order::Stop(A, Duration::ZERO)), (22, 0, Order::Start(A, source))]);
    finished(world, strict(&orders), 1)
}

#[test]
fn damage_is_an_error_for_who_wants_everything_and_ends_the_state_for_who_takes_less() {
    let local = after_a_flip(StateSource::Local, &[], 3);
    assert_eq!(exits(&local), [Exit::Stopped, Exit::CorruptState]);
    assert_eq!(rebuilt(&local).len(), 1, "nothing was built");
    let truncated = after_a_flip(StateSource::Truncated, &[], 3);
    assert_eq!(exits(&truncated), [Exit::Stopped]);
    let cut = rebuilt(&truncated)[1];
    assert!(cut.kept < cut.acknowledged && cut.acknowledged > 1_000, "{cut:?}");
    check_disks(&truncated);
    let replica = after_a_flip(StateSource::Replica(Holders::one(NodeId(1))), &[], 3);
    let copied = rebuilt(&replica)[1];
    assert!(copied.kept > cut.kept && copied.kept > 900, "{copied:?}");
    check_disks(&replica);
}

#[test]
fn the_checkpoint_before_the_newest_gets_round_damage_in_the_newest() {
    // Nearly all that is on the disk is the newest checkpoint.
    let mut world = keeper();
    world.services[0].journal.as_mut().unwrap().snapshot = Bytes::from_mib(100);
    world.cluster.hosts[0].disk.bandwidth = u64::MAX;
    let misdirected = FaultKind::Disk(DiskFailure::Misdirected { share: ratio(1.0) });
    // Without requests meanwhile, only the second checkpoint goes astray.
    world.loads[0].arrivals = until_9_s();
    let world = with(world, misdirected, node(0), 12, Some(2.0));
    let started = |source| {
        let orders = [
            (5, 0, Order::Checkpoint(A)),
            (13, 0, Order::Checkpoint(A)),
            (21, 0, Order::Stop(A, Duration::ZERO)),
            (22, 0, Order::Start(A, source)),
        ];
        let simulation = finished(world.clone(), strict(&orders), 1);
        check_disks(&simulation);
        (exits(&simulation).len(), rebuilt(&simulation).get(1).copied())
    };
    assert_eq!(started(StateSource::Local), (2, None));
    assert_eq!(started(StateSource::Truncated), (2, None));
    let (exits, found) = started(StateSource::Previous);
    let found = found.expect("it is built");
    assert!(exits == 1 && found.kept == found.acknowledged && found.kept > 400, "{found:?}");
}

#[test]
fn a_checkpoint_shortens_the_next_start() {
    let death = (31, 0, Order::Stop(A, Duration::ZERO));
    let start = (32, 0, Order::Start(A, StateSource::Local));
    let long = finished(keeper(), strict(&[death, start]), 1);
    let short = finished(keeper(), strict(&[(30, 0, Order::Checkpoint(A)), death, start]), 1);
    assert!(news(&short, 0).contains(&AgentEvent::Checkpointed { ok: true }));
    // 31 s of 50 entries at 1 ms each, or one second of them.
    let (long_start, short_start) = (starts(&long)[1], starts(&short)[1]);
    assert!((1.6..1.8).contains(&long_start) && (0.14..0.2).contains(&short_start), "{long_start} {short_start}");
    for simulation in [&long, &short] {
        let found = rebuilt(simulation)[1];
        assert_eq!(found.kept, found.acknowledged);
        check_disks(simulation);
    }
}

#[test]
fn a_crash_during_a_checkpoint_leaves_the_older_one() {
    let mut world = keeper();
    world.services[0].journal.as_mut().unwrap().snapshot = Bytes::from_mib(200);
    world.loads[0].arrivals = until_9_s();
    // At 100 MB/s, writing takes 2.1 s.
    let world = with(world, FaultKind::Crash { disk_lost: false }, node(0), 21, Some(1.0));
    let simulation = finished(world, script(&[(10, 0, Order::Checkpoint(A)), (20, 0, Order::Checkpoint(A))]), 1);
    let found = rebuilt(&simulation)[1];
    assert!(found.kept == found.acknowledged && found.kept > 400, "{found:?}");
    let instance = &simulation.model.instances[0];
    assert_eq!(instance.state.newest_checkpoint(), Some(found.kept), "the first, made after all entries");
    check_disks(&simulation);
}

#[test]
fn a_process_that_dies_over_its_checkpoint_leaves_nothing_of_it() {
    let mut world = keeper();
    world.services[0].journal.as_mut().unwrap().snapshot = Bytes::from_mib(200);
    let orders =
        [(20, 0, Order::Checkpoint(A)), (21, 0, Order::Stop(A, Duration::ZERO)), (22, 0, Order::Start(A, StateSource::Local))];
    let simulation = finished(world, strict(&orders), 1);
    assert_eq!(simulation.model.instances[0].state.newest_checkpoint(), None);
    assert!(!news(&simulation, 0).contains(&AgentEvent::Checkpointed { ok: true }));
    check_disks(&simulation);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told() {
    let world = with(keeper(), FaultKind::Disk(DiskFailure::Full), node(0), 10, Some(5.0));
    let orders = [(12, 0, Order::Checkpoint(A)), (12, 1, Order::Checkpoint(A))];
    let simulation = finished(world, script(&orders), 1);
    for node in [0, 1] {
        assert!(news(&simulation, node).contains(&AgentEvent::Checkpointed { ok: false }), "{node}");
    }
    assert_eq!(simulation.model.instances[0].state.newest_checkpoint(), None);
}

#[test]
fn shipping_costs_the_bytes_of_the_entries_and_of_the_messages() {
    let mut world = keeper();
    world.loads[0].arrivals = until_9_s();
    let with_shipments = finished(world.clone(), script(&[(10, 0, Order::Ship(A, NodeId(1)))]), 1);
    let [.., AgentEvent::Shipped { to: NodeId(1), entries }] = news(&with_shipments, 0)[..] else { panic!("not shipped") };
    let extra = service_bytes(&with_shipments) - service_bytes(&finished(world.clone(), script(&[]), 1));
    assert_eq!(extra, entries * ENTRY + 2 * 64);
    // Nothing new: two headers more.
    let twice = finished(world, script(&[(10, 0, Order::Ship(A, NodeId(1))), (11, 0, Order::Ship(A, NodeId(1)))]), 1);
    assert_eq!(service_bytes(&twice) - service_bytes(&with_shipments), 2 * 64);
}

#[test]
fn what_was_lost_on_the_way_is_part_of_the_next_shipment() {
    let cut = FaultKind::Link(LinkFault::Loss { share: ratio(1.0) });
    let world = with(keeper(), cut, node(1), 5, Some(4.0));
    let simulation = finished(world, script(&shipping(12)), 1);
    let shipped: Vec<u64> = news(&simulation, 0)
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Shipped { entries, .. } => Some(*entries),
            _ => None,
        })
        .collect();
    // Seconds 1 to 4, and 9 to 11: about 50 entries more each second, and the gap is made up for at once.
    assert_eq!(shipped.len(), 7, "{shipped:?}");
    assert!(shipped[4] - shipped[3] > 240 && shipped[6] > 540, "{shipped:?}");
    let model = &simulation.model;
    let copy = &model.nodes[1].host.as_ref().unwrap().copies[&A].file;
    assert_eq!(copy.history(), &model.instances[0].state.history().first(shipped[6]));
    check_disks(&simulation);
}

#[test]
fn a_receiver_that_has_lost_its_disk_says_so_and_is_sent_everything() {
    let world = with(keeper(), FaultKind::Crash { disk_lost: true }, node(1), 10, Some(2.0));
    let simulation = finished(world, script(&shipping(20)), 1);
    let shipped: Vec<u64> = news(&simulation, 0)
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Shipped { entries, .. } => Some(*entries),
            _ => None,
        })
        .collect();
    let emptied = shipped.iter().position(|entries| *entries == 0).expect("it says that it has nothing");
    assert!(emptied > 5 && shipped[emptied + 1] > shipped[emptied - 1], "{shipped:?}");
    check_disks(&simulation);
}

#[test]
fn a_receiver_without_what_came_before_has_no_copy() {
    let world = with(keeper(), FaultKind::Crash { disk_lost: true }, node(1), 10, Some(1.0));
    let mut orders = shipping(10);
    orders.extend([(12, 0, Order::Ship(A, NodeId(1))), (14, 2, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1)))))]);
    let simulation = finished(world, strict(&orders), 1);
    assert_eq!(news(&simulation, 0).last(), Some(&AgentEvent::Shipped { to: NodeId(1), entries: 0 }));
    assert_eq!(exits(&simulation), [Exit::CorruptState]);
    check_disks(&simulation);
}

#[test]
fn a_copy_that_was_written_astray_ends_where_the_damage_begins() {
    let misdirected = FaultKind::Disk(DiskFailure::Misdirected { share: ratio(1.0) });
    let world = with(keeper(), misdirected, node(1), 10, Some(2.0));
    let mut orders = shipping(20);
    orders.push((22, 2, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1))))));
    let simulation = finished(world, script(&orders), 1);
    // The shipments of seconds 10 and 11 are lost, and what comes behind them is of no use.
    let found = rebuilt(&simulation)[1];
    assert!((440..=455).contains(&found.kept), "{found:?}");
    check_disks(&simulation);
}

#[test]
fn of_two_instances_the_one_that_was_started_later_owns_the_copy() {
    let mut orders = shipping(12);
    orders.extend([
        (12, 2, Order::Start(A, StateSource::Local)),
        (13, 0, Order::Route(A, NodeId(2))),
        (15, 0, Order::Route(A, NodeId(0))),
        (16, 2, Order::Ship(A, NodeId(1))),
        (17, 0, Order::Ship(A, NodeId(1))),
    ]);
    let simulation = finished(keeper(), script(&orders), 1);
    let model = &simulation.model;
    let copy = &model.nodes[1].host.as_ref().unwrap().copies[&A].file;
    let second = model.instance_at(A, NodeId(2)).unwrap();
    assert_eq!(copy.history(), model.instances[second.index()].state.history());
    check_disks(&simulation);
}

#[test]
fn entries_that_two_instances_acknowledged_are_counted_on_the_agent() {
    let orders = [
        (10, 2, Order::Start(A, StateSource::Local)),
        (12, 0, Order::Route(A, NodeId(2))),
        (22, 0, Order::Route(A, NodeId(0))),
        (30, 0, Order::Stop(A, Duration::ZERO)),
        (31, 0, Order::Start(A, StateSource::Local)),
    ];
    let simulation = finished(keeper(), strict(&orders), 1);
    let found = rebuilt(&simulation);
    assert_eq!((found[1].node, found[1].kept), (NodeId(2), 0));
    assert!((490..=501).contains(&found[1].acknowledged), "{found:?}");
    // Ten seconds of entries are with the other instance.
    assert!((498..=502).contains(&(found[2].acknowledged - found[2].kept)), "{found:?}");
}

#[test]
fn a_larger_state_takes_longer_to_come_over_a_narrow_link() {
    let ready = |bandwidth| {
        let mut world = with(keeper(), FaultKind::Crash { disk_lost: true }, node(0), 20, None);
        for path in [&mut world.network.rack, &mut world.network.zone, &mut world.network.region] {
            path.bandwidth = bandwidth;
            path.queue = Bytes::from_mib(10);
        }
        let mut orders = shipping(20);
        orders.push((22, 2, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1))))));
        starts(&finished(world, script(&orders), 1))[1]
    };
    // Some 950 kB at 1 MB/s.
    let longer = ready(Some(1_000_000)) - ready(None);
    assert!((0.9..1.0).contains(&longer), "{longer}");
}

#[test]
fn a_shipped_checkpoint_keeps_the_copy_short() {
    let mut orders: Vec<_> = (1..30).map(|at| (at, 0, Order::Ship(A, NodeId(1)))).collect();
    orders.extend([(10, 0, Order::Checkpoint(A)), (20, 0, Order::Checkpoint(A))]);
    orders.sort_by_key(|(at, ..)| *at);
    let simulation = finished(keeper(), script(&orders), 1);
    let copy = &simulation.model.nodes[1].host.as_ref().unwrap().copies[&A].file;
    assert!(copy.history().len() > 1_400);
    assert!(copy.bytes() < Bytes(SNAPSHOT + 510 * ENTRY), "{:?}", copy.bytes());
    check_disks(&simulation);
}

#[test]
fn w6_moves_and_copies_can_be_reproduced_and_continued_from_a_snapshot() {
    let lost = FaultKind::Crash { disk_lost: true };
    let world = with(
        with(keeper(), lost, node(0), 20, Some(3.0)),
        FaultKind::Link(LinkFault::Loss { share: ratio(0.3) }),
        node(1),
        5,
        None,
    );
    let mut orders = shipping(20);
    orders.extend([(9, 0, Order::Checkpoint(A)), (22, 2, Order::Start(A, StateSource::Replica(Holders::one(NodeId(1)))))]);
    orders.extend([(26, 0, Order::Route(A, NodeId(2))), (30, 2, Order::Ship(A, NodeId(1)))]);
    orders.sort_by_key(|(at, ..)| *at);
    let straight = finished(world.clone(), script(&orders), 1);
    assert_eq!(finished(world.clone(), script(&orders), 1).hash(), straight.hash());
    for cut in [8_001, 9_000, 20_000, 22_101, 30_000] {
        let mut stopped = simulation(world.clone(), script(&orders), 1, Detail::Full);
        stopped.run(&crate::kernel::Limits::until(Instant::from_nanos(cut * 1_000_000))).unwrap();
        let mut restored = stopped.clone();
        run(&mut stopped);
        run(&mut restored);
        assert_eq!((restored.hash(), stopped.hash()), (straight.hash(), straight.hash()), "{cut}");
    }
}

#[test]
fn stack_costs_are_told_apart_by_component() {
    let chat = Some(Duration::from_millis(100));
    let mut world = keeper();
    world.cluster.hosts.iter_mut().for_each(|host| host.stack_cpu = Duration::from_micros(5));
    let simulation = finished(world, ToyConfiguration { chat, ..script(&shipping(20)) }, 1);
    let recorder = &simulation.model.recorder;
    let [health, supervisor, breaker, overload] = recorder.stack_bytes_by;
    assert!(health > 0 && [supervisor, breaker, overload] == [0, 0, 0], "the toy only chats");
    let sent: u64 = recorder.series.iter().map(|row| row.stack_bytes).sum();
    let by: u64 = recorder.series.iter().map(|row| row.stack_bytes_by.iter().sum::<u64>()).sum();
    assert_eq!(by, sent);
    let cpu = |component: usize| recorder.series.iter().fold(Duration::ZERO, |sum, row| sum + row.stack_cpu_by[component]);
    // Shipments and confirmations, at 5 us each.
    assert_eq!(cpu(1), Duration::from_micros(5 * 2 * 19));
    let total = recorder.series.iter().fold(Duration::ZERO, |sum, row| sum + row.stack_cpu);
    let by = (0..4).map(cpu).fold(Duration::ZERO, |sum, cpu| sum + cpu);
    assert!(by.as_nanos().abs_diff(total.as_nanos()) < 1_000_000, "{by:?} {total:?}");
}
