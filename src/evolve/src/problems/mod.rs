//! Test problems with known optima: what an optimizer is measured by.

#[cfg(test)]
mod approach;
pub mod binary;
pub mod continuous;
pub mod dtlz;
pub mod dynamic;
pub mod fronts;
pub mod mw;
pub mod regression;
pub mod tour;
#[cfg(test)]
mod untuned;
pub mod wfg;
pub mod zdt;
