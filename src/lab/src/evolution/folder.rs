//! The folder of a search.
//!
//! ```text
//! campaign.toml       as it was
//! cells.bin           the result of every trial, appended as it comes; a later search in this folder does not pay for them again
//! cells.bin.old       the same of another version or model, set aside by --fresh
//! checkpoint.bin      the search after its latest generation
//! lock                held by the process that works here
//! front.parquet  history.parquet  generations.parquet  best/*.toml  report.md
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use hms_evolve::run::checkpoint;
use thiserror::Error;

use super::cache::Cache;
use super::plan::Plan;
use super::state::State;
use crate::files::{self, FileError};
use crate::results::{Build, ResultsError};

const CAMPAIGN: &str = "campaign.toml";
const CHECKPOINT: &str = "checkpoint.bin";
pub(super) const CELLS: &str = "cells.bin";
const LOCK: &str = "lock";

/// Why a search cannot go on.
#[derive(Debug, Error)]
pub enum EvolveError {
    /// The folder holds a search, and nobody said what to do with it.
    #[error("{} holds a search already: --resume goes on with it, --fresh begins anew (and keeps what trials gave), or choose another --out", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds something else.
    #[error("{} is not empty and holds no search: choose another folder with --out, or delete it first", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
    /// There is nothing to go on with.
    #[error("{} holds no search to go on with: leave --resume out to begin one", folder.display())]
    Nothing {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process works in the folder.
    #[error("another hms works in {}: wait for it, or choose another folder with --out", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder's search is another one.
    #[error(
        "{} holds another search: the campaign, a scenario, a stack configuration, the presets or the program have changed since ({} is how the campaign was)\n--fresh begins anew",
        folder.display(), folder.join(CAMPAIGN).display()
    )]
    Changed {
        /// The folder.
        folder: PathBuf,
    },
    /// The checkpoint cannot be read.
    #[error("{}: {problem}\n--fresh begins anew and does not pay again for trials that are known", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table cannot be written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// Threads cannot be started.
    #[error("{0}")]
    Threads(String),
    /// The user stopped it.
    #[error("interrupted: {} keeps all trials and the state of the last generation; the same command with --resume goes on", folder.display())]
    Stopped {
        /// The folder.
        folder: PathBuf,
    },
}

/// How to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// In a folder that holds nothing.
    New,
    /// Go on with the search that is there.
    Resume,
    /// Begin anew, with the results of trials that are there.
    Fresh,
}

/// A folder of which this process has the lock.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, or makes it.
    pub(super) fn take(plan: &Plan, path: &Path, opening: Opening) -> Result<Folder, EvolveError> {
        let folder = path.to_owned();
        let empty = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(EvolveError::Foreign { folder }),
            Err(error) => return Err(FileError::new("look into", path)(error).into()),
        };
        let begun = path.join(CELLS).is_file();
        // A process that was killed before its first trial leaves these two.
        let taken_before = path.join(LOCK).is_file() && path.join(CAMPAIGN).is_file();
        match opening {
            Opening::New if begun => return Err(EvolveError::Occupied { folder }),
            _ if !empty && !begun && !taken_before => return Err(EvolveError::Foreign { folder }),
            Opening::Resume if !begun && !taken_before => return Err(EvolveError::Nothing { folder }),
            Opening::New | Opening::Resume | Opening::Fresh => {}
        }
        fs::create_dir_all(path).map_err(FileError::new("make", path))?;
        let lock = path.join(LOCK);
        let file = File::options().create(true).append(true).open(&lock).map_err(FileError::new("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EvolveError::Busy { folder }),
            Err(TryLockError::Error(error)) => return Err(FileError::new("lock", &lock)(error).into()),
        }
        let taken = Folder { path: folder, _lock: file };
        if opening != Opening::Resume {
            let checkpoint = taken.path.join(CHECKPOINT);
            if checkpoint.exists() {
                fs::remove_file(&checkpoint).map_err(FileError::new("remove", &checkpoint))?;
            }
            files::replace(&taken.path.join(CAMPAIGN), plan.text.as_bytes())?;
        }
        Ok(taken)
    }

    /// The stored state to go on with; `None` where there is none yet. State and log must fit: both carry the model's hash, the state the campaign's digest, the log the program's version.
    /// Nothing is changed where they do not, and [`EvolveError::Changed`] says so.
    pub(super) fn resume(&self, plan: &Plan, build: &Build) -> Result<Option<State>, EvolveError> {
        let state = self.state(plan)?;
        if !Cache::fits(&self.path.join(CELLS), build)? {
            return Err(EvolveError::Changed { folder: self.path.clone() });
        }
        if state.is_none() {
            files::replace(&self.path.join(CAMPAIGN), plan.text.as_bytes())?;
        }
        Ok(state)
    }

    fn state(&self, plan: &Plan) -> Result<Option<State>, EvolveError> {
        let path = self.path.join(CHECKPOINT);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FileError::new("read", &path)(error).into()),
        };
        let state: State = checkpoint::load(&bytes).map_err(|error| EvolveError::Damaged { path, problem: error.to_string() })?;
        if state.digest == plan.digest() { Ok(Some(state)) } else { Err(EvolveError::Changed { folder: self.path.clone() }) }
    }

    /// Stores the state, whole or not at all.
    pub(super) fn store(&self, state: &State) -> Result<(), EvolveError> {
        let path = self.path.join(CHECKPOINT);
        let bytes =
            checkpoint::save(state).map_err(|error| EvolveError::Damaged { path: path.clone(), problem: error.to_string() })?;
        Ok(files::replace(&path, &bytes)?)
    }
}
