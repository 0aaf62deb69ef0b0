//! What a scenario says about the worth of requests and about answers that are not the service's own.

use hms_machine::{Priority, Ratio};
use hms_scenario::model::Scenario;

fn read(service: &str, load: &str) -> Scenario {
    let text = format!(
        "version = 1\n[cluster]\nnodes = 1\n[[service]]\nname = \"api\"\n{service}\n[[load]]\nservice = \"api\"\narrivals = \"1/s\"\n{load}\n"
    );
    let document = hms_scenario::parse(&text, &|name| Err(format!("no file {name}")));
    document.unwrap_or_else(|problems| panic!("{}", problems[0].render("test.toml", &text))).scenario
}

#[test]
fn without_a_word_there_is_no_substitute_and_every_load_matters_alike() {
    let scenario = read("", "");
    assert_eq!((scenario.services[0].cache, scenario.services[0].default_answer), (Ratio::ZERO, false));
    assert_eq!(scenario.loads[0].priority, Priority(1));
}

#[test]
fn caches_default_answers_and_priorities_are_read() {
    let scenario = read("cache = \"30 %\"\ndefault_answer = true", "priority = 3");
    assert_eq!((scenario.services[0].cache.get(), scenario.services[0].default_answer), (0.3, true));
    assert_eq!(scenario.loads[0].priority, Priority(3));
}

#[test]
fn the_longest_call_has_all_its_time_outs_and_pauses() {
    let policy =
        read("", "timeout = \"1s\"\nretries = 3\nbackoff = { base = \"100ms\", factor = 2.0, max = \"300ms\", jitter = 0.5 }");
    let longest = policy.loads[0].policy.longest();
    assert_eq!(longest.as_secs_f64(), 4.0 + 0.1 + 0.2 + 0.3);
    assert_eq!(policy.loads[0].deadline, longest);
}
