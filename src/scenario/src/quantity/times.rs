//! Spans of time and numbers of bytes.

use std::fmt;

use hms_machine::{Bytes, Duration};

use super::{Quantity, decimal, in_files};

/// The first name of each unit is the one that is written.
const TIMES: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const DAY: (&str, u64) = ("d", 86_400_000_000_000);

/// Sizes are written in these; decimal units are read as well.
const SIZES: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
const DECIMAL_SIZES: [(&str, u64); 4] = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)];

/// A span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Duration);

/// A span of time or its negative, in nanoseconds: an offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedTime(pub i64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub Bytes);

/// When a journal is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Before each acknowledgement.
    Always,
    /// Never.
    Never,
    /// Every so often.
    Every(Duration),
}

fn nanos(text: &str) -> Result<u64, String> {
    let (number, unit) = decimal::split(text);
    if number.is_empty() {
        return Err(format!("`{text}` is no duration"));
    }
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit"));
    }
    if unit == "m" {
        return Err(format!("`m` could be minutes or months in `{text}`; write `{number}min`"));
    }
    let Some((_, scale)) = TIMES.iter().chain([&DAY]).find(|(name, _)| *name == unit) else {
        return Err(format!("`{unit}` is no unit of time"));
    };
    if number.starts_with('-') {
        return Err(format!("`{text}` is negative"));
    }
    decimal::scaled(number.trim_start_matches('+'), *scale).ok_or_else(|| format!("`{text}` is no duration below 584 years"))
}

fn write_nanos(nanos: u64) -> String {
    decimal::write(nanos, &[TIMES[0], TIMES[1], TIMES[3], TIMES[4], TIMES[5], TIMES[6], DAY], "")
}

impl Quantity for Time {
    const NAME: &'static str = "duration";
    const EXPECTED: &'static str = "a duration with its unit: \"250us\", \"0.4ms\", \"30s\", \"2.7min\", \"1h\", \"1d\"";
    const PATTERN: &'static str = r"^\s*\+?[0-9_]*\.?[0-9]*\s*(ns|us|µs|ms|s|min|h|d)\s*$";
    const NUMBERS: bool = false;

    fn from_text(text: &str) -> Result<Self, String> {
        nanos(text).map(|nanos| Time(Duration::from_nanos(nanos)))
    }
}

impl Quantity for SignedTime {
    const NAME: &'static str = "signed duration";
    const EXPECTED: &'static str = "a duration with its unit, negative or not: \"-11ms\", \"2min\"";
    const PATTERN: &'static str = r"^\s*[+-]?[0-9_]*\.?[0-9]*\s*(ns|us|µs|ms|s|min|h|d)\s*$";
    const NUMBERS: bool = false;

    fn from_text(text: &str) -> Result<Self, String> {
        let (negative, size) = match text.strip_prefix('-') {
            Some(size) => (true, size.trim_start()),
            None => (false, text),
        };
        let nanos = i64::try_from(nanos(size)?).map_err(|_| format!("`{text}` is beyond 292 years"))?;
        Ok(SignedTime(if negative { -nanos } else { nanos }))
    }
}

impl Quantity for Size {
    const NAME: &'static str = "size";
    const EXPECTED: &'static str = "a number of bytes with its unit: \"512 B\", \"4 KiB\", \"10 MiB\", \"1 GB\"";
    const PATTERN: &'static str = r"^\s*[0-9_]*\.?[0-9]*\s*(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)\s*$";
    const NUMBERS: bool = false;

    fn from_text(text: &str) -> Result<Self, String> {
        bytes(text).map(|bytes| Size(Bytes(bytes)))
    }
}

/// Bytes from text such as `10 MiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = decimal::split(text);
    if number.is_empty() {
        return Err(format!("`{text}` is no size"));
    }
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit"));
    }
    let known = SIZES.iter().chain(&DECIMAL_SIZES);
    let Some((_, scale)) = known.clone().find(|(name, _)| *name == unit) else {
        let near = known.map(|(name, _)| name).find(|name| name.eq_ignore_ascii_case(unit));
        let hint = near.map(|name| format!("; write `{number} {name}`")).unwrap_or_default();
        return Err(format!("`{unit}` is no unit of size{hint}"));
    };
    decimal::scaled(number, *scale).ok_or_else(|| format!("`{text}` is no number of bytes below 2^64"))
}

impl Quantity for Flush {
    const NAME: &'static str = "flush";
    const EXPECTED: &'static str = "\"always\", \"never\", or the time between flushes, such as \"100ms\"";
    const PATTERN: &'static str = r"^\s*(always|never|[0-9_]*\.?[0-9]*\s*(ns|us|µs|ms|s|min|h|d))\s*$";
    const NUMBERS: bool = false;

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "always" => Ok(Flush::Always),
            "never" => Ok(Flush::Never),
            _ => match nanos(text)? {
                0 => Err("a flush every 0 ns would never end; for each entry write \"always\"".to_owned()),
                nanos => Ok(Flush::Every(Duration::from_nanos(nanos))),
            },
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_nanos(self.0.as_nanos()))
    }
}

impl fmt::Display for SignedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.0 < 0 { "-" } else { "" }, write_nanos(self.0.unsigned_abs()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal::write(self.0.0, &SIZES, " "))
    }
}

impl fmt::Display for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flush::Always => f.write_str("always"),
            Flush::Never => f.write_str("never"),
            Flush::Every(time) => Time(*time).fmt(f),
        }
    }
}

in_files!(Time);
in_files!(SignedTime);
in_files!(Size);
in_files!(Flush);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_exactly_and_written_in_the_largest_unit_that_divides_them() {
        let written = ["30s", "0.4ms", "2.7 min", "1h", "1d", "250us", "10ns", "0s", "90s"]
            .map(|text| Time::from_text(text).unwrap().to_string());
        assert_eq!(written, ["30s", "400us", "162s", "1h", "1d", "250us", "10ns", "0ns", "90s"]);
    }

    #[test]
    fn what_is_wrong_with_a_duration_is_told() {
        let told = ["30", "5m", "-3s", "s", "3 parsecs", "1000y"].map(|text| Time::from_text(text).unwrap_err());
        insta::assert_debug_snapshot!(told, @r#"
        [
            "`30` has no unit",
            "`m` could be minutes or months in `5m`; write `5min`",
            "`-3s` is negative",
            "`s` is no duration",
            "`parsecs` is no unit of time",
            "`y` is no unit of time",
        ]
        "#);
    }

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        let read = ["10 MiB", "4KiB", "1 GB", "0.5 KiB"].map(|text| Size::from_text(text).unwrap().0.0);
        assert_eq!(read, [10 << 20, 4096, 1_000_000_000, 512]);
        assert_eq!(Size::from_text("4 kib").unwrap_err(), "`kib` is no unit of size; write `4 KiB`");
    }

    #[test]
    fn offsets_may_be_negative() {
        assert_eq!(SignedTime::from_text("-11ms").unwrap(), SignedTime(-11_000_000));
        assert_eq!(SignedTime(-11_000_000).to_string(), "-11ms");
    }
}
