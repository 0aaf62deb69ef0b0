//! Is a resource used up, or will it be soon? For memory, handles, disk space and queues.
//!
//! Two questions: how full it is now (pressure), and when it will be full if it goes on like this (leak; see
//! [`Predictor`]). A leak is told first: it is the cause of the pressure that it ends in.

use hms_machine::Instant;

use super::{Cause, Check, CheckConfiguration, Reading, ReadingKind, Status};
use crate::health::{Gate, Grade, Grader, PredictionConfiguration, Predictor, Threshold};

/// A resource that is used up to this share has failed its users: the next large request is refused or kills.
const FAILED_SHARE: f64 = 0.98;

/// What can be used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// [`Reading::Memory`].
    Memory,
    /// [`Reading::Handles`].
    Handles,
    /// [`Reading::DiskSpace`].
    Disk,
    /// [`Reading::Queue`]. Not among the standard checks: a queue goes up and down with the load, and needs a longer window than memory.
    Queue,
}

impl Resource {
    /// The readings that tell of it.
    pub const fn reading(self) -> ReadingKind {
        match self {
            Resource::Memory => ReadingKind::Memory,
            Resource::Handles => ReadingKind::Handles,
            Resource::Disk => ReadingKind::DiskSpace,
            Resource::Queue => ReadingKind::Queue,
        }
    }

    const fn pressure(self) -> Cause {
        match self {
            Resource::Memory => Cause::MemoryPressure,
            Resource::Handles => Cause::HandleLeak,
            Resource::Disk => Cause::DiskFull,
            Resource::Queue => Cause::Overload,
        }
    }

    const fn leak(self) -> Cause {
        match self {
            Resource::Memory => Cause::MemoryLeak,
            Resource::Handles => Cause::HandleLeak,
            Resource::Disk => Cause::DiskFull,
            Resource::Queue => Cause::Overload,
        }
    }
}

/// Degraded while a resource is nearly used up or will be soon; failed when there is next to nothing left.
#[derive(Clone, Debug)]
pub struct ResourceTrend {
    resource: Resource,
    share: Grader,
    /// `None` with prediction switched off.
    predictor: Option<Predictor>,
    /// Seconds until the resource is used up.
    left: Gate,
}

impl ResourceTrend {
    /// A check that knows nothing yet.
    pub fn new(resource: Resource, configuration: &CheckConfiguration, prediction: &PredictionConfiguration) -> Self {
        let share = configuration.exhaustion_share;
        let horizon = prediction.horizon.as_secs_f64();
        ResourceTrend {
            resource,
            share: Grader::new(configuration.share(share), configuration.share(FAILED_SHARE.max(share))),
            predictor: prediction.enabled.then(|| Predictor::new(prediction)),
            // A trend speaks for a window of readings, so one is enough to raise.
            left: Gate::new(
                Threshold::below(horizon, 2.0 * horizon).in_a_row(1, configuration.good_in_a_row).held(configuration.hold),
            ),
        }
    }
}

impl Check for ResourceTrend {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        if reading.kind() != self.resource.reading() {
            return None;
        }
        let share = reading.value()?;
        let leaks = self.predictor.as_mut().is_some_and(|predictor| {
            predictor.observe(share, at);
            let exhaustion = predictor.exhaustion(1.0);
            let left = exhaustion.map_or(f64::INFINITY, |exhaustion| exhaustion.at.saturating_since(at).as_secs_f64());
            self.left.observe(left, at)
        });
        let cause = if leaks { self.resource.leak() } else { self.resource.pressure() };
        let grade = self.share.observe(share, at);
        Some(Status::of(if leaks { grade.max(Grade::Degraded) } else { grade }, cause))
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
