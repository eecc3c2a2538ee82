//! Reads a DMARC record tag by tag and names every fault with its place.

use super::record::{DmarcRecord, Policy, RecordProblem};
use super::uri;
use crate::facts::tags::{Tag, TagList};
use crate::span::Span;

/// Registered tags (RFC 9989 §4.7) and the three that were removed (Appendix A.6).
pub(crate) const TAGS: [&str; 14] =
    ["v", "p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo", "psd", "t", "pct", "rf", "ri"];

/// Quotes of all kinds and the backslash: part of no tag.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\\' | '`' | '´' | '‘' | '’' | '‚' | '‛' | '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '′')
}

/// Printable ASCII without quotes, as nearly every record is.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'`'))
}

/// Takes no room on a screen, or is a control.
pub(crate) fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Where another tag begins inside a value (`none rua=…`, `none, rua=…`), from the blank or comma on.
pub(crate) fn glued_tag(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let mut gap = None;
    for (n, &b) in bytes.iter().enumerate() {
        if b == b',' || b.is_ascii_whitespace() {
            gap.get_or_insert(n);
            continue;
        }
        let Some(from) = gap.take() else { continue };
        let name = bytes[n..].iter().take(6).take_while(|b| b.is_ascii_alphabetic()).count();
        let word = value.get(n..n + name).unwrap_or_default();
        // One blank may stand before `=`; more would make this scan quadratic.
        let rest = &bytes[n + name..];
        let equals = rest.first() == Some(&b'=') || (rest.first() == Some(&b' ') && rest.get(1) == Some(&b'='));
        if equals && TAGS.iter().any(|t| word.eq_ignore_ascii_case(t)) {
            return Some(from);
        }
    }
    None
}

/// Reads `text` as a record whatever it is; [`super::record::read`] decides whether it means to be one.
pub(super) fn lint(text: &str, index: usize) -> DmarcRecord {
    let tags = TagList::split(text.as_bytes(), Span::new(0, text.len()));
    let mut record = DmarcRecord { index, text: text.to_owned(), ..DmarcRecord::default() };
    version(&mut record, &tags);
    characters(&mut record);
    let mut seen = Vec::with_capacity(TAGS.len());
    let mut previous = "";
    for (n, &tag) in tags.tags.iter().enumerate() {
        let name = text.get(tag.name.range()).unwrap_or_default();
        if n > 0 || is_version(&tag, text) || !is_version_like(name) {
            one(&mut record, text, tag, &mut seen, previous);
        }
        previous = name;
    }
    let unclear = |p: &RecordProblem| {
        matches!(p, RecordProblem::Version(_) | RecordProblem::Separator(_) | RecordProblem::NotATag { .. })
    };
    // Where pieces cannot be told apart, the policy is lost among them, not missing.
    if !seen.contains(&"p") && !record.problems.iter().any(unclear) {
        let first = tags.tags.first().map_or(Span::default(), |t| t.name.join(t.value));
        record.problems.push(RecordProblem::NoPolicy(first));
    }
    let second = tags.tags.get(1).is_some_and(|t| named(t, text, "p"));
    if let Some(late) = tags.tags.iter().find(|t| named(t, text, "p")).filter(|_| record.counts() && !second) {
        record.problems.push(RecordProblem::PolicyLate(late.name.join(late.value)));
    }
    record.tags = tags;
    record.problems.sort_by_key(|p| p.span());
    record
}

fn is_version(tag: &Tag, text: &str) -> bool {
    named(tag, text, "v")
}

fn named(tag: &Tag, text: &str, name: &str) -> bool {
    tag.has_equals && text.get(tag.name.range()).is_some_and(|n| n.eq_ignore_ascii_case(name))
}

/// A first piece that only means to be the version is named once, by [`version`].
fn is_version_like(name: &str) -> bool {
    name.to_ascii_lowercase().contains("dmarc")
        || name.trim_matches(|c| is_quote(c) || is_invisible(c)).eq_ignore_ascii_case("v")
}

/// The version must be the first tag and match exactly (RFC 9989 §4.7); case counts (§4.8).
fn version(record: &mut DmarcRecord, tags: &TagList) {
    let text = &record.text;
    let first = tags.tags.first();
    match first {
        Some(tag) if is_version(tag, text) && text.get(tag.value.range()) == Some("DMARC1") => {
            if tag.name.start > 0 {
                record.problems.push(RecordProblem::LeadingBlank(Span { start: 0, end: tag.name.start }));
            }
        }
        _ => {
            let at = tags.tags.iter().find(|t| is_version(t, text)).or(first);
            let span = at.map_or(Span::default(), |t| t.name.join(t.value));
            record.problems.push(RecordProblem::Version(span));
        }
    }
}

/// Runs of quotes and of characters outside printable ASCII (RFC 9989 §4.8).
fn characters(record: &mut DmarcRecord) {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Plain,
        Quote,
        Foreign,
    }
    if is_plain(&record.text) && !record.text.starts_with('\'') && !record.text.ends_with('\'') {
        return;
    }
    let mut problems = Vec::new();
    let mut run = (Class::Plain, 0);
    let last = record.text.len();
    let edge = |at: usize| at == 0 || at + 1 == last;
    let classes = record.text.char_indices().map(|(at, c)| {
        let class = match c {
            '\'' if edge(at) => Class::Quote,
            c if is_quote(c) => Class::Quote,
            '\t' | ' '..='~' => Class::Plain,
            _ => Class::Foreign,
        };
        (at, class)
    });
    for (at, class) in classes.chain([(last, Class::Plain)]) {
        if class == run.0 {
            continue;
        }
        match run {
            (Class::Quote, from) => problems.push(RecordProblem::Quotes(Span::new(from, at))),
            (Class::Foreign, from) => problems.push(RecordProblem::Foreign(Span::new(from, at))),
            (Class::Plain, _) => {}
        }
        run = (class, at);
    }
    record.problems.append(&mut problems);
}

/// One piece between semicolons.
fn one(record: &mut DmarcRecord, text: &str, tag: Tag, seen: &mut Vec<&str>, previous: &str) {
    let whole = tag.name.join(tag.value);
    let under = |span: Span| text.get(span.range()).unwrap_or_default();
    let written = under(tag.name);
    // An address may hold a `=` of its own: mailto:a@example.com?subject=x
    if !tag.has_equals || uri::starts_with_mailto(written) {
        let piece = under(whole);
        let follows_list = ["rua", "ruf"].iter().any(|list| previous.eq_ignore_ascii_case(list));
        record.problems.push(match uri::is_stray(piece) && follows_list {
            true => RecordProblem::Separator(whole),
            false => RecordProblem::NotATag { span: whole, suggestion: meant(piece) },
        });
        return;
    }
    let value = under(tag.value);
    if let Some(at) = glued_tag(value) {
        let start = tag.value.start as usize + at;
        record.problems.push(RecordProblem::Separator(Span::new(start, tag.value.end as usize)));
    }
    let Some(&known) = TAGS.iter().find(|t| written.eq_ignore_ascii_case(t)) else {
        record.problems.push(RecordProblem::UnknownTag(whole));
        return;
    };
    // RFC 6376 §3.2: the same name twice makes the whole list invalid.
    if seen.contains(&known) {
        record.problems.push(RecordProblem::DuplicateTag(whole));
        return;
    }
    seen.push(known);
    let letter = |allowed: &[u8]| match value.as_bytes() {
        [b] if allowed.contains(&b.to_ascii_lowercase()) => Some(b.to_ascii_lowercase() as char),
        _ => None,
    };
    let bad = || RecordProblem::BadValue { tag: known.to_owned(), span: whole };
    match known {
        "p" | "sp" | "np" => {
            let policy = Policy::read(value);
            match known {
                "p" => record.p = policy,
                "sp" => record.sp = policy,
                _ => record.np = policy,
            }
            if policy.is_none() {
                record.problems.push(RecordProblem::BadPolicy { tag: known, span: whole });
            }
        }
        "rua" | "ruf" => addresses(record, text, known, tag),
        "adkim" | "aspf" => match (letter(b"rs"), known) {
            (Some(mode), "adkim") => record.adkim_strict = mode == 's',
            (Some(mode), _) => record.aspf_strict = mode == 's',
            (None, _) => record.problems.push(bad()),
        },
        "t" => match letter(b"yn") {
            Some(mode) => record.testing = mode == 'y',
            None => record.problems.push(bad()),
        },
        "psd" => match letter(b"ynu") {
            Some(kind) => record.psd = Some(kind),
            None => record.problems.push(bad()),
        },
        "fo" if !value.split(':').all(|o| matches!(o.trim(), "0" | "1" | "d" | "s" | "D" | "S")) => {
            record.problems.push(bad());
        }
        "pct" | "rf" | "ri" => record.problems.push(RecordProblem::Removed(whole)),
        _ => {}
    }
}

/// A comma-separated list of URIs.
fn addresses(record: &mut DmarcRecord, text: &str, tag: &'static str, at: Tag) {
    let (mut start, end) = (at.value.start as usize, at.value.end as usize);
    for piece in text.get(start..end).unwrap_or_default().split(',') {
        let blank = piece.len() - piece.trim_start().len();
        let uri = piece.trim();
        let span = Span::new(start + blank, start + blank + uri.len());
        start += piece.len() + 1;
        if uri.is_empty() && end > at.value.start as usize {
            record.problems.push(RecordProblem::Separator(span));
            continue;
        }
        if !uri::is_valid(uri) {
            let span = if uri.is_empty() { at.name.join(at.value) } else { span };
            record.problems.push(RecordProblem::BadUri { tag, span, suggestion: uri::suggest(uri) });
        }
        if !uri.is_empty() {
            if tag == "rua" { &mut record.rua } else { &mut record.ruf }.push(uri.to_owned());
        }
    }
}

/// What a piece without `=` was meant to be.
fn meant(piece: &str) -> Option<String> {
    if uri::is_stray(piece) {
        return uri::suggest(piece).map(|list| format!("rua={list}"));
    }
    tag_without_equals(piece).map(|(name, value)| format!("{name}={value}"))
}

/// `p:reject`, `p reject`
pub(crate) fn tag_without_equals(piece: &str) -> Option<(&'static str, &str)> {
    let (name, value) = piece.split_once([':', ' ', '\t'])?;
    let known = TAGS.into_iter().find(|t| name.eq_ignore_ascii_case(t))?;
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == ':');
    (!value.is_empty()).then_some((known, value))
}
