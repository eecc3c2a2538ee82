//! Domains and selectors as DKIM writes them (RFC 6376 §3.1, §3.5).

/// `d=` as a lower-case A-label without a trailing dot; `None` where it is no domain name.
pub fn domain(written: &str) -> Option<String> {
    // 253 octets of A-label never need more UTF-8 than this; what is longer is not decoded.
    if written.len() > 1024 {
        return None;
    }
    let written = written.strip_suffix('.').unwrap_or(written);
    let name = idna::domain_to_ascii(written).ok()?;
    // At least two labels: `domain-name` of RFC 6376 §3.5.
    (name.contains('.') && is_name(&name)).then_some(name)
}

/// `s=` in lower case, as it stands in the DNS name; `None` where it is no sequence of labels.
pub fn selector(written: &str) -> Option<String> {
    if written.len() > 1024 {
        return None;
    }
    let name = if written.is_ascii() { written.to_ascii_lowercase() } else { idna::domain_to_ascii(written).ok()? };
    is_name(&name).then_some(name)
}

/// `s._domainkey.d`, where DNS can carry that name (RFC 1035 §3.1).
pub fn key(selector: &str, domain: &str) -> Option<String> {
    let name = [selector, KEYS, domain].concat();
    is_name(&name).then_some(name)
}

/// Of names that [`selector`] and [`domain`] let through: can DNS carry the one of the key?
pub fn has_key(selector: &str, domain: &str) -> bool {
    selector.len() + KEYS.len() + domain.len() <= LONGEST
}

/// What stands between the two.
const KEYS: &str = "._domainkey.";

/// Octets of a name (RFC 1035 §2.3.4), without its final dot.
const LONGEST: usize = 253;

/// `inner` is `outer` or stands below it; both lower case.
pub fn within(inner: &str, outer: &str) -> bool {
    inner.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Labels of 1 to 63 octets, 253 in all. Underscores occur in the wild and are let through.
fn is_name(name: &str) -> bool {
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let label = |l: &[u8]| (1..=63).contains(&l.len()) && l.iter().all(fits);
    name.len() <= LONGEST && name.as_bytes().split(|b| *b == b'.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_lower_case_in_a_labels() {
        assert_eq!(domain("Mail.EXAMPLE.com.").as_deref(), Some("mail.example.com"));
        assert_eq!(domain("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        for bad in ["", ".", "localhost", "a..b", "exa mple.com", "@example.com", "a/b.com", &"a.".repeat(600)] {
            assert_eq!(domain(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_selector_may_have_one_label_or_several() {
        assert_eq!(selector("S1").as_deref(), Some("s1"));
        assert_eq!(selector("k1.Mail").as_deref(), Some("k1.mail"));
        for bad in ["", "a b", "a.", "s1;", &"x".repeat(64)] {
            assert_eq!(selector(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_key_name_fits_into_dns_or_is_none() {
        assert_eq!(key("s1", "example.com").as_deref(), Some("s1._domainkey.example.com"));
        let long = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60), "com".into()].join(".");
        assert_eq!(key("s1", &long), None);
    }

    #[test]
    fn within_stops_at_a_dot() {
        assert!(within("example.com", "example.com") && within("a.example.com", "example.com"));
        assert!(!within("badexample.com", "example.com") && !within("com", "example.com"));
    }
}
