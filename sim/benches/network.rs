//! Cost of one message through the network: sent, arrived, delivered.
//!
//! `cargo bench -p hms-sim --bench network`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hms_machine::{Bytes, Distribution, Duration, Instant, NodeId, Purpose, Ratio, Seed, Streams};
use hms_scenario::model::{self, Clock, Cluster, Disk, Host, LinkFault, Loss, PartitionShape, Path, Rack, Reorder, Zone};
use hms_sim::cluster::topology::Topology;
use hms_sim::faults::FaultId;
use hms_sim::network::{Class, Envelope, Fate, LinkSet, MessageKey, Network, Onset};

fn main() {
    divan::main();
}

const MESSAGES: u32 = 10_000;

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

fn lognormal() -> Path {
    path(Distribution::lognormal(4e5, 0.5).expect("valid"))
}

fn lossy() -> Path {
    let share = |value| Ratio::new(value).expect("valid");
    Path {
        loss: Loss::GilbertElliott { enter: share(0.001), leave: share(0.1), good: Ratio::ZERO, bad: Ratio::ONE },
        duplicate: share(0.001),
        ..lognormal()
    }
}

fn host(rack: usize) -> Host {
    Host {
        name: String::new(),
        rack,
        cores: 1,
        speed: 1.0,
        quantum: Duration::from_millis(10),
        memory: Bytes::from_mib(1),
        boot: Distribution::ZERO,
        clock: Clock { offset: Distribution::ZERO, drift_ppm: Distribution::ZERO },
        disk: Disk { write: Distribution::ZERO, fsync: Distribution::ZERO, bandwidth: 1, capacity: Bytes(1) },
        stack_cpu: Duration::ZERO,
    }
}

fn network(path: Path, hosts: usize) -> Network {
    let cluster = Cluster {
        regions: vec![String::new()],
        zones: vec![Zone { name: String::new(), region: 0 }],
        racks: vec![Rack { name: String::new(), zone: 0 }],
        hosts: vec![host(0); hosts],
    };
    let model = model::Network {
        host: path.clone(),
        rack: path.clone(),
        zone: path.clone(),
        region: path.clone(),
        wan: path,
        matrix: None,
    };
    Network::new(&model, &Topology::of(&cluster, &[]))
}

/// Each node talks to ten others.
fn run(network: &mut Network, hosts: u32, key: Option<Purpose>) {
    let streams = Streams::new(Seed(1));
    for number in 0..MESSAGES {
        let from = number.wrapping_mul(2_654_435_761) % hosts;
        let to = (from + 1 + number % 10) % hosts;
        let envelope = Envelope { from: NodeId(from), to: NodeId(to), bytes: Bytes(200), class: Class::Stack };
        let key = key.map(|purpose| MessageKey { purpose, entity: 0, ordinal: u64::from(number) });
        if let Fate::Deliver { at, .. } = network.send(&streams, Instant::ZERO, envelope, key)
            && network.arrive(at, envelope).is_ok()
        {
            network.deliver(envelope);
        }
    }
    network.counters().check_conservation();
}

fn bench(bencher: Bencher<'_, '_>, mut network: Network, hosts: u32, key: Option<Purpose>) {
    run(&mut network, hosts, key);
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| run(black_box(&mut network), hosts, key));
}

#[divan::bench]
fn constant_latency(bencher: Bencher<'_, '_>) {
    bench(bencher, network(path(Distribution::constant(4e5).expect("valid")), 9), 9, None);
}

#[divan::bench]
fn lognormal_latency(bencher: Bencher<'_, '_>) {
    bench(bencher, network(lognormal(), 9), 9, None);
}

#[divan::bench]
fn lognormal_latency_keyed(bencher: Bencher<'_, '_>) {
    bench(bencher, network(lognormal(), 9), 9, Some(Purpose::named("bench/keyed")));
}

#[divan::bench]
fn lognormal_latency_10000_nodes(bencher: Bencher<'_, '_>) {
    bench(bencher, network(lognormal(), 10_000), 10_000, None);
}

#[divan::bench]
fn bursty_loss_and_duplication(bencher: Bencher<'_, '_>) {
    bench(bencher, network(lossy(), 9), 9, None);
}

#[divan::bench]
fn limited_bandwidth(bencher: Bencher<'_, '_>) {
    bench(bencher, network(Path { bandwidth: Some(1_250_000_000), queue: Bytes(u64::MAX), ..lognormal() }, 9), 9, None);
}

fn onset(fault: u32) -> Onset {
    Onset { fault: FaultId(fault), key: u64::from(fault), start: Instant::ZERO, until: None }
}

#[divan::bench]
fn under_a_partition(bencher: Bencher<'_, '_>) {
    let mut network = network(lognormal(), 9);
    network.partition(onset(0), &PartitionShape::Sides(vec![vec![NodeId(0)], vec![NodeId(1)]]));
    bench(bencher, network, 9, None);
}

#[divan::bench]
fn under_a_loss_fault_on_every_link(bencher: Bencher<'_, '_>) {
    let mut network = network(lognormal(), 9);
    let all: Vec<NodeId> = (0..9).map(NodeId).collect();
    network.impair(onset(0), LinkSet::between(&all, &all, false), &LinkFault::Loss { share: Ratio::new(0.1).expect("valid") });
    bench(bencher, network, 9, None);
}

/// One card in a hundred is slow, each by a fault of its own.
#[divan::bench]
fn with_100_slow_cards_among_10000_nodes(bencher: Bencher<'_, '_>) {
    let mut network = network(lognormal(), 10_000);
    let delay = Distribution::constant(1e6).expect("valid");
    (0..100).for_each(|fault| network.slow_cards(onset(fault), &[NodeId(fault * 100)], &delay));
    bench(bencher, network, 10_000, None);
}
