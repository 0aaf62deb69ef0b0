//! Outlier ejection: a replica that does worse than its peers is left out for a while, by each caller on what it sees itself.
//!
//! As in Envoy a replica is ejected after failures in a row, at once; and at the end of an interval when its success rate is more than
//! `success_factor` standard deviations below the mean of all. Also when its median latency is a multiple of that of its peers, which finds
//! fail-slow hosts that answer everything correctly (PERSEUS, Lu et al., FAST'23: median slow/peer ratio about 2, 5–7 at p90).
//!
//! An ejection lasts `ejection` × the number of recent ejections, up to a cap. Then the replica gets one call at a time as a probe; after
//! `probes` good ones in a row it is back, a bad one ejects it again. A probe that is never answered blocks for one interval and is then
//! replaced; its late answer decides nothing, nor do answers to calls from before the ejection.
//!
//! Never more than `ejected_share` of the replicas are out, and never all: where most are bad, the fault is not theirs. (Envoy computes the
//! share in the same way since `always_eject_one_host` exists.) Success rates of n replicas never lie more than √(n−1) standard deviations
//! below their mean, so with Envoy's 1.9 one bad replica among four is not found by them.

mod judge;

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant};

use crate::configuration::Conflict;
use crate::tunables::{hours, mins, ms, parameters, secs};
use hms_machine::CallOutcome;

parameters! {
    /// Parameters of outlier ejection.
    pub struct OutlierConfiguration("outlier") {
        enabled: bool = switch(true),
            "Leaves out replicas that do worse than their peers; off: a gray replica keeps its share of the calls.";
        consecutive: u32 = integer(1, 1_000, 5),
            "Failures in a row that eject a replica (Envoy: 5). Fewer: faster, more needless ejections.";
        refusals: bool = switch(false),
            "Whether a refused call counts among failures in a row; on: replicas that shed load are ejected for it, which adds to the load of the others.";
        interval: Duration = duration(ms(100), mins(10), secs(2)),
            "Time between two comparisons with the peers (Envoy: 10 s), and how long an unanswered probe blocks the next.";
        ejection: Duration = duration(ms(100), hours(1), secs(5)),
            "How long the first ejection lasts (Envoy: 30 s); the n-th in short order lasts n times as long.";
        ejection_max: Duration = duration(ms(100), hours(24), mins(1)),
            "Longest ejection (Envoy: 300 s).";
        ejected_share: f64 = real(0.0, 1.0, 0.5),
            "At most this share of the replicas is ejected, rounded down (Envoy: 0.1, which is none of fewer than ten).";
        by_success_rate: bool = switch(true),
            "Compares success rates.";
        success_hosts: u32 = integer(2, 1_000, 5),
            "Replicas with enough calls that a comparison of success rates needs (Envoy: 5).";
        success_volume: u32 = integer(1, 10_000, 20),
            "Calls to a replica in an interval for its success rate to count (Envoy: 100 in 10 s).";
        success_factor: f64 = real(0.5, 5.0, 1.9),
            "Standard deviations below the mean at which a success rate is an outlier (Envoy: 1.9).";
        success_margin: f64 = real(0.0, 1.0, 0.05),
            "A success rate must also be this far below the mean; with 0 (Envoy) replicas that are alike but for one error are outliers.";
        by_latency: bool = switch(true),
            "Compares median latencies.";
        latency_hosts: u32 = integer(2, 1_000, 3),
            "Replicas with enough calls that a comparison of latencies needs.";
        latency_volume: u32 = integer(1, 32, 10),
            "Calls to a replica, of its last 32, for its median latency to count.";
        latency_factor: f64 = real(1.1, 100.0, 3.0),
            "A median latency that is this many times that of the peers is an outlier. Less: slow replicas are found earlier, noise too.";
        latency_least: Duration = duration(ms(1), mins(1), ms(5)),
            "A median latency below this is never an outlier.";
        probes: u32 = integer(1, 100, 2),
            "Good probes in a row that end an ejection.";
    }
}

impl OutlierConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let (longest, first) = (self.ejection_max, self.ejection);
        let message = || format!("outlier.ejection_max ({longest}) must be at least outlier.ejection ({first})");
        let names = ["outlier.ejection_max", "outlier.ejection"];
        (longest < first).then(|| Conflict { names, message: message() }).into_iter().collect()
    }
}

/// What one caller thinks of the replicas of one service.
#[derive(Clone, Debug)]
pub struct Outliers {
    configuration: OutlierConfiguration,
    /// Number of replicas there are.
    all: usize,
    /// Those that were called and have answered, by position. Of the others nothing is known, and all of them serve.
    replicas: BTreeMap<usize, Replica>,
    /// Number of replicas that do not serve.
    out: usize,
    compare_at: Instant,
    /// Median of the median latencies at the last comparison.
    latency: Option<Duration>,
}

#[derive(Clone, Debug, Default)]
struct Replica {
    state: State,
    /// Raised whenever answers to earlier calls lose their meaning.
    epoch: u32,
    failures_in_row: u32,
    /// Ejections, less one for each interval of service since.
    ejections: u32,
    /// Calls that ended in this interval, and those of them that went well.
    ended: u32,
    succeeded: u32,
    latencies: judge::Recent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Gets calls.
    #[default]
    Serving,
    /// Gets none.
    Ejected { until: Instant },
    /// Gets one at a time.
    Probing {
        passed: u32,
        /// There is a probe in flight, which is given up then.
        lease: Option<Instant>,
    },
}

/// A call to a replica, to be told to [`Outliers::ended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// `None`: sent although the replica was out; says nothing.
    epoch: Option<u32>,
}

/// A change of mind about the replica at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlierVerdict {
    /// It is left out.
    Ejected {
        /// The position of the replica.
        replica: usize,
        /// Why.
        cause: OutlierCause,
    },
    /// It is back.
    Returned(usize),
}

/// Why a replica is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlierCause {
    /// Too many failures in a row.
    Failures,
    /// Its success rate is far below that of its peers.
    SuccessRate,
    /// Its latency is a multiple of that of its peers.
    Latency,
    /// A probe went badly.
    Probe,
}

impl Outliers {
    /// Judges `replicas` replicas, all of them in service.
    pub fn new(configuration: OutlierConfiguration, replicas: usize, now: Instant) -> Self {
        let compare_at = now.saturating_add(configuration.interval);
        Outliers { configuration, all: replicas, replicas: BTreeMap::new(), out: 0, compare_at, latency: None }
    }

    /// Whether the replica may get a call now: in service, or due for a probe.
    pub fn eligible(&self, replica: usize, now: Instant) -> bool {
        // For most of the time nobody is out, and this is asked for every replica at every call.
        if self.out == 0 {
            return true;
        }
        match self.replicas.get(&replica).map_or(State::Serving, |replica| replica.state) {
            State::Serving => true,
            State::Ejected { until } => until <= now,
            State::Probing { lease, .. } => lease.is_none_or(|lease| lease <= now),
        }
    }

    /// A call goes to the replica, eligible or not.
    pub fn dispatched(&mut self, position: usize, now: Instant) -> Pass {
        let eligible = self.eligible(position, now);
        let Some(replica) = self.replicas.get_mut(&position) else { return Pass { epoch: Some(0) } };
        let passed = match replica.state {
            State::Serving => return Pass { epoch: Some(replica.epoch) },
            State::Ejected { .. } => 0,
            State::Probing { passed, .. } => passed,
        };
        if !eligible {
            return Pass { epoch: None };
        }
        replica.epoch = replica.epoch.wrapping_add(1);
        replica.state = State::Probing { passed, lease: Some(now.saturating_add(self.configuration.interval)) };
        Pass { epoch: Some(replica.epoch) }
    }

    /// A call to the replica has ended after `latency`.
    pub fn ended(
        &mut self,
        position: usize,
        pass: Pass,
        ending: CallOutcome,
        latency: Duration,
        now: Instant,
    ) -> Option<OutlierVerdict> {
        if !self.configuration.enabled {
            return None;
        }
        let slow = self.is_slow(latency);
        let replica = self.replicas.entry(position).or_default();
        if pass.epoch != Some(replica.epoch) {
            return None;
        }
        let refused = ending == CallOutcome::Refused && !self.configuration.refusals;
        let succeeded = ending == CallOutcome::Ok;
        match replica.state {
            State::Serving => {
                replica.ended += 1;
                replica.succeeded += u32::from(succeeded);
                if ending != CallOutcome::Refused {
                    replica.latencies.add(latency);
                }
                if !refused {
                    replica.failures_in_row = if succeeded { 0 } else { replica.failures_in_row + 1 };
                }
                let failed = replica.failures_in_row >= self.configuration.consecutive;
                if failed && self.may_eject() { Some(self.eject(position, OutlierCause::Failures, now)) } else { None }
            }
            // The pass of an ejected replica has no epoch, and ejecting raised that of the others.
            State::Ejected { .. } => None,
            // It sheds load: that it works is not shown, nor that it does not.
            State::Probing { passed, .. } if refused => {
                replica.state = State::Probing { passed, lease: None };
                None
            }
            State::Probing { .. } if !succeeded || slow => Some(self.eject(position, OutlierCause::Probe, now)),
            State::Probing { passed, .. } if passed + 1 < self.configuration.probes => {
                replica.state = State::Probing { passed: passed + 1, lease: None };
                None
            }
            State::Probing { .. } => {
                replica.state = State::Serving;
                self.out -= 1;
                replica.epoch = replica.epoch.wrapping_add(1);
                Some(OutlierVerdict::Returned(position))
            }
        }
    }

    /// Compares the replicas if an interval has passed.
    pub fn look(&mut self, now: Instant, mut tell: impl FnMut(OutlierVerdict)) {
        if now < self.compare_at || !self.configuration.enabled {
            return;
        }
        self.compare_at = now.saturating_add(self.configuration.interval);
        self.latency = judge::latency_of_all(&self.configuration, &self.replicas);
        // The worst first, as not all may be ejected.
        let mut outliers = judge::by_success_rate(&self.configuration, &self.replicas);
        outliers.extend(judge::by_latency(&self.configuration, &self.replicas));
        for (position, cause) in outliers {
            if self.replicas[&position].state == State::Serving && self.may_eject() {
                tell(self.eject(position, cause, now));
            }
        }
        for replica in self.replicas.values_mut() {
            (replica.ended, replica.succeeded) = (0, 0);
            if replica.state == State::Serving {
                replica.ejections = replica.ejections.saturating_sub(1);
            }
        }
    }

    /// Number of replicas that are out or being probed.
    pub fn ejected(&self) -> usize {
        self.out
    }

    fn may_eject(&self) -> bool {
        let (all, out) = (self.all, self.ejected() + 1);
        out < all && out as f64 <= self.configuration.ejected_share * all as f64
    }

    fn eject(&mut self, position: usize, cause: OutlierCause, now: Instant) -> OutlierVerdict {
        let replica = self.replicas.entry(position).or_default();
        self.out += usize::from(replica.state == State::Serving);
        replica.ejections += 1;
        let lasts = self.configuration.ejection.saturating_mul(u64::from(replica.ejections)).min(self.configuration.ejection_max);
        replica.state = State::Ejected { until: now.saturating_add(lasts) };
        replica.epoch = replica.epoch.wrapping_add(1);
        replica.failures_in_row = 0;
        replica.latencies = judge::Recent::default();
        OutlierVerdict::Ejected { replica: position, cause }
    }

    /// Whether the latency of a probe is an outlier by what the peers last had.
    fn is_slow(&self, latency: Duration) -> bool {
        let configuration = &self.configuration;
        configuration.by_latency && self.latency.is_some_and(|peers| configuration.too_slow(latency, peers))
    }
}

impl OutlierConfiguration {
    fn too_slow(&self, latency: Duration, peers: Duration) -> bool {
        latency >= self.latency_least && latency > peers.mul_f64(self.latency_factor)
    }
}

#[cfg(test)]
mod tests;
