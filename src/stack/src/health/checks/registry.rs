//! Which checks there are, when their readings are due, and what they say.
//!
//! Picture a duty roster. [`Checks::due`] names the readings to ask for now, [`Checks::report`] takes readings, asked for or not, and both tell changes of status.
//! What was asked for and has not come when it is due again counts as missed, unless the roster itself was read late: then the monitor slept,
//! not the subject (Dadgar et al. 2018, Lifeguard's local health).

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{Draw, Duration, Instant};

use super::{Cause, Check, Level, Reading, ReadingKind, Status, Subject};

/// A policy that looks at readings of many subjects through checks.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// By subject, in the order of registration.
    entries: BTreeMap<Subject, Vec<Entry>>,
    /// When readings of a check are due, and whose it is.
    agenda: BTreeSet<(Instant, CheckId, Subject)>,
    registered: u64,
}

/// Names a registered check; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckId(u64);

/// How readings come to a check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// They are asked for.
    Pull {
        /// What to ask for.
        what: ReadingKind,
        /// Time from one to the next.
        every: Duration,
        /// Share, 0..1, by which each of these times is lengthened or shortened at random.
        jitter: f64,
        /// When to ask first.
        first: Instant,
    },
    /// They come by themselves, or were asked for by another check.
    Push {
        /// Silence for this long counts as missed; `None`: silence is no news.
        silence: Option<Duration>,
    },
}

/// A check to register.
#[derive(Debug)]
pub struct Registration {
    /// What the check is called, in reports.
    pub name: &'static str,
    /// Whom it is about.
    pub subject: Subject,
    /// How readings come to it.
    pub schedule: Schedule,
    /// The judge.
    pub check: Box<dyn Check>,
}

/// A reading to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Of whom.
    pub subject: Subject,
    /// What.
    pub what: ReadingKind,
}

/// The status of a check has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The check.
    pub id: CheckId,
    /// What it is called.
    pub name: &'static str,
    /// Whom it is about.
    pub subject: Subject,
    /// Before.
    pub from: Status,
    /// Now.
    pub to: Status,
}

#[derive(Clone, Debug)]
struct Entry {
    id: CheckId,
    name: &'static str,
    subject: Subject,
    schedule: Schedule,
    check: Box<dyn Check>,
    status: Status,
    due: Option<Instant>,
    /// Whether a reading was asked for and has not come.
    asked: bool,
}

impl Checks {
    /// A roster without checks.
    pub fn new() -> Self {
        Checks::default()
    }

    /// Adds a check; its status is unknown until its first reading.
    pub fn register(&mut self, registration: Registration, now: Instant) -> CheckId {
        let Registration { name, subject, schedule, check } = registration;
        let id = CheckId(self.registered);
        self.registered += 1;
        let due = match schedule {
            Schedule::Pull { first, .. } => Some(first),
            Schedule::Push { silence } => silence.map(|silence| now.saturating_add(silence)),
        };
        self.agenda.extend(due.map(|due| (due, id, subject)));
        let entry = Entry { id, name, subject, schedule, check, status: Status::Unknown, due, asked: false };
        self.entries.entry(subject).or_default().push(entry);
        id
    }

    /// Takes all checks of a subject off: it has left, or starts anew and is to be registered again.
    pub fn remove(&mut self, subject: Subject) {
        for entry in self.entries.remove(&subject).unwrap_or_default() {
            if let Some(due) = entry.due {
                self.agenda.remove(&(due, entry.id, subject));
            }
        }
    }

    /// When to call [`Checks::due`] next.
    pub fn deadline(&self) -> Option<Instant> {
        self.agenda.first().map(|(due, _, _)| *due)
    }

    /// Readings to ask for by `now`, in order of their times, and what follows from those that did not come. `draw` gives the jitter.
    pub fn due(&mut self, now: Instant, draw: &mut Draw, mut ask: impl FnMut(Due), mut tell: impl FnMut(Change)) {
        while let Some((due, id, subject)) = self.agenda.first().copied().filter(|(due, _, _)| *due <= now) {
            self.agenda.pop_first();
            let mut of_subject = self.entries.get_mut(&subject).into_iter().flatten();
            let entry = of_subject.find(|entry| entry.id == id).expect("the agenda names checks that are there");
            let (missed, next) = match entry.schedule {
                Schedule::Pull { what, every, jitter, .. } => {
                    ask(Due { subject: entry.subject, what });
                    let step = every.mul_f64(1.0 + jitter * (2.0 * draw.uniform() - 1.0)).max(Duration::from_nanos(1));
                    let late = now.saturating_since(due) >= every;
                    let missed = std::mem::replace(&mut entry.asked, true) && !late;
                    // From the time at which it was due, so that wake-ups that are a little late do not add up; a long sleep is not caught up.
                    let next = due.saturating_add(step);
                    (missed, if next > now { next } else { now.saturating_add(step) })
                }
                Schedule::Push { silence } => {
                    let silence = silence.expect("a check without a limit of silence is not on the agenda");
                    (now.saturating_since(due) < silence, now.saturating_add(silence.max(Duration::from_nanos(1))))
                }
            };
            entry.due = Some(next);
            self.agenda.insert((next, id, subject));
            if missed {
                let status = entry.check.missed(now);
                entry.turn(status, &mut tell);
            }
        }
    }

    /// What was asked for is not needed: something better has answered in its place.
    pub fn excuse(&mut self, subject: Subject, kind: ReadingKind) {
        for entry in self.entries.get_mut(&subject).into_iter().flatten() {
            if let Schedule::Pull { what, .. } = entry.schedule {
                entry.asked &= what != kind;
            }
        }
    }

    /// Hands a reading to all checks of its subject.
    pub fn report(&mut self, subject: Subject, reading: &Reading, now: Instant, mut tell: impl FnMut(Change)) {
        for entry in self.entries.get_mut(&subject).into_iter().flatten() {
            let status = entry.check.observe(reading, now);
            match entry.schedule {
                Schedule::Pull { what, .. } => entry.asked &= what != reading.kind(),
                // Only what the check understands ends its silence.
                Schedule::Push { silence: Some(silence) } if status.is_some() => {
                    let next = now.saturating_add(silence);
                    if let Some(due) = entry.due.replace(next) {
                        self.agenda.remove(&(due, entry.id, subject));
                    }
                    self.agenda.insert((next, entry.id, subject));
                }
                Schedule::Push { .. } => {}
            }
            entry.turn(status, &mut tell);
        }
    }

    /// The worst that the checks of a subject say; of equally bad ones the one registered first. Unknown if none has said anything.
    pub fn status(&self, subject: Subject) -> Status {
        let statuses = self.of(subject).map(|(_, status)| status);
        // A check that has nothing to go by yet does not make a subject unknown that others know.
        statuses.filter(|status| *status != Status::Unknown).reduce(Status::worse).unwrap_or(Status::Unknown)
    }

    /// Whether all such that is said against a subject is about to be over; so it is if nothing such is said.
    pub fn mending(&self, subject: Subject, such: impl Fn(Cause) -> bool) -> bool {
        let entries = self.entries.get(&subject).into_iter().flatten();
        let mut bad = entries.filter(|entry| entry.status.level() >= Level::Degraded && entry.status.cause().is_some_and(&such));
        bad.all(|entry| entry.check.mending())
    }

    /// Every check of a subject with what it says, in the order of registration.
    pub fn of(&self, subject: Subject) -> impl Iterator<Item = (&'static str, Status)> + '_ {
        self.entries.get(&subject).into_iter().flatten().map(|entry| (entry.name, entry.status))
    }

    /// Everyone who has checks.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        self.entries.keys().copied()
    }
}

impl Entry {
    fn turn(&mut self, status: Option<Status>, tell: &mut impl FnMut(Change)) {
        let Some(to) = status else { return };
        let from = std::mem::replace(&mut self.status, to);
        if from != to {
            tell(Change { id: self.id, name: self.name, subject: self.subject, from, to });
        }
    }
}
