//! What receivers say in comments: addresses and `key=value` pairs in no standard's syntax.

use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// The first address in a comment: `sender IP is 192.0.2.1`, `domain of x designates 192.0.2.1
/// as permitted sender`, `client-ip=192.0.2.1; helo=…`.
pub fn address(comment: &Spanned<String>) -> Option<Spanned<IpAddr>> {
    words(comment).find_map(|word| {
        if !word.value.bytes().any(|b| matches!(b, b'.' | b':')) {
            return None;
        }
        let ip = word.value.strip_prefix("client-ip=").unwrap_or(word.value);
        let ip = ip.trim_matches(['"', '\'', '[', ']', '<', '>', ',', '.']);
        let ip = ip.strip_prefix("IPv6:").unwrap_or(ip);
        // Most that are left are names; the parser is slow to see that.
        if !ip.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')) {
            return None;
        }
        let ip = ip.parse().or_else(|_| ip.trim_end_matches(':').parse()).ok()?;
        Some(Spanned::new(ip, word.span))
    })
}

/// The value of `key=value` in a comment: `(p=REJECT sp=REJECT dis=NONE)`, `(client-ip=…; helo=…)`.
pub fn pair(comment: &Spanned<String>, key: &str) -> Option<Spanned<String>> {
    words(comment).find_map(|word| {
        let (_, value) = word.value.split_at_checked(key.len()).filter(|(name, _)| name.eq_ignore_ascii_case(key))?;
        let value = value.strip_prefix('=')?.trim_matches(['"', '\'', ',']);
        (!value.is_empty()).then(|| Spanned::new(value.to_owned(), word.span))
    })
}

/// The sender after `domain of`: `(google.com: domain of ann@example.com designates …)`.
pub fn domain_of(comment: &Spanned<String>) -> Option<Spanned<String>> {
    let mut words = words(comment);
    while let Some(word) = words.next() {
        if !word.value.eq_ignore_ascii_case("domain") {
            continue;
        }
        let mut next = words.next()?;
        // Microsoft: "domain of transitioning example.com discourages use of"
        while matches!(next.value, "of" | "transitioning") {
            next = words.next()?;
        }
        return Some(Spanned::new(next.value.to_owned(), next.span));
    }
    None
}

/// Words between blanks and semicolons. Spans are exact where the comment has neither folds
/// nor foreign bytes, and the whole comment otherwise.
fn words(comment: &Spanned<String>) -> impl Iterator<Item = Spanned<&str>> {
    let exact = comment.span.len() == comment.value.len();
    let mut at = 0;
    let words = comment.value.as_bytes().split(|b| b.is_ascii_whitespace() || *b == b';');
    words.filter_map(move |word| {
        let (start, end) = (at, at + word.len());
        at = end + 1;
        let word = comment.value.get(start..end).filter(|word| !word.is_empty())?;
        let span = if exact { Span::new(start, end).shift(comment.span.start as usize) } else { comment.span };
        Some(Spanned::new(word, span))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(text: &str) -> Spanned<String> {
        Spanned::new(text.into(), Span::new(100, 100 + text.len()))
    }

    #[test]
    fn addresses_in_the_words_of_google_microsoft_and_policyd() {
        for (text, ip) in [
            ("google.com: domain of a@example.com designates 192.0.2.1 as permitted sender", "192.0.2.1"),
            ("google.com: domain of a@example.com does not designate 2001:db8::1 as permitted sender", "2001:db8::1"),
            ("sender IP is 198.51.100.7", "198.51.100.7"),
            ("sender IP is 198.51.100.7; identity alignment result is pass", "198.51.100.7"),
            ("client-ip=203.0.113.9; helo=mail.example.com; receiver=<UNKNOWN>", "203.0.113.9"),
            ("h: domain of a@example.com reports soft fail for 192.0.2.2", "192.0.2.2"),
        ] {
            let found = address(&comment(text)).unwrap();
            assert_eq!(found.value, ip.parse::<IpAddr>().unwrap(), "{text}");
            assert_eq!(&text[found.span.start as usize - 100..][..found.span.len()].contains(ip), &true);
        }
        for text in ["sender IP is ", "p=REJECT sp=REJECT dis=NONE", "2048-bit key; unprotected", ""] {
            assert_eq!(address(&comment(text)), None, "{text}");
        }
    }

    #[test]
    fn pairs_and_domains() {
        let dmarc = comment("p=REJECT sp=NONE dis=QUARANTINE");
        assert_eq!(pair(&dmarc, "p").unwrap().value, "REJECT");
        assert_eq!(pair(&dmarc, "dis").unwrap().span, Span::new(117, 131));
        assert_eq!(pair(&dmarc, "arc"), None);
        let of = |text| domain_of(&comment(text)).map(|d| d.value);
        assert_eq!(
            of("google.com: best guess record for domain of x@example.com designates"),
            Some("x@example.com".into())
        );
        assert_eq!(
            of("protection.outlook.com: domain of transitioning example.com discourages"),
            Some("example.com".into())
        );
        assert_eq!(of("sender SPF authorized"), None);
    }
}
