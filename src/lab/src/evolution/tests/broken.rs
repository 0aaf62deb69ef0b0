//! Campaigns that are wrong: each is refused with its place and the way out.

use super::{Bench, CAMPAIGN};
use crate::evolution::load;

/// What is said of the campaign with `from` replaced by `to`.
fn said(from: &str, to: &str) -> String {
    assert!(CAMPAIGN.contains(from), "{from}");
    let bench = Bench::new(&CAMPAIGN.replace(from, to));
    let error = load(&bench.path("campaign.toml")).map(|_| ()).unwrap_err().to_string();
    error.replace(&bench.folder.path().display().to_string(), "")
}

#[test]
fn bad_campaigns_are_refused_with_place_and_help() {
    let genes = "genes = [\"health\", \"retry\"]";
    let objectives = "objectives = [\"cost\"]";
    let constraint = "constraints = [\"overhead_cpu <= 0.5\"]";
    let table: &[(&str, &str, &str, &[&str])] = &[
        ("an unknown gene", genes, "genes = [\"helth\"]", &["campaign.toml:4:10", "`helth`", "did you mean `health`?"]),
        ("no genes", genes, "genes = []", &[":4:9", "nothing is to be searched"]),
        ("dead genes", genes, "genes = [\"hedge.quantile\"]", &[":4:9", "none of these parameters matters", "switch"]),
        (
            "an unknown objective",
            objectives,
            "objectives = [\"cost\", \"availabilty\"]",
            &[":5:23", "did you mean `availability`?"],
        ),
        ("no objectives", objectives, "objectives = []", &["no objective is named"]),
        ("an objective twice", objectives, "objectives = [\"cost\", \"cost\"]", &["stands twice"]),
        ("an unused cost", objectives, "objectives = [\"availability\"]", &["there is a [cost], and it is no objective"]),
        (
            "a weight that is no number",
            "availability = 10",
            "availability = nan",
            &[":10:16", "the weight of `availability` is NaN"],
        ),
        ("a weight of nothing", "availability = 10", "availability = 0", &["a finite number above 0"]),
        ("a cost of an unknown part", "availability = 10", "availabilty = 10", &["did you mean `availability`?"]),
        ("no constraint", constraint, "constraints = [\"overhead_cpu\"]", &[":6:16", "is no constraint"]),
        ("an impossible constraint", constraint, "constraints = [\"availability >= 1.5\"]", &["can never hold", "at most 1"]),
        ("an impossible bound", constraint, "constraints = [\"detection_p99 <= -1\"]", &["can never hold", "never below 0"]),
        ("a limit that is no number", constraint, "constraints = [\"availability >= nan\"]", &["has no number as its limit"]),
        (
            "a limit that is half the base",
            constraint,
            "constraints = [\"overhead_cpu <= base * 2\"]",
            &["has no number as its limit"],
        ),
        ("a target that is no number", "[search]", "[search]\ntarget = nan", &[":14:10", "search.target", "a finite number"]),
        ("an unknown constraint", constraint, "constraints = [\"avail >= 0.5\"]", &["did you mean `availability`?"]),
        (
            "an empty range",
            "[search]",
            "[ranges]\n\"health.heartbeat\" = { low = \"1s\", high = \"100ms\" }\n\n[search]",
            &[":14:22", "the range of `health.heartbeat` is empty"],
        ),
        (
            "a range of what is not searched",
            "[search]",
            "[ranges]\n\"breaker.open\" = { low = \"1s\" }\n\n[search]",
            &["`breaker.open` is not searched"],
        ),
        (
            "a range outside that of the parameter",
            "[search]",
            "[ranges]\n\"retry.attempts\" = { high = 99 }\n\n[search]",
            &["`high` of `retry.attempts` is not one of its values", "between 1 and 10"],
        ),
        (
            "a choice that there is not",
            "[search]",
            "[ranges]\n\"health.detector\" = { of = [\"guess\"] }\n\n[search]",
            &["is no range of `health.detector`", "phi_normal"],
        ),
        ("a key that there is not", "population = 6", "populations = 6", &[":14:1", "populations", "did you mean `population`?"]),
        ("a population of two", "population = 6", "population = 2", &[":14:14", "population"]),
        ("an algorithm that there is not", "population = 6", "algorithm = \"nsga\"\npopulation = 6", &["algorithm", "nsga-two"]),
        ("fewer seeds at most than at first", "most = 4", "first = 5\nmost = 4", &["seeds.most (4) is below seeds.first (5)"]),
        ("a scenario that there is not", "\"small.toml\"", "\"big.toml\"", &["cannot read", "big.toml"]),
        ("a preset that there is not", "presets = []", "presets = [\"none.toml\"]", &["cannot read", "none.toml"]),
    ];
    for (what, from, to, parts) in table {
        let told = said(from, to);
        for part in *parts {
            assert!(told.contains(part), "{what}: no `{part}` in:\n{told}");
        }
    }
}

#[test]
fn an_unknown_algorithm_is_answered_with_all_that_there_are() {
    let told = said("population = 6", "algorithm = \"moead\"\npopulation = 6");
    for (name, _) in crate::evolution::file::algorithms() {
        assert!(told.contains(&format!("`{name}`")), "no `{name}` in:\n{told}");
    }
}

#[test]
fn an_algorithm_for_several_objectives_is_refused_with_one() {
    let told = said("population = 6", "algorithm = \"moea-d\"\npopulation = 6");
    assert!(told.contains("knows several objectives only") && told.contains("name another objective"), "{told}");
}

#[test]
fn an_algorithm_for_one_objective_is_refused_with_two() {
    let two = CAMPAIGN
        .replace("[\"cost\"]", "[\"cost\", \"goodput\"]")
        .replace("population = 6", "algorithm = \"cma\"\npopulation = 6");
    let bench = Bench::new(&two);
    let error = load(&bench.path("campaign.toml")).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("knows one objective only"), "{error}");
}
