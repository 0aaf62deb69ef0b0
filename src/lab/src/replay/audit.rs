//! The books: are the stored files what the manifest says, and what do they hold?

use std::fs;

use hms_machine::Seed;

use super::Change;
use crate::inputs::{InputError, Inputs, SideFile, Texts, detail_from_name};
use crate::results::{MANIFEST, Results, ResultsError, SCENARIO, STACK};

/// Every file that is not what the manifest says, and the manifest itself if its parts do not fit together.
pub(super) fn changes(results: &Results) -> Result<Vec<Change>, ResultsError> {
    let manifest = results.manifest();
    let mut changes = Vec::new();
    for entry in &manifest.files {
        let problem = match results.check(entry) {
            Ok(()) => continue,
            Err(ResultsError::Damaged { expected, found, .. }) => {
                format!("it was changed: {found}, the manifest says {expected}")
            }
            Err(ResultsError::Missing { .. }) => "it is missing".to_owned(),
            Err(error) => return Err(error),
        };
        let stored = match entry.path.as_str() {
            SCENARIO => Some(&manifest.scenario_text),
            STACK => Some(&manifest.stack_text),
            _ => None,
        };
        let now = fs::read(results.folder().join(&entry.path)).ok();
        let line = stored.zip(now).and_then(|(stored, now)| different_line(&entry.path, stored, &String::from_utf8_lossy(&now)));
        changes.push(line.unwrap_or(Change::File { path: entry.path.clone(), problem }));
    }
    if let Ok(inputs) = original_inputs(results)
        && inputs.run_id() != manifest.run_id
    {
        let problem =
            "its texts, side files and seed are not those of its run_id: one of them was changed, or another version of hms \
                       wrote it"
                .to_owned();
        changes.push(Change::File { path: MANIFEST.to_owned(), problem });
    }
    Ok(changes)
}

fn different_line(path: &str, stored: &str, now: &str) -> Option<Change> {
    let (mut stored, mut now) = (stored.split('\n'), now.split('\n'));
    for line in 1.. {
        match (stored.next(), now.next()) {
            (None, None) => return None,
            (left, right) if left == right => {}
            (left, right) => {
                let own = |line: Option<&str>| line.map(str::to_owned);
                return Some(Change::Line { path: path.to_owned(), line, stored: own(left), now: own(right) });
            }
        }
    }
    None
}

/// The inputs as they stand in the folder's files now.
pub(crate) fn stored_inputs(results: &Results) -> Result<Inputs, InputError> {
    let scenario = text(results, SCENARIO)?;
    let stack = text(results, STACK)?;
    from_texts(results, scenario, stack)
}

/// The inputs by the texts in the manifest, with the side files as they stand in the folder now.
pub(super) fn original_inputs(results: &Results) -> Result<Inputs, InputError> {
    let manifest = results.manifest();
    from_texts(results, manifest.scenario_text.clone(), manifest.stack_text.clone())
}

fn from_texts(results: &Results, scenario: String, stack: String) -> Result<Inputs, InputError> {
    let manifest = results.manifest();
    let files =
        manifest.side_files.iter().map(|file| Ok(SideFile { name: file.name.clone(), content: text(results, &file.path)? }));
    let files = files.collect::<Result<_, InputError>>()?;
    let detail = detail_from_name(&manifest.detail).unwrap_or_default();
    Inputs::from_texts(Texts { scenario, files, stack }, Seed(manifest.seed), detail)
}

fn text(results: &Results, name: &str) -> Result<String, InputError> {
    let path = results.folder().join(name);
    fs::read_to_string(&path).map_err(|source| InputError::Read { path, source })
}
