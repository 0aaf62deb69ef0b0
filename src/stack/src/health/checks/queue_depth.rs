//! Is the queue nearly full?

use hms_machine::Instant;

use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Degraded while the queue is nearly full. A queue without room (limit 0) says nothing.
#[derive(Clone, Debug)]
pub struct QueueDepth {
    gate: Gate,
}

impl QueueDepth {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        QueueDepth { gate: Gate::new(configuration.share(configuration.queue_share)) }
    }
}

impl Check for QueueDepth {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::Queue { .. } = reading else { return None };
        let full = self.gate.observe(reading.value()?, at);
        Some(if full { Status::Degraded { cause: Cause::Overload } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
