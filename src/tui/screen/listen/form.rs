//! How to receive mail here?
//!
//! ```text
//!  Receive mail here, and diagnose what comes
//! ▸ own name     mx.example.net
//!   mail for     test@mx.example.net
//!   listen on    0.0.0.0:25
//! ```

use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::listens;
use crate::tui::msg::Effect;
use crate::tui::screen::home::caret;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn insert(app: &mut App, text: &str) {
    app.listens.form.insert(text);
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if app.listens.form.act(action) { listens::begin(app) } else { vec![] }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    doc.row(&[(" Receive mail here, and diagnose what comes", Ink::Strong)]);
    let (line, column) = app.listens.form.write(&mut doc, true);
    doc.blank();
    doc.para(
        1,
        "A small server that takes mail for the named addresses alone, and relays none: each message is verified as its \
         receiver would (SPF, DKIM, DMARC, ARC, PTR, HELO, TLS), and its diagnosis opens with Enter. Only what you open is \
         kept, as a case.",
        Ink::Plain,
    );
    let top = doc.draw(frame, area, (line + 1).saturating_sub(area.height as usize));
    caret(frame, area, (line, column), top);
}
