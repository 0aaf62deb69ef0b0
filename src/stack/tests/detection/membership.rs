//! SWIM at the defaults: speed, mistakes, cost, and how it recovers.

use hms_machine::{Duration, NodeId};
use hms_stack::health::swim::{Facts, Standing, SwimConfiguration};

use crate::cluster::{Cluster, Setup};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn setup(nodes: u32, seed: u64) -> Setup {
    Setup { configuration: SwimConfiguration::default(), nodes, edges: 1, loss: 0.0, slow: 0, seed }
}

/// Times from a crash until each observer has confirmed it, sorted; all crashes of `seeds` together.
fn detection(nodes: u32, loss: f64, seeds: u64) -> Vec<Duration> {
    let mut took = Vec::new();
    for seed in 0..seeds {
        let mut cluster = Cluster::new(Setup { loss, ..setup(nodes, seed) });
        cluster.run(ms(2_000 + 17 * seed));
        let crashed = cluster.now;
        cluster.crash(1);
        cluster.run(ms(5_000));
        let confirmed = cluster.confirmed(1, crashed);
        assert_eq!(confirmed.len() as u32, nodes, "everybody else and the edge");
        took.extend(confirmed.iter().map(|belief| belief.at - crashed));
    }
    took.sort_unstable();
    took
}

#[test]
fn hm_s1_a_crash_is_confirmed_by_everybody_within_a_second_at_ten_and_at_a_hundred_nodes() {
    for (nodes, loss, seeds) in [(10, 0.0, 100), (10, 0.05, 100), (100, 0.0, 10), (100, 0.05, 10)] {
        let took = detection(nodes, loss, seeds);
        let p99 = took[took.len() * 99 / 100];
        assert!(p99 < ms(1_000), "{nodes} nodes, loss {loss}: median {} p99 {p99}", took[took.len() / 2]);
    }
}

/// A minute with a loss of 5 %, and each node in turn stops for half a second.
fn minute_of_trouble(configuration: SwimConfiguration) -> usize {
    let mut cluster = Cluster::new(Setup { configuration, loss: 0.05, ..setup(20, 3) });
    let start = cluster.now;
    for step in 0..60 {
        cluster.stop(step % 20, ms(500));
        cluster.run(ms(1_000));
    }
    (0..20).map(|node| cluster.confirmed(node, start).len()).sum()
}

#[test]
fn hm_s2_loss_and_stops_of_half_a_second_are_forgiven_and_not_without_the_floor_of_the_time_to_object() {
    assert_eq!(minute_of_trouble(SwimConfiguration::default()), 0);
    let hasty = SwimConfiguration { suspicion_floor: ms(0), ..SwimConfiguration::default() };
    assert!(minute_of_trouble(hasty) > 50);
}

#[test]
fn hm_s3_the_cost_of_a_node_is_flat_in_the_number_of_nodes() {
    let cost = |nodes: u32, loss: f64| {
        let mut cluster = Cluster::new(Setup { loss, edges: 0, ..setup(nodes, 1) });
        cluster.run(ms(2_000));
        let (sent, bytes) = (cluster.sent, cluster.bytes);
        cluster.run(ms(4_000));
        let share = f64::from(nodes) * 4.0;
        ((cluster.sent - sent) as f64 / share, (cluster.bytes - bytes) as f64 / share)
    };
    let costs = [10, 100, 400].map(|nodes| cost(nodes, 0.0));
    for (messages, bytes) in costs {
        // Two per period of 50 ms, and two per comparison of tables every 2 s, of at most 1,428 bytes.
        assert!((messages - 41.0).abs() < 0.7, "{costs:?}");
        assert!(bytes < 41.0 * 34.0 + 1_428.0, "{costs:?}");
    }
    // Loss adds indirect probes, and some gossip about wrong suspicions.
    let lossy = [10, 100, 400].map(|nodes| cost(nodes, 0.05).0);
    assert!(lossy.into_iter().all(|messages| messages > 45.0 && messages < 85.0), "{lossy:?}");
}

#[test]
fn a_member_that_comes_back_is_alive_for_everybody_even_with_an_incarnation_that_others_have_passed() {
    for incarnation in [1, 2, 1_000] {
        let mut cluster = Cluster::new(setup(12, incarnation));
        cluster.run(ms(2_000));
        cluster.crash(4);
        cluster.run(ms(60_000));
        assert_eq!(cluster.doubts().len(), 12);
        cluster.boot(4, incarnation);
        cluster.run(ms(10_000));
        assert_eq!(cluster.doubts(), []);
    }
}

#[test]
fn the_sides_of_a_partition_find_each_other_again_without_gossip_to_the_dead() {
    let mut cluster = Cluster::new(setup(10, 1));
    cluster.run(ms(2_000));
    cluster.divide(|node| node % 2);
    cluster.run(ms(60_000));
    assert_eq!(cluster.doubts().len(), 55, "five on each side and the edge doubt five");
    cluster.divide(|_| 0);
    cluster.run(ms(10_000));
    assert_eq!(cluster.doubts(), []);
}

#[test]
fn facts_reach_everybody_the_edge_included() {
    let mut cluster = Cluster::new(setup(30, 1));
    cluster.run(ms(3_000));
    for observer in 0..31 {
        let swim = cluster.member(observer).unwrap();
        for node in 0..30 {
            assert_eq!(swim.facts(NodeId(node)), Facts { version: 1, ready: u64::from(node) }, "{observer} of {node}");
            assert_eq!(swim.standing(NodeId(node)), Standing::Alive);
        }
    }
}
