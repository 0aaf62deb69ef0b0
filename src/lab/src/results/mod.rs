//! Results of a run on disk: Parquet tables, the texts that made them, and a manifest.
//!
//! Picture a sealed envelope: tables, inputs and hashes inside, and on the outside a list of contents with the digest of each. A folder holds
//!
//! ```text
//! manifest.json      what was run, by which version, and every other file with size and BLAKE3 digest; written last
//! scenario.toml      as it was run, overrides included
//! stack.toml         with every default
//! files/             what the scenario refers to
//! chunks.bin         rolling hash after every 4,096 events, u64 little endian
//! runs.parquet  loads.parquet  latencies.parquet  incidents.parquet  series.parquet  events.parquet
//! ```
//!
//! **Contract.** A folder is written under a temporary name beside its place and renamed when it is whole; a process that dies leaves the
//! place as it was. Reading checks every size and digest, so a folder that was cut off, by a crash of the machine or by a copy, is refused. Files are
//! the same, byte for byte, for the same inputs and version. Nothing is overwritten but older results. Columns are defined in one place ([`Table::columns`]).

mod columns;
mod error;
mod frames;
mod manifest;
mod parquet;
mod read;
mod schema;
mod trace;
mod write;

#[cfg(test)]
mod tests;

pub use columns::Columns;
pub use error::ResultsError;
pub(crate) use frames::events as trace_frame;
pub use frames::frame;
pub use manifest::{Build, FileEntry, Manifest, SideFileEntry, TableEntry};
pub use parquet::TableWriter;
pub(crate) use parquet::{About, write_frame};
pub use read::{Results, read};
pub use schema::{ColumnDefinition, ColumnKind, SCHEMA_VERSION, Table, reference};
pub(crate) use write::Partial;
pub use write::write;

/// Version of the folder's layout and of its manifest.
pub const FORMAT_VERSION: u32 = 1;

/// File name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// File name of the scenario.
pub const SCENARIO: &str = "scenario.toml";

/// File name of the stack configuration.
pub const STACK: &str = "stack.toml";

/// File name of the chunk hashes.
pub const CHUNKS: &str = "chunks.bin";

/// Folder of the files that a scenario refers to.
const SIDE_FILES: &str = "files";
