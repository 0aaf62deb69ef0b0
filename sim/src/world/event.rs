//! What can happen in the world, and what is on its way. Events are small; what they carry stands in tables.

use hms_machine::{AgentEvent, AgentId, Bytes, CallOutcome, Duration, Instant, NodeId, Priority, ServiceId};
use slotmap::{Key, new_key_type};

use super::copies::StateMessage;
use crate::faults::FaultId;

new_key_type! {
    /// A message on its way.
    pub struct FlightKey;
    /// A call in progress, from its first attempt to its end.
    pub struct CallKey;
    /// A request at an agent.
    pub struct JobKey;
    /// A shipment that is being written to the disk of its receiver.
    pub struct BlockKey;
}

/// A process of an agent on a node: one for each pair that was ever started, in order of their first start. The first ones, one for each
/// agent on its first node, have the numbers of their agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub(crate) u32);

impl InstanceId {
    pub(crate) fn from_index(index: usize) -> Self {
        InstanceId(u32::try_from(index).expect("fewer than 2^32 instances"))
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An item of the kernel's queue.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A copy of a message reaches its receiver. The digest of sender, receiver, size and kind makes the trace hash see them.
    Deliver(FlightKey, u32),
    /// The node's machine asked to be woken.
    Wake(NodeId),
    /// A task of the node's processor is done, or its slice is over.
    Cpu(NodeId),
    /// An operation of the node's disk is done.
    Disk(NodeId),
    /// Some agent of the node may have outgrown its memory.
    Memory(NodeId),
    /// The node's power-on self test and boot are over.
    Boot(NodeId, u32),
    /// The next request of an open load or of a herd arrives.
    Arrival(u32),
    /// A closed client has thought enough.
    Think {
        /// The load.
        load: u32,
        /// The client.
        client: u32,
    },
    /// A copy of a call is out of time, or the pause before a retry is over.
    Call(CallKey),
    /// The agent's process has finished its start-up work, asks again for its state or its dependencies, or has had its time to stop.
    Agent(InstanceId, u32),
    /// A crash loop strikes this life of the agent.
    CrashLoop(InstanceId, u32),
    /// The agent flushes its journal.
    Flush(InstanceId, u32),
    /// The agent looks after entries of which it has not heard that a copy of them is safe.
    Unconfirmed(InstanceId, u32),
    /// A fault begins.
    FaultBegins(FaultId),
    /// A fault ends.
    FaultEnds(FaultId),
    /// A row of the series is due.
    Sample,
}

impl Event {
    /// Kind and indices in 64 bits.
    pub(crate) fn fingerprint(&self) -> u64 {
        let (kind, body) = match *self {
            Event::Deliver(flight, digest) => (1, flight.data().as_ffi() ^ u64::from(digest) << 24),
            Event::Wake(node) => (2, u64::from(node.0)),
            Event::Cpu(node) => (3, u64::from(node.0)),
            Event::Disk(node) => (4, u64::from(node.0)),
            Event::Memory(node) => (5, u64::from(node.0)),
            Event::Boot(node, life) => (6, u64::from(node.0) | u64::from(life) << 32),
            Event::Arrival(load) => (7, u64::from(load)),
            Event::Think { load, client } => (8, u64::from(load) << 32 | u64::from(client)),
            Event::Call(call) => (9, call.data().as_ffi()),
            Event::Agent(instance, life) => (10, u64::from(instance.0) | u64::from(life) << 32),
            Event::CrashLoop(instance, life) => (11, u64::from(instance.0) | u64::from(life) << 32),
            Event::Flush(instance, life) => (12, u64::from(instance.0) | u64::from(life) << 32),
            Event::Unconfirmed(instance, life) => (16, u64::from(instance.0) | u64::from(life) << 32),
            Event::FaultBegins(fault) => (13, u64::from(fault.0)),
            Event::FaultEnds(fault) => (14, u64::from(fault.0)),
            Event::Sample => (15, 0),
        };
        body ^ kind << 59
    }

    /// Name of the kind of event that has this fingerprint, for reports. (Of a message or call in a slot of its table that was used more than 2^27
    /// times, the name may be wrong.)
    pub fn kind_name(fingerprint: u64) -> &'static str {
        match fingerprint >> 59 {
            1 => "delivery of a message",
            2 => "waking of a node",
            3 => "end of work on a processor",
            4 => "end of a disk operation",
            5 => "check of memory",
            6 => "end of a boot",
            7 => "arrival of a request",
            8 => "end of a client's thinking",
            9 => "time-out or retry of a call",
            10 => "start-up or stop of an agent",
            11 => "strike of a crash loop",
            12 => "flush of a journal",
            13 => "beginning of a fault",
            14 => "end of a fault",
            15 => "sample of the series",
            16 => "wait for a copy",
            _ => "unknown event",
        }
    }
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flight<M> {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) bytes: Bytes,
    /// Copies that have not arrived yet (two after a duplication).
    pub(crate) copies: u32,
    /// Whether one has arrived whole.
    pub(crate) taken: bool,
    pub(crate) corrupt: bool,
    /// When it was sent.
    pub(crate) sent: Instant,
    /// When the first copy of it arrives.
    pub(crate) due: Instant,
    pub(crate) payload: Payload<M>,
}

#[derive(Clone, Debug)]
pub(crate) enum Payload<M> {
    Stack(M),
    Request(Request),
    Reply(Reply),
    State(StateMessage),
}

impl<M> Payload<M> {
    /// The call and the ordinal of its copy to which it belongs.
    pub(super) fn copy(&self) -> Option<(CallKey, u32)> {
        match self {
            Payload::Request(request) => Some((request.call, request.copy)),
            Payload::Reply(reply) => Some((reply.call, reply.copy)),
            Payload::Stack(_) | Payload::State(_) => None,
        }
    }
}

/// A copy of a call on its way to an agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) call: CallKey,
    /// Which copy it is: the ordinal of its draws.
    pub(crate) copy: u32,
    pub(crate) agent: AgentId,
    pub(crate) trace: u64,
    pub(crate) priority: Priority,
    /// Until its caller gives up, when it was sent.
    pub(crate) left: Duration,
    /// Kills whoever works on it.
    pub(crate) poison: bool,
    /// Only asks whether the agent is ready.
    pub(crate) ping: bool,
}

/// The answer to a copy of a call. It says for itself how it travels: its call may have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) call: CallKey,
    pub(crate) copy: u32,
    pub(crate) service: ServiceId,
    pub(crate) trace: u64,
    pub(crate) outcome: CallOutcome,
    /// Somewhere below, a substitute stood in for a service's answer.
    pub(crate) degraded: bool,
    /// It is no good answer because the network lost what was asked further down.
    pub(crate) lost: bool,
}

/// What a host's processor works on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// The stack handles a message.
    Deliver(FlightKey),
    /// The stack handles its time-out.
    Timeout,
    /// The stack handles the end of a write.
    Persisted { token: u64, ok: bool },
    /// The stack handles news of an agent.
    Agent { agent: AgentId, event: AgentEvent },
    /// The stack asks its host how it is.
    Measure { asked: Instant },
    /// The stack used more time than the fixed cost.
    Overhead,
    /// An agent works on a request.
    Job(JobKey),
    /// An agent replays its journal.
    Replay { instance: InstanceId, life: u32 },
}

/// What a host's disk works for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DiskTag {
    /// The write of a record of the stack; its flush follows.
    RecordWrite,
    /// The flush of a record of the stack.
    RecordSync { token: u64 },
    /// The write of a journal entry for a request.
    EntryWrite { instance: InstanceId, job: JobKey },
    /// The flush of a journal; acknowledges the request if it was made for one.
    EntrySync { instance: InstanceId, job: Option<JobKey> },
    /// The reading of a state at start.
    Load { instance: InstanceId, life: u32 },
    /// The flush of a journal before its process ends.
    StopSync { instance: InstanceId, life: u32 },
    /// The write of a checkpoint, or of a state that was fetched.
    FileWrite { instance: InstanceId, life: u32, bytes: Bytes },
    /// The flush of such a file, and of the journal with it.
    FileSync { instance: InstanceId, life: u32 },
    /// The reading of a copy for this instance, which starts elsewhere.
    CopyRead { instance: InstanceId, life: u32 },
    /// The write of a shipment.
    BlockWrite(BlockKey),
    /// The flush of a shipment.
    BlockSync(BlockKey),
}

/// A file that a crash may tear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// What the node's software persists.
    Records,
    /// An instance's journal.
    Journal(InstanceId),
    /// A file that counts only when it is complete.
    Whole,
}

impl DiskTag {
    /// The file that is torn when a crash interrupts the operation.
    pub(crate) fn file(self) -> File {
        match self {
            DiskTag::RecordWrite | DiskTag::RecordSync { .. } => File::Records,
            DiskTag::EntryWrite { instance, .. }
            | DiskTag::EntrySync { instance, .. }
            | DiskTag::StopSync { instance, .. }
            | DiskTag::FileSync { instance, .. } => File::Journal(instance),
            DiskTag::Load { .. }
            | DiskTag::FileWrite { .. }
            | DiskTag::CopyRead { .. }
            | DiskTag::BlockWrite(_)
            | DiskTag::BlockSync(_) => File::Whole,
        }
    }
}
