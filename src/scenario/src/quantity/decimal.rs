//! Exact decimal numbers with a unit behind them.

/// Splits `"0.4ms"` into the number and the unit, without the space between them. The number may have a sign.
pub(super) fn split(text: &str) -> (&str, &str) {
    let end =
        text.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '_' | '-' | '+'))).unwrap_or(text.len());
    (text[..end].trim_end(), text[end..].trim())
}

/// `number × unit`, rounded to the nearest whole; `None` for what is no plain decimal number or leaves the range of u64.
pub(super) fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut total = digits(whole)?.checked_mul(u128::from(unit))?;
    // Twenty digits behind the point are finer than any unit here; more would only overflow.
    let kept = fraction.get(..20).unwrap_or(fraction);
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = 10_u128.pow(kept.len() as u32);
    let part = digits(kept)?.checked_mul(u128::from(unit))?;
    total = total.checked_add((part + power / 2) / power)?;
    u64::try_from(total).ok()
}

fn digits(text: &str) -> Option<u128> {
    let mut total = 0_u128;
    for byte in text.bytes().filter(|byte| *byte != b'_') {
        if !byte.is_ascii_digit() {
            return None;
        }
        total = total.checked_mul(10)?.checked_add(u128::from(byte - b'0'))?;
    }
    Some(total)
}

/// A finite number in plain decimal notation.
pub(super) fn float(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// The text of `total` in the largest of `units` that divides it.
pub(super) fn write(total: u64, units: &[(&'static str, u64)], space: &str) -> String {
    let fitting = units.iter().filter(|(_, unit)| total.is_multiple_of(*unit) && (total > 0 || *unit == 1));
    let (name, unit) = fitting.max_by_key(|(_, unit)| *unit).expect("every table has a unit of 1");
    format!("{}{space}{name}", total / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(scaled("0.4", 1_000_000), Some(400_000));
        assert_eq!(scaled("2.7", 60_000_000_000), Some(162_000_000_000));
        assert_eq!(scaled("18446744073709551615", 1), Some(u64::MAX));
        assert_eq!(scaled("0.3", 1), Some(0));
        assert_eq!(scaled("0.5", 1), Some(1));
    }

    #[test]
    fn what_is_no_number_or_too_large_is_none() {
        for text in ["", ".", "-1", "1e3", "1.2.3", "1.x", "18446744073709551616"] {
            assert_eq!(scaled(text, 1), None, "{text}");
        }
    }
}
