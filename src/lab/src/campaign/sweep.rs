//! Running what is missing of a campaign.
//!
//! Threads take runs from one counter, in order; how they ended goes to one writer, which commits finished runs in batches. A batch waits no
//! longer than half a second, or a hundredth of the time since the start: a process that is killed loses no more work than that, and a campaign of
//! days leaves some hundreds of shards and not one per run.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use hms_sim::kernel::RunError;
use polars::prelude::DataFrame;

use super::folder::{self, Folder};
use super::rows::{End, Finished};
use super::summary::Summary;
use super::{Campaign, Run, SweepError, tables};
use crate::results::{Build, Table, TableEntry, TableWriter, frame, write_frame};

/// Finished runs wait this long for others before they are committed.
const BATCH: Duration = Duration::from_millis(500);

/// How to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Go on where the folder ends; begin where there is none.
    Resume,
    /// Begin, in a folder that holds nothing.
    Fresh,
}

/// What happens while runs are made, told from any thread.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// Part of a run is done.
    Advanced {
        /// Nanoseconds of simulated time since the last step of this run.
        simulated: u64,
    },
    /// A run has ended.
    Ended(&'a Finished),
}

/// The folder of a campaign, with what is there of its results.
#[derive(Debug)]
pub struct Sweep<'a> {
    campaign: &'a Campaign,
    folder: Folder,
    ends: Vec<Option<End>>,
    complete: bool,
}

impl<'a> Sweep<'a> {
    /// Opens or makes the folder, which this process then holds alone.
    ///
    /// # Errors
    /// [`SweepError`]; [`SweepError::Changed`] if the folder was begun with other runs or by another program.
    pub fn open(campaign: &'a Campaign, path: &Path, build: &Build, opening: Opening) -> Result<Self, SweepError> {
        let mut folder = Folder::take(campaign, path, build, opening == Opening::Fresh)?;
        let committed = folder.committed()?;
        let places: BTreeMap<String, usize> = campaign.runs().map(|run| (run.id().to_owned(), run.index)).collect();
        let mut ends = vec![None; campaign.run_count()];
        for (id, end) in committed.rows {
            let Some(place) = places.get(&id) else {
                let problem = format!("it holds run {id}, which is not one of this campaign");
                let help = "Begin anew with --fresh and another --out";
                return Err(SweepError::Damaged { path: folder.path, problem, help });
            };
            ends[*place] = Some(end);
        }
        Ok(Sweep { campaign, folder, ends, complete: committed.complete })
    }

    /// Where the results are.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// How each run ended, in the order of the campaign; `None`: it is missing.
    pub fn ends(&self) -> &[Option<End>] {
        &self.ends
    }

    /// The places of the runs that are missing.
    pub fn missing(&self) -> Vec<usize> {
        (0..self.ends.len()).filter(|place| self.ends[*place].is_none()).collect()
    }

    /// What the runs that are there came to.
    pub fn summary(&self) -> Summary {
        Summary::new(self.campaign, &self.ends)
    }

    /// Digest of the results of all runs; `None` while some are missing. Equal campaigns have equal digests, on any number of threads and
    /// through any interruptions.
    pub fn results_hash(&self) -> Option<String> {
        let ends: Option<Vec<End>> = self.ends.iter().cloned().collect();
        ends.map(|ends| folder::results_hash(self.campaign, &ends))
    }

    /// Runs the runs at `places`, on `jobs` threads (0: as many as `RAYON_NUM_THREADS` says, else as there are cores). `watch` is told every step and returns
    /// false to stop: what is under way is then dropped, what is finished is committed. When all runs of the campaign are there,
    /// the tables are written. Gives whether it ran to the end of `places`.
    ///
    /// # Errors
    /// [`SweepError`]; what was finished before is in the folder.
    pub fn run(&mut self, places: &[usize], jobs: usize, watch: &(dyn Fn(&Step<'_>) -> bool + Sync)) -> Result<bool, SweepError> {
        let places: Vec<usize> = places.iter().copied().filter(|place| self.ends[*place].is_none()).collect();
        let through = places.is_empty() || self.execute(&places, jobs, watch)?;
        self.close()?;
        Ok(through)
    }

    fn execute(&mut self, places: &[usize], jobs: usize, watch: &(dyn Fn(&Step<'_>) -> bool + Sync)) -> Result<bool, SweepError> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|error| SweepError::Threads(error.to_string()))?;
        let campaign = self.campaign;
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let (pool, next, stop) = (&pool, &next, &stop);
            scope.spawn(move || {
                pool.broadcast(|_| {
                    let told = |step: &Step<'_>| {
                        if !watch(step) {
                            stop.store(true, Ordering::Relaxed);
                        }
                        !stop.load(Ordering::Relaxed)
                    };
                    while !stop.load(Ordering::Relaxed) {
                        let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                        let Some(ended) = make(&campaign.run(*place), &told) else { break };
                        told(&Step::Ended(&ended.0));
                        if sender.send(ended).is_err() {
                            break;
                        }
                    }
                });
            });
            let collected = self.collect(&receiver);
            if collected.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            collected
        })?;
        Ok(places.iter().all(|place| self.ends[*place].is_some()))
    }

    /// Takes in finished runs until all threads are done, and commits them.
    fn collect(&mut self, receiver: &mpsc::Receiver<(Finished, Option<DataFrame>)>) -> Result<(), SweepError> {
        let start = Instant::now();
        let mut last = start;
        let mut batch: Vec<Finished> = Vec::new();
        let mut incidents = no_incidents();
        loop {
            let open = match receiver.recv_timeout(BATCH) {
                Ok((finished, frame)) => {
                    if let Some(frame) = frame {
                        incidents.vstack_mut_owned(frame).expect("incidents have one schema");
                    }
                    batch.push(finished);
                    true
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            let due = last.elapsed() >= BATCH.max(start.elapsed() / 100);
            if !batch.is_empty() && (due || !open) {
                self.folder.commit(&batch, &mut incidents)?;
                last = Instant::now();
                incidents = no_incidents();
                for finished in batch.drain(..) {
                    self.ends[finished.index] = Some(finished.end);
                }
            }
            if !open {
                return Ok(());
            }
        }
    }

    /// Writes the tables once nothing is missing.
    fn close(&mut self) -> Result<(), SweepError> {
        let ends: Option<Vec<End>> = self.ends.iter().cloned().collect();
        let Some(ends) = ends.filter(|_| !self.complete) else { return Ok(()) };
        let entry = |name: &str, file: &str, rows: usize, sorted_by: &[&str]| TableEntry {
            name: name.to_owned(),
            path: file.to_owned(),
            rows: rows as u64,
            sorted_by: sorted_by.iter().map(|column| (*column).to_owned()).collect(),
        };
        let mut written = Vec::new();
        let runs = tables::runs(self.campaign, &ends);
        let configurations = tables::configurations(self.campaign, &self.summary());
        for (name, file, mut table, sorted_by) in [
            ("runs", tables::RUNS, runs, ["configuration", "replicate"].as_slice()),
            ("configurations", tables::CONFIGURATIONS, configurations, ["configuration"].as_slice()),
        ] {
            let of = entry(name, file, table.frame.height(), sorted_by);
            written
                .push((of, self.folder.write(file, |sink| write_frame(sink, name, &mut table.frame, &table.about, sorted_by))?));
        }
        let incidents = self.folder.incidents(no_incidents())?;
        let of = entry(Table::Incidents.name(), tables::INCIDENTS, incidents.height(), Table::Incidents.sorted_by());
        let file = self.folder.write(tables::INCIDENTS, |sink| {
            let mut writer = TableWriter::new(Table::Incidents, sink, false)?;
            writer.write(&incidents)?;
            writer.finish().map(|_| ())
        })?;
        written.push((of, file));
        self.folder.complete(self.campaign, &ends, written)?;
        self.complete = true;
        Ok(())
    }
}

/// A folder beside `path` that does not exist yet, for a campaign that begins anew.
pub fn free_folder(path: &Path) -> PathBuf {
    if path.exists() { folder::free_sibling(path) } else { path.to_owned() }
}

fn no_incidents() -> DataFrame {
    DataFrame::empty_with_schema(&Table::Incidents.schema())
}

/// Makes a run; `None` if it was told to stop.
fn make(run: &Run, told: &dyn Fn(&Step<'_>) -> bool) -> Option<(Finished, Option<DataFrame>)> {
    let mut reached = 0;
    let mut watch = |progress: hms_trial::Progress| {
        let now = progress.now.as_nanos();
        let step = Step::Advanced { simulated: now - reached };
        reached = now;
        told(&step)
    };
    let trial = run.inputs.trial();
    let finished = |end| Finished { index: run.index, id: run.id().to_owned(), end };
    match catch_unwind(AssertUnwindSafe(|| trial.run_watched(&mut watch))) {
        Ok(Ok(outcome)) => {
            let incidents = frame(Table::Incidents, &run.inputs, &outcome);
            Some((finished(End::measured(&outcome)), Some(incidents)))
        }
        Ok(Err(RunError::Interrupted { .. })) => None,
        Ok(Err(error)) => Some((finished(End::Failed(error.to_string())), None)),
        Err(panic) => Some((finished(End::Failed(format!("panic: {}", said(&*panic)))), None)),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}
