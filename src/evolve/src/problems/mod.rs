//! Test problems with known optima: what an optimizer is measured by.

pub mod continuous;
pub mod dtlz;
pub mod fronts;
pub mod zdt;
