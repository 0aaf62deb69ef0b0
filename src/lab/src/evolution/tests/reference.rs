//! experiments/README.md tells the format as the types do.

use crate::evolution::{load, reference};

/// `HMS_UPDATE_REFERENCE=1 cargo test -p hms-lab reference` writes it anew.
#[test]
fn the_reference_of_evolution_in_the_readme_of_the_experiments_is_current() {
    const BEGIN: &str = "<!-- evolution reference: made by the program, see src/lab/src/evolution/tests/reference.rs -->";
    const END: &str = "<!-- end of the evolution reference -->";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the reference begins");
    let (found, after) = rest.split_once(END).expect("the mark where the reference ends");
    let expected = format!("\n\n{}\n", reference());
    if std::env::var("HMS_UPDATE_REFERENCE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "run with HMS_UPDATE_REFERENCE=1 to write it anew");
    }
}

#[test]
fn the_example_in_the_readme_of_the_experiments_is_a_campaign_of_evolution() {
    let experiments = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let text = std::fs::read_to_string(experiments.join("README.md")).unwrap();
    let (_, section) = text.split_once("## Format of a campaign of evolution").expect("the section");
    let example = section.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n")).expect("the example");
    let scenario = experiments.join("scenarios/quickstart.toml");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaign.toml");
    std::fs::write(&path, example.replace("../scenarios/quickstart.toml", &scenario.display().to_string())).unwrap();
    let plan = load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.question.targets.len(), 2);
}
