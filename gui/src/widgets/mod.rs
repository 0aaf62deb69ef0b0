//! What panels are made of.

pub mod chart;
pub mod editor;
pub mod figures;
pub mod lanes;
pub mod parallel;
pub mod table;
pub mod topology;
