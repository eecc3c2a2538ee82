//! What is to be fetched, and from where?
//!
//! ```text
//!  Which message, and in which mailbox?
//! ▸ mailbox        me@gmail.com
//!   password       (hidden, 16 characters)
//!   look for       ‹ marker ›
//!   which          7F3A-91C2
//! ── Gmail, imap.gmail.com port 993 ─────────────────────────────────────────
//!  It takes an app password only: …
//! ```

use crate::knowledge::mailbox::Password;
use crate::tui::app::App;
use crate::tui::fetches;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::home::cursor;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub fn insert(app: &mut App, text: &str) {
    app.fetches.form.insert(text);
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if app.fetches.form.act(action) { fetches::begin(app) } else { vec![] }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    doc.row(&[(" Which message, and in which mailbox?", Ink::Strong)]);
    let (line, column) = app.fetches.form.write(&mut doc);
    match app.fetches.provider() {
        Some((provider, server)) => {
            doc.section(&format!("{}, {} port {}", provider.name, server.host, server.port), "");
            let what = match provider.password {
                Password::Account => "It takes the password of the account.",
                Password::App => "It takes an app password, not that of the account:",
                Password::Token => "It takes no password at all, only an OAuth 2.0 token.",
            };
            doc.para(1, what, Ink::Plain);
            for step in &provider.app_password {
                doc.hang(" - ", Ink::Plain, step, Ink::Plain);
            }
            for note in [&provider.enable, &provider.note].into_iter().filter(|note| !note.is_empty()) {
                doc.hang(" - ", Ink::Plain, note, Ink::Plain);
            }
        }
        None => {
            doc.blank();
            doc.para(
                1,
                "The mailbox is only read: nothing is marked, moved or deleted. INBOX and the folder of junk are looked \
                 into. A name with a / is a Maildir, an mbox, or a .toml file of several mailboxes.",
                Ink::Plain,
            );
        }
    }
    let top = doc.draw(frame, area, (line + 1).saturating_sub(area.height as usize));
    let y = line.saturating_sub(top);
    if column < area.width as usize && y < area.height as usize {
        frame.set_cursor_position(Position::new(area.x + column as u16, area.y + y as u16));
    } else {
        cursor(frame, area, line, top);
    }
}
