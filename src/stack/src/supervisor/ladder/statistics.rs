//! What has helped against what: counts per cause and rung.

use std::collections::BTreeMap;

use hms_machine::{Cause, Rung};

use super::LadderConfiguration;

/// How often a first attempt was enough (AS-S3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstAttempt {
    /// Episodes that began with this recovery and have ended or climbed.
    pub attempted: u64,
    /// Those of them that were verified without a second recovery.
    pub verified: u64,
}

/// The record of one rung against one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record {
    /// First attempts; these never fade.
    pub first: FirstAttempt,
    /// Tries, faded.
    pub tries: f64,
    /// Successes among them.
    pub successes: f64,
    /// How often the rung was passed over for its record since it was last tried.
    pub skipped: u32,
}

/// The records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    records: BTreeMap<(Cause, Rung), Record>,
}

impl Record {
    /// Chance that the next try succeeds, by Laplace's rule of succession: 1/2 without experience.
    pub fn rate(&self) -> f64 {
        (self.successes + 1.0) / (self.tries + 2.0)
    }
}

impl FirstAttempt {
    /// Share of episodes that the first recovery ended; `None` without any.
    pub fn share(self) -> Option<f64> {
        (self.attempted > 0).then(|| self.verified as f64 / self.attempted as f64)
    }
}

impl Statistics {
    /// The record of a rung against a cause.
    pub fn record(&self, cause: Cause, rung: Rung) -> Record {
        self.records.get(&(cause, rung)).copied().unwrap_or_default()
    }

    /// Every record there is, by cause and rung.
    pub fn records(&self) -> impl Iterator<Item = (Cause, Rung, &Record)> {
        self.records.iter().map(|((cause, rung), record)| (*cause, *rung, record))
    }

    /// First attempts over all causes and rungs.
    pub fn first_attempts(&self) -> FirstAttempt {
        self.records.values().fold(FirstAttempt::default(), |sum, record| FirstAttempt {
            attempted: sum.attempted + record.first.attempted,
            verified: sum.verified + record.first.verified,
        })
    }

    /// A try has ended.
    pub(super) fn tell(&mut self, configuration: &LadderConfiguration, cause: Cause, rung: Rung, first: bool, verified: bool) {
        let record = self.records.entry((cause, rung)).or_default();
        if first {
            record.first.attempted += 1;
            record.first.verified += u64::from(verified);
        }
        record.tries += 1.0;
        record.successes += f64::from(u8::from(verified));
        let memory = f64::from(configuration.memory);
        if record.tries > memory {
            record.successes *= memory / record.tries;
            record.tries = memory;
        }
    }

    /// Whether the record of a rung speaks for trying it; a refusal is counted, so that the rung gets its chance again.
    pub(super) fn recommends(&mut self, configuration: &LadderConfiguration, cause: Cause, rung: Rung) -> bool {
        // Isolation is not a recovery and has no record.
        let Some(record) = self.records.get_mut(&(cause, rung)).filter(|_| rung != Rung::Isolate) else { return true };
        let judged = record.tries >= f64::from(configuration.skip_tries);
        if judged && record.rate() < configuration.skip_below && record.skipped + 1 < configuration.explore_every {
            record.skipped += 1;
            return false;
        }
        record.skipped = 0;
        true
    }
}
