//! The checks that every agent, peer and node gets, in the order in which their causes are believed.

use hms_machine::{Draw, Instant};

use super::{
    Check, CheckConfiguration, Checks, ClockOffset, CpuDelay, Differential, DiskLatency, ErrorRate, Latency, Liveness,
    PeerComparison, QueueDepth, Readiness, ReadingKind, Registration, Resource, ResourceTrend, Schedule, Subject,
};
use crate::health::PredictionConfiguration;

/// Registers the standard checks; with checks switched off, none.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    /// Thresholds and times.
    pub checks: CheckConfiguration,
    /// How trends are looked for.
    pub prediction: PredictionConfiguration,
}

impl Standard {
    /// For an agent of this node: probes, synthetic requests, its queue, memory and handles; outcomes and latencies of real requests as they come.
    pub fn watch_agent(&self, checks: &mut Checks, subject: Subject, now: Instant, draw: &mut Draw) {
        let Standard { checks: configuration, prediction } = self;
        let (memory, handles) = (Resource::Memory, Resource::Handles);
        let mut roster = self.roster(checks, subject, now, draw);
        roster.pull("liveness", ReadingKind::Probe, Box::new(Liveness::new(configuration)));
        roster.pull("differential", ReadingKind::Work, Box::new(Differential::new(configuration)));
        roster.push("readiness", Box::new(Readiness::new(configuration)));
        roster.push("error rate", Box::new(ErrorRate::new(configuration)));
        roster.pull("memory trend", memory.reading(), Box::new(ResourceTrend::new(memory, configuration, prediction)));
        roster.pull("handle trend", handles.reading(), Box::new(ResourceTrend::new(handles, configuration, prediction)));
        roster.pull("queue depth", ReadingKind::Queue, Box::new(QueueDepth::new(configuration)));
        roster.push("latency", Box::new(Latency::new(configuration)));
    }

    /// For an agent that this node calls, local or not: outcomes and comparisons as they come. How long it takes by itself says little: it calls others.
    pub fn watch_peer(&self, checks: &mut Checks, subject: Subject, now: Instant, draw: &mut Draw) {
        let configuration = &self.checks;
        let mut roster = self.roster(checks, subject, now, draw);
        roster.push("error rate", Box::new(ErrorRate::new(configuration)));
        roster.push("peer comparison", Box::new(PeerComparison::new(configuration)));
    }

    /// For this node itself: its disk and its processor.
    pub fn watch_node(&self, checks: &mut Checks, subject: Subject, now: Instant, draw: &mut Draw) {
        let Standard { checks: configuration, prediction } = self;
        let disk = ResourceTrend::new(Resource::Disk, configuration, prediction);
        let mut roster = self.roster(checks, subject, now, draw);
        roster.push("disk latency", Box::new(DiskLatency::new(configuration)));
        roster.pull("disk space", ReadingKind::DiskSpace, Box::new(disk));
        roster.pull("cpu delay", ReadingKind::Processor, Box::new(CpuDelay::new(configuration)));
    }

    /// For the clock of a node, by the messages that come.
    pub fn watch_clock(&self, checks: &mut Checks, subject: Subject, now: Instant) {
        let (schedule, check) = (Schedule::Push { silence: None }, Box::new(ClockOffset::new(&self.checks)));
        checks.register(Registration { name: "clock offset", subject, schedule, check }, now);
    }

    fn roster<'a>(&'a self, checks: &'a mut Checks, subject: Subject, now: Instant, draw: &'a mut Draw) -> Roster<'a> {
        Roster { standard: self, checks, subject, now, draw }
    }
}

struct Roster<'a> {
    standard: &'a Standard,
    checks: &'a mut Checks,
    subject: Subject,
    now: Instant,
    draw: &'a mut Draw,
}

impl Roster<'_> {
    /// First asked for at a random moment of the first period, so that the checks of a node that boots are spread.
    fn pull(&mut self, name: &'static str, what: ReadingKind, check: Box<dyn Check>) {
        let CheckConfiguration { every, work_probe_every, jitter, .. } = self.standard.checks;
        let every = if what == ReadingKind::Work { work_probe_every } else { every };
        let first = self.now + every.mul_f64(self.draw.uniform());
        self.register(name, Schedule::Pull { what, every, jitter, first }, check);
    }

    fn push(&mut self, name: &'static str, check: Box<dyn Check>) {
        self.register(name, Schedule::Push { silence: None }, check);
    }

    fn register(&mut self, name: &'static str, schedule: Schedule, check: Box<dyn Check>) {
        if self.standard.checks.enabled {
            self.checks.register(Registration { name, subject: self.subject, schedule, check }, self.now);
        }
    }
}
