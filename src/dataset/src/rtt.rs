//! Round-trip times between regions or hosts.
//!
//! Picture a square table: row = who asks, column = who answers, cell = how long the question and its answer take. The two
//! directions may differ; one-way delays are taken as half a round trip by those who use it. Cells may be missing, also on
//! the diagonal (within a region), because sources leave them out; see [`RttMatrix::completed`].
//!
//! The canonical CSV has one line per cell: `from,to,rtt_ms,min_ms,max_ms,mdev_ms`, milliseconds; the last three columns may
//! be missing, or empty in any row. A pair without a line is a missing cell. Names are in order of first appearance.

use std::collections::BTreeMap;

use hms_machine::Duration;

use crate::DatasetError;
use crate::decimal::{self, Unit};
use crate::table::{self, Shape};

/// One cell: a round-trip time and, where the source tells, how it varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtt {
    /// Mean, or the only measurement.
    pub mean: Duration,
    /// Smallest measurement.
    pub min: Option<Duration>,
    /// Largest measurement.
    pub max: Option<Duration>,
    /// `ping`'s mdev, the standard deviation of the measurements.
    pub deviation: Option<Duration>,
}

/// Round-trip times between named places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RttMatrix {
    names: Vec<String>,
    /// Row by row.
    cells: Vec<Option<Rtt>>,
}

const COLUMNS: [&str; 6] = ["from", "to", "rtt_ms", "min_ms", "max_ms", "mdev_ms"];
const SHAPE: Shape = Shape { columns: &COLUMNS, required: 3, fix: "convert other formats with `hms dataset import`" };

impl Rtt {
    /// A single figure.
    pub const fn of(mean: Duration) -> Self {
        Rtt { mean, min: None, max: None, deviation: None }
    }
}

impl RttMatrix {
    /// A matrix without any cell.
    pub fn empty(names: Vec<String>) -> Self {
        let cells = vec![None; names.len() * names.len()];
        RttMatrix { names, cells }
    }

    /// The places, in the order of rows and columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True for a matrix of no places.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Row and column of a place.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The cell of row `from` and column `to`; `None` where it is missing.
    ///
    /// # Panics
    /// When an index is not below [`RttMatrix::len`].
    pub fn get(&self, from: usize, to: usize) -> Option<Rtt> {
        assert!(from < self.len() && to < self.len(), "cell {from},{to} of a {0} x {0} matrix", self.len());
        self.cells[from * self.len() + to]
    }

    /// Puts a cell.
    ///
    /// # Panics
    /// When an index is not below [`RttMatrix::len`].
    pub fn set(&mut self, from: usize, to: usize, rtt: Option<Rtt>) {
        let size = self.len();
        assert!(from < size && to < size, "cell {from},{to} of a {size} x {size} matrix");
        self.cells[from * size + to] = rtt;
    }

    /// Reads the canonical CSV.
    ///
    /// # Errors
    /// [`DatasetError`] with line and column for a wrong header, a field that is not of its type, and a pair that was there before.
    pub fn from_csv(text: &str) -> Result<Self, DatasetError> {
        let mut names = Names::default();
        let mut entries = Vec::new();
        table::read(text, &SHAPE, |row| {
            let pair = (names.index(row.text(0)), names.index(row.text(1)));
            let optional = |index| Ok::<_, DatasetError>(row.optional_nanos(index, Unit::Millis)?.map(Duration::from_nanos));
            let mean = Duration::from_nanos(row.nanos(2, Unit::Millis)?);
            entries.push((row.line, pair, Rtt { mean, min: optional(3)?, max: optional(4)?, deviation: optional(5)? }));
            Ok(())
        })?;
        let mut matrix = RttMatrix::empty(names.in_order);
        for (line, (from, to), rtt) in entries {
            if matrix.get(from, to).is_some() {
                return Err(DatasetError::Field {
                    line,
                    column: "to".to_owned(),
                    expected: "every pair once".to_owned(),
                    found: format!("{},{} again", matrix.names[from], matrix.names[to]),
                    fix: "remove one of the two rows".to_owned(),
                });
            }
            matrix.set(from, to, Some(rtt));
        }
        Ok(matrix)
    }

    /// Writes the canonical CSV, row by row, without lines for missing cells. Reading it gives the same matrix if every place has a
    /// cell and the first row or column is full, so that the order of appearance is that of the names.
    pub fn to_csv(&self) -> String {
        let write = |time: Option<Duration>| time.map(|time| decimal::write(time.as_nanos(), Unit::Millis)).unwrap_or_default();
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(COLUMNS).expect("memory takes any row");
        for (index, rtt) in self.cells.iter().enumerate() {
            let Some(Rtt { mean, min, max, deviation }) = *rtt else { continue };
            let (from, to) = (index / self.len(), index % self.len());
            let figures = [write(Some(mean)), write(min), write(max), write(deviation)];
            let names = [self.names[from].clone(), self.names[to].clone()];
            writer.write_record(names.iter().chain(&figures)).expect("memory takes any row");
        }
        String::from_utf8(writer.into_inner().expect("memory takes any row")).expect("rows are text")
    }

    /// The matrix of the named places, in the order given; `None` if one is unknown.
    pub fn subset(&self, names: &[&str]) -> Option<RttMatrix> {
        let indices: Vec<usize> = names.iter().map(|name| self.index(name)).collect::<Option<_>>()?;
        let mut subset = RttMatrix::empty(names.iter().map(|name| (*name).to_owned()).collect());
        for (row, from) in indices.iter().enumerate() {
            for (column, to) in indices.iter().enumerate() {
                subset.set(row, column, self.get(*from, *to));
            }
        }
        Some(subset)
    }

    /// The pair whose directions differ most: row, column, and the difference as a share of the larger mean. `None` where every pair with both
    /// cells is equal in both directions. Pairs with a missing cell are not compared.
    pub fn asymmetry(&self) -> Option<(usize, usize, f64)> {
        let mut worst: Option<(usize, usize, f64)> = None;
        for (from, to) in (0..self.len()).flat_map(|from| (0..from).map(move |to| (from, to))) {
            let (Some(there), Some(back)) = (self.get(from, to), self.get(to, from)) else { continue };
            let (small, large) = (there.mean.min(back.mean), there.mean.max(back.mean));
            let share = (large - small).as_secs_f64() / large.as_secs_f64();
            if small < large && worst.is_none_or(|(_, _, most)| share > most) {
                worst = Some((to, from, share));
            }
        }
        worst
    }

    /// Pairs of different places whose cell is missing.
    pub fn missing(&self) -> Vec<(usize, usize)> {
        let pairs = (0..self.len()).flat_map(|from| (0..self.len()).map(move |to| (from, to)));
        pairs.filter(|(from, to)| from != to && self.get(*from, *to).is_none()).collect()
    }

    /// Fills missing cells off the diagonal: by the other direction if that is there, else by the shortest way over one other place.
    /// What neither can fill stays missing: ask [`RttMatrix::missing`]. The diagonal stays as it is: what a message within a place takes is for the
    /// scenario to say.
    pub fn completed(&self) -> RttMatrix {
        let mut completed = self.clone();
        for (from, to) in self.missing() {
            let mean = |from, to| self.get(from, to).map(|rtt| rtt.mean);
            let way = |over: usize| Some(mean(from, over)? + mean(over, to)?);
            let over_others = || (0..self.len()).filter(|over| *over != from && *over != to).filter_map(way).min().map(Rtt::of);
            completed.set(from, to, self.get(to, from).or_else(over_others));
        }
        completed
    }
}

/// Names in the order in which they appear first.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) in_order: Vec<String>,
    indices: BTreeMap<String, usize>,
}

impl Names {
    pub(crate) fn index(&mut self, name: &str) -> usize {
        *self.indices.entry(name.to_owned()).or_insert_with(|| {
            self.in_order.push(name.to_owned());
            self.in_order.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "from,to,rtt_ms,min_ms,max_ms,mdev_ms\n\
        a,a,0.079,0.066,0.159,0.008\n\
        a,b,142.524,,,\n\
        a,c,30.000,,,\n\
        b,a,142.524,,,\n\
        c,b,100.000,,,\n";

    fn millis(millis: u64) -> Rtt {
        Rtt::of(Duration::from_millis(millis))
    }

    #[test]
    fn a_matrix_is_read_as_it_was_written() {
        let matrix = RttMatrix::from_csv(TEXT).unwrap();
        assert_eq!(matrix.names(), ["a", "b", "c"]);
        assert_eq!(matrix.get(0, 0).unwrap().deviation, Some(Duration::from_micros(8)));
        assert_eq!(matrix.to_csv(), TEXT);
    }

    #[test]
    fn three_columns_are_enough() {
        let matrix = RttMatrix::from_csv("from,to,rtt_ms\na,b,10\n").unwrap();
        assert_eq!(matrix.get(0, 1), Some(millis(10)));
    }

    #[test]
    fn missing_cells_are_filled_by_the_other_direction_then_by_a_detour() {
        let matrix = RttMatrix::from_csv(TEXT).unwrap();
        assert_eq!(matrix.missing(), [(1, 2), (2, 0)]);
        let completed = matrix.completed();
        assert_eq!(completed.get(1, 2), Some(millis(100)));
        assert_eq!(completed.get(2, 0), Some(millis(30)));
        assert_eq!(completed.get(1, 1), None);

        let detour = RttMatrix::from_csv("from,to,rtt_ms\na,b,10\nb,c,5\n").unwrap().completed();
        assert_eq!(detour.get(0, 2), Some(millis(15)));
        assert_eq!(detour.missing(), [(2, 0)]);
    }

    #[test]
    fn the_most_asymmetric_pair_is_found() {
        let matrix = RttMatrix::from_csv("from,to,rtt_ms\na,b,10\nb,a,8\na,c,5\nc,a,5\n").unwrap();
        let (from, to, share) = matrix.asymmetry().unwrap();
        assert_eq!((from, to), (0, 1));
        assert!((share - 0.2).abs() < 1e-12);
        assert_eq!(matrix.subset(&["c", "a"]).unwrap().asymmetry(), None);
    }

    #[test]
    fn a_pair_that_stands_twice_is_named() {
        let error = RttMatrix::from_csv("from,to,rtt_ms\na,b,10\na,b,11\n").unwrap_err().to_string();
        assert_eq!(error, "line 3, column `to`: expected every pair once, found `a,b again`; remove one of the two rows");
    }
}
