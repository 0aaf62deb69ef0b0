//! Does work of a known length take too long on this node's processor?

use hms_machine::Instant;

use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Degraded while self-tests take much longer than on an idle processor of full speed.
#[derive(Clone, Debug)]
pub struct CpuDelay {
    gate: Gate,
}

impl CpuDelay {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        CpuDelay { gate: Gate::new(configuration.ratio(configuration.processor_ratio)) }
    }
}

impl Check for CpuDelay {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::Processor { .. } = reading else { return None };
        let slow = self.gate.observe(reading.value()?, at);
        Some(if slow { Status::Degraded { cause: Cause::SlowProcessor } } else { Status::Healthy })
    }

    /// The self-test had not ended when the next was due: at least as slow as that.
    fn missed(&mut self, at: Instant) -> Option<Status> {
        let slow = self.gate.observe(f64::INFINITY, at);
        slow.then_some(Status::Degraded { cause: Cause::SlowProcessor })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
