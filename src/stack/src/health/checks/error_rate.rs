//! Which share of requests fails?

use hms_machine::{Duration, Instant};

use super::error_window::ErrorWindow;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Grader;

/// From this share of failing requests on, a subject has failed rather than degraded: it does more harm than good.
const FAILED_SHARE: f64 = 0.5;

/// Where nothing has failed for this long, though there was something to fail, the trouble may be over: the window has yet to forget it.
const PAST: Duration = Duration::from_millis(500);

/// Degraded, or failed, while many requests fail.
#[derive(Clone, Debug)]
pub struct ErrorRate {
    window: ErrorWindow,
    grader: Grader,
    /// When something failed last, and when something was looked at last.
    failed: Option<Instant>,
    seen: Instant,
}

impl ErrorRate {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        let threshold = |share: f64| configuration.smoothed(configuration.share(share));
        ErrorRate {
            window: ErrorWindow::new(configuration.error_window, configuration.error_volume),
            grader: Grader::new(threshold(configuration.error_ratio), threshold(FAILED_SHARE.max(configuration.error_ratio))),
            failed: None,
            seen: Instant::ZERO,
        }
    }
}

impl Check for ErrorRate {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let (ok, errors) = outcomes(reading)?;
        self.seen = at;
        if errors > 0 {
            self.failed = Some(at);
        }
        let share = self.window.observe(ok, errors, at)?;
        Some(Status::of(self.grader.observe(share, at), Cause::Errors))
    }

    fn mending(&self) -> bool {
        self.failed.is_none_or(|failed| self.seen.saturating_since(failed) >= PAST)
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

/// Requests that a reading tells of: those that went well, and the others.
pub(super) fn outcomes(reading: &Reading) -> Option<(u64, u64)> {
    match *reading {
        Reading::Outcomes { ok, errors } => Some((ok, errors)),
        Reading::Work { ok, .. } => Some((u64::from(ok), u64::from(!ok))),
        Reading::Probe { .. }
        | Reading::Ready(_)
        | Reading::Latency(_)
        | Reading::Queue { .. }
        | Reading::Memory { .. }
        | Reading::Handles { .. }
        | Reading::DiskOperation(_)
        | Reading::DiskSpace { .. }
        | Reading::Processor { .. }
        | Reading::Clocks { .. }
        | Reading::Comparison { .. } => None,
    }
}
