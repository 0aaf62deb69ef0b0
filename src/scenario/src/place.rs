//! Where a value stands: its path, and from that its span in the text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(Cow<'static, str>),
    Index(usize),
}

/// The path of a value, from the root of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(Vec<Step>);

impl Place {
    /// The value of a key of this table.
    pub(crate) fn key(&self, key: impl Into<Cow<'static, str>>) -> Place {
        self.step(Step::Key(key.into()))
    }

    /// An element of this list.
    pub(crate) fn index(&self, index: usize) -> Place {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Place {
        let mut steps = self.0.clone();
        steps.push(step);
        Place(steps)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Collects problems and finds their places in the text.
pub(crate) struct Report<'a> {
    text: &'a str,
    root: &'a Spanned<DeTable<'a>>,
    problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(text: &'a str, root: &'a Spanned<DeTable<'a>>) -> Self {
        Report { text, root, problems: Vec::new() }
    }

    /// Blames the value at `place`, or what stands nearest above it if it is not in the text.
    pub(crate) fn value(&mut self, place: &Place, problem: Problem) {
        let span = self.span(place);
        self.problems.push(Problem { path: place.to_string(), ..problem }.located(self.text, Some(span)));
    }

    /// Blames `span`, which belongs to `place`.
    pub(crate) fn span_of(&mut self, place: &Place, span: Range<usize>, problem: Problem) {
        self.problems.push(Problem { path: place.to_string(), ..problem }.located(self.text, Some(span)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// How many problems there are.
    pub(crate) fn len(&self) -> usize {
        self.problems.len()
    }

    /// Forgets all but the first `count` problems.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.problems.truncate(count);
    }

    /// The problems, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        self.problems
    }

    fn span(&self, place: &Place) -> Range<usize> {
        let mut span = 0..0;
        let mut table = Some(self.root.get_ref());
        let mut value: Option<&DeValue<'_>> = None;
        for step in &place.0 {
            let next = match step {
                Step::Key(key) => table.and_then(|table| table.get(key.as_ref())),
                Step::Index(index) => value.and_then(DeValue::as_array).and_then(|list| list.get(*index)),
            };
            let Some(next) = next else { break };
            span = next.span();
            value = Some(next.get_ref());
            table = next.get_ref().as_table();
        }
        span
    }
}
