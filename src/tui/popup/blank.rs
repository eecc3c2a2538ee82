//! What only a portal or the owner knows of a record on the checklist, typed in its place.
//!
//! ```text
//! ┌─ token that Google shows ──────────────────────────────────────────┐
//! │ acme.example TXT                                                   │
//! │ google-site-verification=<token that Google shows>                 │
//! │ ▸ Abc_1                                                            │
//! └────────────────────────────────────────────────────────────────────┘
//! ```

use super::Popup;
use crate::onboarding::Blank;
use crate::remedy::blank;
use crate::remedy::form::bare;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::onboards;
use crate::tui::theme::Ink;
use crate::tui::widget::bar::put;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::line_edit::LineEdit;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// The blank, and what stands in it so far.
#[derive(Debug)]
pub struct Filling {
    pub blank: Blank,
    pub line: LineEdit,
}

pub fn open(app: &mut App, blank: Blank) {
    let line = LineEdit::new(blank.text.clone());
    app.popup = Some(Popup::Blank(Filling { blank, line }));
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(Popup::Blank(filling)) = &mut app.popup else { return vec![] };
    if action != Action::Open {
        filling.line.edit(action);
        return vec![];
    }
    let (blank, text) = (filling.blank.clone(), filling.line.text().to_owned());
    onboards::fill(app, &blank, &text)
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(Popup::Blank(filling)) = &app.popup else { return };
    let change = &filling.blank.proposed;
    let width = 76.min(area.width);
    let mut doc = Doc::new(pen, width.saturating_sub(2));
    doc.para(1, format!("{} {}", change.name, change.kind), Ink::Faint);
    let place = blank(&filling.blank.what);
    let values = change.after.iter().map(bare).filter(|value| value.contains(&place));
    values.for_each(|value| doc.para(1, value, Ink::Faint));
    let rows = doc.lines.len() as u16;
    let title = pen.clean(&filling.blank.what);
    let inside = super::frame_box(frame, area, pen, &title, width, rows + 3);
    doc.draw(frame, Rect { height: rows.min(inside.height), ..inside }, 0);
    if inside.height <= rows {
        return;
    }
    let line = Rect { y: inside.y + rows, height: 1, ..inside };
    let room = usize::from(line.width).saturating_sub(4);
    let (text, column) = filling.line.window(room, |text| pen.clean(text));
    put(frame, line, pen.span(" ▸ ", Ink::Strong));
    let field = Rect { x: line.x + 3.min(line.width), width: line.width.saturating_sub(3), ..line };
    put(frame, field, pen.span(&text, Ink::Plain));
    let x = (field.x + column as u16).min(inside.right().saturating_sub(1));
    frame.set_cursor_position(Position::new(x, line.y));
}
