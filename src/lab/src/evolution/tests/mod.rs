//! What holds for searches of stack configurations.

mod algorithms;
mod broken;
mod changing;
mod decoding;
mod racing;
mod reference;
mod searching;

use std::path::PathBuf;

use tempfile::TempDir;

use super::{Plan, load};
use crate::fixture;

/// A campaign on a small scenario.
pub(super) const CAMPAIGN: &str = r#"version = 1
name = "small"
scenarios = ["small.toml"]
genes = ["health", "retry"]
objectives = ["cost"]
constraints = ["overhead_cpu <= 0.5"]
presets = []

[cost]
availability = 10
detection_p99 = 1

[search]
population = 6
generations = 3
window = 4

[seeds]
most = 4
validation = 2
held_out = 4
"#;

/// A folder with the small scenario and a campaign.
pub(super) struct Bench {
    pub(super) folder: TempDir,
}

impl Bench {
    pub(super) fn new(campaign: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let small = fixture::SCENARIO.replace("duration = \"20s\"", "duration = \"16s\"");
        std::fs::write(folder.path().join("small.toml"), small).unwrap();
        std::fs::write(folder.path().join("campaign.toml"), campaign).unwrap();
        Bench { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn plan(&self) -> Plan {
        load(&self.path("campaign.toml")).unwrap_or_else(|error| panic!("{error}"))
    }
}
