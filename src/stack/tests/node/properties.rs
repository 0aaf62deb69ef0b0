//! What holds whatever happens.

use hms_machine::{AgentId, CallOutcome, Exit, NodeId};
use hms_stack::Configuration;
use hms_stack::health::HealthMode;
use hms_stack::supervisor::tree::Strategy as Restarts;
use proptest::prelude::*;

use crate::harness::{Cluster, End, Shape};
use crate::{ms, secs, with};

/// Something that befalls a cluster.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Crash(u32),
    Boot(u32),
    Kill(u32),
    Hang(u32),
    Gray(u32),
    SlowStart(u32),
    SlowDisk(u32),
    CutOff(u32),
    Heal,
    Calls(u64),
    Poison,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..4_000).prop_map(Step::Pass),
        1 => (0u32..5).prop_map(Step::Crash),
        1 => (0u32..5).prop_map(Step::Boot),
        2 => (0u32..9).prop_map(Step::Kill),
        1 => (0u32..9).prop_map(Step::Hang),
        1 => (0u32..9).prop_map(Step::Gray),
        1 => (0u32..9).prop_map(Step::SlowStart),
        1 => (0u32..5).prop_map(Step::SlowDisk),
        1 => (0u32..5).prop_map(Step::CutOff),
        1 => Just(Step::Heal),
        3 => (1u64..30).prop_map(Step::Calls),
        1 => Just(Step::Poison),
    ]
}

fn configurations() -> impl Strategy<Value = Configuration> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0..3usize, 1u32..3).prop_map(|(swim, hedge, ladder, strategy, at_once)| {
        with(|all| {
            all.health.mode = if swim { HealthMode::Swim } else { HealthMode::Heartbeat };
            all.hedge.enabled = hedge;
            all.ladder.enabled = ladder;
            all.supervisor.strategy = [Restarts::OneForOne, Restarts::OneForAll, Restarts::RestForOne][strategy];
            all.supervisor.start_timeout = secs(3);
            all.guard.starts_at_once = at_once;
            all.ladder.isolation = secs(10);
        })
    })
}

fn cluster(configuration: Configuration) -> Cluster {
    let shape = Shape { nodes: 5, services: vec![vec![0, 0, 1, 2], vec![1, 2, 3, 4, 4]], ..Shape::three() };
    Cluster::of(shape, configuration)
}

fn take(cluster: &mut Cluster, step: &Step, next: &mut u64) {
    match step {
        Step::Pass(millis) => cluster.run(ms(*millis)),
        Step::Crash(node) => cluster.crash(NodeId(*node)),
        Step::Boot(node) if cluster.nodes[*node as usize].is_none() => cluster.boot(NodeId(*node)),
        Step::Boot(_) => {}
        Step::Kill(agent) => cluster.kill(AgentId(*agent), Exit::Abnormal),
        Step::Hang(agent) => cluster.script(*agent).stuck = true,
        Step::Gray(agent) => cluster.script(*agent).outcome = CallOutcome::Error,
        Step::SlowStart(agent) => cluster.script(*agent).startup = Some(secs(4)),
        Step::SlowDisk(node) => drop(cluster.sync.insert(NodeId(*node), ms(400))),
        Step::CutOff(node) => cluster.isolate(&[*node]),
        Step::Heal => cluster.cut.clear(),
        Step::Calls(count) => {
            for _ in 0..*count {
                *next += 1;
                cluster.call(*next, secs(1));
            }
        }
        Step::Poison => {
            *next += 1;
            cluster.poison.insert(*next);
            cluster.call(*next, secs(1));
        }
    }
}

/// Faults are over: everything that was taken away is given back.
fn mend(cluster: &mut Cluster) {
    cluster.cut.clear();
    cluster.sync.clear();
    for node in 0..5 {
        if cluster.nodes[node].is_none() {
            cluster.boot(NodeId(node as u32));
        }
    }
    (0..9).for_each(|agent| *cluster.script(agent) = Default::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_node_runs_in_circles_every_call_ends_and_the_cluster_heals_when_the_faults_are_over(
        configuration in configurations(), steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut cluster = cluster(configuration);
        let mut next = 0;
        cluster.run(secs(3));
        for step in &steps {
            take(&mut cluster, step, &mut next);
        }
        mend(&mut cluster);
        cluster.run(secs(180));
        prop_assert_eq!(cluster.unended(), 0);
        prop_assert_eq!(cluster.suspicions(), []);
        let places: Vec<_> = (0..9).map(|agent| (agent, cluster.runs_on(AgentId(agent)))).collect();
        prop_assert!(places.iter().all(|(_, nodes)| nodes.len() == 1), "{places:?}");
        prop_assert_eq!(cluster.ready(), 9);
        // All agree where everything is.
        for (agent, nodes) in places {
            for node in 0..6 {
                prop_assert_eq!(cluster.node(node).place_of(AgentId(agent)).0, nodes[0]);
            }
        }
        next += 1;
        cluster.call(next, secs(1));
        cluster.run(secs(2));
        prop_assert_eq!(cluster.ends.values().last(), Some(&End::Answered));
    }

    #[test]
    fn the_same_inputs_have_the_same_effects(configuration in configurations(), steps in prop::collection::vec(step(), 1..20)) {
        let run = || {
            let mut cluster = cluster(configuration);
            let mut next = 0;
            cluster.run(secs(2));
            steps.iter().for_each(|step| take(&mut cluster, step, &mut next));
            cluster.run(secs(5));
            cluster.log
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn a_component_that_is_off_says_and_does_nothing() {
    type Off = fn(&mut Configuration);
    let words: [(Off, &[&str]); 6] = [
        (|all| all.health.enabled = false, &["Heartbeat", "Swim", "Suspected", "Report"]),
        (|all| all.supervisor.enabled = false, &["Recovery", "Stop {", "Liveness", "Moved"]),
        (|all| all.placement.enabled = false, &["Moved", "Ask", "Moves("]),
        (|all| all.checks.enabled = false, &["NodeDegraded", "AgentId(2), probe: Work"]),
        (|all| all.breaker.enabled = false, &["Breaker {"]),
        (|all| all.outlier.enabled = false, &["Ejected"]),
    ];
    for (off, silent) in words {
        let mut cluster = cluster(with(|all| {
            all.alerts.enabled = false;
            off(all);
        }));
        cluster.run(secs(5));
        cluster.crash(NodeId(3));
        // Only a check could ask for work here: nothing was repaired.
        cluster.script(2).outcome = CallOutcome::Error;
        cluster.load(0, ms(20), secs(5));
        cluster.run(secs(10));
        for word in silent {
            let said = cluster.log.iter().find(|line| line.contains(word));
            assert_eq!(said, None, "{word}");
        }
    }
}
