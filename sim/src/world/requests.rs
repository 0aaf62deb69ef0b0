//! Requests at the door of an agent: who is let in, and what the agent's node hears of them.
//!
//! The agent's node is asked first ([`Input::Request`]), then the agent's own queue has its limit. A request that the node turns away is refused
//! at once, like one that finds the queue full. The node hears of the end of every request that it let in ([`Input::RequestEnded`]), also when the queue
//! was full after all (refused, after no time) and when its agent has died over it (reset). Of pings and probes it is not asked.

use hms_machine::{AgentId, Bytes, CallOutcome, Duration, Input, Instant, Machine, NodeId, RequestId};
use slotmap::{Key, KeyData};

use super::event::{CallKey, InstanceId, JobKey, Payload, Reply, Request};
use super::jobs::{Job, Origin};
use super::{Kernel, World};

/// What an agent has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Requests answered well in this life.
    pub(super) succeeded: u64,
    /// Requests answered with an error, turned away or refused for a full queue in this life.
    pub(super) failed: u64,
    /// Start-up questions asked in this life.
    pub(super) questions: u64,
}

/// How far a request has come through the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The node is being asked.
    Asked,
    Shed,
    Admitted,
}

/// A request that has ended, for the node that let it in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedRequest {
    request: RequestId,
    agent: AgentId,
    outcome: CallOutcome,
    waited: Duration,
    elapsed: Duration,
}

impl EndedRequest {
    /// What the node hears of a job that ends now; nothing of a probe.
    pub(super) fn new(key: JobKey, job: &Job, agent: AgentId, outcome: CallOutcome, now: Instant) -> Option<Self> {
        match job.origin {
            Origin::Call { .. } => Some(EndedRequest {
                request: RequestId(key.data().as_ffi()),
                agent,
                outcome,
                waited: job.taken.unwrap_or(now) - job.arrived,
                elapsed: now - job.arrived,
            }),
            Origin::Probe => None,
        }
    }
}

impl<M: Machine> World<M> {
    /// A copy of a call has reached the node to which it was sent.
    pub(super) fn request_arrives(&mut self, node: NodeId, from: NodeId, request: Request, kernel: &mut Kernel) {
        let now = kernel.now();
        let Some(id) = self.instance_at(request.agent, node) else {
            return self.turn_away(node, from, &request, kernel);
        };
        let agent = &mut self.instances[id.index()];
        if !agent.ready() || agent.out_of_handles(now) {
            return self.turn_away(node, from, &request, kernel);
        }
        if request.ping {
            return self.answer_ping(node, from, id, &request, kernel);
        }
        let (waiting, busy) = (agent.waiting.len() as u32, agent.busy);
        let clock = &self.nodes[node.index()].clock;
        let deadline = clock.monotonic(now).saturating_add(request.left);
        let key = self.jobs.insert(Job::new(id, Origin::Call { call: request.call, caller: from }, &request, now));
        let ask = hms_machine::Request {
            id: RequestId(key.data().as_ffi()),
            agent: request.agent,
            from,
            trace: request.trace,
            priority: request.priority,
            deadline,
            waiting,
            busy,
        };
        self.charge_call(node);
        self.feed(node, Input::Request(ask), kernel);
        // What the node did meanwhile may have stopped the agent.
        let room = self.instances[id.index()].ready() && !self.is_full(id);
        if self.jobs[key].admission != Admission::Shed && room {
            return self.let_in(key, node, kernel);
        }
        let Some(job) = self.jobs.remove(key) else { return };
        self.instances[id.index()].tally.failed += 1;
        self.turn_away(node, from, &request, kernel);
        if job.admission == Admission::Shed {
            self.recorder.shed += 1;
        } else {
            let ended = EndedRequest::new(key, &job, request.agent, CallOutcome::Refused, now);
            self.tell_of_requests(node, ended, kernel);
        }
    }

    /// Whether one more request would find no place at an agent.
    pub(super) fn is_full(&self, id: InstanceId) -> bool {
        let service = &self.scenario.services[self.place(id).service.index()];
        let agent = &self.instances[id.index()];
        agent.busy >= service.workers && agent.waiting.len() >= service.queue as usize
    }

    /// Gives a request to a worker, or to the queue if all are busy.
    pub(super) fn let_in(&mut self, key: JobKey, node: NodeId, kernel: &mut Kernel) {
        let job = &mut self.jobs[key];
        job.admission = Admission::Admitted;
        let id = job.instance;
        let service = self.place(id).service.index();
        let (workers, per_request) = {
            let service = &self.scenario.services[service];
            (service.workers, service.memory.per_request)
        };
        let agent = &mut self.instances[id.index()];
        agent.accepted.push(key);
        let slot = agent.slot;
        if agent.busy < workers {
            agent.busy += 1;
            self.work(key, kernel);
        } else {
            agent.waiting.push_back(key);
        }
        self.host(node).memory.request_begins(slot);
        if per_request > Bytes::ZERO {
            self.memory_due(node, kernel);
        }
    }

    /// The node says whether a request that it was just asked about may come in; its first word counts.
    pub(super) fn request_judged(&mut self, request: RequestId, admission: Admission) {
        let key = JobKey::from(KeyData::from_ffi(request.0));
        if let Some(job) = self.jobs.get_mut(key).filter(|job| job.admission == Admission::Asked) {
            job.admission = admission;
        }
    }

    /// A start-up question: is there an agent that takes requests?
    fn answer_ping(&mut self, node: NodeId, from: NodeId, id: InstanceId, request: &Request, kernel: &mut Kernel) {
        if self.is_full(id) {
            return self.turn_away(node, from, request, kernel);
        }
        // A stuck process accepts the connection and says nothing.
        if !self.instances[id.index()].hangs() {
            self.reply(node, from, self.answer_to(request, CallOutcome::Ok), kernel);
        }
    }

    fn turn_away(&mut self, node: NodeId, from: NodeId, request: &Request, kernel: &mut Kernel) {
        self.reply(node, from, self.answer_to(request, CallOutcome::Refused), kernel);
    }

    fn answer_to(&self, request: &Request, outcome: CallOutcome) -> Reply {
        let service = self.service_of(request.agent);
        Reply { call: request.call, copy: request.copy, service, trace: request.trace, outcome, degraded: false, lost: false }
    }

    /// Answers the call for which a job was done.
    pub(super) fn reply_for(
        &mut self,
        node: NodeId,
        job: &Job,
        to: (CallKey, NodeId),
        outcome: CallOutcome,
        kernel: &mut Kernel,
    ) {
        let (call, caller) = to;
        let service = self.place(job.instance).service;
        let (degraded, lost) = (job.degraded, job.lost && outcome == CallOutcome::Error);
        self.reply(node, caller, Reply { call, copy: job.copy, service, trace: job.trace, outcome, degraded, lost }, kernel);
    }

    fn reply(&mut self, from: NodeId, to: NodeId, reply: Reply, kernel: &mut Kernel) {
        self.transmit(from, to, Payload::Reply(reply), kernel);
    }

    /// The process that worked on these is gone. With `reset` its host lives and closes the connections, so that callers hear at once.
    pub(super) fn reset_requests(
        &mut self,
        node: NodeId,
        accepted: Vec<JobKey>,
        reset: bool,
        kernel: &mut Kernel,
    ) -> Vec<EndedRequest> {
        let mut ended = Vec::new();
        for key in accepted {
            let Some(job) = self.jobs.remove(key) else { continue };
            let agent = self.place(job.instance).agent;
            ended.extend(EndedRequest::new(key, &job, agent, CallOutcome::Reset, kernel.now()));
            if let Origin::Call { call, caller } = job.origin
                && reset
            {
                self.reply_for(node, &job, (call, caller), CallOutcome::Reset, kernel);
            }
        }
        ended
    }

    /// Tells the node of requests that it had let in and that have ended.
    pub(super) fn tell_of_requests(&mut self, node: NodeId, ended: impl IntoIterator<Item = EndedRequest>, kernel: &mut Kernel) {
        for EndedRequest { request, agent, outcome, waited, elapsed } in ended {
            self.charge_call(node);
            self.feed(node, Input::RequestEnded { request, agent, outcome, waited, elapsed }, kernel);
        }
    }
}
