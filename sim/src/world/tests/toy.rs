//! The least machine that keeps a cluster going: starts its agents, restarts them, routes calls at random, chats.

use std::sync::Arc;

use hms_machine::{
    AgentEvent, Boot, Bytes, Component, Context, Directory, Duration, Input, Instant, Machine, Message, NodeId, Purpose,
    StateSource,
};

const ROUTE: Purpose = Purpose::named("test/toy-route");
const CHAT: Purpose = Purpose::named("test/toy-chat");

/// What the toy is told to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToyConfiguration {
    /// Sends a message to every node this often.
    pub(super) chat: Option<Duration>,
    /// Starts agents again.
    pub(super) restart: bool,
}

impl Default for ToyConfiguration {
    fn default() -> Self {
        ToyConfiguration { chat: None, restart: true }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Toy {
    node: NodeId,
    configuration: ToyConfiguration,
    directory: Arc<Directory>,
    chat_at: Option<Instant>,
    pub(super) lives: u64,
    pub(super) heard: u64,
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
            configuration: *configuration,
            directory: boot.directory,
            chat_at: configuration.chat.map(|chat| boot.now + chat),
            lives: boot.records.len() as u64,
            heard: 0,
        }
    }

    fn handle(&mut self, input: Input<Chat>, cx: &mut Context<'_, Chat>) {
        match input {
            Input::Booted => {
                self.directory.agents_of(self.node).for_each(|agent| cx.start(agent, StateSource::Local));
                cx.persist(vec![1], 1);
            }
            Input::Message { .. } => self.heard += 1,
            Input::Timeout => {
                if self.chat_at.is_some_and(|at| at <= cx.now) {
                    let nodes = self.directory.nodes.len() as u32;
                    (0..nodes).map(NodeId).filter(|peer| *peer != self.node).for_each(|peer| cx.send(peer, Chat));
                    // Uneven pauses, so that a stack that draws more of its own shifts nothing but itself.
                    let jitter = cx.draw(CHAT).uniform();
                    self.chat_at = self.configuration.chat.map(|chat| cx.now + chat.mul_f64(0.5 + jitter));
                }
            }
            Input::Agent { agent, event: AgentEvent::Exited(_) } if self.configuration.restart => {
                cx.start(agent, StateSource::Local)
            }
            Input::Call(call) => {
                let replicas = &self.directory.services[call.service.index()].agents;
                let mut draw = cx.draw_at(ROUTE, call.trace.wrapping_add(u64::from(call.attempt)));
                match draw.pick(replicas) {
                    Some(agent) => cx.route(call.id, *agent, self.directory.agents[agent.index()].node),
                    None => cx.refuse(call.id),
                }
            }
            Input::Persisted { .. }
            | Input::PersistFailed { .. }
            | Input::Agent { .. }
            | Input::CallEnded(_)
            | Input::Request(_)
            | Input::RequestEnded { .. }
            | Input::Measured(_) => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.chat_at
    }
}
