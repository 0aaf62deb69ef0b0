//! Rows of a run as polars frames, column by column, after the schema.

use hms_machine::{
    BreakerState, CallOutcome, Cause, Component, Duration, Exit, Instant, Level, Record, Severity, StateSource, Whole,
};
use hms_trial::{Incident, LoadRecord, Notice, Outcome, SeriesRow, TraceKind, TraceRow};
use polars::prelude::*;

use super::schema::{ColumnDefinition, ColumnKind, Table};
use crate::inputs::Inputs;

/// Rows of the trace in one frame, which becomes one row group of the file.
pub(crate) const TRACE_ROWS: usize = 1 << 17;

/// Column by column, in the order of the schema; a name or type that is not the schema's next one is a bug and panics.
struct FrameBuilder {
    table: Table,
    definitions: std::vec::IntoIter<ColumnDefinition>,
    columns: Vec<Column>,
    height: usize,
}

impl FrameBuilder {
    fn new(table: Table, height: usize) -> Self {
        let definitions = table.columns();
        FrameBuilder { table, columns: Vec::with_capacity(definitions.len()), definitions: definitions.into_iter(), height }
    }

    fn next(&mut self, name: &str, kind: ColumnKind, optional: bool) -> PlSmallStr {
        let next = self.definitions.next();
        let next = next.unwrap_or_else(|| panic!("{} has no column {name}", self.table.name()));
        assert_eq!((next.name, next.kind, next.optional), (name, kind, optional), "column of {}", self.table.name());
        name.into()
    }

    fn push(&mut self, column: impl IntoColumn) {
        self.columns.push(column.into_column());
    }

    /// One text in every row.
    fn same_text(&mut self, name: &str, text: &str) {
        let name = self.next(name, ColumnKind::Text, false);
        self.columns.push(Column::new_scalar(
            name,
            Scalar::new(DataType::String, AnyValue::StringOwned(text.into())),
            self.height,
        ));
    }

    fn texts<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        let name = self.next(name, ColumnKind::Text, false);
        self.push(StringChunked::from_iter_values(name, values));
    }

    fn texts_maybe<'a>(&mut self, name: &str, values: impl Iterator<Item = Option<&'a str>>) {
        let name = self.next(name, ColumnKind::Text, true);
        self.push(StringChunked::from_iter_options(name, values));
    }

    fn integers(&mut self, name: &str, values: impl Iterator<Item = u64>) {
        let name = self.next(name, ColumnKind::Integer, false);
        self.push(Int64Chunked::from_iter_values(name, values.map(signed)));
    }

    fn integers_maybe(&mut self, name: &str, values: impl Iterator<Item = Option<u64>>) {
        let name = self.next(name, ColumnKind::Integer, true);
        self.push(Int64Chunked::from_iter_options(name, values.map(|value| value.map(signed))));
    }

    fn unsigned(&mut self, name: &str, values: impl Iterator<Item = u64>) {
        let name = self.next(name, ColumnKind::Unsigned, false);
        self.push(UInt64Chunked::from_iter_values(name, values));
    }

    fn ids(&mut self, name: &str, values: impl Iterator<Item = u32>) {
        let name = self.next(name, ColumnKind::Id, false);
        self.push(UInt32Chunked::from_iter_values(name, values));
    }

    fn ids_maybe(&mut self, name: &str, values: impl Iterator<Item = Option<u32>>) {
        let name = self.next(name, ColumnKind::Id, true);
        self.push(UInt32Chunked::from_iter_options(name, values));
    }

    fn floats(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let name = self.next(name, ColumnKind::Float, false);
        self.push(Float64Chunked::from_iter_values(name, values));
    }

    fn floats_maybe(&mut self, name: &str, values: impl Iterator<Item = Option<f64>>) {
        let name = self.next(name, ColumnKind::Float, true);
        self.push(Float64Chunked::from_iter_options(name, values));
    }

    fn flags(&mut self, name: &str, values: impl Iterator<Item = bool>) {
        let name = self.next(name, ColumnKind::Flag, false);
        self.push(BooleanChunked::from_iter_options(name, values.map(Some)));
    }

    fn flags_maybe(&mut self, name: &str, values: impl Iterator<Item = Option<bool>>) {
        let name = self.next(name, ColumnKind::Flag, true);
        self.push(BooleanChunked::from_iter_options(name, values));
    }

    fn finish(mut self) -> DataFrame {
        if let Some(missing) = self.definitions.next() {
            panic!("column {} of {} was not built", missing.name, self.table.name());
        }
        DataFrame::new(self.height, self.columns).expect("columns of one length with distinct names")
    }
}

/// Times beyond 292 years and counts beyond 2^63 count as that.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// The frame of one table of one run; the trace whole, whatever its length.
pub fn frame(table: Table, inputs: &Inputs, outcome: &Outcome) -> DataFrame {
    let run_id = inputs.run_id();
    match table {
        Table::Runs => runs(run_id, inputs, outcome),
        Table::Loads => loads(run_id, inputs, &outcome.recorder.loads),
        Table::Latencies => latencies(run_id, inputs, &outcome.recorder.loads),
        Table::Incidents => incidents(run_id, outcome),
        Table::Series => series(run_id, &outcome.recorder.series),
        Table::Events => events(run_id, &outcome.recorder.trace),
    }
}

fn runs(run_id: &str, inputs: &Inputs, outcome: &Outcome) -> DataFrame {
    let mut frame = FrameBuilder::new(Table::Runs, 1);
    let duration = inputs.scenario().run.duration;
    frame.same_text("run_id", run_id);
    frame.same_text("scenario", &inputs.scenario().name);
    frame.unsigned("seed", [outcome.seed.0].into_iter());
    frame.same_text("trace_hash", &outcome.hash.to_string());
    frame.integers("events", [outcome.events].into_iter());
    frame.integers("simulated_ns", [duration.as_nanos()].into_iter());
    frame.floats("simulated_s", [seconds(duration)].into_iter());
    for objective in &outcome.objectives {
        frame.floats_maybe(objective.definition.name, [objective.value].into_iter());
    }
    frame.finish()
}

fn loads(run_id: &str, inputs: &Inputs, records: &[LoadRecord]) -> DataFrame {
    let mut frame = FrameBuilder::new(Table::Loads, records.len());
    let requests = || records.iter().map(|record| record.requests);
    frame.same_text("run_id", run_id);
    frame.texts("load", inputs.scenario().loads.iter().map(|load| load.name.as_str()));
    frame.integers("started", requests().map(|requests| requests.started));
    frame.integers("succeeded", requests().map(|requests| requests.succeeded));
    frame.integers("degraded", requests().map(|requests| requests.degraded));
    frame.integers("failed", requests().map(|requests| requests.failed));
    frame.integers("open", requests().map(|requests| requests.open()));
    frame.finish()
}

fn latencies(run_id: &str, inputs: &Inputs, records: &[LoadRecord]) -> DataFrame {
    let mut loads: Vec<_> = inputs.scenario().loads.iter().map(|load| load.name.as_str()).zip(records).collect();
    loads.sort_by_key(|(name, _)| *name);
    let mut rows: Vec<(&str, &str, f64, u64)> = Vec::new();
    for (name, record) in loads {
        for (requests, histogram) in [("answered", &record.answered), ("ended", &record.ended)] {
            let buckets = histogram.iter_recorded();
            rows.extend(
                buckets
                    .map(|bucket| (name, requests, bucket.value_iterated_to() as f64 / 1e9, bucket.count_since_last_iteration())),
            );
        }
    }
    let mut frame = FrameBuilder::new(Table::Latencies, rows.len());
    frame.same_text("run_id", run_id);
    frame.texts("load", rows.iter().map(|row| row.0));
    frame.texts("requests", rows.iter().map(|row| row.1));
    frame.floats("latency_s", rows.iter().map(|row| row.2));
    frame.integers("count", rows.iter().map(|row| row.3));
    frame.finish()
}

fn incidents(run_id: &str, outcome: &Outcome) -> DataFrame {
    let rows = || outcome.incidents.iter();
    let nanos = |instant: Option<Instant>| instant.map(Instant::as_nanos);
    let mut frame = FrameBuilder::new(Table::Incidents, outcome.incidents.len());
    frame.same_text("run_id", run_id);
    frame.ids("fault", rows().map(|incident| incident.fault.0));
    frame.texts("name", rows().map(|incident| incident.name.as_str()));
    frame.texts("kind", rows().map(|incident| incident.kind));
    frame.texts("victims", rows().map(|incident| incident.victims.as_str()));
    frame.integers("start_ns", rows().map(|incident| incident.start.as_nanos()));
    frame.integers_maybe("end_ns", rows().map(|incident| nanos(incident.end)));
    frame.integers_maybe("detected_ns", rows().map(|incident| nanos(incident.detected)));
    frame.ids_maybe("detector", rows().map(|incident| incident.detector.map(|node| node.0)));
    frame.integers("actions", rows().map(|incident| u64::from(incident.actions)));
    frame.integers_maybe("recovered_ns", rows().map(|incident| nanos(incident.recovered)));
    frame.integers_maybe("verified_ns", rows().map(|incident| nanos(incident.verified)));
    frame.floats_maybe("detection_s", rows().map(|incident| incident.detection_time().map(seconds)));
    frame.floats_maybe("recovery_s", rows().map(|incident| incident.recovery_time().map(seconds)));
    frame.floats_maybe("outage_s", rows().map(|incident| incident.outage().map(seconds)));
    frame.texts_maybe("notice", rows().map(|incident| incident.notice.map(Notice::name)));
    frame.texts_maybe("cause", rows().map(|incident| incident.cause.map(Cause::name)));
    frame.integers_maybe("restored_ns", rows().map(|incident| nanos(incident.restored)));
    frame.integers_maybe("reachable_ns", rows().map(|incident| nanos(incident.reachable)));
    frame.floats_maybe("service_recovery_s", rows().map(|incident| incident.service_recovery().map(seconds)));
    frame.flags("possible", rows().map(|incident| incident.possible));
    frame.integers("recoveries", rows().map(|incident| incident.recoveries.len() as u64));
    let rungs: Vec<Option<String>> = rows().map(Incident::rungs).collect();
    frame.texts_maybe("rungs", rungs.iter().map(Option::as_deref));
    frame.flags_maybe("first_attempt", rows().map(Incident::first_attempt));
    frame.finish()
}

fn series(run_id: &str, rows: &[SeriesRow]) -> DataFrame {
    let mut frame = FrameBuilder::new(Table::Series, rows.len());
    // The simulator writes zero where no request ended.
    let latency = |row: &SeriesRow, latency: Duration| (row.requests.ended() > 0).then(|| seconds(latency));
    frame.same_text("run_id", run_id);
    frame.integers("time_ns", rows.iter().map(|row| row.at.as_nanos()));
    frame.floats("time_s", rows.iter().map(|row| row.at.as_secs_f64()));
    frame.integers("started", rows.iter().map(|row| row.requests.started));
    frame.integers("succeeded", rows.iter().map(|row| row.requests.succeeded));
    frame.integers("degraded", rows.iter().map(|row| row.requests.degraded));
    frame.integers("failed", rows.iter().map(|row| row.requests.failed));
    frame.floats_maybe("latency_p50_s", rows.iter().map(|row| latency(row, row.latency_p50)));
    frame.floats_maybe("latency_p99_s", rows.iter().map(|row| latency(row, row.latency_p99)));
    frame.integers("shed", rows.iter().map(|row| row.shed));
    frame.integers("nodes_up", rows.iter().map(|row| u64::from(row.nodes_up)));
    frame.integers("agents_ready", rows.iter().map(|row| u64::from(row.agents_ready)));
    frame.integers("jobs", rows.iter().map(|row| u64::from(row.jobs)));
    frame.integers("suspicions", rows.iter().map(|row| u64::from(row.suspicions)));
    frame.integers("stack_messages", rows.iter().map(|row| row.stack_messages));
    frame.integers("stack_bytes", rows.iter().map(|row| row.stack_bytes));
    frame.integers("service_messages", rows.iter().map(|row| row.service_messages));
    frame.integers("service_bytes", rows.iter().map(|row| row.service_bytes));
    frame.floats("stack_cpu_s", rows.iter().map(|row| seconds(row.stack_cpu)));
    frame.floats("service_cpu_s", rows.iter().map(|row| seconds(row.service_cpu)));
    for component in Component::ALL {
        let name = format!("stack_cpu_{}_s", component.name());
        frame.floats(&name, rows.iter().map(|row| seconds(row.stack_cpu_by[component.index()])));
    }
    for component in Component::ALL {
        let name = format!("stack_bytes_{}", component.name());
        frame.integers(&name, rows.iter().map(|row| row.stack_bytes_by[component.index()]));
    }
    frame.finish()
}

/// What a row of the trace says, laid out in columns.
#[derive(Clone, Copy, Default)]
struct Said {
    kind: &'static str,
    node: Option<u32>,
    agent: Option<u32>,
    peer: Option<u32>,
    fault: Option<u32>,
    exit: Option<&'static str>,
    justified: Option<bool>,
    attempt: Option<u64>,
    acknowledged: Option<u64>,
    kept: Option<u64>,
    bytes: Option<u64>,
    taken: Option<bool>,
    elapsed: Option<u64>,
    outcome: Option<&'static str>,
    cause: Option<&'static str>,
    rung: Option<&'static str>,
    state: Option<&'static str>,
    service: Option<u32>,
    trace: Option<u64>,
    source: Option<&'static str>,
}

/// The frame of some rows of the trace.
pub(crate) fn events(run_id: &str, rows: &[TraceRow]) -> DataFrame {
    let said: Vec<Said> = rows.iter().map(|row| say(row.kind)).collect();
    let mut frame = FrameBuilder::new(Table::Events, rows.len());
    frame.same_text("run_id", run_id);
    frame.integers("time_ns", rows.iter().map(|row| row.at.as_nanos()));
    frame.integers("seq", rows.iter().map(|row| row.seq));
    frame.texts("kind", said.iter().map(|said| said.kind));
    frame.ids_maybe("node", said.iter().map(|said| said.node));
    frame.ids_maybe("agent", said.iter().map(|said| said.agent));
    frame.ids_maybe("peer", said.iter().map(|said| said.peer));
    frame.ids_maybe("fault", said.iter().map(|said| said.fault));
    frame.texts_maybe("exit", said.iter().map(|said| said.exit));
    frame.flags_maybe("justified", said.iter().map(|said| said.justified));
    frame.integers_maybe("attempt", said.iter().map(|said| said.attempt));
    frame.integers_maybe("acknowledged", said.iter().map(|said| said.acknowledged));
    frame.integers_maybe("kept", said.iter().map(|said| said.kept));
    frame.integers_maybe("bytes", said.iter().map(|said| said.bytes));
    frame.flags_maybe("taken", said.iter().map(|said| said.taken));
    frame.integers_maybe("elapsed_ns", said.iter().map(|said| said.elapsed));
    frame.texts_maybe("outcome", said.iter().map(|said| said.outcome));
    frame.texts_maybe("cause", said.iter().map(|said| said.cause));
    frame.texts_maybe("rung", said.iter().map(|said| said.rung));
    frame.texts_maybe("state", said.iter().map(|said| said.state));
    frame.ids_maybe("service", said.iter().map(|said| said.service));
    frame.integers_maybe("trace", said.iter().map(|said| said.trace));
    frame.texts_maybe("source", said.iter().map(|said| said.source));
    frame.finish()
}

fn say(kind: TraceKind) -> Said {
    let on_node = |kind, node: hms_machine::NodeId| Said { kind, node: Some(node.0), ..Said::default() };
    let of_agent = |kind, agent: hms_machine::AgentId, node: hms_machine::NodeId| Said {
        kind,
        node: Some(node.0),
        agent: Some(agent.0),
        ..Said::default()
    };
    match kind {
        TraceKind::FaultBegan(fault) => Said { kind: "fault_began", fault: Some(fault.0), ..Said::default() },
        TraceKind::FaultEnded(fault) => Said { kind: "fault_ended", fault: Some(fault.0), ..Said::default() },
        TraceKind::NodeDown(node) => on_node("node_down", node),
        TraceKind::NodeUp(node) => on_node("node_up", node),
        TraceKind::NodePaused(node) => on_node("node_paused", node),
        TraceKind::NodeResumed(node) => on_node("node_resumed", node),
        TraceKind::AgentDown { agent, node, exit, fault } => {
            Said { fault: fault.map(|fault| fault.0), exit: Some(exit_name(exit)), ..of_agent("agent_down", agent, node) }
        }
        TraceKind::AgentStarting { agent, node } => of_agent("agent_starting", agent, node),
        TraceKind::AgentReady { agent, node } => of_agent("agent_ready", agent, node),
        TraceKind::AgentServed { agent, node } => of_agent("agent_served", agent, node),
        TraceKind::StateRebuilt { agent, node, acknowledged, kept, source } => Said {
            acknowledged: Some(acknowledged),
            kept: Some(kept),
            peer: holder(source),
            source: Some(source_name(source)),
            ..of_agent("state_rebuilt", agent, node)
        },
        TraceKind::Stack { node, record, justified } => Said { node: Some(node.0), ..say_record(record, justified) },
        TraceKind::Sent { from, to, bytes, taken } => {
            Said { peer: Some(to.0), bytes: Some(bytes.0), taken: Some(taken), ..on_node("sent", from) }
        }
        TraceKind::Received { from, to } => Said { peer: Some(to.0), ..on_node("received", from) },
        TraceKind::Attempt { agent, elapsed, outcome } => Said {
            kind: "attempt",
            agent: agent.map(|agent| agent.0),
            elapsed: Some(elapsed.as_nanos()),
            outcome: Some(outcome_name(outcome)),
            ..Said::default()
        },
    }
}

fn say_record(record: Record, justified: bool) -> Said {
    let of_peer =
        |kind, peer: hms_machine::NodeId| Said { kind, peer: Some(peer.0), justified: Some(justified), ..Said::default() };
    let of_agent = |kind, agent: hms_machine::AgentId| Said { kind, agent: Some(agent.0), ..Said::default() };
    match record {
        Record::Suspected(peer) => of_peer("suspected", peer),
        Record::Trusted(peer) => of_peer("trusted", peer),
        Record::AgentFailed { agent, cause } => Said { cause: Some(cause.name()), ..of_agent("agent_failed", agent) },
        Record::AgentDegraded { agent, cause } => Said { cause: Some(cause.name()), ..of_agent("agent_degraded", agent) },
        Record::AgentHealthy(agent) => of_agent("agent_healthy", agent),
        Record::NodeDegraded { node, cause } => {
            Said { kind: "node_degraded", peer: Some(node.0), cause: Some(cause.name()), ..Said::default() }
        }
        Record::NodeHealthy(node) => Said { kind: "node_healthy", peer: Some(node.0), ..Said::default() },
        Record::RecoveryStarted { agent, rung, cause, attempt } => Said {
            attempt: Some(u64::from(attempt)),
            cause: Some(cause.name()),
            rung: Some(rung.name()),
            ..of_agent("recovery_started", agent)
        },
        Record::RecoveryVerified { agent, rung, attempt } => {
            Said { attempt: Some(u64::from(attempt)), rung: Some(rung.name()), ..of_agent("recovery_verified", agent) }
        }
        Record::RecoveryFailed { agent, rung } => Said { rung: Some(rung.name()), ..of_agent("recovery_failed", agent) },
        Record::RecoveryWithdrawn(agent) => of_agent("recovery_withdrawn", agent),
        Record::RecoveryHeld(agent) => of_agent("recovery_held", agent),
        Record::Moved { agent, to } => Said { peer: Some(to.0), ..of_agent("moved", agent) },
        Record::LeadershipTaken => Said { kind: "leadership_taken", ..Said::default() },
        Record::LeadershipLost => Said { kind: "leadership_lost", ..Said::default() },
        Record::Breaker { service, agent, state } => Said {
            kind: "breaker",
            service: Some(service.0),
            agent: agent.map(|agent| agent.0),
            state: Some(breaker_name(state)),
            ..Said::default()
        },
        Record::Ejected(agent) => of_agent("ejected", agent),
        Record::Readmitted(agent) => of_agent("readmitted", agent),
        Record::Quarantined { trace } => Said { kind: "quarantined", trace: Some(trace), ..Said::default() },
        Record::Whole { of, level } => {
            let level = Some(level_name(level));
            match of {
                Whole::Service(service) => {
                    Said { kind: "service_level", service: Some(service.0), state: level, ..Said::default() }
                }
                // There is no column for zones: the number stands where attempts are counted.
                Whole::Zone(zone) => Said { kind: "zone_level", attempt: Some(u64::from(zone)), state: level, ..Said::default() },
                Whole::Cluster => Said { kind: "cluster_level", state: level, ..Said::default() },
            }
        }
        Record::Alerted { severity, cause } => {
            Said { kind: "alerted", state: Some(severity_name(severity)), cause: Some(cause.name()), ..Said::default() }
        }
    }
}

fn breaker_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    }
}

pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Healthy => "healthy",
        Level::Unknown => "unknown",
        Level::Degraded => "degraded",
        Level::Failed => "failed",
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// The node from which a state was fetched.
fn holder(source: StateSource) -> Option<u32> {
    match source {
        StateSource::Replica(holders) => holders.first().map(|node| node.0),
        StateSource::Local | StateSource::Truncated | StateSource::Previous => None,
    }
}

fn source_name(source: StateSource) -> &'static str {
    match source {
        StateSource::Local => "local",
        StateSource::Truncated => "truncated",
        StateSource::Previous => "previous",
        StateSource::Replica(_) => "replica",
    }
}

fn exit_name(exit: Exit) -> &'static str {
    match exit {
        Exit::Abnormal => "abnormal",
        Exit::OutOfMemory => "out_of_memory",
        Exit::Stopped => "stopped",
        Exit::CorruptState => "corrupt_state",
    }
}

fn outcome_name(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Ok => "ok",
        CallOutcome::Error => "error",
        CallOutcome::Refused => "refused",
        CallOutcome::TimedOut => "timed_out",
        CallOutcome::Reset => "reset",
    }
}
