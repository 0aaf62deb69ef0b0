//! The ladder of recoveries: which one to try for a failure, and which after it has not helped.
//!
//! Picture: rungs from gentle to drastic (retry → restart → restore → relocate → rebuild → isolate). Each cause has the rungs
//! that can help against it ([`rungs`]); a failure begins an *episode* on the first of them and climbs until a recovery is
//! verified. Graduated recovery is that of recursive restartability (Candea and Fox 2001, "Recursive restartability: turning the
//! reboot sledgehammer into a scalpel"); choosing by what has helped before is ours.
//!
//! Contract:
//! - In an episode no rung is tried twice, and the last is *isolate*: an agent that nothing helps is fenced off after at most six
//!   decisions.
//! - A rung is passed over when it is not [`Available`], when the agent has used it up ([`LadderConfiguration`], limits within
//!   the window), or when it keeps failing for this cause (Laplace's rule of succession, `(successes + 1) / (tries + 2)`, below
//!   `skip_below` after `skip_tries` tries). Of a rung that is passed over for its record every `explore_every`-th is tried all
//!   the same, or it could never earn a better one.
//! - A move does not end an episode: it goes on on the new node ([`Ladder::arrived`]), or an agent that is ill itself would be
//!   handed from node to node for ever.
//! - An episode ends with [`Ladder::verified`]. A rung that was decided and not verified counts as failed when the next is asked
//!   for.
//! - An isolated agent stays so until [`Ladder::release`], which its node says after `isolation`.

mod cause;
mod statistics;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hms_machine::{AgentId, Cause, Duration, Instant, Rung};

pub use self::cause::{destructive, possible, rungs};
pub use self::statistics::{FirstAttempt, Record, Statistics};
use crate::configuration::Conflict;
use crate::tunables::{hours, mins, parameters, secs};

parameters! {
    /// Parameters of the ladder of recoveries.
    pub struct LadderConfiguration("ladder") {
        enabled: bool = switch(true),
            "Climbs from recovery to recovery by cause and history; off: whatever the cause, an agent is only restarted, for ever.";
        window: Duration = duration(secs(1), hours(24), mins(10)),
            "Time over which an agent's recoveries count against the limits of their rungs. Longer: crash loops climb, rare failures too.";
        retry_limit: u32 = integer(1, 100, 2),
            "Retries of an agent within the window before the ladder passes over this rung.";
        restart_limit: u32 = integer(1, 100, 10),
            "Restarts of an agent within the window before the ladder passes over this rung.";
        restore_limit: u32 = integer(1, 100, 2),
            "Restorations of an agent from its checkpoint within the window before the ladder passes over this rung.";
        relocate_limit: u32 = integer(1, 100, 2),
            "Moves of an agent within the window before the ladder passes over this rung.";
        rebuild_limit: u32 = integer(1, 100, 2),
            "Rebuildings of an agent from a replica within the window before the ladder isolates it.";
        isolation_first: Duration = duration(secs(1), hours(24), secs(10)),
            "An agent that was fenced off gets a new beginning after this time, if no operator gives it one before; each further time after twice as long.";
        isolation: Duration = duration(secs(1), hours(24), mins(5)),
            "Longest time for which an agent is fenced off.";
        skip_below: f64 = real(0.0, 1.0, 0.25),
            "Passes over a rung whose smoothed rate of success for the cause is lower. Higher: climbs sooner, more drastic recoveries.";
        skip_tries: u32 = integer(1, 1000, 5),
            "Judges the record of a rung from that many tries on.";
        explore_every: u32 = integer(1, 1000, 8),
            "Tries a rung with a bad record every so many times all the same. Fewer: the record is mended sooner, more failed recoveries.";
        memory: u32 = integer(2, 100_000, 50),
            "Tries that a record remembers; older ones fade. Fewer: follows change, judges by chance.";
    }
}

impl LadderConfiguration {
    /// Recoveries of this kind that one agent may have within the window; isolating is never refused.
    pub fn limit(&self, rung: Rung) -> u32 {
        match rung {
            Rung::Retry => self.retry_limit,
            Rung::Restart => self.restart_limit,
            Rung::Restore => self.restore_limit,
            Rung::Relocate => self.relocate_limit,
            Rung::Rebuild => self.rebuild_limit,
            Rung::Isolate => u32::MAX,
        }
    }

    /// How long an agent is fenced off the `times`-th time, counted from 1 (the pauses of Kubernetes' `CrashLoopBackOff`: 10 s, doubled up to 5 min).
    pub fn isolated_for(&self, times: u32) -> Duration {
        let doubled = 1u64.checked_shl(times.saturating_sub(1)).unwrap_or(u64::MAX);
        self.isolation_first.saturating_mul(doubled).min(self.isolation)
    }

    /// Parameters that do not go together.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.isolation < self.isolation_first {
            conflicts.push(Conflict {
                names: ["ladder.isolation", "ladder.isolation_first"],
                message: format!(
                    "ladder.isolation ({}) must be at least ladder.isolation_first ({})",
                    self.isolation, self.isolation_first
                ),
            });
        }
        if self.memory < self.skip_tries {
            conflicts.push(Conflict {
                names: ["ladder.memory", "ladder.skip_tries"],
                message: format!(
                    "ladder.memory ({}) must be at least ladder.skip_tries ({}), or no record is ever judged",
                    self.memory, self.skip_tries
                ),
            });
        }
        conflicts
    }
}

/// What a recovery could stand on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// The node still runs, so that the agent can be retried or restarted where it is.
    pub node: bool,
    /// There is an intact checkpoint of the agent within reach.
    pub checkpoint: bool,
    /// There is another node with room.
    pub elsewhere: bool,
    /// A holder has a copy of the agent's state, or another replica can give its own.
    pub replica: bool,
}

/// All agents' way up the ladder.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    agents: BTreeMap<AgentId, Climb>,
    statistics: Statistics,
}

/// One agent's way.
#[derive(Clone, Debug, Default)]
struct Climb {
    /// Recoveries within the window, oldest first.
    tried: Vec<(Instant, Rung)>,
    episode: Option<Episode>,
    /// The episode as it was before the last decision.
    before: Option<Episode>,
    isolated: bool,
}

/// From a failure to its verified recovery.
#[derive(Clone, Copy, Debug)]
struct Episode {
    /// Why it failed in the first place.
    cause: Cause,
    /// What is being tried.
    rung: Rung,
    /// Whether that is the first recovery of the episode.
    first: bool,
    /// Whether its failure is in the statistics already.
    told: bool,
}

impl Ladder {
    /// The recovery to try now that `agent` has failed for `cause`, or that the one before has not been verified.
    ///
    /// While an episode lasts, the cause with which it began decides where the agent stands; [`Cause::Unverified`] is for
    /// those who know no better.
    pub fn decide(
        &mut self,
        configuration: &LadderConfiguration,
        agent: AgentId,
        cause: Cause,
        available: Available,
        now: Instant,
    ) -> Rung {
        if !configuration.enabled {
            return Rung::Restart;
        }
        self.end_unverified(configuration, agent);
        let climb = self.agents.entry(agent).or_default();
        if climb.isolated {
            return Rung::Isolate;
        }
        climb.tried.retain(|(at, _)| now.saturating_since(*at) <= configuration.window);
        let (cause, above) = match climb.episode {
            Some(episode) => (cause::worse_of(episode.cause, cause), Some(episode.rung)),
            None => (cause, None),
        };
        let mut chosen = Rung::Isolate;
        for rung in rungs(cause).iter().copied().filter(|rung| above.is_none_or(|above| *rung > above)) {
            let used = climb.tried.iter().filter(|(_, tried)| *tried == rung).count();
            let left = used < configuration.limit(rung) as usize;
            if possible(rung, available) && left && self.statistics.recommends(configuration, cause, rung) {
                chosen = rung;
                break;
            }
        }
        climb.tried.push((now, chosen));
        climb.before = climb.episode.replace(Episode { cause, rung: chosen, first: above.is_none(), told: false });
        climb.isolated = chosen == Rung::Isolate;
        chosen
    }

    /// `agent` was moved here because nothing helped it where it was: its episode goes on, and the move is what is being tried.
    pub fn arrived(&mut self, agent: AgentId, now: Instant) {
        let climb = self.agents.entry(agent).or_default();
        climb.tried.push((now, Rung::Relocate));
        // The node that has decided on the move keeps the record of it.
        climb.episode = Some(Episode { cause: Cause::Unverified, rung: Rung::Relocate, first: false, told: false });
    }

    /// The recovery of `agent` was verified. The rung and cause that did it, unless there was none under way.
    pub fn verified(&mut self, configuration: &LadderConfiguration, agent: AgentId) -> Option<(Cause, Rung)> {
        let episode = self.agents.get_mut(&agent)?.episode.take_if(|episode| episode.rung != Rung::Isolate)?;
        self.statistics.tell(configuration, episode.cause, episode.rung, episode.first, true);
        Some((episode.cause, episode.rung))
    }

    /// The last decision was not carried out (the guard refused it): it is taken back as if it had not been made, and can be
    /// asked for again.
    pub fn withdraw(&mut self, agent: AgentId) {
        let Some(climb) = self.agents.get_mut(&agent).filter(|climb| climb.episode.is_some_and(|episode| !episode.told)) else {
            return;
        };
        climb.tried.pop();
        climb.episode = climb.before.take();
        climb.isolated = false;
    }

    /// The recovery under way, if any.
    pub fn under_way(&self, agent: AgentId) -> Option<(Cause, Rung)> {
        self.agents.get(&agent)?.episode.map(|episode| (episode.cause, episode.rung))
    }

    /// Whether the agent was fenced off.
    pub fn isolated(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|climb| climb.isolated)
    }

    /// An operator gives the agent a new beginning; its past is forgotten, the statistics are not.
    pub fn release(&mut self, agent: AgentId) {
        self.agents.remove(&agent);
    }

    /// What has helped against what.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn end_unverified(&mut self, configuration: &LadderConfiguration, agent: AgentId) {
        let Some(climb) = self.agents.get_mut(&agent).filter(|climb| !climb.isolated) else { return };
        let Some(episode) = climb.episode.as_mut().filter(|episode| !episode.told) else { return };
        episode.told = true;
        self.statistics.tell(configuration, episode.cause, episode.rung, episode.first, false);
    }
}
