//! Writing a results folder, whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hms_sim::kernel::CHUNK_EVENTS;
use hms_trial::Outcome;

use super::frames::{TRACE_ROWS, events, frame};
use super::manifest::{Build, FileEntry, Manifest, SideFileEntry, TableEntry};
use super::parquet::TableWriter;
use super::schema::{SCHEMA_VERSION, Table};
use super::{CHUNKS, FORMAT_VERSION, MANIFEST, ResultsError, SCENARIO, SIDE_FILES, STACK};
use crate::inputs::{Inputs, detail_name};

/// Temporary folders of writers that died are removed when they are older than this: a day.
const LEFTOVERS_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Writes the results of a run to `folder`, whose parents are made. Older results there are replaced.
///
/// # Errors
/// [`ResultsError::Occupied`] if `folder` exists and is neither empty nor a results folder; otherwise what the disk says. On an error
/// `folder` is as it was.
pub fn write(folder: &Path, inputs: &Inputs, outcome: &Outcome, build: &Build) -> Result<Manifest, ResultsError> {
    refuse_occupied(folder)?;
    let partial = Partial::beside(folder)?;
    let mut writer = FolderWriter { folder: &partial.path, files: Vec::new() };
    writer.bytes(SCENARIO, inputs.scenario_text().as_bytes())?;
    writer.bytes(STACK, inputs.stack_text().as_bytes())?;
    let side_files = writer.side_files(inputs)?;
    writer.bytes(CHUNKS, &outcome.chunks.iter().flat_map(|hash| hash.to_le_bytes()).collect::<Vec<_>>())?;
    let tables = Table::ALL.into_iter().map(|table| writer.table(table, inputs, outcome)).collect::<Result<_, _>>()?;
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        schema_version: SCHEMA_VERSION,
        hms_version: build.version.clone(),
        commit: build.commit.clone(),
        run_id: inputs.run_id().to_owned(),
        scenario: inputs.scenario().name.clone(),
        seed: outcome.seed.0,
        detail: detail_name(inputs.detail()).to_owned(),
        trace_hash: outcome.hash.to_string(),
        events: outcome.events,
        chunk_events: CHUNK_EVENTS,
        simulated_ns: inputs.scenario().run.duration.as_nanos(),
        incidents: outcome.incidents.len() as u64,
        scenario_text: inputs.scenario_text().to_owned(),
        stack_text: inputs.stack_text().to_owned(),
        side_files,
        tables,
        files: std::mem::take(&mut writer.files),
    };
    let mut text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
    text.push('\n');
    writer.bytes(MANIFEST, text.as_bytes())?;
    partial.put_in_place(folder)?;
    Ok(manifest)
}

/// Refuses a place that holds anything but nothing or results.
fn refuse_occupied(folder: &Path) -> Result<(), ResultsError> {
    let occupied = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some() && !folder.join(MANIFEST).is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => true,
        Err(error) => return Err(ResultsError::io("look into", folder)(error)),
    };
    if occupied { Err(ResultsError::Occupied { folder: folder.to_owned() }) } else { Ok(()) }
}

/// Files of a folder in the making.
struct FolderWriter<'a> {
    folder: &'a Path,
    files: Vec<FileEntry>,
}

impl FolderWriter<'_> {
    fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), ResultsError> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(ResultsError::io("write", &path))?;
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        self.files.push(FileEntry { path: name.to_owned(), bytes: bytes.len() as u64, blake3 });
        Ok(())
    }

    fn side_files(&mut self, inputs: &Inputs) -> Result<Vec<SideFileEntry>, ResultsError> {
        if inputs.files().is_empty() {
            return Ok(Vec::new());
        }
        let folder = self.folder.join(SIDE_FILES);
        fs::create_dir(&folder).map_err(ResultsError::io("make", &folder))?;
        let mut entries = Vec::new();
        for (position, file) in inputs.files().iter().enumerate() {
            // Two files of different folders may have one name.
            let path = format!("{SIDE_FILES}/{position}-{}", last_part(&file.name));
            self.bytes(&path, file.content.as_bytes())?;
            entries.push(SideFileEntry { name: file.name.clone(), path });
        }
        Ok(entries)
    }

    fn table(&mut self, table: Table, inputs: &Inputs, outcome: &Outcome) -> Result<TableEntry, ResultsError> {
        let name = table.file();
        let path = self.folder.join(&name);
        let file = File::create(&path).map_err(ResultsError::io("write", &path))?;
        let mut sink = Digesting { file: BufWriter::new(file), digest: blake3::Hasher::new(), bytes: 0 };
        let trace = &outcome.recorder.trace;
        let parallel = table == Table::Events && trace.len() > TRACE_ROWS;
        let rows = (|| {
            let mut writer = TableWriter::new(table, &mut sink, parallel)?;
            if parallel {
                for rows in trace.chunks(TRACE_ROWS) {
                    writer.write(&events(inputs.run_id(), rows))?;
                }
            } else {
                writer.write(&frame(table, inputs, outcome))?;
            }
            writer.finish()
        })()
        .map_err(ResultsError::table(&path))?;
        sink.flush().map_err(ResultsError::io("write", &path))?;
        self.files.push(FileEntry { path: name.clone(), bytes: sink.bytes, blake3: sink.digest.finalize().to_hex().to_string() });
        let sorted_by = table.sorted_by().iter().map(|&column| column.to_owned()).collect();
        Ok(TableEntry { name: table.name().to_owned(), path: name, rows, sorted_by })
    }
}

/// The last part of a path, with nothing in it that a file name may not hold.
fn last_part(name: &str) -> String {
    let part = name.rsplit(['/', '\\']).next().unwrap_or_default();
    part.chars().map(|letter| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' }).collect()
}

/// A file, its digest and its size in one pass.
struct Digesting {
    file: BufWriter<File>,
    digest: blake3::Hasher,
    bytes: u64,
}

impl Write for Digesting {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.digest.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A folder under a temporary name, removed when dropped before it is in place.
pub(crate) struct Partial {
    pub(crate) path: PathBuf,
}

impl Partial {
    pub(crate) fn beside(folder: &Path) -> Result<Self, ResultsError> {
        let parent = parent(folder);
        fs::create_dir_all(parent).map_err(ResultsError::io("make", parent))?;
        remove_leftovers(folder);
        let path = unique_sibling(folder, "partial");
        fs::create_dir(&path).map_err(ResultsError::io("make", &path))?;
        Ok(Partial { path })
    }

    fn put_in_place(self, folder: &Path) -> Result<(), ResultsError> {
        let aside = unique_sibling(folder, "replaced");
        let replaces = match fs::rename(folder, &aside) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(ResultsError::io("put aside", folder)(error)),
        };
        if let Err(error) = fs::rename(&self.path, folder) {
            if replaces {
                fs::rename(&aside, folder).map_err(ResultsError::io("put back", folder))?;
            }
            return Err(ResultsError::io("put in place", folder)(error));
        }
        if replaces {
            fs::remove_dir_all(&aside).map_err(ResultsError::io("remove the older results", &aside))?;
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // In place, the folder has another name and nothing is there; otherwise an earlier error is the one to tell.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn parent(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn prefix(folder: &Path, state: &str) -> String {
    let name = folder.file_name().map_or_else(|| "results".into(), |name| name.to_string_lossy());
    format!(".{name}.{state}-")
}

fn unique_sibling(folder: &Path, state: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    parent(folder).join(format!("{}{}-{count}", prefix(folder, state), std::process::id()))
}

/// Removes what writers of this folder left when they were killed. Failing to is no reason to fail.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(parent(folder)) else { return };
    let prefixes = [prefix(folder, "partial"), prefix(folder, "replaced")];
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if ours && age.is_some_and(|age| age > LEFTOVERS_AFTER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
