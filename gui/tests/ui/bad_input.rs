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

#[test]
fn a_results_folder_that_was_cut_off_anywhere_is_refused_by_the_name_of_the_file() {
    use hms_lab::inputs::Inputs;
    use hms_lab::results::{Build, write};
    let (_guard, path) = folder();
    let whole = path.join("whole");
    let inputs =
        Inputs::from_edited(SCENARIO, "", std::path::Path::new(""), hms_lab::machine::Seed(1), Default::default()).unwrap();
    write(&whole, &inputs, &inputs.trial().run().unwrap(), &Build::default()).unwrap();
    let mut bench = bench();
    for entry in std::fs::read_dir(&whole).unwrap() {
        let file = entry.unwrap().path();
        if file.is_dir() {
            continue;
        }
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        bench.state_mut().view.messages.clear();
        bench.state_mut().want(Command::Open(whole.clone()));
        complains(&mut bench, &name);
        until(&mut bench, "rest", |app| !app.is_busy());
        assert!(bench.state().view.runs.is_empty(), "{name}");
        std::fs::write(&file, &bytes).unwrap();
    }
    bench.state_mut().want(Command::Open(whole));
    until(&mut bench, "the run", |app| app.view.runs.len() == 1);
}

#[test]
fn a_search_or_campaign_that_was_cut_off_is_refused_by_the_name_of_the_file() {
    let (_guard, path) = folder();
    crate::bench::write_search(&path);
    let mut bench = bench();
    for name in ["history.parquet", "generations.parquet"] {
        let bytes = std::fs::read(path.join(name)).unwrap();
        std::fs::write(path.join(name), &bytes[..bytes.len() / 2]).unwrap();
        bench.state_mut().view.messages.clear();
        bench.state_mut().want(Command::Open(path.clone()));
        complains(&mut bench, name);
        std::fs::write(path.join(name), &bytes).unwrap();
    }
    assert!(bench.state().view.search.is_none());
    let campaign = path.join("campaign");
    std::fs::create_dir(&campaign).unwrap();
    std::fs::write(campaign.join("configurations.parquet"), "PAR1 and no more").unwrap();
    bench.state_mut().want(Command::Open(campaign));
    complains(&mut bench, "configurations.parquet");
}

#[test]
fn a_search_that_was_stopped_at_once_says_how_to_go_on() {
    let (_guard, path) = folder();
    for name in ["campaign.toml", "cells.bin"] {
        std::fs::write(path.join(name), "").unwrap();
    }
    let mut bench = bench();
    bench.state_mut().want(Command::Open(path));
    complains(&mut bench, "press Resume");
}

#[test]
fn a_stack_that_is_wrong_is_told_beside_its_text_and_the_form_keeps_the_last_values() {
    let mut bench = bench();
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    let text = "version = 1\n[health]\nheartbeat = \"-3s\"\n";
    bench.state_mut().want(Command::Edit(Draft::Stack, text.to_owned()));
    until(&mut bench, "the mistake", |app| !app.view.drafts.stack.problems.is_empty());
    bench.get_by_label("Stack: text").click();
    bench.run_steps(3);
    bench.get_by_label_contains("line 3");
    bench.get_by_label("Stack: form").click();
    bench.run_steps(3);
    bench.get_by_label_contains("the form shows the last values that were right");
    assert_eq!(bench.state().view.drafts.stack.text, text);
}

#[test]
fn what_was_to_run_once_it_was_checked_does_not_run_when_it_is_wrong() {
    let mut bench = bench();
    bench.state_mut().want(Command::Edit(Draft::Stack, "[health]\nheartbeat = \"never\"\n".to_owned()));
    bench.state_mut().want(Command::RunWhenChecked);
    until(&mut bench, "the mistake", |app| !app.view.drafts.stack.problems.is_empty());
    bench.state_mut().want(Command::Edit(Draft::Stack, String::new()));
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.run_steps(5);
    assert!(bench.state().view.live.is_none() && bench.state().view.runs.is_empty());
}
