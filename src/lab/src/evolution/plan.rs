//! From a campaign's file to what is searched: everything that can be wrong is told here, with its place, before anything runs.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range as Bytes;
use std::path::{Path, PathBuf};

use hms_evolve::algorithms::{Migration, Topology};
use hms_evolve::noise::objective::Aggregate;
use hms_machine::Seed;
use hms_scenario::{Problem, parse_time};
use hms_stack::{Configuration, Tunable, Value};
use hms_trial::{DEFINITIONS, Detail, Unit};
use thiserror::Error;
use toml::Spanned;

use super::evaluator::{Combination, World};
use super::file::{self, AlgorithmName, Combine, File, RaceName, TopologyName};
use super::genes::{Genes, Range, number, parameters};
use super::phases::Phase;
use super::question::{Constraint, Question, Target, place};
use super::racing::Judge;
use super::tails;
use crate::campaign::CampaignError;
use crate::inputs::{InputError, Inputs, Paths};
use crate::presets::{self, Preset, PresetError};

/// How far numbers may move where a campaign does not say.
const REACH: f64 = 10.0;
/// Chance of a wrong dismissal where a campaign does not say.
const ERROR: f64 = 0.05;
/// Name of the weighted sum among objectives.
const COST: &str = "cost";

/// Why a campaign of evolution cannot be read.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The campaign, a scenario or a stack configuration is wrong.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Presets are wrong.
    #[error(transparent)]
    Presets(#[from] PresetError),
}

impl From<InputError> for PlanError {
    fn from(error: InputError) -> Self {
        PlanError::Campaign(error.into())
    }
}

/// A campaign of evolution that has been read and checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its file.
    pub path: PathBuf,
    /// The file's text.
    pub text: String,
    /// Short name.
    pub name: String,
    /// What it is to find out.
    pub description: String,
    /// The scenarios.
    pub worlds: Vec<World>,
    /// Conditions that come later.
    pub phases: Vec<Phase>,
    /// How results on them become one.
    pub combination: Combination,
    /// What is searched.
    pub genes: Genes,
    /// What for.
    pub question: Question,
    /// What the search starts from besides the base, and is compared with.
    pub presets: Vec<Preset>,
    /// How the search goes.
    pub settings: Settings,
}

/// Numbers of a search.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) algorithm: AlgorithmName,
    /// How many live at a time, and evaluations per generation.
    pub population: usize,
    /// Generations after which it ends.
    pub generations: u64,
    /// Trials after which it ends.
    pub trials: Option<u64>,
    /// Generations without gain after which it ends.
    pub patience: Option<u64>,
    /// Loss in the first target at which it ends.
    pub target: Option<f64>,
    /// Evaluations under way.
    pub window: usize,
    pub(super) islands: Option<(usize, Migration)>,
    /// Seed of all seeds.
    pub root: Seed,
    /// Search seeds at first, and at most.
    pub seeds: (u64, u64),
    /// When candidates are given up.
    pub(super) judge: Judge,
    /// Seeds of the choice among finalists.
    pub validation: u64,
    /// Seeds of the verdict.
    pub held_out: u64,
}

/// Reads a campaign of evolution and everything that it names.
///
/// # Errors
/// [`PlanError`].
pub fn load(path: &Path) -> Result<Plan, PlanError> {
    let text = fs::read_to_string(path).map_err(|source| CampaignError::Read { path: path.to_owned(), source })?;
    let wrong = |problems| CampaignError::Wrong { file: path.display().to_string(), text: text.clone(), problems };
    let file = file::parse(&text).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let base = match &file.stack {
        Some(name) => presets::load_files(&[folder.join(name.get_ref())])?.remove(0).stack,
        None => Configuration::default(),
    };
    let mut reader = Reader { text: &text, problems: Vec::new() };
    let question = reader.question(&file);
    let names = reader.genes(&file);
    let ranges = reader.ranges(&file, &names);
    let settings = reader.settings(&file);
    let combination = reader.combination(&file);
    let reach = reader.reach(&file);
    if file.scenarios.get_ref().is_empty() {
        let problem = Problem::new("scenarios", "no scenario is named").help("name one or more files, relative to this one");
        reader.report(file.scenarios.span(), problem);
    }
    reader.phases(&file);
    reader.finish().map_err(wrong)?;
    let mut phases = Vec::new();
    for phase in &file.phase {
        let worlds = worlds(&file, &phase.set, folder)?;
        phases.push(Phase { generation: u64::from(*phase.generation.get_ref()), worlds });
    }
    let worlds = worlds(&file, &BTreeMap::new(), folder)?;
    let presets = presets_of(&file, folder, path)?;
    let all = worlds.iter().chain(phases.iter().flat_map(|phase| &phase.worlds));
    let horizon = all.map(|world| world.inputs.scenario().run.duration.as_secs_f64()).fold(0.0, f64::max);
    let genes = Genes::new(base, &names, reach, &ranges)
        .map_err(|error| wrong(vec![Problem::new("genes", error.to_string()).located(&text, Some(file.genes.span()))]))?;
    if genes.record().genes().is_empty() {
        let problem =
            Problem::new("genes", "none of these parameters matters: their components are off, and their switches are no genes")
                .help("add the switch, such as \"hedge.enabled\", or set it in the stack");
        return Err(wrong(vec![problem.located(&text, Some(file.genes.span()))]).into());
    }
    // What is shown of a loss is its own inverse.
    let target = settings.target.map(|shown| question.targets[0].shown(shown));
    let stem = path.file_stem().map_or_else(|| "evolution".into(), |stem| stem.to_string_lossy());
    Ok(Plan {
        path: path.to_owned(),
        name: file.name.clone().unwrap_or_else(|| stem.into_owned()),
        description: file.description.clone(),
        worlds,
        phases,
        combination,
        genes,
        question: Question { horizon, ..question },
        presets,
        settings: Settings { target, ..settings },
        text,
    })
}

impl Plan {
    /// Digest of everything in files that decides the search: 64 hexadecimal digits. Threads and caches do not; the program has a label of its own ([`super::program`]).
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let settings =
            format!("{:?} {:?} {:?} {:?}", self.settings, self.question, self.combination, self.genes.record().genes());
        hasher.update(settings.as_bytes());
        for world in &self.worlds {
            hasher.update(world.inputs.with_stack(*self.genes.base()).with_seed(Seed(0)).run_id().as_bytes());
        }
        for phase in &self.phases {
            hasher.update(&phase.generation.to_le_bytes());
            for world in &phase.worlds {
                hasher.update(world.inputs.with_stack(*self.genes.base()).with_seed(Seed(0)).run_id().as_bytes());
            }
        }
        for preset in &self.presets {
            hasher.update(preset.name.as_bytes());
            hasher.update(hms_trial::render_stack(&preset.stack).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// The scenarios with the campaign's `set` and that of a phase, which wins.
fn worlds(file: &File, phase: &BTreeMap<Spanned<String>, Spanned<toml::Value>>, folder: &Path) -> Result<Vec<World>, PlanError> {
    let set: BTreeMap<&String, &Spanned<toml::Value>> =
        file.set.iter().chain(phase).map(|(path, value)| (path.get_ref(), value)).collect();
    let overrides: Vec<(String, String)> =
        set.into_iter().map(|(path, value)| (path.clone(), value.get_ref().to_string())).collect();
    let load = |name: &Spanned<String>| {
        let path = folder.join(name.get_ref());
        let inputs = Inputs::load(&Paths { scenario: &path, stack: None, overrides: &overrides }, Seed(0), Detail::Changes)?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Ok(World { name, inputs })
    };
    file.scenarios.get_ref().iter().map(load).collect()
}

/// The presets that the campaign names, or those of its repository; without the default, which is in every comparison anyway.
fn presets_of(file: &File, folder: &Path, path: &Path) -> Result<Vec<Preset>, PlanError> {
    let Some(named) = &file.presets else {
        return match presets::find_folder(path) {
            Ok(folder) => Ok(presets::load_folder(&folder)?),
            Err(PresetError::NoFolder { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        };
    };
    let mut found: Vec<Preset> = Vec::new();
    for name in named {
        let path = folder.join(name);
        found.extend(if path.is_dir() { presets::load_folder(&path)? } else { presets::load_files(&[path])? });
    }
    Ok(found)
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn report(&mut self, at: Bytes<usize>, problem: Problem) {
        self.problems.push(problem.located(self.text, Some(at)));
    }

    fn finish(mut self) -> Result<(), Vec<Problem>> {
        self.problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    /// The place of an objective; a problem if there is none of that name.
    fn objective(&mut self, name: &str, at: Bytes<usize>, path: &str) -> Option<usize> {
        let found = place(name);
        if found.is_none() {
            let known: Vec<&str> = DEFINITIONS.iter().map(|definition| definition.name).collect();
            let problem = Problem::new(path, format!("there is no objective `{name}`"))
                .expected(format!("one of {}", known.join(", ")))
                .nearest(name, known.iter().copied());
            self.report(at, problem);
        }
        found
    }

    fn question(&mut self, file: &File) -> Question {
        let cost = self.cost(file);
        let mut targets: Vec<Target> = Vec::new();
        for (position, name) in file.objectives.get_ref().iter().enumerate() {
            let path = format!("objectives[{position}]");
            let Some(target) = self.target(name, &path, cost.as_ref()) else { continue };
            if targets.iter().any(|other| other.name == target.name) {
                let problem = Problem::new(path, format!("`{}` stands twice", target.name)).help("remove one");
                self.report(name.span(), problem);
            } else {
                targets.push(target);
            }
        }
        if file.objectives.get_ref().is_empty() {
            let problem = Problem::new("objectives", "no objective is named").help("name one or more, such as \"availability\"");
            self.report(file.objectives.span(), problem);
        }
        let is_cost = |name: &Spanned<String>| tails::objective(name.get_ref()).is_ok_and(|(_, name)| name == COST);
        if cost.is_some() && !file.objectives.get_ref().iter().any(is_cost) {
            let problem =
                Problem::new("objectives", "there is a [cost], and it is no objective").help("add \"cost\", or remove [cost]");
            self.report(file.objectives.span(), problem);
        }
        let constraints = file.constraints.iter().enumerate();
        let constraints = constraints.filter_map(|(position, text)| self.constraint(text, position)).collect();
        Question { targets, constraints, horizon: 0.0 }
    }

    /// One of `objectives`; a problem if it is none.
    fn target(&mut self, text: &Spanned<String>, path: &str, cost: Option<&Target>) -> Option<Target> {
        let (aggregate, name) = match tails::objective(text.get_ref()) {
            Ok(written) => written,
            Err(message) => {
                self.report(text.span(), Problem::new(path, message).expected(tails::OBJECTIVE));
                return None;
            }
        };
        let inner = if name != COST {
            Target::single(self.objective(name, text.span(), path)?)
        } else if let Some(cost) = cost {
            cost.clone()
        } else {
            self.report(text.span(), Problem::new(path, "`cost` has no parts").help("add a table [cost] with weights"));
            return None;
        };
        let name = match aggregate {
            Aggregate::Mean | Aggregate::Worst => inner.name,
            Aggregate::Quantile(share) => format!("quantile({share}, {})", inner.name),
            // As it was written, without the rounding of a difference.
            Aggregate::TailMean(share) => format!("cvar({}, {})", (1e9 * (1.0 - share)).round() / 1e9, inner.name),
        };
        Some(Target { name, aggregate, ..inner })
    }

    fn cost(&mut self, file: &File) -> Option<Target> {
        let mut parts = Vec::new();
        for (name, weight) in &file.cost {
            let path = format!("cost.{}", name.get_ref());
            let objective = self.objective(name.get_ref(), name.span(), &path);
            let value = *weight.get_ref();
            if !value.is_finite() || value <= 0.0 {
                let message = format!("the weight of `{}` is {value}", name.get_ref());
                self.report(weight.span(), Problem::new(path, message).expected("a finite number above 0"));
            } else if let Some(objective) = objective {
                parts.push((name.span().start, (objective, value)));
            }
        }
        parts.sort_by_key(|(start, _)| *start);
        let parts: Vec<(usize, f64)> = parts.into_iter().map(|(_, part)| part).collect();
        (!file.cost.is_empty()).then(|| Target { name: COST.to_owned(), aggregate: Aggregate::Mean, parts })
    }

    fn constraint(&mut self, text: &Spanned<String>, position: usize) -> Option<Constraint> {
        let path = format!("constraints[{position}]");
        let (written, probability) = match tails::chance(text.get_ref()) {
            Ok(split) => split,
            Err(message) => {
                self.report(text.span(), Problem::new(path, message).expected(tails::CONSTRAINT));
                return None;
            }
        };
        let split = [(">=", true), ("<=", false)].iter().find_map(|(sign, least)| Some((written.split_once(sign)?, *least)));
        let Some(((name, limit), least)) = split else {
            let problem = Problem::new(path, format!("`{written}` is no constraint"));
            self.report(text.span(), problem.expected(tails::CONSTRAINT));
            return None;
        };
        let objective = self.objective(name.trim(), text.span(), &path)?;
        let unit = DEFINITIONS[objective].unit;
        let (base, limit) = tails::bound(limit, unit);
        let impossible = match (least, unit) {
            _ if !limit.is_finite() => Some(format!("`{written}` has no number as its limit")),
            _ if base => None,
            (true, Unit::Ratio) if limit > 1.0 => Some(format!("`{written}` can never hold: {} is at most 1", name.trim())),
            (false, _) if limit < 0.0 => Some(format!("`{written}` can never hold: {} is never below 0", name.trim())),
            (true | false, _) => None,
        };
        if let Some(message) = impossible {
            let expected = if unit == Unit::Ratio { "a limit from 0 to 1" } else { "a finite limit, 0 or above" };
            let expected = format!("{expected}, or `base` with a number more or less, such as `base + 0.5`");
            self.report(text.span(), Problem::new(path, message).expected(expected));
            return None;
        }
        Some(Constraint { text: text.get_ref().clone(), objective, limit, base, least, probability })
    }

    /// The names of the parameters that are genes.
    fn genes(&mut self, file: &File) -> Vec<&'static str> {
        let known: Vec<&'static str> =
            parameters(&Configuration::default()).into_iter().map(|(tunable, _)| tunable.name).collect();
        let component = |name: &'static str| name.split_once('.').map_or(name, |(component, _)| component);
        let mut chosen: Vec<&'static str> = Vec::new();
        for (position, name) in file.genes.get_ref().iter().enumerate() {
            let wanted = name.get_ref().as_str();
            let fits = |other: &&'static str| wanted == "all" || *other == wanted || component(other) == wanted;
            let found: Vec<&'static str> = known.iter().copied().filter(fits).collect();
            if found.is_empty() {
                let mut components: Vec<&str> = known.iter().map(|name| component(name)).collect();
                components.dedup();
                let problem =
                    Problem::new(format!("genes[{position}]"), format!("the stack has no component or parameter `{wanted}`"))
                        .expected(format!(
                            "`all`, a component ({}), or a parameter such as `health.heartbeat`",
                            components.join(", ")
                        ))
                        .nearest(wanted, known.iter().copied().chain(components.iter().copied()).chain(["all"]));
                self.report(name.span(), problem);
            }
            chosen.extend(found.into_iter().filter(|name| !chosen.contains(name)).collect::<Vec<_>>());
        }
        if file.genes.get_ref().is_empty() {
            let problem =
                Problem::new("genes", "nothing is to be searched").help("write `genes = [\"all\"]`, or name components");
            self.report(file.genes.span(), problem);
        }
        chosen
    }

    fn ranges(&mut self, file: &File, genes: &[&'static str]) -> Vec<Range> {
        let known = parameters(&Configuration::default());
        let mut ranges = Vec::new();
        for (name, value) in &file.ranges {
            let path = format!("ranges.{}", name.get_ref());
            let Some((tunable, _)) = known.iter().find(|(tunable, _)| tunable.name == name.get_ref()) else {
                let problem = Problem::new(path, format!("the stack has no parameter `{}`", name.get_ref()))
                    .nearest(name.get_ref(), known.iter().map(|(tunable, _)| tunable.name));
                self.report(name.span(), problem);
                continue;
            };
            if !genes.contains(&tunable.name) {
                let problem = Problem::new(path, format!("`{}` is not searched, so it has no range", tunable.name));
                self.report(name.span(), problem.help("add it to `genes`, or remove the range"));
                continue;
            }
            match range(tunable, value.get_ref()) {
                Ok(range) => ranges.push(range),
                Err((message, expected)) => {
                    let problem = Problem::new(path, message).expected(expected).help(tunable.help);
                    self.report(value.span(), problem);
                }
            }
        }
        ranges
    }

    fn reach(&mut self, file: &File) -> f64 {
        let Some(reach) = &file.reach else { return REACH };
        if !(reach.get_ref().is_finite() && *reach.get_ref() > 1.0) {
            let problem = Problem::new("reach", format!("a reach of {} leaves no room", reach.get_ref()));
            self.report(reach.span(), problem.expected("a finite factor above 1"));
        }
        *reach.get_ref()
    }

    fn combination(&mut self, file: &File) -> Combination {
        match (file.combine, &file.tail) {
            (Combine::Mean, None) => Combination::Mean,
            (Combine::Worst, None) => Combination::Worst,
            (Combine::Tail, Some(share)) if *share.get_ref() > 0.0 && *share.get_ref() <= 1.0 => {
                Combination::Tail(*share.get_ref())
            }
            (Combine::Tail, Some(share)) => {
                let problem = Problem::new("tail", format!("a share of {}", share.get_ref())).expected("above 0, up to 1");
                self.report(share.span(), problem);
                Combination::Mean
            }
            (Combine::Tail, None) => {
                self.report(0..0, Problem::new("combine", "`combine = \"tail\"` needs a share").help("add `tail = 0.3`"));
                Combination::Mean
            }
            (Combine::Mean | Combine::Worst, Some(share)) => {
                let problem = Problem::new("tail", "`tail` has no effect here").help("add `combine = \"tail\"`, or remove it");
                self.report(share.span(), problem);
                Combination::Mean
            }
        }
    }

    /// Phases come one after the other, and within the search.
    fn phases(&mut self, file: &File) {
        let mut before = 0;
        for (position, phase) in file.phase.iter().enumerate() {
            let begin = *phase.generation.get_ref();
            let path = format!("phase[{position}].generation");
            if begin <= before {
                let problem =
                    Problem::new(path, format!("a phase that begins with generation {begin} is not after generation {before}"));
                self.report(
                    phase.generation.span(),
                    problem.help("write phases in their order, and the first from generation 1 on"),
                );
            } else if begin > file.search.generations {
                let message =
                    format!("generation {begin} is after the end of the search, generation {}", file.search.generations);
                self.report(
                    phase.generation.span(),
                    Problem::new(path, message).help("raise search.generations, or begin earlier"),
                );
            }
            before = begin;
        }
    }

    /// Halving needs one objective to be ahead in.
    fn judge(&mut self, file: &File) -> Judge {
        let (seeds, several) = (&file.seeds, file.objectives.get_ref().len() > 1);
        let race = seeds.race.as_ref().map(|race| *race.get_ref());
        if let (Some(race), true) = (&seeds.race, several && race == Some(RaceName::Halving)) {
            let problem = Problem::new("seeds.race", "halving knows one objective only, and there are several");
            self.report(race.span(), problem.help("keep one objective, or take `race = \"test\"`"));
        }
        let race = race.unwrap_or(if several { RaceName::Test } else { RaceName::Halving });
        if let (Some(error), false) = (&seeds.error, race == RaceName::Test) {
            let problem = Problem::new("seeds.error", "`error` has no effect here: nothing is tested");
            self.report(error.span(), problem.help("add `race = \"test\"`, or remove it"));
        }
        match race {
            RaceName::None => Judge::Nobody,
            RaceName::Halving => Judge::Halving,
            RaceName::Test => Judge::Test(seeds.error.as_ref().map_or(ERROR, |error| *error.get_ref())),
        }
    }

    fn settings(&mut self, file: &File) -> Settings {
        let (search, seeds) = (&file.search, &file.seeds);
        // That there is none at all is said elsewhere.
        let objectives = file.objectives.get_ref().len().max(1);
        if let Err(reason) = search.algorithm.fits(objectives) {
            let help = if objectives > 1 { "keep one objective" } else { "name another objective" };
            let problem = Problem::new("search.algorithm", reason).help(format!("{help}, or take `nsga-two`"));
            self.report(file.objectives.span(), problem);
        }
        if seeds.most < seeds.first {
            let message = format!("seeds.most ({}) is below seeds.first ({})", seeds.most, seeds.first);
            self.report(0..0, Problem::new("seeds.most", message).help("raise seeds.most"));
        }
        let judge = self.judge(file);
        let islands = file.islands.as_ref().map(|islands| {
            let count = islands.count as usize;
            let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(1);
            let topology = match islands.topology {
                TopologyName::Ring => Topology::Ring,
                TopologyName::Torus => Topology::Torus { columns },
                TopologyName::Full => Topology::Full,
                TopologyName::Random => Topology::Random,
            };
            (count, Migration { topology, interval: u64::from(islands.every), migrants: islands.migrants as usize })
        });
        Settings {
            algorithm: search.algorithm,
            population: search.population as usize,
            generations: u64::from(search.generations),
            trials: search.trials,
            patience: search.patience.map(u64::from),
            target: search.target,
            window: search.window as usize,
            islands,
            root: Seed(seeds.root),
            seeds: (u64::from(seeds.first), u64::from(seeds.most)),
            judge,
            validation: u64::from(seeds.validation),
            held_out: u64::from(seeds.held_out),
        }
    }
}

/// A narrowed range as it stands in a file; else what is wrong and what would be right.
fn range(tunable: &Tunable, value: &toml::Value) -> Result<Range, (String, String)> {
    let name = tunable.name;
    let table =
        value.as_table().ok_or_else(|| (format!("the range of `{name}` is no table"), "{ low = …, high = … }".to_owned()))?;
    if let Value::Choice(_) | Value::Switch(_) = tunable.default {
        let expected = if tunable.choices.is_empty() {
            "no range: a switch has two values".to_owned()
        } else {
            format!("{{ of = [some of {}] }}", tunable.choices.join(", "))
        };
        let listed = table.get("of").and_then(toml::Value::as_array).filter(|_| table.len() == 1);
        let names = listed.map(|names| {
            let known = |name: &toml::Value| tunable.choices.iter().find(|known| Some(**known) == name.as_str()).copied();
            names.iter().map(known).collect::<Option<Vec<_>>>()
        });
        return match names {
            Some(Some(choices)) if !choices.is_empty() => Ok(Range { name, numbers: None, choices: Some(choices) }),
            Some(_) | None => Err((format!("`{value}` is no range of `{name}`"), expected)),
        };
    }
    let expected = format!("{{ low = …, high = … }} between {} and {}, the lower end first", tunable.low, tunable.high);
    let end = |key: &str, otherwise: Value| -> Result<f64, (String, String)> {
        let refuse = || (format!("`{key}` of `{name}` is not one of its values"), expected.clone());
        let Some(value) = table.get(key) else { return Ok(number(otherwise).unwrap_or(0.0)) };
        let found = match (tunable.default, value) {
            (Value::Duration(_), toml::Value::String(text)) => Value::Duration(parse_time(text).map_err(|_| refuse())?),
            (Value::Integer(_), toml::Value::Integer(count)) => Value::Integer(u32::try_from(*count).map_err(|_| refuse())?),
            (Value::Real(_), toml::Value::Integer(count)) => Value::Real(*count as f64),
            (Value::Real(_), toml::Value::Float(number)) => Value::Real(*number),
            _ => return Err(refuse()),
        };
        if tunable.admits(found) { Ok(number(found).unwrap_or(0.0)) } else { Err(refuse()) }
    };
    if let Some(other) = table.keys().find(|key| !["low", "high"].contains(&key.as_str())) {
        return Err((format!("a range has no `{other}`"), expected));
    }
    let (low, high) = (end("low", tunable.low)?, end("high", tunable.high)?);
    if low > high {
        return Err((format!("the range of `{name}` is empty: {low} is above {high}"), expected));
    }
    Ok(Range { name, numbers: Some((low, high)), choices: None })
}
