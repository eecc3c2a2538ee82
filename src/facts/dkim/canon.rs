//! Canonicalization (RFC 6376 §3.4). Line ends are CRLF on the wire, so LF counts as CRLF; CR does where a text has no
//! other line end.

use crate::evidence::lines::{Line, lines, wire_lines};
use std::borrow::Cow;

/// How much of a rewriting a signature survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Canon {
    Simple,
    Relaxed,
}

impl Canon {
    pub const ALL: [Canon; 2] = [Canon::Simple, Canon::Relaxed];

    /// As `c=` names it; `None` for a word that no standard knows.
    pub fn named(word: &str) -> Option<Canon> {
        Canon::ALL.into_iter().find(|canon| canon.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Canon::Simple => "simple",
            Canon::Relaxed => "relaxed",
        }
    }

    /// Appends one field, without its final CRLF. `name` is all that stands before the colon.
    pub fn field(self, out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        match self {
            Canon::Simple => {
                out.extend_from_slice(name);
                out.push(b':');
                simple_value(out, value);
            }
            Canon::Relaxed => {
                let start = out.len();
                out.extend_from_slice(name.trim_ascii_end());
                out[start..].make_ascii_lowercase();
                out.push(b':');
                relaxed_value(out, value);
            }
        }
    }

    /// The whole body; borrowed where it is canonical already.
    pub fn body(self, body: &[u8]) -> Cow<'_, [u8]> {
        if self.is_settled(body) {
            return self.ended(body);
        }
        Cow::Owned(match body.contains(&b'\n') {
            true => self.body_of(body, wire_lines(body)),
            false => self.body_of(body, lines(body, 0)),
        })
    }

    /// Nothing to undo within its lines, as in most mail?
    fn is_settled(self, body: &[u8]) -> bool {
        let line_end = |a: u8, b: u8| (a == b'\r') != (b == b'\n');
        let blank = |a: u8, b: u8| (b == b'\t') | ((a == b' ') & ((b == b' ') | (b == b'\r')));
        match self {
            Canon::Simple => !any_pair(body, line_end),
            Canon::Relaxed => !any_pair(body, |a, b| line_end(a, b) | blank(a, b)) && body.last() != Some(&b' '),
        }
    }

    /// Lines that need nothing undone: empty ones at the end do not count, and the last ends in CRLF.
    fn ended(self, body: &[u8]) -> Cow<'_, [u8]> {
        let mut rest = body;
        while let Some(shorter) = rest.strip_suffix(b"\r\n") {
            rest = shorter;
        }
        let end: &[u8] = if rest.is_empty() && self == Canon::Relaxed { b"" } else { b"\r\n" };
        match body.get(..rest.len() + end.len()) {
            Some(ended) => Cow::Borrowed(ended),
            None => Cow::Owned([rest, end].concat()),
        }
    }

    fn body_of(self, body: &[u8], lines: impl Iterator<Item = Line>) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() + 2);
        // End of the last line that is not empty: those after it do not count (RFC 6376 §3.4.3, §3.4.4).
        let mut end = 0;
        for line in lines {
            let line = line.of(body);
            let start = out.len();
            match self {
                Canon::Simple => out.extend_from_slice(line),
                Canon::Relaxed => relaxed_line(&mut out, line),
            }
            let empty = out.len() == start;
            out.extend_from_slice(b"\r\n");
            if !empty {
                end = out.len();
            }
        }
        out.truncate(end);
        // An empty body is one CRLF to `simple`, and nothing to `relaxed`.
        if out.is_empty() && self == Canon::Simple {
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

/// Do any two neighbours show it, the first and the last beside a letter? Read without branches, for this is done to every
/// byte of every message.
fn any_pair(body: &[u8], shows: impl Fn(u8, u8) -> bool) -> bool {
    let (Some(first), Some(last)) = (body.first(), body.last()) else { return false };
    let pairs = body.iter().zip(&body[1..]);
    shows(b'x', *first) | shows(*last, b'x') | pairs.fold(false, |any, (&a, &b)| any | shows(a, b))
}

fn simple_value(out: &mut Vec<u8>, value: &[u8]) {
    for (n, line) in lines(value, 0).enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line.of(value));
    }
}

/// Folds undone, runs of blanks one space, none at either end (RFC 6376 §3.4.2).
fn relaxed_value(out: &mut Vec<u8>, value: &[u8]) {
    let start = out.len();
    for line in lines(value, 0) {
        let line = line.of(value);
        let Some(first) = line.iter().position(|b| !matches!(b, b' ' | b'\t')) else { continue };
        if out.len() > start {
            out.push(b' ');
        }
        relaxed_line(out, &line[first..]);
    }
}

/// Runs of blanks one space, none at the end (RFC 6376 §3.4.4).
fn relaxed_line(out: &mut Vec<u8>, line: &[u8]) {
    let end = line.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |n| n + 1);
    let line = &line[..end];
    // What has not been copied yet, and where the blank before stood.
    let (mut from, mut before) = (0, None);
    for at in memchr::memchr2_iter(b' ', b'\t', line) {
        let again = before.is_some_and(|before: usize| before + 1 == at);
        if again || line[at] == b'\t' {
            out.extend_from_slice(&line[from..at]);
            if !again {
                out.push(b' ');
            }
            from = at + 1;
        }
        before = Some(at);
    }
    out.extend_from_slice(&line[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376 §3.4.5, and its neighbours.
    #[test]
    fn the_examples_of_the_standard() {
        let field = |canon: Canon, name: &str, value: &str| {
            let mut out = Vec::new();
            canon.field(&mut out, name.as_bytes(), value.as_bytes());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(field(Canon::Relaxed, "A", " X"), "a:X");
        assert_eq!(field(Canon::Relaxed, "B ", " Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(field(Canon::Simple, "B ", " Y\t\n\tZ  "), "B : Y\t\r\n\tZ  ");
        assert_eq!(field(Canon::Relaxed, "C", " \r\n "), "c:");
        let body = |canon: Canon, text: &str| String::from_utf8(canon.body(text.as_bytes()).into()).unwrap();
        assert_eq!(body(Canon::Relaxed, " C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(body(Canon::Simple, " C \r\nD \t E\r\n\r\n\r\n"), " C \r\nD \t E\r\n");
    }

    proptest::proptest! {
        #[test]
        fn what_is_copied_is_what_line_by_line_gives(text in "(a|b| |\t|\r\n|\r\n|\r|\n){0,12}") {
            let text = text.as_bytes();
            for canon in [Canon::Simple, Canon::Relaxed] {
                let slow = match text.contains(&b'\n') {
                    true => canon.body_of(text, wire_lines(text)),
                    false => canon.body_of(text, lines(text, 0)),
                };
                proptest::prop_assert_eq!(canon.body(text), slow);
            }
        }
    }

    #[test]
    fn empty_bodies_line_ends_and_lines_of_blanks() {
        let body = |canon: Canon, text: &str| String::from_utf8(canon.body(text.as_bytes()).into()).unwrap();
        for nothing in ["", "\r\n", "\n\n\n"] {
            assert_eq!(body(Canon::Relaxed, nothing), "");
            assert_eq!(body(Canon::Simple, nothing), "\r\n");
        }
        // Lines of blanks alone are empty to `relaxed`, and no others are.
        assert_eq!(body(Canon::Relaxed, "a\r\n \t\r\n\r\n"), "a\r\n");
        assert_eq!(body(Canon::Simple, "a\r\n \t\r\n\r\n"), "a\r\n \t\r\n");
        for text in ["a\nb", "a\r\nb\r\n", "a\rb\r\r"] {
            assert_eq!(body(Canon::Simple, text), "a\r\nb\r\n");
            assert_eq!(body(Canon::Relaxed, text), "a\r\nb\r\n");
        }
        // Among other line ends a CR alone is a character, and no blank either.
        for (text, canonical) in [
            ("a\rb\r\nc", "a\rb\r\nc\r\n"),
            ("a\r\r\n\r", "a\r\r\n\r\r\n"),
            ("a\rb\n\n", "a\rb\r\n"),
            ("\r\r\n", "\r\r\n"),
        ] {
            assert_eq!(body(Canon::Simple, text), canonical);
            assert_eq!(body(Canon::Relaxed, text), canonical);
        }
    }
}
