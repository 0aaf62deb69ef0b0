//! Copies of agents' states on other hosts: how they get there, and how a start fetches them.
//!
//! Picture carbon copies that are sent by mail. A *shipment* carries what the receiver is believed to lack, and what it must have before (as if a hash
//! of that went along). The receiver writes it down, flushes, and confirms; a receiver that lacks what stands before says so, and the next
//! shipment begins at the beginning. Whatever is lost on the way is simply part of the next shipment. Of two instances that ship to one host, the
//! one that was started later is believed and the other is not heard (as if the time of the start went along).
//!
//! Sizes. A message has 64 bytes besides its content: addresses, agent, start, position, hash. Shipments are services' traffic. What is shipped was
//! written a moment ago and comes from the operating system's cache, so reading it is free at the sender; a checkpoint that is shipped is read free
//! as well, which is kind. A copy that is fetched is read from the holder's disk. Each message is one unit to the network, whatever its size: on a
//! link of limited bandwidth, other messages wait behind it. Each that is received costs the host's stack the time of one input.

use std::sync::Arc;

use hms_machine::{AgentEvent, AgentId, Bytes, Component, Duration, Exit, Machine, NodeId, Purpose, StateSource};

use super::agents::{Instance, InstancePlace, Process};
use super::event::{BlockKey, DiskTag, Event, InstanceId, Payload};
use super::{Kernel, World};
use crate::cluster::disk::{OperationKind, Outcome};
use crate::cluster::storage::{Piece, StateFile};
use crate::cluster::usage::Class;
use crate::network::MessageKey;

const STATE: Purpose = Purpose::named("network/state");

/// UDP and IP headers (28 bytes), and who, which start, where in the state, and the hash of what is before.
const HEADER: Bytes = Bytes(64);
/// A start that hears nothing from the holder of a copy asks again after this, and after twice and four times as long; then it gives up.
/// (A state of which the transfer takes longer than these 7 s cannot be fetched.)
const FETCH_WAIT: Duration = Duration::from_secs(1);
/// Questions before it gives up.
const FETCH_QUESTIONS: u32 = 3;

/// The state of an agent that runs elsewhere, on this host's disk.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(super) file: StateFile,
    /// Which start of the agent it was shipped by.
    start: u64,
}

/// What the operating system of a node knows of a copy elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shipped {
    to: NodeId,
    /// Entries that the receiver has confirmed.
    pub(super) entries: u64,
    /// Of those, entries that a checkpoint stands for there.
    checkpoint: u64,
}

/// A message about a state.
#[derive(Clone, Debug)]
pub(crate) struct StateMessage {
    agent: AgentId,
    /// How many there were about this agent before.
    ordinal: u64,
    pub(super) bytes: Bytes,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// A start asks for the copy.
    Fetch { instance: InstanceId, life: u32 },
    /// The copy; `None` where there is none that can be read.
    Fetched { instance: InstanceId, life: u32, piece: Option<Arc<Piece>> },
    /// A piece for the copy.
    Shipment(Arc<Shipment>),
    /// The piece is durable: so many entries are there, of which a checkpoint stands for so many. `None`: what is before it is missing.
    Confirmation { instance: InstanceId, start: u64, held: Option<(u64, u64)> },
}

#[derive(Clone, Debug)]
struct Shipment {
    instance: InstanceId,
    agent: AgentId,
    start: u64,
    piece: Piece,
}

/// A shipment on its way to the receiver's medium.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    node: NodeId,
    from: NodeId,
    shipment: Arc<Shipment>,
    pub(super) bytes: Bytes,
    /// Whether the write, which has ended, went astray.
    pub(super) written: Option<bool>,
}

impl StateMessage {
    /// It is drawn for by its agent and its number.
    pub(super) fn key(&self) -> MessageKey {
        MessageKey { purpose: STATE, entity: u64::from(self.agent.0), ordinal: self.ordinal }
    }
}

impl Instance {
    /// A node is known to have this piece, the whole of the state.
    pub(super) fn knows_copy(&mut self, at: NodeId, piece: &Piece) {
        let checkpoint = if piece.checkpoint { piece.before.len() } else { 0 };
        self.shipped = vec![Shipped { to: at, entries: piece.end(), checkpoint }];
    }
}

impl<M: Machine> World<M> {
    fn send_state(&mut self, from: NodeId, to: NodeId, agent: AgentId, size: Bytes, content: Content, kernel: &mut Kernel) {
        let messages = &mut self.agents[agent.index()].messages;
        let ordinal = *messages;
        *messages += 1;
        let message = StateMessage { agent, ordinal, bytes: HEADER + size, content };
        self.transmit(from, to, Payload::State(message), kernel);
    }

    pub(super) fn state_message(&mut self, node: NodeId, from: NodeId, message: StateMessage, kernel: &mut Kernel) {
        if self.nodes[node.index()].host.is_none() {
            return;
        }
        self.charge_stack(node, Component::Supervisor);
        match message.content {
            Content::Fetch { instance, life } => self.copy_wanted(node, message.agent, instance, life, kernel),
            Content::Fetched { instance, life, piece } => self.copy_arrives(from, instance, life, piece, kernel),
            Content::Shipment(shipment) => self.shipment_arrives(node, from, shipment, kernel),
            Content::Confirmation { instance, start, held } => self.shipment_confirmed(instance, from, start, held, kernel),
        }
    }

    /// The node copies to another one what an agent's files have gained.
    pub(super) fn ship(&mut self, node: NodeId, agent: AgentId, to: NodeId, kernel: &mut Kernel) {
        let Some(id) = self.instance_at(agent, node) else { return };
        let instance = &self.instances[id.index()];
        if self.scenario.services[instance.place.service.index()].journal.is_none() {
            return;
        }
        let known = instance.shipped.iter().find(|shipped| shipped.to == to);
        let (entries, checkpoint) = known.map_or((0, 0), |shipped| (shipped.entries, shipped.checkpoint));
        // A damaged checkpoint is not spread.
        let Some(piece) = instance.state.piece(entries, checkpoint) else { return };
        let size = instance.state.bytes_of(&piece);
        let shipment = Arc::new(Shipment { instance: id, agent, start: instance.start, piece });
        self.send_state(node, to, agent, size, Content::Shipment(shipment), kernel);
    }

    fn shipment_arrives(&mut self, node: NodeId, from: NodeId, shipment: Arc<Shipment>, kernel: &mut Kernel) {
        if self.host(node).copies.get(&shipment.agent).is_some_and(|copy| copy.start > shipment.start) {
            return;
        }
        let bytes = self.instances[shipment.instance.index()].state.bytes_of(&shipment.piece);
        let block = Block { node, from, shipment, bytes, written: None };
        if bytes == Bytes::ZERO {
            return self.take_block(block, false, kernel);
        }
        let key = self.blocks.insert(block);
        self.submit_disk(node, OperationKind::Write(bytes), Class::Service, DiskTag::BlockWrite(key), kernel);
    }

    pub(super) fn block_written(&mut self, key: BlockKey, result: Outcome, kernel: &mut Kernel) {
        if !result.acknowledged() {
            self.blocks.remove(key);
            return;
        }
        let block = &mut self.blocks[key];
        block.written = Some(result == Outcome::Misdirected);
        let node = block.node;
        self.submit_disk(node, OperationKind::Sync, Class::Service, DiskTag::BlockSync(key), kernel);
    }

    pub(super) fn block_synced(&mut self, key: BlockKey, result: Outcome, kernel: &mut Kernel) {
        let Some(block) = self.blocks.remove(key) else { return };
        if result.acknowledged() {
            let misdirected = block.written == Some(true);
            self.take_block(block, misdirected, kernel);
        } else {
            self.host(block.node).disk.free(block.bytes);
        }
    }

    /// A shipment is durable: it becomes part of the copy, and the sender hears of it.
    fn take_block(&mut self, block: Block, misdirected: bool, kernel: &mut Kernel) {
        let Block { node, from, shipment, bytes, .. } = block;
        let service = self.service_of(shipment.agent);
        let journal = self.scenario.services[service.index()].journal.as_ref().expect("only journals are shipped");
        let mut empty = StateFile::new(journal.entry, journal.snapshot);
        let host = self.nodes[node.index()].host.as_mut().expect("edges keep no copies");
        let taken = match host.copies.get_mut(&shipment.agent) {
            Some(copy) if copy.start > shipment.start => return host.disk.free(bytes),
            Some(copy) => copy.file.take(&shipment.piece, misdirected).inspect(|_| copy.start = shipment.start),
            // A piece out of the middle is no copy.
            None => empty.take(&shipment.piece, misdirected).inspect(|_| {
                host.copies.insert(shipment.agent, Copy { file: empty, start: shipment.start });
            }),
        };
        let checkpoint = host.copies.get(&shipment.agent).and_then(|copy| copy.file.newest_checkpoint());
        let held = taken.is_ok().then(|| (shipment.piece.end(), checkpoint.unwrap_or(0)));
        host.disk.free(taken.unwrap_or(bytes));
        let content = Content::Confirmation { instance: shipment.instance, start: shipment.start, held };
        self.send_state(node, from, shipment.agent, Bytes::ZERO, content, kernel);
    }

    fn shipment_confirmed(&mut self, id: InstanceId, to: NodeId, start: u64, held: Option<(u64, u64)>, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        // What an earlier life had shipped may be of another past by now.
        if instance.start != start {
            return;
        }
        let known = instance.shipped.iter().position(|shipped| shipped.to == to);
        let before = known.map_or(0, |known| instance.shipped.swap_remove(known).entries);
        if let Some((entries, checkpoint)) = held {
            // Confirmations may overtake each other.
            instance.shipped.push(Shipped { to, entries: entries.max(before), checkpoint });
        }
        let entries = held.map_or(0, |(entries, _)| entries);
        self.report(id, AgentEvent::Shipped { to, entries }, kernel);
    }

    /// A start asks the holder of a copy for it, or gives up.
    pub(super) fn fetch(&mut self, id: InstanceId, asked: u32, kernel: &mut Kernel) {
        let InstancePlace { agent, node, .. } = self.place(id);
        let instance = &mut self.instances[id.index()];
        let StateSource::Replica(holder) = instance.source else { return };
        if asked == FETCH_QUESTIONS {
            return self.end_process(id, Exit::CorruptState, None, true, kernel);
        }
        instance.process = Process::Fetching { asked: asked + 1 };
        let life = instance.life;
        let again = kernel.now().saturating_add(FETCH_WAIT.saturating_mul(1 << asked));
        kernel.set_timer(instance.timer, again, Event::Agent(id, life));
        self.send_state(node, holder, agent, Bytes::ZERO, Content::Fetch { instance: id, life }, kernel);
    }

    fn copy_wanted(&mut self, node: NodeId, agent: AgentId, instance: InstanceId, life: u32, kernel: &mut Kernel) {
        let copy = self.host(node).copies.get(&agent);
        match copy.and_then(|copy| copy.file.whole().map(|piece| copy.file.bytes_of(&piece))) {
            Some(bytes) => {
                let tag = DiskTag::CopyRead { instance, life };
                self.submit_disk(node, OperationKind::Read(bytes), Class::Service, tag, kernel);
            }
            None => self.send_fetched(node, instance, life, None, kernel),
        }
    }

    pub(super) fn copy_read(&mut self, node: NodeId, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let agent = self.place(id).agent;
        let copy = self.host(node).copies.get(&agent).filter(|_| result.acknowledged());
        let piece = copy.and_then(|copy| copy.file.whole());
        self.send_fetched(node, id, life, piece, kernel);
    }

    fn send_fetched(&mut self, node: NodeId, id: InstanceId, life: u32, piece: Option<Piece>, kernel: &mut Kernel) {
        let InstancePlace { agent, node: to, .. } = self.place(id);
        let size = piece.as_ref().map_or(Bytes::ZERO, |piece| self.instances[id.index()].state.bytes_of(piece));
        let content = Content::Fetched { instance: id, life, piece: piece.map(Arc::new) };
        self.send_state(node, to, agent, size, content, kernel);
    }

    fn copy_arrives(&mut self, from: NodeId, id: InstanceId, life: u32, piece: Option<Arc<Piece>>, kernel: &mut Kernel) {
        let instance = &self.instances[id.index()];
        if instance.life != life || !matches!(instance.process, Process::Fetching { .. }) {
            return;
        }
        kernel.cancel_timer(instance.timer);
        match piece {
            Some(piece) => self.state_fetched(id, piece, from, kernel),
            None => self.end_process(id, Exit::CorruptState, None, true, kernel),
        }
    }
}
