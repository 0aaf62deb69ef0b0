//! Single files, written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

/// A file that cannot be read or written.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the operating system says.
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        let path = path.to_owned();
        move |source| FileError { action, path, source }
    }
}

/// Writes `bytes` to `path`, whose folders are made: first under a temporary name beside it, which is then renamed. What was there before is
/// replaced, and left as it was on an error.
///
/// # Errors
/// [`FileError`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(FileError::new("make", folder))?;
    let name = path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let partial = folder.join(format!(".{name}.partial-{}-{count}", std::process::id()));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(FileError::new("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b.txt");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(place.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_names_it_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        let error = replace(&path, b"one").unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("taken"), "{error}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
