//! Panels that are closed and split stay so at the next start, come back when they are asked for, and are put back together.

use eframe::App as _;
use egui::{Pos2, pos2, vec2};
use egui_kittest::kittest::Queryable;
use hms_gui::app::{App, Options};
use hms_gui::command::Command;
use hms_gui::panels::Panel;

use crate::bench::{Bench, bench};
use crate::kept::Drawer;

const RECOVERY: &str = "No run to show. Run a scenario, or open a results folder (Ctrl+O).";
const LIVE: &str = "Nothing runs. Press Run in Launch (Ctrl+Enter) to watch a cluster break and heal.";

/// The app as it was left, in a window of its own.
fn restart(bench: &mut Bench) -> Bench {
    let mut drawer = Drawer::default();
    bench.state_mut().save(&mut drawer);
    let app = App::restored(Options::default(), Some(&drawer));
    let mut again =
        egui_kittest::Harness::builder().with_size([1280.0, 800.0]).build_ui_state(|ui, app: &mut App| app.frame(ui), app);
    again.run_steps(4);
    again
}

fn drag(bench: &mut Bench, from: Pos2, to: Pos2) {
    bench.hover_at(from);
    bench.step();
    bench.drag_at(from);
    bench.step();
    for share in [0.1, 0.4, 0.8, 1.0] {
        bench.hover_at(from.lerp(to, share));
        bench.run_steps(2);
    }
    bench.drop_at(to);
    bench.run_steps(6);
}

/// Presses the cross at the end of a panel's tab.
fn close(bench: &mut Bench, panel: Panel) {
    let tab = bench.get_all_by_label(panel.title()).next().expect("the panel is open").rect();
    let cross = pos2(tab.right() - 14.0, tab.center().y);
    bench.hover_at(cross);
    bench.step();
    bench.drag_at(cross);
    bench.step();
    bench.drop_at(cross);
    bench.run_steps(4);
}

#[test]
fn a_panel_that_was_closed_stays_closed_and_comes_back_when_it_is_asked_for() {
    let mut bench = bench();
    bench.run_steps(3);
    close(&mut bench, Panel::Scorecard);
    assert!(bench.query_by_label("Scorecard").is_none());
    let mut again = restart(&mut bench);
    assert!(again.query_by_label("Scorecard").is_none());
    again.state_mut().want(Command::Focus(Panel::Scorecard));
    again.run_steps(4);
    again.get_by_label("Measure the drafted scenario");
    again.get_by_label("Scorecard");
}

#[test]
fn a_panel_that_was_split_off_stands_beside_the_others_and_is_put_back() {
    let mut bench = bench();
    bench.run_steps(3);
    assert_eq!(bench.get_all_by_label(RECOVERY).count(), 1, "time travel says so");
    let tab = bench.get_by_label("Recovery").rect();
    let live = bench.get_by_label(LIVE).rect();
    // The right edge of the panel in front.
    drag(&mut bench, tab.left_center() + vec2(12.0, 0.0), pos2(1_270.0, live.bottom() + 120.0));
    let both = |bench: &Bench| (bench.get_all_by_label(RECOVERY).count(), bench.query_by_label(LIVE).is_some());
    assert_eq!(both(&bench), (2, true), "recovery says so as well, and the live run is still there");
    let mut again = restart(&mut bench);
    assert_eq!(both(&again), (2, true));
    again.state_mut().want(Command::ResetLayout);
    again.run_steps(4);
    assert_eq!(both(&again), (1, true));
}

#[test]
fn every_panel_can_be_closed_and_the_window_lives_on() {
    let mut bench = bench();
    for panel in Panel::ALL {
        bench.state_mut().want(Command::Focus(panel));
        bench.run_steps(3);
        close(&mut bench, panel);
        assert!(bench.query_by_label(panel.title()).is_none(), "{panel:?}");
    }
    let mut again = restart(&mut bench);
    again.state_mut().want(Command::Focus(Panel::Live));
    again.run_steps(4);
    again.get_by_label(LIVE);
}
