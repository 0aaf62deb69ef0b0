//! How a campaign writes questions about bad days: `quantile(0.95, recovery_p95)`, `cvar(0.9, cost)`, `P(false_positives <= 1) >= 0.9`.
//!
//! A mean answers for many days. A *quantile* is the result that this share of seeds does not exceed in the bad direction; the *conditional value at risk* is the mean of the worst seeds, those beyond that share
//! (Rockafellar and Uryasev 2002). A *chance constraint* has to hold on so many seeds, and not on average. A bound may be what the base of the search gives on the same seeds, and a little more: `false_positives <= base + 0.5`.

use hms_evolve::noise::objective::Aggregate;
use hms_scenario::parse_time;
use hms_trial::Unit;

/// What is written around an objective's name, and the name.
pub(super) type Written<'a> = (Aggregate, &'a str);

/// What a user may write.
pub(super) const OBJECTIVE: &str = "an objective, `quantile(0.95, objective)` or `cvar(0.9, objective)`";
/// The same of constraints.
pub(super) const CONSTRAINT: &str = "an objective, `>=` or `<=`, and a number (\"availability >= 0.99\") or what the base of the search gives on the same seeds (\"false_positives <= base + 0.5\"); or how often it must hold: \"P(false_positives <= 1) >= 0.9\"";

/// Reads an objective with what is written around it.
///
/// # Errors
/// What is wrong.
pub(super) fn objective(text: &str) -> Result<Written<'_>, String> {
    let text = text.trim();
    let Some((function, rest)) = text.split_once('(') else { return Ok((Aggregate::Mean, text)) };
    let Some(inside) = rest.strip_suffix(')') else { return Err(format!("`{text}` has no closing parenthesis at its end")) };
    let Some((share, name)) = inside.split_once(',') else {
        return Err(format!("`{text}` needs a share and an objective, with a comma between them"));
    };
    let share = proportion(share).ok_or_else(|| format!("`{}` is no share above 0 and below 1", share.trim()))?;
    match function.trim() {
        "quantile" => Ok((Aggregate::Quantile(share), name.trim())),
        // The tail is what lies beyond.
        "cvar" => Ok((Aggregate::TailMean(1.0 - share), name.trim())),
        other => Err(format!("there is no `{other}` of an objective")),
    }
}

/// Splits a chance constraint into the constraint within and the probability; any other is given back as it is.
///
/// # Errors
/// What is wrong.
pub(super) fn chance(text: &str) -> Result<(&str, Option<f64>), String> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix("P(") else { return Ok((text, None)) };
    let Some((inside, bound)) = rest.split_once(')') else { return Err(format!("`{text}` has no closing parenthesis")) };
    let Some(probability) = bound.trim().strip_prefix(">=") else {
        return Err(format!("`{text}` does not say how often it must hold"));
    };
    let probability =
        proportion(probability).ok_or_else(|| format!("`{}` is no share above 0 and below 1", probability.trim()))?;
    Ok((inside.trim(), Some(probability)))
}

/// A bound as it is written: a number in the unit, or `base` with a number more or less. Not a number where it is neither.
pub(super) fn bound(written: &str, unit: Unit) -> (bool, f64) {
    let number = |text: &str| match text.trim().parse::<f64>() {
        Ok(number) => number,
        Err(_) => match parse_time(text.trim()) {
            Ok(time) if unit == Unit::Seconds => time.as_secs_f64(),
            Ok(_) | Err(_) => f64::NAN,
        },
    };
    let Some(rest) = written.trim().strip_prefix("base") else { return (false, number(written)) };
    let rest = rest.trim();
    let more = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        _ if rest.is_empty() => 0.0,
        (Some(more), _) => number(more),
        (None, Some(less)) => -number(less),
        (None, None) => f64::NAN,
    };
    (true, more)
}

/// A number above 0 and below 1.
fn proportion(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|share| *share > 0.0 && *share < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_means_unless_they_say_otherwise() {
        assert_eq!(objective("cost"), Ok((Aggregate::Mean, "cost")));
        assert_eq!(objective(" quantile(0.95, recovery_p95) "), Ok((Aggregate::Quantile(0.95), "recovery_p95")));
        assert_eq!(objective("cvar(0.75,cost)"), Ok((Aggregate::TailMean(0.25), "cost")));
        for (text, part) in [
            ("cvar(0.9, cost", "closing parenthesis"),
            ("cvar(cost)", "a share and an objective"),
            ("cvar(1.5, cost)", "`1.5` is no share"),
            ("cvar(nan, cost)", "`nan` is no share"),
            ("p95(0.5, cost)", "there is no `p95`"),
        ] {
            assert!(objective(text).is_err_and(|message| message.contains(part)), "{text}");
        }
    }

    #[test]
    fn a_bound_is_a_number_or_what_the_base_gives_and_more() {
        assert_eq!(bound(" 0.99", Unit::Ratio), (false, 0.99));
        assert_eq!(bound("1.5s", Unit::Seconds), (false, 1.5));
        assert_eq!(bound("base", Unit::PerNodeHour), (true, 0.0));
        assert_eq!(bound(" base + 0.5 ", Unit::PerNodeHour), (true, 0.5));
        assert_eq!(bound("base-100ms", Unit::Seconds), (true, -0.1));
        assert_eq!(chance("P(false_positives <= base + 1) >= 0.9"), Ok(("false_positives <= base + 1", Some(0.9))));
        for text in ["base * 2", "base +", "based", "1s", "the base"] {
            assert!(bound(text, Unit::Ratio).1.is_nan(), "{text}");
        }
    }

    #[test]
    fn constraints_hold_on_average_unless_they_say_how_often() {
        assert_eq!(chance("availability >= 0.9"), Ok(("availability >= 0.9", None)));
        assert_eq!(chance("P(false_positives <= 1) >= 0.9"), Ok(("false_positives <= 1", Some(0.9))));
        for (text, part) in [
            ("P(false_positives <= 1", "closing parenthesis"),
            ("P(false_positives <= 1) <= 0.9", "how often it must hold"),
            ("P(false_positives <= 1) >= 1", "`1` is no share"),
        ] {
            assert!(chance(text).is_err_and(|message| message.contains(part)), "{text}");
        }
    }
}
