//! `hms check`: whether files are right, and where they are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use hms_lab::inputs::{Inputs, Paths};
use hms_lab::machine::Seed;
use hms_lab::scenario::render_all;
use hms_lab::stack::Tunable;
use hms_lab::trial::{Detail, parse_stack};
use hms_lab::{campaign, evolution};

use crate::commands::schema::tunables;
use crate::failure::Failure;
use crate::output;
use crate::style::{Style, paint};

const EXAMPLES: &str = "\
Examples:
  hms check experiments/scenarios/*.toml
  hms check my-scenario.toml my-stack.toml

Whether a file is a scenario, a stack configuration or a campaign is told by its content. Files that it refers to are read as well.";

/// Checks files without running them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Scenarios, stack configurations or campaigns.
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

/// What a file is, by what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scenario,
    Stack,
    Campaign,
    Evolution,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Scenario => "scenario",
            Kind::Stack => "stack configuration",
            Kind::Campaign => "campaign",
            Kind::Evolution => "campaign of evolution",
        }
    }

    /// Tables that only one kind has decide, wherever they stand; a broken file must be recognised as well, so the text is looked at line by line.
    fn of(text: &str) -> Kind {
        let heads: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('['))
            .map(|rest| rest.trim_start_matches('[').split([']', '.', ' ']).next().unwrap_or(""))
            .collect();
        let any = |names: &[&str]| heads.iter().any(|head| names.contains(head));
        let keys = text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let campaign = keys.clone().any(|key| ["scenario", "scenarios", "replicates"].contains(&key));
        let scenario = any(&["cluster", "network", "service", "load", "fault", "run", "swarm"]);
        match scenario {
            true => Kind::Scenario,
            false if any(&["search", "islands"]) || keys.clone().any(|key| key == "genes") => Kind::Evolution,
            false if campaign || any(&["axes", "case", "set"]) => Kind::Campaign,
            false if tunables().iter().any(|tunable| heads.iter().any(|head| component(tunable) == *head)) => Kind::Stack,
            false => Kind::Scenario,
        }
    }
}

/// The table of a stack file in which a parameter stands.
fn component(tunable: &Tunable) -> &str {
    tunable.name.split_once('.').map_or(tunable.name, |(component, _)| component)
}

/// Checks every file, and fails if one is wrong.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for path in &arguments.files {
        match check(path) {
            Ok(verdict) => output::print(&format!("{}  {}  {verdict}\n", paint(Style::Good, "ok"), path.display()))?,
            Err(problem) => wrong.push(problem),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Invalid(wrong.join("\n"))) }
}

fn check(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let kind = Kind::of(&text);
    match kind {
        Kind::Stack => {
            let file = path.display().to_string();
            parse_stack(&text).map_err(|problems| render_all(&problems, &file, &text))?;
            Ok(kind.name().to_owned())
        }
        Kind::Campaign => {
            let campaign = campaign::load(path).map_err(|error| error.to_string())?;
            let (configurations, replicates) = (campaign.configurations.len(), campaign.replicates);
            Ok(format!("{} {}: {configurations} configurations, {replicates} replicates", kind.name(), campaign.name))
        }
        Kind::Evolution => {
            let plan = evolution::load(path).map_err(|error| error.to_string())?;
            let (genes, objectives) = (plan.genes.tunables().len(), plan.question.targets.len());
            Ok(format!("{} {}: {genes} genes, {objectives} objectives, {} presets", kind.name(), plan.name, plan.presets.len()))
        }
        Kind::Scenario => {
            let paths = Paths { scenario: path, stack: None, overrides: &[] };
            let inputs = Inputs::load(&paths, Seed(1), Detail::Changes).map_err(|error| error.to_string())?;
            let scenario = inputs.scenario();
            Ok(format!(
                "{} {}: {} hosts, {} services, {} loads, {} faults, {}",
                kind.name(),
                scenario.name,
                scenario.cluster.hosts.len(),
                scenario.services.len(),
                scenario.loads.len(),
                scenario.faults.len(),
                scenario.run.duration,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_file_is_told_by_its_tables() {
        assert_eq!(Kind::of("version = 1\n[health]\ntimeout = \"1s\""), Kind::Stack);
        assert_eq!(Kind::of("# one component\n[breaker]\nconsecutive = 1"), Kind::Stack);
        assert_eq!(Kind::of("[cluster]\nnodes = 3\n[[fault]]\nkind = \"crash\""), Kind::Scenario);
        assert_eq!(Kind::of("[cluster.host]\ncores = 3"), Kind::Scenario);
        assert_eq!(Kind::of("scenario = \"a.toml\"\n[axes]\n\"stack.health.timeout\" = [\"1s\"]"), Kind::Campaign);
        assert_eq!(Kind::of("scenarios = [\"a.toml\"]\ngenes = [\"health\"]"), Kind::Evolution);
        assert_eq!(Kind::of("genes = [\n\"health\"]\n[seeds]\nmost = 4\n[search]"), Kind::Evolution);
        assert_eq!(Kind::of(""), Kind::Scenario);
    }
}
