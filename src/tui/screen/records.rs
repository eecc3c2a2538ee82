//! The records of a checked domain: what was asked, what came back, what it means.
//!
//! ```text
//! ── Records   12 answers ─────────────────────────────────────────────────
//! ▸ ✓ NS        ns1.dns.example, ns2.dns.example                        1 h
//!   ! SPF       v=spf1 include:_spf.google.com ~all                     1 h
//!   ? DKIM      cannot tell: no answer
//! ── SPF   example.com TXT ────────────────────────────────────── 24 ms ─────
//!   dig +short TXT example.com
//!   "v=spf1 include:_spf.google.com ~all"
//! ```

use super::home::cursor;
use super::step;
use crate::diagnose::Diagnosis;
use crate::evidence::{Question, Said};
use crate::report::records::{Row, Standing, outcome_words, rows};
use crate::report::{Shown, table};
use crate::rules::Severity;
use crate::safe::clip;
use crate::tui::app::App;
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen, spread};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &mut app.case else { return vec![] };
    let rows = case.diagnosis.as_ref().map(rows).unwrap_or_default();
    let at = case.row.min(rows.len().saturating_sub(1));
    match (action, rows.get(at)) {
        (Action::CopyValue, Some(row)) if row.records().next().is_some() => {
            let records: Vec<String> = row.records().map(ToString::to_string).collect();
            let what = match records.len() {
                1 => "the record".to_owned(),
                n => format!("{n} records"),
            };
            return vec![Effect::Copy { text: records.join("\n"), what }];
        }
        (Action::CopyValue, _) => app.say("There is no record here to copy; Y copies the question."),
        (Action::CopyAll, Some(row)) => {
            let dig = row.question.dig();
            let text = case.diagnosis.as_ref().map_or(dig.clone(), |d| d.facts.evidence.said.aim(dig));
            return vec![Effect::Copy { text, what: "the dig command".to_owned() }];
        }
        (other, _) => case.row = step(at, other, rows.len(), page).unwrap_or(at),
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let rows = rows(diagnosis);
    let at = case.row.min(rows.len().saturating_sub(1));
    let [list, below] = match area.height {
        14.. => Layout::vertical([Constraint::Fill(1), Constraint::Length((area.height / 3).max(6))]).areas::<2>(area),
        _ => [area, Rect::ZERO],
    };
    let mut doc = Doc::new(pen, list.width);
    doc.section(&format!("Records   {}", count(diagnosis, case.running)), "");
    let first = doc.lines.len();
    for (n, row) in rows.iter().enumerate() {
        line(&mut doc, row, n == at);
    }
    let marked = first + at;
    let top = doc.draw(frame, list, (marked + 1).saturating_sub(list.height as usize));
    cursor(frame, list, marked, top);
    if let Some(row) = rows.get(at) {
        raw(row, &diagnosis.facts.evidence.said, frame, below, pen);
    }
}

/// What was asked for the marked row.
pub fn question(case: &Case) -> Option<Question> {
    let rows = rows(case.diagnosis.as_ref()?);
    rows.get(case.row.min(rows.len().saturating_sub(1))).map(|row| row.question.clone())
}

/// `9 of 12 answers`
fn count(diagnosis: &Diagnosis, running: usize) -> String {
    let answers = diagnosis.facts.evidence.answers.len();
    match running {
        0 => format!("{answers} answers"),
        n => format!("{answers} of {} answers so far", answers + n),
    }
}

/// At most `room` lines of the table, those that something is wrong with first in sight.
pub fn brief(doc: &mut Doc, diagnosis: &Diagnosis, room: usize) {
    let rows = rows(diagnosis);
    let quiet = |row: &Row| matches!(row.standing, Standing::Good | Standing::Absent);
    let left_out = rows.len().saturating_sub(room);
    let mut skip = if left_out > 0 { left_out + 1 } else { 0 };
    // From the end: what is optional stands there.
    let mut shown: Vec<&Row> = Vec::new();
    for row in rows.iter().rev() {
        if skip > 0 && quiet(row) {
            skip -= 1;
        } else {
            shown.push(row);
        }
    }
    let hidden = rows.len() - shown.len();
    shown.iter().rev().take(room).for_each(|row| line(doc, row, false));
    if hidden > 0 {
        doc.row(&[(&format!("    and {hidden} more: press 6"), Ink::Faint)]);
    }
}

fn line(doc: &mut Doc, row: &Row, marked: bool) {
    let (glyph, ink) = sign(row.standing);
    let ttl = row.answer.as_ref().and_then(|a| a.ttl()).map(table::span).unwrap_or_default();
    let words = table::words(row, Shown::default());
    let label = format!("{:<8} ", row.subject.label());
    // The TTL stays in sight, however long the record.
    let room = doc.width.saturating_sub(14);
    let words = clip(&doc.pen.clean(words), if room > 30 { room.saturating_sub(ttl.width() + 2) } else { room });
    let rest = spread(&words, &ttl, room);
    let blank = (" ", Ink::Plain);
    doc.entry(marked, &[(glyph, ink), blank, (&label, Ink::Strong), blank, (&rest, Ink::Plain)]);
}

fn sign(standing: Standing) -> (&'static str, Ink) {
    let ink = match standing {
        Standing::Found(Severity::Critical | Severity::High) => Ink::Fail,
        Standing::Found(Severity::Medium | Severity::Low) => Ink::Warn,
        Standing::Found(Severity::Info) => Ink::Note,
        Standing::Good => Ink::Pass,
        Standing::Absent | Standing::Open => Ink::Faint,
        Standing::Unknown => Ink::Strong,
    };
    (table::look(standing).0, ink)
}

/// The answer as it came, and the command that asks the same.
fn raw(row: &Row, said: &Said, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let took = row.answer.as_ref().map_or(String::new(), |a| format!("{} ms", a.elapsed_ms));
    doc.section(&format!("{}   {} {}", row.subject.label(), row.question.name, row.question.kind), &took);
    doc.row(&[("  ", Ink::Plain), (&said.aim(row.question.dig()), Ink::Strong)]);
    if let Some(answer) = &row.answer {
        if answer.outcome.failed() || answer.records.is_empty() {
            let kept = answer
                .negative_ttl
                .map_or(String::new(), |s| format!("; this may be remembered for {}", table::span(s)));
            doc.para(2, format!("{}{kept}", outcome_words(answer.outcome)), Ink::Plain);
        }
        for error in &answer.extended {
            let word = error.word().unwrap_or("extended error");
            doc.para(2, format!("the resolver says: {word} ({}) {}", error.code, error.text), Ink::Plain);
        }
        for record in &answer.records {
            let owner = if record.name == row.question.name { String::new() } else { format!("{}  ", record.name) };
            let kind = record.data.kind().map_or("", |k| k.word());
            doc.hang(
                &format!("  {:>6}  ", table::span(record.ttl)),
                Ink::Faint,
                format!("{owner}{kind}  {}", record.data),
                Ink::Plain,
            );
        }
    }
    doc.draw(frame, area, 0);
}
