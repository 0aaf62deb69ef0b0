//! How configurations changed: told from run to run, from generation to generation, and beside a preset.

use egui_kittest::kittest::Queryable;
use hms_gui::command::{Command, Draft};
use hms_gui::panels::Panel;

use crate::bench::{bench, ran, searched, until};

#[test]
fn without_anything_it_says_what_it_would_show() {
    let mut bench = bench();
    bench.state_mut().want(Command::Focus(Panel::History));
    bench.run_steps(4);
    bench.get_by_label_contains("No run yet.");
    bench.get_by_label("From generation to generation").click();
    bench.run_steps(3);
    bench.get_by_label_contains("No search is open");
    bench.get_by_label("The run beside a preset").click();
    bench.run_steps(3);
    bench.get_by_label_contains("No run to hold beside a preset");
}

#[test]
fn a_run_is_told_by_what_it_has_otherwise_than_the_one_before() {
    let mut bench = ran(Panel::History);
    bench.get_by_label_contains("There is one run");
    bench.state_mut().want(Command::Edit(Draft::Stack, "version = 1\n[health]\nheartbeat = \"333ms\"\n".to_owned()));
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the run", |app| app.view.runs.len() == 2 && !app.is_busy());
    bench.state_mut().want(Command::Focus(Panel::History));
    bench.run_steps(4);
    bench.get_by_label("1 changes");
    bench.get_by_label("health.heartbeat");
    bench.get_by_label("333ms");
    bench.get_by_label("The run beside a preset").click();
    bench.run_steps(3);
    bench.get_by_label("run 2 beside default");
}

#[test]
fn a_fork_is_told_by_what_it_has_otherwise_than_its_original() {
    let mut bench = ran(Panel::History);
    let mut stack = *bench.state().view.run().unwrap().chronicle.inputs.stack();
    stack.health.enabled = false;
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(4_000_000_000)));
    bench.state_mut().want(Command::Fork { scenario: None, stack: Some(Box::new(stack)) });
    until(&mut bench, "the fork", |app| app.view.runs.len() == 2 && !app.is_busy());
    bench.state_mut().want(Command::Focus(Panel::History));
    bench.run_steps(4);
    bench.get_by_label("run 2, fork of run 1 at 4s");
    bench.get_by_label("health.enabled");
}

#[test]
fn the_best_of_each_generation_is_told_by_what_it_has_otherwise() {
    let (_guard, mut bench) = searched(Panel::History);
    bench.get_by_label("From generation to generation").click();
    bench.run_steps(4);
    bench.get_by_label("health.heartbeat of the best candidate");
    assert!(bench.get_all_by_label("generation 0").next().is_some());
}
