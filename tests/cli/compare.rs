//! `hms compare`.

use super::{Bench, quickstart};

/// A stack that cannot be good: heartbeats so rare that a crash is found after ten minutes.
const BLIND: &str = "[health]\ndetector = \"timeout\"\nheartbeat = \"5min\"\ntimeout = \"10min\"\n";
const CRASH: &str = "fault=[{kind=\"crash\",at=\"10s\",for=\"20s\",target={node=1}}]";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("blind.toml", BLIND);
    bench.write("same.toml", "");
    bench
}

#[test]
fn two_stacks_on_a_scenario_are_judged_objective_by_objective() {
    let bench = bench();
    let scenario = quickstart();
    let arguments = [
        "compare",
        &scenario,
        "--set",
        "run.duration=60s",
        "--set",
        CRASH,
        "--stack",
        "same.toml",
        "--stack",
        "blind.toml",
        "--seeds",
        "8",
        "--objective",
        "detection_p99",
        "--quiet",
    ];
    let found = bench.hms(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!((&found["first"], &found["second"], &found["worlds"]), (&"same.toml".into(), &"blind.toml".into(), &8.into()));
    let names: Vec<&str> = found["differences"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"health.heartbeat") && names.contains(&"health.timeout"), "{names:?}");
    let detection = &found["objectives"]["detection_p99"];
    assert!(detection["alone"][0].as_u64() > Some(0), "who is blind notices on some worlds nothing: {detection}");
    assert_eq!(detection["better"], "first", "and that counts: {detection}");
    let text = bench.hms(&arguments);
    for part in ["blind.toml", "on 8 worlds", "health.heartbeat", "first is better in:"] {
        assert!(text.ok().contains(part), "no `{part}` in:\n{}", text.stdout);
    }
    // The same figures whichever the threads.
    assert_eq!(text.stdout, bench.hms(&[&arguments[..], &["--jobs", "2"]].concat()).stdout);
}

#[test]
fn folders_of_runs_are_paired_by_scenario_and_seed() {
    let bench = bench();
    for (out, more) in [("a", &["--seed", "4"][..]), ("b", &["--seed", "4", "--stack", "blind.toml"]), ("c", &["--seed", "5"])] {
        bench.quick_run(out, more).ok();
    }
    let found = bench.hms(&["compare", "a", "b", "--all", "--json"]).json();
    assert_eq!((&found["worlds"], &found["objectives"]["availability"]["pairs"]), (&1.into(), &1.into()));
    assert!(bench.hms(&["compare", "a", "b"]).ok().contains("worlds can show nothing"));
    bench.hms(&["compare", "a", "c"]).fails(2, &["have no world in common", "seed 4", "seed 5"]);
    let same = bench.hms(&["compare", "a", "a"]);
    assert!(same.ok().contains("The two configurations do not differ."), "{}", same.stdout);
}

#[test]
fn configurations_of_a_campaign_are_named_by_number() {
    let bench = bench();
    bench.write(
        "campaign.toml",
        &format!(
            "version = 1\nscenario = {:?}\nreplicates = 7\n[set]\n\"scenario.run.duration\" = \"40s\"\n\"scenario.fault\" = []\n[axes]\n\"scenario.load.customers.arrivals\" = [\"20/s\", \"40/s\"]\n",
            quickstart()
        ),
    );
    bench.hms(&["sweep", "campaign.toml", "--out", "grid", "--quiet"]).ok();
    let arguments = ["compare", "grid@0", "grid@1", "--objective", "goodput"];
    let found = bench.hms(&[&arguments[..], &["--json"]].concat()).json();
    let goodput = &found["objectives"]["goodput"];
    assert_eq!((&found["worlds"], &goodput["better"], &goodput["ahead"][1]), (&7.into(), &"second".into(), &7.into()), "{found}");
    assert_eq!(found["differences"][0]["name"], "scenario.load.customers.arrivals");
    assert!(bench.hms(&arguments).ok().contains("second is better in: goodput"));
    let back = ["compare", "grid@1", "grid@0", "--objective", "goodput", "--no-worse"];
    bench.hms(&back).fails(7, &["grid@0 is worse than grid@1 in goodput"]);
    bench.hms(&["compare", "grid", "grid@1"]).fails(2, &["grid holds 2 configurations", "grid@0", "@1  "]);
    bench.hms(&["compare", "grid@0", "nowhere@3"]).fails(2, &["nowhere is no folder of `hms sweep`", "leave `@3` out"]);
    bench.hms(&["compare", "grid@0", "grid@7"]).fails(2, &["no configuration `7`", "grid@0 to grid@1"]);
}

#[test]
fn what_cannot_be_compared_is_told_with_the_way_out() {
    let bench = bench();
    let scenario = quickstart();
    for (arguments, parts) in [
        (&["compare", "nowhere", "nowhere"][..], &["nowhere"][..]),
        (&["compare", &scenario], &["is one side", "--stack A --stack B"]),
        (&["compare", &scenario, "--stack", "same.toml"], &["--stack was given 1 times"]),
        (&["compare", "a", "b", "--stack", "same.toml"], &["two folders need no --stack"]),
        (&["compare", &scenario, "--stack", "same.toml", "--stack", "gone.toml"], &["cannot read gone.toml"]),
        (&["compare", "a", "b", "--objective", "availabilty"], &["no objective is called `availabilty`"]),
        (&["compare", "a", "b", "--seeds", "3"], &["--stack"]),
    ] {
        bench.hms(arguments).fails(2, parts);
    }
    std::fs::create_dir(bench.path("search")).unwrap();
    bench.write("search/cells.bin", "");
    bench.hms(&["compare", "search", "search"]).fails(2, &["search holds a search", "hms compare SCENARIO --stack search"]);
    let unfinished = ["compare", &scenario, "--stack", "search", "--stack", "same.toml"];
    bench.hms(&unfinished).fails(2, &["has chosen nothing yet"]);
}
