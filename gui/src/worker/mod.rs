//! Work off the UI thread: each job has a thread, reports over a channel, and can be told to wait or to stop. A job that panics reports that it did.

mod dialog;
mod evolve;
mod folder;
mod travel;
mod trial;

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use hms_lab::inputs::{InputError, Inputs};
use hms_lab::presets::Preset;

use crate::view::campaign::Campaign;
use crate::view::compare::Held;
use crate::view::live::Live;
use crate::view::run::{Moment, RunView};
use crate::view::search::{Evolving, Search};
use crate::view::{RunId, Scorecard};

pub use dialog::{pick, save_as};
pub use evolve::evolve;
pub use folder::{keep, look_near, measure, open, replace, write_file, write_sheet, write_table};
pub use travel::{Ask, Branch, Travel, restore};
pub use trial::{Request, TRAVELS_MAX, check, run};

/// What a worker has to say.
pub enum Report {
    /// A draft was checked.
    Checked {
        /// Of which revision.
        revision: u64,
        /// What it comes to.
        result: Box<Result<Inputs, InputError>>,
    },
    /// A run has come further.
    Live(Box<Live>),
    /// A run has ended, or a folder has been read.
    Ran {
        /// The run.
        run: Arc<RunView>,
        /// The way to its instants, if it ran here.
        travel: Option<Travel>,
    },
    /// So much of a run has been restored.
    Restoring(RunId, f32),
    /// Any instant of a run can be looked at from now on.
    Restored(RunId, Travel),
    /// The world at an instant.
    Moment(Box<Moment>),
    /// A campaign was read.
    Surveyed(Box<Campaign>),
    /// Configurations to hold others against were read, and scenarios were found.
    Near(Vec<Preset>, Vec<PathBuf>),
    /// A search has come further.
    Evolving(Box<Evolving>),
    /// A search was read.
    Searched(Arc<Search>),
    /// Two runs were held against each other.
    Compared(Box<Held>),
    /// The promises were measured.
    Measured(Scorecard),
    /// A file or folder was chosen.
    Picked(PathBuf),
    /// A place to write to was chosen, in answer to this job.
    Place(u64, PathBuf),
    /// A run was written to a folder.
    Kept(RunId, PathBuf),
    /// Something that somebody should know.
    Say {
        /// Whether something went wrong.
        wrong: bool,
        /// What happened, and what to do.
        text: String,
    },
    /// A job has ended, in whichever way.
    Done(u64),
}

/// How a job is told to wait, to stop, and how fast to go.
#[derive(Default)]
pub struct Control {
    stop: AtomicBool,
    wait: AtomicBool,
    /// Simulated milliseconds per second; zero: as fast as it can.
    speed: AtomicU64,
}

impl Control {
    /// Whether the job is to stop.
    pub fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether it is to wait.
    pub fn waits(&self) -> bool {
        self.wait.load(Ordering::Relaxed)
    }

    /// Simulated seconds per second; none: as fast as it can.
    pub fn speed(&self) -> Option<f64> {
        match self.speed.load(Ordering::Relaxed) {
            0 => None,
            thousandths => Some(thousandths as f64 / 1_000.0),
        }
    }
}

/// Wakes the window: set once there is one.
type Waker = Arc<RwLock<Option<egui::Context>>>;

/// A worker's desk: what it may use.
#[derive(Clone)]
pub struct Desk {
    /// Its job.
    pub job: u64,
    /// What it is told.
    pub control: Arc<Control>,
    sender: Sender<Report>,
    waker: Waker,
}

impl Desk {
    /// Reports, and has the window drawn again. A window that is gone hears nothing.
    pub fn report(&self, report: Report) {
        if self.sender.send(report).is_ok()
            && let Some(context) = &*self.waker.read().unwrap_or_else(PoisonError::into_inner)
        {
            context.request_repaint();
        }
    }

    /// Tells something.
    pub fn say(&self, wrong: bool, text: impl Into<String>) {
        self.report(Report::Say { wrong, text: text.into() });
    }
}

/// A desk whose job ends when it is dropped: done, failed, or never begun because nobody was there to do it.
pub struct Job(Desk);

impl Deref for Job {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.0
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.report(Report::Done(self.job));
    }
}

/// All workers of a window.
pub struct Workers {
    sender: Sender<Report>,
    receiver: Receiver<Report>,
    waker: Waker,
    next: u64,
    controls: BTreeMap<u64, Arc<Control>>,
}

impl Default for Workers {
    fn default() -> Self {
        let (sender, receiver) = channel();
        Workers { sender, receiver, waker: Waker::default(), next: 0, controls: BTreeMap::new() }
    }
}

impl Workers {
    /// From now on, `context` is drawn again when a worker reports.
    pub fn wake(&self, context: &egui::Context) {
        *self.waker.write().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
    }

    /// Starts a job on a thread of its own; gives its number.
    pub fn start(&mut self, work: impl FnOnce(&Desk) + Send + 'static) -> u64 {
        self.start_at(None, work)
    }

    /// Starts a job that runs at this speed from its first moment on, see [`Control::speed`]; gives its number.
    pub fn start_at(&mut self, speed: Option<f64>, work: impl FnOnce(&Desk) + Send + 'static) -> u64 {
        self.next += 1;
        let job = self.next;
        let desk = Desk { job, control: Arc::default(), sender: self.sender.clone(), waker: Arc::clone(&self.waker) };
        self.controls.insert(job, Arc::clone(&desk.control));
        self.set_speed(job, speed);
        let body = {
            let desk = desk.clone();
            move || {
                // What a job leaves behind half done is dropped with it; nothing of it is shared.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&desk))) {
                    desk.say(true, format!("A worker failed: {}. Everything else goes on; this is a bug of hms.", said(&*panic)));
                }
                desk.report(Report::Done(desk.job));
            }
        };
        if let Err(error) = thread::Builder::new().name(format!("job {job}")).spawn(body) {
            desk.say(true, format!("No thread could be started: {error}. Close other programs and try again."));
            desk.report(Report::Done(job));
        }
        job
    }

    /// Everything that was reported since the last time.
    pub fn reports(&mut self) -> Vec<Report> {
        let reports: Vec<Report> = self.receiver.try_iter().collect();
        for report in &reports {
            if let Report::Done(job) = report {
                self.controls.remove(job);
            }
        }
        reports
    }

    /// Waits for a report, for tests.
    pub fn wait(&mut self, longest: Duration) -> Option<Report> {
        self.receiver.recv_timeout(longest).ok()
    }

    /// Whether any job is under way.
    pub fn is_busy(&self) -> bool {
        !self.controls.is_empty()
    }

    /// Stops a job.
    pub fn stop(&self, job: u64) {
        if let Some(control) = self.controls.get(&job) {
            control.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Has a job wait or go on.
    pub fn pause(&self, job: u64, wait: bool) {
        if let Some(control) = self.controls.get(&job) {
            control.wait.store(wait, Ordering::Relaxed);
        }
    }

    /// How fast a job goes: simulated seconds per second; none: as fast as it can.
    pub fn set_speed(&self, job: u64, speed: Option<f64>) {
        if let Some(control) = self.controls.get(&job) {
            let thousandths = speed.map_or(0, |speed| (speed * 1_000.0).max(1.0) as u64);
            control.speed.store(thousandths, Ordering::Relaxed);
        }
    }
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn a_worker_that_panics_is_a_message_and_the_others_go_on() {
        let mut workers = Workers::default();
        let job = workers.start(|_| panic!("the shelf fell down"));
        let Some(Report::Say { wrong: true, text }) = workers.wait(SOON) else { panic!("no message") };
        assert!(text.contains("the shelf fell down"), "{text}");
        let Some(Report::Done(done)) = workers.wait(SOON) else { panic!("it never ended") };
        assert_eq!(done, job);
        workers.start(|desk| desk.say(false, "still here"));
        assert!(matches!(workers.wait(SOON), Some(Report::Say { wrong: false, .. })));
    }

    #[test]
    fn a_job_hears_that_it_is_to_wait_go_on_and_stop() {
        let mut workers = Workers::default();
        let job = workers.start(|desk| {
            while !desk.control.stops() {
                std::thread::yield_now();
            }
            desk.say(false, format!("{:?} {}", desk.control.speed(), desk.control.waits()));
        });
        workers.set_speed(job, Some(2.5));
        workers.pause(job, true);
        workers.stop(job);
        let Some(Report::Say { text, .. }) = workers.wait(SOON) else { panic!("nothing said") };
        assert_eq!(text, "Some(2.5) true");
    }
}
