//! Every message so far, newest last.

use super::Popup;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(Popup::Log { top }) = &mut app.popup else { return vec![] };
    *top = match action {
        Action::Up => top.saturating_sub(1),
        Action::Down => top.saturating_add(1),
        Action::PageUp => top.saturating_sub(page),
        Action::PageDown => top.saturating_add(page),
        _ => *top,
    };
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let inside = super::frame_box(frame, area, pen, "Log", area.width.saturating_sub(4), area.height.saturating_sub(2));
    let mut doc = Doc::new(pen, inside.width);
    for line in &app.log {
        doc.hang(" · ", Ink::Faint, line, Ink::Plain);
    }
    if app.log.is_empty() {
        doc.para(1, "Nothing yet. Every message of the status line is kept here.", Ink::Plain);
    }
    let Some(Popup::Log { top }) = &mut app.popup else { return };
    *top = doc.draw(frame, inside, *top);
}
