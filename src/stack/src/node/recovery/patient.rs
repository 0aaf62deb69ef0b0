//! What the ward knows about one agent.

use std::mem::Discriminant;

use hms_machine::{Cause, Duration, Instant, Rung, ServiceId, StateSource};

use crate::supervisor::guard::Refusal;
use crate::supervisor::lifecycle::{Lifecycle, State};
use crate::supervisor::tree::ChildId;

/// A local agent.
#[derive(Clone, Debug)]
pub(super) struct Patient {
    pub(super) service: ServiceId,
    pub(super) lifecycle: Lifecycle,
    /// Its supervisor, and its place under it.
    pub(super) tree: (u32, ChildId),
    /// Where its state comes from at the next start.
    pub(super) source: StateSource,
    pub(super) treatment: Option<Treatment>,
    /// Decisions in the present trouble.
    pub(super) attempts: u32,
    /// To be decided on again, when, and for what.
    pub(super) held: Option<(Instant, Cause)>,
    /// Until when it is fenced off.
    pub(super) isolated: Option<Instant>,
    /// Its process was stopped because its supervisor restarts it with a sibling.
    pub(super) with_sibling: bool,
    /// What the checks say ails it; it may not be the time to do something about it.
    pub(super) ailing: Option<Cause>,
    /// Since when the disk under it has been ill, as long as nothing is done about that.
    pub(super) disk_ill: Option<Instant>,
    /// Share of its memory or handles in use, whichever is more.
    pub(super) used: f64,
    /// When it is asked for work again, after it has failed to prove itself.
    pub(super) prove_at: Option<Instant>,
    /// When the leader is asked again to find another place.
    pub(super) ask_at: Option<Instant>,
    /// Why the present decision was refused last.
    pub(super) refused: Option<Discriminant<Refusal>>,
}

/// What is being done about an agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Treatment {
    pub(super) rung: Rung,
    pub(super) cause: Cause,
    /// For what leaves the process alone: when it must have helped.
    pub(super) judge_at: Option<Instant>,
}

impl Patient {
    /// Whether there is no hurry yet: what grows is used up later, and a restart costs time whenever it is made.
    pub(super) fn can_wait(&self, cause: Cause, leak_share: f64) -> bool {
        leaks(cause) && self.used < leak_share
    }

    /// Until when an ill disk is watched before its agent is moved; `None`: for long enough, or it is something else (on a full disk, to write a checkpoint
    /// makes room).
    pub(super) fn watched_until(&mut self, cause: Cause, patience: Duration, now: Instant) -> Option<Instant> {
        if !matches!(cause, Cause::SlowDisk | Cause::DiskErrors) || self.attempts > 0 {
            self.disk_ill = None;
            return None;
        }
        let until = self.disk_ill.get_or_insert(now).saturating_add(patience);
        (until > now).then_some(until)
    }

    pub(super) fn prove_due(&self) -> Option<Instant> {
        self.prove_at.filter(|_| matches!(self.lifecycle.state(), State::Verifying { .. }))
    }

    pub(super) fn ask_due(&self) -> Option<Instant> {
        self.ask_at.filter(|_| matches!(self.lifecycle.state(), State::Relocating { .. }))
    }

    /// When it gets a new beginning, once it is fenced off and its process has ended.
    pub(super) fn released_at(&self) -> Option<Instant> {
        self.isolated.filter(|_| self.lifecycle.state() == State::Isolated)
    }
}

/// Whether an agent with this trouble works as well as ever.
pub(super) fn leaks(cause: Cause) -> bool {
    matches!(cause, Cause::MemoryTrend | Cause::Handles)
}

/// Where the state of a restarted agent comes from, if nothing speaks for another source.
pub(super) fn first_source(wanted: StateSource, cause: Cause) -> StateSource {
    match (wanted, cause) {
        // With damage before the end its own journal cannot be read as it is.
        (StateSource::Local, Cause::CorruptState) => StateSource::Truncated,
        (source, _) => source,
    }
}
