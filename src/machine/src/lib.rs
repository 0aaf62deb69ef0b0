//! The contract on which the whole workbench stands.
//!
//! Units ([`Instant`], [`Duration`], [`Ratio`], [`Bytes`]), ids, counter-based random streams, distributions, and the seam
//! between a node's software and whatever drives it: [`Machine`], [`Input`], [`Effect`], [`Context`].
//! The crate is deterministic: it has no clock, thread, file, socket or environment.

mod call;
mod directory;
pub mod distributions;
mod ids;
mod process;
mod random;
mod record;
mod seam;
mod units;

pub use call::{Call, CallEnd, CallId, CallOutcome, Priority, Request, RequestId, Substitute};
pub use directory::{AgentPlace, Directory, NodePlace, ServicePlace};
pub use distributions::{Distribution, DistributionError, Interpolation, ShapeScale, Weighted};
pub use ids::{AgentId, NodeId, ServiceId};
pub use process::{AgentEvent, AgentReading, DiskReading, Exit, Holders, Probe, Reading, Replication, StateSource};
pub use random::{Draw, Purpose, Seed, Stream, Streams};
pub use record::{BreakerState, Cause, Level, Record, Rung, Severity, Whole};
pub use seam::{Boot, Component, Context, Effect, Input, Machine, Message, NodeRandom};
pub use units::{Bytes, Duration, Instant, Ratio, RatioError};
