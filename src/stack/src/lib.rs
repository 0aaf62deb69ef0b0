//! The self-healing stack as sans-IO state machines.
//!
//! Two kinds of component: *policies* are passive (`now` in, verdict out; no timers, no sends), *protocols* are active (inputs to effects and
//! one deadline). They meet in one place, [`Node`]; none of them knows another. Nothing here can see the simulator or its ground truth.
//!
//! Every parameter is named once, in [`Configuration::walk`]: unit, range, scale, default and effect.

pub mod balancing;
pub mod breaker;
mod configuration;
pub mod health;
mod node;
pub mod overload;
pub mod supervisor;
mod tunables;

pub use configuration::{Configuration, Conflict};
pub use node::{Beat, Node, StackMessage};
pub use tunables::{Scale, Tunable, Value, Visitor};
