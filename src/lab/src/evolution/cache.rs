//! What a trial gave is never paid for twice, in this process or in a later one.
//!
//! Keyed by the run's id, which digests configuration, scenario and seed. In memory an ordered map; on disk a log to which every result is appended as soon as it is known, so that a killed process
//! loses none. A torn end is cut off when the log is opened.
//!
//! A log belongs to the program that made it: to the sources of a trial, the canary's hash and the columns ([`Program`](super::program::Program)). The commit does not count: a program that was built anew from the same sources goes on with the log. One that belongs
//! to something else is never written over: it is set aside as `cells.bin.old`, or under the next free name.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::program::Program;
use crate::files::FileError;
use crate::presets::Measured;

const MARK: &[u8; 8] = b"hmscells";
const CHECKSUM: usize = 8;

type Key = [u8; 16];

/// Results by run.
#[derive(Debug, Default)]
pub struct Cache {
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: a thread is at it.
    entries: BTreeMap<Key, Option<Measured>>,
    log: Option<(PathBuf, File)>,
    broken: Option<FileError>,
    computed: u64,
    known: u64,
}

impl Cache {
    /// A cache in memory.
    pub fn new() -> Cache {
        Cache::default()
    }

    /// Whether the log at `path` may be gone on with; so may one that is empty, torn in its head, or not there.
    ///
    /// # Errors
    /// [`FileError`].
    pub(super) fn fits(path: &Path, program: &Program) -> Result<bool, FileError> {
        let head = head(program);
        Ok(head.starts_with(&beginning(path, head.len())?))
    }

    /// Whether the file at `path` is a log of whichever program; so is one that is empty, torn in its mark, or not there.
    ///
    /// # Errors
    /// [`FileError`].
    pub(super) fn is_log(path: &Path) -> Result<bool, FileError> {
        Ok(MARK.starts_with(&beginning(path, MARK.len())?))
    }

    /// The cache whose log is the file at `path`, which is made where there is none. A log that does not fit is set aside first.
    ///
    /// # Errors
    /// [`FileError`].
    pub(super) fn open(path: &Path, program: &Program) -> Result<Cache, FileError> {
        if !Cache::fits(path, program)? {
            std::fs::rename(path, name_aside(path)).map_err(FileError::new("rename", path))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(FileError::new("open", path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(FileError::new("read", path))?;
        let head = head(program);
        let mut entries = BTreeMap::new();
        let mut good = 0;
        if bytes.starts_with(&head) {
            good = head.len();
            while let Some((key, measured, length)) = read_record(&bytes[good..]) {
                entries.insert(key, Some(measured));
                good += length;
            }
        }
        let mut prepare = || -> io::Result<()> {
            file.set_len(good as u64)?;
            file.seek(SeekFrom::End(0))?;
            if good == 0 { file.write_all(&head) } else { Ok(()) }
        };
        prepare().map_err(FileError::new("write", path))?;
        let state = State { entries, log: Some((path.to_owned(), file)), ..State::default() };
        Ok(Cache { state: Mutex::new(state), settled: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked while it held the lock left nothing half-done: entries are written whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of a run: known, waited for, or made by `make`, which gives `None` when it was told to stop.
    pub(super) fn get(&self, id: &str, make: impl FnOnce() -> Option<Measured>) -> Option<Measured> {
        let key = key(id);
        let mut state = self.lock();
        loop {
            match state.entries.get(&key) {
                Some(Some(measured)) => {
                    let measured = measured.clone();
                    state.known += 1;
                    return Some(measured);
                }
                Some(None) => state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner),
                None => break,
            }
        }
        state.entries.insert(key, None);
        drop(state);
        let _making = Making { cache: self, key };
        let made = make()?;
        let mut state = self.lock();
        state.append(key, &made);
        state.entries.insert(key, Some(made.clone()));
        state.computed += 1;
        Some(made)
    }

    /// How many results were made, and how many were known.
    pub fn computed_and_known(&self) -> (u64, u64) {
        let state = self.lock();
        (state.computed, state.known)
    }

    /// Why results could not be appended to the log, if so.
    pub fn take_error(&self) -> Option<FileError> {
        self.lock().broken.take()
    }
}

/// A run under way. Whichever way it ends, a panic included, those who wait for it hear of it; the next of them makes it if there is no result.
struct Making<'a> {
    cache: &'a Cache,
    key: Key,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.lock();
        if let Some(None) = state.entries.get(&self.key) {
            state.entries.remove(&self.key);
        }
        self.cache.settled.notify_all();
    }
}

impl State {
    fn append(&mut self, key: Key, measured: &Measured) {
        let Some((path, file)) = &mut self.log else { return };
        if let Err(error) = file.write_all(&record(key, measured)) {
            let (path, error) = (path.clone(), error);
            self.log = None;
            self.broken = Some(FileError::new("write", &path)(error));
        }
    }
}

/// The first bytes of a file, so many at most; none where there is no file.
fn beginning(path: &Path, length: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(length as u64).read_to_end(&mut bytes)) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(FileError::new("read", path)(error)),
    }
}

/// A name under which nothing is, for a log that is set aside: a rename replaces what is there.
fn name_aside(path: &Path) -> PathBuf {
    let mut aside = path.with_added_extension("old");
    let mut count = 1;
    while aside.symlink_metadata().is_ok() {
        count += 1;
        aside = path.with_added_extension(format!("old-{count}"));
    }
    aside
}

/// What a result depends on besides the run.
fn head(program: &Program) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(blake3::hash(program.trial.as_bytes()).as_bytes());
    bytes
}

/// The digits of a run's id as bytes.
fn key(id: &str) -> Key {
    u128::from_str_radix(id, 16).expect("a run's id is 32 hexadecimal digits").to_be_bytes()
}

fn record(key: Key, measured: &Measured) -> Vec<u8> {
    let mut body = key.to_vec();
    match measured {
        Ok(values) => {
            body.push(0);
            for value in values {
                body.push(u8::from(value.is_some()));
                body.extend_from_slice(&value.unwrap_or(0.0).to_le_bytes());
            }
        }
        Err(reason) => {
            body.push(1);
            body.extend_from_slice(reason.as_bytes());
        }
    }
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&body);
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(&checksum.as_bytes()[..CHECKSUM]);
    bytes
}

/// The record at the beginning of `bytes` and its length; `None` at the end, and where one is torn.
fn read_record(bytes: &[u8]) -> Option<(Key, Measured, usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let body = bytes.get(4..4 + length)?;
    let checksum = bytes.get(4 + length..4 + length + CHECKSUM)?;
    if blake3::hash(&bytes[..4 + length]).as_bytes()[..CHECKSUM] != *checksum {
        return None;
    }
    let (key, rest) = body.split_first_chunk::<16>()?;
    let (kind, rest) = rest.split_first()?;
    let measured = if *kind == 0 {
        let value = |part: &[u8]| {
            let number = f64::from_le_bytes(part[1..9].try_into().expect("a part has nine bytes"));
            (part[0] == 1).then_some(number)
        };
        Ok(rest.chunks_exact(9).map(value).collect())
    } else {
        Err(String::from_utf8_lossy(rest).into_owned())
    };
    Some((*key, measured, 4 + length + CHECKSUM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program::of("1", "sources of trials", "sources of searches")
    }

    fn id(number: u32) -> String {
        format!("{number:032x}")
    }

    #[test]
    fn results_are_found_again_by_a_later_process_and_made_once() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("cells");
        let (good, bad): (Measured, Measured) = (Ok(vec![Some(0.1), None, Some(f64::NAN)]), Err("too many events".to_owned()));
        {
            let cache = Cache::open(&path, &program()).unwrap();
            assert_eq!(cache.get(&id(2), || Some(bad.clone())), Some(bad.clone()));
            assert!(cache.get(&id(1), || Some(good.clone())).is_some());
            assert_eq!(cache.get(&id(3), || None), None, "a run that was stopped is no result");
        }
        let cache = Cache::open(&path, &program()).unwrap();
        let again = cache.get(&id(1), || panic!("it is known")).unwrap().unwrap();
        assert_eq!((again[0], again[1]), (Some(0.1), None));
        assert!(again[2].unwrap().is_nan());
        assert_eq!(cache.get(&id(2), || panic!("it is known")), Some(bad));
        assert_eq!(cache.computed_and_known(), (0, 2));
    }

    #[test]
    fn a_torn_end_is_cut_off_and_the_log_of_another_program_is_set_aside() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("cells");
        let measured: Measured = Ok(vec![Some(1.0)]);
        let cache = Cache::open(&path, &program()).unwrap();
        for number in 0..3 {
            cache.get(&id(number), || Some(measured.clone()));
        }
        drop(cache);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let cache = Cache::open(&path, &program()).unwrap();
        assert_eq!(cache.lock().entries.len(), 2);
        cache.get(&id(2), || Some(measured.clone()));
        drop(cache);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        let engine = Program::of("1", "sources of trials", "another engine");
        assert_eq!(Cache::open(&path, &engine).unwrap().lock().entries.len(), 3, "trials are the same");
        let other = Program::of("1", "another stack under the same canary", "sources of searches");
        assert!(Cache::fits(&path, &engine).unwrap() && !Cache::fits(&path, &other).unwrap());
        assert_eq!(Cache::open(&path, &other).unwrap().lock().entries.len(), 0);
        assert_eq!(std::fs::read(place.path().join("cells.old")).unwrap(), whole);
        assert_eq!(Cache::open(&path, &program()).unwrap().lock().entries.len(), 0);
        assert_eq!(std::fs::read(place.path().join("cells.old")).unwrap(), whole, "a second one does not replace the first");
        assert!(place.path().join("cells.old-2").is_file());
        // A process that was killed while it wrote the head has lost nothing.
        std::fs::write(&path, &whole[..5]).unwrap();
        assert!(Cache::fits(&path, &program()).unwrap());
        assert_eq!(Cache::open(&path, &program()).unwrap().lock().entries.len(), 0);
    }

    #[test]
    fn a_run_that_panics_keeps_nobody_waiting() {
        let cache = Cache::new();
        let panics = || cache.get(&id(1), || panic!("outside the trial"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(cache.get(&id(1), || Some(Ok(Vec::new()))), Some(Ok(Vec::new())));
    }

    #[test]
    fn a_run_under_way_is_waited_for() {
        let cache = Cache::new();
        let barrier = std::sync::Barrier::new(2);
        let made = std::sync::atomic::AtomicU32::new(0);
        let make = || {
            made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::thread::yield_now();
            Some(Ok(vec![Some(7.0)]))
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    assert_eq!(cache.get(&id(1), make), Some(Ok(vec![Some(7.0)])));
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}
