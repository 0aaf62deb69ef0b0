//! Calls: from the wish to call a service to its end, over attempts, time-outs and retries.
//!
//! Each attempt asks the caller's own node where to go ([`Input::Call`]), travels, and ends by answer, refusal, error or time-out; the node
//! hears of the end. A call is known by its *trace id*, a function of the client's request and of the place in the call graph, so that every draw for
//! it (delays, work, errors) is the same whatever the stack does.

use hms_machine::{AgentId, Call, CallEnd, CallId, CallOutcome, Input, Instant, Machine, NodeId, Priority, Purpose, ServiceId};
use hms_scenario::model::CallPolicy;
use slotmap::{Key, KeyData};

use super::event::{CallKey, Event, InstanceId, JobKey, Payload, Reply, Request};
use super::{Detail, Kernel, TraceKind, World};
use crate::kernel::TimerId;
use crate::workload::backoff;

const OUTAGE: Purpose = Purpose::named("call/outage");
const BACKOFF: Purpose = Purpose::named("call/backoff");

/// Who waits for the end of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// A client of a load; `client` counts clients of a closed loop.
    Client { load: u32, client: u32 },
    /// A request that needs another service.
    Job(JobKey),
    /// An agent that starts and needs another service.
    Startup { instance: InstanceId, life: u32 },
}

/// A call in progress.
#[derive(Clone, Debug)]
pub(crate) struct CallState {
    node: NodeId,
    caller: Caller,
    pub(super) service: ServiceId,
    pub(super) trace: u64,
    policy: CallPolicy,
    attempt: u32,
    phase: Phase,
    previous: Option<AgentId>,
    started: Instant,
    attempt_started: Instant,
    deadline: Instant,
    poison: bool,
    timer: TimerId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The node has been asked where to go.
    Routing,
    /// Sent to this agent.
    Waiting(AgentId),
    /// Between two attempts.
    Pausing,
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

impl<M: Machine> World<M> {
    /// Starts a call on behalf of `caller`, who stands on `node`.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another thing; a struct of them would be built in three places and read in one"
    )]
    pub(super) fn start_call(
        &mut self,
        node: NodeId,
        caller: Caller,
        service: ServiceId,
        policy: CallPolicy,
        trace: u64,
        deadline: Instant,
        poison: bool,
        kernel: &mut Kernel,
    ) {
        let now = kernel.now();
        let timer = kernel.new_timer();
        let call = self.calls.insert(CallState {
            node,
            caller,
            service,
            trace,
            policy,
            attempt: 0,
            phase: Phase::Routing,
            previous: None,
            started: now,
            attempt_started: now,
            deadline,
            poison,
            timer,
        });
        self.attempt(call, kernel);
    }

    fn attempt(&mut self, key: CallKey, kernel: &mut Kernel) {
        let call = &mut self.calls[key];
        call.phase = Phase::Routing;
        call.attempt_started = kernel.now();
        let (node, service, trace, attempt, previous) = (call.node, call.service, call.trace, call.attempt, call.previous);
        for (fault, severity) in &self.outages[service.index()] {
            let mut draw = self.streams.draw(OUTAGE.part(self.schedule.get(*fault).key), trace, u64::from(attempt));
            if draw.chance(*severity) {
                return self.attempt_ended(key, CallOutcome::Refused, kernel);
            }
        }
        self.charge_call(node);
        let deadline = Instant::MAX;
        let call = Call { id: id(key), service, trace, attempt, previous, priority: Priority(0), deadline };
        self.feed(node, Input::Call(call), kernel);
        // A node that says nothing has no route; the caller must not wait for ever.
        if self.calls.get(key).is_some_and(|call| call.phase == Phase::Routing && call.attempt == attempt) {
            self.attempt_ended(key, CallOutcome::Refused, kernel);
        }
    }

    /// CPU time that the stack of a host spends on one step of a call; it is worked off with the next request on that host.
    fn charge_call(&mut self, node: NodeId) {
        if let Some(host) = &mut self.nodes[node.index()].host {
            host.stack_debt += host.stack_cpu;
        }
    }

    /// The node has chosen a replica.
    pub(super) fn call_routed(&mut self, call: CallId, agent: AgentId, to: NodeId, kernel: &mut Kernel) {
        let key = key(call);
        let Some(state) = self.calls.get_mut(key).filter(|state| state.phase == Phase::Routing) else { return };
        state.phase = Phase::Waiting(agent);
        let request = Request {
            call: key,
            attempt: state.attempt,
            agent,
            trace: state.trace,
            poison: state.poison,
            ping: matches!(state.caller, Caller::Startup { .. }),
        };
        let timeout = kernel.now().saturating_add(state.policy.timeout).min(state.deadline);
        kernel.set_timer(state.timer, timeout, Event::Call(key));
        let node = state.node;
        self.transmit(node, to, Payload::Request(request), kernel);
    }

    /// The node does not let the attempt out.
    pub(super) fn call_refused(&mut self, call: CallId, kernel: &mut Kernel) {
        let key = key(call);
        if self.calls.get(key).is_some_and(|state| state.phase == Phase::Routing) {
            self.attempt_ended(key, CallOutcome::Refused, kernel);
        }
    }

    pub(super) fn reply_arrives(&mut self, reply: Reply, kernel: &mut Kernel) {
        let current = |state: &&CallState| state.attempt == reply.attempt && matches!(state.phase, Phase::Waiting(_));
        if self.calls.get(reply.call).filter(current).is_some() {
            self.attempt_ended(reply.call, reply.outcome, kernel);
        }
    }

    /// The timer of a call: the attempt is out of time, or the pause is over.
    pub(super) fn call_due(&mut self, key: CallKey, kernel: &mut Kernel) {
        let call = self.calls.get(key);
        // A timer that fired while its host was paused, and was set anew by what the host heard first when it resumed.
        if call.is_some_and(|call| kernel.timer_deadline(call.timer).is_some()) {
            return;
        }
        match call.map(|call| call.phase) {
            Some(Phase::Waiting(_)) => self.attempt_ended(key, CallOutcome::TimedOut, kernel),
            Some(Phase::Pausing) => self.retry(key, kernel),
            // The timer is cancelled before a call is routed anew or ends.
            Some(Phase::Routing) | None => {}
        }
    }

    fn retry(&mut self, key: CallKey, kernel: &mut Kernel) {
        self.calls[key].attempt += 1;
        self.attempt(key, kernel);
    }

    fn attempt_ended(&mut self, key: CallKey, outcome: CallOutcome, kernel: &mut Kernel) {
        let now = kernel.now();
        let call = &mut self.calls[key];
        kernel.cancel_timer(call.timer);
        let routed = match call.phase {
            Phase::Waiting(agent) => Some(agent),
            Phase::Routing | Phase::Pausing => None,
        };
        call.previous = routed.or(call.previous);
        let elapsed = now - call.attempt_started;
        let again = outcome != CallOutcome::Ok && call.attempt < call.policy.retries;
        let ordinal = u64::from(call.attempt);
        call.phase = Phase::Pausing;
        let (node, trace) = (call.node, call.trace);
        self.recorder.harm.count(now, call.service, routed, outcome == CallOutcome::Ok);
        if self.recorder.detail == Detail::Full {
            self.record(kernel, TraceKind::Attempt { agent: routed, elapsed, outcome });
        }
        if let Some(agent) = routed {
            self.charge_call(node);
            let call = &self.calls[key];
            let end = CallEnd {
                call: id(key),
                service: call.service,
                trace,
                attempt: call.attempt,
                agent,
                outcome,
                elapsed,
                last: true,
                retries: again,
                deadline: Instant::MAX,
            };
            self.feed(node, Input::CallEnded(end), kernel);
        }
        let call = &self.calls[key];
        if !again || !self.caller_waits(call.caller) {
            return self.end_call(key, outcome == CallOutcome::Ok, kernel);
        }
        let mut draw = self.streams.draw(BACKOFF, trace, ordinal);
        let pause = backoff(&call.policy.backoff, call.attempt + 1, &mut draw);
        let at = now.saturating_add(pause);
        if at >= call.deadline {
            return self.end_call(key, false, kernel);
        }
        // By way of the queue even without a pause: any number of retries at one instant must not nest.
        kernel.set_timer(call.timer, at, Event::Call(key));
    }

    fn end_call(&mut self, key: CallKey, ok: bool, kernel: &mut Kernel) {
        let Some(call) = self.calls.remove(key) else { return };
        kernel.free_timer(call.timer);
        match call.caller {
            Caller::Client { load, client } => self.request_ended(load as usize, client, call.started, ok, kernel),
            Caller::Job(job) => self.job_call_ended(job, ok, kernel),
            Caller::Startup { instance, life } => self.need_answered(instance, life, ok, kernel),
        }
    }

    /// Whether there is still someone to hear of the end of a call: a dead process does not retry.
    fn caller_waits(&self, caller: Caller) -> bool {
        match caller {
            Caller::Client { .. } => true,
            Caller::Job(job) => self.jobs.contains_key(job),
            Caller::Startup { instance, life } => self.instances[instance.index()].life == life,
        }
    }

    pub(super) fn caller_node(&self, key: CallKey) -> Option<NodeId> {
        self.calls.get(key).map(|call| call.node)
    }
}
