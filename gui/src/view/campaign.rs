//! A campaign that was run: its configurations with means, intervals and paired differences, read from its folder.

use std::path::{Path, PathBuf};

use hms_lab::results::{Columns, ResultsError};

/// The table with a row for each configuration and objective.
const CONFIGURATIONS: &str = "configurations.parquet";

/// Columns that are no settings.
const MEASURED: [&str; 11] = [
    "configuration",
    "objective",
    "unit",
    "count",
    "mean",
    "low",
    "high",
    "baseline",
    "difference",
    "difference_low",
    "difference_high",
];

/// A campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Campaign {
    /// Its folder.
    pub folder: PathBuf,
    table: Columns,
    /// Of each row of the table: what tells its configuration from the others.
    settings: Vec<String>,
}

/// A configuration, as far as one objective is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What tells it from the others.
    pub settings: String,
    /// Runs that give a value.
    pub count: f64,
    /// Their mean and the ends of its interval; NaN where there are none.
    pub mean: [f64; 3],
    /// The same of the paired difference to the baseline.
    pub difference: [f64; 3],
}

impl Campaign {
    /// Whether a folder holds a campaign.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(CONFIGURATIONS).is_file()
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub fn read(folder: &Path) -> Result<Campaign, ResultsError> {
        Ok(Campaign::of(folder.to_owned(), Columns::read(&folder.join(CONFIGURATIONS))?))
    }

    fn of(folder: PathBuf, table: Columns) -> Campaign {
        let texts = table
            .texts
            .iter()
            .filter(|(name, _)| !MEASURED.contains(&name.as_str()))
            .map(|(name, values)| (name, values.clone()));
        let numbers = table.numbers.iter().filter(|(name, _)| !MEASURED.contains(&name.as_str()));
        let numbers = numbers.map(|(name, values)| (name, values.iter().map(f64::to_string).collect::<Vec<_>>()));
        let varying: Vec<(&String, Vec<String>)> =
            texts.chain(numbers).filter(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1])).collect();
        let setting = |row: usize| {
            let said: Vec<String> = varying.iter().map(|(name, values)| format!("{name} = {}", values[row])).collect();
            if said.is_empty() { "the only configuration".to_owned() } else { said.join(", ") }
        };
        let settings = (0..table.rows).map(setting).collect();
        Campaign { folder, table, settings }
    }

    /// Objectives that were measured, each once.
    pub fn objectives(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.table.text("objective").unwrap_or_default() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Every configuration for one objective.
    pub fn rows(&self, objective: &str) -> Vec<Row> {
        let objectives = self.table.text("objective").unwrap_or_default();
        let number =
            |name: &str, row: usize| self.table.number(name).and_then(|values| values.get(row)).copied().unwrap_or(f64::NAN);
        let places = (0..self.table.rows).filter(|row| objectives.get(*row).is_some_and(|name| name == objective));
        places
            .map(|row| Row {
                settings: self.settings[row].clone(),
                count: number("count", row),
                mean: ["mean", "low", "high"].map(|name| number(name, row)),
                difference: ["difference", "difference_low", "difference_high"].map(|name| number(name, row)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_told_apart_by_what_differs() {
        let texts = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        let table = Columns {
            rows: 4,
            numbers: vec![("mean".to_owned(), vec![0.9, 1.0, 0.8, 2.0]), ("configuration".to_owned(), vec![0.0, 0.0, 1.0, 1.0])],
            texts: vec![
                texts("scenario", &["lan", "lan", "lan", "lan"]),
                texts("stack.health.timeout", &["1s", "1s", "2s", "2s"]),
                texts("objective", &["availability", "goodput", "availability", "goodput"]),
            ],
        };
        let campaign = Campaign::of(PathBuf::new(), table);
        assert_eq!(campaign.objectives(), ["availability", "goodput"]);
        let rows = campaign.rows("availability");
        assert_eq!(
            rows.iter().map(|row| row.settings.as_str()).collect::<Vec<_>>(),
            ["stack.health.timeout = 1s", "stack.health.timeout = 2s"]
        );
        assert_eq!(rows[1].mean[0], 0.8);
        assert!(rows[1].difference[0].is_nan());
    }
}
