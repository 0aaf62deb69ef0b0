//! Test problems with known optima: what an optimizer is measured by.

pub mod fronts;
pub mod zdt;
