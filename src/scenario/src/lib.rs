//! What happens, as data.

pub mod model;
