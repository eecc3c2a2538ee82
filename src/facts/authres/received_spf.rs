//! Received-SPF (RFC 7208 §9.1) and the shapes of Google, Microsoft, Exim and policyd-spf.

use super::lexer::Lexer;
use super::{ReceivedSpf, comment};
use crate::facts::header::Header;
use crate::facts::text::lower;
use crate::span::{Span, Spanned};
use std::borrow::Cow;

/// Every Received-SPF field, top to bottom.
pub fn received_spf(header: &Header, text: &[u8]) -> Vec<ReceivedSpf> {
    header
        .all(text, "Received-SPF")
        .map(|(field, f)| ReceivedSpf { field, ..read(f.value.of(text), f.value.start as usize) })
        .collect()
}

/// `result (comment) key=value; key=value`.
fn read(value: &[u8], base: usize) -> ReceivedSpf {
    let mut lex = Lexer::new(value, base);
    let mut out = ReceivedSpf { span: Span::new(base, base + value.len()), ..ReceivedSpf::default() };
    while let Some(b) = lex.peek() {
        match b {
            b'(' => {
                let comment = lex.comment();
                out.comment.get_or_insert(comment);
            }
            b'"' => drop(lex.value()),
            b if b.is_ascii_whitespace() || b";=".contains(&b) => lex.at += 1,
            _ => {
                let start = lex.at;
                let word = lex.word();
                let span = lex.span(start, lex.at);
                if lex.peek() == Some(b'=') {
                    lex.at += 1;
                    lex.skip_space();
                    let value = lex.value();
                    assign(&mut out, word, value);
                } else if out.result.is_empty() {
                    out.result = lower(word);
                    out.result_span = span;
                }
            }
        }
    }
    // Yahoo and Google's older form name the client in the comment only.
    if out.client_ip.is_none() {
        out.client_ip = out.comment.as_ref().and_then(comment::address);
    }
    out
}

/// The keys of RFC 7208 §9.1; a key that is given twice counts once.
fn assign(out: &mut ReceivedSpf, key: &[u8], value: Spanned<Cow<str>>) {
    if key.eq_ignore_ascii_case(b"client-ip") {
        let ip = value.value.strip_prefix("IPv6:").unwrap_or(&value.value).parse().ok();
        out.client_ip = out.client_ip.take().or(ip.map(|ip| Spanned::new(ip, value.span)));
        return;
    }
    let slots = [
        ("envelope-from", &mut out.envelope_from),
        ("helo", &mut out.helo),
        ("receiver", &mut out.receiver),
        ("identity", &mut out.identity),
    ];
    if let Some((_, slot)) = slots.into_iter().find(|(name, _)| key.eq_ignore_ascii_case(name.as_bytes())) {
        slot.get_or_insert_with(|| Spanned::new(value.value.into_owned(), value.span));
    }
}
