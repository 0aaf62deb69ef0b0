//! The folder of a search.
//!
//! ```text
//! campaign.toml       as it was
//! cells.bin           the result of every trial, appended as it comes; a later search in this folder does not pay for them again
//! cells.bin.old       the same of another program, set aside by --fresh; .old-2 and so on where there is one already
//! checkpoint.bin      the search after its latest generation, but for those who were measured, who are in:
//! individuals.bin     everybody who was measured, appended generation by generation
//! lock                held by the process that works here
//! front.parquet  history.parquet  generations.parquet  best/*.toml  report.md
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use hms_evolve::run::checkpoint::{self, CheckpointError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::archive::{Archive, Mark};
use super::cache::Cache;
use super::plan::Plan;
use super::program::Program;
use super::state::{Individual, State};
use crate::files::{self, FileError};
use crate::results::ResultsError;

const CAMPAIGN: &str = "campaign.toml";
const CHECKPOINT: &str = "checkpoint.bin";
const INDIVIDUALS: &str = "individuals.bin";
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
    /// Another process appends to the log of trials.
    #[error("another hms appends to {}: wait for it, or choose another --cells", path.display())]
    LogBusy {
        /// The log.
        path: PathBuf,
    },
    /// The file that was named as a log of trials is something else.
    #[error("{} is no log of trials, and is left as it is: choose another --cells, a log of an earlier run or a file that does not exist yet", path.display())]
    LogForeign {
        /// The file.
        path: PathBuf,
    },
    /// The folder's search is another one.
    #[error(
        "{} holds another search: the campaign, a scenario, a stack configuration or the presets have changed since ({} is how the campaign was)\n--fresh begins anew, and does not pay again for trials that are the same",
        folder.display(), folder.join(CAMPAIGN).display()
    )]
    Changed {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder's search was made by another program.
    #[error("{}", another_program(folder, *trials_known))]
    Reprogrammed {
        /// The folder.
        folder: PathBuf,
        /// Whether what trials gave still counts: then only the engine is another.
        trials_known: bool,
    },
    /// The checkpoint cannot be read.
    #[error("{}: {problem}\n--fresh begins anew and does not pay again for trials that are known", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What constraints are held against fails itself.
    #[error(
        "{}: the base fails on search seeds of root {root} ({reason}), so that no candidate can be held against it, as `{constraint}` wants\nbegin from a stack that runs (`stack`), give it more room (`run.events_max`, `run.pending_max` in [set]), or write constraints without `base`; then begin again (`hms evolve` with --fresh)",
        campaign.display()
    )]
    BaseFails {
        /// The campaign's file.
        campaign: PathBuf,
        /// The root of the seeds.
        root: u64,
        /// A constraint that needs the base.
        constraint: String,
        /// What it fails by.
        reason: String,
    },
    /// A pilot compares the base with its neighbours, and the base fails.
    #[error(
        "{}: the base fails on the seeds of the pilot ({reason}), so that there is nothing to compare its neighbours with\nbegin from a stack that runs (`stack`), or give it more room (`run.events_max`, `run.pending_max` in [set])",
        campaign.display()
    )]
    PilotFails {
        /// The campaign's file.
        campaign: PathBuf,
        /// What it fails by.
        reason: String,
    },
    /// The user stopped what keeps nothing.
    #[error("interrupted")]
    Interrupted,
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

/// What happened to a search of another program, and what to do.
fn another_program(folder: &Path, trials_known: bool) -> String {
    let folder = folder.display();
    if trials_known {
        format!(
            "{folder} holds a search of another program: trials are the same, but the sources of the engine have changed since, and a search that two engines share could not be repeated\n\
             --fresh begins anew with this program, and does not pay again for trials that are known; or go on with the program that began it"
        )
    } else {
        format!(
            "{folder} holds a search of another program: the sources of the simulation have changed since, so that its trials are not those of this program\n\
             --fresh begins anew with this program, and sets the old trials aside as {CELLS}.old (or .old-2 and so on, where there is one already); or go on with the program that began it, or choose another --out"
        )
    }
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

    /// The stored state to go on with; `None` where there is none yet. Nothing is changed where state or log belong to another program or campaign.
    pub(super) fn resume(&self, plan: &Plan, program: &Program) -> Result<Option<(State, Archive)>, EvolveError> {
        let trials_known = Cache::fits(&self.path.join(CELLS), program)?;
        let another = || EvolveError::Reprogrammed { folder: self.path.clone(), trials_known };
        // Before the checkpoint, whose shape may be another too.
        if !trials_known {
            return Err(another());
        }
        let Some(stored) = self.stored()? else {
            files::replace(&self.path.join(CAMPAIGN), plan.text.as_bytes())?;
            return Ok(None);
        };
        if stored.program != program.search {
            return Err(another());
        }
        if stored.digest != plan.digest() {
            return Err(EvolveError::Changed { folder: self.path.clone() });
        }
        let mut state: State = self.read(&stored.state)?;
        let (archive, individuals) = self.individuals(stored.individuals)?;
        state.individuals = individuals;
        Ok(Some((state, archive)))
    }

    /// The log of those who were measured, as far as a checkpoint knows it, and who they are.
    pub(super) fn individuals(&self, mark: Mark) -> Result<(Archive, Vec<Individual>), EvolveError> {
        Archive::open(&self.path.join(INDIVIDUALS), mark).map_err(|error| match error.source.kind() {
            io::ErrorKind::InvalidData => EvolveError::Damaged { path: error.path, problem: error.source.to_string() },
            _ => error.into(),
        })
    }

    fn stored(&self) -> Result<Option<Stored>, EvolveError> {
        let path = self.path.join(CHECKPOINT);
        match fs::read(&path) {
            Ok(bytes) => self.read(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::new("read", &path)(error).into()),
        }
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, EvolveError> {
        checkpoint::load(bytes).map_err(|error| self.damaged(&error))
    }

    fn damaged(&self, error: &CheckpointError) -> EvolveError {
        EvolveError::Damaged { path: self.path.join(CHECKPOINT), problem: error.to_string() }
    }

    /// Stores the state, whole or not at all.
    pub(super) fn store(&self, plan: &Plan, program: &Program, state: &State, archive: &mut Archive) -> Result<(), EvolveError> {
        let individuals = archive.append(&state.individuals)?;
        let save = || {
            let state = checkpoint::save(state)?;
            checkpoint::save(&Stored { program: program.search.clone(), digest: plan.digest(), individuals, state })
        };
        let bytes = save().map_err(|error| self.damaged(&error))?;
        Ok(files::replace(&self.path.join(CHECKPOINT), &bytes)?)
    }
}

/// The text of a checkpoint: to whom the state belongs can be read by a program that cannot read the state.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// Label of the program.
    program: String,
    /// Of the plan.
    digest: String,
    /// Where the log of individuals ends.
    individuals: Mark,
    /// The state, as a checkpoint of its own.
    state: Vec<u8>,
}
