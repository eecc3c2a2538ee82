//! A record as the DNS host's web form wants it, field by field, so that it is filled in paste after paste.
//!
//! ```text
//! ── _dmarc.acme.example   TXT   record 1 of 2 ────────────── Enter: another host ──
//!  Host  Cloudflare, by its name servers, ada.ns.cloudflare.com among them
//!  Zone  acme.example
//!  Open  Cloudflare dashboard › your domain › DNS › Records › Add record
//!
//!  Add an entry:
//!    Type      TXT
//!  ▸ Name      _dmarc
//!    Content   v=DMARC1; p=none; rua=mailto:dmarc@acme.example
//! ── Mind ─────────────────────────────────────────────────────────────────────────
//!  · Mail records must be "DNS only" (grey cloud) …
//! ```

use super::{home::cursor, step};
use crate::evidence::Evidence;
use crate::facts::home::{self, Home};
use crate::remedy::Change;
use crate::remedy::form::{Field, Form};
use crate::report::{self, copy, fix};
use crate::tui::app::{App, Screen};
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::popup::copy::{by_whom, target};
use crate::tui::popup::hosts;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// What is on show.
struct Shown<'a> {
    change: &'a Change,
    home: Home,
    form: Form,
    /// Place and number of the record.
    place: (usize, usize),
    /// " (edited by you)" where it is not as proposed.
    whose: &'static str,
}

impl Shown<'_> {
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.form.entries.iter().flat_map(|e| &e.fields)
    }
}

/// Opens the form of the record under the cursor.
pub fn open(app: &mut App) {
    let Some(case) = &app.case else { return };
    let target = target(app, case);
    let detail = app.screen() == Screen::Detail;
    let some = target.and_then(|t| case.finding(t)).is_some_and(|f| f.fix.iter().any(|fix| !fix.records.is_empty()));
    let (Some(target), true) = (target, some) else {
        app.say("There is no record to publish here.");
        return;
    };
    if let Some(case) = &mut app.case {
        case.record = if detail { case.record } else { 0 };
        case.target = target;
        case.field = 0;
        case.top = 0;
    }
    app.screens.push(Screen::Form);
}

fn shown(case: &Case) -> Option<Shown<'_>> {
    let finding = case.finding(case.target)?;
    let records = &finding.fix.as_ref()?.records;
    let at = case.record.min(records.len().checked_sub(1)?);
    let change = records.get(at)?;
    let home = home_of(case, &change.name)?;
    let form = Form::of(change, home.form_of(), &home.zone);
    Some(Shown { change, home, form, place: (at, records.len()), whose: by_whom(finding) })
}

fn home_of(case: &Case, name: &str) -> Option<Home> {
    let facts = &case.diagnosis.as_ref()?.facts;
    Some(home::of(&facts.evidence.answers, name).with_said(case.opened.said.dns_host.as_deref()))
}

/// Where the record on show is published.
pub fn home(app: &App) -> Option<Home> {
    shown(app.case.as_ref()?).map(|s| s.home)
}

/// Takes the user's word for the DNS host, and keeps it in the case.
pub fn choose(app: &mut App, id: &str) -> Vec<Effect> {
    let Some(case) = &mut app.case else { return vec![] };
    let said = crate::evidence::Said { dns_host: Some(id.to_owned()), ..case.opened.said.clone() };
    (case.field, case.top) = (0, 0);
    if case.running > 0 {
        return update::rerun(app, said);
    }
    case.opened.said = said.clone();
    let Some(diagnosis) = &mut case.diagnosis else { return vec![] };
    let evidence = Evidence { said, ..Evidence::clone(&diagnosis.facts.evidence) };
    diagnosis.facts.evidence = Arc::new(evidence);
    vec![Effect::Keep(Box::new(diagnosis.clone()))]
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &mut app.case else { return vec![] };
    let Some(shown) = shown(case) else { return vec![] };
    let fields: Vec<Field> = shown.fields().cloned().collect();
    let records = shown.place.1;
    let whose = shown.whose;
    let at = case.field.min(fields.len().saturating_sub(1));
    match action {
        Action::Open => hosts::open(app),
        Action::Left | Action::Right => {
            case.record = match action {
                Action::Left => case.record.saturating_sub(1),
                _ => (case.record + 1).min(records.saturating_sub(1)),
            };
            (case.field, case.top) = (0, 0);
        }
        Action::CopyValue => return copy_field(app, fields.get(at), whose),
        Action::CopyAll if fields.is_empty() => app.say("There is nothing to type in here."),
        Action::CopyAll => {
            return vec![Effect::Copy { text: copy::fields(&fields), what: format!("{} fields{whose}", fields.len()) }];
        }
        Action::PageUp => case.top = case.top.saturating_sub(page),
        Action::PageDown => case.top = case.top.saturating_add(page),
        _ => {
            let action = match action {
                Action::NextField => Action::Down,
                Action::PreviousField => Action::Up,
                other => other,
            };
            case.field = step(at, action, fields.len(), page).unwrap_or(at);
            case.top = 0;
        }
    }
    vec![]
}

fn copy_field(app: &mut App, field: Option<&Field>, whose: &str) -> Vec<Effect> {
    match field {
        None => app.say("There is nothing to type in here."),
        Some(field) if field.text.is_empty() => app.say(format!("{}: {}.", field.label, field.hint)),
        Some(field) if field.blank => {
            app.say(format!("{} has a blank that only a portal can fill in: not copied.", field.label));
        }
        Some(field) => {
            let what = format!("{}: {}{whose}", field.label, super::verdict::named(&field.text));
            return vec![Effect::Copy { text: field.text.clone(), what }];
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(mut shown) = shown(case) else { return };
    shown.form = fix::form(shown.change, &shown.home, report::Shown { redaction: pen.redact });
    let mut doc = Doc::new(pen, area.width.min(100));
    let marked = page(&mut doc, &shown, case.field);
    let height = usize::from(area.height);
    let least = (marked.1 + 1).saturating_sub(height).min(marked.0);
    let top = doc.draw(frame, area, case.top.max(least));
    cursor(frame, area, marked.0, top);
    if let Some(case) = &mut app.case {
        case.top = top;
    }
}

/// Writes the page; the first and the last line of the marked field.
fn page(doc: &mut Doc, shown: &Shown, field: usize) -> (usize, usize) {
    let Shown { change, home, form, place: (at, of), whose } = shown;
    let place = if *of > 1 { format!("   record {} of {of}", at + 1) } else { String::new() };
    doc.section(&format!("{}   {}{place}{whose}", change.name, change.kind), "Enter: another host");
    doc.hang(" Host  ", Ink::Faint, home.because(), Ink::Strong);
    let assumed = if home.assumed { " (assumed: no answer shows where the zone is cut)" } else { "" };
    doc.hang(" Zone  ", Ink::Faint, format!("{}{assumed}", home.zone), Ink::Plain);
    doc.hang(" Open  ", Ink::Faint, &home.form_of().open, Ink::Plain);
    for obstacle in &form.obstacles {
        doc.hang(" ! ", Ink::Warn, obstacle, Ink::Plain);
    }
    let last = shown.fields().count().saturating_sub(1);
    let (marked, mut n, mut lines) = (field.min(last), 0, (0, 0));
    let width = shown.fields().map(|f| f.label.width()).max().unwrap_or(0);
    for entry in &form.entries {
        doc.blank();
        doc.para(1, entry.what(), Ink::Plain);
        for field in &entry.fields {
            let start = doc.lines.len();
            write(doc, field, width, n == marked);
            if n == marked {
                lines = (start, doc.lines.len().saturating_sub(1));
            }
            n += 1;
        }
    }
    let source = &home.form_of().form_source;
    doc.section("Mind", "");
    for note in &form.notes {
        doc.hang(" · ", Ink::Faint, note, Ink::Plain);
    }
    let whence = match source.as_str() {
        "" => "Order and names of the fields are the usual ones; the form may call them otherwise.".to_owned(),
        known => format!("Order and names of the fields: {known}."),
    };
    doc.para(1, whence, Ink::Faint);
    lines
}

fn write(doc: &mut Doc, field: &Field, width: usize, marked: bool) {
    let sign = if marked { '▸' } else { ' ' };
    let pad = " ".repeat(width.saturating_sub(field.label.width()));
    let head = format!(" {sign} {}{pad}  ", field.label);
    let hint = if field.hint.is_empty() { String::new() } else { format!("({})", field.hint) };
    let text = match field.text.is_empty() {
        true => hint,
        false if hint.is_empty() => field.text.clone(),
        false => format!("{}   {hint}", field.text),
    };
    for (n, line) in text.split('\n').enumerate() {
        let head = if n == 0 { head.clone() } else { " ".repeat(head.width()) };
        let ink = if marked { Ink::Strong } else { Ink::Plain };
        doc.hang(&head, ink, line, ink);
    }
}
