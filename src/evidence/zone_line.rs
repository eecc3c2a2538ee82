//! One line that states a DNS record: of a zone file, of `dig`, `host` or `nslookup`, or of
//! the table a sending service shows.

use super::dns::{Data, Kind};
use std::ops::Range;

/// A record's line, taken apart. Ranges are relative to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Owner as written.
    pub name: Option<Range<usize>>,
    pub kind: Kind,
    /// Everything after the type, comments included.
    pub data: Range<usize>,
}

/// How `host` and `nslookup` say it, after the name.
const PHRASES: [(&[&str], Kind); 11] = [
    (&["descriptive", "text"], Kind::Txt),
    (&["text", "="], Kind::Txt),
    (&["canonical", "name", "="], Kind::Cname),
    (&["is", "an", "alias", "for"], Kind::Cname),
    (&["mail", "is", "handled", "by"], Kind::Mx),
    (&["mail", "exchanger", "="], Kind::Mx),
    (&["has", "address"], Kind::A),
    (&["has", "ipv6", "address"], Kind::Aaaa),
    (&["nameserver", "="], Kind::Ns),
    (&["name", "server"], Kind::Ns),
    (&["domain", "name", "pointer"], Kind::Ptr),
];

/// Words before the data that matter: name, TTL, class, type.
const WORDS: usize = 6;

/// Reads `[name] [ttl] [class] TYPE data`, `TYPE [name] [ttl] data` and what `host` and
/// `nslookup` print, and two columns of name and policy. `None` where the data does not fit the type, as in prose.
pub fn read(line: &[u8]) -> Option<Zone> {
    let words: Vec<Range<usize>> = words(line).take(WORDS).collect();
    let zone = standard(line, &words).or_else(|| tool(line, &words)).or_else(|| table(line, &words))?;
    let data = text(line, &zone.data);
    let fits = match zone.kind {
        Kind::Txt | Kind::Spf => !data.trim().is_empty(),
        // `ptr -all` is the end of an SPF record.
        Kind::Cname | Kind::Ns | Kind::Ptr => is_telling(comment_cut(data)),
        Kind::Mx if is_host(comment_cut(data)) => true,
        kind => Data::parse(kind, comment_cut(data)).is_some(),
    };
    fits.then_some(zone)
}

/// Data other than TXT without a comment at its end.
pub fn comment_cut(data: &str) -> &str {
    let mut quoted = false;
    let end = data.find(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    data.get(..end.unwrap_or(data.len())).unwrap_or(data).trim()
}

fn standard(line: &[u8], words: &[Range<usize>]) -> Option<Zone> {
    let at = words.iter().take(4).position(|w| kind(text(line, w)).is_some())?;
    let kind = kind(text(line, words.get(at)?))?;
    let after = |n: usize| words.get(n).map_or(line.len(), |w| w.start)..line.len();
    let mut before = words[..at].iter();
    let mut name = None;
    let mut settled = false;
    if let Some(first) = words.first().filter(|_| at > 0) {
        let indented = line.first().is_some_and(u8::is_ascii_whitespace);
        if indented && is_ttl_or_class(text(line, first)) || !is_owner(text(line, first)) {
            name = None;
        } else {
            name = before.next().cloned();
        }
    }
    for word in before {
        if !is_ttl_or_class(text(line, word)) {
            return None;
        }
        settled = true;
    }
    let mut data = after(at + 1);
    if at == 0
        && let Some(next) = words.get(1)
        && words.len() > 2
        && is_telling(text(line, next))
        && policy(&line[next.start..]).is_none()
    {
        name = Some(next.clone());
        let ttl = words.get(2).is_some_and(|w| is_ttl_or_class(text(line, w)) && kind != Kind::Mx);
        data = after(if ttl { 3 } else { 2 });
    }
    let owner = name.as_ref().map(|n| text(line, n));
    let value = &line[data.clone()];
    let believable = settled
        || owner.is_some_and(is_telling)
        || matches!(value.first(), Some(b'"' | b'('))
        || policy(value).is_some()
        || (at == 0 && kind != Kind::Txt);
    believable.then_some(Zone { name, kind, data })
}

fn tool(line: &[u8], words: &[Range<usize>]) -> Option<Zone> {
    let name = words.first().filter(|w| is_owner(text(line, w)))?;
    let (phrase, kind) = PHRASES.iter().find(|(phrase, _)| {
        phrase.iter().enumerate().all(|(n, p)| words.get(n + 1).is_some_and(|w| text(line, w).eq_ignore_ascii_case(p)))
    })?;
    let data = words.get(phrase.len() + 1)?.start..line.len();
    Some(Zone { name: Some(name.clone()), kind: *kind, data })
}

/// Two columns, name and value, whose value tells its type.
fn table(line: &[u8], words: &[Range<usize>]) -> Option<Zone> {
    let [name, value, ..] = words else { return None };
    let data = value.start..line.len();
    let quotes = line[data.clone()].iter().take_while(|b| **b == b'"').count();
    let told = is_telling(text(line, name)) && policy(&line[data.start + quotes..]).is_some();
    told.then(|| Zone { name: Some(name.clone()), kind: Kind::Txt, data })
}

fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += line.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let len = line.get(at..)?.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        let word = at..at + len;
        at += len;
        (len > 0).then_some(word)
    })
}

fn text<'a>(line: &'a [u8], range: &Range<usize>) -> &'a str {
    std::str::from_utf8(line.get(range.clone()).unwrap_or_default()).unwrap_or_default()
}

/// The record type a word names.
pub fn kind(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word))
}

/// `3600`, `1h30m`, `IN`.
fn is_ttl_or_class(word: &str) -> bool {
    let ttl = word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "smhdwSMHDW".contains(c));
    ttl || ["IN", "CH", "HS"].iter().any(|class| word.eq_ignore_ascii_case(class)) || word.eq_ignore_ascii_case("auto")
}

/// What an owner name is made of, absolute or relative.
fn is_owner(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "._-*@/\\".contains(c))
}

/// A host name alone: what an MX without its preference has.
pub fn is_host(word: &str) -> bool {
    is_owner(word) && word.contains('.') && word.chars().any(char::is_alphabetic)
}

/// A word that can hardly be anything but an owner name.
fn is_telling(word: &str) -> bool {
    is_owner(word) && (word == "@" || word.contains('.') || word.starts_with(['_', '*']))
}

/// Which policy's record a value begins as: "an SPF", "a DMARC". Lenient, for a linter must
/// see `V = SPF1` too.
pub fn policy(value: &[u8]) -> Option<&'static str> {
    let begin: Vec<u8> =
        value.iter().take(64).filter(|b| !b.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    if begin.starts_with(b"spf2.0/") {
        return Some("a Sender ID");
    }
    if is_domain_keys(value) {
        return Some("a DomainKeys");
    }
    let (tag, rest) = begin.split_at(begin.iter().position(|&b| b == b'=')? + 1);
    let one = |words: &[&str]| words.iter().any(|w| rest.starts_with(w.as_bytes()));
    match tag {
        b"v=" if one(&["spf"]) => Some("an SPF"),
        b"v=" if one(&["dmarc"]) => Some("a DMARC"),
        b"v=" if one(&["dkim"]) => Some("a DKIM"),
        b"v=" if one(&["bimi"]) => Some("a BIMI"),
        b"v=" if one(&["tlsrpt"]) => Some("a TLSRPT"),
        b"v=" if one(&["sts"]) => Some("an MTA-STS"),
        b"k=" if one(&["rsa", "ed25519"]) => Some("a DKIM"),
        b"p=" if one(&["none", "quarantine", "reject"]) => Some("a DMARC"),
        b"p=" if key_like(rest) => Some("a DKIM"),
        _ => None,
    }
}

/// A sender's policy of DomainKeys and nothing else: `o=-;` (RFC 4870 §3.6).
pub fn is_domain_keys(value: &[u8]) -> bool {
    let Some(rest) = value.trim_ascii().strip_prefix(b"o=") else { return false };
    let (policy, rest) = rest.split_at(rest.len().min(1));
    matches!(policy, b"~" | b"-" | b"!" | b"." | b"^") && matches!(rest.trim_ascii(), b"" | b";" | b"\"" | b";\"")
}

fn key_like(value: &[u8]) -> bool {
    value.len() >= 40 && value.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=;".contains(b))
}

/// SPF mechanisms without the version before them.
pub fn is_spf_terms(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(&value[..value.len().min(4096)]) else { return false };
    let mut terms = text.split_ascii_whitespace().map(|t| t.trim_start_matches(['+', '-', '~', '?']));
    let typed = |t: &str| {
        ["include:", "ip4:", "ip6:", "exists:", "redirect=", "a:", "mx:"]
            .iter()
            .any(|p| t.get(..p.len()).is_some_and(|t| t.eq_ignore_ascii_case(p)) && t.len() > p.len())
    };
    terms.next().is_some_and(typed)
        && terms.all(|t| typed(t) || ["a", "mx", "ptr", "all"].iter().any(|m| t.eq_ignore_ascii_case(m)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<(Option<&str>, Kind, &str)> {
        let zone = read(line.as_bytes())?;
        Some((zone.name.map(|n| &line[n]), zone.kind, &line[zone.data]))
    }

    #[test]
    fn every_way_to_write_a_record() {
        let spf = "\"v=spf1 -all\"";
        for (line, name) in [
            ("example.com. 300 IN TXT \"v=spf1 -all\"", Some("example.com.")),
            ("example.com.\tIN 300 TXT \"v=spf1 -all\"", Some("example.com.")),
            ("@ TXT \"v=spf1 -all\"", Some("@")),
            ("  3600 IN TXT \"v=spf1 -all\"", None),
            ("TXT \"v=spf1 -all\"", None),
            ("TXT @ \"v=spf1 -all\"", Some("@")),
            ("TXT mail.example.com 3600 \"v=spf1 -all\"", Some("mail.example.com")),
            ("mail txt \"v=spf1 -all\"", Some("mail")),
            ("example.com descriptive text \"v=spf1 -all\"", Some("example.com")),
            ("example.com\ttext = \"v=spf1 -all\"", Some("example.com")),
        ] {
            assert_eq!(parts(line), Some((name, Kind::Txt, spf)), "{line}");
        }
        assert_eq!(parts("@ TXT v=spf1 -all"), Some((Some("@"), Kind::Txt, "v=spf1 -all")));
        assert_eq!(parts("_dmarc  v=DMARC1; p=none"), Some((Some("_dmarc"), Kind::Txt, "v=DMARC1; p=none")));
        assert_eq!(parts("TXT v=spf1 -all"), Some((None, Kind::Txt, "v=spf1 -all")));
        assert_eq!(
            parts("example.com MX 10 mx.example.com."),
            Some((Some("example.com"), Kind::Mx, "10 mx.example.com."))
        );
        // Without its preference it is still meant for one.
        assert_eq!(
            parts("example.com. MX mta-1.example.com."),
            Some((Some("example.com."), Kind::Mx, "mta-1.example.com."))
        );
        assert_eq!(
            parts("CNAME em.example.com u1.example.net"),
            Some((Some("em.example.com"), Kind::Cname, "u1.example.net"))
        );
        assert_eq!(
            parts("example.com mail is handled by 10 mx.example.com."),
            Some((Some("example.com"), Kind::Mx, "10 mx.example.com."))
        );
    }

    #[test]
    fn prose_and_headers_are_no_records() {
        for line in [
            "This is a test",
            "Not a problem",
            "my txt message",
            "Subject: A 192.0.2.1",
            "Received: from mx.example.com",
            "https://example.com/a TXT",
            "",
        ] {
            assert_eq!(parts(line), None, "{line}");
        }
        assert!(is_domain_keys(b"o=-;") && !is_domain_keys(b"o=-all") && !is_domain_keys(b"o=x"));
        assert!(is_spf_terms(b"include:_spf.example.com ip4:192.0.2.1 -all"));
        assert!(!is_spf_terms(b"include: the following"));
    }
}
