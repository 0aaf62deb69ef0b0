//! Surges: windows in which requests arrive at a multiple of their rate.

use hms_machine::{Duration, Instant};

/// A window in which requests arrive at a multiple of their rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surge {
    /// From this instant on.
    pub start: Instant,
    /// Until before this one; [`Instant::MAX`]: for ever.
    pub end: Instant,
    /// Multiplier, 0 or more.
    pub factor: f64,
}

/// Requests that come all at once, besides those that come anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Herd {
    /// When.
    pub at: Instant,
    /// How many.
    pub requests: u32,
}

/// The product of all surges as a function of time: constant between the instants at which one begins or ends.
#[derive(Clone, Debug)]
pub(crate) struct Surges {
    /// From each instant on, this factor; the first is the start of the run.
    steps: Vec<(Instant, f64)>,
}

impl Surges {
    /// Windows may overlap: their factors multiply.
    pub(crate) fn new(windows: &[Surge]) -> Self {
        let mut bounds = vec![Instant::ZERO];
        bounds.extend(windows.iter().flat_map(|surge| [surge.start, surge.end]));
        bounds.retain(|bound| *bound < Instant::MAX);
        bounds.sort_unstable();
        bounds.dedup();
        let factor = |at: Instant| {
            let acting = windows.iter().filter(|surge| surge.start <= at && at < surge.end);
            acting.map(|surge| surge.factor).product()
        };
        Surges { steps: bounds.into_iter().map(|at| (at, factor(at))).collect() }
    }

    /// The factor of step `index`, and when it ends.
    pub(super) fn step(&self, index: usize) -> (f64, Instant) {
        (self.steps[index].1, self.steps.get(index + 1).map_or(Instant::MAX, |step| step.0))
    }

    /// When something is over that begins at `at` and takes `span` without surges, if time passes `factor` times as fast for it: a client's
    /// thinking. [`Instant::MAX`] if it never is.
    pub(crate) fn bend(&self, mut at: Instant, mut span: Duration) -> Instant {
        let first = self.steps.partition_point(|step| step.0 <= at) - 1;
        for index in first..self.steps.len() {
            let (factor, end) = self.step(index);
            let needed = if factor == 0.0 { Duration::MAX } else { span.mul_f64(1.0 / factor) };
            let over = at.saturating_add(needed);
            if over <= end {
                return over;
            }
            span = span.saturating_sub((end - at).mul_f64(factor));
            at = end;
        }
        at
    }

    /// The factor at an instant.
    pub(super) fn factor(&self, at: Instant) -> f64 {
        self.steps[self.steps.partition_point(|step| step.0 <= at) - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::example::secs;

    fn surge(start: u64, end: u64, factor: f64) -> Surge {
        Surge { start: secs(start), end: secs(end), factor }
    }

    #[test]
    fn overlapping_surges_multiply() {
        let surges = Surges::new(&[surge(10, 30, 2.0), surge(20, 40, 3.0)]);
        let factors = [0, 10, 20, 29, 30, 40].map(|at| surges.factor(secs(at)));
        assert_eq!(factors, [1.0, 2.0, 6.0, 6.0, 3.0, 1.0]);
        assert_eq!(surges.step(2), (6.0, secs(30)));
        assert_eq!(surges.step(4), (1.0, Instant::MAX));
    }

    #[test]
    fn a_surge_bends_the_time_of_whoever_thinks_through_it() {
        let surges = Surges::new(&[surge(10, 20, 2.0), surge(30, 40, 0.0)]);
        let bent = |at, span| surges.bend(secs(at), Duration::from_secs(span));
        assert_eq!(bent(0, 7), secs(7));
        // Ten seconds as ever, six in three of the surge.
        assert_eq!(bent(0, 16), secs(13));
        // Twenty in ten of the surge, one after it.
        assert_eq!(bent(10, 21), secs(21));
        // Nobody finishes a thought during a silence.
        assert_eq!((bent(29, 1), bent(29, 2), bent(35, 1)), (secs(30), secs(41), secs(41)));
        let silence = Surges::new(&[Surge { start: secs(10), end: Instant::MAX, factor: 0.0 }]);
        assert_eq!(silence.bend(secs(9), Duration::from_secs(2)), Instant::MAX);
    }

    #[test]
    fn a_surge_without_end_lasts() {
        let surges = Surges::new(&[Surge { start: secs(10), end: Instant::MAX, factor: 0.0 }]);
        assert_eq!(surges.step(1), (0.0, Instant::MAX));
    }
}
