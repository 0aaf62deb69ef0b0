//! Request rates: how many requests came in each second, or when each one came.
//!
//! [`CountSeries`] is for open-loop load that follows a day: one whole number per line, line k is second k. [`Arrivals`] is for
//! load whose single requests matter: comma-separated `time_s,service_s,size`, times never going backwards.

use hms_machine::{Duration, Instant};

use crate::DatasetError;
use crate::decimal::{self, Unit};
use crate::table::{self, Shape};

/// Requests in each second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountSeries {
    /// Requests in second 0, 1, 2 …
    pub counts: Vec<u32>,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it came, since the start of the series.
    pub time: Instant,
    /// How long serving it took, where the source tells.
    pub service: Option<Duration>,
    /// How large it was (tokens, bytes: the source's unit), where the source tells.
    pub size: Option<u64>,
}

/// Requests in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    arrivals: Vec<Arrival>,
}

impl CountSeries {
    /// Reads one whole number per line; empty lines and lines that start with `#` do not count.
    ///
    /// # Errors
    /// [`DatasetError`] for a line that is not a whole number below 2^32, and for a file without any.
    pub fn parse(text: &str) -> Result<Self, DatasetError> {
        let mut counts = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let count = line.parse().map_err(|_| DatasetError::Field {
                line: index as u64 + 1,
                column: "1".to_owned(),
                expected: "one whole number: the requests of one second".to_owned(),
                found: line.to_owned(),
                fix: "write one number per line; convert other formats with `hms dataset import`".to_owned(),
            })?;
            counts.push(count);
        }
        if counts.is_empty() {
            return Err(DatasetError::Empty { expected: "one whole number per line, the requests of one second".to_owned() });
        }
        Ok(CountSeries { counts })
    }

    /// One number per line.
    pub fn to_text(&self) -> String {
        self.counts.iter().map(|count| format!("{count}\n")).collect()
    }

    /// Length of the series.
    pub fn length(&self) -> Duration {
        Duration::from_secs(self.counts.len() as u64)
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// Requests per second on average; zero for an empty series.
    pub fn mean(&self) -> f64 {
        self.total() as f64 / self.counts.len().max(1) as f64
    }

    /// Requests of the busiest second.
    pub fn peak(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// The seconds `from` to `from + length`, as far as the series goes.
    pub fn window(&self, from: usize, length: usize) -> CountSeries {
        let start = from.min(self.counts.len());
        let end = from.saturating_add(length).min(self.counts.len());
        CountSeries { counts: self.counts[start..end].to_vec() }
    }
}

const COLUMNS: [&str; 3] = ["time_s", "service_s", "size"];
const SHAPE: Shape = Shape { columns: &COLUMNS, required: 1, fix: "convert other formats with `hms dataset import`" };

impl Arrivals {
    /// Requests in order of time; those of one instant keep their order.
    pub fn new(mut arrivals: Vec<Arrival>) -> Self {
        arrivals.sort_by_key(|arrival| arrival.time);
        Arrivals { arrivals }
    }

    /// The requests, in order of time.
    pub fn as_slice(&self) -> &[Arrival] {
        &self.arrivals
    }

    /// Reads `time_s,service_s,size`; the second and third column may be missing, or empty in any row.
    ///
    /// # Errors
    /// [`DatasetError`] with line and column for a wrong header, a field that is not of its type, and times that go backwards.
    pub fn from_csv(text: &str) -> Result<Self, DatasetError> {
        let mut arrivals: Vec<Arrival> = Vec::new();
        table::read(text, &SHAPE, |row| {
            let time = Instant::from_nanos(row.nanos(0, Unit::Seconds)?);
            if let Some(previous) = arrivals.last().filter(|previous| previous.time > time) {
                return Err(DatasetError::Order {
                    line: row.line,
                    column: COLUMNS[0].to_owned(),
                    found: row.text(0).to_owned(),
                    previous: decimal::write(previous.time.as_nanos(), Unit::Seconds),
                });
            }
            let service = row.optional_nanos(1, Unit::Seconds)?.map(Duration::from_nanos);
            let size = if row.text(2).is_empty() { None } else { Some(row.whole(2)?) };
            arrivals.push(Arrival { time, service, size });
            Ok(())
        })?;
        Ok(Arrivals { arrivals })
    }

    /// Writes `time_s,service_s,size`. Reading it gives the same requests.
    pub fn to_csv(&self) -> String {
        let mut text = format!("{}\n", COLUMNS.join(","));
        for arrival in &self.arrivals {
            let time = decimal::write(arrival.time.as_nanos(), Unit::Seconds);
            let service = arrival.service.map(|service| decimal::write(service.as_nanos(), Unit::Seconds)).unwrap_or_default();
            let size = arrival.size.map(|size| size.to_string()).unwrap_or_default();
            text.push_str(&format!("{time},{service},{size}\n"));
        }
        text
    }

    /// Requests in each second from zero to the last arrival.
    pub fn counts(&self) -> CountSeries {
        let second = |arrival: &Arrival| (arrival.time.as_nanos() / 1_000_000_000) as usize;
        let mut counts = vec![0; self.arrivals.last().map_or(0, |last| second(last) + 1)];
        for arrival in &self.arrivals {
            counts[second(arrival)] += 1;
        }
        CountSeries { counts }
    }

    /// Times between neighbouring arrivals in seconds: what [`crate::fit::fit`] takes.
    pub fn gaps(&self) -> Vec<f64> {
        self.arrivals.windows(2).map(|pair| (pair[1].time - pair[0].time).as_secs_f64()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_they_were_written() {
        let series = CountSeries { counts: vec![3, 0, 17] };
        assert_eq!(CountSeries::parse(&series.to_text()), Ok(series.clone()));
        assert_eq!((series.total(), series.peak(), series.length()), (20, 17, Duration::from_secs(3)));
        assert_eq!(series.window(1, 9).counts, [0, 17]);
    }

    #[test]
    fn a_line_that_is_no_count_is_named() {
        let error = CountSeries::parse("# per second\n3\n\n-1\n").unwrap_err().to_string();
        assert!(error.starts_with("line 4, column `1`: expected one whole number"), "{error}");
        assert!(matches!(CountSeries::parse("# nothing\n"), Err(DatasetError::Empty { .. })));
    }

    #[test]
    fn arrivals_are_read_as_they_were_written_and_counted_by_second() {
        let text = "time_s,service_s,size\n0.000,0.078,\n0.999999999,,44\n2.500,,\n";
        let arrivals = Arrivals::from_csv(text).unwrap();
        assert_eq!(arrivals.to_csv(), text);
        assert_eq!(arrivals.counts().counts, [2, 0, 1]);
        assert_eq!(arrivals.gaps(), [0.999_999_999, 1.500_000_001]);
    }

    #[test]
    fn a_file_of_times_alone_will_do() {
        let arrivals = Arrivals::from_csv("time_s\n1\n2\n").unwrap();
        assert_eq!(arrivals.as_slice()[1], Arrival { time: Instant::from_nanos(2_000_000_000), service: None, size: None });
    }

    #[test]
    fn arrivals_that_go_backwards_are_named() {
        let error = Arrivals::from_csv("time_s\n2\n1\n").unwrap_err().to_string();
        assert_eq!(error, "line 3, column `time_s`: times must not go backwards, found 1 after 2.000; sort the rows by `time_s`");
    }
}
