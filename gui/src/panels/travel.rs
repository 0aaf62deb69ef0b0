//! Any instant of a run: what was true, what a node believed, which event came next; and from there on another future.

use egui::{Checkbox, Color32, ProgressBar, RichText, ScrollArea, Slider, TextEdit, Ui, vec2};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;
use hms_lab::machine::{Instant, NodeId, Record, Whole};
use hms_lab::session::{Beliefs, NodeState, Truth};
use toml_edit::DocumentMut;

use super::{absence, timeline::describe};
use crate::command::Command;
use crate::theme;
use crate::view::run::{Led, RunView};
use crate::view::{RunId, View};
use crate::widgets::table::save_table;
use crate::widgets::topology::{Picture, topology_ui};

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct TravelPanel {
    /// What was true at the instant that was shown last.
    cached: Option<(RunId, Instant, Truth)>,
    /// What the rules of a run's faults are called.
    rules: Option<(RunId, Vec<String>)>,
    /// Faults of the other future, as TOML.
    faults: String,
    /// Rules of the scenario that are left out of it, by position.
    without: Vec<usize>,
    /// Whether it has the drafted stack.
    drafted_stack: bool,
}

/// What is offered as a first fault of another future.
const FAULT: &str = "[[fault]]\nkind = \"crash\"\nat = \"AT\"\nfor = \"10s\"\ntarget = { node = 0 }\n";

impl TravelPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let Some(run) = view.run() else {
            return absence(ui, "No run to show. Run a scenario, or open a results folder (Ctrl+O).");
        };
        scrubber(ui, run, view, commands);
        let truth = self.truth(run, view);
        ui.columns(3, |columns| {
            let height = columns[0].available_height().max(100.0);
            let width = columns[0].available_width();
            let here = view.moment.as_ref().filter(|moment| moment.run == run.id && moment.now == view.instant);
            let cuts = here.map_or(&[][..], |moment| moment.cuts.as_slice());
            let picture = Picture {
                topology: &run.chronicle.topology,
                places: &run.chronicle.places,
                truth: &truth,
                cuts,
                flights: here.map_or(&[][..], |moment| moment.flights.as_slice()),
                chosen: view.node,
            };
            if let Some(node) = topology_ui(&mut columns[0], vec2(width, height), &picture) {
                commands.push(Command::SelectNode(if view.node == Some(node) { None } else { Some(node) }));
            }
            node(&mut columns[1], run, view, &truth, commands);
            ScrollArea::vertical().id_salt("future").auto_shrink(false).show(&mut columns[2], |ui| {
                self.fork(ui, run, view, commands);
                ui.separator();
                rows(ui, run, truth.rows);
            });
        });
    }

    /// What was true at the instant: from the restored world where there is one, else from the index over the trace.
    fn truth(&mut self, run: &RunView, view: &View) -> Truth {
        if let Some(moment) = view.moment.as_ref().filter(|moment| moment.run == run.id && moment.now == view.instant) {
            return moment.truth.clone();
        }
        match &self.cached {
            Some((id, at, truth)) if (*id, *at) == (run.id, view.instant) => truth.clone(),
            Some(_) | None => {
                let truth = run.truth.at(&run.chronicle.trace, view.instant);
                self.cached = Some((run.id, view.instant, truth.clone()));
                truth
            }
        }
    }

    fn fork(&mut self, ui: &mut Ui, run: &RunView, view: &View, commands: &mut Vec<Command>) {
        ui.strong(format!("Another future from {} on", view.instant));
        let changed = !self.faults.trim().is_empty() || !self.without.is_empty() || self.drafted_stack;
        if ui.add_enabled(changed && view.live.is_none(), egui::Button::new("Fork here")).clicked() {
            match forked_scenario(run.chronicle.inputs.scenario_text(), &self.without, &self.faults) {
                Ok(text) => {
                    let scenario = (!self.faults.trim().is_empty() || !self.without.is_empty()).then_some(text);
                    let stack =
                        view.drafts.inputs.as_ref().filter(|_| self.drafted_stack).map(|inputs| Box::new(*inputs.stack()));
                    commands.push(Command::Fork { scenario, stack });
                }
                Err(problem) => commands.push(Command::Complain(problem)),
            }
        }
        if self.faults.is_empty() && ui.button("Add a fault").clicked() {
            let later = view.instant.as_secs_f64() + 1.0;
            self.faults = FAULT.replace("AT", &format!("{later:.3}s"));
        }
        if !self.faults.is_empty() {
            let label = ui.label("Faults to add, as in a scenario");
            ui.add(TextEdit::multiline(&mut self.faults).code_editor().desired_width(f32::INFINITY).desired_rows(5))
                .labelled_by(label.id);
        }
        if self.rules.as_ref().is_none_or(|(id, _)| *id != run.id) {
            self.rules = Some((run.id, rules(run.chronicle.inputs.scenario_text())));
            self.without.clear();
        }
        for (place, name) in self.rules.iter().flat_map(|(_, names)| names).enumerate() {
            let mut kept = !self.without.contains(&place);
            if ui
                .add(Checkbox::new(&mut kept, name))
                .on_hover_text("Unticked: what this rule would do from here on is left out.")
                .changed()
            {
                self.without.retain(|known| *known != place);
                if !kept {
                    self.without.push(place);
                }
            }
        }
        ui.checkbox(&mut self.drafted_stack, "With the stack of Launch").on_hover_text(
            "Every node takes the drafted configuration at this instant, as by a reload. What was built from the old one (swim, retry budget, concurrency, hedge, shedding, throttle, outlier, checks) keeps it until its node boots again.",
        );
    }
}

fn scrubber(ui: &mut Ui, run: &RunView, view: &View, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let label = ui.label("Instant");
        let mut at = view.instant.as_secs_f64();
        ui.spacing_mut().slider_width = (ui.available_width() - 420.0).max(120.0);
        let slider = Slider::new(&mut at, 0.0..=run.length()).suffix(" s").fixed_decimals(3);
        // The slider rounds what it shows; that is nobody's wish to be elsewhere.
        let moved = ui.add(slider).labelled_by(label.id).changed() && (at - view.instant.as_secs_f64()).abs() >= 0.000_5;
        if moved {
            commands.push(Command::Seek(Instant::from_nanos((at.max(0.0) * 1e9) as u64)));
        }
        let ready = view.moment.as_ref().is_some_and(|moment| moment.run == run.id);
        if let Some(share) = view.restoring {
            ui.add(ProgressBar::new(share).desired_width(120.0).text("restoring"));
        } else if view.instant < run.worlds_begin() {
            ui.weak("before the fork");
        } else if !ready {
            let button = ui.button("Restore").on_hover_text("Runs the run again with snapshots, so that any instant can be gone to, stepped and forked. It must come out with the same hash.");
            if button.clicked() {
                commands.push(Command::Restore);
            }
        } else {
            for (name, by) in [("-100", -100), ("Event back", -1), ("Event on", 1), ("+100", 100)] {
                if ui.button(name).clicked() {
                    commands.push(Command::Step(by));
                }
            }
        }
    });
    if let Some(moment) = view.moment.as_ref().filter(|moment| moment.run == run.id) {
        let event = match &moment.led {
            Led::Stepped(Some(event)) => format!(": {event}"),
            Led::Stepped(None) | Led::Asked => String::new(),
        };
        ui.weak(format!("event {} of {}{event}; restored in {}", moment.events, run.chronicle.events, moment.took));
    } else if view.instant < run.worlds_begin() {
        let begin = run.worlds_begin();
        ui.weak(format!("The fork has worlds from {begin} on. What was true before is read off the trace; its original has beliefs and events as well."));
    } else {
        ui.weak("The truth is read off the trace; beliefs, single events and forks need the run's worlds restored.");
    }
}

/// A node: what it is, and what it believes beside what is true.
fn node(ui: &mut Ui, run: &RunView, view: &View, truth: &Truth, commands: &mut Vec<Command>) {
    let Some(node) = view.node.filter(|node| node.index() < run.chronicle.topology.nodes()) else {
        ui.weak("Click a host to see what it believes.");
        return;
    };
    ui.strong(format!("{}: {}", run.node_name(node), theme::node_name(truth.nodes[node.index()])));
    let beliefs = view
        .moment
        .as_ref()
        .filter(|moment| moment.run == run.id)
        .and_then(|moment| moment.beliefs.as_ref())
        .filter(|beliefs| beliefs.node == node);
    let Some(beliefs) = beliefs else {
        let suspects: Vec<String> =
            truth.suspicions.iter().filter(|(by, ..)| *by == node).map(|(_, of, _)| run.node_name(*of)).collect();
        ui.label(if suspects.is_empty() {
            "It has told of no suspicion.".to_owned()
        } else {
            format!("It has told that it suspects {}.", suspects.join(", "))
        });
        return;
    };
    if let Some(cause) = beliefs.degraded {
        ui.colored_label(theme::BELIEF, format!("It says of itself that it is unwell: {}.", cause.name()));
    }
    for (agent, place) in &beliefs.moved {
        ui.label(format!("It believes {} to run on {}.", run.chronicle.agent_name(*agent), run.node_name(*place)));
    }
    for breaker in beliefs.breakers.iter().filter(|breaker| format!("{:?}", breaker.phase) != "Closed").take(6) {
        let of = breaker.agent.map_or_else(
            || run.chronicle.inputs.scenario().services[breaker.service.index()].name.clone(),
            |agent| run.chronicle.agent_name(agent),
        );
        let failed = breaker
            .failures
            .map(|share| format!(", {:.0} % of {} calls failed", share * 100.0, breaker.calls))
            .unwrap_or_default();
        ui.label(format!("Its breaker to {of}: {:?}{failed}", breaker.phase));
    }
    let hosts = run.chronicle.topology.hosts();
    let others = (0..hosts).map(NodeId::from_index).filter(|peer| *peer != beliefs.node);
    let peers: Vec<Peer> = others.map(|node| Peer::of(node, truth, beliefs)).collect();
    save_table(ui, "Save peers", commands, || peer_sheet(run, beliefs, &peers));
    peer_table(ui, run, &peers);
}

/// A host as a node believes it to be, beside what is true.
struct Peer {
    node: NodeId,
    state: NodeState,
    /// The node cannot reach it: it is down, stands still, or is cut off.
    gone: bool,
    suspected: bool,
}

impl Peer {
    fn of(node: NodeId, truth: &Truth, beliefs: &Beliefs) -> Peer {
        Peer {
            node,
            state: truth.nodes[node.index()],
            gone: beliefs.unreachable.contains(&node),
            suspected: beliefs.suspects.contains(&node),
        }
    }

    fn truth(&self) -> &'static str {
        match (self.state, self.gone) {
            (NodeState::Up, true) => "up, out of reach",
            (state, _) => theme::node_name(state),
        }
    }

    fn belief(&self) -> (&'static str, Color32) {
        match (self.suspected, self.gone) {
            (true, true) => ("suspected, rightly", theme::BELIEF),
            (true, false) => ("suspected, wrongly", theme::STILL),
            (false, true) => ("alive: not noticed yet", theme::STILL),
            (false, false) => ("alive", theme::GOOD),
        }
    }
}

fn peer_sheet(run: &RunView, beliefs: &Beliefs, peers: &[Peer]) -> Sheet {
    Sheet::new(format!("beliefs of {}", run.node_name(beliefs.node)))
        .texts("peer", peers.iter().map(|peer| Some(run.node_name(peer.node))))
        .texts("truth", peers.iter().map(|peer| Some(peer.truth())))
        .texts("belief", peers.iter().map(|peer| Some(peer.belief().0)))
}

fn peer_table(ui: &mut Ui, run: &RunView, peers: &[Peer]) {
    TableBuilder::new(ui)
        .id_salt("peers")
        .striped(true)
        .auto_shrink(false)
        .column(Column::initial(56.0).clip(true))
        .column(Column::initial(110.0).clip(true))
        .column(Column::remainder().clip(true))
        .header(18.0, |mut header| {
            for title in ["peer", "truth", "belief"] {
                header.col(|ui| {
                    ui.weak(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, peers.len(), |mut row| {
                let peer = &peers[row.index()];
                row.col(|ui| {
                    ui.label(run.node_name(peer.node));
                });
                row.col(|ui| {
                    ui.colored_label(if peer.gone { theme::BAD } else { theme::GOOD }, peer.truth());
                });
                row.col(|ui| {
                    let (text, color) = peer.belief();
                    ui.colored_label(color, text);
                });
            });
        });
}

/// The last rows of the trace before the instant, newest first.
fn rows(ui: &mut Ui, run: &RunView, count: usize) {
    ui.strong("Before this instant");
    for row in (count.saturating_sub(8)..count).rev() {
        let at = run.chronicle.trace[row].at.as_secs_f64();
        ui.label(RichText::new(format!("{at:.6} s  {}", describe(run, row))).small());
    }
}

/// What each rule of faults is called, in the order of the text.
fn rules(text: &str) -> Vec<String> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let tables = document.get("fault").and_then(|faults| faults.as_array_of_tables());
    let name = |table: &toml_edit::Table, key: &str| table.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    tables
        .into_iter()
        .flatten()
        .map(|table| name(table, "name").or_else(|| name(table, "kind")).unwrap_or_else(|| "a rule of faults".to_owned()))
        .collect()
}

/// A scenario without some of its rules of faults, and with others.
fn forked_scenario(text: &str, without: &[usize], faults: &str) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    if let Some(tables) = document.get_mut("fault").and_then(|faults| faults.as_array_of_tables_mut()) {
        let mut without = without.to_vec();
        without.sort_unstable();
        without.iter().rev().filter(|place| **place < tables.len()).copied().collect::<Vec<_>>().into_iter().for_each(|place| {
            tables.remove(place);
        });
    }
    faults.parse::<DocumentMut>().map_err(|error| format!("the faults to add are no valid TOML: {error}"))?;
    Ok(format!("{document}\n{faults}"))
}

/// What a node says, in words.
pub(super) fn said(run: &RunView, by: NodeId, record: Record, justified: bool) -> String {
    let (agent, node) = (|agent| run.chronicle.agent_name(agent), |node| run.node_name(node));
    let me = node(by);
    match record {
        Record::Suspected(peer) => format!("{me} suspects {}{}", node(peer), if justified { "" } else { " (wrongly)" }),
        Record::Trusted(peer) => format!("{me} trusts {} again", node(peer)),
        Record::AgentFailed { agent: id, cause } => format!("{me} finds {} failed: {}", agent(id), cause.name()),
        Record::AgentDegraded { agent: id, cause } => format!("{me} finds {} unwell: {}", agent(id), cause.name()),
        Record::AgentHealthy(id) => format!("{me} finds {} well", agent(id)),
        Record::NodeDegraded { node: of, cause } => format!("{me} finds {} unwell: {}", node(of), cause.name()),
        Record::NodeHealthy(of) => format!("{me} finds {} well", node(of)),
        Record::RecoveryStarted { agent: id, rung, cause, attempt } => {
            format!("{me}: {} of {} against {} (attempt {attempt})", rung.name(), agent(id), cause.name())
        }
        Record::RecoveryVerified { agent: id, rung, .. } => format!("{me}: {} of {} has helped", rung.name(), agent(id)),
        Record::RecoveryFailed { agent: id, rung } => format!("{me}: {} of {} has not helped", rung.name(), agent(id)),
        Record::RecoveryWithdrawn(id) => format!("{me} takes back the action on {}", agent(id)),
        Record::RecoveryHeld(id) => format!("the guard of {me} holds back an action on {}", agent(id)),
        Record::Moved { agent: id, to } => format!("{me} orders {} to {}", agent(id), node(to)),
        Record::LeadershipTaken => format!("{me} leads"),
        Record::LeadershipLost => format!("{me} leads no longer"),
        Record::Breaker { service, agent: id, state } => {
            let of = id.map_or_else(|| run.chronicle.inputs.scenario().services[service.index()].name.clone(), agent);
            format!("breaker of {me} to {of}: {}", theme::breaker_name(state))
        }
        Record::Ejected(id) => format!("{me} sends nothing to {}", agent(id)),
        Record::Readmitted(id) => format!("{me} sends to {} again", agent(id)),
        Record::Quarantined { trace } => format!("{me} quarantines request {trace}"),
        Record::Whole { of, level } => {
            let of = match of {
                Whole::Service(service) => run.chronicle.inputs.scenario().services[service.index()].name.clone(),
                Whole::Zone(zone) => format!("zone {zone}"),
                Whole::Cluster => "the cluster".to_owned(),
            };
            format!("{me}, which leads, finds {of} {}", format!("{level:?}").to_lowercase())
        }
        Record::Alerted { severity, cause } => format!("{me} alerts ({severity:?}): {}", cause.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# kept\nversion = 1\n[[fault]]\nname = \"one\"\n[[fault]]\nkind = \"pause\"\n";

    #[test]
    fn rules_are_named_by_name_or_kind() {
        assert_eq!(rules(TEXT), ["one", "pause"]);
        assert_eq!(rules("[[fault"), Vec::<String>::new());
    }

    #[test]
    fn a_forked_scenario_lacks_what_was_left_out_and_has_what_was_added() {
        let text = forked_scenario(TEXT, &[0, 9], "[[fault]]\nkind = \"crash\"\n").unwrap();
        assert_eq!(rules(&text), ["pause", "crash"]);
        assert!(text.starts_with("# kept"));
        assert!(forked_scenario(TEXT, &[], "[[fault").unwrap_err().contains("no valid TOML"));
    }
}
