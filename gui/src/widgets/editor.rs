//! A text editor for TOML that underlines what is wrong.

use std::ops::Range;

use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Id, ScrollArea, Stroke, TextBuffer, TextEdit, TextStyle, Ui, Visuals};
use hms_lab::scenario::Problem;

use crate::theme;

/// What an editor alone knows.
#[derive(Default)]
pub struct Editor {
    /// The text of this frame.
    buffer: String,
    /// A byte to put the cursor at.
    jump: Option<usize>,
}

impl Editor {
    /// Puts the cursor at a byte of the text.
    pub fn jump(&mut self, byte: usize) {
        self.jump = Some(byte);
    }

    /// Draws the editor over `text`; gives the text as it was edited, if it was. `name` is for screen readers.
    pub fn ui(&mut self, ui: &mut Ui, name: &str, hint: &str, text: &str, problems: &[Problem]) -> Option<String> {
        if self.buffer != text {
            text.clone_into(&mut self.buffer);
        }
        let mut spans: Vec<Range<usize>> = problems.iter().filter_map(|problem| problem.span.clone()).collect();
        spans.sort_by_key(|span| span.start);
        let id = ui.make_persistent_id(name);
        let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, _wrap: f32| layout(ui, buffer.as_str(), &spans);
        let jump = self.jump.take().map(|byte| self.buffer.get(..byte).map_or(0, |before| before.chars().count()));
        let buffer = &mut self.buffer;
        let changed = ScrollArea::both().id_salt(name).auto_shrink(false).show(ui, |ui| {
            let edit = TextEdit::multiline(buffer)
                .id(id)
                .hint_text(hint.to_owned())
                .code_editor()
                .desired_width(f32::INFINITY)
                .desired_rows(20)
                .layouter(&mut layouter);
            let mut output = edit.show(ui);
            let label = name.to_owned();
            output
                .response
                .response
                .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::MultilineTextInput, true, label.clone()));
            if let Some(at) = jump {
                put_cursor(ui, id, at, &mut output.state);
                let place = output.galley.pos_from_cursor(CCursor::new(at));
                ui.scroll_to_rect(place.translate(output.galley_pos.to_vec2()), Some(egui::Align::Center));
            }
            output.response.response.changed()
        });
        changed.inner.then(|| self.buffer.clone())
    }
}

fn put_cursor(ui: &Ui, id: Id, at: usize, state: &mut egui::text_edit::TextEditState) {
    state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(at))));
    state.clone().store(ui.ctx(), id);
    ui.memory_mut(|memory| memory.request_focus(id));
}

/// The text with comments and headings told apart, and mistakes underlined.
fn layout(ui: &Ui, text: &str, wrong: &[Range<usize>]) -> std::sync::Arc<Galley> {
    let font = TextStyle::Monospace.resolve(ui.style());
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let comment = start + comment_of(line).unwrap_or(line.len());
        let color = if line.trim_start().starts_with('[') { theme::ACTION } else { ui.visuals().text_color() };
        append(&mut job, text, start..comment, &font, color, wrong);
        append(&mut job, text, comment..end, &font, weak(ui.visuals()), wrong);
        start = end;
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

fn weak(visuals: &Visuals) -> Color32 {
    visuals.weak_text_color()
}

/// Where the comment of a line begins: at the first `#` outside of quotes.
fn comment_of(line: &str) -> Option<usize> {
    let mut quote = None;
    for (place, letter) in line.char_indices() {
        match (letter, quote) {
            ('#', None) => return Some(place),
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (_, _) => {}
        }
    }
    None
}

/// Appends a part of the text in pieces that are wrong or right as a whole.
fn append(job: &mut LayoutJob, text: &str, part: Range<usize>, font: &FontId, color: Color32, wrong: &[Range<usize>]) {
    let mut start = part.start;
    while start < part.end {
        let here = wrong.iter().find(|span| span.start <= start && start < span.end.max(span.start + 1));
        let end = match here {
            Some(span) => span.end.max(span.start + 1).min(part.end),
            None => wrong.iter().map(|span| span.start).find(|begin| *begin > start).unwrap_or(part.end).min(part.end),
        };
        let end = (end..=part.end).find(|end| text.is_char_boundary(*end)).unwrap_or(part.end);
        let underline = if here.is_some() { Stroke::new(1.5, theme::BAD) } else { Stroke::NONE };
        let color = if here.is_some() { theme::BAD } else { color };
        job.append(&text[start..end], 0.0, TextFormat { font_id: font.clone(), color, underline, ..TextFormat::default() });
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, wrong: &[Range<usize>]) -> Vec<(String, bool)> {
        let mut job = LayoutJob::default();
        append(&mut job, text, 0..text.len(), &FontId::monospace(12.0), Color32::WHITE, wrong);
        assert_eq!(job.text, text);
        job.sections
            .iter()
            .map(|section| {
                (
                    job.text[section.byte_range.start.0..section.byte_range.end.0].to_owned(),
                    section.format.underline != Stroke::NONE,
                )
            })
            .collect()
    }

    #[test]
    fn what_is_wrong_is_underlined_and_nothing_is_lost() {
        let found = pieces("nodes = -3 # few", std::slice::from_ref(&(8..10)));
        assert_eq!(found, [("nodes = ".to_owned(), false), ("-3".to_owned(), true), (" # few".to_owned(), false)]);
    }

    #[test]
    fn a_span_of_no_width_and_one_beyond_the_text_do_no_harm() {
        assert_eq!(pieces("ab", &[1..1, 50..60]), [("a".to_owned(), false), ("b".to_owned(), true)]);
        assert_eq!(
            pieces("größe", std::slice::from_ref(&(2..3))).iter().map(|piece| piece.0.as_str()).collect::<String>(),
            "größe"
        );
    }

    #[test]
    fn a_comment_begins_at_a_number_sign_outside_of_quotes() {
        assert_eq!(comment_of("name = \"a # b\" # c\n"), Some(15));
        assert_eq!(comment_of("x = 1"), None);
    }
}
