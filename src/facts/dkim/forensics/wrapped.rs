//! A message that was put into a part of a new one: what its own header said of its content, that part says now
//! (Mailman, Sympa and others move the Content fields there).

use super::mime::parts;
use crate::facts::dkim::signed::before_colon;
use crate::facts::header::{Field, Header};

/// The fields that describe the content (RFC 2045 §3) of the part that holds the body that was signed; `None` where none
/// does.
pub fn content_fields(body: &[u8], fits: impl Fn(&[u8]) -> bool) -> Option<String> {
    let part = parts(body).into_iter().find(|part| fits(part.content_of(body)))?;
    let text = part.header_of(body);
    String::from_utf8(fields(&Header::split(text), text, true)).ok()
}

/// The header as it was before: with these fields of the part in place of its own.
pub fn unwrapped(header: &Header, text: &[u8], part: &str) -> Vec<u8> {
    [&fields(header, text, false), part.as_bytes()].concat()
}

/// The fields that describe the content, or the others, as they are written.
fn fields(header: &Header, text: &[u8], content: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for field in header.fields.iter().filter(|field| describes_content(**field, text) == content) {
        for bytes in [before_colon(*field, text), b":", field.value.of(text), b"\r\n"] {
            out.extend_from_slice(bytes);
        }
    }
    out
}

fn describes_content(field: Field, text: &[u8]) -> bool {
    let name = field.name.of(text);
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
}
