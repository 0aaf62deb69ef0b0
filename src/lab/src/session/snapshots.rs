//! Clones of a world along its run, spread evenly over its events.
//!
//! Rows of the trace and the series are left out of them: the run that took the snapshots has them, and they would make each clone larger than the
//! one before.

use hms_machine::Instant;
use hms_trial::ClusterSimulation;

/// At most so many are kept. When there is no room for the next one, every other goes and the spacing doubles: memory stays bounded, and any
/// instant stays within the last 1/96 of the run's events from a snapshot: with nine nodes and an hour, 20 million events, that is a fifth of a second of running.
pub const SNAPSHOTS_MAX: usize = 192;

/// Events between snapshots at first: less than a hundredth of a second of running.
const SPACING: u64 = 32_768;

/// A world, and how many rows its run had written by then.
#[derive(Clone)]
pub(super) struct Snapshot {
    simulation: ClusterSimulation,
    pub(super) trace: usize,
    pub(super) series: usize,
}

impl Snapshot {
    /// The world as it was, with nothing recorded yet.
    pub(super) fn restore(&self) -> ClusterSimulation {
        self.simulation.clone()
    }

    pub(super) fn now(&self) -> Instant {
        self.simulation.now()
    }

    pub(super) fn events(&self) -> u64 {
        self.simulation.events()
    }
}

#[derive(Clone)]
pub(super) struct Snapshots {
    shots: Vec<Snapshot>,
    spacing: u64,
}

impl Snapshots {
    /// The first one, from which any instant can be reached.
    pub(super) fn from(simulation: &mut ClusterSimulation) -> Self {
        Snapshots { shots: vec![take(simulation)], spacing: SPACING }
    }

    /// Takes a snapshot if the last one lies far enough behind.
    pub(super) fn offer(&mut self, simulation: &mut ClusterSimulation) {
        if simulation.events() - self.shots[self.shots.len() - 1].events() < self.spacing {
            return;
        }
        if self.shots.len() >= SNAPSHOTS_MAX {
            let mut position = 0;
            self.shots.retain(|_| {
                position += 1;
                position % 2 == 1
            });
            self.spacing *= 2;
        }
        self.shots.push(take(simulation));
    }

    /// Takes them closer to each other, for runs of few events.
    #[cfg(test)]
    pub(super) fn space(&mut self, events: u64) {
        self.spacing = events;
    }

    /// The last one for which `before` holds; it must hold for the first.
    pub(super) fn last(&self, before: impl Fn(&Snapshot) -> bool) -> &Snapshot {
        &self.shots[self.shots.partition_point(before).max(1) - 1]
    }

    pub(super) fn count(&self) -> usize {
        self.shots.len()
    }
}

fn take(simulation: &mut ClusterSimulation) -> Snapshot {
    let recorder = &mut simulation.model.recorder;
    let (trace, series) = (std::mem::take(&mut recorder.trace), std::mem::take(&mut recorder.series));
    let clone = simulation.clone();
    let snapshot = Snapshot { simulation: clone, trace: trace.len(), series: series.len() };
    let recorder = &mut simulation.model.recorder;
    (recorder.trace, recorder.series) = (trace, series);
    snapshot
}
