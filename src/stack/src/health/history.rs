//! What health was: every series at three resolutions, in fixed memory.
//!
//! Picture three tape loops that run at different speeds. Every value is added to the open second, minute and hour; when one is over, its least, mean, greatest
//! and count go onto its loop, and the oldest falls off (the round-robin archives of RRDtool, Oetiker 1999). A loop is a [`VecDeque`] that grows to
//! its length and no further.
//!
//! With [`Retention::default`] a series holds 10 minutes of seconds, a day of minutes and 30 days of hours (HM-S4): 2,760 buckets of 16 bytes, 43 KiB;
//! 30 days of seconds at 16 bytes a value would be 40 MiB. Contract: counts are exact; least, mean and greatest are within 2^-24 of the exact ones, relative to the
//! greatest magnitude, and no error adds up from loop to loop. A value from before the open second is counted as late and left out.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::{Duration, Instant};

use super::checks::{Level, Reading, ReadingKind, Subject};
use crate::tunables::parameters;

parameters! {
    /// Parameters of the history of readings.
    pub struct HistoryConfiguration("history") {
        enabled: bool = switch(true),
            "Keeps what health readings were, at three resolutions; off: only the present is known.";
        seconds: u32 = integer(1, 86_400, 600),
            "Seconds that are kept one by one, 16 bytes each in every series.";
        minutes: u32 = integer(1, 43_200, 1_440),
            "Minutes that are kept as least, mean and greatest.";
        hours: u32 = integer(1, 87_600, 720),
            "Hours that are kept as least, mean and greatest: 720 are 30 days (HM-S4).";
    }
}

impl HistoryConfiguration {
    /// How much is kept.
    pub fn retention(&self) -> Retention {
        let HistoryConfiguration { seconds, minutes, hours, .. } = *self;
        Retention { seconds: seconds as usize, minutes: minutes as usize, hours: hours as usize }
    }
}

/// How many buckets each resolution keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Buckets of a second.
    pub seconds: usize,
    /// Buckets of a minute.
    pub minutes: usize,
    /// Buckets of an hour.
    pub hours: usize,
}

/// 10 minutes of seconds for what happens now, a day of minutes for what happened today, 30 days of hours (HM-S4).
impl Default for Retention {
    fn default() -> Self {
        Retention { seconds: 600, minutes: 1_440, hours: 720 }
    }
}

/// What a range of time held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its start.
    pub start: Instant,
    /// Its length.
    pub width: Duration,
    /// Least value.
    pub min: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Greatest value.
    pub max: f64,
    /// How many values.
    pub count: u32,
}

/// One series at three resolutions.
#[derive(Clone, Debug)]
pub struct Series {
    tiers: [Tier; 3],
    late: u64,
}

#[derive(Clone, Debug)]
struct Tier {
    width: Duration,
    capacity: usize,
    open: Open,
    /// Closed buckets up to the one before the open one; a gap is a bucket without values.
    ring: VecDeque<Bucket>,
    /// Whether a bucket with values has fallen off.
    dropped: bool,
}

/// 16 bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    min: f32,
    mean: f32,
    max: f32,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    number: u64,
    min: f64,
    max: f64,
    sum: f64,
    count: u32,
}

impl Open {
    const fn new(number: u64) -> Self {
        Open { number, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, count: 0 }
    }

    fn add(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.count = self.count.saturating_add(1);
    }

    fn close(&self) -> Bucket {
        if self.count == 0 {
            return Bucket::default();
        }
        let mean = (self.sum / f64::from(self.count)) as f32;
        Bucket { min: self.min as f32, mean, max: self.max as f32, count: self.count }
    }
}

impl Tier {
    fn new(width: Duration, capacity: usize) -> Self {
        Tier { width, capacity: capacity.max(1), open: Open::new(0), ring: VecDeque::new(), dropped: false }
    }

    fn record(&mut self, value: f64, at: Instant) {
        let number = at.as_nanos() / self.width.as_nanos();
        if number > self.open.number {
            let closed = std::mem::replace(&mut self.open, Open::new(number));
            // Before the first value there is no gap to keep.
            if closed.count > 0 || !self.ring.is_empty() {
                self.push(closed.close());
                let gap = (number - closed.number - 1).min(self.capacity as u64);
                for _ in 0..gap {
                    self.push(Bucket::default());
                }
            }
        }
        self.open.add(value);
    }

    fn push(&mut self, bucket: Bucket) {
        if self.ring.len() == self.capacity {
            self.dropped |= self.ring.pop_front().is_some_and(|oldest| oldest.count > 0);
        }
        if self.ring.len() == self.ring.capacity() {
            // Doubling, but never beyond what is kept: memory is what the contract says.
            let more = self.ring.len().max(16).min(self.capacity - self.ring.len());
            self.ring.reserve_exact(more);
        }
        self.ring.push_back(bucket);
    }

    fn oldest(&self) -> u64 {
        self.open.number - self.ring.len() as u64
    }

    /// Whether all that was recorded at or after `from` is still here.
    fn covers(&self, from: Instant) -> bool {
        !self.dropped || from.as_nanos() / self.width.as_nanos() >= self.oldest()
    }

    fn samples(&self, from: Instant, to: Instant) -> Vec<Sample> {
        let width = self.width.as_nanos();
        let buckets = self.ring.iter().copied().chain([self.open.close()]).zip(self.oldest()..);
        let inside = buckets.filter(|(bucket, number)| {
            let start = number.saturating_mul(width);
            bucket.count > 0 && start < to.as_nanos() && start.saturating_add(width) > from.as_nanos()
        });
        inside
            .map(|(Bucket { min, mean, max, count }, number)| Sample {
                start: Instant::from_nanos(number * width),
                width: self.width,
                min: f64::from(min),
                mean: f64::from(mean),
                max: f64::from(max),
                count,
            })
            .collect()
    }
}

impl Series {
    /// An empty series.
    pub fn new(retention: Retention) -> Self {
        let tiers = [(1, retention.seconds), (60, retention.minutes), (3_600, retention.hours)];
        Series { tiers: tiers.map(|(seconds, capacity)| Tier::new(Duration::from_secs(seconds), capacity)), late: 0 }
    }

    /// Adds a value. One that is not finite says nothing.
    pub fn record(&mut self, value: f64, at: Instant) {
        if !value.is_finite() {
            return;
        }
        let [seconds, _, _] = &self.tiers;
        if at.as_nanos() / seconds.width.as_nanos() < seconds.open.number {
            self.late += 1;
            return;
        }
        for tier in &mut self.tiers {
            tier.record(value, at);
        }
    }

    /// What was recorded from `from` up to before `to`, at the finest resolution that still holds all of it, or the coarsest. Whole buckets:
    /// the first may begin before `from`, the last may end after `to`. Empty buckets are left out.
    pub fn query(&self, from: Instant, to: Instant) -> Vec<Sample> {
        let [_, _, hours] = &self.tiers;
        self.tiers.iter().find(|tier| tier.covers(from)).unwrap_or(hours).samples(from, to)
    }

    /// All of the range as one sample, if there is a value in it.
    pub fn summary(&self, from: Instant, to: Instant) -> Option<Sample> {
        let samples = self.query(from, to);
        let (first, last) = (samples.first()?, samples.last()?);
        let total: f64 = samples.iter().map(|sample| f64::from(sample.count)).sum();
        Some(Sample {
            start: first.start,
            width: last.start.saturating_add(last.width).saturating_since(first.start),
            min: samples.iter().map(|sample| sample.min).fold(f64::INFINITY, f64::min),
            mean: samples.iter().map(|sample| sample.mean * f64::from(sample.count)).sum::<f64>() / total,
            max: samples.iter().map(|sample| sample.max).fold(f64::NEG_INFINITY, f64::max),
            count: samples.iter().fold(0, |sum: u32, sample| sum.saturating_add(sample.count)),
        })
    }

    /// Values that came too late to be added.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Memory in use, bytes.
    pub fn bytes(&self) -> usize {
        let rings = self.tiers.iter().map(|tier| tier.ring.capacity() * size_of::<Bucket>());
        size_of::<Self>() + rings.sum::<usize>()
    }
}

/// What a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Readings of this kind, as [`Reading::value`] tells them.
    Reading(ReadingKind),
    /// Health: 1 healthy, 0.5 degraded, 0 failed. Its mean is the share of time in health, if it is recorded at equal times.
    Health,
}

/// The series of many subjects.
#[derive(Clone, Debug, Default)]
pub struct History {
    retention: Retention,
    series: BTreeMap<(Subject, Quantity), Series>,
}

impl History {
    /// An empty history.
    pub fn new(retention: Retention) -> Self {
        History { retention, series: BTreeMap::new() }
    }

    /// Adds a reading to its series.
    pub fn record(&mut self, subject: Subject, reading: &Reading, at: Instant) {
        if let Some(value) = reading.value() {
            self.add(subject, Quantity::Reading(reading.kind()), value, at);
        }
    }

    /// Adds how well a subject is; what is unknown adds nothing.
    pub fn record_level(&mut self, subject: Subject, level: Level, at: Instant) {
        let value = match level {
            Level::Unknown => return,
            Level::Healthy => 1.0,
            Level::Degraded => 0.5,
            Level::Failed => 0.0,
        };
        self.add(subject, Quantity::Health, value, at);
    }

    /// A series, if anything was recorded in it.
    pub fn series(&self, subject: Subject, quantity: Quantity) -> Option<&Series> {
        self.series.get(&(subject, quantity))
    }

    /// Forgets all series of a subject.
    pub fn forget(&mut self, subject: Subject) {
        self.series.retain(|(known, _), _| *known != subject);
    }

    /// Memory in use by all series, bytes.
    pub fn bytes(&self) -> usize {
        self.series.values().map(Series::bytes).sum()
    }

    fn add(&mut self, subject: Subject, quantity: Quantity, value: f64, at: Instant) {
        let retention = self.retention;
        self.series.entry((subject, quantity)).or_insert_with(|| Series::new(retention)).record(value, at);
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::NodeId;
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    const DAY: u64 = 86_400;

    #[test]
    fn hm_s4_thirty_days_of_a_series_take_under_44_kibibytes_and_are_all_there_by_the_hour() {
        let mut series = Series::new(Retention::default());
        // A year's offset: what came before the first value is no gap.
        let start = 365 * DAY;
        for second in 0..30 * DAY {
            series.record((second % 3_600) as f64, at(start + second));
        }
        assert_eq!(size_of::<Bucket>(), 16);
        assert!(series.bytes() < 44 * 1_024, "{}", series.bytes());
        let hours = series.query(at(start), at(start + 30 * DAY));
        assert_eq!(hours.len(), 720);
        assert!(hours.iter().all(|hour| (hour.min, hour.mean, hour.max, hour.count) == (0.0, 1_799.5, 3_599.0, 3_600)));
        let widths = [(300, 1), (12 * 3_600, 60), (2 * DAY, 3_600)].map(|(ago, width)| {
            let found = series.query(at(start + 30 * DAY - ago), at(start + 30 * DAY));
            assert_eq!(found.len() as u64, ago / width);
            (found[0].width, width)
        });
        assert!(widths.iter().all(|(found, width)| *found == Duration::from_secs(*width)), "{widths:?}");
    }

    #[test]
    fn late_and_strange_values_are_left_out_and_a_long_gap_costs_no_time() {
        let mut series = Series::new(Retention::default());
        series.record(1.0, at(10));
        series.record(f64::NAN, at(11));
        series.record(2.0, at(9));
        series.record(3.0, at(1_000_000_000));
        assert_eq!(series.late(), 1);
        let all = series.summary(at(0), at(2_000_000_000)).unwrap();
        assert_eq!((all.min, all.max, all.count), (3.0, 3.0, 1), "what is older than 30 days is gone");
        assert_eq!(series.summary(at(20), at(30)), None);
    }

    #[test]
    fn a_subject_has_a_series_for_each_of_its_readings_and_one_for_its_health() {
        let (mut history, node) = (History::default(), Subject::Node(NodeId(1)));
        history.record(node, &Reading::Queue { depth: 1, limit: 4 }, at(1));
        history.record(node, &Reading::Queue { depth: 1, limit: 0 }, at(1));
        for level in [Level::Healthy, Level::Unknown, Level::Degraded, Level::Failed] {
            history.record_level(node, level, at(2));
        }
        let queue = history.series(node, Quantity::Reading(ReadingKind::Queue)).unwrap();
        assert_eq!(queue.summary(at(0), at(9)).map(|all| (all.mean, all.count)), Some((0.25, 1)));
        let health = history.series(node, Quantity::Health).unwrap();
        assert_eq!(health.summary(at(0), at(9)).map(|all| (all.mean, all.count)), Some((0.5, 3)));
        history.forget(node);
        assert_eq!(history.bytes(), 0);
    }

    proptest! {
        #[test]
        fn every_resolution_agrees_with_a_list_of_all_values(
            steps in prop::collection::vec((0u64..90_000, -1e6f64..1e6), 1..200),
            from in 0u64..4_000, length in 1u64..4_000,
        ) {
            let retention = Retention { seconds: 50, minutes: 40, hours: 30 };
            let mut series = Series::new(retention);
            let (mut now, mut values) = (0u64, Vec::new());
            for (milliseconds, value) in steps {
                now += milliseconds;
                let at = Instant::from_nanos(now * 1_000_000);
                series.record(value, at);
                values.push((at, value));
            }
            let (from, to) = (at(from), at(from + length));
            let samples = series.query(from, to);
            // Nothing inside the range is forgotten: 30 hours are longer than any of these series.
            let (first, last) = samples.first().zip(samples.last()).map_or((from, to), |(first, last)| (first.start, last.start + last.width));
            let (first, last) = (first.min(from), last.max(to));
            let inside: Vec<_> = values.iter().filter(|(at, _)| (first..last).contains(at)).collect();
            prop_assert_eq!(samples.iter().map(|sample| sample.count as usize).sum::<usize>(), inside.len());
            for sample in samples {
                let end = sample.start + sample.width;
                let part: Vec<f64> = inside.iter().filter(|(at, _)| (sample.start..end).contains(at)).map(|(_, value)| *value).collect();
                prop_assert_eq!(part.len(), sample.count as usize);
                let near = |a: f64, b: f64| (a - b).abs() <= 1e6 * (1.0 / 8_388_608.0);
                prop_assert!(near(sample.min, part.iter().copied().fold(f64::INFINITY, f64::min)));
                prop_assert!(near(sample.max, part.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
                prop_assert!(near(sample.mean, part.iter().sum::<f64>() / part.len() as f64));
            }
            prop_assert!(series.bytes() <= size_of::<Series>() + 16 * (50 + 40 + 30));
        }
    }
}
