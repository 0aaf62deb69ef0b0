//! Rules, groups, traces and what a schedule promises.

mod kinds;
mod swarm;

use hms_machine::{AgentId, Distribution, Duration, Instant, NodeId, Seed, ServiceId, Streams};
use hms_scenario::model::{Fault, FaultKind, LinkFault, PartitionShape, Scenario, Start, Target, TraceFault};

use super::example::{always_secs, exponential_secs, ratio, rule, scenario, secs};
use super::{FaultId, Schedule, ScheduledFault, Victims};
use crate::services::placement::Placement;

fn schedule(scenario: &Scenario, seed: u64) -> Schedule {
    Schedule::generate(scenario, &Placement::new(scenario), &Streams::new(Seed(seed)))
}

fn with_rules(faults: Vec<Fault>) -> Scenario {
    let mut scenario = scenario(9, 3);
    scenario.faults = faults;
    scenario
}

fn crash(name: &str, target: Target, start: Start, duration: Option<Distribution>) -> Fault {
    rule(name, FaultKind::Crash { disk_lost: false }, target, start, duration)
}

fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn times(faults: &[&ScheduledFault]) -> Vec<(Instant, Option<Instant>)> {
    faults.iter().map(|fault| (fault.start, fault.end)).collect()
}

fn named<'a>(schedule: &'a Schedule, name: &str) -> Vec<&'a ScheduledFault> {
    schedule.faults.iter().filter(|fault| fault.name == name).collect()
}

fn every(mean: f64) -> Start {
    Start::Every(exponential_secs(mean))
}

#[test]
fn a_fault_at_an_instant_strikes_all_its_nodes_together() {
    let at = Start::At(vec![secs(30), secs(60)]);
    let schedule = schedule(&with_rules(vec![crash("c", Target::Nodes(nodes(&[4, 1])), at, Some(always_secs(10.0)))]), 1);
    assert_eq!(times(&schedule.faults.iter().collect::<Vec<_>>()), [(secs(30), Some(secs(40))), (secs(60), Some(secs(70)))]);
    assert!(schedule.faults.iter().all(|fault| fault.victims == Victims::Nodes(nodes(&[1, 4]))));
}

#[test]
fn the_gap_of_a_renewal_begins_where_the_last_fault_ended() {
    let rules = vec![crash("c", Target::Nodes(nodes(&[2])), Start::Every(always_secs(100.0)), Some(always_secs(50.0)))];
    let starts: Vec<_> = schedule(&with_rules(rules), 1).faults.iter().map(|fault| fault.start).collect();
    assert_eq!(starts, [secs(100), secs(250), secs(400), secs(550)]);
}

#[test]
fn a_renewal_without_end_happens_once_and_an_instant_one_again_and_again() {
    let target = Target::Nodes(nodes(&[2]));
    let lasting = schedule(&with_rules(vec![crash("c", target.clone(), Start::Every(always_secs(100.0)), None)]), 1);
    assert_eq!(times(&named(&lasting, "c")), [(secs(100), None)]);
    let kind = FaultKind::ClockStep { by: Duration::from_secs(1), forward: true };
    let instant = schedule(&with_rules(vec![rule("s", kind, target, Start::Every(always_secs(250.0)), None)]), 1);
    assert_eq!(times(&named(&instant, "s")), [(secs(250), Some(secs(250))), (secs(500), Some(secs(500)))]);
}

#[test]
fn renewals_have_the_rate_of_their_laws() {
    let mut scenario = with_rules(vec![crash("c", Target::Nodes(nodes(&[0, 1])), every(300.0), Some(exponential_secs(100.0)))]);
    scenario.run.duration = Duration::from_secs(4_000_000);
    let schedule = schedule(&scenario, 1);
    // One in 400 s on each of two nodes; the standard deviation of the count is below its square root.
    let expected = 2.0 * 4_000_000.0 / 400.0;
    let count = schedule.faults.len() as f64;
    assert!((count - expected).abs() < 4.0 * libm::sqrt(expected), "{count}");
}

#[test]
fn the_starts_of_a_renewal_with_no_duration_are_poisson() {
    let mut scenario = with_rules(vec![rule("a", FaultKind::AgentCrash, Target::Replica(ServiceId(0), 1), every(10.0), None)]);
    scenario.run.duration = Duration::from_secs(1_000_000);
    let schedule = schedule(&scenario, 5);
    let mut counts = vec![0.0; 1_000];
    schedule.faults.iter().for_each(|fault| counts[(fault.start.as_secs_f64() / 1_000.0) as usize] += 1.0);
    let mean = counts.iter().sum::<f64>() / 1_000.0;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 999.0;
    assert!((mean - 100.0).abs() < 1.5 && (variance / mean - 1.0).abs() < 0.2, "{mean} {variance}");
}

#[test]
fn faults_from_the_end_of_the_run_on_are_left_out_and_ends_beyond_it_are_kept() {
    let at = Start::At(vec![secs(599), secs(600), secs(601)]);
    let schedule = schedule(&with_rules(vec![crash("c", Target::Zone(0), at, Some(always_secs(10.0)))]), 1);
    assert_eq!(times(&named(&schedule, "c")), [(secs(599), Some(secs(609)))]);
}

#[test]
fn a_rack_a_zone_and_a_region_are_struck_as_a_whole() {
    for (target, victims) in [
        (Target::Rack(1), [3, 4, 5].as_slice()),
        (Target::Zone(2), &[6, 7, 8]),
        (Target::Region(0), &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let schedule = schedule(&with_rules(vec![crash("c", target, every(100.0), Some(always_secs(1.0)))]), 1);
        assert!(schedule.faults.len() > 2);
        assert!(schedule.faults.iter().all(|fault| fault.victims == Victims::Nodes(nodes(victims))));
    }
}

#[test]
fn random_victims_are_drawn_anew_for_each_occurrence_and_evenly() {
    let at = Start::At((1..600).map(secs).collect());
    let schedule = schedule(&with_rules(vec![crash("c", Target::RandomNodes(3), at, Some(always_secs(0.5)))]), 1);
    let mut struck = [0; 9];
    for fault in &schedule.faults {
        let Victims::Nodes(nodes) = &fault.victims else { panic!("{fault:?}") };
        assert!(nodes.len() == 3 && nodes.is_sorted());
        nodes.iter().for_each(|node| struck[node.index()] += 1);
    }
    // 200 on average, standard deviation 11.5.
    assert!(struck.iter().all(|times| (150..250).contains(times)), "{struck:?}");
}

#[test]
fn more_random_nodes_than_there_are_is_everybody() {
    let at = Start::At(vec![secs(1)]);
    let schedule = schedule(&with_rules(vec![crash("c", Target::RandomNodes(99), at, None)]), 1);
    assert_eq!(schedule.faults[0].victims, Victims::Nodes((0..9).map(NodeId).collect()));
}

#[test]
fn rows_of_a_trace_state_node_time_and_severity() {
    let row = |node, start, duration: Option<u64>, severity| TraceFault {
        node: NodeId(node),
        start: secs(start),
        duration: duration.map(Duration::from_secs),
        severity: ratio(severity),
    };
    let rows = vec![row(4, 20, Some(5), 0.5), row(1, 10, None, 1.0), row(1, 700, None, 1.0)];
    let kind = FaultKind::SlowDisk { factor: 5.0 };
    let schedule = schedule(&with_rules(vec![rule("t", kind, Target::Cluster, Start::Trace(rows), None)]), 1);
    assert_eq!(times(&named(&schedule, "t")), [(secs(10), None), (secs(20), Some(secs(25)))]);
    assert_eq!(schedule.faults[1].kind, FaultKind::SlowDisk { factor: 3.0 });
    assert_eq!(schedule.faults[1].victims, Victims::Nodes(nodes(&[4])));
}

#[test]
fn rows_of_a_trace_strike_what_the_rule_states_where_it_is_no_node() {
    let rows =
        vec![TraceFault { node: NodeId(0), start: secs(10), duration: Some(Duration::from_secs(5)), severity: ratio(0.5) }];
    let outage = FaultKind::Outage { severity: ratio(0.8) };
    let rules = vec![
        rule("outage", outage, Target::Service(ServiceId(1)), Start::Trace(rows.clone()), None),
        rule("hang", FaultKind::Hang, Target::Cluster, Start::Trace(rows), None),
    ];
    let schedule = schedule(&with_rules(rules), 1);
    assert_eq!(schedule.faults[0].victims, Victims::Service(ServiceId(1)));
    assert_eq!(schedule.faults[0].kind, FaultKind::Outage { severity: ratio(0.4) });
    assert_eq!(schedule.faults[1].victims, Victims::Agents(vec![AgentId(0)]));
}

#[test]
fn rules_of_one_group_strike_together_whatever_their_targets_and_kinds() {
    let grouped = |name: &str, kind, target, duration: Option<f64>| Fault {
        group: Some("storm".to_owned()),
        ..rule(name, kind, target, every(50.0), duration.map(exponential_secs))
    };
    let schedule = schedule(
        &with_rules(vec![
            grouped("power", FaultKind::Crash { disk_lost: false }, Target::Rack(0), Some(20.0)),
            grouped(
                "clock",
                FaultKind::ClockStep { by: Duration::from_secs(1), forward: true },
                Target::Nodes(nodes(&[7, 8])),
                None,
            ),
            grouped("link", FaultKind::Link(LinkFault::Clog), Target::Zone(1), Some(5.0)),
        ]),
        3,
    );
    let (power, clock, link) = (named(&schedule, "power"), named(&schedule, "clock"), named(&schedule, "link"));
    assert!(power.len() > 3);
    for ((power, clock), link) in power.iter().zip(&clock).zip(&link) {
        assert_eq!((power.start, power.start), (clock.start, link.start));
        let [long, short] = [power, link].map(|fault| (fault.end.unwrap() - fault.start).as_secs_f64());
        assert!((long / short / 4.0 - 1.0).abs() < 1e-6, "one draw for both lengths");
    }
    assert_eq!((power.len(), power.len()), (clock.len(), link.len()));
    assert!(clock.iter().all(|fault| fault.victims == Victims::Nodes(nodes(&[7, 8])) && fault.end == Some(fault.start)));
}

#[test]
fn a_group_with_a_fault_that_never_ends_strikes_once() {
    let grouped = |rule: Fault| Fault { group: Some("storm".to_owned()), ..rule };
    let rules = vec![
        grouped(crash("for-ever", Target::Rack(0), every(50.0), None)),
        grouped(crash("short", Target::Rack(1), every(50.0), Some(always_secs(1.0)))),
    ];
    assert_eq!(schedule(&with_rules(rules), 3).faults.len(), 2);
}

#[test]
fn rules_without_a_group_strike_apart_even_if_they_say_the_same() {
    let twin = |name: &str| crash(name, Target::Rack(0), every(50.0), Some(exponential_secs(20.0)));
    let schedule = schedule(&with_rules(vec![twin("a"), twin("b")]), 3);
    assert_ne!(times(&named(&schedule, "a"))[0], times(&named(&schedule, "b"))[0]);
}

fn busy() -> Vec<Fault> {
    vec![
        crash("crashes", Target::Nodes((0..9).map(NodeId).collect()), every(200.0), Some(exponential_secs(20.0))),
        rule("agents", FaultKind::AgentCrash, Target::RandomReplica(ServiceId(0)), every(50.0), None),
        rule("cut", FaultKind::Partition(PartitionShape::MajoritiesRing), Target::Cluster, every(100.0), Some(always_secs(9.0))),
    ]
}

#[test]
fn equal_seeds_give_equal_schedules_and_others_do_not() {
    let scenario = with_rules(busy());
    assert_eq!(schedule(&scenario, 7), schedule(&scenario, 7));
    assert_ne!(schedule(&scenario, 7).digest(), schedule(&scenario, 8).digest());
}

#[test]
fn adding_a_rule_leaves_the_faults_of_the_others_as_they_were() {
    let before = schedule(&with_rules(busy()), 7);
    let mut rules = busy();
    rules.insert(0, crash("more", Target::RandomNodes(2), every(30.0), Some(exponential_secs(5.0))));
    let mut after = schedule(&with_rules(rules), 7);
    assert!(!named(&after, "more").is_empty());
    after.retain(|fault| fault.name != "more");
    assert_eq!(after, before);
}

#[test]
fn adding_a_node_leaves_the_faults_of_the_others_as_they_were() {
    let rules = |hosts| {
        vec![crash("crashes", Target::Nodes((0..hosts).map(NodeId).collect()), every(200.0), Some(exponential_secs(20.0)))]
    };
    let before = schedule(&with_rules(rules(8)), 7);
    let mut after = schedule(&with_rules(rules(9)), 7);
    after.retain(|fault| fault.victims != Victims::Nodes(nodes(&[8])));
    assert_eq!(after, before);
}

#[test]
fn adding_a_node_changes_random_victims_only_where_it_is_one_itself() {
    let rules = vec![crash("c", Target::RandomNodes(2), every(10.0), Some(always_secs(1.0)))];
    let [before, after] = [9, 10].map(|hosts| {
        let mut scenario = scenario(hosts, 1);
        scenario.faults = rules.clone();
        schedule(&scenario, 7)
    });
    let mut unchanged = 0;
    for (old, new) in before.faults.iter().zip(&after.faults) {
        let Victims::Nodes(victims) = &new.victims else { panic!("{new:?}") };
        if !victims.contains(&NodeId(9)) {
            assert_eq!(old, new);
            unchanged += 1;
        }
    }
    assert!(unchanged > 20 && unchanged < before.faults.len());
}

#[test]
fn a_crash_of_an_agents_node_strikes_each_host_once() {
    let mut scenario = with_rules(vec![crash("c", Target::Service(ServiceId(0)), Start::At(vec![secs(1)]), None)]);
    scenario.services[0].replicas = 12;
    assert_eq!(schedule(&scenario, 1).faults[0].victims, Victims::Nodes((0..9).map(NodeId).collect()));
}

#[test]
fn agents_are_struck_through_their_nodes() {
    let rules = vec![rule("h", FaultKind::Hang, Target::Zone(0), Start::At(vec![secs(1)]), Some(always_secs(5.0)))];
    let schedule = schedule(&with_rules(rules), 1);
    // front: n0 n3 n6 n1, back: n4 n7 n2.
    assert_eq!(schedule.faults[0].victims, Victims::Agents(vec![AgentId(0), AgentId(3), AgentId(6)]));
}

#[test]
fn a_link_fault_on_a_rack_strikes_all_its_links_edges_included() {
    let rules = vec![rule("l", FaultKind::Link(LinkFault::Clog), Target::Rack(0), Start::At(vec![secs(1)]), None)];
    let victims = Victims::Links { from: nodes(&[0, 1, 2]), to: (0..10).map(NodeId).collect(), both: true };
    assert_eq!(schedule(&with_rules(rules), 1).faults[0].victims, victims);
}

#[test]
fn a_shrunk_schedule_keeps_keys_and_renumbers_ids() {
    let whole = schedule(&with_rules(busy()), 7);
    let shrunk = whole.without(&[FaultId(0), FaultId(2)]);
    assert_eq!(shrunk.faults.len(), whole.faults.len() - 2);
    assert!(shrunk.faults.iter().enumerate().all(|(index, fault)| fault.id.index() == index));
    assert_eq!(shrunk.faults[0].key, whole.faults[1].key);
    assert_eq!(shrunk.faults[1].key, whole.faults[3].key);
}

#[test]
fn the_keys_of_all_faults_differ() {
    let schedule = schedule(&with_rules(busy()), 7);
    let keys: std::collections::BTreeSet<_> = schedule.faults.iter().map(|fault| fault.key).collect();
    assert_eq!(keys.len(), schedule.faults.len());
}

#[test]
fn a_schedule_reads_as_a_table() {
    let rules = vec![
        crash("power", Target::Rack(1), Start::At(vec![secs(30)]), Some(always_secs(10.0))),
        rule("bad-release", FaultKind::AgentCrash, Target::Replica(ServiceId(1), 2), Start::At(vec![secs(12)]), None),
        Fault {
            group: Some("storm".to_owned()),
            ..rule(
                "loss",
                FaultKind::Link(LinkFault::Loss { share: ratio(0.25) }),
                Target::Zone(0),
                Start::At(vec![secs(90)]),
                None,
            )
        },
    ];
    let expected = "\
id  start  end      fault         kind         victims
f0  12s    at once  bad-release   agent crash  a6
f1  30s    40s      power         crash        n3 n4 n5
f2  1.5min  never    loss [storm]  loss 25.0 %  n0 n1 n2 <-> n0 n1 n2 n3 n4 n5 n6 n7 and 2 more
"
    .replace("id  start  end", "id  start   end")
    .replace("12s    at", "12s     at")
    .replace("30s    40s", "30s     40s");
    assert_eq!(schedule(&with_rules(rules), 1).to_string(), expected);
}

/// Changes with the draws, with names of fields in the model, and with nothing else; a change of the draws changes all results.
#[test]
fn the_digest_of_a_busy_schedule_is_frozen() {
    let mut scenario = with_rules(busy());
    scenario.swarm = Some(swarm::all_kinds(1.0));
    assert_eq!(format!("{:016x}", schedule(&scenario, 7).digest()), "333155990337ec21");
}
