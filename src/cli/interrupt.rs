//! Ctrl-C and SIGTERM: the first asks the command to stop, the second ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on, interrupts are heard by [`asked`]. Without it, they end the program as usual.
pub(crate) fn listen() -> Result<(), Failure> {
    let heard = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    heard.map_err(|error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// Whether the user wants the command to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
