//! The recipients of a bounce as text: for eyes, for `cut`, for a ticket; the screen shows the same.

use super::Shown;
use super::human::{Ink, Style, wrapped};
use crate::diagnose::Diagnosis;
use crate::evidence::transcript::Left;
use crate::facts::bounce::{Action, Recipient};
use std::fmt::Write as _;

/// Recipients shown at most where eyes read them.
pub const MOST: usize = 20;

/// What became of it for one recipient, in words.
pub struct Line {
    /// Glyph, its ASCII form, ink.
    pub look: (&'static str, &'static str, Ink),
    /// `failed`
    pub fate: &'static str,
    /// The address, or what stands for it.
    pub whom: String,
    /// `5.1.1 · RCPT · recipient`
    pub about: String,
    /// Who said it, and what.
    pub said: String,
}

impl Line {
    /// `failed, 5.1.1, RCPT, recipient`
    pub fn told(&self) -> String {
        [self.fate, &self.about].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

fn look(action: Action) -> (&'static str, &'static str, Ink) {
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
    // No word of RFC 3464 says that nobody knows.
    let open = d.facts.evidence.transcript.as_deref().is_some_and(|t| t.left == Left::Maybe);
    bounce.into_iter().flat_map(|b| &b.recipients).map(|r| line(r, open, shown)).collect()
}

fn line(r: &Recipient, open: bool, shown: Shown) -> Line {
    // Why it was refused, where it was.
    let category = Some(r.category.word()).filter(|_| r.action.is_bad() && !open);
    let about = [r.status.as_deref(), r.step.map(|s| s.word()), category];
    let server = r.server.as_deref().map(|s| format!("{s}: ")).unwrap_or_default();
    let said = r.text().map(|text| format!("{server}{text}")).unwrap_or_default();
    Line {
        look: if open { ("?", "?", Ink::Note) } else { look(r.action) },
        fate: if open { "may have been taken" } else { r.action.word() },
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
        let (glyph, ascii, ink) = line.look;
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let whom = style.paint(Ink::Strong, &line.whom);
        let _ = writeln!(out, "  {mark} {whom}  {}", line.told());
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
        let _ =
            writeln!(out, "| {} | {} | {} | {} |", line.fate, cell(&line.whom), cell(&line.about), cell(&line.said));
    }
    if all.len() > MOST {
        let _ = writeln!(out, "\nand {} more", all.len() - MOST);
    }
    out
}
