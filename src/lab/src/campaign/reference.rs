//! The format of campaign files for people, made from the schema that they are checked against.

use std::fmt::Write as _;

use serde_json::Value;

/// The format reference in Markdown: every key with its type, default and meaning.
pub fn reference() -> String {
    let schema = super::schema();
    let mut text = rows(&schema);
    let case = schema.pointer("/definitions/case").expect("the schema defines cases");
    let _ = write!(text, "\nA `[[case]]`:\n\n{}", rows(case));
    text
}

pub(crate) fn rows(schema: &Value) -> String {
    let mut text = "| key | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    let required = schema["required"].as_array();
    for (key, about) in schema["properties"].as_object().expect("files and cases are tables") {
        let empty = |value: &Value| {
            value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
        };
        let default = match about.get("default") {
            Some(value) if empty(value) => "none".to_owned(),
            Some(value) => format!("`{value}`"),
            None if required.is_some_and(|names| names.iter().any(|name| name == key)) => "*required*".to_owned(),
            None => String::new(),
        };
        let help = about["description"].as_str().unwrap_or_default();
        let _ = writeln!(text, "| `{key}` | {} | {default} | {help} |", kind(about));
    }
    text
}

fn kind(about: &Value) -> String {
    let items = |about: &Value| match &about["items"] {
        items if items.get("$ref").is_some() => "tables".to_owned(),
        items if items["type"] == "string" => "texts".to_owned(),
        _ => "values".to_owned(),
    };
    match about["type"].as_str() {
        Some("integer") => match (&about["minimum"], &about["maximum"]) {
            (low, Value::Null) if low == 0 => "whole number".to_owned(),
            (low, Value::Null) => format!("whole number from {low}"),
            (low, high) if low == high => format!("`{low}`"),
            (low, high) => format!("whole number {low} to {high}"),
        },
        Some("number") => "number".to_owned(),
        Some("array") => format!("list of {}", items(about)),
        Some("object") => match &about["additionalProperties"] {
            value if value["type"] == "array" => "table of lists".to_owned(),
            _ => "table".to_owned(),
        },
        _ => "text".to_owned(),
    }
}
