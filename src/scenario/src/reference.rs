//! The description of the format for people, made from the same schema that files are checked against.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::quantity;
use crate::schema::{SCHEMA, resolved};

/// Tables in the order in which a reader needs them; what the schema defines besides comes after, by name.
const ORDER: [&str; 24] = [
    "run",
    "cluster",
    "host",
    "clock",
    "disk",
    "override",
    "network",
    "path",
    "loss",
    "reorder",
    "matrix",
    "service",
    "call",
    "backoff",
    "journal",
    "memory",
    "load",
    "arrivals",
    "fault",
    "target",
    "trace",
    "flapping",
    "swarm",
    "law of duration",
];

/// Keys that every kind of fault has; they are described once.
const OF_EVERY_FAULT: [&str; 7] = ["name", "at", "every", "trace", "for", "target", "group"];

/// The format reference in Markdown: every table and key with its type, default and meaning.
pub fn reference() -> String {
    let mut text = String::from("### The file\n\n");
    object(&mut text, &SCHEMA, &[]);
    let definitions = SCHEMA.get("definitions").and_then(Value::as_object).expect("the schema defines tables");
    let rest = definitions.keys().map(String::as_str).filter(|name| !ORDER.contains(name));
    for name in ORDER.into_iter().chain(rest) {
        let Some(schema) = definitions.get(name) else { continue };
        let _ = write!(text, "\n### {name}\n\n");
        definition(&mut text, name, schema);
    }
    text
}

fn definition(text: &mut String, name: &str, schema: &Value) {
    if let Some(help) = help(schema) {
        let _ = writeln!(text, "{help}\n");
    }
    let Some(kinds) = list(schema, "oneOf") else {
        return match list(schema, "anyOf") {
            Some(forms) => forms.iter().for_each(|form| {
                let told = help(form).map_or_else(String::new, |help| format!(": {help}"));
                let _ = writeln!(text, "- {}{told}", kind_of(form));
            }),
            None => object(text, schema, &[]),
        };
    };
    if name == "fault" {
        let _ = writeln!(text, "Keys of every kind:\n");
        let common: Map<String, Value> = properties(&kinds[0])
            .into_iter()
            .flatten()
            .filter(|(key, _)| OF_EVERY_FAULT.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        rows(text, &common, &[]);
    }
    let hidden: &[&str] = if name == "fault" { &OF_EVERY_FAULT } else { &[] };
    for kind in kinds {
        let Some(word) =
            properties(kind).and_then(|keys| keys.get("kind")).and_then(|key| key.get("const")).or_else(|| kind.get("const"))
        else {
            continue;
        };
        let _ = writeln!(text, "\n**`{}`** {}\n", word.as_str().unwrap_or_default(), help(kind).unwrap_or_default());
        object(text, kind, hidden);
    }
}

fn object(text: &mut String, schema: &Value, hidden: &[&str]) {
    let Some(keys) = properties(schema) else { return };
    let required: Vec<&str> = list(schema, "required").into_iter().flatten().filter_map(Value::as_str).collect();
    let shown: Map<String, Value> = keys
        .iter()
        .filter(|(key, _)| key.as_str() != "kind" && !hidden.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !shown.is_empty() {
        rows(text, &shown, &required);
    }
}

fn rows(text: &mut String, keys: &Map<String, Value>, required: &[&str]) {
    text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
    for (key, schema) in keys {
        let default = match schema.get("default") {
            Some(value) => literal(value),
            None if required.contains(&key.as_str()) => "*required*".to_owned(),
            None => String::new(),
        };
        let help = help(schema).or_else(|| help_of_target(schema)).unwrap_or_default();
        let _ = writeln!(text, "| `{key}` | {} | {default} | {help} |", kind_of(schema));
    }
}

fn help_of_target(schema: &Value) -> Option<String> {
    help(resolved(&SCHEMA, schema))
}

/// What stands in the value column.
fn kind_of(schema: &Value) -> String {
    if let Some(name) = schema.get(quantity::SCHEMA_KEY).and_then(Value::as_str) {
        return name.to_owned();
    }
    if let Some(name) = referred(schema) {
        return format!("[{name}](#{})", name.replace(' ', "-"));
    }
    if let Some(word) = schema.get("const") {
        return literal(word);
    }
    if let Some(forms) = list(schema, "oneOf").or_else(|| list(schema, "anyOf")) {
        let mut told: Vec<String> = forms.iter().map(kind_of).collect();
        told.dedup();
        return told.join(" or ");
    }
    let range = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => format!(" {low} to {high}"),
        (Some(low), None) if low.as_f64() != Some(0.0) => format!(" from {low}"),
        _ => String::new(),
    };
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("list of {}", schema.get("items").map_or_else(String::new, kind_of)),
        Some("integer") => format!("whole number{range}"),
        Some("number") => format!("number{range}"),
        Some("boolean") => "true or false".to_owned(),
        Some("string") => "text".to_owned(),
        Some("object") => "table".to_owned(),
        _ => String::new(),
    }
}

/// The definition that the schema refers to.
fn referred(schema: &Value) -> Option<String> {
    let only = match list(schema, "allOf") {
        Some([only]) => only,
        _ => schema,
    };
    let path = only.get("$ref")?.as_str()?.strip_prefix("#/definitions/")?;
    Some(path.replace("%20", " "))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        other => plain(other).map_or_else(String::new, |text| format!("`{text}`")),
    }
}

/// The value as it is written in TOML; keys without a value are left out, and a table without keys is nothing.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Object(keys) => {
            let told = |(key, value): (&String, &Value)| plain(value).map(|value| format!("{key} = {value}"));
            let keys: Vec<String> = keys.iter().filter_map(told).collect();
            (!keys.is_empty()).then(|| format!("{{ {} }}", keys.join(", ")))
        }
        other => Some(other.to_string()),
    }
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

fn list<'a>(schema: &'a Value, key: &str) -> Option<&'a [Value]> {
    schema.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

fn help(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(|help| help.replace('\n', " ").replace('|', "\\|"))
}
