//! Mail that is received here: where to send it, what has come, what each message is worth.
//!
//! ```text
//!  … listening on 0.0.0.0:25, for 59:48 more
//!    send to   test@mx.example.net
//!    STARTTLS  with a certificate made for this run
//! ── Messages   1 ───────────────────────────────────────────────────────────
//! ▸ ✗ FAIL  14:02:12  news@example.com from 192.0.2.9
//!     DMARC fails: DKIM passes, but for esp.example.
//! ── Refused   1 ────────────────────────────────────────────────────────────
//!   14:02:09  192.0.2.7  550 5.7.1 no mail for <a@b.example> here: this server relays nothing
//! ```

pub mod form;

use super::home::cursor;
use super::step;
use crate::tui::app::{App, Screen, sign};
use crate::tui::keys::Action;
use crate::tui::listens::{self, Arrival, Asked, Log, Tls};
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let copy = |text: String, what: &str| vec![Effect::Copy { text, what: what.to_owned() }];
    match action {
        Action::Open => return listens::open(app),
        Action::Again => return listens::again(app),
        Action::Stop => return listens::stop(app),
        Action::Edit => app.screens.push(Screen::ListenForm),
        Action::CopyValue => {
            let first = app.listens.asked.as_ref().and_then(|asked| asked.recipients.first());
            return first.map(|to| copy(to.to_string(), "the address to send to")).unwrap_or_default();
        }
        Action::CopyAll => {
            return app.listens.command().map(|text| copy(text, "the shell command")).unwrap_or_default();
        }
        Action::Bell => {
            app.listens.quiet = !app.listens.quiet;
            app.say(if app.listens.quiet { "No bell." } else { "A bell rings when a message comes." });
        }
        other => {
            let len = app.listens.log.as_ref().map_or(0, |log| log.arrived.len());
            app.listens.at = step(app.listens.at, other, len, app.page).unwrap_or(app.listens.at);
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let listens = &app.listens;
    let (mut marked, mut end) = (0, 0);
    match (&listens.fault, &listens.asked, &listens.log) {
        (Some(fault), ..) => doc.not_begun(fault, "e changes where it listens; r tries again."),
        (None, Some(asked), Some(log)) => {
            let glyph = if listens.runs() { "…" } else { "✓" };
            doc.hang(&format!(" {glyph} "), Ink::Strong, listens.words(app.now), Ink::Strong);
            head(&mut doc, asked, log);
            doc.section(&format!("Messages   {}", log.total.taken), "");
            if log.arrived.is_empty() {
                empty(&mut doc, asked, log);
            }
            for (n, arrival) in log.arrived.iter().enumerate() {
                if n == listens.at {
                    marked = doc.lines.len();
                }
                row(&mut doc, arrival, n == listens.at);
                if n == listens.at {
                    end = doc.lines.len();
                }
            }
            refused(&mut doc, log);
        }
        (None, ..) => doc.para(1, "… opening the port.", Ink::Plain),
    }
    let top = doc.draw(frame, area, end.saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}

fn head(doc: &mut Doc, asked: &Asked, log: &Log) {
    let all: Vec<String> = asked.recipients.iter().map(ToString::to_string).collect();
    let tls = match &asked.tls {
        Tls::Own => "with a certificate made for this run".to_owned(),
        Tls::Files { chain, .. } => format!("with {}", chain.display()),
        Tls::NotOffered => "not offered".to_owned(),
    };
    let mut fact = |label: &str, text: String| doc.hang(&format!("   {label:<9} "), Ink::Faint, text, Ink::Plain);
    fact("send to", all.join(", "));
    fact("STARTTLS", tls);
    if let Some(count) = asked.count {
        fact("ends", format!("after {count} message"));
    }
    if log.total.connections > 0 {
        let gone = if log.let_go > 0 { format!("; {} older messages are let go", log.let_go) } else { String::new() };
        let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let (connections, refusals) = (count(log.total.connections, "connection"), count(log.total.refused, "refusal"));
        fact("so far", format!("{connections}, {refusals}{gone}"));
    }
}

/// What to do while nothing has come.
fn empty(doc: &mut Doc, asked: &Asked, log: &Log) {
    doc.para(2, "Nothing has come yet. You can leave this screen; it goes on listening.", Ink::Plain);
    let ip = log.address.ip();
    if ip.is_loopback() {
        let how = format!("It is on loopback: only this machine reaches it, at {}.", log.address);
        return doc.para(2, how, Ink::Faint);
    }
    let how = match asked.recipients.first().map(|to| to.to_string()) {
        Some(to) if log.address.port() == 25 => format!(
            "Mail for {to} gets here once its domain has an MX record that names this machine, or none and an address \
             of this machine, and port 25 is open to the outside."
        ),
        Some(to) => format!(
            "Mail from outside comes to port 25: lead it to port {}, or give a sender this server by name to send to {to}.",
            log.address.port()
        ),
        None => return,
    };
    doc.para(2, how, Ink::Faint);
}

/// A message on two rows: who, and what came of it.
fn row(doc: &mut Doc, arrival: &Arrival, here: bool) {
    let (glyph, word, ink) = sign(arrival.state);
    let at = arrival.at.strftime("%H:%M:%S").to_string();
    let tls = if arrival.tls { "" } else { ", not encrypted" };
    let from = if arrival.from.is_empty() { "<>" } else { &arrival.from };
    let who = doc.pen.clean(format!("{at}  {from} from {}{tls}", arrival.client));
    doc.entry(here, &[(glyph, ink), (&format!(" {word:<7} "), ink), (&who, Ink::Plain)]);
    doc.hang("    ", Ink::Plain, &arrival.headline, if here { Ink::Strong } else { Ink::Faint });
}

fn refused(doc: &mut Doc, log: &Log) {
    if log.refused.is_empty() {
        return;
    }
    doc.section(&format!("Refused   {}", log.total.refused), "");
    for (at, client, reply) in log.refused.iter().rev() {
        let head = format!("  {}  {client}  ", at.strftime("%H:%M:%S"));
        doc.hang(&head, Ink::Faint, reply, Ink::Plain);
    }
}
