//! Health monitoring: who is believed to be alive.

mod detector;

mod aggregation;
pub mod alerts;
pub mod anomaly;
pub mod checks;
mod history;
mod prediction;
mod threshold;

pub use detector::{Detector, Verdict};

pub use aggregation::{LevelChange, Rollup};
pub use history::{History, Quantity, Retention, Sample, Series};
pub use prediction::{Exhaustion, PredictionConfiguration, Predictor, Trend};
pub use threshold::{Gate, Grade, Grader, Side, Threshold};

use hms_machine::Duration;

use crate::tunables::{hours, ms, parameters};

parameters! {
    /// Parameters of heartbeats and the failure detector.
    pub struct HealthConfiguration("health") {
        enabled: bool = switch(true),
            "Sends heartbeats and suspects silent peers; off: calls go to every replica, dead or alive.";
        heartbeat: Duration = duration(ms(10), hours(1), ms(100)),
            "Time between two heartbeats of a node. Shorter: faster detection, more messages and CPU.";
        timeout: Duration = duration(ms(20), hours(24), ms(500)),
            "A peer that was not heard for this long is suspected. Shorter: faster detection, more false suspicions.";
        monitors: u32 = integer(1, 256, 16),
            "Number of peers (the next on the ring of nodes) that watch each node; edges watch all. More: fewer blind callers, more messages.";
    }
}
