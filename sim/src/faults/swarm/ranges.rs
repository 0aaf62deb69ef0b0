//! How strong the faults of a swarm are and how long they last.
//!
//! | kind | drawn at intensity 1 | where it comes from |
//! |---|---|---|
//! | crash | repair [`REPAIR`] | lognormal fit to 16,301 repairs at LANL (Schroeder and Gibson, DSN 2006) |
//! | | several hosts at once: [`BURST`] | 15 % of LANL's failures hit more than one node |
//! | | disk lost: [`DISK_LOST`] | assumption |
//! | crash loop | life [`LOOP_LIFE`], lasts [`TROUBLE`] | assumption: from a crash while loading to one after the first work |
//! | pause | [`PAUSE`] | 128 ms to 32 s: collectors, SIGSTOP, stolen virtual machines |
//! | hang | lasts [`TROUBLE`] | assumption |
//! | slow cpu | slow-down [`SLOW_CPU`] for [`SLOW_CPU_LASTS`] | 2 cores down to 0.40–0.45 for 9–10 s (OSDI'22 on metastable failures), and milder |
//! | slow disk | slow-down [`SLOWNESS`], lasts [`TROUBLE`] | slow to peer latency, median 1.8–2, p90 5–7, p99 28–39 (PERSEUS, FAST'23) |
//! | slow nic | [`RACK_DELAY`] × slow-down [`SLOWNESS`], lasts [`TROUBLE`] | one-way 0.05–0.4 ms in a rack, slowed as disks are |
//! | latency | [`DELAY`] ± a fifth, lasts [`TROUBLE`] | tail to 50 ms; injected delay 50 ± 10 ms |
//! | | one in [`CLOG_ONE_IN`]: clogged for [`CLOG`] | clogging up to 100 ms |
//! | loss | [`LOSS`], one in [`WONKY_ONE_IN`] [`WONKY_LOSS`], lasts [`TROUBLE`] | 0–30 %, up to 50 % in a wonky rack |
//! | mangle | [`MANGLE`] of messages, held [`HOLD`], lasts [`TROUBLE`] | 0–30 % duplicated, reordered or corrupted |
//! | partition | [`CUT`], flapping on and off for [`FLAP`] | software-caused partitions: median 2.7 min, p95 20 min (CENIC); flapping is an assumption |
//! | clock | step [`CLOCK_STEP`], drift [`CLOCK_DRIFT`] | steps of 11 ms to 4.8 min, drift from 15 ppm to the 500 ppm that NTP corrects at most |
//! | | strobe [`STROBE_STEP`] every [`STROBE_EVERY`], lasts [`TROUBLE`] | assumption, within the range of steps |
//! | disk | stall [`STALL`] | fsync of 40 ms to 4 s |
//! | | errors and misdirected writes [`DISK_ERRORS`], full: last [`TROUBLE`] | 0–10 % of reads and writes |
//! | | bits flipped: [`BIT_FLIPS`] | assumption |
//! | memory leak | fills the host's memory in [`LEAK_FILLS`], lasts [`TROUBLE`] | linear growth; the rate is an assumption |
//! | surge | [`SURGE`] for [`SURGE_LASTS`] | 8/s to 30/s for 5 s (the metastable collapse of R8) |
//! | gray | [`GRAY`] of the work fails, lasts [`TROUBLE`] | a regression of 1–50 % that probes do not see |
//! | domain | repair [`DOMAIN_REPAIR`] | racks: 1–6 h (Dean, Google I/O 2008) |
//! | throttle | bandwidth [`THROTTLE`], lasts [`TROUBLE`] | assumption: from a modem's to a tenth of a gigabit |
//! | handle leak | handles gone in [`HANDLES_GONE`], lasts [`TROUBLE`] | assumption |
//! | herd | [`HERD`] seconds' worth of requests at once | assumption: clients that come back after an outage of that length |
//! | poison | [`POISON`] of the requests, for [`SURGE_LASTS`] | assumption |
//! | regression | work [`REGRESSION`], errors [`GRAY`], on [`ROLLED_OUT`] of the replicas, lasts [`TROUBLE`] | canaries of 1–50 % |
//! | outage | [`OUTAGE`] of the calls fail, for [`SURGE_LASTS`] | third-party outages of partial severity |
//!
//! Shares, factors and times are drawn log-uniformly, so that mild faults are as frequent as strong ones. Laws whose median is long beside the
//! window are compressed: they keep their shape, and the median becomes [`MEDIAN_MOST`] of the window. Intensity multiplies durations,
//! shares, delays and the excess of factors above one, up to each range's limit.

use hms_machine::{Distribution, Draw, Duration};

/// A quantity drawn log-uniformly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least value at intensity 1.
    pub low: f64,
    /// Greatest value at intensity 1.
    pub high: f64,
    /// Greatest value at any intensity.
    pub limit: f64,
}

impl Range {
    const fn new(low: f64, high: f64, limit: f64) -> Self {
        Range { low, high, limit }
    }

    /// A range that intensity leaves alone.
    const fn fixed(low: f64, high: f64) -> Self {
        Range { low, high, limit: high }
    }

    /// A value at this intensity.
    pub fn draw(&self, intensity: f64, draw: &mut Draw) -> f64 {
        let value = (self.low * libm::pow(self.high / self.low, draw.uniform())).clamp(self.low, self.high);
        (value * intensity).min(self.limit)
    }

    /// A factor at this intensity, which multiplies what lies above one.
    pub fn draw_factor(&self, intensity: f64, draw: &mut Draw) -> f64 {
        let factor = self.draw(1.0, draw);
        (1.0 + (factor - 1.0) * intensity).min(self.limit)
    }
}

/// Lognormal times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// Median in seconds.
    pub median: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

/// Laws with longer medians are compressed until their median is this share of the window.
pub const MEDIAN_MOST: f64 = 0.1;

/// How long a fault lasts, before intensity and the bounds of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lasts {
    /// It acts in an instant.
    Instant,
    /// Log-uniform, seconds.
    Within(Range),
    /// Lognormal, compressed to fit the window.
    Around(Times),
}

impl Lasts {
    /// Seconds, for a swarm that acts in a window of this length.
    pub fn draw(&self, draw: &mut Draw, window: Duration) -> f64 {
        match self {
            Lasts::Instant => 0.0,
            Lasts::Within(range) => range.draw(1.0, draw),
            Lasts::Around(times) => {
                let median = times.median.min(window.as_secs_f64() * MEDIAN_MOST);
                Distribution::lognormal(median, times.sigma).expect("a window has some length").sample(draw)
            }
        }
    }
}

/// Repair of a crashed host, seconds: median 57 min.
pub const REPAIR: Times = Times { median: 3394.8, sigma: 1.437 };
/// Repair of a failed rack or zone, seconds: median 2.4 h, 90 % between 1 h and 6 h.
pub const DOMAIN_REPAIR: Times = Times { median: 8818.0, sigma: 0.5446 };
/// Length of a partition, seconds: median 2.7 min, p95 20 min.
pub const CUT: Times = Times { median: 162.0, sigma: 1.2174 };
/// Length of troubles for which the field states none, seconds.
pub const TROUBLE: Range = Range::fixed(5.0, 120.0);

/// Share of crashes that hit several hosts at once.
pub const BURST: f64 = 0.15;
/// Share of the crashes of expendable hosts that lose the disk.
pub const DISK_LOST: f64 = 0.1;
/// Mean life of a process in a crash loop, seconds.
pub const LOOP_LIFE: Range = Range::fixed(0.1, 10.0);
/// Stop-the-world, seconds.
pub const PAUSE: Range = Range::fixed(0.128, 32.0);
/// Full speed over the speed that is left.
pub const SLOW_CPU: Range = Range::new(2.0, 5.0, 100.0);
/// Length of a CPU steal, seconds; 9–10 s in the middle.
pub const SLOW_CPU_LASTS: Range = Range::fixed(1.0, 100.0);
/// Limits of the slow-downs of [`slowness`].
pub const SLOWNESS: Range = Range::new(1.2, 39.0, 100.0);
/// One-way delay in a rack, seconds.
pub const RACK_DELAY: Range = Range::new(0.05e-3, 0.4e-3, 0.1);
/// Mean additional one-way delay, seconds.
pub const DELAY: Range = Range::new(0.4e-3, 50e-3, 1.0);
/// One latency fault in this many is a clog.
pub const CLOG_ONE_IN: u64 = 5;
/// Length of a clog, seconds.
pub const CLOG: Range = Range::fixed(1e-3, 0.1);
/// Share of messages lost.
pub const LOSS: Range = Range::new(0.01, 0.3, 0.9);
/// One loss fault in this many is a wonky rack's.
pub const WONKY_ONE_IN: u64 = 10;
/// Share of messages lost in a wonky rack.
pub const WONKY_LOSS: Range = Range::new(0.3, 0.5, 0.9);
/// Share of messages duplicated, reordered or corrupted.
pub const MANGLE: Range = Range::new(0.01, 0.3, 0.9);
/// Mean time for which a reordered message is held back, seconds; a single one at most ten times that.
pub const HOLD: Range = Range::new(1e-3, 50e-3, 1.0);
/// Times for which a flapping partition is on or off, seconds.
pub const FLAP: Range = Range::fixed(0.1, 10.0);
/// Jump of a clock, seconds.
pub const CLOCK_STEP: Range = Range::new(0.011, 288.0, 3600.0);
/// Frequency error, parts per million.
pub const CLOCK_DRIFT: Range = Range::new(15.0, 500.0, 10_000.0);
/// Jump of a strobing clock, seconds.
pub const STROBE_STEP: Range = Range::new(0.011, 1.0, 60.0);
/// Time between jumps of a strobing clock, seconds.
pub const STROBE_EVERY: Range = Range::fixed(0.05, 5.0);
/// Length of a stall of a disk, seconds.
pub const STALL: Range = Range::fixed(0.04, 4.0);
/// Share of disk operations that fail or go astray.
pub const DISK_ERRORS: Range = Range::new(0.001, 0.1, 0.5);
/// Bits flipped at once.
pub const BIT_FLIPS: Range = Range::new(1.0, 8.0, 64.0);
/// Time in which a leak fills the host's memory, seconds; intensity divides it.
pub const LEAK_FILLS: Range = Range::fixed(10.0, 600.0);
/// Multiple of the rate of requests.
pub const SURGE: Range = Range::new(1.5, 3.75, 20.0);
/// Length of a surge, seconds; 5 s in the middle.
pub const SURGE_LASTS: Range = Range::fixed(1.0, 25.0);
/// Share of work that fails.
pub const GRAY: Range = Range::new(0.01, 0.5, 1.0);

/// Bandwidth of a throttled link, bytes per second; intensity divides it.
pub const THROTTLE: Range = Range::fixed(16.0 * 1024.0, 16.0 * 1024.0 * 1024.0);
/// Time in which a leak uses up the handles of a process, seconds; intensity divides it.
pub const HANDLES_GONE: Range = Range::fixed(5.0, 60.0);
/// Requests of a herd, in seconds' worth of the load's mean rate.
pub const HERD: Range = Range::new(1.0, 5.0, 60.0);
/// No herd is larger, whatever the rate.
pub const HERD_MOST: f64 = 100_000.0;
/// Share of requests that kill whoever works on them.
pub const POISON: Range = Range::new(0.0002, 0.005, 0.1);
/// Work of the new version over that of the old.
pub const REGRESSION: Range = Range::new(1.2, 5.0, 100.0);
/// Share of the replicas that have the new version: canaries of 1 to 50 %.
pub const ROLLED_OUT: Range = Range::fixed(0.01, 0.5);
/// Share of the calls to a service that fail at once.
pub const OUTAGE: Range = Range::new(0.05, 0.5, 1.0);

/// Quantiles of the slow-down of a fail-slow component: (share of components, slow to peer latency). Between them the logarithm is
/// interpolated; the ends are those of [`SLOWNESS`], the rest the middles of the ranges in PERSEUS.
const SLOWNESS_QUANTILES: [(f64, f64); 5] = [(0.0, SLOWNESS.low), (0.5, 1.9), (0.9, 6.0), (0.99, 33.0), (1.0, SLOWNESS.high)];

/// A slow-down at this intensity, at least 1.
pub fn slowness(intensity: f64, draw: &mut Draw) -> f64 {
    let share = draw.uniform();
    let after = SLOWNESS_QUANTILES.iter().position(|(p, _)| share < *p).expect("a uniform number is below one");
    let ((p_low, low), (p_high, high)) = (SLOWNESS_QUANTILES[after - 1], SLOWNESS_QUANTILES[after]);
    let factor = low * libm::pow(high / low, (share - p_low) / (p_high - p_low));
    (1.0 + (factor.min(SLOWNESS.high) - 1.0) * intensity).min(SLOWNESS.limit)
}
