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
use crate::report::{Shown, json, markdown};
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
const CHOICES: &[(u8, Choice, &str)] = &[
    (1, Choice::As(Form::Value), "value only"),
    (2, Choice::As(Form::NameAndValue), "name and value"),
    (3, Choice::As(Form::Zone), "zone file lines"),
    (7, Choice::As(Form::Dig), "dig command"),
    (8, Choice::Markdown, "Markdown for a ticket"),
    (9, Choice::Json, "JSON"),
    (0, Choice::PlainPage, "plain page"),
];

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
        Action::Pick(digit) => choices.iter().find(|(d, ..)| *d == digit),
        Action::Open => choices.get(*marked),
        _ => None,
    };
    let Some((_, choice, what, text)) = chosen.cloned() else { return vec![] };
    app.popup = None;
    match choice {
        Choice::PlainPage => crate::tui::screen::plain_page(app),
        _ => vec![Effect::Copy { text, what }],
    }
}

/// What the finding under the cursor offers, each with its text.
fn choices(app: &App) -> Vec<(u8, Choice, String, String)> {
    let Some(case) = &app.case else { return vec![] };
    let Some(finding) = target(app, case).and_then(|t| case.finding(t)) else { return vec![] };
    let input = &case.opened.input;
    // records are public and must be exact; running text is redacted
    let shown = Shown { redaction: app.redactor.as_ref() };
    let text = |choice| match choice {
        Choice::As(form) => copy::render(form, finding, case.record),
        Choice::Markdown => Some(markdown::finding(input, finding, shown)),
        Choice::Json => Some(json::diagnosis::finding(input, finding, shown)),
        Choice::PlainPage => Some("leaves the screen, so that you can select".to_owned()),
    };
    CHOICES.iter().filter_map(|(d, choice, words)| Some((*d, *choice, (*words).to_owned(), text(*choice)?))).collect()
}

/// The finding that `y`, `Y` and `c` mean here.
pub fn target(app: &App, case: &Case) -> Option<Target> {
    match app.screen() {
        Screen::Detail => Some(case.target),
        _ => case.marked_target(),
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let choices = choices(app);
    let Some(Popup::Copy { marked }) = &app.popup else { return };
    let inside = super::frame_box(frame, area, pen, "Copy as", 68, choices.len() as u16 + 2);
    let mut doc = Doc::new(pen, inside.width);
    for (n, (digit, _, words, text)) in choices.iter().enumerate() {
        let lines = text.trim_end().lines().count();
        let sample = match lines {
            0 | 1 => text.trim_end().to_owned(),
            n => format!("{n} lines"),
        };
        doc.item(n == *marked, &format!("{digit} {words:<22} {sample}"));
    }
    doc.draw(frame, inside, 0);
}
