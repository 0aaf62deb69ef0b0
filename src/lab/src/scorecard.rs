//! The scorecard: every figure that is promised, measured over seeds, with an interval and a verdict.
//!
//! Picture the report of an acceptance test. Runs are made with many seeds over one or several scenarios; what they show is pooled, so that a
//! percentile is one of all incidents and not a mean of percentiles, and whole runs are drawn again and again from those that were made to say how
//! far the figure may be off (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3).
//!
//! Contract: the same inputs give the same scorecard on any number of threads. A figure that no run could show has no value and no verdict; it
//! never counts as reached.

use hms_machine::{Component, Duration, Instant, Purpose, Seed, Streams};
use hms_sim::kernel::RunError;
use hms_trial::checkers::cascades::Kind;
use hms_trial::{Detail, Outcome, quantile};
use rayon::prelude::*;
use serde::Serialize;
use thiserror::Error;

use crate::inputs::Inputs;

const RESAMPLES: u64 = 1_000;
const RESAMPLE: Purpose = Purpose::named("scorecard/resample");

/// Where a figure must lie.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Below(f64),
    AtMost(f64),
    AtLeast(f64),
    Above(f64),
}

impl Target {
    fn reached(self, value: f64) -> bool {
        match self {
            Target::Below(limit) => value < limit,
            Target::AtMost(limit) => value <= limit,
            Target::AtLeast(limit) => value >= limit,
            Target::Above(limit) => value > limit,
        }
    }

    fn text(self, unit: &str) -> String {
        let (sign, limit) = match self {
            Target::Below(limit) => ("<", limit),
            Target::AtMost(limit) => ("<=", limit),
            Target::AtLeast(limit) => (">=", limit),
            Target::Above(limit) => (">", limit),
        };
        format!("{sign} {limit}{unit}")
    }
}

/// What a run gives to the figures.
#[derive(Clone, Debug, Default)]
struct Sample {
    /// Seconds from a fault's first effect to its notice; to the end of the run where nobody noticed though it lasted for [`NOTICED_WITHIN`].
    detections: Vec<f64>,
    /// The same of faults by which something stops or is cut off ([`Promise::noticed`](hms_trial::Promise::noticed)).
    stops: Vec<f64>,
    /// Seconds from notice to restored service (see [`Incident::service_recovery`](hms_trial::Incident::service_recovery)); to the end of the run where it
    /// was not restored though capacity remained.
    recoveries: Vec<f64>,
    /// The same of the kinds of fault that a recovery can help against while they last ([`Promise::healed`](hms_trial::Promise::healed)).
    healed: Vec<f64>,
    mistakes: f64,
    suspicions: f64,
    cpu: Option<f64>,
    bytes: Option<f64>,
    breaker_cpu: Option<f64>,
    whole: f64,
    rebuilt: f64,
    entries_kept: f64,
    entries: f64,
    at_once: f64,
    troubles: f64,
    /// Troubles of agents that a fault struck of these kinds, and those of them that were settled at the first attempt.
    healed_troubles: f64,
    healed_at_once: f64,
    cascades: f64,
    spread: f64,
    reaction: Option<f64>,
}

/// In what time faults have to be noticed (HM-S1).
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

impl Sample {
    fn new(outcome: &Outcome, end: Instant, warmup: Instant) -> Sample {
        let findings = &outcome.findings;
        let (detectors, overhead) = (&findings.detectors, &findings.overhead);
        let incidents = || outcome.incidents.iter().filter(|incident| incident.start >= warmup);
        // What showed and was never noticed counts as noticed at the end, unless it was over before it had to be noticed.
        let noticed = |incident: &hms_trial::Incident| {
            let missed =
                incident.shown.filter(|shown| incident.end.is_none_or(|end| end.saturating_since(*shown) >= NOTICED_WITHIN));
            incident.detection_time().or_else(|| missed.map(|shown| end.saturating_since(shown)))
        };
        let recovery = |incident: &hms_trial::Incident| {
            incident.service_recovery().or_else(|| incident.service_missed(end)).map(Duration::as_secs_f64)
        };
        let seconds = |of: fn(&hms_trial::Incident) -> bool, read: &dyn Fn(&hms_trial::Incident) -> Option<f64>| {
            incidents().filter(|incident| of(incident)).filter_map(read).collect::<Vec<f64>>()
        };
        let noticed = |incident: &hms_trial::Incident| noticed(incident).map(Duration::as_secs_f64);
        let mut troubles_healed: Vec<_> = incidents()
            .filter(|incident| incident.promise.healed)
            .flat_map(|incident| &incident.recoveries)
            .filter(|recovery| recovery.attempt <= 1)
            .map(|recovery| (recovery.start, recovery.agent, recovery.succeeded()))
            .collect();
        // Where two faults strike one agent at a time, its trouble is one.
        troubles_healed.sort_unstable();
        troubles_healed.dedup();
        let spread = |kind: &Kind| matches!(kind, Kind::Spread(_) | Kind::Metastable);
        let troubles = findings.recoveries.troubles as f64;
        Sample {
            detections: seconds(|_| true, &noticed),
            stops: seconds(|incident| incident.promise.noticed, &noticed),
            recoveries: seconds(|_| true, &recovery),
            healed: seconds(|incident| incident.promise.healed, &recovery),
            mistakes: detectors.mistakes as f64,
            suspicions: detectors.suspicions as f64,
            // Where components are not told apart, the whole stack stands for its part: no less than it.
            cpu: overhead.by_component[Component::Health.index()].cpu,
            bytes: overhead.by_component[Component::Health.index()].bytes,
            breaker_cpu: overhead.cpu_of(Component::Breaker),
            whole: findings.state.whole as f64,
            rebuilt: findings.state.rebuilt as f64,
            entries_kept: findings.state.acknowledged.saturating_sub(findings.state.lost) as f64,
            entries: findings.state.acknowledged as f64,
            at_once: findings.recoveries.first_attempt.map_or(0.0, |share| (share * troubles).round()),
            troubles,
            healed_troubles: troubles_healed.len() as f64,
            healed_at_once: troubles_healed.iter().filter(|(_, _, succeeded)| *succeeded).count() as f64,
            cascades: findings.cascades.len() as f64,
            spread: findings.cascades.iter().filter(|cascade| spread(&cascade.kind)).count() as f64,
            reaction: findings.breakers.reaction_max,
        }
    }
}

/// A figure that is promised.
struct Figure {
    id: &'static str,
    criterion: &'static str,
    /// The objective that says the same of a single run.
    objective: Option<&'static str>,
    target: Target,
    unit: &'static str,
    read: fn(&[&Sample]) -> Option<f64>,
}

const FIGURES: [Figure; 15] = [
    Figure {
        id: "HM-S1",
        criterion: "time from first effect to first notice, p99",
        objective: Some("detection_p99"),
        target: Target::Below(1.0),
        unit: " s",
        read: |runs| pooled(runs, |run| &run.detections, 0.99),
    },
    Figure {
        id: "HM-S1",
        criterion: "time to first notice where something stops, is cut off or refuses, p99",
        objective: None,
        target: Target::Below(1.0),
        unit: " s",
        read: |runs| pooled(runs, |run| &run.stops, 0.99),
    },
    Figure {
        id: "HM-S2",
        criterion: "unjustified suspicions / suspicions",
        objective: Some("false_positive_share"),
        target: Target::Below(0.01),
        unit: "",
        read: |runs| share(runs, |run| (run.mistakes, run.suspicions)),
    },
    Figure {
        id: "HM-S3",
        criterion: "CPU of monitoring / CPU of hosts",
        objective: Some("overhead_cpu_health"),
        target: Target::Below(0.03),
        unit: "",
        read: |runs| mean(runs, |run| run.cpu),
    },
    Figure {
        id: "HM-S3",
        criterion: "bytes of monitoring / bytes of all messages",
        objective: None,
        target: Target::Below(0.03),
        unit: "",
        read: |runs| mean(runs, |run| run.bytes),
    },
    Figure {
        id: "AS-S1",
        criterion: "time from notice to restored service where capacity remained, p95",
        objective: Some("service_recovery_p95"),
        target: Target::Below(5.0),
        unit: " s",
        read: |runs| pooled(runs, |run| &run.recoveries, 0.95),
    },
    Figure {
        id: "AS-S1",
        criterion: "time to restored service after crash, pause, slow, leak, disk and zone faults, p95",
        objective: None,
        target: Target::Below(5.0),
        unit: " s",
        read: |runs| pooled(runs, |run| &run.healed, 0.95),
    },
    Figure {
        id: "AS-S2",
        criterion: "recoveries that kept all acknowledged state",
        objective: Some("state_whole"),
        target: Target::Above(0.99),
        unit: "",
        read: |runs| share(runs, |run| (run.whole, run.rebuilt)),
    },
    Figure {
        id: "AS-S2",
        criterion: "acknowledged entries still there when state was rebuilt",
        objective: Some("state_kept"),
        target: Target::Above(0.99),
        unit: "",
        read: |runs| share(runs, |run| (run.entries_kept, run.entries)),
    },
    Figure {
        id: "AS-S3",
        criterion: "troubles settled at the first attempt",
        objective: Some("first_attempt"),
        target: Target::AtLeast(0.95),
        unit: "",
        read: |runs| share(runs, |run| (run.at_once, run.troubles)),
    },
    Figure {
        id: "AS-S3",
        criterion: "troubles of crash, pause, slow, leak, disk and zone faults settled at the first attempt",
        objective: None,
        target: Target::AtLeast(0.95),
        unit: "",
        read: |runs| share(runs, |run| (run.healed_at_once, run.healed_troubles)),
    },
    Figure {
        id: "AS-S4",
        criterion: "cascading failures per run",
        objective: Some("cascades"),
        target: Target::AtMost(0.0),
        unit: "",
        read: |runs| mean(runs, |run| Some(run.cascades)),
    },
    Figure {
        id: "CB-S1",
        criterion: "time from breach to open breaker, longest",
        objective: Some("breaker_reaction"),
        target: Target::AtMost(0.05),
        unit: " s",
        read: |runs| runs.iter().filter_map(|run| run.reaction).reduce(f64::max),
    },
    Figure {
        id: "CB-S3",
        criterion: "failures that overload spread or kept up, per run",
        objective: None,
        target: Target::AtMost(0.0),
        unit: "",
        read: |runs| mean(runs, |run| Some(run.spread)),
    },
    Figure {
        id: "CB-S4",
        criterion: "CPU of breakers / CPU of hosts",
        objective: Some("overhead_cpu_breaker"),
        target: Target::Below(0.01),
        unit: "",
        read: |runs| mean(runs, |run| run.breaker_cpu),
    },
];

/// What is promised of an objective of a single run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promised {
    /// The requirement.
    pub id: &'static str,
    target: Target,
    unit: &'static str,
}

impl Promised {
    /// Where the objective must lie, with its unit; shares are of one.
    pub fn text(&self) -> String {
        self.target.text(self.unit)
    }

    /// The limit that it must keep to.
    pub fn limit(&self) -> f64 {
        let (Target::Below(limit) | Target::AtMost(limit) | Target::AtLeast(limit) | Target::Above(limit)) = self.target;
        limit
    }

    /// Whether a value lies where it must.
    pub fn reached(&self, value: f64) -> bool {
        self.target.reached(value)
    }
}

/// What is promised of an objective; none where nothing is. Of one run that is a hint: the promise is of many, and counts what never came.
pub fn promised(objective: &str) -> Option<Promised> {
    let figure = FIGURES.iter().find(|figure| figure.objective == Some(objective))?;
    Some(Promised { id: figure.id, target: figure.target, unit: figure.unit })
}

fn pooled(runs: &[&Sample], times: impl Fn(&Sample) -> &Vec<f64>, rank: f64) -> Option<f64> {
    quantile(&mut runs.iter().flat_map(|run| times(run).iter().copied()).collect::<Vec<_>>(), rank)
}

fn share(runs: &[&Sample], read: impl Fn(&Sample) -> (f64, f64)) -> Option<f64> {
    let sums = runs.iter().map(|run| read(run)).fold((0.0, 0.0), |sum, (part, whole)| (sum.0 + part, sum.1 + whole));
    (sums.1 > 0.0).then(|| sums.0 / sums.1)
}

fn mean(runs: &[&Sample], read: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = runs.iter().filter_map(|run| read(run)).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A row of the scorecard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The requirement.
    pub id: &'static str,
    /// What is measured.
    pub criterion: &'static str,
    /// Where it must lie, with its unit; shares are of one.
    pub target: String,
    /// What was measured, in that unit; `None` if no run could show it.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval; `None` from a single run.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Whether the value lies where it must; `None` without one.
    pub pass: Option<bool>,
}

/// Why there is no scorecard.
#[derive(Debug, Error)]
pub enum ScorecardError {
    /// A run failed.
    #[error("{scenario}, seed {seed}: {source}")]
    Run {
        /// Name of the scenario.
        scenario: String,
        /// The seed.
        seed: u64,
        /// Why.
        source: RunError,
    },
    /// No thread could be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

/// Runs each of `scenarios` with `seeds` seeds, from that of its inputs on, on `jobs` threads (0: one per core), and reads the scorecard off the runs. The first
/// run of each scenario keeps every attempt of a call: reactions of breakers can be measured only so. `watch` returns false to stop.
///
/// # Errors
/// [`ScorecardError`].
pub fn measure(
    scenarios: &[Inputs],
    seeds: u64,
    jobs: usize,
    watch: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Row>, ScorecardError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(|error| ScorecardError::Threads(error.to_string()))?;
    let runs: Vec<(&Inputs, u64)> = scenarios.iter().flat_map(|inputs| (0..seeds).map(move |run| (inputs, run))).collect();
    let one = |(inputs, run): &(&Inputs, u64)| -> Result<Sample, ScorecardError> {
        let seed = Seed(inputs.seed().0.wrapping_add(*run));
        let mut trial = inputs.with_seed(seed).trial();
        if *run == 0 {
            trial.detail = Detail::Full;
        }
        let settings = inputs.scenario().run.clone();
        let failed = |source| ScorecardError::Run { scenario: inputs.scenario().name.clone(), seed: seed.0, source };
        let outcome = trial.run_watched(&mut |_| watch()).map_err(failed)?;
        Ok(Sample::new(&outcome, Instant::ZERO + settings.duration, Instant::ZERO + settings.warmup))
    };
    let samples: Result<Vec<Sample>, ScorecardError> = pool.install(|| runs.par_iter().map(one).collect());
    Ok(rows(&samples?))
}

fn rows(samples: &[Sample]) -> Vec<Row> {
    FIGURES.iter().enumerate().map(|(place, figure)| row(figure, place as u64, samples)).collect()
}

fn row(figure: &Figure, place: u64, samples: &[Sample]) -> Row {
    let value = (figure.read)(&samples.iter().collect::<Vec<_>>());
    let streams = Streams::new(Seed(place));
    let resampled = |ordinal: u64| {
        let mut draw = streams.draw(RESAMPLE, place, ordinal);
        let pick = |_| &samples[((draw.uniform() * samples.len() as f64) as usize).min(samples.len() - 1)];
        (figure.read)(&(0..samples.len()).map(pick).collect::<Vec<_>>())
    };
    let mut values: Vec<f64> = if samples.len() > 1 { (0..RESAMPLES).filter_map(resampled).collect() } else { Vec::new() };
    Row {
        id: figure.id,
        criterion: figure.criterion,
        target: figure.target.text(figure.unit),
        value,
        low: quantile(&mut values, 0.025),
        high: quantile(&mut values, 0.975),
        pass: value.map(|value| figure.target.reached(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn of<'a>(rows: &'a [Row], id: &str) -> &'a Row {
        rows.iter().find(|row| row.id == id).unwrap()
    }

    #[test]
    fn times_are_pooled_over_runs_and_judged_by_their_target() {
        let run = |time| Sample { detections: vec![time; 50], ..Sample::default() };
        let rows = rows(&[run(0.2), run(1.5)]);
        let found = of(&rows, "HM-S1");
        assert_eq!((found.value, found.pass), (Some(1.5), Some(false)));
        assert_eq!((found.low, found.high), (Some(0.2), Some(1.5)));
    }

    #[test]
    fn what_is_promised_of_kinds_of_fault_has_its_row_beside_that_of_all() {
        let run = Sample { recoveries: vec![1.0, 30.0], healed: vec![1.0], troubles: 4.0, at_once: 2.0, ..Sample::default() };
        let run = Sample { healed_troubles: 2.0, healed_at_once: 2.0, detections: vec![0.1, 9.0], stops: vec![0.1], ..run };
        let rows = rows(&[run]);
        for id in ["HM-S1", "AS-S1", "AS-S3"] {
            let passes: Vec<_> = rows.iter().filter(|row| row.id == id).map(|row| row.pass).collect();
            assert_eq!(passes, [Some(false), Some(true)], "{id}");
        }
    }

    #[test]
    fn what_no_run_shows_has_no_verdict() {
        let rows = rows(&[Sample::default()]);
        let found = of(&rows, "HM-S2");
        assert_eq!((found.value, found.low, found.pass), (None, None, None));
    }

    #[test]
    fn one_cascade_in_many_runs_is_one_too_many() {
        let mut runs = vec![Sample::default(); 20];
        assert_eq!(of(&rows(&runs), "AS-S4").pass, Some(true));
        runs[7].cascades = 1.0;
        assert_eq!(of(&rows(&runs), "AS-S4").pass, Some(false));
    }

    #[test]
    fn targets_are_reached_on_the_right_side() {
        let judged = [Target::Below(1.0), Target::AtMost(1.0), Target::AtLeast(1.0), Target::Above(1.0)];
        assert_eq!(judged.map(|target| target.reached(1.0)), [false, true, true, false]);
        assert_eq!(judged.map(|target| target.reached(0.5)), [true, true, false, false]);
        assert_eq!(Target::Below(0.03).text(" s"), "< 0.03 s");
    }

    #[test]
    fn what_is_promised_of_an_objective_is_what_the_scorecard_promises() {
        let objectives: Vec<&str> = FIGURES.iter().filter_map(|figure| figure.objective).collect();
        for name in &objectives {
            assert!(hms_trial::DEFINITIONS.iter().any(|definition| definition.name == *name), "{name}");
        }
        let detection = promised("detection_p99").unwrap();
        assert_eq!((detection.id, detection.text(), detection.limit()), ("HM-S1", "< 1 s".to_owned(), 1.0));
        assert!(detection.reached(0.9) && !detection.reached(1.0));
        assert_eq!(promised("goodput"), None);
    }

    #[test]
    fn the_scorecard_does_not_depend_on_threads() {
        let inputs = [fixture::inputs(1)];
        let measured = |jobs| measure(&inputs, 3, jobs, &|| true).unwrap();
        assert_eq!(measured(1), measured(2));
    }
}
