//! Another future: the same past, and from an instant on other faults or another configuration of the stack.

use std::sync::Arc;

use hms_machine::Instant;
use hms_scenario::model::Scenario;
use hms_sim::faults::{Schedule, ScheduledFault, Victims};
use hms_sim::kernel::RunError;
use hms_sim::world::Event;
use hms_stack::{Configuration, Node};
use hms_trial::ClusterSimulation;
use thiserror::Error;

use super::{Chronicle, Recording, Session};
use crate::inputs::{InputError, Inputs, Texts};

/// What is to be otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fork {
    /// The scenario's text with other faults. Everything else in it must say the same as before.
    pub scenario: Option<String>,
    /// Another configuration, taken by every node at that instant as by an operator's reload (see [`Node::reconfigure`]).
    pub stack: Option<Configuration>,
}

/// Why there is no such future.
#[derive(Debug, Error)]
pub enum ForkError {
    /// The scenario is wrong.
    #[error(transparent)]
    Inputs(#[from] InputError),
    /// More than faults was changed.
    #[error("a fork can change faults and the stack; {0} is the past's as well: leave it as it was, or start a new run")]
    World(&'static str),
    /// A fault would have begun already.
    #[error("`{name}` begins at {start}, and the fork at {now}: let it begin later")]
    Past {
        /// The fault.
        name: String,
        /// Its beginning.
        start: Instant,
        /// The fork's.
        now: Instant,
    },
    /// The run is itself a fork, and its worlds begin later.
    #[error(
        "the worlds of this run begin at {begin}, and {at} lies before: fork its original there, or this one from {begin} on"
    )]
    Before {
        /// Where the fork was to begin.
        at: Instant,
        /// Where the worlds begin.
        begin: Instant,
    },
    /// A fault concerns arrivals.
    #[error("`{0}` changes the arrival of requests, which is settled when a run begins: start a new run")]
    Arrivals(String),
    /// The past cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Session {
    /// A run that shares the past of this one, whose chronicle is given, up to `at`, and goes on as `fork` says.
    ///
    /// # Errors
    /// [`ForkError`].
    pub fn fork(&mut self, chronicle: &Chronicle, at: Instant, fork: &Fork) -> Result<Recording, ForkError> {
        let begin = self.begins();
        if at < begin {
            return Err(ForkError::Before { at, begin });
        }
        let inputs = changed(&self.inputs, fork)?;
        self.seek(at)?;
        let mut simulation = self.present().clone();
        let recorder = &mut simulation.model.recorder;
        recorder.trace = chronicle.trace[..self.rows()].to_vec();
        recorder.series = self.series_so_far().to_vec();
        if fork.scenario.is_some() {
            let future = inputs.trial().simulation().model.schedule;
            reschedule(&mut simulation, &future, at)?;
        }
        if let Some(stack) = fork.stack {
            simulation.model.reconfigure(Arc::new(stack), Node::reconfigure);
        }
        Ok(Recording::of(inputs, simulation))
    }
}

fn changed(inputs: &Inputs, fork: &Fork) -> Result<Inputs, ForkError> {
    let mut changed = inputs.clone();
    if let Some(text) = &fork.scenario {
        let texts = Texts { scenario: text.clone(), files: inputs.files().to_vec(), stack: inputs.stack_text().to_owned() };
        changed = Inputs::from_texts(texts, inputs.seed(), inputs.detail())?;
        same_world(inputs.scenario(), changed.scenario())?;
    }
    Ok(match fork.stack {
        Some(stack) => changed.with_stack(stack),
        None => changed,
    })
}

fn same_world(one: &Scenario, other: &Scenario) -> Result<(), ForkError> {
    let Scenario { name: _, description: _, run, cluster, network, services, loads, faults: _, swarm } = other;
    let parts = [
        ("the section `run`", *run == one.run),
        ("the cluster", *cluster == one.cluster),
        ("the network", *network == one.network),
        ("a service", *services == one.services),
        ("a load", *loads == one.loads),
        ("the swarm", *swarm == one.swarm),
    ];
    parts.iter().find(|(_, same)| !same).map_or(Ok(()), |(part, _)| Err(ForkError::World(part)))
}

/// Puts the faults of `future` that begin after `now` in the place of those that would have begun.
fn reschedule(simulation: &mut ClusterSimulation, future: &Schedule, now: Instant) -> Result<(), ForkError> {
    let mut schedule = Schedule::clone(&simulation.model.schedule);
    let same = |one: &ScheduledFault, other: &ScheduledFault| {
        (one.start, one.end, &one.kind, &one.victims) == (other.start, other.end, &other.kind, &other.victims)
    };
    let arrivals = |fault: &ScheduledFault| match fault.victims {
        Victims::Load(_) => Err(ForkError::Arrivals(fault.name.clone())),
        Victims::Nodes(_) | Victims::Agents(_) | Victims::Service(_) | Victims::Links { .. } | Victims::Cluster => Ok(()),
    };
    let mut fresh: Vec<&ScheduledFault> =
        future.faults.iter().filter(|fault| !schedule.faults.iter().any(|known| same(fault, known))).collect();
    fresh.sort_by_key(|fault| fault.start);
    for fault in &fresh {
        arrivals(fault)?;
        if fault.start <= now {
            return Err(ForkError::Past { name: fault.name.clone(), start: fault.start, now });
        }
    }
    for fault in schedule.faults.iter_mut().filter(|fault| fault.start > now) {
        if !future.faults.iter().any(|kept| same(fault, kept)) {
            arrivals(fault)?;
            // The world leaves out what lies ahead of the moment for which it was entered.
            fault.start = Instant::MAX;
        }
    }
    let first = schedule.faults.len();
    schedule.faults.extend(fresh.into_iter().cloned());
    let schedule = Schedule::of(schedule.faults);
    for fault in &schedule.faults[first..] {
        simulation.scheduler_mut().schedule_at(fault.start, Event::FaultBegins(fault.id));
    }
    simulation.model.schedule = Arc::new(schedule);
    Ok(())
}

#[cfg(test)]
mod tests {
    use hms_stack::Value;
    use hms_trial::TraceKind;

    use super::*;
    use crate::fixture;

    const AT: Instant = Instant::from_nanos(10_000_000_000);

    fn session() -> (Chronicle, Session) {
        Session::again(&fixture::inputs(1), 20, &mut |_, _| true).unwrap()
    }

    fn finished(mut recording: Recording) -> Chronicle {
        recording.advance(Instant::MAX, &mut || true).unwrap();
        recording.finish().0
    }

    fn fork(fork: &Fork) -> Result<Chronicle, ForkError> {
        let (chronicle, mut session) = session();
        session.fork(&chronicle, AT, fork).map(finished)
    }

    #[test]
    fn a_fork_that_changes_nothing_is_the_run_itself() {
        let (chronicle, mut session) = session();
        let again = Fork { scenario: Some(fixture::SCENARIO.to_owned()), stack: Some(*session.inputs().stack()) };
        let forked = finished(session.fork(&chronicle, AT, &again).unwrap());
        assert_eq!(forked.hash, chronicle.hash);
        assert!(forked.trace == chronicle.trace, "the trace");
        assert_eq!(forked.objectives, chronicle.objectives);
    }

    #[test]
    fn a_fault_that_is_added_strikes_and_one_that_is_taken_out_does_not() {
        let text = fixture::SCENARIO
            .replace("kind = \"agent_crash\"", "kind = \"crash\"\nfor = \"2s\"")
            .replace("target = { service = \"store\" }", "target = { node = 2 }");
        let forked = fork(&Fork { scenario: Some(text), stack: None }).unwrap();
        let began =
            |chronicle: &Chronicle| -> Vec<String> { chronicle.episodes.iter().map(|episode| episode.kind.clone()).collect() };
        let (original, _) = session();
        assert_eq!(began(&original), ["partition", "agent_crash"]);
        assert_eq!(began(&forked), ["partition", "crash"]);
        let down = |row: &&hms_trial::TraceRow| matches!(row.kind, TraceKind::NodeDown(node) if node.0 == 2);
        assert_eq!(forked.trace.iter().filter(down).count(), 1);
        let rows = original.trace.partition_point(|row| row.at <= AT);
        assert_eq!(forked.trace[..rows], original.trace[..rows]);
    }

    #[test]
    fn another_stack_acts_from_the_fork_on() {
        struct Off;
        impl hms_stack::Visitor for Off {
            fn visit(&mut self, tunable: &hms_stack::Tunable, value: &mut Value) {
                if tunable.name == "supervisor.enabled" {
                    *value = Value::Switch(false);
                }
            }
        }
        let mut stack = Configuration::default();
        stack.walk(&mut Off);
        let forked = fork(&Fork { scenario: None, stack: Some(stack) }).unwrap();
        let (original, _) = session();
        // The crash at 12 s is healed in the original alone.
        assert!(original.episodes[1].recovered.is_some());
        assert_eq!(forked.episodes[1].recovered, None);
        assert_eq!(forked.episodes[0], original.episodes[0]);
    }

    #[test]
    fn a_fork_has_no_worlds_before_its_beginning_and_says_so() {
        let (chronicle, mut session) = session();
        let mut recording = session.fork(&chronicle, AT, &Fork::default()).unwrap();
        recording.advance(Instant::MAX, &mut || true).unwrap();
        let (forked, mut session) = recording.finish();
        assert_eq!(session.begins(), AT);
        let early = Instant::from_nanos(AT.as_nanos() - 1);
        let refused = session.fork(&forked, early, &Fork::default()).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("fork its original there"), "{refused}");
        assert!(session.fork(&forked, AT, &Fork::default()).is_ok());
    }

    #[test]
    fn what_belongs_to_the_past_cannot_be_forked() {
        let with = |from: &str, to: &str| {
            fork(&Fork { scenario: Some(fixture::SCENARIO.replace(from, to)), stack: None }).map(|_| ()).unwrap_err().to_string()
        };
        assert!(with("nodes = 3", "nodes = 4").contains("the cluster"));
        assert!(with("arrivals = \"50/s\"", "arrivals = \"60/s\"").contains("a load"));
        assert!(with("at = \"12s\"", "at = \"9s\"").contains("let it begin later"));
        assert!(with("kind = \"agent_crash\"", "kind = \"agent_crush\"").contains("agent_crash"));
    }
}
