//! Exact decimal text for times and numbers: what is written is read back bit for bit.

/// Units in which files tell times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
}

impl Unit {
    /// Decimal places down to a nanosecond.
    const fn places(self) -> usize {
        match self {
            Unit::Seconds => 9,
            Unit::Millis => 6,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Millis => "milliseconds",
        }
    }
}

/// Nanoseconds of a plain decimal such as `12.5`; further places are rounded half up. `None` for anything else.
pub(crate) fn parse(text: &str, unit: Unit) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let places = unit.places();
    let mut nanos = 0u64;
    for place in 0..whole.len() + places {
        let digit = if place < whole.len() {
            whole.as_bytes()[place]
        } else {
            fraction.as_bytes().get(place - whole.len()).copied().unwrap_or(b'0')
        };
        nanos = nanos.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    let rounds_up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
    nanos.checked_add(u64::from(rounds_up))
}

/// A number of `unit`s with three decimal places, or as many more as it needs.
pub(crate) fn write(nanos: u64, unit: Unit) -> String {
    let places = unit.places();
    let scale = 10u64.pow(places as u32);
    at_least_three_places(&format!("{}.{:0places$}", nanos / scale, nanos % scale))
}

/// The shortest text that reads back as `value`, with at least three decimal places.
pub(crate) fn write_number(value: f64) -> String {
    at_least_three_places(&value.to_string())
}

fn at_least_three_places(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{:0<3}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_written_with_three_places_or_more() {
        for (text, nanos, written) in [
            ("0", 0, "0.000"),
            ("123960.000", 123_960_000_000_000, "123960.000"),
            (".5", 500_000_000, "0.500"),
            ("1.000000001", 1_000_000_001, "1.000000001"),
            ("0.0000000015", 2, "0.000000002"),
        ] {
            assert_eq!(parse(text, Unit::Seconds), Some(nanos), "{text}");
            assert_eq!(write(nanos, Unit::Seconds), written);
        }
        assert_eq!(parse("142.524", Unit::Millis), Some(142_524_000));
        assert_eq!(write(79_000, Unit::Millis), "0.079");
    }

    #[test]
    fn signs_exponents_units_and_overflow_are_refused() {
        for text in ["", ".", "-1", "+1", "1e3", "1s", "1,5", "99999999999999999999"] {
            assert_eq!(parse(text, Unit::Seconds), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_short_as_they_read_back() {
        assert_eq!(write_number(1.0), "1.000");
        assert_eq!(write_number(0.124_223_602_484_472_08), "0.12422360248447208");
    }
}
