//! What is kept between starts: layout, theme, and drafts with edits that no file has.

use std::collections::BTreeMap;

use eframe::{App as _, Storage};
use egui_kittest::kittest::Queryable;
use hms_gui::app::{App, Options};
use hms_gui::command::{Command, Draft};
use hms_gui::panels::Panel;

use crate::bench::{SCENARIO, bench};

/// What eframe keeps in a file.
#[derive(Default)]
pub(crate) struct Drawer(BTreeMap<String, String>);

impl Storage for Drawer {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

#[test]
fn what_was_arranged_and_edited_is_there_again_at_the_next_start() {
    let mut bench = bench();
    let edited = format!("{SCENARIO}\n# an edit that no file has");
    bench.state_mut().want(Command::Edit(Draft::Scenario, edited.clone()));
    bench.state_mut().want(Command::Focus(Panel::Scorecard));
    bench.run_steps(3);
    let mut drawer = Drawer::default();
    bench.state_mut().save(&mut drawer);
    let app = App::restored(Options::default(), Some(&drawer));
    assert_eq!(app.view.drafts.scenario.text, edited);
    assert!(app.view.drafts.scenario.is_edited());
    let mut again =
        egui_kittest::Harness::builder().with_size([1280.0, 800.0]).build_ui_state(|ui, app: &mut App| app.frame(ui), app);
    again.run_steps(3);
    again.get_by_label("Measure the drafted scenario");
}

#[test]
fn light_or_dark_and_the_seed_are_there_again_and_a_picture_is_taken_as_if_they_were_not() {
    let mut bench = bench();
    bench.run_steps(2);
    bench.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::D);
    bench.state_mut().want(Command::Seed(77));
    bench.run_steps(3);
    let mut drawer = Drawer::default();
    bench.state_mut().save(&mut drawer);
    let shown = |options: Options| {
        let app = App::restored(options, Some(&drawer));
        let seed = app.view.drafts.seed;
        let mut again =
            egui_kittest::Harness::builder().with_size([1280.0, 800.0]).build_ui_state(|ui, app: &mut App| app.frame(ui), app);
        again.run_steps(3);
        // The button names the other one.
        (seed, again.query_by_label("Dark").is_some())
    };
    assert_eq!(shown(Options::default()), (77, true));
    let picture = Options { screenshot: Some("nowhere.png".into()), ..Options::default() };
    assert_eq!(shown(picture), (1, false));
}

#[test]
fn a_drawer_that_holds_something_else_is_left_alone() {
    let mut drawer = Drawer::default();
    drawer.set_string(eframe::APP_KEY, "(tree: nonsense".to_owned());
    let app = App::restored(Options::default(), Some(&drawer));
    assert!(app.view.drafts.scenario.text.contains("quickstart"));
}
