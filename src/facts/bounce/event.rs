//! What a sending platform or a server tells of deliveries in JSON: a webhook, an answer of its API, a line of its log.

use super::letter::LIMIT;
use super::{Action, Bounce, Feedback, FeedbackKind, MOST, Recipient, said, ses};
use crate::knowledge::event::{self, Form, What, at};
use crate::span::{Span, Spanned};
use memchr::memmem;
use serde_json::Value;

/// Objects inside one another that are opened: an answer holds a list, that events, those their message.
const DEEP: usize = 8;

/// One event.
pub struct Event {
    /// The platform or server that tells.
    pub teller: &'static str,
    pub what: What,
    pub recipient: Recipient,
    sender: Option<String>,
    source_ip: Option<std::net::IpAddr>,
}

/// Who tells, where the text is JSON that tells of a delivery.
pub fn teller(text: &[u8]) -> Option<String> {
    let mut name = None;
    for value in values(text) {
        each(&value, 0, &mut |object| {
            let known = read_one(object, &[]).map(|event| event.teller.to_owned());
            name = name.take().or(known).or_else(|| ses::is_one(object).then(|| "Amazon SES".to_owned()));
        });
        if name.is_some() {
            break;
        }
    }
    name
}

/// Reads the events of a text; `None` where it holds none.
pub(super) fn read(text: &[u8]) -> Option<Bounce> {
    let mut bounce = Bounce::default();
    let mut complaints = Vec::new();
    for value in values(text) {
        each(&value, 0, &mut |object| {
            if bounce.recipients.len() + complaints.len() > MOST {
                return;
            }
            if ses::is_one(object) {
                let place = Span::new(0, text.trim_ascii_end().len().min(80));
                ses::take(object, place, &mut bounce);
            } else if let Some(event) = read_one(object, text) {
                let place = event.recipient.span;
                bounce.sent_to = bounce.sent_to.take().or_else(|| Some(Spanned::new(event.sender?, place)));
                bounce.source_ip = bounce.source_ip.take().or_else(|| Some(Spanned::new(event.source_ip?, place)));
                match event.what {
                    What::Complaint => complaints.push(event.recipient),
                    _ => {
                        // Of several attempts the last one counts.
                        let to = |r: &Recipient| r.address.as_ref().map(|a| a.value.to_ascii_lowercase());
                        bounce.recipients.retain(|r| to(r) != to(&event.recipient));
                        bounce.recipients.push(event.recipient);
                    }
                }
            }
        });
    }
    // A complaint is told where nothing is lost besides.
    if let Some(first) = complaints.first()
        && !bounce.recipients.iter().any(|r| r.action.is_bad())
    {
        let mail_from = bounce.sent_to.take();
        bounce.feedback = Some(Feedback { kind: FeedbackKind::Abuse, span: first.span, mail_from, results: vec![] });
        bounce.recipients = complaints;
    }
    (!bounce.recipients.is_empty()).then_some(bounce)
}

/// The event that an object is; spans count in `text`.
pub fn read_one(object: &Value, text: &[u8]) -> Option<Event> {
    let (form, what) = event::of(object)?;
    let first = |paths: &[String]| paths.iter().find_map(|path| words(at(object, path)?));
    let one = |path: &Option<String>| words(at(object, path.as_ref()?)?);
    let address = first(&form.recipient)?;
    let action = match what {
        What::Failed => Action::Failed,
        What::Delayed => Action::Delayed,
        What::Delivered | What::Complaint => Action::Delivered,
    };
    let status = form.status.as_ref().and_then(|path| status(at(object, path)?));
    let span = place(text, &address).unwrap_or(Span::new(0, text.trim_ascii_end().len().min(80)));
    let server = one(&form.server).and_then(|name| said::host(&name.to_ascii_lowercase()));
    let told = Recipient { address: Some(Spanned::new(address, span)), server, ..Recipient::blank(span) };
    let mut recipient = Recipient { action, ..told };
    if action.is_bad()
        && let Some((text_said, place)) = reply(form, object, text, status.as_deref())
    {
        let told = Spanned::new(text_said, place);
        recipient.status = status.or_else(|| said::enhanced(&told.value));
        match said::reply(&told.value) == Some(0) {
            true => recipient.reply = Some(told),
            // The platform's own words: it did not send.
            false => recipient.words = Some(told),
        }
    }
    let source_ip = one(&form.source_ip).and_then(|ip| ip.parse().ok());
    Some(Event { teller: &form.name, what, recipient, sender: first(&form.sender), source_ip })
}

/// The reply on one line, its codes in front, and where it stands.
fn reply(form: &Form, object: &Value, text: &[u8], status: Option<&str>) -> Option<(String, Span)> {
    let said = form.reply.iter().find_map(|path| words(at(object, path)?))?;
    let place = place(text, &said).unwrap_or(Span::new(0, text.trim_ascii_end().len().min(80)));
    // RFC 3464 §2.3.6 writes the kind of code in front.
    let bare = said::one_line(said.strip_prefix("smtp;").unwrap_or(&said));
    let code = form.code.as_ref().and_then(|path| words(at(object, path)?)).filter(|code| said::code(code).is_some());
    let coded = said::reply(&bare) == Some(0) && said::code(&bare).is_some();
    let status = status.filter(|_| said::status_at(&bare).is_none());
    Some(match code {
        Some(code) if !coded => ([&[code.as_str()], status.as_slice(), &[&bare]].concat().join(" "), place),
        _ => (bare, place),
    })
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

/// What a value says, in words; of a list the first.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(all) => words(all.first()?),
        _ => None,
    }
}

/// Where a string stands, as far as it is written as it is.
fn place(text: &[u8], said: &str) -> Option<Span> {
    let plain = said.split(|c: char| c.is_control() || matches!(c, '"' | '\\' | '/') || !c.is_ascii()).next()?;
    let at = memmem::find(text, plain.as_bytes()).filter(|_| !plain.is_empty())?;
    Some(Span::new(at, at + plain.len()))
}

/// The values of a text that begins as JSON does: one, or one a line.
fn values(text: &[u8]) -> impl Iterator<Item = Value> {
    let text = &text[..text.len().min(LIMIT)];
    let begins = text.trim_ascii_start().starts_with(b"{") || text.trim_ascii_start().starts_with(b"[");
    let values = begins.then(|| serde_json::Deserializer::from_slice(text).into_iter::<Value>());
    values.into_iter().flatten().map_while(Result::ok)
}

/// Every object, the outer ones first; those of an event are not looked into. A string may hold one: that is how Amazon SNS
/// hands it on.
fn each(value: &Value, deep: usize, see: &mut impl FnMut(&Value)) {
    if deep > DEEP {
        return;
    }
    match value {
        Value::Array(all) => all.iter().for_each(|one| each(one, deep + 1, see)),
        Value::Object(fields) => {
            see(value);
            if event::of(value).is_none() && !ses::is_one(value) {
                fields.values().for_each(|one| each(one, deep + 1, see));
            }
        }
        Value::String(text) if text.starts_with('{') => {
            if let Ok(inner) = serde_json::from_str(text) {
                each(&inner, deep + 1, see);
            }
        }
        _ => {}
    }
}
