//! Messages on their way: from a sender through the network to whoever stands at the other end.

use hms_machine::{Instant, Machine, Message, NodeId, Purpose};

use super::event::{Event, Flight, FlightKey, Payload, Task};
use super::{Detail, Kernel, TraceKind, World};
use crate::network::{Class, DropReason, Envelope, Fate, MessageKey};

const REQUEST: Purpose = Purpose::named("network/request");
const REPLY: Purpose = Purpose::named("network/reply");

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carries {
    /// Words of one stack to another.
    Stack,
    /// A call of a service.
    Request,
    /// The answer to one.
    Reply,
    /// State of an agent, on its way to a copy or back.
    State,
}

/// A message that was sent and has not been taken in: on its way, or waiting for the processor of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What it carries.
    pub carries: Carries,
    /// When it was sent.
    pub sent: Instant,
    /// When the first copy of it arrives, or has arrived.
    pub due: Instant,
}

impl<M: Machine> World<M> {
    /// Every message that was sent and has not been taken in, lost ones left out.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlight> {
        self.flights.values().map(|flight| InFlight {
            from: flight.from,
            to: flight.to,
            carries: match flight.payload {
                Payload::Stack(_) => Carries::Stack,
                Payload::Request(_) => Carries::Request,
                Payload::Reply(_) => Carries::Reply,
                Payload::State(_) => Carries::State,
            },
            sent: flight.sent,
            due: flight.due,
        })
    }

    /// Hands a message to the network. A request and its reply are drawn for by the call and copy to which they belong, so what the stack
    /// sends in between cannot change their fate; a message of the stack by its number on its link.
    pub(super) fn transmit(&mut self, from: NodeId, to: NodeId, payload: Payload<M::Message>, kernel: &mut Kernel) {
        let (bytes, key, class, kind) = match &payload {
            Payload::Stack(message) => (message.bytes(), None, Class::Stack, 1),
            Payload::Request(request) => {
                let bytes = self.scenario.services[self.service_of(request.agent).index()].request;
                let key = MessageKey { purpose: REQUEST, entity: request.trace, ordinal: u64::from(request.copy) };
                (bytes, Some(key), Class::Service, 2)
            }
            Payload::Reply(reply) => {
                let bytes = self.scenario.services[reply.service.index()].reply;
                let key = MessageKey { purpose: REPLY, entity: reply.trace, ordinal: u64::from(reply.copy) };
                (bytes, Some(key), Class::Service, 3)
            }
            Payload::State(message) => (message.bytes, Some(message.key()), Class::Service, 4),
        };
        let fate = self.network.send(&self.streams, kernel.now(), Envelope { from, to, bytes, class }, key);
        let digest = digest(from, to, bytes.0, kind);
        match fate {
            // A full queue is the doing of those who send.
            Fate::Dropped(DropReason::Overflow) => {}
            Fate::Dropped(_) => {
                if let Some((call, copy)) = payload.copy() {
                    self.lost_on_the_way(call, copy);
                }
            }
            // Held for ever by a clog without an end: in flight until the run ends.
            Fate::Held => {}
            Fate::Deliver { at, again, corrupt } => {
                let copies = 1 + u32::from(again.is_some());
                let (taken, sent) = (false, kernel.now());
                let flight = self.flights.insert(Flight { from, to, bytes, copies, taken, corrupt, sent, due: at, payload });
                kernel.schedule_at(at, Event::Deliver(flight, digest));
                if let Some(again) = again {
                    kernel.schedule_at(again, Event::Deliver(flight, digest));
                }
            }
        }
        if self.recorder.detail == Detail::Full {
            let taken = !matches!(fate, Fate::Dropped(_));
            self.record(kernel, TraceKind::Sent { from, to, bytes, taken });
        }
    }

    pub(super) fn receiver(&self, flight: FlightKey) -> NodeId {
        self.flights[flight].to
    }

    /// A copy of a message has come to the end of its way.
    pub(super) fn arrive(&mut self, key: FlightKey, kernel: &mut Kernel) {
        let flight = &self.flights[key];
        let (envelope, corrupt) = (flight.envelope(), flight.corrupt);
        let Envelope { from, to, .. } = envelope;
        if self.network.arrive(kernel.now(), envelope).is_err() {
            return self.lose_copy(key);
        }
        if corrupt || self.nodes[to.index()].machine.is_none() {
            let reason = if corrupt { DropReason::Corrupt } else { DropReason::ReceiverDown };
            self.network.drop_at_receiver(envelope, reason);
            return if corrupt { self.lose_copy(key) } else { self.drop_copy(key) };
        }
        self.network.deliver(envelope);
        self.flights[key].taken = true;
        if self.recorder.detail == Detail::Full {
            self.record(kernel, TraceKind::Received { from, to });
        }
        match &self.flights[key].payload {
            Payload::Stack(_) => self.feed_through_cpu(to, Task::Deliver(key), kernel),
            Payload::Request(request) => {
                let request = *request;
                self.drop_copy(key);
                self.request_arrives(to, from, request, kernel);
            }
            Payload::Reply(reply) => {
                let reply = *reply;
                self.drop_copy(key);
                self.reply_arrives(reply, kernel);
            }
            Payload::State(message) => {
                let message = message.clone();
                self.drop_copy(key);
                self.state_message(to, from, message, kernel);
            }
        }
    }

    /// The network has lost a copy; if it was the last one and none has arrived, the message is lost.
    fn lose_copy(&mut self, key: FlightKey) {
        let flight = &self.flights[key];
        if let Some((call, copy)) = flight.payload.copy().filter(|_| flight.copies == 1 && !flight.taken) {
            self.lost_on_the_way(call, copy);
        }
        self.drop_copy(key);
    }

    /// One copy less; the last one takes the message away.
    pub(super) fn drop_copy(&mut self, key: FlightKey) {
        let flight = &mut self.flights[key];
        flight.copies -= 1;
        if flight.copies == 0 {
            self.flights.remove(key);
        }
    }

    /// The message of one copy for the receiver's stack; the last copy is moved out.
    pub(super) fn take_stack_message(&mut self, key: FlightKey) -> Option<(NodeId, M::Message)> {
        let flight = self.flights.get_mut(key)?;
        flight.copies -= 1;
        if flight.copies == 0 {
            let flight = self.flights.remove(key)?;
            let Payload::Stack(message) = flight.payload else { return None };
            return Some((flight.from, message));
        }
        let Payload::Stack(message) = &flight.payload else { return None };
        Some((flight.from, message.clone()))
    }
}

impl<T> Flight<T> {
    fn envelope(&self) -> Envelope {
        let class = match self.payload {
            Payload::Stack(_) => Class::Stack,
            Payload::Request(_) | Payload::Reply(_) | Payload::State(_) => Class::Service,
        };
        Envelope { from: self.from, to: self.to, bytes: self.bytes, class }
    }
}

/// What the trace hash sees of a message besides its time.
fn digest(from: NodeId, to: NodeId, bytes: u64, kind: u64) -> u32 {
    let mixed = (u64::from(from.0) << 32 | u64::from(to.0)).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (bytes << 3 | kind);
    (mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as u32
}
