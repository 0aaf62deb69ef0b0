//! A folder with a scenario and a campaign, and a command that works on the campaign as a process.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    subcommand: &'static str,
}

impl Bench {
    /// A folder with `small.toml` and `campaign.toml`.
    pub(crate) fn new(subcommand: &'static str, scenario: &str, campaign: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), scenario).unwrap();
        fs::write(folder.path().join("campaign.toml"), campaign).unwrap();
        Bench { folder, subcommand }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hms"));
        command.current_dir(self.folder.path()).env_remove("RAYON_NUM_THREADS");
        command.args([self.subcommand, "campaign.toml"]).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the command with one job and gives it once `stored` is in its folder `out`.
    pub(crate) fn started(&self, out: &str, stored: &str) -> Child {
        let mut command = self.command(&["--out", out, "--jobs", "1", "--json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        // Another process offers nothing to wait for but its files.
        while !self.path(out).join(stored).exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it stored anything");
            assert!(begun.elapsed() < PATIENCE, "it stored nothing");
            std::thread::park_timeout(Duration::from_millis(2));
        }
        child
    }
}

/// The object on stdout of a command that succeeded.
#[track_caller]
pub(crate) fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
