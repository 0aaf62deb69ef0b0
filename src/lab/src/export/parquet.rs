//! Parquet: the file of the folder, byte for byte.

use std::fs::File;
use std::io::{self, Write};

use super::ExportError;
use crate::results::{Results, ResultsError, Table};

pub(super) fn write(results: &Results, table: Table, out: &mut dyn Write) -> Result<(), ExportError> {
    let path = results.folder().join(table.file());
    let mut file = File::open(&path).map_err(ResultsError::io("read", &path))?;
    io::copy(&mut file, out)?;
    Ok(())
}
