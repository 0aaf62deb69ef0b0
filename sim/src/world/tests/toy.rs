//! The least machine that keeps a cluster going: starts its agents, restarts them, routes calls at random, chats; and, where a test wants more of it,
//! follows a script and keeps what it is told.

use std::sync::Arc;

use hms_machine::{
    AgentEvent, AgentId, Boot, Bytes, Call, CallEnd, CallOutcome, Component, Context, Directory, Duration, Input, Instant,
    Machine, Message, NodeId, Probe, Purpose, Reading, Replication, Request, StateSource,
};

const ROUTE: Purpose = Purpose::named("test/toy-route");
const CHAT: Purpose = Purpose::named("test/toy-chat");

/// What the toy does in place of what it would do; false: what it does anyway.
pub(super) type Script = fn(&mut Toy, &Input<Chat>, &mut Context<'_, Chat>) -> bool;

/// What a toy does once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Start(AgentId, StateSource),
    Stop(AgentId, Duration),
    Checkpoint(AgentId),
    Ship(AgentId, NodeId),
    Replicate(AgentId, Replication),
    /// From now on calls for the agent go to this node.
    Route(AgentId, NodeId),
}

/// An order, when it is carried out and by whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: Instant,
    pub(super) node: NodeId,
    pub(super) order: Order,
}

/// What the toy is told to do.
#[derive(Clone, Debug)]
pub(super) struct ToyConfiguration {
    /// Orders in the order of their times.
    pub(super) orders: Vec<Step>,
    /// Sends a message to every node this often.
    pub(super) chat: Option<Duration>,
    /// Starts agents again.
    pub(super) restart: bool,
    /// Has the first word on each input.
    pub(super) script: Option<Script>,
}

impl Default for ToyConfiguration {
    fn default() -> Self {
        ToyConfiguration { orders: Vec::new(), chat: None, restart: true, script: None }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Toy {
    pub(super) node: NodeId,
    configuration: ToyConfiguration,
    pub(super) directory: Arc<Directory>,
    chat_at: Option<Instant>,
    pub(super) lives: u64,
    pub(super) heard: u64,
    /// Where agents are that have moved.
    moved: Vec<(AgentId, NodeId)>,
    /// Of the script.
    next: usize,
    /// What was heard of agents in this life.
    pub(super) news: Vec<(AgentId, AgentEvent)>,
    /// When a script wants to be woken.
    pub(super) alarm: Option<Instant>,
    /// Every input since boot, if there is a script.
    pub(super) seen: Vec<(Instant, Input<Chat>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Chat;

impl Message for Chat {
    fn bytes(&self) -> Bytes {
        Bytes(64)
    }

    fn component(&self) -> Component {
        Component::Health
    }
}

impl Machine for Toy {
    type Message = Chat;
    type Configuration = ToyConfiguration;

    fn boot(configuration: &ToyConfiguration, boot: Boot) -> Self {
        Toy {
            node: boot.node,
            next: configuration.orders.partition_point(|step| step.at < boot.now),
            moved: Vec::new(),
            news: Vec::new(),
            configuration: configuration.clone(),
            directory: boot.directory,
            chat_at: configuration.chat.map(|chat| boot.now + chat),
            lives: boot.records.len() as u64,
            heard: 0,
            alarm: None,
            seen: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input<Chat>, cx: &mut Context<'_, Chat>) {
        if let Some(script) = self.configuration.script {
            self.seen.push((cx.now, input.clone()));
            if script(self, &input, cx) {
                return;
            }
        }
        match input {
            Input::Booted => {
                self.directory.agents_of(self.node).iter().for_each(|agent| cx.start(*agent, StateSource::Local));
                cx.persist(vec![1], 1);
            }
            Input::Message { .. } => self.heard += 1,
            Input::Timeout => {
                self.follow_orders(cx);
                if self.chat_at.is_some_and(|at| at <= cx.now) {
                    let nodes = self.directory.nodes.len() as u32;
                    (0..nodes).map(NodeId).filter(|peer| *peer != self.node).for_each(|peer| cx.send(peer, Chat));
                    // Uneven pauses, so that a stack that draws more of its own shifts nothing but itself.
                    let jitter = cx.draw(CHAT).uniform();
                    self.chat_at = self.configuration.chat.map(|chat| cx.now + chat.mul_f64(0.5 + jitter));
                }
            }
            Input::Agent { agent, event } => {
                self.news.push((agent, event));
                let here = self.directory.agents[agent.index()].node == self.node;
                if matches!(event, AgentEvent::Exited(_)) && self.configuration.restart && here {
                    cx.start(agent, StateSource::Local);
                }
            }
            Input::Call(call) => {
                let replicas = &self.directory.services[call.service.index()].agents;
                let mut draw = cx.draw_at(ROUTE, call.trace.wrapping_add(u64::from(call.attempt)));
                match draw.pick(replicas) {
                    Some(agent) => cx.route(call.id, *agent, self.where_is(*agent)),
                    None => cx.refuse(call.id),
                }
            }
            Input::Persisted { .. }
            | Input::PersistFailed { .. }
            | Input::CallEnded(_)
            | Input::Request(_)
            | Input::RequestEnded { .. }
            | Input::Measured(_) => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let order = self.configuration.orders.get(self.next).map(|step| step.at);
        [self.chat_at, self.alarm, order].into_iter().flatten().min()
    }
}

impl Toy {
    fn where_is(&self, agent: AgentId) -> NodeId {
        let moved = self.moved.iter().rev().find(|(known, _)| *known == agent);
        moved.map_or(self.directory.agents[agent.index()].node, |(_, node)| *node)
    }

    fn follow_orders(&mut self, cx: &mut Context<'_, Chat>) {
        while let Some(step) = self.configuration.orders.get(self.next).filter(|step| step.at <= cx.now) {
            self.next += 1;
            match step.order {
                Order::Route(agent, to) => self.moved.push((agent, to)),
                _ if step.node != self.node => {}
                Order::Start(agent, source) => cx.start(agent, source),
                Order::Stop(agent, grace) => cx.stop(agent, grace),
                Order::Checkpoint(agent) => cx.checkpoint(agent),
                Order::Ship(agent, to) => cx.ship(agent, to),
                Order::Replicate(agent, replication) => cx.replicate(agent, replication),
            }
        }
    }

    /// Routes to the replica of this number.
    pub(super) fn route_to(&self, call: &Call, replica: usize, cx: &mut Context<'_, Chat>) {
        let agent = self.replica(call, replica);
        cx.route(call.id, agent, self.directory.agents[agent.index()].node);
    }

    /// Hedges to the replica of this number.
    pub(super) fn hedge_to(&self, call: &Call, replica: usize, cx: &mut Context<'_, Chat>) {
        let agent = self.replica(call, replica);
        cx.hedge(call.id, agent, self.directory.agents[agent.index()].node);
    }

    fn replica(&self, call: &Call, replica: usize) -> AgentId {
        self.directory.services[call.service.index()].agents[replica]
    }

    fn told<'a, T: 'a>(&'a self, read: impl Fn(&'a Input<Chat>) -> Option<T> + 'a) -> impl Iterator<Item = (Instant, T)> + 'a {
        self.seen.iter().filter_map(move |(at, input)| Some((*at, read(input)?)))
    }

    pub(super) fn calls(&self) -> Vec<(Instant, Call)> {
        self.told(|input| if let Input::Call(call) = input { Some(*call) } else { None }).collect()
    }

    pub(super) fn ends(&self) -> Vec<CallEnd> {
        self.told(|input| if let Input::CallEnded(end) = input { Some(*end) } else { None }).map(|(_, end)| end).collect()
    }

    pub(super) fn requests(&self) -> Vec<(Instant, Request)> {
        self.told(|input| if let Input::Request(request) = input { Some(*request) } else { None }).collect()
    }

    /// Of each request that has ended: how, how long it waited, how long it was there.
    pub(super) fn requests_ended(&self) -> Vec<(CallOutcome, Duration, Duration)> {
        let ended = |input: &Input<Chat>| match input {
            Input::RequestEnded { outcome, waited, elapsed, .. } => Some((*outcome, *waited, *elapsed)),
            _ => None,
        };
        self.told(ended).map(|(_, ended)| ended).collect()
    }

    pub(super) fn probed(&self) -> Vec<(Instant, Probe, bool, Duration)> {
        let probed = |input: &Input<Chat>| match input {
            Input::Agent { event: AgentEvent::Probed { probe, ok, elapsed }, .. } => Some((*probe, *ok, *elapsed)),
            _ => None,
        };
        self.told(probed).map(|(at, (probe, ok, elapsed))| (at, probe, ok, elapsed)).collect()
    }

    pub(super) fn readings(&self) -> Vec<(Instant, Arc<Reading>)> {
        self.told(|input| if let Input::Measured(reading) = input { Some(Arc::clone(reading)) } else { None }).collect()
    }
}
