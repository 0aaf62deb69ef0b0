//! Optimization of noisy simulations: replicates under common random numbers, and as few of them as a decision needs.
//!
//! Picture a table with a row per candidate and a column per seed. All candidates share the columns, so two rows are compared cell by cell and most of the noise cancels. A strategy decides which cell to
//! fill next: [`Race`] stops filling rows whose fate is clear, [`Halving`] gives longer rows to the better half, [`ocba`] spends a budget where a wrong pick is likeliest, [`SeedPrefix`] says how many
//! columns everyone gets at first, [`runoff()`] gives the leading few of the finalists longer rows before one is chosen. Decisions look at columns 0..k in order, never at whichever result came first, for short runs finish first.
//!
//! [`Replicator`] fills cells, never one twice, and turns rows into objectives and constraints.
//!
//! [`seeds`] splits seeds into search, validation and held-out *by type*: a strategy takes search seeds, and nothing turns the others into them.

mod halving;
pub mod objective;
mod ocba;
mod prefix;
mod race;
mod replicates;
mod runoff;
pub mod seeds;

pub use halving::Halving;
pub use ocba::ocba;
pub use prefix::SeedPrefix;
pub use race::{Cell, Fate, Race, RaceSettings};
pub use replicates::{Question, Replicator, Simulation};
pub use runoff::{Referee, Round, Runoff, RunoffSettings, runoff};
