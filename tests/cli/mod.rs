//! The command as a process: arguments in; exit code, stdout, stderr and files out.

mod bench;
mod compare;
mod conformance;
mod doctor;
mod files;
mod gui;
mod interrupt;
mod presets;
mod replay;
mod run;
mod scorecard;
mod surface;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to work in, with the program at hand.
struct Bench {
    folder: TempDir,
}

/// What a command left.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Bench {
    fn new() -> Self {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hms"));
        command.current_dir(self.folder.path()).args(arguments);
        for name in ["RAYON_NUM_THREADS", "HMS_SEED", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    fn hms(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// A short run of the quickstart, in `out`.
    fn quick_run(&self, out: &str, more: &[&str]) -> Ended {
        let scenario = quickstart();
        let arguments = [&["run", &scenario, "--set", "run.duration=60s", "--set", "fault=[]", "--out", out], more].concat();
        self.hms(&arguments)
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }
}

impl Ended {
    /// Stdout, if the command succeeded.
    #[track_caller]
    fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        &self.stdout
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(self.ok()).expect("stdout is one JSON value")
    }

    /// Checks that the command ended with `code` and said each of `parts` on stderr.
    #[track_caller]
    fn fails(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "no `{part}` in:\n{}", self.stderr);
        }
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn quickstart() -> String {
    repository().join("experiments/scenarios/quickstart.toml").display().to_string()
}
