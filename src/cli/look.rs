//! How text output should look on this terminal: colour, glyphs, width.

use super::args::When;
use crate::report::human::Style;
use std::io::IsTerminal;

/// Columns where nothing says otherwise.
const WIDTH: usize = 100;

/// The style for stdout; `full` as in [`Style::full`].
pub fn style(when: When, full: bool) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let var = |name: &str| std::env::var(name).ok();
    // Asked without a terminal, crossterm runs `tput`.
    let size = terminal.then(crossterm::terminal::size).and_then(Result::ok).map(|(columns, _)| usize::from(columns));
    Style {
        colour: colour(when, terminal, var),
        unicode: crate::tui::theme::unicode(),
        width: width(size, var("COLUMNS").as_deref()),
        full,
    }
}

/// The terminal knows its width; elsewhere COLUMNS may tell.
fn width(terminal: Option<usize>, columns: Option<&str>) -> usize {
    let told = columns.and_then(|c| c.parse().ok());
    terminal.or(told).filter(|&n| n > 0).unwrap_or(WIDTH).clamp(40, 140)
}

/// `--color` wins, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then CLICOLOR=0, then
/// whether there is a terminal.
fn colour(when: When, terminal: bool, var: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| var(name).is_some_and(|v| !v.is_empty());
    let forced = |name: &str| var(name).is_some_and(|v| !v.is_empty() && v != "0");
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        When::Auto if var("CLICOLOR").as_deref() == Some("0") => false,
        When::Auto => terminal && var("TERM").as_deref() != Some("dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_the_terminals_else_the_environments() {
        assert_eq!(width(Some(80), Some("120")), 80);
        assert_eq!(width(None, Some("120")), 120);
        assert_eq!(width(None, Some("wide")), WIDTH);
        assert_eq!(width(Some(0), None), WIDTH);
        assert_eq!((width(Some(7), None), width(None, Some("900"))), (40, 140));
    }

    #[test]
    fn the_order_of_who_decides_on_colour() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string())
        };
        assert!(colour(When::Always, false, with(&[("NO_COLOR", "1")])));
        assert!(!colour(When::Auto, true, with(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")])));
        assert!(colour(When::Auto, false, with(&[("FORCE_COLOR", "1"), ("NO_COLOR", "")])));
        assert!(!colour(When::Auto, true, with(&[("CLICOLOR", "0")])));
        assert!(colour(When::Auto, true, with(&[])));
        assert!(!colour(When::Auto, false, with(&[])));
    }
}
