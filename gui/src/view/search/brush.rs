//! Brushes on axes: which candidates lie in all of them.

use hms_lab::results::Columns;

/// A stretch of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Brush {
    /// The column.
    pub name: String,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Rows that lie in every brush; all, without any. A row without a value lies in no brush.
pub fn brushed(columns: &Columns, brushes: &[Brush]) -> Vec<u32> {
    let brushes: Vec<(&[f64], &Brush)> = brushes.iter().filter_map(|brush| Some((columns.number(&brush.name)?, brush))).collect();
    let inside = |row: &u32| {
        brushes
            .iter()
            .all(|(values, brush)| values.get(*row as usize).is_some_and(|value| (brush.low..=brush.high).contains(value)))
    };
    (0..u32::try_from(columns.rows).unwrap_or(u32::MAX)).filter(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::search;
    use super::*;

    #[test]
    fn rows_in_every_brush_are_left_and_gaps_lie_in_none() {
        let history = search().history;
        let brush = |name: &str, low, high| Brush { name: name.to_owned(), low, high };
        assert_eq!(brushed(&history, &[]), [0, 1, 2, 3]);
        assert_eq!(brushed(&history, &[brush("detection_p99", 1.0, 2.0)]), [0, 2, 3]);
        assert_eq!(brushed(&history, &[brush("detection_p99", 1.0, 2.0), brush("health.heartbeat", 0.0, 1.0)]), [0, 3]);
        assert_eq!(brushed(&history, &[brush("no such column", 0.0, 0.0)]).len(), 4);
    }
}
