//! From a campaign's file to its runs: every combination that the condition lets through, with all that it is run with.
//!
//! Order is part of the contract, since tables and seeds follow it: scenarios, in them cases, in them axes in the order of the file with the
//! last one varying fastest, and replicates innermost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hms_machine::Seed;
use hms_scenario::Problem;
use hms_stack::{Tunable, Visitor};
use hms_trial::Detail;

use super::expression::Value;
use super::file::{self, Assignment, Parsed, SCENARIO, STACK};
use super::{CampaignError, Configuration, Setting};
use crate::inputs::{InputError, Inputs, side_file};

/// Most combinations before the condition; more is a slip of an axis.
const COMBINATIONS_MAX: usize = 1_000_000;
/// Most runs.
const RUNS_MAX: usize = 10_000_000;
/// Mistakes that are told; one wrong value may be part of thousands of combinations.
const PROBLEMS_MAX: usize = 20;

/// Expands a campaign whose file has been read.
pub(super) fn expand(path: &Path, text: &str, parsed: &Parsed) -> Result<Vec<Configuration>, CampaignError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let wrong = |problems| CampaignError::Wrong { file: path.display().to_string(), text: text.to_owned(), problems };
    let sides = [parsed.scenarios.len(), parsed.cases.len().max(1)];
    let combinations = sides.into_iter().chain(parsed.axes.iter().map(Vec::len)).try_fold(1_usize, usize::checked_mul);
    let combinations = combinations.filter(|count| *count <= COMBINATIONS_MAX).ok_or_else(|| {
        let message = format!("more than {COMBINATIONS_MAX} combinations");
        wrong(vec![
            Problem::new("axes", message).help("remove values or axes; `where` is applied after all combinations are made"),
        ])
    })?;
    let mut planner =
        Planner { text, parsed, stack: None, worlds: BTreeMap::new(), stacks: BTreeMap::new(), problems: Vec::new() };
    if let Some(stack) = &parsed.file.stack {
        planner.stack = Some(folder.join(stack.get_ref()));
    }
    let mut configurations = Vec::new();
    for combination in 0..combinations {
        let chosen = planner.choose(combination);
        if let Some(configuration) = planner.configure(folder, chosen, configurations.len())? {
            configurations.push(configuration);
        }
        if planner.problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    if planner.problems.is_empty() {
        planner.check(&configurations);
    }
    if planner.problems.is_empty() { Ok(configurations) } else { Err(wrong(planner.problems)) }
}

/// The seed of a replicate: that of the campaign, the scenario and the number of the replicate decide it, and nothing of the
/// configuration, so that all configurations meet the same worlds.
pub(super) fn seed(campaign: Seed, scenario: &str, replicate: u32) -> Seed {
    campaign.derive(&format!("scenario/{scenario}"), 0).derive("replicate", u64::from(replicate))
}

/// Paths and their TOML text.
type Overrides = Vec<(String, String)>;

/// One point of the product.
struct Chosen<'a> {
    scenario: usize,
    case: Option<&'a str>,
    /// Later ones win: `[set]`, then the case, then the axes.
    assignments: Vec<&'a Assignment>,
}

impl Chosen<'_> {
    /// Path and TOML text of those whose path has the prefix, without it.
    fn overrides(&self, prefix: &str) -> Overrides {
        let of = |assignment: &&Assignment| {
            Some((assignment.path.strip_prefix(prefix)?.to_owned(), assignment.value.value.to_string()))
        };
        self.assignments.iter().filter_map(of).collect()
    }

    /// The same without one assignment.
    fn without(&self, other: &Assignment) -> Chosen<'_> {
        let assignments = self.assignments.iter().copied().filter(|assignment| assignment.path != other.path).collect();
        Chosen { assignments, ..*self }
    }

    /// The assignment that sets the value at `path`, or a part of it, or what it is a part of.
    fn responsible(&self, path: &str) -> Option<&Assignment> {
        let within = |part: &str, whole: &str| {
            part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let near = |assignment: &&&Assignment| within(&assignment.path, path) || within(path, &assignment.path);
        self.assignments.iter().rev().find(near).copied()
    }

    /// Those whose path has the prefix, for reading.
    fn told(&self, prefix: &str) -> String {
        let told = |assignment: &&Assignment| format!("{} = {}", assignment.path, assignment.value.value);
        let ours = self.assignments.iter().filter(|assignment| assignment.path.starts_with(prefix));
        ours.map(told).collect::<Vec<_>>().join(", ")
    }
}

/// A file that settings of the campaign change.
struct Changed<'a> {
    file: &'a str,
    /// Its text before.
    base: &'a str,
    /// Prefix of the settings that change it.
    prefix: &'static str,
    /// What is wrong with a text of it.
    check: &'a dyn Fn(&str) -> Vec<Problem>,
}

/// A scenario with overrides applied, read once for all configurations that share it.
struct World {
    table: toml::Table,
    stack: Option<PathBuf>,
    /// With the default stack. `None`: it has been found to be wrong.
    inputs: Option<Inputs>,
}

struct Planner<'a> {
    text: &'a str,
    parsed: &'a Parsed,
    stack: Option<PathBuf>,
    /// By place of the scenario and its overrides.
    worlds: BTreeMap<(usize, Overrides), Arc<World>>,
    stacks: BTreeMap<PathBuf, Arc<str>>,
    problems: Vec<Problem>,
}

impl<'a> Planner<'a> {
    /// The combination of that number.
    fn choose(&self, combination: usize) -> Chosen<'a> {
        let mut rest = combination;
        let mut digits: Vec<usize> = Vec::new();
        for axis in self.parsed.axes.iter().rev() {
            digits.push(rest % axis.len());
            rest /= axis.len();
        }
        let cases = self.parsed.cases.len().max(1);
        let case = self.parsed.cases.get(rest % cases);
        let mut assignments: Vec<&Assignment> = self.parsed.set.iter().collect();
        for assignment in case.iter().flat_map(|(_, assignments)| assignments) {
            assignments.retain(|earlier| earlier.path != assignment.path);
            assignments.push(assignment);
        }
        assignments.extend(self.parsed.axes.iter().zip(digits.iter().rev()).map(|(axis, digit)| &axis[*digit]));
        Chosen { scenario: rest / cases, case: case.map(|(name, _)| name.as_str()), assignments }
    }

    /// The configuration of a combination; `None` if the condition excludes it or something is wrong, which is then among the problems.
    fn configure(&mut self, folder: &Path, chosen: Chosen<'_>, index: usize) -> Result<Option<Configuration>, CampaignError> {
        let path = folder.join(&self.parsed.scenarios[chosen.scenario].value);
        let Some(world) = self.world(&path, &chosen)? else { return Ok(None) };
        let (file, base) = self.stack_base(&world)?;
        let check = |text: &str| hms_trial::parse_stack(text).err().unwrap_or_default();
        let changed = Changed { file: &file, base: &base, prefix: STACK, check: &check };
        let text = match apply(&base, &chosen.overrides(STACK)) {
            Ok(text) => text,
            Err(problems) => {
                self.blame(&chosen, &changed, problems)?;
                return Ok(None);
            }
        };
        if !self.admitted(&chosen, &world, &text) {
            return Ok(None);
        }
        let Some(inputs) = &world.inputs else { return Ok(None) };
        let stack = match hms_trial::parse_stack(&text) {
            Ok(stack) => stack,
            Err(problems) => {
                self.blame(&chosen, &changed, problems)?;
                return Ok(None);
            }
        };
        Ok(Some(Configuration {
            index,
            scenario: file::label(&self.parsed.scenarios[chosen.scenario].value),
            scenario_path: path,
            stack_path: world.stack.clone(),
            case: chosen.case.map(str::to_owned),
            settings: chosen
                .assignments
                .iter()
                .map(|assignment| Setting { path: assignment.path.clone(), value: assignment.value.value.clone() })
                .collect(),
            inputs: inputs.with_stack(stack),
        }))
    }

    fn world(&mut self, path: &Path, chosen: &Chosen<'_>) -> Result<Option<Arc<World>>, CampaignError> {
        let overrides = chosen.overrides(SCENARIO);
        let key = (chosen.scenario, overrides);
        if let Some(known) = self.worlds.get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let base = read(path)?;
        let file = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = |name: &str| side_file(folder, name);
        let check = |text: &str| hms_scenario::parse(text, &files).err().unwrap_or_default();
        let changed = Changed { file: &file, base: &base, prefix: SCENARIO, check: &check };
        let text = match apply(&base, &key.1) {
            Ok(text) => text,
            Err(problems) => {
                self.blame(chosen, &changed, problems)?;
                return Ok(None);
            }
        };
        let (stack, inputs) = match hms_scenario::parse(&text, &files) {
            Ok(document) => {
                let stack = self.stack.clone().or_else(|| document.stack.as_ref().map(|name| folder.join(name)));
                let default = hms_stack::Configuration::default();
                (stack, Some(Inputs::new(document, text.clone(), default, Seed(0), Detail::Changes)))
            }
            Err(problems) => {
                // A file that is wrong by itself is told as such.
                let own = check(&base);
                if !own.is_empty() && (key.1.is_empty() || same(&own, &problems)) {
                    return Err(InputError::Wrong { file, text: base, problems: own }.into());
                }
                self.blame(chosen, &changed, problems)?;
                (self.stack.clone(), None)
            }
        };
        let world = Arc::new(World { table: toml::from_str(&text).unwrap_or_default(), stack, inputs });
        self.worlds.insert(key, Arc::clone(&world));
        Ok(Some(world))
    }

    /// The stack configuration's name and its text without overrides.
    fn stack_base(&mut self, world: &World) -> Result<(String, Arc<str>), CampaignError> {
        let Some(path) = &world.stack else { return Ok(("the default stack configuration".to_owned(), "".into())) };
        let text = match self.stacks.get(path) {
            Some(text) => Arc::clone(text),
            None => self.read_stack(path)?,
        };
        Ok((path.display().to_string(), text))
    }

    /// Reads a stack configuration and checks it as it stands.
    fn read_stack(&mut self, path: &Path) -> Result<Arc<str>, CampaignError> {
        let text: Arc<str> = read(path)?.into();
        if let Err(problems) = hms_trial::parse_stack(&text) {
            let file = path.display().to_string();
            return Err(InputError::Wrong { file, text: text.to_string(), problems }.into());
        }
        self.stacks.insert(path.to_owned(), Arc::clone(&text));
        Ok(text)
    }

    /// Whether the condition lets the combination through.
    fn admitted(&mut self, chosen: &Chosen<'_>, world: &World, stack_text: &str) -> bool {
        let Some(condition) = &self.parsed.condition else { return true };
        let stack: toml::Table = toml::from_str(stack_text).unwrap_or_default();
        let label = file::label(&self.parsed.scenarios[chosen.scenario].value);
        let lookup = |name: &str| value_of(name, &label, chosen, &world.table, &stack);
        match condition.value.holds(&lookup) {
            Ok(holds) => holds,
            Err(mistake) => {
                let place = self.parsed.condition_at.as_ref().expect("there is a condition");
                self.report(file::mistaken(self.text, place, mistake));
                false
            }
        }
    }

    /// Says which setting of the campaign makes a file wrong: the one at the place of the mistake, or one without which it is gone.
    fn blame(&mut self, chosen: &Chosen<'_>, changed: &Changed<'_>, problems: Vec<Problem>) -> Result<(), CampaignError> {
        let Changed { file, base, prefix, check } = *changed;
        for problem in problems {
            let path = format!("{prefix}{}", problem.path);
            let ours = || chosen.assignments.iter().copied().filter(|assignment| assignment.path.starts_with(prefix));
            let gone_without = |assignment: &&Assignment| {
                let text = apply(base, &chosen.without(assignment).overrides(prefix));
                let left = text.map_or_else(|problems| problems, |text| check(&text));
                !left.iter().any(|other| other.message == problem.message && other.path == problem.path)
            };
            let Some(assignment) = chosen.responsible(&path).or_else(|| ours().find(gone_without)) else {
                if ours().next().is_none() {
                    return Err(
                        InputError::Wrong { file: file.to_owned(), text: base.to_owned(), problems: vec![problem] }.into()
                    );
                }
                let message = format!("{file}, with {}: {}", chosen.told(prefix), problem.message);
                self.report(Problem { span: None, line: 1, column: 1, message, path, ..problem });
                continue;
            };
            let together = ours().count() > 1;
            let exclude = || format!("if the combination is not meant ({}), exclude it with `where`", chosen.told(prefix));
            let nearest = problem.nearest.map(|nearest| match path.rsplit_once('.') {
                Some((parent, _)) => format!("{parent}.{nearest}"),
                None => nearest,
            });
            let message =
                if path.starts_with(&assignment.path) { problem.message } else { format!("{path}: {}", problem.message) };
            let meant = nearest.is_none() && problem.expected.is_none();
            let help = problem.help.or_else(|| (together && meant).then(exclude));
            let at = Some(assignment.value.at.clone());
            self.report(Problem { path: assignment.path.clone(), message, help, nearest, ..problem }.located(self.text, at));
        }
        Ok(())
    }

    /// Adds a problem, unless another combination has shown it.
    fn report(&mut self, problem: Problem) {
        let known = |other: &Problem| other.span == problem.span && other.message == problem.message;
        if !self.problems.iter().any(known) {
            self.problems.push(problem);
        }
    }

    /// What can only be said when all configurations are there.
    fn check(&mut self, configurations: &[Configuration]) {
        if configurations.is_empty() {
            let problem = Problem::new("where", "the condition lets no combination through").help("loosen it, or widen an axis");
            let at = self.parsed.condition.as_ref().map(|condition| condition.at.clone());
            self.report(problem.located(self.text, at));
        }
        if configurations.len().saturating_mul(self.parsed.file.replicates as usize) > RUNS_MAX {
            self.report(
                Problem::new("replicates", format!("more than {RUNS_MAX} runs")).help("lower `replicates`, or narrow the axes"),
            );
        }
        let mut known: BTreeMap<&str, &Configuration> = BTreeMap::new();
        for configuration in configurations {
            if let Some(earlier) = known.insert(configuration.inputs.run_id(), configuration) {
                let message = format!("two configurations are the same: {} and {}", earlier.name(), configuration.name());
                self.report(
                    Problem::new("", message)
                        .help("a value that is the default and one that is written out mean the same: remove one"),
                );
                return;
            }
        }
    }
}

fn read(path: &Path) -> Result<String, CampaignError> {
    fs::read_to_string(path).map_err(|source| CampaignError::Read { path: path.to_owned(), source })
}

fn apply(text: &str, overrides: &[(String, String)]) -> Result<String, Vec<Problem>> {
    if overrides.is_empty() { Ok(text.to_owned()) } else { hms_scenario::apply_overrides(text, overrides) }
}

fn same(one: &[Problem], other: &[Problem]) -> bool {
    let messages = |problems: &[Problem]| problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>();
    messages(one) == messages(other)
}

/// What a name in the condition stands for: what the campaign sets, else what the files say, else the stack's default.
fn value_of(
    name: &str,
    label: &str,
    chosen: &Chosen<'_>,
    scenario: &toml::Table,
    stack: &toml::Table,
) -> Result<Value, (String, Option<String>)> {
    let plain = |value: &toml::Value| {
        Value::from_toml(value)
            .ok_or_else(|| (format!("`{name}` is a list or a table"), Some("name one of its values".to_owned())))
    };
    let unknown = |help: &str| Err((format!("`{name}` has no value"), Some(help.to_owned())));
    if let Some(assignment) = chosen.assignments.iter().rev().find(|assignment| assignment.path == name) {
        return plain(&assignment.value.value);
    }
    if let Some(path) = name.strip_prefix(STACK) {
        return match (at(stack, path), default_of(path)) {
            (Some(value), _) => plain(value),
            (None, Some(default)) => Ok(default),
            (None, None) => unknown("the stack has no such parameter: `hms schema stack --toml` lists them"),
        };
    }
    if let Some(path) = name.strip_prefix(SCENARIO) {
        return match at(scenario, path) {
            Some(value) => plain(value),
            None => unknown("neither the campaign nor the scenario's file sets it: put it into [set]"),
        };
    }
    match (name, chosen.case) {
        ("scenario", _) => Ok(Value::Text(label.to_owned())),
        ("case", Some(case)) => Ok(Value::Text(case.to_owned())),
        ("case", None) => unknown("the campaign has no cases"),
        _ => unknown(
            "names begin with `scenario.` or `stack.`; texts stand in quotes; `case` and `scenario` are names by themselves",
        ),
    }
}

/// The value at a path such as `fault[0].at` or `service.api.workers`, read as overrides are.
fn at<'a>(table: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    let key_of = |part: &str| part.split('[').next().unwrap_or_default().to_owned();
    let indexed = |mut value: &'a toml::Value, part: &str| {
        for piece in part.split('[').skip(1) {
            let position: usize = piece.strip_suffix(']')?.parse().ok()?;
            value = value.as_array()?.get(position)?;
        }
        Some(value)
    };
    let mut parts = path.split('.');
    let first = parts.next()?;
    let first = indexed(table.get(&key_of(first))?, first)?;
    parts.try_fold(first, |value, part| {
        let key = key_of(part);
        let found = match value {
            toml::Value::Array(list) => list.iter().find(|item| item.get("name").and_then(toml::Value::as_str) == Some(&key)),
            other => other.get(&key),
        };
        indexed(found?, part)
    })
}

/// The default of a parameter of the stack.
fn default_of(name: &str) -> Option<Value> {
    struct Find<'a>(&'a str, Option<Value>);
    impl Visitor for Find<'_> {
        fn visit(&mut self, tunable: &Tunable, value: &mut hms_stack::Value) {
            if tunable.name == self.0 {
                self.1 = Some(Value::of_tunable(*value));
            }
        }
    }
    let mut find = Find(name, None);
    hms_stack::Configuration::default().walk(&mut find);
    find.1
}
