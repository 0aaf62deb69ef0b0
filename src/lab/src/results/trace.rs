//! Rows of the trace, read back from their table: the inverse of what `frames` lays out.
//!
//! A stored row is the row that was recorded, so whoever looks at a run need not know whether it has just ended or lies in a folder.

use hms_machine::{
    AgentId, BreakerState, Bytes, CallOutcome, Cause, Duration, Exit, Holders, Instant, Level, NodeId, Record, Rung, ServiceId,
    Severity, StateSource, Whole,
};
use hms_sim::faults::FaultId;
use hms_trial::{TraceKind, TraceRow};
use polars::prelude::*;
use rayon::prelude::*;

use super::frames::level_name;
use super::{Results, ResultsError, Table};

impl Results {
    /// The whole trace.
    ///
    /// # Errors
    /// As [`Results::table`]; also where a row says what no row of this version says.
    pub fn trace(&self) -> Result<Vec<TraceRow>, ResultsError> {
        let frame = self.table(Table::Events)?;
        rows(&frame).map_err(ResultsError::table(&self.folder().join(Table::Events.file())))
    }
}

/// Rows that are laid side by side at a time: their columns take about 2 MB, which a core keeps close by.
const PART: usize = 1 << 13;

/// The rows of a frame of the trace.
fn rows(frame: &DataFrame) -> PolarsResult<Vec<TraceRow>> {
    // On every core, and in parts, since the columns laid side by side take several times the space of the rows.
    let firsts: Vec<usize> = (0..frame.height()).step_by(PART).collect();
    let parts: Vec<PolarsResult<Vec<TraceRow>>> =
        firsts.into_par_iter().map(|first| part(&frame.slice(first as i64, PART), first)).collect();
    let mut rows = Vec::with_capacity(frame.height());
    for part in parts {
        rows.append(&mut part?);
    }
    Ok(rows)
}

/// The rows of a part that begins at row `first`.
fn part(frame: &DataFrame, first: usize) -> PolarsResult<Vec<TraceRow>> {
    let columns = Columns::of(frame)?;
    let row = |row: usize| {
        let kind = columns.kind(row).ok_or_else(|| {
            polars_err!(ComputeError: "row {} says `{}` in a way that this version does not know", first + row, columns.kinds[row].unwrap_or_default())
        })?;
        let (at, seq) = (Instant::from_nanos(columns.at[row].unwrap_or_default()), columns.seq[row].unwrap_or_default());
        Ok(TraceRow { at, seq, kind })
    };
    (0..frame.height()).map(row).collect()
}

struct Columns<'a> {
    at: Vec<Option<u64>>,
    seq: Vec<Option<u64>>,
    kinds: Vec<Option<&'a str>>,
    node: Vec<Option<u32>>,
    agent: Vec<Option<u32>>,
    peer: Vec<Option<u32>>,
    fault: Vec<Option<u32>>,
    service: Vec<Option<u32>>,
    exit: Vec<Option<&'a str>>,
    outcome: Vec<Option<&'a str>>,
    cause: Vec<Option<&'a str>>,
    rung: Vec<Option<&'a str>>,
    state: Vec<Option<&'a str>>,
    source: Vec<Option<&'a str>>,
    justified: Vec<Option<bool>>,
    taken: Vec<Option<bool>>,
    attempt: Vec<Option<u64>>,
    acknowledged: Vec<Option<u64>>,
    kept: Vec<Option<u64>>,
    bytes: Vec<Option<u64>>,
    elapsed: Vec<Option<u64>>,
    trace: Vec<Option<u64>>,
}

impl<'a> Columns<'a> {
    fn of(frame: &'a DataFrame) -> PolarsResult<Self> {
        let texts = |name: &str| PolarsResult::Ok(frame.column(name)?.str()?.iter().collect());
        let ids = |name: &str| PolarsResult::Ok(frame.column(name)?.u32()?.iter().collect());
        let flags = |name: &str| PolarsResult::Ok(frame.column(name)?.bool()?.iter().collect());
        let counts = |name: &str| {
            let column = frame.column(name)?.i64()?.iter();
            PolarsResult::Ok(column.map(|value| value.map(i64::unsigned_abs)).collect())
        };
        Ok(Columns {
            at: counts("time_ns")?,
            seq: counts("seq")?,
            kinds: texts("kind")?,
            node: ids("node")?,
            agent: ids("agent")?,
            peer: ids("peer")?,
            fault: ids("fault")?,
            service: ids("service")?,
            exit: texts("exit")?,
            outcome: texts("outcome")?,
            cause: texts("cause")?,
            rung: texts("rung")?,
            state: texts("state")?,
            source: texts("source")?,
            justified: flags("justified")?,
            taken: flags("taken")?,
            attempt: counts("attempt")?,
            acknowledged: counts("acknowledged")?,
            kept: counts("kept")?,
            bytes: counts("bytes")?,
            elapsed: counts("elapsed_ns")?,
            trace: counts("trace")?,
        })
    }

    fn kind(&self, row: usize) -> Option<TraceKind> {
        let node = || self.node[row].map(NodeId);
        let agent = || self.agent[row].map(AgentId);
        let fault = || self.fault[row].map(FaultId);
        // With full detail nearly every row is a message or an attempt.
        Some(match self.kinds[row]? {
            "sent" => TraceKind::Sent {
                from: node()?,
                to: self.peer[row].map(NodeId)?,
                bytes: Bytes(self.bytes[row]?),
                taken: self.taken[row]?,
            },
            "received" => TraceKind::Received { from: node()?, to: self.peer[row].map(NodeId)? },
            "attempt" => TraceKind::Attempt {
                agent: agent(),
                elapsed: Duration::from_nanos(self.elapsed[row]?),
                outcome: outcome(self.outcome[row]?)?,
            },
            "fault_began" => TraceKind::FaultBegan(fault()?),
            "fault_ended" => TraceKind::FaultEnded(fault()?),
            "node_down" => TraceKind::NodeDown(node()?),
            "node_up" => TraceKind::NodeUp(node()?),
            "node_paused" => TraceKind::NodePaused(node()?),
            "node_resumed" => TraceKind::NodeResumed(node()?),
            "agent_down" => TraceKind::AgentDown { agent: agent()?, node: node()?, exit: exit(self.exit[row]?)?, fault: fault() },
            "agent_starting" => TraceKind::AgentStarting { agent: agent()?, node: node()? },
            "agent_ready" => TraceKind::AgentReady { agent: agent()?, node: node()? },
            "agent_served" => TraceKind::AgentServed { agent: agent()?, node: node()? },
            "state_rebuilt" => TraceKind::StateRebuilt {
                agent: agent()?,
                node: node()?,
                acknowledged: self.acknowledged[row]?,
                kept: self.kept[row]?,
                source: source(self.source[row]?, self.peer[row])?,
            },
            said => TraceKind::Stack {
                node: node()?,
                record: self.record(said, row)?,
                // Only beliefs about peers are judged; what else is said counts as right.
                justified: self.justified[row].unwrap_or(true),
            },
        })
    }

    fn record(&self, said: &str, row: usize) -> Option<Record> {
        let agent = || self.agent[row].map(AgentId);
        let peer = || self.peer[row].map(NodeId);
        let cause = || Cause::ALL.into_iter().find(|cause| Some(cause.name()) == self.cause[row]);
        let rung = || Rung::ALL.into_iter().find(|rung| Some(rung.name()) == self.rung[row]);
        let attempt = || self.attempt[row].and_then(|attempt| u32::try_from(attempt).ok());
        Some(match said {
            "suspected" => Record::Suspected(peer()?),
            "trusted" => Record::Trusted(peer()?),
            "agent_failed" => Record::AgentFailed { agent: agent()?, cause: cause()? },
            "agent_degraded" => Record::AgentDegraded { agent: agent()?, cause: cause()? },
            "agent_healthy" => Record::AgentHealthy(agent()?),
            "node_degraded" => Record::NodeDegraded { node: peer()?, cause: cause()? },
            "node_healthy" => Record::NodeHealthy(peer()?),
            "recovery_started" => {
                Record::RecoveryStarted { agent: agent()?, rung: rung()?, cause: cause()?, attempt: attempt()? }
            }
            "recovery_verified" => Record::RecoveryVerified { agent: agent()?, rung: rung()?, attempt: attempt()? },
            "recovery_failed" => Record::RecoveryFailed { agent: agent()?, rung: rung()? },
            "recovery_withdrawn" => Record::RecoveryWithdrawn(agent()?),
            "recovery_held" => Record::RecoveryHeld(agent()?),
            "moved" => Record::Moved { agent: agent()?, to: peer()? },
            "leadership_taken" => Record::LeadershipTaken,
            "leadership_lost" => Record::LeadershipLost,
            "breaker" => {
                Record::Breaker { service: self.service[row].map(ServiceId)?, agent: agent(), state: breaker(self.state[row]?)? }
            }
            "ejected" => Record::Ejected(agent()?),
            "readmitted" => Record::Readmitted(agent()?),
            "quarantined" => Record::Quarantined { trace: self.trace[row]? },
            "service_level" => {
                Record::Whole { of: Whole::Service(self.service[row].map(ServiceId)?), level: level(self.state[row]?)? }
            }
            "zone_level" => Record::Whole { of: Whole::Zone(attempt()?), level: level(self.state[row]?)? },
            "cluster_level" => Record::Whole { of: Whole::Cluster, level: level(self.state[row]?)? },
            "alerted" => Record::Alerted { severity: severity(self.state[row]?)?, cause: cause()? },
            _ => return None,
        })
    }
}

fn exit(name: &str) -> Option<Exit> {
    Some(match name {
        "abnormal" => Exit::Abnormal,
        "out_of_memory" => Exit::OutOfMemory,
        "stopped" => Exit::Stopped,
        "corrupt_state" => Exit::CorruptState,
        _ => return None,
    })
}

fn outcome(name: &str) -> Option<CallOutcome> {
    Some(match name {
        "ok" => CallOutcome::Ok,
        "error" => CallOutcome::Error,
        "refused" => CallOutcome::Refused,
        "timed_out" => CallOutcome::TimedOut,
        "reset" => CallOutcome::Reset,
        _ => return None,
    })
}

fn source(name: &str, holder: Option<u32>) -> Option<StateSource> {
    Some(match name {
        "local" => StateSource::Local,
        "truncated" => StateSource::Truncated,
        "previous" => StateSource::Previous,
        // Of several holders the table names the first.
        "replica" => StateSource::Replica(Holders::one(NodeId(holder?))),
        _ => return None,
    })
}

fn level(name: &str) -> Option<Level> {
    [Level::Healthy, Level::Unknown, Level::Degraded, Level::Failed].into_iter().find(|level| level_name(*level) == name)
}

fn breaker(name: &str) -> Option<BreakerState> {
    Some(match name {
        "closed" => BreakerState::Closed,
        "open" => BreakerState::Open,
        "half_open" => BreakerState::HalfOpen,
        _ => return None,
    })
}

fn severity(name: &str) -> Option<Severity> {
    Some(match name {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use hms_trial::Detail;

    use super::*;
    use crate::fixture;
    use crate::results::frames::events;

    #[test]
    fn rows_that_were_laid_out_in_columns_are_the_rows_again() {
        let inputs = fixture::inputs_with(fixture::SCENARIO, Vec::new(), 1, Detail::Full);
        let trace = fixture::run(&inputs).recorder.trace;
        assert!(trace.len() > 10_000, "{}", trace.len());
        let read = rows(&events("run", &trace)).unwrap();
        let different = read.iter().zip(&trace).find(|(read, written)| read != written);
        assert_eq!((different, read.len()), (None, trace.len()));
    }

    #[test]
    fn every_record_of_a_node_comes_back() {
        let agent = AgentId(3);
        let (rung, cause) = (Rung::Relocate, Cause::ZoneDown);
        let records = [
            Record::AgentDegraded { agent, cause },
            Record::AgentHealthy(agent),
            Record::NodeDegraded { node: NodeId(4), cause },
            Record::NodeHealthy(NodeId(4)),
            Record::RecoveryFailed { agent, rung },
            Record::RecoveryWithdrawn(agent),
            Record::RecoveryHeld(agent),
            Record::Moved { agent, to: NodeId(7) },
            Record::Breaker { service: ServiceId(1), agent: None, state: BreakerState::HalfOpen },
            Record::Breaker { service: ServiceId(1), agent: Some(agent), state: BreakerState::Open },
            Record::Ejected(agent),
            Record::Readmitted(agent),
            Record::Quarantined { trace: 99 },
            Record::Alerted { severity: Severity::Warning, cause },
        ];
        let row = |record| TraceRow {
            at: Instant::from_nanos(5),
            seq: 6,
            kind: TraceKind::Stack { node: NodeId(2), record, justified: true },
        };
        let trace: Vec<TraceRow> = records.into_iter().map(row).collect();
        assert_eq!(rows(&events("run", &trace)).unwrap(), trace);
    }

    #[test]
    fn a_kind_that_nobody_knows_is_named() {
        let trace = [TraceRow { at: Instant::ZERO, seq: 0, kind: TraceKind::NodeUp(NodeId(0)) }];
        let mut frame = events("run", &trace);
        frame.replace("kind", Column::new("kind".into(), ["node_vanished"])).unwrap();
        let error = rows(&frame).unwrap_err().to_string();
        assert!(error.contains("node_vanished"), "{error}");
    }
}
