//! Parts of a trace, and how much of the time its nodes were down.

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant};

use super::{FaultTrace, TraceFlags, TraceKind, TraceRow};

impl FaultTrace {
    /// The rows at or below the failure domain `prefix`, whole parts of the path compared: `lanl/sys02` holds `lanl/sys02/n0001` but
    /// not `lanl/sys021`. Node numbers stay as they are; the population is cut to the systems named.
    pub fn within_domain(&self, prefix: &str) -> FaultTrace {
        let prefix = prefix.trim_end_matches('/');
        let mut meta = self.meta.clone();
        meta.population_by_system.retain(|system, _| contains(prefix, &format!("{}/{system}", self.meta.name)));
        let rows = self.rows.iter().filter(|row| contains(prefix, &row.domain)).cloned().collect();
        FaultTrace { meta, rows }
    }

    /// The rows of one kind.
    pub fn of_kind(&self, kind: TraceKind) -> FaultTrace {
        let rows = self.rows.iter().filter(|row| row.kind == kind).cloned().collect();
        FaultTrace { meta: self.meta.clone(), rows }
    }

    /// The faults active in the `length` from `from` on, with `from` as the new time zero. A fault that began before is there at time
    /// zero with what is left of it; one that outlasts the window keeps its whole duration. `meta.start` still tells the original start.
    pub fn window(&self, from: Instant, length: Duration) -> FaultTrace {
        let end = from.saturating_add(length);
        let active = |row: &&TraceRow| row.time < end && (row.time >= from || end_of(row) > from);
        let shifted = |row: &TraceRow| {
            let elapsed = from.saturating_since(row.time);
            let duration = row.duration.map(|duration| duration.saturating_sub(elapsed));
            let time = Instant::from_nanos(row.time.saturating_since(from).as_nanos());
            TraceRow { time, duration, ..row.clone() }
        };
        FaultTrace::new(self.meta.clone(), self.rows.iter().filter(active).map(shifted).collect())
    }

    /// The trace with its nodes numbered 0, 1, 2 … in the order of their old numbers, and the old number of each new one.
    ///
    /// Nodes that never failed are in no row: they are the numbers from here up to [`FaultTrace::population`].
    pub fn renumbered(&self) -> (FaultTrace, Vec<u32>) {
        let mut old: Vec<u32> = self.rows.iter().map(|row| row.node).collect();
        old.sort_unstable();
        old.dedup();
        let number = |node: u32| old.binary_search(&node).expect("every node of a row is in the table") as u32;
        let rows = self.rows.iter().map(|row| TraceRow { node: number(row.node), ..row.clone() }).collect();
        (FaultTrace { meta: self.meta.clone(), rows }, old)
    }

    /// Joins rows of one node and kind that overlap or touch into one row from the first start to the last end, flagged
    /// [`TraceFlags::MERGED`]; cause, detail, group and domain are those of the first.
    ///
    /// For kinds whose severity may differ (`slow`, `outage`) the larger severity and `param` count.
    pub fn merged(&self) -> FaultTrace {
        let mut open: BTreeMap<(u32, TraceKind), usize> = BTreeMap::new();
        let mut merged: Vec<TraceRow> = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let key = (row.node, row.kind);
            let reaching = open.get(&key).map(|index| &mut merged[*index]).filter(|last| end_of(last) >= row.time);
            let Some(last) = reaching else {
                open.insert(key, merged.len());
                merged.push(row.clone());
                continue;
            };
            let permanent = last.duration.is_none() || row.duration.is_none();
            let end = end_of(last).max(end_of(row));
            last.duration = if permanent { None } else { Some(end - last.time) };
            last.severity = if row.severity > last.severity { row.severity } else { last.severity };
            last.param = match (last.param, row.param) {
                (Some(one), Some(other)) => Some(if other > one { other } else { one }),
                (one, other) => one.or(other),
            };
            let zero = last.duration.is_some_and(Duration::is_zero);
            let kept = if zero { last.flags } else { last.flags.without(TraceFlags::ZERO) };
            let censored = if permanent { row.flags.only(TraceFlags::CENSORED) } else { TraceFlags::NONE };
            last.flags = kept.with(TraceFlags::MERGED).with(censored);
        }
        FaultTrace { meta: self.meta.clone(), rows: merged }
    }

    /// For each node with faults of `kind` in the `length` from `from` on: how long it was under at least one of them. Overlaps count once,
    /// permanent faults to the end of the window.
    pub fn downtime(&self, kind: TraceKind, from: Instant, length: Duration) -> BTreeMap<u32, Duration> {
        let end = from.saturating_add(length);
        let mut down: BTreeMap<u32, (Instant, Duration)> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.kind == kind && row.time < end && end_of(row) > from) {
            let (covered, total) = down.entry(row.node).or_insert((from, Duration::ZERO));
            let start = row.time.max(*covered);
            let stop = end_of(row).min(end);
            *total += stop.saturating_since(start);
            *covered = stop.max(*covered);
        }
        down.into_iter().map(|(node, (_, total))| (node, total)).collect()
    }

    /// Mean share of the window in which a node of the [`FaultTrace::population`] was not under a fault of `kind`: 0..=1, and 1 for no
    /// nodes or an empty window.
    pub fn availability(&self, kind: TraceKind, from: Instant, length: Duration) -> f64 {
        let watched = f64::from(self.population()) * length.as_secs_f64();
        let down: u128 = self.downtime(kind, from, length).values().map(|down| u128::from(down.as_nanos())).sum();
        if watched == 0.0 { 1.0 } else { 1.0 - down as f64 / 1e9 / watched }
    }
}

fn contains(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

fn end_of(row: &TraceRow) -> Instant {
    row.duration.map_or(Instant::MAX, |duration| row.time.saturating_add(duration))
}

impl TraceFlags {
    const fn without(self, other: TraceFlags) -> TraceFlags {
        TraceFlags(self.0 & !other.0)
    }

    const fn only(self, other: TraceFlags) -> TraceFlags {
        TraceFlags(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::TraceMeta;
    use super::*;

    fn trace(body: &str) -> FaultTrace {
        let rows: String = body
            .lines()
            .map(|line| {
                let [time, node, duration, domain] = line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
                let duration = duration.trim_matches('-');
                format!("{time},{node},crash,{duration},1,,{domain},unknown,,,\n")
            })
            .collect();
        let mut meta = TraceMeta { name: "t".to_owned(), ..TraceMeta::default() };
        meta.population_by_system.extend([("a".to_owned(), 3), ("ab".to_owned(), 2)]);
        FaultTrace::from_csv(&format!("{}\n{rows}", super::super::COLUMNS.join(",")), meta).unwrap()
    }

    fn starts_and_durations(trace: &FaultTrace) -> Vec<(f64, u32, Option<f64>)> {
        trace.rows().iter().map(|row| (row.time.as_secs_f64(), row.node, row.duration.map(Duration::as_secs_f64))).collect()
    }

    fn seconds(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_domain_is_selected_by_whole_parts_of_its_path() {
        let selected = trace("0 4 5 t/a/n0\n1 5 5 t/ab/n0").within_domain("t/a");
        assert_eq!(starts_and_durations(&selected), [(0.0, 4, Some(5.0))]);
        assert_eq!(selected.population(), 3);
    }

    #[test]
    fn a_window_keeps_what_is_left_of_earlier_faults() {
        let trace = trace("0 0 5 t/a\n2 1 20 t/a\n3 2 - t/a\n12 0 100 t/a\n20 0 1 t/a");
        let window = trace.window(seconds(10), Duration::from_secs(10));
        assert_eq!(starts_and_durations(&window), [(0.0, 1, Some(12.0)), (0.0, 2, None), (2.0, 0, Some(100.0))]);
    }

    #[test]
    fn nodes_are_numbered_densely_in_the_order_of_their_old_numbers() {
        let (trace, old) = trace("0 70 5 t/a\n1 3 5 t/a\n2 70 5 t/a").renumbered();
        assert_eq!(trace.rows().iter().map(|row| row.node).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(old, [3, 70]);
    }

    #[test]
    fn overlapping_and_touching_rows_of_a_node_are_merged() {
        let merged = trace("0 0 10 t/a\n1 1 1 t/a\n5 0 2 t/a\n10 0 5 t/a\n16 0 1 t/a\n17 0 - t/a\n30 0 1 t/a").merged();
        assert_eq!(starts_and_durations(&merged), [(0.0, 0, Some(15.0)), (1.0, 1, Some(1.0)), (16.0, 0, None)]);
        assert_eq!(merged.rows().iter().map(|row| row.flags.to_string()).collect::<Vec<_>>(), ["M", "", "M"]);
    }

    #[test]
    fn downtime_counts_overlaps_once_and_only_the_window() {
        let trace = trace("0 0 10 t/a\n2 1 2 t/a\n5 0 2 t/a\n8 0 12 t/a\n30 1 - t/a");
        let down = trace.downtime(TraceKind::Crash, seconds(3), Duration::from_secs(29));
        assert_eq!(down, BTreeMap::from([(0, Duration::from_secs(17)), (1, Duration::from_secs(3))]));
        let availability = trace.availability(TraceKind::Crash, seconds(3), Duration::from_secs(29));
        assert!((availability - (1.0 - 20.0 / (5.0 * 29.0))).abs() < 1e-12, "{availability}");
    }
}
