//! What a check says: how well a subject is, and what seems to be the cause.

use std::fmt;

use crate::health::Grade;

/// What seems to be wrong. The recovery ladder chooses its strategy by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Probes are not answered: it hangs, is paused, or is gone.
    Unresponsive,
    /// It runs and says that it is not ready.
    NotReady,
    /// Requests take much longer than they used to.
    Slow,
    /// Requests fail.
    Errors,
    /// The queue is nearly full.
    Overload,
    /// Memory is nearly used up.
    MemoryPressure,
    /// Memory grows and will be used up soon.
    MemoryLeak,
    /// Handles are nearly used up, or will be soon.
    HandleLeak,
    /// Disk operations take much longer than they used to.
    SlowDisk,
    /// The disk is nearly full, or will be soon.
    DiskFull,
    /// Work of a known length takes too long: steal, throttling, or too much load.
    SlowProcessor,
    /// The wall clock differs from a peer's.
    ClockOff,
    /// Messages of its links are lost, late, doubled or overtaken.
    BadLinks,
    /// Probes are answered, work fails (Huang et al. 2017, differential observability).
    GrayFailure,
    /// It is slower than others that do the same (Lu et al. 2023, PERSEUS).
    SlowerThanPeers,
    /// Too many of its parts are down; said of services, zones and the cluster.
    PartsDown,
    /// What a check of the user found.
    Other(&'static str),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Cause::Unresponsive => "unresponsive",
            Cause::NotReady => "not ready",
            Cause::Slow => "slow",
            Cause::Errors => "errors",
            Cause::Overload => "overload",
            Cause::MemoryPressure => "memory pressure",
            Cause::MemoryLeak => "memory leak",
            Cause::HandleLeak => "handle leak",
            Cause::SlowDisk => "slow disk",
            Cause::DiskFull => "disk full",
            Cause::SlowProcessor => "slow processor",
            Cause::ClockOff => "clock off",
            Cause::BadLinks => "bad links",
            Cause::GrayFailure => "gray failure",
            Cause::SlowerThanPeers => "slower than peers",
            Cause::PartsDown => "parts down",
            Cause::Other(text) => text,
        };
        f.write_str(text)
    }
}

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but worse than it should, or will fail soon.
    Warning,
    /// Does not do its work.
    Critical,
}

/// How well a subject is, without a cause. The order is from good to bad: what is not known is worse than good and better than bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Works.
    Healthy,
    /// Nothing is known yet, or not any more.
    #[default]
    Unknown,
    /// Works, but worse than it should, or will fail soon.
    Degraded,
    /// Does not do its work.
    Failed,
}

/// How well a subject is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing is known yet, or not any more.
    #[default]
    Unknown,
    /// Works.
    Healthy,
    /// Works, but worse than it should, or will fail soon.
    Degraded {
        /// What seems to be wrong.
        cause: Cause,
    },
    /// Does not do its work.
    Failed {
        /// What seems to be wrong.
        cause: Cause,
    },
}

impl Status {
    /// A grade with the cause it would have.
    pub const fn of(grade: Grade, cause: Cause) -> Self {
        match grade {
            Grade::Fine => Status::Healthy,
            Grade::Degraded => Status::Degraded { cause },
            Grade::Failed => Status::Failed { cause },
        }
    }

    /// The status without its cause.
    pub const fn level(self) -> Level {
        match self {
            Status::Unknown => Level::Unknown,
            Status::Healthy => Level::Healthy,
            Status::Degraded { .. } => Level::Degraded,
            Status::Failed { .. } => Level::Failed,
        }
    }

    /// How urgent it is; `None` for what is healthy or unknown.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Status::Unknown | Status::Healthy => None,
            Status::Degraded { .. } => Some(Severity::Warning),
            Status::Failed { .. } => Some(Severity::Critical),
        }
    }

    /// What seems to be wrong.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Status::Unknown | Status::Healthy => None,
            Status::Degraded { cause } | Status::Failed { cause } => Some(cause),
        }
    }

    /// The worse of two; of equally bad ones the first.
    pub fn worse(self, other: Status) -> Status {
        if other.level() > self.level() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_two_is_the_worse_and_the_first_of_equals() {
        let (slow, hang) = (Status::Degraded { cause: Cause::Slow }, Status::Failed { cause: Cause::Unresponsive });
        assert_eq!(slow.worse(hang), hang);
        assert_eq!(hang.worse(slow), hang);
        assert_eq!(slow.worse(Status::Degraded { cause: Cause::Errors }), slow);
        assert_eq!(Status::Healthy.worse(Status::Unknown), Status::Unknown);
        assert_eq!(Status::Unknown.worse(slow), slow);
    }
}
