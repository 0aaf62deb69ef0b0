//! The seam between a node's software and whatever drives it.
//!
//! Picture a letter box: the driver pushes [`Input`]s in, the machine answers by appending [`Effect`]s to a reused buffer, and says when it
//! wants to be woken. It holds no socket, file, thread or clock, so the same machine runs in the simulator and under real IO
//! (the sans-IO style of quinn-proto and str0m).
//!
//! Contract:
//! - Effects of one `handle` take place in order. A message that depends on durable state is sent only on [`Input::Persisted`].
//! - A crash drops the machine and every effect in flight; a restart makes a new one with [`Machine::boot`] from what the disk still holds.
//! - All instants a machine sees are readings of its node's own clock.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{AgentId, Bytes, Draw, Duration, Instant, NodeId, Purpose, ServiceId, Streams};

/// The software of one node: a state machine without IO.
pub trait Machine: Clone {
    /// What it says to its peers.
    type Message: Message;
    /// What it is configured with; shared by all nodes of a run.
    type Configuration: Clone;

    /// The machine as it is right after the start of the node. [`Input::Booted`] is the first input it gets.
    fn boot(configuration: &Self::Configuration, boot: Boot) -> Self;

    /// Takes one input and appends effects to `cx`.
    fn handle(&mut self, input: Input<Self::Message>, cx: &mut Context<'_, Self::Message>);

    /// When to deliver [`Input::Timeout`], as a reading of the node's monotonic clock; a stale wake-up is harmless.
    fn deadline(&self) -> Option<Instant>;
}

/// A message between machines.
pub trait Message: Clone + Debug {
    /// Size on the wire, headers included.
    fn bytes(&self) -> Bytes;
}

/// What a node knows when it starts.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Who it is.
    pub node: NodeId,
    /// The deployment, as every node reads it from its configuration.
    pub directory: Arc<Directory>,
    /// Intact records that earlier incarnations persisted, oldest first.
    pub records: Vec<Vec<u8>>,
    /// Reading of the node's monotonic clock.
    pub now: Instant,
}

/// Who and what there is: static knowledge of the deployment, no health.
#[derive(Clone, Debug)]
pub struct Directory {
    /// All nodes, indexed by `NodeId`.
    pub nodes: Vec<NodePlace>,
    /// All agents, indexed by `AgentId`.
    pub agents: Vec<AgentPlace>,
    /// The agents of each service, indexed by `ServiceId`.
    pub services: Vec<Vec<AgentId>>,
    by_node: Vec<Vec<AgentId>>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
pub struct NodePlace {
    /// Index of its region.
    pub region: u32,
    /// Index of its zone, over all regions.
    pub zone: u32,
    /// An edge lets clients in and hosts no agents.
    pub edge: bool,
}

/// Where an agent stands.
#[derive(Clone, Copy, Debug)]
pub struct AgentPlace {
    /// The service of which it is a replica.
    pub service: ServiceId,
    /// The node on which it runs.
    pub node: NodeId,
}

impl Directory {
    /// The directory of these nodes and agents; `services` services, those without agents included.
    ///
    /// # Panics
    /// If an agent stands on a node or belongs to a service that is not there.
    pub fn new(nodes: Vec<NodePlace>, agents: Vec<AgentPlace>, services: usize) -> Self {
        let mut by_node = vec![Vec::new(); nodes.len()];
        let mut by_service = vec![Vec::new(); services];
        for (index, place) in agents.iter().enumerate() {
            by_node[place.node.index()].push(AgentId::from_index(index));
            by_service[place.service.index()].push(AgentId::from_index(index));
        }
        Directory { nodes, agents, services: by_service, by_node }
    }

    /// The agents of one node, in order.
    pub fn agents_of(&self, node: NodeId) -> impl Iterator<Item = AgentId> + '_ {
        self.by_node[node.index()].iter().copied()
    }
}

/// Names one call through its attempts; unique among the calls in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Into a machine.
#[derive(Clone, Debug)]
pub enum Input<M> {
    /// The node has started.
    Booted,
    /// A message from a peer.
    Message {
        /// The sender.
        from: NodeId,
        /// What it says.
        message: M,
    },
    /// [`Machine::deadline`] has been reached.
    Timeout,
    /// The record persisted under this token is durable.
    Persisted {
        /// As given to [`Context::persist`].
        token: u64,
    },
    /// The record could not be written.
    PersistFailed {
        /// As given to [`Context::persist`].
        token: u64,
    },
    /// Something happened to a local agent that the node's operating system reports.
    Agent {
        /// The agent.
        agent: AgentId,
        /// What happened.
        event: AgentEvent,
    },
    /// A local agent, or a client behind this edge, wants to call a service: answer with [`Context::route`] or [`Context::refuse`].
    Call(Call),
    /// An attempt that was routed has ended.
    CallEnded {
        /// The call.
        call: CallId,
        /// The agent that was called.
        agent: AgentId,
        /// How it went.
        outcome: CallOutcome,
        /// From dispatch to end.
        elapsed: Duration,
    },
}

/// What a node's operating system tells about a local agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentEvent {
    /// The process is up and says that it is ready.
    Ready,
    /// The process has ended.
    Exited(Exit),
    /// The answer to [`Context::probe`]; a stuck process gives none.
    Probed,
}

/// Why a process ended, as far as its parent can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By a signal or with an error.
    Abnormal,
    /// Killed by the operating system for lack of memory.
    OutOfMemory,
    /// Because the node stopped it.
    Stopped,
}

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
}

/// Out of a machine, in order.
#[derive(Clone, Debug)]
pub enum Effect<M> {
    /// See [`Context::send`].
    Send {
        /// The receiver.
        to: NodeId,
        /// What to say.
        message: M,
    },
    /// See [`Context::persist`].
    Persist {
        /// The content.
        record: Vec<u8>,
        /// Comes back when durable.
        token: u64,
    },
    /// See [`Context::start`].
    Start(AgentId),
    /// See [`Context::stop`].
    Stop(AgentId),
    /// See [`Context::probe`].
    Probe(AgentId),
    /// See [`Context::route`].
    Route {
        /// The call.
        call: CallId,
        /// The replica.
        agent: AgentId,
    },
    /// See [`Context::refuse`].
    Refuse(CallId),
    /// See [`Context::record`].
    Record(Record),
}

/// What a machine says about itself for the trace: beliefs and actions, never read back by any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The node believes that a peer has failed.
    Suspected(NodeId),
    /// The node believes again that a peer works.
    Trusted(NodeId),
    /// The node has noticed that a local agent has failed.
    AgentFailed(AgentId),
    /// The node restarts a local agent.
    AgentRestarted {
        /// The agent.
        agent: AgentId,
        /// Restarts since it last ran well, from 1.
        attempt: u32,
    },
    /// A local agent works again after the node's action.
    AgentRecovered(AgentId),
}

/// What a machine works with while it handles an input.
pub struct Context<'a, M> {
    /// Reading of the node's monotonic clock: drifts, never jumps; deadlines are in it.
    pub now: Instant,
    /// Reading of the node's wall clock: off, drifting, may jump either way.
    pub wall: Instant,
    node: NodeId,
    random: &'a mut NodeRandom,
    effects: &'a mut Vec<Effect<M>>,
    cpu: Duration,
}

/// Where a node's software gets its randomness: one stream per purpose, counted on through restarts.
#[derive(Clone, Debug)]
pub struct NodeRandom {
    streams: Streams,
    ordinals: Vec<(Purpose, u64)>,
}

impl NodeRandom {
    /// Streams of a run, none of them used yet.
    pub fn new(streams: Streams) -> Self {
        NodeRandom { streams, ordinals: Vec::new() }
    }
}

impl<'a, M> Context<'a, M> {
    /// A context for one `handle`; `effects` is emptied by the driver.
    pub fn new(now: Instant, wall: Instant, node: NodeId, random: &'a mut NodeRandom, effects: &'a mut Vec<Effect<M>>) -> Self {
        Context { now, wall, node, random, effects, cpu: Duration::ZERO }
    }

    /// Sends a message; it may be lost, late, doubled or overtaken.
    pub fn send(&mut self, to: NodeId, message: M) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Appends a record to the node's own file and flushes it; [`Input::Persisted`] follows, or [`Input::PersistFailed`].
    pub fn persist(&mut self, record: Vec<u8>, token: u64) {
        self.effects.push(Effect::Persist { record, token });
    }

    /// Starts the process of a local agent; a running one is left alone.
    pub fn start(&mut self, agent: AgentId) {
        self.effects.push(Effect::Start(agent));
    }

    /// Kills the process of a local agent; [`AgentEvent::Exited`] follows.
    pub fn stop(&mut self, agent: AgentId) {
        self.effects.push(Effect::Stop(agent));
    }

    /// Asks a local agent for a sign of life; [`AgentEvent::Probed`] follows if there is one.
    pub fn probe(&mut self, agent: AgentId) {
        self.effects.push(Effect::Probe(agent));
    }

    /// Sends a call to this replica.
    pub fn route(&mut self, call: CallId, agent: AgentId) {
        self.effects.push(Effect::Route { call, agent });
    }

    /// Fails the attempt at once without sending it.
    pub fn refuse(&mut self, call: CallId) {
        self.effects.push(Effect::Refuse(call));
    }

    /// Adds a row to the trace.
    pub fn record(&mut self, record: Record) {
        self.effects.push(Effect::Record(record));
    }

    /// Uses CPU time beyond the fixed cost of handling an input.
    pub fn spend(&mut self, cpu: Duration) {
        self.cpu += cpu;
    }

    /// CPU time used through [`Context::spend`].
    pub fn spent(&self) -> Duration {
        self.cpu
    }

    /// The next draw of this node's stream for `purpose`.
    pub fn draw(&mut self, purpose: Purpose) -> Draw {
        let ordinals = &mut self.random.ordinals;
        let position = ordinals.iter().position(|(known, _)| *known == purpose).unwrap_or_else(|| {
            ordinals.push((purpose, 0));
            ordinals.len() - 1
        });
        let ordinal = &mut ordinals[position].1;
        *ordinal += 1;
        self.random.streams.draw(purpose, u64::from(self.node.0), *ordinal - 1)
    }

    /// The draw of this node's stream for `purpose` at a stated position: for decisions about something that has an id of its own
    /// (a call's trace id), so that other decisions do not shift it.
    pub fn draw_at(&self, purpose: Purpose, ordinal: u64) -> Draw {
        self.random.streams.draw(purpose, u64::from(self.node.0), ordinal)
    }
}
