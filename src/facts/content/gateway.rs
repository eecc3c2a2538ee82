//! Links that a receiver's gateway led past itself: where they led when they were sent.

use crate::facts::dkim::forensics::{link_behind, percent_decoded};
use crate::knowledge::content::words;

/// A gateway can stand behind another.
const NESTED: usize = 3;

/// Where a link of this host led before a gateway put itself in front; `None` where it is no gateway's, `Some(None)` where the
/// gateway keeps that to itself.
pub fn behind(host: &str, href: &str) -> Option<Option<String>> {
    let is_gateway = |host: &str| words().gateways.has(host);
    if !is_gateway(host) {
        return None;
    }
    let mut link = href.to_owned();
    for _ in 0..NESTED {
        let Some(inner) = link_behind(&link).or_else(|| told(&link)) else { return Some(None) };
        link = inner;
        if !super::link::host_of(&link).is_some_and(|host| is_gateway(&host)) {
            return Some(Some(link));
        }
    }
    Some(None)
}

/// The link, or at least its host, as the gateways write it: `u=https%3A%2F%2F…`, `…/https%3A%2F%2F…`, `___https://…___`,
/// `domain=example.com`.
fn told(link: &str) -> Option<String> {
    let web = |s: &str| s.starts_with("https://") || s.starts_with("http://");
    // URL Defense 3, also where it left signs out; Check Point.
    if let Some((_, inside)) = ["/v3/__", "/v2/___"].iter().find_map(|mark| link.split_once(mark)) {
        return inside.split("__").next().filter(|s| web(s)).map(str::to_owned);
    }
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let pairs = || query.split('&').map(|p| p.strip_prefix("amp;").unwrap_or(p)).filter_map(|p| p.split_once('='));
    let value = |names: &[&str]| pairs().filter(|(n, _)| names.contains(n)).find_map(|(_, v)| percent_decoded(v));
    let in_path = || path.rsplit('/').find_map(percent_decoded).filter(|s| web(s));
    value(&["url", "u", "a"]).filter(|s| web(s)).or_else(in_path).or_else(|| {
        let domain = value(&["domain", "d"])?;
        Some(format!("https://{domain}/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_link_leads_where_it_was_sent_to() {
        let of = |href: &str| behind(&crate::facts::content::link::host_of(href).unwrap(), href);
        let shop = |href: &str| {
            let inner = of(href).flatten().unwrap_or_else(|| panic!("{href}"));
            assert!(inner.starts_with("https://shop.example.com/"), "{href}: {inner}");
        };
        shop(
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example.com%2Fa&data=05&reserved=0",
        );
        shop("https://urldefense.com/v3/__https://shop.example.com/a__;!!abc!def$");
        shop("https://urldefense.com/v3/__https://shop.example.com/a*b__;Iw!!abc!def$");
        shop("https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example.com_a&d=DwMFaQ&c=x");
        shop("https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fshop.example.com%2fa&c=E,1,x&typo=1");
        shop("https://protect-eu.mimecast.com/s/abcDEF?domain=shop.example.com");
        shop("https://url.uk.m.mimecastprotect.com/s/abcDEF?domain=shop.example.com");
        shop("https://secure-web.cisco.com/1abc-DEF/https%3A%2F%2Fshop.example.com%2Fa");
        shop("https://protect.checkpoint.com/v2/___https://shop.example.com/a___.YXAx");
        shop("https://eu-central-1.protection.sophos.com?d=shop.example.com&u=aHR0cHM6&i=x");
        let inner = "https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fshop.example.com%2F__%3B!!abc!def%24";
        shop(&format!("https://eur01.safelinks.protection.outlook.com/?url={inner}&data=05"));
        assert_eq!(of("https://protect-eu.mimecast.com/s/abcDEF"), Some(None));
        assert_eq!(of("https://example.org/?url=https%3A%2F%2Fshop.example.com%2Fa"), None);
    }
}
