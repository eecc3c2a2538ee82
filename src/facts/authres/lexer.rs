//! Words, quoted strings and comments (RFC 5322 §3.2), by hand and over bytes.
//!
//! Every byte is looked at a bounded number of times, whatever stands in the value.

use crate::facts::address::comment_end;
use crate::facts::text::{lossy, lossy_owned};
use crate::span::{Span, Spanned};
use std::borrow::Cow;

pub(super) struct Lexer<'a> {
    pub text: &'a [u8],
    pub at: usize,
    /// Added to every span.
    base: usize,
    /// Met on the way: a comment, or a quoted string, without its end.
    pub unclosed_comment: bool,
    pub unclosed_quote: bool,
}

/// Blanks and the line ends of folds.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8], base: usize) -> Self {
        Lexer { text, at: 0, base, unclosed_comment: false, unclosed_quote: false }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn skip_space(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        self.at > start
    }

    /// Does the byte before the cursor touch what follows?
    pub fn touches(&self) -> bool {
        self.at.checked_sub(1).and_then(|n| self.text.get(n)).is_some_and(|&b| !is_space(b) && !b";=()".contains(&b))
    }

    pub fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start, self.base + end)
    }

    /// Bytes up to a blank, `;`, `(`, `"` or `=`.
    pub fn word(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(|b| !is_space(b) && !b";(\"=".contains(&b)) {
            self.at += 1;
        }
        self.slice(start, self.at)
    }

    /// A comment at `(`; nesting is counted. One that never ends is taken to end at the next
    /// `;`, so that the results after it are not lost; a second such takes all the rest.
    pub fn comment(&mut self) -> Spanned<String> {
        let open = self.at;
        let inner = open + 1;
        let (end, next) = match comment_end(self.text, open) {
            Some(next) => (next - 1, next),
            None => {
                let end = self.salvage(inner, self.unclosed_comment);
                self.unclosed_comment = true;
                (end, end)
            }
        };
        self.at = next;
        Spanned::new(unfold(self.slice(inner, end)), self.span(inner, end))
    }

    /// A value: atoms and quoted strings that touch, `=` and `@` and `/` included.
    pub fn value(&mut self) -> Spanned<Cow<'a, str>> {
        let start = self.at;
        while self.peek().is_some_and(|b| !is_space(b) && !b";(\"".contains(&b)) {
            self.at += 1;
        }
        if self.peek() != Some(b'"') {
            return Spanned::new(lossy(self.slice(start, self.at)), self.span(start, self.at));
        }
        let mut out = self.slice(start, self.at).to_vec();
        while let Some(b) = self.peek() {
            match b {
                b'"' => self.quoted(&mut out),
                b';' | b'(' => break,
                b if is_space(b) => break,
                b => {
                    out.push(b);
                    self.at += 1;
                }
            }
        }
        Spanned::new(lossy_owned(out).into(), self.span(start, self.at))
    }

    /// A quoted string at `"`, its text appended; line ends of folds are left out
    /// (RFC 5322 §3.2.4). One that never ends is cut as an endless comment is.
    fn quoted(&mut self, out: &mut Vec<u8>) {
        let (open, keep) = (self.at, out.len());
        self.at += 1;
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'"' => return,
                b'\\' => {
                    out.extend(self.peek());
                    self.at += 1;
                }
                b'\r' | b'\n' => {}
                b => out.push(b),
            }
        }
        let end = self.salvage(open + 1, self.unclosed_quote);
        self.unclosed_quote = true;
        out.truncate(keep);
        out.extend_from_slice(self.slice(open + 1, end));
        self.at = end;
    }

    /// Where something without an end is taken to end.
    fn salvage(&self, from: usize, again: bool) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        match rest.iter().position(|&b| b == b';') {
            Some(n) if !again => from + n,
            _ => self.text.len(),
        }
    }
}

/// Folds become one blank.
fn unfold(bytes: &[u8]) -> String {
    if memchr::memchr2(b'\r', b'\n', bytes).is_none() {
        return lossy(bytes).into_owned();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(n) = rest.iter().position(|&b| b == b'\r' || b == b'\n') {
        let (before, after) = rest.split_at(n);
        out.extend_from_slice(before.trim_ascii_end());
        out.push(b' ');
        rest = after.trim_ascii_start();
    }
    out.extend_from_slice(rest);
    lossy_owned(out)
}
