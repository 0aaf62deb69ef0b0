//! What is to be run: texts of a scenario and of a stack, as they are edited, and what is wrong with them.

use std::path::{Path, PathBuf};

use hms_lab::inputs::Inputs;
use hms_lab::scenario::Problem;

use super::form::Form;
use crate::command::Draft;

/// The scenario that a window begins with: it runs anywhere, since it is part of the program.
const QUICKSTART: &str = include_str!("../../../experiments/scenarios/quickstart.toml");

/// A text, its file, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct DraftText {
    /// The file that it came from and goes to.
    pub path: Option<PathBuf>,
    /// The text as it is edited. An edit is never lost to a mistake in it.
    pub text: String,
    /// The text as it stands in the file.
    pub saved: String,
    /// Everything that is wrong with it, with places.
    pub problems: Vec<Problem>,
}

impl DraftText {
    /// A text that stands in a file.
    pub fn opened(path: Option<PathBuf>, text: String) -> DraftText {
        DraftText { path, saved: text.clone(), text, problems: Vec::new() }
    }

    /// Whether there are edits that no file has.
    pub fn is_edited(&self) -> bool {
        self.text != self.saved
    }

    /// Name for headings.
    pub fn name(&self) -> String {
        let file = self.path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        file.unwrap_or_else(|| "not in a file".to_owned())
    }
}

/// Everything that a run is made of.
#[derive(Clone, Debug)]
pub struct Drafts {
    /// The scenario.
    pub scenario: DraftText,
    /// The stack; empty: all defaults.
    pub stack: DraftText,
    /// The seed of the first run.
    pub seed: u64,
    /// Runs, with consecutive seeds.
    pub replicates: u32,
    /// Whether every message and attempt is kept.
    pub full: bool,
    /// What the texts come to, as far as they were checked and are right.
    pub inputs: Option<Inputs>,
    /// The stack's parameters with their values, as of the last text that was right.
    pub form: Form,
    /// Counts edits, so that an answer about an older text is known as such.
    pub revision: u64,
    /// The revision that was checked last.
    pub checked: Option<u64>,
}

impl Default for Drafts {
    fn default() -> Self {
        Drafts {
            scenario: DraftText::opened(None, QUICKSTART.to_owned()),
            stack: DraftText::default(),
            seed: 1,
            replicates: 1,
            full: false,
            inputs: None,
            form: Form::default(),
            revision: 0,
            checked: None,
        }
    }
}

impl Drafts {
    /// One of the two texts.
    pub fn text(&self, draft: Draft) -> &DraftText {
        match draft {
            Draft::Scenario => &self.scenario,
            Draft::Stack => &self.stack,
        }
    }

    /// One of the two texts, to be changed.
    pub fn text_mut(&mut self, draft: Draft) -> &mut DraftText {
        match draft {
            Draft::Scenario => &mut self.scenario,
            Draft::Stack => &mut self.stack,
        }
    }

    /// Notes that a text, the seed or the detail has changed.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// The folder in which files are looked for that the scenario refers to.
    pub fn folder(&self) -> PathBuf {
        self.scenario.path.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned()
    }

    /// Whether the texts that stand there are right and can be run.
    pub fn is_ready(&self) -> bool {
        self.inputs.is_some() && self.checked == Some(self.revision)
    }

    /// The command that makes the same run, where both texts stand in files.
    pub fn command_line(&self) -> Option<String> {
        command_line(&self.scenario, &self.stack, self.seed, self.full)
    }

    /// The command that measures the scorecard over so many seeds: it begins with seed 1.
    pub fn scorecard_line(&self, seeds: u64) -> Option<String> {
        let line = with_files("scorecard", &self.scenario, &self.stack).filter(|_| self.seed == 1)?;
        Some(format!("{line} --seeds {seeds}"))
    }
}

fn command_line(scenario: &DraftText, stack: &DraftText, seed: u64, full: bool) -> Option<String> {
    let mut line = with_files("run", scenario, stack)?;
    line += &format!(" --seed {seed}");
    if full {
        line += " --trace full";
    }
    Some(line)
}

/// The beginning of a command over both texts, where they stand in files.
fn with_files(command: &str, scenario: &DraftText, stack: &DraftText) -> Option<String> {
    if scenario.is_edited() || stack.is_edited() {
        return None;
    }
    let mut line = format!("hms {command} {}", quoted(scenario.path.as_deref()?));
    if let Some(stack) = &stack.path {
        line += &format!(" --stack {}", quoted(stack));
    }
    Some(line)
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:=@".contains(letter);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draft_is_a_scenario_that_can_be_run() {
        let drafts = Drafts::default();
        let inputs = Inputs::from_edited(
            &drafts.scenario.text,
            &drafts.stack.text,
            Path::new(""),
            hms_lab::machine::Seed(1),
            Default::default(),
        );
        assert_eq!(inputs.unwrap().scenario().name, "quickstart");
    }

    #[test]
    fn a_command_line_is_offered_for_what_stands_in_files() {
        let mut drafts = Drafts { seed: 7, ..Drafts::default() };
        assert_eq!(drafts.command_line(), None);
        drafts.scenario.path = Some(PathBuf::from("my files/a.toml"));
        assert_eq!(drafts.command_line().as_deref(), Some("hms run 'my files/a.toml' --seed 7"));
        assert_eq!(drafts.scorecard_line(5), None, "it would begin with another seed");
        drafts.seed = 1;
        assert_eq!(drafts.scorecard_line(5).as_deref(), Some("hms scorecard 'my files/a.toml' --seeds 5"));
        drafts.scenario.text.push('#');
        assert_eq!(drafts.command_line(), None);
    }
}
