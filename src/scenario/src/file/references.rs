//! How files point at things: by number or by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number or a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Reference {
    /// Position, from 0.
    Number(u32),
    /// Name.
    Name(String),
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reference::Number(number) => number.fmt(f),
            Reference::Name(name) => name.fmt(f),
        }
    }
}
