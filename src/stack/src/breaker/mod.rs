//! Circuit breakers: whether a call may go out at all, and what the caller gets if not.
//!
//! Picture a fuse between a caller and one service, or one replica of it. While calls succeed the fuse is *closed* and lets all through.
//! When too many of the last calls failed or were slow, it *opens*: calls are turned away at once, which spares the caller the wait and the
//! callee the load. After a while it is *half-open*: a few probes go out, and their outcomes close or open it again. A closed fuse
//! re-admits its callers along a *ramp*, because a service that has just come back dies of a whole fleet's backlog.
//!
//! The idea is Nygard's (*Release It!*, 2007). [`Breaker`] is one fuse, [`Registry`] holds a node's fuses by key, [`preset`] knows how
//! others set theirs, and [`Chain`] says what a caller tries when a fuse turned its call away.
//!
//! # The contract
//! - A policy: `now` in, verdict out. No timers and no sends. A breaker opens in the same call that tells it the breaching outcome (CB-S1).
//! - An outcome counts only in the state that let its call out. A call that was permitted before the trip never decides for a probe.
//! - Half-open never has more probes under way than its permits, and a probe that is never heard of frees its permit (CB-S2).
//! - An outcome costs constant time and allocates nothing; becoming half-open does (the list of probes), and so does another window.
//! - A clock that steps back does not hold a breaker open for longer than it was meant to be.
//!
//! # The default
//! Fast, and useful at a few calls a second: half of the last 20 calls, judged from the tenth on, or five failures in a row. At an
//! error rate of 10 %, five in a row come about by chance once in 110,000 calls; a dead replica is found after five. The first open time is 1 s,
//! ten of the supervisor's first pauses before a restart, and doubles up to 30 s, so that a service that stays away costs three probes in half a
//! minute. A fifth of jitter spreads the probes of a fleet. Three successes close: a service that fails half of its calls passes one
//! time in eight. A probe is given up after 2 s, several time-outs of a call inside a cluster. The ramp takes 2 s, the time in which a queue
//! that formed behind the breaker drains or is given up.
//!
//! # In scenario lines
//! | line | here |
//! |---|---|
//! | `init` with `preset` | [`preset`]; the key alone gives `hms` |
//! | `init` with parameters | the parameters of [`BreakerConfiguration`], through its walk |
//! | `ok`, `fail` with `n`, `ms` | `n` times [`Breaker::permit`], and if granted [`Breaker::outcome`] with that result, `ms` being how long the call took; a call that was turned away has no outcome |
//! | `slow` with `n`, `ms` | the same with a success that took `ms`, or if nothing is said a nanosecond more than [`BreakerConfiguration::slow_call`] |
//! | `permit` | [`Breaker::permit`], then [`Breaker::cancel`] if nothing is said about the call afterwards |
//! | `state` | [`Breaker::phase`] and [`Phase::name`]: an open breaker whose time is up reads `half_open` although nobody asked it since |
//! | `begin` id, `end` id | [`Breaker::permit`] and the [`Ticket`] kept under the id; [`Breaker::outcome`] with it |
//! | states that an operator forces | [`Breaker::force`] and [`Breaker::release`] |

mod circuit;
mod fallback;
mod presets;
mod registry;
#[cfg(test)]
mod tests;
mod trial;
mod window;

pub use circuit::{Breaker, Ended, Forced, Outcome, Permit, Phase, Rejection, Ticket, Transition, Why};
pub use fallback::{Chain, Fallback, FallbackConfiguration, FallbackCycle, Pursuit, check_acyclic};
pub use presets::{PRESETS, Preset, preset};
pub use registry::{BreakerKey, BreakerReport, Counters, Decision, Registry};

use hms_machine::{Duration, Ratio};

use crate::configuration::Conflict;
use crate::tunables::{choices, hours, ms, parameters, secs};

choices! {
    /// What a window holds.
    pub enum WindowKind {
        /// The last so many calls.
        Count = "count",
        /// The calls of the last so much time.
        Time = "time",
    }
}

choices! {
    /// How the outcomes of probes decide.
    pub enum TrialVerdict {
        /// One failed probe opens; enough successes close (Hystrix, Polly, gobreaker, Pekko).
        FirstFailure = "first-failure",
        /// Enough outcomes are judged together, by the ratios of the closed state (resilience4j).
        Ratio = "ratio",
    }
}

parameters! {
    /// Parameters of circuit breakers. A ratio or count of 0 switches its rule off.
    pub struct BreakerConfiguration("breaker") {
        enabled: bool = switch(true),
            "Turns calls away from what keeps failing; off: every call goes out and nothing is counted.";
        window: WindowKind = choice(WindowKind::NAMES, "count"),
            "Whether the ratios look at the last calls or at the last span of time. Count: as quick at any load. Time: forgets old failures when calls are rare.";
        window_calls: u32 = integer(1, 100_000, 20),
            "Calls in a window of kind count. More: steadier judgement, slower to see a failure that begins.";
        window_span: Duration = duration(ms(10), hours(24), secs(10)),
            "Span of a window of kind time; it forgets in tenths. Longer: steadier judgement, slower to see a failure that begins.";
        minimum_calls: u32 = integer(1, 100_000, 10),
            "Calls that the window must hold before a ratio is judged; a window of kind count never asks for more than it can hold. Fewer: faster, more openings by chance.";
        failure_ratio: f64 = real(0.0, 1.0, 0.5),
            "The breaker opens when this share of the window failed; 0: never for this reason. Smaller: opens sooner, also on errors that one could live with.";
        consecutive: u32 = integer(0, 100_000, 5),
            "The breaker opens after that many failures in a row, however few calls the window holds; 0: never for this reason.";
        slow_call: Duration = duration(ms(1), hours(24), secs(1)),
            "A call that took longer is slow, whatever its result.";
        slow_ratio: f64 = real(0.0, 1.0, 0.0),
            "The breaker opens when this share of the window was slow; 0: never for this reason. Above 0 a slow probe counts as failed.";
        slow_fails: bool = switch(false),
            "Counts every slow call as a failure, as a call time-out does.";
        open: Duration = duration(ms(1), hours(24), secs(1)),
            "First time for which the breaker stays open. Longer: spares the callee more, re-admits later.";
        open_factor: f64 = real(1.0, 10.0, 2.0),
            "Growth of the open time from one opening to the next, until the breaker has been closed for a whole ramp.";
        open_max: Duration = duration(ms(1), hours(24), secs(30)),
            "Longest open time, before jitter.";
        open_jitter: f64 = real(0.0, 1.0, 0.2),
            "Share by which an open time is lengthened at most, drawn per opening. More: the probes of a fleet come less in step.";
        permits: u32 = integer(1, 10_000, 3),
            "Probes that may be under way at once while half-open. More: faster verdict, more load on a service that may be down.";
        successes: u32 = integer(1, 10_000, 3),
            "Successful probes that close the breaker; with the verdict `ratio`, outcomes of probes that are judged together.";
        verdict: TrialVerdict = choice(TrialVerdict::NAMES, "first-failure"),
            "Whether one failed probe opens the breaker again or the ratio of failed probes decides.";
        probe_timeout: Duration = duration(ms(1), hours(24), secs(2)),
            "A probe without an outcome for this long frees its permit and decides nothing. Keep it above the time-out of calls.";
        ramp: Duration = duration(Duration::ZERO, hours(1), secs(2)),
            "Time after closing in which the share of admitted calls rises from a tenth to all; 0: all at once.";
    }
}

impl BreakerConfiguration {
    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.open_max < self.open {
            conflicts.push(Conflict {
                names: ["breaker.open_max", "breaker.open"],
                message: format!("breaker.open_max ({}) must be at least breaker.open ({})", self.open_max, self.open),
            });
        }
        if self.enabled && self.failure_ratio == 0.0 && self.consecutive == 0 && self.slow_ratio == 0.0 {
            conflicts.push(Conflict {
                names: ["breaker.failure_ratio", "breaker.consecutive"],
                message:
                    "breaker.failure_ratio, breaker.consecutive and breaker.slow_ratio are all 0, so that no breaker ever opens; \
                          set one of them, or breaker.enabled = false"
                        .to_owned(),
            });
        }
        if self.verdict == TrialVerdict::Ratio && self.failure_ratio == 0.0 {
            conflicts.push(Conflict {
                names: ["breaker.verdict", "breaker.failure_ratio"],
                message: "breaker.verdict = \"ratio\" judges probes by breaker.failure_ratio, which is 0 (off); \
                          set the ratio, or breaker.verdict = \"first-failure\""
                    .to_owned(),
            });
        }
        conflicts
    }
}

/// Whether `part` of `whole` is at least `ratio`; never for a ratio of 0 (off) or NaN. The quotient is the double nearest to the true one, so 7 of
/// 100 reaches 0.07.
fn reaches(part: u32, whole: u32, ratio: f64) -> bool {
    ratio > 0.0 && part > 0 && f64::from(part) / f64::from(whole) >= ratio
}

/// `part` of `whole` as a share; none of nothing.
fn share(part: u32, whole: u32) -> Option<Ratio> {
    if whole == 0 { None } else { Ratio::new(f64::from(part) / f64::from(whole)).ok() }
}
