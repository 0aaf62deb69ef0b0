//! Units as types, so that a wrong unit does not compile.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

const NANOS_PER_MICRO: u64 = 1_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A point of simulated time: nanoseconds since the start of the run, 0 to 2^64-1 (584 years).
///
/// A node's own clock is also told in `Instant`s, but those are readings of *its* clock, which may be off or drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A span of time in nanoseconds, 0 to 2^64-1 (584 years).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Instant {
    /// The start of the run.
    pub const ZERO: Instant = Instant(0);
    /// Later than any event: "never".
    pub const MAX: Instant = Instant(u64::MAX);

    /// The instant `nanos` nanoseconds after the start of the run.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// Nanoseconds since the start of the run.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start of the run, for reports; not for arithmetic that decides anything.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Time since `earlier`; zero if `earlier` is later than `self`.
    pub const fn saturating_since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Time since `earlier`, or `None` if `earlier` is later than `self`.
    pub fn checked_since(self, earlier: Instant) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration)
    }

    /// `self + duration`, stopping at [`Instant::MAX`].
    pub const fn saturating_add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(duration.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// The longest span.
    pub const MAX: Duration = Duration(u64::MAX);

    /// A span of whole nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Duration(nanos)
    }

    /// A span of whole microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Duration(micros * NANOS_PER_MICRO)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Duration(millis * NANOS_PER_MILLI)
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Duration(secs * NANOS_PER_SECOND)
    }

    /// A sampled number of nanoseconds: NaN and negative values become zero, values beyond the range become [`Duration::MAX`].
    pub fn from_nanos_f64(nanos: f64) -> Self {
        // A float-to-integer `as` saturates, and is exact on every target.
        Duration(nanos as u64)
    }

    /// A sampled number of seconds; see [`Duration::from_nanos_f64`].
    pub fn from_secs_f64(secs: f64) -> Self {
        Duration::from_nanos_f64(secs * NANOS_PER_SECOND as f64)
    }

    /// Length in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Length in seconds, for reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Length in milliseconds, for reports.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_MILLI as f64
    }

    /// `self - other`, zero where that would be negative.
    pub const fn saturating_sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }

    /// `self + other`, stopping at [`Duration::MAX`].
    pub const fn saturating_add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }

    /// `self × factor`, stopping at [`Duration::MAX`].
    pub const fn saturating_mul(self, factor: u64) -> Duration {
        Duration(self.0.saturating_mul(factor))
    }

    /// `self × factor` for a factor ≥ 0, rounded towards zero; see [`Duration::from_nanos_f64`].
    pub fn mul_f64(self, factor: f64) -> Duration {
        Duration::from_nanos_f64(self.0 as f64 * factor)
    }

    /// True for a span of no length.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.checked_add(duration.0).expect("instant beyond 2^64 ns"))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        Duration(self.0.checked_sub(earlier.0).expect("subtracted a later instant"))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.checked_add(other.0).expect("duration beyond 2^64 ns"))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Duration) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Duration;
    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.checked_sub(other.0).expect("negative duration"))
    }
}

impl SubAssign for Duration {
    fn sub_assign(&mut self, other: Duration) {
        *self = *self - other;
    }
}

impl Mul<u64> for Duration {
    type Output = Duration;
    fn mul(self, factor: u64) -> Duration {
        Duration(self.0.checked_mul(factor).expect("duration beyond 2^64 ns"))
    }
}

impl Div<u64> for Duration {
    type Output = Duration;
    fn div(self, divisor: u64) -> Duration {
        Duration(self.0 / divisor)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Duration(self.0).fmt(f)
    }
}

/// Shown in the largest unit that keeps the number at or above one, with up to three decimals: `1.5s`, `400us`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (86_400 * NANOS_PER_SECOND, "d"),
            (3_600 * NANOS_PER_SECOND, "h"),
            (60 * NANOS_PER_SECOND, "min"),
            (NANOS_PER_SECOND, "s"),
            (NANOS_PER_MILLI, "ms"),
            (NANOS_PER_MICRO, "us"),
        ];
        let (unit, name) = UNITS.into_iter().find(|(unit, _)| self.0 >= *unit).unwrap_or((1, "ns"));
        let text = format!("{:.3}", self.0 as f64 / unit as f64);
        write!(f, "{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A number of bytes, 0 to 2^64-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    /// Nothing.
    pub const ZERO: Bytes = Bytes(0);

    /// A number of kibibytes (1024 bytes).
    pub const fn from_kib(kib: u64) -> Self {
        Bytes(kib << 10)
    }

    /// A number of mebibytes (1024 KiB).
    pub const fn from_mib(mib: u64) -> Self {
        Bytes(mib << 20)
    }

    /// `self - other`, zero where that would be negative.
    pub const fn saturating_sub(self, other: Bytes) -> Bytes {
        Bytes(self.0.saturating_sub(other.0))
    }
}

impl Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes(self.0.checked_add(other.0).expect("more than 2^64 bytes"))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Bytes) {
        *self = *self + other;
    }
}

/// Shown in binary units with up to two decimals: `1.5 KiB`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u32, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let Some((shift, name)) = UNITS.into_iter().find(|(shift, _)| self.0 >> shift > 0) else {
            return write!(f, "{} B", self.0);
        };
        let text = format!("{:.2}", self.0 as f64 / (1u64 << shift) as f64);
        write!(f, "{} {name}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A share or probability, checked to lie in 0..=1 and never NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Ratio(f64);

/// The number that was offered as a [`Ratio`] and is not in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioError(pub f64);

impl fmt::Display for RatioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a share between 0 and 1", self.0)
    }
}

impl std::error::Error for RatioError {}

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio(0.0);
    /// Always.
    pub const ONE: Ratio = Ratio(1.0);

    /// Checks that `value` lies in 0..=1.
    ///
    /// # Errors
    /// [`RatioError`] for a value below 0, above 1, or NaN.
    pub fn new(value: f64) -> Result<Self, RatioError> {
        // `+ 0.0` turns -0 into 0, so that equal ratios have equal bits.
        if (0.0..=1.0).contains(&value) { Ok(Ratio(value + 0.0)) } else { Err(RatioError(value)) }
    }

    /// The value, 0..=1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// True for probability zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    /// Whether an event of this probability happens, given a uniform 64-bit draw. Exact: `Ratio::ONE` always, `Ratio::ZERO` never.
    pub fn happens(self, draw: u64) -> bool {
        // 53 bits of the draw against 53 bits of the ratio: both exact in f64.
        ((draw >> 11) as f64) < self.0 * (1u64 << 53) as f64
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_their_largest_unit() {
        let shown = [0, 999, 400_000, 1_500_000_000, 90 * NANOS_PER_SECOND, 86_400 * NANOS_PER_SECOND]
            .map(|nanos| Duration::from_nanos(nanos).to_string());
        assert_eq!(shown, ["0ns", "999ns", "400us", "1.5s", "1.5min", "1d"]);
    }

    #[test]
    fn bytes_are_shown_in_binary_units() {
        let shown = [0, 1023, 1536, 10 << 20].map(|bytes| Bytes(bytes).to_string());
        assert_eq!(shown, ["0 B", "1023 B", "1.5 KiB", "10 MiB"]);
    }

    #[test]
    fn a_ratio_outside_zero_to_one_is_refused() {
        assert!(Ratio::new(1.0).is_ok() && Ratio::new(-0.0).is_ok());
        for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            assert!(Ratio::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn certain_and_impossible_events_are_exact_at_the_edges_of_the_draw() {
        for draw in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(Ratio::ONE.happens(draw));
            assert!(!Ratio::ZERO.happens(draw));
        }
        let half = Ratio::new(0.5).unwrap();
        assert!(half.happens((1 << 63) - 1) && !half.happens(1 << 63));
    }

    #[test]
    fn sampled_durations_saturate() {
        assert_eq!(Duration::from_nanos_f64(-1.0), Duration::ZERO);
        assert_eq!(Duration::from_nanos_f64(f64::NAN), Duration::ZERO);
        assert_eq!(Duration::from_nanos_f64(1e30), Duration::MAX);
    }
}
