//! Comparison of replicas with their peers at the end of an interval.

use hms_machine::Duration;

use super::{OutlierCause, OutlierConfiguration, Replica, State};

/// Latencies that are kept of each replica.
const KEPT: usize = 32;

/// The last latencies of a replica.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    nanos: [u64; KEPT],
    seen: usize,
}

impl Recent {
    /// Adds one, in the place of the oldest if there is no other.
    pub(super) fn add(&mut self, latency: Duration) {
        self.nanos[self.seen % KEPT] = latency.as_nanos();
        self.seen += 1;
    }

    /// The (upper) median, if there are at least `volume` of them.
    fn median(&self, volume: u32) -> Option<Duration> {
        let count = self.seen.min(KEPT);
        let mut nanos = self.nanos;
        (count > 0 && count >= volume as usize).then(|| median(&mut nanos[..count]))
    }
}

fn median(nanos: &mut [u64]) -> Duration {
    nanos.sort_unstable();
    Duration::from_nanos(nanos[nanos.len() / 2])
}

/// Replicas in service whose success rate is an outlier, the worst first.
pub(super) fn by_success_rate(configuration: &OutlierConfiguration, replicas: &[Replica]) -> Vec<(usize, OutlierCause)> {
    let serving = replicas.iter().enumerate().filter(|(_, replica)| replica.state == State::Serving);
    let counted = serving.filter(|(_, replica)| replica.ended >= configuration.success_volume);
    let mut rates: Vec<_> =
        counted.map(|(position, replica)| (f64::from(replica.succeeded) / f64::from(replica.ended), position)).collect();
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
pub(super) fn by_latency(configuration: &OutlierConfiguration, replicas: &[Replica]) -> Vec<(usize, OutlierCause)> {
    let mut medians = medians(configuration, replicas);
    if !configuration.by_latency || medians.len() < configuration.latency_hosts as usize {
        return Vec::new();
    }
    medians.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    let of_peers = |position: usize| {
        let mut peers: Vec<_> =
            medians.iter().filter(|(other, _)| *other != position).map(|(_, latency)| latency.as_nanos()).collect();
        median(&mut peers)
    };
    let slow = medians.iter().filter(|(position, latency)| configuration.too_slow(*latency, of_peers(*position)));
    slow.map(|(position, _)| (*position, OutlierCause::Latency)).collect()
}

/// The median of the medians of all replicas in service; `None`: too few calls.
pub(super) fn latency_of_all(configuration: &OutlierConfiguration, replicas: &[Replica]) -> Option<Duration> {
    let mut nanos: Vec<_> = medians(configuration, replicas).into_iter().map(|(_, latency)| latency.as_nanos()).collect();
    (!nanos.is_empty()).then(|| median(&mut nanos))
}

fn medians(configuration: &OutlierConfiguration, replicas: &[Replica]) -> Vec<(usize, Duration)> {
    let serving = replicas.iter().enumerate().filter(|(_, replica)| replica.state == State::Serving);
    serving.filter_map(|(position, replica)| Some((position, replica.latencies.median(configuration.latency_volume)?))).collect()
}
