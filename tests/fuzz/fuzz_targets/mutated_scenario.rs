//! A scenario with everything, of which values are set to whatever the input says, line by line `path=value`; and the input as a file at
//! which the scenario points.
#![no_main]

use libfuzzer_sys::fuzz_target;

const EVERYTHING: &str = include_str!("../../../src/scenario/tests/everything.toml");

fuzz_target!(|text: &str| {
    let overrides: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    let Ok(changed) = hms_scenario::apply_overrides(EVERYTHING, &overrides) else { return };
    let files = |_: &str| Ok(text.to_owned());
    if let Err(problems) = hms_scenario::parse(&changed, &files) {
        assert!(!problems.is_empty());
        hms_scenario::render_all(&problems, "fuzz.toml", &changed);
    }
});
