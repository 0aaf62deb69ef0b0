//! Why agents fail, what can be done, and what can help against what.

use super::Available;

/// Why an agent needs a recovery, as far as its supervisor can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The process ended abnormally.
    Crash,
    /// The operating system killed it for lack of memory.
    OutOfMemory,
    /// It does not answer probes.
    Hang,
    /// It answers probes while its work fails.
    GrayErrors,
    /// It works slowly because its node's processors do.
    SlowCpu,
    /// It works slowly because its node's disk does.
    SlowDisk,
    /// Its disk has no room.
    DiskFull,
    /// Its disk refuses reads or writes.
    DiskErrors,
    /// Its state does not match its checksums.
    CorruptState,
    /// Its node is believed down.
    NodeDown,
    /// Its zone is believed down.
    ZoneDown,
    /// The process cannot be started, or is not ready in time.
    StartFailure,
    /// It died of a request that is in quarantine now.
    Poison,
    /// It ends again and again; its supervisor gave up.
    CrashLoop,
    /// It was recovered and did not prove itself.
    UnverifiedRecovery,
}

/// What can be done for an agent, from gentle to drastic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Leave the process alone, ask again a little later.
    Retry,
    /// Start the process again where it is; its state is read from its journal.
    Restart,
    /// Start it from its last intact checkpoint, without what came after if that is damaged.
    Restore,
    /// Start it on another node from the shipped copy of its state.
    Relocate,
    /// Start it elsewhere or here with the state of another replica; its own is thrown away.
    Rebuild,
    /// Fence it off: no restart, no calls, until an operator decides.
    Isolate,
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 15] = [
        Cause::Crash,
        Cause::OutOfMemory,
        Cause::Hang,
        Cause::GrayErrors,
        Cause::SlowCpu,
        Cause::SlowDisk,
        Cause::DiskFull,
        Cause::DiskErrors,
        Cause::CorruptState,
        Cause::NodeDown,
        Cause::ZoneDown,
        Cause::StartFailure,
        Cause::Poison,
        Cause::CrashLoop,
        Cause::UnverifiedRecovery,
    ];

    /// The rungs that can help, in order; always ends with [`Rung::Isolate`].
    pub const fn rungs(self) -> &'static [Rung] {
        use Rung::{Isolate, Rebuild, Relocate, Restart, Restore, Retry};
        match self {
            Cause::Crash | Cause::Hang => &[Restart, Restore, Relocate, Rebuild, Isolate],
            // A restart gives the memory back; if the node is full, another may have room. State is not in doubt.
            Cause::OutOfMemory => &[Restart, Relocate, Isolate],
            // Often a dependency's trouble that passes, else broken memory of the process, else of its state.
            Cause::GrayErrors => &[Retry, Restart, Restore, Relocate, Rebuild, Isolate],
            // A restart keeps the slow hardware.
            Cause::SlowCpu | Cause::SlowDisk => &[Retry, Relocate, Isolate],
            // A checkpoint lets the journal be cut, which makes room.
            Cause::DiskFull => &[Restore, Relocate, Rebuild, Isolate],
            Cause::DiskErrors => &[Retry, Relocate, Rebuild, Isolate],
            // The journal cannot be trusted; a move would take the damage along.
            Cause::CorruptState => &[Restore, Rebuild, Isolate],
            Cause::NodeDown | Cause::ZoneDown => &[Relocate, Rebuild, Isolate],
            Cause::StartFailure => &[Restart, Restore, Relocate, Rebuild, Isolate],
            // The request is kept out; a fresh process suffices, and a move would not have helped.
            Cause::Poison => &[Restart, Restore, Isolate],
            // Restarts are what has not helped.
            Cause::CrashLoop => &[Restore, Relocate, Rebuild, Isolate],
            Cause::UnverifiedRecovery => &[Restart, Restore, Relocate, Rebuild, Isolate],
        }
    }

    /// Which cause an episode goes on with that began with `self` and now meets `next`: news that rules out rungs (the node is
    /// gone, the state is corrupt) replaces a cause that did not know it; all else is a consequence of the first.
    pub(super) const fn worse_of(self, next: Cause) -> Cause {
        match next {
            Cause::DiskErrors | Cause::CorruptState | Cause::NodeDown | Cause::ZoneDown => next,
            Cause::Crash
            | Cause::OutOfMemory
            | Cause::Hang
            | Cause::GrayErrors
            | Cause::SlowCpu
            | Cause::SlowDisk
            | Cause::DiskFull
            | Cause::StartFailure
            | Cause::Poison
            | Cause::CrashLoop
            | Cause::UnverifiedRecovery => self,
        }
    }
}

impl Rung {
    /// All rungs, from gentle to drastic.
    pub const ALL: [Rung; 6] = [Rung::Retry, Rung::Restart, Rung::Restore, Rung::Relocate, Rung::Rebuild, Rung::Isolate];

    /// Whether the rung has something to stand on.
    pub const fn possible(self, available: Available) -> bool {
        match self {
            Rung::Retry | Rung::Restart => available.node,
            Rung::Restore => available.node && available.checkpoint,
            Rung::Relocate => available.elsewhere,
            Rung::Rebuild => available.replica && (available.node || available.elsewhere),
            Rung::Isolate => true,
        }
    }

    /// Whether the rung takes down something that may still work, so that a mistaken belief does damage.
    pub const fn destructive(self) -> bool {
        match self {
            Rung::Retry | Rung::Restart | Rung::Restore => false,
            Rung::Relocate | Rung::Rebuild | Rung::Isolate => true,
        }
    }
}
