//! What a replay found, and how it reads.

use std::fmt;

use hms_machine::Instant;
use hms_sim::world::Event;
use hms_trial::TraceHash;

/// What a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayReport {
    /// The run.
    pub run_id: String,
    /// Name of its scenario.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// Its trace hash by the manifest.
    pub stored_hash: String,
    /// What running it again gave.
    pub rerun: Rerun,
    /// Files that are not what the manifest says.
    pub changes: Vec<Change>,
    /// Where the runs part, if they do.
    pub divergence: Option<Divergence>,
    /// The first row of the trace in which they differ, if they do and the stored trace is whole.
    pub row: Option<RowDifference>,
}

/// What running it again gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Rerun {
    /// It ran to its end.
    Finished {
        /// Trace hash.
        hash: TraceHash,
        /// Events dispatched.
        events: u64,
    },
    /// The changed inputs cannot be run, or the run died.
    Impossible {
        /// Why.
        reason: String,
    },
}

/// A file that is not what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A text that the manifest holds too.
    Line {
        /// The file.
        path: String,
        /// First different line, from 1.
        line: usize,
        /// That line by the manifest; `None` if the text had ended.
        stored: Option<String>,
        /// That line in the file; `None` if the text has ended.
        now: Option<String>,
    },
    /// Another file.
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// In this event.
    Event {
        /// Number of equal events before it.
        index: u64,
        /// What was dispatched originally; `None` if the run had ended.
        original: Option<Moment>,
        /// What is dispatched now; `None` if the run has ended.
        rerun: Option<Moment>,
    },
    /// Somewhere among these events; the original ones are not stored.
    Chunk {
        /// Number of the first event of the chunk, from 0.
        first: u64,
        /// Number of the last one.
        last: u64,
        /// The first event of the chunk in the rerun; `None` if it has ended.
        rerun: Option<Moment>,
    },
    /// One run goes on where the other ends.
    End {
        /// Equal events.
        events: u64,
        /// End of the shorter run.
        at: Instant,
    },
}

/// A dispatched event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Number of events before it.
    pub index: u64,
    /// When.
    pub time: Instant,
    /// Its place among all scheduled events.
    pub seq: u64,
    /// What tells it from others.
    pub fingerprint: u64,
}

/// The first row of the trace in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// Row of `events.parquet`, from 0.
    pub row: u64,
    /// What is stored; `None` if the stored trace has ended.
    pub stored: Option<String>,
    /// What the rerun says; `None` if its trace has ended.
    pub rerun: Option<String>,
}

impl ReplayReport {
    /// Whether nothing was changed and the run came out the same.
    pub fn is_exact(&self) -> bool {
        self.changes.is_empty() && self.is_same_run()
    }

    /// Whether the run came out the same, whatever was changed.
    pub fn is_same_run(&self) -> bool {
        matches!(&self.rerun, Rerun::Finished { hash, .. } if hash.to_string() == self.stored_hash)
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "run {} of scenario {}, seed {}", self.run_id, self.scenario, self.seed)?;
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        match &self.rerun {
            Rerun::Impossible { reason } => writeln!(f, "it cannot be run again: {}", reason.trim_end())?,
            Rerun::Finished { hash, events } if self.is_same_run() => {
                writeln!(f, "run again: the same {events} events, trace hash {hash}")?;
            }
            Rerun::Finished { hash, events } => {
                writeln!(f, "run again: {events} events, trace hash {hash}; stored is {}", self.stored_hash)?;
            }
        }
        if let Some(divergence) = &self.divergence {
            writeln!(f, "{divergence}")?;
        }
        if let Some(row) = &self.row {
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Line { path, line, stored, now } => {
                let show = |line: &Option<String>| {
                    line.as_ref().map_or("(the text ends)".to_owned(), |line| line.escape_debug().to_string())
                };
                writeln!(f, "{path} was changed, first in line {line}:")?;
                writeln!(f, "  stored: {}", show(stored))?;
                write!(f, "  now:    {}", show(now))
            }
            Change::File { path, problem } => write!(f, "{path}: {problem}"),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |moment: &Option<Moment>| moment.map_or("(the run has ended)".to_owned(), |moment| moment.to_string());
        match self {
            Divergence::Event { index, original, rerun } => {
                writeln!(f, "the runs part in event {index}, after as many equal ones:")?;
                writeln!(f, "  stored: {}", show(original))?;
                write!(f, "  now:    {}", show(rerun))
            }
            Divergence::Chunk { first, last, rerun } => {
                write!(f, "the runs part among events {first} to {last}; the first of them is now: {}", show(rerun))
            }
            Divergence::End { events, at } => {
                write!(f, "the runs are equal for {events} events, up to {at}, where one of them ends")
            }
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}, seq {}", Event::kind_name(self.fingerprint), self.time, self.seq)
    }
}

impl fmt::Display for RowDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |row: &Option<String>| row.clone().unwrap_or_else(|| "(no such row)".to_owned());
        writeln!(f, "the traces differ first in row {} of events.parquet:", self.row)?;
        writeln!(f, "  stored: {}", show(&self.stored))?;
        write!(f, "  now:    {}", show(&self.rerun))
    }
}
