//! Failure detection as a whole: how fast, how often wrong, at what cost. Each world is small, has latency and loss, and is
//! stepped from event to event; the detectors are handed messages and readings of their clock and nothing else.

mod cluster;
mod heartbeats;
mod lifeguard;
mod membership;
mod pair;
