//! A host's disk: how long operations take and whether they succeed. What is on it is [`super::storage`]'s affair.
//!
//! Picture one window with a line: one operation at a time, first come, first served, whoever asks. An operation takes a latency
//! drawn from the law of its kind, and `bytes / bandwidth` on top, all of it times the slow factor. A write goes into the
//! cache of the operating system; a sync (fsync) brings everything that was written before to the medium. Because there is one
//! line, a sync that completes covers exactly the writes that were submitted before it.
//!
//! Units and sources. Times are ns, sizes bytes, bandwidth bytes per second. A scenario states no law for reads: they
//! take that of writes, with draws of their own. Field ranges of the faults: write 0–1 s, fsync 40 ms – 4 s, stalls without end,
//! 0–10 % errors; a fail-slow disk is 1.8–2 times slower than its peers at the median, 28–39 times at p99 (Lu et al., "Perseus",
//! FAST 2023). A full disk refuses writes at once (`ENOSPC`), after the latency and without a transfer.
//!
//! Contract. The caller hands in the time, never smaller than before, re-arms one timer at [`Disk::next`] after every call, and
//! when it fires, takes operations from [`Disk::advance`] until there is none. Work is counted exactly (2^-32 ns), so that stalls
//! and changes of the factor lose nothing; an operation ends at the first whole nanosecond at which it is done. Every random
//! number is keyed by (node, kind of operation, how many of that kind were submitted before), so the k-th write of a node takes as
//! long and fails as it does whatever else happens, and the number goes on counting after a crash. Faults that overlap are
//! combined by the caller; they outlast crashes.

use std::collections::VecDeque;
use std::sync::Arc;

use hms_machine::{Bytes, Distribution, Duration, Instant, NodeId, Purpose, Ratio, Streams};
use hms_scenario::model;

use super::rate::{Rate, Work};
use super::usage::{Class, TimeUsed};

/// "No event" as an instant.
const NEVER: u64 = u64::MAX;

/// What a host asks of its disk; `T` says what the caller does when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<T> {
    /// What is to be done.
    pub kind: OperationKind,
    /// On whose behalf.
    pub class: Class,
    /// Comes back when it is done.
    pub tag: T,
}

/// What a disk can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Writes into the cache, and takes up space until [`Disk::free`].
    Write(Bytes),
    /// Brings to the medium what was written before.
    Sync,
    /// Reads.
    Read(Bytes),
}

/// How an operation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Acknowledged like [`Outcome::Done`], but the data went to the wrong place: it is damaged when read.
    Misdirected,
    /// No space for the write.
    Full,
    /// An error of the device.
    Failed,
}

impl Outcome {
    /// Whether the software that asked is told that it succeeded.
    pub fn acknowledged(self) -> bool {
        match self {
            Outcome::Done | Outcome::Misdirected => true,
            Outcome::Full | Outcome::Failed => false,
        }
    }
}

/// An operation that a crash of the host cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost<T> {
    /// The operation.
    pub operation: Operation<T>,
    /// How much of it was done; `None` if it had not begun.
    pub torn: Option<Torn>,
}

impl<T> Lost<T> {
    /// For a write, how many of its bytes had reached the medium.
    pub fn reached(&self) -> Bytes {
        match (self.operation.kind, self.torn) {
            (OperationKind::Write(bytes), Some(torn)) => torn.of(bytes),
            (OperationKind::Write(_), None) | (OperationKind::Sync | OperationKind::Read(_), _) => Bytes::ZERO,
        }
    }
}

/// Where a crash tore an operation: every prefix of its data is equally likely, nothing and all included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn(u64);

impl Torn {
    /// The tear that a uniform 64-bit number stands for.
    pub fn new(word: u64) -> Self {
        Torn(word)
    }

    /// How many of `bytes` had reached the medium, evenly among 0..=`bytes`.
    pub fn of(self, bytes: Bytes) -> Bytes {
        Bytes(((u128::from(self.0) * (u128::from(bytes.0) + 1)) >> 64) as u64)
    }
}

/// What a disk has done, failed operations included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// Writes that ended.
    pub writes: u64,
    /// Syncs that ended.
    pub syncs: u64,
    /// Reads that ended.
    pub reads: u64,
    /// Operations among them that the software was told had failed.
    pub failed: u64,
    /// Bytes of writes that were acknowledged.
    pub bytes_written: Bytes,
    /// Bytes of reads that were acknowledged.
    pub bytes_read: Bytes,
    /// From the turn of each operation to its end, added up over those that ended: stalls count, waiting in line does not.
    pub took: Duration,
    /// The same, of the syncs alone.
    pub took_syncs: Duration,
}

/// The disk of one host.
#[derive(Clone, Debug)]
pub struct Disk<T> {
    streams: Streams,
    node: u64,
    profile: Arc<model::Disk>,
    /// The latest instant that was handed in.
    now: u64,
    rate: Rate,
    stalled: bool,
    paused: bool,
    full: bool,
    errors: Ratio,
    misdirected: Ratio,
    /// Bytes taken up, those of the write in progress included.
    occupied: u64,
    current: Option<Current<T>>,
    waiting: VecDeque<Numbered<T>>,
    /// Done, and not yet taken by the caller.
    finished: VecDeque<(Operation<T>, Outcome)>,
    /// How many operations of each kind were submitted.
    submitted: [u64; 3],
    counters: DiskCounters,
    busy: TimeUsed,
}

/// An operation and how many of its kind came before: the ordinal of its draws.
#[derive(Clone, Debug)]
struct Numbered<T> {
    operation: Operation<T>,
    ordinal: u64,
}

#[derive(Clone, Debug)]
struct Current<T> {
    numbered: Numbered<T>,
    /// There was no space for it when its turn came.
    refused: bool,
    /// When its turn came.
    began: u64,
    /// True at `since`.
    remaining: Work,
    since: u64,
    /// At the present rate; `NEVER` while the disk stands still.
    done_at: u64,
}

/// The streams of one kind of operation.
struct Purposes {
    latency: Purpose,
    error: Purpose,
    torn: Purpose,
}

const WRITE: Purposes = Purposes {
    latency: Purpose::named("disk/write"),
    error: Purpose::named("disk/write-error"),
    torn: Purpose::named("disk/write-torn"),
};
const SYNC: Purposes = Purposes {
    latency: Purpose::named("disk/sync"),
    error: Purpose::named("disk/sync-error"),
    torn: Purpose::named("disk/sync-torn"),
};
const READ: Purposes = Purposes {
    latency: Purpose::named("disk/read"),
    error: Purpose::named("disk/read-error"),
    torn: Purpose::named("disk/read-torn"),
};
const MISDIRECTED: Purpose = Purpose::named("disk/misdirected");

impl OperationKind {
    fn purposes(self) -> &'static Purposes {
        match self {
            OperationKind::Write(_) => &WRITE,
            OperationKind::Sync => &SYNC,
            OperationKind::Read(_) => &READ,
        }
    }

    fn index(self) -> usize {
        match self {
            OperationKind::Write(_) => 0,
            OperationKind::Sync => 1,
            OperationKind::Read(_) => 2,
        }
    }

    /// Bytes that go over the wire.
    fn transferred(self) -> Bytes {
        match self {
            OperationKind::Write(bytes) | OperationKind::Read(bytes) => bytes,
            OperationKind::Sync => Bytes::ZERO,
        }
    }

    /// Bytes that it takes up for good.
    fn occupies(self) -> Bytes {
        match self {
            OperationKind::Write(bytes) => bytes,
            OperationKind::Sync | OperationKind::Read(_) => Bytes::ZERO,
        }
    }
}

impl<T> Disk<T> {
    /// An empty, idle, healthy disk of `node`; its random numbers come from `streams`.
    pub fn new(streams: Streams, node: NodeId, profile: Arc<model::Disk>) -> Self {
        Disk {
            streams,
            node: u64::from(node.0),
            profile,
            now: 0,
            rate: Rate::NOMINAL,
            stalled: false,
            paused: false,
            full: false,
            errors: Ratio::ZERO,
            misdirected: Ratio::ZERO,
            occupied: 0,
            current: None,
            waiting: VecDeque::new(),
            finished: VecDeque::new(),
            submitted: [0; 3],
            counters: DiskCounters::default(),
            busy: TimeUsed::default(),
        }
    }

    /// An operation gets in line.
    pub fn submit(&mut self, now: Instant, operation: Operation<T>) {
        self.settle(now);
        let submitted = &mut self.submitted[operation.kind.index()];
        let numbered = Numbered { operation, ordinal: *submitted };
        *submitted += 1;
        match self.current {
            None => self.begin(numbered, self.now),
            Some(_) => self.waiting.push_back(numbered),
        }
    }

    /// When the operation in progress will be done. A timer armed for it must be re-armed after every other call. Not later than
    /// the present while finished operations have not been taken.
    pub fn next(&self) -> Option<Instant> {
        let next = if self.finished.is_empty() { self.done_at() } else { self.now };
        (next != NEVER).then_some(Instant::from_nanos(next))
    }

    /// Lets the disk work until `now` and takes the first operation that is done. To be called until there is none.
    pub fn advance(&mut self, now: Instant) -> Option<(T, Outcome)> {
        self.settle(now);
        self.finished.pop_front().map(|(operation, outcome)| (operation.tag, outcome))
    }

    /// From now on everything takes `factor` times as long.
    ///
    /// # Panics
    /// When `factor` is not above 0.
    pub fn slow(&mut self, now: Instant, factor: f64) {
        assert!(factor > 0.0, "a disk takes {factor} times as long");
        self.change(now, |disk| disk.rate = Rate::new(1.0 / factor));
    }

    /// From now on nothing completes; the operation in progress keeps what is left of it.
    pub fn stall(&mut self, now: Instant) {
        self.change(now, |disk| disk.stalled = true);
    }

    /// Ends a stall.
    pub fn unstall(&mut self, now: Instant) {
        self.change(now, |disk| disk.stalled = false);
    }

    /// Stop-the-world of the host, its disk included.
    pub fn pause(&mut self, now: Instant) {
        self.change(now, |disk| disk.paused = true);
    }

    /// Ends a pause.
    pub fn resume(&mut self, now: Instant) {
        self.change(now, |disk| disk.paused = false);
    }

    /// Whether writes whose turn comes from now on find no space, as if somebody else had filled the disk.
    pub fn set_full(&mut self, now: Instant, full: bool) {
        self.settle(now);
        self.full = full;
    }

    /// From now on this share of operations ends with an error.
    pub fn set_errors(&mut self, now: Instant, share: Ratio) {
        self.settle(now);
        self.errors = share;
    }

    /// From now on this share of writes goes to the wrong place.
    pub fn set_misdirected(&mut self, now: Instant, share: Ratio) {
        self.settle(now);
        self.misdirected = share;
    }

    /// The host crashes: whatever has not been acknowledged is lost, oldest first, and the line is empty then. An operation that
    /// ends at this very instant, and that nobody has taken, counts as not begun: its caller never heard of its end.
    ///
    /// The bytes of the write in progress stay occupied: a prefix of them may have survived. What did not is given back by
    /// [`Disk::free`], as the file's `crash_of_host` says.
    pub fn crash(&mut self, now: Instant) -> Vec<Lost<T>> {
        self.settle(now);
        self.charge();
        let mut lost = Vec::with_capacity(self.finished.len() + self.queue_len());
        for (operation, outcome) in self.finished.drain(..) {
            if outcome.acknowledged() {
                self.occupied -= operation.kind.occupies().0;
            }
            lost.push(Lost { operation, torn: None });
        }
        if let Some(Current { numbered: Numbered { operation, ordinal }, refused, .. }) = self.current.take() {
            let word = self.streams.draw(operation.kind.purposes().torn, self.node, ordinal).next_u64();
            lost.push(Lost { operation, torn: (!refused).then_some(Torn::new(word)) });
        }
        lost.extend(self.waiting.drain(..).map(|numbered| Lost { operation: numbered.operation, torn: None }));
        lost
    }

    /// Data of this size was deleted.
    pub fn free(&mut self, bytes: Bytes) {
        self.occupied = self.occupied.saturating_sub(bytes.0);
    }

    /// Everything was deleted: the disk is replaced by an empty one. Only after [`Disk::crash`].
    ///
    /// # Panics
    /// When an operation is in progress.
    pub fn wipe(&mut self) {
        assert!(self.current.is_none(), "a disk was replaced while it worked");
        self.occupied = 0;
    }

    /// Bytes taken up, those of the write in progress included.
    pub fn occupied(&self) -> Bytes {
        Bytes(self.occupied)
    }

    /// Operations that have not ended.
    pub fn queue_len(&self) -> usize {
        self.waiting.len() + usize::from(self.current.is_some())
    }

    /// What the disk has done so far.
    pub fn counters(&self) -> DiskCounters {
        self.counters
    }

    /// How long the operation in progress has been in progress; zero if there is none.
    ///
    /// # Panics
    /// When `now` is earlier than in another call before.
    pub fn pending(&self, now: Instant) -> Duration {
        self.current.as_ref().map_or(Duration::ZERO, |current| now - Instant::from_nanos(current.began))
    }

    /// Bytes that there are.
    pub fn capacity(&self) -> Bytes {
        self.profile.capacity
    }

    /// For how long the disk has worked, stalls and pauses not counted, the operation in progress included.
    ///
    /// # Panics
    /// When `now` is earlier than in another call before.
    pub fn busy(&self, now: Instant) -> TimeUsed {
        let mut busy = self.busy;
        if let Some(current) = self.current.as_ref().filter(|_| self.runs()) {
            let until = now.as_nanos().min(current.done_at);
            busy[current.numbered.operation.class] += Duration::from_nanos(until - current.since);
        }
        busy
    }

    fn runs(&self) -> bool {
        !self.stalled && !self.paused
    }

    fn done_at(&self) -> u64 {
        self.current.as_ref().map_or(NEVER, |current| current.done_at)
    }

    /// Lets everything end that is due at or before `now`.
    fn settle(&mut self, now: Instant) {
        let now = now.as_nanos();
        assert!(now >= self.now, "time went back from {} to {now}", self.now);
        while let Some(current) = self.current.take_if(|current| current.done_at <= now && current.done_at != NEVER) {
            let at = current.done_at;
            self.end(current);
            if let Some(numbered) = self.waiting.pop_front() {
                self.begin(numbered, at);
            }
        }
        self.now = now;
    }

    /// The turn of an operation has come.
    fn begin(&mut self, numbered: Numbered<T>, at: u64) {
        let kind = numbered.operation.kind;
        let occupies = kind.occupies().0;
        let room = self.profile.capacity.0.saturating_sub(self.occupied);
        let refused = matches!(kind, OperationKind::Write(_)) && (self.full || occupies > room);
        let latency =
            self.law(kind).sample_duration(&mut self.streams.draw(kind.purposes().latency, self.node, numbered.ordinal));
        let transfer = if refused { Duration::ZERO } else { self.transfer(kind.transferred()) };
        if !refused {
            self.occupied += occupies;
        }
        let remaining = Work::of(latency.saturating_add(transfer));
        let done_at = if self.runs() { at.saturating_add(self.rate.nanos(remaining)) } else { NEVER };
        self.current = Some(Current { numbered, refused, began: at, remaining, since: at, done_at });
    }

    /// An operation has ended.
    fn end(&mut self, current: Current<T>) {
        let Current { numbered: Numbered { operation, ordinal }, refused, began, since, done_at, .. } = current;
        let kind = operation.kind;
        self.counters.took += Duration::from_nanos(done_at - began);
        if matches!(kind, OperationKind::Sync) {
            self.counters.took_syncs += Duration::from_nanos(done_at - began);
        }
        self.busy[operation.class] += Duration::from_nanos(done_at - since);
        let happens = |purpose, share: Ratio| share.happens(self.streams.draw(purpose, self.node, ordinal).next_u64());
        let outcome = if refused {
            Outcome::Full
        } else if !self.errors.is_zero() && happens(kind.purposes().error, self.errors) {
            self.occupied -= kind.occupies().0;
            Outcome::Failed
        } else if !self.misdirected.is_zero() && matches!(kind, OperationKind::Write(_)) && happens(MISDIRECTED, self.misdirected)
        {
            Outcome::Misdirected
        } else {
            Outcome::Done
        };
        self.count(kind, outcome);
        self.finished.push_back((operation, outcome));
    }

    fn count(&mut self, kind: OperationKind, outcome: Outcome) {
        let counters = &mut self.counters;
        let bytes = if outcome.acknowledged() { kind.transferred() } else { Bytes::ZERO };
        counters.failed += u64::from(!outcome.acknowledged());
        match kind {
            OperationKind::Write(_) => {
                counters.writes += 1;
                counters.bytes_written += bytes;
            }
            OperationKind::Sync => counters.syncs += 1,
            OperationKind::Read(_) => {
                counters.reads += 1;
                counters.bytes_read += bytes;
            }
        }
    }

    /// Changes something on which the end of the operation in progress depends.
    fn change(&mut self, now: Instant, change: impl FnOnce(&mut Self)) {
        self.settle(now);
        self.charge();
        change(self);
        let runs = self.runs();
        if let Some(current) = &mut self.current {
            current.since = self.now;
            current.done_at = if runs { self.now.saturating_add(self.rate.nanos(current.remaining)) } else { NEVER };
        }
    }

    /// Books what was done up to the present of the operation in progress.
    fn charge(&mut self) {
        let runs = self.runs();
        if let Some(current) = self.current.as_mut().filter(|_| runs) {
            let elapsed = self.now - current.since;
            self.busy[current.numbered.operation.class] += Duration::from_nanos(elapsed);
            current.remaining = current.remaining.after(self.rate.work(elapsed));
            current.since = self.now;
        }
    }

    fn law(&self, kind: OperationKind) -> &Distribution {
        match kind {
            OperationKind::Write(_) | OperationKind::Read(_) => &self.profile.write,
            OperationKind::Sync => &self.profile.fsync,
        }
    }

    /// Time for `bytes` at full speed, rounded up to whole nanoseconds.
    fn transfer(&self, bytes: Bytes) -> Duration {
        let nanos = (u128::from(bytes.0) * 1_000_000_000).div_ceil(u128::from(self.profile.bandwidth.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
