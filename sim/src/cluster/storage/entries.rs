//! Which entries of an agent stand somewhere: in a state, among those acknowledged, in a copy.
//!
//! Picture numbered tickets in a row. Each entry that any process of an agent hands over to its disk takes the next number, its *serial*, and
//! keeps it in every file and copy. What a process writes comes after everything that it has read, so a state is a row of rising serials, and
//! the entry at position p of the state is the one with p smaller serials. Rows without gaps take the space of one entry.

use std::ops::Range;

/// A row of rising serials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Not empty, not touching, rising.
    runs: Vec<Range<u64>>,
}

impl Entries {
    /// None.
    pub fn new() -> Self {
        Entries::default()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.end - run.start).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds an entry where it belongs; does nothing when it is there.
    pub fn insert(&mut self, serial: u64) {
        // The run that begins last among those at or before the serial.
        let next = self.runs.partition_point(|run| run.start <= serial);
        let joins_next = self.runs.get(next).is_some_and(|run| run.start == serial + 1);
        let before = next.checked_sub(1).map(|index| self.runs[index].end);
        match before {
            Some(end) if serial < end => {}
            Some(end) if serial == end && joins_next => {
                let run = self.runs.remove(next);
                self.runs[next - 1].end = run.end;
            }
            Some(end) if serial == end => self.runs[next - 1].end += 1,
            Some(_) | None if joins_next => self.runs[next].start = serial,
            Some(_) | None => self.runs.insert(next, serial..serial + 1),
        }
    }

    /// Keeps the first `count`.
    pub fn truncate(&mut self, count: u64) {
        let mut left = count;
        self.runs.retain_mut(|run| {
            let kept = left.min(run.end - run.start);
            left -= kept;
            run.end = run.start + kept;
            kept > 0
        });
    }

    /// The first `count`.
    pub fn first(&self, count: u64) -> Entries {
        let mut first = self.clone();
        first.truncate(count);
        first
    }

    /// Those behind the first `count`.
    pub fn behind(&self, count: u64) -> Entries {
        let mut left = count;
        let cut = |run: &Range<u64>| {
            let skipped = left.min(run.end - run.start);
            left -= skipped;
            run.start + skipped..run.end
        };
        Entries { runs: self.runs.iter().map(cut).filter(|run| !run.is_empty()).collect() }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If the row does not begin behind the last entry.
    pub fn append(&mut self, row: &Entries) {
        for run in &row.runs {
            match self.runs.last_mut() {
                Some(last) if last.end == run.start => last.end = run.end,
                Some(last) => {
                    assert!(last.end < run.start, "entry {} comes after entry {}", run.start, last.end - 1);
                    self.runs.push(run.clone());
                }
                None => self.runs.push(run.clone()),
            }
        }
    }

    /// Those that are in both.
    pub fn common(&self, other: &Entries) -> Entries {
        let (mut left, mut right) = (self.runs.iter().peekable(), other.runs.iter().peekable());
        let mut runs = Vec::new();
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            let both = one.start.max(two.start)..one.end.min(two.end);
            if !both.is_empty() {
                runs.push(both);
            }
            if one.end <= two.end {
                left.next()
            } else {
                right.next()
            };
        }
        Entries { runs }
    }

    /// How many entries from the start are the same in both.
    pub fn shared_start(&self, other: &Entries) -> u64 {
        let mut shared = 0;
        for (one, two) in self.runs.iter().zip(&other.runs) {
            if one.start != two.start {
                break;
            }
            shared += one.end.min(two.end) - one.start;
            if one.end != two.end {
                break;
            }
        }
        shared
    }
}

impl FromIterator<u64> for Entries {
    fn from_iter<I: IntoIterator<Item = u64>>(serials: I) -> Self {
        let mut entries = Entries::new();
        serials.into_iter().for_each(|serial| entries.insert(serial));
        entries
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn list(entries: &Entries) -> Vec<u64> {
        entries.runs.iter().cloned().flatten().collect()
    }

    fn set() -> impl Strategy<Value = BTreeSet<u64>> {
        prop::collection::btree_set(0u64..30, 0..20)
    }

    #[test]
    fn consecutive_entries_take_one_run() {
        let mut entries: Entries = [0, 1, 2, 5, 4].into_iter().collect();
        assert_eq!(entries.runs, [0..3, 4..6]);
        entries.insert(3);
        assert_eq!((entries.runs.len(), entries.len()), (1, 6));
    }

    #[test]
    #[should_panic(expected = "entry 2 comes after entry 3")]
    fn a_row_that_begins_within_another_is_not_appended() {
        let mut entries: Entries = [1, 3].into_iter().collect();
        entries.append(&[2].into_iter().collect());
    }

    proptest! {
        #[test]
        fn a_row_is_a_sorted_set(one in set(), order in any::<u64>(), two in set(), count in 0u64..25) {
            let mut shuffled: Vec<u64> = one.iter().copied().collect();
            shuffled.sort_by_key(|serial| (serial ^ order).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let (one_row, two_row): (Entries, Entries) = (shuffled.into_iter().collect(), two.iter().copied().collect());
            let (one, two): (Vec<u64>, Vec<u64>) = (one.into_iter().collect(), two.into_iter().collect());
            let cut = one.len().min(count as usize);
            prop_assert_eq!(list(&one_row), one.clone());
            prop_assert_eq!(one_row.len(), one.len() as u64);
            prop_assert_eq!(list(&one_row.first(count)), one[..cut].to_vec());
            prop_assert_eq!(list(&one_row.behind(count)), one[cut..].to_vec());
            let mut again = one_row.first(count);
            again.append(&one_row.behind(count));
            prop_assert_eq!(&again, &one_row);
            let both: Vec<u64> = one.iter().copied().filter(|serial| two.contains(serial)).collect();
            prop_assert_eq!(list(&one_row.common(&two_row)), both);
            let shared = one.iter().zip(&two).take_while(|(one, two)| one == two).count();
            prop_assert_eq!(one_row.shared_start(&two_row), shared as u64);
        }
    }
}
