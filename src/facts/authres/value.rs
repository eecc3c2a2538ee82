//! One Authentication-Results value (RFC 8601 §2.2), with every real-world [`Departure`].

use super::encoded;
use super::lexer::Lexer;
use super::registry::{self, begins_result, is_bare_property, is_method, is_ptype, is_result};
use super::{AuthRes, Departure, MethodResult, Prop};
use crate::facts::text::lower;
use crate::span::{Span, Spanned};
use std::borrow::Cow;

/// Reads one value; `base` is added to every span. Cost is linear in the value's length.
pub fn read_value(value: &[u8], base: usize) -> AuthRes {
    match encoded::decode(value) {
        Some(decoded) => encoded::place(Reader::new(&decoded, 0).read(), value, base),
        None => Reader::new(value, base).read(),
    }
}

fn bit(departure: Departure) -> u32 {
    1 << departure as u32
}

/// What stands between two semicolons, so far.
#[derive(Default)]
struct Segment {
    has_item: bool,
    has_result: bool,
    /// The authserv-id stands in this segment.
    has_id: bool,
}

struct Reader<'a> {
    lex: Lexer<'a>,
    out: AuthRes,
    /// One bit for each [`Departure`].
    departures: u32,
    segment: Segment,
    semicolons: bool,
    /// Comments that wait for the result they belong to.
    pending: Vec<Spanned<String>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], base: usize) -> Self {
        Reader {
            lex: Lexer::new(text, base),
            out: AuthRes { span: Span::new(base, base + text.len()), ..AuthRes::default() },
            departures: 0,
            segment: Segment::default(),
            semicolons: false,
            pending: Vec::new(),
        }
    }

    fn read(mut self) -> AuthRes {
        loop {
            self.skip();
            self.take_comments();
            match self.lex.peek() {
                None => break,
                Some(b';') => {
                    self.lex.at += 1;
                    self.segment = Segment::default();
                    self.semicolons = true;
                    self.pending.clear();
                }
                Some(b'=') => {
                    self.lex.at += 1;
                    self.note(Departure::StrayWord);
                }
                Some(_) => {
                    self.item();
                    self.segment.has_item = true;
                }
            }
        }
        if self.semicolons && !self.segment.has_item {
            self.note(Departure::TrailingSemicolon);
        }
        if self.lex.unclosed_comment {
            self.note(Departure::UnclosedComment);
        }
        if self.lex.unclosed_quote {
            self.note(Departure::UnclosedQuote);
        }
        self.out.departures = Departure::ALL.into_iter().filter(|&d| self.departures & bit(d) != 0).collect();
        self.out
    }

    fn note(&mut self, departure: Departure) {
        self.departures |= bit(departure);
    }

    /// Blanks and comments; comments are kept for whom they concern.
    fn skip(&mut self) {
        loop {
            self.lex.skip_space();
            if self.lex.peek() != Some(b'(') {
                return;
            }
            if self.lex.touches() {
                self.note(Departure::NoSpaceBeforeComment);
            }
            let comment = self.lex.comment();
            self.pending.push(comment);
        }
    }

    /// Gives waiting comments to the result of this segment, if it has one.
    fn take_comments(&mut self) {
        if self.pending.is_empty() || !self.segment.has_result {
            return;
        }
        let end = self.lex.span(0, self.lex.at);
        if let Some(result) = self.out.results.last_mut() {
            let last = self.pending.last().map_or(result.span.end, |c| (c.span.end + 1).min(end.end));
            result.span.end = result.span.end.max(last);
            result.comments.append(&mut self.pending);
        }
    }

    /// A word, or `key=value`.
    fn item(&mut self) {
        let start = self.lex.at;
        if self.lex.peek() == Some(b'"') {
            let word = self.lex.value();
            return self.word(word.value.as_bytes(), word.span);
        }
        let mut key = Cow::Borrowed(self.lex.word());
        let mut end = self.lex.at;
        self.skip();
        // CFWS around `.` and `/` (RFC 8601 §2.2), believed only of words that have such a thing.
        while let Some(joined) = self.joins(&key) {
            self.lex.skip_space();
            key = Cow::Owned([&*key, joined, self.lex.word()].concat());
            end = self.lex.at;
            self.skip();
        }
        if self.lex.peek() == Some(b'=') {
            self.lex.at += 1;
            let key_span = self.lex.span(start, end);
            self.assignment(&key, key_span);
        } else {
            let span = self.lex.span(start, end);
            self.word(&key, span);
        }
    }

    /// The `.` or `/` at the cursor, where blanks cut a key in two; empty where the key itself ends in it.
    fn joins(&mut self, bytes: &[u8]) -> Option<&'static [u8]> {
        let next = self.lex.peek()?;
        let begins = !matches!(next, b';' | b'=' | b'"');
        match bytes.split_last() {
            Some((b'.', head)) if is_ptype(head) && begins => return Some(b""),
            Some((b'/', head)) if is_method(head) && begins => return Some(b""),
            _ => {}
        }
        let dot: &[u8] = match next {
            b'.' if is_ptype(bytes) => b".",
            b'/' if is_method(bytes) => b"/",
            _ => return None,
        };
        self.lex.at += 1;
        Some(dot)
    }

    /// A word that no `=` follows.
    fn word(&mut self, word: &[u8], span: Span) {
        let fresh = self.out.results.is_empty() && !self.out.none;
        let first = !self.segment.has_item;
        let number = || std::str::from_utf8(word).ok()?.parse::<u32>().ok();
        let nameless = self.out.authserv_id.is_none();
        if first && fresh && word.eq_ignore_ascii_case(b"none") {
            self.out.none = true;
            if nameless {
                self.note(Departure::NoAuthservId);
            }
        } else if first && fresh && nameless {
            self.out.authserv_id = Some(Spanned::new(lower(word), span));
            self.segment.has_id = true;
        } else if self.segment.has_id && self.out.version.is_none() && number().is_some() {
            self.out.version = number();
        } else if first
            && nameless
            && word.contains(&b'.')
            && self.departures & bit(Departure::AuthservIdInTheMiddle) == 0
        {
            self.note(Departure::AuthservIdInTheMiddle);
        } else {
            self.note(Departure::StrayWord);
        }
        self.take_comments();
    }

    /// `key=` was read; now its value and what it is.
    fn assignment(&mut self, key: &[u8], key_span: Span) {
        let equals = self.lex.at;
        let spaced = self.lex.skip_space();
        if self.lex.peek() == Some(b'(') {
            self.skip();
        }
        let value = match self.lex.peek() {
            None | Some(b';') => None,
            Some(_) if spaced && self.at_key() => None,
            Some(_) => Some(self.lex.value()),
        };
        let value = value.unwrap_or_else(|| Spanned::new(Cow::Borrowed(""), self.lex.span(equals, equals)));
        let whole = key_span.join(value.span);
        let in_front = self.out.authserv_id.is_none() && self.out.results.is_empty() && self.out.instance.is_none();
        if in_front && !self.segment.has_item && key.eq_ignore_ascii_case(b"i") {
            // ARC (RFC 8617 §4.1.1)
            if let Ok(instance) = value.value.parse() {
                self.out.instance = Some(instance);
                return;
            }
        }
        if self.begins_result(key, &value.value) {
            self.result(key, &value.value, whole);
        } else {
            self.property(key, key_span, value, whole);
        }
        self.take_comments();
    }

    /// After a blank that follows `=`: does another `key=` begin here? Then the value was empty.
    fn at_key(&self) -> bool {
        let mut ahead = Lexer::new(self.lex.text, 0);
        ahead.at = self.lex.at;
        let word = ahead.word();
        let dotted = word.iter().position(|&b| b == b'.').and_then(|n| word.get(..n)).is_some_and(is_ptype);
        ahead.peek() == Some(b'=') && (dotted || is_method(word))
    }

    fn begins_result(&mut self, key: &[u8], value: &str) -> bool {
        if key.contains(&b'.') || key.eq_ignore_ascii_case(b"reason") || key.is_empty() || is_bare_property(key) {
            return false;
        }
        if self.segment.has_result {
            let begins = begins_result(key, value);
            if begins {
                self.note(Departure::MissingSemicolon);
            }
            return begins;
        }
        if self.segment.has_id {
            self.note(Departure::MissingSemicolon);
        } else if self.out.authserv_id.is_none() && self.out.results.is_empty() {
            self.note(Departure::NoAuthservId);
        }
        true
    }

    fn result(&mut self, key: &[u8], value: &str, whole: Span) {
        let (name, version) = match key.iter().position(|&b| b == b'/') {
            Some(n) => {
                let (name, version) = key.split_at(n);
                (name, version.get(1..).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok()))
            }
            None => (key, None),
        };
        let method = registry::method(name);
        let result = registry::result(&method, value);
        if result.is_empty() {
            self.note(Departure::EmptyValue);
        } else if !is_method(name) {
            self.note(Departure::UnknownMethod);
        } else if !is_result(&method, &result) {
            self.note(Departure::UnregisteredResult);
        }
        self.segment.has_result = true;
        let result = MethodResult { method, version, result, head: whole, span: whole, ..MethodResult::default() };
        self.out.results.push(result);
    }

    fn property(&mut self, key: &[u8], key_span: Span, value: Spanned<Cow<str>>, whole: Span) {
        let Some(result) = self.out.results.last_mut() else {
            self.note(Departure::StrayWord);
            return;
        };
        result.span = result.span.join(whole);
        let mut departures = if self.segment.has_result { 0 } else { bit(Departure::PropertyInOwnSegment) };
        if value.value.is_empty() {
            departures |= bit(Departure::EmptyValue);
        }
        if key.eq_ignore_ascii_case(b"reason") && result.reason.is_none() {
            let quoted = self.lex.text.get(self.lex.at.wrapping_sub(1)) == Some(&b'"');
            if !quoted && !value.value.bytes().all(|b| b.is_ascii_digit()) {
                departures |= bit(Departure::UnquotedReason);
            }
            result.reason = Some(Spanned::new(value.value.into_owned(), value.span));
        } else {
            let (ptype, property) = match key.iter().position(|&b| b == b'.') {
                Some(n) => (registry::ptype(&key[..n]), registry::property(&key[n + 1..])),
                None => {
                    departures |= bit(Departure::BareProperty);
                    (Cow::Borrowed(""), registry::property(key))
                }
            };
            let span = Span { start: key_span.start, ..whole };
            let (value, value_span) = (value.value.into_owned(), value.span);
            result.props.push(Prop { ptype, property, value, span, value_span });
        }
        self.departures |= departures;
    }
}
