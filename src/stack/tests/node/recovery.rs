//! What a node does for its own agents.

use hms_machine::{AgentId, Bytes, CallOutcome, Cause, Exit, NodeId, Record, Rung};
use hms_stack::Configuration;
use hms_stack::supervisor::tree::Strategy;

use crate::harness::{Cluster, Script, Shape};
use crate::{ms, secs, with};

fn unsupervised() -> Configuration {
    with(|all| all.supervisor.enabled = false)
}

fn recoveries(cluster: &Cluster) -> Vec<Record> {
    let wanted = |record: &Record| {
        matches!(
            record,
            Record::AgentFailed { .. }
                | Record::RecoveryStarted { .. }
                | Record::RecoveryVerified { .. }
                | Record::RecoveryFailed { .. }
                | Record::RecoveryHeld(_)
        )
    };
    cluster.records_of(wanted).into_iter().map(|(_, record)| record).collect()
}

fn started(cluster: &Cluster) -> Vec<(Rung, Cause)> {
    let rung = |record| match record {
        Record::RecoveryStarted { rung, cause, .. } => Some((rung, cause)),
        _ => None,
    };
    recoveries(cluster).into_iter().filter_map(rung).collect()
}

#[test]
fn as4_an_agent_that_crashes_is_started_again_and_proven_and_stays_down_with_the_supervisor_off() {
    let crash = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        cluster.kill(AgentId(2), Exit::Abnormal);
        cluster.run(secs(5));
        (cluster.starts_of(2), recoveries(&cluster))
    };
    let (agent, rung, cause, attempt) = (AgentId(2), Rung::Restart, Cause::Crash, 1);
    let failed = Record::AgentFailed { agent, cause };
    let restarted = Record::RecoveryStarted { agent, rung, cause, attempt };
    let verified = Record::RecoveryVerified { agent, rung, attempt };
    assert_eq!(crash(Configuration::default()), (2, vec![failed, restarted, verified]));
    assert_eq!(crash(unsupervised()), (1, vec![failed]));
}

#[test]
fn a_stuck_agent_is_stopped_and_started_again_and_stays_stuck_with_the_supervisor_off() {
    let hang = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        cluster.script(0).stuck = true;
        cluster.run(secs(5));
        (cluster.script(0).stuck, started(&cluster))
    };
    assert_eq!(hang(Configuration::default()), (false, vec![(Rung::Restart, Cause::Hang)]));
    assert_eq!(hang(unsupervised()), (true, vec![]));
}

#[test]
fn a_start_that_never_ends_is_given_up_and_the_next_rung_is_tried() {
    let mut cluster = Cluster::new(with(|all| all.supervisor.start_timeout = secs(2)));
    cluster.run(secs(5));
    *cluster.script(1) = Script { startup: None, ..Script::default() };
    cluster.kill(AgentId(1), Exit::Abnormal);
    cluster.run(secs(4));
    let (agent, attempt) = (AgentId(1), 1);
    let known = recoveries(&cluster);
    assert!(known.contains(&Record::RecoveryFailed { agent, rung: Rung::Restart }), "{known:?}");
    assert_eq!(started(&cluster)[..2], [(Rung::Restart, Cause::Crash), (Rung::Relocate, Cause::StartFailed)]);
    assert!(known.contains(&Record::RecoveryStarted { agent, rung: Rung::Restart, cause: Cause::Crash, attempt }));
}

#[test]
fn a_first_start_that_fails_is_tried_again_and_leaves_a_sibling_alone() {
    let shape = Shape { services: vec![vec![0, 0]], ..Shape::three() };
    let mut cluster = Cluster::of(shape, Configuration::default());
    cluster.script(1).startup = Some(secs(3));
    cluster.run(secs(1));
    cluster.kill(AgentId(1), Exit::Abnormal);
    cluster.script(1).startup = Some(ms(100));
    cluster.run(secs(5));
    assert_eq!((cluster.starts_of(0), cluster.starts_of(1)), (1, 2));
    assert_eq!(started(&cluster), [(Rung::Restart, Cause::StartFailed)]);
    assert_eq!(cluster.ready(), 2);
}

#[test]
fn siblings_are_restarted_with_the_one_that_failed_as_the_strategy_says() {
    let starts = |strategy| {
        let shape = Shape { services: vec![vec![0, 0, 0]], ..Shape::three() };
        let mut cluster = Cluster::of(shape, with(|all| all.supervisor.strategy = strategy));
        cluster.run(secs(5));
        for _ in 0..3 {
            cluster.kill(AgentId(1), Exit::Abnormal);
            cluster.run(secs(5));
            assert_eq!(cluster.ready(), 3, "{strategy:?}");
        }
        [0, 1, 2].map(|agent| cluster.starts_of(agent))
    };
    assert_eq!(starts(Strategy::OneForOne), [1, 4, 1]);
    assert_eq!(starts(Strategy::OneForAll), [4, 4, 4]);
    assert_eq!(starts(Strategy::RestForOne), [1, 4, 4]);
}

#[test]
fn a_group_is_restarted_also_when_one_of_it_has_no_process_or_has_left() {
    let shape = Shape { services: vec![vec![0, 0, 0]], ..Shape::three() };
    // One start at a time: the others stand at the gate when the group is told to stop.
    let configuration = with(|all| {
        all.supervisor.strategy = Strategy::OneForAll;
        all.guard.starts_at_once = 1;
    });
    let mut cluster = Cluster::of(shape, configuration);
    (0..3).for_each(|agent| cluster.script(agent).startup = Some(ms(500)));
    cluster.run(ms(1200));
    for agent in [0, 1, 2, 0] {
        cluster.kill(AgentId(agent), Exit::Abnormal);
        cluster.run(ms(300));
    }
    cluster.run(secs(30));
    assert_eq!(cluster.ready(), 3);
}

#[test]
fn a_crash_loop_of_one_agent_leaves_its_sibling_alone() {
    let shape = Shape { services: vec![vec![0, 0]], ..Shape::three() };
    let mut cluster = Cluster::of(shape, Configuration::default());
    cluster.run(secs(5));
    for _ in 0..30 {
        cluster.kill(AgentId(1), Exit::Abnormal);
        cluster.run(secs(1));
    }
    assert_eq!(cluster.starts_of(0), 1);
    assert!(started(&cluster).len() > 6);
}

#[test]
fn gray_errors_are_found_by_work_probes_and_end_with_a_restart_and_go_on_with_checks_off() {
    let gray = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        cluster.script(1).outcome = CallOutcome::Error;
        cluster.run(secs(30));
        (cluster.script(1).outcome, started(&cluster))
    };
    let rungs = vec![(Rung::Retry, Cause::Errors), (Rung::Restart, Cause::Errors)];
    assert_eq!(gray(Configuration::default()), (CallOutcome::Ok, rungs));
    assert_eq!(gray(with(|all| all.checks.enabled = false)), (CallOutcome::Error, vec![]));
}

#[test]
fn a_leak_is_ended_by_a_restart_before_memory_is_full_and_never_of_all_replicas_at_once() {
    let leak = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(20));
        for agent in 0..3 {
            cluster.script(agent).leak = Bytes::from_mib(4);
            cluster.script(agent).startup = Some(secs(1));
        }
        let mut fewest = 3;
        for _ in 0..2_000 {
            cluster.run(ms(100));
            fewest = fewest.min(cluster.ready());
        }
        let leaking = (0..3).filter(|agent| cluster.script(*agent).leak.0 > 0).count();
        (leaking, fewest, started(&cluster).into_iter().map(|(_, cause)| cause).collect::<Vec<_>>())
    };
    let (leaking, fewest, causes) = leak(Configuration::default());
    assert_eq!((leaking, causes), (0, vec![Cause::MemoryTrend; 3]));
    assert!(fewest >= 1, "{fewest} left");
    assert_eq!(leak(with(|all| all.checks.enabled = false)), (3, 3, vec![]));
}

#[test]
fn a_node_with_a_slow_disk_says_so_and_callers_leave_it_out_and_do_not_with_checks_off() {
    let slow = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(30));
        cluster.sync.insert(NodeId(1), ms(400));
        cluster.run(secs(30));
        let said = cluster.node(1).degraded();
        cluster.load(0, ms(20), secs(2));
        let to_it = cluster.routed.iter().filter(|(_, agent)| *agent == AgentId(1)).count();
        (said, to_it > 0)
    };
    assert_eq!(slow(Configuration::default()), (Some(Cause::SlowDisk), false));
    assert_eq!(slow(with(|all| all.checks.enabled = false)), (None, true));
}

#[test]
fn cb_s3_a_poisonous_request_kills_two_at_most_and_more_with_quarantine_and_retry_limits_off() {
    let poison = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.poison.insert(666);
        cluster.own_retries = 5;
        cluster.run(secs(5));
        // The client is stubborn: it makes the same call again and again.
        for _ in 0..10 {
            cluster.call(666, secs(5));
            cluster.run(secs(3));
        }
        cluster.killed
    };
    // Few calls that all fail would make the caller refuse by itself what this is not about.
    let stubborn = |all: &mut Configuration| all.throttle.enabled = false;
    let kills = poison(with(stubborn));
    assert_eq!(kills, 2);
    let without = with(|all| {
        stubborn(all);
        all.quarantine.enabled = false;
        all.retry.enabled = false;
    });
    let kills = poison(without);
    assert!(kills > 10, "{kills}");
}

#[test]
fn starts_are_few_at_once_and_all_at_once_with_the_guard_off() {
    let most = |configuration: Configuration| {
        let shape = Shape { services: vec![vec![0; 12]], ..Shape::three() };
        let mut cluster = Cluster::of(shape, configuration);
        (0..12).for_each(|agent| cluster.script(agent).startup = Some(secs(1)));
        cluster.run(ms(500));
        let at_once = cluster.started.len();
        cluster.run(secs(10));
        (at_once, cluster.ready())
    };
    assert_eq!(most(Configuration::default()), (4, 12));
    assert_eq!(most(with(|all| all.guard.enabled = false)), (12, 12));
}
