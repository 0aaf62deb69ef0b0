//! The canonical fault trace: one row per fault, whatever the source looked like.
//!
//! Picture a table sorted by time: at `time_s` the node (or its disk, its service) at the place `domain` met a fault of a
//! `kind` for `duration_s`. Importers make such tables from published data, [`crate::synth`] makes them from distributions,
//! the simulator replays them. The columns, in this order:
//!
//! | column | unit, range | empty means |
//! |---|---|---|
//! | `time_s` | seconds since the start of the trace, at least 0, never going backwards | – |
//! | `node` | number of the node, 0 to 2^32-1 | – |
//! | `kind` | `crash`, `disk`, `slow`, `pause`, `partition`, `outage`: see [`TraceKind`] | – |
//! | `duration_s` | seconds, at least 0 | the fault lasts for ever, or its end is unknown (flag `C`) |
//! | `severity` | share of the target's capacity that is lost, 0..=1 | – |
//! | `param` | a number whose meaning the kind tells | the kind needs none |
//! | `domain` | path from the widest failure domain to the target, joined by `/` | unknown |
//! | `cause` | `hardware`, `software`, `network`, `power_env`, `human`, `unknown` | – |
//! | `detail` | the source's own words | none |
//! | `group` | number shared by rows of one correlated event | on its own |
//! | `flags` | letters, see [`TraceFlags`] | none |
//!
//! Rows of one node may overlap, because sources record what operators typed; [`FaultTrace::merged`] joins them.
//! A trace's [`TraceMeta`] stands beside it, as JSON. The schema has a version, [`SCHEMA_VERSION`].

mod meta;
mod rows;
mod select;
mod summary;

use std::fmt;
use std::str::FromStr;

use hms_machine::{Duration, Instant, Ratio};

pub use meta::TraceMeta;
pub use rows::COLUMNS;
pub use summary::{Bursts, Sample, TraceSummary};

/// Version of the columns and their meaning; it grows when either changes.
pub const SCHEMA_VERSION: u32 = 1;

/// Faults in order of time, and what they were observed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultTrace {
    /// Where the trace comes from and what it covers.
    pub meta: TraceMeta,
    rows: Vec<TraceRow>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRow {
    /// Start, since the start of the trace.
    pub time: Instant,
    /// Number of the node.
    pub node: u32,
    /// What happened.
    pub kind: TraceKind,
    /// How long; `None` is for ever, or unknown (then flagged [`TraceFlags::CENSORED`]).
    pub duration: Option<Duration>,
    /// Share of the target's capacity that is lost; one is all of it.
    pub severity: Ratio,
    /// A number whose meaning the kind tells, see [`TraceKind`].
    pub param: Option<f64>,
    /// Path from the widest failure domain to the target, joined by `/`: `lanl/sys02/n0001`.
    pub domain: String,
    /// Root cause, as the source tells it.
    pub cause: Cause,
    /// The source's own words.
    pub detail: String,
    /// Number shared by the rows of one correlated event.
    pub group: Option<u32>,
    /// What to know about this row.
    pub flags: TraceFlags,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word that stands in files.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;

            /// The error is the list of the words that would do.
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.name() == text).ok_or_else(|| {
                    Self::ALL.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(|words| serde::de::Error::custom(format!("expected one of {words}, found `{text}`")))
            }
        }
    };
}

words!(
    /// What a row of a trace does to its target. New kinds come at the end.
    TraceKind {
        /// The node stops, loses what was volatile, and is back (restarted, with its disk) after the duration.
        Crash = "crash",
        /// One disk of the node is lost; without a duration its contents are gone for good.
        Disk = "disk",
        /// The node or its disk works on, slowly: `param` is the factor by which its times grow, at least 1.
        Slow = "slow",
        /// The node stands still (garbage collection, a stopped virtual machine) and goes on where it was.
        Pause = "pause",
        /// The node can reach nobody and nobody can reach it.
        Partition = "partition",
        /// A service that others depend on fails for the share `severity` of its requests or users.
        Outage = "outage",
    }
);

words!(
    /// Root cause, in the classes of the Los Alamos data (Schroeder & Gibson 2006).
    Cause {
        /// Processor, memory, disk, board, interconnect.
        Hardware = "hardware",
        /// Operating system, file system, scheduler, application.
        Software = "software",
        /// Network equipment or links.
        Network = "network",
        /// Power, cooling, building.
        PowerEnv = "power_env",
        /// An operator's act.
        Human = "human",
        /// Not found out, or not told.
        Unknown = "unknown",
    }
);

/// Letters that qualify a row.
///
/// | letter | means |
/// |---|---|
/// | `C` | censored: the end is not in the source |
/// | `M` | merged from rows that overlapped |
/// | `Q` | the source tells the duration only in coarse steps |
/// | `Z` | the source tells a duration of zero |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// Nothing to say.
    pub const NONE: TraceFlags = TraceFlags(0);
    /// `C`: the end is not in the source.
    pub const CENSORED: TraceFlags = TraceFlags(1);
    /// `M`: merged from rows that overlapped.
    pub const MERGED: TraceFlags = TraceFlags(2);
    /// `Q`: the source tells the duration only in coarse steps.
    pub const QUANTISED: TraceFlags = TraceFlags(4);
    /// `Z`: the source tells a duration of zero.
    pub const ZERO: TraceFlags = TraceFlags(8);

    const LETTERS: [(TraceFlags, char); 4] =
        [(Self::CENSORED, 'C'), (Self::MERGED, 'M'), (Self::QUANTISED, 'Q'), (Self::ZERO, 'Z')];

    /// The flags of both.
    pub const fn with(self, other: TraceFlags) -> TraceFlags {
        TraceFlags(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    pub const fn contains(self, other: TraceFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::LETTERS.iter().filter(|(flag, _)| self.contains(*flag)).try_for_each(|(_, letter)| write!(f, "{letter}"))
    }
}

impl FromStr for TraceFlags {
    type Err = String;

    /// The error is the list of the letters that would do.
    fn from_str(text: &str) -> Result<Self, String> {
        text.chars().try_fold(TraceFlags::NONE, |flags, letter| {
            let known = Self::LETTERS.iter().find(|(_, known)| *known == letter);
            known.map(|(flag, _)| flags.with(*flag)).ok_or_else(|| "letters of `CMQZ`".to_owned())
        })
    }
}

impl FaultTrace {
    /// A trace of `rows`, which are put in order of time; rows of one instant keep their order.
    pub fn new(meta: TraceMeta, mut rows: Vec<TraceRow>) -> Self {
        rows.sort_by_key(|row| row.time);
        FaultTrace { meta, rows }
    }

    /// The faults, in order of time.
    pub fn rows(&self) -> &[TraceRow] {
        &self.rows
    }

    /// Reads the canonical CSV; `meta` is what its JSON says, or [`TraceMeta::default`].
    ///
    /// # Errors
    /// [`crate::DatasetError`] with line and column for a wrong header, a field that is not of its type, and times that go backwards.
    pub fn from_csv(text: &str, meta: TraceMeta) -> Result<Self, crate::DatasetError> {
        Ok(FaultTrace { meta, rows: rows::read(text)? })
    }

    /// Writes the canonical CSV. Reading it gives the same rows, and writing those the same bytes.
    pub fn to_csv(&self) -> String {
        rows::write(&self.rows)
    }

    /// Time of the last start or end in the trace, zero for an empty one.
    pub fn end(&self) -> Instant {
        let ends = self.rows.iter().map(|row| row.time.saturating_add(row.duration.unwrap_or(Duration::ZERO)));
        ends.max().unwrap_or(Instant::ZERO)
    }

    /// Nodes that were watched, with and without faults: the population of the metadata, or else the highest node number plus one.
    pub fn population(&self) -> u32 {
        let told = self.meta.population_by_system.values().sum();
        if told > 0 { told } else { self.rows.iter().map(|row| row.node.saturating_add(1)).max().unwrap_or(0) }
    }
}
