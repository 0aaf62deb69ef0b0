//! Fault traces, request rates and round-trip times: canonical formats, importers, fitting, synthesis.
//!
//! Picture a funnel and a mould. [`import`] pours published files of a dozen formats into four canonical shapes: [`trace`] (faults),
//! [`rates`] (requests), [`rtt`] (round-trip times), [`parameters`] (distributions). [`fit`] presses samples into distributions, and
//! [`synth`] casts new traces from parameters.
//!
//! Every function here goes from text or values to values: files are read, unpacked and written by whoever calls. The crate is
//! deterministic, so a trace made from (parameters, seed) is the same bytes on every machine.

mod civil;
mod decimal;
mod error;
pub mod fit;
pub mod import;
pub mod parameters;
pub mod rates;
pub mod rtt;
pub mod synth;
mod table;
pub mod trace;

pub use error::DatasetError;
