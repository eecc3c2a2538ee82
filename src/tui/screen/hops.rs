//! The Received chain as a timeline, oldest first.
//!
//! ```text
//!  4 hops, 4 min 31 s from first to last
//! ── Received, oldest first ───────────────────────────────────────────────
//! ▸ 1        -   ·                                             -
//!     app01.acme.example  10.2.0.7
//!   2      2 s   ▏                                             TLSv1.3
//!     smtp.mailer.esp.example  198.51.100.9
//! ── Hop 2 ────────────────────────────────────────────────────────────────
//!   from app01.acme.example by smtp.mailer.esp.example with ESMTPSA …
//! ```

use super::home::cursor;
use super::step;
use crate::facts::received::Hop;
use crate::report::Shown;
use crate::tui::app::{App, Screen};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    if action == Action::LocalTime {
        app.local_time = !app.local_time;
        app.say(if app.local_time { "Times in your time zone." } else { "Times in UTC." });
        return vec![];
    }
    let Some(case) = &mut app.case else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let hops = &diagnosis.facts.reading.hops;
    let at = marked(case.hop, diagnosis.facts.reading.boundary.hop, hops.len());
    match (action, hops.get(at)) {
        (Action::Open, Some(hop)) => {
            case.raw.go = Some(case.opened.input.locate(hop.span).start);
            case.exhibit = 0;
            app.screens.push(Screen::Headers);
        }
        (Action::CopyValue, Some(hop)) => {
            let fields = &diagnosis.facts.reading.header.fields;
            let span = fields.get(hop.field).map_or(hop.span, |f| f.span());
            let shown = Shown { redaction: app.redactor.as_ref() };
            let text = shown.hidden(&String::from_utf8_lossy(span.of(diagnosis.facts.text())));
            return vec![Effect::Copy { what: "the Received field".to_owned(), text }];
        }
        (other, _) => case.hop = step(at, other, hops.len(), page / 2).unwrap_or(at),
    }
    vec![]
}

/// The marked hop; before any choice, the one at which the receiver took over.
fn marked(chosen: usize, boundary: Option<usize>, len: usize) -> usize {
    match chosen {
        usize::MAX => boundary.unwrap_or(0),
        n => n,
    }
    .min(len.saturating_sub(1))
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let reading = &diagnosis.facts.reading;
    let hops = &reading.hops;
    let at = marked(case.hop, reading.boundary.hop, hops.len());
    let mut doc = Doc::new(pen, area.width);
    let known: Vec<i64> = hops.iter().filter_map(|h| h.delay_ms).filter(|ms| *ms > 0).collect();
    let total: i64 = known.iter().fold(0, |sum, ms| sum.saturating_add(*ms));
    let longest = known.iter().copied().max().unwrap_or(0);
    match hops.len() {
        0 => doc.para(1, "There is no Received line, so the way of this message is not known.", Ink::Plain),
        1 => doc.para(1, "1 hop.", Ink::Plain),
        n => doc.para(1, format!("{n} hops, {} from first to last by their own clocks.", duration(total)), Ink::Plain),
    }
    let unread = reading.header.all(diagnosis.facts.text(), "Received").count().saturating_sub(hops.len());
    if unread > 0 {
        doc.para(1, format!("{unread} older ones are not read: so many hops are forged, or a loop."), Ink::Plain);
    }
    doc.section("Received, oldest first", "");
    let bar_room = doc.width.saturating_sub(32).min(60);
    let mut marked_line = 0;
    // a forged chain may be long: only hops near the marked one are written
    let near = area.height as usize;
    for (n, hop) in hops.iter().enumerate().skip(at.saturating_sub(near)).take(2 * near) {
        if n == at {
            marked_line = doc.lines.len();
        }
        one(&mut doc, reading.boundary.hop, hop, n, n == at, longest, bar_room);
    }
    let [list, below] = if area.height >= 14 {
        Layout::vertical([Constraint::Fill(1), Constraint::Length((area.height / 3).min(9))]).areas::<2>(area)
    } else {
        [area, Rect::ZERO]
    };
    let top = doc.draw(frame, list, (marked_line + 2).saturating_sub(list.height as usize));
    cursor(frame, list, marked_line, top);
    if let Some(hop) = hops.get(at) {
        let mut doc = Doc::new(pen, below.width);
        doc.section(&format!("Hop {}", at + 1), &time(hop, app.local_time));
        doc.para(2, hop.span.of(diagnosis.facts.text()).trim_ascii(), Ink::Plain);
        if reading.boundary.hop == Some(at) {
            doc.para(2, "Here the receiving organization took over. Lines below it can be forged.", Ink::Plain);
        }
        doc.draw(frame, below, 0);
    }
}

/// Two lines for a hop.
fn one(doc: &mut Doc, boundary: Option<usize>, hop: &Hop, n: usize, marked: bool, longest: i64, room: usize) {
    let delay = match hop.delay_ms {
        None => "-".to_owned(),
        Some(ms) => duration(ms),
    };
    let bar = match hop.delay_ms {
        Some(ms) if ms > 0 && longest > 0 => {
            let cells = (ms as f64 / longest as f64 * room as f64) as usize;
            if cells == 0 { "▏".to_owned() } else { "█".repeat(cells.min(room)) }
        }
        Some(ms) if ms < 0 => "(clocks disagree)".to_owned(),
        _ => "·".to_owned(),
    };
    let tls = hop.tls.as_deref().unwrap_or("-");
    let pad = " ".repeat(room.saturating_sub(bar.chars().count()));
    let text = format!("{:>2} {delay:>12}  {bar}{pad}  {tls}", n + 1);
    doc.item(marked, &text);
    let name = |s: &Option<crate::span::Spanned<String>>| s.as_ref().map(|s| s.value.clone());
    let from = name(&hop.reverse_name).or(name(&hop.helo)).unwrap_or_else(|| "(unnamed)".to_owned());
    let ip = hop.ip.as_ref().map_or(String::new(), |ip| format!("  {}", ip.value));
    let by = name(&hop.by).map_or(String::new(), |by| format!("  → {by}"));
    let edge = if boundary == Some(n) { "   receiver from here" } else { "" };
    doc.row(&[(&format!("      {from}{ip}"), Ink::Plain), (edge, Ink::Strong), (&by, Ink::Plain)]);
}

/// The hop's own time.
fn time(hop: &Hop, local: bool) -> String {
    let Some(at) = hop.at else { return "no readable time".to_owned() };
    let zone = if local { jiff::tz::TimeZone::system() } else { jiff::tz::TimeZone::UTC };
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// `4 min 12 s`
fn duration(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1000;
    let sign = if ms < 0 { "-" } else { "" };
    match (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, 0) if ms != 0 => format!("{ms} ms"),
        (0, 0, 0, s) => format!("{sign}{s} s"),
        (0, 0, m, s) => format!("{sign}{m} min {s} s"),
        (0, h, m, _) => format!("{sign}{h} h {m} min"),
        (d, h, ..) => format!("{sign}{d} d {h} h"),
    }
}
