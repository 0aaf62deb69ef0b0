//! Does it answer at all? An unanswered probe is a bad reading; so is one that is not there when the next is due.

use hms_machine::Instant;

use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Failed while probes in a row are not answered.
#[derive(Clone, Debug)]
pub struct Liveness {
    gate: Gate,
}

impl Liveness {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        Liveness { gate: Gate::new(configuration.failures()) }
    }

    fn judge(&mut self, answered: bool, at: Instant) -> Status {
        let failed = self.gate.observe(f64::from(u8::from(!answered)), at);
        if failed { Status::Failed { cause: Cause::Unresponsive } } else { Status::Healthy }
    }
}

impl Check for Liveness {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        if let Reading::Probe { answered } = *reading { Some(self.judge(answered, at)) } else { None }
    }

    fn missed(&mut self, at: Instant) -> Option<Status> {
        Some(self.judge(false, at))
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
