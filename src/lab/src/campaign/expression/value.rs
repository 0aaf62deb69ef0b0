//! Values with their dimension.

use hms_scenario::quantity::{ByteRate, Rate, Share, SignedTime, Size};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

/// What an expression reckons with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Quantity(Quantity),
    Text(String),
    Truth(bool),
}

/// A number in nanoseconds, bytes and what is made of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) number: f64,
    pub(crate) dimension: Dimension,
}

/// Powers of time and of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dimension {
    time: i16,
    bytes: i16,
}

impl Dimension {
    pub(crate) const NONE: Dimension = Dimension { time: 0, bytes: 0 };
    pub(crate) const TIME: Dimension = Dimension { time: 1, bytes: 0 };
    pub(crate) const BYTES: Dimension = Dimension { time: 0, bytes: 1 };
    pub(crate) const RATE: Dimension = Dimension { time: -1, bytes: 0 };
    pub(crate) const BYTE_RATE: Dimension = Dimension { time: -1, bytes: 1 };

    pub(crate) fn times(self, other: Dimension) -> Dimension {
        Dimension { time: self.time.saturating_add(other.time), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(crate) fn per(self, other: Dimension) -> Dimension {
        Dimension { time: self.time.saturating_sub(other.time), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    pub(crate) fn article(self) -> String {
        match self {
            Dimension::NONE => "a number".to_owned(),
            Dimension::TIME => "a time".to_owned(),
            Dimension::BYTES => "a size".to_owned(),
            Dimension::RATE => "a rate".to_owned(),
            Dimension::BYTE_RATE => "a rate of bytes".to_owned(),
            Dimension { time, bytes } => format!("a quantity of time^{time} bytes^{bytes}"),
        }
    }
}

const NANOS_PER_SECOND: f64 = 1e9;

impl Quantity {
    /// Text such as `500ms`, `10 MiB`, `300/s`, `1 MiB/s`, `5 %`; `None` for everything else, numbers without a unit among it.
    pub(crate) fn from_text(text: &str) -> Option<Quantity> {
        fn read<'de, Q: Deserialize<'de>>(text: &'de str) -> Option<Q> {
            Q::deserialize(StrDeserializer::<Error>::new(text)).ok()
        }
        let of = |number, dimension| Some(Quantity { number, dimension });
        if !text.starts_with(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+')) {
            return None;
        }
        if let Some(SignedTime(nanos)) = read(text) {
            return of(nanos as f64, Dimension::TIME);
        }
        if let Some(Size(bytes)) = read(text) {
            return of(bytes.0 as f64, Dimension::BYTES);
        }
        if let Some(ByteRate(bytes)) = read(text) {
            return of(bytes as f64 / NANOS_PER_SECOND, Dimension::BYTE_RATE);
        }
        if let Some(Rate(rate)) = read(text) {
            return of(rate / NANOS_PER_SECOND, Dimension::RATE);
        }
        read(text).and_then(|Share(share)| of(share.get(), Dimension::NONE))
    }
}

/// A rate per nanosecond as one per second, to the 15 digits that a rate in a file can have: the way there and back need not end where it began.
fn per_second(number: f64) -> f64 {
    format!("{:.14e}", number * NANOS_PER_SECOND).parse().expect("a number is written as one")
}

impl Value {
    /// The value of a setting that is written as text.
    pub(crate) fn from_text(text: &str) -> Value {
        match Quantity::from_text(text.trim()) {
            Some(quantity) => Value::Quantity(quantity),
            None => Value::Text(text.to_owned()),
        }
    }

    /// The value of a setting; `None` for lists, tables and dates.
    pub(crate) fn from_toml(value: &toml::Value) -> Option<Value> {
        let number = |number| Some(Value::Quantity(Quantity { number, dimension: Dimension::NONE }));
        match value {
            toml::Value::String(text) => Some(Value::from_text(text)),
            toml::Value::Integer(integer) => number(*integer as f64),
            toml::Value::Float(float) => number(*float),
            toml::Value::Boolean(truth) => Some(Value::Truth(*truth)),
            toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
        }
    }

    /// The value of a parameter of the stack.
    pub(crate) fn of_tunable(value: hms_stack::Value) -> Value {
        let quantity = |number, dimension| Value::Quantity(Quantity { number, dimension });
        match value {
            hms_stack::Value::Duration(duration) => quantity(duration.as_nanos() as f64, Dimension::TIME),
            hms_stack::Value::Integer(count) => quantity(f64::from(count), Dimension::NONE),
            hms_stack::Value::Real(number) => quantity(number, Dimension::NONE),
            hms_stack::Value::Switch(on) => Value::Truth(on),
            hms_stack::Value::Choice(name) => Value::Text(name.to_owned()),
        }
    }

    /// Whether it is true, for what is true or false.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Value::Truth(truth) => Some(*truth),
            Value::Quantity(_) | Value::Text(_) => None,
        }
    }

    /// The number in seconds, bytes and what is made of them, and the name of that unit.
    pub(crate) fn in_unit(&self) -> Option<(f64, &'static str)> {
        let Value::Quantity(Quantity { number, dimension }) = self else { return None };
        match *dimension {
            Dimension::NONE => Some((*number, "")),
            Dimension::TIME => Some((number / NANOS_PER_SECOND, "s")),
            Dimension::BYTES => Some((*number, "B")),
            Dimension::RATE => Some((per_second(*number), "1/s")),
            Dimension::BYTE_RATE => Some((per_second(*number), "B/s")),
            Dimension { .. } => None,
        }
    }

    pub(crate) fn article(&self) -> String {
        match self {
            Value::Quantity(quantity) => quantity.dimension.article(),
            Value::Text(_) => "a text".to_owned(),
            Value::Truth(_) => "true or false".to_owned(),
        }
    }
}
