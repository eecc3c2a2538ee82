//! Words and comments of a Received value.

use crate::facts::address::comment_end;
use crate::span::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything up to a blank, parenthesis or semicolon; `<…>` holds together.
    Word,
    /// What is inside the parentheses.
    Comment,
    Semicolon,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// Cuts `text[span]`. A parenthesis that never closes is an ordinary character.
pub(super) fn tokens(text: &[u8], span: Span) -> Vec<Token> {
    let text = text.get(..span.end as usize).unwrap_or(text);
    let mut found = Vec::with_capacity(24);
    let mut no_comment = false;
    let mut at = span.start as usize;
    while let Some(&b) = text.get(at) {
        if b.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if b == b';' {
            found.push(Token { kind: Kind::Semicolon, span: Span::new(at, at + 1) });
            at += 1;
            continue;
        }
        if b == b'(' && !no_comment {
            if let Some(end) = comment_end(text, at) {
                found.push(Token { kind: Kind::Comment, span: Span::new(at + 1, end - 1) });
                at = end;
                continue;
            }
            no_comment = true;
        }
        let rest = text.get(at..).unwrap_or_default();
        let stop = |b: &u8| b.is_ascii_whitespace() || *b == b';' || (*b == b'(' && !no_comment);
        let length = rest.iter().skip(1).position(stop).map_or(rest.len(), |n| n + 1);
        found.push(Token { kind: Kind::Word, span: Span::new(at, at + length) });
        at += length;
    }
    found
}

/// The words inside a comment, nested parentheses and commas being blanks, with their span.
pub(super) fn comment_words(text: &[u8], comment: Span) -> impl Iterator<Item = (Span, &[u8])> {
    let start = comment.start as usize;
    let mut at = start;
    comment.of(text).split(|b| b.is_ascii_whitespace() || matches!(b, b'(' | b')' | b',')).filter_map(move |word| {
        let span = Span::new(at, at + word.len());
        at += word.len() + 1;
        (!word.is_empty()).then_some((span, word))
    })
}
