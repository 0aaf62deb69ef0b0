//! Parameters of the checks, and the thresholds that follow from them.

use hms_machine::Duration;

use crate::configuration::Conflict;
use crate::health::Threshold;
use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of the health checks.
    ///
    /// With the defaults a node that is probed every 200 ms notices within a second, 99 times of 100: a hang (the third unanswered probe), 30 % of errors
    /// under 100 requests a second, a processor at 30 % of its speed, a disk ten times slower, and a leak that would use all memory up within a minute.
    pub struct CheckConfiguration("checks") {
        enabled: bool = switch(true),
            "Runs health checks on agents, peers and the node; off: only exits and missing heartbeats are noticed.";
        every: Duration = duration(ms(10), hours(1), ms(200)),
            "Time between two readings of a check that is pulled. Shorter: faster detection, more CPU.";
        jitter: f64 = real(0.0, 0.5, 0.1),
            "Share by which each time between two readings is lengthened or shortened at random, so that checks do not march in step.";
        work_probe_every: Duration = duration(ms(10), hours(1), ms(200)),
            "Time between two synthetic requests to an agent, which find gray failures without traffic. Shorter: faster, more load.";
        bad_in_a_row: u32 = integer(1, 20, 3),
            "Bad readings in a row that make a status bad. Fewer: faster, more false alarms; 1 lets a single bad sample decide.";
        good_in_a_row: u32 = integer(1, 100, 3),
            "Good readings in a row that make a status good again. More: later, less flapping.";
        hold: Duration = duration(ms(1), hours(1), secs(1)),
            "Least time for which a status stays bad. Longer: less flapping, later good news.";
        latency_ratio: f64 = real(1.1, 100.0, 5.0),
            "Requests that take this many times their usual time are slow.";
        latency_max: Duration = duration(ms(1), mins(10), secs(1)),
            "Requests that take this long are slow whatever is usual.";
        error_ratio: f64 = real(0.001, 1.0, 0.1),
            "Share of failing requests (with confidence at least this much fails) that makes an agent degraded, or failed in a gray way if its probes are answered.";
        error_window: Duration = duration(ms(100), hours(1), secs(1)),
            "Time over which the share of failing requests is taken. Longer: surer, later.";
        error_volume: u32 = integer(1, 10_000, 5),
            "Fewest requests in the window from which a share is taken.";
        queue_share: f64 = real(0.05, 1.0, 0.8),
            "A queue that is this full is overloaded.";
        exhaustion_share: f64 = real(0.1, 1.0, 0.9),
            "Memory, handles or a disk used up to this share are under pressure.";
        disk_ratio: f64 = real(1.1, 100.0, 4.0),
            "Disk operations that take this many times their usual time are slow. The tail of a healthy disk is long: lower gives false alarms.";
        disk_stall: Duration = duration(ms(10), mins(10), ms(300)),
            "A disk operation that takes this long counts as stalled, whatever is usual.";
        processor_ratio: f64 = real(1.1, 100.0, 2.0),
            "A self-test that takes this many times its known length shows a slow processor.";
        clock_offset: Duration = duration(ms(1), hours(1), ms(100)),
            "A wall clock that differs this much from the middle one of its zone (time on the way included) is off.";
        peer_ratio: f64 = real(1.1, 100.0, 2.0),
            "An agent whose median is this many times the median of its peers is slow. Healthy drives in the data of PERSEUS stay below 1.6, fail-slow ones reach 5.";
        peer_samples: u32 = integer(1, 1_000, 32),
            "Calls to an agent whose median is compared with that of its peers. More: fewer false alarms, later.";
        peers_min: u32 = integer(1, 100, 2),
            "Fewest peers to compare with: with one nobody knows which of the two is slow.";
    }
}

/// A value this far below the level to enter (as a share of it) is good again: room for hysteresis.
const LEAVE_SHARE: f64 = 0.9;

impl CheckConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.error_window < self.every {
            conflicts.push(Conflict {
                names: ["checks.error_window", "checks.every"],
                message: format!(
                    "checks.error_window ({}) must be at least checks.every ({}), or counts are forgotten before the next ones come",
                    self.error_window, self.every
                ),
            });
        }
        conflicts
    }

    /// A share of something that should stay low.
    pub(super) fn share(&self, enter: f64) -> Threshold {
        self.counted(Threshold::above(enter, LEAVE_SHARE * enter))
    }

    /// A ratio to what is normal, which is 1: left halfway back.
    pub(super) fn ratio(&self, enter: f64) -> Threshold {
        self.counted(Threshold::above(enter, 1.0 + (enter - 1.0) / 2.0))
    }

    /// Failed (1) or not (0).
    pub(super) fn failures(&self) -> Threshold {
        self.counted(Threshold::above(1.0, 1.0))
    }

    /// A threshold over a statistic of several readings, which no single bad sample decides any more: two in a row are enough.
    pub(super) fn smoothed(&self, threshold: Threshold) -> Threshold {
        threshold.in_a_row(self.bad_in_a_row.min(2), self.good_in_a_row)
    }

    fn counted(&self, threshold: Threshold) -> Threshold {
        threshold.in_a_row(self.bad_in_a_row, self.good_in_a_row).held(self.hold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_below_the_period_is_a_conflict() {
        let mut configuration = CheckConfiguration::default();
        assert_eq!(configuration.conflicts(), []);
        configuration.error_window = configuration.every / 2;
        assert_eq!(configuration.conflicts()[0].names, ["checks.error_window", "checks.every"]);
    }
}
