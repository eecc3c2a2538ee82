//! The input as it was given, with the evidence of one finding underlined.
//!
//! ```text
//!  Evidence 1 of 2: signed as this domain                 dmarc-unaligned
//! ───────────────────────────────────────────────────────────────────────
//!       6 Authentication-Results: mx.google.example;
//! ▸1    7        dkim=pass header.i=@mailer.esp.example header.s=k1;
//!  2   10 From: Acme Billing <billing@acme.example>
//! ```

use crate::redact::Redaction;
use crate::report::Shown;
use crate::tui::app::App;
use crate::tui::case::{Case, Target};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen, section, spread};
use crate::tui::widget::excerpt::{self, Mark};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

/// The marks of the finding the headers are shown for: the one that was opened or is marked.
fn marks(case: &Case, target: Target) -> Vec<Mark> {
    case.finding(target).map(|f| excerpt::marks(&case.opened.input, &f.exhibits)).unwrap_or_default()
}

/// The opened finding where it has marks, else the marked one of the list.
fn target(case: &Case) -> Target {
    match case.finding(case.target) {
        Some(_) => case.target,
        None => case.marked_target().unwrap_or_default(),
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page.max(1);
    let Some(case) = &mut app.case else { return vec![] };
    let raw = &mut case.raw;
    raw.top = match action {
        Action::Up => raw.top.saturating_sub(1),
        Action::Down => raw.top.saturating_add(1),
        Action::PageUp => raw.top.saturating_sub(page),
        Action::PageDown => raw.top.saturating_add(page),
        Action::Top => 0,
        Action::Bottom => usize::MAX,
        _ => raw.top,
    };
    match action {
        Action::Next | Action::Previous => {
            let marks = marks(case, target(case));
            let at = marks.iter().position(|m| m.number == case.exhibit);
            let to = match (at, action) {
                (None, _) => 0,
                (Some(n), Action::Next) => (n + 1) % marks.len().max(1),
                (Some(n), _) => (n + marks.len() - 1) % marks.len().max(1),
            };
            match marks.get(to) {
                Some(mark) => {
                    case.exhibit = mark.number;
                    case.raw.go = Some(mark.span.start);
                }
                None => app.say("No evidence of this finding stands in the header."),
            }
        }
        Action::CopyValue => return copy_field(case, app.redactor.as_ref()),
        _ => {}
    }
    vec![]
}

/// The whole header field the current evidence stands in.
fn copy_field(case: &Case, redaction: Option<&Redaction>) -> Vec<Effect> {
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let exhibits = case.finding(target(case)).map(|f| &f.exhibits[..]).unwrap_or_default();
    let Some(crate::rules::Exhibit { place: crate::rules::Place::Input(span), .. }) =
        exhibits.get(case.exhibit.saturating_sub(1))
    else {
        return vec![];
    };
    let text = diagnosis.facts.text();
    let fields = &diagnosis.facts.reading.header.fields;
    let field = fields.iter().find(|f| f.span().start <= span.start && span.start < f.span().end);
    let whole = field.map_or(*span, |f| f.span());
    let text = Shown { redaction }.hidden(&String::from_utf8_lossy(whole.of(text)));
    vec![Effect::Copy { what: "the header field".to_owned(), text }]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &mut app.case else { return };
    let target = target(case);
    let marks = marks(case, target);
    let [head, body] = Layout::vertical([Constraint::Length(if area.height > 8 { 2 } else { 1 }), Constraint::Fill(1)])
        .areas::<2>(area);
    let mut doc = Doc::new(pen, area.width);
    let place = marks.iter().position(|m| m.number == case.exhibit);
    let left = match place.and_then(|n| marks.get(n).map(|m| (n, m))) {
        Some((n, mark)) => format!(" Evidence {} of {}: {}", n + 1, marks.len(), pen.clean(&mark.label)),
        None => " No evidence of the marked finding stands here.".to_owned(),
    };
    let rule = case.finding(target).map_or("", |f| f.rule.id);
    doc.row(&[(&spread(&left, rule, (area.width as usize).saturating_sub(1)), Ink::Plain)]);
    doc.lines.push(ratatui::text::Line::from(section(pen, "", "", area.width as usize)));
    doc.draw(frame, head, 0);
    let text = case.opened.input.original.clone();
    case.raw.draw(frame, body, pen, &text, &marks, case.exhibit);
}

/// The third pane of a very wide screen: follows the marked finding.
pub fn beside(case: &mut Case, target: Target, frame: &mut Frame, area: Rect, pen: Pen) {
    let marks = marks(case, target);
    let text = case.opened.input.original.clone();
    if let Some(first) = marks.first() {
        case.raw.go = Some(first.span.start);
    }
    case.raw.draw(frame, area, pen, &text, &marks, marks.first().map_or(0, |m| m.number));
}
