//! Going to instants of a run: a thread that owns its worlds and answers one question after the other. Of several that wait, only the last place counts.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant as WallInstant;

use hms_lab::machine::{Duration, Instant, NodeId};
use hms_lab::session::{Fork, Session, beliefs};
use hms_lab::sim::kernel::RunError;
use hms_lab::sim::world::Event;

use super::trial::{cuts, run_fork};
use super::{Desk, Report, Workers};
use crate::view::RunId;
use crate::view::run::{Moment, Origin, RunView};

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
    /// The desk of the job that runs it.
    pub desk: Desk,
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

    /// Asks. The answer comes as a report; none comes if the thread is gone.
    pub fn ask(&self, ask: Ask) -> bool {
        self.sender.send(ask).is_ok()
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
            Ask::Seek(instant, node) => session.seek(instant).map(|_| ()).map(|()| (node, None)),
            Ask::Step(by, node) => step(&mut session, by).map(|event| (node, event)),
            Ask::Fork(branch) => {
                branch_off(run, &mut session, *branch);
                continue;
            }
        };
        match found {
            Ok((node, event)) => desk.report(Report::Moment(Box::new(moment(run, &session, node, event, began)))),
            Err(error) => desk.say(true, error.to_string()),
        }
    }
}

/// Lets another future go, on a thread of its own.
fn branch_off(run: &RunView, session: &mut Session, branch: Branch) {
    let Branch { id, at, fork, desk } = branch;
    let recording = match session.fork(&run.chronicle, at, &fork) {
        Ok(recording) => recording,
        Err(error) => {
            desk.say(true, error.to_string());
            return desk.report(Report::Done(desk.job));
        }
    };
    let origin = Origin { forked: Some((run.id, at)), ..Origin::default() };
    let runner = desk.clone();
    let spawned = std::thread::Builder::new().name("fork".to_owned()).spawn(move || {
        let work = std::panic::AssertUnwindSafe(|| run_fork(&runner, id, origin, recording));
        if let Err(panic) = std::panic::catch_unwind(work) {
            runner.say(true, format!("A fork failed: {}. Everything else goes on; this is a bug of hms.", super::said(&*panic)));
        }
        runner.report(Report::Done(runner.job));
    });
    if let Err(error) = spawned {
        desk.say(true, format!("No thread could be started: {error}."));
        desk.report(Report::Done(desk.job));
    }
}

fn step(session: &mut Session, by: i64) -> Result<Option<String>, RunError> {
    let events = session.present().events();
    let target = events.saturating_add_signed(by - 1);
    if by <= 0 {
        // The event that led to where one wants to be is dispatched singly, to be named.
        session.seek_event(events.saturating_add_signed(by).saturating_sub(1))?;
    } else if target > events {
        session.seek_event(target)?;
    }
    Ok(session.step()?.map(|dispatched| {
        format!("{} (event {}, seq {})", Event::kind_name(dispatched.fingerprint), dispatched.index + 1, dispatched.seq)
    }))
}

fn moment(run: &RunView, session: &Session, node: Option<NodeId>, event: Option<String>, began: WallInstant) -> Moment {
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
        event,
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
    /// A desk for work that another thread does; its job ends when that thread says so.
    pub fn desk(&mut self) -> Desk {
        self.next += 1;
        let desk = Desk { job: self.next, control: Arc::default(), sender: self.sender.clone(), waker: Arc::clone(&self.waker) };
        self.controls.insert(desk.job, Arc::clone(&desk.control));
        desk
    }
}
