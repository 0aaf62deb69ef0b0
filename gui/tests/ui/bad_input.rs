//! What is wrong is told in the app, which stays alive and loses no edit.

use egui_kittest::kittest::Queryable;
use hms_gui::command::{Command, Draft};

use crate::bench::{SCENARIO, bench, folder, until};

fn complains(bench: &mut crate::bench::Bench, about: &str) {
    let about = about.to_owned();
    until(bench, &format!("a message about {about}"), move |app| {
        app.view.messages.iter().any(|message| message.wrong && message.text.contains(&about))
    });
}

#[test]
fn a_mistake_in_a_scenario_is_told_with_its_place_and_the_edit_stays() {
    let mut bench = bench();
    let text = SCENARIO.replace("duration", "duratoin");
    bench.state_mut().want(Command::Edit(Draft::Scenario, text.clone()));
    until(&mut bench, "the mistake", |app| !app.view.drafts.scenario.problems.is_empty());
    bench.get_by_label_contains("line 5");
    assert_eq!(bench.state().view.drafts.scenario.text, text);
    assert!(!bench.state().view.drafts.is_ready());
    bench.state_mut().want(Command::Run);
    complains(&mut bench, "mend them first");
    bench.state_mut().want(Command::Edit(Draft::Scenario, SCENARIO.to_owned()));
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
}

#[test]
fn a_folder_that_is_foreign_or_cut_off_is_refused_with_a_reason() {
    let mut bench = bench();
    let (_guard, path) = folder();
    bench.state_mut().want(Command::Open(path.clone()));
    complains(&mut bench, "has no manifest.json");
    std::fs::write(path.join("manifest.json"), "{ \"format_version\": 1").unwrap();
    bench.state_mut().want(Command::Open(path.clone()));
    complains(&mut bench, "is not a manifest");
    bench.state_mut().want(Command::Open(path.join("nowhere.toml")));
    complains(&mut bench, "Cannot open");
}

#[test]
fn opening_a_scenario_does_not_throw_edits_away() {
    let mut bench = bench();
    let (_guard, path) = folder();
    let file = path.join("other.toml");
    std::fs::write(&file, SCENARIO.replace("small", "other")).unwrap();
    bench.state_mut().want(Command::Open(file.clone()));
    complains(&mut bench, "not in any file");
    assert_eq!(bench.state().view.drafts.scenario.text, SCENARIO);
}

#[test]
fn a_draft_that_is_saved_stands_in_its_file() {
    let mut bench = bench();
    let (_guard, path) = folder();
    let file = path.join("mine.toml");
    std::fs::write(&file, "").unwrap();
    bench.state_mut().view.drafts.scenario.path = Some(file.clone());
    bench.state_mut().want(Command::Save(Draft::Scenario));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), SCENARIO);
    assert!(!bench.state().view.drafts.scenario.is_edited());
    bench.state_mut().view.drafts.scenario.path = Some(path.join("no/such/folder.toml"));
    bench.state_mut().want(Command::Edit(Draft::Scenario, format!("{SCENARIO}\n# more")));
    bench.state_mut().want(Command::Save(Draft::Scenario));
    complains(&mut bench, "The edits are still here");
    assert!(bench.state().view.drafts.scenario.text.ends_with("# more"));
}

#[test]
fn a_draft_that_cannot_be_written_whole_leaves_its_file_as_it_was() {
    let mut bench = bench();
    let (_guard, path) = folder();
    let file = path.join("mine.toml");
    std::fs::write(&file, "# as it was").unwrap();
    // What stands in the way of the copy beside it: as if the disk were full.
    let obstacle = path.join("mine.toml.partial");
    std::fs::create_dir(&obstacle).unwrap();
    bench.state_mut().view.drafts.scenario.path = Some(file.clone());
    bench.state_mut().want(Command::Save(Draft::Scenario));
    complains(&mut bench, "The edits are still here");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# as it was");
    std::fs::remove_dir(&obstacle).unwrap();
    bench.state_mut().want(Command::Save(Draft::Scenario));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), SCENARIO);
    assert!(!obstacle.exists());
}

#[test]
fn a_fork_into_the_past_is_refused_and_the_run_stays() {
    let mut bench = crate::bench::ran(hms_gui::panels::Panel::Travel);
    bench.state_mut().want(Command::Seek(hms_lab::machine::Instant::from_nanos(8_000_000_000)));
    let early = format!("{SCENARIO}\n[[fault]]\nkind = \"pause\"\nat = \"2s\"\nfor = \"1s\"\ntarget = {{ node = 1 }}\n");
    bench.state_mut().want(Command::Fork { scenario: Some(early), stack: None });
    complains(&mut bench, "let it begin later");
    until(&mut bench, "rest", |app| !app.is_busy());
    assert_eq!(bench.state().view.runs.len(), 1);
}
