//! The loop that takes events from the queue and gives them to the model.

use hms_machine::Instant;

use super::hash::{CHUNK_EVENTS, TraceHash, TraceHasher};
use super::queue::QueueKind;
use super::scheduler::{Due, Scheduler};
use super::{CauseTable, Model, RunError};

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The last instant of the run: events at exactly this time are still dispatched, and the clock ends there. Default: never.
    pub until: Instant,
    /// Budget of dispatched events, counted from the beginning of the simulation (so a restored snapshot meets it at the same
    /// event). Default: none.
    pub events: Option<u64>,
    /// Budget of memory: most events and timers that may be pending, looked at every [`CHUNK_EVENTS`] events from the first on. Default: none.
    pub pending: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { until: Instant::MAX, events: None, pending: None }
    }
}

impl Limits {
    /// Runs up to and including `until`, with no budget.
    pub fn until(until: Instant) -> Self {
        Limits { until, ..Limits::default() }
    }
}

/// How a run finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is pending any more; the clock stands at the last event.
    Drained,
    /// What is pending lies after `until`, and the clock stands at `until`.
    UntilReached,
    /// The model called [`Scheduler::stop`].
    Stopped,
}

/// One dispatched event, as the trace hash sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatched {
    /// Number of events dispatched before it.
    pub index: u64,
    /// When.
    pub time: Instant,
    /// Its place among all scheduled events.
    pub seq: u64,
    /// [`Model::fingerprint`] of the event.
    pub fingerprint: u64,
}

/// A model, what is about to happen to it, and the hash of what has happened. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct Simulation<M: Model> {
    /// The world. Changing it between runs is a fork: the hash does not know.
    pub model: M,
    scheduler: Scheduler<M::Event>,
    hasher: TraceHasher,
    events: u64,
    causes: Option<CauseTable>,
}

impl<M: Model> Simulation<M> {
    /// A simulation at time zero with nothing pending.
    pub fn new(model: M) -> Self {
        Simulation::with_queue(model, QueueKind::default())
    }

    /// The same with a given queue structure, for tests that compare structures.
    pub fn with_queue(model: M, kind: QueueKind) -> Self {
        Simulation { model, scheduler: Scheduler::new(kind), hasher: TraceHasher::new(), events: 0, causes: None }
    }

    /// Dispatches events of one instant in an order drawn by `key`, in place of that in which they were scheduled. What follows
    /// from an event still comes after it. The trace hash changes with it, so compare results: one that differs for some key
    /// depends on ties.
    ///
    /// # Panics
    /// If anything has been scheduled already.
    pub fn shuffle_ties(&mut self, key: u64) {
        self.scheduler.shuffle_ties(key);
    }

    /// The model and the scheduler together, to set up the first events and timers.
    pub fn parts_mut(&mut self) -> (&mut M, &mut Scheduler<M::Event>) {
        (&mut self.model, &mut self.scheduler)
    }

    /// The scheduler, to look at timers.
    pub fn scheduler(&self) -> &Scheduler<M::Event> {
        &self.scheduler
    }

    /// The scheduler, to schedule from outside.
    pub fn scheduler_mut(&mut self) -> &mut Scheduler<M::Event> {
        &mut self.scheduler
    }

    /// Present simulated time.
    pub fn now(&self) -> Instant {
        self.scheduler.now()
    }

    /// Events dispatched since the simulation began.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Events and set timers that have not been dispatched yet.
    pub fn pending(&self) -> usize {
        self.scheduler.pending()
    }

    /// Time of the next event.
    pub fn next_time(&mut self) -> Option<Instant> {
        self.scheduler.next_time().map(Instant::from_nanos)
    }

    /// Hash over all events dispatched so far.
    pub fn hash(&self) -> TraceHash {
        self.hasher.hash()
    }

    /// The rolling hash after each [`CHUNK_EVENTS`] events; see [`first_divergence`](super::first_divergence).
    pub fn chunk_hashes(&self) -> &[u64] {
        self.hasher.chunks()
    }

    /// Bytes of heap memory held by queue, timers and tracing, without the model's.
    pub fn memory(&self) -> usize {
        let causes = self.causes.as_ref().map_or(0, CauseTable::memory);
        self.scheduler.memory() + size_of_val(self.hasher.chunks()) + causes
    }

    /// Switches the recording of causes on (from here on) or off (and forgets them).
    pub fn set_tracing(&mut self, on: bool) {
        match (on, &self.causes) {
            (true, None) => self.causes = Some(CauseTable::starting_at(self.scheduler.next_seq())),
            (false, _) => self.causes = None,
            (true, Some(_)) => {}
        }
    }

    /// The causes recorded since tracing was switched on.
    pub fn causes(&self) -> Option<&CauseTable> {
        self.causes.as_ref()
    }

    /// The seq of the event that scheduled event `seq`; `None` if that was done from outside or is not recorded.
    pub fn cause_of(&self, seq: u64) -> Option<u64> {
        self.causes.as_ref()?.cause_of(seq)
    }

    /// Dispatches the next event; `None` if nothing is pending. A call of [`Scheduler::stop`] means nothing to it.
    ///
    /// # Errors
    /// [`RunError::ScheduledInThePast`] and [`RunError::TimeOverflow`], from this event or from scheduling outside before it.
    pub fn step(&mut self) -> Result<Option<Dispatched>, RunError> {
        self.check_halt()?;
        let Some(due) = self.scheduler.take_due(u64::MAX) else { return Ok(None) };
        let dispatched = Dispatched {
            index: self.events,
            time: Instant::from_nanos(due.time),
            seq: due.seq,
            fingerprint: M::fingerprint(&due.event),
        };
        self.dispatch(due);
        self.check_halt()?;
        Ok(Some(dispatched))
    }

    /// Runs until a limit is met or nothing is pending. It can be called again, to run on.
    ///
    /// # Errors
    /// See [`RunError`]; all but [`RunError::Interrupted`]. After an [`RunError::EventLimit`] or [`RunError::PendingLimit`] the simulation is whole and can be run on.
    pub fn run(&mut self, limits: &Limits) -> Result<Outcome, RunError> {
        self.run_interruptible(limits, &mut || false)
    }

    /// Like [`run`](Self::run), asking `should_stop` at the start and every [`CHUNK_EVENTS`] events. This is where a caller that
    /// has a clock limits wall time; the kernel has none.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run_interruptible(&mut self, limits: &Limits, should_stop: &mut dyn FnMut() -> bool) -> Result<Outcome, RunError> {
        self.check_halt()?;
        let until = limits.until.as_nanos();
        let budget = limits.events.unwrap_or(u64::MAX);
        loop {
            if should_stop() {
                return Err(RunError::Interrupted { events: self.events, now: self.now() });
            }
            // At the same events however often the run is cut into pieces.
            let looking = self.events.is_multiple_of(CHUNK_EVENTS);
            if let Some(limit) = limits.pending.filter(|limit| looking && self.pending() > *limit) {
                return Err(RunError::PendingLimit { limit, now: self.now() });
            }
            let pause = budget.min((self.events / CHUNK_EVENTS + 1) * CHUNK_EVENTS);
            while self.events < pause {
                let Some(due) = self.scheduler.take_due(until) else { return Ok(self.finish(until)) };
                self.dispatch(due);
                if self.scheduler.is_halted() {
                    return self.scheduler.take_halt().map_or(Ok(Outcome::Stopped), Err);
                }
            }
            if self.events >= budget {
                return match self.scheduler.next_time() {
                    Some(time) if time <= until => Err(RunError::EventLimit { limit: budget, now: self.now() }),
                    Some(_) | None => Ok(self.finish(until)),
                };
            }
        }
    }

    fn finish(&mut self, until: u64) -> Outcome {
        if self.scheduler.pending() == 0 {
            return Outcome::Drained;
        }
        self.scheduler.advance_to(until);
        Outcome::UntilReached
    }

    fn check_halt(&mut self) -> Result<(), RunError> {
        if self.scheduler.is_halted() { self.scheduler.take_halt().map_or(Ok(()), Err) } else { Ok(()) }
    }

    #[inline(always)]
    fn dispatch(&mut self, due: Due<M::Event>) {
        self.events += 1;
        let fingerprint = if M::HASHED { M::fingerprint(&due.event) } else { 0 };
        let traced = self.causes.is_some();
        if traced {
            self.note_causes(0);
        }
        self.model.handle(due.event, &mut self.scheduler);
        if traced {
            self.note_causes(due.seq);
        }
        // After `handle`, whose work waits for the event and nothing else: before it, the hash costs 4 ns more.
        if M::HASHED {
            self.hasher.add(due.time, due.seq, fingerprint);
            if self.events.is_multiple_of(CHUNK_EVENTS) {
                self.hasher.end_chunk();
            }
        }
    }

    #[cold]
    fn note_causes(&mut self, cause: u64) {
        if let Some(causes) = &mut self.causes {
            causes.note(cause, self.scheduler.next_seq());
        }
    }
}
