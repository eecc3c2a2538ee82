//! The path from a symptom to its cause: where it has led, then its steps.
//!
//! ```text
//!  ✗ CAUSE  The cause: no key at s1._domainkey.example.com.
//!    Publish the key.
//!
//! ▸ Open the finding: evidence, fix, how to check
//! ── The path ─────────────────────────────────────────────────────────────────
//!   1 ✓ known      Paste the full header of one such message.
//!                  A message of example.com, as mx.example.net judged it.
//! ```

use super::home::cursor;
use super::step;
use crate::report::path::{fix, says, sign, word};
use crate::troubleshoot::{Kind, Offer, Path, State, Step};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::troubles::{self, Row, rows};
use crate::tui::widget::doc::{Doc, Pen, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Column where the text of a step begins.
const TEXT: usize = 18;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Open => return troubles::open(app),
        Action::Restore => troubles::anew(app),
        other => {
            let len = troubles::walked(app).map_or(0, |path| rows(&path).len());
            let row = &mut app.troubles.row;
            *row = step(*row, other, len, app.page).unwrap_or(*row);
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(path) = troubles::walked(app) else { return };
    let rows = rows(&path);
    app.troubles.row = app.troubles.row.min(rows.len().saturating_sub(1));
    let mut doc = Doc::new(pen, area.width);
    let (glyph, sure) = sign(path.conclusion.kind);
    let ink = match path.conclusion.kind {
        Kind::Cause => Ink::Fail,
        Kind::Suspect => Ink::Warn,
        Kind::Elsewhere => Ink::Note,
        Kind::Open => Ink::Strong,
    };
    doc.hang(&format!(" {glyph} {sure}  "), ink, &path.conclusion.text, Ink::Strong);
    if let Some(fix) = fix(&path) {
        doc.para(3, fix, Ink::Plain);
    }
    let (mut marked, mut end) = (0, 0);
    for (n, row) in rows.iter().enumerate() {
        match row {
            Row::Step(0) => doc.section("The path", ""),
            Row::Look(0) => doc.section("What to look at", ""),
            _ => {}
        }
        let here = n == app.troubles.row;
        if here {
            marked = doc.lines.len();
        }
        line(&mut doc, &path, *row, here);
        if here {
            end = doc.lines.len();
        }
    }
    let top = doc.draw(frame, area, end.saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}

fn line(doc: &mut Doc, path: &Path, row: Row, here: bool) {
    match row {
        Row::Cause => {
            item(doc, here, "", "Open the finding: evidence, fix, how to check");
        }
        Row::Look(n) => item(doc, here, "- ", &path.conclusion.look[n]),
        Row::Choice(n, m) => item(doc, here, "                ( ) ", &path.steps[n].template.choices[m].title),
        Row::Step(n) => told(doc, &path.steps[n], n, here),
    }
}

/// One step; the marked one says why, and what Enter does.
fn told(doc: &mut Doc, step: &Step, n: usize, here: bool) {
    let mark = match &step.state {
        State::Found(_) => "✗",
        State::Known(_) | State::Clear(_) => "✓",
        State::Next => "→",
        State::Open(_) => "?",
        State::NotNeeded => "-",
    };
    item(doc, here, &format!("{:>2} {mark} {:<10} ", n + 1, word(&step.state)), &step.template.text);
    let ink = match step.state {
        State::Found(_) => Ink::Fail,
        _ => Ink::Plain,
    };
    if let Some(said) = says(&step.state) {
        doc.para(TEXT, said, ink);
    }
    if here || step.state == State::Next {
        doc.para(TEXT, format!("Why: {}", step.template.why), Ink::Faint);
    }
    if let Some(does) = does(step).filter(|_| here) {
        doc.para(TEXT, does, Ink::Strong);
    }
}

/// What Enter does on a step.
fn does(step: &Step) -> Option<&'static str> {
    if !step.template.choices.is_empty() {
        return Some(match step.state {
            State::Known(_) => "Enter asks again.",
            _ => "Choose an answer below, Enter takes it.",
        });
    }
    Some(match (&step.state, step.template.offer) {
        (State::Found(_), _) if !step.template.delay => "Enter opens the finding.",
        (State::Known(_), _) if !step.template.delay => "Enter opens it.",
        (State::Clear(_), _) => return None,
        (_, Some(Offer::Paste)) => "Paste it now, right here; Enter opens the editor.",
        (_, Some(Offer::Domain)) => "Enter asks for the domain, then DNS; a pasted domain is checked at once.",
        (_, Some(Offer::Send)) => "Enter writes a test; nothing is sent without your yes.",
        (_, Some(Offer::Stated)) => "Enter takes down what the panel holds.",
        (_, Some(Offer::Warmup)) => "Enter opens the warm-up.",
        (_, None) => return None,
    })
}

/// A line that can be marked, over as many rows as it takes.
fn item(doc: &mut Doc, here: bool, head: &str, text: &str) {
    let indent = head.chars().count();
    let lines = wrap(text, doc.width.saturating_sub(indent + 3));
    for (n, line) in lines.iter().enumerate() {
        match n {
            0 => doc.item(here, &format!("{head}{line}")),
            _ => doc.row(&[(&format!("  {}{line}", " ".repeat(indent)), Ink::Plain)]),
        }
    }
}
