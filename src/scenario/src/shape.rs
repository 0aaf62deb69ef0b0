//! Whether a file has the shape that the schema tells: keys, types, kinds, units. Every mistake is told, not only the first.
//!
//! The walk knows the few forms that the file types produce: tables without other keys, lists, `kind`-tagged alternatives, words, numbers
//! in a range, and values with units.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::place::{Place, Report};
use crate::problem::Problem;
use crate::quantity::{self, Raw};
use crate::schema::resolved;

/// Tells what in `root` is not as `schema` says.
pub(crate) fn check(root: &Spanned<DeTable<'_>>, schema: &'static Value, report: &mut Report<'_>) {
    let mut walk = Walk { schema, report };
    walk.table(root.get_ref(), root.span(), schema, &Place::default());
}

struct Walk<'w, 'a> {
    schema: &'static Value,
    report: &'w mut Report<'a>,
}

impl Walk<'_, '_> {
    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'static Value, place: &Place) {
        let schema = resolved(self.schema, schema);
        if let Some(name) = schema.get(quantity::SCHEMA_KEY).and_then(Value::as_str) {
            return self.quantity(value, name, place);
        }
        if let Some(alternatives) = alternatives(schema, "anyOf") {
            let fitting = alternatives.iter().find(|alternative| accepts(self.schema, alternative, value.get_ref()));
            return match fitting {
                Some(alternative) => self.value(value, alternative, place),
                None => self.wrong_type(value, schema, place),
            };
        }
        if let Some(words) = words(schema) {
            return self.word(value, &words, place);
        }
        if let Some(kinds) = alternatives(schema, "oneOf") {
            return match value.get_ref() {
                DeValue::Table(table) => self.tagged(table, value, kinds, place),
                _ => self.wrong_type(value, schema, place),
            };
        }
        if !accepts(self.schema, schema, value.get_ref()) {
            return self.wrong_type(value, schema, place);
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, value.span(), schema, place),
            DeValue::Array(list) => {
                if let Some(items) = schema.get("items") {
                    list.iter().enumerate().for_each(|(index, item)| self.value(item, items, &place.index(index)));
                }
            }
            DeValue::Integer(_) | DeValue::Float(_) => self.number(value, schema, place),
            DeValue::String(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    fn table(&mut self, table: &DeTable<'_>, span: std::ops::Range<usize>, schema: &'static Value, place: &Place) {
        let Some(keys) = schema.get("properties").and_then(Value::as_object) else { return };
        for (key, value) in table.iter() {
            let name = key.get_ref().as_ref();
            match keys.get(name) {
                Some(schema) => self.value(value, schema, &place.key(name.to_owned())),
                None => {
                    let known: Vec<&str> = keys.keys().map(String::as_str).collect();
                    let kind = table.get("kind").and_then(|kind| kind.get_ref().as_str()).filter(|_| keys.contains_key("kind"));
                    let of = kind.map(|kind| format!(" of kind `{kind}`")).unwrap_or_default();
                    let problem = Problem::new("", format!("unknown key `{name}`{}{of}", here(place)))
                        .expected(list(&known, "one of"))
                        .nearest(name, known.iter().copied());
                    self.report.span_of(&place.key(name.to_owned()), key.span(), problem);
                }
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !table.contains_key(*name)) {
            let what = describe(self.schema, &keys[name]);
            let help = match (place.to_string().as_str(), name) {
                ("", "version") => "put `version = 1` at the top".to_owned(),
                ("", _) => format!("add a table `[{name}]`"),
                _ => format!("add `{name} = …`"),
            };
            let problem = Problem::new("", format!("key `{name}` is missing{}", here(place))).expected(what).help(help);
            // The whole table would be a long mark: its beginning will do.
            let start = if place == &Place::default() { 0..0 } else { span.clone() };
            self.report.span_of(&place.key(name.to_owned()), start, problem);
        }
    }

    fn tagged(&mut self, table: &DeTable<'_>, value: &Spanned<DeValue<'_>>, kinds: &'static [Value], place: &Place) {
        let names: Vec<&str> = kinds.iter().filter_map(kind_of).collect();
        let Some(kind) = table.get("kind") else {
            let problem = Problem::new("", format!("key `kind` is missing{}", here(place))).expected(list(&names, "one of"));
            return self.report.span_of(&place.key("kind"), value.span(), problem);
        };
        let Some(name) = kind.get_ref().as_str() else {
            let problem = Problem::new("", "`kind` is no string").expected(list(&names, "one of"));
            return self.report.span_of(&place.key("kind"), kind.span(), problem);
        };
        match kinds.iter().find(|schema| kind_of(schema) == Some(name)) {
            Some(schema) => self.table(table, value.span(), schema, place),
            None => {
                let problem = Problem::new("", format!("unknown kind `{name}`"))
                    .expected(list(&names, "one of"))
                    .nearest(name, names.iter().copied());
                self.report.span_of(&place.key("kind"), kind.span(), problem);
            }
        }
    }

    fn word(&mut self, value: &Spanned<DeValue<'_>>, words: &[&str], place: &Place) {
        let found = value.get_ref().as_str();
        if found.is_some_and(|found| words.contains(&found)) {
            return;
        }
        let message = match found {
            Some(found) => format!("unknown word `{found}`"),
            None => format!("expected a word, found {}", article(value.get_ref())),
        };
        let problem =
            Problem::new("", message).expected(list(words, "one of")).nearest(found.unwrap_or(""), words.iter().copied());
        self.report.span_of(place, value.span(), problem);
    }

    fn quantity(&mut self, value: &Spanned<DeValue<'_>>, name: &str, place: &Place) {
        let raw = match value.get_ref() {
            DeValue::String(text) => Some(Raw::Text(text.to_string())),
            DeValue::Integer(number) => integer(number).and_then(|number| i64::try_from(number).ok()).map(Raw::Integer),
            DeValue::Float(number) => number.as_str().parse().ok().map(Raw::Float),
            _ => None,
        };
        let complaint = match &raw {
            Some(raw) => quantity::complaint(name, raw).map(|(message, expected)| Problem::new("", message).expected(expected)),
            None => {
                let problem = Problem::new("", format!("expected a {name}, found {}", article(value.get_ref())));
                Some(problem.expected(quantity::expected(name).unwrap_or_default()))
            }
        };
        if let Some(problem) = complaint {
            self.report.span_of(place, value.span(), problem);
        }
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>, schema: &Value, place: &Place) {
        let number = match value.get_ref() {
            DeValue::Integer(number) => integer(number).map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let least = bound("minimum").unwrap_or(f64::NEG_INFINITY);
        let most = bound("maximum").unwrap_or(match schema.get("format").and_then(Value::as_str) {
            Some("uint32") => f64::from(u32::MAX),
            Some("uint64") => i64::MAX as f64,
            _ => f64::INFINITY,
        });
        let Some(number) = number else {
            let problem = Problem::new("", "this is no finite number").expected("a finite number");
            return self.report.span_of(place, value.span(), problem);
        };
        if !(least..=most).contains(&number) {
            let expected = match (least.is_finite(), most.is_finite()) {
                (true, true) if least == most => format!("{least}"),
                (true, true) => format!("a number from {least} to {most}"),
                (true, false) => format!("a number of {least} or more"),
                (false, _) => format!("a number up to {most}"),
            };
            let problem = Problem::new("", format!("`{number}` is out of range")).expected(expected);
            self.report.span_of(place, value.span(), problem);
        }
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, schema: &'static Value, place: &Place) {
        let expected = describe(self.schema, schema);
        let mut problem = Problem::new("", format!("expected {expected}, found {}", article(value.get_ref())));
        let fits = |items| accepts(self.schema, items, value.get_ref());
        match (value.get_ref(), schema.get("type").and_then(Value::as_str)) {
            (DeValue::Table(_), Some("array")) => {
                problem = problem.help(format!("write the table with two brackets: `[[{place}]]`"));
            }
            (_, Some("array")) if schema.get("items").is_some_and(fits) => problem = problem.help("put it in brackets: `[ … ]`"),
            (DeValue::String(_), Some("integer" | "number" | "boolean")) => problem = problem.help("leave the quotes out"),
            (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_), Some("string")) => {
                problem = problem.help("put it in quotes");
            }
            _ => {}
        }
        self.report.span_of(place, value.span(), problem);
    }
}

fn here(place: &Place) -> String {
    let path = place.to_string();
    if path.is_empty() { String::new() } else { format!(" in `{path}`") }
}

fn list(names: &[&str], lead: &str) -> String {
    match names {
        [only] => format!("`{only}`"),
        _ => format!("{lead} {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

fn integer(number: &toml::de::DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

fn alternatives(schema: &'static Value, key: &str) -> Option<&'static [Value]> {
    schema.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

/// The words of an enumeration.
pub(crate) fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(Value::as_str).collect();
    }
    let alternatives = schema.get("oneOf").and_then(Value::as_array)?;
    let mut found = Vec::new();
    for alternative in alternatives {
        match alternative.get("const") {
            Some(word) => found.push(word.as_str()?),
            None => found.extend(words(alternative)?),
        }
    }
    Some(found)
}

/// The kind of an alternative of a tagged enumeration.
pub(crate) fn kind_of(schema: &Value) -> Option<&str> {
    schema.pointer("/properties/kind/const").and_then(Value::as_str)
}

/// Whether a value of this TOML type may stand where the schema says.
fn accepts(root: &'static Value, schema: &'static Value, value: &DeValue<'_>) -> bool {
    let schema = resolved(root, schema);
    if let Some(alternatives) = alternatives(schema, "anyOf").or_else(|| alternatives(schema, "oneOf")) {
        return alternatives.iter().any(|alternative| accepts(root, alternative, value));
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("string");
    match value {
        DeValue::String(_) => kind == "string",
        DeValue::Integer(_) => kind == "integer" || kind == "number",
        DeValue::Float(_) => kind == "number",
        DeValue::Boolean(_) => kind == "boolean",
        DeValue::Array(_) => kind == "array",
        DeValue::Table(_) => kind == "object",
        DeValue::Datetime(_) => false,
    }
}

fn article(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("the number `{}`", number.as_str()),
        DeValue::Float(number) => format!("the number `{}`", number.as_str()),
        DeValue::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// What a schema wants, in words.
pub(crate) fn describe(root: &Value, schema: &Value) -> String {
    let schema = resolved(root, schema);
    if let Some(expected) = schema.get(quantity::SCHEMA_KEY).and_then(Value::as_str).and_then(quantity::expected) {
        return expected.to_owned();
    }
    if let Some(words) = words(schema) {
        return list(&words, "one of");
    }
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        let told: Vec<String> = alternatives.iter().map(|alternative| describe(root, alternative)).collect();
        return told.join(", or ");
    }
    if schema.get("oneOf").is_some() {
        return "a table with a `kind`".to_owned();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("object") => "a table".to_owned(),
        _ => "a string".to_owned(),
    }
}
