//! What can help against what.

use hms_machine::{Cause, Rung};

use super::Available;

/// The rungs that can help against a cause, in order; always ends with [`Rung::Isolate`].
pub const fn rungs(cause: Cause) -> &'static [Rung] {
    use Rung::{Isolate, Rebuild, Relocate, Restart, Restore, Retry};
    match cause {
        Cause::Crash | Cause::Hang => &[Restart, Restore, Relocate, Rebuild, Isolate],
        // A restart gives memory and handles back; if the node is full, another may have room. State is not in doubt.
        Cause::OutOfMemory | Cause::MemoryTrend | Cause::Handles => &[Restart, Relocate, Isolate],
        // Often a dependency's trouble that passes, else broken memory of the process, else of its state.
        Cause::Errors | Cause::Latency => &[Retry, Restart, Restore, Relocate, Rebuild, Isolate],
        // A restart keeps the slow hardware, the load, the clock and the cable.
        Cause::SlowCpu | Cause::Queue | Cause::Clock | Cause::Network => &[Retry, Relocate, Isolate],
        // It has been watched for a while already (`supervisor.disk_patience`).
        Cause::SlowDisk => &[Relocate, Isolate],
        // A checkpoint lets the journal be cut, which makes room.
        Cause::DiskFull => &[Restore, Relocate, Rebuild, Isolate],
        Cause::DiskErrors => &[Relocate, Rebuild, Isolate],
        // The journal cannot be trusted, and what stands behind the damage is in the copies; a move would take the damage along.
        Cause::CorruptState => &[Rebuild, Restore, Isolate],
        Cause::NodeDown | Cause::ZoneDown => &[Relocate, Rebuild, Isolate],
        Cause::StartFailed => &[Restart, Restore, Relocate, Rebuild, Isolate],
        // The request is kept out; a fresh process suffices, and a move would not have helped.
        Cause::Poison => &[Restart, Restore, Isolate],
        // Restarts are what has not helped.
        Cause::CrashLoop => &[Restore, Relocate, Rebuild, Isolate],
        Cause::Unverified => &[Restart, Restore, Relocate, Rebuild, Isolate],
    }
}

/// Which cause an episode goes on with that began with `first` and now meets `next`: news that rules out rungs (the node is gone, the state is
/// corrupt) replaces a cause that did not know it; all else is a consequence of the first.
pub(super) const fn worse_of(first: Cause, next: Cause) -> Cause {
    match next {
        Cause::DiskErrors | Cause::CorruptState | Cause::NodeDown | Cause::ZoneDown => next,
        Cause::Crash
        | Cause::OutOfMemory
        | Cause::Hang
        | Cause::Errors
        | Cause::Latency
        | Cause::SlowCpu
        | Cause::SlowDisk
        | Cause::DiskFull
        | Cause::MemoryTrend
        | Cause::Handles
        | Cause::Queue
        | Cause::Clock
        | Cause::StartFailed
        | Cause::Poison
        | Cause::CrashLoop
        | Cause::Network
        | Cause::Unverified => first,
    }
}

/// Whether the rung has something to stand on.
pub const fn possible(rung: Rung, available: Available) -> bool {
    match rung {
        Rung::Retry | Rung::Restart => available.node,
        Rung::Restore => available.node && available.checkpoint,
        Rung::Relocate => available.elsewhere,
        Rung::Rebuild => available.replica && (available.node || available.elsewhere),
        Rung::Isolate => true,
    }
}

/// Whether the rung takes down something that may still work, so that a mistaken belief does damage.
pub const fn destructive(rung: Rung) -> bool {
    match rung {
        Rung::Retry | Rung::Restart | Rung::Restore => false,
        Rung::Relocate | Rung::Rebuild | Rung::Isolate => true,
    }
}
