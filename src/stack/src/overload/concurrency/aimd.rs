//! Additive increase, multiplicative decrease (Chiu and Jain, "Analysis of the increase and decrease algorithms", 1989; `AIMDLimit` of
//! concurrency-limits).

use super::{ConcurrencyConfiguration, Sample};

/// Has no memory besides the limit.
#[derive(Clone, Debug)]
pub(super) struct Aimd;

impl Aimd {
    /// The limit after this call.
    pub(super) fn moved(&mut self, configuration: &ConcurrencyConfiguration, limit: f64, sample: Sample) -> f64 {
        if sample.dropped || sample.latency > configuration.aimd_timeout {
            limit * configuration.aimd_backoff
        } else if f64::from(sample.in_progress) * 2.0 >= limit {
            limit + 1.0
        } else {
            limit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::{ms, secs};

    #[test]
    fn the_limit_moves_as_the_library_says() {
        let configuration = ConcurrencyConfiguration::default();
        let sample = Sample { latency: ms(10), in_progress: 50, dropped: false };
        let cases = [
            ("used to the half", sample, 101.0),
            ("less than half used", Sample { in_progress: 49, ..sample }, 100.0),
            ("dropped", Sample { dropped: true, ..sample }, 90.0),
            ("slow", Sample { latency: secs(6), ..sample }, 90.0),
        ];
        for (case, sample, expected) in cases {
            assert_eq!(Aimd.moved(&configuration, 100.0, sample), expected, "{case}");
        }
    }
}
