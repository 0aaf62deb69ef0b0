//! A run that has ended, made ready to be shown: its chronicle with every index that drawing needs. Made on a worker.

mod timeline;

use std::path::PathBuf;
use std::sync::Arc;

use hms_lab::machine::{Duration, Instant, NodeId};
use hms_lab::session::{Beliefs, ChainIndex, Chronicle, Flight, Truth, TruthIndex};

use super::RunId;
use super::distribution::Distribution;
use super::lanes::{Lane, Look, Mark, Subject};
use super::pyramid::Pyramid;

/// A run in the form in which panels read it.
pub struct RunView {
    /// Its name within this window.
    pub id: RunId,
    /// What it is called in lists.
    pub label: String,
    /// The folder that holds it, if one does.
    pub folder: Option<PathBuf>,
    /// The run from which it was forked, and when.
    pub forked: Option<(RunId, Instant)>,
    /// The command that makes it again, where there is one.
    pub command_line: Option<String>,
    /// Wall time that it took to run, where it ran in this window.
    pub wall: Option<Duration>,
    /// Everything that is known of it.
    pub chronicle: Chronicle,
    /// Finds the truth of any instant.
    pub truth: TruthIndex,
    /// Its swim lanes.
    pub lanes: Vec<Lane>,
    /// Its series by column, in the order of [`Chronicle::columns`].
    pub series: Vec<Pyramid>,
    /// Per kind of fault: notice and recovery.
    pub kinds: Vec<KindTimes>,
    /// Finds the chain of any incident.
    pub chains: ChainIndex,
}

/// Times of all incidents of one kind, seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KindTimes {
    /// Kind of fault; `all` for every kind together.
    pub kind: String,
    /// Incidents.
    pub incidents: usize,
    /// From the first effect of a fault to its first notice.
    pub notice: Distribution,
    /// From when recovery was possible until nothing of the fault was left.
    pub recovery: Distribution,
    /// From the first notice until service was restored.
    pub service: Distribution,
}

/// Where a run comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The folder that holds it.
    pub folder: Option<PathBuf>,
    /// The run and the instant at which it was forked.
    pub forked: Option<(RunId, Instant)>,
    /// The command that makes it again.
    pub command_line: Option<String>,
    /// Wall time that it took.
    pub wall: Option<Duration>,
}

/// The world at an instant that was restored.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Which run.
    pub run: RunId,
    /// Simulated time.
    pub now: Instant,
    /// Events dispatched.
    pub events: u64,
    /// Rows of the trace that had been written.
    pub rows: usize,
    /// What was true.
    pub truth: Truth,
    /// What the node that was asked for believed; none while it is down or if none was asked for.
    pub beliefs: Option<Beliefs>,
    /// Pairs of hosts of which the first cannot reach the second.
    pub cuts: Vec<(NodeId, NodeId)>,
    /// Messages on their way, at most [`FLIGHTS_MAX`](super::live::FLIGHTS_MAX).
    pub flights: Vec<Flight>,
    /// What led there.
    pub led: Led,
    /// Wall time that restoring took.
    pub took: Duration,
}

/// What leads to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Led {
    /// Somebody asked for an instant, and may have moved on since.
    Asked,
    /// Somebody stepped: what is looked at follows. With the event that was dispatched last, unless there is none before or behind.
    Stepped(Option<String>),
}

impl RunView {
    /// Makes a run ready; takes time in proportion to its trace.
    pub fn new(id: RunId, origin: Origin, chronicle: Chronicle) -> RunView {
        let scenario = chronicle.inputs.scenario();
        let (hosts, edges) = (scenario.cluster.hosts.len(), scenario.loads.len());
        // Each reads the whole trace and none needs another, so they go side by side.
        let (truth, mut lanes, chains) = std::thread::scope(|scope| {
            let truth = scope.spawn(|| TruthIndex::new(hosts, edges, &chronicle.trace));
            let chains = scope.spawn(|| ChainIndex::new(&chronicle));
            let lanes = timeline::lanes(&chronicle);
            let failed = "an index that panics brings its worker down, which tells so";
            (truth.join().expect(failed), lanes, chains.join().expect(failed))
        });
        if let Some((_, at)) = origin.forked {
            let row = chronicle.trace.partition_point(|row| row.at <= at).saturating_sub(1);
            let mark = Mark { at: at.as_secs_f64(), look: Look::Action, row: u32::try_from(row).unwrap_or(u32::MAX) };
            lanes.insert(
                0,
                Lane::new(
                    "fork: faults, stack".to_owned(),
                    Subject::Fault,
                    chronicle.end().as_secs_f64(),
                    Vec::new(),
                    vec![mark],
                ),
            );
        }
        let times: Arc<[f64]> = chronicle.picture.intervals.iter().map(|interval| interval.to).collect();
        let pyramid = |values: &Vec<f64>| match values.len() == times.len() {
            true => Pyramid::new(Arc::clone(&times), values.clone()),
            false => {
                let count = values.len().min(times.len());
                Pyramid::new(times[..count].into(), values[..count].to_vec())
            }
        };
        let series = chronicle.columns.iter().map(|column| pyramid(&column.values)).collect();
        let kinds = kinds(&chronicle);
        let fork = origin.forked.map(|(_, at)| format!(", forked at {at}")).unwrap_or_default();
        let label = format!("{} seed {}{fork}", scenario.name, chronicle.inputs.seed().0);
        let Origin { folder, forked, command_line, wall } = origin;
        RunView { id, label, folder, forked, command_line, wall, truth, lanes, series, kinds, chains, chronicle }
    }

    /// From when on there are worlds of it: a fork has none of its past.
    pub fn worlds_begin(&self) -> Instant {
        self.forked.map_or(Instant::ZERO, |(_, at)| at)
    }

    /// Length, seconds.
    pub fn length(&self) -> f64 {
        self.chronicle.end().as_secs_f64()
    }

    /// A column of the series.
    pub fn column(&self, name: &str) -> Option<&Pyramid> {
        let place = self.chronicle.columns.iter().position(|column| column.name == name)?;
        self.series.get(place)
    }

    /// The name of a node.
    pub fn node_name(&self, node: NodeId) -> String {
        node_name(&self.chronicle, node)
    }
}

/// The name of a host, or of the edge of a load.
pub fn node_name(chronicle: &Chronicle, node: NodeId) -> String {
    if node.index() < chronicle.topology.nodes() { chronicle.topology.name(node).to_owned() } else { node.to_string() }
}

fn kinds(chronicle: &Chronicle) -> Vec<KindTimes> {
    let mut names: Vec<&str> = chronicle.episodes.iter().map(|episode| episode.kind.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: Option<&str>| {
        let mine = || chronicle.episodes.iter().filter(move |episode| name.is_none_or(|name| episode.kind == name));
        KindTimes {
            kind: name.map_or_else(|| "all".to_owned(), |name| name.replace('_', " ")),
            incidents: mine().count(),
            notice: Distribution::new(mine().filter_map(|episode| Some((episode.detected? - episode.start).as_secs_f64()))),
            recovery: Distribution::new(mine().filter_map(|episode| episode.recovery_seconds)),
            service: Distribution::new(mine().filter_map(|episode| episode.service_seconds)),
        }
    };
    std::iter::once(of(None)).chain(names.into_iter().map(|name| of(Some(name)))).collect()
}
