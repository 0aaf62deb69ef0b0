//! Counts over the last stretch of time: a ring of ten buckets (as many as Hystrix's rolling window has), each a tenth of the window long.
//!
//! The oldest bucket falls out as a whole, so what is counted covers between nine tenths of the window and all of it. An event costs
//! the same however many came before.

use hms_machine::{Duration, Instant};

const BUCKETS: usize = 10;

/// How often each of `KINDS` things happened lately.
#[derive(Clone, Debug)]
pub(crate) struct Window<const KINDS: usize> {
    /// Nanoseconds of one bucket, at least 1.
    bucket: u64,
    /// Number of the bucket that is being filled, counted from the start of time.
    newest: u64,
    buckets: [[u32; KINDS]; BUCKETS],
    totals: [u32; KINDS],
}

impl<const KINDS: usize> Window<KINDS> {
    /// An empty window of this length.
    pub(crate) fn new(length: Duration) -> Self {
        let bucket = (length.as_nanos() / BUCKETS as u64).max(1);
        Window { bucket, newest: 0, buckets: [[0; KINDS]; BUCKETS], totals: [0; KINDS] }
    }

    /// Counts one event of this kind. One that comes late counts as new.
    pub(crate) fn add(&mut self, kind: usize, now: Instant) {
        self.forget(now);
        self.buckets[(self.newest % BUCKETS as u64) as usize][kind] += 1;
        self.totals[kind] += 1;
    }

    /// The counts of the window that ends now.
    pub(crate) fn totals(&mut self, now: Instant) -> [u32; KINDS] {
        self.forget(now);
        self.totals
    }

    fn forget(&mut self, now: Instant) {
        let current = now.as_nanos() / self.bucket;
        let passed = current.saturating_sub(self.newest).min(BUCKETS as u64);
        for step in 1..=passed {
            let oldest = &mut self.buckets[((current - passed + step) % BUCKETS as u64) as usize];
            for (total, count) in self.totals.iter_mut().zip(std::mem::replace(oldest, [0; KINDS])) {
                *total -= count;
            }
        }
        self.newest = self.newest.max(current);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_counts_all_of_its_last_nine_tenths_and_nothing_older_than_itself(
            gaps in prop::collection::vec(0u64..400, 1..200), length in 10u64..1_000,
        ) {
            let mut window = Window::<1>::new(Duration::from_nanos(length * 10));
            let (mut now, mut events) = (0, Vec::new());
            for gap in gaps {
                now += gap * 10;
                events.push(now);
                window.add(0, Instant::from_nanos(now));
                let within = |span: u64| events.iter().filter(|event| **event + span > now).count() as u32;
                let [counted] = window.totals(Instant::from_nanos(now));
                prop_assert!(counted >= within(length * 9) && counted <= within(length * 10), "{counted}");
            }
        }
    }
}
