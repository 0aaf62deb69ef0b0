//! Files and folders that are dropped on the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hms_gui::command::Draft;

use crate::bench::{Bench, SCENARIO, bench, folder, until, write_search};

/// A file as the window system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn drop_on(bench: &mut Bench, paths: &[PathBuf]) {
    bench.input_mut().dropped_files =
        paths.iter().map(|path| Arc::new(Dropped(path.clone())) as egui::DroppedFileHandle).collect();
    bench.run_steps(2);
}

/// An app whose drafts stand in files, so that others may take their place.
fn saved() -> Bench {
    let mut bench = bench();
    let drafts = &mut bench.state_mut().view.drafts;
    drafts.scenario.saved = drafts.scenario.text.clone();
    bench
}

#[test]
fn a_scenario_and_a_stack_become_drafts() {
    let (_guard, path) = folder();
    let (scenario, stack) = (path.join("other.toml"), path.join("stack.toml"));
    std::fs::write(&scenario, SCENARIO.replace("small", "other")).unwrap();
    std::fs::write(&stack, "version = 1\n[health]\nheartbeat = \"250ms\"\n").unwrap();
    let mut bench = saved();
    drop_on(&mut bench, &[scenario.clone(), stack.clone()]);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    let drafts = &bench.state().view.drafts;
    assert_eq!(
        (drafts.text(Draft::Scenario).path.as_ref(), drafts.text(Draft::Stack).path.as_ref()),
        (Some(&scenario), Some(&stack))
    );
    assert_eq!(drafts.inputs.as_ref().unwrap().scenario().name, "other");
}

#[test]
fn a_folder_of_results_is_opened_and_a_foreign_one_is_refused() {
    let (_guard, path) = folder();
    let (search, foreign) = (path.join("search"), path.join("foreign"));
    for place in [&search, &foreign] {
        std::fs::create_dir(place).unwrap();
    }
    write_search(&search);
    let mut bench = saved();
    drop_on(&mut bench, &[search, foreign]);
    until(&mut bench, "the search", |app| app.view.search.is_some() && !app.is_busy());
    assert!(bench.state().view.messages.iter().any(|message| message.wrong && message.text.contains("has no manifest.json")));
}
