//! Figures for reading: numbers with their units, in a row of tiles.

use egui::{Align, Color32, Label, Layout, RichText, Sense, StrokeKind, Ui, UiBuilder, Vec2, vec2};
use hms_lab::scorecard::promised;
use hms_lab::trial::{Objective, Unit};

use crate::theme;

/// A value with its unit, as short as it can be read.
pub fn figure(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return "–".to_owned() };
    match unit {
        Unit::Ratio => percent(value),
        Unit::Seconds => seconds(value),
        Unit::Count => format!("{value:.0}"),
        Unit::PerSecond | Unit::PerNodeHour | Unit::PerNodeSecond | Unit::BytesPerNodeSecond => {
            format!("{} {}", digits(value), unit.symbol())
        }
    }
}

/// A share in percent, with as many nines as it takes to be told from one.
pub fn percent(share: f64) -> String {
    let decimals = if share > 0.999 && share < 1.0 { 4 } else { 2 };
    format!("{:.decimals$} %", share * 100.0)
}

/// A time in the unit that suits it.
pub fn seconds(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size == 0.0 || size >= 1.0 => (value, "s"),
        size if size >= 1e-3 => (value * 1e3, "ms"),
        _ => (value * 1e6, "µs"),
    };
    format!("{} {unit}", digits(scaled))
}

/// Three digits that matter.
pub fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.2e}"),
    }
}

/// Objectives in tiles: what stands out first, and whether it keeps to what is promised.
pub fn tiles(ui: &mut Ui, objectives: &[&Objective]) {
    ui.horizontal_wrapped(|ui| {
        for objective in objectives {
            let (place, _) = ui.allocate_exact_size(TILE, Sense::hover());
            ui.painter().rect_stroke(place, 3.0, ui.visuals().widgets.noninteractive.bg_stroke, StrokeKind::Inside);
            let inside = UiBuilder::new().max_rect(place.shrink2(vec2(8.0, 4.0))).layout(Layout::top_down(Align::Min));
            let tile = &mut ui.new_child(inside);
            tile.spacing_mut().item_spacing.y = 1.0;
            let mut line = |text: RichText| tile.add(Label::new(text).truncate());
            line(RichText::new(figure(objective.value, objective.definition.unit)).size(18.0).strong());
            let name = RichText::new(objective.definition.name.replace('_', " ")).weak();
            line(name).on_hover_text(objective.definition.help);
            if let Some((text, color)) = against(objective) {
                line(RichText::new(text).small().color(color));
            }
        }
    });
}

/// Size of a tile: five stand beside each other in the first layout.
const TILE: Vec2 = vec2(158.0, 58.0);

/// An objective against what is promised of it, in words and in the colour of the verdict.
fn against(objective: &Objective) -> Option<(String, Color32)> {
    let promised = promised(objective.definition.name)?;
    let (id, target) = (promised.id, promised.text());
    Some(match objective.value.map(|value| promised.reached(value)) {
        Some(true) => (format!("{id} {target}: reached"), theme::GOOD),
        Some(false) => (format!("{id} {target}: missed"), theme::BAD),
        None => (format!("{id} {target}: not shown"), Color32::GRAY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_have_units() {
        assert_eq!(figure(Some(0.999_95), Unit::Ratio), "99.9950 %");
        assert_eq!(figure(Some(1.0), Unit::Ratio), "100.00 %");
        assert_eq!(figure(Some(0.0125), Unit::Seconds), "12.5 ms");
        assert_eq!(figure(Some(297.4), Unit::PerSecond), "297 1/s");
        assert_eq!(figure(None, Unit::Count), "–");
        assert_eq!(seconds(0.0), "0 s");
    }

    #[test]
    fn an_objective_is_held_against_what_is_promised_of_it() {
        let of = |name: &str, value| {
            let definition = hms_lab::trial::DEFINITIONS.iter().find(|definition| definition.name == name).unwrap();
            against(&Objective { definition, value })
        };
        assert_eq!(of("detection_p99", Some(0.5)), Some(("HM-S1 < 1 s: reached".to_owned(), theme::GOOD)));
        assert_eq!(of("first_attempt", Some(0.5)), Some(("AS-S3 >= 0.95: missed".to_owned(), theme::BAD)));
        assert_eq!(of("detection_p99", None).unwrap().0, "HM-S1 < 1 s: not shown");
        assert_eq!(of("goodput", Some(1.0)), None);
    }
}
