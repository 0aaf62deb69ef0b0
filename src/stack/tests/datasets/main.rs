//! Policies of the health part on data from the field.
//!
//! The data are looked for in the folder that `HMS_DATASETS` names, else in `../shared/datasets` beside the workspace; a test without its data says so and
//! passes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "these tests read files; the crate does not")]

mod nab;
mod perseus;

use std::path::{Path, PathBuf};

/// The folder of a data set, if it is there.
fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets");
    let folder = std::env::var("HMS_DATASETS").map_or_else(|_| beside(), PathBuf::from).join(name);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}
