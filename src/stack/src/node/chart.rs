//! The chart: what readings of this node were, what is unusual in them, and, on the node that leads, how well the whole is.
//!
//! Picture the board at the foot of a bed and, in the office of whoever leads, the plan of the house. Every reading goes onto a tape of
//! [`History`]; some are also watched for what does not fit their past ([`AnomalyDetector`]): an anomaly is told and never acted upon. The plan
//! ([`Rollup`]) is filled from what the leader believes of nodes and agents; what is said of services, zones and the cluster follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{AgentId, Cause, Directory, Duration, Instant, Level, NodeId, Record, Whole};

use super::Cx;
use super::assignments::Assignments;
use super::peers::{Peers, Standing};
use crate::configuration::Configuration;
use crate::health::anomaly::AnomalyDetector;
use crate::health::checks::{self, Reading, ReadingKind, Subject};
use crate::health::evidence::{Event, Evidence, Weights};
use crate::health::{History, Predictor, Rollup};

/// For so long after an anomaly a series counts as unusual.
const UNUSUAL: Duration = Duration::from_secs(5);
/// Requests of one reading that are looked at one by one.
const OUTCOMES_MAX: u64 = 200;
/// Weight of the newest value in the mean by which rises are told from falls.
const WEIGHT: f64 = 0.1;

/// The board and the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    history: Option<History>,
    watched: BTreeMap<(Subject, ReadingKind), Watched>,
    slow: BTreeMap<(Subject, ReadingKind), Slow>,
    /// By what it is judged whether more requests fail than usual; `None` if nobody asks.
    error_weights: Option<Weights>,
    errors: BTreeMap<Subject, Evidence>,
    /// Until when the last failed operation of the disk counts.
    failing_until: Option<Instant>,
    rollup: Option<Rollup>,
    /// Levels of wholes that are to be told when they have lasted.
    pending: BTreeMap<Subject, (Instant, checks::Level)>,
    /// What was told last of each.
    told: BTreeMap<Subject, checks::Level>,
}

/// A series that is watched for anomalies.
#[derive(Clone, Debug)]
struct Watched {
    detector: AnomalyDetector,
    mean: Option<f64>,
    unusual_until: Option<Instant>,
}

/// A resource that is watched for slow leaks.
#[derive(Clone, Debug)]
struct Slow {
    predictor: Predictor,
    readings: u32,
    leaks: bool,
}

/// A series has become unusual, or is not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oddity {
    pub(crate) subject: Subject,
    pub(crate) cause: Cause,
    pub(crate) odd: bool,
}

impl Chart {
    pub(crate) fn new(configuration: &Configuration) -> Self {
        let (history, anomaly) = (configuration.history, &configuration.anomaly);
        let weights = Weights::new(anomaly.error_usual, anomaly.error_bad, anomaly.error_confidence, Duration::ZERO);
        Chart {
            error_weights: anomaly.enabled.then_some(weights),
            history: history.enabled.then(|| History::new(history.retention())),
            ..Chart::default()
        }
    }

    /// What readings were, if that is kept.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// How well the whole is, on a node that leads or has led.
    pub(crate) fn rollup(&self) -> Option<&Rollup> {
        self.rollup.as_ref()
    }

    /// Takes a reading of this node, of an agent on it, or of one that is called from here.
    pub(crate) fn read(
        &mut self,
        subject: Subject,
        reading: &Reading,
        configuration: &Configuration,
        now: Instant,
    ) -> Option<Oddity> {
        if let Some(history) = self.history.as_mut().filter(|_| !matches!(subject, Subject::Peer(_))) {
            history.record(subject, reading, now);
        }
        if let Some(oddity) = self.fail(subject, reading, now) {
            return Some(oddity);
        }
        if let Some(oddity) = self.leak(subject, reading, configuration, now) {
            return Some(oddity);
        }
        if let (Subject::Node(_), Reading::Outcomes { errors, .. }) = (subject, reading)
            && configuration.anomaly.enabled
        {
            // A healthy disk fails no operation in months, so a single one that failed does not fit the past.
            let was = self.failing_until;
            self.failing_until = if *errors > 0 { Some(now.saturating_add(UNUSUAL)) } else { was.filter(|until| *until > now) };
            let odd = self.failing_until.is_some();
            return (was.is_some() != odd).then_some(Oddity { subject, cause: Cause::DiskErrors, odd });
        }
        let own = !matches!(subject, Subject::Peer(_));
        let (value, cause) = watched(reading).filter(|_| own && configuration.anomaly.enabled)?;
        let watched = self.watched.entry((subject, reading.kind())).or_insert_with(|| Watched {
            detector: AnomalyDetector::new(&configuration.anomaly),
            mean: None,
            unusual_until: None,
        });
        let usual = *watched.mean.get_or_insert(value);
        watched.mean = Some(usual + WEIGHT * (value - usual));
        // What is faster than usual is nobody's trouble.
        let rose = watched.detector.observe(value, now).is_some() && value > usual;
        let was = watched.unusual_until;
        watched.unusual_until = if rose { Some(now.saturating_add(UNUSUAL)) } else { was.filter(|until| *until > now) };
        (was.is_some() != watched.unusual_until.is_some()).then_some(Oddity { subject, cause, odd: rose })
    }

    /// Whether more requests fail than usual, or no more: asked request by request, so that it is told as soon as there is enough to tell.
    fn fail(&mut self, subject: Subject, reading: &Reading, now: Instant) -> Option<Oddity> {
        let (ok, failed) = match *reading {
            Reading::Outcomes { ok, errors } => (ok, errors),
            Reading::Work { ok, .. } => (u64::from(ok), u64::from(!ok)),
            _ => return None,
        };
        if !matches!(subject, Subject::Agent(_) | Subject::Peer(_)) {
            return None;
        }
        self.requests(subject, ok, failed, now)
    }

    /// Takes requests that ended; whether more of them fail than usual has changed.
    pub(crate) fn requests(&mut self, subject: Subject, ok: u64, failed: u64, now: Instant) -> Option<Oddity> {
        let weights = self.error_weights?;
        let evidence = self.errors.entry(subject).or_default();
        let was = evidence.raised();
        let failure = Event { position: 0, shift: 0 };
        for _ in 0..failed.min(OUTCOMES_MAX) {
            evidence.observe(Some(failure), &weights, now);
        }
        for _ in 0..ok.min(OUTCOMES_MAX) {
            evidence.observe(None, &weights, now);
        }
        let odd = evidence.raised();
        (was != odd).then_some(Oddity { subject, cause: Cause::Errors, odd })
    }

    /// Whether a slow leak has shown, or has ended.
    fn leak(&mut self, subject: Subject, reading: &Reading, configuration: &Configuration, now: Instant) -> Option<Oddity> {
        let prediction = &configuration.prediction;
        let cause = match reading {
            Reading::Memory { .. } => Cause::MemoryTrend,
            Reading::Handles { .. } => Cause::Handles,
            _ => return None,
        };
        if !(prediction.enabled && prediction.far) {
            return None;
        }
        let slow = self.slow.entry((subject, reading.kind())).or_insert_with(|| Slow {
            predictor: Predictor::far(prediction),
            readings: 0,
            leaks: false,
        });
        slow.readings += 1;
        if !slow.readings.is_multiple_of(prediction.far_every) {
            return None;
        }
        slow.predictor.observe(reading.value()?, now);
        let left = slow.predictor.exhaustion(1.0).map(|exhaustion| exhaustion.at.saturating_since(now));
        let leaks = left.is_some_and(|left| left <= prediction.far_horizon);
        let was = std::mem::replace(&mut slow.leaks, leaks);
        (was != leaks).then_some(Oddity { subject, cause, odd: leaks })
    }

    /// The subject has a new process, or none; how long its work takes says nothing about the next.
    pub(crate) fn forget(&mut self, subject: Subject) {
        self.watched.retain(|(known, _), _| *known != subject);
        self.slow.retain(|(known, _), _| *known != subject);
        self.errors.remove(&subject);
    }

    /// Brings the plan up to what this node, which leads, believes, and tells what has lasted.
    pub(crate) fn draw(&mut self, own: NodeId, degraded: bool, beliefs: Beliefs<'_>, hold: Duration, cx: &mut Cx<'_>) {
        let Beliefs { directory, peers, assignments } = beliefs;
        let rollup = self.rollup.get_or_insert_with(|| Rollup::new(Arc::clone(directory)));
        let pending = &mut self.pending;
        let mut note = |change: crate::health::LevelChange| {
            if matches!(change.subject, Subject::Service(_) | Subject::Zone(_) | Subject::Cluster) {
                pending.insert(change.subject, (cx.now, change.to));
            }
        };
        for (index, _) in directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge) {
            let node = NodeId::from_index(index);
            let level = if node == own {
                if degraded { checks::Level::Degraded } else { checks::Level::Healthy }
            } else if peers.suspects(node) {
                checks::Level::Failed
            } else if peers.incarnation(node) == 0 {
                checks::Level::Unknown
            } else if peers.degraded(node) {
                checks::Level::Degraded
            } else {
                checks::Level::Healthy
            };
            rollup.set_node(node, level, &mut note);
        }
        for agent in (0..directory.agents.len()).map(AgentId::from_index) {
            let node = assignments.node_of(agent);
            let heard = node == own || peers.incarnation(node) > 0;
            let level = match peers.standing(agent) {
                Standing::Ready | Standing::Degraded if !heard => checks::Level::Unknown,
                Standing::Ready => checks::Level::Healthy,
                Standing::Degraded => checks::Level::Degraded,
                // What has not been ready yet is about to start, and has not failed.
                Standing::Out if rollup.agent(agent) == checks::Level::Unknown => checks::Level::Unknown,
                Standing::Out => checks::Level::Failed,
            };
            rollup.place(agent, node, &mut note);
            if rollup.agent(agent) != level {
                rollup.set_agent(agent, level, &mut note);
            }
        }
        self.tell(hold, cx);
    }

    fn tell(&mut self, hold: Duration, cx: &mut Cx<'_>) {
        let due = |since: Instant| cx.now.saturating_since(since) >= hold;
        let ready: Vec<_> =
            self.pending.iter().filter(|(_, (since, _))| due(*since)).map(|(subject, (_, to))| (*subject, *to)).collect();
        for (subject, level) in ready {
            self.pending.remove(&subject);
            // A whole is taken for well until something is said of it.
            let before = self.told.insert(subject, level).unwrap_or(checks::Level::Healthy);
            let of = match subject {
                Subject::Service(service) => Whole::Service(service),
                Subject::Zone(zone) => Whole::Zone(zone),
                Subject::Cluster => Whole::Cluster,
                Subject::Agent(_) | Subject::Peer(_) | Subject::Node(_) => continue,
            };
            if before != level {
                cx.record(Record::Whole { of, level: level_of(level) });
            }
        }
    }

    /// This node leads no longer: another draws the plan.
    pub(crate) fn lay_aside(&mut self) {
        self.pending.clear();
        self.told.clear();
        self.rollup = None;
    }
}

/// From what the plan is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Beliefs<'a> {
    pub(crate) directory: &'a Arc<Directory>,
    pub(crate) peers: &'a Peers,
    pub(crate) assignments: &'a Assignments,
}

/// A reading whose rise may mean trouble: on a logarithmic scale, on which times are told apart by ratios and have short tails.
fn watched(reading: &Reading) -> Option<(f64, Cause)> {
    let log = |time: Duration| libm::log(time.as_secs_f64().max(1e-6));
    match *reading {
        Reading::DiskOperation(elapsed) => Some((log(elapsed), Cause::SlowDisk)),
        Reading::Latency(elapsed) | Reading::Work { ok: true, elapsed } => Some((log(elapsed), Cause::Latency)),
        Reading::Work { ok: false, .. }
        | Reading::Probe { .. }
        | Reading::Ready(_)
        | Reading::Outcomes { .. }
        | Reading::Queue { .. }
        | Reading::Memory { .. }
        | Reading::Handles { .. }
        | Reading::DiskSpace { .. }
        | Reading::Processor { .. }
        | Reading::Clocks { .. }
        | Reading::Comparison { .. } => None,
    }
}

fn level_of(level: checks::Level) -> Level {
    match level {
        checks::Level::Healthy => Level::Healthy,
        checks::Level::Unknown => Level::Unknown,
        checks::Level::Degraded => Level::Degraded,
        checks::Level::Failed => Level::Failed,
    }
}
