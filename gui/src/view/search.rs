//! A search for better configurations: how it converged, every candidate, and its front; read from the folder in which it is kept, whether it has ended or not.

use std::path::{Path, PathBuf};

use hms_lab::results::{Columns, ResultsError};

/// A search under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evolving {
    /// The job that runs it.
    pub job: u64,
    /// Name of its campaign.
    pub name: String,
    /// How far it is.
    pub doing: String,
    /// How it has converged so far.
    pub points: Vec<Point>,
}

/// A point of the convergence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Candidates measured.
    pub evaluations: u64,
    /// Loss of the best one in the first target.
    pub best: Option<f64>,
    /// Volume between the front and twice the base's losses, in units of the base's.
    pub hypervolume: Option<f64>,
}

/// File names of a search's tables.
const TABLES: [&str; 3] = ["generations.parquet", "history.parquet", "front.parquet"];

/// A search as far as it has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Its folder.
    pub folder: PathBuf,
    /// A row for each generation.
    pub generations: Columns,
    /// A row for each candidate that was measured.
    pub history: Columns,
    /// The finalists, measured on seeds that the search did not see; empty until it has ended.
    pub front: Columns,
}

/// Columns that describe a candidate and are neither objectives nor parameters.
const BOOKKEEPING: [&str; 8] = ["id", "generation", "parent_1", "parent_2", "replicates", "dismissed", "again", "front"];

impl Search {
    /// Whether a folder holds a search.
    pub fn is_in(folder: &Path) -> bool {
        TABLES[..2].iter().all(|name| folder.join(name).is_file())
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub fn read(folder: &Path) -> Result<Search, ResultsError> {
        let [generations, history, front] = TABLES.map(|name| folder.join(name));
        Ok(Search {
            folder: folder.to_owned(),
            generations: Columns::read(&generations)?,
            history: Columns::read(&history)?,
            front: if front.is_file() { Columns::read(&front)? } else { Columns::default() },
        })
    }

    /// What is shown as the set of candidates: the finalists where there are any, else every candidate.
    pub fn candidates(&self, finalists: bool) -> &Columns {
        if finalists && self.front.rows > 0 { &self.front } else { &self.history }
    }

    /// Names of the objectives and constraints, in order.
    pub fn objectives(&self) -> Vec<&str> {
        let names = self.history.numbers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !BOOKKEEPING.contains(name) && !is_parameter(name)).collect()
    }

    /// How often each operator made a candidate, and how many of those kept all seeds: name, made, kept.
    pub fn operators(&self) -> Vec<(String, usize, usize)> {
        let mut counted: Vec<(String, usize, usize)> = Vec::new();
        let (Some(names), Some(dismissed)) = (self.history.text("operator"), self.history.number("dismissed")) else {
            return counted;
        };
        for (name, dismissed) in names.iter().zip(dismissed) {
            let kept = usize::from(*dismissed == 0.0);
            match counted.iter_mut().find(|(known, ..)| known == name) {
                Some(entry) => (entry.1, entry.2) = (entry.1 + 1, entry.2 + kept),
                None => counted.push((name.clone(), 1, kept)),
            }
        }
        counted
    }

    /// The ancestors of a candidate, itself first, breadth first, at most `most`: rows of the history.
    pub fn ancestors(&self, row: usize, most: usize) -> Vec<usize> {
        let ids = self.history.number("id").unwrap_or_default();
        let place = |id: f64| ids.iter().position(|known| *known == id);
        let mut found = vec![row];
        let mut next = 0;
        while next < found.len() && found.len() < most {
            for parent in ["parent_1", "parent_2"] {
                let parent = self.history.number(parent).and_then(|values| values.get(found[next])).copied();
                if let Some(parent) = parent.filter(|parent| parent.is_finite()).and_then(place)
                    && !found.contains(&parent)
                {
                    found.push(parent);
                }
            }
            next += 1;
        }
        found.truncate(most);
        found
    }

    /// The parameters of a candidate: name and value as a stack file has them; those that do not matter are left out.
    pub fn parameters(&self, finalists: bool, row: usize) -> Vec<(String, String)> {
        let columns = self.candidates(finalists);
        let numbers = columns.numbers.iter().filter(|(name, _)| is_parameter(name)).filter_map(|(name, values)| {
            let value = *values.get(row)?;
            value.is_finite().then(|| (name.clone(), value.to_string()))
        });
        let texts = columns.texts.iter().filter(|(name, _)| is_parameter(name)).filter_map(|(name, values)| {
            let value = values.get(row).filter(|value| !value.is_empty())?;
            Some((name.clone(), value.clone()))
        });
        numbers.chain(texts).collect()
    }
}

/// Parameters are named `component.parameter`; constraints have spaces around what they compare.
fn is_parameter(name: &str) -> bool {
    name.contains('.') && !name.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> Search {
        let number = |name: &str, values: &[f64]| (name.to_owned(), values.to_vec());
        let history = Columns {
            rows: 4,
            numbers: vec![
                number("id", &[0.0, 1.0, 2.0, 3.0]),
                number("parent_1", &[f64::NAN, f64::NAN, 0.0, 2.0]),
                number("parent_2", &[f64::NAN, f64::NAN, 1.0, f64::NAN]),
                number("dismissed", &[0.0, 1.0, 0.0, 0.0]),
                number("detection_p99", &[2.0, 3.0, 1.5, 1.2]),
                number("availability >= 0.99", &[0.0, 0.1, 0.0, 0.0]),
                number("health.timeout", &[0.5, 1.0, f64::NAN, 0.7]),
            ],
            texts: vec![
                ("operator".to_owned(), ["founder", "founder", "sbx", "mutation"].map(str::to_owned).to_vec()),
                ("health.detector".to_owned(), ["timeout", "timeout", "phi_normal", ""].map(str::to_owned).to_vec()),
            ],
        };
        Search { history, ..Search::default() }
    }

    #[test]
    fn objectives_are_told_from_parameters_and_bookkeeping() {
        assert_eq!(search().objectives(), ["detection_p99", "availability >= 0.99"]);
        assert_eq!(search().parameters(false, 2), [("health.detector".to_owned(), "phi_normal".to_owned())]);
    }

    #[test]
    fn a_candidate_has_its_ancestors_each_once() {
        assert_eq!(search().ancestors(3, 10), [3, 2, 0, 1]);
        assert_eq!(search().ancestors(3, 2), [3, 2]);
    }

    #[test]
    fn operators_are_counted_with_what_they_made() {
        assert_eq!(search().operators()[0], ("founder".to_owned(), 2, 1));
    }
}
