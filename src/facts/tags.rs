//! Tag lists: `v=DKIM1; k=rsa; p=…` (RFC 6376 §3.2; DMARC uses the same, RFC 9989 §4.7).

use super::text::trim;
use crate::span::Span;
use memchr::{memchr, memchr_iter};

/// One `name=value`, blanks around both taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: Span,
    /// Empty at the end of the piece where there is no `=`.
    pub value: Span,
    pub has_equals: bool,
}

/// The pieces between semicolons; empty ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagList {
    pub tags: Vec<Tag>,
}

impl TagList {
    /// Splits `text[span]`; spans are relative to `text`.
    pub fn split(text: &[u8], span: Span) -> TagList {
        // More than most have.
        let mut tags = Vec::with_capacity(12);
        let value = span.of(text);
        let mut at = 0;
        for end in memchr_iter(b';', value).chain([value.len()]) {
            let whole = trim(text, Span::new(at, end).shift(span.start as usize));
            at = end + 1;
            if whole.is_empty() {
                continue;
            }
            let tag = match memchr(b'=', whole.of(text)) {
                Some(n) => {
                    let equals = whole.start + n as u32;
                    Tag {
                        name: trim(text, Span { end: equals, ..whole }),
                        value: trim(text, Span { start: equals + 1, ..whole }),
                        has_equals: true,
                    }
                }
                None => Tag { name: whole, value: Span { start: whole.end, end: whole.end }, has_equals: false },
            };
            tags.push(tag);
        }
        TagList { tags }
    }

    /// The first tag called `name`; tag names are case-sensitive in DKIM (RFC 6376 §3.2) and
    /// written in lower case everywhere, so upper case is accepted here and left to linters.
    pub fn get(&self, text: &[u8], name: &str) -> Option<Tag> {
        self.tags.iter().copied().find(|t| t.has_equals && t.name.of(text).eq_ignore_ascii_case(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lose_their_blanks_and_keep_their_place() {
        let text = b" v=DKIM1 ; p = ab\r\n cd;; mailto:x ;";
        let list = TagList::split(text, Span::new(0, text.len()));
        let got: Vec<_> = list.tags.iter().map(|t| (t.name.of(text), t.value.of(text), t.has_equals)).collect();
        assert_eq!(got, [(&b"v"[..], &b"DKIM1"[..], true), (b"p", b"ab\r\n cd", true), (b"mailto:x", b"", false),]);
        assert_eq!(list.get(text, "P").unwrap().value.of(text), b"ab\r\n cd");
    }
}
