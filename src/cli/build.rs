//! Tells the program from which commit and for which target it was built, where that can be known.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src/cli/build.rs");
    // A tarball has no repository: then there is no commit to show, and nothing to watch. Naming a file that is not there would build anew each time.
    for name in if ours() { &["HEAD", "logs/HEAD"][..] } else { &[] } {
        if let Some(path) = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists()) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let commit = if ours() { git(&["rev-parse", "--short=12", "HEAD"]) } else { None };
    println!("cargo:rustc-env=HMS_COMMIT={}", commit.unwrap_or_default());
    println!("cargo:rustc-env=HMS_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}

/// Whether the repository is that of hms, and not one in which its source was unpacked.
fn ours() -> bool {
    let here = std::env::var("CARGO_MANIFEST_DIR").ok().and_then(|path| Path::new(&path).canonicalize().ok());
    let top = git(&["rev-parse", "--show-toplevel"]).and_then(|path| Path::new(&path).canonicalize().ok());
    here.is_some() && here == top
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
