use std::fmt::Write;

use hms_machine::Duration;
use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Without jitter, so that pauses are round.
fn configuration() -> SupervisorConfiguration {
    SupervisorConfiguration { jitter: 0.0, ..SupervisorConfiguration::default() }
}

/// An agent that runs since 0.
fn running() -> Lifecycle {
    let mut agent = Lifecycle::started(&configuration(), at(0));
    assert!(!agent.ready(&configuration(), at(0)), "the first start repairs nothing");
    agent
}

/// An agent that has ended once and is ready again at 1000.
fn verifying() -> Lifecycle {
    let mut agent = running();
    assert!(agent.exited(&configuration(), at(900)));
    assert!(agent.restart(&configuration(), at(900), 0.0));
    assert_eq!(agent.advise(&configuration(), at(1000)), Advice::Restart { attempt: 1 });
    assert!(agent.ready(&configuration(), at(1000)));
    agent
}

#[test]
fn an_agent_that_ends_is_restarted_after_the_pause_and_recovers_when_it_works() {
    let configuration = configuration();
    let mut agent = running();
    assert!(agent.exited(&configuration, at(20)));
    assert_eq!(agent.deadline(), None, "it stays down until somebody decides");
    assert!(agent.restart(&configuration, at(20), 0.0));
    assert_eq!(agent.advise(&configuration, at(119)), Advice::Nothing);
    assert_eq!(agent.advise(&configuration, at(120)), Advice::Restart { attempt: 1 });
    assert!(agent.ready(&configuration, at(200)));
    assert!(!agent.worked(&configuration, at(201)) && !agent.worked(&configuration, at(202)));
    assert!(agent.worked(&configuration, at(203)));
    assert!(matches!(agent.state(), State::Running(_)));
}

#[test]
fn as6_an_agent_whose_illness_may_not_be_over_proves_itself_after_its_first_start_as_well() {
    let mut agent = Lifecycle::started(&configuration(), at(0));
    agent.must_prove();
    assert!(agent.ready(&configuration(), at(10)) && agent.on_trial() && !agent.admitted());
}

#[test]
fn as6_a_recovery_that_is_ready_but_does_not_work_fails_in_time_and_a_work_probe_alone_proves_it() {
    let configuration = configuration();
    let mut idle = verifying();
    assert_eq!(idle.deadline(), Some(at(1000) + configuration.verify_timeout));
    assert!(idle.on_trial() && !idle.admitted());
    let mut probed = idle.clone();
    assert_eq!(idle.advise(&configuration, at(4000)), Advice::Stop);
    assert!(!idle.exited(&configuration, at(4001)));
    assert_eq!(idle.state(), State::Failed);
    assert!(probed.proven(&configuration, at(1100)));
    assert!(probed.admitted() && !probed.on_trial());
    assert_eq!(probed.advise(&configuration, at(1350)), Advice::Probe);
}

#[test]
fn an_error_begins_the_proof_again() {
    let configuration = configuration();
    let mut agent = verifying();
    agent.worked(&configuration, at(1001));
    agent.worked(&configuration, at(1002));
    agent.erred();
    assert!(!agent.worked(&configuration, at(1003)));
}

#[test]
fn a_stuck_agent_is_stopped_after_the_stated_number_of_unanswered_probes() {
    let configuration = configuration();
    let mut agent = running();
    let mut advice = Vec::new();
    while let Some(deadline) = agent.deadline() {
        advice.push(agent.advise(&configuration, deadline));
    }
    assert_eq!(advice, [Advice::Probe, Advice::Probe, Advice::Probe, Advice::Stop]);
    assert!(!agent.exited(&configuration, at(1001)), "the end of a process that was stopped is not a second failure");
}

#[test]
fn an_answered_probe_keeps_the_agent_running() {
    let configuration = configuration();
    let mut agent = running();
    for _ in 0..100 {
        let deadline = agent.deadline().expect("running agents are probed");
        assert_eq!(agent.advise(&configuration, deadline), Advice::Probe);
        agent.answered();
    }
}

#[test]
fn the_pause_doubles_up_to_its_maximum_and_a_clean_run_resets_it() {
    let configuration = configuration();
    let mut agent = running();
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        agent.exited(&configuration, now);
        agent.restart(&configuration, now, 0.0);
        let until = agent.deadline().expect("waiting");
        pauses.push(until.saturating_since(now).as_nanos() / 1_000_000);
        assert!(matches!(agent.advise(&configuration, until), Advice::Restart { .. }));
        agent.ready(&configuration, until);
        agent.proven(&configuration, until);
        now = until + Duration::from_millis(1);
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    now += configuration.clean_run;
    agent.exited(&configuration, now);
    agent.restart(&configuration, now, 0.0);
    assert_eq!(agent.deadline(), Some(now + configuration.backoff));
}

#[test]
fn a_relocation_ends_here_when_it_has_worked_and_fails_when_nobody_says_so() {
    let configuration = configuration();
    let mut agent = running();
    agent.exited(&configuration, at(10));
    assert!(agent.relocate(at(500)));
    let mut lost = agent.clone();
    agent.relocated();
    assert_eq!((agent.state(), agent.deadline()), (State::Ended, None));
    assert_eq!(lost.advise(&configuration, at(500)), Advice::Decide);
    assert_eq!(lost.state(), State::Failed);
}

#[test]
fn an_isolated_agent_is_not_started_until_it_is_registered_again() {
    let configuration = configuration();
    let mut agent = running();
    assert_eq!(agent.isolate(), Advice::Stop);
    assert_eq!(agent.stop(Then::Ended), Advice::Nothing, "a weaker order does not lift the fence");
    agent.exited(&configuration, at(10));
    assert!(!agent.start(&configuration, at(20)) && !agent.restart(&configuration, at(20), 0.0));
    assert_eq!(agent.state(), State::Isolated);
    agent.register();
    assert!(agent.start(&configuration, at(30)));
}

type Act = fn(&mut Lifecycle, &SupervisorConfiguration, Instant) -> String;

/// Every input, and what it answers.
const INPUTS: [(&str, Act); 16] = [
    ("start", |agent, configuration, now| agent.start(configuration, now).to_string()),
    ("ready", |agent, configuration, now| agent.ready(configuration, now).to_string()),
    ("worked", |agent, configuration, now| agent.worked(configuration, now).to_string()),
    ("proven", |agent, configuration, now| agent.proven(configuration, now).to_string()),
    ("erred", |agent, _, _| format!("{:?}", agent.erred())),
    ("answered", |agent, _, _| format!("{:?}", agent.answered())),
    ("judged degraded", |agent, _, _| format!("{:?}", agent.judged(true))),
    ("judged well", |agent, _, _| format!("{:?}", agent.judged(false))),
    ("exited", |agent, configuration, now| agent.exited(configuration, now).to_string()),
    ("restart", |agent, configuration, now| agent.restart(configuration, now, 0.0).to_string()),
    ("relocate", |agent, _, now| agent.relocate(now + Duration::from_secs(5)).to_string()),
    ("relocated", |agent, _, _| format!("{:?}", agent.relocated())),
    ("stop", |agent, _, _| format!("{:?}", agent.stop(Then::Ended))),
    ("isolate", |agent, _, _| format!("{:?}", agent.isolate())),
    ("register", |agent, _, _| format!("{:?}", agent.register())),
    ("timeout", |agent, configuration, now| format!("{:?}", agent.advise(configuration, now))),
];

fn name(state: State) -> &'static str {
    match state {
        State::Registered => "registered",
        State::Starting { .. } => "starting",
        State::Verifying { .. } => "verifying",
        State::Running(_) => "running",
        State::Degraded(_) => "degraded",
        State::Stopping { then: Then::Failed } => "stopping, failed",
        State::Stopping { then: Then::Ended } => "stopping, ended",
        State::Stopping { then: Then::Isolated } => "stopping, isolated",
        State::Failed => "failed",
        State::Waiting { .. } => "waiting",
        State::Relocating { .. } => "relocating",
        State::Isolated => "isolated",
        State::Ended => "ended",
    }
}

/// An agent in each state, reached by its inputs alone.
fn each_state() -> Vec<Lifecycle> {
    let after = |agent: &Lifecycle, acts: &[usize]| {
        let mut agent = agent.clone();
        acts.iter().for_each(|input| {
            INPUTS[*input].1(&mut agent, &configuration(), at(2000));
        });
        agent
    };
    let (registered, running, verifying) = (Lifecycle::registered(), running(), verifying());
    let stuck = {
        let mut agent = running.clone();
        (0..4).for_each(|_| {
            agent.advise(&configuration(), agent.deadline().expect("probed"));
        });
        agent
    };
    vec![
        registered.clone(),
        after(&registered, &[0]),
        verifying,
        running.clone(),
        after(&running, &[6]),
        stuck,
        after(&running, &[12]),
        after(&running, &[13]),
        after(&running, &[8]),
        after(&running, &[8, 9]),
        after(&running, &[8, 10]),
        after(&running, &[13, 8]),
        after(&running, &[12, 8]),
    ]
}

#[test]
fn the_table_of_states_and_inputs() {
    let mut table = String::new();
    for agent in each_state() {
        writeln!(table, "{}", name(agent.state())).expect("strings take everything");
        for (input, act) in INPUTS {
            let mut after = agent.clone();
            // Late enough that every deadline is due.
            let answer = act(&mut after, &configuration(), at(100_000));
            if name(after.state()) != name(agent.state()) || !matches!(answer.as_str(), "()" | "false" | "Nothing") {
                let answer = if answer == "()" { "" } else { &answer };
                let line = format!("    {input:16} -> {:20} {answer}", name(after.state()));
                writeln!(table, "{}", line.trim_end()).expect("strings take everything");
            }
        }
    }
    insta::assert_snapshot!(table);
}

proptest! {
    #[test]
    fn whatever_happens_an_isolated_agent_has_no_process_and_a_deadline_that_was_served_moves(
        inputs in prop::collection::vec((0usize..INPUTS.len(), 0u64..5000), 0..60),
    ) {
        let configuration = configuration();
        let (mut agent, mut now) = (Lifecycle::started(&configuration, at(0)), at(0));
        for (input, later) in inputs {
            now += Duration::from_millis(later);
            let isolated = agent.state() == State::Isolated;
            INPUTS[input].1(&mut agent, &configuration, now);
            if isolated && INPUTS[input].0 != "register" {
                prop_assert_eq!(agent.state(), State::Isolated);
            }
            if let Some(deadline) = agent.deadline().filter(|deadline| *deadline <= now) {
                agent.advise(&configuration, now);
                prop_assert_ne!(agent.deadline(), Some(deadline));
            }
        }
    }
}
