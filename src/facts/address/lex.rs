//! Tokens of structured fields (RFC 5322 §3.2), for text that need not be well formed.

use crate::span::Span;
use memchr::memchr3;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of anything that is no blank and no special; dots included.
    Atom,
    /// With its quotes.
    Quoted,
    /// `[…]`
    Literal,
    /// With its parentheses.
    Comment,
    At,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
    /// Nothing stands between this token and the one before.
    pub glued: bool,
}

/// Cuts `text[span]` into tokens. A quote, parenthesis or bracket that never closes is an
/// ordinary character; to stay linear, the first of its kind settles that for all that follow.
pub(super) fn tokens(text: &[u8], span: Span) -> Vec<Token> {
    let text = text.get(..span.end as usize).unwrap_or(text);
    let mut found = Vec::with_capacity(16);
    let mut open = Openers::default();
    let mut at = span.start as usize;
    let mut glued = false;
    while let Some(&b) = text.get(at) {
        if b.is_ascii_whitespace() {
            at += 1;
            glued = false;
            continue;
        }
        let (kind, end) = match b {
            b'@' => (Kind::At, at + 1),
            b'<' => (Kind::Open, at + 1),
            b'>' => (Kind::Close, at + 1),
            b',' => (Kind::Comma, at + 1),
            b';' => (Kind::Semicolon, at + 1),
            b':' => (Kind::Colon, at + 1),
            _ => match open.enclosed(text, at) {
                Some(enclosed) => enclosed,
                None => (Kind::Atom, atom_end(text, at, &mut open)),
            },
        };
        found.push(Token { kind, span: Span::new(at, end), glued });
        glued = true;
        at = end;
    }
    found
}

/// Where the atom that begins at `at` ends; at least one byte on. Encoded words are kept
/// whole even where their writer left blanks or specials in them (RFC 2047 §5 forbids both).
fn atom_end(text: &[u8], at: usize, open: &mut Openers) -> usize {
    let mut end = at;
    loop {
        let word = if text.get(end) == Some(&b'=') { open.encoded.word_end(text, end) } else { None };
        end = word.unwrap_or(end + 1);
        match text.get(end) {
            None | Some(b'(' | b')' | b'<' | b'>' | b'@' | b',' | b';' | b':' | b'"') => return end,
            Some(b) if b.is_ascii_whitespace() => return end,
            Some(_) => {}
        }
    }
}

/// Which kinds of opener are still worth looking for an end to.
#[derive(Default)]
struct Openers {
    no_quote: bool,
    no_comment: bool,
    no_literal: bool,
    encoded: EncodedWords,
}

impl Openers {
    fn enclosed(&mut self, text: &[u8], at: usize) -> Option<(Kind, usize)> {
        let (kind, spent, end) = match text.get(at)? {
            b'"' => (Kind::Quoted, &mut self.no_quote, quoted_end as fn(&[u8], usize) -> Option<usize>),
            b'(' => (Kind::Comment, &mut self.no_comment, comment_end as _),
            b'[' => (Kind::Literal, &mut self.no_literal, literal_end as _),
            _ => return None,
        };
        if *spent {
            return None;
        }
        let found = end(text, at);
        // A `]` is only looked for on the same word, so a miss says nothing of later ones.
        *spent = found.is_none() && kind != Kind::Literal;
        Some((kind, found?))
    }
}

/// One past the quote that closes the one at `at`.
fn quoted_end(text: &[u8], at: usize) -> Option<usize> {
    let mut n = at + 1;
    loop {
        match text.get(n)? {
            b'"' => return Some(n + 1),
            b'\\' => n += 2,
            _ => n += 1,
        }
    }
}

/// One past the parenthesis that closes the one at `at`; comments nest (RFC 5322 §3.2.2).
pub(in crate::facts) fn comment_end(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut n = at;
    loop {
        n += memchr3(b'(', b')', b'\\', text.get(n..)?)?;
        match text[n] {
            b'(' => depth += 1,
            b'\\' => n += 1,
            _ if depth <= 1 => return Some(n + 1),
            _ => depth -= 1,
        }
        n += 1;
    }
}

/// One past the `]` of a domain literal, which no blank interrupts and which is short.
fn literal_end(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at + 1..)?;
    let end = rest.iter().take(64).position(|&b| b == b']' || b == b'[' || b.is_ascii_whitespace())?;
    (rest.get(end) == Some(&b']')).then_some(at + end + 2)
}

/// Finds encoded words; remembers how far there is no end to find.
#[derive(Default)]
pub(super) struct EncodedWords {
    no_end_before: usize,
}

impl EncodedWords {
    /// The RFC allows 75 (RFC 2047 §2); writers do not count.
    const LONGEST: usize = 1000;

    /// One past the encoded word that begins at `at`, if one does.
    pub(super) fn word_end(&mut self, text: &[u8], at: usize) -> Option<usize> {
        if !text.get(at..)?.starts_with(b"=?") {
            return None;
        }
        let charset = at + 2;
        let length = text.get(charset..)?.iter().take(40).position(|&b| b == b'?' || b.is_ascii_whitespace())?;
        let encoding = charset + length;
        let data = encoding + 3;
        if length == 0 || !matches!(text.get(encoding..data)?, [b'?', b'B' | b'b' | b'Q' | b'q', b'?']) {
            return None;
        }
        if self.no_end_before > data {
            return None;
        }
        let limit = text.len().min(data + Self::LONGEST);
        let end = text.get(data..limit)?.windows(2).position(|w| w == b"?=");
        if end.is_none() {
            self.no_end_before = limit.saturating_sub(1);
        }
        Some(data + end? + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let text_bytes = text.as_bytes();
        tokens(text_bytes, Span::new(0, text.len())).iter().map(|t| &text[t.span.range()]).collect()
    }

    #[test]
    fn specials_stand_alone_and_enclosures_hold_together() {
        assert_eq!(
            cut(r#""a, \" b" (c (d)) <x.y@[192.0.2.1]>, G:;"#),
            [r#""a, \" b""#, "(c (d))", "<", "x.y", "@", "[192.0.2.1]", ">", ",", "G", ":", ";"]
        );
    }

    #[test]
    fn what_never_closes_is_an_ordinary_character() {
        assert_eq!(cut("(a \"b <c@d>"), ["(a", "\"b", "<", "c", "@", "d", ">"]);
        assert_eq!(cut("[a b] x"), ["[a", "b]", "x"]);
    }

    #[test]
    fn an_encoded_word_is_one_token_whatever_is_in_it() {
        assert_eq!(cut("=?utf-8?q?a, b@c?= <x@y>"), ["=?utf-8?q?a, b@c?=", "<", "x", "@", "y", ">"]);
        assert_eq!(cut("=?utf-8?x?a,b?="), ["=?utf-8?x?a", ",", "b?="]);
    }
}
