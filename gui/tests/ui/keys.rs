//! Keys and the palette: every action is found by its name, and its keys do what its name says.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use hms_gui::command::Command;
use hms_gui::palette::actions;
use hms_gui::panels::Panel;

use crate::bench::{SCENARIO, bench, bench_with, ran, until};

const DIGITS: [Key; 9] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

#[test]
fn each_panel_has_a_digit_that_brings_it_to_the_front() {
    let mut bench = bench();
    let shows = [
        (Panel::Live, "Nothing runs."),
        (Panel::Compare, "No run to compare."),
        (Panel::Scorecard, "holds what is measured against what is promised"),
        (Panel::Evolution, "No search is open."),
        (Panel::History, "No run yet."),
    ];
    for (panel, text) in shows {
        let place = Panel::ALL.iter().position(|known| *known == panel).unwrap();
        bench.key_press_modifiers(Modifiers::COMMAND, DIGITS[place]);
        bench.run_steps(4);
        assert!(bench.get_all_by_label_contains(text).next().is_some(), "{panel:?}");
    }
}

#[test]
fn keys_run_pause_and_cancel() {
    let long = SCENARIO.replace("duration = \"10s\"", "duration = \"2h\"");
    let mut bench = bench_with(hms_gui::app::Options::default(), &long);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    until(&mut bench, "the run", |app| app.view.live.is_some());
    bench.key_press_modifiers(Modifiers::COMMAND, Key::P);
    until(&mut bench, "the pause", |app| app.view.live.as_ref().is_some_and(|live| live.paused));
    bench.key_press_modifiers(Modifiers::COMMAND, Key::Period);
    until(&mut bench, "the end", |app| app.view.live.is_none() && !app.is_busy());
    assert!(bench.state().view.runs.is_empty());
}

#[test]
fn keys_step_through_events() {
    let mut bench = ran(Panel::Travel);
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(5_000_000_000)));
    until(&mut bench, "the moment", |app| {
        app.view.moment.as_ref().is_some_and(|moment| moment.now.as_nanos() <= 5_000_000_000 && moment.events > 0)
    });
    let events = |bench: &crate::bench::Bench| bench.state().view.moment.as_ref().unwrap().events;
    let before = events(&bench);
    bench.key_press_modifiers(Modifiers::ALT, Key::ArrowRight);
    until(&mut bench, "the step", |app| app.view.moment.as_ref().unwrap().events == before + 1);
    bench.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    until(&mut bench, "the step back", |app| app.view.moment.as_ref().unwrap().events == before);
}

#[test]
fn the_palette_is_walked_by_arrows_and_left_by_escape() {
    let mut bench = bench();
    bench.run_steps(2);
    bench.key_press_modifiers(Modifiers::COMMAND, Key::K);
    bench.run_steps(3);
    bench.get_by_label("Find a command").type_text("show ");
    bench.run_steps(3);
    // Panels are listed in their order.
    for _ in 0..Panel::ALL.iter().position(|panel| *panel == Panel::Compare).unwrap() {
        bench.key_press(Key::ArrowDown);
        bench.run_steps(2);
    }
    bench.key_press(Key::Enter);
    bench.run_steps(4);
    assert!(bench.query_by_label("Find a command").is_none());
    bench.get_by_label_contains("No run to compare.");
    bench.key_press_modifiers(Modifiers::COMMAND, Key::K);
    bench.run_steps(3);
    bench.key_press(Key::Escape);
    bench.run_steps(3);
    assert!(bench.query_by_label("Find a command").is_none());
}

#[test]
fn the_palette_lists_every_action() {
    let mut bench = bench();
    bench.run_steps(2);
    for action in actions(&bench.state().view) {
        bench.state_mut().want(Command::TogglePalette);
        bench.run_steps(2);
        bench.get_by_label("Find a command").type_text(&action.name);
        bench.run_steps(3);
        assert!(bench.get_all_by_label(&action.name).next().is_some(), "{}", action.name);
        bench.state_mut().want(Command::TogglePalette);
        bench.run_steps(1);
    }
}
