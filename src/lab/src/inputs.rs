//! What a run is made of: scenario, the files it refers to, stack configuration, seed and detail; as texts, and resolved.
//!
//! Picture a sealed list of ingredients. It is made once, from paths or from stored texts, and checked as a whole; after that nothing in it can be
//! wrong, and its digest names the run.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hms_machine::Seed;
use hms_scenario::model::Scenario;
use hms_scenario::{Document, Problem, render_all};
use hms_stack::Configuration;
use hms_trial::{Detail, Trial};
use thiserror::Error;

/// Version of the construction of run ids.
const ID_VERSION: u32 = 1;

/// The variable that names the folder of published data sets. `${HMS_DATASETS}` at the beginning of a path in a scenario stands for it.
pub const DATASETS_VARIABLE: &str = "HMS_DATASETS";

/// What the scenario of an editor is called in mistakes.
pub const EDITED_SCENARIO: &str = "scenario";

/// What the stack of an editor is called in mistakes.
pub const EDITED_STACK: &str = "stack";

/// Where inputs come from.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// The scenario file. Paths in it are relative to its folder.
    pub scenario: &'a Path,
    /// The stack configuration; by default the one that the scenario names, or all defaults.
    pub stack: Option<&'a Path>,
    /// Values of the scenario to change: path and TOML value.
    pub overrides: &'a [(String, String)],
}

/// Texts that were stored.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The scenario, overrides included.
    pub scenario: String,
    /// Every file that it refers to.
    pub files: Vec<SideFile>,
    /// The stack configuration.
    pub stack: String,
}

/// A file that a scenario refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideFile {
    /// The name by which the scenario refers to it.
    pub name: String,
    /// Its text.
    pub content: String,
}

/// Everything that decides what happens in a run.
#[derive(Clone, Debug)]
pub struct Inputs {
    scenario: Arc<Scenario>,
    scenario_text: Arc<str>,
    files: Arc<[SideFile]>,
    stack: Configuration,
    stack_text: Arc<str>,
    seed: Seed,
    detail: Detail,
    /// Digest of all but seed and detail.
    world: blake3::Hash,
    run_id: String,
}

/// Why inputs cannot be used.
#[derive(Debug, Error)]
pub enum InputError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A scenario, an override of it, or a stack configuration is wrong.
    #[error("{}", render_all(problems, file, text).trim_end())]
    Wrong {
        /// Name of the file.
        file: String,
        /// Its text, as far as overrides were applied.
        text: String,
        /// What is wrong, and how to mend it.
        problems: Vec<Problem>,
    },
}

impl Inputs {
    /// Reads scenario and stack from files.
    ///
    /// # Errors
    /// [`InputError`].
    pub fn load(paths: &Paths<'_>, seed: Seed, detail: Detail) -> Result<Inputs, InputError> {
        let file = paths.scenario.display().to_string();
        let folder = paths.scenario.parent().unwrap_or(Path::new(""));
        let text = read(paths.scenario)?;
        let text = match paths.overrides {
            [] => text,
            overrides => hms_scenario::apply_overrides(&text, overrides).map_err(|problems| InputError::Wrong {
                file: file.clone(),
                text,
                problems,
            })?,
        };
        let document = parse(&file, &text, &|name| side_file(folder, name))?;
        let stack = match (paths.stack, &document.stack) {
            (Some(path), _) => Some(path.to_owned()),
            (None, Some(name)) => Some(folder.join(name)),
            (None, None) => None,
        };
        let stack = match stack {
            Some(path) => parse_stack(&path.display().to_string(), &read(&path)?)?,
            None => Configuration::default(),
        };
        Ok(Inputs::new(document, text, stack, seed, detail))
    }

    /// Takes scenario and stack from stored texts.
    ///
    /// # Errors
    /// [`InputError`].
    pub fn from_texts(texts: Texts, seed: Seed, detail: Detail) -> Result<Inputs, InputError> {
        let stored = |name: &str| {
            let found = texts.files.iter().find(|file| file.name == name);
            found.map(|file| file.content.clone()).ok_or_else(|| "it is not among the stored files".to_owned())
        };
        let document = parse("scenario.toml", &texts.scenario, &stored)?;
        let stack = parse_stack("stack.toml", &texts.stack)?;
        Ok(Inputs::new(document, texts.scenario, stack, seed, detail))
    }

    /// Takes scenario and stack as they stand in an editor; files that the scenario refers to are looked for in `folder`. Mistakes are of the file
    /// [`EDITED_SCENARIO`] or [`EDITED_STACK`].
    ///
    /// # Errors
    /// [`InputError`].
    pub fn from_edited(scenario: &str, stack: &str, folder: &Path, seed: Seed, detail: Detail) -> Result<Inputs, InputError> {
        let document = parse(EDITED_SCENARIO, scenario, &|name| side_file(folder, name))?;
        let configuration = parse_stack(EDITED_STACK, stack)?;
        Ok(Inputs::new(document, scenario.to_owned(), configuration, seed, detail))
    }

    pub(crate) fn new(document: Document, text: String, stack: Configuration, seed: Seed, detail: Detail) -> Inputs {
        let files = document.files.into_iter().map(|(name, content)| SideFile { name, content }).collect::<Vec<_>>();
        let stack_text = hms_trial::render_stack(&stack);
        let world = world_digest(&text, &files, &stack_text);
        Inputs {
            scenario: Arc::new(document.scenario),
            scenario_text: text.into(),
            files: files.into(),
            stack,
            stack_text: stack_text.into(),
            seed,
            detail,
            world,
            run_id: run_id(world, seed),
        }
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: Seed) -> Inputs {
        Inputs { seed, run_id: run_id(self.world, seed), ..self.clone() }
    }

    /// The same with another configuration of the stack.
    #[must_use]
    pub fn with_stack(&self, stack: Configuration) -> Inputs {
        let stack_text = hms_trial::render_stack(&stack);
        let world = world_digest(&self.scenario_text, &self.files, &stack_text);
        Inputs { stack, stack_text: stack_text.into(), world, run_id: run_id(world, self.seed), ..self.clone() }
    }

    /// What is run.
    pub fn trial(&self) -> Trial {
        Trial { detail: self.detail, ..Trial::new(Arc::clone(&self.scenario), self.stack, self.seed) }
    }

    /// Digest of what the scenario says (not of how it is written), its files, the stack and the seed: 32 hexadecimal digits. Detail is not
    /// part of it, since it changes nothing that happens.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The resolved scenario.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The scenario's text, overrides included.
    pub fn scenario_text(&self) -> &str {
        &self.scenario_text
    }

    /// The files that the scenario refers to.
    pub fn files(&self) -> &[SideFile] {
        &self.files
    }

    /// The stack configuration.
    pub fn stack(&self) -> &Configuration {
        &self.stack
    }

    /// The stack configuration as text, with every default.
    pub fn stack_text(&self) -> &str {
        &self.stack_text
    }

    /// The seed of every draw.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// How much of the trace is kept.
    pub fn detail(&self) -> Detail {
        self.detail
    }
}

/// The name of a detail in commands and manifests.
pub fn detail_name(detail: Detail) -> &'static str {
    match detail {
        Detail::Changes => "changes",
        Detail::Full => "full",
    }
}

/// The detail of that name.
pub fn detail_from_name(name: &str) -> Option<Detail> {
    [Detail::Changes, Detail::Full].into_iter().find(|detail| detail_name(*detail) == name)
}

fn read(path: &Path) -> Result<String, InputError> {
    fs::read_to_string(path).map_err(|source| InputError::Read { path: path.to_owned(), source })
}

fn parse(file: &str, text: &str, files: &dyn Fn(&str) -> Result<String, String>) -> Result<Document, InputError> {
    hms_scenario::parse(text, files).map_err(wrong(file, text))
}

fn parse_stack(file: &str, text: &str) -> Result<Configuration, InputError> {
    hms_trial::parse_stack(text).map_err(wrong(file, text))
}

fn wrong(file: &str, text: &str) -> impl FnOnce(Vec<Problem>) -> InputError {
    move |problems| InputError::Wrong { file: file.to_owned(), text: text.to_owned(), problems }
}

/// The text of a file that a scenario in `folder` refers to.
pub(crate) fn side_file(folder: &Path, name: &str) -> Result<String, String> {
    let path = match name.strip_prefix("${HMS_DATASETS}") {
        None => folder.join(name),
        Some(rest) => {
            let root = env::var_os(DATASETS_VARIABLE).ok_or_else(|| {
                format!("{DATASETS_VARIABLE} is not set: set it to the folder of the published data (see datasets/README.md)")
            })?;
            Path::new(&root).join(rest.trim_start_matches('/'))
        }
    };
    fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Digest of what happens, apart from the seed. The scenario enters as its file types, so that order, comments, spelling of units and defaults
/// that are written out do not count.
fn world_digest(scenario: &str, files: &[SideFile], stack: &str) -> blake3::Hash {
    let scenario: hms_scenario::file::Scenario = toml::from_str(scenario).expect("the scenario was parsed before");
    // Neither what the scenario is about nor where its stack came from decides anything.
    let scenario = hms_scenario::file::Scenario { description: String::new(), stack: None, ..scenario };
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    add(&ID_VERSION.to_le_bytes());
    add(&serde_json::to_vec(&scenario).expect("file types are JSON"));
    for file in files {
        add(file.name.as_bytes());
        add(file.content.as_bytes());
    }
    add(stack.as_bytes());
    hasher.finalize()
}

fn run_id(world: blake3::Hash, seed: Seed) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(world.as_bytes());
    hasher.update(&seed.0.to_le_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn spelling_of_a_scenario_does_not_change_the_run_id_and_what_it_says_does() {
        let id = |text: &str| fixture::inputs_of(text, 1).run_id().to_owned();
        let text = fixture::SCENARIO;
        assert_eq!(id(text), id(&format!("# a comment\n{text}")));
        assert_eq!(id(text), id(&text.replace("duration = \"20s\"", "duration = \"20000ms\"")));
        assert_ne!(id(text), id(&text.replace("duration = \"20s\"", "duration = \"21s\"")));
    }

    #[test]
    fn every_seed_is_another_run() {
        let inputs = fixture::inputs(1);
        assert_ne!(inputs.run_id(), inputs.with_seed(Seed(2)).run_id());
        assert_eq!(inputs.run_id(), inputs.with_seed(Seed(2)).with_seed(Seed(1)).run_id());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let path = Path::new("nowhere/scenario.toml");
        let paths = Paths { scenario: path, stack: None, overrides: &[] };
        let error = Inputs::load(&paths, Seed(1), Detail::Changes).unwrap_err();
        assert!(error.to_string().contains("nowhere/scenario.toml"), "{error}");
    }

    #[test]
    fn a_wrong_override_is_shown_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        fs::write(&path, fixture::SCENARIO).unwrap();
        let overrides = [("run.duratoin".to_owned(), "\"5s\"".to_owned())];
        let paths = Paths { scenario: &path, stack: None, overrides: &overrides };
        let error = Inputs::load(&paths, Seed(1), Detail::Changes).unwrap_err().to_string();
        assert!(error.contains("duratoin") && error.contains("duration"), "{error}");
    }

    #[test]
    fn the_texts_of_loaded_inputs_give_the_same_inputs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        fs::write(&path, fixture::SCENARIO).unwrap();
        let overrides = [("run.duration".to_owned(), "\"15s\"".to_owned())];
        let paths = Paths { scenario: &path, stack: None, overrides: &overrides };
        let loaded = Inputs::load(&paths, Seed(1), Detail::Changes).unwrap();
        let texts = Texts {
            scenario: loaded.scenario_text().to_owned(),
            files: loaded.files().to_vec(),
            stack: loaded.stack_text().to_owned(),
        };
        let stored = Inputs::from_texts(texts, Seed(1), Detail::Changes).unwrap();
        assert_eq!(loaded.run_id(), stored.run_id());
        assert_eq!(loaded.scenario(), stored.scenario());
    }
}
