//! JSON lines.

use std::io::Write;

use polars::prelude::{JsonFormat, JsonWriter, SerWriter};

use super::{ExportError, batches};
use crate::results::{Results, Table};

pub(super) fn write(results: &Results, table: Table, out: &mut dyn Write) -> Result<(), ExportError> {
    batches(results, table, |mut frame| {
        JsonWriter::new(&mut *out).with_json_format(JsonFormat::JsonLines).finish(&mut frame)?;
        Ok(())
    })
}
