//! The lessons of the practice world.
//!
//! ```text
//!   Broken domains in an invented internet. Enter opens one.
//!
//! ▸ 1  Nobody said who may send
//!   2  The server moved, SPF did not
//! ```

use super::home::cursor;
use super::step;
use crate::practice;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::onboards;
use crate::tui::practice::begin;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let lessons = practice::all();
    let len = lessons.len() + practice::setups().len();
    let chosen = match action {
        Action::Open => app.practice.marked,
        Action::Pick(digit @ 1..) => digit as usize - 1,
        other => {
            let marked = &mut app.practice.marked;
            *marked = step(*marked, other, len, app.page).unwrap_or(*marked);
            return vec![];
        }
    };
    match (lessons.get(chosen), practice::setups().get(chosen.wrapping_sub(lessons.len()))) {
        (Some(lesson), _) => begin(app, lesson),
        (None, Some(setup)) => {
            app.practice.marked = chosen;
            onboards::practise(app, setup)
        }
        (None, None) => {
            app.say("There is no such line.");
            vec![]
        }
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let intro = "Broken domains in an invented internet on this machine. You send a test, read why it fails, \
        publish the cure and send again. Nothing leaves this machine.";
    doc.para(2, intro, Ink::Plain);
    doc.blank();
    let mut marked = 0;
    let lessons = practice::all().iter().map(|l| (&l.title, app.practice.cured.contains(l.id)));
    let setups = practice::setups().iter().map(|s| (&s.title, false));
    for (n, (title, cured)) in lessons.chain(setups).enumerate() {
        if n == practice::all().len() {
            doc.section("New domains, to be set up from nothing", "");
        }
        if n == app.practice.marked {
            marked = doc.lines.len();
        }
        let digit = super::digit(n);
        doc.item(n == app.practice.marked, &format!("{digit}  {title}{}", if cured { "  ✓ cured" } else { "" }));
    }
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}
