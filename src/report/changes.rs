//! What changed between two runs, as text.

use super::Shown;
use super::human::{Ink, Style};
use super::records::outcome_words;
use crate::changes::{Answered, Changed, Changes, Told};
use std::fmt::Write as _;

/// An answer in words: its records, or what came instead.
pub fn words(answer: &Answered) -> String {
    match answer.records.is_empty() {
        true => outcome_words(answer.outcome).to_owned(),
        false => answer.records.iter().cloned().collect::<Vec<_>>().join(" "),
    }
}

/// For eyes.
pub fn human(changes: &Changes, style: Style, shown: Shown) -> String {
    let mut out = format!("{}\n", style.paint(Ink::Strong, &changes.summary()));
    let marks = if style.unicode { ["✓", "+", "="] } else { ["v", "+", "="] };
    let lists = [
        (&changes.gone, "gone", Ink::Pass),
        (&changes.new, "new", Ink::Fail),
        (&changes.same, "as before", Ink::Faint),
    ];
    for ((list, word, ink), mark) in lists.into_iter().zip(marks) {
        for told in list {
            let head = style.paint(ink, &format!("{mark} {word:<9}"));
            let _ = writeln!(out, "  {head}  {}  {}", shown.line(&told.title), style.paint(Ink::Faint, told.rule));
        }
    }
    for Changed { question, before, after } in &changes.answers {
        let _ = writeln!(out, "\n  {} {}", shown.line(&question.name), question.kind);
        let _ = writeln!(out, "    {} {}", style.paint(Ink::Remove, "-"), shown.line(&words(before)));
        let _ = writeln!(out, "    {} {}", style.paint(Ink::Add, "+"), shown.line(&words(after)));
    }
    out
}

/// For `cut`: what, rule or question, text.
pub fn plain(changes: &Changes, shown: Shown) -> String {
    let mut out = String::new();
    let mut told = |word: &str, list: &[Told]| {
        for t in list {
            let _ = writeln!(out, "{word}\t{}\t{}", t.rule, shown.line(&t.title));
        }
    };
    told("gone", &changes.gone);
    told("new", &changes.new);
    told("same", &changes.same);
    for Changed { question, before, after } in &changes.answers {
        let name = shown.line(&format!("{} {}", question.name, question.kind));
        let _ = writeln!(out, "before\t{name}\t{}", shown.line(&words(before)));
        let _ = writeln!(out, "after\t{name}\t{}", shown.line(&words(after)));
    }
    out
}

/// For a ticket.
pub fn markdown(changes: &Changes, shown: Shown) -> String {
    let text = |t: &str| super::markdown::text(shown, t);
    let mut out = format!("{}\n\n", text(&changes.summary()));
    for (word, list) in [("gone", &changes.gone), ("new", &changes.new), ("as before", &changes.same)] {
        for told in list {
            let _ = writeln!(out, "- {word}: {} (`{}`)", text(&told.title), told.rule);
        }
    }
    for Changed { question, before, after } in &changes.answers {
        let name = text(&format!("{} {}", question.name, question.kind));
        let _ = writeln!(out, "- {name}: {} → {}", text(&words(before)), text(&words(after)));
    }
    out
}
