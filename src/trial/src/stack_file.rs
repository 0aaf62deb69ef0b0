//! Configuration files of the stack: read, checked against the walk over the tunables, and written with every parameter explained.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use hms_machine::Duration;
use hms_scenario::{Problem, parse_time};
use hms_stack::{Configuration, Tunable, Value, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The format's version; files state it as `version`.
const VERSION: i64 = 1;

/// Reads a configuration. Parameters that the text does not name have their defaults; an empty text is the default configuration.
///
/// # Errors
/// Every mistake with its place: syntax, unknown parameters, wrong types, values out of range, parameters that conflict.
pub fn parse_stack(text: &str) -> Result<Configuration, Vec<Problem>> {
    let root = DeTable::parse(text).map_err(|error| {
        vec![Problem::new("", format!("not valid TOML: {}", error.message().trim_end())).located(text, error.span())]
    })?;
    let mut reader = Reader { text, tunables: tunables(), found: BTreeMap::new(), problems: Vec::new() };
    reader.root(root.get_ref());
    let mut configuration = Configuration::default();
    configuration.walk(&mut Assign(&reader.found));
    // Conflicts between values that are wrong by themselves would only confuse.
    if reader.problems.is_empty() {
        for conflict in configuration.conflicts() {
            let span = conflict.names.iter().find_map(|name| reader.found.get(*name)).map(|found| found.1.clone());
            reader.problems.push(Problem::new(conflict.names[0], conflict.message).located(text, span));
        }
    }
    if reader.problems.is_empty() { Ok(configuration) } else { Err(reader.problems) }
}

/// Writes a configuration with every parameter, its range, its default and what it does.
pub fn render_stack(configuration: &Configuration) -> String {
    struct Write {
        text: String,
        component: String,
    }
    impl Visitor for Write {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            let (component, parameter) = split(tunable.name);
            if component != self.component {
                let _ = write!(self.text, "\n[{component}]\n");
                component.clone_into(&mut self.component);
            }
            let range = match tunable.default {
                Value::Switch(_) => format!("default {}", tunable.default),
                Value::Choice(_) => format!("{}; default {}", tunable.choices.join(", "), tunable.default),
                Value::Duration(_) | Value::Integer(_) | Value::Real(_) => {
                    format!("{} to {}, default {}", tunable.low, tunable.high, tunable.default)
                }
            };
            let _ = writeln!(self.text, "# {} ({range})\n{parameter} = {}", tunable.help, literal(*value));
        }
    }
    let mut write = Write { text: format!("version = {VERSION}\n"), component: String::new() };
    configuration.clone().walk(&mut write);
    write.text
}

/// A value as it stands in a file; reading it back gives the same one.
pub fn literal(value: Value) -> String {
    match value {
        Value::Duration(duration) => format!("\"{}\"", exact(duration)),
        Value::Integer(count) => count.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Switch(on) => on.to_string(),
        Value::Choice(name) => format!("\"{name}\""),
    }
}

/// A duration in the largest unit that divides it, so that reading it back gives the same one.
fn exact(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units = [(3_600_000_000_000, "h"), (60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let fitting = units.into_iter().find(|(unit, _)| nanos > 0 && nanos.is_multiple_of(*unit));
    let (unit, name) = fitting.unwrap_or((1, "ns"));
    format!("{}{name}", nanos / unit)
}

fn split(name: &'static str) -> (&'static str, &'static str) {
    name.rsplit_once('.').expect("a tunable is named component.parameter")
}

fn tunables() -> Vec<Tunable> {
    struct Collect(Vec<Tunable>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, _value: &mut Value) {
            self.0.push(*tunable);
        }
    }
    let mut collect = Collect(Vec::new());
    Configuration::default().walk(&mut collect);
    collect.0
}

type Found = BTreeMap<&'static str, (Value, Range<usize>)>;

struct Assign<'a>(&'a Found);

impl Visitor for Assign<'_> {
    fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
        if let Some((found, _)) = self.0.get(tunable.name) {
            *value = *found;
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    tunables: Vec<Tunable>,
    found: Found,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn report(&mut self, problem: Problem, span: Range<usize>) {
        self.problems.push(problem.located(self.text, Some(span)));
    }

    fn root(&mut self, root: &DeTable<'_>) {
        let components: Vec<&str> = self.tunables.iter().map(|tunable| split(tunable.name).0).collect();
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::Integer(version) if name == "version" => {
                    if version.as_str().parse() != Ok(VERSION) {
                        let message = format!("version {version} of the format is not known");
                        self.report(Problem::new(name, message).expected(format!("{VERSION}")), value.span());
                    }
                }
                DeValue::Table(table) if components.contains(&name) => self.component(name, table),
                _ if name == "version" => {
                    self.report(
                        Problem::new(name, "the version must be a whole number").expected(format!("{VERSION}")),
                        value.span(),
                    );
                }
                _ if components.contains(&name) => {
                    self.report(
                        Problem::new(name, format!("`{name}` must be a table")).expected(format!("[{name}]")),
                        value.span(),
                    );
                }
                _ => {
                    let valid = components.iter().copied().chain(["version"]);
                    let problem = Problem::new(name, format!("unknown component `{name}`")).nearest(name, valid);
                    self.report(problem, key.span());
                }
            }
        }
    }

    fn component(&mut self, component: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = format!("{component}.{}", key.get_ref());
            let Some(tunable) = self.tunables.iter().find(|tunable| tunable.name == path).copied() else {
                let parameters = self.tunables.iter().map(|tunable| split(tunable.name));
                let valid: Vec<&str> = parameters.filter(|(of, _)| *of == component).map(|(_, parameter)| parameter).collect();
                let message = format!("`{component}` has no parameter `{}`", key.get_ref());
                let expected = format!("one of {}", valid.join(", "));
                let problem = Problem::new(&path, message).expected(expected).nearest(key.get_ref(), valid);
                self.report(problem, key.span());
                continue;
            };
            self.parameter(&tunable, value);
        }
    }

    fn parameter(&mut self, tunable: &Tunable, value: &Spanned<DeValue<'_>>) {
        let expected = match tunable.default {
            Value::Switch(_) => "true or false".to_owned(),
            Value::Choice(_) => format!("one of {}", tunable.choices.join(", ")),
            Value::Duration(_) => format!("a time from {} to {}, such as \"{}\"", tunable.low, tunable.high, tunable.default),
            Value::Integer(_) | Value::Real(_) => format!("a number from {} to {}", tunable.low, tunable.high),
        };
        match read(tunable, value.get_ref()) {
            Ok(read) if tunable.admits(read) => {
                self.found.insert(tunable.name, (read, value.span()));
            }
            Ok(read) => {
                let message = format!("{} = {read} is out of range", tunable.name);
                self.report(Problem::new(tunable.name, message).expected(expected).help(tunable.help), value.span());
            }
            Err(message) => self.report(Problem::new(tunable.name, message).expected(expected).help(tunable.help), value.span()),
        }
    }
}

fn read(tunable: &Tunable, value: &DeValue<'_>) -> Result<Value, String> {
    match (tunable.default, value) {
        (Value::Duration(_), DeValue::String(text)) => parse_time(text).map(Value::Duration),
        (Value::Integer(_), DeValue::Integer(number)) => {
            number.as_str().parse().map(Value::Integer).map_err(|_| format!("`{number}` is not a count"))
        }
        (Value::Real(_), DeValue::Integer(number)) => {
            number.as_str().parse().map(Value::Real).map_err(|_| format!("`{number}` is not a number"))
        }
        (Value::Real(_), DeValue::Float(number)) => {
            number.as_str().parse().map(Value::Real).map_err(|_| format!("`{number}` is not a number"))
        }
        (Value::Switch(_), DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
        (Value::Choice(_), DeValue::String(text)) => {
            let known = tunable.choices.iter().find(|name| **name == text.as_ref());
            known.map(|name| Value::Choice(name)).ok_or_else(|| format!("{} = \"{text}\" is not known", tunable.name))
        }
        (Value::Duration(_) | Value::Integer(_) | Value::Real(_) | Value::Switch(_) | Value::Choice(_), _) => {
            Err(format!("the value of {} has the wrong type", tunable.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        parse_stack(text).expect_err("must be refused").iter().map(|problem| problem.render("stack.toml", text)).collect()
    }

    #[test]
    fn an_empty_file_is_the_default_configuration() {
        assert_eq!(parse_stack("").unwrap(), Configuration::default());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut configuration = Configuration::default();
        configuration.health.timeout = Duration::from_nanos(1_234_567_891);
        configuration.supervisor.backoff_factor = 1.5;
        configuration.supervisor.enabled = false;
        assert_eq!(parse_stack(&render_stack(&configuration)).unwrap(), configuration);
    }

    #[test]
    fn mistakes_are_told_with_place_and_fix() {
        let message = told("[health]\nheartbeet = \"100ms\"\n");
        assert!(message.contains("stack.toml:2:1") && message.contains("did you mean `heartbeat`"), "{message}");
        let message = told("[health]\ntimeout = \"1ms\"\nmonitors = 0\n");
        assert!(message.contains("stack.toml:2:11") && message.contains("stack.toml:3:12"), "{message}");
        assert!(message.contains("20ms to 1d"), "{message}");
        let message = told("[health]\ntimeout = 500\n");
        assert!(message.contains("wrong type") && message.contains("such as \"500ms\""), "{message}");
        let message = told("[health]\ntimeout = \"100ms\"\n");
        assert!(message.contains("must be longer than health.heartbeat (100ms)"), "{message}");
        let message = told("[helth]\n");
        assert!(message.contains("did you mean `health`"), "{message}");
        let message = told("version = 2\n");
        assert!(message.contains("version 2"), "{message}");
        assert!(told("[health\n").contains("not valid TOML"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = parse_stack(&text);
        }
    }
}
