//! Each way in which a results folder cannot be written or read, with the place and the fix.

use std::io;
use std::path::{Path, PathBuf};

use polars::prelude::PolarsError;
use thiserror::Error;

/// Why a results folder cannot be written or read.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// There is no such folder.
    #[error("there is no folder {}: make one with `hms run SCENARIO --out {}`", folder.display(), folder.display())]
    NotFound {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The folder has no manifest.
    #[error(
        "{} has no {}: it holds no results, or their writing or copying was cut off. Run the command that makes them again, or delete the folder",
        folder.display(), super::MANIFEST
    )]
    NoManifest {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The manifest is not one.
    #[error("{} is not a manifest of results: {problem}. Copy it again from its source, or make the results again", path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The folder was written by another version of the format.
    #[error("{} has version {found} of the format, this program reads version {}: use the version of hms that wrote it ({written_by})", folder.display(), super::FORMAT_VERSION)]
    Version {
        /// The folder.
        folder: PathBuf,
        /// Its version.
        found: u32,
        /// The version of hms that wrote it.
        written_by: String,
    },
    /// A file that the manifest lists is not there.
    #[error("{} is missing, though the manifest lists it: the folder was cut off or is not whole. Make the results again, or copy them again", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file is not as it was written.
    #[error("{} is not as it was written ({found}, the manifest says {expected}): it was cut off or changed. `hms replay` says what differs", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Size or digest in the manifest.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The place to write to holds something else.
    #[error("{} exists and holds no results: choose another folder with --out, or delete it first", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
    },
    /// A Parquet file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What polars says.
        source: PolarsError,
    },
    /// The operating system refuses.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl ResultsError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ResultsError {
        let path = path.to_owned();
        move |source| ResultsError::Io { action, path, source }
    }

    pub(crate) fn table(path: &Path) -> impl FnOnce(PolarsError) -> ResultsError {
        let path = path.to_owned();
        move |source| ResultsError::Table { path, source }
    }
}
