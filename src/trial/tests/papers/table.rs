//! The table of published figures beside ours.

use std::fmt::Write as _;

use crate::experiment::folder;
use crate::{choices, fan_out, metastable, mongo};

const BEGIN: &str = "<!-- figures: made by the program, see src/trial/tests/papers/table.rs -->";
const END: &str = "<!-- end of the figures -->";

/// A published figure and ours.
pub(crate) struct Row {
    pub(crate) reproduction: &'static str,
    pub(crate) varied: &'static str,
    pub(crate) published: &'static str,
    pub(crate) ours: String,
    pub(crate) tolerance: &'static str,
    /// What follows `hms run experiments/papers/`.
    pub(crate) command: String,
}

fn table() -> String {
    let columns = ["reproduction", "what is varied", "published", "ours", "tolerance", "test", "`hms run experiments/papers/…`"];
    let mut text = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    let tests = [
        ("metastable.rs", metastable::rows()),
        ("mongo.rs", mongo::rows()),
        ("fan_out.rs", fan_out::rows()),
        ("choices.rs", choices::rows()),
    ];
    for (test, rows) in tests {
        for Row { reproduction, varied, published, ours, tolerance, command } in rows {
            let _ = writeln!(text, "| {reproduction} | {varied} | {published} | {ours} | {tolerance} | `{test}` | `{command}` |");
        }
    }
    text
}

/// `HMS_UPDATE_PAPERS=1 cargo test -p hms-trial --test papers` writes it anew.
#[test]
fn the_figures_in_the_readme_are_those_of_the_program() {
    let path = folder().join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the figures begin");
    let (found, after) = rest.split_once(END).expect("the mark where the figures end");
    let expected = format!("\n\n{}\n", table());
    if std::env::var("HMS_UPDATE_PAPERS").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "run with HMS_UPDATE_PAPERS=1 to write it anew");
    }
}
