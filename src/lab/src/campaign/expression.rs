//! The small language of `where`: which combinations of a campaign are run.
//!
//! ```text
//! stack.health.timeout > 2 * stack.health.heartbeat and not (case == "slow" or scenario.cluster.nodes >= 100)
//! ```
//!
//! Comparison (`<` `<=` `>` `>=` `==` `!=`, also in chains), `+ - * /`, `and`, `or`, `not`, parentheses. Numbers may have the units of scenario files:
//! `500ms`, `10 MiB`, `300/s`, `1 MiB/s`, `5 %`. Values carry their dimension through the arithmetic, so that comparing a time with a number is a
//! mistake that is told, with its place, and not a constraint that is silently false.

mod parse;
mod value;

use std::ops::Range;

pub(crate) use value::Value;
use value::{Dimension, Quantity};

/// What is wrong with an expression, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Bytes of the expression that are to blame.
    pub(crate) at: Range<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Mistake {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Mistake { at, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A condition that has been read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression(Node);

#[derive(Clone, Debug, PartialEq)]
struct Node {
    kind: Kind,
    at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Literal(Value),
    Name(String),
    Not(Box<Node>),
    Negate(Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    /// Neighbours are compared: `a < b <= c`.
    Chain(Box<Node>, Vec<(Comparison, Node)>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Gives the value of a name; the error says what is wrong with the name and what to do.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Result<Value, (String, Option<String>)> + 'a;

impl Expression {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        parse::parse(text).map(Expression)
    }

    /// Whether the condition holds with these values.
    pub(crate) fn holds(&self, lookup: &Lookup<'_>) -> Result<bool, Mistake> {
        truth(&self.0, lookup)
    }
}

fn truth(node: &Node, lookup: &Lookup<'_>) -> Result<bool, Mistake> {
    match evaluate(node, lookup)? {
        Value::Truth(truth) => Ok(truth),
        other => Err(Mistake::new(node.at.clone(), format!("this is {}, and a condition is wanted", other.article()))
            .help("compare it with something: `… > 500ms`")),
    }
}

fn quantity(node: &Node, lookup: &Lookup<'_>) -> Result<Quantity, Mistake> {
    match evaluate(node, lookup)? {
        Value::Quantity(quantity) => Ok(quantity),
        other => Err(Mistake::new(node.at.clone(), format!("{} cannot be reckoned with", other.article()))),
    }
}

fn evaluate(node: &Node, lookup: &Lookup<'_>) -> Result<Value, Mistake> {
    Ok(match &node.kind {
        Kind::Literal(value) => value.clone(),
        Kind::Name(name) => lookup(name).map_err(|(message, help)| Mistake { at: node.at.clone(), message, help })?,
        Kind::Not(inner) => Value::Truth(!truth(inner, lookup)?),
        Kind::Negate(inner) => {
            let inner = quantity(inner, lookup)?;
            Value::Quantity(Quantity { number: -inner.number, ..inner })
        }
        Kind::And(one, other) => Value::Truth(truth(one, lookup)? && truth(other, lookup)?),
        Kind::Or(one, other) => Value::Truth(truth(one, lookup)? || truth(other, lookup)?),
        Kind::Arithmetic(operation, one, other) => {
            let (left, right) = (quantity(one, lookup)?, quantity(other, lookup)?);
            Value::Quantity(reckon(*operation, left, right, node, other)?)
        }
        Kind::Chain(first, rest) => {
            let mut left = evaluate(first, lookup)?;
            let mut holds = true;
            for (comparison, next) in rest {
                let right = evaluate(next, lookup)?;
                holds &= compare(*comparison, &left, &right, node)?;
                left = right;
            }
            Value::Truth(holds)
        }
    })
}

fn reckon(operation: Arithmetic, left: Quantity, right: Quantity, node: &Node, divisor: &Node) -> Result<Quantity, Mistake> {
    let same = |verb: &str| {
        if left.dimension == right.dimension {
            Ok(left.dimension)
        } else {
            let message = format!("{} and {} cannot be {verb}", left.dimension.article(), right.dimension.article());
            Err(Mistake::new(node.at.clone(), message))
        }
    };
    Ok(match operation {
        Arithmetic::Add => Quantity { number: left.number + right.number, dimension: same("added")? },
        Arithmetic::Subtract => Quantity { number: left.number - right.number, dimension: same("subtracted")? },
        Arithmetic::Multiply => Quantity { number: left.number * right.number, dimension: left.dimension.times(right.dimension) },
        Arithmetic::Divide if right.number == 0.0 => return Err(Mistake::new(divisor.at.clone(), "division by zero")),
        Arithmetic::Divide => Quantity { number: left.number / right.number, dimension: left.dimension.per(right.dimension) },
    })
}

fn compare(comparison: Comparison, left: &Value, right: &Value, node: &Node) -> Result<bool, Mistake> {
    let order = match (left, right) {
        (Value::Quantity(left), Value::Quantity(right)) if left.dimension == right.dimension => {
            left.number.partial_cmp(&right.number)
        }
        (Value::Quantity(one), Value::Quantity(other)) => {
            let message = format!("{} is compared with {}", one.dimension.article(), other.dimension.article());
            let mistake = Mistake::new(node.at.clone(), message);
            let unit = [one, other].iter().any(|side| side.dimension == Dimension::NONE);
            return Err(if unit { mistake.help("write the number with its unit: `500ms`, `10 MiB`, `300/s`") } else { mistake });
        }
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Truth(left), Value::Truth(right)) => Some(left.cmp(right)),
        (one, other) => {
            return Err(Mistake::new(node.at.clone(), format!("{} is compared with {}", one.article(), other.article())));
        }
    };
    Ok(match comparison {
        Comparison::Less => order.is_some_and(|order| order.is_lt()),
        Comparison::LessOrEqual => order.is_some_and(|order| order.is_le()),
        Comparison::Greater => order.is_some_and(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
        Comparison::Equal => order.is_some_and(|order| order.is_eq()),
        Comparison::NotEqual => !order.is_some_and(|order| order.is_eq()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Result<Value, (String, Option<String>)> {
        let text = match name {
            "stack.health.timeout" => "500ms",
            "stack.health.heartbeat" => "100ms",
            "scenario.load[0].rate" => "300/s",
            "scenario.run.duration" => "2min",
            "case" => "slow",
            _ => return Err((format!("nothing is called `{name}`"), None)),
        };
        Ok(Value::from_text(text))
    }

    fn check(text: &str) -> Result<bool, Mistake> {
        Expression::parse(text)?.holds(&lookup)
    }

    #[test]
    fn conditions_hold_as_they_read() {
        for (text, expected) in [
            ("stack.health.timeout > 2 * stack.health.heartbeat", true),
            ("stack.health.timeout > 5 * stack.health.heartbeat", false),
            ("stack.health.timeout >= 5 * stack.health.heartbeat", true),
            ("stack.health.timeout == 0.5s", true),
            ("stack.health.timeout / stack.health.heartbeat == 5", true),
            ("stack.health.timeout - stack.health.heartbeat*3 == 200 ms", true),
            ("2 + 3 * 4 == 14 and (2 + 3) * 4 == 20", true),
            ("1 < 2 <= 2 < 3", true),
            ("1 < 2 > 3", false),
            ("not 1 == 2", true),
            ("false or true and false", false),
            ("-1 < 0", true),
            ("scenario.load[0].rate * scenario.run.duration == 36000", true),
            ("scenario.load[0].rate == 300/s", true),
            ("10 MiB > 10 MB", true),
            ("10 MiB / 5s == 2 MiB/s", true),
            ("5 % == 0.05", true),
            ("case == \"slow\" and case != 'fast'", true),
            ("12 / 4 / 3 == 1", true),
            ("1e3 == 1_000", true),
        ] {
            assert_eq!(check(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, at, message) in [
            ("stack.health.timeout > 2", 0..24, "a time is compared with a number"),
            ("stack.health.timeout > 2 *", 26..26, "the expression ends where a value is wanted"),
            ("stack.health.timeout", 0..20, "this is a time, and a condition is wanted"),
            ("1s + 2 > 0s", 0..6, "a time and a number cannot be added"),
            ("stack.helth.timeout > 1s", 0..19, "nothing is called `stack.helth.timeout`"),
            ("1 / (2 - 2) > 0", 4..11, "division by zero"),
            ("case > 1", 0..8, "a text is compared with a number"),
            ("1 = 1", 2..3, "`=` is no operator"),
            ("(1 == 1", 7..7, "`)` is missing"),
            ("1 == 1)", 6..7, "`)` is one too many"),
            ("1 == 1 2 == 2", 7..8, "`2` is not expected here"),
            ("1 && 2", 2..4, "`&&` is no operator"),
            ("5 parsecs > 1", 0..9, "`5 parsecs` is no quantity"),
            ("", 0..0, "the expression ends where a value is wanted"),
            ("case == \"slow", 8..13, "the text has no end"),
            ("1 # 2", 2..3, "`#` has no meaning here"),
        ] {
            let mistake = check(text).unwrap_err();
            assert_eq!((mistake.at, mistake.message.as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic() {
        let pieces =
            ["1", "s", "(", ")", "and", "not", "<", "=", "\"", "é", ".", "-", "/", "[0]", " ", "%", "5 ", "a.b", "1e", "'"];
        let streams = hms_machine::Streams::new(hms_machine::Seed(1));
        for ordinal in 0..5_000 {
            let mut draw = streams.draw(hms_machine::Purpose::named("test/expression"), 0, ordinal);
            let text: String = (0..8).filter_map(|_| draw.pick(&pieces).copied()).collect();
            if let Err(mistake) = check(&text) {
                assert!(text.get(mistake.at.clone()).is_some(), "{text}: {mistake:?}");
            }
        }
        assert!(check(&"(".repeat(100_000)).is_err());
        assert!(check(&"not ".repeat(100_000)).is_err());
    }
}
