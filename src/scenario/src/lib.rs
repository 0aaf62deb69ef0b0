//! What happens, as data: cluster, network, services, workload and faults.
//!
//! A scenario is a TOML file. [`parse`] turns its text into the resolved [`model`], or tells everything that is wrong with it, with place
//! and fix; [`apply_overrides`] changes single values of the text before that. [`schema`] is the JSON Schema of the format
//! and [`reference()`] its description, both made from the [`file`] types.
//!
//! Picture three layers: the text; the `file` types, which mirror it key by key; and the `model`, in which names are ids, units are nanoseconds and
//! bytes, defaults are filled in, and every value is valid. The crate reads no files: what a scenario points at comes through a
//! function that the caller gives, and goes into the [`Document`] for the manifest.

mod defaults;
pub mod file;
pub mod model;
mod overrides;
mod place;
mod problem;
pub mod quantity;
mod reference;
mod resolve;
mod schema;
mod shape;

pub use overrides::apply_overrides;
pub use problem::{Problem, render_all};
pub use reference::reference;
pub use schema::{schema, schema_of};

use toml::Spanned;
use toml::de::DeTable;

/// A scenario that has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What happens.
    pub scenario: model::Scenario,
    /// Path of the stack configuration that the scenario asks for.
    pub stack: Option<String>,
    /// Names and contents of the files that the scenario points at, in the order of reading, each once: with the text they make the run
    /// repeatable.
    pub files: Vec<(String, String)>,
}

/// Reads a scenario. `files` gives the content of a file that the scenario points at, by its path as it stands in the text, or says why
/// it cannot be read.
///
/// # Errors
/// Everything that is wrong, in the order of the text. Mistakes of syntax hide those of shape (keys, types, units), and those hide the
/// ones of meaning (a node that does not exist), since the later need the earlier to be right.
pub fn parse(text: &str, files: &dyn Fn(&str) -> Result<String, String>) -> Result<Document, Vec<Problem>> {
    let root = syntax_tree(text)?;
    let mut report = place::Report::new(text, &root);
    shape::check(&root, &schema::SCHEMA, &mut report);
    if !report.is_empty() {
        return Err(report.finish());
    }
    let scenario: file::Scenario = toml::from_str(text).map_err(|error| vec![syntax(&error, text)])?;
    resolve::resolve(scenario, files, report)
}

/// Checks that `text` is TOML of the shape that `schema`, made by [`schema_of`], tells: keys, types, words and ranges. What a table with keys
/// of the writer's choice holds is not looked at.
///
/// # Errors
/// Everything that is wrong, in the order of the text.
pub fn check_shape(text: &str, schema: &'static serde_json::Value) -> Result<(), Vec<Problem>> {
    let root = syntax_tree(text)?;
    let mut report = place::Report::new(text, &root);
    shape::check(&root, schema, &mut report);
    if report.is_empty() { Ok(()) } else { Err(report.finish()) }
}

fn syntax_tree(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() { Ok(root) } else { Err(errors.iter().map(|error| syntax(error, text)).collect()) }
}

fn syntax(error: &toml::de::Error, text: &str) -> Problem {
    Problem::new("", error.message().trim().replace('\n', ", ")).located(text, error.span())
}

/// Reads a time with its unit, such as `30s`, `0.4ms` or `2.7min`, as it stands in scenarios; stack configurations use the same form.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_time(text: &str) -> Result<hms_machine::Duration, String> {
    quantity::read_time(text)
}
