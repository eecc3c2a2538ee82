//! Names besides the domain that its owner wants looked at: bounce domains, servers, tracking hosts.

use super::server::Speech;
use super::zone::Zone;
use crate::evidence::errand::Errand;
use crate::evidence::said::Wish;
use crate::evidence::{Kind, Question};
use crate::facts::dkim::name;
use crate::facts::lookup::Lookup;
use std::net::IpAddr;

/// Names that are looked at.
const MOST: usize = 24;

/// Name servers of the zone that are asked for what is being published.
const OWN: usize = 3;

/// Questions each of them is asked at most.
const PUBLISHED: usize = 64;

/// Hosts that are looked at over HTTPS, and at port 80.
const VISITS: usize = 6;

/// Asks for what may stand there.
pub fn ask(lookup: &Lookup, wish: &Wish) {
    for name in wish.names.iter().take(MOST) {
        for kind in [Kind::A, Kind::Aaaa, Kind::Cname, Kind::Mx, Kind::Txt] {
            lookup.ask(name, kind);
        }
    }
}

/// Puts to the zone's own servers what is being published: a cache goes on denying what was not there a minute ago.
pub fn ask_own(lookup: &Lookup, wish: &Wish, zone: Option<&Zone>) {
    for (_, ip) in zone.into_iter().flat_map(own) {
        for question in zone.into_iter().flat_map(|zone| published(wish, zone)) {
            lookup.put(question.clone().at(ip));
        }
    }
}

/// The questions about names of this zone.
pub fn published<'w>(wish: &'w Wish, zone: &'w Zone) -> impl Iterator<Item = &'w Question> {
    let apex = zone.apex.as_deref();
    let inside = move |q: &&Question| apex.is_some_and(|apex| name::within(&q.name, apex));
    wish.published.iter().filter(inside).take(PUBLISHED)
}

/// The name servers that speak for the zone, each at one address.
pub fn own(zone: &Zone) -> impl Iterator<Item = (&str, IpAddr)> {
    let speaks = |s: &&super::server::Stand| matches!(s.speech, Speech::Speaks { .. });
    let servers = zone.servers.iter().filter_map(move |s| Some((s.host.as_str(), s.stands.iter().find(speaks)?.ip)));
    servers.take(OWN)
}

/// Looks at the hosts that are to answer over HTTPS, or on port 80.
pub fn visit(lookup: &Lookup, wish: &Wish) {
    let pages = wish.https.iter().take(VISITS).map(|host| front_page(host));
    let knocks = wish.http.iter().take(VISITS).map(|host| Errand::Http { host: host.clone() });
    for errand in pages.chain(knocks) {
        lookup.fetch(errand);
    }
}

/// The errand that shows a host's certificate: whatever it answers, TLS came first.
pub fn front_page(host: &str) -> Errand {
    Errand::Https { url: format!("https://{host}/"), follow: false }
}
