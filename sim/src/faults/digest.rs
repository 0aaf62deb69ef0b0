//! One number that tells schedules apart.

use std::fmt::{self, Write};

use super::Schedule;

/// FNV-1a of 64 bits over text as it is written, without keeping it.
struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}

impl Schedule {
    /// The same for equal schedules on every target, and different for others but for one chance in 2^64. It covers every field of every
    /// fault, by their debugging text: renaming a field of the scenario's model changes it.
    pub fn digest(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        for fault in &self.faults {
            writeln!(hash, "{fault:?}").expect("a hash takes all text");
        }
        hash.0
    }
}
