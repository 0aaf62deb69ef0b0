//! The folder of a campaign: what is written at its launch, while it runs, and at its end.
//!
//! ```text
//! campaign.toml      as it was at the launch
//! campaign.json      every configuration with its settings and texts, version, digest of all run ids; frozen at the launch
//! texts/             scenarios, stack configurations (overrides and defaults included) and the files they refer to, by digest
//! lock               held by the process that works here; free again as soon as that process is gone, however it went
//! shards/000001/ …   finished runs in batches, each put in place whole; gone once the tables are written
//! runs.parquet  incidents.parquet  configurations.parquet
//! manifest.json      digests of everything; written last: with it, the campaign is complete
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::rows::{self, End, Finished};
use super::{Campaign, Configuration};
use crate::results::{Build, FileEntry, MANIFEST, Partial, ResultsError, TableEntry};

/// Version of the folder's layout.
pub(super) const FORMAT_VERSION: u32 = 1;

const CAMPAIGN: &str = "campaign.toml";
pub(super) const LAUNCH: &str = "campaign.json";
const TEXTS: &str = "texts";
const LOCK: &str = "lock";
const SHARDS: &str = "shards";
const SHARD_RUNS: &str = "runs.parquet";
const SHARD_INCIDENTS: &str = "incidents.parquet";

/// Why the results of a campaign cannot be kept.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The folder belongs to another campaign, or to this one as it was.
    #[error(
        "{} holds runs of a campaign that is not this one any more: {}\nTo begin anew beside it: hms sweep {} --fresh --out {}",
        folder.display(), changed.join("; "), campaign.display(), other.display()
    )]
    Changed {
        /// The folder.
        folder: PathBuf,
        /// What is not as it was.
        changed: Vec<String>,
        /// The campaign's file.
        campaign: PathBuf,
        /// A folder that is free.
        other: PathBuf,
    },
    /// Another process works in the folder.
    #[error("another hms works in {}: wait for it, or choose another folder with --out", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds something else, or something where nothing was wanted.
    #[error("{} is not empty: choose another folder with --out, or delete it first", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the folder is not as it was written.
    #[error("{}: {problem}. {help}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: &'static str,
    },
    /// The threads for the runs cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(String),
    /// A file cannot be written or read.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// What is frozen at the launch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Launch {
    pub(super) format_version: u32,
    hms_version: String,
    commit: Option<String>,
    name: String,
    seed: u64,
    replicates: u32,
    /// [`Campaign::digest`].
    digest: String,
    pub(super) configurations: Vec<Launched>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Launched {
    pub(super) scenario: String,
    pub(super) case: Option<String>,
    /// Path to TOML value.
    pub(super) settings: BTreeMap<String, String>,
    /// Path of the text in the folder.
    scenario_text: String,
    /// The same.
    pub(super) stack_text: String,
    /// Name in the scenario to path in the folder.
    side_files: BTreeMap<String, String>,
}

/// The manifest of a complete campaign.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format_version: u32,
    hms_version: String,
    commit: Option<String>,
    /// Name of the campaign.
    campaign: String,
    digest: String,
    /// Digest of the rows of all runs.
    pub(super) results_hash: String,
    runs: u64,
    failed: u64,
    tables: Vec<TableEntry>,
    files: Vec<FileEntry>,
}

/// A folder of which this process has the lock.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    build: Build,
    _lock: File,
    next_shard: u32,
}

impl Folder {
    /// Takes the folder, or makes it. `fresh`: it must not hold anything.
    pub(super) fn take(campaign: &Campaign, path: &Path, build: &Build, fresh: bool) -> Result<Folder, SweepError> {
        let empty = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(SweepError::Occupied { folder: path.to_owned() });
            }
            Err(error) => return Err(ResultsError::io("look into", path)(error).into()),
        };
        if !empty && (fresh || !path.join(LAUNCH).is_file()) {
            return Err(SweepError::Occupied { folder: path.to_owned() });
        }
        if empty {
            launch(campaign, path, build)?;
        }
        let lock = path.join(LOCK);
        let file = File::options().create(true).append(true).open(&lock).map_err(ResultsError::io("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SweepError::Busy { folder: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(ResultsError::io("lock", &lock)(error).into()),
        }
        let mut folder = Folder { path: path.to_owned(), build: build.clone(), _lock: file, next_shard: 1 };
        folder.compare(campaign)?;
        Ok(folder)
    }

    /// Refuses to mix runs of two campaigns, or of two programs.
    fn compare(&mut self, campaign: &Campaign) -> Result<(), SweepError> {
        let path = self.path.join(LAUNCH);
        let text = read(&path)?;
        let help = "Begin anew with --fresh and another --out";
        let launch: Launch = serde_json::from_str(&text).map_err(|error| SweepError::Damaged {
            path: path.clone(),
            problem: error.to_string(),
            help,
        })?;
        let mut changed = Vec::new();
        let program = |version: &str, commit: &Option<String>| match commit {
            Some(commit) => format!("{version} ({commit})"),
            None => version.to_owned(),
        };
        let (was, is) = (program(&launch.hms_version, &launch.commit), program(&self.build.version, &self.build.commit));
        if was != is {
            changed.push(format!("they were made by hms {was}, and this is hms {is}"));
        }
        if launch.digest != campaign.digest() {
            let same = read(&self.path.join(CAMPAIGN))? == campaign.text;
            changed.push(if same {
                "a scenario, a stack configuration or a file that it names has changed".to_owned()
            } else {
                format!("{} has changed ({} is how it was)", campaign.path.display(), self.path.join(CAMPAIGN).display())
            });
        }
        if changed.is_empty() {
            return Ok(());
        }
        let other = free_sibling(&self.path);
        Err(SweepError::Changed { folder: self.path.clone(), changed, campaign: campaign.path.clone(), other })
    }

    /// What has been committed: the runs of a complete campaign, or those of the shards.
    pub(super) fn committed(&mut self) -> Result<Committed, SweepError> {
        let shards = self.path.join(SHARDS);
        if self.path.join(MANIFEST).is_file() {
            // A process that died between the manifest and this line left them.
            remove(&shards)?;
            let path = self.path.join(super::tables::RUNS);
            let help = "The folder was damaged after it was complete: begin anew with --fresh and another --out";
            let rows = read_rows(&path, help)?;
            let manifest = self.manifest()?;
            let found = rows::digest(rows.iter().map(|(id, end)| (id.as_str(), end)));
            if found != manifest.results_hash {
                let problem = format!("its rows have digest {found}, the manifest says {}", manifest.results_hash);
                return Err(SweepError::Damaged { path, problem, help });
            }
            return Ok(Committed { rows, complete: true });
        }
        fs::create_dir_all(&shards).map_err(ResultsError::io("make", &shards))?;
        let mut rows = Vec::new();
        for shard in self.shards()? {
            rows.extend(read_rows(&shard.join(SHARD_RUNS), "Delete this shard's folder: its runs are then run again")?);
        }
        Ok(Committed { rows, complete: false })
    }

    /// The shards that are in place, in order; what a killed process left half-written is removed.
    fn shards(&mut self) -> Result<Vec<PathBuf>, SweepError> {
        let folder = self.path.join(SHARDS);
        let entries = fs::read_dir(&folder).map_err(ResultsError::io("look into", &folder))?;
        let mut numbers: Vec<u32> = Vec::new();
        for entry in entries {
            let entry = entry.map_err(ResultsError::io("look into", &folder))?;
            match entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                Some(number) => numbers.push(number),
                None => remove(&entry.path())?,
            }
        }
        numbers.sort_unstable();
        self.next_shard = numbers.last().map_or(1, |last| last + 1);
        Ok(numbers.into_iter().map(|number| folder.join(shard_name(number))).collect())
    }

    /// Puts a batch of finished runs in place, whole or not at all.
    pub(super) fn commit(&mut self, rows: &[Finished], incidents: &mut DataFrame) -> Result<(), SweepError> {
        let shards = self.path.join(SHARDS);
        let partial = shards.join(format!("partial-{}", shard_name(self.next_shard)));
        remove(&partial)?;
        fs::create_dir(&partial).map_err(ResultsError::io("make", &partial))?;
        for (name, frame) in [(SHARD_RUNS, &mut rows::frame(rows)), (SHARD_INCIDENTS, incidents)] {
            let path = partial.join(name);
            let file = File::create(&path).map_err(ResultsError::io("write", &path))?;
            ParquetWriter::new(&file).set_parallel(false).finish(frame).map_err(ResultsError::table(&path))?;
            file.sync_all().map_err(ResultsError::io("write", &path))?;
        }
        let place = shards.join(shard_name(self.next_shard));
        fs::rename(&partial, &place).map_err(ResultsError::io("put in place", &place))?;
        self.next_shard += 1;
        Ok(())
    }

    /// Incidents of all shards, sorted by run and fault.
    pub(super) fn incidents(&mut self, empty: DataFrame) -> Result<DataFrame, SweepError> {
        let mut all = empty;
        for shard in self.shards()? {
            let path = shard.join(SHARD_INCIDENTS);
            let table = ResultsError::table;
            let file = File::open(&path).map_err(ResultsError::io("read", &path))?;
            let frame = ParquetReader::new(file).finish().map_err(table(&path))?;
            all.vstack_mut_owned(frame).map_err(table(&path))?;
        }
        let sorted = all.sort(["run_id", "fault"], SortMultipleOptions::default().with_maintain_order(true));
        Ok(sorted.map_err(ResultsError::table(&self.path))?)
    }

    /// Writes a file of the finished campaign through `write`; gives its entry in the manifest.
    pub(super) fn write(&self, name: &str, write: impl FnOnce(&File) -> PolarsResult<()>) -> Result<FileEntry, SweepError> {
        let (partial, place) = (self.path.join(format!(".{name}.partial")), self.path.join(name));
        let file = File::create(&partial).map_err(ResultsError::io("write", &partial))?;
        write(&file).map_err(ResultsError::table(&place))?;
        file.sync_all().map_err(ResultsError::io("write", &partial))?;
        fs::rename(&partial, &place).map_err(ResultsError::io("put in place", &place))?;
        self.entry(name)
    }

    /// Closes a complete campaign: with the manifest in place the shards go.
    pub(super) fn complete(
        &self,
        campaign: &Campaign,
        ends: &[End],
        tables: Vec<(TableEntry, FileEntry)>,
    ) -> Result<(), SweepError> {
        let (tables, mut files): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
        for name in [CAMPAIGN, LAUNCH] {
            files.push(self.entry(name)?);
        }
        let texts = self.path.join(TEXTS);
        let entries = fs::read_dir(&texts).map_err(ResultsError::io("look into", &texts))?;
        let mut names: Vec<String> =
            entries.flatten().map(|entry| format!("{TEXTS}/{}", entry.file_name().to_string_lossy())).collect();
        names.sort_unstable();
        for name in &names {
            files.push(self.entry(name)?);
        }
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            hms_version: self.build.version.clone(),
            commit: self.build.commit.clone(),
            campaign: campaign.name.clone(),
            digest: campaign.digest(),
            results_hash: results_hash(campaign, ends),
            runs: ends.len() as u64,
            failed: ends.iter().filter(|end| end.reason().is_some()).count() as u64,
            tables,
            files,
        };
        let mut text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
        text.push('\n');
        self.write(MANIFEST, |mut file| file.write_all(text.as_bytes()).map_err(PolarsError::from))?;
        remove(&self.path.join(SHARDS))
    }

    fn manifest(&self) -> Result<Manifest, SweepError> {
        let path = self.path.join(MANIFEST);
        let help = "Begin anew with --fresh and another --out";
        serde_json::from_str(&read(&path)?).map_err(|error| SweepError::Damaged { path, problem: error.to_string(), help })
    }

    fn entry(&self, name: &str) -> Result<FileEntry, SweepError> {
        let path = self.path.join(name);
        let bytes = fs::read(&path).map_err(ResultsError::io("read", &path))?;
        Ok(FileEntry { path: name.to_owned(), bytes: bytes.len() as u64, blake3: blake3::hash(&bytes).to_hex().to_string() })
    }
}

/// What a folder holds of a campaign.
pub(super) struct Committed {
    pub(super) rows: Vec<(String, End)>,
    pub(super) complete: bool,
}

/// Digest of the results of all runs, in the order of the campaign.
pub(super) fn results_hash(campaign: &Campaign, ends: &[End]) -> String {
    let ids: Vec<String> = campaign.runs().map(|run| run.id().to_owned()).collect();
    rows::digest(ids.iter().map(String::as_str).zip(ends))
}

/// Makes the folder with everything that is frozen at the launch, whole or not at all.
fn launch(campaign: &Campaign, path: &Path, build: &Build) -> Result<(), SweepError> {
    let partial = Partial::beside(path)?;
    let texts = partial.path.join(TEXTS);
    for folder in [&texts, &partial.path.join(SHARDS)] {
        fs::create_dir(folder).map_err(ResultsError::io("make", folder))?;
    }
    let configurations = campaign.configurations.iter().map(|configuration| launched(configuration, &partial.path));
    let launch = Launch {
        format_version: FORMAT_VERSION,
        hms_version: build.version.clone(),
        commit: build.commit.clone(),
        name: campaign.name.clone(),
        seed: campaign.seed.0,
        replicates: campaign.replicates,
        digest: campaign.digest(),
        configurations: configurations.collect::<Result<_, _>>()?,
    };
    let mut text = serde_json::to_string_pretty(&launch).expect("a launch is JSON");
    text.push('\n');
    write(&partial.path.join(LAUNCH), text.as_bytes())?;
    write(&partial.path.join(CAMPAIGN), campaign.text.as_bytes())?;
    // Puts it in the place of an empty folder or of none, and of nothing else.
    match fs::rename(&partial.path, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Err(SweepError::Busy { folder: path.to_owned() }),
        Err(error) => Err(ResultsError::io("put in place", path)(error).into()),
    }
}

fn launched(configuration: &Configuration, folder: &Path) -> Result<Launched, SweepError> {
    let keep = |content: &str, ending: &str| -> Result<String, SweepError> {
        let name = format!("{TEXTS}/{}{ending}", &blake3::hash(content.as_bytes()).to_hex()[..16]);
        let path = folder.join(&name);
        if !path.exists() {
            write(&path, content.as_bytes())?;
        }
        Ok(name)
    };
    let inputs = &configuration.inputs;
    let settings = configuration.settings.iter().map(|setting| (setting.path.clone(), setting.value.to_string()));
    Ok(Launched {
        scenario: configuration.scenario.clone(),
        case: configuration.case.clone(),
        settings: settings.collect(),
        scenario_text: keep(inputs.scenario_text(), ".toml")?,
        stack_text: keep(inputs.stack_text(), ".toml")?,
        side_files: inputs
            .files()
            .iter()
            .map(|file| Ok((file.name.clone(), keep(&file.content, "")?)))
            .collect::<Result<_, SweepError>>()?,
    })
}

/// A folder beside `path` that does not exist yet.
pub(super) fn free_sibling(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(|| "campaign".into(), |name| name.to_string_lossy());
    let sibling = |number: u32| path.with_file_name(format!("{name}-{number}"));
    (2..).map(sibling).find(|path| !path.exists()).expect("some name is free")
}

fn shard_name(number: u32) -> String {
    format!("{number:06}")
}

fn read_rows(path: &Path, help: &'static str) -> Result<Vec<(String, End)>, SweepError> {
    let damaged = |problem: String| SweepError::Damaged { path: path.to_owned(), problem, help };
    rows::read(&read_frame(path, help)?).map_err(|error| damaged(error.to_string()))
}

/// A table of the folder.
pub(super) fn read_frame(path: &Path, help: &'static str) -> Result<DataFrame, SweepError> {
    let damaged = |problem: String| SweepError::Damaged { path: path.to_owned(), problem, help };
    let file = File::open(path).map_err(|error| damaged(error.to_string()))?;
    ParquetReader::new(file).finish().map_err(|error| damaged(error.to_string()))
}

pub(super) fn read(path: &Path) -> Result<String, SweepError> {
    Ok(fs::read_to_string(path).map_err(ResultsError::io("read", path))?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SweepError> {
    Ok(fs::write(path, bytes).map_err(ResultsError::io("write", path))?)
}

/// Removes a folder or a file that may not be there.
fn remove(path: &Path) -> Result<(), SweepError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ResultsError::io("remove", path)(error).into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
