//! Each objective read off a run.

use hdrhistogram::Histogram;
use hms_machine::{Component, Duration, Instant, Record};
use hms_scenario::model::Scenario;
use hms_sim::world::{Recorder, TraceKind, TraceRow};

use crate::checkers::Findings;
use crate::incidents::Incident;
use crate::statistics::{quantile, ratio};

pub(super) struct Reader<'a> {
    scenario: &'a Scenario,
    recorder: &'a Recorder,
    findings: &'a Findings,
    incidents: Vec<&'a Incident>,
    answered: Histogram<u64>,
    ended: Histogram<u64>,
    warmup: Instant,
    window: Duration,
}

impl<'a> Reader<'a> {
    pub(super) fn new(scenario: &'a Scenario, recorder: &'a Recorder, incidents: &'a [Incident], findings: &'a Findings) -> Self {
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
            findings,
            incidents: incidents.iter().filter(|incident| incident.start >= warmup).collect(),
            answered,
            ended,
            warmup,
            window: scenario.run.duration - scenario.run.warmup,
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<f64> {
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
            "detected" => {
                let shown = self.incidents.iter().filter(|incident| incident.shown.is_some());
                let noticed = shown.clone().filter(|incident| incident.detected.is_some()).count();
                ratio(noticed as f64, shown.count() as f64)
            }
            "detection_p50" => self.times(Incident::detection_time, 0.5),
            "detection_p99" => self.times(Incident::detection_time, 0.99),
            "recovered" => self.share(|incident| incident.recovered.is_some()),
            "recovery_p50" => self.times(Incident::recovery_time, 0.5),
            "recovery_p95" => self.times(Incident::recovery_time, 0.95),
            "false_positives" => ratio(self.suspicions(false), hosts * self.window.as_secs_f64() / 3600.0),
            "false_positive_share" => self.findings.detectors.per_detection,
            "state_kept" => self.state_kept(),
            "restarts" => Some(self.restarts()),
            "overhead_cpu" => ratio(self.series(|row| row.stack_cpu.as_secs_f64()), self.core_seconds()),
            "overhead_bytes" => {
                let stack = self.series(|row| row.stack_bytes as f64);
                ratio(stack, stack + self.series(|row| row.service_bytes as f64))
            }
            "stack_messages" => ratio(self.series(|row| row.stack_messages as f64), hosts * self.series_seconds()),
            "stack_traffic" => ratio(self.series(|row| row.stack_bytes as f64), hosts * self.series_seconds()),
            _ => self.healing(name),
        }
    }

    /// Objectives of healing and of what it must not do.
    fn healing(&self, name: &str) -> Option<f64> {
        let Findings { detectors, recoveries, state, cascades, leadership, breakers, overhead } = self.findings;
        match name {
            "service_recovery_p50" => self.times(Incident::service_recovery, 0.5),
            "service_recovery_p95" => self.times(Incident::service_recovery, 0.95),
            "restored" => self.share(|incident| incident.restored.is_some()),
            "first_attempt" => recoveries.first_attempt,
            "recoveries" => Some(recoveries.started as f64),
            "moved" => Some(self.said(|record| matches!(record, Record::Moved { .. }))),
            "quarantined" => Some(self.said(|record| matches!(record, Record::Quarantined { .. }))),
            "mistake_duration" => detectors.mistake_duration,
            "mistake_recurrence" => detectors.mistake_recurrence,
            "query_accuracy" => detectors.query_accuracy,
            "cascades" => Some(cascades.len() as f64),
            "double_leadership" => Some(leadership.double),
            "started_twice" => Some(leadership.twice as f64),
            "state_lost" => Some(state.lost as f64),
            "state_whole" => state.share_whole(),
            "breaker_opens" => Some(breakers.opens as f64),
            "breaker_reaction" => breakers.reaction_max,
            "goodput_kept" => self.goodput_kept(),
            "overhead_cpu_health" => overhead.cpu_of(Component::Health),
            "overhead_cpu_supervisor" => overhead.cpu_of(Component::Supervisor),
            "overhead_cpu_breaker" => overhead.cpu_of(Component::Breaker),
            "overhead_cpu_overload" => overhead.cpu_of(Component::Overload),
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

    /// How often nodes said such a thing, over the whole run.
    fn said(&self, wanted: impl Fn(&Record) -> bool) -> f64 {
        let fits = |row: &&TraceRow| matches!(&row.kind, TraceKind::Stack { record, .. } if wanted(record));
        self.recorder.trace.iter().filter(fits).count() as f64
    }

    /// Goodput in the intervals of the series that meet an open incident, against goodput in the others.
    fn goodput_kept(&self) -> Option<f64> {
        let open = |from: Instant, until: Instant| {
            let meets = |incident: &&Incident| {
                let over = incident.verified.unwrap_or(Instant::MAX).max(incident.end.unwrap_or(incident.start));
                incident.start < until && over >= from
            };
            self.incidents.iter().any(&meets)
        };
        let (mut during, mut apart) = ((0.0, 0.0), (0.0, 0.0));
        let mut from = Instant::ZERO;
        for row in &self.recorder.series {
            let sum = if open(from, row.at) { &mut during } else { &mut apart };
            if from >= self.warmup {
                *sum = (sum.0 + row.requests.succeeded as f64, sum.1 + (row.at - from).as_secs_f64());
            }
            from = row.at;
        }
        ratio(ratio(during.0, during.1)?, ratio(apart.0, apart.1)?)
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

fn latency(histogram: &Histogram<u64>, share: f64) -> Option<f64> {
    (!histogram.is_empty()).then(|| histogram.value_at_quantile(share) as f64 / 1e9)
}
