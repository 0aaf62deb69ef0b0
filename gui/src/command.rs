//! What a frame returns: everything that somebody at the window can want.

use std::path::PathBuf;

use hms_lab::evolution::Opening;
use hms_lab::machine::{Instant, NodeId};
use hms_lab::stack::{Configuration, Value};

use crate::panels::Panel;
use crate::view::RunId;
use crate::view::compare::Question;

/// A wish. Panels collect them while a frame is drawn; the app carries them out afterwards.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask for a file or folder and open it.
    Pick(Kind),
    /// Open a file or folder, whatever it holds.
    Open(PathBuf),
    /// Write a draft to its file; asks for one if it has none.
    Save(Draft),
    /// A text was edited.
    Edit(Draft, String),
    /// A parameter of the stack was set in the form.
    Set(&'static str, Value),
    /// Begin the search that was opened, go on with what is there of it, or begin anew.
    Evolve(Opening),
    /// Have the search wait, or go on.
    PauseEvolution(bool),
    /// Stop the search; what it has paid for is kept.
    StopEvolution,
    /// Parameters of the stack, as a search has them, are set in the draft.
    Adopt(Vec<(String, String)>),
    /// The seed of the first run.
    Seed(u64),
    /// How many runs.
    Replicates(u32),
    /// Whether every message and attempt is kept.
    Full(bool),
    /// Run what is drafted.
    Run,
    /// Run what is drafted once it was checked.
    RunWhenChecked,
    /// Have the runs under way wait, or go on.
    Pause(bool),
    /// Stop the runs under way.
    Cancel,
    /// How fast this run goes, and those that follow: simulated seconds per second; none: as fast as it can.
    Speed(Option<f64>),
    /// Show this run in every panel.
    Show(RunId),
    /// Forget a run.
    Close(RunId),
    /// Look at an incident, by its position; or at none.
    SelectIncident(Option<usize>),
    /// Look at this instant.
    Seek(Instant),
    /// Look at the world so many events later or earlier.
    Step(i64),
    /// Look at a node, or at none.
    SelectNode(Option<NodeId>),
    /// Run the shown run again with snapshots, so that any instant of it can be restored.
    Restore,
    /// From the instant that is looked at on, another future.
    Fork {
        /// The scenario with other faults.
        scenario: Option<String>,
        /// Another stack.
        stack: Option<Box<Configuration>>,
    },
    /// Hold two runs against each other, with their replicates.
    Compare(Question),
    /// Measure the promised figures over so many seeds of the drafted scenario.
    Measure(u64),
    /// Write the shown run as a results folder.
    Keep,
    /// Write a picture of the shown run.
    ExportPicture(hms_lab::plots::Kind, hms_lab::plots::Format),
    /// Write a chart that is on screen.
    ExportChart(Box<hms_lab::plots::Chart>, hms_lab::plots::Format),
    /// Write a table of the shown run.
    ExportTable(hms_lab::results::Table, hms_lab::export::Format),
    /// Write a table that is on screen.
    ExportSheet(Box<hms_lab::export::Sheet>, hms_lab::export::Format),
    /// Ask for a place and write a picture of the window there.
    PickScreenshot,
    /// Write a picture of the window.
    Screenshot(PathBuf),
    /// Put a text on the clipboard.
    Copy(String),
    /// Bring a panel to the front, opening it if need be.
    Focus(Panel),
    /// Put every panel back in its place.
    ResetLayout,
    /// Light or dark.
    ToggleTheme,
    /// Show or hide the list of everything that can be done.
    TogglePalette,
    /// Tell that something is wrong.
    Complain(String),
    /// Take a message away.
    Dismiss(usize),
    /// End the app.
    Quit,
}

/// What a file dialog asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario file.
    Scenario,
    /// A stack configuration.
    Stack,
    /// A results folder.
    Results,
    /// A campaign of evolution.
    Campaign,
}

/// A text that is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// The scenario.
    Scenario,
    /// The stack configuration.
    Stack,
}
