//! Requests at work: a worker and the processor, calls to others, the journal, the reply. How they come in is told in [`super::requests`].

use hms_machine::{Bytes, CallOutcome, Component, Duration, Exit, Instant, Machine, NodeId, Priority, Purpose};
use hms_scenario::model::{FanOut, Sync};

use super::calls::{Caller, Ending, NewCall, child_trace};
use super::event::{CallKey, DiskTag, InstanceId, JobKey, Request, Task};
use super::requests::{Admission, EndedRequest};
use super::{Kernel, TraceKind, World};
use crate::cluster::disk::{OperationKind, Outcome};
use crate::cluster::usage::Class;
use crate::faults::FaultId;

const WORK: Purpose = Purpose::named("service/work");
const ERRORS: Purpose = Purpose::named("service/errors");
const CALLS: Purpose = Purpose::named("service/calls");
const WRITES: Purpose = Purpose::named("service/writes");

/// A request at an agent.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(super) instance: InstanceId,
    pub(super) origin: Origin,
    /// Which copy of its call it is: the ordinal of its draws.
    pub(super) copy: u32,
    pub(super) trace: u64,
    poison: bool,
    priority: Priority,
    /// When its caller gives up, as far as its own node can know: the time that the way took is not in it.
    pub(super) deadline: Instant,
    pub(super) arrived: Instant,
    pub(super) admission: Admission,
    /// When a worker took it up.
    pub(super) taken: Option<Instant>,
    /// The next of the service's calls, and how many of it have been made.
    next_call: (usize, u32),
    /// Calls made so far: numbers the children's trace ids.
    children: u64,
    outstanding: u32,
    failed: bool,
    /// Every call that failed did so because the network lost something.
    pub(super) lost: bool,
    /// A substitute stood in for the answer to one of its calls.
    pub(super) degraded: bool,
    /// Stack time that its work includes.
    debt: Duration,
    /// Serial of its journal entry, once it is handed over to the disk.
    entry: u64,
    /// Entries in the journal up to that one, once it is written.
    pub(super) position: u64,
}

/// For whom a job is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// For a call from this node.
    Call { call: CallKey, caller: NodeId },
    /// For the node's own curiosity.
    Probe,
}

impl Job {
    pub(super) fn new(instance: InstanceId, origin: Origin, request: &Request, now: Instant) -> Self {
        Job {
            instance,
            origin,
            copy: request.copy,
            trace: request.trace,
            poison: request.poison,
            priority: request.priority,
            deadline: now.saturating_add(request.left),
            arrived: now,
            admission: Admission::Asked,
            taken: None,
            next_call: (0, 0),
            children: 0,
            outstanding: 0,
            failed: false,
            lost: false,
            degraded: false,
            debt: Duration::ZERO,
            entry: 0,
            position: 0,
        }
    }
}

impl<M: Machine> World<M> {
    /// A worker takes the request up.
    pub(super) fn work(&mut self, key: JobKey, kernel: &mut Kernel) {
        let job = &self.jobs[key];
        let place = self.place(job.instance);
        let agent = &self.instances[job.instance.index()];
        let mut draw = self.streams.draw(WORK, job.trace, u64::from(job.copy));
        let work = Duration::from_nanos_f64(self.scenario.services[place.service.index()].work.sample(&mut draw));
        let work = if agent.afflictions.regressions.is_empty() { work } else { work.mul_f64(agent.afflictions.work_factor()) };
        let now = kernel.now();
        let probe = matches!(job.origin, Origin::Probe);
        let host = self.host(place.node);
        let debt = std::mem::take(&mut host.stack_debt);
        // Curiosity is the stack's, whoever satisfies it.
        let class = if probe { Class::Stack } else { Class::Service };
        host.cpu.submit(now, Task::Job(key), work + debt, class);
        if probe {
            self.recorder.stack_cpu_by[Component::Health.index()] += work;
        }
        let job = &mut self.jobs[key];
        job.debt = debt;
        job.taken = Some(now);
        self.rearm_cpu(place.node, kernel);
    }

    /// The processor has done the work of a request.
    pub(super) fn job_worked(&mut self, key: JobKey, kernel: &mut Kernel) {
        let Some(job) = self.jobs.get_mut(key) else { return };
        let id = job.instance;
        let poison = job.poison;
        let debt = std::mem::take(&mut job.debt);
        // What a probe works off is counted with the stack already.
        if !debt.is_zero() && !matches!(job.origin, Origin::Probe) {
            let node = self.node_of(id);
            let speed = self.scenario.cluster.hosts[node.index()].speed;
            self.host(node).stack_in_service += debt.mul_f64(1.0 / speed);
        }
        if poison {
            self.recorder.harm.kill(kernel.now(), self.place(id).agent, self.jobs[key].trace);
            return self.end_process(id, Exit::Abnormal, None, true, kernel);
        }
        let agent = &mut self.instances[id.index()];
        if agent.hangs() {
            agent.stuck.push(key);
            return;
        }
        if self.goes_wrong(key) {
            return self.finish(key, CallOutcome::Error, kernel);
        }
        match self.jobs[key].origin {
            Origin::Call { .. } => self.call_others(key, kernel),
            Origin::Probe => self.finish(key, CallOutcome::Ok, kernel),
        }
    }

    /// Whether the work fails, by itself or by a fault; each reason has a draw of its own.
    fn goes_wrong(&self, key: JobKey) -> bool {
        let job = &self.jobs[key];
        let agent = &self.instances[job.instance.index()];
        let service = &self.scenario.services[self.place(job.instance).service.index()];
        let chance = |purpose: Purpose, share| self.streams.draw(purpose, job.trace, u64::from(job.copy)).chance(share);
        let by_fault = |fault: FaultId, share| chance(ERRORS.part(self.schedule.get(fault).key), share);
        let afflictions = &agent.afflictions;
        (!service.errors.is_zero() && chance(ERRORS, service.errors))
            || afflictions.gray.iter().any(|(fault, share)| by_fault(*fault, *share))
            || afflictions.regressions.iter().any(|(fault, _, share)| by_fault(*fault, *share))
    }

    /// Makes the next call or calls that the request needs, or goes on to the journal when there are none left.
    fn call_others(&mut self, key: JobKey, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let job = &self.jobs[key];
        let place = self.place(job.instance);
        let service = &scenario.services[place.service.index()];
        loop {
            let job = &mut self.jobs[key];
            let (index, made) = job.next_call;
            let Some(call) = service.calls.get(index) else { break };
            let wanted = made < call.count && (made > 0 || self.streams.draw(CALLS, job.trace, index as u64).chance(call.chance));
            if !wanted {
                job.next_call = (index + 1, 0);
                continue;
            }
            job.next_call = (index, made + 1);
            job.outstanding += 1;
            let trace = child_trace(job.trace, job.children);
            job.children += 1;
            let wish = NewCall {
                node: place.node,
                caller: Caller::Job(key),
                service: call.service,
                policy: call.policy.clone(),
                trace,
                priority: job.priority,
                deadline: kernel.now().saturating_add(call.policy.longest()).min(job.deadline),
                poison: false,
            };
            self.start_call(wish, kernel);
            // The call may have been refused at once, and the request may have ended with it.
            if service.fan_out == FanOut::Sequential || !self.jobs.contains_key(key) {
                return;
            }
        }
        if self.jobs[key].outstanding == 0 {
            self.calls_done(key, kernel);
        }
    }

    /// A call made for a request has ended; `lost`: without a good answer, because of the network.
    pub(super) fn job_call_ended(&mut self, key: JobKey, ending: Ending, lost: bool, kernel: &mut Kernel) {
        let Some(job) = self.jobs.get_mut(key) else { return };
        job.outstanding -= 1;
        if ending == Ending::Failed {
            job.lost = lost && (job.lost || !job.failed);
            job.failed = true;
        }
        job.degraded |= ending == Ending::Degraded;
        let instance = job.instance;
        let (sequential, calls) = {
            let service = &self.scenario.services[self.place(instance).service.index()];
            (service.fan_out == FanOut::Sequential, service.calls.len())
        };
        let job = &self.jobs[key];
        if sequential {
            if job.failed { self.finish(key, CallOutcome::Error, kernel) } else { self.call_others(key, kernel) }
        } else if job.outstanding == 0 && job.next_call.0 >= calls {
            self.calls_done(key, kernel);
        }
    }

    fn calls_done(&mut self, key: JobKey, kernel: &mut Kernel) {
        let job = &self.jobs[key];
        if job.failed {
            return self.finish(key, CallOutcome::Error, kernel);
        }
        let id = job.instance;
        let place = self.place(id);
        let writes = self.scenario.services[place.service.index()]
            .journal
            .as_ref()
            .filter(|journal| self.streams.draw(WRITES, job.trace, 0).chance(journal.writes));
        let Some(journal) = writes else { return self.finish(key, CallOutcome::Ok, kernel) };
        let bytes = journal.entry;
        let entry = self.agents[place.agent.index()].ledger.hand_out();
        self.jobs[key].entry = entry;
        self.instances[id.index()].state.write(entry);
        let tag = DiskTag::EntryWrite { instance: id, job: key };
        self.submit_disk(place.node, OperationKind::Write(bytes), Class::Service, tag, kernel);
    }

    /// A journal entry is in the cache of the operating system, or could not be written.
    pub(super) fn entry_written(&mut self, id: InstanceId, key: JobKey, result: Outcome, kernel: &mut Kernel) {
        let place = self.place(id);
        self.instances[id.index()].state.written(result);
        // The process that asked may have died; the operating system has written for it all the same.
        if !self.jobs.contains_key(key) {
            return;
        }
        if !result.acknowledged() {
            return self.finish(key, CallOutcome::Error, kernel);
        }
        self.jobs[key].position = self.instances[id.index()].state.history().len();
        self.copy_on(id, kernel);
        let sync = self.scenario.services[place.service.index()].journal.as_ref().map(|journal| journal.sync);
        match sync {
            Some(Sync::Always) => {
                let tag = DiskTag::EntrySync { instance: id, job: Some(key) };
                self.submit_disk(place.node, OperationKind::Sync, Class::Service, tag, kernel);
            }
            Some(Sync::Every(_) | Sync::Never) | None => self.acknowledge(key, kernel),
        }
    }

    /// Journal entries are on the medium, or the flush has failed.
    pub(super) fn entries_synced(&mut self, id: InstanceId, job: Option<JobKey>, result: Outcome, kernel: &mut Kernel) {
        self.instances[id.index()].state.synced(result);
        let Some(key) = job.filter(|key| self.jobs.contains_key(*key)) else { return };
        if result.acknowledged() { self.acknowledge(key, kernel) } else { self.finish(key, CallOutcome::Error, kernel) }
    }

    /// The own disk has an entry as it should; tells the caller if copies elsewhere need not be waited for.
    fn acknowledge(&mut self, key: JobKey, kernel: &mut Kernel) {
        if !self.waits_for_copies(key, kernel) {
            self.acknowledged(key, kernel);
        }
    }

    pub(super) fn acknowledged(&mut self, key: JobKey, kernel: &mut Kernel) {
        let job = &self.jobs[key];
        let agent = self.place(job.instance).agent;
        self.agents[agent.index()].ledger.acknowledge(job.entry);
        self.finish(key, CallOutcome::Ok, kernel);
    }

    /// Answers a request and frees its worker for the next one.
    pub(super) fn finish(&mut self, key: JobKey, outcome: CallOutcome, kernel: &mut Kernel) {
        let Some(job) = self.jobs.remove(key) else { return };
        let place = self.place(job.instance);
        let agent = &mut self.instances[job.instance.index()];
        if let Some(position) = agent.accepted.iter().position(|known| *known == key) {
            agent.accepted.swap_remove(position);
        }
        let ok = outcome == CallOutcome::Ok;
        let asked = matches!(job.origin, Origin::Call { .. });
        let first = asked && ok && !agent.served;
        agent.served |= first;
        agent.tally.succeeded += u64::from(asked && ok);
        agent.tally.failed += u64::from(asked && !ok);
        let slot = agent.slot;
        let next = agent.waiting.pop_front();
        if next.is_none() {
            agent.busy -= 1;
        }
        if first {
            self.record(kernel, TraceKind::AgentServed { agent: place.agent, node: place.node });
        }
        match job.origin {
            Origin::Call { call, caller } => self.reply_for(place.node, &job, (call, caller), outcome, kernel),
            Origin::Probe => self.work_probed(job.instance, &job, outcome, kernel),
        }
        let growth = self.scenario.services[place.service.index()].memory.growth;
        self.host(place.node).memory.request_ends(slot);
        if let Some(next) = next {
            self.work(next, kernel);
        }
        if growth > Bytes::ZERO {
            self.memory_due(place.node, kernel);
        }
        self.stop_if_idle(job.instance, kernel);
        let ended = EndedRequest::new(key, &job, place.agent, outcome, kernel.now());
        self.tell_of_requests(place.node, ended, kernel);
    }

    /// A stuck process runs on: what waited for it goes on.
    pub(super) fn unstick(&mut self, id: InstanceId, kernel: &mut Kernel) {
        for job in std::mem::take(&mut self.instances[id.index()].stuck) {
            self.job_worked(job, kernel);
        }
        self.stop_if_idle(id, kernel);
    }
}
