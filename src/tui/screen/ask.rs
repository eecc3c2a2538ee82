//! Which domain is to be checked?
//!
//! ```text
//!  Which domain, or which address?
//!
//!  ▸ example.com
//!
//!  DNS is asked: …
//! ```

use crate::evidence::InputKind;
use crate::evidence::input::is_host;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::world::Source;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Open | Action::Diagnose => return check(app),
        edit => drop(app.domain.edit(edit)),
    }
    vec![]
}

/// Checks what is in the field.
pub fn check(app: &mut App) -> Vec<Effect> {
    let name = app.domain.text().trim().to_owned();
    if name.is_empty() {
        app.say("Type a domain, as in example.com, or an IP address.");
        return vec![];
    }
    if !is_host(&name) {
        app.warn("This is no domain and no IP address: expected something like example.com.");
        return vec![];
    }
    let kind = match name.parse::<std::net::IpAddr>() {
        Ok(_) => InputKind::Ip,
        Err(_) => InputKind::Domain,
    };
    update::open(app, Source::Text { bytes: name.as_bytes().into(), name, kind: Some(kind) })
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    doc.blank();
    doc.row(&[(" Which domain, or which IP address?", Ink::Strong)]);
    doc.blank();
    let line = doc.lines.len() as u16;
    doc.row(&[(" ▸ ", Ink::Strong), (app.domain.text(), Ink::Plain)]);
    doc.blank();
    doc.para(1, "Enter asks DNS: what is published, what it means to a receiver, and what is broken. Nothing else is contacted, but for the MTA-STS policy over HTTPS where there is one.", Ink::Plain);
    doc.para(1, "t then adds what DNS cannot tell: selectors, sending addresses, platforms; and what is asked only on request: blocklists, the mail hosts themselves, the registry.", Ink::Plain);
    doc.draw(frame, area, 0);
    let x = 3 + pen.clean(app.domain.before()).width() as u16;
    if line < area.height && x < area.width {
        frame.set_cursor_position(Position::new(area.x + x, area.y + line));
    }
}
