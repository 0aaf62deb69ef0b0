//! The luck of a world that how a stack behaves may touch: what the simulator and the stack draw while a trial goes on.
//!
//! Picture the script and the stage. Arrivals and the schedule of faults are the script: every configuration meets the same. What is here is drawn on the stage, each draw under a key, and two configurations share what
//! stands under one key. Most belong to what they are for: a request keeps its work, and each of its copies its latency, whatever else happens. Some are *counted*, since what they are for has no name that two runs share:
//! the k-th message on a link, the k-th operation of a disk. One message more, and every later one on its link meets the luck of the one before; there two configurations that hardly differ come apart.
//!
//! The contract: complete. A purpose that the simulator or the stack names is in [`LUCK`] or, with its reason, in the list that the test of this module holds.

use hms_machine::Purpose;

/// A name under which numbers are drawn, with all their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Luck {
    /// Name of the purpose.
    pub name: &'static str,
    /// Under which key.
    pub key: Key,
}

/// What a draw is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The request or call that it is for, and the attempt: shared, as long as both make that call.
    Call,
    /// Host, link or agent, and how many came before: one more shifts all that come later.
    Count,
}

impl Luck {
    /// What is drawn for.
    pub const fn purpose(self) -> Purpose {
        Purpose::named(self.name)
    }
}

const fn call(name: &'static str) -> Luck {
    Luck { name, key: Key::Call }
}

const fn count(name: &'static str) -> Luck {
    Luck { name, key: Key::Count }
}

/// All of it, in the order in which a request meets it, then what hosts and the stack's own work meet.
pub const LUCK: [Luck; 33] = [
    call("stack/route"),
    call("stack/leave"),
    call("stack/breaker"),
    call("stack/retry"),
    call("call/outage"),
    call("call/backoff"),
    call("call/cache"),
    call("network/request"),
    call("network/reply"),
    call("service/work"),
    call("service/errors"),
    call("service/calls"),
    call("service/writes"),
    count("network/link"),
    count("network/state"),
    count("agent/startup"),
    count("agent/crash-loop"),
    count("host/boot"),
    count("disk/write"),
    count("disk/write-error"),
    count("disk/write-torn"),
    count("disk/sync"),
    count("disk/sync-error"),
    count("disk/sync-torn"),
    count("disk/read"),
    count("disk/read-error"),
    count("disk/read-torn"),
    count("disk/misdirected"),
    count("stack/check-jitter"),
    count("stack/check-phase"),
    count("stack/heartbeat-phase"),
    count("stack/restart-pause"),
    count("stack/swim"),
];

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads the sources whose purposes it collects")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::{Trial, canary};

    /// What is looked up the same whatever a stack does.
    const SCRIPT: [&str; 25] = [
        // When faults strike, whom, and how hard.
        "fault/gap",
        "fault/duration",
        "fault/key",
        "fault/groups",
        "fault/rules",
        "fault/victim",
        "fault/bit-flip",
        "fault/new-version",
        "swarm",
        "swarm/active",
        "swarm/gap",
        "swarm/kind",
        "swarm/strength",
        "swarm/length",
        "swarm/target",
        "swarm/lot",
        "swarm/expendable",
        // What clients want, and when.
        "load/gap",
        "load/phase-stay",
        "load/timestamp-copies",
        "load/think",
        "load/stagger",
        "load/poison",
        // How wrong clocks are from the start.
        "host/clock",
        // A hash of agent and host, of which nothing is drawn.
        "stack/state-holder",
    ];

    /// The names of purposes in the sources below a folder, tests left aside.
    fn named(folder: &Path) -> BTreeSet<String> {
        let (mut found, mut open) = (BTreeSet::new(), vec![folder.to_owned()]);
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let last = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() && last != "tests" {
                    open.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") && last != "tests.rs" {
                    let text = fs::read_to_string(&path).unwrap();
                    let names = text.split("Purpose::named(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
                    found.extend(names.filter(|name| !name.starts_with("test")));
                }
            }
        }
        found
    }

    #[test]
    fn every_purpose_of_simulator_and_stack_is_luck_or_script() {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut drawn = named(&here.join("../../sim/src"));
        drawn.extend(named(&here.join("../stack/src")));
        let known: Vec<&str> = LUCK.iter().map(|luck| luck.name).chain(SCRIPT).collect();
        let listed: BTreeSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(listed.len(), known.len(), "a name is listed twice");
        assert_eq!(drawn, listed);
    }

    #[test]
    fn other_luck_is_another_run_of_the_same_script() {
        let run = |redrawn: Option<&str>| {
            let luck = redrawn.map(|name| *LUCK.iter().find(|luck| luck.name == name).unwrap());
            Trial { redrawn: luck, ..canary::trial() }.run().unwrap()
        };
        let plain = run(None);
        assert_eq!(plain.hash.to_string(), canary::GOLDEN);
        for name in ["network/link", "service/work"] {
            let other = run(Some(name));
            assert_ne!(other.hash, plain.hash, "{name}");
            assert_eq!(other.schedule, plain.schedule, "{name}");
            assert_eq!(other.hash, run(Some(name)).hash, "{name}");
        }
    }
}
