//! State persistence: when an agent's state is checkpointed and shipped, and from what it is restored (AS3, AS-S2).
//!
//! Picture: an agent writes every change into its **journal** before it acknowledges it. Now and then the whole state goes into a
//! **checkpoint**, so that a replay is short and the journal can be cut; more often the new entries are **shipped** to the nodes
//! that hold a copy ([`super::placement::holders`]). After a failure what is left is looked at, checksum by checksum, and
//! [`choose`] takes the source that keeps most.
//!
//! Entries are counted from the agent's first: `entries = n` means that the first n changes are there. Contract of [`choose`]: it
//! never takes a source that keeps fewer entries than another one that is there; of equals it takes the nearest (journal,
//! checkpoint, then the holder with the lowest id). A torn tail is not damage: an entry that was being written when the power
//! went was never acknowledged, and is cut off in silence. It assumes that all copies stem from one history; two lives of one
//! agent at once (see [`super::leadership`]) break that, and nothing here would notice.

use hms_machine::{Duration, Instant, NodeId};

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

    /// Changes that would be lost with the disk.
    pub fn unshipped(&self) -> u64 {
        self.entries - self.shipped.entries
    }
}

/// What the checksums say of the agent's own journal and checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// All there.
    Intact {
        /// Changes.
        entries: u64,
    },
    /// The last entry is incomplete; all before it is intact.
    TornTail {
        /// Intact changes.
        entries: u64,
    },
    /// Something in the middle, or the newest checkpoint, does not match its checksum.
    Corrupt {
        /// Changes that can be replayed from an earlier intact checkpoint and the intact part of the journal; `None` without such
        /// a checkpoint.
        before: Option<u64>,
    },
    /// There is no disk any more, or an empty one, or it cannot be reached from where the agent shall start.
    Lost,
}

/// A copy that another node says it holds, checksums verified there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldCopy {
    /// The node.
    pub holder: NodeId,
    /// Changes in it.
    pub entries: u64,
}

/// From what the agent starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its own journal; a torn tail is cut off first.
    Journal {
        /// Whether there is a tail to cut.
        cut: bool,
    },
    /// Its own earlier checkpoint and what can be replayed on it; the rest is thrown away.
    Checkpoint,
    /// The copy of this holder.
    Replica(NodeId),
    /// Nothing: it begins with an empty state.
    Empty,
}

/// The choice, and what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restoration {
    /// From what.
    pub source: Source,
    /// Changes that are there afterwards.
    pub entries: u64,
}

impl Restoration {
    /// Acknowledged changes that are gone, if `acknowledged` were.
    pub fn lost(&self, acknowledged: u64) -> u64 {
        acknowledged.saturating_sub(self.entries)
    }
}

/// The source that keeps most.
pub fn choose(local: Local, copies: &[HeldCopy]) -> Restoration {
    let own = match local {
        Local::Intact { entries } => Restoration { source: Source::Journal { cut: false }, entries },
        Local::TornTail { entries } => Restoration { source: Source::Journal { cut: true }, entries },
        Local::Corrupt { before: Some(entries) } => Restoration { source: Source::Checkpoint, entries },
        Local::Corrupt { before: None } | Local::Lost => Restoration { source: Source::Empty, entries: 0 },
    };
    let best = copies.iter().min_by_key(|copy| (std::cmp::Reverse(copy.entries), copy.holder));
    match best {
        // A copy of a few entries is better than an empty beginning; one of none is the same.
        Some(copy) if copy.entries > own.entries => Restoration { source: Source::Replica(copy.holder), entries: copy.entries },
        Some(_) | None => own,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn copy(holder: u32, entries: u64) -> HeldCopy {
        HeldCopy { holder: NodeId(holder), entries }
    }

    #[test]
    fn as3_the_table_of_what_is_left_and_what_is_taken() {
        let copies = [copy(5, 90), copy(3, 90), copy(4, 80)];
        for (local, copies, source, entries) in [
            (Local::Intact { entries: 100 }, &copies[..], Source::Journal { cut: false }, 100),
            (Local::TornTail { entries: 99 }, &copies, Source::Journal { cut: true }, 99),
            (Local::TornTail { entries: 90 }, &copies, Source::Journal { cut: true }, 90),
            (Local::Corrupt { before: Some(60) }, &copies, Source::Replica(NodeId(3)), 90),
            (Local::Corrupt { before: Some(95) }, &copies, Source::Checkpoint, 95),
            (Local::Corrupt { before: Some(60) }, &[], Source::Checkpoint, 60),
            (Local::Corrupt { before: None }, &copies[2..], Source::Replica(NodeId(4)), 80),
            (Local::Lost, &copies, Source::Replica(NodeId(3)), 90),
            (Local::Lost, &[], Source::Empty, 0),
            // The disk lied, or the agent has lived elsewhere in the meantime.
            (Local::Intact { entries: 70 }, &copies, Source::Replica(NodeId(3)), 90),
        ] {
            assert_eq!(choose(local, copies), Restoration { source, entries }, "{local:?} {copies:?}");
        }
        assert_eq!(choose(Local::Lost, &copies).lost(100), 10);
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
            let (mut schedule, mut held) = (Schedule::new(0, at(0)), Vec::new());
            // A change every millisecond for ten seconds, then the disk is gone.
            for millis in 1..=10_000 {
                schedule.appended(millis);
                if schedule.due(configuration, at(millis)).ship {
                    schedule.shipped(millis, at(millis));
                    held = vec![copy(1, millis)];
                }
            }
            choose(Local::Lost, &held).lost(10_000)
        };
        let configuration = StateConfiguration { ship_every: ms(70), ..StateConfiguration::default() };
        assert_eq!(lost(&configuration), 10_000 % 70);
        assert_eq!(lost(&StateConfiguration { ship: false, ..configuration }), 10_000);
    }

    proptest! {
        #[test]
        fn no_source_is_taken_that_keeps_less_than_another(
            kind in 0usize..5, own in 0u64..100, copies in prop::collection::vec((0u32..9, 0u64..100), 0..5),
        ) {
            let local = [
                Local::Intact { entries: own },
                Local::TornTail { entries: own },
                Local::Corrupt { before: Some(own) },
                Local::Corrupt { before: None },
                Local::Lost,
            ][kind];
            let copies: Vec<_> = copies.into_iter().map(|(holder, entries)| copy(holder, entries)).collect();
            let taken = choose(local, &copies);
            prop_assert!(copies.iter().all(|copy| copy.entries <= taken.entries));
            prop_assert!(kind > 2 || taken.entries >= own);
            let mut reversed = copies;
            reversed.reverse();
            prop_assert_eq!(choose(local, &reversed), taken);
        }

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
                prop_assert!(schedule.unshipped() > 0);
            }
        }
    }
}
