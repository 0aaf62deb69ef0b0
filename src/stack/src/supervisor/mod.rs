//! Supervision of agents: what has failed is started again, brought back from its state, moved, or fenced off.
//!
//! Everything here is a policy: `now` and facts go in, decisions come out, deadlines can be asked for; nothing sends, starts or
//! draws by itself.
//!
//! | module | decides |
//! |---|---|
//! | [`tree`] | which children of a supervisor start and stop when one of them ends, and when the supervisor itself gives up (OTP) |
//! | [`lifecycle`] | in which state one agent is, and when it is probed, stopped, started |
//! | [`backoff`] | how long to wait before a restart |
//! | [`ladder`] | which recovery to try for a cause, and which after it |
//! | [`guard`], [`starts`] | whether a recovery may go on now, and which starts may |
//! | [`quarantine`] | which requests are not let in again, because agents die of them |
//! | [`placement`] | where an agent goes, and who holds a copy of its state |
//! | [`state`] | when to checkpoint and ship state, and from what to restore it |
//! | [`leadership`] | which node decides for the cluster |

pub mod backoff;
pub mod guard;
pub mod ladder;
pub mod leadership;
pub mod lifecycle;
pub mod placement;
pub mod presets;
pub mod quarantine;
pub mod starts;
pub mod state;
pub mod tree;

use hms_machine::Duration;

use self::backoff::BackoffRule;
use self::tree::{Restart, Strategy};
use crate::configuration::Conflict;
use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of the restarting supervisor.
    pub struct SupervisorConfiguration("supervisor") {
        enabled: bool = switch(true),
            "Starts agents again that have ended or are stuck; off: agents are started once, at boot.";
        strategy: Strategy = choice(Strategy::NAMES, Strategy::OneForOne.name()),
            "Which siblings a supervisor restarts with a child that ended: none, all, or those started after it.";
        intensity: u32 = integer(0, 1_000_000, 5),
            "Restarts within the period that a supervisor makes before it gives up and its parent decides. Fewer: faster escalation.";
        period: Duration = duration(ms(1), hours(1), secs(30)),
            "Time over which restarts are counted against the intensity. Longer: slow crash loops are noticed too.";
        restart: Restart = choice(Restart::NAMES, Restart::Permanent.name()),
            "Which ends of a child lead to its restart: every, only abnormal ones, or none.";
        shutdown: Duration = duration(ms(1), hours(1), secs(5)),
            "A child that has not ended this long after it was told to is killed.";
        backoff: Duration = duration(ms(1), mins(1), ms(100)),
            "Pause before the first restart of an agent. Longer: slower recovery, gentler on what the agent needs.";
        backoff_factor: f64 = real(1.0, 10.0, 2.0),
            "Growth of the pause from restart to restart.";
        backoff_max: Duration = duration(ms(1), hours(1), secs(10)),
            "Longest pause before a restart, before jitter.";
        jitter: f64 = real(0.0, 1.0, 0.2),
            "Stretches each pause by chance by up to this share, so that agents which ended together do not start together.";
        clean_run: Duration = duration(ms(100), hours(1), secs(30)),
            "An agent that ran this long starts again with the shortest pause.";
        start_timeout: Duration = duration(ms(100), hours(24), mins(1)),
            "An agent that is not ready this long after its start is stopped and started again.";
        verify_timeout: Duration = duration(ms(10), hours(1), secs(3)),
            "A restarted agent must prove itself by real work this soon after it is ready, or the recovery has failed.";
        disk_patience: Duration = duration(ms(0), hours(1), secs(3)),
            "A slow or failing disk is watched for so long before its agents are moved: what is over by then takes none down. Longer: fewer needless moves, later recoveries.";
        verify_successes: u32 = integer(1, 1000, 3),
            "Answered requests that prove a recovery; a passed work probe proves it alone. More: surer, but idle agents need the probe.";
        probe_every: Duration = duration(ms(10), hours(1), ms(250)),
            "Time between two liveness probes of an agent. Shorter: stuck agents are found sooner, more CPU.";
        probe_failures: u32 = integer(1, 20, 3),
            "That many probes in a row without an answer make an agent count as stuck. Fewer: faster, more needless restarts.";
        leak_share: f64 = real(0.0, 1.0, 0.8),
            "An agent that will use its memory or handles up is restarted once it has used this share of them. Lower: more room, more restarts.";
        leader_stable: Duration = duration(ms(1), mins(10), ms(500)),
            "A node must have looked like the leader for this long before it acts as one. Shorter: faster relocation, more rival leaders.";
        leader_votes: bool = switch(true),
            "A leader decides only while more than half of the hosts, or the half with the first, say that they follow it; off: both sides of a partition decide.";
    }
}

impl SupervisorConfiguration {
    /// How pauses between restarts grow.
    pub fn backoff_rule(&self) -> BackoffRule {
        BackoffRule {
            first: self.backoff,
            factor: self.backoff_factor,
            max: self.backoff_max,
            jitter: self.jitter,
            clean_run: self.clean_run,
        }
    }

    /// Parameters that do not go together.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.backoff_max < self.backoff {
            conflicts.push(Conflict {
                names: ["supervisor.backoff_max", "supervisor.backoff"],
                message: format!(
                    "supervisor.backoff_max ({}) must be at least supervisor.backoff ({})",
                    self.backoff_max, self.backoff
                ),
            });
        }
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::Duration;

    use crate::Configuration;

    #[test]
    fn each_pair_of_parameters_that_do_not_go_together_is_told() {
        type Spoil = fn(&mut Configuration);
        let cases: [(Spoil, [&str; 2]); 5] = [
            (|all| all.supervisor.backoff_max = Duration::from_millis(99), ["supervisor.backoff_max", "supervisor.backoff"]),
            (|all| all.ladder.isolation = Duration::from_secs(9), ["ladder.isolation", "ladder.isolation_first"]),
            (|all| all.ladder.memory = 4, ["ladder.memory", "ladder.skip_tries"]),
            (|all| all.guard.patience = all.guard.recovery_timeout, ["guard.patience", "guard.recovery_timeout"]),
            (|all| all.state.ship_every = Duration::from_secs(31), ["state.ship_every", "state.checkpoint_every"]),
        ];
        for (spoil, names) in cases {
            let mut configuration = Configuration::default();
            spoil(&mut configuration);
            let told: Vec<_> = configuration.conflicts().into_iter().map(|conflict| conflict.names).collect();
            assert_eq!(told, [names]);
        }
    }
}
