//! Everybody who was measured, on disk: a log to which each generation appends its own, so that a checkpoint need not hold them all again.
//!
//! Picture a visitors' book beside the ledger: the ledger (the checkpoint) is written anew each evening and says on which line the book ends; lines after that are of a day that was not closed, and are cut off when the book is opened again. The book is
//! written and flushed before the ledger, so the ledger never speaks of lines that are not there.
//!
//! **Contract.** What is read back is what was appended, bit for bit, or an error. Killed at any moment, the book and the ledger fit.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hms_evolve::run::checkpoint;
use serde::{Deserialize, Serialize};

use super::state::Individual;
use crate::files::FileError;

/// Where the log ends: what the checkpoint says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Individuals.
    individuals: u64,
    /// Bytes.
    length: u64,
}

/// The log, opened for appending.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    mark: Mark,
}

impl Archive {
    /// The log at `path` as far as `mark`, and who is in it; an empty one where the mark is that of nothing. What comes after the mark is cut off.
    ///
    /// # Errors
    /// [`FileError`]; one of kind [`io::ErrorKind::InvalidData`] where the log is not what the mark says.
    pub(super) fn open(path: &Path, mark: Mark) -> Result<(Archive, Vec<Individual>), FileError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(FileError::new("open", path))?;
        let individuals = read(&mut file, mark).map_err(FileError::new("read", path))?;
        let mut cut = || file.set_len(mark.length).and_then(|()| file.seek(SeekFrom::End(0)));
        cut().map_err(FileError::new("write", path))?;
        Ok((Archive { path: path.to_owned(), file, mark }, individuals))
    }

    /// Appends those of all individuals that are not there yet, and says where the log ends now.
    ///
    /// # Errors
    /// [`FileError`].
    pub(super) fn append(&mut self, all: &[Individual]) -> Result<Mark, FileError> {
        let new = &all[(self.mark.individuals as usize).min(all.len())..];
        if !new.is_empty() {
            let page = checkpoint::save(&new).map_err(io::Error::other).map_err(FileError::new("write", &self.path))?;
            let mut bytes = (page.len() as u64).to_le_bytes().to_vec();
            bytes.extend_from_slice(&page);
            let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
            written.map_err(FileError::new("write", &self.path))?;
            self.mark.individuals += new.len() as u64;
            self.mark.length += bytes.len() as u64;
        }
        Ok(self.mark)
    }
}

fn read(file: &mut File, mark: Mark) -> io::Result<Vec<Individual>> {
    let damaged = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
    let mut bytes = Vec::new();
    file.take(mark.length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != mark.length {
        return Err(damaged("it is shorter than the checkpoint says"));
    }
    let (mut individuals, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((length, after)) = rest.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let page = after.get(..length).ok_or_else(|| damaged("a page is torn"))?;
        individuals.extend(checkpoint::load::<Vec<Individual>>(page).map_err(|error| damaged(&error.to_string()))?);
        rest = &after[length..];
    }
    if !rest.is_empty() || individuals.len() as u64 != mark.individuals {
        return Err(damaged("it holds other individuals than the checkpoint says"));
    }
    Ok(individuals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn individual(id: u64) -> Individual {
        Individual {
            id,
            generation: id / 4,
            parents: [id.checked_sub(1), None],
            operator: "near".to_owned(),
            genome: vec![0.1 * id as f64, f64::MIN_POSITIVE],
            configuration: format!("{id:016x}"),
            objectives: vec![-0.0],
            violations: Vec::new(),
            failure: None,
            seeds: 2,
            phase: 0,
            against: None,
            apart: None,
            dismissed: false,
            again: false,
        }
    }

    #[test]
    fn what_was_appended_is_there_again_and_what_the_checkpoint_does_not_know_is_cut_off() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("individuals");
        let all: Vec<Individual> = (0..12).map(individual).collect();
        let (mut archive, nobody) = Archive::open(&path, Mark::default()).unwrap();
        assert!(nobody.is_empty());
        archive.append(&all[..4]).unwrap();
        let mark = archive.append(&all[..8]).unwrap();
        assert_eq!(archive.append(&all[..8]).unwrap(), mark, "nobody new, nothing written");
        // A process that was killed between the log and the checkpoint, or in the middle of a page.
        archive.append(&all).unwrap();
        drop(archive);
        let whole = std::fs::read(&path).unwrap();
        for end in [whole.len(), whole.len() - 3, mark.length as usize] {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (mut archive, found) = Archive::open(&path, mark).unwrap();
            assert_eq!(found, all[..8]);
            archive.append(&all).unwrap();
            assert!(std::fs::read(&path).unwrap() == whole, "it goes on to the same bytes");
        }
    }

    #[test]
    fn a_log_that_is_not_what_the_checkpoint_says_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("individuals");
        let all: Vec<Individual> = (0..4).map(individual).collect();
        let mark = Archive::open(&path, Mark::default()).unwrap().0.append(&all).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut other = whole.clone();
        other[40] ^= 1;
        for (bytes, part) in [(&whole[..whole.len() - 1], "shorter than the checkpoint says"), (&other[..], "damaged")] {
            std::fs::write(&path, bytes).unwrap();
            let error = Archive::open(&path, mark).unwrap_err();
            assert!(error.source.kind() == io::ErrorKind::InvalidData && error.to_string().contains(part), "{error}");
        }
        std::fs::write(&path, &whole).unwrap();
        let more = Mark { individuals: 5, ..mark };
        assert!(Archive::open(&path, more).unwrap_err().to_string().contains("other individuals"));
    }
}
