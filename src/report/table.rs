//! The record table of a check as text: for eyes, for `cut`, for a ticket.

use super::human::{Ink, Style};
use super::records::{Row, Standing, rows};
use super::{Shown, blocklists};
use crate::diagnose::Diagnosis;
use crate::rules::Severity;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Mark, its ASCII form, word, ink.
pub fn look(standing: Standing) -> (&'static str, &'static str, &'static str, Ink) {
    match standing {
        Standing::Found(Severity::Critical | Severity::High) => ("✗", "x", "fail", Ink::Fail),
        Standing::Found(Severity::Medium | Severity::Low) => ("!", "!", "warn", Ink::Warn),
        Standing::Found(Severity::Info) => ("i", "i", "note", Ink::Note),
        Standing::Good => ("✓", "v", "ok", Ink::Pass),
        Standing::Absent => ("–", "-", "none", Ink::Faint),
        Standing::Unknown => ("?", "?", "unknown", Ink::Note),
        Standing::Open => ("…", ".", "open", Ink::Faint),
    }
}

/// A TTL as people say it: "5 min", "1 h", "2 d".
pub fn span(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// `✓ MX  10 mx.example.com   1 h`, a line each; longer meanings are cut, the raw answer is in the other forms.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    let room = style.width.min(100).saturating_sub(22);
    for row in rows(d) {
        let (glyph, ascii, _, ink) = look(row.standing);
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let label = style.paint(Ink::Strong, &format!("{:8}", row.subject.label()));
        let words = cut(&words(&row, shown), room, style.dots());
        let ttl = row.answer.as_ref().and_then(|a| a.ttl()).map(span).unwrap_or_default();
        let gap = " ".repeat(room.saturating_sub(words.width()) + 2);
        let line = format!("  {mark} {label}  {words}{gap}{}", style.paint(Ink::Faint, &format!("{ttl:>6}")));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for row in blocklists::rows(d) {
        let (glyph, ascii, _, ink) = look(row.standing);
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let label = style.paint(Ink::Strong, "lists   ");
        let text = shown.line(&format!("{}: {}", row.about, row.words));
        let lines = textwrap::wrap(&text, style.width.min(100).saturating_sub(14).max(20));
        for (n, line) in lines.iter().enumerate() {
            let head = if n == 0 { format!("  {mark} {label}  ") } else { " ".repeat(14) };
            let _ = writeln!(out, "{head}{line}");
        }
    }
    out
}

/// For a ticket.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    let mut out = String::from("\n| | record | what it says | TTL |\n|---|---|---|---|\n");
    for row in rows(d) {
        let ttl = row.answer.as_ref().and_then(|a| a.ttl()).map(span).unwrap_or_default();
        let cell = |text: &str| super::markdown::text(shown, text);
        let name = super::markdown::code(shown, &format!("{} {}", row.question.name, row.question.kind));
        let _ = writeln!(
            out,
            "| {} | {} {name} | {} | {ttl} |",
            look(row.standing).2,
            row.subject.label(),
            cell(&row.meaning)
        );
    }
    for row in blocklists::rows(d) {
        let cell = |text: &str| super::markdown::text(shown, text);
        let _ =
            writeln!(out, "| {} | blocklists {} | {} | |", look(row.standing).2, cell(&row.about), cell(&row.words));
    }
    out
}

/// The meaning, with the name where it is not that of the domain itself.
pub fn words(row: &Row, shown: Shown) -> String {
    use super::records::Subject;
    let name = match row.subject {
        Subject::Dkim => row.question.name.split("._domainkey.").next().map(str::to_owned),
        Subject::Ptr => {
            Some(crate::facts::reverse::address_of(&row.question.name).unwrap_or_else(|| row.question.name.to_string()))
        }
        _ => None,
    };
    shown.line(&match name {
        Some(name) => format!("{name}: {}", row.meaning),
        None => row.meaning.clone(),
    })
}

/// At most `room` columns.
pub fn cut(text: &str, room: usize, dots: &str) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + dots.width() >= room {
            break;
        }
        out.push(c);
    }
    out.push_str(dots);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!([0, 59, 300, 3600, 172_800].map(span), ["0 s", "59 s", "5 min", "1 h", "2 d"]);
    }

    #[test]
    fn a_long_meaning_is_cut_to_its_room() {
        assert_eq!(cut("abcdef", 6, "…"), "abcdef");
        assert_eq!(cut("abcdefg", 6, "…"), "abcde…");
        assert_eq!(cut("ééééééé", 6, "..."), "ééé...");
    }
}
