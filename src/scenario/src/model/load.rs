//! Where requests come from.

use hms_machine::{Distribution, Duration, Instant, Priority, Ratio, ServiceId};

use super::service::CallPolicy;

/// A source of requests. It stands behind an edge node of its own, which runs the stack and no agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Unique name.
    pub name: String,
    /// The service that is called.
    pub service: ServiceId,
    /// Index of the zone in which the edge stands.
    pub zone: usize,
    /// When requests arrive.
    pub arrivals: Arrivals,
    /// Time-out and retries of the client.
    pub policy: CallPolicy,
    /// A request that has not succeeded within this has failed for the user; default: timeouts, retries and pauses added up.
    pub deadline: Duration,
    /// How important its requests are, and the calls made for them; default 1.
    pub priority: Priority,
    /// Share of requests that kill whoever works on them; default none.
    pub poison: Ratio,
}

/// When requests arrive. Rates are per second.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Open loop at random, at a constant rate.
    Poisson {
        /// Requests per second, above 0.
        rate: f64,
    },
    /// Open loop at equal gaps.
    Regular {
        /// Requests per second, above 0.
        rate: f64,
    },
    /// Poisson with a rate that changes at stated times.
    Steps {
        /// In order of time; before the first, no requests.
        steps: Vec<RateStep>,
    },
    /// Markov-modulated Poisson: exponential stays in phases passed through in order, again and again. Two phases make on-off.
    Modulated {
        /// At least one phase with a rate above 0.
        phases: Vec<Phase>,
    },
    /// Poisson with rate `mean × (1 + amplitude × sin(2π (t / period + shift)))`.
    Diurnal {
        /// Requests per second averaged over a period.
        mean: f64,
        /// 0..=1.
        amplitude: Ratio,
        /// Length of a day.
        period: Duration,
        /// Share of the period by which the curve is shifted.
        shift: Ratio,
    },
    /// Poisson with the rate of a per-second count file, repeated when it ends.
    Counts {
        /// Requests in each second.
        counts: Vec<u32>,
        /// Multiplies every count.
        scale: f64,
    },
    /// Exactly these instants.
    Timestamps {
        /// In order.
        at: Vec<Instant>,
    },
    /// Closed loop: each client waits for its answer, thinks, asks again.
    Closed {
        /// Number of clients.
        clients: u32,
        /// Time between answer and next request, ns.
        think: Distribution,
    },
}

/// From `at` on, `rate` requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateStep {
    /// Start of the step.
    pub at: Instant,
    /// Requests per second, 0 or more.
    pub rate: f64,
}

/// A phase of a modulated process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Requests per second, 0 or more.
    pub rate: f64,
    /// Mean stay.
    pub stay: Duration,
}
