//! A campaign as it stands in its file, and what can be said about it without reading anything else.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use hms_scenario::Problem;
use hms_stack::{Configuration, Tunable, Visitor};
use hms_trial::{DEFINITIONS, Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::expression::{Expression, Mistake};

/// Replicates where the file does not say: enough for an interval of useful width.
const REPLICATES: u32 = 10;

/// What a campaign has in its table where it does not say: did it work, how fast was it noticed and healed, what did that cost.
const OBJECTIVES: [&str; 6] =
    ["availability", "latency_all_p999", "detection_p99", "recovery_p95", "false_positives", "overhead_bytes"];

/// Prefixes of the paths of settings.
pub(super) const SCENARIO: &str = "scenario.";
pub(super) const STACK: &str = "stack.";

type Settings = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// Many trials: settings that vary, and how often each combination is repeated.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "campaign")]
pub(super) struct File {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "the shape check looks at it")]
    version: u32,
    /// Short name, used for the folder of results and titles; by default that of the file.
    pub(super) name: Option<String>,
    /// What the campaign is to find out, in a sentence or two.
    #[serde(default)]
    pub(super) description: String,
    /// Path of the scenario, relative to this file.
    #[schemars(with = "Option<String>")]
    scenario: Option<Spanned<String>>,
    /// Paths of several scenarios, in place of `scenario`: an axis by itself.
    #[schemars(with = "Option<Vec<String>>")]
    scenarios: Option<Spanned<Vec<Spanned<String>>>>,
    /// Path of the stack configuration; by default the one that the scenario names, or all defaults.
    #[schemars(with = "Option<String>")]
    pub(super) stack: Option<Spanned<String>>,
    /// How often each configuration is run, each time with another seed. The seeds are the same for every configuration.
    #[serde(default = "replicates")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) replicates: u32,
    /// Seed from which those of the runs derive.
    #[serde(default = "seed")]
    pub(super) seed: u64,
    /// Settings of every run: paths that begin with `scenario.` or `stack.`, in quotes, and their values.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    set: Settings,
    /// Settings that vary independently: each path with the list of its values.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    axes: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<toml::Value>>>>,
    /// Settings that vary together; every case is combined with every point of the axes.
    #[serde(default)]
    case: Vec<Case>,
    /// Condition that a combination must fulfil to be run: `stack.health.timeout > 2 * stack.health.heartbeat`.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    condition: Option<Spanned<String>>,
    /// Objectives in the final table; it is sorted by the first. All are in the results.
    #[schemars(with = "Option<Vec<String>>")]
    objectives: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Settings that vary together.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "case")]
struct Case {
    /// Name in tables; `case` in conditions.
    #[schemars(with = "String")]
    name: Spanned<String>,
    /// The settings: paths and values; none for a baseline.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    set: Settings,
}

fn replicates() -> u32 {
    REPLICATES
}

fn seed() -> u64 {
    1
}

static SCHEMA: LazyLock<serde_json::Value> = LazyLock::new(hms_scenario::schema_of::<File>);

/// The JSON Schema (draft-07) of campaign files.
pub fn schema() -> serde_json::Value {
    SCHEMA.clone()
}

/// Something in the file, and where.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: Range<usize>,
}

/// A value that a campaign gives to a path.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// Path, prefix included.
    pub(super) path: String,
    pub(super) value: Located<toml::Value>,
}

/// A file that has been read, in the order in which things stand in it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) file: File,
    pub(super) scenarios: Vec<Located<String>>,
    pub(super) set: Vec<Assignment>,
    pub(super) cases: Vec<(String, Vec<Assignment>)>,
    /// Each axis with its values; no axis is empty.
    pub(super) axes: Vec<Vec<Assignment>>,
    pub(super) condition: Option<Located<Expression>>,
    /// Bytes of the condition's value in the file, and of what stands between its quotes if that is the condition, letter by letter.
    pub(super) condition_at: Option<(Range<usize>, Option<usize>)>,
    pub(super) objectives: Vec<&'static Definition>,
}

/// Reads the text of a campaign file.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Problem>> {
    hms_scenario::check_shape(text, &SCHEMA)?;
    check_axes(text)?;
    let file: File = toml::from_str(text)
        .map_err(|error| vec![Problem::new("", error.message().trim().to_owned()).located(text, error.span())])?;
    let mut reader = Reader { text, problems: Vec::new() };
    let parsed = reader.read(file);
    if reader.problems.is_empty() {
        Ok(parsed)
    } else {
        reader.problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        Err(reader.problems)
    }
}

/// The values of axes are lists. (Keys of the writer's choice are no part of the schema's walk.)
fn check_axes(text: &str) -> Result<(), Vec<Problem>> {
    let root = DeTable::parse(text).expect("the shape has been checked");
    let axes = root.get_ref().get("axes").and_then(|axes| axes.get_ref().as_table()).into_iter().flatten();
    let problems: Vec<Problem> = axes
        .filter(|(_, value)| !matches!(value.get_ref(), DeValue::Array(_)))
        .map(|(key, value)| {
            let name = key.get_ref();
            let problem = Problem::new(format!("axes.{name}"), "an axis is a list of values").located(text, Some(value.span()));
            match value.get_ref() {
                DeValue::Table(_) => problem.help("put the whole path in quotes: \"stack.health.timeout\" = [\"300ms\", \"1s\"]"),
                _ => problem.help("put it in brackets, or move it to [set] if it does not vary"),
            }
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn report(&mut self, at: Range<usize>, problem: Problem) {
        self.problems.push(problem.located(self.text, Some(at)));
    }

    fn read(&mut self, file: File) -> Parsed {
        let scenarios = self.scenarios(&file);
        let set = self.settings(&file.set, "set");
        let cases = self.cases(&file);
        let axes = self.axes(&file);
        self.overlaps(&file);
        let condition_at = file.condition.as_ref().map(|condition| self.inside(condition));
        let condition = file.condition.as_ref().and_then(|condition| match Expression::parse(condition.get_ref()) {
            Ok(value) => Some(Located { value, at: condition.span() }),
            Err(mistake) => {
                let at = condition_at.clone().expect("there is a condition");
                self.problems.push(mistaken(self.text, &at, mistake));
                None
            }
        });
        let objectives = self.objectives(&file);
        Parsed { file, scenarios, set, cases, axes, condition, condition_at, objectives }
    }

    fn scenarios(&mut self, file: &File) -> Vec<Located<String>> {
        let named: Vec<&Spanned<String>> = match (&file.scenario, &file.scenarios) {
            (Some(one), None) => vec![one],
            (None, Some(several)) => several.get_ref().iter().collect(),
            (Some(one), Some(_)) => {
                self.report(
                    one.span(),
                    Problem::new("scenario", "both `scenario` and `scenarios` are given").help("keep one of them"),
                );
                return Vec::new();
            }
            (None, None) => {
                let help = "add `scenario = \"../scenarios/quickstart.toml\"`; paths are relative to this file";
                self.report(0..0, Problem::new("scenario", "no scenario is named").help(help));
                return Vec::new();
            }
        };
        if let (true, Some(several)) = (named.is_empty(), &file.scenarios) {
            self.report(
                several.span(),
                Problem::new("scenarios", "the list of scenarios is empty").help("name one or more files"),
            );
        }
        let located: Vec<_> = named.iter().map(|name| Located { value: name.get_ref().clone(), at: name.span() }).collect();
        for (position, scenario) in located.iter().enumerate() {
            let label = label(&scenario.value);
            if located[..position].iter().any(|earlier| self::label(&earlier.value) == label) {
                let message = format!("two scenarios are called `{label}`");
                let help = "seeds and tables go by the name of the file: give them different ones";
                self.report(scenario.at.clone(), Problem::new("scenarios", message).help(help));
            }
        }
        located
    }

    /// The settings of a table, in the order of the file.
    fn settings(&mut self, settings: &Settings, place: &str) -> Vec<Assignment> {
        let mut assignments: Vec<_> = Vec::new();
        for (path, value) in settings {
            self.path(path, place);
            self.value(value, &format!("{place}.{}", path.get_ref()));
            let located = Located { value: value.get_ref().clone(), at: value.span() };
            assignments.push((path.span().start, Assignment { path: path.get_ref().clone(), value: located }));
        }
        assignments.sort_by_key(|(start, _)| *start);
        assignments.into_iter().map(|(_, assignment)| assignment).collect()
    }

    fn cases(&mut self, file: &File) -> Vec<(String, Vec<Assignment>)> {
        let mut cases: Vec<(String, Vec<Assignment>)> = Vec::new();
        for (position, case) in file.case.iter().enumerate() {
            let name = case.name.get_ref();
            let place = format!("case[{position}]");
            if name.is_empty() {
                self.report(case.name.span(), Problem::new(format!("{place}.name"), "a case needs a name"));
            }
            if cases.iter().any(|(earlier, _)| earlier == name) {
                let problem = Problem::new(format!("{place}.name"), format!("two cases are called `{name}`"));
                self.report(case.name.span(), problem.help("give them different names"));
            }
            let assignments = self.settings(&case.set, &format!("{place}.set"));
            cases.push((name.clone(), assignments));
        }
        cases
    }

    fn axes(&mut self, file: &File) -> Vec<Vec<Assignment>> {
        let mut axes = Vec::new();
        for (path, values) in &file.axes {
            let place = format!("axes.{}", path.get_ref());
            self.path(path, "axes");
            if values.get_ref().is_empty() {
                self.report(
                    values.span(),
                    Problem::new(&place, "an axis without values leaves nothing to run").help("add a value, or remove the axis"),
                );
            }
            for (position, value) in values.get_ref().iter().enumerate() {
                let place = format!("{place}[{position}]");
                self.value(value, &place);
                if values.get_ref()[..position].iter().any(|earlier| earlier.get_ref() == value.get_ref()) {
                    let problem = Problem::new(&place, format!("{} stands twice in this axis", value.get_ref()));
                    self.report(value.span(), problem.help("remove it; to repeat runs, raise `replicates`"));
                }
            }
            let assign = |value: &Spanned<toml::Value>| Assignment {
                path: path.get_ref().clone(),
                value: Located { value: value.get_ref().clone(), at: value.span() },
            };
            axes.push((path.span().start, values.get_ref().iter().map(assign).collect()));
        }
        axes.sort_by_key(|(start, _): &(usize, Vec<Assignment>)| *start);
        axes.into_iter().map(|(_, axis)| axis).collect()
    }

    /// A path that varies is fixed nowhere else.
    fn overlaps(&mut self, file: &File) {
        for path in file.axes.keys() {
            let name = path.get_ref();
            let fixed = file.set.keys().any(|other| other.get_ref() == name);
            let case = file.case.iter().find(|case| case.set.keys().any(|other| other.get_ref() == name));
            let place = match (fixed, case) {
                (true, _) => "[set]".to_owned(),
                (false, Some(case)) => format!("case `{}`", case.name.get_ref()),
                (false, None) => continue,
            };
            let problem = Problem::new(format!("axes.{name}"), format!("`{name}` is an axis and stands in {place} as well"));
            self.report(path.span(), problem.help("remove it from one of them"));
        }
    }

    /// A path begins with what it belongs to; those of the stack are known here, those of scenarios when they are applied.
    fn path(&mut self, path: &Spanned<String>, place: &str) {
        let name = path.get_ref();
        let problem = Problem::new(format!("{place}.{name}"), format!("`{name}` is no path of a setting"));
        let problem = if let Some(rest) = name.strip_prefix(STACK) {
            let known = tunables();
            if known.contains(&rest) {
                return;
            }
            let full: Vec<String> = known.iter().map(|known| format!("{STACK}{known}")).collect();
            Problem { message: format!("the stack has no parameter `{rest}`"), ..problem }
                .nearest(name, full.iter().map(String::as_str))
        } else if name.strip_prefix(SCENARIO).is_some_and(|rest| !rest.is_empty()) {
            return;
        } else if tunables().contains(&name.as_str()) {
            problem.help(format!("write \"{STACK}{name}\""))
        } else if name == "stack" || name == "scenario" {
            problem.help("put the whole path in quotes: \"stack.health.timeout\" = …")
        } else {
            problem.expected("a path such as \"scenario.run.duration\" or \"stack.health.timeout\"")
        };
        self.report(path.span(), problem);
    }

    fn value(&mut self, value: &Spanned<toml::Value>, place: &str) {
        if let toml::Value::Datetime(_) = value.get_ref() {
            self.report(value.span(), Problem::new(place, "no setting is a date").help("put the value in quotes"));
        }
    }

    fn objectives(&mut self, file: &File) -> Vec<&'static Definition> {
        let find = |name: &str| DEFINITIONS.iter().find(|definition| definition.name == name);
        let Some(named) = &file.objectives else {
            return OBJECTIVES.iter().map(|name| find(name).expect("the default objectives exist")).collect();
        };
        if named.get_ref().is_empty() {
            self.report(
                named.span(),
                Problem::new("objectives", "no objective is named").help("name one or more, or remove the key"),
            );
        }
        let mut found: Vec<&'static Definition> = Vec::new();
        for (position, name) in named.get_ref().iter().enumerate() {
            let place = format!("objectives[{position}]");
            match find(name.get_ref()) {
                Some(definition) if found.contains(&definition) => {
                    self.report(
                        name.span(),
                        Problem::new(place, format!("`{}` stands twice", name.get_ref())).help("remove one"),
                    );
                }
                Some(definition) => found.push(definition),
                None => {
                    let known = || DEFINITIONS.iter().map(|definition| definition.name);
                    let problem = Problem::new(place, format!("there is no objective `{}`", name.get_ref()))
                        .expected(format!("some of {}", known().collect::<Vec<_>>().join(", ")))
                        .nearest(name.get_ref(), known());
                    self.report(name.span(), problem);
                }
            }
        }
        found
    }

    /// Where the value stands, and where between its quotes the text begins if it stands there letter by letter (no escapes).
    fn inside(&self, value: &Spanned<String>) -> (Range<usize>, Option<usize>) {
        let span = value.span();
        let offset = self.text.get(span.clone()).and_then(|raw| raw.find(value.get_ref().as_str()));
        (span.clone(), offset.map(|offset| span.start + offset))
    }
}

/// A mistake in a condition, at its place in the file.
pub(super) fn mistaken(text: &str, (whole, inside): &(Range<usize>, Option<usize>), mistake: Mistake) -> Problem {
    let at = match inside {
        Some(start) => start + mistake.at.start..start + mistake.at.end,
        None => whole.clone(),
    };
    let problem = Problem::new("where", mistake.message).located(text, Some(at));
    match mistake.help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// The name under which a scenario's file goes in seeds and tables.
pub(super) fn label(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name).to_owned()
}

/// The names of the stack's parameters.
fn tunables() -> Vec<&'static str> {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit(&mut self, tunable: &Tunable, _: &mut hms_stack::Value) {
            self.0.push(tunable.name);
        }
    }
    let mut names = Names(Vec::new());
    Configuration::default().walk(&mut names);
    names.0
}
