//! Running a search: evaluations, budgets, order, memory, checkpoints.
//!
//! [`Problem`] is the user's side, [`crate::algorithms::Algorithm`] the engine's, and this module is what stands between them. [`Run`] is the plain serial driver, and with a [`RemoteProblem`], whose evaluations are futures, the driver for
//! evaluators elsewhere. A driver with threads (rayon) keeps its own pool and uses the same parts: [`Window`] decides in which order results are told, [`Cache`] what need not be computed,
//! [`History`] what is remembered, [`Termination`] when it is over, and [`checkpoint`] how it goes on later.

mod cache;
pub mod checkpoint;
mod driver;
mod evaluation;
mod history;
mod remote;
mod termination;
mod window;

pub use cache::{Cache, content_key};
pub use driver::{Provenance, Run, RunState, Summary};
pub use evaluation::{Budget, Evaluation, Problem};
pub use history::{History, Individual, Recorder, Step, Yardstick};
pub use remote::{Lost, RemoteProblem};
pub use termination::{Progress, Reason, Rule, Termination};
pub use window::{FirstCome, Order, Step as WindowStep, Window};
