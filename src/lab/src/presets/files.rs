//! Where presets come from: files of stack configurations, alone or in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hms_scenario::{Problem, render_all};
use hms_stack::Configuration;
use thiserror::Error;

use super::{DEFAULT, OFF, Preset};

/// Where presets lie in a repository.
const FOLDER: &str = "experiments/stacks";

/// Why there are no presets to run.
#[derive(Debug, Error)]
pub enum PresetError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A stack configuration is wrong.
    #[error("{}", render_all(problems, file, text).trim_end())]
    Wrong {
        /// Name of the file.
        file: String,
        /// Its text.
        text: String,
        /// What is wrong, and how to mend it.
        problems: Vec<Problem>,
    },
    /// A folder without presets.
    #[error("{} holds no stack files (*.toml): name another folder with --stacks DIR, or files with --stack FILE", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// No folder above the scenario has presets.
    #[error("no folder above {} holds {FOLDER}: name one with --stacks DIR, or files with --stack FILE", path.display())]
    NoFolder {
        /// The scenario.
        path: PathBuf,
    },
    /// Two files have one name, or one of ours.
    #[error("two presets are called `{name}`: rename {}", path.display())]
    Twice {
        /// The name.
        name: String,
        /// The later file.
        path: PathBuf,
    },
}

/// The folder of presets of the repository in which a file lies.
///
/// # Errors
/// [`PresetError::NoFolder`], or [`PresetError::Read`] if the file is not there.
pub fn find_folder(scenario: &Path) -> Result<PathBuf, PresetError> {
    let whole = fs::canonicalize(scenario).map_err(|source| PresetError::Read { path: scenario.to_owned(), source })?;
    let found = whole.ancestors().map(|above| above.join(FOLDER)).find(|folder| folder.is_dir());
    found.ok_or_else(|| PresetError::NoFolder { path: scenario.to_owned() })
}

/// Every preset of a folder, by name. A file that says what our default says is none.
///
/// # Errors
/// [`PresetError`].
pub fn load_folder(folder: &Path) -> Result<Vec<Preset>, PresetError> {
    let read = |source| PresetError::Read { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    if paths.is_empty() {
        return Err(PresetError::Empty { path: folder.to_owned() });
    }
    let mut presets = paths.iter().map(|path| load_file(path)).collect::<Result<Vec<_>, _>>()?;
    // The two are in every comparison already.
    presets.retain(|preset| preset.stack != Configuration::default() && preset.stack != super::switched_off());
    unique(presets)
}

/// The presets of these files, in their order.
///
/// # Errors
/// [`PresetError`].
pub fn load_files(paths: &[PathBuf]) -> Result<Vec<Preset>, PresetError> {
    unique(paths.iter().map(|path| load_file(path)).collect::<Result<_, _>>()?)
}

fn unique(presets: Vec<Preset>) -> Result<Vec<Preset>, PresetError> {
    for (place, preset) in presets.iter().enumerate() {
        let taken = presets[..place].iter().any(|other| other.name == preset.name);
        if taken || [DEFAULT, OFF].contains(&preset.name.as_str()) {
            return Err(PresetError::Twice { name: preset.name.clone(), path: preset.path.clone().unwrap_or_default() });
        }
    }
    Ok(presets)
}

fn load_file(path: &Path) -> Result<Preset, PresetError> {
    let text = fs::read_to_string(path).map_err(|source| PresetError::Read { path: path.to_owned(), source })?;
    match hms_trial::parse_stack(&text) {
        Ok(stack) => {
            let name = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Ok(Preset { name, path: Some(path.to_owned()), stack })
        }
        Err(problems) => Err(PresetError::Wrong { file: path.display().to_string(), text, problems }),
    }
}
