//! What the last calls were like: a ring of calls, or a ring of spans of time.
//!
//! Both hold running sums, so that an outcome costs constant time whatever the size. A window of time forgets in tenths of its span, as
//! those of Hystrix (`metrics.rollingStats.numBuckets`) and Polly do: a call is forgotten between 0.9 and 1 span after it.

use hms_machine::{Duration, Instant};

use super::{BreakerConfiguration, WindowKind};

/// Parts of a window of time.
const BUCKETS: u64 = 10;

/// Numbers of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

impl Tally {
    pub(super) fn add(&mut self, failed: bool, slow: bool) {
        self.calls += 1;
        self.failed += u32::from(failed);
        self.slow += u32::from(slow);
    }

    fn remove(&mut self, other: Tally) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

/// The calls on which a closed breaker is judged.
#[derive(Clone, Debug)]
pub(super) enum Window {
    Count(CountWindow),
    Time(TimeWindow),
}

impl Window {
    pub(super) fn new(configuration: &BreakerConfiguration) -> Self {
        match configuration.window {
            WindowKind::Count => Window::Count(CountWindow::new(configuration.window_calls)),
            WindowKind::Time => Window::Time(TimeWindow::new(width(configuration))),
        }
    }

    /// Whether this is the window that the configuration asks for.
    fn fits(&self, configuration: &BreakerConfiguration) -> bool {
        match self {
            Window::Count(window) => {
                configuration.window == WindowKind::Count && window.size == configuration.window_calls.max(1)
            }
            Window::Time(window) => configuration.window == WindowKind::Time && window.width == width(configuration),
        }
    }

    /// Adds a call and tells what the window holds then. A window that the configuration no longer asks for is replaced by an empty one.
    pub(super) fn record(&mut self, configuration: &BreakerConfiguration, failed: bool, slow: bool, now: Instant) -> Tally {
        if !self.fits(configuration) {
            *self = Window::new(configuration);
        }
        match self {
            Window::Count(window) => window.record(failed, slow),
            Window::Time(window) => window.record(failed, slow, now),
        }
    }

    /// What the window holds.
    pub(super) fn tally(&self, now: Instant) -> Tally {
        match self {
            Window::Count(window) => window.sum,
            Window::Time(window) => window.tally(now),
        }
    }

    /// Forgets all calls.
    pub(super) fn clear(&mut self) {
        match self {
            Window::Count(window) => window.clear(),
            Window::Time(window) => window.clear(),
        }
    }

    /// The least number of calls that can be judged.
    pub(super) fn minimum(configuration: &BreakerConfiguration) -> u32 {
        match configuration.window {
            WindowKind::Count => configuration.minimum_calls.min(configuration.window_calls),
            WindowKind::Time => configuration.minimum_calls,
        }
    }
}

/// Nanoseconds of a part of a window of time.
fn width(configuration: &BreakerConfiguration) -> u64 {
    (configuration.window_span / BUCKETS).max(Duration::from_nanos(1)).as_nanos()
}

/// The last `size` calls, two bits each.
#[derive(Clone, Debug)]
pub(super) struct CountWindow {
    /// Words of 64 calls: at 2k who failed, at 2k + 1 who was slow.
    bits: Box<[u64]>,
    size: u32,
    next: u32,
    sum: Tally,
}

impl CountWindow {
    fn new(size: u32) -> Self {
        let size = size.max(1);
        let words = 2 * size.div_ceil(64) as usize;
        CountWindow { bits: vec![0; words].into_boxed_slice(), size, next: 0, sum: Tally::default() }
    }

    fn record(&mut self, failed: bool, slow: bool) -> Tally {
        let (word, bit) = (2 * (self.next / 64) as usize, self.next % 64);
        if self.sum.calls == self.size {
            let oldest = |word: u64| (word >> bit & 1) as u32;
            self.sum.remove(Tally { calls: 1, failed: oldest(self.bits[word]), slow: oldest(self.bits[word + 1]) });
        }
        self.bits[word] = self.bits[word] & !(1 << bit) | u64::from(failed) << bit;
        self.bits[word + 1] = self.bits[word + 1] & !(1 << bit) | u64::from(slow) << bit;
        self.sum.add(failed, slow);
        self.next = if self.next + 1 == self.size { 0 } else { self.next + 1 };
        self.sum
    }

    fn clear(&mut self) {
        // The bits of calls beyond the sum are never read.
        (self.next, self.sum) = (0, Tally::default());
    }
}

/// The calls of the last [`BUCKETS`] parts of time, the present one included.
#[derive(Clone, Debug)]
pub(super) struct TimeWindow {
    /// Nanoseconds of a part.
    width: u64,
    /// Number of the newest part since the start of the clock.
    newest: u64,
    buckets: [Tally; BUCKETS as usize],
    sum: Tally,
}

impl TimeWindow {
    fn new(width: u64) -> Self {
        TimeWindow { width, newest: 0, buckets: [Tally::default(); BUCKETS as usize], sum: Tally::default() }
    }

    fn record(&mut self, failed: bool, slow: bool, now: Instant) -> Tally {
        self.advance(now.as_nanos() / self.width);
        self.buckets[(self.newest % BUCKETS) as usize].add(failed, slow);
        self.sum.add(failed, slow);
        self.sum
    }

    fn advance(&mut self, part: u64) {
        if part.abs_diff(self.newest) >= BUCKETS {
            // All of it is old, or the clock was set back so far that nothing of it can be dated.
            self.clear();
            self.newest = part;
        }
        // A clock that was set back a little counts into the newest part until it has caught up.
        while self.newest < part {
            self.newest += 1;
            self.sum.remove(std::mem::take(&mut self.buckets[(self.newest % BUCKETS) as usize]));
        }
    }

    fn tally(&self, now: Instant) -> Tally {
        let mut later = self.clone();
        later.advance(now.as_nanos() / self.width);
        later.sum
    }

    fn clear(&mut self) {
        (self.buckets, self.sum) = ([Tally::default(); BUCKETS as usize], Tally::default());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally_of<'a>(calls: impl Iterator<Item = &'a (u64, bool, bool)>) -> Tally {
        let mut tally = Tally::default();
        calls.for_each(|(_, failed, slow)| tally.add(*failed, *slow));
        tally
    }

    /// (nanoseconds since the call before, failed, slow); most follow quickly, some after a long silence.
    fn calls() -> impl Strategy<Value = Vec<(u64, bool, bool)>> {
        let gap = prop_oneof![8 => 0u64..30, 1 => 0u64..5_000];
        proptest::collection::vec((gap, any::<bool>(), any::<bool>()), 0..400).prop_map(|mut calls| {
            let mut now = 0;
            for (gap, _, _) in &mut calls {
                now += *gap;
                *gap = now;
            }
            calls
        })
    }

    #[test]
    fn a_window_of_another_kind_or_size_starts_empty() {
        let mut configuration = BreakerConfiguration::default();
        let mut window = Window::new(&configuration);
        for kind in [WindowKind::Time, WindowKind::Count] {
            window.record(&configuration, true, false, Instant::ZERO);
            configuration.window = kind;
            assert_eq!(window.record(&configuration, true, false, Instant::ZERO).calls, 1, "{kind:?}");
        }
        configuration.window_calls += 1;
        assert_eq!(window.record(&configuration, true, false, Instant::ZERO).calls, 1);
        assert_eq!(window.record(&configuration, true, false, Instant::ZERO).calls, 2);
    }

    #[test]
    fn a_clock_set_back_a_little_counts_on_and_one_set_back_far_starts_afresh() {
        let mut window = TimeWindow::new(10);
        window.record(true, false, Instant::from_nanos(500));
        assert_eq!(window.record(true, false, Instant::from_nanos(450)).calls, 2);
        assert_eq!(window.record(true, false, Instant::from_nanos(100)).calls, 1);
        assert_eq!(window.record(true, false, Instant::from_nanos(110)).calls, 2);
    }

    #[test]
    fn a_window_of_count_never_asks_for_more_calls_than_it_holds() {
        let mut configuration = BreakerConfiguration { window_calls: 5, minimum_calls: 100, ..BreakerConfiguration::default() };
        assert_eq!(Window::minimum(&configuration), 5);
        configuration.window = WindowKind::Time;
        assert_eq!(Window::minimum(&configuration), 100);
    }

    proptest! {
        #[test]
        fn a_count_window_holds_what_a_list_of_the_last_calls_holds(
            size in 1u32..200,
            calls in calls(),
            cleared_at in 0usize..400,
        ) {
            let mut window = CountWindow::new(size);
            let mut from = 0;
            for index in 0..calls.len() {
                if index == cleared_at {
                    window.clear();
                    from = index;
                }
                let (_, failed, slow) = calls[index];
                let expected = tally_of(calls[from..=index].iter().rev().take(size as usize));
                prop_assert_eq!(window.record(failed, slow), expected);
            }
        }

        #[test]
        fn a_time_window_holds_what_a_list_of_the_calls_of_ten_parts_holds(width in 1u64..100, calls in calls(), ask_after in 0u64..2_000) {
            let mut window = TimeWindow::new(width);
            let expected = |seen: &[(u64, bool, bool)], now: u64| {
                tally_of(seen.iter().filter(|(at, _, _)| at / width + BUCKETS > now / width))
            };
            for index in 0..calls.len() {
                let (now, failed, slow) = calls[index];
                prop_assert_eq!(window.record(failed, slow, Instant::from_nanos(now)), expected(&calls[..=index], now));
                let later = now + ask_after;
                prop_assert_eq!(window.tally(Instant::from_nanos(later)), expected(&calls[..=index], later));
            }
        }
    }
}
