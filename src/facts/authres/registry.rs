//! The words of the IANA "Email Authentication Parameters" registry, and those that large
//! receivers write beside it.

use crate::facts::text::lower;
use std::borrow::Cow;

/// Methods and the results registered for them; an empty list takes any result.
const METHODS: &[(&str, &[&str])] = &[
    ("spf", &["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror", "policy"]),
    ("dkim", &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]),
    ("dmarc", &["none", "pass", "fail", "temperror", "permerror"]),
    ("arc", &["none", "pass", "fail"]),
    ("iprev", &["pass", "fail", "temperror", "permerror"]),
    ("auth", &["none", "pass", "fail", "temperror", "permerror"]),
    ("bimi", &["pass", "none", "fail", "temperror", "declined", "skipped"]),
    ("dnswl", &["pass", "none", "temperror", "permerror"]),
    ("smime", &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]),
    ("dkim-adsp", &[]),
    ("dkim-atps", &[]),
    ("domainkeys", &[]),
    ("rrvs", &[]),
    ("sender-id", &[]),
    ("vbr", &[]),
    // Microsoft, unregistered
    ("compauth", &[]),
];

/// Words before `=` that are never a method: Exchange Online's `action=none`, and the
/// `from=example.com` that Yahoo wrote for DomainKeys.
pub(super) fn is_bare_property(word: &[u8]) -> bool {
    [&b"action"[..], b"from"].iter().any(|p| word.eq_ignore_ascii_case(p))
}

/// The property types of RFC 8601 §2.3 and of the registry.
const PTYPES: &[&str] = &["smtp", "header", "body", "policy", "dns"];

/// Properties that nearly every field has.
const PROPERTIES: &[&str] = &["mailfrom", "helo", "from", "d", "i", "s", "b", "a"];

/// A method in lower case, as all words here.
pub(super) fn method(word: &[u8]) -> Cow<'static, str> {
    entry(word).map_or_else(|| lower(word).into(), |(name, _)| Cow::Borrowed(*name))
}

/// A result of this method.
pub(super) fn result(method: &str, word: &str) -> Cow<'static, str> {
    known(entry(method.as_bytes()).map_or(&[][..], |(_, all)| *all), word.as_bytes())
}

/// The type of a property.
pub(super) fn ptype(word: &[u8]) -> Cow<'static, str> {
    known(PTYPES, word)
}

/// A property without its type.
pub(super) fn property(word: &[u8]) -> Cow<'static, str> {
    known(PROPERTIES, word)
}

fn known(all: &[&'static str], word: &[u8]) -> Cow<'static, str> {
    let known = all.iter().find(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    known.map_or_else(|| lower(word).into(), |known| Cow::Borrowed(*known))
}

/// Is this method known? Methods beginning with `x-` are private by name.
pub(super) fn is_method(word: &[u8]) -> bool {
    entry(word).is_some() || word.get(..2).is_some_and(|x| x.eq_ignore_ascii_case(b"x-"))
}

/// May this method have this result? True for methods whose results nobody listed.
pub(super) fn is_result(method: &str, result: &str) -> bool {
    entry(method.as_bytes()).is_none_or(|(_, all)| all.is_empty() || all.contains(&result))
}

/// Would this method with this result be taken for a result, were it to follow another without `;`?
pub(super) fn begins_result(method: &[u8], result: &str) -> bool {
    entry(method).is_some_and(|(_, all)| all.is_empty() || all.iter().any(|r| r.eq_ignore_ascii_case(result)))
}

pub(super) fn is_ptype(word: &[u8]) -> bool {
    PTYPES.iter().any(|p| word.eq_ignore_ascii_case(p.as_bytes()))
}

fn entry(word: &[u8]) -> Option<&'static (&'static str, &'static [&'static str])> {
    METHODS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
}
