//! `[[load]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backoff, Law, Reference};
use crate::defaults;
use crate::quantity::{Rate, Share, Time};

/// A source of requests. It stands behind an edge node of its own, which runs the stack and no agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "load")]
pub struct Load {
    /// Unique name; default: `load` and its position.
    pub name: Option<String>,
    /// Name of the service that is called.
    pub service: String,
    /// Zone in which the edge stands, by name or position.
    #[serde(default = "defaults::load_zone")]
    pub zone: Reference,
    /// When requests arrive: a rate (open loop at random), or a table.
    pub arrivals: Arrivals,
    /// An attempt without an answer after this has failed.
    #[serde(default = "defaults::timeout")]
    pub timeout: Time,
    /// Further attempts after a failed one.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
    /// Pause before each of them.
    #[serde(default)]
    pub backoff: Backoff,
    /// A request that has not succeeded within this has failed for the user; default: time-outs, retries and pauses added up.
    pub deadline: Option<Time>,
    /// How important its requests are, and the calls made for them: 0 most, 3 least.
    #[serde(default = "defaults::priority")]
    #[schemars(range(min = 0, max = defaults::PRIORITY_MAX))]
    pub priority: u8,
    /// Share of requests that kill whoever works on them.
    #[serde(default)]
    pub poison: Share,
}

/// When requests arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Arrivals {
    /// Poisson at this rate.
    Rate(Rate),
    /// Any other law.
    Table(ArrivalsTable),
}

/// When requests arrive. All but `closed` are open loop: requests come whether or not earlier ones were answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "arrivals")]
pub enum ArrivalsTable {
    /// At random, at a constant rate.
    Poisson {
        /// Rate, above 0.
        rate: Rate,
    },
    /// At equal gaps.
    Regular {
        /// Rate, above 0.
        rate: Rate,
    },
    /// Poisson with a rate that changes at stated times.
    Steps {
        /// In order of time; before the first, no requests.
        steps: Vec<RateStep>,
    },
    /// Markov-modulated Poisson: exponential stays in phases passed through in order, again and again.
    Modulated {
        /// At least one with a rate above 0. Two phases make on-off.
        phases: Vec<Phase>,
    },
    /// Poisson with the rate `mean × (1 + amplitude × sin(2π (t / period + shift)))`.
    Diurnal {
        /// Rate averaged over a period, above 0.
        mean: Rate,
        /// How far the rate swings, as a share of the mean.
        #[serde(default = "defaults::diurnal_amplitude")]
        amplitude: Share,
        /// Length of a day.
        #[serde(default = "defaults::diurnal_period")]
        period: Time,
        /// Share of the period by which the curve is shifted.
        #[serde(default)]
        shift: Share,
    },
    /// Poisson with the rate of a file of requests per second, one number per line, repeated when it ends.
    Counts {
        /// Path of the file.
        file: String,
        /// Multiplies every count; above 0.
        #[serde(default = "defaults::one")]
        scale: f64,
    },
    /// At the instants of a file (CSV with `time_s,service_s,size`; only the times are used).
    Timestamps {
        /// Path of the file.
        file: String,
        /// The file's time at which the run starts.
        #[serde(default)]
        from: Time,
    },
    /// Closed loop: each client waits for its answer, thinks, asks again.
    Closed {
        /// Number of clients.
        #[schemars(range(min = 1))]
        clients: u32,
        /// Time between answer and next request.
        #[serde(default = "defaults::think")]
        think: Law<Time>,
    },
}

/// From `at` on, this rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "rate step")]
pub struct RateStep {
    /// Start of the step.
    pub at: Time,
    /// Rate from then on, 0 or more.
    pub rate: Rate,
}

/// A phase of a modulated process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "phase")]
pub struct Phase {
    /// Rate, 0 or more.
    pub rate: Rate,
    /// Mean stay, above 0.
    pub stay: Time,
}
