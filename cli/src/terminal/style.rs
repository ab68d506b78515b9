//! The few styles there are. Text is always styled; the stream takes the escapes out again where they are not wanted
//! (not a terminal, `NO_COLOR`, `--color never`), so that the decision is taken in one place.

use anstyle::{AnsiColor, Style};

/// Headings and what the eye should find first.
pub(crate) fn strong(text: &str) -> String {
    paint(Style::new().bold(), text)
}

/// What is there for completeness.
pub(crate) fn faint(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

/// As it should be, or added.
pub(crate) fn good(text: &str) -> String {
    paint(AnsiColor::Green.on_default(), text)
}

/// Worth a look.
pub(crate) fn careful(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default(), text)
}

/// Wrong, or removed.
pub(crate) fn bad(text: &str) -> String {
    paint(AnsiColor::Red.on_default(), text)
}

fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// How clap draws `--help`: bold headings and names, nothing else.
pub(crate) fn help() -> clap::builder::Styles {
    clap::builder::Styles::plain()
        .header(Style::new().bold())
        .usage(Style::new().bold())
        .literal(Style::new().bold())
        .error(AnsiColor::Red.on_default().bold())
        .invalid(AnsiColor::Yellow.on_default())
}
