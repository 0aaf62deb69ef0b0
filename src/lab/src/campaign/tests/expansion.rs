//! Which runs a file stands for.

use super::{Bench, GRID};
use crate::campaign::Campaign;

/// One line per configuration: scenario, case, and what varies.
fn shown(campaign: &Campaign) -> String {
    let line = |configuration: &crate::campaign::Configuration| {
        let case = configuration.case.as_deref().unwrap_or("-");
        let settings = campaign
            .varying_paths()
            .into_iter()
            .map(|path| configuration.setting(path).map_or_else(|| "-".to_owned(), |setting| setting.shown()));
        format!("{} {} {} {}\n", configuration.index, configuration.scenario, case, settings.collect::<Vec<_>>().join(" "))
    };
    campaign.configurations.iter().map(line).collect()
}

#[test]
fn axes_are_multiplied_with_the_last_one_varying_fastest() {
    insta::assert_snapshot!(shown(&Bench::new().good(GRID)), @r"
    0 small - 300ms 50ms
    1 small - 300ms 200ms
    2 small - 500ms 50ms
    3 small - 500ms 200ms
    ");
}

#[test]
fn scenarios_cases_and_axes_are_combined_and_the_condition_thins_them_out() {
    let campaign = Bench::new().good(
        r#"version = 1
scenarios = ["small.toml", "slower.toml"]
where = "not (scenario == 'slower' and case == 'eager') and stack.health.timeout >= 5 * stack.health.heartbeat"
replicates = 3

[axes]
"stack.health.timeout" = ["400ms", "1s"]

[[case]]
name = "lazy"
set = { "stack.health.heartbeat" = "200ms", "stack.supervisor.backoff" = "1s" }

[[case]]
name = "eager"
set = { "stack.health.heartbeat" = "50ms" }
"#,
    );
    insta::assert_snapshot!(shown(&campaign), @r"
    0 small lazy 200ms 1s 1s
    1 small eager 50ms - 400ms
    2 small eager 50ms - 1s
    3 slower lazy 200ms 1s 1s
    ");
    assert_eq!(campaign.run_count(), 12);
}

#[test]
fn conditions_see_what_the_files_say_and_the_defaults_of_the_stack() {
    let bench = Bench::new();
    let with = |stack: &str, condition: &str| {
        let text = format!("version = 1\nscenario = \"small.toml\"\n{stack}\nwhere = \"{condition}\"\n");
        bench.campaign(&text).is_ok()
    };
    assert!(with("", "stack.health.timeout == 500ms and scenario.cluster.nodes == 3"));
    assert!(with("stack = \"stack.toml\"", "stack.health.timeout == 800ms and stack.supervisor.enabled"));
    assert!(with("", "scenario.fault[1].at == 12s and scenario.service[0].replicas < 3"));
    assert!(with("", "scenario.service.api.replicas == 2 and scenario.network.latency.kind == 'lognormal'"));
    assert!(!with("", "stack.health.timeout == 800ms"));
}

#[test]
fn a_campaign_without_axes_is_its_replicates() {
    let campaign = Bench::new().good("version = 1\nscenario = \"small.toml\"\nreplicates = 4\n");
    assert_eq!((campaign.configurations.len(), campaign.run_count(), campaign.name.as_str()), (1, 4, "campaign"));
}

#[test]
fn every_configuration_meets_the_same_seeds_and_every_replicate_another_one() {
    let campaign = Bench::new().good(GRID);
    let seeds = |configuration: usize| {
        (0..2).map(|replicate| campaign.run(configuration * 2 + replicate).inputs.seed()).collect::<Vec<_>>()
    };
    for configuration in 1..4 {
        assert_eq!(seeds(configuration), seeds(0));
    }
    assert_ne!(seeds(0)[0], seeds(0)[1]);
}

#[test]
fn seeds_follow_from_campaign_seed_scenario_and_replicate_alone() {
    let bench = Bench::new();
    let seeds = |text: &str| {
        let campaign = bench.good(text);
        campaign
            .runs()
            .map(|run| (campaign.configurations[run.configuration].scenario.clone(), run.replicate, run.inputs.seed().0))
            .collect::<Vec<_>>()
    };
    let plain = seeds("version = 1\nscenario = \"small.toml\"\nreplicates = 2\nseed = 7\n");
    // Frozen: other seeds would be other results of every campaign that was ever run.
    assert_eq!(plain, [("small".to_owned(), 0, 7_570_107_085_309_158_745), ("small".to_owned(), 1, 3_146_131_179_545_267_117)]);
    assert_eq!(plain[..], seeds(GRID)[..2]);
    let longer = seeds("version = 1\nscenarios = [\"slower.toml\", \"small.toml\"]\nreplicates = 3\nseed = 7\n");
    assert!(plain.iter().all(|run| longer.contains(run)));
    let others = seeds("version = 1\nscenario = \"small.toml\"\nreplicates = 2\nseed = 8\n");
    assert!(others.iter().all(|run| !plain.contains(run)));
    assert!(longer.iter().filter(|run| run.0 == "slower").all(|run| longer.iter().filter(|other| other.2 == run.2).count() == 1));
}

#[test]
fn ids_name_what_is_run_and_not_how_it_is_written() {
    let bench = Bench::new();
    let campaign = bench.good(GRID);
    let mut ids: Vec<_> = campaign.runs().map(|run| run.id().to_owned()).collect();
    assert_eq!(
        bench.good(&GRID.replace("\"500ms\"", "\"0.5s\"").replace("seed = 7", "seed = 7\nname = \"other\"")).digest(),
        campaign.digest()
    );
    assert_ne!(bench.good(&GRID.replace("\"500ms\"", "\"501ms\"")).digest(), campaign.digest());
    assert_eq!(campaign.find(&ids[3][..12]), [3]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn settings_reach_scenario_and_stack() {
    let bench = Bench::new();
    let campaign = bench.good(
        &GRID
            .replace("seed = 7", "seed = 7\nstack = \"stack.toml\"")
            .replace("\"stack.health.timeout\" = [\"300ms\", \"500ms\"]\n", ""),
    );
    let inputs = campaign.configurations[1].inputs();
    assert_eq!(inputs.scenario().run.duration, hms_machine::Duration::from_secs(14));
    assert_eq!(inputs.stack().health.heartbeat, hms_machine::Duration::from_millis(200));
    assert_eq!(inputs.stack().health.timeout, hms_machine::Duration::from_millis(800));
}

#[test]
fn the_campaigns_of_this_repository_are_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/campaigns");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Campaigns of evolution have genes, and tests of their own.
        if std::fs::read_to_string(&path).unwrap().contains("\ngenes = ") {
            continue;
        }
        let campaign = crate::campaign::load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert!(!campaign.description.is_empty() && campaign.configurations.len() > 1, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 2);
}

/// `HMS_UPDATE_REFERENCE=1 cargo test -p hms-lab reference` writes it anew.
#[test]
fn the_reference_in_the_readme_of_the_experiments_is_current() {
    const BEGIN: &str = "<!-- campaign reference: made by the program, see src/lab/src/campaign/tests/expansion.rs -->";
    const END: &str = "<!-- end of the campaign reference -->";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the reference begins");
    let (found, after) = rest.split_once(END).expect("the mark where the reference ends");
    let expected = format!("\n\n{}\n", crate::campaign::reference());
    if std::env::var("HMS_UPDATE_REFERENCE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "run with HMS_UPDATE_REFERENCE=1 to write it anew");
    }
}

#[test]
fn the_example_in_the_readme_of_the_experiments_is_a_campaign() {
    let experiments = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let text = std::fs::read_to_string(experiments.join("README.md")).unwrap();
    let (_, section) = text.split_once("## Format of a campaign").expect("the section");
    let example = section.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n")).expect("the example");
    let scenario = experiments.join("scenarios/quickstart.toml");
    let campaign = Bench::new().good(&example.replace("../scenarios/quickstart.toml", &scenario.display().to_string()));
    assert_eq!(campaign.configurations.len(), 6);
}
