//! Agents: processes that start, become ready, die and come back, with state built from a journal.
//!
//! down → starting (start-up time, state built, dependencies asked) → ready (→ stopping) → down. An agent has one process on each node on which its
//! node's software has started it; each is an *instance* with a state of its own, and nothing here keeps two of them from running at once.
//! A process that dies on a living host resets its connections, so its callers hear at once; with a dead host they hear nothing.

use std::collections::VecDeque;

use hms_machine::{
    AgentEvent, AgentId, Bytes, Duration, Exit, Instant, Machine, NodeId, Priority, Purpose, Ratio, ServiceId, StateSource,
};
use hms_scenario::model::{Backoff, CallPolicy, Sync};

use super::afflictions::Afflictions;
use super::calls::{Caller, NewCall, child_trace};
use super::copies::{Offers, Shipped, Term};
use super::event::{DiskTag, Event, InstanceId, JobKey, Task};
use super::ledger::Ledger;
use super::replication::Copying;
use super::requests::Tally;
use super::state::NewFile;
use super::{Kernel, TraceKind, World};
use crate::cluster::disk::{OperationKind, Outcome};
use crate::cluster::memory::AgentSlot;
use crate::cluster::storage::StateFile;
use crate::cluster::usage::Class;
use crate::faults::FaultId;
use crate::kernel::TimerId;

const STARTUP: Purpose = Purpose::named("agent/startup");
const CRASH_LOOP: Purpose = Purpose::named("agent/crash-loop");

/// An agent whose dependency does not answer asks again after this (a usual period of start-up checks).
const NEEDS_RETRY: Duration = Duration::from_millis(200);
/// Time-out of one such question.
const NEEDS_TIMEOUT: Duration = Duration::from_secs(1);
/// File handles of a process (the usual soft limit of Linux).
pub(super) const HANDLES: f64 = 1024.0;

/// What is true of an agent wherever it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agent {
    /// Where it was ever started, in order; the first is the node on which it was placed.
    pub(super) instances: Vec<InstanceId>,
    /// Starts so far, of all instances: what is drawn for a life is drawn by this number.
    starts: u64,
    /// Messages about its state so far.
    pub(super) messages: u64,
    /// Probes of work so far, of all instances.
    pub(super) probes: u64,
    /// What it owes its callers.
    pub(super) ledger: Ledger,
    /// What faults do at present to its software or data: it holds for every instance that is started meanwhile.
    pub(super) afflictions: Afflictions,
}

/// Who an instance is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstancePlace {
    pub(super) agent: AgentId,
    pub(super) service: ServiceId,
    pub(super) node: NodeId,
}

/// A process of an agent on a node, and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(super) place: InstancePlace,
    pub(super) process: Process,
    /// Starts and ends so far; an event of an earlier life is stale.
    pub(super) life: u32,
    /// Which start of the agent it lives by.
    pub(super) start: u64,
    /// From where this life takes its state.
    pub(super) source: StateSource,
    pub(super) timer: TimerId,
    flush_timer: TimerId,
    /// Position among the agents of its host.
    pub(super) slot: AgentSlot,
    pub(super) waiting: VecDeque<JobKey>,
    pub(super) busy: u32,
    /// Requests that wait on a process that is stuck.
    pub(super) stuck: Vec<JobKey>,
    /// Everything accepted and not yet answered.
    pub(super) accepted: Vec<JobKey>,
    /// What is on the host's disk.
    pub(super) state: StateFile,
    /// The start that built it last.
    pub(super) built: Term,
    /// A file that is being written.
    pub(super) writing: Option<NewFile>,
    /// What is known of copies elsewhere.
    pub(super) shipped: Vec<Shipped>,
    /// What its acknowledgements wait for, and what waits.
    pub(super) copying: Copying,
    /// What holders of copies have offered to this start.
    pub(super) offers: Offers,
    /// Answered its first request since it became ready.
    pub(super) served: bool,
    pub(super) tally: Tally,
    pub(super) afflictions: Afflictions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    Down,
    /// Start-up work until the timer fires.
    Starting,
    /// Asking another node for the state; this many questions were sent.
    Fetching {
        asked: u32,
    },
    /// Reading and replaying the state.
    Loading,
    /// Asking for its dependencies; this many have not answered yet.
    Asking {
        missing: u32,
        failed: bool,
    },
    Ready,
    /// Takes no more requests, and ends when it has finished those that it has and flushed its journal.
    Stopping {
        flushing: bool,
    },
}

impl Instance {
    fn new<M: Machine>(world: &World<M>, place: InstancePlace, slot: AgentSlot, kernel: &mut Kernel) -> Self {
        let journal = world.scenario.services[place.service.index()].journal.as_ref();
        let (entry, snapshot) = journal.map_or((Bytes::ZERO, Bytes::ZERO), |journal| (journal.entry, journal.snapshot));
        Instance {
            place,
            process: Process::Down,
            life: 0,
            start: 0,
            source: StateSource::Local,
            timer: kernel.new_timer(),
            flush_timer: kernel.new_timer(),
            slot,
            waiting: VecDeque::new(),
            busy: 0,
            stuck: Vec::new(),
            accepted: Vec::new(),
            state: StateFile::new(entry, snapshot),
            built: Term::default(),
            writing: None,
            shipped: Vec::new(),
            copying: Copying::new(kernel.new_timer()),
            offers: Offers::default(),
            served: false,
            tally: Tally::default(),
            afflictions: Afflictions::default(),
        }
    }

    pub(super) fn ready(&self) -> bool {
        self.process == Process::Ready
    }

    /// Whether requests may still write to its journal.
    pub(super) fn takes_entries(&self) -> bool {
        matches!(self.process, Process::Ready | Process::Stopping { .. })
    }

    pub(super) fn hangs(&self) -> bool {
        !self.afflictions.hangs.is_empty()
    }

    pub(super) fn out_of_handles(&mut self, now: Instant) -> bool {
        self.afflictions.handles(now) >= HANDLES
    }
}

impl<M: Machine> World<M> {
    /// The instance of an agent on a node, if it was ever started there.
    pub(super) fn instance_at(&self, agent: AgentId, node: NodeId) -> Option<InstanceId> {
        self.agents[agent.index()].instances.iter().copied().find(|instance| self.node_of(*instance) == node)
    }

    /// Makes room for an agent on a node on which it has not been.
    pub(super) fn add_instance(&mut self, agent: AgentId, node: NodeId, kernel: &mut Kernel) -> InstanceId {
        let id = InstanceId::from_index(self.instances.len());
        let place = InstancePlace { agent, service: self.service_of(agent), node };
        let host = self.host(node);
        let slot = host.memory.add();
        host.instances.push(id);
        let instance = Instance::new(self, place, slot, kernel);
        self.instances.push(instance);
        self.agents[agent.index()].instances.push(id);
        id
    }

    /// Agents of which at least one process takes requests.
    pub(super) fn agents_ready(&self) -> u32 {
        let ready = |agent: &&Agent| agent.instances.iter().any(|instance| self.instances[instance.index()].ready());
        self.agents.iter().filter(ready).count() as u32
    }

    /// The node's software starts an agent. An edge hosts none.
    pub(super) fn start_agent(&mut self, node: NodeId, agent: AgentId, source: StateSource, kernel: &mut Kernel) {
        if self.nodes[node.index()].host.is_none() {
            return;
        }
        let id = self.instance_at(agent, node).unwrap_or_else(|| self.add_instance(agent, node, kernel));
        self.start_process(id, source, kernel);
    }

    fn start_process(&mut self, id: InstanceId, source: StateSource, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let place = self.place(id);
        let service = &scenario.services[place.service.index()];
        let now = kernel.now();
        let agent = &mut self.agents[place.agent.index()];
        let instance = &mut self.instances[id.index()];
        if instance.process != Process::Down {
            return;
        }
        agent.starts += 1;
        instance.process = Process::Starting;
        instance.life += 1;
        instance.start = agent.starts;
        instance.source = source;
        instance.offers = Offers::default();
        instance.served = false;
        instance.tally = Tally::default();
        instance.afflictions = agent.afflictions.of_new_process(now);
        let mut draw = self.streams.draw(STARTUP, u64::from(place.agent.0), instance.start);
        let took = Duration::from_nanos_f64(service.startup.sample(&mut draw));
        kernel.set_timer(instance.timer, now.saturating_add(took), Event::Agent(id, instance.life));
        let (slot, node) = (instance.slot, place.node);
        self.host(node).memory.start(now, slot, &service.memory);
        self.set_leak(id, kernel);
        self.record(kernel, TraceKind::AgentStarting { agent: place.agent, node });
        self.arm_crash_loop(id, kernel);
        self.memory_due(node, kernel);
    }

    /// Start-up work is over, something is asked again, or the time to stop is over.
    pub(super) fn agent_due(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        if self.instances[id.index()].life != life {
            return;
        }
        match self.instances[id.index()].process {
            Process::Starting => self.load_state(id, kernel),
            Process::Fetching { asked } => self.fetch(id, asked, kernel),
            Process::Asking { .. } => self.ask_for_needs(id, kernel),
            Process::Stopping { .. } => self.end_process(id, Exit::Stopped, None, true, kernel),
            // The timer belongs to a process that has died meanwhile.
            Process::Down | Process::Loading | Process::Ready => {}
        }
    }

    /// Asks one replica of each service that must be there first.
    pub(super) fn ask_for_needs(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let needs = &scenario.services[self.place(id).service.index()].needs;
        let agent = &mut self.instances[id.index()];
        if needs.is_empty() {
            return self.become_ready(id, kernel);
        }
        agent.process = Process::Asking { missing: needs.len() as u32, failed: false };
        let life = agent.life;
        let node = self.node_of(id);
        let policy = CallPolicy {
            timeout: NEEDS_TIMEOUT,
            retries: 0,
            backoff: Backoff { base: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: Ratio::ZERO },
        };
        for need in needs {
            let start = self.instances[id.index()].start;
            let agent = self.place(id).agent;
            let tally = &mut self.instances[id.index()].tally;
            let question = NewCall {
                node,
                caller: Caller::Startup { instance: id, life },
                service: *need,
                policy: policy.clone(),
                trace: trace_of_start(agent, start, tally.questions),
                priority: Priority(0),
                deadline: kernel.now().saturating_add(policy.longest()),
                poison: false,
            };
            tally.questions += 1;
            self.start_call(question, kernel);
        }
    }

    /// A dependency has answered, or not.
    pub(super) fn need_answered(&mut self, id: InstanceId, life: u32, ok: bool, kernel: &mut Kernel) {
        let agent = &mut self.instances[id.index()];
        if agent.life != life {
            return;
        }
        let Process::Asking { missing, failed } = &mut agent.process else { return };
        *missing -= 1;
        *failed |= !ok;
        if *missing > 0 {
            return;
        }
        if *failed {
            let again = kernel.now().saturating_add(NEEDS_RETRY);
            kernel.set_timer(agent.timer, again, Event::Agent(id, life));
        } else {
            self.become_ready(id, kernel);
        }
    }

    fn become_ready(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let agent = &mut self.instances[id.index()];
        agent.process = Process::Ready;
        let life = agent.life;
        if let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) {
            kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        }
        let InstancePlace { agent, node, .. } = self.place(id);
        self.record(kernel, TraceKind::AgentReady { agent, node });
        self.report(id, AgentEvent::Ready, kernel);
        self.copy_on(id, kernel);
    }

    /// Flushes the journal behind the acknowledgements, and again after the interval.
    pub(super) fn flush_journal(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let node = self.node_of(id);
        let agent = &mut self.instances[id.index()];
        let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) else {
            return;
        };
        if agent.life != life || agent.process != Process::Ready {
            return;
        }
        kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        if agent.state.has_unsynced() {
            self.submit_disk(node, OperationKind::Sync, Class::Service, DiskTag::EntrySync { instance: id, job: None }, kernel);
        }
    }

    /// Ends the process of an agent, whatever it was doing. `reset`: its host lives, so that callers see their connections closed.
    pub(super) fn end_process(&mut self, id: InstanceId, exit: Exit, fault: Option<FaultId>, reset: bool, kernel: &mut Kernel) {
        let now = kernel.now();
        let InstancePlace { agent, node, .. } = self.place(id);
        let instance = &mut self.instances[id.index()];
        if instance.process == Process::Down {
            return;
        }
        instance.process = Process::Down;
        instance.life += 1;
        instance.waiting.clear();
        instance.stuck.clear();
        instance.busy = 0;
        // A stuck process is gone with its life; what lives in the software or its data comes back with the next one.
        instance.afflictions = Afflictions::default();
        kernel.cancel_timer(instance.timer);
        kernel.cancel_timer(instance.flush_timer);
        instance.copying.end(kernel);
        let slot = instance.slot;
        let accepted = std::mem::take(&mut instance.accepted);
        self.drop_new_file(id);
        self.record(kernel, TraceKind::AgentDown { agent, node, exit, fault });
        let ended = self.reset_requests(node, accepted, reset, kernel);
        let jobs = &self.jobs;
        let host = self.nodes[node.index()].host.as_mut().expect("agents stand on hosts");
        host.memory.stop(now, slot);
        if reset {
            host.cpu.retain(now, |task| match task {
                Task::Job(job) => jobs.contains_key(*job),
                Task::Replay { instance, .. } => *instance != id,
                Task::Deliver(_)
                | Task::Timeout
                | Task::Persisted { .. }
                | Task::Agent { .. }
                | Task::Measure { .. }
                | Task::Overhead => true,
            });
            self.rearm_cpu(node, kernel);
            self.rearm_memory(node, kernel);
            self.report(id, AgentEvent::Exited(exit), kernel);
            self.tell_of_requests(node, ended, kernel);
        }
    }

    /// The node stops a process of its own: what it works on may end within `grace`. A process that is not yet ready works on nothing.
    pub(super) fn stop_agent(&mut self, node: NodeId, agent: AgentId, grace: Duration, kernel: &mut Kernel) {
        let Some(id) = self.instance_at(agent, node) else { return };
        let end = kernel.now().saturating_add(grace);
        let instance = &mut self.instances[id.index()];
        match instance.process {
            Process::Ready | Process::Stopping { .. } if !grace.is_zero() => {
                let sooner = instance.ready() || kernel.timer_deadline(instance.timer).is_none_or(|deadline| end < deadline);
                if instance.ready() {
                    instance.process = Process::Stopping { flushing: false };
                    kernel.cancel_timer(instance.flush_timer);
                }
                if sooner {
                    kernel.set_timer(instance.timer, end, Event::Agent(id, instance.life));
                }
                self.stop_if_idle(id, kernel);
            }
            Process::Down
            | Process::Starting
            | Process::Fetching { .. }
            | Process::Loading
            | Process::Asking { .. }
            | Process::Ready
            | Process::Stopping { .. } => self.end_process(id, Exit::Stopped, None, true, kernel),
        }
    }

    /// A process that is to stop and has nothing left to do flushes its journal and ends. A stuck one does nothing.
    pub(super) fn stop_if_idle(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        if instance.process != (Process::Stopping { flushing: false }) || !instance.accepted.is_empty() || instance.hangs() {
            return;
        }
        if !instance.state.has_unsynced() {
            return self.end_process(id, Exit::Stopped, None, true, kernel);
        }
        instance.process = Process::Stopping { flushing: true };
        let tag = DiskTag::StopSync { instance: id, life: instance.life };
        self.submit_disk(self.node_of(id), OperationKind::Sync, Class::Service, tag, kernel);
    }

    /// The last flush of a process has ended, well or not.
    pub(super) fn stop_synced(&mut self, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        instance.state.synced(result);
        if instance.life == life && instance.process == (Process::Stopping { flushing: true }) {
            self.end_process(id, Exit::Stopped, None, true, kernel);
        }
    }

    /// Draws when this life of the agent will end, if it is in a crash loop.
    pub(super) fn arm_crash_loop(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let agent = &self.instances[id.index()];
        if agent.process == Process::Down {
            return;
        }
        for (fault, after) in &agent.afflictions.loops {
            let purpose = CRASH_LOOP.part(self.schedule.get(*fault).key);
            let mut draw = self.streams.draw(purpose, u64::from(agent.place.agent.0), agent.start);
            let after = Duration::from_nanos_f64(after.sample(&mut draw));
            kernel.schedule_in(after, Event::CrashLoop(id, agent.life));
        }
    }

    pub(super) fn crash_loop_strikes(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let agent = &self.instances[id.index()];
        if let Some((fault, _)) = agent.afflictions.loops.first().filter(|_| agent.life == life) {
            let fault = *fault;
            self.end_process(id, Exit::Abnormal, Some(fault), true, kernel);
        }
    }
}

/// Trace id of the `ordinal`-th start-up question of a start.
fn trace_of_start(agent: AgentId, start: u64, ordinal: u64) -> u64 {
    child_trace(u64::from(agent.0) << 32 | start, ordinal)
}
