//! Comma-separated values.

use std::io::Write;

use polars::prelude::{CsvWriter, SerWriter};

use super::{ExportError, batches};
use crate::results::{Results, Table};

pub(super) fn write(results: &Results, table: Table, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut header = true;
    batches(results, table, |mut frame| {
        CsvWriter::new(&mut *out).include_header(header).finish(&mut frame)?;
        header = false;
        Ok(())
    })
}
