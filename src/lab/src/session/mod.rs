//! A run to look at from all sides: what was recorded of it, what was true at any instant, what nodes believed, and what would have happened otherwise.
//!
//! Picture a film with its negatives. The [`Chronicle`] is the film: rows, series and incidents of a run that has ended, whether a moment ago or
//! in a folder. [`Truth`] is a frame of it, read off the rows. The negatives are snapshots of the very world, taken while the [`Recording`] ran:
//! a [`Session`] puts the nearest one back and runs it to the instant that is asked for, where a node's [`Beliefs`] can be held beside the truth, where it
//! can be stepped event by event, and where another future can be let go ([`Session::fork`]).
//!
//! **Contract.** A restored instant is the instant of the original run, event by event: tests hold its hash against that of a straight run. A fork
//! shares its past with the original and differs from it only in what was changed.

mod beliefs;
mod chain;
mod chronicle;
mod flights;
mod fork;
mod recording;
mod snapshots;
mod truth;

pub use beliefs::{Beliefs, BreakerBelief, beliefs};
pub use chain::{ChainIndex, Link, Step};
pub use chronicle::{Chronicle, ChronicleError, Episode, SeriesColumn};
pub use flights::{Flight, flights};
pub use fork::{Fork, ForkError};
pub use recording::{Recording, Session};
pub use snapshots::SNAPSHOTS_MAX;
pub use truth::{NodeState, ProcessState, Truth, TruthIndex};
