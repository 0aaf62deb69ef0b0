//! A picture of each panel, held against the one that was looked at. Where no software renderer is to be had, this is skipped with a message, or
//! fails if `HMS_NEEDS_DISPLAY=1`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable;
use hms_gui::command::Command;
use hms_gui::panels::Panel;

use crate::bench::{Bench, bench_with, ran, searched, skip, until};

/// Whether pictures can be made on this machine.
fn renders(bench: &mut Bench) -> bool {
    let made = catch_unwind(AssertUnwindSafe(|| bench.render().map(|_| ())));
    let able = matches!(made, Ok(Ok(())));
    if !able {
        skip("no Vulkan renderer (on Debian: apt-get install mesa-vulkan-drivers libvulkan1)");
    }
    able
}

fn picture(bench: &mut Bench, name: &str) {
    if renders(bench) {
        // Times that the run took differ from machine to machine.
        bench.state_mut().view.messages.clear();
        bench.remove_cursor();
        bench.run_steps(3);
        bench.snapshot_options(name, &SnapshotOptions::new().threshold(0.6).max_failed_pixels(40_usize));
    }
}

#[test]
fn launch() {
    let mut bench = bench_with(hms_gui::app::Options::default(), crate::bench::SCENARIO);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready() && !app.is_busy());
    picture(&mut bench, "launch");
}

#[test]
fn timeline() {
    let mut bench = ran(Panel::Timeline);
    bench.state_mut().want(Command::SelectIncident(Some(0)));
    until(&mut bench, "the moment", |app| app.view.moment.as_ref().is_some_and(|moment| moment.now.as_nanos() == 3_000_000_000));
    hide_times(&mut bench);
    picture(&mut bench, "timeline");
}

#[test]
fn recovery() {
    let mut bench = ran(Panel::Recovery);
    hide_times(&mut bench);
    picture(&mut bench, "recovery");
}

#[test]
fn compare() {
    let mut bench = ran(Panel::Compare);
    bench.state_mut().want(Command::Seed(2));
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the run", |app| app.view.runs.len() == 2 && !app.is_busy());
    bench.state_mut().want(Command::Focus(Panel::Compare));
    until(&mut bench, "the comparison", |app| app.view.comparison.is_some());
    hide_times(&mut bench);
    picture(&mut bench, "compare");
}

#[test]
fn live() {
    let mut bench = bench_with(hms_gui::app::Options { panel: Some(Panel::Live), ..Default::default() }, crate::bench::SCENARIO);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready() && !app.is_busy());
    // A run that is held at the instant at which the cluster has been cut in two.
    let mut recording = hms_lab::session::Recording::new(bench.state().view.drafts.inputs.clone().unwrap());
    recording.advance(hms_lab::machine::Instant::from_nanos(6_500_000_000), &mut || true).unwrap();
    let mut live = hms_gui::view::live::Live::new(0, &recording);
    live.paused = true;
    bench.state_mut().view.live = Some(live);
    picture(&mut bench, "live");
}

#[test]
fn travel() {
    let mut bench = ran(Panel::Travel);
    bench.state_mut().want(Command::SelectNode(Some(hms_lab::machine::NodeId(1))));
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(6_900_000_000)));
    until(&mut bench, "the moment", |app| {
        app.view.moment.as_ref().is_some_and(|moment| moment.now.as_nanos() == 6_900_000_000 && moment.beliefs.is_some())
    });
    hide_times(&mut bench);
    picture(&mut bench, "travel");
}

#[test]
fn scorecard() {
    let mut bench = ran(Panel::Scorecard);
    bench.state_mut().want(Command::Measure(2));
    until(&mut bench, "the scorecard", |app| app.view.scorecard.is_some() && !app.is_busy());
    hide_times(&mut bench);
    picture(&mut bench, "scorecard");
}

#[test]
fn evolution() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    quiet(&mut bench);
    picture(&mut bench, "evolution");
}

#[test]
fn evolution_below() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    quiet(&mut bench);
    bench.get_all_by_role_and_label(egui::accesskit::Role::Button, "founder").next().unwrap().click_accesskit();
    bench.run_steps(6);
    bench.get_by_label("Save differences").scroll_to_me();
    bench.run_steps(20);
    picture(&mut bench, "evolution_below");
}

#[test]
fn history() {
    let (_guard, mut bench) = searched(Panel::History);
    bench.get_by_label("From generation to generation").click();
    bench.run_steps(4);
    quiet(&mut bench);
    picture(&mut bench, "history");
}

/// Puts a name in the place of the temporary folder of a search.
fn quiet(bench: &mut Bench) {
    if let Some(search) = bench.state_mut().view.search.as_mut().and_then(std::sync::Arc::get_mut) {
        search.folder = "results/small-evolved".into();
    }
    bench.run_steps(4);
}

/// Takes away how long it took to restore an instant.
fn hide_times(bench: &mut Bench) {
    bench.run_steps(4);
    if let Some(moment) = &mut bench.state_mut().view.moment {
        moment.took = hms_lab::machine::Duration::ZERO;
    }
}
