//! Round-trip times between AWS regions, by `ping` (Enes et al., EuroSys 2021, artifact fantoch, 5 June 2020).
//!
//! The diagonal is between two machines of one region.

use hms_machine::Duration;

use crate::DatasetError;
use crate::decimal::Unit;
use crate::rtt::{Names, Rtt, RttMatrix};
use crate::table::{self, Shape};

pub(super) const HEADER: &str = "set,from,to,min_ms,avg_ms,max_ms,mdev_ms";

const SHAPE: Shape = Shape {
    columns: &["set", "from", "to", "min_ms", "avg_ms", "max_ms", "mdev_ms"],
    required: 7,
    fix: "write one row per line `min/avg/max/mdev:to` of the files <from>.dat",
};

pub(super) fn import(text: &str) -> Result<RttMatrix, DatasetError> {
    let mut names = Names::default();
    let mut cells = Vec::new();
    table::read(text, &SHAPE, |row| {
        let pair = (names.index(row.text(1)), names.index(row.text(2)));
        let time = |index| Ok::<_, DatasetError>(Duration::from_nanos(row.nanos(index, Unit::Millis)?));
        cells.push((pair, Rtt { mean: time(4)?, min: Some(time(3)?), max: Some(time(5)?), deviation: Some(time(6)?) }));
        Ok(())
    })?;
    let mut matrix = RttMatrix::empty(names.in_order);
    for ((from, to), rtt) in cells {
        matrix.set(from, to, Some(rtt));
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_a_cell() {
        let text = format!("{HEADER}\ns,af-south-1,eu-west-2,142.423,142.524,147.502,0.440\n");
        let expected = "from,to,rtt_ms,min_ms,max_ms,mdev_ms\naf-south-1,eu-west-2,142.524,142.423,147.502,0.440\n";
        assert_eq!(import(&text).unwrap().to_csv(), expected);
    }
}
