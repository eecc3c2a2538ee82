//! Departure: a whole value as encoded words (RFC 2047), written by gateways that take the
//! field for text.

use super::{AuthRes, Departure};
use crate::span::Span;
use mail_parser::parsers::MessageStream;

/// The text of a value that consists of encoded words.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    if !value.starts_with(b"=?") || !value.ends_with(b"?=") {
        return None;
    }
    // The decoder takes an unstructured field, which ends at a line end that no blank follows.
    let line = [value, b"\n"].concat();
    let text = MessageStream::new(&line).parse_unstructured().into_text()?.into_owned().into_bytes();
    (!text.starts_with(b"=?")).then_some(text)
}

/// Puts every span of a decoded value on the encoded words.
pub(super) fn place(mut read: AuthRes, value: &[u8], base: usize) -> AuthRes {
    let from = value.len() - value.trim_ascii_start().len();
    let whole = Span::new(base + from, base + from + value.trim_ascii().len());
    if let Some(id) = &mut read.authserv_id {
        id.span = whole;
    }
    for result in &mut read.results {
        (result.head, result.span) = (whole, whole);
        for text in result.comments.iter_mut().chain(&mut result.reason) {
            text.span = whole;
        }
        for prop in &mut result.props {
            (prop.span, prop.value_span) = (whole, whole);
        }
    }
    read.span = Span::new(base, base + value.len());
    read.departures.push(Departure::EncodedWord);
    read.departures.sort_unstable();
    read
}
