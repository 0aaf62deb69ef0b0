//! The half-open phase: a few probes under way, and what the ones that have ended say together.

use hms_machine::{Duration, Instant};

use super::window::Tally;
use super::{BreakerConfiguration, TrialVerdict, Why, reaches};

/// Probes of one half-open phase.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    /// Probes under way, in the order in which they went out; never more than the permits.
    probes: Vec<Probe>,
    /// Probes that went out so far; the serial number of the next.
    sent: u32,
    /// Probes that have ended.
    ended: Tally,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    serial: u32,
    sent: Instant,
}

/// What a trial has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Undecided,
    Recovered,
    Failing(Why),
}

impl Trial {
    pub(super) fn ended(&self) -> Tally {
        self.ended
    }

    /// The serial number of a further probe, if one may go out: there is a free permit, and its outcome may still matter.
    pub(super) fn permit(&mut self, configuration: &BreakerConfiguration, now: Instant) -> Option<u32> {
        let under_way = self.probes.len() as u32;
        let enough = configuration.permits.max(configuration.successes);
        // One probe is always welcome: a configuration that changed meanwhile must not leave a trial that nobody can end.
        let free = under_way < configuration.permits && under_way + self.ended.calls < enough;
        (free || under_way == 0).then(|| {
            let serial = self.sent;
            self.probes.push(Probe { serial, sent: now });
            self.sent += 1;
            serial
        })
    }

    /// Gives up probes that were sent too long ago; how many.
    pub(super) fn expire(&mut self, timeout: Duration, now: Instant) -> u32 {
        let before = self.probes.len();
        // They stand in the order in which they went out, also after `follow_clock`.
        let lost = self.probes.iter().take_while(|probe| probe.sent.saturating_add(timeout) <= now).count();
        self.probes.drain(..lost);
        (before - self.probes.len()) as u32
    }

    /// When the oldest probe is given up.
    pub(super) fn free_at(&self, timeout: Duration) -> Option<Instant> {
        self.probes.first().map(|probe| probe.sent.saturating_add(timeout))
    }

    /// No probe was sent in the future.
    pub(super) fn follow_clock(&mut self, now: Instant) {
        self.probes.iter_mut().for_each(|probe| probe.sent = probe.sent.min(now));
    }

    /// Frees the permit of a probe; false if it was freed before.
    pub(super) fn take(&mut self, serial: u32) -> bool {
        let position = self.probes.iter().position(|probe| probe.serial == serial);
        position.map(|position| self.probes.remove(position)).is_some()
    }

    /// Counts the outcome of a probe and judges.
    pub(super) fn record(&mut self, configuration: &BreakerConfiguration, failed: bool, slow: bool) -> Judgement {
        self.ended.add(failed, slow);
        let enough = self.ended.calls >= configuration.successes;
        match configuration.verdict {
            TrialVerdict::FirstFailure if failed => Judgement::Failing(Why::ProbeFailed),
            // Where slow calls open a breaker, a slow probe has not shown that they are over.
            TrialVerdict::FirstFailure if slow && configuration.slow_ratio > 0.0 => Judgement::Failing(Why::ProbeSlow),
            TrialVerdict::Ratio if enough && reaches(self.ended.failed, self.ended.calls, configuration.failure_ratio) => {
                Judgement::Failing(Why::ProbeFailed)
            }
            TrialVerdict::Ratio if enough && reaches(self.ended.slow, self.ended.calls, configuration.slow_ratio) => {
                Judgement::Failing(Why::ProbeSlow)
            }
            TrialVerdict::FirstFailure | TrialVerdict::Ratio if enough => Judgement::Recovered,
            TrialVerdict::FirstFailure | TrialVerdict::Ratio => Judgement::Undecided,
        }
    }
}
