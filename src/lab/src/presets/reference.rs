//! Every parameter of the stack and who sets it otherwise, as a page.

use std::fmt::Write as _;

use hms_stack::{Configuration, Tunable, Value, Visitor};

use super::Preset;

/// The reference in Markdown: one table per component, from the walk over the parameters.
pub fn reference(presets: &[Preset]) -> String {
    let defaults = settings(&Configuration::default());
    let others: Vec<(&str, Vec<Value>)> = presets
        .iter()
        .map(|preset| (preset.name.as_str(), settings(&preset.stack).into_iter().map(|(_, value)| value).collect()))
        .collect();
    let (mut text, mut component) = (String::new(), "");
    for (place, (tunable, default)) in defaults.iter().enumerate() {
        let (part, parameter) = tunable.name.rsplit_once('.').expect("a tunable is named component.parameter");
        if part != component {
            component = part;
            let _ = write!(
                text,
                "\n## `{part}`\n\n| parameter | range | default | presets that differ | what it does |\n|---|---|---|---|---|\n"
            );
        }
        let differ: Vec<String> = others
            .iter()
            .filter(|(_, values)| values[place] != *default)
            .map(|(name, values)| format!("{name} {}", values[place]))
            .collect();
        let help = tunable.help.replace('|', "\\|");
        let _ = writeln!(text, "| `{parameter}` | {} | {default} | {} | {help} |", range(tunable), differ.join(", "));
    }
    text
}

fn range(tunable: &Tunable) -> String {
    match tunable.default {
        Value::Switch(_) => "true, false".to_owned(),
        Value::Choice(_) => tunable.choices.join(", "),
        Value::Duration(_) | Value::Integer(_) | Value::Real(_) => format!("{} to {}", tunable.low, tunable.high),
    }
}

/// Every parameter with its value, in the order of the walk.
pub(super) fn settings(stack: &Configuration) -> Vec<(Tunable, Value)> {
    struct Collect(Vec<(Tunable, Value)>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            self.0.push((*tunable, *value));
        }
    }
    let mut collect = Collect(Vec::new());
    stack.clone().walk(&mut collect);
    collect.0
}
