//! What is measured, each defined once: name, unit, window, definition. All of it is read with the oracle's knowledge.
//!
//! The window of every objective is from the end of the warm-up to the end of the run, unless its definition says otherwise: incidents count by
//! the beginning of their fault, requests by their start.

mod reader;

use hms_scenario::model::Scenario;
use hms_sim::world::Recorder;

use crate::checkers::Findings;
use crate::incidents::Incident;
use reader::Reader;

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0..=1.
    Ratio,
    /// Seconds.
    Seconds,
    /// A count.
    Count,
    /// Per second.
    PerSecond,
    /// Per node and hour.
    PerNodeHour,
    /// Per node and second.
    PerNodeSecond,
    /// Bytes per node and second.
    BytesPerNodeSecond,
}

impl Unit {
    /// The unit as it stands in tables and column metadata.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Ratio => "ratio",
            Unit::Seconds => "s",
            Unit::Count => "count",
            Unit::PerSecond => "1/s",
            Unit::PerNodeHour => "1/(node h)",
            Unit::PerNodeSecond => "1/(node s)",
            Unit::BytesPerNodeSecond => "B/(node s)",
        }
    }
}

/// An objective, apart from any run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Name in tables, campaigns and `--json`.
    pub name: &'static str,
    /// Unit of the value.
    pub unit: Unit,
    /// Whether more is better.
    pub maximise: bool,
    /// What exactly is measured.
    pub help: &'static str,
}

/// An objective of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// What is measured.
    pub definition: &'static Definition,
    /// `None` where the run gives nothing to measure (no requests, no incidents detected).
    pub value: Option<f64>,
}

macro_rules! definitions {
    ($($name:literal, $unit:ident, $maximise:literal, $help:literal;)*) => {
        /// Every objective.
        pub const DEFINITIONS: &[Definition] =
            &[$(Definition { name: $name, unit: Unit::$unit, maximise: $maximise, help: $help }),*];
    };
}

definitions! {
    "availability", Ratio, true, "Requests answered in time, with substitutes or without / requests ended, over all loads.";
    "degraded", Ratio, false, "Requests answered in time with a substitute (a cache, a default answer) for some service's answer / requests ended.";
    "node_availability", Ratio, true, "Node-time in which a host was up and not paused / node-time, warm-up included.";
    "goodput", PerSecond, true, "Requests answered in time without substitutes per second.";
    "latency_p50", Seconds, false, "Median latency of requests answered without substitutes (relative error 0.1 %).";
    "latency_p99", Seconds, false, "99th percentile of the latency of requests answered without substitutes (relative error 0.1 %).";
    "latency_all_p99", Seconds, false, "99th percentile over all requests ended; a failed one counts with the time after which its client gave up.";
    "latency_all_p999", Seconds, false, "99.9th percentile over all requests ended; a failed one counts with the time after which its client gave up.";
    "incidents", Count, false, "Faults that began.";
    "detected", Ratio, true, "Incidents noticed by some node / incidents, of those whose faults had an effect.";
    "detection_p50", Seconds, false, "Median time from the first effect of a fault to its first notice, over incidents noticed.";
    "detection_p99", Seconds, false, "99th percentile of the time from the first effect of a fault to its first notice, over incidents noticed.";
    "recovered", Ratio, true, "Incidents of which nothing was left at the end of the run / incidents.";
    "recovery_p50", Seconds, false, "Median recovery time: from when recovery was possible (end of a lasting fault, beginning of a momentary one) until nothing of it was left.";
    "recovery_p95", Seconds, false, "95th percentile of the recovery time.";
    "false_positives", PerNodeHour, false, "Suspicions of hosts that were up, running and reachable from the one who suspected, per node and hour.";
    "false_positive_share", Ratio, false, "Unjustified suspicions / suspicions.";
    "state_kept", Ratio, true, "Acknowledged journal entries still there when state was rebuilt / entries acknowledged before, whole run.";
    "restarts", Count, false, "Recovery actions begun on agents, orders that were taken back included.";
    "overhead_cpu", Ratio, false, "CPU time of the stack / CPU time of the hosts (cores x time), whole run.";
    "overhead_bytes", Ratio, false, "Bytes of the stack's messages / bytes of all messages, whole run.";
    "stack_messages", PerNodeSecond, false, "Messages sent by the stack per node and second, whole run.";
    "stack_traffic", BytesPerNodeSecond, false, "Bytes sent by the stack per node and second, whole run.";
    "service_recovery_p50", Seconds, false, "Median time from the first notice of a fault (or from when state was within reach) until service was restored for what it struck, over incidents noticed and restored.";
    "service_recovery_p95", Seconds, false, "95th percentile of the time from the first notice of a fault (or from when state was within reach) until service was restored for what it struck.";
    "restored", Ratio, true, "Incidents after which service was restored for what they struck / incidents.";
    "first_attempt", Ratio, true, "Troubles of agents settled by the first action: verified by the stack, and a request answered since / troubles that were treated, whole run.";
    "recoveries", Count, false, "Recovery actions begun, whole run.";
    "moved", Count, false, "Agents ordered to another node, whole run.";
    "quarantined", Count, false, "Requests that were held to be poisonous and not let in again, whole run.";
    "mistake_duration", Seconds, false, "Mean time from an unjustified suspicion until it was corrected (T_M of Chen et al. 2002).";
    "mistake_recurrence", Seconds, true, "Mean time between unjustified suspicions of a pair of nodes: time in which both work / such suspicions (T_MR).";
    "query_accuracy", Ratio, true, "Share of the time in which two nodes work and neither is wrongly suspected by the other, over all pairs (P_A).";
    "cascades", Count, false, "Failures whose cause is a recovery action, or overload that spread over an edge of the graph, whole run.";
    "double_leadership", Seconds, false, "Time in which two or more nodes led, whole run.";
    "started_twice", Count, false, "Times that an agent got a second ready process, whole run.";
    "state_lost", Count, false, "Acknowledged journal entries that were gone when state was rebuilt, whole run.";
    "state_whole", Ratio, true, "Starts after which all acknowledged entries were still there / starts of agents that had acknowledged some, whole run.";
    "breaker_opens", Count, false, "Times that a breaker opened from closed, whole run.";
    "breaker_reaction", Seconds, false, "Longest time from the outcome that breached a breaker's threshold to its opening, whole run; measured with full detail only.";
    "goodput_kept", Ratio, true, "Requests answered in time per second while incidents are open / per second while none is.";
    "overhead_cpu_health", Ratio, false, "CPU time of health monitoring / CPU time of the hosts, whole run.";
    "overhead_cpu_supervisor", Ratio, false, "CPU time of the supervisor / CPU time of the hosts, whole run.";
    "overhead_cpu_breaker", Ratio, false, "CPU time of breakers, balancing and retries / CPU time of the hosts, whole run.";
    "overhead_cpu_overload", Ratio, false, "CPU time of admission, limits and shedding / CPU time of the hosts, whole run.";
}

/// Reads all objectives off a run.
pub(crate) fn read(scenario: &Scenario, recorder: &Recorder, incidents: &[Incident], findings: &Findings) -> Vec<Objective> {
    let reader = Reader::new(scenario, recorder, incidents, findings);
    DEFINITIONS.iter().map(|definition| Objective { definition, value: reader.value(definition.name) }).collect()
}
