//! What is wrong with a file, told so that it can be repaired: place, message, what was expected, what to do.

use std::fmt::Write as _;
use std::ops::Range;

/// One mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the text that are to blame; `None` if nothing in the text is (an empty file, a wrong override).
    pub span: Option<Range<usize>>,
    /// Line, from 1; 1 without a span.
    pub line: usize,
    /// Column in characters, from 1; 1 without a span.
    pub column: usize,
    /// Path of the value: `fault[2].target`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// The valid name that is most like the one that stands there.
    pub nearest: Option<String>,
}

impl Problem {
    /// A problem of the whole file.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            span: None,
            line: 1,
            column: 1,
            path: path.into(),
            message: message.into(),
            expected: None,
            help: None,
            nearest: None,
        }
    }

    /// The problem at `span` of `text`.
    pub fn located(mut self, text: &str, span: Option<Range<usize>>) -> Self {
        let Some(span) = span else { return self };
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let before = &text[..start];
        self.line = before.matches('\n').count() + 1;
        self.column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        self.span = Some(start..end);
        self
    }

    /// The problem with what would be right.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The problem with what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem with the nearest of the valid names, if one is near.
    pub fn nearest<'a>(mut self, found: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        self.nearest = nearest(found, valid);
        self
    }

    /// Plain text in the manner of compilers: message, `file:line:column`, the line with a mark under the blamed part, and the fix. `text` is the
    /// text that was parsed (after overrides). Ends with a newline.
    pub fn render(&self, file_name: &str, text: &str) -> String {
        let mut out = format!("error: {}\n", self.message);
        let margin = " ".repeat(self.line.to_string().len());
        match &self.span {
            None => {
                let _ = writeln!(out, "{margin}--> {file_name}");
            }
            Some(span) => {
                let _ = writeln!(out, "{margin}--> {file_name}:{}:{}", self.line, self.column);
                excerpt(&mut out, text, span, (self.line, self.column), &margin);
            }
        }
        if !self.path.is_empty() {
            let _ = writeln!(out, "{margin} = at: {}", self.path);
        }
        if let Some(expected) = &self.expected {
            let _ = writeln!(out, "{margin} = expected: {expected}");
        }
        if let Some(nearest) = &self.nearest {
            let _ = writeln!(out, "{margin} = help: did you mean `{nearest}`?");
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{margin} = help: {help}");
        }
        out
    }
}

/// Longest part of a line that is shown, in characters.
const SHOWN: usize = 120;

fn excerpt(out: &mut String, text: &str, span: &Range<usize>, (line, column): (usize, usize), margin: &str) {
    let source = text.lines().nth(line - 1).unwrap_or("");
    let blamed = text.get(span.clone()).unwrap_or("").lines().next().unwrap_or("").trim_end().chars().count().max(1);
    // A long line is shown from a little before the blamed part on.
    let skipped = if column > SHOWN / 2 { column - SHOWN / 4 } else { 0 };
    let mut shown: String =
        source.chars().skip(skipped).take(SHOWN).map(|letter| if letter == '\t' { ' ' } else { letter }).collect();
    let cut = source.chars().count() > skipped + SHOWN;
    if cut {
        shown.push('…');
    }
    let lead = if skipped > 0 { "…" } else { "" };
    let indent = " ".repeat(column - 1 - skipped + usize::from(skipped > 0));
    let marks = "^".repeat(blamed.min(SHOWN + skipped + 1 - column.min(SHOWN + skipped)));
    let _ = writeln!(out, "{margin} |\n{line} | {lead}{}\n{margin} | {indent}{marks}", shown.trim_end());
}

/// All problems, one after the other, and how many there are.
pub fn render_all(problems: &[Problem], file_name: &str, text: &str) -> String {
    let mut out: String = problems.iter().map(|problem| problem.render(file_name, text) + "\n").collect();
    let count = problems.len();
    let _ = writeln!(out, "{file_name}: {count} {}", if count == 1 { "error" } else { "errors" });
    out
}

/// The last boundary of a character at or before `index`.
fn floor(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// The most similar of the valid names, unless all are too different to be meant.
pub(crate) fn nearest<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Names are short; a long text is not a misspelt one.
    if found.chars().count() > 64 {
        return None;
    }
    let allowed = found.chars().count().div_ceil(3);
    let distances = valid.into_iter().map(|name| (distance(found, name), name)).filter(|(_, name)| *name != found);
    let begins = |name: &str| found.len() >= 3 && name.starts_with(found);
    let best = distances.min_by_key(|(distance, name)| (if begins(name) { 0 } else { *distance }, *name))?;
    (best.0 <= allowed || begins(best.1)).then(|| best.1.to_owned())
}

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn one name into the other, without regard to case.
fn distance(one: &str, other: &str) -> usize {
    let fold =
        |text: &str| text.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect::<Vec<_>>();
    let (one, other) = (fold(one), fold(other));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in other.iter().enumerate() {
            let mut cost = (above[j] + usize::from(left != right)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *right && other[j - 1] == *left {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_across_swaps_case_and_hyphens() {
        let names = ["replicas", "workers", "fan_out", "request", "reply", "duration"];
        for (found, near) in
            [("replcias", "replicas"), ("Workers", "workers"), ("fan-out", "fan_out"), ("wrokes", "workers"), ("dur", "duration")]
        {
            assert_eq!(nearest(found, names).as_deref(), Some(near));
        }
        assert_eq!(nearest("colour", names), None);
    }

    #[test]
    fn a_mark_stands_under_the_blamed_part_even_of_a_long_line() {
        let text = format!("a = \"{}\", b = 7\n", "x".repeat(200));
        let at = text.find("b =").unwrap();
        let shown = Problem::new("b", "no").located(&text, Some(at..at + 1)).render("f.toml", &text);
        let lines: Vec<&str> = shown.lines().collect();
        let column = lines[4].find('^').unwrap();
        assert_eq!(lines[3].chars().nth(column), Some('b'), "{shown}");
    }
}
