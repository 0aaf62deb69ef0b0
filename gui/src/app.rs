//! The window: it draws the panels, hears workers, and carries out what somebody wants.

mod carry_out;
mod frame;
mod hear;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use egui_tiles::Tree;
use hms_lab::export;
use hms_lab::results::Table;
use serde::{Deserialize, Serialize};

use crate::command::{Command, Draft};
use crate::palette::Palette;
use crate::panels::{Panel, Panels, layout};
use crate::view::draft::DraftText;
use crate::view::{RunId, View};
use crate::worker::{Travel, Workers};

/// What the program was told when it was started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Files and folders to open.
    pub open: Vec<PathBuf>,
    /// Run what is drafted as soon as it was checked.
    pub run: bool,
    /// Measure the scorecard over so many seeds as soon as what is drafted was checked.
    pub measure: Option<u64>,
    /// Bring this panel to the front.
    pub panel: Option<Panel>,
    /// When nothing is under way any more, write a picture of the window here and end.
    pub screenshot: Option<PathBuf>,
    /// Hold the run at this instant (seconds) and take the picture there.
    pub watch: Option<f64>,
    /// Look at this incident, for pictures.
    pub incident: Option<usize>,
    /// Light tones.
    pub light: bool,
    /// Searches have their folders in here.
    pub results: Option<PathBuf>,
    /// Files that are saved go into this folder; nobody is asked where.
    pub exports: Option<PathBuf>,
}

/// What is kept between starts.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    tree: Tree<Panel>,
    dark: bool,
    scenario: KeptText,
    stack: KeptText,
    seed: u64,
}

/// A draft with its edits: they outlive the window, saved or not.
#[derive(Default, Serialize, Deserialize)]
struct KeptText {
    path: Option<PathBuf>,
    text: String,
    saved: String,
}

impl From<&DraftText> for KeptText {
    fn from(draft: &DraftText) -> Self {
        KeptText { path: draft.path.clone(), text: draft.text.clone(), saved: draft.saved.clone() }
    }
}

impl From<KeptText> for DraftText {
    fn from(kept: KeptText) -> Self {
        DraftText { path: kept.path, text: kept.text, saved: kept.saved, problems: Vec::new() }
    }
}

impl Default for Kept {
    fn default() -> Self {
        let drafts = crate::view::draft::Drafts::default();
        Kept { tree: layout(), dark: true, scenario: (&drafts.scenario).into(), stack: KeptText::default(), seed: 1 }
    }
}

/// What is to be written once its place was chosen.
enum Writing {
    Draft(Draft),
    Bytes(Vec<u8>),
    Table {
        folder: PathBuf,
        table: Table,
        format: export::Format,
    },
    Run(Arc<crate::view::run::RunView>),
    Sheet(Box<export::Sheet>, export::Format),
    /// A picture of the window.
    Window,
}

/// A check of the drafts.
#[derive(Clone, Copy)]
struct Checking {
    revision: u64,
    job: u64,
}

/// Simulated seconds per second while a run is on its way to where it is to be held.
const APPROACH: f64 = 20.0;

/// The app.
pub struct App {
    /// What panels show.
    pub view: View,
    tree: Tree<Panel>,
    dark: bool,
    panels: Panels,
    palette: Palette,
    workers: Workers,
    travels: BTreeMap<RunId, Travel>,
    /// Name of the next run.
    next_run: u64,
    /// Jobs by what they do, as far as that matters.
    running: Option<u64>,
    restoring: Option<(RunId, u64)>,
    /// The comparison of two runs that is under way, and what is asked after it.
    comparing: Option<u64>,
    compare_next: Option<crate::view::compare::Question>,
    /// What waits for a place to be written to, by the job that asks for it.
    writings: BTreeMap<u64, Writing>,
    /// Where a picture of the window is to be written in the next frame.
    screenshot: Option<PathBuf>,
    /// The check under way.
    checking: Option<Checking>,
    options: Options,
    /// Frames since nothing was under way, when a picture is to be taken.
    quiet_frames: u32,
}

impl App {
    /// An app with nothing kept from earlier.
    pub fn new(options: Options) -> App {
        App::with(options, Kept::default())
    }

    /// An app as it was left.
    pub fn restored(options: Options, storage: Option<&dyn eframe::Storage>) -> App {
        // Pictures are to look the same whoever takes them.
        let kept =
            storage.filter(|_| options.screenshot.is_none()).and_then(|storage| eframe::get_value(storage, eframe::APP_KEY));
        App::with(options, kept.unwrap_or_default())
    }

    fn with(options: Options, kept: Kept) -> App {
        let Kept { tree, dark, scenario, stack, seed } = kept;
        let mut view = View::default();
        (view.drafts.scenario, view.drafts.stack, view.drafts.seed) = (scenario.into(), stack.into(), seed);
        // Fast enough to get there, and slow enough to be held there.
        view.speed = options.watch.filter(|_| options.screenshot.is_some()).map(|_| APPROACH);
        let mut app = App {
            view,
            tree,
            dark: dark && !options.light,
            panels: Panels::default(),
            palette: Palette::default(),
            workers: Workers::default(),
            travels: BTreeMap::new(),
            next_run: 1,
            running: None,
            restoring: None,
            comparing: None,
            compare_next: None,
            writings: BTreeMap::new(),
            screenshot: None,
            checking: None,
            options: options.clone(),
            quiet_frames: 0,
        };
        app.look_near(std::path::Path::new("."));
        for path in options.open {
            app.carry_out(Command::Open(path));
        }
        if let Some(panel) = options.panel {
            app.carry_out(Command::Focus(panel));
        }
        app
    }

    fn kept(&self) -> Kept {
        let drafts = &self.view.drafts;
        Kept {
            tree: self.tree.clone(),
            dark: self.dark,
            scenario: (&drafts.scenario).into(),
            stack: (&drafts.stack).into(),
            seed: drafts.seed,
        }
    }

    /// Carries out what is wanted, as if somebody at the window had done it.
    pub fn want(&mut self, command: Command) {
        self.carry_out(command);
    }

    /// Whether any job is under way.
    pub fn is_busy(&self) -> bool {
        self.workers.is_busy()
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }

    /// Edits that no file has are kept this often, should the window be killed.
    fn auto_save_interval(&self) -> std::time::Duration {
        std::time::Duration::from_secs(5)
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if self.options.screenshot.is_none() {
            eframe::set_value(storage, eframe::APP_KEY, &self.kept());
        }
    }
}
