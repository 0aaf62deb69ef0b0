//! Colours. Text is painted always; the streams of `anstream` take the paint off again for pipes, `NO_COLOR` and dumb terminals.

/// What a piece of text means.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Strong,
    Dim,
    Good,
    Bad,
    Chart,
}

/// `text` in the colours of `style`.
pub(crate) fn paint(style: Style, text: &str) -> String {
    let code = match style {
        Style::Strong => "1",
        Style::Dim => "2",
        Style::Good => "32",
        Style::Bad => "31",
        Style::Chart => "36",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
