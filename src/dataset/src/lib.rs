//! Fault traces, request rates and round-trip times: canonical formats, importers, fitting, synthesis.
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
