//! A picture of each panel, held against the one that was looked at. Where no software renderer is to be had, this is skipped with a message, or
//! fails if `HMS_NEEDS_DISPLAY=1`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use egui_kittest::SnapshotOptions;
use hms_gui::command::Command;
use hms_gui::panels::Panel;

use crate::bench::{Bench, bench_with, ran, skip, until};

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
        bench.run_steps(3);
        bench.snapshot_options(name, &SnapshotOptions::new().threshold(0.6).max_failed_pixels(40_usize));
    }
}

#[test]
fn launch() {
    let mut bench = bench_with(hms_gui::app::Options::default(), crate::bench::SCENARIO);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
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
    hide_times(&mut bench);
    picture(&mut bench, "compare");
}

/// Takes away how long it took to restore an instant.
fn hide_times(bench: &mut Bench) {
    bench.run_steps(4);
    if let Some(moment) = &mut bench.state_mut().view.moment {
        moment.took = hms_lab::machine::Duration::ZERO;
    }
}
