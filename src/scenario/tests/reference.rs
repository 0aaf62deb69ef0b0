//! experiments/README.md holds the format reference as the types tell it.
#![expect(clippy::disallowed_methods, reason = "a test reads and, when asked, writes the file it checks")]

use std::path::PathBuf;

const BEGIN: &str = "<!-- reference: made by the program, see src/scenario/tests/reference.rs -->";
const END: &str = "<!-- end of the reference -->";

/// `HMS_UPDATE_REFERENCE=1 cargo test -p hms-scenario --test reference` writes it anew.
#[test]
fn the_reference_in_the_readme_of_the_experiments_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the reference begins");
    let (found, after) = rest.split_once(END).expect("the mark where the reference ends");
    let expected = format!("\n\n{}\n", hms_scenario::reference().trim_end());
    if std::env::var("HMS_UPDATE_REFERENCE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "run with HMS_UPDATE_REFERENCE=1 to write it anew");
    }
}
