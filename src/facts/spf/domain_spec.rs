//! `domain-spec` and `macro-string` (RFC 7208 §7.1).

use super::fault::{FaultKind, Flaw};
use crate::span::Span;

/// A name with macros, not yet expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSpec {
    pub span: Span,
    pub parts: Vec<Part>,
}

/// A piece of a macro-string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Literal(Span),
    Macro(Macro),
    /// `%%`, `%_` and `%-`: what they stand for.
    Escape(&'static str),
}

/// `%{letter digits r delimiters}`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Macro {
    /// Lower case.
    pub letter: u8,
    /// Written in upper case: the value is URL-escaped.
    pub escape: bool,
    /// How many right-hand parts are kept.
    pub keep: Option<u32>,
    pub reverse: bool,
    /// Empty means `.`
    pub delimiters: Span,
}

/// What a macro-string may hold beyond the letters of a domain-spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A name to be asked for.
    Name,
    /// The value of a modifier nobody knows.
    Modifier,
    /// The text of an explanation: blanks are allowed (RFC 7208 §6.2).
    Explanation,
}

/// Reads a domain-spec (RFC 7208 §7.1).
pub fn parse(text: &[u8], span: Span) -> Result<DomainSpec, Flaw> {
    if span.is_empty() {
        return Err(Flaw::new(FaultKind::MissingValue, span));
    }
    let parts = parts(text, span, Place::Name)?;
    match parts.last() {
        Some(Part::Literal(literal)) if !ends_in_toplabel(literal.of(text)) => Err(Flaw::new(FaultKind::BadName, span)),
        _ => Ok(DomainSpec { span, parts }),
    }
}

/// Splits a macro-string into its pieces.
pub fn parts(text: &[u8], span: Span, place: Place) -> Result<Vec<Part>, Flaw> {
    let (mut at, end) = (span.start as usize, span.end as usize);
    let mut parts = Vec::new();
    while at < end {
        let rest = text.get(at..end).unwrap_or_default();
        if rest.first() != Some(&b'%') {
            let length = rest.iter().position(|&b| b == b'%').unwrap_or(rest.len());
            let literal = Span::new(at, at + length);
            check_literal(text, literal, place)?;
            parts.push(Part::Literal(literal));
            at += length;
            continue;
        }
        let (part, length) = match rest.get(1) {
            Some(b'%') => (Part::Escape("%"), 2),
            Some(b'_') => (Part::Escape(" "), 2),
            Some(b'-') => (Part::Escape("%20"), 2),
            Some(b'{') => expand(text, Span::new(at, end), place)?,
            _ => return Err(Flaw::new(FaultKind::BadMacro, Span::new(at, (at + 2).min(end)))),
        };
        parts.push(part);
        at += length;
    }
    Ok(parts)
}

/// `%{…}` at the start of `span`, and its length.
fn expand(text: &[u8], span: Span, place: Place) -> Result<(Part, usize), Flaw> {
    let all = span.of(text);
    let start = span.start as usize;
    // The longest sensible macro is short: an unclosed one must not be searched to the end each time.
    let close = all.iter().take(64).position(|&b| b == b'}');
    let bad = |length: usize| Flaw::new(FaultKind::BadMacro, Span::new(start, start + length.min(all.len())));
    let close = close.ok_or_else(|| bad(64))?;
    let inside = all.get(2..close).unwrap_or_default();
    let (&letter, rest) = inside.split_first().ok_or_else(|| bad(close + 1))?;
    let lower = letter.to_ascii_lowercase();
    // c, r and t are for explanations only (RFC 7208 §7.2).
    let known = b"slodiphv".contains(&lower) || (b"crt".contains(&lower) && place != Place::Name);
    if !known {
        return Err(bad(close + 1));
    }
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = rest.split_at(digits);
    let number = number.iter().fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')));
    // A number must not be zero (RFC 7208 §7.3).
    if digits > 0 && number == 0 {
        return Err(bad(close + 1));
    }
    let reverse = matches!(rest.first(), Some(b'r' | b'R'));
    let delimiters = rest.get(usize::from(reverse)..).unwrap_or_default();
    if !delimiters.iter().all(|b| b".-+,/_=".contains(b)) {
        return Err(bad(close + 1));
    }
    let part = Part::Macro(Macro {
        letter: lower,
        escape: letter.is_ascii_uppercase(),
        keep: (digits > 0).then_some(number),
        reverse,
        delimiters: Span::new(start + close - delimiters.len(), start + close),
    });
    Ok((part, close + 1))
}

/// Visible ASCII only.
fn check_literal(text: &[u8], span: Span, place: Place) -> Result<(), Flaw> {
    let blank = place == Place::Explanation;
    match span.of(text).iter().position(|&b| !(b.is_ascii_graphic() || (blank && b == b' '))) {
        None => Ok(()),
        Some(n) => {
            let at = span.start as usize + n;
            Err(Flaw::new(FaultKind::NotAscii, Span::new(at, at + 1)))
        }
    }
}

/// `"." toplabel [ "." ]`
fn ends_in_toplabel(literal: &[u8]) -> bool {
    let literal = literal.strip_suffix(b".").unwrap_or(literal);
    let Some(dot) = literal.iter().rposition(|&b| b == b'.') else { return false };
    let label = literal.get(dot + 1..).unwrap_or_default();
    let (Some(first), Some(last)) = (label.first(), label.last()) else { return false };
    first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && label.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.iter().all(u8::is_ascii_digit)
}
