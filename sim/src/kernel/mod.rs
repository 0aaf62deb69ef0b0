//! The simulation kernel: an event queue on 64-bit nanoseconds, a clock, timers, and a hash of everything that happened.
//!
//! Picture a diary of things to come. [`Simulation`] tears out the earliest entry, moves the clock to it and hands it to the
//! [`Model`], which may write further entries through the [`Scheduler`]; and so on until the diary is empty or a limit is met.
//!
//! **Contract.**
//! - *Order.* Events are dispatched by (time, seq). A seq is given when an event is scheduled (a timer: when it is set), grows by
//!   one each time, and is never reused; so events of one instant are dispatched in the order in which they were scheduled, and
//!   no queue structure decides anything.
//! - *Determinism.* The same model and the same calls give the same dispatches and the same [`TraceHash`], whatever the
//!   [`QueueKind`], whether stepped, run in pieces, or restored from a clone.
//! - *Ties.* [`Simulation::shuffle_ties`] breaks the order within an instant on purpose, to find results that hang on it.
//! - *Snapshots.* `Simulation` is `Clone`: a clone is a snapshot, and running it on is a fork.
//! - *Cost.* No allocation per event once the tables have grown to the size of the run; constant expected time per event.
//!   Events are small `Copy` enums; what is large stands in tables of the model, and the event holds its index.
//! - *Absence.* The kernel knows no nodes, messages or faults, reads no wall clock, and draws no random number.

mod cause;
mod divergence;
mod error;
mod hash;
mod heap;
mod ladder;
mod queue;
mod scheduler;
mod simulation;
mod ties;
mod timers;

#[cfg(test)]
mod tests;

pub use cause::CauseTable;
pub use divergence::{Divergence, first_divergence, first_divergent_event};
pub use error::RunError;
pub use hash::{CHUNK_EVENTS, TraceHash};
pub use queue::QueueKind;
pub use scheduler::Scheduler;
pub use simulation::{Dispatched, Limits, Outcome, Simulation};
pub use timers::TimerId;

/// What is simulated: all state of the world, and what an event does to it.
///
/// `Clone` must copy everything that a later event can see, because a clone is a snapshot.
pub trait Model: Clone {
    /// What can happen: a small enum (16 bytes or less keep a queue entry at 32), with indices in place of payloads.
    type Event: Copy;

    /// Whether dispatched events are hashed. Only a benchmark that measures the cost of the hash says no.
    const HASHED: bool = true;

    /// Applies `event` at `scheduler.now()`; what follows from it is scheduled through `scheduler`.
    fn handle(&mut self, event: Self::Event, scheduler: &mut Scheduler<Self::Event>);

    /// A number that tells events apart: kind and indices packed into 64 bits. It enters the trace hash with time and seq, so
    /// two runs that dispatch different events at the same time still get different hashes.
    fn fingerprint(event: &Self::Event) -> u64;
}
