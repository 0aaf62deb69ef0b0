//! Same inputs, same bytes; and what two stacks under one seed have in common.

use hms_machine::{Distribution, Duration, Instant};
use hms_scenario::model::{Arrivals, Call, FanOut, FaultKind, Journal, LinkFault, Scenario, Start, Sync, Target};
use proptest::prelude::*;

use super::*;
use crate::faults::example::{always_secs, exponential_secs, load, ratio, rule, scenario, secs};
use crate::kernel::QueueKind;

/// Two services, a journal, latency and loss, and a few faults.
fn busy() -> Scenario {
    let mut world = short(scenario(6, 3), 60);
    let latency = Distribution::lognormal(400_000.0, 0.5).unwrap();
    for path in [&mut world.network.rack, &mut world.network.zone, &mut world.network.region] {
        path.latency = latency.clone();
    }
    let policy = load("other", Arrivals::Poisson { rate: 1.0 }).policy;
    world.services[0].work = Distribution::exponential(2e6).unwrap();
    world.services[0].workers = 4;
    world.services[0].calls = vec![Call { service: hms_machine::ServiceId(1), count: 1, chance: ratio(0.7), policy }];
    world.services[0].fan_out = FanOut::Parallel;
    world.services[1].work = Distribution::exponential(1e6).unwrap();
    world.services[1].workers = 4;
    world.services[1].startup = always_secs(0.2);
    world.services[1].journal = Some(Journal {
        writes: ratio(0.5),
        entry: hms_machine::Bytes(256),
        sync: Sync::Always,
        replay: Duration::from_micros(10),
    });
    world.loads = vec![load("users", Arrivals::Poisson { rate: 50.0 })];
    world.loads[0].policy.retries = 2;
    world.loads[0].policy.backoff.base = Duration::from_millis(10);
    world.loads[0].policy.backoff.max = Duration::from_millis(100);
    world.loads[0].policy.backoff.jitter = ratio(0.5);
    let every = |mean| Start::Every(exponential_secs(mean));
    let nodes = Target::Nodes((0..6).map(hms_machine::NodeId).collect());
    let crash = FaultKind::Crash { disk_lost: false };
    world.faults = vec![
        rule("crashes", crash, nodes.clone(), every(40.0), Some(exponential_secs(3.0))),
        rule("pauses", FaultKind::Pause, nodes, every(30.0), Some(exponential_secs(0.5))),
        rule("deaths", FaultKind::AgentCrash, Target::RandomReplica(hms_machine::ServiceId(1)), every(10.0), None),
        rule(
            "loss",
            FaultKind::Link(LinkFault::Loss { share: ratio(0.3) }),
            Target::Cluster,
            Start::At(vec![secs(20)]),
            Some(always_secs(5.0)),
        ),
    ];
    world
}

#[test]
fn w6_one_seed_gives_one_trace_and_another_seed_another() {
    let hash = |seed| finished(busy(), ToyConfiguration::default(), seed).hash();
    assert_eq!(hash(7), hash(7));
    assert_ne!(hash(7), hash(8));
}

#[test]
fn the_queue_structure_changes_nothing() {
    let hash = |queue| {
        let setup = Setup { queue, ..Setup::default() };
        let mut simulation = World::<Toy>::simulation(Arc::new(busy()), ToyConfiguration::default(), Seed(3), setup);
        run(&mut simulation);
        simulation.hash()
    };
    assert_eq!(hash(QueueKind::Heap), hash(QueueKind::Ladder));
}

#[test]
fn how_much_is_recorded_changes_nothing() {
    let hash = |detail| {
        let mut simulation = simulation(busy(), ToyConfiguration::default(), 5, detail);
        run(&mut simulation);
        simulation.hash()
    };
    assert_eq!(hash(Detail::Changes), hash(Detail::Full));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_restored_snapshot_runs_on_as_if_it_had_never_stopped(seed in 0u64..1_000, cut in 1u64..60_000) {
        let straight = finished(busy(), ToyConfiguration::default(), seed);
        let mut stopped = simulation(busy(), ToyConfiguration::default(), seed, Detail::Full);
        stopped.run(&Limits::until(Instant::from_nanos(cut * 1_000_000))).unwrap();
        let mut restored = stopped.clone();
        // What the original does after the snapshot must not reach it.
        run(&mut stopped);
        run(&mut restored);
        prop_assert_eq!(stopped.hash(), straight.hash());
        prop_assert_eq!(restored.hash(), straight.hash());
        prop_assert_eq!(&restored.model.recorder.trace, &straight.model.recorder.trace);
    }
}

/// Start and latency of every attempt, with plenty of room on every host, so that only draws decide.
fn attempts(chat: Option<Duration>) -> Vec<(Instant, Duration)> {
    let mut world = busy();
    world.faults.retain(|fault| fault.name == "loss");
    for host in &mut world.cluster.hosts {
        host.cores = 1000;
        host.stack_cpu = Duration::ZERO;
        host.disk.bandwidth = u64::MAX;
    }
    world.services.iter_mut().for_each(|service| service.workers = 1000);
    let simulation = finished(world, ToyConfiguration { chat, ..ToyConfiguration::default() }, 11);
    let mut attempts = rows(&simulation, |at, kind| match kind {
        TraceKind::Attempt { elapsed, .. } => Some((at, elapsed)),
        _ => None,
    });
    attempts.sort_unstable();
    attempts
}

#[test]
fn a_stack_that_talks_ten_times_as_much_leaves_every_draw_of_the_world_as_it_was() {
    let quiet = attempts(None);
    assert!(quiet.len() > 3_000, "{}", quiet.len());
    assert_eq!(quiet, attempts(Some(Duration::from_millis(100))));
    assert_eq!(quiet, attempts(Some(Duration::from_millis(10))));
}

#[test]
fn two_stacks_under_one_seed_meet_the_same_faults() {
    let schedule =
        |restart| finished(busy(), ToyConfiguration { restart, ..ToyConfiguration::default() }, 11).model.schedule.digest();
    assert_eq!(schedule(true), schedule(false));
}
