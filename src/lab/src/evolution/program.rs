//! Which program makes results: what has to be the same for a trial that is known to be taken for one that would be run, and for a search to go on.
//!
//! Picture the label on a jar: who cooked it, by which recipe. [`Program::trial`] is a digest of the sources that a trial is made of (the deterministic crates, and what this crate does between a configuration and its values), joined with the canary's hash, the
//! version and the columns. [`Program::search`] adds the sources of the engine and of the search. The build script reads the sources; neither the commit nor the time of the build counts. In a program that was built without its sources beside it
//! version and canary have to do, and [`unknown_sources`] says why.
//!
//! **Contract.** Labels decide only what may be gone on with. What a search finds does not depend on them.

use hms_trial::DEFINITIONS;
use hms_trial::canary::GOLDEN;

use crate::results::Build;

/// What made results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Label of trials.
    pub(super) trial: String,
    /// Label of searches.
    pub(super) search: String,
}

impl Program {
    /// This program.
    pub(super) fn here(build: &Build) -> Program {
        Program::of(&build.version, env!("HMS_SOURCES_OF_TRIAL"), env!("HMS_SOURCES_OF_SEARCH"))
    }

    /// A program with these sources.
    pub(super) fn of(version: &str, trial: &str, search: &str) -> Program {
        let columns: Vec<&str> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        let label = |said: &str| blake3::hash(said.as_bytes()).to_hex().to_string();
        let trial = label(&format!("{version} {trial} {GOLDEN} {}", columns.join(",")));
        Program { search: label(&format!("{trial} {search}")), trial }
    }
}

/// Why this program cannot tell itself from others of its version by its sources, in words that follow "built where"; `None` where it can.
pub fn unknown_sources() -> Option<&'static str> {
    let reason = env!("HMS_SOURCES_UNKNOWN");
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
#[path = "../../fingerprint.rs"]
mod fingerprint;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::fingerprint::{Digest, add_file, files, find_crate, locked};
    use super::*;

    fn seal(folder: &Path) -> String {
        let mut digest = Digest::new();
        files(folder, &["tests"]).unwrap().iter().for_each(|file| add_file(&mut digest, folder, file).unwrap());
        digest.digits()
    }

    #[test]
    fn what_a_source_says_and_where_it_stands_counts_and_how_its_lines_end_does_not() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("b.rs", "two\n");
        write("a/one.rs", "one\nmore\n");
        let before = seal(place.path());
        write("a/one.rs", "one\r\nmore\r\n");
        write("tests/new.rs", "a test");
        write("a/.#one.rs", "an editor's lock");
        write("a/one.rs~", "an editor's copy");
        assert_eq!(seal(place.path()), before);
        write("a/one.rs", "one\nless\n");
        let changed = seal(place.path());
        assert_ne!(changed, before);
        fs::rename(place.path().join("a/one.rs"), place.path().join("a/two.rs")).unwrap();
        assert!(![before, changed].contains(&seal(place.path())));
        assert!(files(&place.path().join("b.rs"), &[]).unwrap() == [place.path().join("b.rs")]);
    }

    #[test]
    fn crates_are_found_in_the_repository_and_in_a_vendored_tree_and_nothing_else_is_taken_for_them() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["machine", "dataset", "scenario", "stack", "sim", "trial", "evolve"] {
            assert!(find_crate(here, name).unwrap().is_some_and(|folder| folder.join("src/lib.rs").is_file()), "{name}");
        }
        let place = tempfile::tempdir().unwrap();
        let lab = place.path().join("hms-lab");
        for (folder, name) in [("hms-lab", "hms-lab"), ("hms-sim", "hms-sim"), ("trial", "somebodys-trial")] {
            fs::create_dir(place.path().join(folder)).unwrap();
            fs::write(place.path().join(folder).join("Cargo.toml"), format!("[package]\nname = \"{name}\"\n")).unwrap();
        }
        assert!(find_crate(&lab, "sim").unwrap().is_some_and(|folder| folder.ends_with("../hms-sim")));
        assert_eq!(find_crate(&lab, "trial"), Ok(None));
    }

    #[test]
    fn of_a_lock_file_what_the_crate_is_linked_with_counts() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n \"b\",\n \"c 2\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1\"\nchecksum = \"ff\"\ndependencies = [\n \"a\",\n]\n\n[[package]]\nname = \"c\"\nversion = \"1\"\n\n[[package]]\nname = \"c\"\nversion = \"2\"\n\n[[package]]\nname = \"d\"\nversion = \"1\"\n";
        assert_eq!(locked(lock, "a"), ["a 1 ", "b 1 ff", "c 2 "]);
        let ours = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock")).unwrap();
        assert!(locked(&ours, "hms-trial").iter().any(|package| package.starts_with("libm 0.2.16 ")));
    }

    #[test]
    fn this_program_knows_its_sources_and_other_sources_are_another_program() {
        assert_eq!(unknown_sources(), None);
        let build = Build { version: "1".to_owned(), commit: None };
        let here = Program::here(&build);
        assert_eq!(Program::here(&Build { commit: Some("abc".to_owned()), ..build.clone() }), here);
        assert_ne!(Program::here(&Build { version: "2".to_owned(), ..build }).trial, here.trial);
        let (one, engine, model) = (Program::of("1", "m", "e"), Program::of("1", "m", "f"), Program::of("1", "n", "e"));
        assert!(
            one.trial == engine.trial && one.search != engine.search,
            "another engine knows the trials, and is another search"
        );
        assert!(one.trial != model.trial && one.search != model.search, "another model is both");
    }
}
