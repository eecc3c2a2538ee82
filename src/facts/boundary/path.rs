//! Envelope addresses as receivers write them.

use super::MailFrom;
use crate::facts::address::Address;
use crate::facts::organization::same_by_list;
use crate::facts::{Reading, lists};

/// A reverse-path, or the domain of one: `<>`, `ann@example.com`, `@example.com`,
/// `example.com`. `None` where it names no domain (`(null)`, `none`, empty).
pub(crate) fn mail_from(value: &str) -> Option<MailFrom> {
    if value.trim() == "<>" {
        return Some(MailFrom::Null);
    }
    let (local, domain) = parts(value)?;
    let local = local.trim_matches('"');
    Some(MailFrom::Path { domain: a_label(domain)?, local: (!local.is_empty()).then(|| local.to_owned()) })
}

/// The domain in `@example.com`, `ann@example.com` or `example.com`; `none` is no domain.
pub(crate) fn domain(value: &str) -> Option<String> {
    a_label(parts(value)?.1)
}

/// What stands before and after the `@` of a path; the former is empty where the domain stands alone.
fn parts(value: &str) -> Option<(&str, &str)> {
    let value = value.trim().trim_start_matches('<').trim_end_matches('>');
    value.rsplit_once('@').or_else(|| value.contains('.').then_some(("", value)))
}

/// The sender in a Return-Path above the Received at `field`, as it came: servers that forward may rewrite it on everything
/// that they take (SRS).
pub(super) fn on_top(reading: &Reading, field: usize) -> Option<&Address> {
    let path = reading.return_path.as_ref()?;
    let received = reading.header.fields.get(field).filter(|received| path.span.start < received.name.start);
    path.address.as_ref().filter(|address| received.is_some() && !lists::is_rewritten(&address.local))
}

/// Is this envelope sender of another organization than the one in Return-Path?
pub(super) fn is_anothers(sender: &str, address: &Address) -> bool {
    domain(sender).is_some_and(|domain| !same_by_list(&domain, &address.domain))
}

/// Lower-case A-labels without a trailing dot.
fn a_label(domain: &str) -> Option<String> {
    let domain = domain.trim_end_matches('.');
    let domain = if domain.is_ascii() { domain.to_ascii_lowercase() } else { idna::domain_to_ascii(domain).ok()? };
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'[' | b']' | b':');
    (!domain.is_empty() && domain.bytes().all(fits)).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_domains_and_neither() {
        let path = |local: Option<&str>, domain: &str| {
            Some(MailFrom::Path { local: local.map(str::to_owned), domain: domain.to_owned() })
        };
        assert_eq!(mail_from("<>"), Some(MailFrom::Null));
        assert_eq!(mail_from("<Ann@Example.COM.>"), path(Some("Ann"), "example.com"));
        assert_eq!(mail_from("@example.net"), path(None, "example.net"));
        assert_eq!(mail_from("example.net"), path(None, "example.net"));
        assert_eq!(mail_from("b=ann=example.com@esp.example"), path(Some("b=ann=example.com"), "esp.example"));
        assert_eq!(
            mail_from("SRS0=x1=y2=example.com=ann@forwarder.example"),
            path(Some("SRS0=x1=y2=example.com=ann"), "forwarder.example")
        );
        assert_eq!(mail_from("ann@bücher.example"), path(Some("ann"), "xn--bcher-kva.example"));
        for nothing in ["", "(null)", "none", "postmaster", "a@", "a@ b"] {
            assert_eq!(mail_from(nothing), None, "{nothing}");
        }
        assert_eq!(domain("<>"), None);
    }
}
