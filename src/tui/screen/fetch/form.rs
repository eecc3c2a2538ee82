//! What is to be fetched, and from where?
//!
//! ```text
//!  Which message, and in which mailbox?
//!   [x] gmail      me@gmail.com
//! ▸ mailbox        me@gmail.com
//!   password       (hidden, 16 characters)
//!   look for       ‹ marker ›
//!   which          7F3A-91C2
//! ── Gmail, imap.gmail.com port 993 ─────────────────────────────────────────
//!  It takes an app password only: …
//! ```

use crate::knowledge::mailbox::Password;
use crate::tui::app::App;
use crate::tui::fetches::{self, Fetches, Offer};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::home::caret;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

pub fn insert(app: &mut App, text: &str) {
    fetches::insert(&mut app.fetches, text);
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if fetches::act(&mut app.fetches, action) { fetches::begin(app) } else { vec![] }
}

/// The mailboxes of the settings; the line of the first.
fn offers(doc: &mut Doc, fetches: &Fetches) -> usize {
    let first = doc.lines.len();
    let width = fetches.offers.iter().map(|o| o.name.width()).max().unwrap_or_default();
    for (n, Offer { name, mailbox, ticked }) in fetches.offers.iter().enumerate() {
        let mark = if *ticked { "[x]" } else { "[ ]" };
        let disk = mailbox.maildir.as_ref().or(mailbox.mbox.as_ref()).map(|path| path.display().to_string());
        let place = mailbox.imap.clone().or(disk).unwrap_or_default();
        let user = mailbox.user.as_ref().map_or(String::new(), |user| format!(", {user}"));
        doc.item(fetches.offer == Some(n), &format!("{mark} {name:<width$}  {place}{user}"));
    }
    first
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let ticks = if app.fetches.offers.is_empty() { "" } else { "   Space ticks those of the settings" };
    doc.row(&[(" Which message, and in which mailbox?", Ink::Strong), (ticks, Ink::Faint)]);
    let offered = offers(&mut doc, &app.fetches);
    let (mut line, mut column) = app.fetches.form.write(&mut doc, app.fetches.offer.is_none());
    if let Some(n) = app.fetches.offer {
        (line, column) = (offered + n, area.width as usize);
    }
    let folders = app.fetches.form.at == fetches::FOLDERS && app.fetches.offer.is_none();
    let there = app.fetches.marked().filter(|_| folders).map(|mailbox| mailbox.others.join(", ")).unwrap_or_default();
    match app.fetches.provider() {
        _ if !there.is_empty() => {
            doc.section("Folders there", "");
            doc.para(1, &there, Ink::Plain);
        }
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
                 into. A name with a / is a Maildir or an mbox. Mailboxes that the settings name ([mailboxes.NAME], see \
                 `postdoc config template`) stand here to be ticked, as many as you like.",
                Ink::Plain,
            );
        }
    }
    let top = doc.draw(frame, area, (line + 1).saturating_sub(area.height as usize));
    caret(frame, area, (line, column), top);
}
