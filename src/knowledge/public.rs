//! Domains that are nobody's secret: those the assets name, of platforms, hosts, receivers and freemail providers.

use super::{platform, shelf};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Assets that name domains beside the shelves.
const OTHERS: &[&str] = &["mailboxes", "blocklists", "content", "replies", "warmup"];

/// Those that are asked for everybody.
const ASKED: &[&str] = &["rdap.org", "iana.org"];

static ALL: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let shelves = [shelf::PLATFORMS, shelf::HOSTS, shelf::RECEIVERS];
    let others = shelf::BOOKS.iter().filter(|(name, _)| OTHERS.contains(name));
    let texts = shelves.into_iter().flatten().chain(others).map(|(_, text)| *text);
    texts.flat_map(owners).chain(ASKED.iter().map(|domain| (*domain).to_owned())).collect()
});

/// Is this registered domain, in lower case, one that anybody may read?
pub fn is_public(domain: &str) -> bool {
    ALL.contains(domain) || crate::facts::freemail::provider(domain).is_some()
}

/// Is it a selector, or the label of a return path, that a platform gives to all its customers?
pub fn is_platforms_label(label: &str) -> bool {
    platform::all().iter().any(|p| {
        p.dkim.iter().any(|d| d.is_fixed() && d.selector == label)
            || p.marks.selectors.iter().any(|mark| mark.len() > 2 && super::pattern::glob(mark, label))
    })
}

/// The registered domains in a text of ours; the dots of patterns are escaped there.
fn owners(text: &str) -> Vec<String> {
    let text = text.replace("\\n", " ").replace("\\\\.", ".").to_ascii_lowercase();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
    let known = |name: &&str| psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
    let owner = |name: &str| psl::domain_str(name).map(str::to_owned);
    words.map(|w| w.trim_matches(['.', '-'])).filter(known).filter_map(owner).filter(|d| !is_reserved(d)).collect()
}

/// Names for examples (RFC 2606), which stand for anybody.
fn is_reserved(domain: &str) -> bool {
    matches!(domain, "example.com" | "example.net" | "example.org")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_hosts_and_mailboxes_are_public_and_customers_are_not() {
        for public in ["sendgrid.net", "google.com", "outlook.com", "cloudflare.com", "gmail.com", "spamhaus.org"] {
            assert!(is_public(public), "{public}");
        }
        for own in ["example.com", "acme.example", "acme-shop.de", "com"] {
            assert!(!is_public(own), "{own}");
        }
        assert!(is_platforms_label("k2") && is_platforms_label("selector1") && !is_platforms_label("acme2024"));
    }
}
