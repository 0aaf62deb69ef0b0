//! Supervision as systems in the field do it.
//!
//! Each preset is a whole [`SupervisorConfiguration`]; what the system does not have keeps our default. `doubt` says where the
//! system differs from what our parameters can express.

use hms_machine::Duration;

use super::SupervisorConfiguration;
use super::tree::{Restart, Strategy};

/// The supervision of a named system.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name in files.
    pub name: &'static str,
    /// Where the values come from.
    pub source: &'static str,
    /// Where the system differs.
    pub doubt: &'static str,
    build: fn(SupervisorConfiguration) -> SupervisorConfiguration,
}

/// More restarts than can happen within any period: the restarts of a system without a limit.
const UNLIMITED: u32 = 1_000_000;

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "otp",
        source: "Erlang/OTP, supervisor: default flags (intensity 1, period 5 s) and child specification (permanent, shutdown 5 s)",
        doubt: "OTP restarts at once, here after 1 ms, our shortest pause; OTP counts time in whole seconds",
        build: |base| SupervisorConfiguration {
            strategy: Strategy::OneForOne,
            intensity: 1,
            period: Duration::from_secs(5),
            restart: Restart::Permanent,
            shutdown: Duration::from_secs(5),
            backoff: Duration::from_millis(1),
            backoff_factor: 1.0,
            backoff_max: Duration::from_millis(1),
            jitter: 0.0,
            ..base
        },
    },
    Preset {
        name: "k8s-crashloop",
        source: "Kubernetes, kubelet: container back-off 10 s, doubled, at most 300 s, reset after 10 min; termination grace 30 s",
        doubt: "the kubelet makes the first restart at once and waits from the second on",
        build: |base| SupervisorConfiguration {
            intensity: UNLIMITED,
            period: Duration::from_secs(1),
            shutdown: Duration::from_secs(30),
            backoff: Duration::from_secs(10),
            backoff_factor: 2.0,
            backoff_max: Duration::from_secs(300),
            jitter: 0.0,
            clean_run: Duration::from_secs(600),
            ..base
        },
    },
    Preset {
        name: "systemd",
        source: "systemd, RestartSec=100ms, StartLimitBurst=5 within StartLimitIntervalSec=10s, TimeoutStopSec=90s",
        doubt: "systemd counts starts, the first one at boot too; we count restarts",
        build: |base| SupervisorConfiguration {
            intensity: 5,
            period: Duration::from_secs(10),
            shutdown: Duration::from_secs(90),
            backoff: Duration::from_millis(100),
            backoff_factor: 1.0,
            backoff_max: Duration::from_millis(100),
            jitter: 0.0,
            ..base
        },
    },
    Preset {
        name: "pekko-backoff",
        source: "Pekko documentation, BackoffOpts example: minimum 3 s, maximum 30 s, random factor 0.2",
        doubt: "Pekko resets after a run as long as the shortest pause by default; so does this preset",
        build: |base| SupervisorConfiguration {
            intensity: UNLIMITED,
            period: Duration::from_secs(1),
            backoff: Duration::from_secs(3),
            backoff_factor: 2.0,
            backoff_max: Duration::from_secs(30),
            jitter: 0.2,
            clean_run: Duration::from_secs(3),
            ..base
        },
    },
];

/// The preset of this name.
pub fn named(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

impl Preset {
    /// What the system is configured with.
    pub fn configuration(&self) -> SupervisorConfiguration {
        (self.build)(SupervisorConfiguration::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::{Tunable, Value, Visitor};

    struct InRange(&'static str);
    impl Visitor for InRange {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            assert!(tunable.admits(*value), "{}: {} = {value}", self.0, tunable.name);
        }
    }

    #[test]
    fn every_preset_lies_in_the_ranges_and_has_no_conflict() {
        for preset in PRESETS {
            let mut configuration = preset.configuration();
            configuration.walk(&mut InRange(preset.name));
            assert_eq!(configuration.conflicts(), [], "{}", preset.name);
        }
    }

    #[test]
    fn a_preset_is_found_by_its_name_alone() {
        assert!(PRESETS.iter().all(|preset| named(preset.name).is_some_and(|found| found.source == preset.source)));
        assert!(named("monit").is_none());
    }
}
