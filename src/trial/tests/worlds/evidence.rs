//! Evidence both ways: each fault is healed with the stack, and is not with the mechanism off that heals it. The two runs of a pair differ in that mechanism
//! alone. (Crash, hang, a dead host and poison: `healing.rs`.)

use hms_machine::{AgentId, Exit, NodeId, Record, Rung};
use hms_stack::Configuration;
use hms_stack::supervisor::state::Acknowledge;
use hms_trial::checkers::cascades::Kind;
use hms_trial::{Incident, Outcome, TraceKind};

use crate::with_plain_callers;

/// Three zones of three hosts; each zone has an agent with state, and two more are without.
const WORLD: &str = r#"
version = 1
[run]
duration = "100s"
warmup = "5s"
[cluster]
zones = 3
nodes = 9
[cluster.host]
boot = "2s"
memory = "1GiB"
[network]
latency = { kind = "lognormal", median = "0.4ms", sigma = 0.5 }
[[service]]
name = "store"
replicas = 3
nodes = [0, 3, 6]
workers = 16
queue = 64
work = { kind = "exponential", mean = "1ms" }
startup = "300ms"
memory = { base = "100MiB" }
journal = { writes = 0.5, entry = "512 B", sync = "always", replay = "20us" }
[[service]]
name = "api"
replicas = 3
nodes = [1, 4, 7]
workers = 8
queue = 64
work = { kind = "exponential", mean = "2ms" }
startup = "5s"
memory = { base = "100MiB" }
[[load]]
name = "writers"
service = "store"
arrivals = 200
timeout = "300ms"
retries = 1
[[load]]
name = "readers"
service = "api"
arrivals = 100
timeout = "300ms"
retries = 1
"#;

fn run(fault: &str, configuration: Configuration) -> Outcome {
    crate::run(&format!("{WORLD}[[fault]]\nat = \"30s\"\n{fault}\n"), configuration, 1)
}

fn without(switch_off: impl FnOnce(&mut Configuration)) -> Configuration {
    let mut configuration = with_plain_callers();
    switch_off(&mut configuration);
    configuration
}

fn only(outcome: &Outcome) -> &Incident {
    assert_eq!(outcome.incidents.len(), 1, "{:?}", outcome.incidents);
    &outcome.incidents[0]
}

/// Seconds from the first notice to restored service; infinite where it is never restored, or nobody notices.
fn recovery(outcome: &Outcome) -> f64 {
    only(outcome).service_recovery().map_or(f64::INFINITY, |duration| duration.as_secs_f64())
}

/// Seconds from the beginning of the fault to restored service.
fn outage(outcome: &Outcome) -> f64 {
    let incident = only(outcome);
    incident.restored.map_or(f64::INFINITY, |restored| restored.saturating_since(incident.start).as_secs_f64())
}

/// Two of the hosts that keep the state of agent 2, which lives on host 6, besides these.
fn keepers_but(others: [NodeId; 2]) -> Vec<NodeId> {
    let hosts: Vec<_> = (0..9).map(|node| (NodeId(node), node / 3)).collect();
    let keepers = hms_stack::supervisor::placement::keepers(AgentId(2), &hosts, 3);
    keepers.into_iter().filter(|node| !others.contains(node)).take(2).collect()
}

/// A crash of a host at 30 s.
fn crash_of(node: NodeId, lasts: u32) -> String {
    format!("[[fault]]\nat = \"30s\"\nkind = \"crash\"\nfor = \"{lasts}s\"\ntarget = {{ node = {} }}\n", node.0)
}

/// When an agent was ordered elsewhere, s.
fn moves_of(moved: AgentId, outcome: &Outcome) -> Vec<f64> {
    let ordered = outcome
        .recorder
        .trace
        .iter()
        .filter(|row| matches!(row.kind, TraceKind::Stack { record: Record::Moved { agent, .. }, .. } if agent == moved));
    ordered.map(|row| row.at.as_secs_f64()).collect()
}

fn value(outcome: &Outcome, name: &str) -> f64 {
    outcome.objective(name).unwrap_or_else(|| panic!("{name} has no value"))
}

#[test]
fn as_s2_a_host_takes_no_acknowledged_entry_with_it_and_does_where_acknowledgements_wait_for_no_copy() {
    let crash = "kind = \"crash\"\nfor = \"50s\"\ntarget = { node = 0 }";
    let outcome = run(crash, with_plain_callers());
    let state = outcome.findings.state;
    assert!(state.rebuilt >= 1 && state.acknowledged > 500, "{state:?}");
    assert_eq!((state.whole, state.lost), (state.rebuilt, 0));
    let outcome = run(crash, without(|stack| stack.state.acknowledge = Acknowledge::Local));
    assert!(outcome.findings.state.lost > 0);
}

#[test]
fn as_s2_a_lost_disk_is_made_good_from_copies_and_not_where_none_are_shipped() {
    let lost = "kind = \"crash\"\ndisk_lost = true\nfor = \"100ms\"\ntarget = { node = 0 }";
    let state = run(lost, with_plain_callers()).findings.state;
    assert!(state.rebuilt >= 1 && state.lost == 0, "{state:?}");
    let state = run(lost, without(|stack| stack.state.ship = false)).findings.state;
    assert!(state.lost > 500, "{state:?}");
}

#[test]
fn as_s2_who_is_cut_off_acknowledges_nothing_that_its_successor_does_not_have_and_does_where_it_need_not_ask() {
    let cut = "kind = \"partition\"\nfor = \"20s\"\nsides = [[0, 1, 2], [3, 4, 5, 6, 7, 8]]";
    let state = run(cut, with_plain_callers()).findings.state;
    assert!(state.rebuilt >= 1 && state.lost == 0, "{state:?}");
    let state = run(cut, without(|stack| stack.state.acknowledge = Acknowledge::Local)).findings.state;
    assert!(state.lost > 0, "{state:?}");
}

#[test]
fn as_s4_a_host_back_from_a_pause_works_on_until_its_agents_are_relieved_and_else_stops_them_before() {
    let pause = "kind = \"pause\"\nfor = \"4s\"\ntarget = { node = 1 }";
    let collateral = |outcome: &Outcome| {
        let needless = |cascade: &&hms_trial::checkers::cascades::Cascade| matches!(cascade.kind, Kind::Collateral(_));
        outcome.findings.cascades.iter().filter(needless).count()
    };
    let stopped_before_relief = |outcome: &Outcome| {
        let position = |found: &dyn Fn(&TraceKind) -> bool| outcome.recorder.trace.iter().position(|row| found(&row.kind));
        let stopped =
            position(&|kind| matches!(kind, TraceKind::AgentDown { node: hms_machine::NodeId(1), exit: Exit::Stopped, .. }));
        let moved = position(&|kind| matches!(kind, TraceKind::Stack { record: hms_machine::Record::Moved { .. }, .. }));
        let rows = outcome.recorder.trace.iter().enumerate();
        let relieved = rows
            .filter(|(index, row)| moved < Some(*index) && matches!(row.kind, TraceKind::AgentReady { .. }))
            .map(|(index, _)| index)
            .next();
        stopped.expect("it leaves") < relieved.expect("it is relieved")
    };
    let outcome = run(pause, with_plain_callers());
    assert!(!stopped_before_relief(&outcome));
    assert_eq!(collateral(&outcome), 0);
    let outcome = run(pause, without(|stack| stack.placement.hand_over = false));
    assert!(stopped_before_relief(&outcome));
}

#[test]
fn as_s1_a_paused_host_is_left_out_within_five_seconds_and_not_with_health_off() {
    let pause = "kind = \"pause\"\nfor = \"50s\"\ntarget = { node = 0 }";
    assert!(recovery(&run(pause, with_plain_callers())) < 5.0);
    assert!(outage(&run(pause, without(|stack| stack.health.enabled = false))) > 49.0);
}

#[test]
fn as_s1_a_slow_host_is_left_out_within_five_seconds_and_not_with_checks_off() {
    let slow = "kind = \"slow_cpu\"\nspeed = 0.02\nfor = \"50s\"\ntarget = { node = 1 }";
    let outcome = run(slow, with_plain_callers());
    assert!(recovery(&outcome) < 5.0);
    let blind = run(slow, without(|stack| stack.checks.enabled = false));
    // A third of the readers' first attempts goes to the slow host for half of the time.
    let (seen, unseen) = (value(&outcome, "latency_all_p99"), value(&blind, "latency_all_p99"));
    assert!(seen < 0.15 && unseen > 0.3, "{seen} {unseen}");
}

#[test]
fn as_s1_a_leak_is_ended_before_it_kills_and_kills_with_checks_off() {
    let leak = "kind = \"memory_leak\"\nrate = \"50MiB/s\"\nfor = \"50s\"\ntarget = { service = \"store\", replica = 0 }";
    let killed = |outcome: &Outcome| {
        let kills = |kind: &TraceKind| matches!(kind, TraceKind::AgentDown { exit: Exit::OutOfMemory, .. });
        outcome.recorder.trace.iter().filter(|row| kills(&row.kind)).count()
    };
    let outcome = run(leak, with_plain_callers());
    assert_eq!(killed(&outcome), 0);
    assert!(recovery(&outcome) < 5.0 && only(&outcome).first_attempt() == Some(true));
    assert!(killed(&run(leak, without(|stack| stack.checks.enabled = false))) > 0);
}

#[test]
fn as_s3_a_leaking_agent_is_restarted_when_it_has_to_be_and_without_that_again_and_again() {
    let leak = "kind = \"handle_leak\"\nrate = \"40/s\"\nfor = \"50s\"\ntarget = { service = \"store\", replica = 0 }";
    let restarts = |stack: Configuration| value(&run(leak, stack), "recoveries");
    let (late, early) = (restarts(with_plain_callers()), restarts(without(|stack| stack.supervisor.leak_share = 0.0)));
    // 1,024 handles last 26 s.
    assert!((1.0..=3.0).contains(&late) && early > 3.0 * late, "{late} {early}");
}

#[test]
fn as_s1_an_agent_whose_disk_stands_still_is_moved_and_not_with_checks_off() {
    let stall = "kind = \"disk_stall\"\nfor = \"50s\"\ntarget = { node = 0 }";
    let (healed, blind) = (run(stall, with_plain_callers()), run(stall, without(|stack| stack.checks.enabled = false)));
    assert!(recovery(&healed) < 5.0, "{}", recovery(&healed));
    assert!(outage(&blind) > 49.0, "{}", outage(&blind));
}

#[test]
fn as_s1_the_agents_of_a_dead_zone_are_started_elsewhere_within_five_seconds_and_not_without_placement() {
    // Of a startup of five seconds no recovery can be faster.
    let zone = "kind = \"crash\"\nfor = \"50s\"\ntarget = { zone = 0 }";
    let quick = |stack: Configuration| {
        let text = format!("{WORLD}[[fault]]\nat = \"30s\"\n{zone}\n").replace("\"5s\"\nmemory", "\"500ms\"\nmemory");
        crate::run(&text, stack, 1)
    };
    let healed = quick(with_plain_callers());
    assert!(recovery(&healed) < 5.0, "{}", recovery(&healed));
    assert_eq!(healed.findings.state.lost, 0);
    let rooted = quick(without(|stack| stack.placement.enabled = false));
    assert!(outage(&rooted) > 49.0, "{}", outage(&rooted));
}

#[test]
fn as_s4_an_agent_that_is_ill_itself_is_moved_once_in_a_trouble_and_then_fenced_off_and_else_restarted_again_and_again() {
    let ill = "kind = \"crash_loop\"\nafter = \"100ms\"\nfor = \"20s\"\ntarget = { service = \"store\", replica = 0 }";
    let healed = run(ill, with_plain_callers());
    // Fenced off for ten seconds, and once more for the rest.
    assert!(value(&healed, "moved") <= 2.0, "{}", value(&healed, "moved"));
    assert!(recovery(&healed) < 45.0, "{}", recovery(&healed));
    // It has never worked in between, so that it is one trouble.
    assert_eq!(healed.findings.recoveries.troubles, 1);
    let restarted = run(ill, without(|stack| stack.ladder.enabled = false));
    let (few, many) = (value(&healed, "recoveries"), value(&restarted, "recoveries"));
    assert!(few <= 12.0 && many > few, "{few} {many}");
}

#[test]
fn hm_s1_a_few_errors_are_noticed_within_a_second_and_not_with_the_sequential_test_off() {
    let gray = "kind = \"gray\"\nerrors = 0.08\nfor = \"50s\"\ntarget = { service = \"store\", replica = 0 }";
    let notice = |stack| {
        let outcome = run(gray, stack);
        only(&outcome).detection_time().map_or(f64::INFINITY, |time| time.as_secs_f64())
    };
    let (seen, blind) = (notice(with_plain_callers()), notice(without(|stack| stack.anomaly.enabled = false)));
    assert!(seen < 1.0 && blind > 2.0, "{seen} {blind}");
}

#[test]
fn as_s2_a_host_that_dies_while_it_fetches_the_state_of_an_agent_that_was_moved_there_fetches_it_when_it_is_back() {
    let crash = "kind = \"crash\"\nfor = \"50s\"\ntarget = { node = 0 }";
    let first = run(crash, with_plain_callers());
    let starts = first.recorder.trace.iter().filter(|row| row.at.as_secs_f64() > 30.0);
    let mut homes = starts.filter_map(|row| match row.kind {
        TraceKind::AgentStarting { agent: hms_machine::AgentId(0), node } => Some((row.at.as_secs_f64(), node.0)),
        _ => None,
    });
    let (at, node) = homes.next().expect("it is moved");
    let second = format!(
        "[[fault]]\nkind = \"crash\"\nat = \"{}ms\"\nfor = \"100ms\"\ntarget = {{ node = {node} }}",
        (at * 1e3) as u64 + 1
    );
    let state = run(&format!("{crash}\n{second}"), with_plain_callers()).findings.state;
    assert!(state.rebuilt >= 1 && state.lost == 0, "{state:?}");
}

#[test]
fn as_s3_an_agent_whose_state_is_out_of_reach_is_moved_when_it_is_back_and_at_once_where_nobody_need_be_asked() {
    // Besides its home, two of those that keep its state.
    let faults =
        crash_of(NodeId(6), 60) + &keepers_but([NodeId(0), NodeId(6)]).iter().map(|node| crash_of(*node, 20)).collect::<String>();
    let world = format!("{WORLD}{faults}");
    let outcome = crate::run(&world, with_plain_callers(), 1);
    let moved = moves_of(AgentId(2), &outcome);
    assert!(moved.len() == 1 && (52.0..56.0).contains(&moved[0]), "{moved:?}");
    let home = outcome.incidents.iter().find(|incident| incident.downed.contains(&AgentId(2))).expect("it goes down");
    let reachable = home.reachable.map_or(0.0, hms_machine::Instant::as_secs_f64);
    assert!((52.0..53.0).contains(&reachable), "{reachable}");
    assert!(home.service_recovery().is_some_and(|time| time.as_secs_f64() < 5.0), "{home:?}");
    assert_eq!(home.first_attempt(), Some(true));
    let alone = crate::run(&world, without(|stack| stack.state.acknowledge = Acknowledge::Local), 1);
    assert!(moves_of(AgentId(2), &alone).first().is_some_and(|at| *at < 40.0), "{:?}", moves_of(AgentId(2), &alone));
}

#[test]
fn as_s3_no_agent_is_stopped_for_a_move_that_would_have_to_wait_for_its_state_and_one_is_where_nobody_need_be_asked() {
    let slow = "[[fault]]\nat = \"35s\"\nkind = \"slow_disk\"\nfactor = 20\nfor = \"20s\"\ntarget = { node = 6 }\n";
    let faults: String = keepers_but([NodeId(0), NodeId(6)]).iter().map(|node| crash_of(*node, 40)).collect();
    let stopped = |stack: Configuration| {
        let outcome = crate::run(&format!("{WORLD}{faults}{slow}"), stack, 1);
        let stops =
            |row: &hms_trial::TraceRow| matches!(row.kind, TraceKind::AgentDown { agent: AgentId(2), exit: Exit::Stopped, .. });
        outcome.recorder.trace.iter().filter(|row| stops(row)).count()
    };
    assert_eq!(stopped(with_plain_callers()), 0);
    assert!(stopped(without(|stack| stack.state.acknowledge = Acknowledge::Local)) > 0);
}

#[test]
fn as_s4_from_a_disk_that_is_well_again_in_time_no_agent_is_moved_and_without_patience_one_is() {
    for kind in [
        "kind = \"disk_full\"",
        "kind = \"disk_errors\"\nshare = 0.5",
        "kind = \"slow_disk\"\nfactor = 20",
        "kind = \"slow_disk\"\nfactor = 8",
    ] {
        let moved = |seconds: f64, stack: Configuration| {
            let disk = format!("{kind}\nfor = \"{seconds}s\"\ntarget = {{ node = 0 }}");
            value(&run(&disk, stack), "moved")
        };
        assert_eq!(moved(2.2, with_plain_callers()), 0.0, "{kind}");
        assert!(moved(2.2, without(|stack| stack.supervisor.disk_patience = hms_machine::Duration::ZERO)) > 0.0, "{kind}");
        assert!(moved(40.0, with_plain_callers()) > 0.0, "{kind}");
    }
}

#[test]
fn as_s4_a_busy_processor_does_not_hide_an_ill_disk() {
    let disk = "kind = \"slow_disk\"\nfactor = 20\nfor = \"40s\"\ntarget = { node = 0 }";
    let busy = "[[fault]]\nat = \"31s\"\nkind = \"slow_cpu\"\nspeed = 0.02\nfor = \"39s\"\ntarget = { node = 0 }";
    let both = run(&format!("{disk}\n{busy}"), with_plain_callers());
    assert!(value(&both, "moved") > 0.0);
}

#[test]
fn as_s3_an_agent_that_left_an_ill_host_is_restarted_at_its_new_home_and_not_taken_for_ill_itself() {
    let disk = "kind = \"slow_disk\"\nfactor = 20\nfor = \"60s\"\ntarget = { node = 0 }";
    let after = |outcome: &Outcome, at: f64| {
        let mut rungs = Vec::new();
        for row in outcome.recorder.trace.iter().filter(|row| row.at.as_secs_f64() > at) {
            if let TraceKind::Stack { record: Record::RecoveryStarted { agent: AgentId(0), rung, .. }, .. } = row.kind {
                rungs.push(rung);
            }
        }
        rungs
    };
    let first = run(disk, with_plain_callers());
    let mut starts = first.recorder.trace.iter().filter(|row| row.at.as_secs_f64() > 30.0);
    let start = |row: &&_| matches!(row, hms_trial::TraceRow { kind: TraceKind::AgentStarting { agent: AgentId(0), .. }, .. });
    let at = starts.find(start).expect("it leaves").at.as_secs_f64();
    let from = (at * 1e3) as u64 + 1;
    let fails = format!(
        "[[fault]]\nat = \"{from}ms\"\nkind = \"crash_loop\"\nafter = \"20ms\"\nfor = \"1s\"\ntarget = {{ service = \"store\", replica = 0 }}"
    );
    let rungs = after(&run(&format!("{disk}\n{fails}"), with_plain_callers()), at);
    assert_eq!(rungs.first(), Some(&Rung::Restart), "{rungs:?}");
}
