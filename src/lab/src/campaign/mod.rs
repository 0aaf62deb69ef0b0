//! Campaigns: many trials, from one file, into one table.
//!
//! Picture a field trial in a garden: beds for every combination of soil and water, the same weather for each bed, several summers. Axes are
//! multiplied, cases are values that change together, `where` leaves combinations out, and each *configuration* that remains is run with the same
//! seeds (*replicates*). Seeds derive from the campaign's seed, the scenario's name and the number of the replicate, so every configuration meets the
//! same worlds and differences are taken pair by pair (common random numbers; Law, "Simulation Modeling and Analysis", 5th ed., section 11.2).
//!
//! [`load`] reads a file and expands it; everything that can be wrong is told then, before anything runs. [`Sweep`] is the folder of
//! results in the making: it runs what is missing and commits what is finished.
//!
//! **Contract.** A run's id is the digest of everything that decides it. Results do not depend on the number of threads, on the order in which runs
//! finish, or on how often the campaign was interrupted. A trial that fails is data: it is listed with its reason, and never run again in that
//! folder.

mod expression;
mod file;
mod folder;
mod kept;
mod plan;
mod reference;
mod rows;
mod summary;
mod sweep;
mod tables;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hms_machine::Seed;
use hms_scenario::{Problem, render_all};
use hms_trial::Definition;
use thiserror::Error;

use crate::inputs::{InputError, Inputs};

pub use file::schema;
pub use folder::SweepError;
pub use kept::{Kept, KeptConfiguration, kept};
pub use reference::reference;
pub(crate) use reference::rows as reference_rows;
pub use rows::{End, Finished};
pub use summary::{ConfigurationSummary, Summary};
pub use sweep::{Opening, Step, Sweep, free_folder};
pub use tables::{CONFIGURATIONS, INCIDENTS, RUNS};

/// A campaign that has been read and expanded.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its file.
    pub path: PathBuf,
    /// The file's text.
    pub text: String,
    /// Short name, used for the folder of results.
    pub name: String,
    /// What it is to find out.
    pub description: String,
    /// Runs of each configuration.
    pub replicates: u32,
    /// The seed from which those of the runs derive.
    pub seed: Seed,
    /// Objectives in the final table, which is sorted by the first.
    pub objectives: Vec<&'static Definition>,
    /// What is compared, in order. Never empty.
    pub configurations: Vec<Configuration>,
}

/// A combination of settings.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Its place in the campaign.
    pub index: usize,
    /// Name of the scenario's file, without its ending.
    pub scenario: String,
    /// The scenario's file.
    pub scenario_path: PathBuf,
    /// The stack's file; `None`: all defaults.
    pub stack_path: Option<PathBuf>,
    /// The case.
    pub case: Option<String>,
    /// What the campaign sets: first what is fixed, then what the case sets, then the axes; each path once.
    pub settings: Vec<Setting>,
    /// With a seed that means nothing; [`Campaign::run`] has the one of a run.
    pub(crate) inputs: Inputs,
}

/// A value that a campaign sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Path with its prefix `scenario.` or `stack.`.
    pub path: String,
    /// The value, as in a file.
    pub value: toml::Value,
}

impl Setting {
    /// The value for reading: texts without quotes.
    pub fn shown(&self) -> String {
        match &self.value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// One run of a campaign.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its place: configuration × replicates + replicate.
    pub index: usize,
    /// Its configuration's place.
    pub configuration: usize,
    /// Which of the configuration's runs, from 0.
    pub replicate: u32,
    /// Everything that decides what happens.
    pub inputs: Inputs,
}

impl Run {
    /// Digest of everything that decides it: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        self.inputs.run_id()
    }
}

/// Why a campaign cannot be read.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The campaign's file, or a setting in it, is wrong.
    #[error("{}", render_all(problems, file, text).trim_end())]
    Wrong {
        /// Name of the file.
        file: String,
        /// Its text.
        text: String,
        /// What is wrong, and how to mend it.
        problems: Vec<Problem>,
    },
    /// A scenario or a stack configuration is wrong by itself.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// Reads a campaign's file, the scenarios and stack configurations it names, and expands it.
///
/// # Errors
/// [`CampaignError`]; every configuration has been checked when there is none.
pub fn load(path: &Path) -> Result<Campaign, CampaignError> {
    let text = fs::read_to_string(path).map_err(|source| CampaignError::Read { path: path.to_owned(), source })?;
    let wrong = |problems| CampaignError::Wrong { file: path.display().to_string(), text: text.clone(), problems };
    let parsed = file::parse(&text).map_err(wrong)?;
    let configurations = plan::expand(path, &text, &parsed)?;
    let stem = path.file_stem().map_or_else(|| "campaign".into(), |stem| stem.to_string_lossy());
    Ok(Campaign {
        path: path.to_owned(),
        name: parsed.file.name.clone().unwrap_or_else(|| stem.into_owned()),
        description: parsed.file.description.clone(),
        replicates: parsed.file.replicates,
        seed: Seed(parsed.file.seed),
        objectives: parsed.objectives,
        configurations,
        text,
    })
}

impl Campaign {
    /// How many runs it has.
    pub fn run_count(&self) -> usize {
        self.configurations.len() * self.replicates as usize
    }

    /// The run at that place.
    ///
    /// # Panics
    /// If there are not so many runs.
    pub fn run(&self, index: usize) -> Run {
        let replicates = self.replicates as usize;
        let (configuration, replicate) = (index / replicates, (index % replicates) as u32);
        let of = &self.configurations[configuration];
        let seed = plan::seed(self.seed, &of.scenario, replicate);
        Run { index, configuration, replicate, inputs: of.inputs.with_seed(seed) }
    }

    /// All runs, in order.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        (0..self.run_count()).map(|index| self.run(index))
    }

    /// The places of the runs whose id begins with `prefix`.
    pub fn find(&self, prefix: &str) -> Vec<usize> {
        self.runs().filter(|run| run.id().starts_with(prefix)).map(|run| run.index).collect()
    }

    /// Digest of the ids of all runs, in order: 64 hexadecimal digits. Equal digests are equal campaigns, whatever their files look like.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for run in self.runs() {
            hasher.update(run.id().as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Paths of the settings of any configuration, in the order in which they first appear.
    pub fn setting_paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = Vec::new();
        for setting in self.configurations.iter().flat_map(|configuration| &configuration.settings) {
            if !paths.contains(&setting.path.as_str()) {
                paths.push(&setting.path);
            }
        }
        paths
    }

    /// Those of [`Campaign::setting_paths`] that are not the same in all configurations.
    pub fn varying_paths(&self) -> Vec<&str> {
        let first = &self.configurations[0];
        let varies = |path: &&str| self.configurations.iter().any(|other| other.setting(path) != first.setting(path));
        self.setting_paths().into_iter().filter(varies).collect()
    }
}

impl Configuration {
    /// What it sets at `path`.
    pub fn setting(&self, path: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.path == path)
    }

    /// Scenario, case and settings, for messages.
    pub fn name(&self) -> String {
        let case = self.case.iter().map(|case| format!("case {case}"));
        let settings = self.settings.iter().map(|setting| format!("{} = {}", setting.path, setting.shown()));
        std::iter::once(self.scenario.clone()).chain(case).chain(settings).collect::<Vec<_>>().join(", ")
    }

    /// What it is run with.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}
