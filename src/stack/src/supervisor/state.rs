//! State persistence: when an agent's state is checkpointed and shipped, and what an acknowledgement waits for (AS3, AS-S2).
//!
//! Picture: an agent writes every change into its **journal** before it acknowledges it. Now and then the whole state goes into a
//! **checkpoint**, so that a replay is short and the journal can be cut; more often the new entries are **shipped** to the nodes
//! that hold a copy ([`super::placement::holders`]).
//!
//! Entries are counted from the agent's first: `entries = n` means that the first n changes are there. From what a start takes its state is not decided here:
//! the rung of the [ladder](super::ladder) says whether it is the own disk, an earlier checkpoint on it, or copies
//! ([`StateSource`](hms_machine::StateSource)); what checksums say of a file, and which of several copies is the best, only those know that have read them.

use hms_machine::{Duration, Instant};

use crate::configuration::Conflict;
use crate::tunables::{choices, hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of state persistence.
    pub struct StateConfiguration("state") {
        enabled: bool = switch(true),
            "Keeps checkpoints and copies of agents' state; off: a start replays the whole journal, and a lost or damaged disk is lost state.";
        checkpoint_every: Duration = duration(ms(100), hours(24), secs(30)),
            "Longest time between two checkpoints of an agent that changes. Shorter: faster replay, more disk.";
        checkpoint_entries: u32 = integer(1, 10_000_000, 5000),
            "A checkpoint is taken after that many changes too.";
        ship: bool = switch(true),
            "Ships changes to the nodes that hold a copy; off: a lost disk is lost state.";
        ship_every: Duration = duration(ms(1), mins(10), ms(200)),
            "Time between two shipments of changes. Shorter: less is lost with a disk, more messages.";
        holders: u32 = integer(1, 3, 2),
            "Nodes that hold a copy of an agent's state.";
        acknowledge: Acknowledge = choice(Acknowledge::NAMES, Acknowledge::Quorum.name()),
            "When an entry counts: once the own disk has it, one holder too, or a quorum. More: less can be lost, later answers, none while too many are away.";
    }
}

choices! {
    /// Who must have an entry on its medium before a caller is told that it is safe.
    pub enum Acknowledge {
        /// The own disk: what was not shipped yet is lost with the host (asynchronous replication, the usual default of databases).
        Local = "local",
        /// The own disk and one holder, whichever is first: what was acknowledged outlives one host, if a start elsewhere reaches that holder
        /// (semi-synchronous replication as in `MySQL`).
        Replica = "replica",
        /// More than half of the keepers (see [`super::placement::keepers`]); a start elsewhere asks so many that one of them must have the entry.
        /// Nothing that was acknowledged is lost with a host or a disk, or by a cut of the network; who reaches no quorum acknowledges nothing
        /// (Gifford, "Weighted voting for replicated data", SOSP 1979).
        Quorum = "quorum",
    }
}

impl StateConfiguration {
    /// So many of `holders` nodes must confirm an entry before it is acknowledged, besides the own disk. `keeps`: the own node is one of `keepers`.
    pub fn copies(&self, keepers: usize, keeps: bool) -> usize {
        match self.acknowledge {
            Acknowledge::Local => 0,
            Acknowledge::Replica => 1,
            Acknowledge::Quorum => keepers / 2 + 1 - usize::from(keeps),
        }
    }

    /// How many nodes keep the state of an agent, wherever it lives (see [`super::placement::keepers`]).
    pub fn keepers(&self) -> usize {
        self.holders as usize + 1
    }

    /// So many of `keepers` must have said what they have before a start chooses a copy.
    pub fn answers(&self, keepers: usize) -> usize {
        match self.acknowledge {
            Acknowledge::Local | Acknowledge::Replica => 1,
            Acknowledge::Quorum => keepers - keepers / 2,
        }
    }

    /// Parameters that do not go together.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.ship && self.ship_every > self.checkpoint_every {
            conflicts.push(Conflict {
                names: ["state.ship_every", "state.checkpoint_every"],
                message: format!(
                    "state.ship_every ({}) must be at most state.checkpoint_every ({}), or the journal is cut before it is shipped",
                    self.ship_every, self.checkpoint_every
                ),
            });
        }
        conflicts
    }

    /// Whether acknowledgements wait for copies.
    pub fn replicates(&self) -> bool {
        self.enabled && self.ship && self.acknowledge != Acknowledge::Local
    }
}

/// When one agent's state is checkpointed and shipped.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    entries: u64,
    checkpointed: Mark,
    shipped: Mark,
}

/// How far something was done, and when.
#[derive(Clone, Copy, Debug)]
struct Mark {
    entries: u64,
    at: Instant,
}

/// What is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Take a checkpoint.
    pub checkpoint: bool,
    /// Ship the changes since the last shipment.
    pub ship: bool,
}

impl Schedule {
    /// An agent whose `entries` changes are in a checkpoint and shipped.
    pub fn new(entries: u64, now: Instant) -> Self {
        let mark = Mark { entries, at: now };
        Schedule { entries, checkpointed: mark, shipped: mark }
    }

    /// The journal holds this many changes now.
    pub fn appended(&mut self, entries: u64) {
        self.entries = self.entries.max(entries);
    }

    /// What is due at `now`. Nothing is, for an agent that has not changed.
    pub fn due(&self, configuration: &StateConfiguration, now: Instant) -> Due {
        let changed = |mark: Mark| self.entries - mark.entries;
        let since = |mark: Mark| now.saturating_since(mark.at);
        Due {
            checkpoint: changed(self.checkpointed) >= u64::from(configuration.checkpoint_entries)
                || (changed(self.checkpointed) > 0 && since(self.checkpointed) >= configuration.checkpoint_every),
            ship: configuration.ship && changed(self.shipped) > 0 && since(self.shipped) >= configuration.ship_every,
        }
    }

    /// When something is due next, if no change comes before.
    pub fn deadline(&self, configuration: &StateConfiguration, now: Instant) -> Option<Instant> {
        let due = self.due(configuration, now);
        let next =
            |mark: Mark, every, wanted: bool| (wanted && self.entries > mark.entries).then(|| mark.at.saturating_add(every));
        let checkpoint = if due.checkpoint { Some(now) } else { next(self.checkpointed, configuration.checkpoint_every, true) };
        checkpoint.into_iter().chain(next(self.shipped, configuration.ship_every, configuration.ship)).min()
    }

    /// A checkpoint of the first `entries` changes is durable.
    pub fn checkpointed(&mut self, entries: u64, now: Instant) {
        self.appended(entries);
        self.checkpointed = Mark { entries: entries.max(self.checkpointed.entries), at: now };
    }

    /// A shipment up to `entries` has left. What gets lost on the way is for the holders to ask for.
    pub fn shipped(&mut self, entries: u64, now: Instant) {
        self.appended(entries);
        self.shipped = Mark { entries: entries.max(self.shipped.entries), at: now };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_checkpoint_is_due_by_time_or_by_changes_and_never_without_a_change() {
        let configuration = StateConfiguration::default();
        let mut schedule = Schedule::new(7, at(0));
        assert_eq!(schedule.due(&configuration, at(3_600_000)), Due::default());
        assert_eq!(schedule.deadline(&configuration, at(0)), None);
        schedule.appended(8);
        assert!(!schedule.due(&configuration, at(29_999)).checkpoint && schedule.due(&configuration, at(30_000)).checkpoint);
        schedule.appended(5007);
        assert!(schedule.due(&configuration, at(1)).checkpoint);
        assert_eq!(schedule.deadline(&configuration, at(1)), Some(at(1)));
        schedule.checkpointed(5007, at(5));
        assert!(!schedule.due(&configuration, at(40_000)).checkpoint);
    }

    #[test]
    fn as_s2_changes_are_shipped_in_time_and_lost_with_the_disk_when_they_are_not() {
        let lost = |configuration: &StateConfiguration| {
            let (mut schedule, mut held) = (Schedule::new(0, at(0)), 0);
            // A change every millisecond for ten seconds, then the disk is gone.
            for millis in 1..=10_000 {
                schedule.appended(millis);
                if schedule.due(configuration, at(millis)).ship {
                    schedule.shipped(millis, at(millis));
                    held = millis;
                }
            }
            10_000 - held
        };
        let configuration = StateConfiguration { ship_every: ms(70), ..StateConfiguration::default() };
        assert_eq!(lost(&configuration), 10_000 % 70);
        assert_eq!(lost(&StateConfiguration { ship: false, ..configuration }), 10_000);
    }

    proptest! {
        #[test]
        fn nothing_stays_unshipped_longer_than_the_interval_when_deadlines_are_served(
            changes in prop::collection::vec(0u64..500, 1..60), every in 1u64..1000,
        ) {
            let configuration = StateConfiguration { ship_every: Duration::from_millis(every), ..StateConfiguration::default() };
            let (mut schedule, mut now, mut entries, mut oldest) = (Schedule::new(0, at(0)), at(0), 0, None);
            for later in changes {
                let next = now + Duration::from_millis(later);
                while let Some(deadline) = schedule.deadline(&configuration, now).filter(|deadline| *deadline <= next) {
                    now = now.max(deadline);
                    let due = schedule.due(&configuration, now);
                    prop_assert!(due != Due::default());
                    if due.ship {
                        schedule.shipped(entries, now);
                        oldest = None;
                    }
                    if due.checkpoint {
                        schedule.checkpointed(entries, now);
                    }
                }
                now = next;
                entries += 1;
                schedule.appended(entries);
                let oldest = *oldest.get_or_insert(now);
                prop_assert!(now.saturating_since(oldest) <= configuration.ship_every);
            }
        }
    }
}
