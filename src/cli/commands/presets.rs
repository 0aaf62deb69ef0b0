//! `hms presets`: what others do by default, side by side on one scenario.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant as WallInstant;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::comparison::{Better, Compared, worlds_min};
use hms_lab::evolve::proof::bootstrap::Interval;
use hms_lab::inputs::{Inputs, Paths};
use hms_lab::machine::Seed;
use hms_lab::presets::{DEFAULT, Preset, PresetError, Ranked, Step, find_folder, load_files, load_folder};
use hms_lab::presets::{asked, measure, objective, ours, rank};
use hms_lab::statistics::Estimate;
use hms_lab::trial::{DEFINITIONS, Definition, Detail};
use serde_json::{Map, Value, json};

use crate::arguments::assignment;
use crate::comparison::{difference_of, headed, mean, position};
use crate::failure::Failure;
use crate::progress::CampaignBar;
use crate::style::{Style, paint};
use crate::{interrupt, output};

const EXAMPLES: &str = "\
Examples:
  hms presets experiments/scenarios/quickstart.toml
  hms presets experiments/scenarios/lan-3-zones.toml --seeds 20 --objective recovery_p95
  hms presets my.toml --stack resilience4j.toml --stack mine.toml
  hms presets my.toml --json | jq '.presets[] | select(.hurts != [])'

Every preset, our default and the stack switched off meet the same seeds. A preset hurts where it is shown to be worse
than the default, as `hms compare` shows it: differences seed by seed, by sign flips, corrected (Holm) for the number of
presets times objectives. Judged are availability, detection p99, false positives, recovery p95 and goodput; what a preset
never gives counts as the longest that was seen. --json prints one object:
  scenario, seeds, seeds_needed, objective, default, wall_seconds, presets (best first): [{ name, file (null for ours),
    measured, failures: [{ seed, reason }], objectives: { name: { unit, count, mean, low, high, difference, difference_low,
    difference_high, p, p_corrected (null where it is not judged) } },
    hurts: [{ objective, difference, low, high }] (null: it never gives a value) }]
  seeds_needed: fewer seeds cannot show anything about so many presets
Exit codes: 0 ok, 2 a file, a name or a flag is wrong, 100 some trials failed, 130 interrupted.";

/// Runs other systems' defaults on a scenario: which default will hurt me?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The scenario file.
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::FilePath)]
    scenario: PathBuf,
    /// Folder of stack files; default: experiments/stacks above the scenario.
    #[arg(long, value_name = "DIR", conflicts_with = "stack", value_hint = clap::ValueHint::DirPath)]
    stacks: Option<PathBuf>,
    /// A stack file; repeat it for more.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    stack: Vec<PathBuf>,
    /// Seeds that each preset meets.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,
    /// The first seed; the others follow.
    #[arg(long, default_value_t = 1, env = "HMS_SEED")]
    seed: u64,
    /// What the presets are ranked by.
    #[arg(long, value_name = "NAME", default_value = "availability")]
    objective: String,
    /// Changes a value of the scenario, such as `run.duration=10min`; repeat it for more.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    overrides: Vec<(String, String)>,
    /// Runs at the same time; default, and 0: one per core. Results do not depend on it.
    #[arg(long, short, value_name = "N", env = "RAYON_NUM_THREADS", value_parser = clap::value_parser!(u16).range(0..=4096))]
    jobs: Option<u16>,
    /// Prints one JSON object instead of the table.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints a row per preset and objective instead of the table.
    #[arg(long)]
    csv: bool,
    /// No progress bar, and no hints.
    #[arg(long, short)]
    quiet: bool,
}

/// Which files are presets is the user's choice.
impl From<PresetError> for Failure {
    fn from(error: PresetError) -> Self {
        Failure::Invalid(error.to_string())
    }
}

/// What was run, and what it came to.
struct Race<'a> {
    arguments: &'a Arguments,
    inputs: Inputs,
    objective: &'static Definition,
    presets: Vec<Preset>,
    seeds: Vec<Seed>,
    ranked: Vec<Ranked>,
    seconds: f64,
}

/// Runs every preset on every seed and compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let objective = objective(&arguments.objective).ok_or_else(|| {
        let known: Vec<_> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        Failure::Invalid(format!(
            "no objective is called `{}`: --objective takes one of {}",
            arguments.objective,
            known.join(", ")
        ))
    })?;
    let seeds: Vec<Seed> = (0..u64::from(arguments.seeds)).map(|offset| Seed(arguments.seed.wrapping_add(offset))).collect();
    let paths = Paths { scenario: &arguments.scenario, stack: None, overrides: &arguments.overrides };
    let inputs = Inputs::load(&paths, seeds[0], Detail::Changes)?;
    let mut presets = ours().to_vec();
    presets.extend(match (&arguments.stacks, arguments.stack.as_slice()) {
        (Some(folder), _) => load_folder(folder)?,
        (None, []) => load_folder(&find_folder(&arguments.scenario)?)?,
        (None, files) => load_files(files)?,
    });
    interrupt::listen()?;
    let began = WallInstant::now();
    let trials = presets.len() * seeds.len();
    let simulated = inputs.scenario().run.duration.as_nanos() / 1_000_000 * trials as u64;
    if !arguments.quiet {
        output::message(&format!("{} presets on {} seeds: {trials} runs to make", presets.len(), seeds.len()));
    }
    let measured = {
        let bar = CampaignBar::new("presets", simulated, trials, arguments.quiet);
        let watch = |step: Step| {
            match step {
                Step::Advanced(nanos) => bar.advance(nanos),
                Step::Ended => bar.count(),
            }
            !interrupt::asked()
        };
        measure(&inputs, &presets, &seeds, arguments.jobs.map_or(0, usize::from), &watch).map_err(Failure::Failed)?
    };
    let measured = measured.ok_or_else(|| Failure::Interrupted("interrupted: nothing was kept".to_owned()))?;
    let ranked = rank(&presets, &seeds, &measured, objective);
    let race = Race { arguments, inputs, objective, presets, seeds, ranked, seconds: began.elapsed().as_secs_f64() };
    if arguments.json {
        output::print_json(&race.report())?;
    } else if arguments.csv {
        output::print(&race.rows())?;
    } else {
        output::print(&race.table())?;
    }
    let failed: usize = race.ranked.iter().map(|found| found.failures.len()).sum();
    if failed > 0 {
        return Err(Failure::TrialsFailed(format!("{failed} of {trials} runs failed: {}", race.first_failure())));
    }
    Ok(())
}

impl Race<'_> {
    fn preset(&self, found: &Ranked) -> &Preset {
        &self.presets[found.preset]
    }

    fn first_failure(&self) -> String {
        let first = self.ranked.iter().find_map(|found| Some((found, found.failures.first()?)));
        first.map_or_else(String::new, |(found, (seed, reason))| {
            format!("{} on seed {}: {reason}", self.preset(found).name, seed.0)
        })
    }

    /// Seeds without which nothing can be shown about so many presets and objectives.
    fn seeds_needed(&self) -> usize {
        worlds_min((self.presets.len() - 1) * asked(self.objective).len())
    }

    fn table(&self) -> String {
        let shown = asked(self.objective);
        let mut table = Table::new();
        let mut head = vec![String::new(), "preset".to_owned()];
        head.extend(shown.iter().map(|objective| headed(objective)));
        head.extend([format!("Δ {}", self.objective.name), "which default will hurt me?".to_owned()]);
        table.load_style(NOTHING).set_header(head);
        for (rank, found) in self.ranked.iter().enumerate() {
            let name = &self.preset(found).name;
            let mut row = vec![(rank + 1).to_string(), name.clone()];
            row.extend(shown.iter().map(|objective| mean(found.means[position(objective)], objective)));
            row.push(compared_in(found, self.objective).map_or_else(String::new, difference));
            row.push(verdict(name, found));
            table.add_row(row);
        }
        for column in 2..3 + shown.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let scenario = &self.inputs.scenario().name;
        let size = format!("{} presets × {} seeds  {:.1} s", self.presets.len(), self.seeds.len(), self.seconds);
        let mut text = format!("{}  {size}\n\n{}\n\n", paint(Style::Strong, scenario), table.trim_fmt());
        let better = if self.objective.maximise { "more" } else { "less" };
        let legend = format!(
            "best first by {} ({better} is better); ±: 95 % interval of the mean; Δ and the last column: difference to `{DEFAULT}` on the same seeds with its 95 % BCa \
             interval, ! and named where it is shown (p ≤ 0.05 by sign flips, corrected for {} comparisons){}",
            self.objective.name,
            (self.presets.len() - 1) * shown.len(),
            if self.seeds.len() < self.seeds_needed() {
                format!("; fewer than {} seeds cannot show anything here: raise --seeds", self.seeds_needed())
            } else {
                String::new()
            }
        );
        let _ = writeln!(text, "{}", paint(Style::Dim, &legend));
        text
    }

    fn rows(&self) -> String {
        let mut text =
            "rank,preset,objective,unit,count,mean,low,high,difference,difference_low,difference_high,p_corrected,hurts\n"
                .to_owned();
        for (rank, found) in self.ranked.iter().enumerate() {
            for (place, definition) in DEFINITIONS.iter().enumerate() {
                let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
                let compared = compared_in(found, definition);
                let [own, other] = [ends(found.means[place]), ends_of(compared.and_then(|one| one.difference))]
                    .map(|ends| ends.map(number).join(","));
                let p = number(compared.map(|one| one.p_corrected));
                let hurts = found.hurts.iter().any(|hurt| hurt.objective.name == definition.name);
                let (name, count) = (&self.preset(found).name, found.means[place].map_or(0, |mean| mean.count));
                let unit = definition.unit.symbol();
                let _ =
                    writeln!(text, "{},{},{},{unit},{count},{own},{other},{p},{hurts}", rank + 1, quoted(name), definition.name);
            }
        }
        text
    }

    fn report(&self) -> Value {
        let preset = |found: &Ranked| {
            let failure = |(seed, reason): &(Seed, String)| json!({ "seed": seed.0, "reason": reason });
            let objectives: Map<String, Value> = DEFINITIONS
                .iter()
                .enumerate()
                .map(|(place, definition)| {
                    let [mean, low, high] = ends(found.means[place]);
                    let compared = compared_in(found, definition);
                    let [difference, difference_low, difference_high] = ends_of(compared.and_then(|one| one.difference));
                    let value = json!({
                        "unit": definition.unit.symbol(), "count": found.means[place].map_or(0, |mean| mean.count),
                        "mean": mean, "low": low, "high": high,
                        "difference": difference, "difference_low": difference_low, "difference_high": difference_high,
                        "p": compared.map(|one| one.p), "p_corrected": compared.map(|one| one.p_corrected),
                    });
                    (definition.name.to_owned(), value)
                })
                .collect();
            let hurt = |hurt: &hms_lab::presets::Hurt| {
                let [difference, low, high] = ends_of(hurt.difference);
                json!({ "objective": hurt.objective.name, "difference": difference, "low": low, "high": high })
            };
            json!({
                "name": self.preset(found).name,
                "file": self.preset(found).path.as_ref().map(|path| path.display().to_string()),
                "measured": found.measured,
                "failures": found.failures.iter().map(failure).collect::<Vec<_>>(),
                "objectives": objectives,
                "hurts": found.hurts.iter().map(hurt).collect::<Vec<_>>(),
            })
        };
        json!({
            "scenario": self.arguments.scenario.display().to_string(),
            "seeds": self.seeds.iter().map(|seed| seed.0).collect::<Vec<_>>(),
            "seeds_needed": self.seeds_needed(),
            "objective": self.objective.name,
            "default": DEFAULT,
            "wall_seconds": self.seconds,
            "presets": self.ranked.iter().map(preset).collect::<Vec<_>>(),
        })
    }
}

/// Where it hurts and by how much.
fn verdict(name: &str, found: &Ranked) -> String {
    if name == DEFAULT {
        return "(measured by this)".to_owned();
    }
    if found.measured == 0 {
        return paint(Style::Bad, "every run failed");
    }
    let told = |hurt: &hms_lab::presets::Hurt| match hurt.difference {
        Some(found) => format!("{} {}", hurt.objective.name, difference_of(found, hurt.objective)),
        None => format!("{} never", hurt.objective.name),
    };
    let all: Vec<String> = found.hurts.iter().map(told).collect();
    if all.is_empty() { "no".to_owned() } else { paint(Style::Bad, &all.join(", ")) }
}

/// The comparison with the default in an objective, where there is one.
fn compared_in<'a>(found: &'a Ranked, objective: &Definition) -> Option<&'a Compared> {
    found.compared.iter().find(|one| one.objective.name == objective.name)
}

/// A difference with its interval, marked where it is shown.
fn difference(compared: &Compared) -> String {
    let mark = if [Better::First, Better::Second].contains(&compared.better) { " !" } else { "" };
    compared.difference.map_or_else(String::new, |found| difference_of(found, compared.objective) + mark)
}

fn ends_of(found: Option<Interval>) -> [Option<f64>; 3] {
    [found.map(|found| found.estimate), found.map(|found| found.low), found.map(|found| found.high)]
}

/// Mean and the ends of its interval.
fn ends(found: Option<Estimate>) -> [Option<f64>; 3] {
    let interval = found.and_then(|found| found.interval());
    [found.map(|found| found.mean), interval.map(|ends| ends.0), interval.map(|ends| ends.1)]
}

fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}
