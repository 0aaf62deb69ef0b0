//! Faults from a file.

use hms_dataset::trace::{FaultTrace, TraceKind, TraceMeta, TraceRow};
use hms_machine::{Duration, Instant, NodeId};

use super::Resolver;
use crate::file::{TraceSource, TraceTable};
use crate::model::TraceFault;
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::Time;

impl Resolver<'_> {
    /// The occurrences of a file. `on_nodes`: its node numbers are those of the cluster; otherwise only times count.
    pub(super) fn trace(&mut self, source: TraceSource, on_nodes: bool, place: &Place) -> Vec<TraceFault> {
        let (table, file_place) = match source {
            TraceSource::File(file) => {
                let whole = TraceTable {
                    file,
                    kinds: None,
                    domain: None,
                    from: Time::default(),
                    time_scale: 1.0,
                    renumber: false,
                    merge: true,
                };
                (whole, place.clone())
            }
            TraceSource::Table(table) => (table, place.key("file")),
        };
        let TraceTable { file, kinds, domain, from, time_scale, renumber, merge } = table;
        self.require(time_scale.is_finite() && time_scale > 0.0, time_scale, "a number above 0", &place.key("time_scale"));
        let told = self.report.len();
        let kinds = kinds.map(|kinds| self.trace_kinds(&kinds, &place.key("kinds")));
        // Whether rows are left says nothing then.
        let kinds_wrong = self.report.len() > told;
        let Some(text) = self.side_file(&file, &file_place) else { return Vec::new() };
        let trace = match FaultTrace::from_csv(&text, TraceMeta::default()) {
            Ok(trace) => trace,
            Err(error) => {
                self.blame(&file_place, Problem::new("", format!("`{file}`: {error}")));
                return Vec::new();
            }
        };
        let rows_in_all = trace.rows().len();
        let mut part = match domain {
            Some(domain) => trace.within_domain(&domain),
            None => trace,
        };
        if let Some(kinds) = kinds {
            part =
                FaultTrace::new(part.meta.clone(), part.rows().iter().filter(|row| kinds.contains(&row.kind)).cloned().collect());
        }
        if renumber {
            part = part.renumbered().0;
        }
        if merge {
            part = part.merged();
        }
        let window = self.duration.mul_f64(1.0 / time_scale);
        let part = part.window(Instant::ZERO.saturating_add(from.0), window);
        if part.rows().is_empty() && !kinds_wrong {
            let message = format!("none of the {rows_in_all} rows of `{file}` falls into the run");
            let help = "look at `kinds`, `domain` and `from`, and at the length of the run";
            self.blame(&file_place, Problem::new("", message).help(help));
        }
        self.trace_rows(part.rows(), &file, time_scale, on_nodes, &file_place)
    }

    fn trace_rows(&mut self, rows: &[TraceRow], file: &str, time_scale: f64, on_nodes: bool, place: &Place) -> Vec<TraceFault> {
        let highest = rows.iter().map(|row| row.node).max().unwrap_or(0);
        if on_nodes && highest as usize >= self.map.nodes {
            let problem =
                Problem::new("", format!("`{file}` has faults of node {highest}, but the cluster has {} nodes", self.map.nodes));
            let help =
                format!("set `cluster.nodes = {}`, select a part by `domain`, or set `renumber = true`", u64::from(highest) + 1);
            self.blame(place, problem.help(help));
        }
        let scaled = |nanos: u64| Duration::from_nanos(nanos).mul_f64(time_scale);
        let within = |row: &&TraceRow| scaled(row.time.as_nanos()) < self.duration;
        rows.iter()
            .filter(within)
            .map(|row| TraceFault {
                node: if on_nodes { NodeId(row.node) } else { NodeId(0) },
                start: Instant::ZERO.saturating_add(scaled(row.time.as_nanos())),
                duration: row.duration.map(|duration| scaled(duration.as_nanos())),
                severity: row.severity,
            })
            .collect()
    }

    fn trace_kinds(&mut self, kinds: &[String], place: &Place) -> Vec<TraceKind> {
        if kinds.is_empty() {
            self.blame(place, Problem::new("", "this list is empty").help("leave `kinds` out for all"));
        }
        let known: Vec<&str> = TraceKind::ALL.iter().map(|kind| kind.name()).collect();
        let mut found = Vec::new();
        for (index, name) in kinds.iter().enumerate() {
            match name.parse() {
                Ok(kind) => found.push(kind),
                Err(_) => {
                    let problem = Problem::new("", format!("`{name}` is no kind of a trace's rows"))
                        .expected(format!("one of `{}`", known.join("`, `")))
                        .nearest(name, known.iter().copied());
                    self.blame(&place.index(index), problem);
                }
            }
        }
        found
    }
}
