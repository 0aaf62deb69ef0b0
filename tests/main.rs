//! Tests of the whole: what a user sees, and what holds for every file of the repository.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod bench;
mod cli;
mod dependencies;
mod evolve;
mod lanl;
mod python;
mod sweep;
mod tidy;
