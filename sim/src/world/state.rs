//! How an agent's state gets onto its disk and comes back at a start.
//!
//! Starting → (fetching a copy) → loading: the checkpoint and the entries behind it are read, then replayed on a core. A checkpoint is a file of its
//! own: written, flushed together with the journal, and only then counted; a crash or a failure before that leaves the older ones. Making it costs
//! the disk's time and no processor time, and the process works on meanwhile (as with a forked child in Redis or a fuzzy checkpoint).

use std::sync::Arc;

use hms_machine::{AgentEvent, AgentId, Bytes, Exit, Holders, Machine, NodeId, StateSource};

use super::agents::{InstancePlace, Process};
use super::event::{DiskTag, InstanceId, Task};
use super::ledger::Audit;
use super::{Kernel, TraceKind, World};
use crate::cluster::disk::{OperationKind, Outcome};
use crate::cluster::storage::{Piece, Restore, Restored};
use crate::cluster::usage::Class;

/// A file that is being written next to those of the state.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    bytes: Bytes,
    content: Content,
    /// Whether the write, which has ended, went astray.
    written: Option<bool>,
}

#[derive(Clone, Debug)]
enum Content {
    /// A checkpoint that stands for this many entries (known once it is written).
    Checkpoint { position: u64 },
    /// The state that was fetched from elsewhere.
    Fetched { piece: Arc<Piece>, from: NodeId },
}

/// The files that are read from the own disk; `None`: the state comes from elsewhere.
fn restore_of(source: StateSource) -> Option<Restore> {
    match source {
        StateSource::Local => Some(Restore::Newest),
        StateSource::Truncated => Some(Restore::Truncated),
        StateSource::Previous => Some(Restore::Previous),
        StateSource::Replica(_) => None,
    }
}

impl<M: Machine> World<M> {
    /// Start-up work is over: builds the state, if there is any.
    pub(super) fn load_state(&mut self, id: InstanceId, kernel: &mut Kernel) {
        if self.scenario.services[self.place(id).service.index()].journal.is_none() {
            return self.ask_for_needs(id, kernel);
        }
        let instance = &mut self.instances[id.index()];
        match restore_of(instance.source) {
            None => self.fetch(id, 0, kernel),
            Some(restore) => {
                instance.process = Process::Loading;
                let (life, bytes) = (instance.life, instance.state.bytes_to_read(restore));
                let tag = DiskTag::Load { instance: id, life };
                self.submit_disk(self.node_of(id), OperationKind::Read(bytes), Class::Service, tag, kernel);
            }
        }
    }

    pub(super) fn state_read(&mut self, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let node = self.node_of(id);
        let instance = &mut self.instances[id.index()];
        let Some(restore) = restore_of(instance.source).filter(|_| instance.life == life && instance.process == Process::Loading)
        else {
            return;
        };
        if !result.acknowledged() {
            // A process that cannot read its state ends; its supervisor decides.
            return self.end_process(id, Exit::Abnormal, None, true, kernel);
        }
        let Ok(Restored { replayed, freed }) = instance.state.restore(restore) else {
            return self.end_process(id, Exit::CorruptState, None, true, kernel);
        };
        // A copy cannot have the same past beyond what is left of it here.
        let left = instance.state.history().len();
        instance.shipped.iter_mut().for_each(|shipped| shipped.entries = shipped.entries.min(left));
        self.host(node).disk.free(freed);
        self.state_built(id, replayed, kernel);
    }

    /// The state stands; the entries behind its checkpoint are replayed.
    fn state_built(&mut self, id: InstanceId, replayed: u64, kernel: &mut Kernel) {
        let InstancePlace { agent, service, node } = self.place(id);
        let instance = &mut self.instances[id.index()];
        instance.built = instance.term();
        let life = instance.life;
        let source = instance.offers.taken().map_or(instance.source, |from| StateSource::Replica(Holders::one(from)));
        let Audit { acknowledged, kept } = self.agents[agent.index()].ledger.rebuilt(instance.state.history());
        self.record(kernel, TraceKind::StateRebuilt { agent, node, acknowledged, kept, source });
        let journal = self.scenario.services[service.index()].journal.as_ref().expect("only journals are read");
        let replay = journal.replay.saturating_mul(replayed);
        self.host(node).cpu.submit(kernel.now(), Task::Replay { instance: id, life }, replay, Class::Service);
        self.rearm_cpu(node, kernel);
    }

    pub(super) fn journal_replayed(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let instance = &self.instances[id.index()];
        if instance.life == life && instance.process == Process::Loading {
            self.ask_for_needs(id, kernel);
        }
    }

    /// A copy of the state has come from another node: it takes the place of what is on the own disk once it is durable there.
    pub(super) fn state_fetched(&mut self, id: InstanceId, piece: Arc<Piece>, from: NodeId, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        instance.process = Process::Loading;
        let bytes = instance.state.bytes_of(&piece);
        self.write_file(id, bytes, Content::Fetched { piece, from }, kernel);
    }

    /// The node has a local agent write down its state. A stuck process does not hear of it; one checkpoint at a time is written, and its end
    /// answers for those that were asked for meanwhile.
    pub(super) fn checkpoint(&mut self, node: NodeId, agent: AgentId, kernel: &mut Kernel) {
        let Some(id) = self.instance_at(agent, node) else {
            return self.report_to(node, agent, AgentEvent::Checkpointed { ok: false }, kernel);
        };
        let instance = &self.instances[id.index()];
        let journal = &self.scenario.services[instance.place.service.index()].journal;
        match journal {
            Some(journal) if instance.ready() => {
                if !instance.hangs() && instance.writing.is_none() {
                    self.write_file(id, journal.snapshot, Content::Checkpoint { position: 0 }, kernel);
                }
            }
            Some(_) | None => self.report(id, AgentEvent::Checkpointed { ok: false }, kernel),
        }
    }

    fn write_file(&mut self, id: InstanceId, bytes: Bytes, content: Content, kernel: &mut Kernel) {
        let instance = &mut self.instances[id.index()];
        instance.writing = Some(NewFile { bytes, content, written: None });
        let tag = DiskTag::FileWrite { instance: id, life: instance.life, bytes };
        self.submit_disk(self.node_of(id), OperationKind::Write(bytes), Class::Service, tag, kernel);
    }

    /// A new file is in the cache of the operating system, or could not be written.
    pub(super) fn file_written(&mut self, id: InstanceId, life: u32, bytes: Bytes, result: Outcome, kernel: &mut Kernel) {
        let node = self.node_of(id);
        let instance = &mut self.instances[id.index()];
        let entries = instance.state.history().len();
        let Some(writing) = instance.writing.as_mut().filter(|_| instance.life == life) else {
            // The process has died over it, and half a file is worth nothing.
            if result.acknowledged() {
                self.host(node).disk.free(bytes);
            }
            return;
        };
        if !result.acknowledged() {
            return self.file_failed(id, kernel);
        }
        writing.written = Some(result == Outcome::Misdirected);
        if let Content::Checkpoint { position } = &mut writing.content {
            // The disk works in line: what was handed over before the checkpoint has been written by now, and nothing else has.
            *position = entries;
        }
        let tag = DiskTag::FileSync { instance: id, life };
        self.submit_disk(node, OperationKind::Sync, Class::Service, tag, kernel);
    }

    /// A new file is on the medium, and the journal with it; or the flush has failed.
    pub(super) fn file_synced(&mut self, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let node = self.node_of(id);
        let instance = &mut self.instances[id.index()];
        instance.state.synced(result);
        if instance.life != life {
            return;
        }
        if !result.acknowledged() {
            return self.file_failed(id, kernel);
        }
        let Some(NewFile { content, written: Some(misdirected), .. }) = instance.writing.take() else { return };
        match content {
            Content::Checkpoint { position } => {
                let freed = instance.state.checkpointed(position, misdirected);
                self.host(node).disk.free(freed);
                self.report(id, AgentEvent::Checkpointed { ok: true }, kernel);
            }
            Content::Fetched { piece, from } => {
                let freed = instance.state.install(&piece, misdirected);
                instance.knows_copy(from, &piece);
                self.host(node).disk.free(freed);
                self.state_built(id, piece.entries.len(), kernel);
            }
        }
    }

    fn file_failed(&mut self, id: InstanceId, kernel: &mut Kernel) {
        self.drop_new_file(id);
        match self.instances[id.index()].process {
            Process::Loading => self.end_process(id, Exit::Abnormal, None, true, kernel),
            Process::Down
            | Process::Starting
            | Process::Fetching { .. }
            | Process::Asking { .. }
            | Process::Ready
            | Process::Stopping { .. } => self.report(id, AgentEvent::Checkpointed { ok: false }, kernel),
        }
    }

    /// Deletes a file that is not going to count.
    pub(super) fn drop_new_file(&mut self, id: InstanceId) {
        let node = self.node_of(id);
        if let Some(NewFile { bytes, written: Some(_), .. }) = self.instances[id.index()].writing.take() {
            self.host(node).disk.free(bytes);
        }
    }
}
