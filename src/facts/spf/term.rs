//! One term, strictly (RFC 7208 §4.6.1, §5, §6).

use super::domain_spec::{self, Place};
use super::fault::{FaultKind, Flaw};
use super::record::{Directive, Mechanism, Prefix, Qualifier, TermKind};
use crate::span::Span;

/// Parses the term under `span`, which is not empty.
pub fn parse(text: &[u8], span: Span) -> Result<TermKind, Flaw> {
    let term = span.of(text);
    let start = span.start as usize;
    if let Some(length) = modifier_name(term) {
        let name = Span::new(start, start + length);
        let value = Span::new(start + length + 1, span.end as usize);
        let word = name.of(text);
        return if word.eq_ignore_ascii_case(b"redirect") {
            domain_spec::parse(text, value).map(TermKind::Redirect)
        } else if word.eq_ignore_ascii_case(b"exp") {
            domain_spec::parse(text, value).map(TermKind::Exp)
        } else {
            domain_spec::parts(text, value, Place::Modifier).map(|_| TermKind::Modifier { name, value })
        };
    }
    let qualifier = term.first().copied().and_then(Qualifier::of);
    let from = start + usize::from(qualifier.is_some());
    let rest = Span::new(from, span.end as usize);
    let length = rest.of(text).iter().position(|&b| b == b':' || b == b'/').unwrap_or(rest.len());
    let name = Span::new(from, from + length);
    let value = Span::new(from + length, span.end as usize);
    let mechanism = mechanism(text, name, value)?;
    Ok(TermKind::Directive(Directive {
        qualifier: qualifier.unwrap_or(Qualifier::Pass),
        qualifier_span: qualifier.map(|_| Span::new(start, start + 1)),
        name,
        mechanism,
    }))
}

/// The length of a modifier's name: letters, then `=`.
fn modifier_name(term: &[u8]) -> Option<usize> {
    let length = term.iter().position(|&b| !(b.is_ascii_alphanumeric() || b"-_.".contains(&b))).unwrap_or(term.len());
    let starts = term.first().is_some_and(u8::is_ascii_alphabetic);
    (starts && term.get(length) == Some(&b'=')).then_some(length)
}

/// `value` is what follows the name, `:` or `/` included.
fn mechanism(text: &[u8], name: Span, value: Span) -> Result<Mechanism, Flaw> {
    let argument = match value.of(text).first() {
        Some(b':') => Some(Span::new(value.start as usize + 1, value.end as usize)),
        _ => None,
    };
    let required = || match argument {
        Some(argument) => Ok(argument),
        None if value.is_empty() => Err(Flaw::new(FaultKind::MissingValue, value)),
        None => Err(Flaw::new(FaultKind::UnexpectedValue, value)),
    };
    const NAMES: [&str; 8] = ["all", "include", "exists", "ptr", "ip4", "ip6", "a", "mx"];
    let known = NAMES.into_iter().find(|known| name.of(text).eq_ignore_ascii_case(known.as_bytes()));
    match known.unwrap_or_default() {
        "all" if value.is_empty() => Ok(Mechanism::All),
        "all" => Err(Flaw::new(FaultKind::UnexpectedValue, value)),
        "include" => domain_spec::parse(text, required()?).map(Mechanism::Include),
        "exists" => domain_spec::parse(text, required()?).map(Mechanism::Exists),
        "ptr" if value.is_empty() => Ok(Mechanism::Ptr(None)),
        "ptr" => domain_spec::parse(text, required()?).map(|d| Mechanism::Ptr(Some(d))),
        "ip4" => {
            let (network, prefix) = network(text, required()?, 32)?;
            Ok(Mechanism::Ip4 { network, prefix })
        }
        "ip6" => {
            let (network, prefix) = network(text, required()?, 128)?;
            Ok(Mechanism::Ip6 { network, prefix })
        }
        "a" => host(text, value, argument).map(|(domain, prefix)| Mechanism::A { domain, prefix }),
        "mx" => host(text, value, argument).map(|(domain, prefix)| Mechanism::Mx { domain, prefix }),
        _ => Err(Flaw::new(FaultKind::UnknownMechanism, name)),
    }
}

/// `[ ":" domain-spec ] [ dual-cidr-length ]`
fn host(text: &[u8], value: Span, argument: Option<Span>) -> Result<(Option<domain_spec::DomainSpec>, Prefix), Flaw> {
    let whole = argument.unwrap_or(value);
    let (length, v4, v6) = dual_cidr(whole.of(text));
    let lengths = Span::new(whole.start as usize + length, whole.end as usize);
    let bad = || Flaw::new(FaultKind::BadPrefix, lengths);
    let default = Prefix::default();
    let prefix = Prefix {
        v4: v4.map_or(Some(default.v4), |d| prefix(d, 32)).ok_or_else(bad)?,
        v6: v6.map_or(Some(default.v6), |d| prefix(d, 128)).ok_or_else(bad)?,
    };
    let domain = Span::new(whole.start as usize, lengths.start as usize);
    match argument {
        Some(_) => Ok((Some(domain_spec::parse(text, domain)?), prefix)),
        None if domain.is_empty() => Ok((None, prefix)),
        None => Err(Flaw::new(FaultKind::BadPrefix, value)),
    }
}

/// Splits `[ "/" digits ] [ "//" digits ]` off the end: the length of what stands before, and
/// the two numbers. A name may hold slashes of its own, but not end in `/digits`.
fn dual_cidr(value: &[u8]) -> (usize, Option<&[u8]>, Option<&[u8]>) {
    let number = |s: &[u8]| -> Option<usize> {
        let digits = s.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let slash = s.len().checked_sub(digits + 1)?;
        (digits > 0 && s.get(slash) == Some(&b'/')).then_some(slash)
    };
    let mut rest = value;
    let mut v6 = None;
    if let Some(slash) = number(rest)
        && slash > 0
        && rest.get(slash - 1) == Some(&b'/')
    {
        v6 = rest.get(slash + 1..);
        rest = rest.get(..slash - 1).unwrap_or_default();
    }
    let mut v4 = None;
    if let Some(slash) = number(rest) {
        v4 = rest.get(slash + 1..);
        rest = rest.get(..slash).unwrap_or_default();
    }
    (rest.len(), v4, v6)
}

/// A prefix length without leading zeros (RFC 7208 §5.6).
pub fn prefix(digits: &[u8], max: u8) -> Option<u8> {
    if digits.len() > 3 || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|&n| n <= max && !digits.is_empty())
}

/// An address and its prefix length.
fn network<A: std::str::FromStr>(text: &[u8], span: Span, max: u8) -> Result<(A, u8), Flaw> {
    if span.is_empty() {
        return Err(Flaw::new(FaultKind::MissingValue, span));
    }
    let value = span.of(text);
    let (length, bits) = match value.iter().position(|&b| b == b'/') {
        Some(slash) => {
            let at = span.start as usize + slash;
            let digits = value.get(slash + 1..).unwrap_or_default();
            let all_digits = digits.iter().all(u8::is_ascii_digit);
            let bits = all_digits.then(|| prefix(digits, max)).flatten();
            (slash, bits.ok_or_else(|| Flaw::new(FaultKind::BadPrefix, Span::new(at, span.end as usize))))
        }
        None => (value.len(), Ok(max)),
    };
    let address = value.get(..length).and_then(|a| std::str::from_utf8(a).ok()).and_then(|a| a.parse().ok());
    match address {
        Some(address) => Ok((address, bits?)),
        None => {
            let at = span.start as usize;
            Err(Flaw::new(FaultKind::BadAddress, Span::new(at, at + length)))
        }
    }
}
