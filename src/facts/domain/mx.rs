//! Where mail to the domain goes, host by host.

use super::Asked;
use super::tlsa::{self, Tlsa};
use crate::evidence::Kind;
use crate::evidence::said::{Part, Wish};
use crate::facts::lookup::Lookup;
use crate::facts::mail_hosts::{self, Reception};
use crate::facts::organization::same_by_list;
use crate::facts::reverse::{self, Reverse, addresses};
use std::net::IpAddr;

/// Addresses of one host whose reverse names are looked at.
const ADDRESSES: usize = 4;

/// A domain's mail servers one by one; how it takes mail at all stands in [`crate::facts::Facts::mail_hosts`].
#[derive(Clone, Debug)]
pub struct Mx {
    pub asked: Asked,
    /// The MX targets, most preferred first; empty where there is no MX.
    pub servers: Vec<Server>,
}

/// One MX target.
#[derive(Clone, Debug)]
pub struct Server {
    pub preference: u16,
    pub host: String,
    /// The questions for its addresses, v4 then v6.
    pub addresses: [Asked; 2],
    pub ips: Vec<IpAddr>,
    /// Its name is in the domain's own organization, so its records are the owner's to mend.
    pub own: bool,
    /// Of an own host.
    pub reverse: Vec<Reverse>,
    /// `None` where mail parts of DNS were not to be looked at.
    pub tlsa: Option<Tlsa>,
}

/// Asks for the MX, and what stands behind it.
pub fn gather(lookup: &Lookup, domain: &str, wish: &Wish) -> Mx {
    let (asked, _) = Asked::ask(lookup, domain, Kind::Mx);
    let hosts = mail_hosts::gather(lookup, domain);
    let all = match &hosts.reception {
        Reception::Servers(servers) => &servers[..],
        _ => &[],
    };
    let named = all.iter().filter(|s| !matches!(s.host.as_str(), "" | ".") && s.host.parse::<IpAddr>().is_err());
    let servers = named.map(|s| server(lookup, domain, s.preference, &s.host, wish)).collect();
    Mx { asked, servers }
}

fn server(lookup: &Lookup, domain: &str, preference: u16, host: &str, wish: &Wish) -> Server {
    let asked = [Kind::A, Kind::Aaaa].map(|kind| Asked::ask(lookup, host, kind));
    let ips: Vec<IpAddr> = asked.iter().filter_map(|(_, answer)| *answer).flat_map(addresses).collect();
    let own = same_by_list(host, domain);
    let looked = ips.iter().take(if own && wish.wants(Part::Ptr) { ADDRESSES } else { 0 });
    Server {
        preference,
        host: host.to_owned(),
        addresses: asked.map(|(asked, _)| asked),
        own,
        reverse: looked.filter_map(|ip| reverse::of(lookup, *ip)).collect(),
        ips,
        tlsa: wish.wants(Part::Mx).then(|| tlsa::gather(lookup, host)),
    }
}
