//! What a candidate has otherwise than another configuration.

use hms_lab::stack::Configuration;

use crate::view::form::{Form, stored_value};

/// A parameter of a candidate beside another configuration's.
#[derive(Clone, Debug, PartialEq)]
pub struct Differing {
    /// The parameter.
    pub name: String,
    /// The candidate's value, for reading.
    pub candidate: String,
    /// The other configurations' values, in their order.
    pub others: Vec<String>,
    /// Which of them differ from the candidate's.
    pub differs: Vec<bool>,
}

/// A candidate's parameters, as its table has them, beside those of other configurations.
pub fn differences(parameters: &[(String, String)], others: &[&Configuration]) -> Vec<Differing> {
    let forms: Vec<Form> = others.iter().map(|other| Form::of(other)).collect();
    let Some(first) = forms.first() else { return Vec::new() };
    let row = |(name, text): &(String, String)| {
        let place = first.fields.iter().position(|field| field.tunable.name == name)?;
        let value = stored_value(&first.fields[place].tunable, text)?;
        Some(Differing {
            name: name.clone(),
            candidate: value.to_string(),
            others: forms.iter().map(|form| form.fields[place].value.to_string()).collect(),
            differs: forms.iter().map(|form| form.fields[place].value != value).collect(),
        })
    };
    parameters.iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_held_against_each_configuration() {
        let parameters = [("health.heartbeat".to_owned(), "0.25".to_owned()), ("gone.parameter".to_owned(), "1".to_owned())];
        let (default, mut other) = (Configuration::default(), Configuration::default());
        other.health.heartbeat = hms_lab::machine::Duration::from_millis(250);
        let rows = differences(&parameters, &[&default, &other]);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].candidate.as_str(), rows[0].differs.as_slice()), ("250ms", &[true, false][..]));
    }
}
