//! What goes wrong? The symptoms.
//!
//! ```text
//!   What do you see? From there to the cause, one step at a time.
//!
//! ▸ 1  It is rejected, or comes back              a bounce, a 5xx reply
//!   2  It lands in spam                           delivered, but to the junk folder
//! ```

use super::home::cursor;
use super::step;
use crate::troubleshoot;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::troubles::begin;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let all = troubleshoot::all();
    let chosen = match action {
        Action::Open => app.troubles.marked,
        Action::Pick(digit @ 1..) => digit as usize - 1,
        other => {
            let marked = &mut app.troubles.marked;
            *marked = step(*marked, other, all.len(), app.page).unwrap_or(*marked);
            return vec![];
        }
    };
    match all.get(chosen) {
        Some(symptom) => begin(app, symptom),
        None => app.say("There is no such line."),
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let intro = "What do you see? From there one path leads to the cause. It asks only what it cannot find out, and says \
        why. A paste works at any time, in any order.";
    doc.para(2, intro, Ink::Plain);
    doc.blank();
    let mut marked = 0;
    for (n, symptom) in troubleshoot::all().iter().enumerate() {
        if n == app.troubles.marked {
            marked = doc.lines.len();
        }
        let digit = super::digit(n);
        let text = match area.width >= 90 {
            true => format!("{digit}  {:<42} {}", symptom.title, symptom.hint),
            false => format!("{digit}  {}", symptom.title),
        };
        doc.item(n == app.troubles.marked, &text);
    }
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}
