//! How long a peer may be silent: one rule per kind of detector, with everything that can be computed once computed.

use hms_machine::{Duration, Instant};

use super::window::Window;
use super::{Heartbeat, Peer, phi};
use crate::health::{DetectorKind, HealthConfiguration};

/// Pekko's first guess of sigma is a quarter of the first guess of the mean (`PhiAccrualFailureDetector.firstHeartbeat`).
const FIRST_DEVIATION: f64 = 0.25;

#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Timeout {
        timeout: Duration,
    },
    PhiNormal {
        /// Standard deviations beyond the mean at which phi reaches the threshold.
        reach: f64,
        pause: Duration,
        /// Nanoseconds.
        deviation_min: f64,
        first: Duration,
        window: usize,
    },
    PhiExponential {
        /// Mean intervals after which phi reaches the threshold.
        reach: f64,
        pause: Duration,
        first: Duration,
        window: usize,
    },
    Chen {
        period: Duration,
        alpha: Duration,
        window: usize,
    },
    ChenS {
        period: Duration,
        shift: Duration,
    },
}

/// Silence after which a peer that was never heard is convicted by Chen's detectors, in heartbeat periods beyond alpha or delta.
/// The paper starts with everybody suspected, which would turn every boot into an alarm; here a peer has time for a first
/// heartbeat at any phase.
const FIRST_PERIODS: u64 = 2;

impl Rule {
    pub(super) fn new(configuration: &HealthConfiguration) -> Self {
        let HealthConfiguration { threshold, pause, first, .. } = *configuration;
        let window = configuration.window as usize;
        let period = configuration.heartbeat;
        match configuration.detector {
            DetectorKind::Timeout => Rule::Timeout { timeout: configuration.timeout },
            DetectorKind::PhiNormal => Rule::PhiNormal {
                reach: phi::normal_inverse(threshold),
                pause,
                deviation_min: (configuration.min_std.as_nanos() as f64).max(1.0),
                first,
                window,
            },
            DetectorKind::PhiExponential => {
                Rule::PhiExponential { reach: phi::exponential_inverse(threshold), pause, first, window }
            }
            DetectorKind::Chen => Rule::Chen { period, alpha: configuration.chen_alpha, window },
            DetectorKind::ChenS => Rule::ChenS { period, shift: configuration.chen_delta },
        }
    }

    /// Measurements that are kept.
    pub(super) fn window(self) -> usize {
        match self {
            Rule::Timeout { .. } | Rule::ChenS { .. } => 0,
            Rule::PhiNormal { window, .. } | Rule::PhiExponential { window, .. } | Rule::Chen { window, .. } => window,
        }
    }

    /// When a peer is convicted of which nothing was ever heard.
    pub(super) fn first_conviction(self, now: Instant) -> Instant {
        let silence = match self {
            Rule::Timeout { timeout } => timeout,
            Rule::PhiNormal { .. } | Rule::PhiExponential { .. } => self.silence(&self.first_window()),
            Rule::Chen { period, alpha: slack, .. } | Rule::ChenS { period, shift: slack } => {
                period.saturating_mul(FIRST_PERIODS).saturating_add(slack)
            }
        };
        now.saturating_add(silence)
    }

    /// What is assumed about the rhythm of a peer before there are measurements.
    fn first_window(self) -> Window {
        let mut window = Window::new(2);
        match self {
            Rule::Timeout { .. } | Rule::Chen { .. } | Rule::ChenS { .. } => {}
            Rule::PhiNormal { first, .. } => first_guess_normal(&mut window, first),
            // As Cassandra: one interval, too long rather than too short.
            Rule::PhiExponential { first, .. } => window.push(nanos(first)),
        }
        window
    }

    /// Takes up what a heartbeat says about the rhythm of its sender; `peer` still holds what was known before it.
    pub(super) fn learn(self, peer: &mut Peer, heartbeat: Heartbeat, now: Instant) {
        match self {
            Rule::Timeout { .. } | Rule::ChenS { .. } => {}
            Rule::PhiNormal { .. } | Rule::PhiExponential { .. } => match peer.newest {
                None => {
                    if let Rule::PhiNormal { first, .. } = self {
                        first_guess_normal(&mut peer.window, first);
                    } else if let Rule::PhiExponential { first, .. } = self {
                        peer.window.push(nanos(first));
                    }
                }
                // The gap before a heartbeat that ends a suspicion, or between two lives, is no interval between heartbeats (as Pekko).
                Some((incarnation, _)) => {
                    if incarnation == heartbeat.incarnation && now < peer.convict_at && !peer.suspected && !peer.excused {
                        peer.window.push(nanos(now.saturating_since(peer.heard)));
                    }
                }
            },
            Rule::Chen { period, .. } => {
                if peer.newest.is_none_or(|(incarnation, _)| incarnation != heartbeat.incarnation) {
                    peer.window.clear();
                    peer.origin = (now, heartbeat.sequence);
                }
                let scheduled = chen_offset(period, peer.origin.1, heartbeat.sequence);
                let arrived = i128::from(nanos(now.saturating_since(peer.origin.0)));
                peer.window.push(saturate(arrived - scheduled));
            }
        }
    }

    /// When the peer is convicted if this heartbeat, just learnt, is its last.
    pub(super) fn conviction(self, peer: &Peer, heartbeat: Heartbeat, now: Instant) -> Instant {
        match self {
            Rule::Timeout { .. } | Rule::PhiNormal { .. } | Rule::PhiExponential { .. } => {
                now.saturating_add(self.silence(&peer.window))
            }
            // Chen et al. 2002, eq. 6.2: the expected arrival of the next heartbeat is the average of (arrival − schedule) plus
            // its schedule.
            Rule::Chen { period, alpha, .. } => {
                let expected = peer.window.mean() + chen_offset(period, peer.origin.1, heartbeat.sequence) as f64;
                let next = expected + period.as_nanos() as f64 + alpha.as_nanos() as f64;
                peer.origin.0.saturating_add(Duration::from_nanos_f64(next))
            }
            // Chen et al. 2002, fig. 6: the freshness point of the heartbeat after this one.
            Rule::ChenS { period, shift } => {
                let believable = period.saturating_add(shift);
                Instant::from_nanos(now.saturating_add(believable).as_nanos().saturating_sub(heartbeat.age.as_nanos()))
            }
        }
    }

    /// Believable silence by the rules that measure it from the last heartbeat; none by Chen's, which measure it from schedules.
    fn silence(self, window: &Window) -> Duration {
        match self {
            Rule::Timeout { timeout } => timeout,
            Rule::PhiNormal { reach, pause, deviation_min, .. } => {
                let believable = window.mean() + reach * window.deviation().max(deviation_min);
                pause.saturating_add(rounded_up(believable))
            }
            Rule::PhiExponential { reach, pause, .. } => pause.saturating_add(rounded_up(reach * window.mean())),
            Rule::Chen { .. } | Rule::ChenS { .. } => Duration::ZERO,
        }
    }

    /// See [`super::Detector::phi`].
    pub(super) fn phi(self, peer: &Peer, silence: Duration) -> f64 {
        let first;
        let window = if peer.newest.is_none() {
            first = self.first_window();
            &first
        } else {
            &peer.window
        };
        match self {
            Rule::Timeout { .. } | Rule::Chen { .. } | Rule::ChenS { .. } => {
                let believable = peer.convict_at.saturating_since(peer.heard).as_nanos().max(1);
                silence.as_nanos() as f64 / believable as f64
            }
            Rule::PhiNormal { pause, deviation_min, .. } => {
                let beyond = silence.as_nanos() as f64 - pause.as_nanos() as f64 - window.mean();
                phi::normal(beyond / window.deviation().max(deviation_min))
            }
            Rule::PhiExponential { pause, .. } => {
                phi::exponential(silence.saturating_sub(pause).as_nanos() as f64 / window.mean().max(1.0))
            }
        }
    }
}

/// Two intervals with the first guess as their mean and a quarter of it as their standard deviation (Pekko).
fn first_guess_normal(window: &mut Window, first: Duration) {
    let deviation = first.mul_f64(FIRST_DEVIATION);
    window.push(nanos(first.saturating_sub(deviation)));
    window.push(nanos(first.saturating_add(deviation)));
}

/// Time between the schedules of two heartbeats of one life, in nanoseconds.
fn chen_offset(period: Duration, from: u64, to: u64) -> i128 {
    (i128::from(to) - i128::from(from)).saturating_mul(i128::from(period.as_nanos()))
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// The conviction must not come before phi has reached its threshold.
fn rounded_up(nanos: f64) -> Duration {
    Duration::from_nanos_f64(nanos.ceil())
}
