//! One finding: evidence, why, fix, check.
//!
//! ```text
//!  ✗ FAIL  DKIM signs as mailer.esp.example, not acme.example   dmarc-unaligned
//! ── Evidence ─────────────────────────────────────────────────────────────────
//!   7 │        dkim=pass header.i=@mailer.esp.example header.s=k1;
//!     │                           ━━━━━━━━━━━━━━━━━━━ 1 signed as this domain
//! ── Why it matters ───────────────────────────────────────────────────────────
//! ── Fix   record 1 of 2 ──────────────────────────────────────────────────────
//!    s1._domainkey.acme.example.   CNAME
//!  - (no record)
//!  + s1.acme.dkim.esp.example.
//! ── Check ────────────────────────────────────────────────────────────────────
//!  dig +short CNAME s1._domainkey.acme.example    expect s1.acme.dkim.esp.example
//! ```

use super::{scroll, step, verdict};
use crate::facts::Facts;
use crate::remedy::Change;
use crate::report::diff::{Diff, Token};
use crate::report::export::zone_line;
use crate::report::proof;
use crate::rules::Finding;
use crate::tui::app::{self, App, Screen};
use crate::tui::case::{Case, Target};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::excerpt;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Opens what is marked in the list.
pub fn open_marked(app: &mut App) {
    let Some(case) = &mut app.case else { return };
    let Some(target) = case.marked_target() else {
        app.say("There is no finding to open.");
        return;
    };
    show(case, target);
    app.view(Screen::Detail);
}

fn show(case: &mut Case, target: Target) {
    case.target = target;
    case.record = 0;
    case.exhibit = 1;
    case.top = 0;
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if scroll(app, action) {
        return vec![];
    }
    let Some(case) = &mut app.case else { return vec![] };
    match action {
        Action::Next | Action::Previous => {
            let lines = case.lines();
            let at = lines.iter().position(|t| *t == case.target).unwrap_or(0);
            let direction = if action == Action::Next { Action::Down } else { Action::Up };
            let to = step(at, direction, lines.len(), 1).unwrap_or(at);
            match lines.get(to) {
                Some(target) if to != at => {
                    case.marked = to;
                    show(case, *target);
                }
                _ => app.say(if action == Action::Next { "This is the last." } else { "This is the first." }),
            }
        }
        Action::Left | Action::Right => {
            let records = case.finding(case.target).and_then(|f| f.fix.as_ref()).map_or(0, |fix| fix.records.len());
            case.record = match action {
                Action::Left => case.record.saturating_sub(1),
                _ => (case.record + 1).min(records.saturating_sub(1)),
            };
        }
        Action::More => app.more = !app.more,
        Action::CopyValue | Action::CopyAll => return verdict::copy_of(app, action),
        Action::Open => {
            let from_input = case.finding(case.target).map(|f| excerpt::marks(&case.opened.input, &f.exhibits));
            match from_input.and_then(|marks| marks.into_iter().next()) {
                Some(mark) => {
                    case.exhibit = mark.number;
                    case.raw.go = Some(mark.span.start);
                    app.screens.push(Screen::Headers);
                }
                None => app.say("The evidence is not in the header; it is shown above."),
            }
        }
        _ => {}
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let mut doc = Doc::new(pen, area.width.min(100));
    page(&mut doc, case, case.target, app.more);
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}

/// The whole page on one target.
pub fn page(doc: &mut Doc, case: &Case, target: Target, more: bool) {
    match case.finding(target) {
        Some(finding) => finding_page(doc, case, target, finding, more),
        None => other(doc, case, target),
    }
}

/// The lists behind "open questions" and "passed".
pub fn other(doc: &mut Doc, case: &Case, target: Target) {
    let Some(diagnosis) = &case.diagnosis else { return };
    match target {
        Target::Unknown => {
            doc.para(1, "What is not known, and what would settle it:", Ink::Plain);
            for gap in &diagnosis.unknown {
                doc.hang(" ? ", Ink::Strong, &*gap.question(), Ink::Plain);
                doc.hang("   ", Ink::Plain, &*gap.needs.words(), Ink::Faint);
            }
        }
        _ => {
            doc.para(1, "Looked for, and not found:", Ink::Plain);
            for rule in &diagnosis.passed {
                doc.hang(" ✓ not found: ", Ink::Pass, format!("{}  ({})", rule.title(), rule.id), Ink::Plain);
            }
        }
    }
}

fn finding_page(doc: &mut Doc, case: &Case, target: Target, finding: &Finding, more: bool) {
    let (glyph, word, ink) = app::mark(finding.severity);
    let head = format!(" {glyph} {word}  ");
    doc.hang(&head, ink, &finding.title, Ink::Strong);
    let lines = case.lines();
    let place = lines.iter().position(|t| *t == target).map_or(0, |n| n + 1);
    doc.row(&[(
        &format!("   {}  {}  {} of {}", finding.rule.id, finding.severity.word(), place, lines.len()),
        Ink::Faint,
    )]);
    if !finding.exhibits.is_empty() {
        doc.section("Evidence", "");
        excerpt::evidence(doc, &case.opened.input, &finding.exhibits);
    }
    doc.section("Why it matters", if more { "" } else { "i: tell me more" });
    doc.para(1, &finding.explanation, Ink::Plain);
    if let (Some(fix), Some(facts)) = (&finding.fix, case.diagnosis.as_ref().map(|d| &d.facts)) {
        let total = fix.records.len();
        let title = match total {
            0 | 1 => "Fix".to_owned(),
            n => format!("Fix   record {} of {n}", case.record.min(n - 1) + 1),
        };
        doc.section(&title, if fix.edited { "edited by you" } else { "" });
        doc.para(1, &fix.summary, Ink::Plain);
        for (n, change) in fix.records.iter().enumerate() {
            record(doc, facts, change, total > 1 && n == case.record);
        }
        for (n, step) in fix.steps.iter().enumerate() {
            doc.hang(&format!(" {}. ", n + 1), Ink::Faint, step, Ink::Plain);
        }
        if let Some(upkeep) = &fix.upkeep {
            doc.hang(" ! Upkeep  ", Ink::Warn, upkeep, Ink::Plain);
        }
        for blank in &fix.blanks {
            doc.hang(
                " ? ",
                Ink::Strong,
                format!("{}: only the portal can tell; fill it in.", crate::remedy::blank(blank)),
                Ink::Plain,
            );
        }
    }
    if let Some((words, left)) = proof::words(finding) {
        proven(doc, &words, &left);
    }
    if let Some(check) = &finding.check {
        doc.section("Check", "");
        doc.hang(" ", Ink::Plain, &check.command, Ink::Strong);
        doc.hang(" expect ", Ink::Faint, &check.expect, Ink::Plain);
    }
    let because = if finding.because.is_empty() { String::new() } else { format!(": {}", finding.because) };
    doc.blank();
    doc.hang(" Sure?  ", Ink::Faint, format!("{}{because}", finding.confidence.word()), Ink::Plain);
    if !finding.consequences.is_empty() {
        doc.section("Follows from this", "");
        for consequence in &finding.consequences {
            doc.hang(" └ ", Ink::Faint, &consequence.title, Ink::Plain);
        }
    }
    if more {
        manual(doc, finding);
    }
}

/// What came of trying the records, and what is left once they are published.
pub(super) fn proven(doc: &mut Doc, words: &str, left: &[(&str, String)]) {
    doc.hang(" Proof  ", Ink::Faint, words, Ink::Plain);
    left.iter().for_each(|(word, what)| doc.hang(&format!("        {word}: "), Ink::Faint, what, Ink::Plain));
}

/// A record before and after, token by token.
fn record(doc: &mut Doc, facts: &Facts, change: &Change, marked: bool) {
    let head = if marked { " ▸ " } else { "   " };
    doc.hang(head, Ink::Strong, format!("{}.   {}   TTL {}", change.name, change.kind, change.ttl), Ink::Plain);
    if change.before.is_empty() {
        doc.row(&[(" - (no record)", Ink::Faint)]);
    }
    let diff = Diff::of(facts, change);
    let inked = |value: &[Token], changed, same| -> Vec<(String, Ink)> {
        value.iter().map(|t| (t.text.clone(), if t.changed { changed } else { same })).collect()
    };
    for text in &diff.kept {
        doc.hang(" = ", Ink::Faint, text, Ink::Plain);
    }
    for value in &diff.gone {
        doc.words((" - ", Ink::Fail), &inked(value, Ink::Fail, Ink::Plain));
    }
    for value in &diff.new {
        doc.words((" + ", Ink::Pass), &inked(value, Ink::Pass, Ink::Strong));
    }
    if change.after.is_empty() {
        doc.row(&[(" + (remove it)", Ink::Plain)]);
    }
    for (word, text) in diff.words() {
        doc.hang(&format!("     {word} "), Ink::Faint, text, Ink::Plain);
    }
}

/// The rule's manual page, and its sources.
fn manual(doc: &mut Doc, finding: &Finding) {
    doc.section("About this check", finding.rule.id);
    for line in finding.rule.doc.trim().lines().map(str::trim) {
        match line.strip_prefix("## ") {
            Some(title) => doc.para(1, title, Ink::Strong),
            None if line.is_empty() => doc.blank(),
            None => doc.para(1, line, Ink::Plain),
        }
    }
    doc.blank();
    doc.hang(" Reading: ", Ink::Faint, finding.rule.sources.join(", "), Ink::Plain);
}

/// The finding without frame or wrapping, to select from.
pub fn plain(finding: &Finding) -> String {
    let mut out = format!("{}\n", finding.title);
    if !finding.explanation.is_empty() {
        out += &format!("\n{}\n", finding.explanation);
    }
    if let Some(fix) = &finding.fix {
        out += &format!("\nFix: {}\n", fix.summary);
        for step in &fix.steps {
            out += &format!("  {step}\n");
        }
        for change in &fix.records {
            out.extend(change.after.iter().map(|data| format!("\n{}\n", zone_line(change, data))));
        }
    }
    if let Some(check) = &finding.check {
        out += &format!("\nCheck: {}\nexpect {}\n", check.command, check.expect);
    }
    out
}
