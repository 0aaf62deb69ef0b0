//! A quantile of recent latencies, from a histogram whose old counts fade.
//!
//! Buckets grow with the value: each power of two of nanoseconds is cut into 16, so a bucket is at most 1/16 of its lower edge wide, and
//! the middle of it, which is what is told, is at most 1/32 (3.2 %) off any value in it. Values below 1 µs count as 1 µs, values above 73
//! min as 73 min. After every `MEMORY` values all counts are halved, so what was seen 2 × `MEMORY` values ago weighs at most a quarter. The
//! error in rank is that of the faded sample.
//!
//! Not P² (Jain and Chlamtac, CACM 1985): its five markers never forget, and its error on bimodal latencies has no bound.

use hms_machine::Duration;

const SUBDIVISIONS: u32 = 16;
/// Values below 2^10 ns share the first bucket.
const FIRST_OCTAVE: u32 = 10;
const OCTAVES: u32 = 32;
const BUCKETS: usize = (SUBDIVISIONS * OCTAVES) as usize;
/// Values after which counts are halved.
const MEMORY: u32 = 1_024;
/// The quantile is looked up anew after so many values; looking up walks the buckets.
const REFRESH: u32 = 16;

/// A quantile of what was seen lately.
#[derive(Clone, Debug)]
pub(crate) struct RecentQuantile {
    quantile: f64,
    /// Empty before the first value: most callers never ask for a quantile.
    counts: Vec<u32>,
    /// Sum of the counts.
    weight: u32,
    /// Values since the counts were halved.
    seen: u32,
    value: Option<Duration>,
}

impl RecentQuantile {
    /// The quantile `quantile` (0 to 1) of nothing yet.
    pub(crate) fn new(quantile: f64) -> Self {
        RecentQuantile { quantile, counts: Vec::new(), weight: 0, seen: 0, value: None }
    }

    /// Adds a value.
    pub(crate) fn observe(&mut self, value: Duration) {
        self.counts.resize(BUCKETS, 0);
        self.counts[bucket(value)] += 1;
        self.weight += 1;
        self.seen += 1;
        if self.seen == MEMORY {
            self.seen = 0;
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.weight = self.counts.iter().sum();
        }
        if self.weight < REFRESH || self.seen.is_multiple_of(REFRESH) {
            self.value = self.look_up();
        }
    }

    /// The quantile, at most `REFRESH` values old; `None` before the first value.
    pub(crate) fn value(&self) -> Option<Duration> {
        self.value
    }

    /// Number of values it stands on, faded ones counted in part.
    pub(crate) fn weight(&self) -> u32 {
        self.weight
    }

    fn look_up(&self) -> Option<Duration> {
        // The least rank that covers the quantile, from 1.
        let rank = ((self.quantile * f64::from(self.weight)).ceil() as u32).clamp(1, self.weight.max(1));
        let mut below = 0;
        let found = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        found.map(middle)
    }
}

fn bucket(value: Duration) -> usize {
    let nanos = value.as_nanos().clamp(1 << FIRST_OCTAVE, (1 << (FIRST_OCTAVE + OCTAVES)) - 1);
    let octave = nanos.ilog2();
    let within = (nanos >> (octave - SUBDIVISIONS.ilog2())) as u32 - SUBDIVISIONS;
    ((octave - FIRST_OCTAVE) * SUBDIVISIONS + within) as usize
}

fn middle(bucket: usize) -> Duration {
    let (octave, within) = (bucket as u32 / SUBDIVISIONS + FIRST_OCTAVE, bucket as u32 % SUBDIVISIONS);
    let width = 1u64 << (octave - SUBDIVISIONS.ilog2());
    Duration::from_nanos(u64::from(SUBDIVISIONS + within) * width + width / 2)
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_quantile_of_exponential_latencies_is_that_of_the_distribution() {
        let mut p95 = RecentQuantile::new(0.95);
        for ordinal in 0..20_000 {
            let uniform = Streams::new(Seed(3)).draw(Purpose::named("test/quantile"), 0, ordinal).open_uniform();
            p95.observe(Duration::from_secs_f64(-0.01 * libm::log(uniform)));
        }
        // 10 ms × ln 20 = 29.96 ms; about 1,500 values of weight give a standard error of 4 %, the buckets 3.2 %.
        let millis = p95.value().expect("observed").as_millis_f64();
        assert!((millis / 29.96 - 1.0).abs() < 0.12, "{millis}");
    }

    #[test]
    fn what_was_seen_long_ago_is_forgotten() {
        let mut median = RecentQuantile::new(0.5);
        (0..5_000).for_each(|_| median.observe(Duration::from_millis(1)));
        (0..2_500).for_each(|_| median.observe(Duration::from_millis(100)));
        let millis = median.value().expect("observed").as_millis_f64();
        assert!((millis / 100.0 - 1.0).abs() < 0.032, "{millis}");
    }

    proptest! {
        #[test]
        fn a_value_is_told_with_at_most_a_thirty_second_of_error(nanos in 1u64 << 10..1 << 42) {
            let mut only = RecentQuantile::new(0.5);
            only.observe(Duration::from_nanos(nanos));
            let told = only.value().expect("observed").as_nanos() as f64;
            prop_assert!((told / nanos as f64 - 1.0).abs() <= 1.0 / 32.0, "{told}");
        }

        #[test]
        fn a_higher_quantile_is_no_lower(values in prop::collection::vec(0u64..1 << 45, 1..200), low in 0.0f64..1.0, high in 0.0f64..1.0) {
            let quantile = |quantile| {
                let mut recent = RecentQuantile::new(quantile);
                values.iter().for_each(|nanos| recent.observe(Duration::from_nanos(*nanos)));
                recent.look_up()
            };
            prop_assert!(quantile(low.min(high)) <= quantile(low.max(high)));
        }
    }
}
