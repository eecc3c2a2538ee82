//! Macro expansion (RFC 7208 §7.2 to §7.4).

use super::domain_spec::{Macro, Part};
use std::borrow::Cow;
use std::net::IpAddr;

/// What macros stand for in one record.
#[derive(Clone, Copy, Debug)]
pub struct Values<'v> {
    pub ip: IpAddr,
    /// Local part of `<sender>`.
    pub local: &'v str,
    /// Domain of `<sender>`.
    pub sender_domain: &'v str,
    /// `<domain>`: of the record that is being evaluated.
    pub domain: &'v str,
    pub helo: &'v str,
    /// `%{p}`: the validated name, or `unknown`.
    pub validated: &'v str,
    /// `%{t}`, seconds since 1970.
    pub now: i64,
}

/// Longest explanation, bytes.
const EXPLANATION: usize = 4096;
/// Longest name in presentation form (RFC 1035 §3.1).
const NAME: usize = 253;

impl Values<'_> {
    fn raw(&self, letter: u8) -> Cow<'_, str> {
        match letter {
            b's' => Cow::Owned(format!("{}@{}", self.local, self.sender_domain)),
            b'l' => Cow::Borrowed(self.local),
            b'o' => Cow::Borrowed(self.sender_domain),
            b'd' => Cow::Borrowed(self.domain),
            b'i' => Cow::Owned(dotted(self.ip)),
            b'p' => Cow::Borrowed(self.validated),
            b'v' => Cow::Borrowed(if self.ip.is_ipv4() { "in-addr" } else { "ip6" }),
            b'h' => Cow::Borrowed(self.helo),
            b'c' => Cow::Owned(self.ip.to_string()),
            b't' => Cow::Owned(self.now.to_string()),
            // `r`: the receiving host, which the text does not tell (RFC 7208 §7.3).
            _ => Cow::Borrowed("unknown"),
        }
    }

    /// One macro, transformed (RFC 7208 §7.3).
    fn value(&self, m: &Macro, text: &[u8]) -> String {
        let raw = self.raw(m.letter);
        let delimiters = m.delimiters.of(text);
        let splits = |c: char| {
            let byte = u8::try_from(c).unwrap_or(0);
            if delimiters.is_empty() { byte == b'.' } else { delimiters.contains(&byte) }
        };
        let value = if m.keep.is_none() && !m.reverse && delimiters.is_empty() {
            raw.into_owned()
        } else {
            let mut parts: Vec<&str> = raw.split(splits).collect();
            if m.reverse {
                parts.reverse();
            }
            let keep = m.keep.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
            let from = parts.len().saturating_sub(keep);
            parts.get(from..).unwrap_or_default().join(".")
        };
        if m.escape { url_escaped(&value) } else { value }
    }

    fn part<'t>(&self, part: &Part, text: &'t [u8]) -> Cow<'t, str> {
        match part {
            Part::Literal(span) => String::from_utf8_lossy(span.of(text)),
            Part::Macro(m) => Cow::Owned(self.value(m, text)),
            Part::Escape(s) => Cow::Borrowed(s),
        }
    }

    /// The target-name of a domain-spec, in lower case and without a final dot; `None` where
    /// no DNS question can be made of it.
    pub fn name(&self, parts: &[Part], text: &[u8]) -> Option<String> {
        // From the right: only the last 253 characters count (RFC 7208 §7.3).
        let mut pieces = Vec::new();
        let mut length = 0;
        for part in parts.iter().rev() {
            let piece = self.part(part, text);
            length += piece.len();
            pieces.push(piece);
            if length > NAME + 1 {
                break;
            }
        }
        let whole: String = pieces.iter().rev().map(AsRef::as_ref).collect();
        let mut name = whole.strip_suffix('.').unwrap_or(&whole);
        while name.len() > NAME {
            name = name.split_once('.')?.1;
        }
        askable(name).then(|| name.to_ascii_lowercase())
    }

    /// The text of an explanation, cut at 4096 bytes.
    pub fn explanation(&self, parts: &[Part], text: &[u8]) -> String {
        let mut whole = String::new();
        for part in parts {
            whole.push_str(&self.part(part, text));
            if whole.len() > EXPLANATION {
                whole.truncate(whole.floor_char_boundary(EXPLANATION));
                break;
            }
        }
        whole
    }
}

/// Does a domain-spec speak of `%{p}`, which costs questions of its own?
pub fn wants_validated(parts: &[Part]) -> bool {
    parts.iter().any(|p| matches!(p, Part::Macro(Macro { letter: b'p', .. })))
}

/// Can a DNS question be made of this name? Local parts and HELO names bring anything: what is
/// not plain ASCII never matches (RFC 8616 §4), and a backslash would not survive presentation form.
pub fn askable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME
        && name.as_bytes().split(|b| *b == b'.').all(|label| (1..=63).contains(&label.len()))
        && name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'\\')
}

/// `%{i}`: dotted quad, or the nibbles of an IPv6 address with dots between (RFC 7208 §7.4).
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let mut dotted = String::with_capacity(63);
            for (n, byte) in ip.octets().iter().enumerate() {
                let dot = if n == 0 { "" } else { "." };
                dotted.push_str(&format!("{dot}{:x}.{:x}", byte >> 4, byte & 15));
            }
            dotted
        }
    }
}

/// The name whose PTR records name an address (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse_name(ip: IpAddr) -> String {
    let mut labels: Vec<String> = dotted(ip).split('.').map(str::to_owned).collect();
    labels.reverse();
    format!("{}.{}.arpa", labels.join("."), if ip.is_ipv4() { "in-addr" } else { "ip6" })
}

/// All but the unreserved characters of RFC 3986 §2.3.
fn url_escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::domain_spec::{self, Place};
    use super::*;
    use crate::span::Span;

    /// The examples of RFC 7208 §7.4.
    fn values(ip: &str) -> Values<'static> {
        Values {
            ip: ip.parse().unwrap(),
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            helo: "mx.example.org",
            validated: "mx.example.org",
            now: 1_700_000_000,
        }
    }

    fn expand(text: &str, ip: &str) -> Option<String> {
        let parts = domain_spec::parts(text.as_bytes(), Span::new(0, text.len()), Place::Explanation).unwrap();
        values(ip).name(&parts, text.as_bytes())
    }

    #[test]
    fn the_examples_of_the_standard() {
        for (spec, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ] {
            assert_eq!(expand(spec, "192.0.2.3").as_deref(), Some(expected), "{spec}");
        }
        assert_eq!(
            expand("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01").as_deref(),
            Some("1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com")
        );
    }

    #[test]
    fn long_names_lose_labels_on_the_left() {
        let long = format!("{}.%{{d}}", "abcdefghi.".repeat(40).trim_end_matches('.'));
        let name = expand(&long, "192.0.2.3").unwrap();
        assert!(name.len() <= 253 && name.len() > 240, "{}", name.len());
        assert!(name.starts_with("abcdefghi.") && name.ends_with(".email.example.com"));
    }

    #[test]
    fn what_cannot_be_asked_is_no_name() {
        assert_eq!(expand("a..example.com", "192.0.2.3"), None);
        assert_eq!(expand(&format!("{}.example.com", "a".repeat(64)), "192.0.2.3"), None);
        let values = Values { local: "jörg", ..values("192.0.2.3") };
        let parts = domain_spec::parts(b"%{l}.example.com", Span::new(0, 16), Place::Name).unwrap();
        assert_eq!(values.name(&parts, b"%{l}.example.com"), None);
    }

    #[test]
    fn upper_case_is_escaped() {
        let text = "why?l=%{L}&t=%{t}%_%%";
        let parts = domain_spec::parts(text.as_bytes(), Span::new(0, text.len()), Place::Explanation).unwrap();
        let values = Values { local: "jack&jill=up", ..values("192.0.2.3") };
        assert_eq!(values.explanation(&parts, text.as_bytes()), "why?l=jack%26jill%3Dup&t=1700000000 %");
    }

    #[test]
    fn reverse_names() {
        assert_eq!(reverse_name("192.0.2.1".parse().unwrap()), "1.2.0.192.in-addr.arpa");
        assert!(reverse_name("2001:db8::1".parse().unwrap()).ends_with("8.b.d.0.1.0.0.2.ip6.arpa"));
    }
}
