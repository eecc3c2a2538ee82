//! Bytes of a message as text.

use crate::span::Span;
use std::borrow::Cow;

/// The bytes as text; what is no UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all of it is, and that is quickly seen.
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// As [`lossy`], of bytes that are nobody else's.
pub(super) fn lossy_owned(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// The bytes as text in lower case.
pub(super) fn lower(bytes: &[u8]) -> String {
    let mut text = lossy(bytes).into_owned();
    text.make_ascii_lowercase();
    text
}

/// Text with every run of blanks and line ends as one blank, none at either end.
pub(super) fn unfold(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    for word in bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    lossy_owned(out)
}

/// `text[span]` without blanks and folds at either end; an empty one ends where the text under it does.
pub(super) fn trim(text: &[u8], span: Span) -> Span {
    let value = span.of(text);
    let start = value.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(start, |n| n + 1);
    Span::new(start, end).shift(span.start as usize)
}
