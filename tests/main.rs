//! Tests of the whole: what a user sees, and what holds for every file of the repository.

mod dependencies;
mod lanl;
mod python;
mod sweep;
mod tidy;
