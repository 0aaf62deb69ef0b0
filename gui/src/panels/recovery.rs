//! How fast faults were noticed and healed: key figures, distributions by kind of fault, overhead, and every objective.

use egui::{ComboBox, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::{self, Sheet};
use hms_lab::plots::{Chart, ChartCurve, Format, Kind};
use hms_lab::results::Table;
use hms_lab::scorecard::{Promised, promised};

use super::absence;
use crate::command::Command;
use crate::view::View;
use crate::view::distribution::Distribution;
use crate::view::run::{KindTimes, RunView};
use crate::widgets::chart::{Shown, chart_ui, columns_of};
use crate::widgets::figures::{figure, seconds, tiles};
use crate::widgets::table::save_table;

/// Which times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Times {
    #[default]
    Notice,
    Recovery,
    Service,
}

impl Times {
    const ALL: [Times; 3] = [Times::Notice, Times::Recovery, Times::Service];

    fn name(self) -> &'static str {
        match self {
            Times::Notice => "fault to first notice",
            Times::Recovery => "recovery possible to nothing left",
            Times::Service => "first notice to service restored",
        }
    }

    /// Objective of which something is promised in these times.
    fn promised(self) -> Option<Promised> {
        match self {
            Times::Notice => promised("detection_p99"),
            Times::Recovery => None,
            Times::Service => promised("service_recovery_p95"),
        }
    }

    fn of(self, kind: &KindTimes) -> &Distribution {
        match self {
            Times::Notice => &kind.notice,
            Times::Recovery => &kind.recovery,
            Times::Service => &kind.service,
        }
    }
}

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct RecoveryPanel {
    times: Times,
    histogram: bool,
    everything: bool,
}

/// What stands in the tiles.
const TILES: [&str; 10] = [
    "availability",
    "goodput",
    "detection_p99",
    "service_recovery_p95",
    "recovered",
    "first_attempt",
    "false_positives",
    "false_positive_share",
    "overhead_cpu",
    "overhead_cpu_health",
];

impl RecoveryPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let Some(run) = view.run() else {
            return absence(ui, "No run to show. Run a scenario, or open a results folder (Ctrl+O).");
        };
        let chronicle = &run.chronicle;
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let chosen: Vec<_> = TILES
                .iter()
                .filter_map(|name| chronicle.objectives.iter().find(|objective| objective.definition.name == *name))
                .collect();
            tiles(ui, &chosen);
            exports(ui, run, commands);
            ui.separator();
            self.distributions(ui, run, commands);
            ui.separator();
            save_table(ui, "Save times by kind", commands, || kinds_sheet(run));
            by_kind(ui, run);
            ui.separator();
            overhead(ui, run, view, commands);
            ui.separator();
            ui.horizontal(|ui| {
                ui.checkbox(&mut self.everything, "Every objective, with its definition");
                save_table(ui, "Save objectives", commands, || objectives_sheet(run));
            });
            if self.everything {
                objectives(ui, run);
            }
        });
    }

    fn distributions(&mut self, ui: &mut Ui, run: &RunView, commands: &mut Vec<Command>) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Time from");
            ComboBox::new("times", "")
                .selected_text(self.times.name())
                .width(230.0)
                .show_ui(ui, |ui| {
                    for times in Times::ALL {
                        ui.selectable_value(&mut self.times, times, times.name());
                    }
                })
                .response
                .labelled_by(label.id);
            ui.checkbox(&mut self.histogram, "Histogram");
        });
        let with_values: Vec<&KindTimes> = run.kinds.iter().filter(|kind| !self.times.of(kind).is_empty()).collect();
        if with_values.is_empty() {
            return absence(ui, "No incident of this run has such a time.");
        }
        let chart =
            if self.histogram { histogram(self.times, &with_values, run) } else { cumulative(self.times, &with_values, run) };
        chart_ui(ui, &chart, &Shown { id: "distributions", height: 260.0, cursor: None, link: None, from_zero: true }, commands);
        if !self.histogram
            && let Some(band) = run.kinds.first().and_then(|all| self.times.of(all).band())
        {
            ui.weak(format!(
                "The curve of all kinds lies within ± {:.0} % of the true one, everywhere, with a confidence of 95 %.",
                band * 100.0
            ));
        }
    }
}

fn cumulative(times: Times, kinds: &[&KindTimes], run: &RunView) -> Chart {
    let curve = |kind: &&KindTimes| ChartCurve {
        name: format!("{} ({})", kind.kind, times.of(kind).len()),
        points: times.of(kind).steps().to_vec(),
        dots: false,
    };
    let mut curves: Vec<ChartCurve> = kinds.iter().map(curve).collect();
    if let Some(all) = kinds.first()
        && let Some(band) = times.of(all).band()
        && all.kind == "all"
    {
        for (name, sign) in [("95 % band, low", -1.0), ("95 % band, high", 1.0)] {
            let points = times.of(all).steps().iter().map(|[x, y]| [*x, (y + sign * band).clamp(0.0, 1.0)]).collect();
            curves.push(ChartCurve { name: name.to_owned(), points, dots: false });
        }
    }
    if let Some(promised) = times.promised() {
        let (name, limit) = (format!("{} {}", promised.id, promised.text()), promised.limit());
        curves.push(ChartCurve { name, points: vec![[limit, 0.0], [limit, 1.0]], dots: false });
    }
    Chart {
        title: format!("Cumulative distribution: {}", times.name()),
        subtitle: run.label.clone(),
        across: "seconds".to_owned(),
        up: "share of incidents".to_owned(),
        curves,
        bands: Vec::new(),
    }
}

fn histogram(times: Times, kinds: &[&KindTimes], run: &RunView) -> Chart {
    let outline = |kind: &&KindTimes| {
        let corners = times.of(kind).histogram().iter().flat_map(|bin| {
            let count = bin.count as f64;
            [[bin.low, 0.0], [bin.low, count], [bin.high, count], [bin.high, 0.0]]
        });
        ChartCurve { name: kind.kind.clone(), points: corners.collect(), dots: false }
    };
    let mut curves: Vec<ChartCurve> = kinds.iter().map(outline).collect();
    if let Some(all) = kinds.first().filter(|kind| kind.kind == "all").map(|kind| times.of(kind)) {
        for (name, end) in [("95 % interval, low", 0), ("95 % interval, high", 1)] {
            let steps = all.histogram().iter().flat_map(|bin| {
                let ends = bin.interval(all.len());
                let count = [ends.0, ends.1][end];
                [[bin.low, count], [bin.high, count]]
            });
            curves.push(ChartCurve { name: name.to_owned(), points: steps.collect(), dots: false });
        }
    }
    Chart {
        title: format!("Histogram: {}", times.name()),
        subtitle: run.label.clone(),
        across: "seconds".to_owned(),
        up: "incidents".to_owned(),
        curves,
        bands: Vec::new(),
    }
}

fn by_kind(ui: &mut Ui, run: &RunView) {
    let cell = |distribution: &Distribution, share| distribution.quantile(share).map_or_else(|| "–".to_owned(), seconds);
    TableBuilder::new(ui)
        .id_salt("kinds")
        .striped(true)
        .vscroll(false)
        .column(Column::auto().at_least(120.0))
        .columns(Column::auto().at_least(76.0), 6)
        .header(20.0, |mut header| {
            for title in
                ["kind of fault", "incidents", "notice p50", "notice p99", "restored p50", "restored p95", "recovery p95"]
            {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, run.kinds.len(), |mut row| {
                let kind = &run.kinds[row.index()];
                let cells = [
                    kind.kind.clone(),
                    kind.incidents.to_string(),
                    cell(&kind.notice, 0.5),
                    cell(&kind.notice, 0.99),
                    cell(&kind.service, 0.5),
                    cell(&kind.service, 0.95),
                    cell(&kind.recovery, 0.95),
                ];
                for text in cells {
                    row.col(|ui| {
                        ui.label(text);
                    });
                }
            });
        });
}

fn kinds_sheet(run: &RunView) -> Sheet {
    let all = || run.kinds.iter();
    let mut sheet = Sheet::new(format!("times by kind {}", run.label))
        .texts("kind", all().map(|kind| Some(kind.kind.clone())))
        .numbers("incidents", all().map(|kind| Some(kind.incidents as f64)));
    for (name, times) in [("notice", Times::Notice), ("restored", Times::Service), ("recovery", Times::Recovery)] {
        for (percent, share) in [(50, 0.5), (95, 0.95), (99, 0.99)] {
            let quantile = all().map(|kind| times.of(kind).quantile(share));
            sheet = sheet.numbers(format!("{name} p{percent} (s)"), quantile);
        }
    }
    sheet
}

fn objectives_sheet(run: &RunView) -> Sheet {
    let all = || run.chronicle.objectives.iter();
    Sheet::new(format!("objectives {}", run.label))
        .texts("objective", all().map(|objective| Some(objective.definition.name)))
        .numbers("value", all().map(|objective| objective.value))
        .texts("unit", all().map(|objective| Some(objective.definition.unit.symbol())))
        .texts("meaning", all().map(|objective| Some(objective.definition.help)))
}

/// CPU time of the stack by component, over time.
fn overhead(ui: &mut Ui, run: &RunView, view: &View, commands: &mut Vec<Command>) {
    const COMPONENTS: [&str; 4] = ["health", "supervisor", "breaker", "overload"];
    let pixels = columns_of(ui);
    let curve = |component: &&str| {
        let pyramid = run.column(&format!("stack_cpu_{component}_s"))?;
        let points = pyramid.visible(0.0, run.length(), pixels);
        Some(ChartCurve { name: (*component).to_owned(), points, dots: false })
    };
    let chart = Chart {
        title: "CPU time of the stack by component".to_owned(),
        subtitle: run.label.clone(),
        across: "simulated time (s)".to_owned(),
        up: "CPU seconds per interval, all hosts".to_owned(),
        curves: COMPONENTS.iter().filter_map(curve).collect(),
        bands: Vec::new(),
    };
    let shown = Shown { id: "overhead", height: 170.0, cursor: Some(view.instant.as_secs_f64()), link: None, from_zero: true };
    if let Some(at) = chart_ui(ui, &chart, &shown, commands) {
        commands.push(Command::Seek(hms_lab::machine::Instant::from_nanos((at.max(0.0) * 1e9) as u64)));
    }
}

fn objectives(ui: &mut Ui, run: &RunView) {
    let objectives = &run.chronicle.objectives;
    TableBuilder::new(ui)
        .id_salt("objectives")
        .striped(true)
        .vscroll(false)
        .column(Column::auto().at_least(170.0))
        .column(Column::auto().at_least(100.0))
        .column(Column::remainder().clip(true))
        .body(|body| {
            body.rows(18.0, objectives.len(), |mut row| {
                let objective = &objectives[row.index()];
                row.col(|ui| {
                    ui.label(objective.definition.name.replace('_', " "));
                });
                row.col(|ui| {
                    ui.strong(figure(objective.value, objective.definition.unit));
                });
                row.col(|ui| {
                    ui.weak(objective.definition.help).on_hover_text(objective.definition.help);
                });
            });
        });
}

fn exports(ui: &mut Ui, run: &RunView, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.menu_button("Save picture", |ui| {
            for kind in Kind::ALL {
                for format in Format::ALL {
                    if ui.button(format!("{} as {}…", kind.name(), format.name().to_uppercase())).clicked() {
                        commands.push(Command::ExportPicture(kind, format));
                        ui.close();
                    }
                }
            }
        });
        if run.folder.is_some() {
            ui.menu_button("Save table", |ui| {
                for table in Table::ALL {
                    for format in [export::Format::Csv, export::Format::Parquet] {
                        if ui.button(format!("{} as {}…", table.name(), format.name())).clicked() {
                            commands.push(Command::ExportTable(table, format));
                            ui.close();
                        }
                    }
                }
            });
        } else if run.forked.is_none()
            && ui
                .button("Keep as a results folder")
                .on_hover_text("Writes the Parquet tables that `hms run` writes; tables can be saved one by one afterwards.")
                .clicked()
        {
            commands.push(Command::Keep);
        }
        if let Some(line) = &run.command_line
            && ui.button("Copy command").on_hover_text(line).clicked()
        {
            commands.push(Command::Copy(line.clone()));
        }
        ui.weak(format!("trace hash {}, {} events", run.chronicle.hash, run.chronicle.events));
    });
}
