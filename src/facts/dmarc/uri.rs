//! Report addresses: the URIs of `rua` and `ruf` (RFC 9989 §4.6).

/// Is it a URI that a report can be sent to? The obsolete size (`!10m`) is let pass: reporters
/// ignore it (RFC 9990 readers) or obey it (older ones).
pub(crate) fn is_valid(uri: &str) -> bool {
    let Some(colon) = memchr::memchr(b':', uri.as_bytes()) else { return false };
    let (scheme, rest) = (&uri[..colon], &uri[colon + 1..]);
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !scheme_ok || rest.is_empty() || !rest.bytes().all(is_uri_byte) {
        return false;
    }
    if !scheme.eq_ignore_ascii_case("mailto") {
        return rest.starts_with("//");
    }
    let (address, size) = match memchr::memchr(b'!', rest.as_bytes()) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let end = memchr::memchr(b'?', address.as_bytes()).unwrap_or(address.len());
    is_address(&address[..end]) && size.is_none_or(is_size)
}

/// What was meant: `mailto:` with the address, for each address in it; `None` where there is none.
pub(crate) fn suggest(text: &str) -> Option<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',') {
        let bare = word.rsplit([':', '/']).next().unwrap_or(word);
        let bare = bare.trim_matches(|c: char| "<>\"'()[]".contains(c));
        if is_address(bare) {
            found.push(format!("mailto:{bare}"));
        }
    }
    (!found.is_empty()).then(|| found.join(","))
}

/// Does a piece without a tag name mean to be a report address?
pub(crate) fn is_stray(piece: &str) -> bool {
    starts_with_mailto(piece) || (!piece.contains(char::is_whitespace) && is_address(piece))
}

pub(crate) fn starts_with_mailto(text: &str) -> bool {
    text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("mailto:"))
}

fn is_address(text: &str) -> bool {
    let Some(at) = memchr::memchr(b'@', text.as_bytes()) else { return false };
    let (local, domain) = (&text[..at], &text[at + 1..]);
    let labelled = domain.contains('.') && domain.as_bytes().split(|b| *b == b'.').all(|label| !label.is_empty());
    labelled
        && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') || c.is_alphanumeric())
        && !local.is_empty()
        && !local.starts_with('/')
        && local.bytes().all(|b| is_uri_byte(b) && b != b':')
}

/// RFC 3986 reserved, unreserved and percent; no blanks, quotes, angle brackets or backslashes.
fn is_uri_byte(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// Digits with an optional unit (RFC 7489 §6.2).
fn is_size(text: &str) -> bool {
    let digits = text.strip_suffix(['k', 'm', 'g', 't', 'K', 'M', 'G', 'T']).unwrap_or(text);
    (1..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_uris() {
        for uri in [
            "mailto:dmarc@example.com",
            "MAILTO:d+x@sub.example.co.uk",
            "mailto:a@example.com!10m",
            "mailto:a@example.com!0G",
            "mailto:a@example.com?subject=x",
            "https://example.com/reports",
        ] {
            assert!(is_valid(uri), "{uri}");
        }
    }

    #[test]
    fn bad_uris_and_what_was_meant() {
        for (uri, meant) in [
            ("dmarc@example.com", Some("mailto:dmarc@example.com")),
            ("mailto: dmarc@example.com", Some("mailto:dmarc@example.com")),
            ("mailto:<dmarc@example.com>", Some("mailto:dmarc@example.com")),
            ("mailto://dmarc@example.com", Some("mailto:dmarc@example.com")),
            ("malito:dmarc@example.com", Some("mailto:dmarc@example.com")),
            ("mailto:mailto:dmarc@example.com", Some("mailto:dmarc@example.com")),
            ("mailto:a@example.com mailto:b@example.com", Some("mailto:a@example.com,mailto:b@example.com")),
            ("mailto:", None),
            ("mailto:dmarc", None),
            ("mailto:a@b@c", None),
            ("", None),
        ] {
            assert!(!is_valid(uri), "{uri}");
            assert_eq!(suggest(uri).as_deref(), meant, "{uri}");
        }
        assert!(!is_valid("mailto:a@example.com!99999999999999999999999"));
    }
}
