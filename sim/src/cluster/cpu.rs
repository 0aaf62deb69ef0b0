//! The cores of a host and the tasks that share them.
//!
//! Picture a counter with `c` clerks and one line. A task that finds a free core starts at once and runs undisturbed while
//! nobody waits. When somebody does, a running task goes to the end of the line at the end of its time slice, and the first in
//! line takes its core: preemptive round robin, as of `SCHED_RR` (POSIX.1-2017, XSH 2.8.4). Slices are counted in steps of the
//! quantum from the instant at which the task took the core, also while nobody waits, so that a newcomer waits for at most one
//! quantum per task ahead of it. A quantum much longer than the tasks is first come, first served (M/G/c); one that
//! goes to zero is processor sharing. A switch costs nothing: what it costs in reality (1–5 us and cold caches) is part of
//! the demand that a scenario states.
//!
//! Units and sources. A demand is CPU time on a core of speed 1, ns. All cores run at `speed × share`: the host's own speed and
//! what a fail-slow fault leaves of it (field range: 2 cores to 0.40–0.45 cores, a share of 0.2, for 9–10 s). The quantum is
//! wall time; the default of 10 ms lies between Linux's CFS slice (3 ms for few tasks) and its `SCHED_RR` interval (100 ms).
//!
//! Contract. The caller hands in the time, never smaller than before, re-arms one timer at [`Cpu::next`] after every call,
//! and when it fires, takes tasks from [`Cpu::advance`] until there is none. Work is counted exactly (2^-32 ns): nothing is
//! lost or gained by slices, pauses and changes of speed, and a task ends at the first whole nanosecond at which all its work
//! is done, never before. So a task that runs at one rate all the time occupies a core for ⌈demand / (speed × share)⌉ ns, however
//! often it was interrupted. Equal instants are resolved without luck: completions before slice ends, both in the
//! order of submission.

use std::collections::VecDeque;

use hms_machine::{Duration, Instant};

use super::rate::{Rate, Work};
pub use super::usage::{Class, TimeUsed};

/// "No event" as an instant.
const NEVER: u64 = u64::MAX;

/// The cores of one host; `T` says what the caller does when a task is done.
#[derive(Clone, Debug)]
pub struct Cpu<T> {
    cores: usize,
    speed: f64,
    quantum: u64,
    rate: Rate,
    /// The latest instant that was handed in.
    now: u64,
    /// When a running task ends or, if somebody waits, its slice does; `NEVER` during a pause.
    next: u64,
    paused_at: Option<u64>,
    next_sequence: u64,
    /// At most `cores`, in no order.
    running: Vec<Running<T>>,
    /// Not empty only when every core is occupied.
    waiting: VecDeque<Task<T>>,
    /// Done, and not yet taken by the caller.
    finished: VecDeque<T>,
    used: TimeUsed,
}

#[derive(Clone, Debug)]
struct Task<T> {
    payload: T,
    /// Order of submission.
    sequence: u64,
    class: Class,
    remaining: Work,
}

#[derive(Clone, Debug)]
struct Running<T> {
    /// Its `remaining` was true at `since`.
    task: Task<T>,
    since: u64,
    /// When it will be done at the present rate.
    done_at: u64,
    slice_start: u64,
}

impl<T> Running<T> {
    fn slice_end(&self, quantum: u64) -> u64 {
        self.slice_start.saturating_add(quantum)
    }
}

/// What ends first on a core; completions come before slice ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Task,
    Slice,
}

impl<T> Cpu<T> {
    /// Idle cores.
    ///
    /// `speed` is relative to the core on which demands were stated, `quantum` is wall time.
    ///
    /// # Panics
    /// Without cores, or when `speed` or `quantum` is not above 0.
    pub fn new(cores: u32, speed: f64, quantum: Duration) -> Self {
        assert!(cores > 0, "a host without cores");
        assert!(!quantum.is_zero(), "a time slice without length");
        Cpu {
            cores: cores as usize,
            speed,
            quantum: quantum.as_nanos(),
            rate: Rate::new(speed),
            now: 0,
            next: NEVER,
            paused_at: None,
            next_sequence: 0,
            running: Vec::new(),
            waiting: VecDeque::new(),
            finished: VecDeque::new(),
            used: TimeUsed::default(),
        }
    }

    /// A task arrives; `demand` is its CPU time on a core of speed 1. During a pause it takes its place and waits.
    #[inline]
    pub fn submit(&mut self, now: Instant, payload: T, demand: Duration, class: Class) {
        self.settle(now);
        let task = Task { payload, sequence: self.next_sequence, class, remaining: Work::of(demand) };
        self.next_sequence += 1;
        if self.running.len() < self.cores {
            let next = self.start(task, self.now);
            if self.paused_at.is_none() {
                self.next = self.next.min(next);
            }
            return;
        }
        let nobody_waited = self.waiting.is_empty();
        self.waiting.push_back(task);
        if nobody_waited {
            self.renew_slices();
            self.refresh_next();
        }
    }

    /// When something happens next by itself: the next completion or slice end. A timer armed for it must be re-armed after
    /// every other call. Not later than the present while finished tasks have not been taken.
    #[inline]
    pub fn next(&self) -> Option<Instant> {
        let next = if self.finished.is_empty() { self.next } else { self.now };
        (next != NEVER).then_some(Instant::from_nanos(next))
    }

    /// Lets the cores work until `now` and takes the first task that is done, in order of completion, then of submission.
    /// To be called until there is none. Tasks that were done when a pause began are handed out during it.
    #[inline]
    pub fn advance(&mut self, now: Instant) -> Option<T> {
        self.settle(now);
        self.finished.pop_front()
    }

    /// From now on cores run at this share of the host's speed: fail-slow. The caller combines faults that overlap.
    ///
    /// # Panics
    /// When `share` is not above 0.
    pub fn set_speed(&mut self, now: Instant, share: f64) {
        self.settle(now);
        self.charge();
        self.rate = Rate::new(self.speed * share);
        self.reckon();
    }

    /// Stop-the-world: nothing runs, nothing is lost, slices keep what is left of them. Does nothing during a pause: the caller
    /// counts faults that overlap.
    pub fn pause(&mut self, now: Instant) {
        self.settle(now);
        if self.paused_at.is_none() {
            self.charge();
            self.paused_at = Some(self.now);
            self.next = NEVER;
        }
    }

    /// The pause is over. Does nothing without a pause.
    pub fn resume(&mut self, now: Instant) {
        self.settle(now);
        let Some(paused_at) = self.paused_at.take() else { return };
        for running in &mut self.running {
            let slice_used = paused_at.saturating_sub(running.slice_start);
            running.slice_start = self.now - slice_used;
        }
        self.reckon();
    }

    /// Whether nothing runs because of [`Cpu::pause`].
    pub fn paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// The host crashes: all tasks are gone, finished ones included. Pause and speed belong to their faults and stay, and so
    /// does the account of time used.
    pub fn clear(&mut self, now: Instant) {
        self.retain(now, |_| false);
    }

    /// Forgets the tasks that `keep` does not want, finished ones included: the process they belong to was killed.
    pub fn retain(&mut self, now: Instant, mut keep: impl FnMut(&T) -> bool) {
        self.settle(now);
        self.charge();
        self.finished.retain(|payload| keep(payload));
        self.waiting.retain(|task| keep(&task.payload));
        self.running.retain(|running| keep(&running.task.payload));
        while self.running.len() < self.cores
            && let Some(task) = self.waiting.pop_front()
        {
            self.start(task, self.now);
        }
        self.reckon();
    }

    /// For how long cores were occupied until `now`, those tasks included that still run.
    ///
    /// # Panics
    /// When `now` is earlier than in another call before, or when the caller has missed [`Cpu::next`].
    pub fn used(&self, now: Instant) -> TimeUsed {
        let now = now.as_nanos();
        assert!(self.now <= now && now <= self.next, "asked for the use at {now}, known from {} to {}", self.now, self.next);
        let mut used = self.used;
        if self.paused_at.is_none() {
            for running in &self.running {
                used[running.task.class] += Duration::from_nanos(now - running.since);
            }
        }
        used
    }

    /// Tasks that wait for a core.
    pub fn queue_len(&self) -> usize {
        self.waiting.len()
    }

    /// Tasks that have a core, at most the number of cores.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Puts a task on a free core; says when it will be done.
    #[inline]
    fn start(&mut self, task: Task<T>, at: u64) -> u64 {
        let done_at = at.saturating_add(self.rate.nanos(task.remaining));
        self.running.push(Running { task, since: at, done_at, slice_start: at });
        done_at
    }

    /// Lets everything happen that is due at or before `now`.
    #[inline]
    fn settle(&mut self, now: Instant) {
        let now = now.as_nanos();
        assert!(now >= self.now, "time went back from {} to {now}", self.now);
        while self.next <= now {
            self.step(self.next);
        }
        self.now = now;
    }

    /// Lets the one thing happen that is due at `at`.
    fn step(&mut self, at: u64) {
        let somebody_waits = !self.waiting.is_empty();
        let mut first: Option<(End, u64, usize)> = None;
        for (index, running) in self.running.iter().enumerate() {
            let end = if running.done_at == at {
                End::Task
            } else if somebody_waits && running.slice_end(self.quantum) == at {
                End::Slice
            } else {
                continue;
            };
            let candidate = (end, running.task.sequence, index);
            if first.is_none_or(|first| candidate < first) {
                first = Some(candidate);
            }
        }
        let (end, _, index) = first.expect("an event is due, so a core has it");

        let Running { mut task, since, .. } = self.running.swap_remove(index);
        self.used[task.class] += Duration::from_nanos(at - since);
        match end {
            End::Task => self.finished.push_back(task.payload),
            End::Slice => {
                task.remaining = task.remaining.after(self.rate.work(at - since));
                self.waiting.push_back(task);
            }
        }
        if let Some(task) = self.waiting.pop_front() {
            self.start(task, at);
        }
        self.refresh_next();
    }

    /// Books the work done up to the present, so that the rate may change.
    fn charge(&mut self) {
        if self.paused_at.is_some() {
            return;
        }
        for Running { task, since, .. } in &mut self.running {
            let elapsed = self.now - *since;
            self.used[task.class] += Duration::from_nanos(elapsed);
            task.remaining = task.remaining.after(self.rate.work(elapsed));
            *since = self.now;
        }
    }

    /// Works out anew when tasks will be done; they must have been charged.
    fn reckon(&mut self) {
        for running in &mut self.running {
            running.since = self.now;
            running.done_at = self.now.saturating_add(self.rate.nanos(running.task.remaining));
        }
        self.refresh_next();
    }

    /// Somebody waits again: slices that ended unnoticed have begun anew.
    fn renew_slices(&mut self) {
        let now = self.paused_at.unwrap_or(self.now);
        for running in &mut self.running {
            let elapsed = now.saturating_sub(running.slice_start);
            running.slice_start += elapsed - elapsed % self.quantum;
        }
    }

    #[inline]
    fn refresh_next(&mut self) {
        let mut next = NEVER;
        if self.paused_at.is_none() {
            for running in &self.running {
                next = next.min(running.done_at);
                if !self.waiting.is_empty() {
                    next = next.min(running.slice_end(self.quantum));
                }
            }
        }
        self.next = next;
    }
}

#[cfg(test)]
mod tests;
