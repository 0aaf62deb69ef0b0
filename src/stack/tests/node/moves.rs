//! Agents that move: who orders it, who obeys, and what happens when a node was away.

use hms_machine::{AgentId, Cause, Exit, NodeId, Record, Rung};
use hms_stack::Configuration;
use hms_stack::health::HealthMode;

use crate::harness::{Cluster, Shape};
use crate::{ms, secs, with};

/// Six nodes in three zones, replicas of one service on the nodes 0, 2 and 4.
fn six(configuration: Configuration) -> Cluster {
    Cluster::of(Shape { nodes: 6, services: vec![vec![0, 2, 4]], ..Shape::three() }, configuration)
}

fn modes() -> [Configuration; 2] {
    [Configuration::default(), with(|all| all.health.mode = HealthMode::Swim)]
}

fn moves(cluster: &Cluster) -> Vec<u32> {
    let moved = cluster.records_of(|record| matches!(record, Record::Moved { .. }));
    moved
        .into_iter()
        .filter_map(|(_, record)| if let Record::Moved { agent, .. } = record { Some(agent.0) } else { None })
        .collect()
}

#[test]
fn as3_the_agents_of_a_node_that_is_down_run_elsewhere_and_do_not_with_placement_off() {
    for configuration in modes() {
        let mut cluster = six(configuration);
        cluster.run(secs(5));
        cluster.crash(NodeId(2));
        cluster.run(secs(30));
        let [place] = cluster.runs_on(AgentId(1))[..] else { panic!("{:?}", cluster.runs_on(AgentId(1))) };
        assert_ne!(place, 2);
        assert_eq!(cluster.ready(), 3);
        assert_eq!(moves(&cluster), [1]);
        let verified = Record::RecoveryVerified { agent: AgentId(1), rung: Rung::Relocate, attempt: 1 };
        assert_eq!(cluster.records_of(|record| *record == verified), [(place, verified)]);
    }
    let mut cluster = six(with(|all| all.placement.enabled = false));
    cluster.run(secs(5));
    cluster.crash(NodeId(2));
    cluster.run(secs(30));
    assert_eq!((cluster.runs_on(AgentId(1)), moves(&cluster)), (vec![], vec![]));
}

#[test]
fn a_node_that_returns_does_not_start_what_was_moved_away() {
    for configuration in modes() {
        let mut cluster = six(configuration);
        cluster.run(secs(5));
        cluster.crash(NodeId(2));
        cluster.run(secs(30));
        let place = cluster.runs_on(AgentId(1));
        cluster.boot(NodeId(2));
        cluster.run(secs(10));
        assert_eq!(cluster.runs_on(AgentId(1)), place);
        assert!(!cluster.started[3..].iter().any(|(_, node, _)| *node == NodeId(2)), "{:?}", cluster.started);
    }
}

#[test]
fn a_node_that_was_only_cut_off_stops_what_was_moved_away_when_it_is_back() {
    for configuration in modes() {
        let mut cluster = six(configuration);
        cluster.run(secs(5));
        cluster.isolate(&[2]);
        cluster.run(secs(30));
        assert_eq!(cluster.runs_on(AgentId(1)).len(), 2);
        cluster.cut.clear();
        cluster.run(secs(30));
        let [place] = cluster.runs_on(AgentId(1))[..] else { panic!("{:?}", cluster.runs_on(AgentId(1))) };
        assert_ne!(place, 2);
        assert_eq!(cluster.ready(), 3);
        assert_eq!(moves(&cluster), [1]);
    }
}

#[test]
fn an_agent_that_was_moved_away_works_on_while_its_stand_in_starts_however_long_that_takes() {
    let mut cluster = six(Configuration::default());
    cluster.run(secs(5));
    cluster.script(1).startup = Some(secs(25));
    cluster.isolate(&[2]);
    cluster.run(secs(8));
    cluster.cut.clear();
    // Longer than a node waits for a new home that it cannot reach.
    cluster.run(secs(14));
    assert!(cluster.runs_on(AgentId(1)).contains(&2), "{:?}", cluster.runs_on(AgentId(1)));
    cluster.run(secs(20));
    assert!(!cluster.runs_on(AgentId(1)).contains(&2) && cluster.ready() == 3, "{:?}", cluster.runs_on(AgentId(1)));
}

/// How many agents the nodes of `side` move within half a minute in which nobody else reaches them.
fn moved_by(configuration: Configuration, side: &[u32]) -> usize {
    let mut cluster = six(configuration);
    cluster.run(secs(5));
    cluster.isolate(side);
    cluster.run(secs(30));
    let by = cluster.records_of(|record| matches!(record, Record::Moved { .. }));
    by.into_iter().filter(|(node, _)| side.contains(node)).count()
}

#[test]
fn as_s4_the_smaller_side_of_a_partition_moves_nothing_by_the_guard_or_the_votes_alone_and_does_without_both() {
    let ways = |guard, votes| with(move |all| (all.guard.enabled, all.supervisor.leader_votes) = (guard, votes));
    for configuration in modes().into_iter().chain([ways(true, false), ways(false, true)]) {
        assert_eq!(moved_by(configuration, &[0, 1]), 0);
        assert_eq!(moved_by(configuration, &[0]), 0);
    }
    assert!(moved_by(ways(false, false), &[0, 1]) > 0);
}

#[test]
fn of_two_halves_the_one_with_the_first_host_decides_and_both_do_without_votes() {
    for mode in [HealthMode::Heartbeat, HealthMode::Swim] {
        let ways = |votes| with(move |all| (all.health.mode, all.supervisor.leader_votes) = (mode, votes));
        assert_eq!((moved_by(ways(true), &[0, 1, 2]), moved_by(ways(true), &[3, 4, 5])), (1, 0), "{mode:?}");
        assert!(moved_by(ways(false), &[0, 1, 2]) > 0 && moved_by(ways(false), &[3, 4, 5]) > 0, "{mode:?}");
    }
}

#[test]
fn a_node_that_alone_does_not_hear_the_leader_does_not_lead_beside_it_and_does_without_votes() {
    for votes in [true, false] {
        let mut cluster = six(with(|all| all.supervisor.leader_votes = votes));
        cluster.run(secs(5));
        cluster.cut.extend([(NodeId(0), NodeId(1)), (NodeId(1), NodeId(0))]);
        cluster.run(secs(30));
        let leads: Vec<_> =
            cluster.records_of(|record| *record == Record::LeadershipTaken).into_iter().map(|(node, _)| node).collect();
        assert_eq!(leads, if votes { vec![0] } else { vec![0, 1] });
        assert!(!cluster.records_of(|record| *record == Record::LeadershipLost).iter().any(|(node, _)| *node == 0));
    }
}

#[test]
fn a_leader_alone_on_a_ring_of_few_watchers_moves_nothing() {
    let mut cluster = six(with(|all| all.health.monitors = 2));
    cluster.run(secs(5));
    cluster.isolate(&[0]);
    cluster.run(secs(30));
    let by = cluster.records_of(|record| matches!(record, Record::Moved { .. }));
    assert_eq!(by.into_iter().filter(|(node, _)| *node == 0).count(), 0);
}

#[test]
fn a_leader_asks_for_votes_while_something_is_left_to_move_and_then_no_more() {
    for configuration in modes() {
        let mut cluster = six(configuration);
        cluster.run(secs(5));
        let asked = |cluster: &Cluster| cluster.log.iter().filter(|line| line.contains("RequestVote")).count();
        let before = asked(&cluster);
        cluster.crash(NodeId(2));
        cluster.run(secs(10));
        let meanwhile = asked(&cluster);
        assert_eq!(moves(&cluster), [1]);
        cluster.run(secs(30));
        assert!(meanwhile > before, "it asks before it moves");
        assert_eq!(asked(&cluster), meanwhile, "the host is still down, and has no agents");
    }
}

#[test]
fn when_the_leader_dies_with_another_node_the_next_one_moves_the_agents_of_both() {
    for configuration in modes() {
        let mut cluster = six(configuration);
        cluster.run(secs(5));
        cluster.crash(NodeId(0));
        cluster.crash(NodeId(2));
        cluster.run(secs(40));
        assert_eq!(cluster.ready(), 3, "{:?}", cluster.started);
    }
}

#[test]
fn an_agent_whose_new_node_dies_before_it_has_started_is_moved_again() {
    let mut cluster = six(Configuration::default());
    cluster.run(secs(5));
    cluster.script(1).startup = Some(secs(3));
    cluster.crash(NodeId(2));
    cluster.run(secs(4));
    let [first] = cluster.runs_on(AgentId(1))[..] else { panic!("{:?}", cluster.started) };
    cluster.crash(NodeId(first));
    cluster.run(secs(40));
    let [second] = cluster.runs_on(AgentId(1))[..] else { panic!("{:?}", cluster.started) };
    assert!(![2, first].contains(&second));
}

#[test]
fn an_agent_that_cannot_be_helped_where_it_is_moves_although_nobody_is_suspected() {
    let mut cluster = six(with(|all| all.supervisor.start_timeout = secs(1)));
    cluster.run(secs(5));
    cluster.script(1).startup = None;
    cluster.script(1).heals = false;
    cluster.kill(AgentId(1), Exit::Abnormal);
    while moves(&cluster).is_empty() {
        cluster.run(ms(10));
        assert!(cluster.now < hms_machine::Instant::ZERO + secs(60));
    }
    cluster.script(1).startup = Some(ms(100));
    cluster.run(secs(30));
    let started = cluster.records_of(|record| matches!(record, Record::RecoveryStarted { rung: Rung::Relocate, .. }));
    assert!(
        started.iter().any(|(_, record)| matches!(record, Record::RecoveryStarted { cause: Cause::Unverified, .. })),
        "{started:?}"
    );
    assert_eq!(moves(&cluster), [1]);
    assert_eq!(cluster.ready(), 3);
}

#[test]
fn an_agent_that_comes_back_while_its_old_process_stops_is_started_when_that_has_ended() {
    let mut cluster = six(Configuration::default());
    cluster.run(secs(5));
    cluster.script(1).stopping = secs(4);
    cluster.isolate(&[2]);
    cluster.run(secs(10));
    let [away] = cluster.runs_on(AgentId(1)).into_iter().filter(|node| *node != 2).collect::<Vec<_>>()[..] else { panic!() };
    // Back: node 2 begins to stop its copy; then the others are gone but for two, and 2 is the best place again.
    cluster.cut.clear();
    cluster.run(secs(1));
    cluster.crash(NodeId(away));
    cluster.run(secs(60));
    assert_eq!(cluster.runs_on(AgentId(1)).len(), 1);
    assert_eq!(cluster.ready(), 3);
}

#[test]
fn a_refusal_that_stays_the_same_is_recorded_once() {
    let mut cluster = six(Configuration::default());
    cluster.run(secs(5));
    // Most of the cluster is gone: nothing is moved for as long as that lasts.
    [1, 2, 4, 5].into_iter().for_each(|node| cluster.crash(NodeId(node)));
    cluster.run(secs(60));
    let held = cluster.records_of(|record| matches!(record, Record::RecoveryHeld(_)));
    assert!(held.len() <= 3, "{held:?}");
    assert_eq!(moves(&cluster), [] as [u32; 0]);
}
