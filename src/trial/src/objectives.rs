//! What is measured, each defined once: name, unit, window, definition. All of it is read with the oracle's knowledge.
//!
//! The window of every objective is from the end of the warm-up to the end of the run, unless its definition says otherwise: incidents count by
//! the beginning of their fault, requests by their start.

use hdrhistogram::Histogram;
use hms_machine::{Duration, Instant, Record};
use hms_scenario::model::Scenario;
use hms_sim::world::{Recorder, TraceKind};

use crate::incidents::Incident;
use crate::statistics::quantile;

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0..=1.
    Ratio,
    /// Seconds.
    Seconds,
    /// A count.
    Count,
    /// Per second.
    PerSecond,
    /// Per node and hour.
    PerNodeHour,
    /// Per node and second.
    PerNodeSecond,
    /// Bytes per node and second.
    BytesPerNodeSecond,
}

impl Unit {
    /// The unit as it stands in tables and column metadata.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Ratio => "ratio",
            Unit::Seconds => "s",
            Unit::Count => "count",
            Unit::PerSecond => "1/s",
            Unit::PerNodeHour => "1/(node h)",
            Unit::PerNodeSecond => "1/(node s)",
            Unit::BytesPerNodeSecond => "B/(node s)",
        }
    }
}

/// An objective, apart from any run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Name in tables, campaigns and `--json`.
    pub name: &'static str,
    /// Unit of the value.
    pub unit: Unit,
    /// Whether more is better.
    pub maximise: bool,
    /// What exactly is measured.
    pub help: &'static str,
}

/// An objective of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// What is measured.
    pub definition: &'static Definition,
    /// `None` where the run gives nothing to measure (no requests, no incidents detected).
    pub value: Option<f64>,
}

macro_rules! definitions {
    ($($name:literal, $unit:ident, $maximise:literal, $help:literal;)*) => {
        /// Every objective.
        pub const DEFINITIONS: &[Definition] =
            &[$(Definition { name: $name, unit: Unit::$unit, maximise: $maximise, help: $help }),*];
    };
}

definitions! {
    "availability", Ratio, true, "Requests answered in time, with substitutes or without / requests ended, over all loads.";
    "degraded", Ratio, false, "Requests answered in time with a substitute (a cache, a default answer) for some service's answer / requests ended.";
    "node_availability", Ratio, true, "Node-time in which a host was up and not paused / node-time, warm-up included.";
    "goodput", PerSecond, true, "Requests answered in time without substitutes per second.";
    "latency_p50", Seconds, false, "Median latency of requests answered without substitutes (relative error 0.1 %).";
    "latency_p99", Seconds, false, "99th percentile of the latency of requests answered without substitutes (relative error 0.1 %).";
    "latency_all_p99", Seconds, false, "99th percentile over all requests ended; a failed one counts with the time after which its client gave up.";
    "latency_all_p999", Seconds, false, "99.9th percentile over all requests ended; a failed one counts with the time after which its client gave up.";
    "incidents", Count, false, "Faults that began.";
    "detected", Ratio, true, "Incidents noticed by some node / incidents.";
    "detection_p50", Seconds, false, "Median time from the beginning of a fault to its first notice, over incidents noticed.";
    "detection_p99", Seconds, false, "99th percentile of the time from the beginning of a fault to its first notice, over incidents noticed.";
    "recovered", Ratio, true, "Incidents of which nothing was left at the end of the run / incidents.";
    "recovery_p50", Seconds, false, "Median recovery time: from when recovery was possible (end of a lasting fault, beginning of a momentary one) until nothing of it was left.";
    "recovery_p95", Seconds, false, "95th percentile of the recovery time.";
    "false_positives", PerNodeHour, false, "Suspicions of hosts that were up, running and reachable from the one who suspected, per node and hour.";
    "false_positive_share", Ratio, false, "Unjustified suspicions / suspicions.";
    "state_kept", Ratio, true, "Acknowledged journal entries still there when state was rebuilt / entries acknowledged before, whole run.";
    "restarts", Count, false, "Agents restarted by the stack.";
    "overhead_cpu", Ratio, false, "CPU time of the stack / CPU time of the hosts (cores x time), whole run.";
    "overhead_bytes", Ratio, false, "Bytes of the stack's messages / bytes of all messages, whole run.";
    "stack_messages", PerNodeSecond, false, "Messages sent by the stack per node and second, whole run.";
    "stack_traffic", BytesPerNodeSecond, false, "Bytes sent by the stack per node and second, whole run.";
}

/// Reads all objectives off a run.
pub(crate) fn read(scenario: &Scenario, recorder: &Recorder, incidents: &[Incident]) -> Vec<Objective> {
    let reader = Reader::new(scenario, recorder, incidents);
    DEFINITIONS.iter().map(|definition| Objective { definition, value: reader.value(definition.name) }).collect()
}

struct Reader<'a> {
    scenario: &'a Scenario,
    recorder: &'a Recorder,
    incidents: Vec<&'a Incident>,
    answered: Histogram<u64>,
    ended: Histogram<u64>,
    warmup: Instant,
    window: Duration,
}

impl<'a> Reader<'a> {
    fn new(scenario: &'a Scenario, recorder: &'a Recorder, incidents: &'a [Incident]) -> Self {
        let warmup = Instant::ZERO + scenario.run.warmup;
        let empty = || Histogram::new_with_bounds(1_000, 3_600_000_000_000, 3).expect("bounds are valid");
        let (mut answered, mut ended) = (empty(), empty());
        for load in &recorder.loads {
            answered.add(&load.answered).expect("histograms of one shape");
            ended.add(&load.ended).expect("histograms of one shape");
        }
        Reader {
            scenario,
            recorder,
            incidents: incidents.iter().filter(|incident| incident.start >= warmup).collect(),
            answered,
            ended,
            warmup,
            window: scenario.run.duration - scenario.run.warmup,
        }
    }

    fn value(&self, name: &str) -> Option<f64> {
        let requests = |read: fn(&hms_sim::world::Requests) -> u64| -> f64 {
            self.recorder.loads.iter().map(|load| read(&load.requests)).sum::<u64>() as f64
        };
        let succeeded = requests(|requests| requests.succeeded);
        let degraded = requests(|requests| requests.degraded);
        let ended = requests(hms_sim::world::Requests::ended);
        let hosts = self.scenario.cluster.hosts.len() as f64;
        let node_seconds = hosts * self.scenario.run.duration.as_secs_f64();
        match name {
            "availability" => ratio(succeeded + degraded, ended),
            "degraded" => ratio(degraded, ended),
            "node_availability" => ratio(node_seconds - self.node_seconds_down(), node_seconds),
            "goodput" => ratio(succeeded, self.window.as_secs_f64()),
            "latency_p50" => latency(&self.answered, 0.5),
            "latency_p99" => latency(&self.answered, 0.99),
            "latency_all_p99" => latency(&self.ended, 0.99),
            "latency_all_p999" => latency(&self.ended, 0.999),
            "incidents" => Some(self.incidents.len() as f64),
            "detected" => self.share(|incident| incident.detected.is_some()),
            "detection_p50" => self.times(Incident::detection_time, 0.5),
            "detection_p99" => self.times(Incident::detection_time, 0.99),
            "recovered" => self.share(|incident| incident.recovered.is_some()),
            "recovery_p50" => self.times(Incident::recovery_time, 0.5),
            "recovery_p95" => self.times(Incident::recovery_time, 0.95),
            "false_positives" => ratio(self.suspicions(false), hosts * self.window.as_secs_f64() / 3600.0),
            "false_positive_share" => ratio(self.suspicions(false), self.suspicions(false) + self.suspicions(true)),
            "state_kept" => self.state_kept(),
            "restarts" => Some(self.restarts()),
            "overhead_cpu" => ratio(self.series(|row| row.stack_cpu.as_secs_f64()), self.core_seconds()),
            "overhead_bytes" => {
                let stack = self.series(|row| row.stack_bytes as f64);
                ratio(stack, stack + self.series(|row| row.service_bytes as f64))
            }
            "stack_messages" => ratio(self.series(|row| row.stack_messages as f64), hosts * self.series_seconds()),
            "stack_traffic" => ratio(self.series(|row| row.stack_bytes as f64), hosts * self.series_seconds()),
            _ => unreachable!("{name} is defined and not read"),
        }
    }

    fn share(&self, holds: impl Fn(&Incident) -> bool) -> Option<f64> {
        ratio(self.incidents.iter().filter(|incident| holds(incident)).count() as f64, self.incidents.len() as f64)
    }

    fn times(&self, time: impl Fn(&Incident) -> Option<Duration>, share: f64) -> Option<f64> {
        let mut times: Vec<_> = self.incidents.iter().filter_map(|incident| time(incident)).map(Duration::as_secs_f64).collect();
        quantile(&mut times, share)
    }

    fn suspicions(&self, wanted: bool) -> f64 {
        let fits = |kind: &TraceKind| matches!(kind, TraceKind::Stack { record: Record::Suspected(_), justified, .. } if *justified == wanted);
        self.recorder.trace.iter().filter(|row| row.at >= self.warmup && fits(&row.kind)).count() as f64
    }

    fn restarts(&self) -> f64 {
        let fits = |kind: &TraceKind| matches!(kind, TraceKind::Stack { record: Record::RecoveryStarted { .. }, .. });
        self.recorder.trace.iter().filter(|row| row.at >= self.warmup && fits(&row.kind)).count() as f64
    }

    fn state_kept(&self) -> Option<f64> {
        let (mut before, mut after) = (0, 0);
        for row in &self.recorder.trace {
            if let TraceKind::StateRebuilt { acknowledged, kept, .. } = row.kind {
                before += acknowledged;
                after += kept;
            }
        }
        ratio(after as f64, before as f64)
    }

    fn series(&self, read: impl Fn(&hms_sim::world::SeriesRow) -> f64) -> f64 {
        self.recorder.series.iter().map(read).sum()
    }

    /// Seconds that the rows of the series cover: a run need not end with a sample.
    fn series_seconds(&self) -> f64 {
        self.recorder.series.last().map_or(0.0, |row| row.at.as_secs_f64())
    }

    fn core_seconds(&self) -> f64 {
        let cores: u32 = self.scenario.cluster.hosts.iter().map(|host| host.cores).sum();
        f64::from(cores) * self.series_seconds()
    }

    /// Node-seconds in which a host was down or paused, over the whole run.
    fn node_seconds_down(&self) -> f64 {
        let hosts = self.scenario.cluster.hosts.len();
        let end = Instant::ZERO + self.scenario.run.duration;
        let (mut down, mut paused) = (vec![false; hosts], vec![false; hosts]);
        let mut since = vec![Instant::ZERO; hosts];
        let mut lost = Duration::ZERO;
        for row in &self.recorder.trace {
            let (node, flags, value) = match row.kind {
                TraceKind::NodeDown(node) => (node, &mut down, true),
                TraceKind::NodeUp(node) => (node, &mut down, false),
                TraceKind::NodePaused(node) => (node, &mut paused, true),
                TraceKind::NodeResumed(node) => (node, &mut paused, false),
                _ => continue,
            };
            flags[node.index()] = value;
            let works = !down[node.index()] && !paused[node.index()];
            let start = &mut since[node.index()];
            match (works, *start == Instant::ZERO) {
                (true, false) => {
                    lost += row.at - *start;
                    *start = Instant::ZERO;
                }
                // `ZERO` means "works"; nothing is down before the first event, at which hosts are up.
                (false, true) => *start = row.at.max(Instant::from_nanos(1)),
                (true, true) | (false, false) => {}
            }
        }
        for start in since.into_iter().filter(|start| *start > Instant::ZERO) {
            lost += end - start;
        }
        lost.as_secs_f64()
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn latency(histogram: &Histogram<u64>, share: f64) -> Option<f64> {
    (!histogram.is_empty()).then(|| histogram.value_at_quantile(share) as f64 / 1e9)
}
