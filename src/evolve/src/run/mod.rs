//! Running a search: evaluations, budgets, order, memory, checkpoints.
//!
//! [`Problem`] is the user's side, [`crate::algorithms::Algorithm`] the engine's, and this module is what stands between them. [`Run`] is the plain serial driver. A driver with
//! threads (rayon, remote workers) keeps its own pool and uses the same parts: [`Window`] decides in which order results are told, [`Cache`] what need not be computed,
//! [`History`] what is remembered, [`Termination`] when it is over, and [`checkpoint`] how it goes on later.

mod evaluation;

pub use evaluation::{Budget, Evaluation, Problem};
