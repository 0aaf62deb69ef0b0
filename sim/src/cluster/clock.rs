//! A node's clock: what it reads, and when it will read something.
//!
//! Picture a quartz that ticks a little fast or slow, and hands that somebody sets. The *monotonic* reading counts the quartz's
//! ticks alone: it starts at 0 with the run, drifts, and never jumps or goes back; timers use it. A reboot does not reset it,
//! so that readings of one node can be compared over its whole life. The *wall* reading is the monotonic one plus what
//! the hands are off: the initial offset, steps (by an administrator or by NTP), and strobing, the to and fro with which Jepsen's
//! `clock-nemesis` provokes time-dependent bugs. It may jump either way.
//!
//! Units and sources. Times are ns, drift is parts per billion (1 ppm = 1000 ppb), positive for a clock that runs fast.
//! Cheap quartz keeps within ±100 ppm, servers drift by 15 ppm and more; field steps are ±11 ms to 4.8 min. NTP's corrections are
//! not modelled: a clock keeps the offset that it has got.
//!
//! Contract. The caller's true time never goes back. Readings are exact: the quartz's position is kept in 10^-9 ns, so a change of
//! drift loses nothing, and the reading is the position rounded down. [`Clock::when`] is exact as well: the first
//! instant at which the reading has reached the deadline. A change of drift moves it, so timers are re-armed after
//! [`Clock::set_drift`].

use hms_machine::{Duration, Instant};

/// Parts per billion in the whole.
const BILLION: i64 = 1_000_000_000;

/// The largest drift either way in parts per billion: the clock runs, and at less than double speed.
pub const DRIFT_MAX: i64 = BILLION - 1;

/// The clock of one node.
#[derive(Clone, Debug)]
pub struct Clock {
    /// True time of the last change of drift.
    since: u64,
    /// Monotonic reading then, whole ns ...
    reading: u64,
    /// ... and what was beyond, in 10^-9 ns, below 10^9.
    fraction: i64,
    /// Parts per billion.
    drift: i64,
    /// Wall minus monotonic reading without strobes, ns.
    offset: i128,
    strobes: Vec<Strobe>,
}

/// The hands are set forth by `by`, and back, and forth again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Strobe {
    start: u64,
    by: Duration,
    every: Duration,
}

impl Clock {
    /// A clock that is off by `offset` ns and drifts by `drift` parts per billion; see [`ppb`].
    pub fn new(offset: i64, drift: i64) -> Self {
        Clock {
            since: 0,
            reading: 0,
            fraction: 0,
            drift: drift.clamp(-DRIFT_MAX, DRIFT_MAX),
            offset: i128::from(offset),
            strobes: Vec::new(),
        }
    }

    /// The monotonic reading at the true time `now`; it stops at [`Instant::MAX`].
    ///
    /// # Panics
    /// When `now` is earlier than the last change of drift.
    #[inline]
    pub fn monotonic(&self, now: Instant) -> Instant {
        Instant::from_nanos(self.position(now).0)
    }

    /// The monotonic reading at the true time `at`, which may be past: what has gone by since is then taken off the reading at `now`.
    ///
    /// # Panics
    /// When `now` is earlier than the last change of drift.
    pub fn monotonic_at(&self, at: Instant, now: Instant) -> Instant {
        Instant::from_nanos(self.monotonic(at.max(now)).as_nanos().saturating_sub(now.saturating_since(at).as_nanos()))
    }

    /// The wall reading at the true time `now`; it stops at 0 and at [`Instant::MAX`].
    #[inline]
    pub fn wall(&self, now: Instant) -> Instant {
        let mut wall = i128::from(self.position(now).0) + self.offset;
        for strobe in &self.strobes {
            wall += strobe.shift(now);
        }
        Instant::from_nanos(wall.clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// The first instant, not before `now`, at which the monotonic reading is `deadline` or later, if the drift stays as it is;
    /// [`Instant::MAX`] if that is beyond the range.
    #[inline]
    pub fn when(&self, deadline: Instant, now: Instant) -> Instant {
        let ahead = deadline.as_nanos().saturating_sub(self.reading);
        let elapsed = if ahead == 0 {
            0
        } else if self.drift == 0 {
            // The fraction stays below 1 ns, so it takes the whole difference.
            ahead
        } else {
            let ticks = u128::from(ahead) * BILLION as u128 - self.fraction as u128;
            u64::try_from(ticks.div_ceil((BILLION + self.drift) as u128)).unwrap_or(u64::MAX)
        };
        Instant::from_nanos(self.since.saturating_add(elapsed)).max(now)
    }

    /// The drift in parts per billion.
    pub fn drift(&self) -> i64 {
        self.drift
    }

    /// From now on the clock drifts by `drift` parts per billion, held within ±[`DRIFT_MAX`]. The caller adds up the clock's own
    /// drift and that of faults.
    pub fn set_drift(&mut self, now: Instant, drift: i64) {
        (self.reading, self.fraction) = self.position(now);
        self.since = now.as_nanos();
        self.drift = drift.clamp(-DRIFT_MAX, DRIFT_MAX);
    }

    /// The wall reading jumps by `by`, forward or back, for good.
    pub fn step(&mut self, by: Duration, forward: bool) {
        let by = i128::from(by.as_nanos());
        self.offset += if forward { by } else { -by };
    }

    /// From now on the wall reading jumps forth by `by`, back after `every`, forth again after `every`, until
    /// [`Clock::strobe_off`]. Several strobes add up.
    ///
    /// # Panics
    /// When `every` is zero.
    pub fn strobe_on(&mut self, now: Instant, by: Duration, every: Duration) {
        assert!(!every.is_zero(), "a strobe without period");
        self.strobes.push(Strobe { start: now.as_nanos(), by, every });
    }

    /// Ends the oldest strobe of this kind; the hands go back to where they would be without it.
    ///
    /// # Panics
    /// When there is none.
    pub fn strobe_off(&mut self, by: Duration, every: Duration) {
        let position = self.strobes.iter().position(|strobe| (strobe.by, strobe.every) == (by, every));
        self.strobes.remove(position.expect("a strobe ended that had not begun"));
    }

    /// The monotonic reading: whole ns and the fraction in 10^-9 ns.
    #[inline]
    fn position(&self, now: Instant) -> (u64, i64) {
        let elapsed = now.as_nanos().checked_sub(self.since).expect("a clock was read before its last change of drift");
        // A hundred days since the last change at 1 ppm, or a day at 100 ppm, stay on the short path.
        let gained = i64::try_from(elapsed).ok().and_then(|elapsed| elapsed.checked_mul(self.drift)?.checked_add(self.fraction));
        let (whole, fraction) = match gained {
            Some(gained) => (i128::from(gained.div_euclid(BILLION)), gained.rem_euclid(BILLION)),
            None => {
                let gained = i128::from(elapsed) * i128::from(self.drift) + i128::from(self.fraction);
                (gained.div_euclid(i128::from(BILLION)), gained.rem_euclid(i128::from(BILLION)) as i64)
            }
        };
        let reading = i128::from(self.reading) + i128::from(elapsed) + whole;
        (u64::try_from(reading).unwrap_or(u64::MAX), fraction)
    }
}

impl Strobe {
    fn shift(&self, now: Instant) -> i128 {
        let phases = now.as_nanos().saturating_sub(self.start) / self.every.as_nanos();
        if phases.is_multiple_of(2) { i128::from(self.by.as_nanos()) } else { 0 }
    }
}

/// Parts per million as parts per billion, rounded to the nearest and held within ±[`DRIFT_MAX`]; 0 for what is not a number.
pub fn ppb(ppm: f64) -> i64 {
    (libm::round(ppm * 1_000.0) as i64).clamp(-DRIFT_MAX, DRIFT_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    const fn ns(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    const DAY: u64 = 86_400_000_000_000;

    #[test]
    fn a_past_instant_is_read_by_what_has_gone_by_since_even_before_the_last_change_of_drift() {
        let mut clock = Clock::new(0, 1_000);
        clock.set_drift(at(2_000_000_000), 500_000);
        let now = at(3_000_000_000);
        assert_eq!(clock.monotonic_at(at(4_000_000_000), now), clock.monotonic(at(4_000_000_000)));
        assert_eq!(clock.monotonic_at(at(1_000_000_000), now).as_nanos(), clock.monotonic(now).as_nanos() - 2_000_000_000);
        assert_eq!(Clock::new(0, 0).monotonic_at(at(5), at(9)), at(5));
    }

    #[test]
    fn a_perfect_clock_reads_true_time() {
        let clock = Clock::new(0, 0);
        assert_eq!((clock.monotonic(at(77)), clock.wall(at(77))), (at(77), at(77)));
        assert_eq!(clock.when(at(99), at(77)), at(99));
    }

    #[test]
    fn a_quartz_at_15_ppm_gains_1296_ms_a_day() {
        let clock = Clock::new(0, ppb(15.0));
        assert_eq!(clock.monotonic(at(DAY)), at(DAY + 1_296_000_000));
        let slow = Clock::new(0, ppb(-15.0));
        assert_eq!(slow.monotonic(at(DAY)), at(DAY - 1_296_000_000));
    }

    #[test]
    fn readings_stay_exact_over_centuries_and_at_any_drift() {
        let century = 36_525 * DAY;
        assert_eq!(Clock::new(0, 1).monotonic(at(century)), at(century + century / 1_000_000_000));
        assert_eq!(Clock::new(0, DRIFT_MAX).monotonic(at(century)), at(2 * century - century / 1_000_000_000));
        assert_eq!(Clock::new(0, -DRIFT_MAX).monotonic(at(century)), at(century / 1_000_000_000));
        assert_eq!(Clock::new(0, DRIFT_MAX).monotonic(Instant::MAX), Instant::MAX);
    }

    #[test]
    fn a_thousand_changes_of_drift_lose_nothing() {
        let mut clock = Clock::new(0, 0);
        for now in 0..1_000 {
            clock.set_drift(at(now), if now % 2 == 0 { 1_000_000 } else { 0 });
        }
        // 500 ns were spent at 1000 ppm, each of which gains a thousandth.
        clock.set_drift(at(1_000), 0);
        assert_eq!((clock.monotonic(at(1_000)), clock.fraction), (at(1_000), 500_000_000));
        clock.set_drift(at(1_000), 1_000_000);
        assert_eq!((clock.monotonic(at(1_499)), clock.monotonic(at(1_500))), (at(1_499), at(1_501)));
    }

    #[test]
    fn steps_and_offset_move_the_wall_alone() {
        let mut clock = Clock::new(-500, 0);
        assert_eq!((clock.wall(at(400)), clock.wall(at(700))), (at(0), at(200)));
        clock.step(ns(1_000), true);
        assert_eq!((clock.wall(at(700)), clock.monotonic(at(700))), (at(1_200), at(700)));
        clock.step(ns(300), false);
        assert_eq!(clock.wall(at(700)), at(900));
        clock.step(Duration::MAX, true);
        clock.step(Duration::MAX, true);
        assert_eq!(clock.wall(at(700)), Instant::MAX);
    }

    #[test]
    fn a_strobe_goes_forth_and_back_until_it_ends() {
        let mut clock = Clock::new(0, 0);
        clock.strobe_on(at(100), ns(50), ns(10));
        let walls = [100, 109, 110, 119, 120].map(|now| clock.wall(at(now)).as_nanos() - now);
        assert_eq!(walls, [50, 50, 0, 0, 50]);
        clock.strobe_on(at(120), ns(7), ns(1_000));
        assert_eq!(clock.wall(at(120)), at(120 + 57));
        clock.strobe_off(ns(50), ns(10));
        assert_eq!(clock.wall(at(120)), at(127));
        assert_eq!(clock.monotonic(at(120)), at(120));
    }

    #[test]
    fn a_deadline_that_has_passed_is_now() {
        let clock = Clock::new(0, 1_000_000);
        assert_eq!(clock.when(at(5), at(900)), at(900));
        assert_eq!(clock.when(at(0), at(0)), at(0));
    }

    #[test]
    fn a_deadline_beyond_the_range_is_never() {
        assert_eq!(Clock::new(0, -DRIFT_MAX).when(at(1 << 40), at(0)), Instant::MAX);
        assert_eq!(Clock::new(0, 0).when(Instant::MAX, at(3)), Instant::MAX);
    }

    #[test]
    fn drift_that_is_not_a_number_or_beyond_bounds_is_held() {
        assert_eq!([f64::NAN, 1e30, -1e30, 0.0005, -15.2].map(ppb), [0, DRIFT_MAX, -DRIFT_MAX, 1, -15_200]);
    }

    fn drift() -> impl Strategy<Value = i64> {
        prop_oneof![Just(0), -DRIFT_MAX..=DRIFT_MAX, -100_000..=100_000i64]
    }

    proptest! {
        #[test]
        fn the_monotonic_reading_never_goes_back(
            start in drift(),
            changes in prop::collection::vec((0u64..1 << 40, drift(), any::<bool>()), 0..30),
        ) {
            let mut clock = Clock::new(0, start);
            let (mut now, mut last) = (0, Instant::ZERO);
            for (gap, drift, forward) in changes {
                now += gap;
                let before = clock.monotonic(at(now));
                prop_assert!(before >= last);
                clock.set_drift(at(now), drift);
                clock.step(ns(gap), forward);
                prop_assert_eq!(clock.monotonic(at(now)), before);
                last = before;
            }
        }

        #[test]
        fn when_is_the_first_instant_at_which_the_deadline_is_reached(
            changes in prop::collection::vec((0u64..1 << 40, drift()), 0..10),
            ahead in 0u64..1 << 50,
        ) {
            let mut clock = Clock::new(0, 0);
            let mut now = 0;
            for (gap, drift) in changes {
                now += gap;
                clock.set_drift(at(now), drift);
            }
            let deadline = clock.monotonic(at(now)).saturating_add(ns(ahead));
            let when = clock.when(deadline, at(now));
            if when < Instant::MAX {
                prop_assert!(clock.monotonic(when) >= deadline);
                prop_assert!(when == at(now) || clock.monotonic(at(when.as_nanos() - 1)) < deadline);
            }
        }

        #[test]
        fn both_paths_of_the_arithmetic_agree(elapsed in any::<u64>(), drift in drift()) {
            let exact = (u128::from(elapsed) * (1_000_000_000 + drift) as u128) / 1_000_000_000;
            let reading = Clock::new(0, drift).monotonic(at(elapsed)).as_nanos();
            prop_assert_eq!(reading, u64::try_from(exact).unwrap_or(u64::MAX));
        }
    }
}
