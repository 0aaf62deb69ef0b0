//! What an agent owes its callers: ground truth about the entries that it has acknowledged, wherever it ran.
//!
//! Picture an auditor who notes every receipt that is handed out, and who asks whoever takes over the shop to show the goods. Entries are counted on
//! the agent and not on its instances: one that starts where nothing is finds the receipts of all others held against it.
//!
//! What is counted. An entry *stands* from its acknowledgement until an instance has built a state without it. A new state is measured against all
//! entries that stand, and against those that it brings back: acknowledged = kept + lost, and what was lost once is not held against later starts.
//! When two instances ran at once, each has acknowledged entries that the other has not. Both kinds stand, so the next state that is built, of
//! whichever instance, lacks those of the other and they count as lost: that is the loss that a split brain brings. If the other builds its
//! state once more, its entries are back and are counted again, as kept, and stand again.

use crate::cluster::storage::Entries;

/// The entries of one agent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Serials given so far.
    handed_out: u64,
    /// Every entry that a caller was told of.
    acknowledged: Entries,
    /// Of those, the ones that were in the state built last, and those acknowledged since.
    standing: Entries,
}

/// How a new state fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Audit {
    pub(super) acknowledged: u64,
    pub(super) kept: u64,
}

impl Ledger {
    /// The serial of an entry that is handed over to a disk.
    pub(super) fn hand_out(&mut self) -> u64 {
        self.handed_out += 1;
        self.handed_out - 1
    }

    /// A caller is told that the entry is safe.
    pub(super) fn acknowledge(&mut self, serial: u64) {
        self.acknowledged.insert(serial);
        self.standing.insert(serial);
    }

    /// An instance has built its state.
    pub(super) fn rebuilt(&mut self, state: &Entries) -> Audit {
        let found = state.common(&self.acknowledged);
        let kept = found.len();
        let lost = self.standing.len() - self.standing.common(&found).len();
        self.standing = found;
        Audit { acknowledged: kept + lost, kept }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ten entries, of which the fifth was not acknowledged.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        for _ in 0..10 {
            let serial = ledger.hand_out();
            if serial != 4 {
                ledger.acknowledge(serial);
            }
        }
        ledger
    }

    fn row(serials: std::ops::Range<u64>) -> Entries {
        serials.collect()
    }

    #[test]
    fn what_was_not_acknowledged_is_not_owed() {
        assert_eq!(ledger().rebuilt(&row(0..10)), Audit { acknowledged: 9, kept: 9 });
    }

    #[test]
    fn a_loss_is_counted_once() {
        let mut ledger = ledger();
        assert_eq!(ledger.rebuilt(&row(0..7)), Audit { acknowledged: 9, kept: 6 });
        assert_eq!(ledger.rebuilt(&row(0..7)), Audit { acknowledged: 6, kept: 6 });
    }

    #[test]
    fn what_is_brought_back_counts_again() {
        let mut ledger = ledger();
        assert_eq!(ledger.rebuilt(&Entries::new()), Audit { acknowledged: 9, kept: 0 });
        let serial = ledger.hand_out();
        ledger.acknowledge(serial);
        assert_eq!(ledger.rebuilt(&row(0..8)), Audit { acknowledged: 8, kept: 7 }, "the new entry is lost");
    }

    #[test]
    fn two_instances_at_once_lack_each_others_entries() {
        let mut ledger = Ledger::default();
        let (mut one, mut two) = (Entries::new(), Entries::new());
        for _ in 0..5 {
            for state in [&mut one, &mut two] {
                let serial = ledger.hand_out();
                state.insert(serial);
                ledger.acknowledge(serial);
            }
        }
        assert_eq!(ledger.rebuilt(&one), Audit { acknowledged: 10, kept: 5 });
        assert_eq!(ledger.rebuilt(&two), Audit { acknowledged: 10, kept: 5 });
    }

    proptest! {
        /// Of a single instance that loses an end of its state now and then, every acknowledged entry is in its last state or was lost once.
        #[test]
        fn every_acknowledged_entry_is_kept_or_lost_once(lives in prop::collection::vec((prop::collection::vec(any::<bool>(), 0..20), 0u64..40), 1..10)) {
            let mut ledger = Ledger::default();
            let mut state = Entries::new();
            let (mut told, mut lost, mut kept) = (0, 0, 0);
            for (entries, left) in lives {
                for acknowledged in entries {
                    let serial = ledger.hand_out();
                    state.insert(serial);
                    if acknowledged {
                        ledger.acknowledge(serial);
                        told += 1;
                    }
                }
                state.truncate(left);
                let audit = ledger.rebuilt(&state);
                lost += audit.acknowledged - audit.kept;
                kept = audit.kept;
                prop_assert_eq!(told, kept + lost);
            }
            prop_assert_eq!(ledger.rebuilt(&state), Audit { acknowledged: kept, kept });
        }
    }
}
