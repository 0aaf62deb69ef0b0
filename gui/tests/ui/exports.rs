//! Whatever is on screen as plot or table can be saved, from its panel.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use hms_gui::app::Options;
use hms_gui::command::Command;
use hms_gui::panels::Panel;

use crate::bench::{Bench, SCENARIO, bench_with, folder, searched, until};

/// An app in which the small scenario was run twice, which saves into a folder.
fn saving(panel: Panel) -> (tempfile::TempDir, Bench, PathBuf) {
    let (guard, path) = folder();
    let options = Options { panel: Some(panel), exports: Some(path.clone()), ..Options::default() };
    let mut bench = bench_with(options, SCENARIO);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.state_mut().want(Command::Replicates(2));
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the runs", |app| app.view.runs.len() == 2 && !app.is_busy());
    bench.state_mut().want(Command::Focus(panel));
    bench.run_steps(4);
    (guard, bench, path)
}

/// Opens the menu of a plot by its label, and saves it in this way.
fn save_plot(bench: &mut Bench, plot: &str, way: &str) {
    bench.get_by_role_and_label(Role::Image, plot).scroll_to_me();
    // Scrolling takes a moment.
    bench.run_steps(40);
    bench.get_by_role_and_label(Role::Image, plot).click_secondary();
    bench.run_steps(4);
    bench.get_by_label(way).click_accesskit();
    written(bench);
}

/// Opens a menu that saves a table, and saves it in both formats.
fn save_table(bench: &mut Bench, menu: &str) {
    for way in ["As CSV…", "As Parquet…"] {
        bench.get_by_label(menu).click_accesskit();
        bench.run_steps(4);
        bench.get_by_label(way).click_accesskit();
        written(bench);
    }
}

fn written(bench: &mut Bench) {
    let before = bench.state().view.messages.len();
    until(bench, "the file", |app| app.view.messages.len() > before && !app.is_busy());
    let message = bench.state().view.messages.back().expect("a step of the test");
    assert!(!message.wrong && message.text.starts_with("Wrote"), "{message:?}");
}

fn files(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a step of the test").map(|entry| entry.expect("a step of the test").path());
    entries
        .filter(|path| path.extension().is_some_and(|known| known == ending))
        .map(|path| std::fs::read(path).expect("a step of the test"))
        .collect()
}

/// Whether these files are what their endings say.
fn check(folder: &Path, pngs: usize, svgs: usize, tables: usize) {
    let (png, svg, csv, parquet) = (files(folder, "png"), files(folder, "svg"), files(folder, "csv"), files(folder, "parquet"));
    assert_eq!((png.len(), svg.len(), csv.len(), parquet.len()), (pngs, svgs, tables, tables));
    assert!(png.iter().all(|bytes| bytes.starts_with(b"\x89PNG")));
    assert!(svg.iter().all(|bytes| String::from_utf8_lossy(bytes).contains("<svg")));
    assert!(csv.iter().all(|bytes| String::from_utf8_lossy(bytes).lines().count() > 1));
    assert!(parquet.iter().all(|bytes| bytes.starts_with(b"PAR1")));
}

#[test]
fn from_the_timeline() {
    let (_guard, mut bench, path) = saving(Panel::Timeline);
    bench.get_by_label("Swim lanes").click_secondary();
    bench.run_steps(4);
    bench.get_by_label("Save the timeline as PNG…").click_accesskit();
    written(&mut bench);
    save_table(&mut bench, "Save incidents");
    check(&path, 1, 0, 1);
    assert!(String::from_utf8_lossy(&files(&path, "csv")[0]).contains("a replica dies"));
}

#[test]
fn from_time_travel_and_the_chain_of_an_incident() {
    let (_guard, mut bench, path) = saving(Panel::Timeline);
    bench.state_mut().want(Command::SelectIncident(Some(0)));
    bench.state_mut().want(Command::SelectNode(Some(hms_lab::machine::NodeId(1))));
    until(&mut bench, "its beliefs", |app| app.view.moment.as_ref().is_some_and(|moment| moment.beliefs.is_some()));
    save_table(&mut bench, "Save chain");
    save_table(&mut bench, "Save peers");
    check(&path, 0, 0, 2);
    assert!(files(&path, "csv").iter().any(|bytes| String::from_utf8_lossy(bytes).contains("first notice")));
    assert!(files(&path, "csv").iter().any(|bytes| String::from_utf8_lossy(bytes).starts_with("peer,truth,belief")));
}

#[test]
fn from_recovery() {
    let (_guard, mut bench, path) = saving(Panel::Recovery);
    save_plot(&mut bench, "Cumulative distribution: fault to first notice", "Save as SVG…");
    save_plot(&mut bench, "CPU time of the stack by component", "Save as PNG…");
    save_table(&mut bench, "Save times by kind");
    save_table(&mut bench, "Save objectives");
    check(&path, 1, 1, 2);
}

#[test]
fn from_compare() {
    let (_guard, mut bench, path) = saving(Panel::Compare);
    until(&mut bench, "the comparison", |app| app.view.comparison.is_some());
    save_table(&mut bench, "Save comparison");
    check(&path, 0, 0, 1);
}

#[test]
fn from_the_scorecard() {
    let (_guard, mut bench, path) = saving(Panel::Scorecard);
    bench.state_mut().want(Command::Measure(1));
    until(&mut bench, "the scorecard", |app| app.view.scorecard.is_some() && !app.is_busy());
    save_table(&mut bench, "Save scorecard");
    check(&path, 0, 0, 1);
    assert!(String::from_utf8_lossy(&files(&path, "csv")[0]).contains("HM-S1"));
}

#[test]
fn from_evolution_and_configurations() {
    let (guard, mut bench) = searched(Panel::Evolution);
    // The folder of the search has tables of its own.
    let before = files(guard.path(), "parquet").len();
    bench.get_all_by_role_and_label(egui::accesskit::Role::Button, "founder").next().unwrap().click_accesskit();
    bench.run_steps(4);
    for menu in ["Save candidates", "Save differences"] {
        save_table(&mut bench, menu);
    }
    for plot in ["Convergence: hypervolume", "Operators: share of the candidates", "Parallel coordinates"] {
        save_plot(&mut bench, plot, "Save as PNG…");
    }
    bench.state_mut().want(Command::Focus(Panel::History));
    bench.run_steps(4);
    bench.get_by_label("From generation to generation").click();
    bench.run_steps(4);
    save_table(&mut bench, "Save changes");
    assert_eq!((files(guard.path(), "png").len(), files(guard.path(), "csv").len()), (3, 3));
    assert_eq!(files(guard.path(), "parquet").len(), before + 3);
}

#[test]
fn a_table_of_a_run_without_a_folder_says_what_to_do() {
    let (_guard, mut bench, _path) = saving(Panel::Recovery);
    bench.state_mut().want(Command::ExportTable(hms_lab::results::Table::Events, hms_lab::export::Format::Csv));
    assert!(bench.state().view.messages.back().unwrap().text.contains("Keep the run"));
    assert_eq!(bench.get_all_by_label("Keep as a results folder").next().unwrap().accesskit_node().role(), Role::Button);
}
