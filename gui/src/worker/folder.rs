//! Reading and writing: results folders, pictures, tables, texts; and the scorecard, which takes as long as many runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hms_lab::export::{self, Sheet};
use hms_lab::inputs::Inputs;
use hms_lab::presets;
use hms_lab::results::{self, Build, MANIFEST, Table};
use hms_lab::scorecard;
use hms_lab::session::Chronicle;

use super::{Desk, Report};
use crate::view::campaign::Campaign;
use crate::view::draft::quoted;
use crate::view::run::{Origin, RunView};
use crate::view::search::Search;
use crate::view::{RunId, Scorecard};

/// Opens a results folder, or the folder of which the manifest was given.
pub fn open(desk: &Desk, id: RunId, path: &Path) {
    let folder = if path.file_name().is_some_and(|name| name == MANIFEST) { path.parent().unwrap_or(path) } else { path };
    if Search::is_in(folder) {
        return match Search::read(folder) {
            Ok(search) => desk.report(Report::Searched(Arc::new(search))),
            Err(error) => desk.say(true, error.to_string()),
        };
    }
    if Search::is_begun_in(folder) {
        return desk.say(
            true,
            format!(
                "{} holds a search without a complete generation: open its campaign in Evolution and press Resume to go on with it.",
                folder.display()
            ),
        );
    }
    if Campaign::is_in(folder) {
        return match Campaign::read(folder) {
            Ok(campaign) => desk.report(Report::Surveyed(Box::new(campaign))),
            Err(error) => desk.say(true, error.to_string()),
        };
    }
    match Chronicle::read(folder) {
        Ok(chronicle) => {
            let command_line = Some(format!("hms replay {}", quoted(folder)));
            let origin = Origin { folder: Some(folder.to_owned()), command_line, ..Origin::default() };
            desk.report(Report::Ran { run: Arc::new(RunView::new(id, origin, chronicle)), travel: None });
        }
        Err(error) => desk.say(true, error.to_string()),
    }
}

/// Writes a run that is in memory as a results folder: it is run once more, since tables hold more than a window keeps.
pub fn keep(desk: &Desk, run: &Arc<RunView>, folder: &Path) {
    let inputs = &run.chronicle.inputs;
    let outcome = match inputs.trial().run_watched(&mut |_| !desk.control.stops()) {
        Ok(outcome) => outcome,
        Err(error) => return desk.say(true, error.to_string()),
    };
    match results::write(folder, inputs, &outcome, &Build::default()) {
        Ok(_) => desk.report(Report::Kept(run.id, folder.to_owned())),
        Err(error) => desk.say(true, error.to_string()),
    }
}

/// Writes a table of a results folder in some format.
pub fn write_table(desk: &Desk, folder: &Path, table: Table, format: export::Format, path: &Path) {
    let mut bytes = Vec::new();
    let made = results::read(folder).map_err(|error| error.to_string());
    match made.and_then(|results| export::export(&results, table, format, &mut bytes).map_err(|error| error.to_string())) {
        Ok(_) => write_file(desk, path, &bytes),
        Err(error) => desk.say(true, error),
    }
}

/// Writes a table that was on screen.
pub fn write_sheet(desk: &Desk, sheet: &Sheet, format: export::Format, path: &Path) {
    let mut bytes = Vec::new();
    match sheet.write(format, &mut bytes) {
        Ok(()) => write_file(desk, path, &bytes),
        Err(error) => desk.say(true, error.to_string()),
    }
}

/// Reads the presets of the repository in which `near` lies, and finds its scenarios; without any, there are our default and everything switched off.
pub fn look_near(desk: &Desk, near: &Path) {
    let (mut found, mut scenarios) = (presets::ours().to_vec(), Vec::new());
    if let Ok(folder) = presets::find_folder(near) {
        match presets::load_folder(&folder) {
            Ok(more) => found.extend(more),
            Err(error) => desk.say(true, format!("The presets are not there to be held against: {error}")),
        }
        // Scenarios stand beside stacks.
        scenarios = folder.parent().map_or_else(Vec::new, |above| toml_files(&above.join("scenarios")));
    }
    if scenarios.is_empty() && near.is_file() {
        let folder = near.parent().filter(|folder| !folder.as_os_str().is_empty());
        scenarios = toml_files(folder.unwrap_or(Path::new(".")));
    }
    desk.report(Report::Near(found, scenarios));
}

/// Files in a folder that may be scenarios, by name. A folder that cannot be read has none.
fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    found.sort();
    found
}

/// Writes a file and tells so.
pub fn write_file(desk: &Desk, path: &Path, bytes: &[u8]) {
    match replace(path, bytes) {
        Ok(()) => desk.say(false, format!("Wrote {}.", path.display())),
        Err(error) => desk.say(true, format!("Cannot write {}: {error}. Choose another place.", path.display())),
    }
}

/// Writes a file, beside its place first, so that no half of it is ever there, and what was there stays if the disk is full. A link stays a link.
///
/// # Errors
/// What the operating system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut partial = place.clone().into_os_string();
    partial.push(".partial");
    let mut file = fs::File::create(&partial)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| match fs::metadata(&place) {
        // Nobody else may read it now who might not before.
        Ok(known) => file.set_permissions(known.permissions()),
        Err(_) => Ok(()),
    });
    let replaced = written.and_then(|()| fs::rename(&partial, &place));
    if replaced.is_err() {
        let _ = fs::remove_file(&partial);
    }
    replaced
}

/// Measures the promised figures.
pub fn measure(desk: &Desk, inputs: &Inputs, seeds: u64, command_line: Option<String>) {
    match scorecard::measure(std::slice::from_ref(inputs), seeds, 0, &|| !desk.control.stops()) {
        Ok(rows) => {
            desk.report(Report::Measured(Scorecard { command_line, scenario: inputs.scenario().name.clone(), seeds, rows }))
        }
        Err(error) => desk.say(!desk.control.stops(), error.to_string()),
    }
}
