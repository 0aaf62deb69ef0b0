//! Calls: from the wish to call a service over the copies that are sent; what comes after a copy has ended is told in [`super::endings`].
//!
//! Each attempt asks the caller's own node where to go ([`Input::Call`]) and sends a copy there. While it waits, the node may send further
//! copies elsewhere ([`Effect::Hedge`](hms_machine::Effect::Hedge)); the first good answer counts, and what comes later travels in vain. Each copy
//! ends by answer, refusal, error, reset or time-out; the node hears of it, but not of copies that were still out when another won.
//!
//! A call is known by its *trace id*, a function of the client's request and of the place in the call graph, so that every draw for
//! it (delays, work, errors) is the same whatever the stack does. A copy adds an ordinal: the number of its attempt, or for a hedge a number of a
//! range of its own.

use hms_machine::{
    AgentId, Call, CallEnd, CallId, CallOutcome, Duration, Input, Instant, Machine, NodeId, Priority, Purpose, ServiceId,
    Substitute,
};
use hms_scenario::model::CallPolicy;
use slotmap::{Key, KeyData};

use super::event::{CallKey, Event, InstanceId, JobKey, Payload, Reply, Request};
use super::{Detail, Ended, Kernel, TraceKind, World};
use crate::kernel::TimerId;

const OUTAGE: Purpose = Purpose::named("call/outage");

/// Copies of one attempt at most, the first included: more would be a flood in the name of latency (Dean and Barroso, "The Tail at Scale",
/// 2013, send two).
const COPIES_MAX: usize = 3;

/// Ordinals of hedges; attempts number far fewer.
const HEDGES: u32 = 1 << 31;

/// Who waits for the end of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// A client of a load; `client` counts clients of a closed loop, and of an open one nobody counts them.
    Client { load: u32, client: u32 },
    /// A request that needs another service.
    Job(JobKey),
    /// An agent that starts and needs another service.
    Startup { instance: InstanceId, life: u32 },
}

/// A call that somebody wants to make.
#[derive(Clone, Debug)]
pub(crate) struct NewCall {
    /// Where the caller stands.
    pub(super) node: NodeId,
    pub(super) caller: Caller,
    pub(super) service: ServiceId,
    pub(super) policy: CallPolicy,
    pub(super) trace: u64,
    pub(super) priority: Priority,
    /// When the caller gives up, true time.
    pub(super) deadline: Instant,
    /// Kills whoever works on it.
    pub(super) poison: bool,
}

/// A call in progress.
#[derive(Clone, Debug)]
pub(crate) struct CallState {
    pub(super) wish: NewCall,
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    previous: Option<AgentId>,
    pub(super) started: Instant,
    copies: [Option<Sent>; COPIES_MAX],
    /// Copies sent for this attempt.
    sent: usize,
    /// Hedges sent for all attempts.
    hedges: u32,
    /// Whether the network lost all copies of the last attempt that have ended, or what was asked for them further down.
    pub(super) lost: bool,
    /// Stands at the first time-out of a copy, or at the end of a pause.
    pub(super) timer: TimerId,
}

/// A copy that has not ended.
#[derive(Clone, Copy, Debug)]
struct Sent {
    agent: AgentId,
    ordinal: u32,
    at: Instant,
    /// When it is out of time.
    due: Instant,
    /// The network lost its request or its reply.
    lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The node is being asked where to go.
    Routing(Answer),
    /// At least one copy is out.
    Waiting,
    /// The node is being told that an attempt has ended.
    Deciding(Answer),
    /// This attempt is made when the timer fires.
    Pausing { attempt: u32 },
}

/// What a node says about a call while it handles an input about it; the first word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing: the caller does what it does by itself.
    Silence,
    Refuse,
    Retry(Duration),
    GiveUp,
    FallBack(Substitute),
}

/// How a call ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Answered by the service.
    Answered,
    /// Answered with the help of a substitute, here or further down.
    Degraded,
    Failed,
}

/// The trace id of the `index`-th call made for the request `parent` (the finaliser of SplitMix64: Steele, Lea and Flood 2014).
pub(super) fn child_trace(parent: u64, index: u64) -> u64 {
    let mut z = parent.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

fn id(key: CallKey) -> CallId {
    CallId(key.data().as_ffi())
}

fn key(id: CallId) -> CallKey {
    CallKey::from(KeyData::from_ffi(id.0))
}

impl CallState {
    fn first_due(&self) -> Option<Instant> {
        self.copies.iter().flatten().map(|copy| copy.due).min()
    }

    /// Whether the caller tries again by itself after a failure of the present attempt.
    pub(super) fn retries(&self) -> bool {
        self.attempt < self.wish.policy.retries
    }
}

impl<M: Machine> World<M> {
    pub(super) fn start_call(&mut self, wish: NewCall, kernel: &mut Kernel) {
        let timer = kernel.new_timer();
        let call = self.calls.insert(CallState {
            wish,
            attempt: 0,
            phase: Phase::Routing(Answer::Silence),
            previous: None,
            started: kernel.now(),
            copies: [None; COPIES_MAX],
            sent: 0,
            hedges: 0,
            lost: false,
            timer,
        });
        self.attempt(call, kernel);
    }

    /// Asks the caller's node where to go.
    fn attempt(&mut self, key: CallKey, kernel: &mut Kernel) {
        let now = kernel.now();
        let call = &mut self.calls[key];
        // Made for a request that was out of time when a worker took it up.
        if now >= call.wish.deadline {
            return self.end_call(key, Ending::Failed, kernel);
        }
        call.phase = Phase::Routing(Answer::Silence);
        call.sent = 0;
        let node = call.wish.node;
        let ask = Call {
            id: id(key),
            service: call.wish.service,
            trace: call.wish.trace,
            attempt: call.attempt,
            previous: call.previous,
            priority: call.wish.priority,
            deadline: self.nodes[node.index()].clock.monotonic(call.wish.deadline),
        };
        self.charge_call(node);
        self.feed(node, Input::Call(ask), kernel);
        // A node that says nothing has no route; the caller must not wait for ever.
        let Some(CallState { phase: Phase::Routing(answer), attempt, .. }) = self.calls.get(key) else { return };
        let (answer, attempt) = (*answer, *attempt);
        let next = match answer {
            Answer::Silence | Answer::Refuse => {
                self.calls[key].lost = false;
                let service = self.calls[key].wish.service;
                self.recorder.harm.count(kernel.now(), service, None, Ended::Otherwise);
                if self.recorder.detail == Detail::Full {
                    let kind = TraceKind::Attempt { agent: None, elapsed: Duration::ZERO, outcome: CallOutcome::Refused };
                    self.record(kernel, kind);
                }
                attempt + 1
            }
            // Nothing was attempted: the node is asked the same again.
            Answer::Retry(_) | Answer::GiveUp | Answer::FallBack(_) => attempt,
        };
        self.go_on(key, answer, next, kernel);
    }

    /// CPU time that the stack of a host spends on one step of a call or request; it is worked off with the next request on that host.
    pub(super) fn charge_call(&mut self, node: NodeId) {
        if let Some(host) = &mut self.nodes[node.index()].host {
            host.stack_debt += host.stack_cpu;
        }
    }

    /// The node has chosen a replica.
    pub(super) fn call_routed(&mut self, call: CallId, agent: AgentId, to: NodeId, kernel: &mut Kernel) {
        let key = key(call);
        if let Some(state) = self.calls.get(key).filter(|state| state.phase == Phase::Routing(Answer::Silence)) {
            let ordinal = state.attempt;
            self.send_copy(key, ordinal, agent, to, kernel);
        }
    }

    /// The node sends a waiting call to another replica as well.
    pub(super) fn call_hedged(&mut self, call: CallId, agent: AgentId, to: NodeId, kernel: &mut Kernel) {
        let key = key(call);
        let now = kernel.now();
        let fits = |state: &&CallState| state.phase == Phase::Waiting && state.sent < COPIES_MAX && now < state.wish.deadline;
        let Some(state) = self.calls.get(key).filter(fits) else { return };
        if self.caller_waits(state.wish.caller) {
            let ordinal = HEDGES | state.hedges;
            self.calls[key].hedges += 1;
            self.send_copy(key, ordinal, agent, to, kernel);
        }
    }

    fn send_copy(&mut self, key: CallKey, ordinal: u32, agent: AgentId, to: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let call = &mut self.calls[key];
        call.phase = Phase::Waiting;
        let due = now.saturating_add(call.wish.policy.timeout).min(call.wish.deadline);
        let position = call.sent;
        // Of the copies of a new attempt none has ended yet: all that have, were lost.
        call.lost |= position == 0;
        call.copies[position] = Some(Sent { agent, ordinal, at: now, due, lost: false });
        call.sent += 1;
        let call = &self.calls[key];
        let wish = &call.wish;
        for (fault, severity) in &self.outages[wish.service.index()] {
            let mut draw = self.streams.draw(OUTAGE.part(self.schedule.get(*fault).key), wish.trace, u64::from(ordinal));
            if draw.chance(*severity) {
                return self.copy_ended(key, position, CallOutcome::Refused, false, kernel);
            }
        }
        let request = Request {
            call: key,
            copy: ordinal,
            agent,
            trace: wish.trace,
            priority: wish.priority,
            left: wish.deadline - now,
            poison: wish.poison,
            ping: matches!(wish.caller, Caller::Startup { .. }),
        };
        let node = wish.node;
        let first = call.first_due().unwrap_or(due);
        kernel.set_timer(call.timer, first.max(now), Event::Call(key));
        self.transmit(node, to, Payload::Request(request), kernel);
    }

    /// The node says what is to become of a call that it was just asked about or told about.
    pub(super) fn call_answered(&mut self, call: CallId, answer: Answer) {
        let Some(state) = self.calls.get_mut(key(call)) else { return };
        match &mut state.phase {
            Phase::Routing(word @ Answer::Silence) => *word = answer,
            // There is nothing to refuse: the attempt was let out.
            Phase::Deciding(word @ Answer::Silence) if answer != Answer::Refuse => *word = answer,
            // A second word, or one about a call that is not at its turn.
            Phase::Routing(_) | Phase::Deciding(_) | Phase::Waiting | Phase::Pausing { .. } => {}
        }
    }

    pub(super) fn reply_arrives(&mut self, reply: Reply, kernel: &mut Kernel) {
        let waiting = self.calls.get(reply.call).filter(|call| call.phase == Phase::Waiting);
        let answered = |copy: &Option<Sent>| copy.is_some_and(|copy| copy.ordinal == reply.copy);
        if let Some(position) = waiting.and_then(|call| call.copies.iter().position(answered)) {
            // An answer says what became of it, whatever was lost before of its kind.
            if let Some(copy) = &mut self.calls[reply.call].copies[position] {
                copy.lost = reply.lost;
            }
            self.copy_ended(reply.call, position, reply.outcome, reply.degraded, kernel);
        }
    }

    /// The timer of a call: a copy is out of time, or the pause is over.
    pub(super) fn call_due(&mut self, key: CallKey, kernel: &mut Kernel) {
        let call = self.calls.get(key);
        // A timer that fired while its host was paused, and was set anew by what the host heard first when it resumed.
        if call.is_some_and(|call| kernel.timer_deadline(call.timer).is_some()) {
            return;
        }
        match call.map(|call| call.phase) {
            Some(Phase::Waiting) => self.copies_due(key, kernel),
            Some(Phase::Pausing { attempt }) => {
                self.calls[key].attempt = attempt;
                self.attempt(key, kernel);
            }
            // The timer is cancelled before a call is routed anew or ends.
            Some(Phase::Routing(_) | Phase::Deciding(_)) | None => {}
        }
    }

    fn copies_due(&mut self, key: CallKey, kernel: &mut Kernel) {
        let now = kernel.now();
        for position in 0..COPIES_MAX {
            let call = self.calls.get(key).filter(|call| call.phase == Phase::Waiting);
            if call.and_then(|call| call.copies[position]).is_some_and(|copy| copy.due <= now) {
                self.copy_ended(key, position, CallOutcome::TimedOut, false, kernel);
            }
        }
    }

    /// Tells the node that a copy has ended, and goes on if that decides the attempt.
    fn copy_ended(&mut self, key: CallKey, position: usize, outcome: CallOutcome, degraded: bool, kernel: &mut Kernel) {
        let now = kernel.now();
        let call = &mut self.calls[key];
        let copy = call.copies[position].take().expect("a copy ends once");
        let first = call.first_due();
        let last = outcome == CallOutcome::Ok || first.is_none();
        call.previous = Some(copy.agent);
        if last {
            call.copies = [None; COPIES_MAX];
            call.phase = Phase::Deciding(Answer::Silence);
            kernel.cancel_timer(call.timer);
        } else if let Some(first) = first {
            kernel.set_timer(call.timer, first.max(now), Event::Call(key));
        }
        let elapsed = now - copy.at;
        let ended = match (outcome, copy.lost) {
            (CallOutcome::Ok, _) => Ended::Well,
            (CallOutcome::Error | CallOutcome::Refused | CallOutcome::TimedOut | CallOutcome::Reset, true) => Ended::Lost,
            (CallOutcome::Error | CallOutcome::Refused | CallOutcome::TimedOut | CallOutcome::Reset, false) => Ended::Otherwise,
        };
        call.lost &= ended == Ended::Lost;
        self.recorder.harm.count(now, call.wish.service, Some(copy.agent), ended);
        if self.recorder.detail == Detail::Full {
            self.record(kernel, TraceKind::Attempt { agent: Some(copy.agent), elapsed, outcome });
        }
        let call = &self.calls[key];
        let (node, attempt) = (call.wish.node, call.attempt);
        let end = CallEnd {
            call: id(key),
            service: call.wish.service,
            trace: call.wish.trace,
            attempt,
            agent: copy.agent,
            outcome,
            elapsed,
            last,
            retries: outcome != CallOutcome::Ok && call.retries(),
            // A host that stood still hears of the end long after it.
            deadline: self.nodes[node.index()].clock.monotonic_at(call.wish.deadline, now),
        };
        self.charge_call(node);
        self.feed(node, Input::CallEnded(end), kernel);
        let Phase::Deciding(answer) = self.calls[key].phase else { return };
        match outcome {
            CallOutcome::Ok => {
                let ending = if degraded { Ending::Degraded } else { Ending::Answered };
                self.end_call(key, ending, kernel);
            }
            CallOutcome::Error | CallOutcome::Refused | CallOutcome::TimedOut | CallOutcome::Reset => {
                self.go_on(key, answer, attempt + 1, kernel);
            }
        }
    }

    /// The network has lost the request or the reply of a copy.
    pub(super) fn lost_on_the_way(&mut self, key: CallKey, ordinal: u32) {
        let copies = self.calls.get_mut(key).into_iter().flat_map(|call| &mut call.copies);
        copies.flatten().filter(|copy| copy.ordinal == ordinal).for_each(|copy| copy.lost = true);
    }

    pub(super) fn caller_node(&self, key: CallKey) -> Option<NodeId> {
        self.calls.get(key).map(|call| call.wish.node)
    }
}
