//! The network as a whole, on small clusters.

use hms_machine::{Duration, Purpose, Ratio, Seed};
use hms_scenario::model::{Cluster, LatencyMatrix, Loss, Path, Rack, Reorder, Zone};
use proptest::prelude::*;

use super::*;
use crate::cluster::topology::tests::{host, three_zones};

const MILLI: u64 = 1_000_000;
const KEYED: Purpose = Purpose::named("test/keyed");

fn ratio(value: f64) -> Ratio {
    Ratio::new(value).unwrap()
}

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn constant(nanos: u64) -> Distribution {
    Distribution::constant(nanos as f64).unwrap()
}

fn path(latency: Distribution) -> Path {
    Path {
        latency,
        loss: Loss::Bernoulli(Ratio::ZERO),
        duplicate: Ratio::ZERO,
        reorder: Reorder { chance: Ratio::ZERO, hold: Distribution::ZERO },
        corrupt: Ratio::ZERO,
        bandwidth: None,
        queue: Bytes::from_mib(1),
    }
}

fn uniform(path: Path) -> model::Network {
    model::Network { host: path.clone(), rack: path.clone(), zone: path.clone(), region: path.clone(), wan: path, matrix: None }
}

fn network(path: Path) -> Network {
    Network::new(&uniform(path), &three_zones())
}

fn envelope(from: u32, to: u32) -> Envelope {
    Envelope { from: NodeId(from), to: NodeId(to), bytes: Bytes(1_000), class: Class::Stack }
}

fn onset(fault: u32, until: Option<u64>) -> Onset {
    Onset { fault: FaultId(fault), key: u64::from(fault), start: Instant::ZERO, until: until.map(at) }
}

fn streams() -> Streams {
    Streams::new(Seed(42))
}

fn whole_network() -> LinkSet {
    LinkSet { from: NodeSet::all(12), to: NodeSet::all(12), both: false }
}

fn arrival(fate: Fate) -> Instant {
    match fate {
        Fate::Deliver { at, .. } => at,
        Fate::Held | Fate::Dropped(_) => panic!("{fate:?}"),
    }
}

/// A path on which everything can happen.
fn eventful() -> Path {
    Path {
        loss: Loss::GilbertElliott { enter: ratio(0.1), leave: ratio(0.5), good: ratio(0.01), bad: ratio(0.6) },
        duplicate: ratio(0.1),
        reorder: Reorder { chance: ratio(0.2), hold: Distribution::exponential(5e6).unwrap() },
        corrupt: ratio(0.05),
        ..path(Distribution::lognormal(4e5, 0.5).unwrap())
    }
}

#[test]
fn latency_depends_on_how_far_apart_the_nodes_stand() {
    let model = model::Network {
        host: path(constant(1)),
        rack: path(constant(2)),
        zone: path(constant(3)),
        region: path(constant(4)),
        wan: path(constant(5)),
        matrix: None,
    };
    let mut network = Network::new(&model, &three_zones());
    let arrivals = [0, 1, 2, 4, 8].map(|to| arrival(network.send(&streams(), at(100), envelope(0, to), None)).as_nanos());
    assert_eq!(arrivals, [101, 102, 103, 104, 105]);
}

#[test]
fn a_matrix_replaces_the_latency_between_regions_only() {
    let millis = Duration::from_millis;
    let zero = Duration::ZERO;
    let matrix = LatencyMatrix {
        base: vec![vec![zero, millis(30)], vec![millis(40), zero]],
        jitter: vec![vec![zero; 2], vec![millis(10), zero]],
    };
    let model = model::Network { matrix: Some(matrix), ..uniform(path(constant(7))) };
    let mut network = Network::new(&model, &three_zones());
    assert_eq!(arrival(network.send(&streams(), at(0), envelope(0, 4), None)), at(7));
    assert_eq!(arrival(network.send(&streams(), at(0), envelope(0, 8), None)), at(30 * MILLI));

    let delays: Vec<f64> = (0..10_000)
        .map(|_| arrival(network.send(&streams(), at(0), envelope(8, 0), None)).as_nanos() as f64 / MILLI as f64)
        .collect();
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    assert!(delays.iter().all(|&delay| delay >= 40.0));
    // Base 40 ms and an exponential of mean and deviation 10 ms: five standard errors are 0.5 ms.
    assert!((mean - 50.0).abs() < 0.5, "{mean}");
}

#[test]
fn path_features_occur_in_their_shares() {
    let mut network = network(Path {
        duplicate: ratio(0.1),
        reorder: Reorder { chance: ratio(0.2), hold: constant(MILLI) },
        corrupt: ratio(0.05),
        ..path(constant(10))
    });
    let (mut again, mut late, mut damaged) = (0, 0, 0);
    for _ in 0..100_000 {
        let Fate::Deliver { at, again: copy, corrupt } = network.send(&streams(), Instant::ZERO, envelope(0, 1), None) else {
            panic!()
        };
        again += u32::from(copy.is_some());
        late += u32::from(at.as_nanos() > MILLI);
        damaged += u32::from(corrupt);
    }
    // Five standard deviations of binomial counts.
    assert!((again as f64 - 10_000.0).abs() < 475.0, "{again}");
    assert!((late as f64 - 20_000.0).abs() < 633.0, "{late}");
    assert!((damaged as f64 - 5_000.0).abs() < 345.0, "{damaged}");
    assert_eq!(network.counters().stack.duplicated, u64::from(again));
}

#[test]
fn a_held_message_is_overtaken() {
    let mut network = network(Path { reorder: Reorder { chance: ratio(0.5), hold: constant(MILLI) }, ..path(constant(10)) });
    let arrivals: Vec<u64> = (0..20).map(|k| arrival(network.send(&streams(), at(k), envelope(0, 1), None)).as_nanos()).collect();
    assert!(!arrivals.is_sorted());
}

/// The fate of message k of one key purpose, in a network in which `before` other messages were sent and `faults` are in progress.
fn keyed_fates(faults: impl Fn(&mut Network), noise: bool) -> Vec<Fate> {
    let mut network = network(Path { loss: Loss::Bernoulli(ratio(0.1)), ..eventful() });
    faults(&mut network);
    (0..200)
        .map(|ordinal| {
            if noise {
                network.send(&streams(), at(ordinal), envelope(0, 8), None);
            }
            network.send(&streams(), at(0), envelope(0, 8), Some(MessageKey { purpose: KEYED, entity: 3, ordinal }))
        })
        .collect()
}

#[test]
fn a_keyed_message_meets_the_same_luck_whatever_else_is_sent() {
    assert_eq!(keyed_fates(|_| {}, false), keyed_fates(|_| {}, true));
}

#[test]
fn keyed_messages_do_not_move_the_numbers_of_the_others_on_the_link() {
    let fates = |keyed: bool| -> Vec<Fate> {
        let mut network = network(Path { loss: Loss::Bernoulli(ratio(0.1)), ..eventful() });
        (0..200)
            .map(|ordinal| {
                if keyed {
                    network.send(
                        &streams(),
                        at(ordinal),
                        envelope(0, 8),
                        Some(MessageKey { purpose: KEYED, entity: 3, ordinal }),
                    );
                }
                network.send(&streams(), at(0), envelope(0, 8), None)
            })
            .collect()
    };
    assert_eq!(fates(false), fates(true));
}

#[test]
fn a_fault_adds_to_a_message_and_leaves_its_other_numbers_alone() {
    let plain = keyed_fates(|_| {}, false);
    let delayed =
        keyed_fates(|network| network.impair(onset(1, None), whole_network(), &LinkFault::Latency { delay: constant(5) }), false);
    for (plain, delayed) in plain.iter().zip(&delayed) {
        let expected = match *plain {
            Fate::Deliver { at, again, corrupt } => {
                let later = |at: Instant| at + Duration::from_nanos(5);
                Fate::Deliver { at: later(at), again: again.map(later), corrupt }
            }
            other => other,
        };
        assert_eq!(*delayed, expected);
    }

    let lossy =
        keyed_fates(|network| network.impair(onset(1, None), whole_network(), &LinkFault::Loss { share: ratio(0.5) }), false);
    let lost = lossy.iter().filter(|&&fate| fate == Fate::Dropped(DropReason::FaultLoss)).count();
    assert!((60..120).contains(&lost), "{lost}");
    for (plain, lossy) in plain.iter().zip(&lossy) {
        assert!(plain == lossy || *lossy == Fate::Dropped(DropReason::FaultLoss), "{plain:?} {lossy:?}");
    }
}

#[test]
fn switching_a_feature_of_the_path_on_leaves_the_latency_alone() {
    let lognormal = || path(Distribution::lognormal(4e5, 0.5).unwrap());
    let mut plain = network(lognormal());
    let mut marked = network(Path { corrupt: ratio(0.3), duplicate: ratio(0.3), ..lognormal() });
    for _ in 0..200 {
        let expected = arrival(plain.send(&streams(), at(0), envelope(0, 1), None));
        assert_eq!(arrival(marked.send(&streams(), at(0), envelope(0, 1), None)), expected);
    }
}

#[test]
fn two_loss_faults_strike_independently() {
    let mut network = network(path(constant(1)));
    for fault in 0..2 {
        network.impair(onset(fault, None), whole_network(), &LinkFault::Loss { share: ratio(0.5) });
    }
    for _ in 0..10_000 {
        network.send(&streams(), at(0), envelope(0, 1), None);
    }
    let lost = network.counters().stack.dropped_for(DropReason::FaultLoss);
    // 3/4 of 10,000; five standard deviations.
    assert!((lost as f64 - 7_500.0).abs() < 217.0, "{lost}");
}

#[test]
fn a_slow_card_delays_both_ways_and_twice_between_two_slow_hosts() {
    let mut network = network(path(constant(10)));
    network.slow_cards(onset(0, None), &[NodeId(0), NodeId(1)], &constant(100));
    let arrivals = [(0, 2), (2, 0), (0, 1), (2, 3), (0, 0)]
        .map(|(from, to)| arrival(network.send(&streams(), at(0), envelope(from, to), None)).as_nanos());
    assert_eq!(arrivals, [110, 110, 210, 10, 10]);
}

#[test]
fn a_clog_releases_what_was_sent_meanwhile_at_its_end_and_in_order() {
    let mut network = network(path(Distribution::uniform(1.0, 2_000.0).unwrap()));
    let before = arrival(network.send(&streams(), at(0), envelope(0, 1), None));
    network.impair(onset(0, Some(10_000)), whole_network(), &LinkFault::Clog);
    let arrivals: Vec<Instant> = (0..100).map(|k| arrival(network.send(&streams(), at(k * 100), envelope(0, 1), None))).collect();
    assert!(before < at(10_000));
    assert!(arrivals[0] == at(10_000) && arrivals.is_sorted());
    network.lift(FaultId(0));
    assert!(arrival(network.send(&streams(), at(10_000), envelope(0, 1), None)) <= at(12_000));
}

#[test]
fn a_clog_without_an_end_holds_messages_for_ever_and_they_stay_in_flight() {
    let mut network = network(path(constant(10)));
    network.impair(onset(0, Some(500)), whole_network(), &LinkFault::Clog);
    network.impair(onset(1, None), whole_network(), &LinkFault::Clog);
    assert_eq!(network.send(&streams(), at(0), envelope(0, 1), None), Fate::Held);
    network.counters().check_conservation();
    let traffic = network.counters().stack;
    assert_eq!((traffic.sent, traffic.in_flight, traffic.held), (1, 1, 1));
}

#[test]
fn the_narrowest_throttle_counts_and_the_path_is_free_again_afterwards() {
    let mut network = network(path(constant(0)));
    network.impair(onset(0, None), whole_network(), &LinkFault::Throttle { bandwidth: 1_000_000 });
    network.impair(onset(1, None), whole_network(), &LinkFault::Throttle { bandwidth: 500_000 });
    let send = |network: &mut Network, now| arrival(network.send(&streams(), at(now), envelope(0, 1), None));
    assert_eq!(send(&mut network, 0), at(2 * MILLI));
    network.lift(FaultId(1));
    assert_eq!(send(&mut network, 0), at(3 * MILLI));
    network.lift(FaultId(0));
    assert_eq!(send(&mut network, 0), at(0));
}

#[test]
fn the_queue_of_a_limited_link_drops_its_surplus() {
    let mut network = network(Path { bandwidth: Some(1_000_000), queue: Bytes(3_000), ..path(constant(5)) });
    let fates: Vec<Fate> = (0..5).map(|_| network.send(&streams(), at(0), envelope(0, 1), None)).collect();
    let arrivals: Vec<Instant> = fates[..3].iter().map(|&fate| arrival(fate)).collect();
    assert_eq!(arrivals, [1, 2, 3].map(|ms| at(ms * MILLI + 5)));
    assert_eq!(fates[3..], [Fate::Dropped(DropReason::Overflow); 2]);
    // Another link of the same sender has a queue of its own.
    assert_eq!(arrival(network.send(&streams(), at(0), envelope(0, 2), None)), at(MILLI + 5));
}

#[test]
fn a_cut_drops_what_is_sent_and_what_should_arrive_meanwhile() {
    let mut network = network(path(constant(100)));
    let early = envelope(0, 1);
    assert_eq!(arrival(network.send(&streams(), at(0), early, None)), at(100));
    network.partition(Onset { start: at(50), ..onset(0, None) }, &PartitionShape::Isolate(NodeId(1)));
    assert_eq!(network.send(&streams(), at(60), early, None), Fate::Dropped(DropReason::Cut));
    assert_eq!(network.arrive(at(100), early), Err(DropReason::Cut));
    assert!(!network.reachable(at(100), NodeId(0), NodeId(1)));
    network.lift(FaultId(0));
    assert!(network.reachable(at(100), NodeId(0), NodeId(1)));
    assert_eq!(network.counters().stack.dropped_for(DropReason::Cut), 2);
    network.counters().check_conservation();
}

/// The fates are part of the trace format: a change of this digest changes every simulated world.
#[test]
fn a_seed_gives_the_same_fates_for_ever() {
    let mut network = network(Path { bandwidth: Some(5_000_000), queue: Bytes(8_000), ..eventful() });
    (0..KINDS)
        .filter(|&kind| kind != 5)
        .for_each(|kind| begin(&mut network, onset(kind as u32, Some(MILLI)), kind, (kind as u32 % 12, 3)));
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for number in 0..20_000u64 {
        let (from, to) = (number % 12, number / 12 % 12);
        let words = match network.send(&streams(), at(number * 10_000), envelope(from as u32, to as u32), None) {
            Fate::Deliver { at, again, corrupt } => [at.as_nanos(), again.map_or(0, Instant::as_nanos), u64::from(corrupt)],
            Fate::Held => [1; 3],
            Fate::Dropped(reason) => [2, 2, reason as u64],
        };
        words.iter().for_each(|word| digest = (digest ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23));
    }
    assert_eq!(digest, 12_323_910_731_428_412_528);
    assert!(network.counters().total().in_flight > 5_000, "the digest sees little but drops: {:?}", network.counters());
}

#[test]
#[should_panic(expected = "a copy arrived that was not on its way")]
fn settling_a_copy_twice_is_noticed() {
    let mut network = network(path(constant(100)));
    network.send(&streams(), at(0), envelope(0, 1), None);
    network.deliver(envelope(0, 1));
    network.deliver(envelope(0, 1));
}

#[test]
fn a_large_cluster_keeps_state_only_for_links_in_use() {
    let cluster = Cluster {
        regions: vec!["r".to_owned()],
        zones: vec![Zone { name: "z".to_owned(), region: 0 }],
        racks: (0..250).map(|rack| Rack { name: format!("r{rack}"), zone: 0 }).collect(),
        hosts: (0..10_000).map(|index| host(format!("h{index}"), index / 40)).collect(),
    };
    let mut network = Network::new(&uniform(eventful()), &Topology::of(&cluster, &[]));
    for node in 0..10_000 {
        for step in 1..=10 {
            network.send(&streams(), at(0), envelope(node, (node + step * step) % 10_000), None);
        }
    }
    assert_eq!(network.links(), 100_000);
}

#[derive(Clone, Debug)]
enum Step {
    Send { from: u32, to: u32, keyed: bool, class: bool },
    Wait(u64),
    Begin { fault: u32, kind: usize, nodes: (u32, u32), lasting: Option<u64> },
    Lift(u32),
    Down(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..12u32, 0..12u32, any::<bool>(), any::<bool>()).prop_map(|(from, to, keyed, class)| Step::Send { from, to, keyed, class }),
        8 => (0..3 * MILLI).prop_map(Step::Wait),
        3 => (0..6u32, 0..KINDS, (0..12u32, 0..12u32), proptest::option::of(1..10 * MILLI))
            .prop_map(|(fault, kind, nodes, lasting)| Step::Begin { fault, kind, nodes, lasting }),
        2 => (0..6u32).prop_map(Step::Lift),
        1 => (0..12u32).prop_map(Step::Down),
    ]
}

const KINDS: usize = 13;

fn begin(network: &mut Network, onset: Onset, kind: usize, (one, other): (u32, u32)) {
    let (one, other) = (NodeId(one), NodeId(other));
    let links = LinkSet::touching(&[one, other], 12);
    let half = (0..6).map(NodeId).collect::<Vec<_>>();
    let rest = (6..12).map(NodeId).collect::<Vec<_>>();
    let isolate = || Box::new(PartitionShape::Isolate(one));
    match kind {
        0 => network.impair(onset, links, &LinkFault::Latency { delay: Distribution::exponential(1e6).unwrap() }),
        1 => network.impair(onset, links, &LinkFault::Loss { share: ratio(0.4) }),
        2 => network.impair(onset, links, &LinkFault::Duplicate { share: ratio(0.5) }),
        3 => network.impair(onset, links, &LinkFault::Reorder { share: ratio(0.5), hold: constant(MILLI) }),
        4 => network.impair(onset, links, &LinkFault::Corrupt { share: ratio(0.5) }),
        5 => network.impair(onset, links, &LinkFault::Clog),
        6 => network.impair(onset, links, &LinkFault::Throttle { bandwidth: 1_000_000 }),
        7 => network.slow_cards(onset, &[one, other], &constant(MILLI)),
        8 => network.partition(onset, &PartitionShape::Sides(vec![half, rest])),
        9 => network.partition(onset, &PartitionShape::OneWay { from: vec![one], to: rest }),
        10 => network.partition(onset, &PartitionShape::MajoritiesRing),
        11 => network.partition(onset, &PartitionShape::Bridge(one)),
        _ => {
            let (on, off) = (Duration::from_nanos(MILLI), Duration::from_nanos(2 * MILLI));
            network.partition(onset, &PartitionShape::Flapping { shape: isolate(), on, off });
        }
    }
}

/// A driver that keeps its own list of copies on their way.
struct Driver {
    network: Network,
    now: Instant,
    copies: Vec<(Instant, Envelope, bool)>,
    down: Option<NodeId>,
    sent: u64,
}

impl Driver {
    fn new(network: Network) -> Self {
        Driver { network, now: Instant::ZERO, copies: Vec::new(), down: None, sent: 0 }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Send { from, to, keyed, class } => {
                let class = if class { Class::Stack } else { Class::Service };
                let envelope = Envelope { class, ..envelope(from, to) };
                let key = keyed.then_some(MessageKey { purpose: KEYED, entity: 0, ordinal: self.sent });
                self.sent += 1;
                if let Fate::Deliver { at, again, corrupt } = self.network.send(&streams(), self.now, envelope, key) {
                    assert!(at >= self.now);
                    self.copies.extend([Some(at), again].into_iter().flatten().map(|at| (at, envelope, corrupt)));
                }
            }
            Step::Wait(nanos) => self.wait_until(self.now + Duration::from_nanos(nanos)),
            Step::Begin { fault, kind, nodes, lasting } => {
                let until = lasting.map(|lasting| self.now + Duration::from_nanos(lasting));
                begin(
                    &mut self.network,
                    Onset { fault: FaultId(fault), key: u64::from(fault), start: self.now, until },
                    kind,
                    nodes,
                );
            }
            Step::Lift(fault) => self.network.lift(FaultId(fault)),
            Step::Down(node) => self.down = Some(NodeId(node)),
        }
    }

    fn wait_until(&mut self, end: Instant) {
        self.copies.sort_by_key(|&(at, ..)| at);
        let due = self.copies.partition_point(|&(at, ..)| at <= end);
        for (at, envelope, corrupt) in self.copies.drain(..due) {
            if self.network.arrive(at, envelope).is_err() {
                continue;
            }
            if self.down == Some(envelope.to) {
                self.network.drop_at_receiver(envelope, DropReason::ReceiverDown);
            } else if corrupt {
                self.network.drop_at_receiver(envelope, DropReason::Corrupt);
            } else {
                self.network.deliver(envelope);
            }
        }
        self.now = end;
    }

    fn check(&self) {
        let counters = self.network.counters();
        counters.check_conservation();
        let total = counters.total();
        assert_eq!(total.in_flight, self.copies.len() as u64 + total.held);
        assert_eq!(total.sent, self.sent + total.duplicated);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_are_conserved_under_any_mix_of_faults(steps in proptest::collection::vec(step(), 1..300)) {
        let mut driver = Driver::new(network(Path { bandwidth: Some(5_000_000), queue: Bytes(4_000), ..eventful() }));
        for step in &steps {
            driver.run(step);
            driver.check();
        }
        driver.wait_until(Instant::MAX);
        driver.check();
    }

    #[test]
    fn overlapping_faults_lifted_in_any_order_leave_the_network_as_it_was(
        kinds in proptest::collection::vec((0..KINDS, (0..12u32, 0..12u32)), 6),
        order in Just((0..6u32).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let untouched = network(eventful());
        let mut touched = untouched.clone();
        for (fault, &(kind, nodes)) in kinds.iter().enumerate() {
            begin(&mut touched, onset(fault as u32, None), kind, nodes);
        }
        order.iter().for_each(|&fault| touched.lift(FaultId(fault)));
        let fates = |mut network: Network| -> Vec<Fate> {
            (0..12u32).flat_map(|from| (0..12).map(move |to| (from, to)))
                .map(|(from, to)| network.send(&streams(), at(0), envelope(from, to), None))
                .collect()
        };
        prop_assert_eq!(fates(touched), fates(untouched));
    }

    #[test]
    fn the_order_in_which_faults_begin_makes_no_difference(
        kinds in proptest::collection::vec((0..KINDS, (0..12u32, 0..12u32)), 6),
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let fates = |order: &[usize]| -> Vec<Fate> {
            let mut network = network(eventful());
            for &fault in order {
                let (kind, nodes) = kinds[fault];
                begin(&mut network, onset(fault as u32, Some(MILLI)), kind, nodes);
            }
            (0..12u32).flat_map(|from| (0..12).map(move |to| (from, to)))
                .map(|(from, to)| network.send(&streams(), at(0), envelope(from, to), None))
                .collect()
        };
        prop_assert_eq!(fates(&order), fates(&[0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_snapshot_runs_on_as_the_original(steps in proptest::collection::vec(step(), 2..100)) {
        let mut driver = Driver::new(network(Path { bandwidth: Some(5_000_000), queue: Bytes(4_000), ..eventful() }));
        let (before, after) = steps.split_at(steps.len() / 2);
        before.iter().for_each(|step| driver.run(step));
        let mut copy = Driver { network: driver.network.clone(), copies: driver.copies.clone(), ..driver };
        after.iter().for_each(|step| driver.run(step));
        after.iter().for_each(|step| copy.run(step));
        prop_assert_eq!(driver.network.counters(), copy.network.counters());
        prop_assert_eq!(driver.copies, copy.copies);
    }
}
