//! Virtual machines that should be equally fast (Freischuetz et al., TUNA, EuroSys 2025; Azure VM Noise Dataset 2024).
//!
//! One file is one benchmark on one size of machine: repeated measurements (a rate: more is better) with the machine's number. A
//! machine's speed is its mean over the median of all measurements, so 1 is usual and 0.5 is half as fast.

use std::collections::BTreeMap;

use crate::DatasetError;
use crate::table::{self, Shape};

pub(super) const HEADER: &str = "value,runtime,starttime,VM_id";

const SHAPE: Shape = Shape {
    columns: &["value", "runtime", "starttime", "VM_id"],
    required: 4,
    fix: "take one of the CSV files of the data set's vm-noise-data folder",
};

/// How fast one machine was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeSpeed {
    /// The source's number of the machine.
    pub node: u32,
    /// Measurements.
    pub count: usize,
    /// Mean over the median of all machines' measurements: 1 is usual.
    pub mean: f64,
    /// Standard deviation of the machine's own measurements, in the same unit.
    pub deviation: f64,
}

pub(super) fn import(text: &str) -> Result<Vec<NodeSpeed>, DatasetError> {
    let mut nodes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    table::read(text, &SHAPE, |row| {
        let value = row.number(0)?;
        if value <= 0.0 {
            return Err(row.error(0, "a rate above 0", "remove failed measurements"));
        }
        nodes.entry(row.whole(3)?).or_default().push(value);
        Ok(())
    })?;
    let mut all: Vec<f64> = nodes.values().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let Some(usual) = all.get(all.len() / 2).copied() else {
        return Err(DatasetError::Empty { expected: "measurements".to_owned() });
    };
    let speeds = nodes.into_iter().map(|(node, values)| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        NodeSpeed { node, count: values.len(), mean: mean / usual, deviation: libm::sqrt(squares / count) / usual }
    });
    Ok(speeds.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_compared_with_the_median_of_all() {
        let text = format!("{HEADER}\n100,1,t,0\n100,1,t,0\n40,1,t,7\n60,1,t,7\n100,1,t,2\n");
        let speeds = import(&text).unwrap();
        assert_eq!(speeds[1], NodeSpeed { node: 2, count: 1, mean: 1.0, deviation: 0.0 });
        assert_eq!(speeds[2], NodeSpeed { node: 7, count: 2, mean: 0.5, deviation: 0.1 });
    }
}
