//! Figures of a trace: how often, how long, why, and how much of it comes in bursts.

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant};

use super::{Cause, FaultTrace, TraceRow};

/// Values in seconds, sorted, and what is usually told of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The values, ascending: hand them to [`crate::fit::fit`].
    pub values: Vec<f64>,
    /// Mean, zeros included.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// 95th percentile, linear between neighbouring values.
    pub p95: f64,
    /// Share of values that are zero.
    pub zero_fraction: f64,
}

/// What [`FaultTrace::summary`] counts.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSummary {
    /// Rows.
    pub rows: usize,
    /// Nodes that occur in a row.
    pub nodes_with_events: usize,
    /// Times from one start to the next anywhere in the trace; `None` for fewer than two rows.
    pub cluster_interarrival: Option<Sample>,
    /// Times from one start to the next on the same node, all nodes together; `None` where no node failed twice.
    pub node_interarrival: Option<Sample>,
    /// Durations of the rows that have one; `None` where none has.
    pub duration: Option<Sample>,
    /// Share of rows of each cause that occurs.
    pub cause_share: BTreeMap<Cause, f64>,
    /// Starts shared by several nodes of one system.
    pub bursts: Bursts,
}

/// Simultaneous faults: several nodes of one system (the first two parts of the domain) that start at the same instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bursts {
    /// Share of rows that belong to a start of two or more nodes.
    pub share_of_rows: f64,
    /// Number of such starts.
    pub count: usize,
    /// Mean number of nodes of such a start; zero where there is none.
    pub nodes_mean: f64,
    /// Most nodes of such a start.
    pub nodes_max: usize,
}

impl Sample {
    fn of(mut values: Vec<f64>) -> Option<Sample> {
        if values.is_empty() {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let quantile = |share: f64| {
            let place = share * (count - 1) as f64;
            let below = place as usize;
            let above = (below + 1).min(count - 1);
            values[below] + (place - below as f64) * (values[above] - values[below])
        };
        let (median, p95) = (quantile(0.5), quantile(0.95));
        let zeros = values.iter().take_while(|value| **value == 0.0).count();
        let mean = values.iter().sum::<f64>() / count as f64;
        Some(Sample { mean, median, p95, zero_fraction: zeros as f64 / count as f64, values })
    }
}

impl FaultTrace {
    /// Counts, times between failures, durations, causes and bursts of the whole trace.
    pub fn summary(&self) -> TraceSummary {
        let rows = self.rows();
        let between = rows.windows(2).map(|pair| (pair[1].time - pair[0].time).as_secs_f64()).collect();
        let mut last_of_node: BTreeMap<u32, Instant> = BTreeMap::new();
        let mut between_of_node = Vec::new();
        let mut causes: BTreeMap<Cause, usize> = BTreeMap::new();
        for row in rows {
            *causes.entry(row.cause).or_default() += 1;
            if let Some(previous) = last_of_node.insert(row.node, row.time) {
                between_of_node.push((row.time - previous).as_secs_f64());
            }
        }
        let durations = rows.iter().filter_map(|row| row.duration).map(Duration::as_secs_f64).collect();
        TraceSummary {
            rows: rows.len(),
            nodes_with_events: last_of_node.len(),
            cluster_interarrival: Sample::of(between),
            node_interarrival: Sample::of(between_of_node),
            duration: Sample::of(durations),
            cause_share: causes.into_iter().map(|(cause, count)| (cause, count as f64 / rows.len() as f64)).collect(),
            bursts: self.bursts(),
        }
    }

    fn bursts(&self) -> Bursts {
        let mut starts: BTreeMap<(Instant, &str), (Vec<u32>, usize)> = BTreeMap::new();
        for row in self.rows() {
            let (nodes, rows) = starts.entry((row.time, leading(&row.domain, 2))).or_default();
            *rows += 1;
            if !nodes.contains(&row.node) {
                nodes.push(row.node);
            }
        }
        starts.retain(|_, (nodes, _)| nodes.len() > 1);
        let rows: usize = starts.values().map(|(_, rows)| rows).sum();
        let nodes: usize = starts.values().map(|(nodes, _)| nodes.len()).sum();
        Bursts {
            share_of_rows: rows as f64 / self.rows().len().max(1) as f64,
            count: starts.len(),
            nodes_mean: nodes as f64 / starts.len().max(1) as f64,
            nodes_max: starts.values().map(|(nodes, _)| nodes.len()).max().unwrap_or(0),
        }
    }

    /// Share of rows that start at most `within` after another row with the same key: with the node as the key this tells how often a
    /// node's failures come in a series, with the rack how often a rack's do.
    pub fn following<K: Ord>(&self, within: Duration, key: impl Fn(&TraceRow) -> K) -> f64 {
        let mut last: BTreeMap<K, Instant> = BTreeMap::new();
        let mut followers = 0;
        for row in self.rows() {
            let previous = last.insert(key(row), row.time);
            followers += usize::from(previous.is_some_and(|previous| row.time - previous <= within));
        }
        followers as f64 / self.rows().len().max(1) as f64
    }
}

/// The first `parts` parts of a path.
fn leading(path: &str, parts: usize) -> &str {
    let end = path.match_indices('/').nth(parts.saturating_sub(1)).map_or(path.len(), |(index, _)| index);
    &path[..end]
}
