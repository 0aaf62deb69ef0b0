//! `hms schema`: what files and tables look like, made from the types that read and write them.

use clap::ValueEnum;
use hms_lab::stack::{Configuration, Scale, Tunable, Value as Setting, Visitor};
use hms_lab::trial::render_stack;
use hms_lab::{campaign, evolution, results, scenario};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  hms schema > scenario.schema.json            JSON Schema (draft-07) of scenarios, for editors
  hms schema scenario --markdown               the same as a reference to read
  hms schema campaign > campaign.schema.json   the same two for campaigns
  hms schema evolution --markdown              the format of campaigns of evolution
  hms schema stack --toml > stack.toml         every parameter of the stack with range, default and effect
  hms schema results --markdown                columns of the tables of results";

/// Prints the schema of a kind of file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Which schema.
    #[arg(value_enum, default_value_t = Subject::Scenario)]
    subject: Subject,
    /// As a reference in Markdown.
    #[arg(long, conflicts_with = "toml")]
    markdown: bool,
    /// The default stack configuration as a file to edit.
    #[arg(long)]
    toml: bool,
}

/// What there are schemas of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Scenario files.
    Scenario,
    /// Stack configurations.
    Stack,
    /// Campaign files.
    Campaign,
    /// Campaigns of evolution.
    Evolution,
    /// Tables of results.
    Results,
}

/// Prints the schema.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match (arguments.subject, arguments.markdown, arguments.toml) {
        (Subject::Scenario, false, false) => output::print_json(&scenario::schema()),
        (Subject::Scenario, true, _) => output::print(&scenario::reference()),
        (Subject::Stack, false, false) => output::print_json(&stack_schema()),
        (Subject::Stack, _, true) => output::print(&render_stack(&Configuration::default())),
        (Subject::Stack, true, false) => output::print(&stack_reference()),
        (Subject::Campaign, false, false) => output::print_json(&campaign::schema()),
        (Subject::Campaign, true, _) => output::print(&campaign::reference()),
        (Subject::Evolution, false, false) => output::print_json(&evolution::schema()),
        (Subject::Evolution, true, _) => output::print(&evolution::reference()),
        (Subject::Results, _, false) => output::print(&results::reference()),
        (Subject::Scenario | Subject::Campaign | Subject::Evolution | Subject::Results, _, true) => Err(Failure::Invalid(
            "--toml is for the stack: hms schema stack --toml. Scenarios to start from are in experiments/scenarios".to_owned(),
        )),
    }
}

/// Every parameter, in the order of the walk.
pub(crate) fn tunables() -> Vec<Tunable> {
    struct Collect(Vec<Tunable>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, _value: &mut Setting) {
            self.0.push(*tunable);
        }
    }
    let mut collect = Collect(Vec::new());
    Configuration::default().walk(&mut collect);
    collect.0
}

/// JSON Schema of stack configurations. Times are text with a unit, so their range stands in words.
fn stack_schema() -> Value {
    let mut components: Map<String, Value> = Map::new();
    for tunable in tunables() {
        let (component, parameter) = tunable.name.rsplit_once('.').expect("a tunable is named component.parameter");
        let range = format!("{} to {}", tunable.low, tunable.high);
        let mut property = match tunable.default {
            Setting::Switch(on) => json!({ "type": "boolean", "default": on }),
            Setting::Choice(name) => json!({ "type": "string", "enum": tunable.choices, "default": name }),
            Setting::Integer(count) => json!({ "type": "integer", "default": count }),
            Setting::Real(number) => json!({ "type": "number", "default": number }),
            Setting::Duration(time) => {
                json!({ "type": "string", "x-quantity": "duration", "x-range": range, "default": time.to_string() })
            }
        };
        property["description"] = tunable.help.into();
        match (tunable.low, tunable.high) {
            (Setting::Integer(low), Setting::Integer(high)) => {
                (property["minimum"], property["maximum"]) = (low.into(), high.into())
            }
            (Setting::Real(low), Setting::Real(high)) => (property["minimum"], property["maximum"]) = (low.into(), high.into()),
            _ => {}
        }
        if tunable.scale == Scale::Logarithmic {
            property["x-scale"] = "logarithmic".into();
        }
        let table = components
            .entry(component)
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        table["properties"][parameter] = property;
    }
    components.insert("version".to_owned(), json!({ "type": "integer", "const": 1 }));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "stack configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": components,
    })
}

fn stack_reference() -> String {
    let rows = tunables().iter().map(row).collect::<String>();
    format!("| parameter | default | range | what it does |\n|---|---|---|---|\n{rows}")
}

fn row(tunable: &Tunable) -> String {
    format!("| `{}` | {} | {} to {} | {} |\n", tunable.name, tunable.default, tunable.low, tunable.high, tunable.help)
}
