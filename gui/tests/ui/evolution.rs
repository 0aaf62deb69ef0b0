//! Searches: looked at, brushed, held against presets, and run from the app.

use egui_kittest::kittest::Queryable;
use hms_gui::app::Options;
use hms_gui::command::Command;
use hms_gui::panels::Panel;
use hms_lab::evolution::Opening;

use crate::bench::{Bench, SCENARIO, bench_with, folder, searched, until};

#[test]
fn a_candidate_that_is_chosen_is_held_against_default_and_preset_and_taken_into_launch() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    bench.get_by_label_contains("3 generations, 60 candidates, 0 finalists");
    bench.get_by_label("60 of 60 candidates lie in the brushes");
    bench.get_all_by_role_and_label(egui::accesskit::Role::Button, "founder").next().unwrap().click_accesskit();
    bench.run_steps(6);
    bench.get_by_label("Candidate 0");
    bench.get_by_label_contains("of its 3 genes differ from our default");
    assert!(bench.get_all_by_label_contains("health.heartbeat").count() > 1, "its axis and its row");
    bench.get_by_label("Take into Launch").click_accesskit();
    bench.run_steps(3);
    until(&mut bench, "the check", |app| app.view.drafts.checked == Some(app.view.drafts.revision));
    let text = &bench.state().view.drafts.stack.text;
    assert!(text.contains("heartbeat = ") && text.contains("mode = \"swim\""), "{text}");
}

#[test]
fn a_brush_on_an_axis_leaves_the_candidates_that_lie_in_it() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    bench.get_by_label("Parallel coordinates").scroll_to_me();
    bench.run_steps(12);
    let area = bench.get_by_label("Parallel coordinates").rect();
    // The first axis stands fifty points from the left; its lower half is what is detected fast.
    let (from, to) = (egui::pos2(area.left() + 50.0, area.center().y), egui::pos2(area.left() + 50.0, area.bottom() - 18.0));
    bench.hover_at(from);
    bench.step();
    bench.drag_at(from);
    bench.step();
    for share in [0.3, 0.7, 1.0] {
        bench.hover_at(from.lerp(to, share));
        bench.step();
    }
    bench.drop_at(to);
    bench.run_steps(4);
    let left = bench.get_all_by_label_contains("candidates lie in the brushes").next().unwrap();
    let text = egui_kittest::kittest::NodeT::accesskit_node(&left)
        .value()
        .or(egui_kittest::kittest::NodeT::accesskit_node(&left).label());
    let count: usize = text.unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(count > 0 && count < 60, "{count}");
    bench.get_by_label("Clear brushes").click_accesskit();
    bench.run_steps(3);
    bench.get_by_label("60 of 60 candidates lie in the brushes");
}

#[test]
fn the_front_can_be_looked_at_in_depth() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    assert!(bench.query_by_label("Turn").is_none());
    bench.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Depth").click_accesskit();
    bench.run_steps(3);
    bench.get_by_role_and_label(egui::accesskit::Role::Button, "overhead_cpu").click_accesskit();
    bench.run_steps(4);
    assert!(bench.get_all_by_label("Turn").next().is_some());
    bench.get_by_label("service_recovery_p95 over detection_p99 and overhead_cpu");
}

#[test]
fn convergence_and_operators_are_drawn_by_generation() {
    let (_guard, mut bench) = searched(Panel::Evolution);
    bench.get_by_label("Convergence: hypervolume");
    bench.get_by_label("Operators: share of the candidates");
    bench.get_by_label("Share that was kept").click();
    bench.run_steps(3);
    bench.get_by_label("Operators: share that was kept");
}

const CAMPAIGN: &str = r#"version = 1
name = "small"
scenarios = ["small.toml"]
genes = ["health"]
objectives = ["cost"]
presets = []

[cost]
availability = 10
detection_p99 = 1

[search]
population = 4
generations = 2

[seeds]
most = 2
validation = 2
held_out = 2
"#;

fn campaign() -> (tempfile::TempDir, Bench) {
    let (guard, path) = folder();
    std::fs::write(path.join("small.toml"), SCENARIO).expect("a step of the test");
    std::fs::write(path.join("campaign.toml"), CAMPAIGN).expect("a step of the test");
    let options = Options { results: Some(path.clone()), panel: Some(Panel::Evolution), ..Options::default() };
    let mut bench = bench_with(options, SCENARIO);
    bench.state_mut().want(Command::Open(path.join("campaign.toml")));
    bench.run_steps(4);
    (guard, bench)
}

#[test]
fn a_search_is_started_paused_stopped_and_resumed() {
    let (_guard, mut bench) = campaign();
    bench.get_by_label("Start").click();
    bench.run_steps(2);
    until(&mut bench, "the search", |app| app.view.evolving.is_some());
    bench.get_by_label("Pause the search").click();
    bench.run_steps(2);
    assert!(bench.state().view.evolving_waits);
    bench.get_by_label("Go on with the search").click();
    until(&mut bench, "a generation", |app| app.view.search.as_ref().is_some_and(|search| search.generations.rows > 0));
    // It may have come further than one generation by then, but what it has found is shown while it runs.
    bench.state_mut().want(Command::StopEvolution);
    until(&mut bench, "the end", |app| app.view.evolving.is_none() && !app.is_busy());
    bench.get_by_label("Resume").click();
    bench.run_steps(2);
    until(&mut bench, "the finalists", |app| app.view.evolving.is_none() && !app.is_busy());
    let search = bench.state().view.search.as_ref().unwrap();
    assert!(search.front.rows > 0 && search.generations.rows == 3, "{} {}", search.front.rows, search.generations.rows);
}

#[test]
fn a_folder_that_holds_a_search_is_not_written_over() {
    let (guard, mut bench) = campaign();
    let folder = guard.path().join("campaign-evolved");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("mine.txt"), "not a search").unwrap();
    bench.state_mut().want(Command::Evolve(Opening::New));
    until(&mut bench, "the refusal", |app| {
        app.view.messages.iter().any(|message| message.wrong && message.text.contains("holds no search"))
    });
    assert_eq!(std::fs::read_to_string(folder.join("mine.txt")).unwrap(), "not a search");
}

#[test]
fn a_campaign_that_is_wrong_is_told_and_the_app_lives_on() {
    let (guard, path) = folder();
    std::fs::write(path.join("campaign.toml"), CAMPAIGN.replace("small.toml", "gone.toml")).unwrap();
    let mut bench = bench_with(Options { results: Some(path.clone()), ..Options::default() }, SCENARIO);
    bench.state_mut().want(Command::Open(path.join("campaign.toml")));
    bench.state_mut().want(Command::Evolve(Opening::New));
    until(&mut bench, "the mistake", |app| {
        app.view.messages.iter().any(|message| message.wrong && message.text.contains("gone.toml"))
    });
    drop(guard);
}
