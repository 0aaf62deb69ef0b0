//! Which event caused which, almost for free.
//!
//! Events scheduled while event s is being dispatched get consecutive seqs. So it is enough to note, for each dispatch that
//! scheduled anything, the first of them: a table that grows in both columns, in which a binary search finds the cause.

/// The causes of all events scheduled while tracing was on: 16 bytes per dispatch that scheduled something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CauseTable {
    /// (first seq of a run of consecutive seqs, the seq of the event that scheduled them; 0: scheduled from outside).
    runs: Vec<(u64, u64)>,
    /// All seqs below this are covered by `runs`.
    end: u64,
}

impl CauseTable {
    pub(super) fn starting_at(next_seq: u64) -> Self {
        CauseTable { runs: Vec::new(), end: next_seq }
    }

    /// Notes that seqs from the last call's end up to `next_seq` were given out by `cause`.
    #[inline]
    pub(super) fn note(&mut self, cause: u64, next_seq: u64) {
        if next_seq > self.end {
            self.runs.push((self.end, cause));
            self.end = next_seq;
        }
    }

    /// The seq of the event that scheduled event `seq`; `None` if it was scheduled from outside, before tracing began, or not yet.
    pub fn cause_of(&self, seq: u64) -> Option<u64> {
        if seq >= self.end {
            return None;
        }
        let run = self.runs.partition_point(|&(first, _)| first <= seq).checked_sub(1)?;
        Some(self.runs[run].1).filter(|&cause| cause != 0)
    }

    /// The chain of causes from `seq` (not included) back to an event that was scheduled from outside (included).
    pub fn path(&self, seq: u64) -> impl Iterator<Item = u64> + '_ {
        std::iter::successors(self.cause_of(seq), |&cause| self.cause_of(cause))
    }

    /// Bytes of heap memory held.
    pub fn memory(&self) -> usize {
        self.runs.capacity() * size_of::<(u64, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_by_the_run_of_seqs_it_gave_out() {
        let mut causes = CauseTable::starting_at(10);
        causes.note(0, 12); // 10 and 11 from outside
        causes.note(10, 15); // 12, 13, 14
        causes.note(11, 15); // nothing
        causes.note(12, 16); // 15
        let found: Vec<_> = (9..17).map(|seq| causes.cause_of(seq)).collect();
        assert_eq!(found, [None, None, None, Some(10), Some(10), Some(10), Some(12), None]);
        assert_eq!(causes.path(15).collect::<Vec<_>>(), [12, 10]);
    }
}
