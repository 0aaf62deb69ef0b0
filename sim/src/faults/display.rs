//! Schedules as tables for readers.

use std::fmt::{self, Display};

use hms_machine::{AgentId, NodeId};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault, PartitionShape};

use super::{Schedule, ScheduledFault, Victims};

/// Ids beyond this many are counted instead of listed.
const IDS_SHOWN: usize = 8;

const HEADINGS: [&str; 6] = ["id", "start", "end", "fault", "kind", "victims"];

/// A table with a line per fault; the last two columns are as wide as they need.
impl Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.faults.iter().map(cells));
        let widths: [usize; HEADINGS.len()] =
            std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn cells(fault: &ScheduledFault) -> [String; HEADINGS.len()] {
    let end = match fault.end {
        None => "never".to_owned(),
        Some(end) if end == fault.start => "at once".to_owned(),
        Some(end) => end.to_string(),
    };
    let name = match &fault.group {
        None => fault.name.clone(),
        Some(group) => format!("{} [{group}]", fault.name),
    };
    let kind = describe(&fault.kind);
    [fault.id.to_string(), fault.start.to_string(), end, name, kind, fault.victims.to_string()]
}

impl Display for Victims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Victims::Nodes(nodes) => f.write_str(&list(nodes)),
            Victims::Agents(agents) => f.write_str(&list::<AgentId>(agents)),
            Victims::Load(load) => write!(f, "load {load}"),
            Victims::Service(service) => write!(f, "{service}"),
            Victims::Links { from, to, both } => {
                write!(f, "{} {} {}", list(from), if *both { "<->" } else { "->" }, list(to))
            }
            Victims::Cluster => f.write_str("cluster"),
        }
    }
}

fn list<T: Display>(ids: &[T]) -> String {
    let shown: Vec<_> = ids.iter().take(IDS_SHOWN).map(T::to_string).collect();
    let more = ids.len() - shown.len();
    if more == 0 { shown.join(" ") } else { format!("{} and {more} more", shown.join(" ")) }
}

/// The kind and its parameters in a few words.
fn describe(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Crash { disk_lost: false } => "crash".to_owned(),
        FaultKind::Crash { disk_lost: true } => "crash, disk lost".to_owned(),
        FaultKind::AgentCrash => "agent crash".to_owned(),
        FaultKind::CrashLoop { .. } => "crash loop".to_owned(),
        FaultKind::Pause => "pause".to_owned(),
        FaultKind::Hang => "hang".to_owned(),
        FaultKind::SlowCpu { speed } => format!("cpu at {} of its speed", percent(speed.get())),
        FaultKind::SlowDisk { factor } => format!("disk {factor:.2} times as slow"),
        FaultKind::SlowNic { .. } => "slow network card".to_owned(),
        FaultKind::Link(link) => describe_link(link),
        FaultKind::Partition(shape) => format!("partition: {}", describe_shape(shape)),
        FaultKind::ClockStep { by, forward } => format!("clock {} {by}", if *forward { "forward" } else { "back" }),
        FaultKind::ClockDrift { ppm } => format!("clock drifts {ppm:.1} ppm"),
        FaultKind::ClockStrobe { by, every } => format!("clock strobes {by} every {every}"),
        FaultKind::Disk(failure) => describe_disk(failure),
        FaultKind::MemoryLeak { rate } => format!("memory leak {rate}/s"),
        FaultKind::HandleLeak { rate } => format!("handle leak {rate:.1}/s"),
        FaultKind::Surge { factor } => format!("surge, {factor:.2} times the rate"),
        FaultKind::Herd { requests } => format!("herd of {requests} requests"),
        FaultKind::Regression { factor, errors, replicas } => {
            format!("regression {factor:.2}, {} errors, {} of replicas", percent(errors.get()), percent(replicas.get()))
        }
        FaultKind::Poison { share } => format!("poison {}", percent(share.get())),
        FaultKind::Gray { errors } => format!("gray, {} errors", percent(errors.get())),
        FaultKind::Outage { severity } => format!("outage for {}", percent(severity.get())),
    }
}

fn describe_link(link: &LinkFault) -> String {
    match link {
        LinkFault::Latency { .. } => "latency".to_owned(),
        LinkFault::Loss { share } => format!("loss {}", percent(share.get())),
        LinkFault::Duplicate { share } => format!("duplication {}", percent(share.get())),
        LinkFault::Reorder { share, .. } => format!("reordering {}", percent(share.get())),
        LinkFault::Corrupt { share } => format!("corruption {}", percent(share.get())),
        LinkFault::Clog => "clogged links".to_owned(),
        LinkFault::Throttle { bandwidth } => format!("throttled to {bandwidth} B/s"),
    }
}

fn describe_shape(shape: &PartitionShape) -> String {
    match shape {
        PartitionShape::Sides(sides) => sides.iter().map(|side| list::<NodeId>(side)).collect::<Vec<_>>().join(" | "),
        PartitionShape::OneWay { from, to } => format!("{} -x> {}", list(from), list(to)),
        PartitionShape::Partial { one, other } => format!("{} <x> {}", list(one), list(other)),
        PartitionShape::Isolate(node) => format!("{node} alone"),
        PartitionShape::MajoritiesRing => "majorities ring".to_owned(),
        PartitionShape::Bridge(node) => format!("bridge {node}"),
        PartitionShape::Flapping { shape, on, off } => format!("{} ({on} on, {off} off)", describe_shape(shape)),
    }
}

fn describe_disk(failure: &DiskFailure) -> String {
    match failure {
        DiskFailure::Stall => "disk stalls".to_owned(),
        DiskFailure::Full => "disk full".to_owned(),
        DiskFailure::Errors { share } => format!("disk errors {}", percent(share.get())),
        DiskFailure::BitFlips { bits } => format!("{bits} bit flips"),
        DiskFailure::Misdirected { share } => format!("misdirected writes {}", percent(share.get())),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
