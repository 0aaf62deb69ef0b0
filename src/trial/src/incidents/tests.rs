use hms_machine::{BreakerState, Exit, Record, Rung, ServiceId};
use hms_sim::world::{Ended, Harm};

use super::*;
use crate::fixture::{attempts, down, made, ready, row, said, secs, served, started, suspected, verified};

const AGENT_CRASH: &str = "[[fault]]\nkind = \"agent_crash\"\nat = \"30s\"\ntarget = { service = \"front\", replica = 0 }\n";
const GRAY: &str =
    "[[fault]]\nkind = \"gray\"\nat = \"30s\"\nfor = \"60s\"\nerrors = 0.5\ntarget = { service = \"front\", replica = 0 }\n";
const HANG: &str = "[[fault]]\nkind = \"hang\"\nat = \"30s\"\nfor = \"60s\"\ntarget = { service = \"front\", replica = 0 }\n";
const CRASH: &str = "[[fault]]\nkind = \"crash\"\nat = \"30s\"\nfor = \"60s\"\ntarget = { node = 0 }\n";
const STEP: &str = "[[fault]]\nkind = \"clock_step\"\nat = \"30s\"\nby = \"5s\"\ntarget = { node = 1 }\n";

fn began() -> TraceRow {
    row(30, TraceKind::FaultBegan(FaultId(0)))
}

fn only(faults: &str, trace: Vec<TraceRow>, harm: &Harm) -> Incident {
    let mut incidents = made(faults, trace, harm).incidents;
    assert_eq!(incidents.len(), 1);
    incidents.remove(0)
}

fn failed(at: u64, agent: u32) -> TraceRow {
    said(at, agent, Record::AgentFailed { agent: AgentId(agent), cause: Cause::Crash })
}

#[test]
fn a_crashed_agent_is_restored_when_it_is_ready_again_and_attempts_on_it_succeed() {
    let mut harm = Harm::default();
    attempts(&mut harm, 30, 34, 0, 0, 1);
    attempts(&mut harm, 34, 40, 0, 2, 0);
    let trace = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(31, 0), ready(33, 0, 0), served(35, 0)];
    let incident = only(AGENT_CRASH, trace, &harm);
    assert_eq!((incident.notice, incident.cause), (Some(Notice::Failure), Some(Cause::Crash)));
    assert_eq!((incident.recovered, incident.restored), (Some(secs(33)), Some(secs(34))));
    assert_eq!(incident.service_recovery(), Some(Duration::from_secs(3)));
}

#[test]
fn an_agent_that_does_not_come_back_is_not_restored_though_nobody_calls_it() {
    let trace = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(31, 0)];
    let incident = only(AGENT_CRASH, trace, &Harm::default());
    assert_eq!((incident.restored, incident.service_recovery()), (None, None));
}

#[test]
fn an_agent_that_dies_again_within_a_second_was_not_restored_by_its_start() {
    let mut trace = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(30, 0), ready(33, 0, 0)];
    trace.push(down(33, 0, 0, Exit::Abnormal, None));
    trace.push(ready(50, 0, 0));
    assert_eq!(only(AGENT_CRASH, trace, &Harm::default()).restored, Some(secs(50)));
}

#[test]
fn an_agent_that_was_moved_is_restored_before_its_host_is_back() {
    let node = NodeId(0);
    let crash = vec![began(), row(30, TraceKind::NodeDown(node)), down(30, 0, 0, Exit::Abnormal, Some(0))];
    let moved = vec![suspected(31, 2, 0, true), ready(34, 0, 2), row(92, TraceKind::NodeUp(node))];
    let incident = only(CRASH, [crash.clone(), moved].concat(), &Harm::default());
    assert_eq!((incident.notice, incident.restored), (Some(Notice::Suspicion), Some(secs(34))));
    assert!(incident.possible, "the other hosts have memory");
    let stays = vec![suspected(31, 2, 0, true), row(92, TraceKind::NodeUp(node)), ready(93, 0, 0)];
    assert_eq!(only(CRASH, [crash, stays].concat(), &Harm::default()).restored, Some(secs(93)));
}

#[test]
fn a_fault_of_a_host_strikes_the_agents_that_live_there_by_then_and_not_those_that_have_left() {
    let starts = |agent, node| row(20, TraceKind::AgentStarting { agent: AgentId(agent), node: NodeId(node) });
    let left = |agent, node| down(19, agent, node, Exit::Stopped, None);
    let moves = vec![left(0, 0), starts(0, 3), ready(20, 0, 3), left(1, 1), starts(1, 0), ready(20, 1, 0)];
    let crash = vec![began(), row(30, TraceKind::NodeDown(NodeId(0))), down(30, 1, 0, Exit::Abnormal, Some(0))];
    let incident = only(CRASH, [moves, crash.clone()].concat(), &Harm::default());
    assert_eq!((incident.struck, incident.downed), (vec![AgentId(1)], vec![AgentId(1)]));
    assert_eq!(only(CRASH, crash, &Harm::default()).struck, [AgentId(0)]);
}

#[test]
fn where_every_other_host_is_down_no_capacity_remains() {
    let dead = (1..4).map(|node| row(20, TraceKind::NodeDown(NodeId(node))));
    let crash = [began(), row(30, TraceKind::NodeDown(NodeId(0))), down(30, 0, 0, Exit::Abnormal, Some(0))];
    let incident = only(CRASH, dead.chain(crash).collect(), &Harm::default());
    assert!(!incident.possible);
}

#[test]
fn a_gray_agent_is_restored_when_callers_leave_it_out() {
    let mut harm = Harm::default();
    attempts(&mut harm, 30, 36, 0, 1, 1);
    let open = Record::Breaker { service: ServiceId(0), agent: Some(AgentId(0)), state: BreakerState::Open };
    let incident = only(GRAY, vec![began(), said(32, 3, open)], &harm);
    assert_eq!((incident.notice, incident.detector), (Some(Notice::Breaker), Some(NodeId(3))));
    assert_eq!(incident.restored, Some(secs(36)));
    // While they go on to send it requests it is not.
    let mut harm = Harm::default();
    attempts(&mut harm, 30, 120, 0, 1, 1);
    assert_eq!(only(GRAY, vec![began(), said(32, 3, open)], &harm).restored, None);
}

#[test]
fn one_failure_in_a_hundred_attempts_is_no_outage_and_two_are() {
    let second = |otherwise: u32| {
        let mut harm = Harm::default();
        attempts(&mut harm, 30, 31, 0, 0, 1);
        (0..otherwise).for_each(|_| harm.count(secs(31), ServiceId(0), Some(AgentId(0)), Ended::Otherwise));
        attempts(&mut harm, 31, 33, 0, 12, 0);
        only(GRAY, vec![began(), said(31, 3, Record::Ejected(AgentId(0)))], &harm)
    };
    assert_eq!(second(1).restored, Some(secs(31)));
    assert_ne!(second(2).restored, Some(secs(31)));
}

#[test]
fn attempts_that_the_network_lost_keep_faults_of_the_network_open_and_no_others() {
    let lost = || {
        let mut harm = Harm::default();
        for second in 30..60 {
            harm.count(secs(second), ServiceId(0), Some(AgentId(0)), Ended::Well);
            harm.count(secs(second), ServiceId(0), Some(AgentId(0)), Ended::Lost);
        }
        harm
    };
    let crash = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(31, 0), ready(33, 0, 0), served(35, 0)];
    assert_eq!(only(AGENT_CRASH, crash, &lost()).restored, Some(secs(33)));
    let loss = "[[fault]]\nkind = \"loss\"\nat = \"30s\"\nfor = \"60s\"\nshare = 0.5\ntarget = { node = 0 }\n";
    let noticed = said(31, 3, Record::NodeDegraded { node: NodeId(0), cause: Cause::Network });
    let restored = only(loss, vec![began(), noticed], &lost()).restored.map(Instant::as_secs_f64);
    assert!(restored.is_some_and(|at| (59.0..60.2).contains(&at)), "{restored:?}");
}

#[test]
fn notice_of_an_agent_that_is_not_struck_is_no_notice() {
    let degraded = |agent| said(32, 3, Record::AgentDegraded { agent: AgentId(agent), cause: Cause::Errors });
    assert_eq!(only(GRAY, vec![began(), degraded(1)], &Harm::default()).detected, None);
    let incident = only(GRAY, vec![began(), degraded(0)], &Harm::default());
    assert_eq!((incident.notice, incident.cause), (Some(Notice::Degradation), Some(Cause::Errors)));
}

#[test]
fn a_stuck_agent_is_restored_when_a_new_process_of_it_is_ready() {
    let hang = |agent| said(31, 0, Record::AgentFailed { agent: AgentId(agent), cause: Cause::Hang });
    let stopped = down(32, 0, 0, Exit::Stopped, None);
    let incident = only(HANG, vec![began(), hang(0), stopped, ready(33, 0, 0), served(34, 0)], &Harm::default());
    assert_eq!((incident.cause, incident.restored), (Some(Cause::Hang), Some(secs(33))));
    let ended = row(90, TraceKind::FaultEnded(FaultId(0)));
    assert_eq!(only(HANG, vec![began(), hang(0), ended], &Harm::default()).restored, Some(secs(90)));
}

#[test]
fn a_stepped_clock_is_noticed_after_it_has_struck_and_by_its_cause_alone() {
    let degraded = |cause| said(40, 1, Record::NodeDegraded { node: NodeId(1), cause });
    let incident = only(STEP, vec![began(), degraded(Cause::Clock)], &Harm::default());
    assert_eq!((incident.detected, incident.notice), (Some(secs(40)), Some(Notice::NodeDegradation)));
    assert_eq!(only(STEP, vec![began(), degraded(Cause::SlowDisk)], &Harm::default()).detected, None);
}

#[test]
fn a_clock_stays_off_after_it_has_drifted_and_is_well_after_it_has_jumped_forth_and_back() {
    let degraded = |cause| said(60, 1, Record::NodeDegraded { node: NodeId(1), cause });
    let ended = || row(50, TraceKind::FaultEnded(FaultId(0)));
    let detected = |kind: &str, cause| {
        let fault = format!("[[fault]]\nkind = \"{kind}\"\nat = \"30s\"\nfor = \"20s\"\ntarget = {{ node = 1 }}\n");
        only(&fault, vec![began(), ended(), degraded(cause)], &Harm::default()).detected
    };
    assert_eq!(detected("clock_drift", Cause::Clock), Some(secs(60)));
    assert_eq!(detected("clock_drift", Cause::SlowDisk), None);
    assert_eq!(detected("clock_strobe", Cause::Clock), None);
}

#[test]
fn a_needless_second_process_that_is_stopped_does_not_keep_an_incident_open() {
    let crash = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(30, 0), ready(33, 0, 2)];
    let second = vec![ready(34, 0, 0), served(35, 0), down(36, 0, 0, Exit::Stopped, None)];
    let incident = only(AGENT_CRASH, [crash, second].concat(), &Harm::default());
    assert_eq!((incident.recovered, incident.verified), (Some(secs(33)), Some(secs(35))));
}

#[test]
fn as_s3_an_incident_knows_whether_its_first_actions_helped() {
    let crash = vec![began(), down(30, 0, 0, Exit::Abnormal, Some(0)), failed(30, 0)];
    let once = vec![started(31, 0, Rung::Restart, 1), ready(32, 0, 0), served(33, 0), verified(33, 0, Rung::Restart, 1)];
    let incident = only(AGENT_CRASH, [crash.clone(), once].concat(), &Harm::default());
    assert_eq!((incident.recoveries.len(), incident.actions, incident.first_attempt()), (1, 1, Some(true)));
    let twice = vec![started(31, 0, Rung::Restart, 1), started(35, 0, Rung::Relocate, 2), ready(36, 0, 2), served(37, 0)];
    let incident = only(AGENT_CRASH, [crash, twice].concat(), &Harm::default());
    assert_eq!((incident.recoveries.len(), incident.first_attempt()), (2, Some(false)));
}

#[test]
fn a_clock_that_jumps_back_to_the_right_time_shows_nothing_and_one_that_jumps_away_does() {
    let step = |at: u64, forward: bool| {
        format!("[[fault]]\nkind = \"clock_step\"\nat = \"{at}s\"\nby = \"2s\"\nforward = {forward}\ntarget = {{ node = 1 }}\n")
    };
    let second = row(60, TraceKind::FaultBegan(FaultId(1)));
    let faults = |forward| step(30, true) + &step(60, forward);
    let shown = |forward| {
        let made = made(&faults(forward), vec![began(), second], &Harm::default());
        made.incidents.iter().map(|incident| incident.shown).collect::<Vec<_>>()
    };
    assert_eq!(shown(false), [Some(secs(30)), None]);
    assert_eq!(shown(true), [Some(secs(30)), Some(secs(60))]);
}

#[test]
fn a_host_that_is_down_and_suspected_when_it_crashes_once_more_shows_nothing_new() {
    let crash = |at: u64| format!("[[fault]]\nkind = \"crash\"\nat = \"{at}s\"\nfor = \"40s\"\ntarget = {{ node = 0 }}\n");
    let suspected = said(31, 1, Record::Suspected(NodeId(0)));
    let again = |between: Vec<TraceRow>| {
        let first = vec![began(), row(30, TraceKind::NodeDown(NodeId(0)))];
        let rows = [first, between, vec![row(60, TraceKind::FaultBegan(FaultId(1)))]].concat();
        made(&(crash(30) + &crash(60)), rows, &Harm::default()).incidents[1].shown
    };
    assert_eq!(again(vec![suspected]), None);
    assert_eq!(again(vec![]), Some(secs(60)));
    assert_eq!(again(vec![suspected, said(50, 1, Record::Trusted(NodeId(0)))]), Some(secs(60)));
}

#[test]
fn time_is_counted_from_the_first_effect_and_a_fault_without_one_has_none() {
    let fault = |kind: &str| format!("[[fault]]\nat = \"30s\"\n{kind}target = {{ service = \"front\", replica = 0 }}\n");
    let noticed = |at| said(at, 0, Record::AgentDegraded { agent: AgentId(0), cause: Cause::MemoryTrend });
    let shown = |faults: &str, at, harm: &Harm| {
        let incident = only(faults, vec![began(), noticed(at)], harm);
        (incident.shown, incident.detection_time())
    };
    let quiet = Harm::default();
    // A hundredth of a gibibyte takes ten seconds.
    let leak = fault("kind = \"memory_leak\"\nfor = \"60s\"\nrate = \"1048.576 KiB/s\"\n");
    let took = shown(&leak, 41, &quiet).1.expect("it showed and was noticed");
    assert!((took.as_secs_f64() - 1.0).abs() < 1e-3, "{took}");
    assert_eq!(shown(&leak, 35, &quiet).1, Some(Duration::ZERO));
    assert_eq!(shown(&leak.replace("60s", "5s"), 31, &quiet), (None, None));
    // A frame of 1,500 bytes takes half a millisecond at 3 MB/s.
    let throttle = |rate: &str| {
        let target = "target = { from = [0], to = [1] }";
        format!("[[fault]]\nkind = \"throttle\"\nat = \"30s\"\nfor = \"60s\"\nbandwidth = \"{rate}\"\n{target}\n")
    };
    assert_eq!((shown(&throttle("1 MB/s"), 31, &quiet).0, shown(&throttle("9 MB/s"), 31, &quiet).0), (Some(secs(30)), None));
    // A gray failure shows with the first request that fails, if more than one in a hundred do.
    let mut rare = Harm::default();
    attempts(&mut rare, 34, 36, 0, 100, 1);
    assert_eq!(shown(GRAY, 36, &rare).0, None);
    let mut harm = Harm::default();
    attempts(&mut harm, 34, 36, 0, 1, 1);
    assert_eq!(shown(GRAY, 36, &harm), (Some(secs(34)), Some(Duration::from_secs(2))));
    assert_eq!(shown(GRAY, 36, &quiet).0, None);
    let pause =
        |length: &str| format!("[[fault]]\nkind = \"pause\"\nat = \"30s\"\nfor = \"{length}\"\ntarget = {{ node = 0 }}\n");
    let shown = |text: String| only(&text, vec![began()], &quiet).shown;
    assert_eq!((shown(pause("500ms")), shown(pause("501ms"))), (None, Some(secs(30))));
}

/// A fault of this kind strikes node 0 from 30 s to 60 s, in which its disk is asked for an operation at `asked` and fails one at `failed`.
fn shown_on_a_disk(kind: &str, asked: Option<u64>, failed: Option<u64>) -> Option<Instant> {
    let text = format!("[[fault]]\nkind = \"{kind}\"\nat = \"30s\"\nfor = \"30s\"\ntarget = {{ node = 0 }}\n");
    let mut harm = Harm::default();
    asked.into_iter().for_each(|at| harm.hinder(secs(at), NodeId(0), false));
    failed.into_iter().for_each(|at| harm.hinder(secs(at), NodeId(0), true));
    // What befalls other disks shows nothing of this one.
    harm.hinder(secs(31), NodeId(1), true);
    only(&text, vec![began()], &harm).shown
}

#[test]
fn a_fault_of_a_disk_shows_with_the_first_operation_that_meets_it() {
    for kind in ["disk_full", "disk_errors"] {
        assert_eq!(shown_on_a_disk(kind, Some(32), Some(40)), Some(secs(40)), "{kind}");
        assert_eq!(shown_on_a_disk(kind, Some(32), None), None, "{kind}");
        assert_eq!(shown_on_a_disk(kind, None, Some(61)), None, "{kind}");
    }
    for kind in ["disk_stall", "slow_disk"] {
        assert_eq!(shown_on_a_disk(kind, Some(32), None), Some(secs(32)), "{kind}");
        assert_eq!(shown_on_a_disk(kind, None, None), None, "{kind}");
    }
    // A pause of half a second is no failure.
    assert_eq!(shown_on_a_disk("disk_stall", Some(60), None), None);
}

#[test]
fn what_strikes_a_host_that_is_down_shows_when_the_host_is_up_or_never() {
    let pause = "[[fault]]\nkind = \"pause\"\nat = \"30s\"\nfor = \"30s\"\ntarget = { node = 0 }\n";
    let shown = |up: u64| {
        let rows = vec![row(20, TraceKind::NodeDown(NodeId(0))), began(), row(up, TraceKind::NodeUp(NodeId(0)))];
        let ended = row(60, TraceKind::FaultEnded(FaultId(0)));
        only(pause, [rows, vec![ended]].concat(), &Harm::default()).shown
    };
    assert_eq!((shown(40), shown(70)), (Some(secs(40)), None));
    assert_eq!(only(pause, vec![began()], &Harm::default()).shown, Some(secs(30)));
    // One that is paused and suspected already cannot look worse.
    let paused = row(20, TraceKind::NodePaused(NodeId(0)));
    let again = |rows: Vec<TraceRow>| only(pause, [rows, vec![began()]].concat(), &Harm::default()).shown;
    assert_eq!(again(vec![paused]), Some(secs(30)));
    assert_eq!(again(vec![paused, suspected(21, 1, 0, true)]), None);
}
