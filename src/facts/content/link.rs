//! Where links lead, and what they say of it.

use super::gateway;
use crate::facts::organization::psl;
use crate::knowledge::content::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One place that links lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// Host name as an A-label, or an address; lower case.
    pub host: String,
    /// How many lead there.
    pub count: u32,
    /// Every one is encrypted.
    pub https: bool,
    /// Its text names another host: the reader sees this one.
    pub shown: Option<String>,
    /// A name before an `@` pretends to be the host: `https://bank.example@evil.example/`.
    pub user: Option<String>,
    /// The host is a bare address.
    pub address: bool,
    /// It hides its real target.
    pub shortener: bool,
    /// Letters of several scripts in one label of an internationalized name.
    pub mixed: bool,
}

impl Link {
    /// The organization that the host belongs to; the host itself where the list knows none, or it is an address.
    pub fn organization(&self) -> String {
        psl(&self.host).filter(|_| !self.address).unwrap_or(&self.host).to_owned()
    }
}

/// All links, gathered.
#[derive(Default)]
pub struct Links {
    found: BTreeMap<(String, Option<String>), Link>,
    /// One of them leads out of the list, by its text or its address.
    pub unsubscribes: bool,
}

/// Different places that are remembered.
const MOST: usize = 1_000;

/// Bytes of a link in a text that are read; longer ones are none that works everywhere (RFC 9110 §4.1).
const LONGEST: usize = 8_000;

impl Links {
    pub fn note(&mut self, href: &str, shown: &str) {
        self.unsubscribes = self.unsubscribes || unsubscribes(href, shown);
        let Some((mut link, hidden)) = sent(href) else { return };
        let said = host_of_text(shown).filter(|said| !hidden && other(said, &link.host));
        link.shown = said.clone();
        if self.found.len() >= MOST && !self.found.contains_key(&(link.host.clone(), said.clone())) {
            return;
        }
        let https = link.https;
        let kept = self.found.entry((link.host.clone(), said)).or_insert(link);
        kept.count += 1;
        kept.https &= https;
    }

    /// The most frequent first, those that deceive before all others.
    pub fn done(self) -> Vec<Link> {
        let mut all: Vec<Link> = self.found.into_values().collect();
        let odd = |l: &Link| l.shown.is_some() || l.user.is_some() || l.address || l.shortener || l.mixed;
        all.sort_by_key(|l| (!odd(l), std::cmp::Reverse(l.count)));
        all.truncate(super::LINKS);
        all
    }
}

/// Does it lead out of a list, by its text or its address?
fn unsubscribes(href: &str, shown: &str) -> bool {
    let link = format!("{href}\n{shown}").to_lowercase();
    (link.starts_with("http") || link.starts_with("mailto:"))
        && words().unsubscribe.words.iter().any(|w| link.contains(w.as_str()))
}

fn other(shown: &str, host: &str) -> bool {
    let of = |h: &str| psl(h).unwrap_or(h).to_owned();
    of(shown) != of(host)
}

/// The links in a plain text, those that stand in others too.
pub fn in_text(text: &str) -> impl Iterator<Item = &str> {
    // A colon is rare, and letters are everywhere.
    let colons = memchr::memchr_iter(b':', text.as_bytes()).filter(|&at| text[at..].starts_with("://"));
    let scheme = |at: usize| ["https", "http"].into_iter().find(|s| text[..at].ends_with(s));
    colons
        .filter_map(move |at| Some(&text[at - scheme(at)?.len()..]))
        .map(|rest| &rest[..rest.floor_char_boundary(LONGEST)])
        .map(|rest| &rest[..rest.find(|c: char| c.is_whitespace() || "<>\"'`|\\^{}".contains(c)).unwrap_or(rest.len())])
        .take(MOST)
}

/// The link as the sender wrote it: a receiver's gateway leads links past itself. And whether one hides where it led.
fn sent(href: &str) -> Option<(Link, bool)> {
    let link = read(href)?;
    match gateway::behind(&link.host, href.trim()) {
        None => Some((link, false)),
        Some(None) => Some((link, true)),
        Some(Some(inner)) => Some((read(&inner)?, false)),
    }
}

/// Host of a web address.
pub(super) fn host_of(href: &str) -> Option<String> {
    read(href).map(|link| link.host)
}

/// A web address; `None` for anything else.
fn read(href: &str) -> Option<Link> {
    let href = href.trim();
    let (scheme, rest) = href.split_once("://")?;
    let https = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, authority),
    };
    let host = host.strip_prefix('[').map_or_else(|| host.split(':').next(), |six| six.split(']').next())?;
    let address = host.parse::<IpAddr>().is_ok();
    let host = name(host)?;
    Some(Link {
        address,
        https,
        // A name and a password lead to nobody's site by themselves; only a host in their place deceives.
        user: user.filter(|u| host_of_text(&format!("http://{u}")).is_some_and(|u| u.contains('.'))),
        shortener: words().shorteners.has(&host),
        mixed: mixed(&host),
        host,
        ..Link::default()
    })
}

/// Lower case, as A-labels; `None` for what can be no host.
fn name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host).ok()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    (!ascii.is_empty() && ascii.len() <= 253 && ascii.bytes().all(fits) && (ascii.contains('.') || ascii.contains(':')))
        .then_some(ascii)
}

/// The host that a text names as a web address: `www.example.com`, `https://example.com/a`. Other words are no promise
/// of where a link leads.
fn host_of_text(shown: &str) -> Option<String> {
    let text = shown.trim();
    let lower = text.to_ascii_lowercase();
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|s| lower.strip_prefix(s))
        .or_else(|| lower.starts_with("www.").then_some(&lower[..]))?;
    if rest.contains(char::is_whitespace) {
        return None;
    }
    name(rest.split(['/', '?', '#', ':', '@']).next()?).filter(|h| psl(h).is_some())
}

/// Latin beside Cyrillic or Greek in one label (UTS #39): a name that looks like another.
fn mixed(host: &str) -> bool {
    if !host.contains("xn--") {
        return false;
    }
    let (unicode, _) = idna::domain_to_unicode(host);
    unicode.split('.').any(|label| {
        let has = |range: fn(char) -> bool| label.chars().any(range);
        let latin = has(|c| c.is_ascii_alphabetic());
        latin && (has(|c| ('\u{400}'..='\u{52f}').contains(&c)) || has(|c| ('\u{370}'..='\u{3ff}').contains(&c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_links_are_long() {
        let read: usize = in_text(&"http://".repeat(200_000)).map(str::len).sum();
        assert!(read <= MOST * LONGEST, "{read}");
        let links: Vec<&str> = in_text("See https://a.example/?u=http://b.example/ now.").collect();
        assert_eq!(links, ["https://a.example/?u=http://b.example/", "http://b.example/"]);
    }
}
