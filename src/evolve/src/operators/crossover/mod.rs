//! Crossovers, each in its file with the paper that it is from.

mod arithmetic;
mod blend;
mod edge;
mod order;
mod partial;
mod points;
mod simulated_binary;
mod splice;
mod subset;
mod subtree;
mod uniform;

pub use arithmetic::Arithmetic;
pub use blend::Blend;
pub use edge::EdgeRecombination;
pub use order::OrderCrossover;
pub use partial::PartiallyMapped;
pub use points::Points;
pub use simulated_binary::SimulatedBinary;
pub use splice::Splice;
pub use subset::SubsetExchange;
pub use subtree::SubtreeExchange;
pub use uniform::Uniform;
