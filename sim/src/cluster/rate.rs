//! How fast work gets done: exact fixed-point arithmetic shared by cores and disks.
//!
//! Work is counted in 2^-32 ns of a device at its nominal speed, a rate in 2^-32 of that speed. A span of time at a rate does
//! `span × rate` units of work *exactly*, so a task may be interrupted, slowed down and sped up any number of times and no
//! work is lost or gained. Rounding happens in two places only: a rate is rounded up to the next multiple of 2^-32 (relative
//! error below 2.4e-10 / rate), and work ends at the first whole nanosecond at which all of it is done.

use hms_machine::Duration;

const FRACTION_BITS: u32 = 32;
const ONE: u64 = 1 << FRACTION_BITS;

/// A speed relative to the nominal one, in units of 2^-32: at least one unit, at most 2^32 times nominal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate(u64);

/// An amount of work, in 2^-32 ns at nominal speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work(u128);

impl Rate {
    /// Nominal speed.
    pub(super) const NOMINAL: Rate = Rate(ONE);

    /// `speed` times nominal, rounded up to the next multiple of 2^-32.
    ///
    /// # Panics
    /// When `speed` is not a number above 0.
    pub(super) fn new(speed: f64) -> Self {
        assert!(speed > 0.0, "a device runs at {speed} times its speed");
        // A product with a power of two is exact, and the cast saturates.
        Rate((libm::ceil(speed * ONE as f64) as u64).max(1))
    }

    /// Work done in `nanos` nanoseconds.
    #[inline]
    pub(super) fn work(self, nanos: u64) -> Work {
        Work(u128::from(nanos) * u128::from(self.0))
    }

    /// Nanoseconds until `work` is done, rounded up; `u64::MAX` if that is beyond the range.
    #[inline]
    pub(super) fn nanos(self, work: Work) -> u64 {
        match u64::try_from(work.0) {
            Ok(work) => work.div_ceil(self.0),
            Err(_) => u64::try_from(work.0.div_ceil(u128::from(self.0))).unwrap_or(u64::MAX),
        }
    }
}

impl Work {
    /// What a device at nominal speed does in `time`.
    #[inline]
    pub(super) fn of(time: Duration) -> Self {
        Work(u128::from(time.as_nanos()) << FRACTION_BITS)
    }

    /// What is left of `self` after `done`.
    ///
    /// # Panics
    /// When more was done than there was to do.
    #[inline]
    pub(super) fn after(self, done: Work) -> Self {
        Work(self.0.checked_sub(done.0).expect("more work done than there was"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(speed: f64, work: u64) -> u64 {
        Rate::new(speed).nanos(Work::of(Duration::from_nanos(work)))
    }

    #[test]
    fn common_speeds_give_the_whole_numbers_one_expects() {
        assert_eq!(nanos(1.0, 12_345), 12_345);
        assert_eq!(nanos(0.5, 1_000), 2_000);
        assert_eq!(nanos(1.0 / 3.0, 1_000_000), 3_000_000);
        assert_eq!(nanos(0.1, 1_000), 10_000);
        assert_eq!(nanos(2.5, 1_000), 400);
        assert_eq!(nanos(2.0, 3), 2);
    }

    #[test]
    fn large_work_and_tiny_speeds_saturate() {
        assert_eq!(nanos(1.0, u64::MAX), u64::MAX);
        assert_eq!(nanos(1e-30, u64::MAX), u64::MAX);
        assert_eq!(nanos(1e-30, 1), 1 << 32);
        assert_eq!(nanos(1e30, u64::MAX), 1 << 32);
    }

    #[test]
    #[should_panic(expected = "runs at 0 times")]
    fn a_device_that_stands_still_is_refused() {
        Rate::new(0.0);
    }

    proptest::proptest! {
        #[test]
        fn work_is_done_at_the_first_nanosecond_that_suffices(speed in 1e-6f64..1e3, work in 1u64..1 << 62) {
            let (rate, work) = (Rate::new(speed), Work::of(Duration::from_nanos(work)));
            let nanos = rate.nanos(work);
            if nanos < u64::MAX {
                proptest::prop_assert!(rate.work(nanos) >= work);
                proptest::prop_assert!(rate.work(nanos - 1) < work);
            }
        }
    }
}
