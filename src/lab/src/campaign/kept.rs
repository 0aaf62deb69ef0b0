//! A finished campaign, read back from its folder: configurations and what their runs gave.

use std::collections::BTreeMap;
use std::path::Path;

use hms_machine::Seed;
use polars::prelude::*;

use super::folder::{FORMAT_VERSION, LAUNCH, Launch, SweepError, read, read_frame};
use super::rows::{self, End};
use super::tables::RUNS;
use crate::results::MANIFEST;

/// A finished campaign.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its configurations, in their order.
    pub configurations: Vec<KeptConfiguration>,
}

/// A configuration of a finished campaign.
#[derive(Clone, Debug)]
pub struct KeptConfiguration {
    /// Name of the scenario's file.
    pub scenario: String,
    /// The case.
    pub case: Option<String>,
    /// Path to TOML value.
    pub settings: BTreeMap<String, String>,
    /// The stack configuration, defaults included.
    pub stack_text: String,
    /// Seed and end of each run.
    pub runs: Vec<(Seed, End)>,
}

impl KeptConfiguration {
    /// Scenario, case and settings, for messages.
    pub fn name(&self) -> String {
        let case = self.case.iter().map(|case| format!("case {case}"));
        let settings = self.settings.iter().map(|(path, value)| format!("{path} = {value}"));
        std::iter::once(self.scenario.clone()).chain(case).chain(settings).collect::<Vec<_>>().join(", ")
    }
}

/// Reads the folder of a finished campaign.
///
/// # Errors
/// [`SweepError::Damaged`] if it is not finished, or not as it was written.
pub fn kept(folder: &Path) -> Result<Kept, SweepError> {
    let help = "The same `hms sweep` command ends it, or begins anew with --fresh and another --out";
    let damaged = |path: &Path, problem: String| SweepError::Damaged { path: path.to_owned(), problem, help };
    if !folder.join(MANIFEST).is_file() {
        return Err(damaged(folder, "the campaign is not finished".to_owned()));
    }
    let path = folder.join(LAUNCH);
    let launch: Launch = serde_json::from_str(&read(&path)?).map_err(|error| damaged(&path, error.to_string()))?;
    if launch.format_version != FORMAT_VERSION {
        let problem = format!("its format is version {}, and this program reads {FORMAT_VERSION}", launch.format_version);
        return Err(damaged(&path, problem));
    }
    let mut configurations = Vec::new();
    for one in launch.configurations {
        configurations.push(KeptConfiguration {
            scenario: one.scenario,
            case: one.case,
            settings: one.settings,
            stack_text: read(&folder.join(one.stack_text))?,
            runs: Vec::new(),
        });
    }
    let path = folder.join(RUNS);
    let frame = read_frame(&path, help)?;
    let mut fill = || -> PolarsResult<()> {
        let (places, seeds) = (frame.column("configuration")?.u32()?, frame.column("seed")?.u64()?);
        for (row, (_, end)) in rows::read(&frame)?.into_iter().enumerate() {
            let lacks = || polars_err!(ComputeError: "a run without configuration or seed");
            let place = places.get(row).and_then(|place| configurations.get_mut(place as usize)).ok_or_else(lacks)?;
            place.runs.push((Seed(seeds.get(row).ok_or_else(lacks)?), end));
        }
        Ok(())
    };
    fill().map_err(|error| damaged(&path, error.to_string()))?;
    Ok(Kept { configurations })
}
