//! The header section, split into fields (RFC 5322 §2.2).

use crate::evidence::lines::{Line, lines};
use crate::span::Span;

/// One header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: Span,
    /// After the colon, folds kept, without the final line end.
    pub value: Span,
}

impl Field {
    /// The whole field without its final line end.
    pub fn span(&self) -> Span {
        self.name.join(self.value)
    }

    /// Is this its name? ASCII case does not matter.
    #[inline]
    pub(super) fn is_called(&self, name: &str, text: &[u8]) -> bool {
        // The length tells most names apart.
        self.name.len() == name.len() && self.reads(name, text)
    }

    /// Apart, so that the length is compared in place.
    fn reads(&self, name: &str, text: &[u8]) -> bool {
        self.name.of(text).eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields in order, and where the body begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub fields: Vec<Field>,
    /// Offset of the first byte after the empty line; `None` where there is no empty line.
    pub body: Option<u32>,
    /// Lines of the header section that are neither a field nor a continuation.
    pub stray: Vec<Span>,
}

/// More fields than most mail has.
const USUAL: usize = 64;

impl Header {
    /// Splits at line ends (CRLF, LF or CR); a line that begins with a blank continues the
    /// field before it; the first empty line ends the section.
    pub fn split(text: &[u8]) -> Header {
        Header::within(text, 0, text.len())
    }

    /// The header of a message that stands in another text; all offsets are into the whole.
    pub fn within(text: &[u8], from: usize, to: usize) -> Header {
        let text = text.get(..to).unwrap_or(text);
        let mut header = Header { fields: Vec::with_capacity(USUAL), ..Header::default() };
        for Line { start, end, next } in lines(text, from) {
            if start == end {
                header.body = Some(Span::new(next, next).start);
                break;
            }
            match text[start] {
                b' ' | b'\t' => match header.fields.last_mut() {
                    Some(field) => field.value.end = Span::new(start, end).end,
                    None => header.stray.push(Span::new(start, end)),
                },
                _ => match name_end(&text[start..end]) {
                    Some((name, colon)) => header
                        .fields
                        .push(Field { name: Span::new(start, start + name), value: Span::new(start + colon + 1, end) }),
                    None => header.stray.push(Span::new(start, end)),
                },
            }
        }
        header
    }

    /// The fields called `name` (ASCII case does not matter), top to bottom, with their index.
    pub fn all<'h>(&'h self, text: &'h [u8], name: &'h str) -> impl DoubleEndedIterator<Item = (usize, Field)> + 'h {
        let named = self.fields.iter().enumerate().filter(move |(_, f)| f.is_called(name, text));
        named.map(|(n, f)| (n, *f))
    }

    /// Does the text begin with a field? The text of a bounce begins with prose, and what looks like
    /// fields further down is the returned message's.
    pub fn leads(&self) -> bool {
        let stray = self.stray.first().map(|s| s.start);
        self.fields.first().is_some_and(|f| stray.is_none_or(|s| f.name.start < s))
    }

    /// The topmost field called `name`.
    pub fn first(&self, text: &[u8], name: &str) -> Option<Field> {
        self.fields.iter().find(|f| f.is_called(name, text)).copied()
    }
}

/// Written by servers on the way (RFC 5321 §4.4, RFC 8601, RFC 8617), by filters and mailboxes.
const TRACE: &[&str] = &[
    "received",
    "return-path",
    "delivered-to",
    "envelope-to",
    "delivery-date",
    "authentication-results",
    "arc-",
    "dkim-signature",
    "dkim-filter",
    "dkim2-",
    "received-spf",
    "x-",
    "status",
];

/// Is it a field that servers, filters or mailboxes add on the way?
pub fn is_trace(name: &str) -> bool {
    let begins = |t: &str| name.get(..t.len()).is_some_and(|n| n.eq_ignore_ascii_case(t));
    TRACE.iter().any(|t| begins(t) && (name.len() == t.len() || t.ends_with('-')))
}

/// Lengths up to the end of the name and up to the colon; a name is printable ASCII without
/// blanks, and blanks before the colon are the obsolete form (RFC 5322 §4.5).
fn name_end(line: &[u8]) -> Option<(usize, usize)> {
    let name = line.iter().position(|&b| !(33..=126).contains(&b) || b == b':')?;
    let blanks = line[name..].iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    (name > 0 && line.get(name + blanks) == Some(&b':')).then_some((name, name + blanks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, String)> {
        let text = text.as_bytes();
        Header::split(text)
            .fields
            .iter()
            .map(|f| {
                let s = |s: Span| String::from_utf8_lossy(s.of(text)).into_owned();
                (s(f.name), s(f.value))
            })
            .collect()
    }

    #[test]
    fn folds_stay_with_their_field_whatever_the_line_end() {
        for eol in ["\r\n", "\n", "\r"] {
            let text = ["A: 1", " 2", "B : 3", "", "body"].join(eol);
            let got = names(&text);
            assert_eq!(got[0], ("A".into(), format!(" 1{eol} 2")));
            assert_eq!(got[1], ("B".into(), " 3".into()));
            let header = Header::split(text.as_bytes());
            assert_eq!(&text[header.body.unwrap() as usize..], "body");
        }
    }

    #[test]
    fn a_header_in_the_middle_of_a_text_has_its_offsets_there() {
        let text = b"prose\n\nA: 1\n 2\n\nbody\n--end";
        let header = Header::within(text, 7, 22);
        assert_eq!(header.fields.len(), 1);
        assert_eq!(header.fields[0].span().of(text), b"A: 1\n 2");
        assert_eq!(header.body, Some(16));
        assert_eq!(Header::within(text, 99, 100), Header::default());
    }

    #[test]
    fn a_line_that_is_no_field_is_stray_and_hides_nothing() {
        let text = b"no field here\nA: 1\n";
        let header = Header::split(text);
        assert_eq!(header.fields.len(), 1);
        assert_eq!(header.stray, [Span::new(0, 13)]);
        assert_eq!(header.body, None);
    }
}
