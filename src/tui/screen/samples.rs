//! Examples to learn from.
//!
//! ```text
//!   Headers we wrote, each with one fault. Enter diagnoses it like a paste.
//!
//! ▸ 1  DKIM signs as the platform, not as you
//!   2  The SPF record is too long
//! ```

use super::home::cursor;
use super::step;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::world::Source;
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let chosen = match action {
        Action::Open => app.sample,
        Action::Pick(digit @ 1..) => digit as usize - 1,
        other => {
            app.sample = step(app.sample, other, app.samples.len(), app.page).unwrap_or(app.sample);
            return vec![];
        }
    };
    let Some(sample) = app.samples.get(chosen) else {
        app.say("There is no such line.");
        return vec![];
    };
    let source = Source::Sample(sample.id.clone());
    app.sample = chosen;
    update::open(app, source)
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    doc.para(2, "Headers we wrote ourselves. Enter diagnoses one as if it had been pasted.", Ink::Plain);
    doc.blank();
    let head = doc.lines.len();
    for (n, sample) in app.samples.iter().enumerate() {
        let digit = super::digit(n);
        doc.item(n == app.sample, &format!("{digit}  {}", pen.clean(&sample.title)));
    }
    let marked = head + app.sample;
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}
