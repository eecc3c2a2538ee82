//! What a broken term was probably meant to be. Every suggestion is itself sound SPF, or a
//! sound beginning that waits for its value (`ip4:`).

use super::fault::glued_all;
use super::term;
use crate::span::Span;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What to write instead; `None` where nothing sound comes to mind, or nothing would change.
pub(super) fn repair(raw: &str) -> Option<String> {
    let plain = as_typed(raw);
    let mut terms: Vec<String> = Vec::new();
    for piece in plain.split([' ', ',', ';']).filter(|p| !p.is_empty()) {
        terms.push(one(piece).or_else(|| listed(&terms, piece))?);
    }
    let repaired = terms.join(" ");
    (repaired != raw).then_some(repaired)
}

/// The text as it would have been typed: no HTML entities, typographic characters or quotation marks.
pub fn as_typed(raw: &str) -> String {
    unescaped(raw)
        .chars()
        .filter_map(|c| match c {
            '"' | '\'' | '\\' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '′' | '″' => None,
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => None,
            '\t' | '\r' | '\n' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => Some(' '),
            '‐' | '‑' | '‒' | '–' | '—' | '−' => Some('-'),
            '：' => Some(':'),
            '∼' | '˜' | '～' => Some('~'),
            c => Some(c),
        })
        .collect()
}

/// HTML entities as a web form should have sent them.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let entities = [
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&#xa0;", " "),
        ("&#32;", " "),
        ("&#x20;", " "),
        ("&quot;", ""),
        ("&#34;", ""),
        ("&#39;", ""),
        ("&apos;", ""),
        ("&lt;", ""),
        ("&gt;", ""),
        ("&amp;", "&"),
    ];
    let replaced = entities.iter().fold(raw.to_owned(), |text, (entity, meant)| text.replace(entity, meant));
    Cow::Owned(replaced)
}

/// Where another term begins inside this one, its qualifier included: `ip4:192.0.2.1include:a.example`.
pub(super) fn glued_term(term: &str) -> Option<usize> {
    const WORDS: [&str; 5] = ["include:", "ip4:", "ip6:", "exists:", "redirect="];
    let bytes = term.as_bytes();
    let ends = |(end, _): (usize, &u8)| {
        let start = |w: &&str| (end + 1).checked_sub(w.len()).filter(|&start| start > 0);
        let word = |w: &&str| start(w).filter(|&start| bytes[start..=end].eq_ignore_ascii_case(w.as_bytes()));
        WORDS.iter().find_map(word)
    };
    let at = bytes.iter().enumerate().filter(|(_, b)| matches!(b, b':' | b'=')).find_map(ends)?;
    let signed = term.as_bytes().get(at - 1).is_some_and(|b| b"+-~?".contains(b));
    // A lone sign in front is this term's own.
    let at = at - usize::from(signed);
    (at > 0).then_some(at)
}

fn sound(term: &str) -> bool {
    term::parse(term.as_bytes(), Span::new(0, term.len())).is_ok()
}

/// One term; `None` where nothing sound comes to mind.
fn one(piece: &str) -> Option<String> {
    if let Some(at) = glued_all(piece.as_bytes()) {
        let (before, all) = piece.split_at_checked(at)?;
        return Some(format!("{} {}", one(before)?, all.to_ascii_lowercase()));
    }
    if let Some(at) = glued_term(piece) {
        let (before, after) = piece.split_at_checked(at)?;
        return Some(format!("{} {}", one(before)?, one(after)?));
    }
    if sound(piece) && !piece.contains("://") && !piece.contains('@') && !piece.contains("..") {
        return Some(piece.to_owned());
    }
    let (sign, body) = match piece.strip_prefix(['+', '-', '~', '?']) {
        Some(body) => (&piece[..1], body),
        None => ("", piece),
    };
    let candidate = |term: String| sound(&term).then_some(format!("{sign}{term}"));
    if let Some(term) = address(body) {
        return candidate(term);
    }
    let body = body.trim_end_matches(['.', ':', ';']);
    if body.eq_ignore_ascii_case("all") {
        return candidate("all".to_owned());
    }
    let whole = piece.strip_prefix(['+', '-', '~', '?']).unwrap_or(piece);
    let (name, value) = whole.split_once([':', '=']).unwrap_or((whole, ""));
    let name = name.to_ascii_lowercase();
    let name = match &name[..] {
        "ip" | "ipv4" | "ip4v" | "ipv" | "ip4s" | "ipv6" | "ip6v" | "ip4" | "ip6" | "ip-4" | "ip-6" => {
            return addresses(sign, &name, value);
        }
        "inlcude" | "inclde" | "includ" | "includes" | "inculde" | "incldue" | "inclue" | "icnlude" | "include" => {
            "include"
        }
        // A modifier takes no qualifier.
        "redirect" | "exp" => return Some(format!("{name}={}", host(value)?)).filter(|t| sound(t)),
        "exist" | "exists" => "exists",
        "mx" | "mxs" => "mx",
        "a" | "aaaa" => "a",
        "ptr" => "ptr",
        _ => return None,
    };
    if let Some(term) = address(value) {
        return candidate(term);
    }
    candidate(format!("{name}:{}", host(value)?))
}

/// `ip:192.0.2.1`, `ip4:2001:db8::1`, `ip:`; a host name becomes `a:`.
fn addresses(sign: &str, name: &str, value: &str) -> Option<String> {
    if value.is_empty() {
        let right = if name.contains('6') { "ip6:" } else { "ip4:" };
        return Some(format!("{sign}{right}"));
    }
    if let Some(term) = address(value) {
        return Some(format!("{sign}{term}"));
    }
    // `ip4:A.B.C.D` of a manual: only the owner knows.
    let labels: Vec<&str> = value.split('.').collect();
    if labels.len() == 4
        && labels.iter().all(|l| (1..=3).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        return Some(format!("{sign}ip4:"));
    }
    let named = format!("{sign}a:{}", host(value)?);
    sound(&named).then_some(named)
}

/// A name without what surrounds it in a URL or an address.
fn host(value: &str) -> Option<String> {
    let value = value.split_once("://").map_or(value, |(_, rest)| rest);
    let value = value.rsplit_once('@').map_or(value, |(_, rest)| rest);
    let value = value.trim_matches(['.', '/', '<', '>', '(', ')']);
    let labels: Vec<&str> = value.split('.').filter(|l| !l.is_empty()).collect();
    (!labels.is_empty()).then(|| labels.join("."))
}

/// A bare address, with or without prefix length or netmask, as the term it should be.
fn address(value: &str) -> Option<String> {
    let (network, length) = match value.split_once('/') {
        Some((network, length)) => (network, Some(length)),
        None => (value, None),
    };
    let network = network.trim_matches(['[', ']', '<', '>', '(', ')', '.']);
    // `192.0.2.*`, `192.0.2.x`
    if let Some(octets) = network.strip_suffix(".*").or_else(|| network.strip_suffix(".x"))
        && length.is_none()
        && format!("{octets}.0").parse::<Ipv4Addr>().is_ok()
    {
        return Some(format!("ip4:{octets}.0/24"));
    }
    let length = length.filter(|l| !l.is_empty());
    let v4 = network.parse::<Ipv4Addr>();
    let v6 = network.parse::<Ipv6Addr>();
    let (name, max) = match (&v4, &v6) {
        (Ok(_), _) => ("ip4", 32),
        (_, Ok(_)) => ("ip6", 128),
        _ => return None,
    };
    let Some(length) = length else { return Some(format!("{name}:{network}")) };
    let bits = match length.parse::<Ipv4Addr>() {
        // 255.255.255.0
        Ok(mask) if v4.is_ok() => {
            let mask = u32::from(mask);
            (mask.leading_ones() == mask.count_ones()).then_some(mask.leading_ones() as u8)?
        }
        _ => length.trim_start_matches('0').parse::<u8>().ok().filter(|&n| n <= max)?,
    };
    Some(format!("{name}:{network}/{bits}"))
}

/// `ip4:192.0.2.1,192.0.2.2` and `include:a.example,b.example`: what follows a comma is more of the same.
fn listed(before: &[String], piece: &str) -> Option<String> {
    let name = before.last()?.split_once(':')?.0;
    let term = format!("{name}:{piece}");
    sound(&term).then_some(term)
}
