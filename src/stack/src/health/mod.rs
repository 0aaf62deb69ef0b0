//! Health monitoring: who is believed to be alive.

mod aggregation;
pub mod alerts;
pub mod anomaly;
pub mod checks;
pub mod detector;
pub(crate) mod evidence;
mod heartbeats;
mod history;
pub mod links;
mod prediction;
pub mod swim;
mod threshold;

pub use aggregation::{AggregationConfiguration, LevelChange, Rollup};
pub use detector::{Detector, Heartbeat, Verdict};
pub use heartbeats::Heartbeats;
pub use history::{History, HistoryConfiguration, Quantity, Retention, Sample, Series};
pub use prediction::{Exhaustion, PredictionConfiguration, Predictor, Trend};
pub use threshold::{Gate, Grade, Grader, Side, Threshold};

use hms_machine::Duration;

use crate::configuration::Conflict;
use crate::tunables::{choices, hours, mins, ms, parameters};

choices! {
    /// How nodes learn of each other's failures.
    pub enum HealthMode {
        /// Each node sends heartbeats to a few monitors and to the edges; knowledge stays with those who watch.
        Heartbeat = "heartbeat",
        /// Nodes probe each other at random and spread what they find by gossip: the parameters of `swim`.
        Swim = "swim",
    }
}

choices! {
    /// How silence is judged; see [`detector`].
    pub enum DetectorKind {
        /// A fixed silence convicts.
        Timeout = "timeout",
        /// Phi accrual with normally distributed intervals (Hayashibara 2004, Akka, Pekko).
        PhiNormal = "phi_normal",
        /// Phi accrual with exponentially distributed intervals (Cassandra).
        PhiExponential = "phi_exponential",
        /// NFD-E of Chen, Toueg and Aguilera 2002: expected arrival plus a margin.
        Chen = "chen",
        /// NFD-S of Chen, Toueg and Aguilera 2002: needs synchronised clocks.
        ChenS = "chen_s",
    }
}

parameters! {
    /// Parameters of heartbeats and the failure detector.
    pub struct HealthConfiguration("health") {
        enabled: bool = switch(true),
            "Sends heartbeats and suspects silent peers; off: calls go to every replica, dead or alive.";
        mode: HealthMode = choice(HealthMode::NAMES, HealthMode::Heartbeat.name()),
            "How failures are found: `heartbeat` (the parameters below) or `swim` (those of the component swim).";
        heartbeat: Duration = duration(ms(10), hours(1), ms(100)),
            "Time between two heartbeats of a node. Shorter: faster detection, more messages and CPU.";
        detector: DetectorKind = choice(DetectorKind::NAMES, DetectorKind::PhiNormal.name()),
            "How silence is judged: `timeout`, `phi_normal`, `phi_exponential`, `chen` or `chen_s`.";
        timeout: Duration = duration(ms(20), hours(24), ms(500)),
            "`timeout` only: a peer that was not heard for this long is suspected. Shorter: faster detection, more false suspicions.";
        threshold: f64 = real(0.1, 100.0, 8.0),
            "Phi detectors: the phi that convicts; 8 is one mistake in 10^8 silences if the model holds. Lower: faster, more mistakes.";
        window: u32 = integer(1, 10_000, 200),
            "Phi detectors and `chen`: heartbeats from which the rhythm of a peer is learnt. More: steadier, slower to adapt, 8 bytes each.";
        min_std: Duration = duration(ms(0), hours(1), ms(20)),
            "`phi_normal`: least standard deviation, for peers that were too regular so far. Longer: slower detection, fewer mistakes.";
        pause: Duration = duration(ms(0), hours(1), ms(500)),
            "Phi detectors: silence that is forgiven on top of the model, for garbage collection and the like. Longer: slower detection.";
        first: Duration = duration(ms(1), hours(1), ms(100)),
            "Phi detectors: the first guess of the time between heartbeats; its quarter is the first guess of the standard deviation.";
        chen_alpha: Duration = duration(ms(1), hours(1), ms(600)),
            "`chen`: how long after its expected arrival a heartbeat may come. Longer: slower detection, fewer mistakes.";
        chen_delta: Duration = duration(ms(1), hours(1), ms(600)),
            "`chen_s`: how long after it was sent a heartbeat may come; a crash is detected within this and one period.";
        monitors: u32 = integer(1, 256, 16),
            "Number of peers (the next on the ring of nodes) that watch each node; edges watch all. More: fewer blind callers, more messages.";
        pause_guard: bool = switch(true),
            "A node that was itself stopped gives its peers time before it suspects them; off: on waking it suspects everybody.";
        pause_lateness: Duration = duration(ms(1), mins(10), ms(20)),
            "A look that comes this much later than asked for counts as a pause of one's own. Shorter: more graces, slower detection under load.";
        pause_grace: u32 = integer(1, 100, 3),
            "Heartbeat periods that peers get after a pause of one's own. More: fewer false suspicions, later convictions of those that crashed in it.";
    }
}

impl HealthConfiguration {
    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.timeout <= self.heartbeat {
            conflicts.push(Conflict {
                names: ["health.timeout", "health.heartbeat"],
                message: format!(
                    "health.timeout ({}) must be longer than health.heartbeat ({}), or every peer is suspected between two heartbeats",
                    self.timeout, self.heartbeat
                ),
            });
        }
        let phi = matches!(self.detector, DetectorKind::PhiNormal | DetectorKind::PhiExponential);
        if phi && self.first.saturating_add(self.pause) < self.heartbeat {
            conflicts.push(Conflict {
                names: ["health.first", "health.heartbeat"],
                message: format!(
                    "health.first ({}) and health.pause ({}) together must not be shorter than health.heartbeat ({}), or every peer is suspected before its second heartbeat",
                    self.first, self.pause, self.heartbeat
                ),
            });
        }
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_guess_that_does_not_fit_the_heartbeat_is_a_conflict_of_the_phi_detectors() {
        let slow = HealthConfiguration { heartbeat: mins(5), timeout: mins(16), ..HealthConfiguration::default() };
        assert_eq!(slow.conflicts().iter().map(|conflict| conflict.names[0]).collect::<Vec<_>>(), ["health.first"]);
        assert_eq!(HealthConfiguration { first: mins(5), ..slow }.conflicts(), []);
        assert_eq!(HealthConfiguration { detector: DetectorKind::Timeout, ..slow }.conflicts(), []);
    }
}
