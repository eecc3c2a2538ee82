//! What a sending platform or a server tells of deliveries in JSON: a webhook, an answer of its API, a line of its log.

mod objects;

use super::{Action, Bounce, Feedback, FeedbackKind, MOST, Recipient, said, ses};
use crate::knowledge::event::{self, Form, What, at};
use crate::span::{Span, Spanned};
use memchr::memmem;
use objects::Objects;
use serde_json::Value;
use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

/// Messages to one recipient that are told apart; no others are counted.
const KEPT: usize = 10_000;

/// Bytes of an event in which its words are looked for.
const NEAR: usize = 64 * 1024;

/// One event.
pub struct Event {
    /// The platform or server that tells.
    pub teller: &'static str,
    pub what: What,
    pub recipients: Vec<Recipient>,
    pub(super) sender: Option<Spanned<String>>,
    pub(super) source_ip: Option<Spanned<IpAddr>>,
    pub(super) reporter: Option<Spanned<String>>,
    /// Of a complaint.
    pub(super) kind: Option<String>,
    /// What tells the message from others.
    pub(super) message: Option<String>,
    /// When it happened, seconds since 1970.
    pub(super) time: Option<f64>,
}

/// Who tells, where the text is JSON that tells of a delivery.
pub fn teller(text: &[u8]) -> Option<&'static str> {
    next(&mut Objects::of(text), text).map(|event| event.teller)
}

/// Reads the events of a text; `None` where it holds none.
pub(super) fn read(text: &[u8]) -> Option<Bounce> {
    let mut bounce = Bounce::default();
    let mut objects = Objects::of(text);
    let found = tell(std::iter::from_fn(|| next(&mut objects, text)), &mut bounce);
    bounce.cut |= objects.gave_up();
    found.then_some(bounce)
}

/// Tells what the events come to; false where there are none.
pub(super) fn tell(events: impl IntoIterator<Item = Event>, bounce: &mut Bounce) -> bool {
    // Of several attempts at one message for one recipient the last one counts.
    let mut places: HashMap<(Option<String>, String), usize> = HashMap::new();
    let mut told: Vec<(Option<f64>, Option<String>, Recipient)> = Vec::new();
    for event in events {
        bounce.sent_to = bounce.sent_to.take().or(event.sender);
        bounce.source_ip = bounce.source_ip.take().or(event.source_ip);
        bounce.reporting_mta = bounce.reporting_mta.take().or(event.reporter);
        let complaint = (event.what == What::Complaint).then(|| event.kind.unwrap_or_else(|| "abuse".to_owned()));
        for recipient in event.recipients {
            let address = recipient.address.as_ref().map_or(String::new(), |a| a.value.to_ascii_lowercase());
            let key = (event.message.clone(), address);
            if told.len() >= KEPT && !places.contains_key(&key) {
                bounce.cut = true;
                continue;
            }
            let place = *places.entry(key).or_insert(told.len());
            let row = (event.time, complaint.clone(), recipient);
            match told.get_mut(place) {
                None => told.push(row),
                // A complaint comes after all else.
                Some(before) if before.1.is_some() && row.1.is_none() => {}
                Some(before) if row.1.is_none() && before.0.zip(row.0).is_some_and(|(was, is)| is < was) => {}
                Some(before) => *before = row,
            }
        }
    }
    let lost = told.iter().any(|(_, complaint, r)| complaint.is_none() && r.action.is_bad());
    let first = told.iter().find_map(|(_, kind, r)| Some((kind.as_ref()?, r.span)));
    if let Some((kind, span)) = first.filter(|_| !lost) {
        let mail_from = bounce.sent_to.take();
        bounce.feedback = Some(Feedback { kind: FeedbackKind::of(kind), span, mail_from, results: vec![] });
        told.retain(|(_, complaint, _)| complaint.is_some());
    }
    // What is lost goes before what is not, where there is not room for all.
    told.sort_by_key(|(_, _, recipient)| !recipient.action.is_bad());
    bounce.cut |= told.len() > MOST;
    bounce.recipients = told.into_iter().take(MOST).map(|(_, _, recipient)| recipient).collect();
    !bounce.recipients.is_empty()
}

/// The next event of a text. An object that is one is not looked into; a string may hold one, for that is how Amazon SNS
/// hands it on.
fn next(objects: &mut Objects, text: &[u8]) -> Option<Event> {
    while let Some((value, range)) = objects.next() {
        let scene = Scene { text, range: range.clone() };
        let held = || value.as_object()?.values().find_map(|field| handed_on(field.as_str()?, &scene));
        if let Some(event) = read_in(&value, &scene).or_else(held) {
            return Some(event);
        }
        objects.enter(range.start);
    }
    None
}

/// The event in a string that is JSON itself.
fn handed_on(text: &str, scene: &Scene) -> Option<Event> {
    let mut objects = Objects::of(text.as_bytes());
    while let Some((value, range)) = objects.next() {
        if let Some(event) = read_in(&value, scene) {
            return Some(event);
        }
        objects.enter(range.start);
    }
    None
}

fn read_in(object: &Value, scene: &Scene) -> Option<Event> {
    read_one(object, scene).or_else(|| ses::read_one(object, scene))
}

/// The event that one object is, which a text holds and nothing else.
pub fn of(object: &Value, text: &[u8]) -> Option<Event> {
    read_one(object, &Scene { text, range: 0..text.len() })
}

fn read_one(object: &Value, scene: &Scene) -> Option<Event> {
    let (form, what) = event::of(object)?;
    let first = |paths: &[String]| paths.iter().find_map(|path| words(at(object, path)?));
    let one = |path: &Option<String>| words(at(object, path.as_ref()?)?);
    // Names of all kinds stand in JSON.
    let addresses = all(object, &form.recipient).into_iter().map(bare).filter(|a| a.contains('@'));
    let model = recipient(form, what, object, scene);
    let recipients = addresses.take(MOST + 1).map(|address| {
        let span = scene.string(&address);
        Recipient { address: Some(Spanned::new(address, span)), ..model.clone() }
    });
    Some(Event {
        teller: &form.name,
        what,
        recipients: recipients.collect(),
        sender: first(&form.sender).map(|sender| scene.said(bare(sender))),
        source_ip: one(&form.source_ip).and_then(|ip| Some(Spanned::new(ip.parse().ok()?, scene.string(&ip)))),
        reporter: None,
        kind: None,
        message: first(&form.message),
        time: form.time.iter().find_map(|path| time(at(object, path)?)),
    })
    .filter(|event| !event.recipients.is_empty())
}

/// What became of it for each recipient.
fn recipient(form: &'static Form, what: What, object: &Value, scene: &Scene) -> Recipient {
    let status = form.status.as_ref().and_then(|path| status(at(object, path)?));
    let server = form.server.as_ref().and_then(|path| words(at(object, path)?));
    let mut told = Recipient {
        action: match what {
            What::Failed => Action::Failed,
            What::Delayed => Action::Delayed,
            What::Delivered | What::Complaint => Action::Delivered,
        },
        server: server.and_then(|name| said::host(&name.to_ascii_lowercase())),
        ..Recipient::blank(scene.whole())
    };
    if !told.action.is_bad() {
        return told;
    }
    told.withheld = form.is_withheld(object);
    told.suppressed = form.is_suppressed(object);
    told.meaning = form.meaning(object);
    if let Some(said) = reply(form, object, scene, status.as_deref()) {
        told.span = said.span;
        told.status = status.or_else(|| said::enhanced(&said.value));
        match said::reply(&said.value) == Some(0) && !told.withheld {
            true => told.reply = Some(said),
            // The platform's own words.
            false => told.words = Some(said),
        }
    }
    // Given up: without a code nobody can tell for how long.
    if form.is_soft(object) && told.reply.is_none() && told.status.is_none() {
        told.action = Action::Delayed;
    }
    told
}

/// The reply on one line, its codes in front.
fn reply(form: &Form, object: &Value, scene: &Scene, status: Option<&str>) -> Option<Spanned<String>> {
    let whole = form.reply.iter().find_map(|path| words(at(object, path)?))?;
    let span = scene.string(&whole);
    // RFC 3464 §2.3.6 writes the kind of code in front.
    let bare = said::one_line(whole.strip_prefix("smtp;").unwrap_or(&whole));
    let code = form.code.as_ref().and_then(|path| words(at(object, path)?)).filter(|code| said::code(code).is_some());
    let coded = said::reply(&bare) == Some(0) && said::code(&bare).is_some();
    let status = status.filter(|_| said::status_at(&bare).is_none());
    let text = match code {
        Some(code) if !coded => [&[code.as_str()], status.as_slice(), &[&bare]].concat().join(" "),
        _ => bare,
    };
    Some(Spanned::new(text, span))
}

/// `5.7.1`, or its three numbers apart.
fn status(value: &Value) -> Option<String> {
    let parts = || ["class", "subject", "detail"].map(|key| value.get(key).and_then(Value::as_u64));
    let text = match value {
        Value::Object(_) => {
            parts().into_iter().map(|n| n.map(|n| n.to_string())).collect::<Option<Vec<_>>>()?.join(".")
        }
        other => words(other)?,
    };
    said::status_at(&text).map(str::to_owned)
}

/// `bob@example.net` of `Bob <bob@example.net>`.
fn bare(address: String) -> String {
    let inner = address.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inner.map_or(address.clone(), str::to_owned)
}

/// What a value says, in words; of a list the first.
pub(super) fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(all) => words(all.first()?),
        _ => None,
    }
}

/// Every word at the first path that has any.
pub(super) fn all(object: &Value, paths: &[String]) -> Vec<String> {
    let mut found = paths.iter().filter_map(|path| at(object, path)).map(|value| match value {
        Value::Array(all) => all.iter().filter_map(words).collect::<Vec<_>>(),
        one => words(one).into_iter().collect(),
    });
    found.find(|words| !words.is_empty()).unwrap_or_default()
}

/// Seconds since 1970: as a number, or in words (RFC 3339).
pub(super) fn time(value: &Value) -> Option<f64> {
    let text = words(value)?;
    text.parse().ok().or_else(|| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond() as f64 / 1e3))
}

/// Where an event stands.
pub(super) struct Scene<'t> {
    text: &'t [u8],
    range: Range<usize>,
}

impl Scene<'_> {
    /// Nothing but a place.
    pub(super) fn at(span: Span) -> Scene<'static> {
        Scene { text: &[], range: span.range() }
    }

    /// Its beginning.
    pub(super) fn whole(&self) -> Span {
        Span::new(self.range.start, self.range.end.min(self.range.start + 80))
    }

    pub(super) fn said(&self, value: String) -> Spanned<String> {
        let span = self.string(&value);
        Spanned::new(value, span)
    }

    /// Where a string with these words stands, as it is written: the whole of what is between the quotes.
    pub(super) fn string(&self, words: &str) -> Span {
        let text = self.text.get(self.range.clone()).unwrap_or_default();
        let text = &text[..text.len().min(NEAR)];
        let plain = words.split(|c: char| c.is_control() || matches!(c, '"' | '\\' | '/') || !c.is_ascii()).next();
        let plain = plain.unwrap_or_default().trim_end().as_bytes();
        if plain.is_empty() {
            return self.whole();
        }
        // A value, and not a part of a longer word.
        let part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b".@-".contains(b));
        let whole = plain.len() == words.len();
        let stands = |at: &usize| *at > 0 && !part(text.get(at - 1)) && !(whole && part(text.get(at + plain.len())));
        let Some(at) = memmem::find_iter(text, plain).find(stands) else { return self.whole() };
        let more = if whole { 0 } else { unquoted(&text[at + plain.len()..], text[..at].ends_with(b"\\\"")) };
        Span::new(self.range.start + at, self.range.start + at + plain.len() + more)
    }
}

/// Bytes up to the quote that ends a string; `inner` where the string stands in another one, with its quotes escaped.
fn unquoted(text: &[u8], inner: bool) -> usize {
    let mut at = 0;
    while let Some(b) = text.get(at) {
        match (b, text.get(at + 1), inner) {
            (b'"', ..) | (b'\\', Some(b'"'), true) => return at,
            // Escaped twice: a backslash, and what it escapes.
            (b'\\', Some(b'\\'), true) => at += if text.get(at + 2) == Some(&b'\\') { 4 } else { 3 },
            (b'\\', ..) => at += 2,
            _ => at += 1,
        }
    }
    0
}
