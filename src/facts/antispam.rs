//! Antispam verdict fields: whose they are and what they say, in the receiver's own vocabulary.
//!
//! The vocabulary is `assets/receivers/*.toml`; this module finds fields and splits values.

pub mod form;
pub mod host;
pub mod summary;
pub mod upstream;

pub use summary::{Summary, spam_verdicts, summary};

use super::header::Header;
use crate::knowledge::pattern;
use crate::knowledge::receiver::{self, Entry, Form, Kind};
use crate::span::Span;
use std::collections::{HashMap, HashSet};

/// One verdict field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Index of the header field.
    pub field: usize,
    /// `microsoft`, `spamassassin`, `rspamd`, `yandex` …
    pub vendor: &'static str,
    /// Stamped before the receiver took the message over (`-Untrusted`, a report on mail going out, a filter of the
    /// sender's): shown, never counted.
    pub untrusted: bool,
    /// It says itself that it judged mail going out.
    pub outbound: bool,
    /// What it says, item by item.
    pub items: Vec<Item>,
}

/// One `key:value` of a verdict field; a field that is one value has the key its vocabulary
/// gives it (`score`, `flag`), or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub key: String,
    pub value: String,
    pub span: Span,
    /// Thousandths of a point that a filter gave for it, where it says so.
    pub points: Option<i32>,
    /// What the vocabulary says of it, if anything.
    pub meaning: Option<Meaning>,
}

/// A row of the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    pub text: &'static str,
    pub leaning: Leaning,
}

/// Which way a value points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaning {
    Good,
    Neutral,
    Info,
    Warn,
    Bad,
}

/// Every antispam field of the header, top to bottom.
pub fn read(header: &Header, text: &[u8]) -> Vec<Field> {
    let known = |name| {
        let (name, untrusted) = without_mark(name);
        let name = if is_mailscanner(name) { MAILSCANNER } else { name };
        let mut entries = receiver::fields_called(name);
        entries.retain(|(_, f)| !matches!(f.form, Form::Trace | Form::Results));
        (!entries.is_empty()).then_some((untrusted, entries))
    };
    let mut found = Vec::new();
    let mut last = (&b""[..], None);
    for (n, field) in header.fields.iter().enumerate() {
        // Fields of one name stand together by the thousand, if at all.
        let name = field.name.of(text);
        if last.0 != name {
            last = (name, known(name));
        }
        if let Some((untrusted, entries)) = &last.1 {
            found.push((n, *untrusted, entries.clone()));
        }
    }
    // A name that several use is the one's whose other fields are here.
    let surely: HashSet<&str> = found.iter().filter_map(|(_, _, e)| only(e)).map(|(r, _)| &*r.id).collect();
    let mut reports = HashSet::new();
    let mut fields: Vec<Field> = found
        .into_iter()
        .filter_map(|(n, untrusted, entries)| {
            let value = header.fields.get(n)?.value;
            reports.extend(entries.iter().any(|e| e.1.form == Form::SpamReport).then_some(n));
            let ((receiver, entry), items) = whose(entries, &surely, value.of(text), value.start as usize)?;
            Some(Field { field: n, vendor: &receiver.id, untrusted, outbound: entry.outbound, items })
        })
        .collect();
    distrust_what_went_out(&mut fields);
    tell_once(&mut fields, &reports);
    fields
}

/// A report lists the tests of the status beside it once more, with their points.
fn tell_once(fields: &mut [Field], reports: &HashSet<usize>) {
    if reports.is_empty() {
        return;
    }
    let all = fields.iter().filter(|f| reports.contains(&f.field) && !f.untrusted).flat_map(|f| &f.items);
    let points: HashMap<String, i32> = all.filter_map(|i| Some((i.value.clone(), i.points?))).collect();
    for item in fields.iter_mut().filter(|f| !f.untrusted && f.vendor == "spamassassin").flat_map(|f| &mut f.items) {
        item.points = item.points.or_else(|| points.get(&item.value).copied().filter(|_| item.key == "test"));
    }
    let own = fields.iter().filter(|f| !f.untrusted && !reports.contains(&f.field));
    let told: HashSet<(&str, String)> =
        own.flat_map(|f| f.items.iter().filter(|i| i.key == "test").map(|i| (f.vendor, i.value.clone()))).collect();
    for field in fields.iter_mut().filter(|f| reports.contains(&f.field)) {
        field.items.retain(|i| i.key != "test" || !told.contains(&(field.vendor, i.value.clone())));
    }
}

/// A name without Microsoft's mark for what a sender stamped.
pub(crate) fn without_mark(name: &[u8]) -> (&[u8], bool) {
    const MARK: &[u8] = b"-Untrusted";
    match name.len().checked_sub(MARK.len()).and_then(|n| name.split_at_checked(n)) {
        Some((stem, mark)) if mark.eq_ignore_ascii_case(MARK) => (stem, true),
        _ => (name, false),
    }
}

const MAILSCANNER: &[u8] = b"X-MailScanner-SpamCheck";

/// `X-example-MailScanner-SpamCheck`: each server writes its own name into it.
fn is_mailscanner(name: &[u8]) -> bool {
    let end = MAILSCANNER.strip_prefix(b"X").unwrap_or_default();
    name.len().checked_sub(end.len()).is_some_and(|at| name.get(at..).is_some_and(|n| n.eq_ignore_ascii_case(end)))
}

fn only(entries: &[Entry]) -> Option<Entry> {
    match entries {
        [one] => Some(*one),
        _ => None,
    }
}

/// Decides between those who use a field's name: who is surely here, then who knows the value,
/// then software that runs anywhere.
fn whose(entries: Vec<Entry>, surely: &HashSet<&str>, value: &[u8], base: usize) -> Option<(Entry, Vec<Item>)> {
    let mut readings: Vec<_> = entries.into_iter().map(|e| (e, items(e, value, base))).collect();
    let present = |(receiver, _): &Entry| surely.contains(&*receiver.id);
    if readings.len() > 1 && readings.iter().any(|(e, _)| present(e)) {
        readings.retain(|(e, _)| present(e));
    }
    let rank = |(entry, items): &(Entry, Vec<Item>)| {
        let known = items.iter().any(|i| i.meaning.is_some());
        (!known, entry.0.kind != Kind::Filter)
    };
    readings.into_iter().min_by_key(rank)
}

/// The items of one value, with what the vocabulary says of each.
pub fn items(entry @ (_, field): Entry, value: &[u8], base: usize) -> Vec<Item> {
    let pieces = form::split(field.form, value, base);
    let item = |piece: form::Piece| {
        let key = if piece.key.is_empty() { field.key.clone() } else { piece.key };
        let meaning =
            receiver::row(entry, &key, &piece.value).map(|row| Meaning { text: &row.meaning, leaning: row.leaning });
        Item { key, value: piece.value, span: piece.span, points: piece.points, meaning }
    };
    pieces.into_iter().map(item).collect()
}

/// Some stamp mail that leaves them too, and say so: `DIR:OUT`, an outbound policy, a field of its own. Where Microsoft's only
/// reports say that, all of its fields are the sending organization's.
fn distrust_what_went_out(fields: &mut [Field]) {
    let says = |f: &Field, key: &str, value: &str| {
        f.items.iter().any(|i| i.key.eq_ignore_ascii_case(key) && pattern::glob(value, &i.value))
    };
    for field in fields.iter_mut() {
        field.outbound |= match field.vendor {
            "microsoft" => says(field, "DIR", "OUT"),
            "proofpoint" => says(field, "policy", "outbound*"),
            _ => false,
        };
    }
    let reports = || fields.iter().filter(|f| f.vendor == "microsoft" && !f.untrusted);
    let out = reports().any(|f| f.outbound) && !reports().any(|f| says(f, "DIR", "INB") || says(f, "DIR", "INT"));
    for field in fields {
        field.untrusted |= field.outbound || (out && field.vendor == "microsoft");
    }
}

#[cfg(test)]
mod tests;
