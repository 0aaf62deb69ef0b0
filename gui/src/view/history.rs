//! How configurations changed: from run to run, at forks, from generation to generation of a search; and what a run has otherwise than a preset.

use hms_lab::comparison::differing;
use hms_lab::stack::Configuration;

use super::form::{Form, stored_value};
use super::run::RunView;
use super::search::{Search, best_of_generations};

/// A value that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where: which run, or which generation.
    pub place: String,
    /// What: a parameter, or what a scenario says.
    pub what: String,
    /// Its value before.
    pub before: String,
    /// Its value from there on.
    pub after: String,
}

/// What every run has otherwise than the one before it; a fork, than its original.
pub fn of_runs(runs: &[&RunView]) -> Vec<Change> {
    let mut found = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let original = run.forked.and_then(|(id, _)| runs.iter().find(|other| other.id == id));
        let Some(before) = original.or_else(|| place.checked_sub(1).and_then(|place| runs.get(place))) else { continue };
        let title = match run.forked {
            Some((id, at)) => format!("run {}, fork of run {} at {at}", run.id.0, id.0),
            None => format!("run {}, after run {}", run.id.0, before.id.0),
        };
        let (old, new) = (&before.chronicle.inputs, &run.chronicle.inputs);
        let mut note = |what: &str, before: String, after: String| {
            if before != after {
                found.push(Change { place: title.clone(), what: what.to_owned(), before, after });
            }
        };
        note("scenario", old.scenario().name.clone(), new.scenario().name.clone());
        note("seed", old.seed().0.to_string(), new.seed().0.to_string());
        note("faults", faults(before), faults(run));
        for change in differing(old.stack(), new.stack()) {
            note(&change.name, change.first, change.second);
        }
    }
    found
}

/// Rules of faults, for reading.
fn faults(run: &RunView) -> String {
    let names: Vec<&str> = run.chronicle.inputs.scenario().faults.iter().map(|rule| rule.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// In which parameters the best candidate of each generation differs from the best of the one before.
pub fn of_generations(search: &Search) -> Vec<Change> {
    let form = Form::default();
    let shown = |name: &str, text: &str| {
        let field = form.fields.iter().find(|field| field.tunable.name == name);
        field.and_then(|field| stored_value(&field.tunable, text)).map_or_else(|| text.to_owned(), |value| value.to_string())
    };
    let mut found = Vec::new();
    let mut before: Option<(usize, Vec<(String, String)>)> = None;
    for (generation, row) in best_of_generations(search) {
        if before.as_ref().is_some_and(|(known, _)| *known == row) {
            continue;
        }
        let now = search.parameters(false, row);
        let old = before.map_or_else(Vec::new, |(_, parameters)| parameters);
        let value = |parameters: &[(String, String)], name: &str| {
            parameters.iter().find(|(known, _)| known == name).map_or_else(|| "–".to_owned(), |(name, text)| shown(name, text))
        };
        let gone = old.iter().filter(|(name, _)| !now.iter().any(|(known, _)| known == name));
        for (name, _) in now.iter().chain(gone) {
            let (before, after) = (value(&old, name), value(&now, name));
            if before != after {
                found.push(Change { place: format!("generation {generation}"), what: name.clone(), before, after });
            }
        }
        before = Some((row, now));
    }
    found
}

/// A parameter of the best candidate over the generations, where it is a number.
pub fn course(search: &Search, parameter: &str) -> Vec<[f64; 2]> {
    let Some(values) = search.history.number(parameter) else { return Vec::new() };
    best_of_generations(search).into_iter().map(|(generation, row)| [generation, values[row]]).collect()
}

/// What a run has otherwise than another configuration.
pub fn against(run: &RunView, name: &str, other: &Configuration) -> Vec<Change> {
    let place = format!("run {} beside {name}", run.id.0);
    let changes = differing(other, run.chronicle.inputs.stack()).into_iter();
    changes.map(|change| Change { place: place.clone(), what: change.name, before: change.first, after: change.second }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hms_lab::results::Columns;

    use super::*;

    #[test]
    fn a_generation_is_told_by_what_its_best_has_otherwise() {
        let number = |name: &str, values: &[f64]| (name.to_owned(), values.to_vec());
        let history = Columns {
            rows: 4,
            numbers: vec![
                number("generation", &[0.0, 0.0, 1.0, 2.0]),
                number("dismissed", &[0.0; 4]),
                number("detection_p99", &[2.0, 3.0, 2.5, 1.0]),
                number("health.heartbeat", &[0.5, 1.0, 0.1, 0.25]),
            ],
            texts: Vec::new(),
        };
        let search = Search::of(PathBuf::new(), Columns::default(), history, Columns::default());
        let found = of_generations(&search);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].before.as_str(), found[0].after.as_str()), ("–", "500ms"));
        assert_eq!(
            (found[1].place.as_str(), found[1].before.as_str(), found[1].after.as_str()),
            ("generation 2", "500ms", "250ms")
        );
        assert_eq!(course(&search, "health.heartbeat"), [[0.0, 0.5], [1.0, 0.5], [2.0, 0.25]]);
    }
}
