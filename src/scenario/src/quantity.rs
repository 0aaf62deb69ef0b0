//! Values with their unit in the text: `"30s"`, `"10 MiB"`, `"8/s"`, `"5 %"`.
//!
//! Each is a type that reads and writes its text and tells the JSON Schema what it looks like. Times and sizes are read exactly, in
//! whole nanoseconds and bytes; what is finer is rounded to the nearest.

mod decimal;
mod rates;
mod times;

pub use rates::{ByteRate, Rate, Share};
pub use times::{Flush, SignedTime, Size, Time};

/// Reads a time; see [`crate::parse_time`].
pub(crate) fn read_time(text: &str) -> Result<hms_machine::Duration, String> {
    Time::from_text(text.trim()).map(|time| time.0)
}

/// What the schema, the reader and the reference know of one type of value.
pub(crate) trait Quantity: Sized {
    /// The word that stands for the type in schema and reference.
    const NAME: &'static str;
    /// What is expected, with examples.
    const EXPECTED: &'static str;
    /// A regular expression for editors; the reader itself is stricter.
    const PATTERN: &'static str;
    /// Whether a plain number does as well.
    const NUMBERS: bool;

    /// Reads text; the error says what is wrong with it.
    fn from_text(text: &str) -> Result<Self, String>;

    /// Takes a plain number, if the type has a unit of its own.
    fn from_number(number: f64) -> Result<Self, String> {
        Err(format!("`{number}` has no unit"))
    }
}

/// A value as it may stand in a file.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Raw {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl Raw {
    pub(crate) fn read<Q: Quantity>(&self) -> Result<Q, String> {
        match self {
            Raw::Integer(number) => Q::from_number(*number as f64),
            Raw::Float(number) => Q::from_number(*number),
            Raw::Text(text) => Q::from_text(text.trim()),
        }
    }
}

/// Why `raw` is no value of the type called `name`, and what is expected there; `None` if it is one, or the name is unknown.
pub(crate) fn complaint(name: &str, raw: &Raw) -> Option<(String, &'static str)> {
    fn of<Q: Quantity>(raw: &Raw) -> Option<(String, &'static str)> {
        raw.read::<Q>().err().map(|message| (message, Q::EXPECTED))
    }
    match name {
        Time::NAME => of::<Time>(raw),
        SignedTime::NAME => of::<SignedTime>(raw),
        Size::NAME => of::<Size>(raw),
        Flush::NAME => of::<Flush>(raw),
        Rate::NAME => of::<Rate>(raw),
        ByteRate::NAME => of::<ByteRate>(raw),
        Share::NAME => of::<Share>(raw),
        _ => None,
    }
}

/// What the type called `name` looks like.
pub(crate) fn expected(name: &str) -> Option<&'static str> {
    [
        (Time::NAME, Time::EXPECTED),
        (SignedTime::NAME, SignedTime::EXPECTED),
        (Size::NAME, Size::EXPECTED),
        (Flush::NAME, Flush::EXPECTED),
        (Rate::NAME, Rate::EXPECTED),
        (ByteRate::NAME, ByteRate::EXPECTED),
        (Share::NAME, Share::EXPECTED),
    ]
    .into_iter()
    .find(|(known, _)| *known == name)
    .map(|(_, expected)| expected)
}

/// The key of the schema that names a value's type.
pub(crate) const SCHEMA_KEY: &str = "x-quantity";

macro_rules! in_files {
    ($type:ty) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let raw = $crate::quantity::Raw::deserialize(deserializer)?;
                raw.read().map_err(D::Error::custom)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$type as $crate::quantity::Quantity>::NAME.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::quantity::Quantity;
                let text = schemars::json_schema!({ "type": "string", "pattern": <$type>::PATTERN });
                let mut schema = if <$type>::NUMBERS {
                    schemars::json_schema!({ "anyOf": [{ "type": "number" }, text] })
                } else {
                    text
                };
                schema.insert($crate::quantity::SCHEMA_KEY.to_owned(), <$type>::NAME.into());
                schema
            }
        }
    };
}
use in_files;
