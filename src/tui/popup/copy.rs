//! Copy as…
//!
//! ```text
//! ┌─ Copy as ──────────────────────────────────────────────────────┐
//! │ ▸ 1 value only            s1.acme.dkim.esp.example.            │
//! │   2 name and value        for a web form, one per line         │
//! │   3 zone file line        s1._domainkey.acme.example. 3600 IN …│
//! │   7 dig command           dig +short CNAME s1._domainkey…      │
//! └────────────────────────────────────────────────────────────────┘
//! ```

use super::Popup;
use crate::report::copy::{self, Form};
use crate::report::export::{Export, Format};
use crate::report::{Shown, json, markdown};
use crate::rules::Finding;
use crate::tui::app::{App, Screen};
use crate::tui::case::{Case, Target};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

/// A line of the popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    As(Form),
    Markdown,
    Json,
    PlainPage,
}

/// Digit, choice, words.
const CHOICES: &[(Option<u8>, Choice, &str)] = &[
    (Some(1), Choice::As(Form::Value), "value only"),
    (Some(2), Choice::As(Form::NameAndValue), "name and value"),
    (Some(3), Choice::As(Form::In(Format::Zone)), "zone file lines"),
    (None, Choice::As(Form::Host), "form of the DNS host"),
    (Some(4), Choice::As(Form::In(Format::Cloudflare)), "Cloudflare import"),
    (Some(5), Choice::As(Form::In(Format::Route53)), "Route 53 batch"),
    (Some(6), Choice::As(Form::In(Format::Terraform)), "Terraform"),
    (None, Choice::As(Form::In(Format::DnsControl)), "DNSControl"),
    (None, Choice::As(Form::In(Format::OctoDns)), "OctoDNS"),
    (Some(7), Choice::As(Form::Dig), "dig command"),
    (Some(8), Choice::Markdown, "Markdown for a ticket"),
    (Some(9), Choice::Json, "JSON"),
    (Some(0), Choice::PlainPage, "plain page"),
];

/// A choice with its digit, its words and what it copies.
type Offer = (Option<u8>, Choice, String, Export);

pub fn open(app: &mut App) {
    match choices(app).is_empty() {
        true => app.say("Nothing to copy here."),
        false => app.popup = Some(Popup::Copy { marked: 0 }),
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let choices = choices(app);
    let Some(Popup::Copy { marked }) = &mut app.popup else { return vec![] };
    let chosen = match action {
        Action::Up => {
            *marked = marked.saturating_sub(1);
            return vec![];
        }
        Action::Down => {
            *marked = (*marked + 1).min(choices.len().saturating_sub(1));
            return vec![];
        }
        Action::Pick(digit) => choices.iter().find(|(d, ..)| *d == Some(digit)),
        Action::Open => choices.get(*marked),
        _ => None,
    };
    let Some((_, choice, words, export)) = chosen.cloned() else { return vec![] };
    app.popup = None;
    let case = app.case.as_ref();
    let finding = case.and_then(|case| case.finding(target(app, case)?));
    let words = format!("{words}{}", finding.map_or("", by_whom));
    let what = match export.warnings.len() {
        0 => words,
        1 => format!("{words} (one remark, see :log)"),
        n => format!("{words} ({n} remarks, see :log)"),
    };
    app.log.extend(export.warnings);
    match choice {
        Choice::PlainPage => crate::tui::screen::plain_page(app),
        _ => vec![Effect::Copy { text: export.text, what }],
    }
}

/// What the finding under the cursor offers, each with its text.
fn choices(app: &App) -> Vec<Offer> {
    let Some(case) = &app.case else { return vec![] };
    let Some(finding) = target(app, case).and_then(|t| case.finding(t)) else { return vec![] };
    let Some(facts) = case.diagnosis.as_ref().map(|d| &d.facts) else { return vec![] };
    let input = &case.opened.input;
    // records are public and must be exact; running text is redacted
    let shown = Shown { redaction: app.redactor.as_ref() };
    let plain = |text| Some(Export { text, warnings: Vec::new() });
    let text = |choice| match choice {
        Choice::As(form) => copy::render(form, facts, finding, case.record),
        Choice::Markdown => plain(markdown::finding(input, finding, shown)),
        Choice::Json => plain(json::finding::finding(input, finding, shown)),
        Choice::PlainPage => plain("leaves the screen, so that you can select".to_owned()),
    };
    CHOICES.iter().filter_map(|(d, choice, words)| Some((*d, *choice, (*words).to_owned(), text(*choice)?))).collect()
}

/// What a copy says of records that are not as proposed.
pub fn by_whom(finding: &Finding) -> &'static str {
    if finding.fix.as_ref().is_some_and(|fix| fix.edited) { " (edited by you)" } else { "" }
}

/// The finding that `y`, `Y` and `c` mean here.
pub fn target(app: &App, case: &Case) -> Option<Target> {
    match app.screen() {
        Screen::Detail | Screen::Form | Screen::Edit => Some(case.target),
        _ => case.marked_target(),
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let choices = choices(app);
    let Some(Popup::Copy { marked }) = &app.popup else { return };
    let inside = super::frame_box(frame, area, pen, "Copy as", 68, choices.len() as u16 + 2);
    let mut doc = Doc::new(pen, inside.width);
    for (n, (digit, _, words, export)) in choices.iter().enumerate() {
        let digit = digit.map_or(' ', |d| char::from(b'0' + d));
        let text = export.text.trim_end();
        let sample = match text.lines().count() {
            0 | 1 => text.to_owned(),
            n => format!("{n} lines"),
        };
        doc.item(n == *marked, &format!("{digit} {words:<22} {sample}"));
    }
    doc.draw(frame, inside, (marked + 1).saturating_sub(usize::from(inside.height)));
}
