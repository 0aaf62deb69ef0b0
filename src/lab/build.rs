//! Tells the program what its results depend on: fingerprints of the sources that make a trial, and of those that make a search.

mod fingerprint;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fingerprint::{Digest, add_file, files, find_crate, locked};

/// The crates that a trial is made of.
const TRIAL: [&str; 6] = ["machine", "dataset", "scenario", "stack", "sim", "trial"];
/// What this crate does between a configuration and the values of its trials.
const TRIAL_HERE: [&str; 2] = ["src/inputs.rs", "src/presets/mod.rs"];
/// What this crate does between these values and the next candidate.
const SEARCH_HERE: [&str; 1] = ["src/evolution"];
/// Tests make nothing.
const TESTS: [&str; 2] = ["tests", "tests.rs"];
/// The report is written after the search.
const AFTER: [&str; 3] = ["tests", "tests.rs", "report"];

fn main() -> ExitCode {
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("no fingerprint of the sources can be made: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// # Errors
/// Which source is there and cannot be read, and why.
fn tell() -> Result<(), String> {
    for file in ["build.rs", "fingerprint.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo says where the crate is"));
    let trial = part(&here, (&TRIAL, &TRIAL_HERE, &TESTS), "hms-trial")?;
    let search = part(&here, (&["evolve"], &SEARCH_HERE, &AFTER), "hms-evolve")?;
    // A program without its sources beside it can be told by its version only, and says so.
    let (trial, search, unknown) = match trial.and_then(|trial| Ok((trial, search?))) {
        Ok((trial, search)) => (trial, search, String::new()),
        Err(reason) => (String::new(), String::new(), reason),
    };
    println!("cargo:rustc-env=HMS_SOURCES_OF_TRIAL={trial}");
    println!("cargo:rustc-env=HMS_SOURCES_OF_SEARCH={search}");
    println!("cargo:rustc-env=HMS_SOURCES_UNKNOWN={unknown}");
    Ok(())
}

/// A fingerprint; `Err` with what is absent, in words that follow "built where". They stay in the program, so they name no path of the machine that built it.
type Fingerprint = Result<String, String>;

/// The fingerprint of some of our crates and some paths of this one, without files of some names, and of what `root` is linked with.
///
/// # Errors
/// Which source is there and cannot be read, and why.
fn part(here: &Path, (crates, paths, without): (&[&str], &[&str], &[&str]), root: &str) -> Result<Fingerprint, String> {
    let mut digest = Digest::new();
    let mut add = |name: &str, folder: &Path, path: &Path| -> Result<(), String> {
        digest.add(name.as_bytes());
        println!("cargo:rerun-if-changed={}", path.display());
        files(path, without)?.iter().try_for_each(|file| add_file(&mut digest, folder, file))
    };
    for name in crates {
        let Some(folder) = find_crate(here, name)? else {
            return Ok(Err(format!("the sources of hms-{name} are not beside those of hms-lab")));
        };
        add(name, &folder, &folder.join("Cargo.toml"))?;
        add(name, &folder, &folder.join("src"))?;
    }
    for path in paths {
        add("lab", here, &here.join(path))?;
    }
    // Where this is a dependency of something else there is no lock file of ours.
    let lock = here.join("../../Cargo.lock");
    match fs::read_to_string(&lock) {
        Ok(text) => {
            println!("cargo:rerun-if-changed={}", lock.display());
            locked(&text, root).iter().for_each(|package| digest.add(package.as_bytes()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(format!("cannot read {}: {error}", lock.display())),
    }
    Ok(Ok(digest.digits()))
}
