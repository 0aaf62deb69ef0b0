//! Load balancing: which replica gets a call, and which replicas are left out for a while.
//!
//! Policies of the caller. What it sees of a replica (calls in progress, latency, failures) decides; what the detector and the breaker say
//! comes in as "eligible".

mod choice;
mod latency;
mod outlier;

pub use choice::{BalancingChoice, BalancingConfiguration, Candidate, Turn};
pub use latency::PeakLatency;
pub use outlier::{OutlierCause, OutlierConfiguration, OutlierVerdict, Outliers, Pass};
