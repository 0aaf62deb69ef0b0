//! Supervision of the node's own agents: start, probe, restart.

mod agent;

pub use agent::{Advice, Supervised};

use hms_machine::Duration;

use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of the restarting supervisor.
    pub struct SupervisorConfiguration("supervisor") {
        enabled: bool = switch(true),
            "Starts agents again that have ended or are stuck; off: agents are started once, at boot.";
        backoff: Duration = duration(ms(1), mins(1), ms(100)),
            "Pause before the first restart of an agent. Longer: slower recovery, gentler on what the agent needs.";
        backoff_factor: f64 = real(1.0, 10.0, 2.0),
            "Growth of the pause from restart to restart.";
        backoff_max: Duration = duration(ms(1), hours(1), secs(10)),
            "Longest pause before a restart.";
        clean_run: Duration = duration(ms(100), hours(1), secs(30)),
            "An agent that ran this long starts again with the shortest pause.";
        start_timeout: Duration = duration(ms(100), hours(24), mins(1)),
            "An agent that is not ready this long after its start is stopped and started again.";
        probe_every: Duration = duration(ms(10), hours(1), ms(250)),
            "Time between two liveness probes of an agent. Shorter: stuck agents are found sooner, more CPU.";
        probe_failures: u32 = integer(1, 20, 3),
            "That many probes in a row without an answer make an agent count as stuck. Fewer: faster, more needless restarts.";
    }
}
