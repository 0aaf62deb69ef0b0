//! Everything that is known of a run that has ended.

use std::path::Path;
use std::sync::Arc;

use hms_machine::{AgentId, Instant, NodeId, ServiceId};
use hms_sim::cluster::topology::Topology;
use hms_sim::faults::{FaultId, Schedule, Victims};
use hms_sim::services::placement::Placement;
use hms_trial::{DEFINITIONS, Objective, Outcome, TraceRow};
use polars::prelude::DataFrame;
use thiserror::Error;

use crate::inputs::{InputError, Inputs};
use crate::plots;
use crate::replay;
use crate::results::{self, Results, ResultsError, Table, frame};

/// A run and what is known of it. It is made once and never changed.
#[derive(Clone, Debug)]
pub struct Chronicle {
    /// What was run.
    pub inputs: Inputs,
    /// The faults.
    pub schedule: Arc<Schedule>,
    /// Which agent was deployed where.
    pub places: Placement,
    /// Where nodes stand, edges included.
    pub topology: Topology,
    /// The trace.
    pub trace: Vec<TraceRow>,
    /// Each fault and what became of it, in the order of the schedule.
    pub episodes: Vec<Episode>,
    /// Every objective.
    pub objectives: Vec<Objective>,
    /// Series and latencies, as pictures show them.
    pub picture: plots::Run,
    /// What the series says besides, one value per row: name, unit and values.
    pub columns: Vec<SeriesColumn>,
    /// Hash over every event, 16 hexadecimal digits.
    pub hash: String,
    /// Events dispatched.
    pub events: u64,
}

/// A column of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesColumn {
    /// Its name in the table.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What it says.
    pub help: &'static str,
    /// One value per row; NaN where there is none.
    pub values: Vec<f64>,
}

/// A fault, its detection and its end, as the table of incidents tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// The fault.
    pub fault: FaultId,
    /// Name of the rule that made it.
    pub name: String,
    /// Kind of fault, as in a scenario file.
    pub kind: String,
    /// Whom it struck, for reading.
    pub victims: String,
    /// Beginning of the fault.
    pub start: Instant,
    /// Its end; none if it lasts beyond the run.
    pub end: Option<Instant>,
    /// First time that a node noticed.
    pub detected: Option<Instant>,
    /// The node that noticed first.
    pub detector: Option<NodeId>,
    /// What was noticed first.
    pub notice: Option<String>,
    /// The cause that the notice gave.
    pub cause: Option<String>,
    /// When nothing of the fault was left.
    pub recovered: Option<Instant>,
    /// When every agent that went down had answered a request again.
    pub verified: Option<Instant>,
    /// When service was restored for what the fault struck.
    pub restored: Option<Instant>,
    /// From when recovery was possible until nothing of the fault was left, seconds.
    pub recovery_seconds: Option<f64>,
    /// From the first notice until service was restored, seconds.
    pub service_seconds: Option<f64>,
    /// Rungs of the actions on struck agents, in order.
    pub rungs: Option<String>,
    /// Hosts that it struck.
    pub nodes: Vec<NodeId>,
    /// Agents whose callers suffer from it.
    pub agents: Vec<AgentId>,
    /// Services that it struck as a whole.
    pub service: Option<ServiceId>,
}

/// Why a folder cannot be looked at.
#[derive(Debug, Error)]
pub enum ChronicleError {
    /// The folder cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// This version does not take what it was made from.
    #[error("this version of hms does not take the inputs that are stored in the folder: {0}")]
    Inputs(#[from] InputError),
}

impl Chronicle {
    /// Of a run that has just ended.
    pub fn of(inputs: &Inputs, outcome: Outcome) -> Chronicle {
        let table = |table| frame(table, inputs, &outcome);
        let tables = Tables { incidents: table(Table::Incidents), series: table(Table::Series) };
        let picture = plots::Run::of(inputs, &outcome);
        let schedule = Arc::clone(&outcome.schedule);
        let (hash, events) = (outcome.hash.to_string(), outcome.events);
        Chronicle::new(
            inputs,
            schedule,
            &tables,
            Rest { picture, hash, events, objectives: outcome.objectives, trace: outcome.recorder.trace },
        )
    }

    /// Of a run that lies in a folder. Every file is checked against the manifest.
    ///
    /// # Errors
    /// [`ChronicleError`].
    pub fn read(folder: &Path) -> Result<Chronicle, ChronicleError> {
        let results = results::read(folder)?;
        let inputs = replay::stored_inputs(&results)?;
        // The schedule is made before the run, from the inputs alone.
        let schedule = inputs.trial().simulation().model.schedule;
        let tables = Tables { incidents: results.table(Table::Incidents)?, series: results.table(Table::Series)? };
        let rest = Rest {
            picture: plots::Run::read(&results)?,
            hash: results.manifest().trace_hash.clone(),
            events: results.manifest().events,
            objectives: objectives(&results)?,
            trace: results.trace()?,
        };
        Ok(Chronicle::new(&inputs, schedule, &tables, rest))
    }

    fn new(inputs: &Inputs, schedule: Arc<Schedule>, tables: &Tables, rest: Rest) -> Chronicle {
        let Rest { picture, hash, events, objectives, trace } = rest;
        let places = Placement::new(inputs.scenario());
        let topology = Topology::new(inputs.scenario());
        let mut chronicle = Chronicle {
            inputs: inputs.clone(),
            schedule,
            places,
            topology,
            trace,
            episodes: Vec::new(),
            objectives,
            picture,
            columns: columns(&tables.series),
            hash,
            events,
        };
        chronicle.episodes = episodes(&tables.incidents, &chronicle);
        chronicle
    }

    /// The end of the run.
    pub fn end(&self) -> Instant {
        Instant::ZERO + self.inputs.scenario().run.duration
    }

    /// Name of an agent: its service and its number.
    pub fn agent_name(&self, agent: AgentId) -> String {
        match self.places.agents.get(agent.index()) {
            Some(place) => format!("{} {}", self.inputs.scenario().services[place.service.index()].name, place.replica),
            None => agent.to_string(),
        }
    }

    /// The value of an objective.
    pub fn objective(&self, name: &str) -> Option<f64> {
        self.objectives.iter().find(|objective| objective.definition.name == name).and_then(|objective| objective.value)
    }
}

struct Tables {
    incidents: DataFrame,
    series: DataFrame,
}

struct Rest {
    picture: plots::Run,
    hash: String,
    events: u64,
    objectives: Vec<Objective>,
    trace: Vec<TraceRow>,
}

/// Why the columns below are there: the schema was checked when the table was read.
const CHECKED: &str = "a table that was read has its documented columns";

fn objectives(results: &Results) -> Result<Vec<Objective>, ResultsError> {
    let runs = results.table(Table::Runs)?;
    let value = |name| runs.column(name).and_then(|column| column.f64()).expect(CHECKED).iter().next().flatten();
    Ok(DEFINITIONS.iter().map(|definition| Objective { definition, value: value(definition.name) }).collect())
}

fn columns(series: &DataFrame) -> Vec<SeriesColumn> {
    let numbers = Table::Series.columns().into_iter().filter(|column| !matches!(column.name, "run_id" | "time_ns" | "time_s"));
    let values = |name: &str| {
        let column = series.column(name).expect(CHECKED);
        match (column.i64(), column.f64()) {
            (Ok(counts), _) => counts.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),
            (_, Ok(floats)) => floats.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
            (Err(_), Err(_)) => Vec::new(),
        }
    };
    numbers
        .map(|column| SeriesColumn { name: column.name, unit: column.unit, help: column.help, values: values(column.name) })
        .collect()
}

fn episodes(incidents: &DataFrame, chronicle: &Chronicle) -> Vec<Episode> {
    let instants = |name: &str| -> Vec<Option<Instant>> {
        let column = incidents.column(name).and_then(|column| column.i64()).expect(CHECKED);
        column.iter().map(|value| value.map(|nanos| Instant::from_nanos(nanos.unsigned_abs()))).collect()
    };
    let texts = |name: &str| -> Vec<Option<String>> {
        let column = incidents.column(name).and_then(|column| column.str()).expect(CHECKED);
        column.iter().map(|text| text.map(str::to_owned)).collect()
    };
    let ids = |name: &str| -> Vec<Option<u32>> {
        incidents.column(name).and_then(|column| column.u32()).expect(CHECKED).iter().collect()
    };
    let floats = |name: &str| -> Vec<Option<f64>> {
        incidents.column(name).and_then(|column| column.f64()).expect(CHECKED).iter().collect()
    };
    let (faults, detectors) = (ids("fault"), ids("detector"));
    let (names, kinds, victims) = (texts("name"), texts("kind"), texts("victims"));
    let (notices, causes, rungs) = (texts("notice"), texts("cause"), texts("rungs"));
    let [starts, ends, detected, recovered, verified, restored] =
        ["start_ns", "end_ns", "detected_ns", "recovered_ns", "verified_ns", "restored_ns"].map(instants);
    let (recovery, service) = (floats("recovery_s"), floats("service_recovery_s"));
    let rows = faults.iter().enumerate().filter_map(|(row, fault)| {
        let fault = chronicle.schedule.faults.get(fault.as_ref().copied()? as usize)?;
        let scenario = chronicle.inputs.scenario();
        let (nodes, agents) = hms_trial::struck(fault, scenario, &chronicle.places, &chronicle.trace);
        Some(Episode {
            fault: fault.id,
            name: names[row].clone().unwrap_or_default(),
            kind: kinds[row].clone().unwrap_or_default(),
            victims: victims[row].clone().unwrap_or_default(),
            start: starts[row].unwrap_or_default(),
            end: ends[row],
            detected: detected[row],
            detector: detectors[row].map(NodeId),
            notice: notices[row].clone(),
            cause: causes[row].clone(),
            recovered: recovered[row],
            verified: verified[row],
            restored: restored[row],
            recovery_seconds: recovery[row],
            service_seconds: service[row],
            rungs: rungs[row].clone(),
            nodes,
            agents,
            service: if let Victims::Service(service) = fault.victims { Some(service) } else { None },
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::results::Build;

    #[test]
    fn a_run_from_a_folder_is_the_run_that_was_written() {
        let inputs = fixture::inputs(1);
        let outcome = fixture::run(&inputs);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        results::write(&path, &inputs, &outcome, &Build::default()).unwrap();
        let (fresh, read) = (Chronicle::of(&inputs, outcome), Chronicle::read(&path).unwrap());
        assert!(fresh.trace == read.trace, "the trace");
        assert_eq!(fresh.episodes, read.episodes);
        assert_eq!(fresh.schedule, read.schedule);
        assert_eq!(fresh.objectives, read.objectives);
        assert_eq!(fresh.hash, read.hash);
        assert_eq!(fresh.picture, read.picture);
        let rows = fresh.picture.intervals.len();
        assert!(rows > 10 && read.columns.iter().all(|column| column.values.len() == rows));
    }

    #[test]
    fn an_episode_knows_whom_it_struck() {
        let inputs = fixture::inputs(1);
        let chronicle = Chronicle::of(&inputs, fixture::run(&inputs));
        let [cut, crash] = &chronicle.episodes[..] else { panic!("{:?}", chronicle.episodes) };
        assert_eq!((cut.kind.as_str(), cut.nodes.len()), ("partition", 3));
        assert_eq!((crash.kind.as_str(), crash.nodes.len()), ("agent_crash", 0));
        assert!(crash.agents.iter().all(|agent| chronicle.agent_name(*agent).starts_with("store")), "{crash:?}");
        assert!(crash.detected.is_some());
    }

    #[test]
    fn a_folder_that_was_cut_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Chronicle::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("manifest.json"), "{error}");
    }
}
