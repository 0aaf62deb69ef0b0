//! What faults do to agents and their processes.
//!
//! Two things carry afflictions. An agent carries what lives in its software or its data (a regression, a crash loop, leaks, gray failure): every
//! process of it that runs or is started has it too, wherever. A process carries a copy of these, what has leaked so far, and whether it is stuck.

use hms_machine::{Bytes, Distribution, Instant, Ratio};
use hms_scenario::model::FaultKind;

use crate::faults::{FaultId, ScheduledFault};

/// What faults do at present, by fault, so that overlapping ones can end in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Afflictions {
    pub(super) hangs: Vec<FaultId>,
    pub(super) loops: Vec<(FaultId, Distribution)>,
    /// Multiplier of work and share of errors.
    pub(super) regressions: Vec<(FaultId, f64, Ratio)>,
    pub(super) gray: Vec<(FaultId, Ratio)>,
    pub(super) leaks: Vec<(FaultId, Bytes)>,
    /// Handles per second, and since when.
    pub(super) handle_leaks: Vec<(FaultId, f64)>,
    handles: f64,
    handles_at: Instant,
}

impl Afflictions {
    /// What a process meets that is started now.
    pub(super) fn of_new_process(&self, now: Instant) -> Self {
        Afflictions { handles: 0.0, handles_at: now, hangs: Vec::new(), ..self.clone() }
    }

    /// A fault begins; `replicas` is the word that decides whether this agent has the new version.
    pub(super) fn add(&mut self, fault: &ScheduledFault, replicas: u64, now: Instant) {
        let id = fault.id;
        match &fault.kind {
            FaultKind::Hang => self.hangs.push(id),
            FaultKind::CrashLoop { after } => self.loops.push((id, after.clone())),
            FaultKind::Gray { errors } => self.gray.push((id, *errors)),
            FaultKind::Regression { factor, errors, replicas: share } => {
                if share.happens(replicas) {
                    self.regressions.push((id, *factor, *errors));
                }
            }
            FaultKind::HandleLeak { rate } => {
                self.handles(now);
                self.handle_leaks.push((id, *rate));
            }
            FaultKind::MemoryLeak { rate } => self.leaks.push((id, *rate)),
            _ => panic!("fault {} of kind {:?} does not last in agents", fault.name, fault.kind),
        }
    }

    /// A fault ends; says whether it was there.
    pub(super) fn lift(&mut self, id: FaultId, now: Instant) -> bool {
        let count = |afflictions: &Afflictions| {
            afflictions.hangs.len()
                + afflictions.loops.len()
                + afflictions.regressions.len()
                + afflictions.gray.len()
                + afflictions.leaks.len()
                + afflictions.handle_leaks.len()
        };
        let before = count(self);
        if self.handle_leaks.iter().any(|(known, _)| *known == id) {
            self.handles(now);
        }
        self.hangs.retain(|known| *known != id);
        self.loops.retain(|(known, _)| *known != id);
        self.regressions.retain(|(known, _, _)| *known != id);
        self.gray.retain(|(known, _)| *known != id);
        self.leaks.retain(|(known, _)| *known != id);
        self.handle_leaks.retain(|(known, _)| *known != id);
        count(self) < before
    }

    /// File handles in use by leaks, brought up to `now`.
    pub(super) fn handles(&mut self, now: Instant) -> f64 {
        let rate: f64 = self.handle_leaks.iter().map(|(_, rate)| rate).sum();
        self.handles += rate * now.saturating_since(self.handles_at).as_secs_f64();
        self.handles_at = now;
        self.handles
    }

    /// Multiplier of the work of a request.
    pub(super) fn work_factor(&self) -> f64 {
        self.regressions.iter().map(|(_, factor, _)| factor).product()
    }
}
