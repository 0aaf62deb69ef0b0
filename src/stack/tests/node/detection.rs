//! Who is believed down, and who says so.

use std::sync::Arc;

use hms_machine::{Boot, Context, Effect, Input, Instant, Machine, NodeId, NodeRandom, Record, Seed, Streams};
use hms_stack::health::checks::{ReadingKind, Subject};
use hms_stack::health::{HealthMode, Quantity};
use hms_stack::{Configuration, Node};

use crate::harness::Cluster;
use crate::{ms, secs, with};

fn swim() -> Configuration {
    with(|all| all.health.mode = HealthMode::Swim)
}

fn blind(configuration: Configuration) -> Configuration {
    let mut configuration = configuration;
    configuration.health.enabled = false;
    configuration
}

#[test]
fn in_a_quiet_cluster_nothing_is_recorded_but_who_leads() {
    for configuration in [Configuration::default(), swim()] {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(60));
        assert_eq!(cluster.suspicions(), []);
        assert_eq!(cluster.records_of(|_| true), [(0, Record::LeadershipTaken)]);
        assert_eq!(cluster.ready(), 3);
    }
}

#[test]
fn hm_s1_a_crashed_node_is_suspected_by_all_within_a_second_and_by_none_with_health_off() {
    let crashed = |configuration, patience| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        cluster.crash(NodeId(1));
        cluster.run(patience);
        cluster.suspicions()
    };
    assert_eq!(crashed(Configuration::default(), secs(1)), [(0, 1), (2, 1), (3, 1)]);
    assert_eq!(crashed(blind(Configuration::default()), secs(1)), []);
    assert_eq!(crashed(swim(), secs(15)), [(0, 1), (2, 1), (3, 1)]);
    assert_eq!(crashed(blind(swim()), secs(15)), []);
}

#[test]
fn a_node_that_comes_back_is_trusted_again_in_a_later_life_whatever_it_refuted_in_the_one_before() {
    for configuration in [Configuration::default(), swim()] {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        // A cut makes the others suspect it, and it objects when the cut has healed.
        cluster.isolate(&[1]);
        cluster.run(secs(3));
        cluster.cut.clear();
        cluster.run(secs(20));
        let before = cluster.node(1).incarnation();
        cluster.crash(NodeId(1));
        cluster.run(secs(20));
        assert_eq!(cluster.suspicions(), [(0, 1), (2, 1), (3, 1)]);
        cluster.boot(NodeId(1));
        cluster.run(secs(5));
        assert_eq!(cluster.suspicions(), []);
        assert!(cluster.node(1).incarnation() > before);
    }
}

#[test]
fn a_node_whose_disk_was_replaced_is_trusted_again() {
    let mut cluster = Cluster::new(Configuration::default());
    for replaced in [false, false, true] {
        cluster.run(secs(5));
        cluster.crash(NodeId(1));
        if replaced {
            cluster.disks[1].clear();
        }
        cluster.run(secs(5));
        cluster.boot(NodeId(1));
    }
    cluster.run(secs(2));
    assert_eq!(cluster.suspicions(), []);
}

#[test]
fn no_heartbeat_leaves_before_the_incarnation_is_durable() {
    let directory = Arc::clone(&Cluster::new(Configuration::default()).directory);
    let configuration = with(|all| all.placement.enabled = false);
    let boot = Boot { node: NodeId(0), directory, records: Vec::new(), now: Instant::ZERO };
    let mut node = Node::boot(&Arc::new(configuration), boot);
    let mut random = NodeRandom::new(Streams::new(Seed(1)));
    let mut effects = Vec::new();
    node.handle(Input::Booted, &mut Context::new(Instant::ZERO, Instant::ZERO, NodeId(0), &mut random, &mut effects));
    for millis in (100..2_000).step_by(100) {
        let now = Instant::ZERO + ms(millis);
        node.handle(Input::Timeout, &mut Context::new(now, now, NodeId(0), &mut random, &mut effects));
    }
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
}

#[test]
fn a_record_that_could_not_be_written_is_written_again() {
    let mut cluster = Cluster::new(Configuration::default());
    let written = cluster.disks[0].len();
    cluster.feed(NodeId(0), Input::PersistFailed { token: 1 });
    cluster.run(secs(1));
    assert_eq!(cluster.disks[0].len(), written + 1);
}

#[test]
fn hm5_what_was_read_is_kept_and_is_not_with_history_off() {
    let kept = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(10));
        let history = cluster.node(0).history()?;
        let series = history.series(Subject::Node(NodeId(0)), Quantity::Reading(ReadingKind::Processor))?;
        Some(series.query(Instant::ZERO, Instant::ZERO + secs(10)).len())
    };
    assert!(kept(Configuration::default()).is_some_and(|seconds| seconds >= 9));
    assert_eq!(kept(with(|all| all.history.enabled = false)), None);
}
