//! A file of parameters as TOML that people read: one line per key, nested tables in line.

use toml::{Table, Value};

/// Keys that come first, in this order; all others follow by name.
const FIRST: [&str; 16] = [
    "version",
    "name",
    "description",
    "citation",
    "licence",
    "default",
    "source",
    "kind",
    "nodes",
    "quantity",
    "value",
    "to",
    "unit",
    "between_starts",
    "up_time",
    "repair",
];

/// Writes `table`: its own values, then each of its arrays of tables as `[[key]]` sections.
pub(super) fn write(table: &Table) -> String {
    let mut text = String::new();
    let mut sections = String::new();
    for (key, value) in in_order(table) {
        match value {
            Value::Array(entries) if entries.iter().all(Value::is_table) => {
                for entry in entries.iter().filter_map(Value::as_table) {
                    sections.push_str(&format!("\n[[{key}]]\n"));
                    lines(entry, &mut sections);
                }
            }
            value => text.push_str(&format!("{key} = {value}\n")),
        }
    }
    text + &sections
}

fn lines(table: &Table, text: &mut String) {
    for (key, value) in in_order(table) {
        match value {
            Value::Array(entries) if entries.iter().all(Value::is_table) => {
                text.push_str(&format!("{key} = [\n"));
                for entry in entries {
                    text.push_str(&format!("    {entry},\n"));
                }
                text.push_str("]\n");
            }
            value => text.push_str(&format!("{key} = {value}\n")),
        }
    }
}

fn in_order(table: &Table) -> Vec<(&String, &Value)> {
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut entries: Vec<(&String, &Value)> = table.iter().collect();
    entries.sort_by_key(|(key, _)| (place(key), *key));
    entries
}
