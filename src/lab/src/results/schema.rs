//! What every table of results holds: one list of columns, from which Parquet metadata, checks and the reference are made.

use std::fmt::Write as _;

use hms_trial::DEFINITIONS;
use polars::prelude::{DataType, Field, Schema};

/// Version of the tables. It grows when a column changes its name, type, unit or meaning, or goes; a new column leaves it as it is.
pub const SCHEMA_VERSION: u32 = 1;

/// A table of a results folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row per run: what was run, and every objective.
    Runs,
    /// One row per run and load: its requests by outcome.
    Loads,
    /// Histograms of latencies.
    Latencies,
    /// One row per fault that was scheduled and began.
    Incidents,
    /// What happened in each interval of simulated time.
    Series,
    /// The trace.
    Events,
}

/// Type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8.
    Text,
    /// Signed, 64 bits: times, counts. Differences may be taken without care.
    Integer,
    /// Unsigned, 64 bits: seeds.
    Unsigned,
    /// Unsigned, 32 bits: index of a node, agent or fault.
    Id,
    /// 64 bits.
    Float,
    /// True or false.
    Flag,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Name. Instants and durations end in `_ns` or `_s`.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnKind,
    /// Unit; empty where there is none.
    pub unit: &'static str,
    /// Whether there may be nulls.
    pub optional: bool,
    /// What it says.
    pub help: &'static str,
}

impl ColumnKind {
    /// The type in polars.
    pub fn dtype(self) -> DataType {
        match self {
            ColumnKind::Text => DataType::String,
            ColumnKind::Integer => DataType::Int64,
            ColumnKind::Unsigned => DataType::UInt64,
            ColumnKind::Id => DataType::UInt32,
            ColumnKind::Float => DataType::Float64,
            ColumnKind::Flag => DataType::Boolean,
        }
    }

    /// The type's name in the reference, which is Arrow's.
    pub fn name(self) -> &'static str {
        match self {
            ColumnKind::Text => "string",
            ColumnKind::Integer => "int64",
            ColumnKind::Unsigned => "uint64",
            ColumnKind::Id => "uint32",
            ColumnKind::Float => "double",
            ColumnKind::Flag => "bool",
        }
    }
}

macro_rules! columns {
    ($($name:literal $kind:ident $unit:literal $need:ident $help:literal;)*) => {
        &[$(ColumnDefinition {
            name: $name,
            kind: ColumnKind::$kind,
            unit: $unit,
            optional: columns!(@$need),
            help: $help,
        }),*]
    };
    (@always) => { false };
    (@maybe) => { true };
}

const RUNS: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "Digest of scenario, side files, stack and seed: the same for the same run.";
    "scenario" Text "" always "Name of the scenario.";
    "seed" Unsigned "" always "Seed of every draw.";
    "trace_hash" Text "" always "Hash over every dispatched event, 16 hexadecimal digits.";
    "events" Integer "count" always "Events dispatched.";
    "simulated_ns" Integer "ns" always "Simulated time from start to end.";
    "simulated_s" Float "s" always "The same in seconds.";
};

const LOADS: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "The run.";
    "load" Text "" always "Name of the load.";
    "started" Integer "count" always "Requests made since the end of the warm-up.";
    "succeeded" Integer "count" always "Of those, answered in time by the services themselves.";
    "degraded" Integer "count" always "Of those, answered in time with a substitute (a cache, a default answer) for some service's answer.";
    "failed" Integer "count" always "Of those, ended by an error, a refusal or the last time-out.";
    "open" Integer "count" always "Of those, none of these at the end of the run.";
};

const LATENCIES: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "The run.";
    "load" Text "" always "Name of the load.";
    "requests" Text "" always "`answered`: those answered in time without substitutes. `ended`: all that ended, failed ones with the time after which their client gave up.";
    "latency_s" Float "s" always "Upper end of the bucket (relative error at most 0.1 %).";
    "count" Integer "count" always "Requests in the bucket. Empty buckets have no row.";
};

const INCIDENTS: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "The run.";
    "fault" Id "" always "Index of the fault in the run's schedule.";
    "name" Text "" always "Name of the rule that made the fault.";
    "kind" Text "" always "Kind of fault, as in a scenario file.";
    "victims" Text "" always "Whom it struck, for reading.";
    "start_ns" Integer "ns" always "Beginning of the fault.";
    "end_ns" Integer "ns" maybe "End of the fault; null if it lasts beyond the run. Equals `start_ns` for one that strikes in an instant.";
    "detected_ns" Integer "ns" maybe "First time that a node noticed, by any of the records under `notice`.";
    "detector" Id "" maybe "The node that noticed first.";
    "actions" Integer "count" always "Recovery actions begun on struck agents while the incident was open, orders that were taken back included.";
    "recovered_ns" Integer "ns" maybe "When nothing of the fault was left.";
    "verified_ns" Integer "ns" maybe "When every agent that went down had answered a request again.";
    "detection_s" Float "s" maybe "From the first effect of the fault to its first notice.";
    "recovery_s" Float "s" maybe "From when recovery was possible (end of a lasting fault, beginning of a momentary one) until nothing of it was left.";
    "outage_s" Float "s" maybe "From the beginning of the fault until nothing of it was left.";
    "notice" Text "" maybe "What was noticed first: suspected, failed, degraded, node degraded, ejected or breaker.";
    "cause" Text "" maybe "The cause that the first notice gave; ejections and breakers give none.";
    "restored_ns" Integer "ns" maybe "When service was restored for what the fault struck: agents ready again, and at most 1 % of attempts on them failing for a second.";
    "reachable_ns" Integer "ns" maybe "When, at the first notice or later, the state of all that was down was within reach: its own host worked again, or enough of the hosts that keep it.";
    "service_recovery_s" Float "s" maybe "From the first notice until service was restored; where the state of what was down was out of reach then, from when it was back.";
    "possible" Flag "" always "Whether capacity remained: some host that worked had memory for the largest agent that was down.";
    "recoveries" Integer "count" always "Recovery actions on struck agents.";
    "rungs" Text "" maybe "Their rungs in order, without repetition, joined by ` > `; null without actions.";
    "first_attempt" Flag "" maybe "Whether the first action on each treated agent was verified and a request answered since; null without actions.";
};

const SERIES: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "The run.";
    "time_ns" Integer "ns" always "End of the interval; it began at the row before, or at zero.";
    "time_s" Float "s" always "The same in seconds.";
    "started" Integer "count" always "Requests made in the interval, warm-up included.";
    "succeeded" Integer "count" always "Requests answered in time by the services themselves.";
    "degraded" Integer "count" always "Requests answered in time with a substitute (a cache, a default answer) for some service's answer.";
    "failed" Integer "count" always "Requests that ended otherwise.";
    "latency_p50_s" Float "s" maybe "Median latency of the requests that ended in the interval (relative error at most 1 %); null if none did.";
    "latency_p99_s" Float "s" maybe "99th percentile of it.";
    "shed" Integer "count" always "Requests at agents, of clients and of other services, that the stack turned away in the interval.";
    "nodes_up" Integer "count" always "Hosts that are up and not paused, at the end of the interval.";
    "agents_ready" Integer "count" always "Agents that take requests, at the end of the interval.";
    "jobs" Integer "count" always "Requests waiting or worked on at agents, at the end of the interval.";
    "suspicions" Integer "count" always "Pairs (node, peer) in which the node suspects the peer, at the end of the interval.";
    "stack_messages" Integer "count" always "Messages of the stack sent in the interval.";
    "stack_bytes" Integer "B" always "Bytes of them.";
    "service_messages" Integer "count" always "Messages of services and clients sent in the interval.";
    "service_bytes" Integer "B" always "Bytes of them.";
    "stack_cpu_s" Float "s" always "CPU time of the stack over all hosts in the interval.";
    "service_cpu_s" Float "s" always "CPU time of services over all hosts in the interval.";
    "stack_cpu_health_s" Float "s" always "CPU time of the stack spent on detectors, membership, checks, alerts in the interval, at the hosts' nominal speed, counted when the input is handled.";
    "stack_cpu_supervisor_s" Float "s" always "CPU time of the stack spent on supervision, recovery, state in the interval, at the hosts' nominal speed, counted when the input is handled.";
    "stack_cpu_breaker_s" Float "s" always "CPU time of the stack spent on breakers, balancing, retries in the interval, at the hosts' nominal speed, counted when the input is handled.";
    "stack_cpu_overload_s" Float "s" always "CPU time of the stack spent on admission, limits, shedding in the interval, at the hosts' nominal speed, counted when the input is handled.";
    "stack_bytes_health" Integer "B" always "Bytes of the stack's messages about detectors, membership, checks, alerts sent in the interval, without copies made by the network.";
    "stack_bytes_supervisor" Integer "B" always "Bytes of the stack's messages about supervision, recovery, state sent in the interval, without copies made by the network.";
    "stack_bytes_breaker" Integer "B" always "Bytes of the stack's messages about breakers, balancing, retries sent in the interval, without copies made by the network.";
    "stack_bytes_overload" Integer "B" always "Bytes of the stack's messages about admission, limits, shedding sent in the interval, without copies made by the network.";
};

const EVENTS: &[ColumnDefinition] = columns! {
    "run_id" Text "" always "The run.";
    "time_ns" Integer "ns" always "True time.";
    "seq" Integer "" always "Seq of the dispatched event during which the row was written; rows of one event stand in the order in which they were written.";
    "kind" Text "" always "What happened. Ground truth: fault_began, fault_ended, node_down, node_up, node_paused, node_resumed, agent_down, agent_starting, agent_ready, agent_served, state_rebuilt; with full detail sent, received, attempt. Said by a node: suspected, trusted, agent_failed, agent_restarted, agent_recovered.";
    "node" Id "" maybe "The host it happened to, the node that says so, or the sender.";
    "agent" Id "" maybe "The agent.";
    "peer" Id "" maybe "The node that is suspected or trusted, the receiver, or the holder of a copy.";
    "fault" Id "" maybe "The fault that begins or ends, or that ended the agent's process.";
    "exit" Text "" maybe "agent_down: abnormal, out_of_memory, stopped or corrupt_state.";
    "justified" Flag "" maybe "suspected, trusted: whether the peer really was down, paused or cut off from the node at that moment.";
    "attempt" Integer "count" maybe "agent_restarted: restarts since the agent last ran well, from 1.";
    "acknowledged" Integer "count" maybe "state_rebuilt: entries that any instance of the agent had acknowledged, without those that an earlier rebuild has lost and this one does not bring back.";
    "kept" Integer "count" maybe "state_rebuilt: of those, entries that the new state has.";
    "bytes" Integer "B" maybe "sent: size of the message.";
    "taken" Flag "" maybe "sent: whether the network took it.";
    "elapsed_ns" Integer "ns" maybe "attempt: from dispatch to end.";
    "outcome" Text "" maybe "attempt: ok, error, refused, timed_out or reset.";
    "cause" Text "" maybe "What the stack has seen: agent_failed, agent_degraded, node_degraded, recovery_started, alerted.";
    "rung" Text "" maybe "recovery_started, recovery_verified, recovery_failed: rung of the recovery ladder.";
    "state" Text "" maybe "breaker: closed, open or half_open; alerted: info, warning or critical.";
    "service" Id "" maybe "breaker: the service that is called.";
    "trace" Integer "" maybe "quarantined: trace id of the request.";
    "source" Text "" maybe "state_rebuilt: local, truncated, previous or replica (a copy that was fetched from `peer`).";
};

impl Table {
    /// Every table, in the order in which they are written.
    pub const ALL: [Table; 6] = [Table::Runs, Table::Loads, Table::Latencies, Table::Incidents, Table::Series, Table::Events];

    /// Name in commands, metadata and file names.
    pub fn name(self) -> &'static str {
        match self {
            Table::Runs => "runs",
            Table::Loads => "loads",
            Table::Latencies => "latencies",
            Table::Incidents => "incidents",
            Table::Series => "series",
            Table::Events => "events",
        }
    }

    /// The table of that name.
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Its file in a results folder.
    pub fn file(self) -> String {
        format!("{}.parquet", self.name())
    }

    /// What its rows are.
    pub fn help(self) -> &'static str {
        match self {
            Table::Runs => {
                "One row per run: what was run, and every objective (null where the run gives nothing to measure). The window of an objective is from the end of the warm-up to the end of the run, unless it says otherwise."
            }
            Table::Loads => "One row per run and load: its requests by outcome, over the window of the objectives.",
            Table::Latencies => "Histograms of the latencies of requests, over the window of the objectives.",
            Table::Incidents => {
                "One row per fault that began, joined by ground truth with its detection, the actions against it and its recovery."
            }
            Table::Series => "One row per interval of simulated time.",
            Table::Events => {
                "The trace: changes of state, beliefs and actions; with full detail every message and every attempt of a call as well."
            }
        }
    }

    /// The columns by which rows are sorted within a run; runs follow each other by `run_id`.
    pub fn sorted_by(self) -> &'static [&'static str] {
        match self {
            Table::Runs => &["run_id"],
            Table::Loads => &["run_id"],
            Table::Latencies => &["run_id", "load", "requests", "latency_s"],
            Table::Incidents => &["run_id", "fault"],
            Table::Series => &["run_id", "time_ns"],
            Table::Events => &["run_id", "time_ns", "seq"],
        }
    }

    /// Its columns, in order.
    pub fn columns(self) -> Vec<ColumnDefinition> {
        match self {
            Table::Runs => {
                let objectives = DEFINITIONS.iter().map(|objective| ColumnDefinition {
                    name: objective.name,
                    kind: ColumnKind::Float,
                    unit: objective.unit.symbol(),
                    optional: true,
                    help: objective.help,
                });
                RUNS.iter().copied().chain(objectives).collect()
            }
            Table::Loads => LOADS.to_vec(),
            Table::Latencies => LATENCIES.to_vec(),
            Table::Incidents => INCIDENTS.to_vec(),
            Table::Series => SERIES.to_vec(),
            Table::Events => EVENTS.to_vec(),
        }
    }

    /// Its schema in polars.
    pub fn schema(self) -> Schema {
        self.columns().into_iter().map(|column| Field::new(column.name.into(), column.kind.dtype())).collect()
    }
}

/// The reference of all tables, in Markdown.
pub fn reference() -> String {
    let mut text = format!(
        "Schema version {SCHEMA_VERSION}. Instants are true simulated time since the start of the run. \
         Units stand in the metadata of each column (`unit`) and of each file (`hms.units`).\n"
    );
    for table in Table::ALL {
        let sorted = table.sorted_by().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let _ = write!(text, "\n### {}\n\n{} Sorted by {sorted}.\n\n", table.name(), table.help());
        text.push_str("| column | type | unit | meaning |\n|---|---|---|---|\n");
        for column in table.columns() {
            let null = if column.optional { ", null" } else { "" };
            let _ = writeln!(text, "| `{}` | {}{null} | {} | {} |", column.name, column.kind.name(), column.unit, column.help);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_the_documented_one() {
        insta::assert_snapshot!(reference());
    }

    #[test]
    fn names_within_a_table_are_distinct() {
        for table in Table::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", table.name());
        }
    }

    #[test]
    fn a_name_that_ends_in_a_unit_of_time_states_that_unit() {
        for column in Table::ALL.into_iter().flat_map(Table::columns) {
            for unit in ["ns", "s"] {
                if column.name.ends_with(&format!("_{unit}")) {
                    assert_eq!(column.unit, unit, "{}", column.name);
                }
            }
        }
    }

    #[test]
    fn tables_are_sorted_by_columns_that_they_have() {
        for table in Table::ALL {
            for name in table.sorted_by() {
                assert!(table.columns().iter().any(|column| column.name == *name), "{} {name}", table.name());
            }
        }
    }
}
