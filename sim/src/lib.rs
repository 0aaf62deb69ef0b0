//! Deterministic discrete-event simulation of clusters, generic over the `Machine` that runs on each node.

pub mod cluster;
pub mod kernel;
