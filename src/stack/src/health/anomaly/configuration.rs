//! Parameters of anomaly detection.

use crate::configuration::Conflict;
use crate::tunables::{choices, parameters};

choices! {
    /// How a series is watched for anomalies.
    pub enum AnomalyMethod {
        /// Control chart of an exponentially weighted mean: small lasting shifts.
        Ewma = "ewma",
        /// Cumulative sums: small lasting shifts, told once.
        Cusum = "cusum",
        /// Forecast with trend and season: what is unusual for the time of day.
        HoltWinters = "holt-winters",
        /// Distance from the median in median absolute deviations: single wild values.
        Deviation = "deviation",
        /// Two windows compared by rank: lasting changes of any distribution.
        ChangePoint = "change-point",
    }
}

parameters! {
    /// Parameters of anomaly detection.
    pub struct AnomalyConfiguration("anomaly") {
        enabled: bool = switch(true),
            "Watches series of health readings for anomalies; off: only thresholds are looked at.";
        method: AnomalyMethod = choice(AnomalyMethod::NAMES, "cusum"),
            "How a series is watched. Of the five cumulative sums give the fewest false alarms on real series (NAB), by far.";
        memory: u32 = integer(8, 4_096, 60),
            "Readings from which the usual mean and spread are learned (ewma, cusum). More: surer, slower to accept a new normal.";
        ewma_weight: f64 = real(0.01, 1.0, 0.2),
            "Weight of the newest reading in the charted mean (Roberts 1959: 0.05 to 0.25). Smaller: smaller shifts are found, later.";
        ewma_limit: f64 = real(1.0, 20.0, 5.0),
            "Standard deviations of the charted mean that are an anomaly. 3 is for charts that people read a few times an hour.";
        cusum_drift: f64 = real(0.0, 5.0, 1.0),
            "Half the shift to be found, in standard deviations (Page 1954). Smaller: smaller shifts are found, and errors of the learned mean are taken for one.";
        cusum_limit: f64 = real(1.0, 100.0, 10.0),
            "Cumulative sum, in standard deviations, that is an anomaly. With a drift of 0.5, a limit of 5 gives a false alarm in about 500 readings.";
        season: u32 = integer(2, 10_080, 60),
            "Readings in a season (holt-winters).";
        season_limit: f64 = real(1.0, 50.0, 6.0),
            "Standard deviations of the forecast's error that are an anomaly (holt-winters).";
        deviation_window: u32 = integer(5, 1_024, 61),
            "Readings of which median and deviation are taken (deviation).";
        deviation_limit: f64 = real(1.0, 50.0, 8.0),
            "Robust standard deviations from the median that are an anomaly. Iglewicz and Hoaglin (1993) take 3.5 for normal data; health data have long tails.";
        change_window: u32 = integer(8, 256, 30),
            "Readings in each of the two windows (change-point).";
        change_limit: f64 = real(1.0, 20.0, 5.0),
            "Standard errors of the rank statistic that are a change. Two windows of 30 reach 6.6 at most.";
        error_usual: f64 = real(0.000_1, 0.1, 0.001),
            "Share of requests that may fail at an agent that is well; whether more do is asked by a sequential test, beside the method.";
        error_bad: f64 = real(0.001, 0.9, 0.03),
            "Share of failing requests that is to be told. Nearer to the usual share: smaller shares are found, later.";
        error_confidence: f64 = real(1.0, 50.0, 9.0),
            "Evidence that is told, in natural logarithms of the likelihood ratio. Higher: surer, later.";
    }
}

impl AnomalyConfiguration {
    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let wrong = self.error_usual >= self.error_bad;
        let conflict = Conflict {
            names: ["anomaly.error_usual", "anomaly.error_bad"],
            message: format!(
                "anomaly.error_usual ({}) must be below anomaly.error_bad ({}), or what is usual is bad",
                self.error_usual, self.error_bad
            ),
        };
        wrong.then_some(conflict).into_iter().collect()
    }
}
