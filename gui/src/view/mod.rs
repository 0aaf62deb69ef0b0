//! What a frame reads: immutable models made off the UI thread, and the selection that all panels share.

pub mod campaign;
pub mod compare;
pub mod distribution;
pub mod draft;
#[cfg(test)]
mod fixture;
pub mod form;
pub mod history;
pub mod lanes;
pub mod live;
pub mod pyramid;
pub mod run;
pub mod search;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use hms_lab::machine::{Instant, NodeId};
use hms_lab::presets::Preset;
use hms_lab::scorecard;

use campaign::Campaign;
use draft::Drafts;
use live::Live;
use run::{Moment, RunView};
use search::{Evolving, Search};

/// Names a run within this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// Everything that panels show.
#[derive(Default)]
pub struct View {
    /// What is drafted to be run.
    pub drafts: Drafts,
    /// Runs that have ended or were opened, oldest first.
    pub runs: Vec<Arc<RunView>>,
    /// The run that panels show.
    pub shown: Option<RunId>,
    /// Runs under way.
    pub live: Option<Live>,
    /// Simulated seconds per second of runs; none: as fast as they can.
    pub speed: Option<f64>,
    /// The incident that is looked at.
    pub incident: Option<usize>,
    /// The instant that is looked at.
    pub instant: Instant,
    /// The node that is looked at.
    pub node: Option<NodeId>,
    /// The world at that instant, as far as it has been restored.
    pub moment: Option<Moment>,
    /// Whether the shown run can be taken to any instant; while it is made so: share done.
    pub restoring: Option<f32>,
    /// The scorecard that was measured last.
    pub scorecard: Option<Scorecard>,
    /// Two runs held against each other, the last that were.
    pub comparison: Option<Box<compare::Held>>,
    /// The campaign that was opened last.
    pub campaign: Option<Campaign>,
    /// The campaign of evolution that was opened last.
    pub study: Option<Study>,
    /// A search under way.
    pub evolving: Option<Evolving>,
    /// Whether it waits.
    pub evolving_waits: bool,
    /// The search that was opened last.
    pub search: Option<Arc<Search>>,
    /// Configurations that a run or a candidate can be held against: our default, everything off, and the presets near the scenario.
    pub presets: Vec<Preset>,
    /// Scenarios near the one that is drafted.
    pub scenarios: Vec<PathBuf>,
    /// What happened, newest last.
    pub messages: VecDeque<Message>,
    /// Jobs that are under way, by name.
    pub jobs: Vec<(u64, String)>,
}

/// A campaign of evolution, and where its search is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Study {
    /// Its file.
    pub campaign: PathBuf,
    /// The folder of the search.
    pub folder: PathBuf,
}

impl Study {
    /// The command that makes the same search, or goes on with what there is of it.
    pub fn command_line(&self) -> String {
        let resume = if self.folder.exists() { " --resume" } else { "" };
        format!("hms evolve {} --out {}{resume}", draft::quoted(&self.campaign), draft::quoted(&self.folder))
    }
}

/// Measured figures of the promises.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// The command that measures the same, where there is one.
    pub command_line: Option<String>,
    /// Of which scenario.
    pub scenario: String,
    /// Over how many seeds.
    pub seeds: u64,
    /// The rows.
    pub rows: Vec<scorecard::Row>,
}

/// Something that somebody at the window should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether something went wrong.
    pub wrong: bool,
    /// What happened, and what to do.
    pub text: String,
}

/// Older messages than the last so many are dropped.
const MESSAGES_MAX: usize = 50;

impl View {
    /// The run that panels show.
    pub fn run(&self) -> Option<&Arc<RunView>> {
        self.runs.iter().find(|run| Some(run.id) == self.shown)
    }

    /// Tells something.
    pub fn say(&mut self, wrong: bool, text: impl Into<String>) {
        self.messages.push_back(Message { wrong, text: text.into() });
        if self.messages.len() > MESSAGES_MAX {
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_search_goes_on_with_what_is_there() {
        let here = tempfile::tempdir().unwrap();
        let mut study = Study { campaign: PathBuf::from("my campaign.toml"), folder: PathBuf::from("no/such/folder") };
        assert_eq!(study.command_line(), "hms evolve 'my campaign.toml' --out no/such/folder");
        study.folder = here.path().to_owned();
        assert!(study.command_line().ends_with(" --resume"));
    }
}
