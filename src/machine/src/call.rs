//! Calls as their caller's node sees them, and requests as the node of the agent that is called sees them.

use crate::{AgentId, Duration, Instant, NodeId, ServiceId};

/// Names one call through its attempts; unique among the calls in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A call that wants to be routed.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// The service that is called.
    pub service: ServiceId,
    /// The trace id of the call: who asks for what, the same whatever the stack does.
    pub trace: u64,
    /// 0 for the first attempt.
    pub attempt: u32,
    /// The agent that the attempt before this one was sent to.
    pub previous: Option<AgentId>,
    /// How important it is.
    pub priority: Priority,
    /// When its caller gives up, on this node's monotonic clock.
    pub deadline: Instant,
}

/// The end of an attempt.
#[derive(Clone, Copy, Debug)]
pub struct CallEnd {
    /// The call.
    pub call: CallId,
    /// The service that was called.
    pub service: ServiceId,
    /// The trace id of the call.
    pub trace: u64,
    /// Which attempt it was.
    pub attempt: u32,
    /// The agent that was called.
    pub agent: AgentId,
    /// How it went.
    pub outcome: CallOutcome,
    /// From dispatch to end.
    pub elapsed: Duration,
    /// Whether this decides the call; of two attempts at once (a hedge), the first failure does not.
    pub last: bool,
    /// Whether the caller would try again by itself.
    pub retries: bool,
    /// When the caller gives up, on this node's monotonic clock.
    pub deadline: Instant,
}

/// How an attempt of a call ended, as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Answered.
    Ok,
    /// Answered with an error.
    Error,
    /// Turned away at once: nobody listens, or the queue is full.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The connection was closed without an answer: the process behind it has died.
    Reset,
}

impl CallOutcome {
    /// Every outcome, in order.
    pub const ALL: [CallOutcome; 5] =
        [CallOutcome::Ok, CallOutcome::Error, CallOutcome::Refused, CallOutcome::TimedOut, CallOutcome::Reset];
}

/// An answer other than the service's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Substitute {
    /// A remembered answer, where there is one.
    Cache,
    /// A fixed answer that the caller can live with.
    Default,
}

/// A request at an agent of this node.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Its name.
    pub id: RequestId,
    /// The agent that it is for.
    pub agent: AgentId,
    /// Who sent it.
    pub from: NodeId,
    /// The trace id of the call, the same for all its attempts.
    pub trace: u64,
    /// How important it is.
    pub priority: Priority,
    /// When its caller gives up, on this node's monotonic clock (the caller sends the time that is left).
    pub deadline: Instant,
    /// Requests that wait at the agent already.
    pub waiting: u32,
    /// Requests that the agent works on.
    pub busy: u32,
}

/// Names a request among those in progress at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// How important a request is: 0 most, 3 least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u8);
