//! The panels. Each is a struct with what it alone knows (where it is scrolled to, what was typed) and a method that draws it from the view.

mod campaign;
mod compare;
mod evolution;
mod history;
mod launch;
mod live;
mod recovery;
mod scorecard;
mod timeline;
mod travel;

use egui::{Ui, WidgetText};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, SimplificationOptions, TabState, Tile, TileId, Tiles, Tree, UiResponse,
};
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::view::View;

/// A panel, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Panel {
    /// Choose and edit what is run, and run it.
    Launch,
    /// Watch a run.
    Live,
    /// What happened when.
    Timeline,
    /// Any instant: beliefs beside the truth, and other futures.
    Travel,
    /// How fast faults were noticed and healed.
    Recovery,
    /// Runs beside each other.
    Compare,
    /// The promises and what was measured.
    Scorecard,
    /// A search for better configurations.
    Evolution,
    /// How configurations changed.
    History,
}

impl Panel {
    /// Every panel.
    pub const ALL: [Panel; 9] = [
        Panel::Launch,
        Panel::Live,
        Panel::Timeline,
        Panel::Travel,
        Panel::Recovery,
        Panel::Compare,
        Panel::Scorecard,
        Panel::Evolution,
        Panel::History,
    ];

    /// What stands on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Panel::Launch => "Launch",
            Panel::Live => "Live run",
            Panel::Timeline => "Timeline",
            Panel::Travel => "Time travel",
            Panel::Recovery => "Recovery",
            Panel::Compare => "Compare",
            Panel::Scorecard => "Scorecard",
            Panel::Evolution => "Evolution",
            Panel::History => "Configurations",
        }
    }
}

/// All panels, with what each alone knows.
#[derive(Default)]
pub struct Panels {
    launch: launch::LaunchPanel,
    live: live::LivePanel,
    timeline: timeline::TimelinePanel,
    travel: travel::TravelPanel,
    recovery: recovery::RecoveryPanel,
    compare: compare::ComparePanel,
    scorecard: scorecard::ScorecardPanel,
    evolution: evolution::EvolutionPanel,
    history: history::HistoryPanel,
}

/// The first layout: what is run at the left, what came of it at the right.
pub fn layout() -> Tree<Panel> {
    let mut tiles = Tiles::default();
    let launch = tiles.insert_pane(Panel::Launch);
    let launch = tiles.insert_tab_tile(vec![launch]);
    let upper: Vec<TileId> =
        [Panel::Live, Panel::Timeline, Panel::Recovery, Panel::Compare, Panel::Scorecard, Panel::Evolution, Panel::History]
            .map(|panel| tiles.insert_pane(panel))
            .to_vec();
    let first = upper[0];
    let upper = tiles.insert_tab_tile(upper);
    if let Some(Tile::Container(Container::Tabs(tabs))) = tiles.get_mut(upper) {
        tabs.set_active(first);
    }
    let travel = tiles.insert_pane(Panel::Travel);
    let travel = tiles.insert_tab_tile(vec![travel]);
    let right = tiles.insert_container(Linear::new_binary(LinearDir::Vertical, [upper, travel], 0.62));
    let root = tiles.insert_container(Linear::new_binary(LinearDir::Horizontal, [launch, right], 0.3));
    Tree::new(egui::Id::unique("panels"), root, tiles)
}

/// Draws panels where the layout has them.
pub struct Desktop<'a> {
    /// What they read.
    pub view: &'a View,
    /// What each alone knows.
    pub panels: &'a mut Panels,
    /// What somebody wants.
    pub commands: &'a mut Vec<Command>,
}

impl Behavior<Panel> for Desktop<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, panel: &mut Panel) -> UiResponse {
        let Desktop { view, panels, commands } = self;
        egui::Frame::new().inner_margin(8).show(ui, |ui| match panel {
            Panel::Launch => panels.launch.ui(ui, view, commands),
            Panel::Live => panels.live.ui(ui, view, commands),
            Panel::Timeline => panels.timeline.ui(ui, view, commands),
            Panel::Travel => panels.travel.ui(ui, view, commands),
            Panel::Recovery => panels.recovery.ui(ui, view, commands),
            Panel::Compare => panels.compare.ui(ui, view, commands),
            Panel::Scorecard => panels.scorecard.ui(ui, view, commands),
            Panel::Evolution => panels.evolution.ui(ui, view, commands),
            Panel::History => panels.history.ui(ui, view, commands),
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, panel: &Panel) -> WidgetText {
        panel.title().into()
    }

    fn is_tab_closable(&self, tiles: &Tiles<Panel>, tile: TileId) -> bool {
        matches!(tiles.get(tile), Some(Tile::Pane(_)))
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn tab_outline_stroke(
        &self,
        visuals: &egui::Visuals,
        _tiles: &Tiles<Panel>,
        _tile: TileId,
        state: &TabState,
    ) -> egui::Stroke {
        if state.active { egui::Stroke::new(1.0, visuals.selection.bg_fill) } else { egui::Stroke::NONE }
    }
}

/// Brings a panel to the front; one that was closed is put back.
pub fn focus(tree: &mut Tree<Panel>, panel: Panel) {
    let found = tree.tiles.iter().find_map(|(id, tile)| matches!(tile, Tile::Pane(known) if *known == panel).then_some(*id));
    if found.is_none() {
        let pane = tree.tiles.insert_pane(panel);
        let tabs = tree.tiles.insert_tab_tile(vec![pane]);
        match tree.root() {
            Some(root) => {
                let root = tree.tiles.insert_container(Linear::new_binary(LinearDir::Horizontal, [root, tabs], 0.6));
                tree.root = Some(root);
            }
            None => tree.root = Some(tabs),
        }
    }
    tree.make_active(|_, tile| matches!(tile, Tile::Pane(known) if *known == panel));
}

/// Says that there is nothing to show, and what to do about it.
pub(crate) fn absence(ui: &mut Ui, text: &str) {
    ui.add_space(12.0);
    ui.vertical_centered(|ui| ui.weak(text));
}
