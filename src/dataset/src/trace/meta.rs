//! What a trace was observed on, as JSON beside its rows.

use std::collections::BTreeMap;

use hms_machine::Duration;
use serde::{Deserialize, Serialize};

use super::SCHEMA_VERSION;
use crate::DatasetError;

/// Where a trace comes from and what it covers.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceMeta {
    /// Version of the schema of the rows, see [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Name of the trace; the first part of the domains of its rows where they have one.
    pub name: String,
    /// Calendar time of the start as the source tells it (`1995-05-19 21:55:00`), `None` where it tells none.
    pub start: Option<String>,
    /// Step in which the source tells times; starts that are equal may differ by less than this.
    pub time_resolution: Duration,
    /// Nodes watched, faulty or not, by the second part of the domain; empty where the source does not tell.
    pub population_by_system: BTreeMap<String, u32>,
    /// Rows of the source that name no node and were left out.
    pub dropped_rows_without_node: u64,
    /// How rows of the source became rows of the trace, in a sentence; for a synthetic trace the command that made it.
    pub rule: String,
}

impl Default for TraceMeta {
    fn default() -> Self {
        TraceMeta {
            schema: SCHEMA_VERSION,
            name: String::new(),
            start: None,
            time_resolution: Duration::from_nanos(1),
            population_by_system: BTreeMap::new(),
            dropped_rows_without_node: 0,
            rule: String::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetaFile {
    #[serde(default = "first_schema")]
    schema: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    t0: Option<String>,
    time_resolution_s: f64,
    #[serde(default)]
    population_by_system: BTreeMap<String, u32>,
    #[serde(default)]
    dropped_rows_without_node: u64,
    #[serde(default)]
    rule: String,
}

fn first_schema() -> u32 {
    1
}

impl TraceMeta {
    /// Reads the JSON that stands beside a trace.
    ///
    /// # Errors
    /// [`DatasetError::Metadata`] for text that is not JSON, for unknown keys, and for a schema newer than this program.
    pub fn from_json(text: &str) -> Result<Self, DatasetError> {
        let file: MetaFile = serde_json::from_str(text).map_err(|error| DatasetError::Metadata { message: error.to_string() })?;
        let MetaFile { schema, name, t0, time_resolution_s, population_by_system, dropped_rows_without_node, rule } = file;
        if schema == 0 || schema > SCHEMA_VERSION {
            let message = format!("schema {schema} is not one that this program reads; it knows 1 to {SCHEMA_VERSION}");
            return Err(DatasetError::Metadata { message });
        }
        Ok(TraceMeta {
            schema,
            name,
            start: t0,
            time_resolution: Duration::from_secs_f64(time_resolution_s),
            population_by_system,
            dropped_rows_without_node,
            rule,
        })
    }

    /// Writes the JSON that stands beside a trace.
    pub fn to_json(&self) -> String {
        let TraceMeta { schema, name, start, time_resolution, population_by_system, dropped_rows_without_node, rule } =
            self.clone();
        let file = MetaFile {
            schema,
            name,
            t0: start,
            time_resolution_s: time_resolution.as_secs_f64(),
            population_by_system,
            dropped_rows_without_node,
            rule,
        };
        let mut text = serde_json::to_string_pretty(&file).expect("a struct of numbers and strings is JSON");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_it_was_written() {
        let meta = TraceMeta {
            name: "lanl".to_owned(),
            start: Some("1995-05-19 21:55:00".to_owned()),
            time_resolution: Duration::from_secs(60),
            population_by_system: BTreeMap::from([("sys02".to_owned(), 49)]),
            dropped_rows_without_node: 126,
            rule: "as told".to_owned(),
            ..TraceMeta::default()
        };
        assert_eq!(TraceMeta::from_json(&meta.to_json()), Ok(meta));
    }

    #[test]
    fn a_newer_schema_and_an_unknown_key_are_refused() {
        let newer = TraceMeta::from_json(r#"{"schema": 99, "time_resolution_s": 1}"#).unwrap_err();
        assert!(newer.to_string().contains("schema 99"), "{newer}");
        let unknown = TraceMeta::from_json(r#"{"time_resolution_s": 1, "populatoin": 3}"#).unwrap_err();
        assert!(unknown.to_string().contains("populatoin"), "{unknown}");
    }
}
