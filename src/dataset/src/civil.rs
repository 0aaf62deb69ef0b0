//! Dates of files, as seconds since 1970 without a time zone.

/// Nanoseconds since 1970-01-01 00:00:00 of some calendar clock whose zone the source does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CivilTime(i64);

const NANOS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

impl CivilTime {
    /// Reads `M/D/YYYY H:MM`.
    pub(crate) fn parse_month_first(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ')?;
        let [month, day, year] = numbers(date, '/')?;
        let [hour, minute] = numbers(time, ':')?;
        Self::new([year, month, day], [hour, minute, 0], 0)
    }

    /// Reads `YYYY-MM-DD HH:MM:SS` with up to nine decimal places of a second.
    pub(crate) fn parse_year_first(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ')?;
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
        Self::new(numbers(date, '-')?, numbers(time, ':')?, nanos)
    }

    fn new([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3], nanos: i64) -> Option<Self> {
        let valid = (1900..2200).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..61).contains(&second);
        let days = days_from_civil(year, month, day);
        let exists = valid && civil_from_days(days) == [year, month, day];
        exists.then(|| CivilTime((days * DAY_SECONDS + hour * 3_600 + minute * 60 + second) * NANOS + nanos))
    }

    /// Nanoseconds since `earlier`; `None` where `earlier` is later.
    pub(crate) fn nanos_since(self, earlier: CivilTime) -> Option<u64> {
        u64::try_from(self.0 - earlier.0).ok()
    }

    /// The first instant of this time's year.
    pub(crate) fn start_of_year(self) -> CivilTime {
        let [year, ..] = civil_from_days(self.0.div_euclid(NANOS * DAY_SECONDS));
        CivilTime(days_from_civil(year, 1, 1) * DAY_SECONDS * NANOS)
    }
}

/// `YYYY-MM-DD HH:MM:SS`, and the fraction of a second where there is one.
impl std::fmt::Display for CivilTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.div_euclid(NANOS);
        let [year, month, day] = civil_from_days(seconds.div_euclid(DAY_SECONDS));
        let second = seconds.rem_euclid(DAY_SECONDS);
        write!(f, "{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)?;
        match self.0.rem_euclid(NANOS) {
            0 => Ok(()),
            nanos => write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0')),
        }
    }
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for number in &mut numbers {
        let part = parts.next()?;
        let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = if plain { part.parse().ok()? } else { return None };
    }
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> [i64; 3] {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_name_the_same_instant() {
        let month_first = CivilTime::parse_month_first("5/19/1995 21:55").unwrap();
        let year_first = CivilTime::parse_year_first("1995-05-19 21:55:00").unwrap();
        assert_eq!(month_first, year_first);
        assert_eq!(month_first.to_string(), "1995-05-19 21:55:00");
    }

    #[test]
    fn fractions_and_leap_days_count() {
        let before = CivilTime::parse_year_first("2024-02-28 23:59:59.5").unwrap();
        let after = CivilTime::parse_year_first("2024-03-01 00:00:00").unwrap();
        assert_eq!(after.nanos_since(before), Some(86_400_500_000_000));
        assert_eq!(before.to_string(), "2024-02-28 23:59:59.5");
        assert_eq!(after.start_of_year().to_string(), "2024-01-01 00:00:00");
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in ["2023-02-29 00:00:00", "2023-13-01 00:00:00", "2023-01-01", "2023-01-01 24:00:00", "2023-01-01 00:00:00.x"] {
            assert_eq!(CivilTime::parse_year_first(text), None, "{text}");
        }
        assert_eq!(CivilTime::parse_month_first("6/31/2005 10:54"), None);
    }
}
