//! Anomalies: values that do not fit what a series has done so far.
//!
//! Thresholds know what is bad; these know only what is unusual, which is worth a look and is not yet a failure. One enum of five methods with one
//! interface: values in, scores out, memory bounded by the configuration. Each method's page names its paper.
//!
//! What to expect: on AWS metrics with labels (NAB; `tests/datasets/nab.rs`) cumulative sums find 17 of 30 labelled windows with 24 false alarms in 235 days of
//! series; the others find up to 25, with 37 to 221. An anomaly is a hint for a person or a reason to look closer, never a reason to restart something.

mod change_point;
mod configuration;
mod cusum;
mod deviation;
mod ewma;
mod holt_winters;
mod moments;
#[cfg(test)]
mod tests;

pub use configuration::{AnomalyConfiguration, AnomalyMethod};

use hms_machine::Instant;

/// Something unusual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anomaly {
    /// When.
    pub at: Instant,
    /// How unusual, in limits: 1 is just an anomaly, 2 is twice as far.
    pub score: f64,
}

/// Watches one series.
#[derive(Clone, Debug)]
pub struct AnomalyDetector {
    /// `None` with detection switched off.
    method: Option<Method>,
    last: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Method {
    Ewma(ewma::Ewma),
    Cusum(cusum::Cusum),
    HoltWinters(holt_winters::HoltWinters),
    Deviation(deviation::Deviation),
    ChangePoint(change_point::ChangePoint),
}

impl AnomalyDetector {
    /// A detector that has seen nothing. Every method learns first (see the parameters) and is silent until then.
    pub fn new(configuration: &AnomalyConfiguration) -> Self {
        let method = match configuration.method {
            AnomalyMethod::Ewma => Method::Ewma(ewma::Ewma::new(configuration)),
            AnomalyMethod::Cusum => Method::Cusum(cusum::Cusum::new(configuration)),
            AnomalyMethod::HoltWinters => Method::HoltWinters(holt_winters::HoltWinters::new(configuration)),
            AnomalyMethod::Deviation => Method::Deviation(deviation::Deviation::new(configuration)),
            AnomalyMethod::ChangePoint => Method::ChangePoint(change_point::ChangePoint::new(configuration)),
        };
        AnomalyDetector { method: configuration.enabled.then_some(method), last: None }
    }

    /// Takes a value; whether it is an anomaly. A value that is not finite, or is older than the last one, is left out.
    pub fn observe(&mut self, value: f64, at: Instant) -> Option<Anomaly> {
        if !value.is_finite() || self.last.is_some_and(|last| at < last) {
            return None;
        }
        self.last = Some(at);
        let score = match self.method.as_mut()? {
            Method::Ewma(method) => method.observe(value),
            Method::Cusum(method) => method.observe(value),
            Method::HoltWinters(method) => method.observe(value),
            Method::Deviation(method) => method.observe(value),
            Method::ChangePoint(method) => method.observe(value),
        };
        (score >= 1.0).then_some(Anomaly { at, score })
    }
}

/// How well detections fit labelled windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Windows with a detection in them.
    pub found: u32,
    /// Windows without.
    pub missed: u32,
    /// Detections outside every window; those that follow one another within the pause count once.
    pub false_alarms: u32,
}

impl Fit {
    /// Joins detections (in order of time) with windows (start and end, both included). Detections outside every window that follow the one before within
    /// `pause` are one false alarm: one cause, one alarm.
    pub fn of(detections: &[Instant], windows: &[(Instant, Instant)], pause: hms_machine::Duration) -> Fit {
        let inside = |at: Instant, (start, end): (Instant, Instant)| start <= at && at <= end;
        let hit = |window: &&(Instant, Instant)| detections.iter().any(|at| inside(*at, **window));
        let found = windows.iter().filter(hit).count() as u32;
        let mut fit = Fit { found, missed: windows.len() as u32 - found, false_alarms: 0 };
        let mut last: Option<Instant> = None;
        for at in detections.iter().filter(|at| !windows.iter().any(|window| inside(**at, *window))) {
            fit.false_alarms += u32::from(last.is_none_or(|last| at.saturating_since(last) > pause));
            last = Some(*at);
        }
        fit
    }

    /// Share of alarms that were right; 1 if there were none.
    pub fn precision(&self) -> f64 {
        share(self.found, self.false_alarms)
    }

    /// Share of windows that were found; 1 if there were none.
    pub fn recall(&self) -> f64 {
        share(self.found, self.missed)
    }

    /// The two added up.
    pub fn and(self, other: Fit) -> Fit {
        Fit {
            found: self.found + other.found,
            missed: self.missed + other.missed,
            false_alarms: self.false_alarms + other.false_alarms,
        }
    }
}

fn share(part: u32, rest: u32) -> f64 {
    if part + rest == 0 { 1.0 } else { f64::from(part) / f64::from(part + rest) }
}
