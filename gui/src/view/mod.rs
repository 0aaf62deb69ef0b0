//! What a frame reads: immutable models made off the UI thread, and the selection that all panels share.

pub mod campaign;
pub mod compare;
pub mod distribution;
pub mod draft;
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
    /// The campaign that was opened last.
    pub campaign: Option<Campaign>,
    /// The campaign of evolution that was opened last.
    pub study: Option<PathBuf>,
    /// A search under way.
    pub evolving: Option<Evolving>,
    /// Whether it waits.
    pub evolving_waits: bool,
    /// The search that was opened last.
    pub search: Option<Arc<Search>>,
    /// Configurations that a run or a candidate can be held against: our default, everything off, and the presets near the scenario.
    pub presets: Vec<Preset>,
    /// What happened, newest last.
    pub messages: VecDeque<Message>,
    /// Jobs that are under way, by name.
    pub jobs: Vec<(u64, String)>,
}

/// Measured figures of the promises.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
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
