//! A campaign of evolution as it stands in its file, and what can be said about it without reading anything else.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hms_scenario::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::campaign::reference_rows;

/// One campaign of evolution: what is searched, under which faults, for what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "evolution")]
pub(super) struct File {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "the shape check looks at it")]
    version: u32,
    /// Short name, used for the folder of results and titles; by default that of the file.
    pub(super) name: Option<String>,
    /// What the search is to find out, in a sentence or two.
    #[serde(default)]
    pub(super) description: String,
    /// Paths of the scenarios, relative to this file. A configuration has to be good on all of them.
    #[schemars(with = "Vec<String>")]
    pub(super) scenarios: Spanned<Vec<Spanned<String>>>,
    /// Values of the scenarios to change: paths in quotes, as in `hms run --set`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub(super) set: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
    /// How results on several scenarios become one: their mean, the worst, or the mean of the worst share `tail`.
    #[serde(default)]
    pub(super) combine: Combine,
    /// Share of scenarios (above 0, up to 1) that `combine = "tail"` averages.
    #[schemars(with = "Option<f64>")]
    pub(super) tail: Option<Spanned<f64>>,
    /// Path of the stack configuration that everything outside the genes is taken from; by default all defaults.
    #[schemars(with = "Option<String>")]
    pub(super) stack: Option<Spanned<String>>,
    /// What is searched: `all`, components such as `health`, or parameters such as `retry.attempts`.
    #[schemars(with = "Vec<String>")]
    pub(super) genes: Spanned<Vec<Spanned<String>>>,
    /// How far a number may move from where it stands, as a factor; by default 10. `[ranges]` says otherwise for single genes.
    #[schemars(with = "Option<f64>")]
    pub(super) reach: Option<Spanned<f64>>,
    /// Ranges of single genes: `"health.timeout" = { low = "200ms", high = "2s" }`, or `"retry.kind" = { of = ["a", "b"] }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub(super) ranges: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
    /// Objectives by name, each searched in its own direction; `cost` is the weighted sum of `[cost]`. A mean over seeds, or `quantile(0.95, name)`, or `cvar(0.9, name)`, the mean of the worst tenth.
    #[schemars(with = "Vec<String>")]
    pub(super) objectives: Spanned<Vec<Spanned<String>>>,
    /// Weights of a cost: objectives by name, ratios to be maximised counting as what is missing to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, f64>")]
    pub(super) cost: BTreeMap<Spanned<String>, Spanned<f64>>,
    /// What must hold, on average over seeds: `"availability >= 0.99"`; or on so many of them: `"P(false_positives <= 0.1) >= 0.9"`. The limit may be what the base gives on the same seeds, and a number more or less: `"false_positives <= base + 0.5"`. That is for what is rare and comes in crowds, of which few seeds tell no mean.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) constraints: Vec<Spanned<String>>,
    /// Stack configurations to start from and to be compared with: paths of files and folders; by default the presets of the repository.
    pub(super) presets: Option<Vec<String>>,
    /// Conditions that change while the search runs, one after the other; the verdict is about the last.
    #[serde(default)]
    pub(super) phase: Vec<Phase>,
    /// How the search goes.
    #[serde(default)]
    pub(super) search: Search,
    /// Under which seeds.
    #[serde(default)]
    pub(super) seeds: Seeds,
    /// Several populations that exchange migrants; by default one.
    pub(super) islands: Option<Islands>,
}

/// Conditions from a generation on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "phase")]
pub(super) struct Phase {
    /// The first generation under them (0 is that of the founders); later than that of the phase before.
    #[schemars(with = "u32", range(min = 1, max = 1_000_000))]
    pub(super) generation: Spanned<u32>,
    /// Values of the scenarios to change, besides those of the campaign's `set`.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub(super) set: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}

/// How results on several scenarios become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Combine {
    /// Their mean.
    #[default]
    Mean,
    /// The worst of them.
    Worst,
    /// Mean of the worst share (conditional value at risk).
    Tail,
}

/// How the search goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "search")]
pub(super) struct Search {
    /// Which algorithm, by a name of the table below.
    pub(super) algorithm: AlgorithmName,
    /// How many configurations live at a time; a generation is so many evaluations.
    #[schemars(range(min = 4, max = 10_000))]
    pub(super) population: u32,
    /// The search ends after so many generations.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) generations: u32,
    /// The search ends after so many trials of simulation, if that is earlier.
    #[schemars(range(min = 1))]
    pub(super) trials: Option<u64>,
    /// The search ends when the hypervolume has grown by less than a thousandth over so many generations.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) patience: Option<u32>,
    /// The search ends when the best that keeps every constraint is this good in the first objective, in its unit, on all search seeds.
    pub(super) target: Option<f64>,
    /// How many evaluations may be under way; results depend on it, and not on the number of threads.
    #[schemars(range(min = 1, max = 4_096))]
    pub(super) window: u32,
}

impl Default for Search {
    fn default() -> Self {
        Search {
            algorithm: AlgorithmName::Default,
            population: 40,
            generations: 30,
            trials: None,
            patience: None,
            target: None,
            window: 8,
        }
    }
}

/// Algorithms by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AlgorithmName {
    /// NSGA-II (up to two objectives) or NSGA-III (more).
    Default,
    /// NSGA-II with removal of the least hypervolume contributors, with operators for mixed genomes.
    NsgaTwo,
    /// NSGA-III, with operators for mixed genomes.
    NsgaThree,
    /// SMS-EMOA on coordinates.
    SmsEmoa,
    /// SPEA2 on coordinates.
    SpeaTwo,
    /// MOEA/D on coordinates, each objective measured by its span over the population; several objectives.
    MoeaD,
    /// A generational genetic algorithm with operators for mixed genomes, of whose parents the best stays; one objective.
    Generational,
    /// A steady-state genetic algorithm with operators for mixed genomes: a child at a time, and the worst dies; one objective.
    SteadyState,
    /// Deterministic crowding with operators for mixed genomes: a child replaces the parent that it is like, if it is better; one objective.
    Crowding,
    /// A (mu/2 + lambda) evolution strategy on coordinates with a step for each, lambda the population and mu a seventh of it; one objective.
    StrategyPlus,
    /// The same as (mu/2, lambda): parents die; one objective.
    StrategyComma,
    /// Differential evolution, as L-SHADE, on coordinates; one objective.
    Shade,
    /// CMA-ES with restarts on coordinates; one objective.
    Cma,
    /// Search along one coordinate after the other; one objective.
    Coordinates,
    /// Several algorithms that share the evaluations by success.
    Portfolio,
    /// Random search: a baseline.
    Random,
    /// Latin hypercubes: a baseline.
    Latin,
    /// Sobol's sequence: a baseline.
    Sobol,
}

/// How many objectives an algorithm can search for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// Any number.
    Any,
    /// One.
    One,
    /// More than one.
    Several,
}

impl AlgorithmName {
    fn width(self) -> Width {
        match self {
            AlgorithmName::Default
            | AlgorithmName::NsgaTwo
            | AlgorithmName::NsgaThree
            | AlgorithmName::SmsEmoa
            | AlgorithmName::SpeaTwo
            | AlgorithmName::Portfolio
            | AlgorithmName::Random
            | AlgorithmName::Latin
            | AlgorithmName::Sobol => Width::Any,
            AlgorithmName::MoeaD => Width::Several,
            AlgorithmName::Generational
            | AlgorithmName::SteadyState
            | AlgorithmName::Crowding
            | AlgorithmName::StrategyPlus
            | AlgorithmName::StrategyComma
            | AlgorithmName::Shade
            | AlgorithmName::Cma
            | AlgorithmName::Coordinates => Width::One,
        }
    }

    /// Whether it can search for so many objectives; if not, what it knows.
    pub(super) fn fits(self, objectives: usize) -> Result<(), &'static str> {
        match (self.width(), objectives > 1) {
            (Width::Any, _) | (Width::One, false) | (Width::Several, true) => Ok(()),
            (Width::One, true) => Err("this algorithm knows one objective only, and there are several"),
            (Width::Several, false) => Err("this algorithm knows several objectives only, and there is one"),
        }
    }
}

/// Under which seeds candidates are run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "seeds")]
pub(super) struct Seeds {
    /// Seed from which all others derive.
    pub(super) root: u64,
    /// Shared search seeds that every candidate meets before it may be given up.
    #[schemars(range(min = 2, max = 1_000))]
    pub(super) first: u32,
    /// Most shared search seeds; the number grows towards it while decisions are hard or nothing better is found.
    #[schemars(range(min = 2, max = 10_000))]
    pub(super) most: u32,
    /// When a candidate is given up: with `halving` (one objective; the default there) when it is not ahead of the leading quarter after `first` seeds (or a fifth of those shared, if that is more), twice as many, and so on; with `test` when it is surely worse; with `none` never.
    #[schemars(with = "Option<RaceName>")]
    pub(super) race: Option<Spanned<RaceName>>,
    /// With `race = "test"`, the chance that a candidate is given up wrongly in all its comparisons (above 0, up to 0.5); by default 0.05.
    #[schemars(with = "Option<f64>", range(min = 1e-9, max = 0.5))]
    pub(super) error: Option<Spanned<f64>>,
    /// Seeds that choose among the finalists; the leading few of these then race on up to four times as many.
    #[schemars(range(min = 2, max = 10_000))]
    pub(super) validation: u32,
    /// Seeds that nothing in the search has seen, for the verdict.
    #[schemars(range(min = 2, max = 10_000))]
    pub(super) held_out: u32,
}

impl Default for Seeds {
    fn default() -> Self {
        Seeds { root: 1, first: 2, most: 10, race: None, error: None, validation: 10, held_out: 40 }
    }
}

/// When a candidate is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RaceName {
    /// When it is not ahead.
    Halving,
    /// When it is surely worse.
    Test,
    /// Never.
    None,
}

/// Several populations.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "islands")]
pub(super) struct Islands {
    /// How many.
    #[schemars(range(min = 2, max = 64))]
    pub(super) count: u32,
    /// Who sends to whom.
    #[serde(default)]
    pub(super) topology: TopologyName,
    /// Broods (a fifth of a population each) between two migrations.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) every: u32,
    /// Migrants per neighbour.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(super) migrants: u32,
}

fn five() -> u32 {
    5
}

fn two() -> u32 {
    2
}

/// Who sends migrants to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TopologyName {
    /// Each to the next.
    #[default]
    Ring,
    /// To the right and down on a grid whose edges meet.
    Torus,
    /// Each to all others.
    Full,
    /// Each to one other, drawn anew.
    Random,
}

static SCHEMA: LazyLock<serde_json::Value> = LazyLock::new(hms_scenario::schema_of::<File>);

/// The JSON Schema (draft-07) of campaigns of evolution.
pub fn schema() -> serde_json::Value {
    SCHEMA.clone()
}

/// The format reference in Markdown: every key with its type, default and meaning.
pub fn reference() -> String {
    let mut text = reference_rows(&SCHEMA);
    for table in ["search", "seeds", "islands"] {
        let about = SCHEMA.pointer(&format!("/definitions/{table}")).expect("the schema defines its tables");
        // A table of its own is described below the others.
        text = text.replace(&format!("| `{table}` | text |"), &format!("| `{table}` | table |"));
        text.push_str(&format!("\nA `[{table}]`:\n\n{}", reference_rows(about)));
        if table == "search" {
            text.push_str("\n| `algorithm` | what it is |\n|---|---|\n");
            algorithms().for_each(|(name, about)| text.push_str(&format!("| `{name}` | {about} |\n")));
        }
    }
    let about = SCHEMA.pointer("/definitions/phase").expect("the schema defines its tables");
    text.push_str(&format!("\nA `[[phase]]`:\n\n{}", reference_rows(about)));
    text
}

/// Names of algorithms and what they are.
pub(super) fn algorithms() -> impl Iterator<Item = (&'static str, &'static str)> {
    let names = SCHEMA.pointer("/definitions/AlgorithmName/oneOf").and_then(serde_json::Value::as_array);
    let text = |name: &'static serde_json::Value, key: &str| name.get(key).and_then(serde_json::Value::as_str);
    let both = move |name| text(name, "const").zip(text(name, "description"));
    names.expect("the schema lists the algorithms").iter().map(move |name| both(name).expect("each has a name and a sentence"))
}

/// Reads the shape of a campaign; meaning is looked at when it is resolved.
pub(super) fn parse(text: &str) -> Result<File, Vec<Problem>> {
    hms_scenario::check_shape(text, &SCHEMA)?;
    toml::from_str(text).map_err(|error| vec![Problem::new("", error.message().trim().to_owned()).located(text, error.span())])
}
