//! The recipients of a bounce as text: for eyes, for `cut`, for a ticket; the screen shows the same.

use super::Shown;
use super::human::{Ink, Style, wrapped};
use crate::diagnose::Diagnosis;
use crate::facts::bounce::{Action, Recipient};
use std::fmt::Write as _;

/// Recipients shown at most where eyes read them.
pub const MOST: usize = 20;

/// What became of it for one recipient, in words.
pub struct Line {
    pub action: Action,
    /// The address, or what stands for it.
    pub whom: String,
    /// `5.1.1 · RCPT · recipient`
    pub about: String,
    /// Who said it, and what.
    pub said: String,
}

/// Glyph, its ASCII form, ink.
pub fn look(action: Action) -> (&'static str, &'static str, Ink) {
    match action {
        Action::Failed => ("✗", "x", Ink::Fail),
        Action::Delayed => ("!", "!", Ink::Warn),
        Action::Delivered | Action::Expanded => ("✓", "v", Ink::Pass),
        Action::Relayed => ("?", "?", Ink::Note),
    }
}

/// One line a recipient, in the order of the report; empty where the input is no bounce.
pub fn lines(d: &Diagnosis, shown: Shown) -> Vec<Line> {
    let bounce = d.facts.reading.bounce.as_ref();
    bounce.into_iter().flat_map(|b| &b.recipients).map(|r| line(r, shown)).collect()
}

fn line(r: &Recipient, shown: Shown) -> Line {
    let about = [r.status.as_deref(), r.step.map(|s| s.word()), Some(r.category.word())];
    let server = r.server.as_deref().map(|s| format!("{s}: ")).unwrap_or_default();
    let said = r.text().map(|text| format!("{server}{text}")).unwrap_or_default();
    Line {
        action: r.action,
        whom: r.address.as_ref().map_or_else(|| "the recipient".to_owned(), |a| shown.line(&a.value)),
        about: about.into_iter().flatten().collect::<Vec<_>>().join(", "),
        said: shown.line(&said),
    }
}

/// Each recipient with its reply below.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let all = lines(d, shown);
    let mut out = String::new();
    for line in all.iter().take(MOST) {
        let (glyph, ascii, ink) = look(line.action);
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let whom = style.paint(Ink::Strong, &line.whom);
        let _ = writeln!(out, "  {mark} {whom}  {}, {}", line.action.word(), line.about);
        if !line.said.is_empty() {
            for row in wrapped(&format!("    {}", line.said), style.width.min(100), "    ") {
                let _ = writeln!(out, "{row}");
            }
        }
    }
    if all.len() > MOST {
        let _ = writeln!(out, "  and {} more", all.len() - MOST);
    }
    out
}

/// For a ticket.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    let all = lines(d, shown);
    let mut out = String::from("\n| | recipient | about | reply |\n|---|---|---|---|\n");
    for line in all.iter().take(MOST) {
        let cell = |text: &str| super::markdown::text(Shown::default(), text);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            line.action.word(),
            cell(&line.whom),
            cell(&line.about),
            cell(&line.said)
        );
    }
    if all.len() > MOST {
        let _ = writeln!(out, "\nand {} more", all.len() - MOST);
    }
    out
}
