//! Who the client was: what it called itself, its address, and the name found for that.
//!
//! Every mail server writes this its own way; each way below has one named branch.

use super::Hop;
use super::lex::{Kind, Token, comment_words};
use crate::facts::address::normal_domain;
use crate::facts::text::{lossy, lower};
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// Reads the from-clause: its word (`tokens[from]`) and the comments that follow it.
pub(super) fn read(text: &[u8], tokens: &[Token], from: Option<usize>, hop: &mut Hop) {
    let Some(from) = from else { return };
    let Some(word) = tokens.get(from).map(|t| t.span) else { return };
    let comments = tokens.get(from + 1..).unwrap_or_default();
    let mut said = Said::default();
    for comment in comments.iter().take_while(|t| t.kind == Kind::Comment) {
        said.read(text, comment.span);
    }
    let literal = address(word, text);
    let named = literal.is_none().then(|| name(word, text));
    let exim = tokens.iter().any(|t| t.kind == Kind::Comment && t.span.of(text).starts_with(b"Exim"));
    let local = hop.with.as_ref().is_some_and(|w| w.value == "LOCAL");

    // `from name (HELO x) (ip)` of qmail and others, `from name ([ip] helo=x)` of Exim: the word
    // is the reverse name; Exim leaves `helo=` out where both are the same. `(HELO )`: an empty name.
    if said.helo.is_some() || said.no_helo {
        said.reverse = named;
        hop.helo = said.helo;
    } else if !local {
        hop.helo = Some(name(word, text));
        if exim && said.ip.is_some() && said.reverse.is_none() {
            said.reverse = named;
        }
    }
    hop.ip = said.ip.or_else(|| (!local).then_some(literal).flatten());
    match said.reverse {
        Some(reverse) if NO_NAME.contains(&reverse.value.as_str()) => hop.reverse_unknown = Some(reverse.span),
        reverse => hop.reverse_name = reverse.filter(|r| hop.ip.is_some() && parse_ip(r.value.as_bytes()).is_none()),
    }
}

/// What servers write in place of a reverse name: Postfix, qmail, OpenSMTPD, Haraka.
const NO_NAME: &[&str] = &["unknown", "<unknown>", "nxdomain", "dnserror", "no-reverse-dns"];

/// What the comments of a from-clause say.
#[derive(Default)]
struct Said {
    helo: Option<Spanned<String>>,
    reverse: Option<Spanned<String>>,
    ip: Option<Spanned<IpAddr>>,
    /// `(HELO )`: the word without a name.
    no_helo: bool,
}

impl Said {
    fn read(&mut self, text: &[u8], comment: Span) {
        let mut first = None;
        let mut helo_follows = false;
        for (n, (span, word)) in comment_words(text, comment).enumerate() {
            let lower = |prefix: &[u8]| word.len() > prefix.len() && word[..prefix.len()].eq_ignore_ascii_case(prefix);
            if helo_follows {
                self.helo.get_or_insert_with(|| name(span, text));
                helo_follows = false;
            } else if word.eq_ignore_ascii_case(b"HELO") || word.eq_ignore_ascii_case(b"EHLO") {
                helo_follows = true;
            } else if lower(b"helo=") || lower(b"ehlo=") {
                let value = Span { start: span.start + 5, end: span.end };
                self.helo.get_or_insert_with(|| name(value, text));
            } else if let Some(ip) = address(span, text) {
                if self.ip.is_none() {
                    self.ip = Some(ip);
                    self.reverse = first.take().map(|span| name(span, text));
                }
            } else if n == 0 && !word.contains(&b'=') && !word.starts_with(b"[") {
                // `(user@name [ip])`, `(IDENT:user@name [ip])` of Sendmail
                let skip = word.iter().rposition(|&b| b == b'@').map_or(0, |n| n + 1);
                first = Some(Span::new(span.start as usize + skip, span.end as usize));
            }
        }
        self.no_helo |= helo_follows;
    }
}

/// `envelope-from <a@b>`, `mailfrom:a@b` and `envelope-sender` inside a comment.
pub(super) fn envelope_from(text: &[u8], comment: Token, hop: &mut Hop) {
    let mut follows = false;
    for (span, word) in comment_words(text, comment.span) {
        let value = match word.strip_prefix(b"mailfrom:").or(word.strip_prefix(b"envelope-from=")) {
            Some(value) => Span::new(span.end as usize - value.len(), span.end as usize),
            None if follows => span,
            None => {
                follows = word.eq_ignore_ascii_case(b"envelope-from") || word.eq_ignore_ascii_case(b"envelope-sender");
                continue;
            }
        };
        let inner = unbracket(value, text);
        hop.envelope_from.get_or_insert_with(|| Spanned::new(lossy(inner.of(text)).into_owned(), inner));
        return;
    }
}

/// A host name: lower case, A-labels (RFC 5890), without a trailing dot. qmail and Gmail write the brackets of a
/// literal as question marks: `?192.0.2.1?`.
pub(super) fn name(span: Span, text: &[u8]) -> Spanned<String> {
    let word = span.of(text);
    let a_labels = if word.is_ascii() { None } else { normal_domain(word) };
    let mut value = a_labels.unwrap_or_else(|| lower(word));
    if value.ends_with('.') {
        value.pop();
    }
    if let Some(literal) = value.strip_prefix('?').and_then(|n| n.strip_suffix('?')) {
        value = format!("[{literal}]");
    }
    Spanned::new(value, span)
}

/// A path without its angle brackets.
pub(super) fn unbracket(span: Span, text: &[u8]) -> Span {
    match span.of(text) {
        [b'<', .., b'>'] => Span { start: span.start + 1, end: span.end - 1 },
        _ => span,
    }
}

/// An address in any of the ways servers write one: `[192.0.2.1]`, `[IPv6:2001:db8::1]`,
/// `[192.0.2.1]:25`, `192.0.2.1`, `/192.0.2.1`, `user@192.0.2.1`, `[fe80::1%13]`, `?192.0.2.1?`.
fn address(span: Span, text: &[u8]) -> Option<Spanned<IpAddr>> {
    let word = span.of(text);
    let (skip, inner) = match word.iter().position(|&b| b == b'[') {
        Some(open) if open == 0 || word[open - 1] == b'@' => {
            let rest = &word[open + 1..];
            let close = rest.iter().position(|&b| b == b']')?;
            let port = rest[close + 1..].iter().all(|b| b.is_ascii_digit() || *b == b':');
            (open + 1, port.then(|| &rest[..close])?)
        }
        _ => {
            let skip = word.iter().rposition(|b| matches!(b, b'@' | b'/')).map_or(0, |n| n + 1);
            let inner = &word[skip..];
            match inner {
                [b'?', literal @ .., b'?'] => (skip + 1, literal),
                _ => (skip, inner),
            }
        }
    };
    let start = span.start as usize + skip;
    Some(Spanned::new(parse_ip(inner)?, Span::new(start, start + inner.len())))
}

/// An address without brackets; an `IPv6:` tag and a zone are dropped.
fn parse_ip(word: &[u8]) -> Option<IpAddr> {
    let word = std::str::from_utf8(word).ok()?;
    let tagged = word.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    let word = tagged.map_or(word, |_| &word[5..]);
    let word = word.split('%').next()?;
    // Most words are names; the parser is slow to see that.
    if !word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':') {
        return None;
    }
    let ip: IpAddr = word.parse().ok()?;
    // A dual-stack server's `::ffff:192.0.2.1` is IPv4 (RFC 4291 §2.5.5.2).
    Some(ip.to_canonical())
}
