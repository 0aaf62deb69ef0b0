//! Going to instants of a run: a thread that owns its worlds and answers one question after the other. Of several that wait, only the last place counts.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant as WallInstant;

use hms_lab::machine::{Duration, Instant, NodeId};
use hms_lab::session::{Fork, Session, beliefs, flights};
use hms_lab::sim::kernel::RunError;
use hms_lab::sim::world::Event;

use super::trial::run_fork;
use super::{Desk, Job, Report, Workers};
use crate::view::RunId;
use crate::view::live::{FLIGHTS_MAX, cuts};
use crate::view::run::{Led, Moment, Origin, RunView};

/// What can be asked.
pub enum Ask {
    /// Go to an instant, and say what this node believes there.
    Seek(Instant, Option<NodeId>),
    /// Go so many events on or back.
    Step(i64, Option<NodeId>),
    /// Let another future go from an instant on, under this name, on this desk.
    Fork(Box<Branch>),
}

/// Another future that is to be let go.
pub struct Branch {
    /// The name of its run.
    pub id: RunId,
    /// From when on.
    pub at: Instant,
    /// What is otherwise.
    pub fork: Fork,
    /// The job that runs it; it ends with the branch, wherever that is dropped.
    pub job: Job,
}

/// The way to the instants of a run. When the last one is dropped, the thread and its worlds go.
#[derive(Clone)]
pub struct Travel {
    sender: Sender<Ask>,
}

impl Travel {
    /// Starts the thread.
    pub(super) fn start(desk: &Desk, run: Arc<RunView>, session: Session) -> Option<Travel> {
        let (sender, receiver) = channel();
        let desk = desk.clone();
        let body = move || {
            let work = std::panic::AssertUnwindSafe(|| serve(&desk, &run, session, &receiver));
            if let Err(panic) = std::panic::catch_unwind(work) {
                desk.say(
                    true,
                    format!(
                        "Going to an instant failed: {}. This is a bug of hms; the run itself is unharmed.",
                        super::said(&*panic)
                    ),
                );
            }
        };
        std::thread::Builder::new().name("time travel".to_owned()).spawn(body).ok().map(|_| Travel { sender })
    }

    /// Asks. The answer comes as a report; none comes if the thread is gone, which is told at once where it is known.
    pub fn ask(&self, ask: Ask) -> bool {
        self.sender.send(ask).is_ok()
    }

    /// One whose thread is gone.
    #[cfg(test)]
    pub(crate) fn gone() -> Travel {
        Travel { sender: channel().0 }
    }
}

fn serve(desk: &Desk, run: &Arc<RunView>, mut session: Session, asks: &Receiver<Ask>) {
    while let Ok(mut ask) = asks.recv() {
        // Somebody who drags a slider wants to be where it is, not everywhere it has been.
        while let Ask::Seek(..) = ask {
            match asks.try_recv() {
                Ok(later) => ask = later,
                Err(_) => break,
            }
        }
        let began = WallInstant::now();
        let found = match ask {
            Ask::Seek(instant, node) => session.seek(instant).map(|_| (node, Led::Asked)),
            Ask::Step(by, node) => step(&mut session, by).map(|event| (node, Led::Stepped(event))),
            Ask::Fork(branch) => {
                branch_off(run, &mut session, *branch);
                continue;
            }
        };
        match found {
            Ok((node, led)) => desk.report(Report::Moment(Box::new(moment(run, &session, node, led, began)))),
            Err(error) => desk.say(true, error.to_string()),
        }
    }
}

/// Lets another future go, on a thread of its own.
fn branch_off(run: &RunView, session: &mut Session, branch: Branch) {
    let Branch { id, at, fork, job } = branch;
    let recording = match session.fork(&run.chronicle, at, &fork) {
        Ok(recording) => recording,
        Err(error) => return job.say(true, error.to_string()),
    };
    let origin = Origin { forked: Some((run.id, at)), ..Origin::default() };
    let desk = job.clone();
    let spawned = std::thread::Builder::new().name("fork".to_owned()).spawn(move || {
        let work = std::panic::AssertUnwindSafe(|| run_fork(&job, id, origin, recording));
        if let Err(panic) = std::panic::catch_unwind(work) {
            job.say(true, format!("A fork failed: {}. Everything else goes on; this is a bug of hms.", super::said(&*panic)));
        }
    });
    if let Err(error) = spawned {
        desk.say(true, format!("No thread could be started: {error}."));
    }
}

/// Goes so many events on or back; gives the one that was dispatched last.
fn step(session: &mut Session, by: i64) -> Result<Option<String>, RunError> {
    let events = session.present().events();
    let target = events.saturating_add_signed(by - 1);
    if by <= 0 {
        // The event that led to where one wants to be is dispatched singly, to be named.
        let wanted = events.saturating_add_signed(by);
        if session.seek_event(wanted.saturating_sub(1))?.events() >= wanted {
            // This is the first world there is: nothing leads to it, and another event would lead on.
            return Ok(None);
        }
    } else if target > events {
        session.seek_event(target)?;
    }
    Ok(session.step()?.map(|dispatched| {
        format!("{} (event {}, seq {})", Event::kind_name(dispatched.fingerprint), dispatched.index + 1, dispatched.seq)
    }))
}

fn moment(run: &RunView, session: &Session, node: Option<NodeId>, led: Led, began: WallInstant) -> Moment {
    let world = session.present();
    let rows = session.rows();
    Moment {
        run: run.id,
        now: world.now(),
        events: world.events(),
        rows,
        truth: run.truth.after(&run.chronicle.trace, rows),
        beliefs: node.and_then(|node| beliefs(world, session.inputs().stack(), node)),
        cuts: cuts(world),
        flights: flights(world, FLIGHTS_MAX),
        led,
        took: Duration::from_nanos(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)),
    }
}

/// Runs a run again with snapshots; it must come out as it is recorded.
pub fn restore(desk: &Desk, run: &Arc<RunView>) {
    let inputs = &run.chronicle.inputs;
    let watch = &mut |now: Instant, end: Instant| {
        desk.report(Report::Restoring(run.id, (now.as_secs_f64() / end.as_secs_f64().max(1e-9)) as f32));
        !desk.control.stops()
    };
    match Session::again(inputs, 400, watch) {
        Ok((again, session)) if again.hash == run.chronicle.hash => {
            if let Some(travel) = Travel::start(desk, Arc::clone(run), session) {
                desk.report(Report::Restored(run.id, travel));
            }
        }
        Ok((again, _)) => desk.say(
            true,
            format!("The run does not come out as it is recorded (hash {} in place of {}): `hms replay` finds the first difference. Another version of hms made it, or its inputs were changed.", again.hash, run.chronicle.hash),
        ),
        Err(RunError::Interrupted { .. }) => {}
        Err(error) => desk.say(true, error.to_string()),
    }
}

impl Workers {
    /// A job for work that another thread does.
    pub fn job(&mut self) -> Job {
        self.next += 1;
        let desk = Desk { job: self.next, control: Arc::default(), sender: self.sender.clone(), waker: Arc::clone(&self.waker) };
        self.controls.insert(desk.job, Arc::clone(&desk.control));
        Job(desk)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use hms_lab::inputs::Inputs;
    use hms_lab::machine::Seed;
    use hms_lab::session::Chronicle;

    use super::*;

    const SCENARIO: &str = r#"version = 1
name = "short"

[run]
duration = "2s"
warmup = "0s"

[cluster]
nodes = 3

[[service]]
name = "api"
replicas = 2

[[load]]
name = "users"
service = "api"
arrivals = "20/s"
timeout = "500ms"

[[fault]]
kind = "pause"
at = "500ms"
for = "200ms"
target = { node = 1 }
"#;

    const AT: Instant = Instant::from_nanos(1_000_000_000);

    fn made() -> (Chronicle, Session) {
        let inputs = Inputs::from_edited(SCENARIO, "", Path::new(""), Seed(1), Default::default()).unwrap();
        Session::again(&inputs, 4, &mut |_, _| true).unwrap()
    }

    #[test]
    fn forks_of_worlds_that_fail_end_all_the_same() {
        let mut workers = Workers::default();
        let keeper = workers.job();
        let (mut chronicle, session) = made();
        // A fork copies the past off the trace: without one it panics.
        let rows = chronicle.trace.split_off(0).len();
        assert!(rows > 0);
        chronicle.episodes.clear();
        let run = Arc::new(RunView::new(RunId(1), Origin::default(), chronicle));
        let travel = Travel::start(&keeper, run, session).unwrap();
        let mut open: Vec<u64> = Vec::new();
        for id in [2, 3] {
            let job = workers.job();
            open.push(job.job);
            travel.ask(Ask::Fork(Box::new(Branch { id: RunId(id), at: AT, fork: Fork::default(), job })));
        }
        let mut failed = false;
        while !failed || !open.is_empty() {
            match workers.wait(std::time::Duration::from_secs(60)) {
                Some(Report::Done(job)) => open.retain(|known| *known != job),
                Some(Report::Say { wrong: true, text }) => failed |= text.contains("Going to an instant failed"),
                Some(_) => {}
                None => panic!("still open: {open:?}"),
            }
        }
    }

    #[test]
    fn nothing_leads_back_behind_the_first_world() {
        let (chronicle, mut session) = made();
        session.seek(Instant::ZERO).unwrap();
        let first = session.seek_event(0).unwrap().events();
        assert_eq!((first, step(&mut session, -1).unwrap(), session.present().events()), (0, None, 0));
        let mut recording = session.fork(&chronicle, AT, &Fork::default()).unwrap();
        recording.advance(Instant::MAX, &mut || true).unwrap();
        let (_, mut fork) = recording.finish();
        let first = fork.seek(AT).unwrap().events();
        for (by, events, named) in [(-1, 0, false), (1, 1, true), (-1, 0, false), (3, 3, true), (-1, 2, true), (-100, 0, false)] {
            assert_eq!(step(&mut fork, by).unwrap().is_some(), named, "{by}");
            assert_eq!(fork.present().events() - first, events, "{by}");
        }
    }
}
