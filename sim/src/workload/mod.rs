//! Load: when requests arrive, how long closed clients think, and how long a caller pauses before it tries again.
//!
//! Picture the queue before a counter seen from the street: who comes when is settled by the seed and the scenario, whatever happens
//! inside. Each number is drawn for the j-th request of a load (or the k-th of a client), so instants depend on the load's own description
//! and on the surges and herds of the schedule, and on nothing else: other loads, services, faults and the stack cannot move them.

mod arrivals;
mod backoff;
pub mod closed;
mod rate;
mod surge;
#[cfg(test)]
mod tests;
mod timestamps;
mod wave;

pub use arrivals::ArrivalProcess;
pub use backoff::backoff;
pub(crate) use surge::Surges;
pub use surge::{Herd, Surge};
