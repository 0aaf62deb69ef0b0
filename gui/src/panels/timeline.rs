//! What happened when: swim lanes with faults, states, beliefs and actions, and the incidents with their chains of cause.

use egui::{Color32, RichText, ScrollArea, TextEdit, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;
use hms_lab::machine::{Instant, NodeId};
use hms_lab::session::{Episode, Link, Step};
use hms_lab::trial::TraceKind;

use super::absence;
use crate::command::Command;
use crate::theme;
use crate::view::lanes::{LOOKS, Lane, Look, Subject};
use crate::view::run::RunView;
use crate::view::{RunId, View};
use crate::widgets::figures::seconds;
use crate::widgets::lanes::{Shown, Window, lanes_ui};
use crate::widgets::table::save_table;

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct TimelinePanel {
    /// Which part of which run is seen.
    seen: Option<(RunId, Window)>,
    /// The incident that was last brought into view.
    brought: Option<usize>,
    /// Only lanes whose name holds this are shown.
    filter: String,
    /// The chain that was told last, with its run and incident.
    chain: Option<(RunId, usize, Vec<Step>)>,
}

impl TimelinePanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let Some(run) = view.run() else {
            return absence(ui, "No run to show. Run a scenario, or open a results folder (Ctrl+O).");
        };
        let whole = Window { from: 0.0, until: run.length() };
        let window = match self.seen {
            Some((id, window)) if id == run.id => window,
            Some(_) | None => whole,
        };
        let mut window = self.bring(run, view.incident, window);
        ui.horizontal_wrapped(|ui| {
            if ui.button("Whole run").clicked() {
                window = whole;
            }
            for (name, factor) in [("Zoom in", 0.5), ("Zoom out", 2.0)] {
                if ui.button(name).clicked() {
                    window = window.zoomed(factor, (window.from + window.until) / 2.0, run.length());
                }
            }
            let label = ui.label("Lanes");
            ui.add(TextEdit::singleline(&mut self.filter).desired_width(90.0).hint_text("all")).labelled_by(label.id);
            legend(ui);
        });
        let filter = self.filter.to_lowercase();
        let lanes: Vec<&Lane> = run.lanes.iter().filter(|lane| lane.name.to_lowercase().contains(&filter)).collect();
        let episode = view.incident.and_then(|place| run.chronicle.episodes.get(place));
        self.tell_chain(run, view.incident);
        let chain = self.chain.as_ref().map_or(&[][..], |(.., steps)| steps);
        let marks: Vec<(u32, f64, Color32)> =
            chain.iter().map(|step| (step.row as u32, step.at.as_secs_f64(), link_color(step.link))).collect();
        let focus =
            episode.map(|episode| (episode.start.as_secs_f64(), end_of(episode).map_or(run.length(), |end| end.as_secs_f64())));
        let shown = Shown { lanes: &lanes, length: run.length(), cursor: view.instant.as_secs_f64(), chain: &marks, focus };
        let height = (ui.available_height() * 0.58).max(120.0);
        let done = ScrollArea::vertical()
            .id_salt("lanes")
            .max_height(height)
            .auto_shrink([false, true])
            .show(ui, |ui| lanes_ui(ui, window, &shown, commands))
            .inner;
        if let Some((lane, at)) = done.clicked {
            commands.push(Command::Seek(Instant::from_nanos((at.max(0.0) * 1e9) as u64)));
            match lanes[lane].subject {
                Subject::Node(node) => commands.push(Command::SelectNode(Some(NodeId(node)))),
                Subject::Agent(agent) => {
                    let home = run.chronicle.places.agents.get(agent as usize).map(|place| place.node);
                    commands.push(Command::SelectNode(home));
                }
                Subject::Fault | Subject::Service(_) | Subject::Whole => {}
            }
        }
        if let Some((lane, at)) = done.hovered {
            let reach = (window.until - window.from) / 200.0;
            let near = lanes[lane].nearest(at, reach).map_or_else(String::new, |(_, row)| describe(run, row as usize));
            ui.weak(format!("{}   {:.6} s   {near}", lanes[lane].name, at));
        } else {
            ui.weak("Drag to pan, Ctrl and wheel to zoom, click to look at an instant, double-click for the whole run.");
        }
        self.seen = Some((run.id, done.window.unwrap_or(window)));
        ui.separator();
        ui.columns(2, |columns| {
            incidents(&mut columns[0], run, view, commands);
            steps(&mut columns[1], run, episode, chain, commands);
        });
    }

    /// Finds the chain of the chosen incident, once.
    fn tell_chain(&mut self, run: &RunView, incident: Option<usize>) {
        let wanted = incident.map(|place| (run.id, place));
        if self.chain.as_ref().map(|(id, place, _)| (*id, *place)) != wanted {
            self.chain = incident.and_then(|place| {
                let episode = run.chronicle.episodes.get(place)?;
                Some((run.id, place, run.chains.chain(&run.chronicle, episode)))
            });
        }
    }

    /// The window that shows a newly chosen incident as a whole.
    fn bring(&mut self, run: &RunView, incident: Option<usize>, window: Window) -> Window {
        if incident == self.brought {
            return window;
        }
        self.brought = incident;
        let Some(episode) = incident.and_then(|place| run.chronicle.episodes.get(place)) else { return window };
        let (from, until) = (episode.start.as_secs_f64(), end_of(episode).map_or(run.length(), |end| end.as_secs_f64()));
        let air = ((until - from) * 0.25).max(0.5);
        Window { from: from - air, until: until + air }.moved(0.0, run.length())
    }
}

/// When the last thing happened that belongs to an incident; none if it was never over.
fn end_of(episode: &Episode) -> Option<Instant> {
    Some(episode.recovered?.max(episode.restored?).max(episode.verified?))
}

fn link_color(link: Link) -> Color32 {
    match link {
        Link::Fault | Link::Failed => theme::BAD,
        Link::Notice => theme::BELIEF,
        Link::Action => theme::ACTION,
        Link::Verified | Link::Served => theme::GOOD,
        Link::End => theme::STILL,
    }
}

fn link_name(link: Link) -> &'static str {
    match link {
        Link::Fault => "fault",
        Link::Notice => "first notice",
        Link::Action => "action",
        Link::Verified => "verified",
        Link::Failed => "did not help",
        Link::Served => "answers again",
        Link::End => "fault ends",
    }
}

fn legend(ui: &mut Ui) {
    for look in LOOKS {
        if matches!(look, Look::Lead) {
            continue;
        }
        let (patch, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
        ui.painter().rect_filled(patch, 2.0, theme::look(look));
        // A name stays in one piece where the row is full.
        ui.add(egui::Label::new(RichText::new(theme::look_name(look)).weak()).wrap_mode(egui::TextWrapMode::Extend));
    }
}

fn incidents(ui: &mut Ui, run: &RunView, view: &View, commands: &mut Vec<Command>) {
    let episodes = &run.chronicle.episodes;
    ui.horizontal(|ui| {
        ui.strong(format!("Incidents ({})", episodes.len()));
        save_table(ui, "Save incidents", commands, || incident_sheet(episodes));
    });
    let time = |from: Instant, to: Option<Instant>| {
        to.map_or_else(|| "–".to_owned(), |to| seconds((to.saturating_since(from)).as_secs_f64()))
    };
    TableBuilder::new(ui)
        .id_salt("incidents")
        .striped(true)
        .auto_shrink(false)
        .column(Column::initial(150.0).clip(true).resizable(true))
        .columns(Column::initial(62.0).clip(true), 4)
        .header(18.0, |mut header| {
            for title in ["fault", "at", "noticed", "restored", "rungs"] {
                header.col(|ui| {
                    ui.weak(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, episodes.len(), |mut row| {
                let place = row.index();
                let episode = &episodes[place];
                let chosen = view.incident == Some(place);
                row.set_selected(chosen);
                row.col(|ui| {
                    let name = if episode.name.is_empty() { episode.kind.replace('_', " ") } else { episode.name.clone() };
                    if ui
                        .selectable_label(chosen, name)
                        .on_hover_text(format!("{}, {}", episode.kind.replace('_', " "), episode.victims))
                        .clicked()
                    {
                        commands.push(Command::SelectIncident((!chosen).then_some(place)));
                    }
                });
                let cells = [
                    episode.start.to_string(),
                    time(episode.start, episode.detected),
                    time(episode.start, episode.restored),
                    episode.rungs.clone().unwrap_or_else(|| "–".to_owned()),
                ];
                for text in cells {
                    row.col(|ui| {
                        ui.label(text);
                    });
                }
            });
        });
}

fn incident_sheet(episodes: &[Episode]) -> Sheet {
    let all = || episodes.iter();
    let after = |episode: &Episode, to: Option<Instant>| to.map(|to| to.saturating_since(episode.start).as_secs_f64());
    Sheet::new("incidents")
        .texts("fault", all().map(|episode| Some(episode.name.clone())))
        .texts("kind", all().map(|episode| Some(episode.kind.clone())))
        .texts("victims", all().map(|episode| Some(episode.victims.clone())))
        .numbers("start (s)", all().map(|episode| Some(episode.start.as_secs_f64())))
        .numbers("end (s)", all().map(|episode| episode.end.map(|end| end.as_secs_f64())))
        .numbers("noticed after (s)", all().map(|episode| after(episode, episode.detected)))
        .numbers("restored after (s)", all().map(|episode| after(episode, episode.restored)))
        .texts("rungs", all().map(|episode| episode.rungs.clone()))
}

fn chain_sheet(run: &RunView, episode: &Episode, chain: &[Step]) -> Sheet {
    let after = |step: &Step| step.at.saturating_since(episode.start).as_secs_f64();
    Sheet::new(format!("chain {}", episode.name))
        .numbers("after (s)", chain.iter().map(|step| Some(after(step))))
        .texts("step", chain.iter().map(|step| Some(link_name(step.link))))
        .texts("what", chain.iter().map(|step| Some(describe(run, step.row))))
}

/// The chain of the chosen incident: each step can be gone to.
fn steps(ui: &mut Ui, run: &RunView, episode: Option<&Episode>, chain: &[Step], commands: &mut Vec<Command>) {
    let Some(episode) = episode else {
        ui.weak("Choose an incident to see its chain: fault, first notice, actions, verification.");
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.strong(format!("{}: {}", episode.kind.replace('_', " "), episode.victims));
        save_table(ui, "Save chain", commands, || chain_sheet(run, episode, chain));
    });
    ScrollArea::vertical().id_salt("steps").auto_shrink(false).show(ui, |ui| {
        for step in chain {
            let after = seconds(step.at.saturating_since(episode.start).as_secs_f64());
            let text = format!("+{after}  {}: {}", link_name(step.link), describe(run, step.row));
            if ui.add(egui::Button::selectable(false, RichText::new(text).color(link_color(step.link)))).clicked() {
                commands.push(Command::Seek(step.at));
            }
        }
    });
}

/// A row of the trace in words.
pub(super) fn describe(run: &RunView, row: usize) -> String {
    let Some(row) = run.chronicle.trace.get(row) else { return String::new() };
    let (agent, node) = (|agent| run.chronicle.agent_name(agent), |node| run.node_name(node));
    match row.kind {
        TraceKind::FaultBegan(fault) | TraceKind::FaultEnded(fault) => {
            let verb = if matches!(row.kind, TraceKind::FaultBegan(_)) { "begins" } else { "ends" };
            let name = run.chronicle.schedule.faults.get(fault.index()).map_or("a fault", |fault| fault.name.as_str());
            format!("{name} {verb}")
        }
        TraceKind::NodeDown(id) => format!("{} goes down", node(id)),
        TraceKind::NodeUp(id) => format!("{} is up", node(id)),
        TraceKind::NodePaused(id) => format!("{} stands still", node(id)),
        TraceKind::NodeResumed(id) => format!("{} goes on", node(id)),
        TraceKind::AgentDown { agent: id, node: at, .. } => format!("{} ends on {}", agent(id), node(at)),
        TraceKind::AgentStarting { agent: id, node: at } => format!("{} starts on {}", agent(id), node(at)),
        TraceKind::AgentReady { agent: id, node: at } => format!("{} is ready on {}", agent(id), node(at)),
        TraceKind::AgentServed { agent: id, node: at } => format!("{} answers on {}", agent(id), node(at)),
        TraceKind::StateRebuilt { agent: id, acknowledged, kept, .. } => {
            format!("{} has its state: {kept} of {acknowledged} entries", agent(id))
        }
        TraceKind::Stack { node: by, record, justified } => super::travel::said(run, by, record, justified),
        TraceKind::Sent { from, to, .. } => format!("{} sends to {}", node(from), node(to)),
        TraceKind::Received { from, to } => format!("{} hears {}", node(to), node(from)),
        TraceKind::Attempt { agent: id, outcome, .. } => {
            format!("a call of {} ends: {outcome:?}", id.map_or_else(|| "nobody".to_owned(), agent))
        }
    }
}
