//! Genetic optimization: genomes, operators, algorithms behind one `ask` and `tell`, noise, proof, indicators and test problems.
//!
//! Picture three parties. A *problem* knows what a genome is worth. An *algorithm* knows which genome to try next; it is a plain value, a pure function of its settings, its seed
//! and what it was told, and it can be stored and continued bit for bit. A *driver* stands between them, with whatever threads, machines and clocks it likes; none of them are here.
//!
//! ```text
//!   genome + operators + survival ──> algorithm ──ask──> driver ──> problem
//!                                        ^                  │
//!                                        └─────── tell ─────┘
//! ```
//!
//! Where to begin: [`genome`] for what can be evolved, [`algorithms::standard`] for ready algorithms, [`run::Run`] for a search with its books, [`noise`] when the same genome is not worth the same
//! twice, [`proof`] for claims. `examples/own_genome.rs` evolves a genome that the crate has never heard of.
//!
//! Everything is minimised. A failed evaluation is data. The crate knows nothing of what is optimized, and has no thread, clock, file or environment.

pub mod algorithms;
pub mod bench;
mod eigen;
pub mod genome;
pub mod indicators;
mod linear;
pub mod noise;
pub mod operators;
pub mod problems;
pub mod proof;
mod random;
pub mod run;
pub mod scores;
pub mod survival;

pub use random::Rng;
