//! Comparison of replicas with their peers at the end of an interval.

use std::collections::BTreeMap;

use hms_machine::Duration;

use super::{OutlierCause, OutlierConfiguration, Replica, State};

/// Latencies that are kept of each replica.
const KEPT: usize = 32;

/// The last latencies of a replica; memory grows with what is put in.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    nanos: Vec<u64>,
    /// Where the oldest stands once there is no room for more.
    oldest: usize,
}

impl Recent {
    /// Adds one, in the place of the oldest if there is no other.
    pub(super) fn add(&mut self, latency: Duration) {
        if self.nanos.len() < KEPT {
            return self.nanos.push(latency.as_nanos());
        }
        self.nanos[self.oldest] = latency.as_nanos();
        self.oldest = (self.oldest + 1) % KEPT;
    }

    /// The (upper) median, if there are at least `volume` of them.
    fn median(&self, volume: u32) -> Option<Duration> {
        let count = self.nanos.len();
        let mut nanos = [0; KEPT];
        nanos[..count].copy_from_slice(&self.nanos);
        (count > 0 && count >= volume as usize).then(|| median(&mut nanos[..count]))
    }
}

fn median(nanos: &mut [u64]) -> Duration {
    nanos.sort_unstable();
    Duration::from_nanos(nanos[nanos.len() / 2])
}

/// Replicas in service whose success rate is an outlier, the worst first.
pub(super) fn by_success_rate(
    configuration: &OutlierConfiguration,
    replicas: &BTreeMap<usize, Replica>,
) -> Vec<(usize, OutlierCause)> {
    let serving = replicas.iter().filter(|(_, replica)| replica.state == State::Serving);
    let counted = serving.filter(|(_, replica)| replica.ended >= configuration.success_volume);
    let mut rates: Vec<_> =
        counted.map(|(position, replica)| (f64::from(replica.succeeded) / f64::from(replica.ended), *position)).collect();
    if !configuration.by_success_rate || rates.len() < configuration.success_hosts as usize {
        return Vec::new();
    }
    let count = rates.len() as f64;
    let mean = rates.iter().map(|(rate, _)| rate).sum::<f64>() / count;
    let variance = rates.iter().map(|(rate, _)| (rate - mean) * (rate - mean)).sum::<f64>() / count;
    let least = mean - (configuration.success_factor * variance.sqrt()).max(configuration.success_margin);
    rates.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    rates.into_iter().filter(|(rate, _)| *rate < least).map(|(_, position)| (position, OutlierCause::SuccessRate)).collect()
}

/// Replicas in service whose median latency is an outlier, the slowest first.
pub(super) fn by_latency(
    configuration: &OutlierConfiguration,
    replicas: &BTreeMap<usize, Replica>,
) -> Vec<(usize, OutlierCause)> {
    let mut medians = medians(configuration, replicas);
    if !configuration.by_latency || medians.len() < configuration.latency_hosts as usize {
        return Vec::new();
    }
    medians.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    // The upper median of the others, who stand in falling order with a gap where the one in question is.
    let others = medians.len() - 1;
    let of_peers = |place: usize| {
        let middle = others - 1 - others / 2;
        medians[if middle < place { middle } else { middle + 1 }].1
    };
    let slow = medians.iter().enumerate().filter(|(place, (_, latency))| configuration.too_slow(*latency, of_peers(*place)));
    slow.map(|(_, (position, _))| (*position, OutlierCause::Latency)).collect()
}

/// The median of the medians of all replicas in service; `None`: too few calls.
pub(super) fn latency_of_all(configuration: &OutlierConfiguration, replicas: &BTreeMap<usize, Replica>) -> Option<Duration> {
    let mut nanos: Vec<_> = medians(configuration, replicas).into_iter().map(|(_, latency)| latency.as_nanos()).collect();
    (!nanos.is_empty()).then(|| median(&mut nanos))
}

fn medians(configuration: &OutlierConfiguration, replicas: &BTreeMap<usize, Replica>) -> Vec<(usize, Duration)> {
    let serving = replicas.iter().filter(|(_, replica)| replica.state == State::Serving);
    serving.filter_map(|(position, replica)| Some((*position, replica.latencies.median(configuration.latency_volume)?))).collect()
}
