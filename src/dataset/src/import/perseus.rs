//! Drives that get slow without failing (Lu et al., "Perseus: A Fail-Slow Detection Framework for Cloud Storage Systems", FAST 2023).
//!
//! One file is one host: every 15 s each drive's throughput (bytes a second) and mean latency (µs), `NA` where nothing was measured. A
//! drive's slowness at an instant is its latency over the median latency of the other drives of the host then; at least two others must
//! have a value. The file of labels (`cluster,host_name,workload,disk_id`) tells which drives the operators found fail-slow, not since when.

use std::collections::BTreeMap;

use super::Source;
use crate::DatasetError;
use crate::rtt::Names;
use crate::table::{self, Shape};

pub(super) const HEADER: &str = "ts,disk_id,throughput,latency";

const SHAPE: Shape = Shape {
    columns: &["ts", "disk_id", "throughput", "latency"],
    required: 4,
    fix: "join the days of one host, without quotes, below this header",
};

const LABELS: Shape =
    Shape { columns: &["cluster", "host_name", "workload", "disk_id"], required: 4, fix: "take the file slow_drive_info.csv" };

/// How slow one drive was against its peers.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveSlowness {
    /// The source's name of the drive.
    pub drive: String,
    /// Whether operators labelled it fail-slow; `None` without a file of labels.
    pub labelled_slow: Option<bool>,
    /// Latency over the median latency of its peers at the same instant, ascending.
    pub ratios: Vec<f64>,
}

impl DriveSlowness {
    /// The ratio below which the `share` (0..=1) of instants lie; one for a drive without any.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * self.ratios.len().saturating_sub(1) as f64;
        self.ratios.get(place as usize).copied().unwrap_or(1.0)
    }
}

pub(super) fn import(source: &Source<'_>) -> Result<Vec<DriveSlowness>, DatasetError> {
    let mut drives = Names::default();
    let mut instants: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
    table::read(source.text, &SHAPE, |row| {
        let drive = drives.index(row.text(1));
        if row.text(3) != "NA" {
            instants.entry(row.whole(0)?).or_default().push((drive, row.number(3)?));
        }
        Ok(())
    })?;
    let mut ratios = vec![Vec::new(); drives.in_order.len()];
    for latencies in instants.values() {
        for (drive, latency) in latencies {
            let mut peers: Vec<f64> = latencies.iter().filter(|(other, _)| other != drive).map(|(_, latency)| *latency).collect();
            let median = median(&mut peers);
            if peers.len() >= 2 && median > 0.0 {
                ratios[*drive].push(latency / median);
            }
        }
    }
    let slow = source.labels.map(|labels| read_labels(labels, source.name)).transpose()?;
    let slowness = drives.in_order.into_iter().zip(ratios).map(|(drive, mut ratios)| {
        ratios.sort_by(f64::total_cmp);
        DriveSlowness { labelled_slow: slow.as_ref().map(|slow| slow.contains(&drive)), drive, ratios }
    });
    Ok(slowness.collect())
}

/// The labelled drives of the host whose file is called `cluster_host`.
fn read_labels(text: &str, name: &str) -> Result<Vec<String>, DatasetError> {
    let mut slow = Vec::new();
    table::read(text, &LABELS, |row| {
        if name == format!("{}_{}", row.text(0), row.text(1)) {
            slow.push(row.text(3).to_owned());
        }
        Ok(())
    })?;
    Ok(slow)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count => 0.5 * (values[count / 2] + values[(count - 1) / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_is_compared_with_the_median_of_its_peers_at_the_same_instant() {
        let text = "ts,disk_id,throughput,latency\n\
            15,a,1.0,30.0\n15,b,1.0,10.0\n15,c,1.0,20.0\n\
            30,a,1.0,40.0\n30,b,1.0,NA\n30,c,NA,20.0\n";
        let labels = "cluster,host_name,workload,disk_id\ncluster_A,host_9,x,a\ncluster_A,host_1,x,b\n";
        let source = Source { name: "cluster_A_host_9", text, labels: Some(labels) };
        let drives = import(&source).unwrap();
        let told: Vec<_> = drives.iter().map(|drive| (drive.drive.as_str(), drive.labelled_slow, drive.ratios.clone())).collect();
        assert_eq!(told, [("a", Some(true), vec![2.0]), ("b", Some(false), vec![0.4]), ("c", Some(false), vec![1.0])]);
    }
}
