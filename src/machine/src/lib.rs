//! The contract on which the whole workbench stands.
//!
//! Units ([`Instant`], [`Duration`], [`Ratio`], [`Bytes`]), ids, counter-based random streams, distributions, and the seam
//! between a node's software and whatever drives it: [`Machine`], [`Input`], [`Effect`], [`Context`].
//! The crate is deterministic: it has no clock, thread, file, socket or environment.

pub mod distributions;
mod ids;
mod random;
mod seam;
mod units;

pub use distributions::{Distribution, DistributionError, Interpolation, ShapeScale, Weighted};
pub use ids::{AgentId, NodeId, ServiceId};
pub use random::{Draw, Purpose, Seed, Stream, Streams};
pub use seam::{
    AgentEvent, AgentPlace, Boot, Call, CallId, CallOutcome, Context, Directory, Effect, Exit, Input, Machine, Message,
    NodePlace, NodeRandom, Record,
};
pub use units::{Bytes, Duration, Instant, Ratio, RatioError};
