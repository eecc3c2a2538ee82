//! Every saved case: type to search, Enter opens.
//!
//! ```text
//!  Search  acme dmarc
//!
//!  ▸ acme.example          ✗ FAIL  DMARC not aligned          12 May 14:02
//!    acme.example          ✓ PASS  …
//!
//!  2 of 31 cases
//! ```

use super::home::caret;
use super::step;
use crate::safe::clip;
use crate::tui::app::{self, App};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen, spread};
use crate::tui::widget::line_edit::LineEdit;
use crate::tui::world::{Recent, Source};
use ratatui::Frame;
use ratatui::layout::Rect;

/// What is looked for, and the marked line of what was found.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub words: LineEdit,
    pub at: usize,
}

/// Columns from which a line has its day.
const DATED: usize = 56;

fn found(app: &App) -> Vec<&Recent> {
    app.recent.iter().filter(|case| case.holds(app.cases.words.text())).collect()
}

pub fn insert(app: &mut App, text: &str) {
    app.cases.words.insert(text);
    app.cases.at = 0;
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let found = found(app);
    let (len, marked) = (found.len(), found.get(app.cases.at).map(|case| case.id.clone()));
    match action {
        Action::Open => match marked {
            Some(id) => return update::open(app, Source::Case(id)),
            None => app.say("No case matches."),
        },
        Action::Up | Action::Down | Action::PageUp | Action::PageDown => {
            app.cases.at = step(app.cases.at, action, len, app.page).unwrap_or(app.cases.at);
        }
        edit => {
            if app.cases.words.edit(edit) {
                app.cases.at = 0;
            }
        }
    }
    vec![]
}

/// One case on one line: whose, how it stands, since when.
pub fn line(app: &App, pen: Pen, case: &Recent, width: usize) -> String {
    let (glyph, word, _) = app::sign(case.state);
    let left = format!("{:<21} {glyph} {word:<5} {}", pen.clean(&case.name), pen.clean(&case.headline));
    let zone = if app.local_time { jiff::tz::TimeZone::system() } else { jiff::tz::TimeZone::UTC };
    let right = case.at.to_zoned(zone).strftime("%e %b %H:%M").to_string();
    let right = right.trim();
    // Equal cases are told apart by their day: the headline is cut before that.
    let room = width.saturating_sub(right.len() + 2);
    let left = if width >= DATED { clip(&left, room) } else { left };
    spread(&left, right, width)
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    const HEAD: &str = " Search  ";
    let mut doc = Doc::new(pen, area.width);
    let room = doc.width.saturating_sub(HEAD.len());
    let (shown, typed) = app.cases.words.window(room, |text| pen.clean(text));
    let found = found(app);
    let counted = match (found.len(), app.recent.len()) {
        (0, all) => format!(" 0 of {all} cases: words of a name, a verdict, a rule or a day. Ctrl+U clears."),
        (some, all) => format!(" {some} of {all} cases"),
    };
    // The search stays in sight however long the list is.
    let rows = usize::from(area.height).saturating_sub(4).max(1);
    let first = (app.cases.at + 1).saturating_sub(rows);
    doc.row(&[(HEAD, Ink::Strong), (&shown, Ink::Plain)]);
    doc.blank();
    for (n, case) in found.iter().enumerate().skip(first).take(rows) {
        doc.item(n == app.cases.at, &line(app, pen, case, usize::from(area.width).saturating_sub(4)));
    }
    doc.blank();
    let hint =
        if app.recent.is_empty() { " Nothing is saved yet: diagnose something first.".to_owned() } else { counted };
    doc.row(&[(&hint, Ink::Faint)]);
    doc.draw(frame, area, 0);
    caret(frame, area, (0, HEAD.len() + typed), 0);
}
