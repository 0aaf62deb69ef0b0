//! Hosts: power, pauses, processor and disk as the world drives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{AgentId, Boot, Bytes, Duration, Exit, Input, Instant, Machine, NodeId, NodeRandom, Purpose, Ratio};

use super::copies::{Copy, Term};
use super::event::{DiskTag, Event, File, InstanceId, Task};
use super::{Kernel, TraceKind, World};
use crate::cluster::clock::{self, Clock};
use crate::cluster::cpu::Cpu;
use crate::cluster::disk::{Disk, Lost, Operation, OperationKind, Outcome};
use crate::cluster::memory::Memory;
use crate::cluster::storage::{Interrupted, RecordFile};
use crate::cluster::usage::Class;
use crate::faults::FaultId;
use crate::kernel::TimerId;

const BOOT: Purpose = Purpose::named("host/boot");
const CLOCK: Purpose = Purpose::named("host/clock");

/// A node as the world holds it.
#[derive(Clone)]
pub(crate) struct Node<M: Machine> {
    pub(super) machine: Option<M>,
    pub(super) clock: Clock,
    /// Drift of the quartz itself, parts per billion; faults add to it.
    pub(super) own_drift: i64,
    pub(super) random: NodeRandom,
    /// The machine's deadline for which the timer stands, in its own time.
    pub(super) deadline: Option<Instant>,
    /// A time-out waits for the processor.
    pub(super) waking: bool,
    pub(super) wake_timer: TimerId,
    /// Peers that this node suspects, as it says itself.
    pub(super) suspicions: u32,
    /// `None` for an edge: clients' side of the world costs nothing and does not fail.
    pub(super) host: Option<Box<Host>>,
}

/// What a cluster node has and an edge has not.
#[derive(Clone)]
pub(crate) struct Host {
    pub(super) cpu: Cpu<Task>,
    pub(super) cpu_timer: TimerId,
    pub(super) disk: Disk<DiskTag>,
    pub(super) disk_timer: TimerId,
    pub(super) memory: Memory,
    pub(super) memory_timer: TimerId,
    pub(super) records: RecordFile,
    /// The write before the next flush of the stack's file has failed.
    record_lost: bool,
    /// By memory slot.
    pub(super) instances: Vec<InstanceId>,
    /// States of agents that run elsewhere.
    pub(super) copies: BTreeMap<AgentId, Copy>,
    /// CPU time of one input of the stack.
    pub(super) stack_cpu: Duration,
    /// The same at the host's nominal speed.
    pub(super) stack_cpu_nominal: Duration,
    /// Time that the stack spent on calls, to be charged with the next request that is worked on here.
    pub(super) stack_debt: Duration,
    /// Stack time that was worked off so and counts as service time at the processor.
    pub(super) stack_in_service: Duration,
    /// Boots so far; an event of an earlier life is stale.
    life: u32,
    /// Crash faults in progress.
    pub(super) crashes: Vec<FaultId>,
    pub(super) pauses: u32,
    pub(super) cpu_shares: Vec<(FaultId, f64)>,
    pub(super) disk_factors: Vec<(FaultId, f64)>,
    pub(super) disk_stalls: Vec<FaultId>,
    pub(super) disk_fulls: Vec<FaultId>,
    pub(super) disk_errors: Vec<(FaultId, Ratio)>,
    pub(super) disk_misdirections: Vec<(FaultId, Ratio)>,
    pub(super) drifts: Vec<(FaultId, i64)>,
    /// What came while the host was paused.
    postponed: Vec<Event>,
}

impl Host {
    /// Whether a fault of its disk is in progress.
    pub(super) fn disk_is_struck(&self) -> bool {
        let Host { disk_factors, disk_stalls, disk_fulls, disk_errors, disk_misdirections, .. } = self;
        !(disk_factors.is_empty()
            && disk_stalls.is_empty()
            && disk_fulls.is_empty()
            && disk_errors.is_empty()
            && disk_misdirections.is_empty())
    }
}

impl<M: Machine> Node<M> {
    pub(super) fn new(world: &World<M>, node: NodeId, kernel: &mut Kernel) -> Self {
        let host = world.scenario.cluster.hosts.get(node.index()).map(|host| {
            let disk = Disk::new(world.streams, node, Arc::new(host.disk.clone()));
            Box::new(Host {
                cpu: Cpu::new(host.cores, host.speed, host.quantum),
                cpu_timer: kernel.new_timer(),
                disk,
                disk_timer: kernel.new_timer(),
                memory: Memory::new(host.memory, 0),
                memory_timer: kernel.new_timer(),
                records: RecordFile::new(),
                record_lost: false,
                instances: Vec::new(),
                copies: BTreeMap::new(),
                stack_cpu: host.stack_cpu,
                stack_cpu_nominal: host.stack_cpu.mul_f64(1.0 / host.speed),
                stack_debt: Duration::ZERO,
                stack_in_service: Duration::ZERO,
                life: 0,
                crashes: Vec::new(),
                pauses: 0,
                cpu_shares: Vec::new(),
                disk_factors: Vec::new(),
                disk_stalls: Vec::new(),
                disk_fulls: Vec::new(),
                disk_errors: Vec::new(),
                disk_misdirections: Vec::new(),
                drifts: Vec::new(),
                postponed: Vec::new(),
            })
        });
        let (offset, drift) = match world.scenario.cluster.hosts.get(node.index()) {
            Some(host) => {
                let mut draw = world.streams.draw(CLOCK, u64::from(node.0), 0);
                let offset = host.clock.offset.sample(&mut draw) as i64;
                (offset, clock::ppb(host.clock.drift_ppm.sample(&mut draw)))
            }
            None => (0, 0),
        };
        Node {
            machine: None,
            clock: Clock::new(offset, drift),
            own_drift: drift,
            random: NodeRandom::new(world.streams),
            deadline: None,
            waking: false,
            wake_timer: kernel.new_timer(),
            suspicions: 0,
            host,
        }
    }

    /// Up and not paused.
    pub(super) fn works(&self) -> bool {
        self.machine.is_some() && self.host.as_ref().is_none_or(|host| host.pauses == 0)
    }

    pub(super) fn paused(&self) -> bool {
        self.host.as_ref().is_some_and(|host| host.pauses > 0)
    }
}

impl<M: Machine> World<M> {
    pub(super) fn host(&mut self, node: NodeId) -> &mut Host {
        self.nodes[node.index()].host.as_mut().expect("edges have no hardware to fail or fill")
    }

    /// Starts the boot of a host, or at once the machine of an edge.
    pub(super) fn power_on(&mut self, node: NodeId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        match scenario.cluster.hosts.get(node.index()) {
            Some(model) => {
                let host = self.host(node);
                host.life += 1;
                let life = host.life;
                let mut draw = self.streams.draw(BOOT, u64::from(node.0), u64::from(life));
                let took = Duration::from_nanos_f64(model.boot.sample(&mut draw));
                // At the start of the run the cluster is up already.
                let took = if kernel.now() == Instant::ZERO { Duration::ZERO } else { took };
                kernel.schedule_in(took, Event::Boot(node, life));
            }
            None => self.start_machine(node, Vec::new(), kernel),
        }
    }

    /// The host has booted, unless it went down again meanwhile.
    pub(super) fn boot(&mut self, node: NodeId, life: u32, kernel: &mut Kernel) {
        let host = self.host(node);
        if host.life != life || !host.crashes.is_empty() {
            return;
        }
        let recovered = host.records.recover();
        host.disk.free(recovered.freed);
        self.record(kernel, TraceKind::NodeUp(node));
        self.start_machine(node, recovered.records, kernel);
    }

    fn start_machine(&mut self, node: NodeId, records: Vec<Vec<u8>>, kernel: &mut Kernel) {
        let directory = self.directory.clone();
        let state = &mut self.nodes[node.index()];
        let boot = Boot { node, directory, records, now: state.clock.monotonic(kernel.now()) };
        state.machine = Some(M::boot(&self.configuration, boot));
        self.feed(node, Input::Booted, kernel);
    }

    /// The host stops at once: volatile state and effects in flight are gone.
    pub(super) fn power_off(&mut self, node: NodeId, fault: FaultId, disk_lost: bool, kernel: &mut Kernel) {
        let now = kernel.now();
        self.host(node).crashes.push(fault);
        if self.nodes[node.index()].machine.take().is_some() {
            self.record(kernel, TraceKind::NodeDown(node));
        }
        let state = &mut self.nodes[node.index()];
        state.deadline = None;
        state.waking = false;
        state.suspicions = 0;
        kernel.cancel_timer(state.wake_timer);
        let instances = self.host(node).instances.clone();
        for instance in &instances {
            self.end_process(*instance, Exit::Abnormal, Some(fault), false, kernel);
        }
        let host = self.nodes[node.index()].host.as_mut().expect("edges have no hardware to fail or fill");
        host.life += 1;
        host.stack_debt = Duration::ZERO;
        // What waited for a paused host finds nobody: messages are dropped, timers are stale.
        for event in std::mem::take(&mut host.postponed) {
            kernel.schedule_at(now, event);
        }
        let mut unread = Vec::new();
        host.cpu.retain(now, |task| {
            if let Task::Deliver(flight) = task {
                unread.push(*flight);
            }
            false
        });
        host.record_lost = false;
        host.memory.clear(now);
        let lost = host.disk.crash(now);
        kernel.cancel_timer(host.cpu_timer);
        kernel.cancel_timer(host.disk_timer);
        kernel.cancel_timer(host.memory_timer);
        for flight in unread {
            self.drop_copy(flight);
        }
        // At most one operation was under way; the others had not begun.
        let torn = lost.iter().find(|lost| lost.torn.is_some());
        let interrupted = |file: File| {
            torn.filter(|lost| lost.operation.tag.file() == file).map_or(Interrupted::Nothing, |lost| lost.interrupted())
        };
        let mut gone = self.host(node).records.crash_of_host(interrupted(File::Records));
        for instance in &instances {
            gone += self.instances[instance.index()].state.crash_of_host(interrupted(File::Journal(*instance)));
        }
        gone += self.half_files(&lost);
        self.host(node).disk.free(gone);
        if disk_lost {
            self.host(node).disk.wipe();
            self.host(node).records.wipe();
            self.host(node).copies.clear();
            for instance in instances {
                let instance = &mut self.instances[instance.index()];
                instance.state.wipe();
                instance.built = Term::default();
                instance.shipped.clear();
            }
        }
    }

    /// Files that count only when they are complete, and are not: the bytes that they take up.
    fn half_files(&mut self, lost: &[Lost<DiskTag>]) -> Bytes {
        let mut gone = Bytes::ZERO;
        for Lost { operation, torn } in lost {
            let bytes = match operation.tag {
                // What was written of a new file has gone with its process.
                DiskTag::FileWrite { bytes, .. } => torn.map(|_| bytes),
                DiskTag::BlockWrite(key) => self.blocks.remove(key).filter(|_| torn.is_some()).map(|block| block.bytes),
                DiskTag::BlockSync(key) => self.blocks.remove(key).map(|block| block.bytes),
                DiskTag::RecordWrite
                | DiskTag::RecordSync { .. }
                | DiskTag::EntryWrite { .. }
                | DiskTag::EntrySync { .. }
                | DiskTag::StopSync { .. }
                | DiskTag::FileSync { .. }
                | DiskTag::Load { .. }
                | DiskTag::CopyRead { .. } => None,
            };
            gone += bytes.unwrap_or(Bytes::ZERO);
        }
        gone
    }

    /// One crash fault less; the host boots when it was the last.
    pub(super) fn repaired(&mut self, node: NodeId, fault: FaultId, kernel: &mut Kernel) {
        let crashes = &mut self.host(node).crashes;
        crashes.retain(|known| *known != fault);
        if crashes.is_empty() {
            self.power_on(node, kernel);
        }
    }

    pub(super) fn pause(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let host = self.host(node);
        host.pauses += 1;
        if host.pauses == 1 {
            self.paused += 1;
            let host = self.host(node);
            host.cpu.pause(now);
            host.disk.pause(now);
            kernel.cancel_timer(host.memory_timer);
            self.set_leaks(node, kernel);
            self.rearm_cpu(node, kernel);
            self.rearm_disk(node, kernel);
            self.record(kernel, TraceKind::NodePaused(node));
        }
    }

    pub(super) fn resume(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let host = self.host(node);
        host.pauses -= 1;
        if host.pauses > 0 {
            return;
        }
        self.paused -= 1;
        let host = self.host(node);
        host.cpu.resume(now);
        host.disk.resume(now);
        let postponed = std::mem::take(&mut host.postponed);
        self.record(kernel, TraceKind::NodeResumed(node));
        self.set_leaks(node, kernel);
        self.rearm_cpu(node, kernel);
        self.rearm_disk(node, kernel);
        for event in postponed {
            kernel.schedule_at(now, event);
        }
    }

    /// Keeps an event for a paused host until it resumes: the host's interrupts and timers wait, nothing is lost.
    pub(super) fn postpone(&mut self, event: Event) -> bool {
        // For most of the time no host is paused, and to find out whose event it is takes a look-up or two.
        if self.paused == 0 {
            return false;
        }
        let node = match event {
            Event::Deliver(flight, _) => Some(self.receiver(flight)),
            Event::Wake(node) | Event::Memory(node) => Some(node),
            Event::Agent(instance, _)
            | Event::CrashLoop(instance, _)
            | Event::Flush(instance, _)
            | Event::Unconfirmed(instance, _) => Some(self.node_of(instance)),
            Event::Call(call) => self.caller_node(call),
            // Booting is the firmware's, faults and load are the world's; processor and disk stand still by themselves.
            Event::Cpu(_)
            | Event::Disk(_)
            | Event::Boot(..)
            | Event::Arrival(_)
            | Event::Think { .. }
            | Event::FaultBegins(_)
            | Event::FaultEnds(_)
            | Event::Sample => None,
        };
        let waits = |state: &Node<M>| state.paused() && state.machine.is_some();
        let Some(node) = node.filter(|node| waits(&self.nodes[node.index()])) else { return false };
        self.host(node).postponed.push(event);
        true
    }

    fn set_leaks(&mut self, node: NodeId, kernel: &mut Kernel) {
        for instance in self.host(node).instances.clone() {
            self.set_leak(instance, kernel);
        }
    }

    pub(super) fn rearm_cpu(&mut self, node: NodeId, kernel: &mut Kernel) {
        let host = self.host(node);
        match host.cpu.next() {
            Some(at) => kernel.set_timer(host.cpu_timer, at, Event::Cpu(node)),
            None => kernel.cancel_timer(host.cpu_timer),
        }
    }

    pub(super) fn rearm_disk(&mut self, node: NodeId, kernel: &mut Kernel) {
        let host = self.host(node);
        match host.disk.next() {
            Some(at) => kernel.set_timer(host.disk_timer, at, Event::Disk(node)),
            None => kernel.cancel_timer(host.disk_timer),
        }
    }

    pub(super) fn rearm_memory(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let host = self.host(node);
        match host.memory.next_exhaustion(now) {
            Some(at) => kernel.set_timer(host.memory_timer, at, Event::Memory(node)),
            None => kernel.cancel_timer(host.memory_timer),
        }
    }

    pub(super) fn cpu_due(&mut self, node: NodeId, kernel: &mut Kernel) {
        while let Some(task) = self.host(node).cpu.advance(kernel.now()) {
            match task {
                Task::Job(job) => self.job_worked(job, kernel),
                Task::Replay { instance, life } => self.journal_replayed(instance, life, kernel),
                Task::Deliver(_)
                | Task::Timeout
                | Task::Persisted { .. }
                | Task::Agent { .. }
                | Task::Measure { .. }
                | Task::Overhead => {
                    self.run_stack_task(node, task, kernel);
                }
            }
        }
        self.rearm_cpu(node, kernel);
    }

    pub(super) fn disk_due(&mut self, node: NodeId, kernel: &mut Kernel) {
        while let Some((tag, result)) = self.host(node).disk.advance(kernel.now()) {
            if !result.acknowledged() {
                self.note_disk(node, true, kernel.now());
            }
            self.disk_done(node, tag, result, kernel);
        }
        self.rearm_disk(node, kernel);
    }

    /// Notes that the disk has something to do, or has failed something, if a fault strikes it.
    pub(super) fn note_disk(&mut self, node: NodeId, failed: bool, now: Instant) {
        if self.host(node).disk_is_struck() {
            self.recorder.harm.hinder(now, node, failed);
        }
    }

    fn disk_done(&mut self, node: NodeId, tag: DiskTag, result: Outcome, kernel: &mut Kernel) {
        match tag {
            DiskTag::RecordWrite => {
                let host = self.host(node);
                host.records.written(result);
                host.record_lost |= !result.acknowledged();
            }
            DiskTag::RecordSync { token } => {
                let host = self.host(node);
                host.records.synced(result);
                let lost = std::mem::replace(&mut host.record_lost, false);
                let ok = result.acknowledged() && !lost;
                self.feed_through_cpu(node, Task::Persisted { token, ok }, kernel);
            }
            DiskTag::EntryWrite { instance, job } => self.entry_written(instance, job, result, kernel),
            DiskTag::EntrySync { instance, job } => self.entries_synced(instance, job, result, kernel),
            DiskTag::Load { instance, life } => self.state_read(instance, life, result, kernel),
            DiskTag::StopSync { instance, life } => self.stop_synced(instance, life, result, kernel),
            DiskTag::FileWrite { instance, life, bytes } => self.file_written(instance, life, bytes, result, kernel),
            DiskTag::FileSync { instance, life } => self.file_synced(instance, life, result, kernel),
            DiskTag::CopyRead { instance, life } => self.copy_read(node, instance, life, result, kernel),
            DiskTag::BlockWrite(key) => self.block_written(key, result, kernel),
            DiskTag::BlockSync(key) => self.block_synced(key, result, kernel),
        }
    }

    /// Kills the largest agents until what is left fits.
    pub(super) fn memory_due(&mut self, node: NodeId, kernel: &mut Kernel) {
        while let Some(slot) = self.host(node).memory.oom_victim(kernel.now()) {
            let instance = self.host(node).instances[slot.0];
            self.end_process(instance, Exit::OutOfMemory, None, true, kernel);
        }
        self.rearm_memory(node, kernel);
    }

    pub(super) fn submit_disk(&mut self, node: NodeId, kind: OperationKind, class: Class, tag: DiskTag, kernel: &mut Kernel) {
        let now = kernel.now();
        self.note_disk(node, false, now);
        self.host(node).disk.submit(now, Operation { kind, class, tag });
        self.rearm_disk(node, kernel);
    }
}
