//! Published results, run in the world with the same components that a user runs: R8, R9, R11 and R12.
//!
//! Each file of `experiments/papers` is run as `hms run` would run it. Every reproduction asserts the published verdict with its tolerance; what was
//! measured stands in the table of `experiments/papers/README.md`, which a test holds against the program.
#![expect(clippy::disallowed_methods, reason = "the tests read the files that they run, and one writes a table when asked")]

mod choices;
mod experiment;
mod fan_out;
mod files;
mod metastable;
mod mongo;
mod table;
