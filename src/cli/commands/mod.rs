//! One file per subcommand: its arguments, and resolve, run, render.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod dataset;
pub(crate) mod doctor;
pub(crate) mod evolve;
pub(crate) mod export;
pub(crate) mod gui;
pub(crate) mod plot;
pub(crate) mod presets;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod scorecard;
pub(crate) mod sweep;
