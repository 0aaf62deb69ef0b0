//! Services: where their replicas stand.

pub mod placement;
