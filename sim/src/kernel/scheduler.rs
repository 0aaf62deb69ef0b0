//! What a model sees of the kernel: the clock, and ways to have something happen later.

use hms_machine::{Duration, Instant};

use super::RunError;
use super::queue::{Entry, Item, Queue, QueueKind};
use super::ties::Ties;
use super::timers::{TimerId, Timers, Wake};

/// Sweeping is not worth while for fewer stale entries than this.
const STALE_MIN: usize = 64;

/// The clock, the event queue and the timers of a simulation.
#[derive(Clone, Debug)]
pub struct Scheduler<E> {
    now: u64,
    current_seq: u64,
    next_seq: u64,
    ties: Ties,
    /// Set when the run must end after the event at hand: a stop, or a failure.
    halted: bool,
    failure: Option<RunError>,
    queue: Queue<E>,
    timers: Timers<E>,
}

/// An event whose turn it is.
pub(super) struct Due<E> {
    pub(super) time: u64,
    pub(super) seq: u64,
    pub(super) event: E,
}

impl<E: Copy> Scheduler<E> {
    pub(super) fn new(kind: QueueKind) -> Self {
        Scheduler {
            now: 0,
            current_seq: 0,
            next_seq: 1,
            ties: Ties::Fifo,
            halted: false,
            failure: None,
            queue: Queue::new(kind),
            timers: Timers::new(),
        }
    }

    /// Present simulated time: that of the event being dispatched, or the point up to which the simulation has run.
    #[inline]
    pub fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    /// Seq of the event being dispatched, or of the last one outside `handle`; 0 before the first. It is what a trace record
    /// names as its cause.
    #[inline]
    pub fn current_seq(&self) -> u64 {
        self.current_seq
    }

    /// Schedules `event` at `at`, which may be the present: then it comes after all that is already due now.
    ///
    /// A time in the past drops the event and ends the run with [`RunError::ScheduledInThePast`].
    #[inline]
    pub fn schedule_at(&mut self, at: Instant, event: E) {
        if self.in_the_past(at) {
            return;
        }
        let seq = self.take_place();
        self.queue.push(Entry { time: at.as_nanos(), seq, item: Item::Event(event) });
    }

    /// Schedules `event` after `delay`, which may be zero.
    ///
    /// A sum beyond 2^64 ns drops the event and ends the run with [`RunError::TimeOverflow`].
    #[inline]
    pub fn schedule_in(&mut self, delay: Duration, event: E) {
        match self.now.checked_add(delay.as_nanos()) {
            Some(time) => {
                let seq = self.take_place();
                self.queue.push(Entry { time, seq, item: Item::Event(event) });
            }
            None => self.fail(RunError::TimeOverflow { now: self.now(), delay, seq: self.current_seq }),
        }
    }

    /// A new timer, not set.
    pub fn new_timer(&mut self) -> TimerId {
        self.timers.add()
    }

    /// Cancels the timer and gives its place to a later [`new_timer`](Self::new_timer).
    ///
    /// # Panics
    /// If the timer was freed before.
    pub fn free_timer(&mut self, timer: TimerId) {
        self.timers.free(timer);
        self.sweep_if_stale();
    }

    /// Sets the timer to dispatch `event` at `at`, in place of what it was set to before, be that earlier or later. Once it
    /// has fired it is not set.
    ///
    /// A time in the past leaves the timer as it was and ends the run with [`RunError::ScheduledInThePast`].
    ///
    /// # Panics
    /// If the timer was freed.
    #[inline]
    pub fn set_timer(&mut self, timer: TimerId, at: Instant, event: E) {
        if self.in_the_past(at) {
            return;
        }
        let seq = self.take_place();
        if let Some(entry) = self.timers.set(timer, at.as_nanos(), seq, event) {
            self.queue.push(entry);
            self.sweep_if_stale();
        }
    }

    /// Cancels the timer; nothing if it is not set.
    ///
    /// # Panics
    /// If the timer was freed.
    #[inline]
    pub fn cancel_timer(&mut self, timer: TimerId) {
        self.timers.cancel(timer);
        self.sweep_if_stale();
    }

    /// When the timer fires; `None` if it is not set.
    ///
    /// # Panics
    /// If the timer was freed.
    pub fn timer_deadline(&self, timer: TimerId) -> Option<Instant> {
        self.timers.deadline(timer)
    }

    /// Ends the run after the event at hand, as [`Outcome::Stopped`](super::Outcome::Stopped).
    pub fn stop(&mut self) {
        self.halted = true;
    }

    /// Events and set timers that have not been dispatched yet.
    pub fn pending(&self) -> usize {
        self.queue.len() - self.timers.stale()
    }

    /// Bytes of heap memory held by the queue and the timers.
    pub fn memory(&self) -> usize {
        self.queue.memory() + self.timers.memory()
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    pub(super) fn shuffle_ties(&mut self, key: u64) {
        assert_eq!(self.next_seq, 1, "ties are shuffled from the start, or some would keep their old places");
        self.ties = Ties::shuffled(key);
    }

    /// Moves the clock forward to `time`, from which no event may be pending earlier.
    pub(super) fn advance_to(&mut self, time: u64) {
        self.now = self.now.max(time);
    }

    /// Takes out the next event due at `until` or earlier, and moves the clock to it.
    #[inline(always)]
    pub(super) fn take_due(&mut self, until: u64) -> Option<Due<E>> {
        loop {
            let entry = self.queue.pop_until(until)?;
            let event = match entry.item {
                Item::Event(event) => event,
                Item::Timer(index) => match self.timers.wake(index, entry.seq) {
                    Wake::Fire(event) => event,
                    Wake::Again(entry) => {
                        self.queue.push(entry);
                        continue;
                    }
                    Wake::Stale => continue,
                },
            };
            assert!(entry.time >= self.now, "queue gave time {} at {}", entry.time, self.now);
            self.now = entry.time;
            self.current_seq = self.ties.seq_at(entry.seq);
            return Some(Due { time: entry.time, seq: self.current_seq, event });
        }
    }

    /// Time of the next event. Stale and postponed timer entries on the way are dealt with as they would be when dispatching.
    pub(super) fn next_time(&mut self) -> Option<u64> {
        loop {
            let entry = self.queue.peek()?;
            match entry.item {
                Item::Timer(index) if !self.timers.fires(index, entry.seq) => {
                    self.queue.pop_until(entry.time);
                    if let Wake::Again(entry) = self.timers.wake(index, entry.seq) {
                        self.queue.push(entry);
                    }
                }
                Item::Event(_) | Item::Timer(_) => return Some(entry.time),
            }
        }
    }

    #[inline]
    pub(super) fn is_halted(&self) -> bool {
        self.halted
    }

    /// Takes note of a halt: the failure that caused it, or `None` for a stop.
    pub(super) fn take_halt(&mut self) -> Option<RunError> {
        self.halted = false;
        self.failure.take()
    }

    #[inline(always)]
    fn take_place(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.ties.place_of(seq)
    }

    #[inline(always)]
    fn in_the_past(&mut self, at: Instant) -> bool {
        let past = at.as_nanos() < self.now;
        if past {
            self.fail(RunError::ScheduledInThePast { now: self.now(), at, seq: self.current_seq });
        }
        past
    }

    #[cold]
    fn fail(&mut self, error: RunError) {
        self.halted = true;
        self.failure.get_or_insert(error);
    }

    #[inline]
    fn sweep_if_stale(&mut self) {
        let stale = self.timers.stale();
        if stale > STALE_MIN && stale > self.pending() {
            self.sweep();
        }
    }

    #[cold]
    fn sweep(&mut self) {
        let timers = &mut self.timers;
        self.queue.retain(|entry| match entry.item {
            Item::Event(_) => true,
            Item::Timer(index) => timers.keeps(index, entry.seq),
        });
        timers.swept();
    }
}
