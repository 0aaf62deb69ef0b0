//! The first row in which a stored trace and that of a rerun differ.

use hms_trial::Outcome;
use polars::prelude::*;

use super::RowDifference;
use crate::inputs::Inputs;
use crate::results::{Results, Table, trace_frame};

/// Rows compared at a time.
const BATCH_ROWS: usize = 1 << 16;

/// The first different row; `None` if there is none, or if the stored trace cannot be read (the report has told then that its file was changed).
pub(super) fn first_difference(results: &Results, inputs: &Inputs, outcome: &Outcome) -> Option<RowDifference> {
    let trace = &outcome.recorder.trace;
    let mut first = 0;
    loop {
        let stored = results.rows(Table::Events, first, BATCH_ROWS).ok()?;
        let upto = trace.len().min(first + BATCH_ROWS);
        let rerun = trace_frame(inputs.run_id(), &trace[first.min(upto)..upto]);
        if let Some(row) = different_row(&stored, &rerun) {
            let row_in = |frame: &DataFrame| (row < frame.height()).then(|| show(frame, row));
            return Some(RowDifference { row: (first + row) as u64, stored: row_in(&stored), rerun: row_in(&rerun) });
        }
        if stored.height() < BATCH_ROWS {
            return None;
        }
        first += BATCH_ROWS;
    }
}

fn different_row(stored: &DataFrame, rerun: &DataFrame) -> Option<usize> {
    let common = stored.height().min(rerun.height());
    let unequal = compared(stored).zip(compared(rerun)).filter_map(|(stored, rerun)| {
        let (stored, rerun) = (stored.slice(0, common), rerun.slice(0, common));
        let unequal = stored.as_materialized_series().not_equal_missing(rerun.as_materialized_series());
        unequal.expect("columns of one type and length").first_true_idx()
    });
    unequal.min().or((stored.height() != rerun.height()).then_some(common))
}

/// The columns that tell what happened. The id of the run is another as soon as a text was changed.
fn compared(frame: &DataFrame) -> impl Iterator<Item = &Column> {
    frame.columns().iter().filter(|column| column.name() != "run_id")
}

/// The values of a row that are not null.
fn show(frame: &DataFrame, row: usize) -> String {
    let value = |column: &Column| match column.get(row).expect("the row is in the frame") {
        AnyValue::Null => None,
        AnyValue::String(text) => Some(format!("{} {text}", column.name())),
        other => Some(format!("{} {other}", column.name())),
    };
    compared(frame).filter_map(value).collect::<Vec<_>>().join(", ")
}
