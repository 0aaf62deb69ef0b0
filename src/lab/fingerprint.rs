//! Fingerprints of source trees, for the build script; the crate's tests use it too.
//!
//! Picture the seal on an instrument: as long as it is whole, old readings and new ones are of one scale. A fingerprint digests every source file of some folders, by path and text, in the order of their paths. Line endings do not count, since a
//! checkout may change them; everything else does, comments too: who can say what a line does without running it?

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A digest that needs no other crate: Fowler, Noll and Vo's 1a in 128 bits. It tells apart what differs by accident, which is all that is asked of it.
pub(crate) struct Digest(u128);

impl Digest {
    pub(crate) fn new() -> Digest {
        Digest(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// A part, kept apart from the next by its length.
    pub(crate) fn add(&mut self, part: &[u8]) {
        for byte in (part.len() as u64).to_le_bytes().iter().chain(part) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    /// 32 hexadecimal digits.
    pub(crate) fn digits(&self) -> String {
        format!("{:032x}", self.0)
    }
}

/// The folder of one of our crates, as seen from that of another: beside it under its short name (as in the repository), one level up (as `sim` is), or under its whole name (as in a vendored tree); `None` where it is absent.
///
/// # Errors
/// Which manifest is there and cannot be read, and why.
pub(crate) fn find_crate(from: &Path, short: &str) -> Result<Option<PathBuf>, String> {
    let whole = format!("hms-{short}");
    let named = format!("name = \"{whole}\"");
    let versioned = format!("{whole}-{}", env!("CARGO_PKG_VERSION"));
    for name in [format!("../{short}"), format!("../../{short}"), format!("../{whole}"), format!("../{versioned}")] {
        let folder = from.join(name);
        let path = folder.join("Cargo.toml");
        match fs::read_to_string(&path) {
            Ok(manifest) if manifest.lines().any(|line| line.trim() == named) => return Ok(Some(folder)),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        }
    }
    Ok(None)
}

/// Whether Cargo or the compiler reads files of this name.
fn is_source(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.ends_with(".rs") || name == "Cargo.toml" || name == "Cargo.lock"
}

/// Every source file below `folder`, or `folder` itself if it is one; sorted. What stands under one of the names in `without` is left out, and so is what is hidden: an editor's lock, such as `.#search.rs`, leads nowhere.
///
/// # Errors
/// Which folder cannot be read, and why.
pub(crate) fn files(folder: &Path, without: &[&str]) -> Result<Vec<PathBuf>, String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(path) = open.pop() {
        if !path.is_dir() {
            if path.file_name().is_some_and(is_source) {
                found.insert(path);
            }
            continue;
        }
        for entry in fs::read_dir(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))? {
            let entry = entry.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with('.') && !without.iter().any(|other| name == **other) {
                open.push(entry.path());
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Digests a file under the name that it has in its folder.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn add_file(digest: &mut Digest, folder: &Path, file: &Path) -> Result<(), String> {
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
    let mut text = Vec::with_capacity(bytes.len());
    for (place, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(place + 1) != Some(&b'\n') {
            text.push(*byte);
        }
    }
    digest.add(name.as_bytes());
    digest.add(&text);
    Ok(())
}

/// The packages of a lock file that `root` is made of, itself included: name, version and checksum of each, sorted. Lock files are written by Cargo, one key a line.
pub(crate) fn locked(lock: &str, root: &str) -> Vec<String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map_or_else(String::new, |value| value.trim_matches('"').to_owned())
    };
    let blocks: Vec<&str> = lock.split("[[package]]").skip(1).collect();
    let (mut found, mut open) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(wanted) = open.pop() {
        // `name`, or `name version` where there are several of one name.
        let (name, version) = wanted.split_once(' ').unwrap_or((&wanted, ""));
        let fits = |block: &&&str| value(block, "name") == name && (version.is_empty() || value(block, "version") == version);
        for block in blocks.iter().filter(fits) {
            let package = format!("{name} {} {}", value(block, "version"), value(block, "checksum"));
            if found.insert(package) {
                let listed = block.lines().map(str::trim).filter(|line| line.starts_with('"'));
                open.extend(listed.map(|line| line.trim_matches(['"', ',']).to_owned()));
            }
        }
    }
    found.into_iter().collect()
}
