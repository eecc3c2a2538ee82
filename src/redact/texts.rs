//! The texts of a diagnosis in which secrets stand, and pieces of them.

use crate::evidence::{Answer, Data, Record};
use crate::facts::header::Header;
use crate::facts::{Facts, report};
use crate::span::Span;
use serde_json::Value;

/// The texts of the input that may be shown.
pub(super) fn texts(facts: &Facts) -> Vec<String> {
    let (reading, text) = (&facts.reading, facts.text());
    let end = reading.header.body.map_or(text.len(), |at| at as usize);
    let mut texts = vec![String::from_utf8_lossy(text.get(..end).unwrap_or(text)).into_owned()];
    // An encoded notice shows what does not stand in the input as it is.
    for recipient in reading.bounce.iter().flat_map(|b| &b.recipients) {
        let parts = [recipient.address.as_ref(), recipient.reply.as_ref(), recipient.words.as_ref()];
        texts.extend(parts.into_iter().flatten().map(|text| text.value.clone()));
    }
    if let Some(sent) = facts.evidence.input.sent() {
        let end = Header::split(&sent.text).body.map_or(sent.text.len(), |at| at as usize);
        texts.push(String::from_utf8_lossy(sent.text.get(..end).unwrap_or(&sent.text)).into_owned());
    }
    if let Some(beside) = &reading.beside {
        texts.extend(beside.differences.fields.iter().flat_map(|f| [&f.sent, &f.received]).flatten().cloned());
    }
    texts.extend(reading.report.is_some().then(|| report::text(text)).flatten());
    texts.extend(reading.content.iter().flat_map(|c| &c.links).map(|link| format!("{link:?}")));
    texts.push(facts.evidence.input.name.clone());
    texts
}

pub(super) fn records(answer: &Answer) -> impl Iterator<Item = &Record> {
    answer.records.iter().chain(&answer.authority).chain(&answer.glue)
}

/// A record as it is read: where one string ends and the next begins means nothing.
pub(super) fn text_of(data: &Data) -> String {
    match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        other => other.to_string(),
    }
}

/// Every string in a value.
pub(super) fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| strings(one, into)),
        Value::Object(fields) => fields.values().for_each(|one| strings(one, into)),
        _ => {}
    }
}

pub(super) fn lossy(text: &[u8], span: Span) -> String {
    String::from_utf8_lossy(span.of(text)).into_owned()
}

/// Who logged in, as servers note it in comments of Received: Postfix, Courier, and others.
pub(super) fn logins(text: &str) -> impl Iterator<Item = &str> {
    const MARKS: &[&str] =
        &["authenticated sender:", "authenticated user:", "authenticated as", "auth: login", "auth: plain"];
    let lower = text.to_ascii_lowercase();
    let at = |mark: &&str| lower.match_indices(*mark).map(|(at, found)| at + found.len()).collect::<Vec<_>>();
    let starts: Vec<usize> = MARKS.iter().flat_map(at).collect();
    let ends = |c: char| c.is_whitespace() || matches!(c, ')' | '(' | ',' | ';' | '@');
    starts.into_iter().filter_map(move |at| text[at..].trim_start().split(ends).next())
}

/// The host of `host:port` and of a web address.
pub(super) fn host_of(place: &str) -> &str {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    rest.split([':', '/']).next().unwrap_or(rest)
}

/// What follows the host of a URI: the part that names the recipient.
pub(super) fn path_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |n| &rest[n + 1..])
}
