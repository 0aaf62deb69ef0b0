//! Deterministic discrete-event simulation of clusters, generic over the `Machine` that runs on each node.

pub mod cluster;
pub mod faults;
pub mod kernel;
pub mod network;
pub mod services;
pub mod workload;
pub mod world;
