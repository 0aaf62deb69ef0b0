//! The laboratory: reads what is to be run, runs it, and keeps what came out.
//!
//! Picture the bench around the experiment. The trial itself is deterministic and knows no files, threads or tables; all of these are
//! here. The commands, the GUI and Python stand on this crate and on nothing below it.

pub mod bench;
pub mod campaign;
pub mod comparison;
pub mod conformance;
pub mod datasets;
pub mod evolution;
pub mod export;
pub mod files;
pub mod inputs;
pub mod plots;
pub mod presets;
pub mod replay;
pub mod results;
pub mod scorecard;
pub mod selfcheck;
pub mod session;
pub mod statistics;

#[cfg(test)]
mod fixture;

pub use hms_dataset as dataset;
pub use hms_evolve as evolve;
pub use hms_machine as machine;
pub use hms_scenario as scenario;
pub use hms_sim as sim;
pub use hms_stack as stack;
pub use hms_trial as trial;
