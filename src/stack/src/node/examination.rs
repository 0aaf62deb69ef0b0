//! Examination: what the checks of a node look at, and what they say about its agents and the node itself.
//!
//! Picture a round through the ward. Every so often the host is asked how it is, in one question; its answer is cut into readings, one for each check. What
//! the node's calls have seen of other agents comes along. Between rounds, probes and their answers are noted as they come.

use std::collections::BTreeMap;

use hms_machine::{
    AgentId, AgentReading, Bytes, Cause, Component, Context, Directory, DiskReading, Duration, Instant, NodeId, Probe, Purpose,
    Reading as Measured, Record, Severity,
};

use super::chart::{Beliefs, Chart, Oddity};
use super::clocks::{ClockChange, Clocks};
use super::message::StackMessage;
use super::requests::Evidence;
use super::treatment::of_the_disk;
use crate::configuration::Configuration;
use crate::health::alerts::{Alerts, Fingerprint, Labels, Signal, Source};
use crate::health::checks::{
    self, Change, Checks, ErrorRate, Level, Reading, ReadingKind, Registration, Schedule, Standard, Subject,
};

const JITTER: Purpose = Purpose::named("stack/check-jitter");
const PHASE: Purpose = Purpose::named("stack/check-phase");

/// Flushes from which a mean is taken, over as many rounds as it takes.
const SYNCS_MIN: u64 = 5;
/// The same for the chart, which learns how much such means differ and only tells.
const SYNCS_CHARTED: u64 = 2;
/// An operation that has been under way for this long is news by itself.
const PENDING_MIN: Duration = Duration::from_millis(100);

/// An ill disk is tried at each of so many rounds, and then at one in [`TRIALS_APART`]: trouble that lasts must not fill it.
const TRIALS_AT_FIRST: u32 = 100;
const TRIALS_APART: u32 = 10;

type Cx<'a> = Context<'a, StackMessage>;

/// The instruments.
#[derive(Clone, Debug)]
pub(crate) struct Examination {
    node: NodeId,
    checks: Checks,
    alerts: Alerts,
    /// When the next round is due; `None` while checks are off.
    round_at: Option<Instant>,
    /// Whether an answer of the host is awaited.
    asked: bool,
    /// What the disk said at the last round.
    disk: DiskReading,
    /// Flushes, and the time that they took, at the round in which a mean was taken last.
    flushes: (u64, Duration),
    /// The same for the chart.
    charted: (u64, Duration),
    degraded: Option<Cause>,
    /// Rounds for which the disk has been ill.
    trials: u32,
    /// What is believed of nodes without being acted upon, and by how many tests.
    noted: BTreeMap<(NodeId, Cause), u32>,
    chart: Chart,
    clocks: Clocks,
}

/// How a disk is, as far as its checks know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    Well,
    /// It is not well, and about to be: the newest readings were good.
    Mends,
    Ails,
}

/// What a round has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A local agent does not work as it should.
    Ails(AgentId, Cause),
    /// Nothing is wrong with it any more.
    Well(AgentId),
    /// This node is well, or not, all of a sudden, or for another reason.
    Node,
}

impl Examination {
    pub(crate) fn new(node: NodeId, configuration: &Configuration) -> Self {
        Examination {
            node,
            checks: Checks::new(),
            alerts: Alerts::new(&configuration.alerts),
            round_at: None,
            asked: false,
            disk: DiskReading::default(),
            flushes: (0, Duration::ZERO),
            charted: (0, Duration::ZERO),
            degraded: None,
            trials: 0,
            noted: BTreeMap::new(),
            chart: Chart::new(configuration),
            clocks: Clocks::default(),
        }
    }

    /// Begins the rounds of a node that has just started.
    pub(crate) fn begin(&mut self, configuration: &Configuration, cx: &mut Cx<'_>) {
        if !configuration.checks.enabled && !configuration.state.enabled {
            return;
        }
        let subject = Subject::Node(self.node);
        let draw = &mut cx.draw(PHASE);
        self.round_at = Some(cx.now.saturating_add(configuration.checks.every.mul_f64(draw.uniform())));
        if !configuration.checks.enabled {
            return;
        }
        standard(configuration).watch_node(&mut self.checks, subject, cx.now, draw);
        let check = Box::new(ErrorRate::new(&configuration.checks));
        let schedule = Schedule::Push { silence: None };
        self.checks.register(Registration { name: "disk errors", subject, schedule, check }, cx.now);
    }

    /// Begins the rounds of an edge, which has no hardware of its own: they are about the agents that it calls.
    pub(crate) fn begin_at_edge(&mut self, configuration: &Configuration, cx: &mut Cx<'_>) {
        if configuration.checks.enabled {
            let first = configuration.checks.every.mul_f64(cx.draw(PHASE).uniform());
            self.round_at = Some(cx.now.saturating_add(first));
        }
    }

    /// Begins to look at a local agent.
    pub(crate) fn watch(&mut self, agent: AgentId, configuration: &Configuration, cx: &mut Cx<'_>) {
        if configuration.checks.enabled {
            standard(configuration).watch_agent(&mut self.checks, Subject::Agent(agent), cx.now, &mut cx.draw(PHASE));
        }
    }

    /// The agent has a new process, or none: what was seen of the old one says nothing.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        self.checks.remove(Subject::Agent(agent));
        self.chart.forget(Subject::Agent(agent));
    }

    /// What was read, and how well the whole is.
    pub(crate) fn chart(&self) -> &Chart {
        &self.chart
    }

    /// How well the whole is, if this node is the one to say so.
    pub(crate) fn draw(&mut self, leads: bool, beliefs: Beliefs<'_>, configuration: &Configuration, cx: &mut Cx<'_>) {
        let degraded = self.degraded.is_some();
        if leads && configuration.aggregation.enabled {
            self.chart.draw(self.node, degraded, beliefs, configuration.aggregation.hold, cx);
        } else {
            self.chart.lay_aside();
        }
    }

    /// Whether this node has said of itself that it is not well, and why.
    pub(crate) fn degraded(&self) -> Option<Cause> {
        self.degraded
    }

    /// What ails the disk, whatever else may ail the host more.
    pub(crate) fn disk_ails(&self) -> Option<Cause> {
        let subject = Subject::Node(self.node);
        let bad = self.checks.of(subject).filter(|(_, status)| status.level() >= Level::Degraded);
        let mut causes = bad.filter_map(|(_, status)| Some(cause_of(status.cause()?, subject)));
        causes.find(|cause| of_the_disk(*cause))
    }

    /// How the disk is.
    pub(crate) fn disk(&self) -> Disk {
        let subject = Subject::Node(self.node);
        let mends = || self.checks.mending(subject, |cause| of_the_disk(cause_of(cause, subject)));
        match self.disk_ails() {
            None => Disk::Well,
            Some(_) if mends() => Disk::Mends,
            Some(_) => Disk::Ails,
        }
    }

    /// Whether the disk is to be tried now: callers leave out who says that his disk is ill, and without work nobody would learn that it is well again.
    pub(crate) fn wants_a_write(&mut self) -> bool {
        // How much room there is, the host says without being tried.
        if self.disk_ails().is_none_or(|cause| cause == Cause::DiskFull) {
            self.trials = 0;
            return false;
        }
        self.trials += 1;
        self.disk.pending == Duration::ZERO && (self.trials <= TRIALS_AT_FIRST || self.trials.is_multiple_of(TRIALS_APART))
    }

    /// When [`Examination::wake`] is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.round_at.into_iter().chain(self.alerts.deadline()).min()
    }

    /// Begins a round, if one is due.
    pub(crate) fn wake(
        &mut self,
        configuration: &Configuration,
        directory: &Directory,
        mut evidence: impl FnMut(AgentId) -> Evidence,
        findings: &mut Vec<Finding>,
        cx: &mut Cx<'_>,
    ) {
        self.alert(cx);
        if self.round_at.is_none_or(|due| due > cx.now) {
            return;
        }
        self.round_at = Some(cx.now.saturating_add(configuration.checks.every));
        let draw = &mut cx.draw(JITTER);
        // How far the journals are, the host says too; without checks it is asked for that alone.
        let (mut measure, mut probes, mut changes) = (!configuration.checks.enabled, Vec::new(), Vec::new());
        let ask = |due: checks::Due| match (due.subject, due.what) {
            (Subject::Agent(agent), ReadingKind::Work) => probes.push(agent),
            // The supervisor asks for signs of life; its answers come here as well.
            (_, ReadingKind::Probe) => {}
            _ => measure = true,
        };
        self.checks.due(cx.now, draw, ask, |change| changes.push(change));
        for agent in probes {
            match evidence(agent) {
                // Real work is the best proof, and costs nothing more.
                Evidence::Works { ok, elapsed } => {
                    self.served(agent, ok, 0, directory, cx);
                    self.checks.excuse(Subject::Agent(agent), ReadingKind::Work);
                    // Every request is on the chart already.
                    let subject = Subject::Agent(agent);
                    self.checks.report(subject, &Reading::Outcomes { ok: 1, errors: 0 }, cx.now, |change| changes.push(change));
                    self.report(subject, &[Reading::Latency(elapsed)], configuration, directory, findings, cx);
                }
                // Whether it is the agent's fault only a request can tell that calls nobody.
                Evidence::Fails { ok, failed, crowded } => {
                    self.served(agent, ok, failed, directory, cx);
                    if crowded {
                        self.checks.excuse(Subject::Agent(agent), ReadingKind::Work);
                    } else {
                        cx.probe(agent, Probe::Work);
                    }
                }
                Evidence::Busy => self.checks.excuse(Subject::Agent(agent), ReadingKind::Work),
                Evidence::Nothing => cx.probe(agent, Probe::Work),
            }
        }
        if measure && !self.asked {
            self.asked = true;
            cx.measure();
        }
        self.interpret(&changes, directory, findings, cx);
        let (mut clocks, here) = (Vec::new(), (self.node, cx.wall, cx.now));
        self.clocks.look(here, configuration, |change| clocks.push(change));
        clocks.into_iter().for_each(|change| self.clock(change, directory, cx));
    }

    /// A message has come that tells what its sender's clock said when it left. From another zone it was under way for longer, nobody knows how much.
    pub(crate) fn heard(
        &mut self,
        from: NodeId,
        sent: Instant,
        configuration: &Configuration,
        directory: &Directory,
        cx: &Cx<'_>,
    ) {
        let zone = |node: NodeId| directory.nodes[node.index()].zone;
        if configuration.checks.enabled && zone(from) == zone(self.node) {
            self.clocks.heard(from, sent, (cx.wall, cx.now));
        }
    }

    fn clock(&mut self, ClockChange { node, bad }: ClockChange, directory: &Directory, cx: &mut Cx<'_>) {
        self.way(node, Cause::Clock, bad, directory, cx);
    }

    /// A local agent has answered so many requests of all its callers, and so many not: it sees more of them than any of them does.
    fn served(&mut self, agent: AgentId, ok: u32, failed: u32, directory: &Directory, cx: &mut Cx<'_>) {
        if let Some(oddity) = self.chart.requests(Subject::Agent(agent), u64::from(ok), u64::from(failed), cx.now) {
            self.odd(oddity, directory, cx);
        }
    }

    /// A local agent has answered a probe.
    pub(crate) fn probed(
        &mut self,
        (agent, probe, ok, elapsed): (AgentId, Probe, bool, Duration),
        configuration: &Configuration,
        directory: &Directory,
        findings: &mut Vec<Finding>,
        cx: &mut Cx<'_>,
    ) {
        let reading = match probe {
            Probe::Liveness => Reading::Probe { answered: ok },
            Probe::Readiness => Reading::Ready(ok),
            Probe::Work => Reading::Work { ok, elapsed },
        };
        self.report(Subject::Agent(agent), &[reading], configuration, directory, findings, cx);
    }

    /// The host has answered.
    pub(crate) fn measured(
        &mut self,
        measured: &Measured,
        configuration: &Configuration,
        directory: &Directory,
        findings: &mut Vec<Finding>,
        cx: &mut Cx<'_>,
    ) {
        cx.charge(Component::Health);
        self.asked = false;
        let before = std::mem::replace(&mut self.disk, measured.disk);
        let done = measured.disk.operations.saturating_sub(before.operations);
        let failed = measured.disk.errors.saturating_sub(before.errors);
        let (known, known_busy) = self.flushes;
        let syncs = measured.disk.syncs.saturating_sub(known);
        let mut readings = vec![
            Reading::Processor { expected: measured.cpu_expected, elapsed: measured.cpu_elapsed },
            Reading::DiskSpace { used: measured.disk.used, capacity: measured.disk.capacity },
        ];
        if done > 0 {
            readings.push(Reading::Outcomes { ok: done.saturating_sub(failed), errors: failed });
        }
        self.chart_flushes(measured.disk, configuration, directory, cx);
        // A few flushes are no measure of what is usual: their times have a long tail.
        if syncs >= SYNCS_MIN {
            let mean = measured.disk.syncs_busy.saturating_sub(known_busy) / syncs;
            self.flushes = (measured.disk.syncs, measured.disk.syncs_busy);
            readings.push(Reading::DiskOperation(mean.max(measured.disk.pending)));
        } else if measured.disk.pending >= PENDING_MIN {
            readings.push(Reading::DiskOperation(measured.disk.pending));
        }
        self.report(Subject::Node(self.node), &readings, configuration, directory, findings, cx);
        for agent in measured.agents.iter().filter(|agent| agent.running) {
            let readings = readings_of(agent, measured, directory);
            self.report(Subject::Agent(agent.agent), &readings, configuration, directory, findings, cx);
        }
    }

    /// What does not fit the past of a disk is told sooner than it is acted upon.
    fn chart_flushes(&mut self, disk: DiskReading, configuration: &Configuration, directory: &Directory, cx: &mut Cx<'_>) {
        let (known, known_busy) = self.charted;
        let syncs = disk.syncs.saturating_sub(known);
        let elapsed = if syncs >= SYNCS_CHARTED {
            self.charted = (disk.syncs, disk.syncs_busy);
            (disk.syncs_busy.saturating_sub(known_busy) / syncs).max(disk.pending)
        } else if disk.pending >= PENDING_MIN {
            disk.pending
        } else {
            return;
        };
        let reading = Reading::DiskOperation(elapsed);
        if let Some(oddity) = self.chart.read(Subject::Node(self.node), &reading, configuration, cx.now) {
            self.odd(oddity, directory, cx);
        }
    }

    /// What this node's calls have seen of other agents since the last round.
    pub(crate) fn called(
        &mut self,
        agent: AgentId,
        reading: Reading,
        configuration: &Configuration,
        directory: &Directory,
        cx: &mut Cx<'_>,
    ) {
        let subject = Subject::Peer(agent);
        if !configuration.checks.enabled {
            return;
        }
        if self.checks.of(subject).next().is_none() {
            standard(configuration).watch_peer(&mut self.checks, subject, cx.now, &mut cx.draw(PHASE));
        }
        self.report(subject, &[reading], configuration, directory, &mut Vec::new(), cx);
    }

    fn report(
        &mut self,
        subject: Subject,
        readings: &[Reading],
        configuration: &Configuration,
        directory: &Directory,
        findings: &mut Vec<Finding>,
        cx: &mut Cx<'_>,
    ) {
        let mut changes = Vec::new();
        for reading in readings {
            let charted = matches!(reading, Reading::DiskOperation(_));
            let oddity = if charted { None } else { self.chart.read(subject, reading, configuration, cx.now) };
            if let Some(oddity) = oddity {
                self.odd(oddity, directory, cx);
            }
            self.checks.report(subject, reading, cx.now, |change| changes.push(change));
        }
        self.interpret(&changes, directory, findings, cx);
    }

    /// Makes records, alerts and findings of changed statuses.
    fn interpret(&mut self, changes: &[Change], directory: &Directory, findings: &mut Vec<Finding>, cx: &mut Cx<'_>) {
        for change in changes {
            let status = self.checks.status(change.subject);
            self.alerts.change(change, self.node, Labels::of(change.subject, directory), cx.now);
            let cause = change.to.cause().map(|cause| cause_of(cause, change.subject));
            let was_bad = change.from.level() >= Level::Degraded;
            match (change.subject, cause) {
                (Subject::Agent(agent), Some(cause)) => {
                    cx.record(Record::AgentDegraded { agent, cause });
                    findings.push(Finding::Ails(agent, cause));
                }
                (Subject::Agent(agent), None) if was_bad && status.level() < Level::Degraded => {
                    cx.record(Record::AgentHealthy(agent));
                    findings.push(Finding::Well(agent));
                }
                (Subject::Peer(agent), Some(cause)) => cx.record(Record::AgentDegraded { agent, cause }),
                (Subject::Peer(agent), None) if was_bad && status.level() < Level::Degraded => {
                    cx.record(Record::AgentHealthy(agent))
                }
                (Subject::Node(node), Some(cause)) if node == self.node => {
                    cx.record(Record::NodeDegraded { node, cause });
                    self.degraded = Some(cause);
                    findings.push(Finding::Node);
                }
                (Subject::Node(node), None) if node == self.node && was_bad && status.level() < Level::Degraded => {
                    if !self.is_noted(node) {
                        cx.record(Record::NodeHealthy(node));
                    }
                    self.degraded = None;
                    findings.push(Finding::Node);
                }
                // One of several troubles is over.
                (Subject::Node(node), None) if node == self.node && was_bad => findings.push(Finding::Node),
                (
                    Subject::Agent(_)
                    | Subject::Peer(_)
                    | Subject::Node(_)
                    | Subject::Service(_)
                    | Subject::Zone(_)
                    | Subject::Cluster,
                    _,
                ) => {}
            }
        }
        self.alert(cx);
    }

    /// Another node is suspected, or is not any more: the operators hear of it.
    pub(crate) fn peer(&mut self, node: NodeId, suspected: bool, directory: &Directory, cx: &mut Cx<'_>) {
        let fingerprint = Fingerprint { subject: Subject::Node(node), cause: checks::Cause::Unresponsive };
        let source = Source { node: self.node, check: "failure detector" };
        if suspected {
            if let Some(change) = self.clocks.forget(node) {
                self.clock(change, directory, cx);
            }
            let (severity, labels) = (checks::Severity::Critical, Labels::of(Subject::Node(node), directory));
            self.alerts.raise(Signal { fingerprint, severity, labels, source }, cx.now);
        } else {
            self.alerts.resolve(fingerprint, source, cx.now);
        }
        self.alert(cx);
    }

    /// The links or the clock of a node are bad, or are not any more. Nothing is done about it: a path is nobody's to restart, and callers find out by
    /// themselves which replicas answer.
    pub(crate) fn way(&mut self, node: NodeId, cause: Cause, bad: bool, directory: &Directory, cx: &mut Cx<'_>) {
        let tests = self.noted.entry((node, cause)).or_default();
        let before = *tests;
        *tests = if bad { before + 1 } else { before.saturating_sub(1) };
        let after = *tests;
        if after == 0 {
            self.noted.remove(&(node, cause));
        }
        let (told, check) = match cause {
            Cause::Clock => (checks::Cause::ClockOff, "clocks"),
            Cause::SlowDisk => (checks::Cause::SlowDisk, "anomaly"),
            Cause::DiskErrors => (checks::Cause::Errors, "anomaly"),
            _ => (checks::Cause::BadLinks, "links"),
        };
        let fingerprint = Fingerprint { subject: Subject::Node(node), cause: told };
        let source = Source { node: self.node, check };
        if before == 0 && after > 0 {
            cx.record(Record::NodeDegraded { node, cause });
            let (severity, labels) = (checks::Severity::Warning, Labels::of(Subject::Node(node), directory));
            self.alerts.raise(Signal { fingerprint, severity, labels, source }, cx.now);
        } else if before > 0 && after == 0 {
            let acted_upon = node == self.node && self.degraded.is_some();
            if !self.is_noted(node) && !acted_upon {
                cx.record(Record::NodeHealthy(node));
            }
            self.alerts.resolve(fingerprint, source, cx.now);
        }
        self.alert(cx);
    }

    /// Readings do not fit their past, or do again. A hint: it is told, and nothing is done about it.
    fn odd(&mut self, oddity: Oddity, directory: &Directory, cx: &mut Cx<'_>) {
        let Oddity { subject, cause, odd } = oddity;
        // A check that knows more has spoken already, and will speak of the end.
        let known = self.checks.status(subject).level() >= Level::Degraded;
        match subject {
            Subject::Agent(agent) | Subject::Peer(agent) if odd && !known => cx.record(Record::AgentDegraded { agent, cause }),
            Subject::Agent(agent) | Subject::Peer(agent) if !odd && !known => cx.record(Record::AgentHealthy(agent)),
            Subject::Node(node) => self.way(node, cause, odd, directory, cx),
            Subject::Agent(_) | Subject::Peer(_) | Subject::Service(_) | Subject::Zone(_) | Subject::Cluster => {}
        }
    }

    /// Whether something is believed of a node that is not acted upon.
    fn is_noted(&self, node: NodeId) -> bool {
        Cause::ALL.iter().any(|cause| self.noted.contains_key(&(node, *cause)))
    }

    /// Tells people what they are to be told now.
    fn alert(&mut self, cx: &mut Cx<'_>) {
        if self.alerts.deadline().is_none_or(|due| due > cx.now) {
            return;
        }
        self.alerts.flush(cx.now, |notification| {
            for alert in notification.firing {
                let severity = match alert.severity {
                    checks::Severity::Warning => Severity::Warning,
                    checks::Severity::Critical => Severity::Critical,
                };
                let Fingerprint { subject, cause } = alert.fingerprint;
                cx.record(Record::Alerted { severity, cause: cause_of(cause, subject) });
            }
        });
    }
}

fn standard(configuration: &Configuration) -> Standard {
    Standard { checks: configuration.checks, prediction: configuration.prediction }
}

/// Readings of a local agent, from what it says of itself.
fn readings_of(agent: &AgentReading, measured: &Measured, directory: &Directory) -> [Reading; 4] {
    let service = &directory.services[directory.agents[agent.agent.index()].service.index()];
    // An agent may grow to what the others leave.
    let others = measured.memory_used.saturating_sub(agent.memory);
    let limit = Bytes(measured.memory_capacity.0.saturating_sub(others.0));
    [
        Reading::Memory { used: agent.memory, limit },
        Reading::Handles { used: u64::from(agent.handles), limit: u64::from(agent.handles_max) },
        Reading::Queue { depth: u64::from(agent.waiting), limit: u64::from(service.queue) },
        Reading::Ready(agent.ready),
    ]
}

/// What a check has seen, in the words of the trace.
fn cause_of(cause: checks::Cause, subject: Subject) -> Cause {
    match cause {
        checks::Cause::Unresponsive if matches!(subject, Subject::Node(_)) => Cause::NodeDown,
        checks::Cause::Unresponsive | checks::Cause::NotReady => Cause::Hang,
        checks::Cause::Slow | checks::Cause::SlowerThanPeers => Cause::Latency,
        checks::Cause::Errors if matches!(subject, Subject::Node(_)) => Cause::DiskErrors,
        checks::Cause::Errors | checks::Cause::GrayFailure | checks::Cause::Other(_) => Cause::Errors,
        checks::Cause::Overload => Cause::Queue,
        checks::Cause::MemoryPressure | checks::Cause::MemoryLeak => Cause::MemoryTrend,
        checks::Cause::HandleLeak => Cause::Handles,
        checks::Cause::SlowDisk => Cause::SlowDisk,
        checks::Cause::DiskFull => Cause::DiskFull,
        checks::Cause::SlowProcessor => Cause::SlowCpu,
        checks::Cause::ClockOff => Cause::Clock,
        checks::Cause::PartsDown => Cause::ZoneDown,
        checks::Cause::BadLinks => Cause::Network,
    }
}
