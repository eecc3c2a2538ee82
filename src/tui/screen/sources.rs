//! Who sends in the domain's name, by an aggregate report; of a TLS report, how each policy went.
//!
//! ```text
//! ── Sources   107 of 147 messages pass ────────────────────────────────────
//!   ✓ 192.0.2.1                 100  passes
//! ▸ ! Twilio SendGrid            40  passes for sendgrid.net only
//! ── Twilio SendGrid ──────────────────────────────────────────────────────
//!   192.0.2.50 count=40 from=example.com dmarc: dkim=fail spf=fail; …
//!   Fix  Switch on DKIM for example.com at Twilio SendGrid
//! ```

use super::home::cursor;
use super::step;
use crate::diagnose::Diagnosis;
use crate::facts::report::{Content, Source};
use crate::report::sources::{Row, heading, rows};
use crate::report::table;
use crate::rules::{Finding, Place, Severity};
use crate::tui::app::{App, Screen};
use crate::tui::case::{Case, Target};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &mut app.case else { return vec![] };
    let count = case.diagnosis.as_ref().map_or(0, |d| rows(d).len());
    let at = case.row.min(count.saturating_sub(1));
    if action != Action::Open {
        case.row = step(at, action, count, page).unwrap_or(at);
        return vec![];
    }
    match target(case, at) {
        Some(target) => {
            case.target = target;
            case.record = 0;
            case.top = 0;
            app.screens.push(Screen::Detail);
        }
        None => app.say("Nothing is wrong here that has a finding of its own."),
    }
    vec![]
}

/// The finding that shows a line of the marked source.
fn target(case: &Case, at: usize) -> Option<Target> {
    let diagnosis = case.diagnosis.as_ref()?;
    let shows = |f: &Finding, part: &str| {
        f.exhibits.iter().any(|e| matches!(&e.place, Place::Report { part: p, .. } if p == part))
    };
    let parts = parts(diagnosis, at);
    case.lines().into_iter().find(|t| case.finding(*t).is_some_and(|f| parts.iter().any(|p| shows(f, p))))
}

/// What the findings call the lines of the marked source.
fn parts(diagnosis: &Diagnosis, at: usize) -> Vec<String> {
    match (source(diagnosis, at), diagnosis.facts.reading.report.as_ref().map(|r| &r.content)) {
        (Some(source), Some(Ok(Content::Dmarc(report)))) => {
            source.rows.iter().filter_map(|&n| Some(format!("record {}", report.rows.get(n)?.number))).collect()
        }
        (None, Some(Ok(Content::Tls(_)))) => vec![format!("policy {}", at + 1)],
        _ => Vec::new(),
    }
}

fn source(diagnosis: &Diagnosis, at: usize) -> Option<&Source> {
    diagnosis.facts.sources.get(at)
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let rows = rows(diagnosis);
    let at = case.row.min(rows.len().saturating_sub(1));
    let [list, below] = match area.height {
        14.. => Layout::vertical([Constraint::Fill(1), Constraint::Length((area.height / 2).max(7))]).areas::<2>(area),
        _ => [area, Rect::ZERO],
    };
    let mut doc = Doc::new(pen, list.width);
    doc.section("Sources", "");
    if let Some(heading) = heading(diagnosis) {
        doc.para(2, heading, Ink::Plain);
    }
    let first = doc.lines.len();
    let widest = widest(&rows);
    for (n, row) in rows.iter().enumerate() {
        line(&mut doc, row, widest, n == at);
    }
    let marked = first + at;
    let top = doc.draw(frame, list, (marked + 1).saturating_sub(list.height as usize));
    cursor(frame, list, marked, top);
    detail(case, diagnosis, at, frame, below, pen);
}

/// At most `room` lines of the table.
pub fn brief(doc: &mut Doc, diagnosis: &Diagnosis, room: usize) {
    let rows = rows(diagnosis);
    let shown = if rows.len() > room { room - 1 } else { rows.len() };
    let widest = widest(&rows[..shown]);
    rows.iter().take(shown).for_each(|row| line(doc, row, widest, false));
    if rows.len() > shown {
        doc.row(&[(&format!("    and {} more: press 6", rows.len() - shown), Ink::Faint)]);
    }
}

fn widest(rows: &[Row]) -> usize {
    rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).clamp(8, 26)
}

fn line(doc: &mut Doc, row: &Row, widest: usize, marked: bool) {
    let (glyph, ink) = (table::look(row.mark).0, ink(row));
    let name = crate::safe::clip(&doc.pen.clean(&row.name), widest);
    let pad = widest.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str()));
    let head = format!("{name}{} {:>7}  ", " ".repeat(pad), row.count);
    doc.entry(marked, &[(glyph, ink), (" ", Ink::Plain), (&head, Ink::Strong), (&row.words, Ink::Plain)]);
}

fn ink(row: &Row) -> Ink {
    use crate::report::records::Standing;
    match row.mark {
        Standing::Found(Severity::Critical | Severity::High) => Ink::Fail,
        Standing::Found(Severity::Medium | Severity::Low) => Ink::Warn,
        Standing::Found(Severity::Info) => Ink::Note,
        Standing::Good => Ink::Pass,
        Standing::Absent | Standing::Open => Ink::Faint,
        Standing::Unknown => Ink::Strong,
    }
}

/// What the report says of the marked source, and what is to be done about it.
fn detail(case: &Case, diagnosis: &Diagnosis, at: usize, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let rows = rows(diagnosis);
    let Some(row) = rows.get(at) else { return };
    doc.section(&row.name, "");
    let finding = target(case, at).and_then(|t| case.finding(t));
    if let Some(finding) = finding {
        doc.hang("  Found  ", Ink::Faint, &finding.title, Ink::Strong);
        if let Some(fix) = &finding.fix {
            doc.hang("  Fix    ", Ink::Faint, &fix.summary, Ink::Plain);
        }
    }
    let report = diagnosis.facts.reading.report.as_ref();
    match (source(diagnosis, at), report.map(|r| &r.content)) {
        (Some(source), Some(Ok(Content::Dmarc(report)))) => {
            let addresses: Vec<String> = source.addresses.iter().take(6).map(|(ip, n)| format!("{ip}: {n}")).collect();
            doc.hang("  From   ", Ink::Faint, addresses.join(", "), Ink::Plain);
            for row in source.rows.iter().filter_map(|&n| report.rows.get(n)).take(8) {
                doc.hang(&format!("  {:>5}  ", row.number), Ink::Faint, row.line(), Ink::Plain);
            }
        }
        (None, Some(Ok(Content::Tls(report)))) => {
            for failure in report.policies.items.iter().skip(at).take(1).flat_map(|o| &o.failure_details.items).take(8)
            {
                let kind = failure.result_type.as_deref().unwrap_or("unknown");
                let mx = failure.receiving_mx_hostname.as_deref().unwrap_or("");
                doc.hang(&format!("  {:>5}  ", failure.count), Ink::Faint, format!("{kind}  {mx}"), Ink::Plain);
            }
        }
        _ => {}
    }
    doc.draw(frame, area, 0);
}
