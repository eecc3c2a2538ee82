//! Readings and facts for tests, from header text in a fixed shape:
//! `Received: from HELO (REVERSE [ADDRESS]) by HOST with PROTOCOL for <ADDRESS>`.

use super::party::Names;
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::header::Header;
use crate::facts::{Facts, Reading, address, arc, authres, dkim, received, reported};
use crate::span::{Span, Spanned};
use std::sync::Arc;

/// A few receivers by name.
pub(super) const NAMES: Names = Names { authserv_id: known, host: known };

fn known(host: &str) -> Option<&'static str> {
    let ends =
        [(".google.com", "gmail"), (".outlook.com", "microsoft"), (".icloud.com", "icloud"), (".apple.com", "icloud")];
    ends.iter().find(|(end, _)| host.ends_with(end)).map(|(_, id)| *id)
}

/// Reads what this slice of the header says, boundary and verdict included.
pub(crate) fn reading(text: &str) -> Reading {
    reading_with(text, &Said::default())
}

pub(super) fn reading_with(text: &str, said: &Said) -> Reading {
    let text = text.as_bytes();
    let header = Header::split(text);
    let mut r = Reading {
        from: address::From {
            mailboxes: address(&header, text, "From")
                .map(|address| {
                    vec![address::Mailbox { display: String::new(), span: address.span, address: Some(address) }]
                })
                .unwrap_or_default(),
            ..address::From::default()
        },
        return_path: header
            .first(text, "Return-Path")
            .map(|f| address::ReversePath { address: address(&header, text, "Return-Path"), span: f.value }),
        hops: hops(&header, text),
        received_spf: authres::received_spf(&header, text),
        authres: authres::read(&header, text),
        arc: arc::read(&header, text),
        signatures: header.all(text, "DKIM-Signature").map(|(field, f)| signature(field, f.value, text)).collect(),
        header,
        ..Reading::default()
    };
    r.boundary = super::find_with(&r, text, said, NAMES);
    r.reported = reported::merge(&r, text);
    r
}

/// Facts around a reading, with no DNS answer.
pub(crate) fn facts(text: &str, reading: Reading) -> Facts {
    let bytes: Arc<[u8]> = text.as_bytes().into();
    let input = Input::verbatim(bytes, InputKind::Headers);
    let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
    let identities = super::identities(&reading, &evidence.said);
    Facts { identities, ..Facts::bare(evidence, reading) }
}

/// The address in `<…>`, or the whole value.
fn address(header: &Header, text: &[u8], name: &str) -> Option<address::Address> {
    let value = header.first(text, name)?.value;
    let all = std::str::from_utf8(value.of(text)).ok()?;
    let at = all.find('<').map_or(0, |n| n + 1);
    let plain = all[at..].trim_end_matches('>').trim();
    let (local, domain) = plain.rsplit_once('@')?;
    let start = value.start as usize + all.find(plain)?;
    let span = Span::new(start, start + plain.len());
    let domain_span = Span { start: span.end - domain.len() as u32, end: span.end };
    Some(address::Address { local: local.into(), domain: domain.to_ascii_lowercase(), span, domain_span })
}

fn hops(header: &Header, text: &[u8]) -> Vec<received::Hop> {
    let hop = |field: usize, value: Span| {
        let words: Vec<&str> = std::str::from_utf8(value.of(text)).unwrap().split_whitespace().collect();
        let after = |word: &str| words.iter().position(|w| *w == word).and_then(|n| words.get(n + 1));
        let say = |s: &str| Spanned::new(s.trim_matches([';', '(', ')', '.']).to_ascii_lowercase(), value);
        let from = words.iter().position(|w| *w == "from");
        let client = from.and_then(|n| words.get(n + 2..n + 4)).unwrap_or_default();
        let ip = client.iter().find_map(|w| w.trim_matches(['(', ')', '[', ']', ';']).parse().ok());
        received::Hop {
            field,
            span: value,
            helo: after("from").map(|s| say(s)),
            reverse_name: from
                .and_then(|n| words.get(n + 2))
                .filter(|w| w.starts_with('(') && !w.ends_with(')') && w.contains('.'))
                .map(|s| say(s)),
            ip: ip.map(|ip| Spanned::new(ip, value)),
            by: after("by").map(|s| say(s)),
            with: after("with").map(|s| Spanned::new(s.trim_matches(';').to_ascii_uppercase(), value)),
            envelope_to: after("for").map(|s| Spanned::new(s.trim_matches(['<', '>', ';']).to_owned(), value)),
            ..received::Hop::default()
        }
    };
    let mut hops: Vec<_> = header.all(text, "Received").map(|(field, f)| hop(field, f.value)).collect();
    hops.reverse();
    hops
}

fn signature(field: usize, value: Span, text: &[u8]) -> dkim::Signature {
    let tags = crate::facts::tags::TagList::split(text, value);
    let tag = |name: &str| {
        let tag = tags.get(text, name)?;
        Some(Spanned::new(String::from_utf8_lossy(tag.value.of(text)).into_owned(), tag.value))
    };
    let (domain, selector) = (tag("d"), tag("s"));
    let signature = tag("b").map(|b| b.value).unwrap_or_default();
    dkim::Signature { field, span: value, domain, selector, signature, ..dkim::Signature::default() }
}
