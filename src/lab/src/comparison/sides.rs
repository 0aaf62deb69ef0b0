//! Where sides come from: folders of runs and campaigns, or stack configurations that are run for the purpose.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hms_machine::Seed;
use hms_stack::Configuration;
use thiserror::Error;

use super::Side;
use crate::campaign::{End, Kept, KeptConfiguration, SweepError, kept};
use crate::evolution::BEST;
use crate::inputs::Inputs;
use crate::presets::{self, Measured, Preset, PresetError, Step};
use crate::results::{self, Columns, ResultsError, Table};
use hms_trial::{DEFINITIONS, Objective};

/// Sign between a campaign's folder and the number of a configuration.
const CONFIGURATION: char = '@';
/// Configurations that are listed when one has to be named.
const LISTED: usize = 12;

/// Why there is nothing to compare.
#[derive(Debug, Error)]
pub enum SideError {
    /// A folder of a run cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// A folder of a campaign cannot be read.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A stack configuration cannot be read.
    #[error(transparent)]
    Stack(#[from] PresetError),
    /// Nothing of ours.
    #[error("{} holds no results: name a folder of `hms run` or `hms sweep`, or compare stack configurations on a scenario: hms compare SCENARIO --stack A --stack B", folder.display())]
    Unknown {
        /// The folder.
        folder: PathBuf,
    },
    /// A search, where a run was wanted.
    #[error("{folder} holds a search, which has no runs of one configuration. To compare its winner with another: hms compare SCENARIO --stack {folder} --stack OTHER", folder = folder.display())]
    Search {
        /// The folder.
        folder: PathBuf,
    },
    /// A search without a winner.
    #[error("{} holds a search that has chosen nothing yet: `hms evolve CAMPAIGN --out {} --resume` ends it", folder.display(), folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// A campaign of several configurations.
    #[error("{folder} holds {count} configurations: name one by its number, as in {folder}@0\n{list}", folder = folder.display())]
    Which {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
        /// Some of them.
        list: String,
    },
    /// A campaign without configurations.
    #[error("{} holds a campaign without configurations: there is nothing to compare. Name another folder", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A number where there are no configurations.
    #[error("`{number}` names a configuration of a campaign, and {} is no folder of `hms sweep` that holds any: check the path, or leave `@{number}` out", folder.display())]
    NoCampaign {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        number: String,
    },
    /// No such configuration.
    #[error("{folder} has no configuration `{named}`: they are numbered {folder}@0 to {folder}@{last}", folder = folder.display())]
    NoSuch {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        named: String,
        /// The last number.
        last: usize,
    },
}

impl Side {
    /// What runs of one stack gave that are at hand; none without a run. Of two of one world the later counts.
    pub fn of_runs<'a>(name: &str, runs: impl IntoIterator<Item = (&'a Inputs, &'a [Objective])>) -> Option<Side> {
        let mut runs = runs.into_iter().peekable();
        let (first, _) = runs.peek()?;
        let mut side = Side {
            name: name.to_owned(),
            stack: *first.stack(),
            settings: BTreeMap::new(),
            texts: BTreeMap::new(),
            cells: BTreeMap::new(),
        };
        for (inputs, objectives) in runs {
            let scenario = &inputs.scenario().name;
            let value = |name: &str| objectives.iter().find(|objective| objective.definition.name == name)?.value;
            let cell = DEFINITIONS.iter().map(|definition| value(definition.name)).collect();
            side.texts.insert(scenario.clone(), digest(inputs.scenario_text()));
            side.cells.insert((scenario.clone(), inputs.seed()), Ok(cell));
        }
        Some(side)
    }
}

/// The side that a folder of results holds; `FOLDER@N` names a configuration of a campaign.
///
/// # Errors
/// [`SideError`].
pub fn open(named: &str) -> Result<Side, SideError> {
    let whole = Path::new(named);
    let (folder, number) = match named.rsplit_once(CONFIGURATION) {
        Some((folder, number)) if !whole.exists() => (Path::new(folder), Some(number)),
        Some(_) | None => (whole, None),
    };
    if folder.join("campaign.json").is_file() {
        return of_campaign(named, folder, number);
    }
    if let Some(number) = number {
        return Err(SideError::NoCampaign { folder: folder.to_owned(), number: number.to_owned() });
    }
    if folder.join("cells.bin").is_file() {
        return Err(SideError::Search { folder: folder.to_owned() });
    }
    if folder.is_dir() && !folder.join(results::MANIFEST).is_file() {
        return Err(SideError::Unknown { folder: folder.to_owned() });
    }
    of_run(named, folder)
}

fn of_run(named: &str, folder: &Path) -> Result<Side, SideError> {
    let results = results::read(folder)?;
    let manifest = results.manifest();
    let columns = Columns::read(&folder.join(Table::Runs.file()))?;
    let value = |name: &str| columns.number(name).and_then(|values| values.first()).copied().filter(|value| !value.is_nan());
    let cell = DEFINITIONS.iter().map(|definition| value(definition.name)).collect();
    let stack = read_stack(&folder.join(results::STACK), &manifest.stack_text)?;
    Ok(Side {
        name: named.to_owned(),
        stack,
        settings: BTreeMap::new(),
        texts: [(manifest.scenario.clone(), digest(&manifest.scenario_text))].into(),
        cells: [((manifest.scenario.clone(), Seed(manifest.seed)), Ok(cell))].into(),
    })
}

fn of_campaign(named: &str, folder: &Path, number: Option<&str>) -> Result<Side, SideError> {
    let Kept { configurations } = kept(folder)?;
    let one = &configurations[meant(folder, &configurations, number)?];
    let measured = |end: &End| -> Measured {
        match end {
            End::Measured { objectives, .. } => Ok(objectives.clone()),
            End::Failed(reason) => Err(reason.clone()),
        }
    };
    Ok(Side {
        name: named.to_owned(),
        stack: read_stack(&folder.join("campaign.json"), &one.stack_text)?,
        // Those of the stack are seen in the stack.
        settings: one
            .settings
            .iter()
            .filter(|(path, _)| !path.starts_with("stack."))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect(),
        // The text holds what was set, which is told by itself.
        texts: BTreeMap::new(),
        cells: one.runs.iter().map(|(seed, end)| ((one.scenario.clone(), *seed), measured(end))).collect(),
    })
}

/// The place of the configuration that is meant: the one of that number, or the only one.
fn meant(folder: &Path, configurations: &[KeptConfiguration], number: Option<&str>) -> Result<usize, SideError> {
    let Some(last) = configurations.len().checked_sub(1) else {
        return Err(SideError::Empty { folder: folder.to_owned() });
    };
    match number {
        None if last == 0 => Ok(0),
        None => {
            let line = |(place, one): (usize, &KeptConfiguration)| format!("  @{place}  {}", one.name());
            let mut list: Vec<String> = configurations.iter().enumerate().take(LISTED).map(line).collect();
            if configurations.len() > LISTED {
                list.push(format!("  … and {} more", configurations.len() - LISTED));
            }
            let (folder, count) = (folder.to_owned(), configurations.len());
            Err(SideError::Which { folder, count, list: list.join("\n") })
        }
        Some(number) => number.parse().ok().filter(|place| *place < configurations.len()).ok_or_else(|| SideError::NoSuch {
            folder: folder.to_owned(),
            named: number.to_owned(),
            last,
        }),
    }
}

/// The stack configuration of a file, or the winner of a search's folder, with its name.
///
/// # Errors
/// [`SideError`].
pub fn stack(path: &Path) -> Result<Preset, SideError> {
    let search = path.join("cells.bin").is_file();
    let file = if search { path.join(BEST).join("knee.toml") } else { path.to_owned() };
    if search && !file.is_file() {
        return Err(SideError::Unfinished { folder: path.to_owned() });
    }
    let stack = read_stack(&file, &read(&file)?)?;
    Ok(Preset { name: path.display().to_string(), path: Some(file), stack })
}

/// Runs two stack configurations on these seeds, on `jobs` threads (0: one per core); `None` if `watch` said stop.
///
/// # Errors
/// If threads cannot be started.
pub fn measure(
    inputs: &Inputs,
    stacks: &[Preset; 2],
    seeds: &[Seed],
    jobs: usize,
    watch: &(dyn Fn(Step) -> bool + Sync),
) -> Result<Option<[Side; 2]>, String> {
    let Some(measured) = presets::measure(inputs, stacks, seeds, jobs, watch)? else { return Ok(None) };
    let scenario = &inputs.scenario().name;
    let side = |place: usize| Side {
        name: stacks[place].name.clone(),
        stack: stacks[place].stack,
        settings: BTreeMap::new(),
        texts: BTreeMap::new(),
        cells: seeds.iter().zip(&measured[place]).map(|(seed, cell)| ((scenario.clone(), *seed), cell.clone())).collect(),
    };
    Ok(Some([side(0), side(1)]))
}

fn read(path: &Path) -> Result<String, PresetError> {
    fs::read_to_string(path).map_err(|source| PresetError::Read { path: path.to_owned(), source })
}

fn read_stack(path: &Path, text: &str) -> Result<Configuration, PresetError> {
    let wrong = |problems| PresetError::Wrong { file: path.display().to_string(), text: text.to_owned(), problems };
    hms_trial::parse_stack(text).map_err(wrong)
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_without_configurations_is_told_as_such_whatever_was_asked_for() {
        for number in [None, Some("0"), Some("3")] {
            let error = meant(Path::new("grid"), &[], number).unwrap_err().to_string();
            assert!(error.starts_with("grid holds a campaign without configurations") && !error.contains('@'), "{error}");
        }
    }
}
