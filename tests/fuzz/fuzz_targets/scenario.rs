//! Any text: reading it ends with a scenario, or with problems that can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = |_: &str| Err("there are no files here".to_owned());
    if let Err(problems) = hms_scenario::parse(text, &files) {
        assert!(!problems.is_empty());
        hms_scenario::render_all(&problems, "fuzz.toml", text);
    }
});
