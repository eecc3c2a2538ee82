//! A domain, an address, or what contains one: a URL, a mail address, `host:port`.

use super::Guess;
use crate::evidence::input::InputKind;
use crate::evidence::lines::{lines, visible};
use crate::rules::Confidence;
use std::net::IpAddr;

/// What one word names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::evidence) enum Host {
    /// Lower-case A-labels without a trailing dot.
    Domain(String),
    Ip(IpAddr),
}

/// More than a URL a person would paste.
const LONGEST: usize = 2048;

/// Can it be one word, as far as its length tells? A defanged one takes up to eight bytes for one.
pub(super) fn may_be(text: &[u8]) -> bool {
    text.len() <= 8 * LONGEST && lines(visible(text).trim_ascii(), 0).take(2).count() == 1
}

pub(super) fn guess(text: &[u8]) -> Option<Guess> {
    let (host, bare) = read(text)?;
    let domain = match host {
        Host::Ip(_) => return Some(Guess::new(InputKind::Ip, Confidence::Certain, "an IP address and nothing else")),
        Host::Domain(domain) => domain,
    };
    let listed = psl::suffix(domain.as_bytes()).is_some_and(|s| s.is_known());
    let (sure, because) = match (bare, listed) {
        (true, true) => (Confidence::Certain, "one name that ends in a public suffix".to_owned()),
        (true, false) => (Confidence::Likely, "one word that has the form of a domain".to_owned()),
        (false, _) => (Confidence::Likely, format!("one link or address, whose host is {domain}")),
    };
    Some(Guess::new(InputKind::Domain, sure, because))
}

/// The host that the text, one word, names.
pub(in crate::evidence) fn host(text: &[u8]) -> Option<Host> {
    read(text).map(|(host, _)| host)
}

/// The host, and whether it stood alone.
fn read(text: &[u8]) -> Option<(Host, bool)> {
    if text.len() > LONGEST {
        return None;
    }
    let visible = visible(text);
    let word = std::str::from_utf8(&visible).ok()?.trim();
    let word = word.trim_matches(['<', '>', '"', '\'', '`']).trim_end_matches([',', ';']);
    if word.is_empty() || word.contains(char::is_whitespace) {
        return None;
    }
    if let Some(ip) = ip(word) {
        return Some((Host::Ip(ip), true));
    }
    if let Some(domain) = domain(word) {
        return Some((Host::Domain(domain), true));
    }
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => (true, rest),
        Some(_) => return None,
        None => (false, word.strip_prefix("mailto:").unwrap_or(word)),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // `192.0.2.0/24` is a network, no address.
    let network = !scheme && authority.len() < rest.len();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) && !host.contains(':') => {
            host
        }
        Some((host, port)) if host.ends_with(']') && port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => host,
    };
    match ip(host) {
        Some(_) if network => None,
        Some(ip) => Some((Host::Ip(ip), false)),
        None => domain(host).map(|domain| (Host::Domain(domain), false)),
    }
}

/// An address, also as a literal (RFC 5321 §4.1.3).
fn ip(word: &str) -> Option<IpAddr> {
    let word = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
    let bare = match word.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => &word[5..],
        _ => word,
    };
    bare.parse().ok()
}

/// At least two labels of what host and policy names are made of.
fn domain(word: &str) -> Option<String> {
    let word = word.strip_suffix('.').unwrap_or(word);
    let name = idna::domain_to_ascii(word).ok()?;
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let top = name.rsplit('.').next()?;
    let fits = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
    (fits && !top.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}
