//! Health monitoring: who is believed to be alive.

mod detector;

pub use detector::{Detector, Verdict};

use hms_machine::Duration;

/// Parameters of heartbeats and the failure detector; ranges and defaults: [`crate::Configuration::walk`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthConfiguration {
    /// Whether there are heartbeats at all.
    pub enabled: bool,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// Silence after which a peer is suspected.
    pub timeout: Duration,
    /// Peers that watch each node.
    pub monitors: u32,
}

impl HealthConfiguration {
    pub(crate) const BLANK: Self =
        HealthConfiguration { enabled: false, heartbeat: Duration::ZERO, timeout: Duration::ZERO, monitors: 0 };
}
