//! A search for better configurations: how it converged, every candidate, and its front; read from the folder in which it is kept, whether it has ended or not.

mod brush;
mod difference;
mod progress;

use std::path::{Path, PathBuf};

use hms_lab::results::{Columns, ResultsError};
use hms_lab::trial::DEFINITIONS;

pub use brush::{Brush, brushed};
pub use difference::{Differing, differences};
pub use progress::{OperatorRates, Spread, best_of_generations};

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
    /// The last generation that is complete.
    pub generation: Option<u64>,
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
    /// What each operator made, generation by generation.
    pub operators: Vec<OperatorRates>,
    /// How the first target was spread over the candidates of each generation.
    pub spread: Vec<Spread>,
    /// Least and greatest value of each column of numbers of the history, and of the front.
    ranges: [Vec<Option<(f64, f64)>>; 2],
}

/// Columns that describe a candidate and are neither objectives nor parameters.
const BOOKKEEPING: [&str; 8] = ["id", "generation", "parent_1", "parent_2", "replicates", "dismissed", "again", "front"];

impl Search {
    /// Whether a folder holds a search.
    pub fn is_in(folder: &Path) -> bool {
        TABLES[..2].iter().all(|name| folder.join(name).is_file())
    }

    /// Whether a folder holds a search that was stopped before its first generation was complete.
    pub fn is_begun_in(folder: &Path) -> bool {
        !Search::is_in(folder) && ["campaign.toml", "cells.bin"].iter().all(|name| folder.join(name).is_file())
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub fn read(folder: &Path) -> Result<Search, ResultsError> {
        let [generations, history, front] = TABLES.map(|name| folder.join(name));
        let front = if front.is_file() { Columns::read(&front)? } else { Columns::default() };
        Ok(Search::of(folder.to_owned(), Columns::read(&generations)?, Columns::read(&history)?, front))
    }

    /// Of these tables.
    pub fn of(folder: PathBuf, generations: Columns, history: Columns, front: Columns) -> Search {
        let ranges = [ranges(&history), ranges(&front)];
        let mut search = Search { folder, generations, history, front, ranges, ..Search::default() };
        search.operators = progress::operators(&search.history);
        search.spread = search.objectives().first().map_or_else(Vec::new, |name| progress::spread(&search.history, name));
        search
    }

    /// Whether the finalists are shown, where they are wanted.
    fn shows_front(&self, finalists: bool) -> bool {
        finalists && self.front.rows > 0
    }

    /// Least and greatest value of a column; none without a number in it.
    pub fn range(&self, finalists: bool, name: &str) -> Option<(f64, f64)> {
        let place = self.candidates(finalists).numbers.iter().position(|(known, _)| known == name)?;
        self.ranges[usize::from(self.shows_front(finalists))].get(place).copied().flatten()
    }

    /// Parameters that are numbers and differ between candidates, in order.
    pub fn varying(&self, finalists: bool) -> Vec<&str> {
        let columns = self.candidates(finalists).numbers.iter().zip(&self.ranges[usize::from(self.shows_front(finalists))]);
        let varies = |range: &Option<(f64, f64)>| range.is_some_and(|(low, high)| high > low);
        columns.filter(|((name, _), range)| is_parameter(name) && varies(range)).map(|((name, _), _)| name.as_str()).collect()
    }

    /// What is shown as the set of candidates: the finalists where there are any, else every candidate.
    pub fn candidates(&self, finalists: bool) -> &Columns {
        if self.shows_front(finalists) { &self.front } else { &self.history }
    }

    /// Names of the objectives and constraints, in order.
    pub fn objectives(&self) -> Vec<&str> {
        let names = self.history.numbers.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !BOOKKEEPING.contains(name) && !is_parameter(name)).collect()
    }

    /// The ancestors of a candidate, itself first, breadth first, at most `most`: rows of the history.
    pub fn ancestors(&self, row: usize, most: usize) -> Vec<usize> {
        let ids = self.history.number("id").unwrap_or_default();
        // Candidates are told in the order of their numbers.
        let place = |id: f64| Some(ids.partition_point(|known| *known < id)).filter(|place| ids.get(*place) == Some(&id));
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

fn ranges(columns: &Columns) -> Vec<Option<(f64, f64)>> {
    let range = |values: &[f64]| {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        Some((finite().reduce(f64::min)?, finite().reduce(f64::max)?))
    };
    columns.numbers.iter().map(|(_, values)| range(values)).collect()
}

/// Whether more of an objective is better, be it a mean or a tail (`quantile(0.95, goodput)`); of a weighted sum of losses, less is.
pub fn is_maximised(objective: &str) -> bool {
    let inner = objective.strip_suffix(')').and_then(|open| open.rsplit_once(", ")).map_or(objective, |(_, name)| name);
    DEFINITIONS.iter().any(|definition| definition.name == inner && definition.maximise)
}

/// Constraints compare, and hold where they are missed by nothing.
fn is_constraint(name: &str) -> bool {
    name.contains("<=") || name.contains(">=")
}

/// Parameters are named `component.parameter`; there are spaces in constraints and tails.
fn is_parameter(name: &str) -> bool {
    name.contains('.') && !name.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn search() -> Search {
        let number = |name: &str, values: &[f64]| (name.to_owned(), values.to_vec());
        let history = Columns {
            rows: 4,
            numbers: vec![
                number("id", &[0.0, 1.0, 2.0, 3.0]),
                number("generation", &[0.0, 0.0, 1.0, 1.0]),
                number("parent_1", &[f64::NAN, f64::NAN, 0.0, 2.0]),
                number("parent_2", &[f64::NAN, f64::NAN, 1.0, f64::NAN]),
                number("dismissed", &[0.0, 1.0, 0.0, 0.0]),
                number("detection_p99", &[2.0, 3.0, 1.5, 1.2]),
                number("availability >= 0.99", &[0.0, 0.1, 0.0, 0.2]),
                number("health.heartbeat", &[0.5, 1.0, f64::NAN, 0.7]),
                number("health.window", &[200.0; 4]),
            ],
            texts: vec![
                ("operator".to_owned(), ["founder", "founder", "sbx", "mutation"].map(str::to_owned).to_vec()),
                ("health.detector".to_owned(), ["timeout", "timeout", "phi_normal", ""].map(str::to_owned).to_vec()),
            ],
        };
        Search::of(PathBuf::new(), Columns::default(), history, Columns::default())
    }

    #[test]
    fn objectives_are_told_from_parameters_and_bookkeeping() {
        assert_eq!(search().objectives(), ["detection_p99", "availability >= 0.99"]);
        let parameters = search().parameters(false, 2);
        assert_eq!(parameters[0], ("health.window".to_owned(), "200".to_owned()));
        assert_eq!(parameters[1], ("health.detector".to_owned(), "phi_normal".to_owned()));
    }

    #[test]
    fn tails_are_objectives_in_the_direction_of_what_is_in_them() {
        assert!(!is_constraint("quantile(0.95, goodput)") && is_constraint("P(false_positives <= 1) >= 0.9"));
        assert!(is_maximised("goodput") && is_maximised("quantile(0.95, goodput)") && !is_maximised("cvar(0.9, cost)"));
    }

    #[test]
    fn what_differs_between_candidates_is_offered_as_an_axis() {
        assert_eq!(search().varying(false), ["health.heartbeat"]);
        assert_eq!(search().range(false, "health.heartbeat"), Some((0.5, 1.0)));
        assert_eq!(search().range(false, "health.no"), None);
    }

    #[test]
    fn a_candidate_has_its_ancestors_each_once() {
        assert_eq!(search().ancestors(3, 10), [3, 2, 0, 1]);
        assert_eq!(search().ancestors(3, 2), [3, 2]);
    }

    #[test]
    fn a_search_that_was_stopped_at_once_is_known_as_such() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["campaign.toml", "cells.bin"] {
            assert!(!Search::is_begun_in(folder.path()));
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(Search::is_begun_in(folder.path()));
    }
}
