//! Where text goes: data to stdout, messages to stderr. Both drop colours for pipes and `NO_COLOR`.

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes `text` to stdout as it is. A reader that has gone away (`hms … | head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    forgive_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// The same, for a value of JSON on lines of its own.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).expect("a value is JSON");
    print(&format!("{text}\n"))
}

/// Writes a line to stderr. If even that cannot be written, there is nobody to tell.
pub(crate) fn message(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = writeln!(out, "{text}");
}

/// Success, also where the reader has gone away.
pub(crate) fn forgive_pipe(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write to stdout: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
