//! What was pasted or piped? One recogniser for everything, which says how sure it is.
//!
//! Kinds are tried from the most to the least telling sign; only a bounded beginning of the
//! input is looked at, unless it is a message that needs repair.

mod bounce;
mod host;
mod mail;
mod record;
mod reply;
mod report;
#[cfg(test)]
mod tests;

pub(super) use host::{Host, host};

use super::input::InputKind;
use super::lines::visible;
use super::repair::{self, Draft};
use crate::facts::header::Header;
use crate::rules::Confidence;
use std::sync::Arc;

/// A kind, how sure, and why in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub kind: InputKind,
    pub sure: Confidence,
    pub because: String,
    /// Of the text after repairs, where it was split for this.
    pub header: Option<Header>,
}

impl Guess {
    fn new(kind: InputKind, sure: Confidence, because: impl Into<String>) -> Guess {
        Guess { kind, sure, because: because.into(), header: None }
    }
}

/// Is there nothing to see in it?
pub(super) fn is_empty(text: &[u8]) -> bool {
    text.iter().all(|b| !b.is_ascii() || b.is_ascii_whitespace()) && visible(text).trim_ascii().is_empty()
}

/// Recognises `original` and repairs it as its kind needs.
pub(super) fn recognise(original: &Arc<[u8]>) -> (Guess, Draft) {
    let draft = || Draft::new(Arc::clone(original));
    let text = &original[..];
    let plain = report::guess(text).or_else(|| reply::guess(text)).or_else(|| record::guess(text));
    if let Some(guess) = plain {
        let mut draft = draft();
        if guess.kind == InputKind::Record {
            repair::record(&mut draft);
        }
        return (guess, draft);
    }
    if host::may_be(text) {
        let mut short = draft();
        repair::host(&mut short);
        if let Some(guess) = host::guess(short.text()) {
            return (guess, short);
        }
    }
    let mut mail = draft();
    let section = repair::mail(&mut mail);
    if let Some(guess) = bounce::text(text, &mail) {
        return (guess, draft());
    }
    if mail::is_headed(&section) {
        let header = Header::split(mail.text());
        let guess = mail::guess(&mail, &section, &header);
        return (Guess { header: Some(header), ..guess }, mail);
    }
    let guess = reply::inside(text).or_else(|| report::foreign(text)).unwrap_or_else(|| {
        Guess::new(InputKind::Unknown, Confidence::Possible, "nothing in it looks like mail, a record or a name")
    });
    (guess, draft())
}

/// Repairs `original` as what the user says it is.
pub(super) fn told(original: &Arc<[u8]>, kind: InputKind) -> (Guess, Draft) {
    let mut draft = Draft::new(Arc::clone(original));
    match kind {
        InputKind::Message | InputKind::Headers => {
            repair::mail(&mut draft);
        }
        InputKind::Bounce => {
            let mut mail = Draft::new(Arc::clone(original));
            repair::mail(&mut mail);
            if bounce::text(original, &mail).is_none() {
                draft = mail;
            }
        }
        InputKind::Domain | InputKind::Ip => repair::host(&mut draft),
        InputKind::Record => repair::record(&mut draft),
        InputKind::Reply | InputKind::Report | InputKind::Unknown => {}
    }
    (Guess::new(kind, Confidence::Certain, format!("you said it is {}", noun(kind))), draft)
}

fn noun(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Message => "a message",
        InputKind::Headers => "a header",
        InputKind::Bounce => "a bounce",
        InputKind::Reply => "a server's reply",
        InputKind::Record => "a DNS record",
        InputKind::Report => "a report",
        InputKind::Domain => "a domain",
        InputKind::Ip => "an address",
        InputKind::Unknown => "something else",
    }
}
