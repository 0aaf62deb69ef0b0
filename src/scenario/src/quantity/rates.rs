//! Events per second, bytes per second, and shares.

use std::fmt;

use hms_machine::Ratio;

use super::{Quantity, decimal, in_files, times};

/// Something per second: 0 or more, finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

/// Bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(pub u64);

/// A share or probability between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(pub Ratio);

impl Quantity for Rate {
    const NAME: &'static str = "rate";
    const EXPECTED: &'static str = "a rate such as \"300/s\", \"8/min\", \"20/h\" or \"1000/d\", or a plain number per second";
    const PATTERN: &'static str = r"^\s*[0-9]*\.?[0-9]*\s*/\s*(s|min|h|d)\s*$";
    const NUMBERS: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let Some((number, unit)) = text.split_once('/') else {
            return Err(format!("`{text}` does not say per what time"));
        };
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            other => return Err(format!("`{other}` is no time that a rate can be per")),
        };
        let number = decimal::float(number.trim()).ok_or_else(|| format!("`{}` is no number", number.trim()))?;
        Self::from_number(number / seconds)
    }

    fn from_number(number: f64) -> Result<Self, String> {
        if number.is_finite() && number >= 0.0 { Ok(Rate(number)) } else { Err(format!("`{number}` is no rate of 0 or more")) }
    }
}

impl Quantity for ByteRate {
    const NAME: &'static str = "byte rate";
    const EXPECTED: &'static str = "bytes or bits per second: \"10 MiB/s\", \"125 MB/s\", \"1 Gbit/s\"";
    const PATTERN: &'static str = r"^\s*[0-9_]*\.?[0-9]*\s*(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB|kbit|Mbit|Gbit)\s*/\s*s\s*$";
    const NUMBERS: bool = false;

    fn from_text(text: &str) -> Result<Self, String> {
        let Some((amount, "s")) = text.split_once('/').map(|(amount, unit)| (amount.trim(), unit.trim())) else {
            return Err(format!("`{text}` does not end in `/s`"));
        };
        let (number, unit) = decimal::split(amount);
        let bits = match unit {
            "kbit" => Some(1_000),
            "Mbit" => Some(1_000_000),
            "Gbit" => Some(1_000_000_000),
            _ => None,
        };
        let bytes = match bits {
            Some(bits) => decimal::scaled(number, bits).map(|bits| bits / 8).ok_or_else(|| format!("`{number}` is no number"))?,
            None => times::bytes(amount)?,
        };
        if bytes == 0 { Err(format!("`{text}` is less than one byte per second")) } else { Ok(ByteRate(bytes)) }
    }
}

impl Quantity for Share {
    const NAME: &'static str = "share";
    const EXPECTED: &'static str = "a number between 0 and 1, or a percentage such as \"5 %\"";
    const PATTERN: &'static str = r"^\s*[0-9]*\.?[0-9]*\s*%\s*$";
    const NUMBERS: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            return Err(format!("`{text}` is neither a number nor a percentage"));
        };
        let number = decimal::float(number.trim()).ok_or_else(|| format!("`{}` is no number", number.trim()))?;
        Ratio::new(number / 100.0).map(Share).map_err(|_| format!("`{text}` is not between 0 % and 100 %"))
    }

    fn from_number(number: f64) -> Result<Self, String> {
        Ratio::new(number).map(Share).map_err(|_| {
            let percent =
                if (1.0..=100.0).contains(&number) { format!("; for per cent write \"{number} %\"") } else { String::new() };
            format!("`{number}` is not between 0 and 1{percent}")
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", times::Size(hms_machine::Bytes(self.0)))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

in_files!(Rate);
in_files!(ByteRate);

impl<'de> serde::Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        super::Raw::deserialize(deserializer)?.read().map_err(D::Error::custom)
    }
}

/// A share is written as a number.
impl serde::Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.get())
    }
}

impl schemars::JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::NAME.into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1 }, { "type": "string", "pattern": Self::PATTERN }],
            super::SCHEMA_KEY: Self::NAME,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_whatever_they_were_told_per() {
        let read = ["8/s", "4/min", "36/h", "0/s"].map(|text| Rate::from_text(text).unwrap().0);
        assert_eq!(read, [8.0, 4.0 / 60.0, 0.01, 0.0]);
        assert_eq!(Rate::from_number(12.5).unwrap(), Rate(12.5));
    }

    #[test]
    fn byte_rates_come_in_bytes_and_in_bits() {
        let read = ["10 MiB/s", "125 MB/s", "1 Gbit/s"].map(|text| ByteRate::from_text(text).unwrap().0);
        assert_eq!(read, [10 << 20, 125_000_000, 125_000_000]);
    }

    #[test]
    fn shares_are_numbers_or_percentages() {
        assert_eq!(Share::from_text("5 %").unwrap().0.get(), 0.05);
        assert_eq!(Share::from_number(5.0).unwrap_err(), "`5` is not between 0 and 1; for per cent write \"5 %\"");
        assert!(Share::from_number(f64::NAN).is_err() && Rate::from_number(f64::INFINITY).is_err());
    }
}
