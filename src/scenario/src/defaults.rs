//! Every default of the format, in one place; schema and reference show them from here.
//!
//! Sources: "field" is the range seen in published data (`datasets/parameters`), "assumption" a round figure chosen for a small
//! cluster of virtual machines.

use hms_machine::{Bytes, Duration, Ratio};

use crate::file::{Backoff, FanOut, Journal, Law, Memory, Path, RandomLaw, Reference, Run, SwarmKinds};
use crate::quantity::{ByteRate, Flush, Rate, Share, SignedTime, Size, Time};

/// Most nodes of a cluster: ten times the largest that is measured.
pub(crate) const NODES_MAX: u32 = 100_000;
/// Most replicas of a service, and most regions, zones or racks.
pub(crate) const REPLICAS_MAX: u32 = 100_000;
/// Most occurrences that one rule may be expected to yield; more is a slip of a unit.
pub(crate) const OCCURRENCES_MAX: f64 = 1_000_000.0;

/// A mid-size virtual machine.
pub(crate) const CORES: u32 = 4;
pub(crate) const SPEED: f64 = 1.0;

const fn micros(micros: u64) -> Time {
    Time(Duration::from_micros(micros))
}

const fn millis(millis: u64) -> Time {
    Time(Duration::from_millis(millis))
}

const fn seconds(seconds: u64) -> Time {
    Time(Duration::from_secs(seconds))
}

fn share(value: f64) -> Share {
    Share(Ratio::new(value).expect("defaults are shares"))
}

fn lognormal(median: Time, sigma: f64) -> Law<Time> {
    Law::Random(RandomLaw::Lognormal { median, sigma, min: None, max: None })
}

fn exponential(mean: Time) -> Law<Time> {
    Law::Random(RandomLaw::Exponential { mean, min: None, max: None })
}

pub(crate) fn name() -> String {
    "scenario".to_owned()
}

pub(crate) fn yes() -> bool {
    true
}

pub(crate) fn one() -> f64 {
    1.0
}

pub(crate) fn all() -> Share {
    share(1.0)
}

pub(crate) fn run() -> Run {
    Run {
        duration: seconds(120),
        warmup: seconds(0),
        sample_every: seconds(1),
        events_max: 10_000_000_000,
        pending_max: 20_000_000,
    }
}

/// The granularity of a general-purpose scheduler.
pub(crate) fn quantum() -> Time {
    millis(10)
}

pub(crate) fn memory() -> Size {
    Size(Bytes::from_mib(16 << 10))
}

/// Assumption: a virtual machine is back in 15 to 30 s.
pub(crate) fn boot() -> Law<Time> {
    lognormal(seconds(20), 0.25)
}

/// Measured on the stack's own code is of this order; assumption until then.
pub(crate) fn stack_cpu() -> Time {
    micros(5)
}

/// Assumption: time is kept by NTP within a network of one region.
pub(crate) fn clock_offset() -> Law<SignedTime> {
    Law::Random(RandomLaw::Normal { mean: SignedTime(0), sigma: SignedTime(1_000_000), min: None, max: None })
}

/// Field: quartz drifts by 15 ppm and above.
pub(crate) fn clock_drift() -> Law<f64> {
    Law::Random(RandomLaw::Normal { mean: 0.0, sigma: 15.0, min: None, max: None })
}

/// Assumption: a write into the page cache with its system call.
pub(crate) fn disk_write() -> Law<Time> {
    lognormal(micros(20), 0.5)
}

/// Assumption: a data-centre SSD behind a file system.
pub(crate) fn disk_fsync() -> Law<Time> {
    lognormal(millis(1), 0.5)
}

pub(crate) fn disk_bandwidth() -> ByteRate {
    ByteRate(500 << 20)
}

pub(crate) fn disk_capacity() -> Size {
    Size(Bytes(100 << 30))
}

fn path(latency: Law<Time>) -> Path {
    Path { latency: Some(latency), ..Path::default() }
}

/// Assumption: loopback with two system calls.
pub(crate) fn path_host() -> Path {
    path(Law::Constant(micros(20)))
}

/// Field: 99.9 % of one-way delays in a rack lie between 0.05 and 0.4 ms.
pub(crate) fn path_rack() -> Path {
    path(lognormal(micros(140), 0.32))
}

/// Assumption: one more layer of switches than within a rack.
pub(crate) fn path_zone() -> Path {
    path(lognormal(micros(250), 0.32))
}

/// Assumption: buildings some tens of kilometres apart.
pub(crate) fn path_region() -> Path {
    path(lognormal(micros(600), 0.3))
}

/// Assumption: half the width of a continent.
pub(crate) fn path_wan() -> Path {
    path(lognormal(millis(35), 0.1))
}

pub(crate) fn link_queue() -> Size {
    Size(Bytes::from_mib(4))
}

pub(crate) fn loss_bad() -> Share {
    share(0.5)
}

pub(crate) fn reorder_hold() -> Law<Time> {
    exponential(millis(10))
}

pub(crate) fn matrix_jitter() -> Share {
    share(0.01)
}

pub(crate) fn replicas() -> u32 {
    1
}

pub(crate) fn workers() -> u32 {
    8
}

pub(crate) fn queue() -> u32 {
    128
}

pub(crate) fn work() -> Law<Time> {
    exponential(millis(1))
}

pub(crate) fn fan_out() -> FanOut {
    FanOut::Sequential
}

/// Assumption: a native program that opens a few connections.
pub(crate) fn startup() -> Law<Time> {
    lognormal(millis(500), 0.25)
}

pub(crate) fn request() -> Size {
    Size(Bytes::from_kib(1))
}

pub(crate) fn reply() -> Size {
    Size(Bytes::from_kib(4))
}

pub(crate) fn agent_memory() -> Memory {
    Memory { base: Size(Bytes::from_mib(256)), per_request: Size(Bytes::from_kib(64)), growth: Size(Bytes::ZERO) }
}

pub(crate) fn journal() -> Journal {
    Journal {
        writes: share(1.0),
        entry: Size(Bytes(512)),
        sync: Flush::Always,
        replay: micros(10),
        snapshot: Size(Bytes::from_mib(1)),
    }
}

pub(crate) fn call_count() -> u32 {
    1
}

pub(crate) fn call_chance() -> Share {
    share(1.0)
}

pub(crate) fn timeout() -> Time {
    seconds(1)
}

pub(crate) fn retries() -> u32 {
    0
}

pub(crate) fn backoff() -> Backoff {
    Backoff { base: millis(100), factor: 2.0, max: seconds(5), jitter: share(0.5) }
}

/// Least important requests; four classes, as in Google's overload control ("criticality", Site Reliability Engineering, ch. 21).
pub(crate) const PRIORITY_MAX: u8 = 3;

/// Assumption: what users wait for, below what keeps the system itself going.
pub(crate) fn priority() -> u8 {
    1
}

pub(crate) fn load_zone() -> Reference {
    Reference::Number(0)
}

pub(crate) fn diurnal_amplitude() -> Share {
    share(0.5)
}

pub(crate) fn diurnal_period() -> Time {
    seconds(86_400)
}

pub(crate) fn think() -> Law<Time> {
    exponential(seconds(1))
}

pub(crate) fn crash_loop_after() -> Law<Time> {
    Law::Constant(seconds(1))
}

/// Field: MongoDB's retry collapse (OSDI'22) begins at 0.40 of the CPU.
pub(crate) fn slow_cpu_speed() -> Share {
    share(0.4)
}

/// Field: the ratio of slow disks to their peers has its 90th percentile at 5 to 7 (PERSEUS).
pub(crate) fn slow_disk_factor() -> f64 {
    6.0
}

/// Field: delays of 50 ± 10 ms.
pub(crate) fn link_delay() -> Law<Time> {
    Law::Random(RandomLaw::Normal { mean: millis(50), sigma: millis(10), min: None, max: None })
}

pub(crate) fn slow_nic_delay() -> Law<Time> {
    exponential(millis(10))
}

/// Field: 0 to 30 %.
pub(crate) fn link_loss() -> Share {
    share(0.1)
}

pub(crate) fn link_duplicate() -> Share {
    share(0.05)
}

pub(crate) fn link_reorder() -> Share {
    share(0.1)
}

pub(crate) fn link_corrupt() -> Share {
    share(0.01)
}

pub(crate) fn link_throttle() -> ByteRate {
    ByteRate(1 << 20)
}

/// Field: steps of 11 ms to 4.8 min.
pub(crate) fn clock_step() -> Time {
    seconds(1)
}

pub(crate) fn clock_drift_fault() -> f64 {
    200.0
}

pub(crate) fn clock_strobe_by() -> Time {
    millis(200)
}

pub(crate) fn clock_strobe_period() -> Time {
    millis(100)
}

/// Field: 0 to 10 %.
pub(crate) fn disk_errors() -> Share {
    share(0.05)
}

pub(crate) fn bit_flips() -> u32 {
    1
}

pub(crate) fn misdirected() -> Share {
    share(0.01)
}

pub(crate) fn memory_leak() -> ByteRate {
    ByteRate(10 << 20)
}

pub(crate) fn handle_leak() -> Rate {
    Rate(10.0)
}

pub(crate) fn surge() -> f64 {
    4.0
}

pub(crate) fn herd() -> u32 {
    1_000
}

/// Field: regressions of deployments are 1 to 50 %.
pub(crate) fn regression() -> f64 {
    1.5
}

pub(crate) fn poison() -> Share {
    share(0.01)
}

pub(crate) fn gray() -> Share {
    share(0.5)
}

pub(crate) fn swarm_kinds() -> SwarmKinds {
    SwarmKinds::Word("all".to_owned())
}

pub(crate) fn swarm_active() -> Share {
    share(0.5)
}

pub(crate) fn swarm_gap() -> Time {
    seconds(20)
}

/// Share of the run after which a swarm is silent.
pub(crate) const SWARM_UNTIL: f64 = 0.8;
