//! From text to the tree: a scanner and one function per level of precedence.

use std::ops::Range;

use super::value::{Quantity, Value};
use super::{Arithmetic, Comparison, Kind, Mistake, Node};

/// Deepest nesting of parentheses, `not` and `-`.
const DEPTH_MAX: usize = 64;

pub(super) fn parse(text: &str) -> Result<Node, Mistake> {
    let tokens = scan(text)?;
    let mut parser = Parser { tokens, next: 0, end: text.len(), depth: 0 };
    let node = parser.alternatives()?;
    match parser.peek() {
        None => Ok(node),
        Some((Token::Close, at)) => Err(Mistake::new(at.clone(), "`)` is one too many")),
        Some((_, at)) => Err(Mistake::new(at.clone(), format!("`{}` is not expected here", &text[at.clone()]))
            .help("join two conditions with `and` or `or`")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Literal(Value),
    Name(String),
    And,
    Or,
    Not,
    Open,
    Close,
    Plus,
    Minus,
    Times,
    Divide,
    Compare(Comparison),
}

fn scan(text: &str) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(letter) = text[start..].chars().next() {
        let rest = &text[start..];
        let (token, length) = match letter {
            letter if letter.is_whitespace() => {
                start += letter.len_utf8();
                continue;
            }
            '0'..='9' => number(rest).map_err(|mistake| moved(mistake, start))?,
            '"' | '\'' => quoted(rest, letter).map_err(|mistake| moved(mistake, start))?,
            letter if letter.is_alphabetic() || letter == '_' => word(rest),
            _ => symbol(rest).map_err(|mistake| moved(mistake, start))?,
        };
        tokens.push((token, start..start + length));
        start += length;
    }
    Ok(tokens)
}

fn moved(mistake: Mistake, by: usize) -> Mistake {
    Mistake { at: mistake.at.start + by..mistake.at.end + by, ..mistake }
}

fn symbol(rest: &str) -> Result<(Token, usize), Mistake> {
    const SYMBOLS: [(&str, Token); 12] = [
        ("<=", Token::Compare(Comparison::LessOrEqual)),
        (">=", Token::Compare(Comparison::GreaterOrEqual)),
        ("==", Token::Compare(Comparison::Equal)),
        ("!=", Token::Compare(Comparison::NotEqual)),
        ("<", Token::Compare(Comparison::Less)),
        (">", Token::Compare(Comparison::Greater)),
        ("(", Token::Open),
        (")", Token::Close),
        ("+", Token::Plus),
        ("-", Token::Minus),
        ("*", Token::Times),
        ("/", Token::Divide),
    ];
    if let Some((symbol, token)) = SYMBOLS.into_iter().find(|(symbol, _)| rest.starts_with(symbol)) {
        return Ok((token, symbol.len()));
    }
    for (wrong, right) in [("&&", "and"), ("||", "or"), ("!", "not"), ("=", "=="), ("&", "and"), ("|", "or")] {
        if rest.starts_with(wrong) {
            return Err(Mistake::new(0..wrong.len(), format!("`{wrong}` is no operator")).help(format!("write `{right}`")));
        }
    }
    let letter = rest.chars().next().map_or(0, char::len_utf8);
    Err(Mistake::new(0..letter, format!("`{}` has no meaning here", &rest[..letter])))
}

fn quoted(rest: &str, quote: char) -> Result<(Token, usize), Mistake> {
    match rest[1..].find(quote) {
        Some(length) => Ok((Token::Literal(Value::Text(rest[1..=length].to_owned())), length + 2)),
        None => Err(Mistake::new(0..rest.len(), "the text has no end").help(format!("close it with {quote}"))),
    }
}

/// A keyword, or the name of a setting: `stack.health.timeout`, `scenario.fault[0].at`.
fn word(rest: &str) -> (Token, usize) {
    let within = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '[' | ']');
    let length = rest.find(|letter| !within(letter)).unwrap_or(rest.len());
    let token = match &rest[..length] {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "true" => Token::Literal(Value::Truth(true)),
        "false" => Token::Literal(Value::Truth(false)),
        name => Token::Name(name.to_owned()),
    };
    (token, length)
}

/// A number with the unit behind it, if there is one: `2`, `1e3`, `500ms`, `10 MiB`, `300/s`, `1 MiB/s`, `5 %`.
fn number(rest: &str) -> Result<(Token, usize), Mistake> {
    let digits = digits_end(rest);
    let gap = rest[digits..].len() - rest[digits..].trim_start_matches(' ').len();
    let behind = &rest[digits + gap..];
    let unit = behind.find(|letter: char| !letter.is_alphabetic()).unwrap_or(behind.len());
    let length = match &behind[..unit] {
        "and" | "or" | "not" => digits,
        "" if behind.starts_with('%') => digits + gap + 1,
        "" => digits + per(&rest[digits..]),
        _ => digits + gap + unit + per(&behind[unit..]),
    };
    let text = &rest[..length];
    if length == digits {
        return match text.replace('_', "").parse::<f64>() {
            Ok(number) if number.is_finite() => {
                let quantity = Quantity { number, dimension: super::Dimension::NONE };
                Ok((Token::Literal(Value::Quantity(quantity)), length))
            }
            _ => Err(Mistake::new(0..length, format!("`{text}` is no number"))),
        };
    }
    match Quantity::from_text(text) {
        Some(quantity) => Ok((Token::Literal(Value::Quantity(quantity)), length)),
        None => Err(Mistake::new(0..length, format!("`{text}` is no quantity"))
            .help("units are ns, us, ms, s, min, h, d; B, KiB, MiB, GiB, TiB; /s, /min, /h, /d; %")),
    }
}

/// Where the plain number at the beginning ends.
fn digits_end(rest: &str) -> usize {
    let plain = |letter: char| letter.is_ascii_digit() || matches!(letter, '_' | '.');
    let mantissa = rest.find(|letter| !plain(letter)).unwrap_or(rest.len());
    let Some(exponent) = rest[mantissa..].strip_prefix(['e', 'E']) else { return mantissa };
    let sign = usize::from(exponent.starts_with(['+', '-']));
    let power = exponent[sign..].find(|letter: char| !letter.is_ascii_digit()).unwrap_or(exponent.len() - sign);
    if power == 0 { mantissa } else { mantissa + 1 + sign + power }
}

/// Length of `/s` and the like, spaces included; 0 where a division follows instead.
fn per(rest: &str) -> usize {
    let Some(behind) = rest.trim_start_matches(' ').strip_prefix('/') else { return 0 };
    let unit = behind.trim_start_matches(' ');
    let length = unit.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '.' | '['))).unwrap_or(unit.len());
    if matches!(&unit[..length], "s" | "min" | "h" | "d") { rest.len() - unit.len() + length } else { 0 }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&(Token, Range<usize>)> {
        self.tokens.get(self.next)
    }

    /// Where the next token stands.
    fn here(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |(_, at)| at.clone())
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek().is_some_and(|(token, _)| token == wanted);
        self.next += usize::from(found);
        found
    }

    fn alternatives(&mut self) -> Result<Node, Mistake> {
        let mut left = self.conjunction()?;
        while self.take(&Token::Or) {
            let right = self.conjunction()?;
            left = joined(left, right, Kind::Or);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Node, Mistake> {
        let mut left = self.negation()?;
        while self.take(&Token::And) {
            let right = self.negation()?;
            left = joined(left, right, Kind::And);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Node, Mistake> {
        let start = self.here();
        if !self.take(&Token::Not) {
            return self.comparison();
        }
        self.deeper(start.clone())?;
        let inner = self.negation()?;
        self.depth -= 1;
        let at = start.start..inner.at.end;
        Ok(Node { kind: Kind::Not(Box::new(inner)), at })
    }

    fn comparison(&mut self) -> Result<Node, Mistake> {
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some((Token::Compare(comparison), _)) = self.peek() {
            let comparison = *comparison;
            self.next += 1;
            rest.push((comparison, self.sum()?));
        }
        let Some((_, last)) = rest.last() else { return Ok(first) };
        let at = first.at.start..last.at.end;
        Ok(Node { kind: Kind::Chain(Box::new(first), rest), at })
    }

    fn sum(&mut self) -> Result<Node, Mistake> {
        let mut left = self.product()?;
        loop {
            let operation = match self.peek() {
                Some((Token::Plus, _)) => Arithmetic::Add,
                Some((Token::Minus, _)) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.product()?;
            left = joined(left, right, |one, other| Kind::Arithmetic(operation, one, other));
        }
    }

    fn product(&mut self) -> Result<Node, Mistake> {
        let mut left = self.primary()?;
        loop {
            let operation = match self.peek() {
                Some((Token::Times, _)) => Arithmetic::Multiply,
                Some((Token::Divide, _)) => Arithmetic::Divide,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.primary()?;
            left = joined(left, right, |one, other| Kind::Arithmetic(operation, one, other));
        }
    }

    fn primary(&mut self) -> Result<Node, Mistake> {
        let Some((token, at)) = self.peek().cloned() else {
            return Err(Mistake::new(self.end..self.end, "the expression ends where a value is wanted"));
        };
        self.next += 1;
        match token {
            Token::Literal(value) => Ok(Node { kind: Kind::Literal(value), at }),
            Token::Name(name) => Ok(Node { kind: Kind::Name(name), at }),
            Token::Minus => {
                self.deeper(at.clone())?;
                let inner = self.primary()?;
                self.depth -= 1;
                let whole = at.start..inner.at.end;
                Ok(Node { kind: Kind::Negate(Box::new(inner)), at: whole })
            }
            Token::Open => {
                self.deeper(at.clone())?;
                let inner = self.alternatives()?;
                self.depth -= 1;
                let end = self.here().end;
                if !self.take(&Token::Close) {
                    return Err(Mistake::new(self.here(), "`)` is missing"));
                }
                Ok(Node { at: at.start..end, ..inner })
            }
            Token::And
            | Token::Or
            | Token::Not
            | Token::Close
            | Token::Plus
            | Token::Times
            | Token::Divide
            | Token::Compare(_) => Err(Mistake::new(at, "a value is wanted here")
                .help("a setting such as `stack.health.timeout`, or a value such as `500ms`")),
        }
    }

    fn deeper(&mut self, at: Range<usize>) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Mistake::new(at, format!("nested deeper than {DEPTH_MAX} levels"))) } else { Ok(()) }
    }
}

fn joined(left: Node, right: Node, kind: impl FnOnce(Box<Node>, Box<Node>) -> Kind) -> Node {
    let at = left.at.start..right.at.end;
    Node { kind: kind(Box::new(left), Box::new(right)), at }
}
