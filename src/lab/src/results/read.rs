//! Reading a results folder, after checking that it is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use rayon::prelude::*;

use super::manifest::{FileEntry, Manifest};
use super::schema::Table;
use super::{CHUNKS, FORMAT_VERSION, MANIFEST, ResultsError};

/// A results folder.
#[derive(Clone, Debug)]
pub struct Results {
    folder: PathBuf,
    manifest: Manifest,
}

/// Opens a results folder and checks every file in it.
///
/// # Errors
/// [`ResultsError`]; a folder that was cut off is refused with [`ResultsError::NoManifest`], [`ResultsError::Missing`] or [`ResultsError::Damaged`].
pub fn read(folder: &Path) -> Result<Results, ResultsError> {
    let results = Results::open(folder)?;
    let checked: Vec<Result<(), ResultsError>> = results.manifest.files.par_iter().map(|entry| results.check(entry)).collect();
    // Of several that are wrong, the first of the manifest is told, whichever was found first.
    checked.into_iter().collect::<Result<(), ResultsError>>()?;
    Ok(results)
}

impl Results {
    /// Reads the manifest and checks nothing else.
    pub(crate) fn open(folder: &Path) -> Result<Results, ResultsError> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if folder.is_dir() => {
                ResultsError::NoManifest { folder: folder.to_owned() }
            }
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ResultsError::NotFound { folder: folder.to_owned() },
            io::ErrorKind::InvalidData => ResultsError::BadManifest { path: path.clone(), problem: error.to_string() },
            _ => ResultsError::io("read", &path)(error),
        })?;
        let bad = |error: serde_json::Error| ResultsError::BadManifest { path: path.clone(), problem: error.to_string() };
        // Another version may have other fields, so its number comes first.
        let head: Head = serde_json::from_str(&text).map_err(bad)?;
        if head.format_version != FORMAT_VERSION {
            let (found, written_by) = (head.format_version, head.hms_version);
            return Err(ResultsError::Version { folder: folder.to_owned(), found, written_by });
        }
        let manifest = serde_json::from_str(&text).map_err(bad)?;
        Ok(Results { folder: folder.to_owned(), manifest })
    }

    /// Where it stands.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was run, and what is in the folder.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The whole table.
    ///
    /// # Errors
    /// [`ResultsError::Table`] if it cannot be read or has other columns than documented.
    pub fn table(&self, table: Table) -> Result<DataFrame, ResultsError> {
        self.rows(table, 0, usize::MAX)
    }

    /// At most `count` rows of a table from row `first`.
    ///
    /// # Errors
    /// As [`Results::table`].
    pub fn rows(&self, table: Table, first: usize, count: usize) -> Result<DataFrame, ResultsError> {
        let path = self.folder.join(table.file());
        let file = File::open(&path).map_err(ResultsError::io("read", &path))?;
        let frame = ParquetReader::new(file).with_slice(Some((first, count))).finish().map_err(ResultsError::table(&path))?;
        if **frame.schema() != table.schema() {
            let problem = polars_err!(SchemaMismatch: "its columns are not those of table {}", table.name());
            return Err(ResultsError::table(&path)(problem));
        }
        Ok(frame)
    }

    /// Rows of a table by the manifest.
    pub fn row_count(&self, table: Table) -> u64 {
        self.manifest.tables.iter().find(|entry| entry.name == table.name()).map_or(0, |entry| entry.rows)
    }

    /// The rolling hash after each chunk of events.
    ///
    /// # Errors
    /// [`ResultsError::Io`].
    pub fn chunk_hashes(&self) -> Result<Vec<u64>, ResultsError> {
        let path = self.folder.join(CHUNKS);
        let bytes = fs::read(&path).map_err(ResultsError::io("read", &path))?;
        Ok(bytes.as_chunks().0.iter().map(|hash| u64::from_le_bytes(*hash)).collect())
    }

    /// Checks size and digest of one file.
    pub(crate) fn check(&self, entry: &FileEntry) -> Result<(), ResultsError> {
        let path = self.folder.join(&entry.path);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ResultsError::Missing { path }),
            Err(error) => return Err(ResultsError::io("read", &path)(error)),
        };
        let bytes = file.metadata().map_err(ResultsError::io("read", &path))?.len();
        if bytes != entry.bytes {
            let (expected, found) = (format!("{} bytes", entry.bytes), format!("{bytes} bytes"));
            return Err(ResultsError::Damaged { path, expected, found });
        }
        let digest = digest(&mut file).map_err(ResultsError::io("read", &path))?;
        if digest != entry.blake3 {
            let (expected, found) = (format!("digest {}", entry.blake3), format!("digest {digest}"));
            return Err(ResultsError::Damaged { path, expected, found });
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Head {
    format_version: u32,
    hms_version: String,
}

fn digest(file: &mut impl io::Read) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            read => hasher.update(&buffer[..read]),
        };
    }
}
