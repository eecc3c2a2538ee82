//! Header fields, one by one.

use super::{Change, FieldDifference};
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::forensics::What;
use crate::facts::header::{Field, Header};
use std::collections::HashMap;

/// Differences that are told; a header has no more in earnest.
const MOST: usize = 1_000;

type Side<'a> = (&'a Header, &'a [u8]);

/// Fields of one name are paired with their equals first, then from the bottom up: new ones are put on top.
pub fn compare(sent: Side, received: Side) -> Vec<FieldDifference> {
    let mut was: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (n, field) in sent.0.fields.iter().enumerate() {
        was.entry(field.name.of(sent.1).to_ascii_lowercase()).or_default().push(n);
    }
    let mut partner: Vec<Option<usize>> = vec![None; received.0.fields.len()];
    let mut taken = vec![false; sent.0.fields.len()];
    let line = |(header, text): Side, n: usize| header.fields.get(n).map(|f| bytes(*f, text)).unwrap_or_default();
    // Equals, from the bottom; a name that is repeated without end is compared by its hash.
    let mut equal: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    (0..sent.0.fields.len()).for_each(|n| equal.entry(line(sent, n)).or_default().push(n));
    for n in (0..received.0.fields.len()).rev() {
        if let Some(m) = equal.get_mut(&line(received, n)).and_then(Vec::pop) {
            (partner[n], taken[m]) = (Some(m), true);
        }
    }
    was.values_mut().for_each(|all| all.retain(|&m| !taken[m]));
    let mut out = Vec::new();
    let mut changed: Vec<(usize, Option<usize>)> = Vec::new();
    for n in (0..received.0.fields.len()).rev().filter(|n| partner[*n].is_none()) {
        let name = received.0.fields[n].name.of(received.1).to_ascii_lowercase();
        let m = was.get_mut(&name).and_then(Vec::pop);
        m.into_iter().for_each(|m| taken[m] = true);
        changed.push((n, m));
    }
    let told = |(header, text): Side, n: usize| header.fields.get(n).map(|f| value(*f, text));
    for (n, m) in changed.into_iter().rev().take(MOST) {
        let field = received.0.fields[n];
        out.push(FieldDifference {
            name: String::from_utf8_lossy(field.name.of(received.1)).into_owned(),
            change: m.map_or(Change::Added, |m| how((sent.0.fields[m], sent.1), (field, received.1))),
            sent: m.and_then(|m| told(sent, m)),
            received: told(received, n),
            at: Some(field.span()),
        });
    }
    for m in (0..sent.0.fields.len()).filter(|m| !taken[*m]).take(MOST) {
        out.push(FieldDifference {
            name: String::from_utf8_lossy(sent.0.fields[m].name.of(sent.1)).into_owned(),
            change: Change::Removed,
            sent: told(sent, m),
            received: None,
            at: None,
        });
    }
    out
}

fn how((was, sent): (Field, &[u8]), (is, received): (Field, &[u8])) -> Change {
    let canonical = |field: Field, text: &[u8]| {
        let mut out = Vec::new();
        Canon::Relaxed.field(&mut out, field.name.of(text), field.value.of(text));
        out
    };
    if canonical(was, sent) != canonical(is, received) {
        return Change::Changed;
    }
    match was.name.of(sent) == is.name.of(received) {
        true => Change::Refolded,
        false => Change::Recased,
    }
}

/// The field as `simple` canonicalization keeps it: only line ends are made alike.
fn bytes(field: Field, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Canon::Simple.field(&mut out, field.name.of(text), field.value.of(text));
    out
}

fn value(field: Field, text: &[u8]) -> String {
    String::from_utf8_lossy(field.value.of(text)).trim_start().to_owned()
}

/// What the forensics call it.
pub fn what(difference: &FieldDifference) -> What {
    let name = difference.name.to_ascii_lowercase();
    match (difference.change, name.as_str()) {
        (Change::Refolded, _) => What::FieldRefolded,
        (Change::Recased, _) => What::FieldRecased,
        // A second one, put on top.
        (Change::Added, "from" | "subject" | "date" | "message-id") => What::FieldAdded,
        (Change::Changed, "from" | "to" | "cc" | "reply-to" | "sender") if respelled(difference) => {
            What::AddressRespelled
        }
        (_, "reply-to") => What::ReplyToChanged,
        (_, "to" | "cc") => What::RecipientsChanged,
        (_, "from") => What::FromRewritten,
        (_, "date") => What::DateChanged,
        (_, "message-id") => What::MessageIdChanged,
        (_, "mime-version") => What::ContentTypeChanged,
        (_, name) if name.starts_with("content-") => What::ContentTypeChanged,
        (Change::Changed, "subject") => {
            let tagged = |sent: &str, received: &str| {
                received.trim().strip_suffix(sent.trim()).is_some_and(|tag| tag.trim().ends_with([']', ')', ':']))
            };
            match (&difference.sent, &difference.received) {
                (Some(sent), Some(received)) if tagged(sent, received) => What::SubjectTag,
                _ => What::SubjectChanged,
            }
        }
        (_, "subject") => What::SubjectChanged,
        (Change::Added, _) => What::FieldAdded,
        (Change::Removed, _) => What::FieldRemoved,
        (Change::Changed, _) => What::FieldChanged,
    }
}

/// The same names and addresses with other quotes, brackets or blanks.
fn respelled(difference: &FieldDifference) -> bool {
    let bare = |text: &Option<String>| -> Option<String> {
        Some(text.as_ref()?.chars().filter(|c| !c.is_whitespace() && !"\"<>".contains(*c)).collect())
    };
    bare(&difference.sent) == bare(&difference.received)
}
