//! The manifest of a results folder: what was run, by what, and every file with its size and digest. It is written last, so that a
//! folder that has one was whole.

use serde::{Deserialize, Serialize};

/// The text of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`super::FORMAT_VERSION`] when it was written.
    pub format_version: u32,
    /// [`super::SCHEMA_VERSION`] when it was written.
    pub schema_version: u32,
    /// Version of hms.
    pub hms_version: String,
    /// Commit from which that hms was built; null if unknown.
    pub commit: Option<String>,
    /// Digest of scenario, side files, stack and seed.
    pub run_id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of every draw.
    pub seed: u64,
    /// `changes` or `full`.
    pub detail: String,
    /// Hash over every dispatched event, 16 hexadecimal digits.
    pub trace_hash: String,
    /// Events dispatched.
    pub events: u64,
    /// Events per hash in `chunks.bin`, which holds the rolling hash after each chunk (u64, little endian).
    pub chunk_events: u64,
    /// Simulated time from start to end, ns.
    pub simulated_ns: u64,
    /// Faults that began.
    pub incidents: u64,
    /// The scenario as it was run, overrides included; equal to `scenario.toml`.
    pub scenario_text: String,
    /// The stack configuration with every default; equal to `stack.toml`.
    pub stack_text: String,
    /// The files that the scenario refers to.
    pub side_files: Vec<SideFileEntry>,
    /// The tables.
    pub tables: Vec<TableEntry>,
    /// Every file of the folder but this one.
    pub files: Vec<FileEntry>,
}

/// A file that the scenario refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideFileEntry {
    /// The name by which the scenario refers to it.
    pub name: String,
    /// Where it stands in the folder.
    pub path: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// Its name.
    pub name: String,
    /// Where it stands in the folder.
    pub path: String,
    /// How many rows it has.
    pub rows: u64,
    /// By which columns they are sorted.
    pub sorted_by: Vec<String>,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it stands in the folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// BLAKE3 digest, hexadecimal.
    pub blake3: String,
}

/// What built the program, as far as the caller knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Version of hms.
    pub version: String,
    /// Commit.
    pub commit: Option<String>,
}

impl Default for Build {
    fn default() -> Self {
        Build { version: env!("CARGO_PKG_VERSION").to_owned(), commit: None }
    }
}
