//! Copies of agents' states on other hosts: how they get there, and how a start fetches them.
//!
//! Picture carbon copies that are sent by mail. A *shipment* carries what the receiver is believed to lack, and what it must have before (as if a hash
//! of that went along). The receiver writes it down, flushes, and confirms; a receiver that lacks what stands before says so, and the next
//! shipment begins at the beginning. Whatever is lost on the way is simply part of the next shipment. Of two instances that ship to one host, the
//! *later* is believed and the other is not heard: the one whose node knows of more moves of the agent, else the one that was started later (as if the
//! time of the start went along). A start that asks for a copy is known to its holder from then on, as with promises in Paxos.
//!
//! A start that may take its state from several holders asks all of them what they have, and fetches the copy of the latest instance, of such copies
//! the longest. A host on which the agent lived offers what it left there as well. Where a quorum is to be asked, the best is taken as soon as so many
//! have answered, and they are asked until they do; else who does not answer in [`OTHERS_WAIT`] after the first has is not waited for.
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
use crate::cluster::storage::{Entries, Piece, StateFile};
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
/// After the first holder has said what it has, the others get this long to say what they have (a round trip around the world, some 300 ms, would be
/// in it if the first answer took one too).
const OTHERS_WAIT: Duration = Duration::from_millis(200);

/// The state of an agent that runs elsewhere, on this host's disk.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(super) file: StateFile,
    /// The instance that shipped it last; `None`: nothing was shipped yet.
    by: Option<Term>,
    /// The latest instance that has shipped or asked: earlier ones are not heard.
    promised: Term,
}

/// A start of an agent, ordered by which is the later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    /// Moves of the agent that its node knew of.
    epoch: u32,
    /// Starts of the agent.
    start: u64,
}

/// What holders have said to a start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    answered: Vec<(NodeId, Option<Held>)>,
    taken: Option<NodeId>,
}

/// How good a copy is: the later instance's, then the longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    by: Term,
    entries: u64,
}

impl Offers {
    /// The holder of which the copy was chosen.
    pub(super) fn taken(&self) -> Option<NodeId> {
        self.taken
    }

    /// The best copy that was offered; of equals that of the holder that answered first.
    fn best(&self) -> Option<NodeId> {
        let held = self.answered.iter().rev().filter_map(|(holder, held)| held.map(|held| (held, *holder)));
        held.max_by_key(|(held, _)| *held).map(|(_, holder)| holder)
    }
}

/// What the operating system of a node knows of a copy elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shipped {
    pub(super) to: NodeId,
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
    /// A start asks what there is.
    Ask { instance: InstanceId, life: u32, term: Term },
    /// What there is; `None` where there is nothing that can be read.
    Told { instance: InstanceId, life: u32, held: Option<Held> },
    /// A start asks for the copy.
    Fetch { instance: InstanceId, life: u32, term: Term },
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
    term: Term,
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
    pub(super) fn term(&self) -> Term {
        Term { epoch: self.copying.rule.epoch, start: self.start }
    }

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
            Content::Ask { instance, life, term } => {
                self.promise(node, message.agent, term);
                let held = self.best_here(node, message.agent).map(|(held, _)| held);
                self.send_state(node, from, message.agent, Bytes::ZERO, Content::Told { instance, life, held }, kernel);
            }
            Content::Told { instance, life, held } => self.copy_offered(instance, life, from, held, kernel),
            Content::Fetch { instance, life, term } => {
                self.promise(node, message.agent, term);
                self.copy_wanted(node, message.agent, instance, life, kernel);
            }
            Content::Fetched { instance, life, piece } => self.copy_arrives(from, instance, life, piece, kernel),
            Content::Shipment(shipment) => self.shipment_arrives(node, from, shipment, kernel),
            Content::Confirmation { instance, start, held } => self.shipment_confirmed(instance, from, start, held, kernel),
        }
    }

    /// The best of what a host has of an agent's state: the copy that was shipped to it, or what the agent has left there.
    fn best_here(&self, node: NodeId, agent: AgentId) -> Option<(Held, &StateFile)> {
        let host = self.nodes[node.index()].host.as_ref()?;
        let copy = host.copies.get(&agent).and_then(|copy| Some((copy.by?, &copy.file)));
        let lived = self.instance_at(agent, node).map(|id| &self.instances[id.index()]);
        let left = lived.filter(|instance| instance.built != Term::default()).map(|instance| (instance.built, &instance.state));
        let readable = |(by, file)| {
            let file: &StateFile = file;
            file.whole().map(|piece| (Held { by, entries: piece.end() }, file))
        };
        copy.into_iter().chain(left).filter_map(readable).max_by_key(|(held, _)| *held)
    }

    /// Whoever is earlier is not heard any more.
    fn promise(&mut self, node: NodeId, agent: AgentId, term: Term) {
        let service = self.service_of(agent);
        let Some(journal) = &self.scenario.services[service.index()].journal else { return };
        let file = StateFile::new(journal.entry, journal.snapshot);
        let copy = self.host(node).copies.entry(agent).or_insert(Copy { file, by: None, promised: term });
        copy.promised = copy.promised.max(term);
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
        let shipment = Arc::new(Shipment { instance: id, agent, term: instance.term(), piece });
        self.send_state(node, to, agent, size, Content::Shipment(shipment), kernel);
    }

    fn shipment_arrives(&mut self, node: NodeId, from: NodeId, shipment: Arc<Shipment>, kernel: &mut Kernel) {
        if self.host(node).copies.get(&shipment.agent).is_some_and(|copy| copy.promised > shipment.term) {
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
            Some(copy) if copy.promised > shipment.term => return host.disk.free(bytes),
            Some(copy) => copy.file.take(&shipment.piece, misdirected).inspect(|_| {
                (copy.by, copy.promised) = (Some(shipment.term), shipment.term);
            }),
            // A piece out of the middle is no copy.
            None => empty.take(&shipment.piece, misdirected).inspect(|_| {
                let copy = Copy { file: empty, by: Some(shipment.term), promised: shipment.term };
                host.copies.insert(shipment.agent, copy);
            }),
        };
        let checkpoint = host.copies.get(&shipment.agent).and_then(|copy| copy.file.newest_checkpoint());
        let held = taken.is_ok().then(|| (shipment.piece.end(), checkpoint.unwrap_or(0)));
        host.disk.free(taken.unwrap_or(bytes));
        let content = Content::Confirmation { instance: shipment.instance, start: shipment.term.start, held };
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
        // What is damaged here is not shipped; asked again, the holder would say the same for ever.
        let whole = self.instances[id.index()].state.piece(entries, held.map_or(0, |(_, checkpoint)| checkpoint));
        self.copy_confirmed(id, to, whole.is_some_and(|piece| piece.end() > entries), kernel);
        self.report(id, AgentEvent::Shipped { to, entries }, kernel);
    }

    /// A start asks the holders of copies, or goes on with what it was offered, or gives up.
    pub(super) fn fetch(&mut self, id: InstanceId, asked: u32, kernel: &mut Kernel) {
        let InstancePlace { agent, node, .. } = self.place(id);
        let instance = &mut self.instances[id.index()];
        let StateSource::Replica(holders) = instance.source else { return };
        let enough = holders.quorum() == 1 && instance.offers.taken.is_none() && instance.offers.best().is_some();
        if asked > 0 && enough {
            return self.take_offer(id, asked, kernel);
        }
        // Without its quorum it would be worth nothing; it can only go on asking.
        if (asked >= FETCH_QUESTIONS && holders.quorum() == 1) || holders.is_empty() {
            return self.end_process(id, Exit::CorruptState, None, true, kernel);
        }
        instance.process = Process::Fetching { asked: asked + 1 };
        instance.offers = Offers::default();
        let (life, term) = (instance.life, instance.term());
        let again = kernel.now().saturating_add(FETCH_WAIT.saturating_mul(1 << asked.min(FETCH_QUESTIONS - 1)));
        kernel.set_timer(instance.timer, again, Event::Agent(id, life));
        // Where there is no choice, nobody need be asked what there is.
        if holders.len() == 1 {
            instance.offers.taken = holders.first();
            let content = Content::Fetch { instance: id, life, term };
            return holders.iter().for_each(|holder| self.send_state(node, holder, agent, Bytes::ZERO, content.clone(), kernel));
        }
        for holder in holders.iter() {
            self.send_state(node, holder, agent, Bytes::ZERO, Content::Ask { instance: id, life, term }, kernel);
        }
    }

    /// A holder has said what it has.
    fn copy_offered(&mut self, id: InstanceId, life: u32, from: NodeId, held: Option<Held>, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        let (Process::Fetching { asked }, StateSource::Replica(holders)) = (instance.process, instance.source) else { return };
        let known = instance.offers.answered.iter().any(|(known, _)| *known == from);
        if instance.life != life || instance.offers.taken.is_some() || known {
            return;
        }
        instance.offers.answered.push((from, held));
        let (answered, best) = (instance.offers.answered.len(), instance.offers.best().is_some());
        let quorum = holders.quorum() > 1 && answered >= holders.quorum();
        if best && (quorum || answered == holders.len()) {
            self.take_offer(id, asked, kernel);
        } else if quorum && answered == holders.len() {
            // Nobody who would know has an entry: none was ever acknowledged.
            kernel.cancel_timer(instance.timer);
            let nothing = Piece { checkpoint: false, before: Entries::new(), entries: Entries::new() };
            self.state_fetched(id, Arc::new(nothing), from, kernel);
        } else if answered == holders.len() {
            self.end_process(id, Exit::CorruptState, None, true, kernel);
        } else if best && holders.quorum() == 1 {
            let soon = kernel.now().saturating_add(OTHERS_WAIT);
            if kernel.timer_deadline(instance.timer).is_some_and(|deadline| soon < deadline) {
                kernel.set_timer(instance.timer, soon, Event::Agent(id, life));
            }
        }
    }

    /// Fetches the best copy that was offered.
    fn take_offer(&mut self, id: InstanceId, asked: u32, kernel: &mut Kernel) {
        let InstancePlace { agent, node, .. } = self.place(id);
        let instance = &mut self.instances[id.index()];
        let Some(holder) = instance.offers.best() else { return };
        instance.offers.taken = Some(holder);
        let content = Content::Fetch { instance: id, life: instance.life, term: instance.term() };
        let again = kernel.now().saturating_add(FETCH_WAIT.saturating_mul(1 << (asked - 1).min(FETCH_QUESTIONS - 1)));
        kernel.set_timer(instance.timer, again, Event::Agent(id, instance.life));
        self.send_state(node, holder, agent, Bytes::ZERO, content, kernel);
    }

    fn copy_wanted(&mut self, node: NodeId, agent: AgentId, instance: InstanceId, life: u32, kernel: &mut Kernel) {
        let best = self.best_here(node, agent).map(|(_, file)| file);
        match best.and_then(|file| file.whole().map(|piece| file.bytes_of(&piece))) {
            Some(bytes) => {
                let tag = DiskTag::CopyRead { instance, life };
                self.submit_disk(node, OperationKind::Read(bytes), Class::Service, tag, kernel);
            }
            None => self.send_fetched(node, instance, life, None, kernel),
        }
    }

    pub(super) fn copy_read(&mut self, node: NodeId, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let agent = self.place(id).agent;
        let best = self.best_here(node, agent).filter(|_| result.acknowledged());
        let piece = best.and_then(|(_, file)| file.whole());
        self.send_fetched(node, id, life, piece, kernel);
    }

    fn send_fetched(&mut self, node: NodeId, id: InstanceId, life: u32, piece: Option<Piece>, kernel: &mut Kernel) {
        let InstancePlace { agent, node: to, .. } = self.place(id);
        let size = piece.as_ref().map_or(Bytes::ZERO, |piece| self.instances[id.index()].state.bytes_of(piece));
        let content = Content::Fetched { instance: id, life, piece: piece.map(Arc::new) };
        self.send_state(node, to, agent, size, content, kernel);
    }

    fn copy_arrives(&mut self, from: NodeId, id: InstanceId, life: u32, piece: Option<Arc<Piece>>, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        let Process::Fetching { asked } = instance.process else { return };
        if instance.life != life || instance.offers.taken != Some(from) {
            return;
        }
        kernel.cancel_timer(instance.timer);
        match piece {
            Some(piece) => self.state_fetched(id, piece, from, kernel),
            None => {
                // It could not be read after all; perhaps another can.
                instance.offers.answered.retain(|(holder, _)| *holder != from);
                match instance.offers.best() {
                    Some(_) => self.take_offer(id, asked, kernel),
                    None => self.end_process(id, Exit::CorruptState, None, true, kernel),
                }
            }
        }
    }
}
