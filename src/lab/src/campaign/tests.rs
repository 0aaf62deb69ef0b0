//! Campaigns from their files to their tables.

mod broken;
mod expansion;
mod sweeping;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Campaign, CampaignError, load};
use crate::fixture;

/// Axes and a case over the small scenario, a few runs of a few milliseconds.
const GRID: &str = r#"version = 1
scenario = "small.toml"
replicates = 2
seed = 7

[set]
"scenario.run.duration" = "14s"
"scenario.run.warmup" = "1s"

[axes]
"stack.health.timeout" = ["300ms", "500ms"]
"stack.health.heartbeat" = ["50ms", "200ms"]
"#;

/// A folder with the small scenario, a second one, a stack configuration, and room for campaigns.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), fixture::SCENARIO).unwrap();
        fs::write(folder.path().join("slower.toml"), fixture::SCENARIO.replace("0.4ms", "4ms")).unwrap();
        fs::write(folder.path().join("stack.toml"), "[health]\ntimeout = \"800ms\"\n").unwrap();
        Bench { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn campaign(&self, text: &str) -> Result<Campaign, CampaignError> {
        let path = self.path("campaign.toml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    fn good(&self, text: &str) -> Campaign {
        self.campaign(text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is said about a campaign that is wrong, without the folder's name.
    fn told(&self, text: &str) -> String {
        let error = self.campaign(text).expect_err("must be refused").to_string();
        error.replace(&format!("{}/", self.folder.path().display()), "")
    }
}
