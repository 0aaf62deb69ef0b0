//! The parameters of a stack as a form: made from the walk over them, and writing single values back into the text, whose comments and order stay.

use hms_lab::machine::Duration;
use hms_lab::stack::{Configuration, Tunable, Value, Visitor};
use hms_lab::trial::literal;
use toml_edit::{DocumentMut, Item, Table};

/// A parameter and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Everything there is to know about the parameter.
    pub tunable: Tunable,
    /// Its value in the draft.
    pub value: Value,
}

impl Field {
    /// The component that it belongs to.
    pub fn component(&self) -> &'static str {
        self.tunable.name.split_once('.').map_or("", |(component, _)| component)
    }

    /// Its name within the component.
    pub fn parameter(&self) -> &'static str {
        self.tunable.name.split_once('.').map_or(self.tunable.name, |(_, parameter)| parameter)
    }

    /// Whether it has another value than where nothing is said.
    pub fn is_changed(&self) -> bool {
        self.value != self.tunable.default
    }

    /// Range and default, for reading.
    pub fn range(&self) -> String {
        match self.tunable.default {
            Value::Switch(_) => format!("default {}", self.tunable.default),
            Value::Choice(_) => format!("{}; default {}", self.tunable.choices.join(", "), self.tunable.default),
            Value::Duration(_) | Value::Integer(_) | Value::Real(_) => {
                format!("{} to {}, default {}", self.tunable.low, self.tunable.high, self.tunable.default)
            }
        }
    }
}

/// Every parameter, in the order of the walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The parameters.
    pub fields: Vec<Field>,
}

impl Default for Form {
    fn default() -> Self {
        Form::of(&Configuration::default())
    }
}

impl Form {
    /// The form of a configuration.
    pub fn of(configuration: &Configuration) -> Form {
        struct Collect(Vec<Field>);
        impl Visitor for Collect {
            fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
                self.0.push(Field { tunable: *tunable, value: *value });
            }
        }
        let mut collect = Collect(Vec::new());
        configuration.clone().walk(&mut collect);
        Form { fields: collect.0 }
    }

    /// Names of the components, in order.
    pub fn components(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.fields.iter().map(Field::component).collect();
        names.dedup();
        names
    }
}

/// `text` with one parameter set to `value`. Comments, order and everything else stay as they are. `None` if the text is no TOML: then it is to be mended by hand first.
pub fn set(text: &str, tunable: &Tunable, value: Value) -> Option<String> {
    let (component, parameter) = tunable.name.split_once('.')?;
    let mut document: DocumentMut = text.parse().ok()?;
    if !document.contains_key("version") {
        document.insert("version", toml_edit::value(1));
    }
    let table = document.entry(component).or_insert_with(|| Item::Table(Table::new())).as_table_mut()?;
    let mut fresh: toml_edit::Value = literal(value).parse().ok()?;
    match table.get_mut(parameter).and_then(Item::as_value_mut) {
        Some(known) => {
            // The comment behind the value belongs to the line.
            *fresh.decor_mut() = known.decor().clone();
            *known = fresh;
        }
        None => {
            table.insert(parameter, Item::Value(fresh));
        }
    }
    Some(document.to_string())
}

/// A value as the tables of a search have it: times in seconds, switches as 1 and 0. `None` if it is none, or out of range.
pub fn stored_value(tunable: &Tunable, text: &str) -> Option<Value> {
    let number = || text.parse::<f64>().ok();
    let value = match tunable.default {
        Value::Duration(_) => Value::Duration(Duration::from_secs_f64(number()?)),
        Value::Integer(_) => Value::Integer(number().filter(|number| *number >= 0.0)? as u32),
        Value::Real(_) => Value::Real(number()?),
        Value::Switch(_) => Value::Switch(number()? != 0.0),
        Value::Choice(_) => Value::Choice(tunable.choices.iter().copied().find(|name| *name == text)?),
    };
    tunable.admits(value).then_some(value)
}

#[cfg(test)]
mod tests {
    use hms_lab::trial::parse_stack;

    use super::*;

    fn tunable(name: &str) -> Tunable {
        Form::default().fields.into_iter().find(|field| field.tunable.name == name).unwrap().tunable
    }

    #[test]
    fn an_edit_changes_one_value_and_keeps_comments_and_order() {
        let text = "# mine\nversion = 1\n\n[breaker]\nenabled = true\n\n[health] # beats\n# often enough\nheartbeat = \"100ms\" # ten a second\n";
        let edited = set(text, &tunable("health.heartbeat"), Value::Duration(Duration::from_millis(250))).unwrap();
        assert_eq!(edited, text.replace("\"100ms\"", "\"250ms\""));
    }

    #[test]
    fn a_value_that_no_text_names_is_added_to_its_component() {
        let edited = set("", &tunable("health.mode"), Value::Choice("swim")).unwrap();
        assert_eq!(parse_stack(&edited).unwrap().health.mode.name(), "swim");
        assert!(edited.contains("[health]") && edited.contains("version = 1"), "{edited}");
    }

    #[test]
    fn every_parameter_can_be_set_to_its_bounds_and_is_read_back() {
        for field in Form::default().fields {
            for value in [field.tunable.low, field.tunable.high] {
                let edited = set("", &field.tunable, value).unwrap();
                // Bounds of single parameters may be at odds with others; what was written is there all the same.
                let written = Form::of(&parse_stack(&edited).unwrap_or_default()).fields;
                let found = written.iter().find(|known| known.tunable.name == field.tunable.name).unwrap();
                assert!(found.value == value || parse_stack(&edited).is_err(), "{}", field.tunable.name);
            }
        }
    }

    #[test]
    fn values_of_a_search_are_read_in_the_parameters_kind() {
        assert_eq!(stored_value(&tunable("health.heartbeat"), "0.25"), Some(Value::Duration(Duration::from_millis(250))));
        assert_eq!(stored_value(&tunable("health.window"), "200"), Some(Value::Integer(200)));
        assert_eq!(stored_value(&tunable("health.enabled"), "0"), Some(Value::Switch(false)));
        assert_eq!(stored_value(&tunable("health.mode"), "swim"), Some(Value::Choice("swim")));
        assert_eq!(stored_value(&tunable("health.heartbeat"), "-1"), None);
        assert_eq!(stored_value(&tunable("health.mode"), "carrier pigeon"), None);
    }

    #[test]
    fn a_text_that_is_no_toml_is_left_alone() {
        assert_eq!(set("[health", &tunable("health.enabled"), Value::Switch(false)), None);
    }
}
