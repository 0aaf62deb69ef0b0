//! Rows of a trace and a small world for the tests of incidents and checkers.

use hms_machine::{AgentId, Cause, Duration, Exit, Instant, NodeId, Record, Rung, ServiceId};
use hms_scenario::model::Scenario;
use hms_sim::faults::{FaultId, Schedule};
use hms_sim::services::placement::Placement;
use hms_sim::world::{Ended, Harm, HarmRow, Requests, SeriesRow, TraceKind, TraceRow};

use crate::checkers::recoveries;
use crate::incidents::{self, Incident};
use crate::timeline::Timeline;

/// Four hosts, two agents of `front` on 0 and 1, which call the two of `back` on 2 and 3. Two minutes.
pub(crate) const WORLD: &str = r#"
version = 1
[run]
duration = "120s"
[cluster]
nodes = 4
[cluster.host]
memory = "1GiB"
[[service]]
name = "front"
replicas = 2
nodes = [0, 1]
memory = { base = "100MiB" }
call = [{ service = "back" }]
[[service]]
name = "back"
replicas = 2
nodes = [2, 3]
memory = { base = "100MiB" }
[[load]]
name = "users"
service = "front"
arrivals = 50
"#;

pub(crate) fn scenario(faults: &str) -> Scenario {
    let text = format!("{WORLD}{faults}");
    let document = hms_scenario::parse(&text, &|_| Err("none".to_owned()));
    document.unwrap_or_else(|problems| panic!("{}", problems[0].render("fixture.toml", &text))).scenario
}

pub(crate) fn secs(at: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(at)
}

pub(crate) fn row(at: u64, kind: TraceKind) -> TraceRow {
    TraceRow { at: secs(at), seq: at, kind }
}

pub(crate) fn said(at: u64, node: u32, record: Record) -> TraceRow {
    row(at, TraceKind::Stack { node: NodeId(node), record, justified: false })
}

pub(crate) fn suspected(at: u64, by: u32, peer: u32, justified: bool) -> TraceRow {
    row(at, TraceKind::Stack { node: NodeId(by), record: Record::Suspected(NodeId(peer)), justified })
}

pub(crate) fn trusted(at: u64, by: u32, peer: u32) -> TraceRow {
    said(at, by, Record::Trusted(NodeId(peer)))
}

pub(crate) fn started(at: u64, agent: u32, rung: Rung, attempt: u32) -> TraceRow {
    said(at, agent, Record::RecoveryStarted { agent: AgentId(agent), rung, cause: Cause::Crash, attempt })
}

pub(crate) fn verified(at: u64, agent: u32, rung: Rung, attempt: u32) -> TraceRow {
    said(at, agent, Record::RecoveryVerified { agent: AgentId(agent), rung, attempt })
}

/// The agent's first answer, on the node of its number.
pub(crate) fn served(at: u64, agent: u32) -> TraceRow {
    row(at, TraceKind::AgentServed { agent: AgentId(agent), node: NodeId(agent) })
}

pub(crate) fn ready(at: u64, agent: u32, node: u32) -> TraceRow {
    row(at, TraceKind::AgentReady { agent: AgentId(agent), node: NodeId(node) })
}

pub(crate) fn down(at: u64, agent: u32, node: u32, exit: Exit, fault: Option<u32>) -> TraceRow {
    row(at, TraceKind::AgentDown { agent: AgentId(agent), node: NodeId(node), exit, fault: fault.map(FaultId) })
}

/// All hosts up and all agents ready at zero.
pub(crate) fn up() -> Vec<TraceRow> {
    let nodes = (0..4).map(|node| row(0, TraceKind::NodeUp(NodeId(node))));
    nodes.chain((0..4).map(|agent| ready(0, agent, agent))).collect()
}

/// Attempts on an agent in each tenth of the seconds `from..until`: so many answered, so many not.
pub(crate) fn attempts(harm: &mut Harm, from: u64, until: u64, agent: u32, well: u32, otherwise: u32) {
    for tenth in from * 10..until * 10 {
        let at = Instant::ZERO + Duration::from_millis(tenth * 100);
        let service = ServiceId(agent / 2);
        (0..well).for_each(|_| harm.count(at, service, Some(AgentId(agent)), Ended::Well));
        (0..otherwise).for_each(|_| harm.count(at, service, Some(AgentId(agent)), Ended::Otherwise));
    }
}

/// A second in which nothing was asked for.
pub(crate) fn quiet(at: u64) -> SeriesRow {
    SeriesRow {
        at: secs(at),
        requests: Requests::default(),
        latency_p50: Duration::ZERO,
        latency_p99: Duration::ZERO,
        nodes_up: 4,
        agents_ready: 4,
        jobs: 0,
        suspicions: 0,
        stack_messages: 0,
        stack_bytes: 0,
        service_messages: 0,
        service_bytes: 0,
        stack_cpu: Duration::ZERO,
        stack_cpu_by: [Duration::ZERO; 4],
        stack_bytes_by: [0; 4],
        shed: 0,
        service_cpu: Duration::ZERO,
    }
}

/// Everything that is read off a hand-made run.
pub(crate) struct Made {
    pub(crate) scenario: Scenario,
    pub(crate) places: Placement,
    pub(crate) trace: Vec<TraceRow>,
    pub(crate) harm: Vec<HarmRow>,
    pub(crate) timeline: Timeline,
    pub(crate) incidents: Vec<Incident>,
}

/// A run of the world with `faults` in which `trace` follows [`up`].
pub(crate) fn made(faults: &str, trace: Vec<TraceRow>, harm: &Harm) -> Made {
    let scenario = scenario(faults);
    let places = Placement::new(&scenario);
    let schedule = Schedule::generate(&scenario, &places, &hms_machine::Streams::new(hms_machine::Seed(1)));
    let mut trace = [up(), trace].concat();
    trace.sort_by_key(|row| row.at);
    // What happens in one second happens in one event.
    trace.iter_mut().for_each(|row| row.seq = row.at.as_nanos() / 1_000_000_000);
    let (kills, hindered, harm) = (&harm.kills, &harm.hindered, harm.rows());
    let timeline = Timeline::new(&places, &trace, secs(120));
    let recoveries = recoveries::collect(&trace);
    let incidents = incidents::join(&incidents::Evidence {
        seed: hms_machine::Seed(1),
        scenario: &scenario,
        schedule: &schedule,
        places: &places,
        trace: &trace,
        harm: &harm,
        kills,
        hindered,
        timeline: &timeline,
        recoveries: &recoveries,
        persistence: &hms_stack::Configuration::default().state,
    });
    Made { scenario, places, trace, harm, timeline, incidents }
}
