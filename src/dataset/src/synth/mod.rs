//! Traces, loads and round-trip times made from [`crate::parameters`], the same for the same seed on every machine.
//!
//! Every number is looked up in [`hms_machine::Streams`] by what it is for: the k-th gap of node n, the k-th repair of node n, the k-th
//! burst of domain d. So a longer trace begins like a shorter one, and more nodes leave the faults of the first ones as they are (but for
//! bursts, whose domains may grow).

mod faults;
mod load;
mod wan;

use hms_machine::{Duration, Seed};

use crate::parameters::{AnyModel, ParameterError, ParameterFile};
use crate::rates::CountSeries;
use crate::rtt::RttMatrix;
use crate::trace::FaultTrace;

pub use faults::ROWS_MAX;

/// How much to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Nodes that may fail, at least 1; loads and round-trip times do not ask.
    pub nodes: u32,
    /// Length; faults that start within it keep their whole duration. Round-trip times do not ask.
    pub length: Duration,
    /// The seed.
    pub seed: Seed,
    /// In which state the nodes are at time zero.
    pub start: Start,
}

/// The state of nodes at time zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// As if the process had run for ever: the first gap is what is left of one that began long ago (a length-biased gap times a uniform
    /// share), and with up times a node may be down already, for what is left of its repair. The rate of faults is the same from the first day
    /// on. This is the default.
    #[default]
    Stationary,
    /// Every node begins a gap at time zero, as after a repair. With shapes below one this means many faults early on.
    Fresh,
}

/// What was made.
#[derive(Clone, Debug, PartialEq)]
pub enum Synthesised {
    /// Faults.
    Trace(FaultTrace),
    /// Requests in each second.
    Counts(CountSeries),
    /// Round-trip times.
    Rtt(RttMatrix),
}

/// Makes what the model called `model` (or the file's default, or its only model) describes.
///
/// # Errors
/// [`ParameterError::Model`] for a name that is not there, [`ParameterError::TooMany`] for more than [`ROWS_MAX`] faults,
/// [`ParameterError::Value`] for a plan without nodes.
pub fn synthesise(file: &ParameterFile, model: Option<&str>, plan: &Plan) -> Result<Synthesised, ParameterError> {
    match file.model(model)? {
        AnyModel::Faults(model) => faults::synthesise(&file.name, model, plan).map(Synthesised::Trace),
        AnyModel::Load(model) => Ok(Synthesised::Counts(load::synthesise(model, plan))),
        AnyModel::Wan(model) => Ok(Synthesised::Rtt(wan::synthesise(model))),
    }
}
