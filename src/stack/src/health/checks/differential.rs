//! Probes are answered, and yet work fails: a gray failure.
//!
//! Huang et al. 2017 ("Gray Failure: The Achilles' Heel of Cloud-Scale Systems") call it differential observability: the monitor sees a healthy
//! process, its users do not. So this check looks at both, and speaks only when they disagree; if probes fail too, liveness has said it.

use hms_machine::Instant;

use super::error_rate::outcomes;
use super::error_window::ErrorWindow;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Failed while the last probe was answered and many requests fail.
#[derive(Clone, Debug)]
pub struct Differential {
    answered: Option<bool>,
    window: ErrorWindow,
    gate: Gate,
}

impl Differential {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        Differential {
            answered: None,
            window: ErrorWindow::new(configuration.error_window, configuration.error_volume),
            gate: Gate::new(configuration.smoothed(configuration.share(configuration.error_ratio))),
        }
    }

    fn judge(&self) -> Option<Status> {
        let gray = self.answered? && self.gate.raised();
        Some(if gray { Status::Failed { cause: Cause::GrayFailure } } else { Status::Healthy })
    }
}

impl Check for Differential {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        if let Reading::Probe { answered } = *reading {
            self.answered = Some(answered);
        } else {
            let (ok, errors) = outcomes(reading)?;
            let share = self.window.observe(ok, errors, at)?;
            self.gate.observe(share, at);
        }
        self.judge()
    }

    /// The synthetic request was not answered in time: work fails.
    fn missed(&mut self, at: Instant) -> Option<Status> {
        self.observe(&Reading::Outcomes { ok: 0, errors: 1 }, at)
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
