//! What is said about files that are wrong: place, reason, fix.

use super::{Bench, GRID};

#[test]
fn an_unknown_key_is_shown_with_the_nearest_one() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("replicates", "replicats")));
}

#[test]
fn an_unknown_parameter_of_the_stack_is_shown_with_the_nearest_one() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("stack.health.timeout", "stack.health.timeuot")));
}

#[test]
fn an_unknown_key_of_the_scenario_is_blamed_on_the_setting() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("scenario.run.warmup", "scenario.run.warmpu")));
}

#[test]
fn a_value_that_the_stack_refuses_is_blamed_on_the_axis() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("\"500ms\"", "\"5 parsecs\"")));
}

#[test]
fn values_that_do_not_go_together_are_to_be_excluded() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("\"200ms\"", "\"400ms\"")));
}

#[test]
fn a_condition_with_wrong_units_is_marked_at_its_place() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("seed = 7", "where = \"stack.health.timeout > 2\"")));
}

#[test]
fn a_condition_with_an_unknown_name_is_marked_at_its_place() {
    insta::assert_snapshot!(Bench::new().told(&GRID.replace("seed = 7", "where = \"scenario.clutser.nodes > 2\"")));
}

#[test]
fn several_mistakes_are_told_at_once() {
    let text = r#"version = 1
objectives = ["availabilty", "goodput", "goodput"]

[set]
"health.timeout" = "1s"
"scenario.run.duration" = 2026-01-01

[axes]
"stack.health.heartbeat" = []
"scenario.cluster.nodes" = [3, 5, 3]
"scenario.run.seed" = 5
"#;
    let bench = Bench::new();
    insta::assert_snapshot!("an_axis_that_is_no_list", bench.told(text));
    insta::assert_snapshot!("several_mistakes", bench.told(&text.replace("\"scenario.run.seed\" = 5\n", "")));
}

#[test]
fn every_mistake_is_refused_with_its_reason() {
    let bench = Bench::new();
    for (text, reason) in [
        (GRID.replace("version = 1", "version = 2"), "out of range"),
        (GRID.replace("scenario = \"small.toml\"\n", ""), "no scenario is named"),
        (GRID.replace("seed = 7", "scenarios = [\"small.toml\"]"), "both `scenario` and `scenarios`"),
        (GRID.replace("scenario = \"small.toml\"", "scenarios = []"), "the list of scenarios is empty"),
        (
            GRID.replace("scenario = \"small.toml\"", "scenarios = [\"small.toml\", \"./small.toml\"]"),
            "two scenarios are called `small`",
        ),
        (GRID.replace("small.toml", "smal.toml"), "cannot read smal.toml"),
        (GRID.replace("replicates = 2", "replicates = 0"), "out of range"),
        (GRID.replace("\"scenario.run.duration\"", "\"stack.health.timeout\""), "is an axis and stands in [set] as well"),
        (GRID.replace("\"500ms\"", "\"300ms\""), "stands twice"),
        (GRID.replace("\"500ms\"", "\"0.3s\""), "two configurations are the same"),
        (GRID.replace("seed = 7", "where = \"false\""), "lets no combination through"),
        (GRID.replace("[axes]", "[axes]\nstack.health.monitors = [1, 2]"), "put the whole path in quotes"),
        (GRID.replace("[set]", "[set]\nscenario.cluster.nodes = 5"), "put the whole path in quotes"),
        (format!("{GRID}[[case]]\nname = \"a\"\n[[case]]\nname = \"a\"\n"), "two cases are called `a`"),
        (format!("{GRID}[[case]]\nset = {{}}\n"), "key `name` is missing"),
        (GRID.replace("seed = 7", "objectives = []"), "no objective is named"),
        (GRID.replace("[axes]", "[axes"), "campaign.toml:"),
    ] {
        let told = bench.told(&text);
        assert!(told.contains(reason), "{reason} is not said:\n{told}");
    }
}

#[test]
fn a_scenario_that_is_wrong_by_itself_is_told_as_such() {
    let bench = Bench::new();
    std::fs::write(bench.path("small.toml"), "version = 1\n[cluster]\nnodes = 3\nzoens = 1\n").unwrap();
    let told = bench.told(GRID);
    assert!(told.contains("small.toml:4:1") && told.contains("did you mean `zones`"), "{told}");
}

#[test]
fn the_schema_describes_every_key() {
    let schema = crate::campaign::schema();
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "axes",
            "case",
            "description",
            "name",
            "objectives",
            "replicates",
            "scenario",
            "scenarios",
            "seed",
            "set",
            "stack",
            "version",
            "where"
        ]
    );
    assert!(schema["properties"].as_object().unwrap().values().all(|key| key["description"].is_string()));
}

#[test]
fn no_text_makes_the_reader_panic() {
    let bench = Bench::new();
    for cut in 0..GRID.len() {
        let _ = bench.campaign(&GRID[..cut]);
        let _ = bench.campaign(&format!("{}{}", &GRID[..cut], &GRID[(cut + 7).min(GRID.len())..]));
    }
}
