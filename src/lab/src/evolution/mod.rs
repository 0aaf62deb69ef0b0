//! Evolution of stack configurations against simulated faults.
//!
//! Picture a breeder with a field station. [`load`] reads what is to be bred for (a campaign: scenarios, genes, objectives, constraints); the engine (`hms_evolve`) proposes; the
//! [`Evaluator`] plants every candidate in the same weather (the same seeds) and remembers every plot; the search gives poor candidates up early and stores its state after each generation; and the judgement
//! is made on ground that no search has seen. [`evolve`] does all of it and writes it down.
//!
//! **Contract.** What is found depends on the campaign, the scenarios, the presets and the program, and on nothing else: not on threads, interruptions or what the cache knows. No configuration meets a seed twice. Held-out
//! seeds cannot be read before the choice is final.

mod archive;
mod aside;
mod cache;
mod conditions;
mod document;
mod evaluator;
mod field;
mod file;
mod folder;
mod genes;
mod misses;
mod phases;
mod pilot;
mod plan;
mod program;
mod question;
mod races;
mod racing;
mod repair;
pub mod report;
mod search;
mod searcher;
mod state;
mod study;
mod tables;
mod tails;
mod tidy;
mod verdict;

#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use evaluator::{Combination, Evaluator, Stopped, World};
pub use file::{reference, schema};
pub use folder::{EvolveError, Opening};
pub use genes::{Genes, Range, number, parameters, value_of, with_values};
pub use phases::Phase as Conditions;
pub use pilot::{Advice, CLAIM, Pilot, pilot, ratio, shared};
pub use plan::{Plan, PlanError, Settings, load};
pub use program::unknown_sources;
pub use question::{Constraint, Missing, Question, Target, loss, missing};
pub(crate) use question::{assumed, incidents};
pub use races::{RaceOptions, Races, Round as RaceRound, Side as RaceSide, races};
pub use search::Progress;
pub use state::{End, Generation, Individual};
pub use study::{BEST, Options, Phase, REPORT, Study, evolve};
pub use tables::{FRONT, GENERATIONS, HISTORY};
pub use verdict::{Chosen, Comparison, Contender, Finalist, Verdict, improvement, pairs};
