//! Squares of round-trip times without names (Zhu et al., "Network Latency Estimation for Personal Devices", IEEE/ACM ToN 25, 2017).
//!
//! PlanetLab: 490 hosts, milliseconds, symmetric. Seattle: 99 devices, seconds, a new square for each time slice, not symmetric. In
//! both a zero is a missing measurement, and the diagonal is no measurement at all: it is left out. Hosts are called `h000`, `h001` …

use hms_machine::Duration;

use crate::DatasetError;
use crate::decimal::{self, Unit};
use crate::rtt::{Rtt, RttMatrix};

/// Which of the two squares.
pub(super) struct Square {
    unit: Unit,
}

pub(super) const PLANETLAB: Square = Square { unit: Unit::Millis };
pub(super) const SEATTLE: Square = Square { unit: Unit::Seconds };

pub(super) fn import(text: &str, square: &Square) -> Result<RttMatrix, DatasetError> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.trim_end().split('\t').collect()).collect();
    let size = rows.len();
    if size == 0 {
        return Err(DatasetError::Empty { expected: "a square of tab-separated numbers".to_owned() });
    }
    let mut matrix = RttMatrix::empty((0..size).map(|host| format!("h{host:03}")).collect());
    for (from, row) in rows.iter().enumerate() {
        let line = from as u64 + 1;
        if row.len() != size {
            let fix = "the file must be square: as many tab-separated columns as lines".to_owned();
            return Err(DatasetError::Columns { line, expected: size, found: row.len(), fix });
        }
        for (to, text) in row.iter().enumerate() {
            let nanos = decimal::parse(text.trim(), square.unit).ok_or_else(|| DatasetError::Field {
                line,
                column: (to + 1).to_string(),
                expected: format!("a number of {}, 0 or more", square.unit.name()),
                found: (*text).to_owned(),
                fix: "0 is a missing measurement".to_owned(),
            })?;
            if nanos > 0 && from != to {
                matrix.set(from, to, Some(Rtt::of(Duration::from_nanos(nanos))));
            }
        }
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_the_diagonal_are_missing() {
        let matrix = import("0.4\t0.17\n0\t0\n", &SEATTLE).unwrap();
        assert_eq!(matrix.to_csv(), "from,to,rtt_ms,min_ms,max_ms,mdev_ms\nh000,h001,170.000,,,\n");
        assert_eq!(matrix.missing(), [(1, 0)]);
    }

    #[test]
    fn what_is_not_square_is_refused() {
        let error = import("0\t1\n1\n", &PLANETLAB).unwrap_err().to_string();
        assert!(error.starts_with("line 2: expected 2 columns, found 1"), "{error}");
    }
}
