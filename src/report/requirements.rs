//! What receivers ask of senders, as a table: for eyes a line a receiver, all lines with -v and in a ticket.

use super::Shown;
use super::human::{Ink, Style, wrapped};
use crate::diagnose::Diagnosis;
use crate::rules::requirement::{Line, State};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Mark, its ASCII form, ink.
pub fn look(state: State) -> (&'static str, &'static str, Ink) {
    match state {
        State::Pass => ("✓", "v", Ink::Pass),
        State::Fail => ("✗", "x", Ink::Fail),
        State::Unknown => ("?", "?", Ink::Note),
    }
}

/// One receiver with its lines.
pub fn receivers(all: &[Line]) -> impl Iterator<Item = &[Line]> + Clone {
    all.chunk_by(|a, b| a.id() == b.id())
}

/// One failure fails; a receiver is content only where all that it asks is known to be met.
pub fn worst(lines: &[Line]) -> State {
    let any = |state| lines.iter().any(|l| l.state == state);
    match (any(State::Fail), any(State::Unknown)) {
        (true, _) => State::Fail,
        (false, true) => State::Unknown,
        (false, false) => State::Pass,
    }
}

/// `4 of 7 met, 3 not to be told`; `fails: SPF passes`
pub fn words(lines: &[Line]) -> String {
    let count = |state| lines.iter().filter(|l| l.state == state).count();
    let unknown = match count(State::Unknown) {
        0 => String::new(),
        n => format!(", {n} unknown"),
    };
    let failed: Vec<&str> = lines.iter().filter(|l| l.state == State::Fail).map(|l| l.demand.what.as_str()).collect();
    let failed = if failed.is_empty() { String::new() } else { format!("; not met: {}", failed.join("; ")) };
    format!("{} of {} met{unknown}{failed}", count(State::Pass), lines.len())
}

/// A line a receiver; every demand where `style.full`.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    let all = d.requirements();
    if all.is_empty() {
        return out;
    }
    let mark = |state| {
        let (glyph, ascii, ink) = look(state);
        style.paint(ink, if style.unicode { glyph } else { ascii })
    };
    let widest = receivers(&all).filter_map(|r| r.first()).map(|l| l.name().width()).max().unwrap_or(0);
    let _ = writeln!(out, "{}", style.paint(Ink::Strong, "what receivers ask:"));
    for lines in receivers(&all) {
        let Some(first) = lines.first() else { continue };
        let hang = " ".repeat(widest + 6);
        let text = wrapped(&format!("{hang}{}", shown.line(&words(lines))), style.width.min(100), &hang);
        for (n, row) in text.iter().enumerate() {
            let head =
                if n == 0 { format!("  {} {:widest$}  ", mark(worst(lines)), first.name()) } else { hang.clone() };
            let _ = writeln!(out, "{head}{}", row.trim_start());
        }
        for line in lines.iter().filter(|_| style.full) {
            let cure = line.cure.map_or(String::new(), |rule| format!(" [{}]", rule.id));
            let since = line.demand.since.map_or(String::new(), |day| format!(", since {day}"));
            let text = format!("      {} ({}){cure}{since}", line.demand.what, shown.line(&line.because));
            for (n, row) in wrapped(&text, style.width.min(100), "        ").iter().enumerate() {
                let row = if n == 0 { format!("    {} {}", mark(line.state), row.trim_start()) } else { row.clone() };
                let _ = writeln!(out, "{row}");
            }
        }
    }
    out
}

/// For a ticket.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    let mut out = String::new();
    let all = d.requirements();
    if all.is_empty() {
        return out;
    }
    let cell = |text: &str| super::markdown::text(shown, text);
    out.push_str(
        "\n## What receivers ask\n\n| receiver | demand | since | | because | cure |\n|---|---|---|---|---|---|\n",
    );
    for line in &all {
        let cure = line.cure.map_or(String::new(), |rule| format!("`{}`", rule.id));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {cure} |",
            line.name(),
            cell(&line.demand.what),
            line.demand.since.map_or(String::new(), |day| day.to_string()),
            line.state.word(),
            cell(&line.because)
        );
    }
    out
}
