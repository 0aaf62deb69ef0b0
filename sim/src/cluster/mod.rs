//! Where things stand and what hosts are made of: cores, disks and what is on them, clocks, memory.
//!
//! Each model holds state, is told the time, and says when something will happen next; the world owns the timers.

pub mod clock;
pub mod cpu;
pub mod disk;
pub mod memory;
mod rate;
pub mod storage;
pub mod topology;
pub mod usage;
