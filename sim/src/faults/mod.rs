//! Faults: what goes wrong, settled before the run begins.
//!
//! Picture the script of a play: the rules of the scenario and the seed are written out into one list of occurrences, each with its start, end,
//! victims and strength. The list is a value. It can be printed, edited, shrunk, saved and played again, and nothing that the stack does
//! can touch it, so two stacks under one seed meet the same faults. A node learns of it only by suffering.
//!
//! Contract: a rule's draws depend on the seed, the rule's name (or group), its target and the number of the occurrence. So adding a rule leaves the
//! faults of the others as they were (but in a group the next strike waits for the longest of its faults), and adding a node those of the
//! other nodes.

mod digest;
mod display;
#[cfg(test)]
pub(crate) mod example;
mod rules;
mod severity;
pub mod swarm;
mod targets;
#[cfg(test)]
mod tests;

use std::fmt;

use hms_machine::{AgentId, Instant, NodeId, Ratio, ServiceId, Streams};
use hms_scenario::model::{FaultKind, Scenario};

use crate::services::placement::Placement;
use crate::workload::{Herd, Surge};
use rules::Draft;

/// Position of a fault in its schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u32);

impl FaultId {
    /// The position in [`Schedule::faults`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f{}", self.0)
    }
}

/// One occurrence of a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledFault {
    /// Its position in the schedule.
    pub id: FaultId,
    /// Names this occurrence whatever else is in the schedule: the same in a shrunk schedule and beside additional rules. What the world draws on
    /// account of a fault should be keyed by this, not by `id`.
    pub key: u64,
    /// Name of the rule that it comes from; `swarm/` and the kind for faults of the swarm.
    pub name: String,
    /// What happens, as strong as it will be: severities of traces and intensities of swarms are worked in.
    pub kind: FaultKind,
    /// To whom.
    pub victims: Victims,
    /// When it begins.
    pub start: Instant,
    /// When it ends, not before `start`; equal to it for kinds that act in an instant; `None`: never. May lie beyond the end of the run.
    pub end: Option<Instant>,
    /// Name of the group of rules that strike together.
    pub group: Option<String>,
    /// Share of the full effect that a trace stated; one otherwise. For reports: `kind` has it worked in.
    pub severity: Ratio,
}

/// Whom one occurrence strikes. Hosts suffer as `Nodes`, processes as `Agents`, in order of their ids, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Victims {
    /// These hosts.
    Nodes(Vec<NodeId>),
    /// These processes.
    Agents(Vec<AgentId>),
    /// The load with this index.
    Load(usize),
    /// All calls to this service.
    Service(ServiceId),
    /// Messages from any of the first to any of the second set of nodes.
    Links {
        /// Senders.
        from: Vec<NodeId>,
        /// Receivers.
        to: Vec<NodeId>,
        /// Also in the other direction.
        both: bool,
    },
    /// The kind says it itself.
    Cluster,
}

/// All faults of a run, in order of start, then rule, then occurrence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Indexed by [`FaultId`].
    pub faults: Vec<ScheduledFault>,
}

impl Schedule {
    /// The faults that a seed makes of a scenario: those of its rules, and those of its swarm. Faults that would begin at or after the end of
    /// the run are left out; ends beyond it are kept.
    ///
    /// # Panics
    /// When a rule is one that scenarios are checked not to hold: a kind that its target cannot suffer, or over a million occurrences for
    /// one target.
    pub fn generate(scenario: &Scenario, placement: &Placement, streams: &Streams) -> Self {
        let mut drafts = rules::drafts(scenario, placement, streams);
        if let Some(swarm) = &scenario.swarm {
            drafts.extend(swarm::drafts(swarm, scenario, placement, streams));
        }
        let end = Instant::ZERO.saturating_add(scenario.run.duration);
        drafts.retain(|draft| draft.fault.start < end);
        drafts.sort_by_key(Draft::order);
        Schedule::of(drafts.into_iter().map(|draft| draft.fault).collect())
    }

    /// A schedule of these faults in this order; ids are given anew. The order should be that of their starts.
    pub fn of(faults: Vec<ScheduledFault>) -> Self {
        let mut schedule = Schedule { faults };
        for (index, fault) in schedule.faults.iter_mut().enumerate() {
            fault.id = FaultId(u32::try_from(index).expect("more than 2^32 faults"));
        }
        schedule
    }

    /// The fault with this id.
    pub fn get(&self, id: FaultId) -> &ScheduledFault {
        &self.faults[id.index()]
    }

    /// This schedule without some of its faults. The others keep their keys and get new ids.
    pub fn without(&self, ids: &[FaultId]) -> Self {
        let mut rest = self.clone();
        rest.retain(|fault| !ids.contains(&fault.id));
        rest
    }

    /// Keeps the faults for which `keep` holds. They keep their keys and get new ids.
    pub fn retain(&mut self, keep: impl FnMut(&ScheduledFault) -> bool) {
        self.faults.retain(keep);
        *self = Schedule::of(std::mem::take(&mut self.faults));
    }

    /// The surges and herds that strike a load, for its arrival process.
    pub fn surges_and_herds(&self, load: usize) -> (Vec<Surge>, Vec<Herd>) {
        let (mut surges, mut herds) = (Vec::new(), Vec::new());
        for fault in self.faults.iter().filter(|fault| fault.victims == Victims::Load(load)) {
            match fault.kind {
                FaultKind::Surge { factor } => {
                    surges.push(Surge { start: fault.start, end: fault.end.unwrap_or(Instant::MAX), factor });
                }
                FaultKind::Herd { requests } => herds.push(Herd { at: fault.start, requests }),
                _ => {}
            }
        }
        (surges, herds)
    }
}
