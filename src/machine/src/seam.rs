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

use crate::{
    AgentEvent, AgentId, Bytes, Call, CallEnd, CallId, CallOutcome, Directory, Draw, Duration, Instant, NodeId, Probe, Purpose,
    Reading, Record, Replication, Request, RequestId, StateSource, Streams, Substitute,
};

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

    /// The component of the stack that says it; its bytes are counted there.
    fn component(&self) -> Component;
}

/// A part of the stack, as far as costs are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Detectors, membership, checks, alerts.
    Health,
    /// Supervision, recovery, state.
    Supervisor,
    /// Breakers, balancing and retries: what a call costs its caller.
    Breaker,
    /// Admission, limits and shedding: what a request costs its server.
    Overload,
}

impl Component {
    /// Every component, in order.
    pub const ALL: [Component; 4] = [Component::Health, Component::Supervisor, Component::Breaker, Component::Overload];

    /// Its position in [`Component::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Component::Health => "health",
            Component::Supervisor => "supervisor",
            Component::Breaker => "breaker",
            Component::Overload => "overload",
        }
    }
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
    /// An attempt that was routed has ended. Say [`Context::retry`], [`Context::give_up`] or [`Context::fall_back`] to overrule what the caller
    /// would do by itself (its own retries, or none).
    CallEnded(CallEnd),
    /// A request has reached a local agent that is ready: answer with [`Context::admit`] or [`Context::shed`]; silence admits.
    Request(Request),
    /// A request that was admitted has ended.
    RequestEnded {
        /// The request.
        request: RequestId,
        /// The agent that worked on it.
        agent: AgentId,
        /// How it went. `Reset`: its agent has died over it.
        outcome: CallOutcome,
        /// From admission until a worker took it up.
        waited: Duration,
        /// From admission to end.
        elapsed: Duration,
    },
    /// The answer to [`Context::measure`].
    Measured(Arc<Reading>),
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
    Start {
        /// The agent.
        agent: AgentId,
        /// Where its state comes from.
        source: StateSource,
    },
    /// See [`Context::stop`].
    Stop {
        /// The agent.
        agent: AgentId,
        /// Time to finish what it works on.
        grace: Duration,
    },
    /// See [`Context::probe`].
    Probe {
        /// The agent.
        agent: AgentId,
        /// The question.
        probe: Probe,
    },
    /// See [`Context::measure`].
    Measure,
    /// See [`Context::checkpoint`].
    Checkpoint(AgentId),
    /// See [`Context::ship`].
    Ship {
        /// The agent.
        agent: AgentId,
        /// The receiver.
        to: NodeId,
    },
    /// See [`Context::replicate`].
    Replicate {
        /// The agent.
        agent: AgentId,
        /// What its acknowledgements wait for.
        replication: Replication,
    },
    /// See [`Context::route`].
    Route {
        /// The call.
        call: CallId,
        /// The replica.
        agent: AgentId,
        /// Where the caller's node believes that it runs.
        node: NodeId,
    },
    /// See [`Context::hedge`].
    Hedge {
        /// The call.
        call: CallId,
        /// The other replica.
        agent: AgentId,
        /// Where the caller's node believes that it runs.
        node: NodeId,
    },
    /// See [`Context::refuse`].
    Refuse(CallId),
    /// See [`Context::retry`].
    Retry {
        /// The call.
        call: CallId,
        /// The pause before the next attempt.
        after: Duration,
    },
    /// See [`Context::give_up`].
    GiveUp(CallId),
    /// See [`Context::fall_back`].
    FallBack {
        /// The call.
        call: CallId,
        /// From where the answer is taken.
        substitute: Substitute,
    },
    /// See [`Context::admit`].
    Admit(RequestId),
    /// See [`Context::shed`].
    Shed(RequestId),
    /// See [`Context::record`].
    Record(Record),
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
    component: Component,
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
        Context { now, wall, node, random, effects, cpu: Duration::ZERO, component: Component::Health }
    }

    /// Sends a message; it may be lost, late, doubled or overtaken.
    pub fn send(&mut self, to: NodeId, message: M) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Appends a record to the node's own file and flushes it; [`Input::Persisted`] follows, or [`Input::PersistFailed`].
    pub fn persist(&mut self, record: Vec<u8>, token: u64) {
        self.effects.push(Effect::Persist { record, token });
    }

    /// Starts the process of an agent on this node, with its state from `source`; a running one is left alone.
    pub fn start(&mut self, agent: AgentId, source: StateSource) {
        self.effects.push(Effect::Start { agent, source });
    }

    /// Stops the process of a local agent: it takes no more requests, and what is left after `grace` is killed; [`AgentEvent::Exited`] follows.
    pub fn stop(&mut self, agent: AgentId, grace: Duration) {
        self.effects.push(Effect::Stop { agent, grace });
    }

    /// Asks a local agent; [`AgentEvent::Probed`] follows if there is an answer.
    pub fn probe(&mut self, agent: AgentId, probe: Probe) {
        self.effects.push(Effect::Probe { agent, probe });
    }

    /// Asks the host and the agents on it how they are; [`Input::Measured`] follows, late where the host is slow.
    pub fn measure(&mut self) {
        self.effects.push(Effect::Measure);
    }

    /// Has a local agent write down its state, so that a start need not replay the whole journal; [`AgentEvent::Checkpointed`] follows.
    pub fn checkpoint(&mut self, agent: AgentId) {
        self.effects.push(Effect::Checkpoint(agent));
    }

    /// Copies to node `to` what an agent's journal has gained since the last shipment there; [`AgentEvent::Shipped`] follows.
    pub fn ship(&mut self, agent: AgentId, to: NodeId) {
        self.effects.push(Effect::Ship { agent, to });
    }

    /// From now on a local agent acknowledges its journal entries so; without it the own disk is enough.
    pub fn replicate(&mut self, agent: AgentId, replication: Replication) {
        self.effects.push(Effect::Replicate { agent, replication });
    }

    /// Sends a call to this replica, which is believed to run on `node`.
    pub fn route(&mut self, call: CallId, agent: AgentId, node: NodeId) {
        self.effects.push(Effect::Route { call, agent, node });
    }

    /// Sends a call that is waiting for its answer to another replica as well; the first good answer counts.
    pub fn hedge(&mut self, call: CallId, agent: AgentId, node: NodeId) {
        self.effects.push(Effect::Hedge { call, agent, node });
    }

    /// Fails the attempt at once without sending it; the caller may try again by itself.
    pub fn refuse(&mut self, call: CallId) {
        self.effects.push(Effect::Refuse(call));
    }

    /// Has a call whose attempt was refused or has failed tried again after a pause, whatever its caller would do by itself. Nothing
    /// is tried beyond the call's deadline.
    pub fn retry(&mut self, call: CallId, after: Duration) {
        self.effects.push(Effect::Retry { call, after });
    }

    /// Ends a call as failed, whatever its caller would do by itself.
    pub fn give_up(&mut self, call: CallId) {
        self.effects.push(Effect::GiveUp(call));
    }

    /// Ends a call with a substitute for the service's answer; if there is none (a cache that does not know), the call has failed.
    pub fn fall_back(&mut self, call: CallId, substitute: Substitute) {
        self.effects.push(Effect::FallBack { call, substitute });
    }

    /// Lets a request in.
    pub fn admit(&mut self, request: RequestId) {
        self.effects.push(Effect::Admit(request));
    }

    /// Turns a request away; its caller hears of it at once.
    pub fn shed(&mut self, request: RequestId) {
        self.effects.push(Effect::Shed(request));
    }

    /// Says for which component of the stack the input was; its CPU time is counted there. Without it: health.
    pub fn charge(&mut self, component: Component) {
        self.component = component;
    }

    /// The component to which the input is charged.
    pub fn component(&self) -> Component {
        self.component
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
