//! Names and links made harmless by hand: `example[.]com`, `hxxps://`, `a(at)b`.

use super::{Edit, section};
use crate::evidence::lines::field_name;

/// Undoes defanging everywhere in a short text.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    let mut edits = Vec::new();
    edits_in(text, 0, text.len(), &mut edits);
    edits
}

/// As [`find`], in a header section, where a field of the delivery itself is defanged: a
/// subject may speak of `hxxp` on its own.
pub(super) fn find_in_header(text: &[u8]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (mut sure, mut field) = (false, &b""[..]);
    for (line, shape) in section(text) {
        if shape.is_field() {
            field = line.of(text);
        }
        let before = edits.len();
        edits_in(text, line.start, line.end, &mut edits);
        sure |= edits.len() > before && field_name(field).is_some_and(is_evidence);
    }
    if sure { edits } else { Vec::new() }
}

fn is_evidence(name: &[u8]) -> bool {
    const FIELDS: [&str; 10] = [
        "received",
        "return-path",
        "from",
        "sender",
        "reply-to",
        "message-id",
        "authentication-results",
        "received-spf",
        "dkim-signature",
        "arc-authentication-results",
    ];
    FIELDS.iter().any(|f| name.eq_ignore_ascii_case(f.as_bytes()))
}

fn edits_in(text: &[u8], start: usize, end: usize, edits: &mut Vec<Edit>) {
    let mut at = start;
    while at < end {
        at += match text[at] {
            b'[' | b'(' | b'{' => bracket(text, at, start, end, edits),
            b'h' | b'H' => scheme(text, at, start, end, edits),
            _ => 1,
        };
    }
}

/// `[.]`, `(dot)`, `{at}`, `[:]`, `[://]` between letters.
fn bracket(text: &[u8], at: usize, start: usize, end: usize, edits: &mut Vec<Edit>) -> usize {
    let close = match text[at] {
        b'[' => b']',
        b'(' => b')',
        _ => b'}',
    };
    let rest = &text[at + 1..end.min(at + 8)];
    let Some(len) = rest.iter().position(|&b| b == close) else { return 1 };
    let joins = at > start && text[at - 1].is_ascii_alphanumeric() && {
        let next = at + len + 2;
        next < end && (text[next].is_ascii_alphanumeric() || text[next] == b'/' || text[next] == b'_')
    };
    let inner = rest[..len].to_ascii_lowercase();
    let inner = inner.trim_ascii();
    if !joins {
        return 1;
    }
    match inner {
        b"." | b"dot" => edits.push(Edit::put(at, at + len + 2, Some(b'.'))),
        b"@" | b"at" => edits.push(Edit::put(at, at + len + 2, Some(b'@'))),
        b":" | b"://" => {
            edits.push(Edit::drop(at, at + 1));
            edits.push(Edit::drop(at + len + 1, at + len + 2));
        }
        _ => return 1,
    }
    len + 2
}

/// `hxxp` before `:` or `s:` becomes `http`.
fn scheme(text: &[u8], at: usize, start: usize, end: usize, edits: &mut Vec<Edit>) -> usize {
    let word = &text[at..end.min(at + 7)];
    let starts = at == start || !text[at - 1].is_ascii_alphanumeric();
    let is = word.len() > 4 && word[1..4].eq_ignore_ascii_case(b"xxp");
    let after = word.get(4).copied();
    if starts && is && (matches!(after, Some(b':' | b'[')) || matches!(word.get(4..6), Some(b"s:" | b"s[" | b"S:"))) {
        edits.push(Edit::put(at + 1, at + 2, Some(b't')));
        edits.push(Edit::put(at + 2, at + 3, Some(b't')));
        return 4;
    }
    1
}
