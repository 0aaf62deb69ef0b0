//! Supervision of the node's own agents: start, probe, restart.

mod agent;

pub use agent::{Advice, Supervised};

use hms_machine::Duration;

/// Parameters of the restarting supervisor; ranges and defaults: [`crate::Configuration::walk`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupervisorConfiguration {
    /// Whether failed agents are started again.
    pub enabled: bool,
    /// Pause before the first restart.
    pub backoff: Duration,
    /// Growth of the pause per restart.
    pub backoff_factor: f64,
    /// Longest pause.
    pub backoff_max: Duration,
    /// Time of running after which the pause is the shortest again.
    pub clean_run: Duration,
    /// Time from start to readiness after which a start has failed.
    pub start_timeout: Duration,
    /// Time between two liveness probes.
    pub probe_every: Duration,
    /// Unanswered probes in a row that make an agent count as stuck.
    pub probe_failures: u32,
}

impl SupervisorConfiguration {
    pub(crate) const BLANK: Self = SupervisorConfiguration {
        enabled: false,
        backoff: Duration::ZERO,
        backoff_factor: 0.0,
        backoff_max: Duration::ZERO,
        clean_run: Duration::ZERO,
        start_timeout: Duration::ZERO,
        probe_every: Duration::ZERO,
        probe_failures: 0,
    };
}
