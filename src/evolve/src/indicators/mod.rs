//! How good a front is, in numbers.

mod distance;
pub mod hypervolume;

pub use distance::{additive_epsilon, diversity, igd, igd_plus, spacing};
