//! The desktop app: see a cluster break and heal.
//!
//! Picture a control room. Panels are windows onto one immutable view ([`view`]); what an operator wants is handed in as a [`command::Command`]; the work
//! is done by [`worker`]s, which report when they have something to show. A frame reads and draws, and never waits.
//!
//! **Contract.** No panel computes a model: figures come from the laboratory. No work per frame grows with the length of a run: what a frame draws is
//! bounded by its pixels ([`view::lanes`], [`view::pyramid`]). A worker that panics is a message, and the app lives on.

pub mod app;
pub mod command;
pub mod palette;
pub mod panels;
pub mod theme;
pub mod view;
pub mod widgets;
pub mod worker;
