//! What a run leaves behind: rows of the trace, rows of the series, requests by outcome. Written by the world, read by nobody inside it.

use hdrhistogram::Histogram;
use hms_machine::{AgentId, Bytes, CallOutcome, Component, Duration, Exit, Instant, NodeId, Record, StateSource};

use super::calls::Ending;
use super::harm::Harm;
use crate::faults::FaultId;

/// Number of the stack's components.
pub(crate) const COMPONENTS: usize = Component::ALL.len();

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Changes of state, beliefs and actions.
    #[default]
    Changes,
    /// Every message and every attempt of a call as well; costs time and memory in proportion to the events.
    Full,
}

/// A row of the trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// True time.
    pub at: Instant,
    /// Seq of the event during which it was written: what caused it, and its place among the rows of one instant.
    pub seq: u64,
    /// What happened.
    pub kind: TraceKind,
}

/// What a row of the trace says. All but `Stack` is ground truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TraceKind {
    /// A scheduled fault begins.
    FaultBegan(FaultId),
    /// A scheduled fault ends.
    FaultEnded(FaultId),
    /// A host goes down.
    NodeDown(NodeId),
    /// A host has booted and its stack runs.
    NodeUp(NodeId),
    /// Nothing runs on the host any more, until it resumes.
    NodePaused(NodeId),
    /// The host runs on.
    NodeResumed(NodeId),
    /// The process of an agent has ended.
    AgentDown {
        /// The agent.
        agent: AgentId,
        /// Where it ran.
        node: NodeId,
        /// How.
        exit: Exit,
        /// The fault that did it, if one did.
        fault: Option<FaultId>,
    },
    /// The process of an agent has been started.
    AgentStarting {
        /// The agent.
        agent: AgentId,
        /// Where.
        node: NodeId,
    },
    /// An agent takes requests.
    AgentReady {
        /// The agent.
        agent: AgentId,
        /// Where.
        node: NodeId,
    },
    /// An agent has answered its first request since it became ready.
    AgentServed {
        /// The agent.
        agent: AgentId,
        /// Where.
        node: NodeId,
    },
    /// An agent has built its state.
    StateRebuilt {
        /// The agent.
        agent: AgentId,
        /// Where.
        node: NodeId,
        /// Entries that any instance of the agent had acknowledged to callers, without those that an earlier rebuild has lost and this one
        /// does not bring back.
        acknowledged: u64,
        /// Of those, entries that the new state has; the others are lost.
        kept: u64,
        /// From where the state was taken.
        source: StateSource,
    },
    /// A node says something about itself.
    Stack {
        /// Who says it.
        node: NodeId,
        /// What it says.
        record: Record,
        /// For a suspicion or its end: whether the peer really was down, paused or cut off from this node at that moment.
        justified: bool,
    },
    /// Full detail: a message was handed to the network.
    Sent {
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
        /// Size.
        bytes: Bytes,
        /// Whether the network took it.
        taken: bool,
    },
    /// Full detail: a message reached its receiver.
    Received {
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
    },
    /// Full detail: a copy of a call ended, or an attempt found no way out.
    Attempt {
        /// The agent that was called, if the call was routed.
        agent: Option<AgentId>,
        /// From dispatch to end.
        elapsed: Duration,
        /// How.
        outcome: CallOutcome,
    },
}

/// A row of the series: what happened since the row before, for one load, or for the cluster where `load` is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesRow {
    /// End of the interval.
    pub at: Instant,
    /// Requests by outcome.
    pub requests: Requests,
    /// Median latency of the requests that ended in the interval; zero if none did.
    pub latency_p50: Duration,
    /// 99th percentile of it.
    pub latency_p99: Duration,
    /// Requests at agents, of clients and of other services, that the stack turned away.
    pub shed: u64,
    /// Hosts that are up and not paused.
    pub nodes_up: u32,
    /// Agents that take requests.
    pub agents_ready: u32,
    /// Requests waiting or worked on at agents.
    pub jobs: u32,
    /// Pairs (node, peer) in which the node suspects the peer.
    pub suspicions: u32,
    /// Messages of the stack.
    pub stack_messages: u64,
    /// Bytes of the stack's messages.
    pub stack_bytes: u64,
    /// Messages of services.
    pub service_messages: u64,
    /// Bytes of services' messages.
    pub service_bytes: u64,
    /// CPU time of the stack over all hosts.
    pub stack_cpu: Duration,
    /// CPU time of services over all hosts.
    pub service_cpu: Duration,
    /// CPU time of the stack by component, in the order of [`hms_machine::Component::ALL`]: what its inputs cost at the hosts' nominal speed, counted
    /// when they are handled. Their sum may differ from `stack_cpu` by work in line and by what slow processors take longer.
    pub stack_cpu_by: [Duration; COMPONENTS],
    /// Bytes of the stack's messages by component, without copies that the network makes.
    pub stack_bytes_by: [u64; COMPONENTS],
}

/// Requests of clients, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Made.
    pub started: u64,
    /// Answered in time, by the service itself all the way down.
    pub succeeded: u64,
    /// Answered in time with a substitute for some service's answer.
    pub degraded: u64,
    /// Ended by an error, a refusal, or the last time-out.
    pub failed: u64,
}

impl Requests {
    /// What came to be since `earlier`.
    pub fn since(&self, earlier: &Requests) -> Requests {
        Requests {
            started: self.started - earlier.started,
            succeeded: self.succeeded - earlier.succeeded,
            degraded: self.degraded - earlier.degraded,
            failed: self.failed - earlier.failed,
        }
    }

    /// All that have ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.degraded + self.failed
    }

    /// Those that had not ended.
    pub fn open(&self) -> u64 {
        self.started - self.ended()
    }

    fn count(&mut self, ending: Ending) {
        match ending {
            Ending::Answered => self.succeeded += 1,
            Ending::Degraded => self.degraded += 1,
            Ending::Failed => self.failed += 1,
        }
    }
}

/// Requests of one load, with their latencies. Requests that started before the end of the warm-up are left out of everything here.
#[derive(Clone, Debug)]
pub struct LoadRecord {
    /// By outcome.
    pub requests: Requests,
    /// Latency of the succeeded ones, ns; relative error at most 0.1 %.
    pub answered: Histogram<u64>,
    /// Latency of all that ended, the failed ones with the time after which their client gave up, ns; relative error at most 0.1 %.
    pub ended: Histogram<u64>,
}

/// Everything that is kept of a run.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Rows of the trace, in order.
    pub trace: Vec<TraceRow>,
    /// Rows of the series, in order.
    pub series: Vec<SeriesRow>,
    /// Per load.
    pub loads: Vec<LoadRecord>,
    /// CPU time of the stack since the start, by component.
    pub stack_cpu_by: [Duration; COMPONENTS],
    /// Bytes of the stack's messages since the start, by component.
    pub stack_bytes_by: [u64; COMPONENTS],
    /// Attempts of calls around those that did not end well.
    pub harm: Harm,
    /// What has happened since the start, warm-up included.
    pub(crate) total: Requests,
    /// Requests that the stack has turned away.
    pub(crate) shed: u64,
    /// Latencies since the last row of the series.
    pub(crate) window: Histogram<u64>,
    pub(crate) last: Totals,
    pub(crate) detail: Detail,
    pub(crate) warmup: Instant,
}

/// Running totals of which the series shows differences.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) requests: Requests,
    pub(crate) shed: u64,
    pub(crate) stack_messages: u64,
    pub(crate) stack_bytes: u64,
    pub(crate) service_messages: u64,
    pub(crate) service_bytes: u64,
    pub(crate) stack_cpu: Duration,
    pub(crate) service_cpu: Duration,
    pub(crate) stack_cpu_by: [Duration; COMPONENTS],
    pub(crate) stack_bytes_by: [u64; COMPONENTS],
}

/// Latencies beyond an hour count as an hour.
const LATENCY_MAX: u64 = 3_600_000_000_000;

fn histogram(significant_digits: u8) -> Histogram<u64> {
    // From a microsecond: below it, buckets would only cost memory.
    Histogram::new_with_bounds(1_000, LATENCY_MAX, significant_digits).expect("bounds are valid")
}

impl Recorder {
    pub(crate) fn new(detail: Detail, warmup: Duration, loads: usize) -> Self {
        let load = || LoadRecord { requests: Requests::default(), answered: histogram(3), ended: histogram(3) };
        Recorder {
            trace: Vec::new(),
            series: Vec::new(),
            loads: (0..loads).map(|_| load()).collect(),
            stack_cpu_by: [Duration::ZERO; COMPONENTS],
            stack_bytes_by: [0; COMPONENTS],
            harm: Harm::default(),
            total: Requests::default(),
            shed: 0,
            window: histogram(2),
            last: Totals::default(),
            detail,
            warmup: Instant::ZERO + warmup,
        }
    }

    pub(crate) fn request_started(&mut self, load: usize, at: Instant) {
        self.total.started += 1;
        if at >= self.warmup {
            self.loads[load].requests.started += 1;
        }
    }

    pub(crate) fn request_ended(&mut self, load: usize, started: Instant, now: Instant, ending: Ending) {
        let latency = (now - started).as_nanos().min(LATENCY_MAX);
        self.window.saturating_record(latency);
        let measured = started >= self.warmup;
        let record = &mut self.loads[load];
        self.total.count(ending);
        if measured {
            record.requests.count(ending);
            record.ended.saturating_record(latency);
            if ending == Ending::Answered {
                record.answered.saturating_record(latency);
            }
        }
    }
}
