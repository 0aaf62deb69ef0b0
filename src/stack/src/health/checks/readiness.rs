//! Does it say that it is ready for work? Silence is no answer here: that is what liveness is for.

use hms_machine::Instant;

use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Failed while the subject says that it is not ready.
#[derive(Clone, Debug)]
pub struct Readiness {
    gate: Gate,
}

impl Readiness {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        Readiness { gate: Gate::new(configuration.failures()) }
    }
}

impl Check for Readiness {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::Ready(ready) = *reading else { return None };
        let failed = self.gate.observe(f64::from(u8::from(!ready)), at);
        Some(if failed { Status::Failed { cause: Cause::NotReady } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
