//! How a search went on: what each operator made, how the first target was spread, and which candidate led at the end of each generation.

use hms_lab::results::Columns;

use super::{Search, is_constraint, is_maximised};

/// What an operator made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperatorRates {
    /// Its name.
    pub name: String,
    /// Candidates that it made.
    pub made: usize,
    /// Those of them that were not given up before they had met all seeds.
    pub kept: usize,
    /// Generation, and its share of that generation's candidates.
    pub share: Vec<[f64; 2]>,
    /// Generation, and the share of what it made there that was kept.
    pub kept_share: Vec<[f64; 2]>,
}

/// A target over the candidates of a generation that met all seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The generation.
    pub generation: f64,
    /// A quarter of them lies below.
    pub low: f64,
    /// Half of them lies below.
    pub median: f64,
    /// Three quarters of them lie below.
    pub high: f64,
}

/// Rows of each generation, in order.
fn generations(history: &Columns) -> Vec<(f64, Vec<usize>)> {
    let mut found: Vec<(f64, Vec<usize>)> = Vec::new();
    for (row, generation) in history.number("generation").unwrap_or_default().iter().enumerate() {
        match found.last_mut() {
            Some((known, rows)) if known == generation => rows.push(row),
            Some(_) | None => found.push((*generation, vec![row])),
        }
    }
    found
}

/// What each operator made, in the order of their first appearance.
pub(super) fn operators(history: &Columns) -> Vec<OperatorRates> {
    let (Some(names), Some(dismissed)) = (history.text("operator"), history.number("dismissed")) else { return Vec::new() };
    let mut rates: Vec<OperatorRates> = Vec::new();
    for (generation, rows) in generations(history) {
        for row in &rows {
            if !rates.iter().any(|known| known.name == names[*row]) {
                rates.push(OperatorRates { name: names[*row].clone(), ..OperatorRates::default() });
            }
        }
        for operator in &mut rates {
            let mine: Vec<usize> = rows.iter().copied().filter(|row| names[*row] == operator.name).collect();
            let kept = mine.iter().filter(|row| dismissed[**row] == 0.0).count();
            operator.made += mine.len();
            operator.kept += kept;
            operator.share.push([generation, mine.len() as f64 / rows.len() as f64]);
            if !mine.is_empty() {
                operator.kept_share.push([generation, kept as f64 / mine.len() as f64]);
            }
        }
    }
    rates
}

/// The quartiles of a target, generation by generation.
pub(super) fn spread(history: &Columns, target: &str) -> Vec<Spread> {
    let (Some(values), Some(dismissed)) = (history.number(target), history.number("dismissed")) else { return Vec::new() };
    let of = |(generation, rows): (f64, Vec<usize>)| {
        let whole = rows.into_iter().filter(|row| dismissed[*row] == 0.0).map(|row| values[row]);
        let mut sorted: Vec<f64> = whole.filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| sorted.get(((sorted.len() as f64 * share).ceil() as usize).max(1) - 1).copied();
        Some(Spread { generation, low: quantile(0.25)?, median: quantile(0.5)?, high: quantile(0.75)? })
    };
    generations(history).into_iter().filter_map(of).collect()
}

/// For each generation the row of the best candidate so far: least of the first target (or most, where more is better) among those that met all seeds and keep all
/// constraints. Where everybody is measured again, on more seeds, nobody is best any more by luck on fewer. Generations before the first such candidate are left out.
pub fn best_of_generations(search: &Search) -> Vec<(f64, usize)> {
    let history = &search.history;
    let objectives = search.objectives();
    let Some(target) = objectives.iter().find(|name| !is_constraint(name)) else { return Vec::new() };
    let (Some(values), Some(dismissed)) = (history.number(target), history.number("dismissed")) else { return Vec::new() };
    let constraints: Vec<&[f64]> =
        objectives.iter().filter(|name| is_constraint(name)).filter_map(|name| history.number(name)).collect();
    let sign = if is_maximised(target) { -1.0 } else { 1.0 };
    let admitted =
        |row: usize| dismissed[row] == 0.0 && values[row].is_finite() && constraints.iter().all(|missed| missed[row] <= 0.0);
    let again = history.number("again").unwrap_or_default();
    let measured_again = |row: usize| again.get(row).is_some_and(|again| *again > 0.0);
    // A loss under other conditions, or on other seeds, is another loss.
    let phase = history.number("phase").unwrap_or_default();
    let changed = |row: usize| row > 0 && phase.get(row).is_some_and(|own| *own != phase[row - 1]);
    let mut best: Option<usize> = None;
    let mut found = Vec::new();
    for (generation, rows) in generations(history) {
        for row in rows {
            if changed(row) || measured_again(row) && !row.checked_sub(1).is_some_and(measured_again) {
                best = None;
            }
            if admitted(row) && best.is_none_or(|known| sign * values[row] < sign * values[known]) {
                best = Some(row);
            }
        }
        found.extend(best.map(|row| (generation, row)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::search;
    use super::*;

    #[test]
    fn operators_are_counted_by_generation_with_what_was_kept() {
        let search = search();
        let founder = &search.operators[0];
        assert_eq!((founder.name.as_str(), founder.made, founder.kept), ("founder", 2, 1));
        assert_eq!(founder.share, [[0.0, 1.0], [1.0, 0.0]]);
        assert_eq!(founder.kept_share, [[0.0, 0.5]]);
        assert_eq!(search.operators[1].share, [[1.0, 0.5]]);
    }

    #[test]
    fn the_spread_leaves_out_what_was_given_up() {
        let spread = search().spread;
        assert_eq!((spread[0].low, spread[0].high), (2.0, 2.0));
        assert_eq!((spread[1].low, spread[1].median, spread[1].high), (1.2, 1.2, 1.5));
    }

    #[test]
    fn whom_more_seeds_show_to_be_worse_leads_no_longer() {
        let mut search = search();
        search.history.numbers.push(("again".to_owned(), vec![0.0, 0.0, 1.0, 1.0]));
        let (_, values) = search.history.numbers.iter_mut().find(|(name, _)| name == "detection_p99").unwrap();
        values[2] = 2.5;
        assert_eq!(best_of_generations(&search), [(0.0, 0), (1.0, 2)]);
        search.history.numbers.pop();
        assert_eq!(best_of_generations(&search), [(0.0, 0), (1.0, 0)]);
    }

    #[test]
    fn who_led_under_other_conditions_leads_no_longer() {
        let mut search = search();
        let (_, values) = search.history.numbers.iter_mut().find(|(name, _)| name == "detection_p99").unwrap();
        values[2] = 2.5;
        search.history.numbers.push(("phase".to_owned(), vec![0.0, 0.0, 1.0, 1.0]));
        assert_eq!(best_of_generations(&search), [(0.0, 0), (1.0, 2)]);
    }

    #[test]
    fn who_misses_a_constraint_never_leads() {
        assert_eq!(best_of_generations(&search()), [(0.0, 0), (1.0, 2)]);
    }
}
