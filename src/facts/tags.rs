//! Tag lists: `v=DKIM1; k=rsa; p=…` (RFC 6376 §3.2; DMARC uses the same, RFC 9989 §4.7).

use crate::span::Span;

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
        let mut tags = Vec::new();
        let mut at = span.start as usize;
        for piece in span.of(text).split(|&b| b == b';') {
            let whole = trim(text, at, at + piece.len());
            at += piece.len() + 1;
            if whole.is_empty() {
                continue;
            }
            let tag = match whole.of(text).iter().position(|&b| b == b'=') {
                Some(n) => {
                    let equals = whole.start as usize + n;
                    Tag {
                        name: trim(text, whole.start as usize, equals),
                        value: trim(text, equals + 1, whole.end as usize),
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

/// `from..to` without blanks and folds at either end.
fn trim(text: &[u8], from: usize, to: usize) -> Span {
    let piece = &text[from..to];
    let start = piece.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(piece.len());
    let end = piece.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(start, |n| n + 1);
    Span::new(from + start, from + end)
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
