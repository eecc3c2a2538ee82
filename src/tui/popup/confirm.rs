//! Quit while something runs?
//!
//! ```text
//! ┌─ Quit? ──────────────────────────────────────────┐
//! │ 4 DNS questions are open.                         │
//! │ Your text is kept as a draft.                     │
//! │ ▸ Stay        Esc                                 │
//! │   Quit        q again                             │
//! └───────────────────────────────────────────────────┘
//! ```

use super::Popup;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(Popup::Confirm { leave }) = &mut app.popup else { return vec![] };
    match action {
        Action::Up | Action::Down => *leave = !*leave,
        Action::Yes => return vec![Effect::Quit],
        Action::Open if *leave => return vec![Effect::Quit],
        Action::Open | Action::No => app.popup = None,
        _ => {}
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(Popup::Confirm { leave }) = &app.popup else { return };
    let inside = super::frame_box(frame, area, pen, "Quit?", 52, 7);
    let mut doc = Doc::new(pen, inside.width);
    let open = app.case.as_ref().map_or(0, |case| case.running);
    let count = |n: usize, one: &str, more: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {more}")),
    };
    let running = [
        count(open, "DNS question is open", "DNS questions are open"),
        count(app.watches.running(), "watch runs", "watches run"),
        count(usize::from(app.sending.runs()), "message is being sent", ""),
        count(usize::from(app.fetches.runs()), "message is waited for", ""),
        count(usize::from(app.listens.runs()), "server listens here", ""),
    ];
    let running: Vec<String> = running.into_iter().flatten().collect();
    doc.para(1, format!("{}.", running.join(", ")), Ink::Plain);
    doc.para(1, "The pasted text is kept as a draft.", Ink::Plain);
    doc.blank();
    for (on, text) in [(false, "Stay        Esc"), (true, "Quit        q again, y, or Enter on this line")] {
        doc.item(on == *leave, text);
    }
    doc.draw(frame, inside, 0);
}
