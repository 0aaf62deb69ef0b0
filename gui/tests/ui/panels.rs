//! Each panel, clicked through by accessibility label.

use egui_kittest::kittest::{NodeT, Queryable};
use hms_gui::command::Command;
use hms_gui::panels::Panel;
use hms_gui::view::run::Led;
use hms_gui::worker::TRAVELS_MAX;

use crate::bench::{bench, ran, until};

#[test]
fn launch_runs_what_is_drafted_and_recovery_shows_its_figures() {
    let mut bench = bench();
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.get_by_label("Run").click();
    bench.step();
    until(&mut bench, "the run", |app| !app.view.runs.is_empty());
    let run = bench.state().view.run().unwrap();
    assert_eq!(run.chronicle.inputs.scenario().name, "small");
    assert_eq!(run.chronicle.episodes.len(), 2);
    bench.get_by_label("Recovery").click();
    bench.run_steps(4);
    bench.get_by_label("availability");
    bench.get_by_label_contains("agent crash");
}

#[test]
fn launch_shows_the_form_and_a_switch_in_it_changes_the_text() {
    let mut bench = bench();
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.get_by_label("Stack: form").click();
    bench.run_steps(4);
    bench.get_by_label("health").click();
    bench.run_steps(20);
    bench.get_by_role_and_label(egui::accesskit::Role::CheckBox, "pause_guard").click_accesskit();
    bench.run_steps(4);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    let drafts = &bench.state().view.drafts;
    assert!(drafts.stack.text.contains("pause_guard = false"), "{}", drafts.stack.text);
    assert!(!drafts.inputs.as_ref().unwrap().stack().health.pause_guard);
}

#[test]
fn launch_offers_scenarios_and_stacks_of_the_repository_without_a_dialog() {
    let mut bench = bench();
    let scenario = &mut bench.state_mut().view.drafts.scenario;
    scenario.saved = scenario.text.clone();
    until(&mut bench, "what is near", |app| !app.view.scenarios.is_empty() && !app.is_busy());
    for (menu, entry) in [("Choose a scenario", "quickstart"), ("Choose a stack", "envoy")] {
        bench.get_by_label(menu).click_accesskit();
        bench.run_steps(4);
        bench.get_by_label(entry).click_accesskit();
        bench.run_steps(4);
    }
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    let drafts = &bench.state().view.drafts;
    let name = |path: &Option<std::path::PathBuf>| path.as_ref().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!((name(&drafts.scenario.path), name(&drafts.stack.path)), ("quickstart.toml".to_owned(), "envoy.toml".to_owned()));
    assert!(drafts.command_line().unwrap().contains("--stack"));
}

#[test]
fn live_run_can_be_watched_slowly_paused_and_cancelled() {
    let mut bench = bench();
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    // A run flat out ends before anybody looks.
    bench.state_mut().want(Command::Focus(Panel::Live));
    bench.run_steps(2);
    bench.get_by_label("0.1 x real time").click();
    bench.run_steps(2);
    bench.state_mut().want(Command::Run);
    until(&mut bench, "something to watch", |app| app.view.live.as_ref().is_some_and(|live| live.speed.is_some()));
    bench.get_all_by_label("Pause").next().unwrap().click();
    until(&mut bench, "the pause", |app| app.view.live.as_ref().is_some_and(|live| live.paused));
    let now = bench.state().view.live.as_ref().unwrap().now;
    bench.run_steps(10);
    assert_eq!(bench.state().view.live.as_ref().unwrap().now, now);
    bench.get_by_label("1 x real time").click();
    bench.run_steps(2);
    bench.get_all_by_label("Go on").next().unwrap().click();
    let at = |speed| move |app: &hms_gui::app::App| app.view.live.as_ref().is_some_and(|live| live.speed == Some(speed));
    until(&mut bench, "the other speed", at(1.0));
    bench.get_all_by_label("Cancel").next().unwrap().click();
    until(&mut bench, "the end", |app| app.view.live.is_none());
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the next run", at(1.0));
    bench.get_all_by_label("Cancel").next().unwrap().click();
    until(&mut bench, "the end of that", |app| app.view.live.is_none());
    assert!(bench.state().view.runs.is_empty());
    assert!(bench.state().view.messages.iter().any(|message| message.text.contains("Stopped at")));
}

#[test]
fn timeline_tells_the_chain_of_a_chosen_incident() {
    let mut bench = ran(Panel::Timeline);
    bench.get_by_label("Swim lanes");
    // The rule of this name can be left out of a fork: that is a box to tick.
    let incident =
        bench.get_all_by_label("a replica dies").find(|node| node.accesskit_node().role() != egui::accesskit::Role::CheckBox);
    incident.unwrap().click();
    bench.run_steps(4);
    assert_eq!(bench.state().view.incident, Some(0));
    bench.get_by_label_contains("first notice");
    assert!(bench.get_all_by_label_contains("verified:").next().is_some());
    let action = bench.get_all_by_label_contains("action:").next().unwrap();
    action.click_accesskit();
    bench.run_steps(4);
    assert!(bench.state().view.instant.as_secs_f64() > 3.0);
}

#[test]
fn time_travel_shows_a_belief_beside_the_truth_and_steps_event_by_event() {
    let mut bench = ran(Panel::Travel);
    bench.state_mut().want(Command::SelectNode(Some(hms_lab::machine::NodeId(1))));
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(6_900_000_000)));
    until(&mut bench, "the moment", |app| {
        app.view.moment.as_ref().is_some_and(|moment| moment.now.as_nanos() == 6_900_000_000 && moment.beliefs.is_some())
    });
    bench.get_by_label("up, out of reach");
    bench.get_by_label("suspected, rightly");
    let events = bench.state().view.moment.as_ref().unwrap().events;
    bench.get_by_label("Event on").click();
    until(&mut bench, "the step", |app| app.view.moment.as_ref().is_some_and(|moment| moment.events == events + 1));
    bench.get_by_label("Event back").click();
    until(&mut bench, "the step back", |app| app.view.moment.as_ref().is_some_and(|moment| moment.events == events));
}

#[test]
fn a_fork_lives_another_future_and_compare_says_where_they_part() {
    let mut bench = ran(Panel::Travel);
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(4_000_000_000)));
    bench.run_steps(4);
    bench.get_by_label("a host is cut off").click_accesskit();
    bench.run_steps(3);
    // Slow enough to be seen on its way.
    bench.state_mut().want(Command::Speed(Some(1.0)));
    bench.get_by_label("Fork here").click_accesskit();
    bench.run_steps(2);
    until(&mut bench, "the fork on its way", |app| app.view.live.as_ref().is_some_and(|live| live.speed == Some(1.0)));
    bench.state_mut().want(Command::Speed(None));
    until(&mut bench, "the fork", |app| app.view.runs.len() == 2 && !app.is_busy());
    let runs = &bench.state().view.runs;
    assert_eq!((runs[0].chronicle.episodes.len(), runs[1].chronicle.episodes.len()), (2, 1));
    bench.state_mut().want(Command::Focus(Panel::Compare));
    until(&mut bench, "the comparison", |app| app.view.comparison.is_some());
    bench.get_by_label_contains("They part at 5s");
    bench.get_by_label_contains("Of one world");
    bench.get_by_label_contains("Beware: the scenarios called small are not the same text.");
    bench.get_by_label("Every objective").click_accesskit();
    until(&mut bench, "the rest", |app| app.view.comparison.as_ref().is_some_and(|held| held.question.every));
}

#[test]
fn the_scorecard_is_measured_and_shown() {
    let mut bench = ran(Panel::Scorecard);
    bench.state_mut().want(Command::Measure(2));
    until(&mut bench, "the scorecard", |app| app.view.scorecard.is_some());
    bench.get_by_label("HM-S2");
}

#[test]
fn the_palette_finds_a_command_by_words() {
    let mut bench = bench();
    bench.run_steps(2);
    bench.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    bench.run_steps(3);
    bench.get_by_label("Find a command").type_text("back panels");
    bench.run_steps(3);
    bench.get_by_label("Put panels back").click();
    bench.run_steps(3);
    assert!(bench.query_by_label("Find a command").is_none());
}

#[test]
fn light_and_dark_are_told_by_keys() {
    let mut bench = bench();
    bench.run_steps(2);
    bench.get_by_label("Light");
    bench.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::D);
    bench.run_steps(3);
    bench.get_by_label("Dark");
}

#[test]
fn before_a_fork_there_is_its_truth_but_no_world() {
    let mut bench = ran(Panel::Travel);
    let at = |seconds: u64| hms_lab::machine::Instant::from_nanos(seconds * 1_000_000_000);
    bench.state_mut().want(Command::Seek(at(4)));
    bench.state_mut().want(Command::Fork { scenario: None, stack: None });
    until(&mut bench, "the fork", |app| app.view.runs.len() == 2 && !app.is_busy());
    bench.state_mut().want(Command::Seek(at(3)));
    bench.run_steps(4);
    assert_eq!((bench.state().view.instant, bench.state().view.moment.is_none()), (at(3), true));
    bench.get_by_label("before the fork");
    for command in [Command::Step(-1), Command::Fork { scenario: None, stack: None }] {
        bench.state_mut().view.messages.clear();
        bench.state_mut().want(command);
        assert!(bench.state().view.messages[0].text.contains("lies before the fork"));
    }
    bench.state_mut().want(Command::Seek(at(4)));
    until(&mut bench, "the fork's first world", |app| app.view.moment.as_ref().is_some_and(|moment| moment.now == at(4)));
    bench.state_mut().want(Command::Step(-1));
    until(&mut bench, "the step", |app| app.view.moment.as_ref().is_some_and(|moment| moment.led == Led::Stepped(None)));
    assert_eq!(bench.state().view.instant, at(4));
}

#[test]
fn of_many_replicates_none_keeps_its_worlds() {
    let mut bench = bench();
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.state_mut().want(Command::Replicates(TRAVELS_MAX + 1));
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the runs", |app| app.view.runs.len() > TRAVELS_MAX as usize && !app.is_busy());
    bench.state_mut().want(Command::Step(1));
    assert!(bench.state().view.messages.back().unwrap().text.contains("press Restore"));
    bench.state_mut().want(Command::Restore);
    until(&mut bench, "the worlds", |app| app.view.moment.is_some());
}
