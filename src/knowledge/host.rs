//! DNS hosts and how each wants a record typed in: `assets/hosts/*.toml`.

use super::shelf;
use crate::evidence::Kind;
use regex_lite::Regex;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::LazyLock;

/// One DNS host.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DnsHost {
    pub id: String,
    pub name: String,
    /// Regular expressions over a name server's name (lower case, no trailing dot).
    pub ns: Vec<String>,
    pub names: Names,
    /// What stands for the zone itself: `@`, empty, or `zone` for the zone's name.
    pub apex: String,
    pub quotes: Quotes,
    pub long_txt: LongTxt,
    /// Longest TXT accepted, bytes; of one line where long texts are typed in lines.
    pub txt_limit: Option<usize>,
    /// CNAME and MX targets need a trailing dot.
    pub target_dot: bool,
    /// All values of a name and type are lines of one entry, not entries of their own.
    pub sets: bool,
    /// An entry cannot be changed: it is deleted and made anew.
    pub no_edit: bool,
    /// The form's fields in their order.
    pub fields: Vec<Part>,
    /// The same for TXT, where it differs.
    pub fields_txt: Vec<Part>,
    pub mx_priority: MxPriority,
    /// What the form calls its fields, where that is known.
    pub labels: Labels,
    /// Where order and labels of the fields were learnt; empty where they are only the usual ones.
    pub form_source: String,
    /// Records can be proxied; mail records must not be.
    pub proxy: bool,
    /// Networks of that proxy, `192.0.2.0/24`.
    pub proxies: Vec<String>,
    pub null_mx: Option<bool>,
    /// Where to click.
    pub open: String,
    pub notes: Vec<String>,
    pub source: String,
    pub checked: String,
    /// A, B or C.
    pub confidence: String,
}

/// What the name field wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// Only what stands before the zone.
    #[default]
    Relative,
    Absolute,
    Either,
}

/// Is a TXT value typed in with quotes?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quotes {
    Yes,
    #[default]
    No,
    Either,
}

/// How a TXT value of more than 255 bytes is typed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LongTxt {
    /// Whole: the host splits it.
    #[default]
    Auto,
    /// As quoted strings of 255 bytes.
    Strings,
    /// As lines, each of which becomes one string.
    Lines,
    /// Whole, and not beyond `txt_limit`.
    Limited,
}

/// Where the preference of an MX goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MxPriority {
    #[default]
    OwnField,
    /// In front of the target.
    InValue,
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Type,
    Name,
    Value,
    Priority,
    Proxy,
    Ttl,
}

/// What a form calls its fields; empty for the usual word.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Labels {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub value: String,
    /// The value of a TXT, a CNAME, an MX.
    pub txt: String,
    pub cname: String,
    pub mx: String,
    pub priority: String,
    pub proxy: String,
    pub ttl: String,
}

impl DnsHost {
    /// The fields for a record of this type, in the form's order.
    pub fn fields_for(&self, kind: Kind) -> &[Part] {
        if kind == Kind::Txt && !self.fields_txt.is_empty() { &self.fields_txt } else { &self.fields }
    }

    /// What the form calls this field for a record of this type.
    pub fn label(&self, part: Part, kind: Kind) -> &str {
        let l = &self.labels;
        let (own, usual) = match part {
            Part::Type => (&l.kind, "Type"),
            Part::Name => (&l.name, "Name"),
            Part::Priority => (&l.priority, "Priority"),
            Part::Proxy => (&l.proxy, "Proxy"),
            Part::Ttl => (&l.ttl, "TTL"),
            Part::Value => {
                let own = match kind {
                    Kind::Txt => &l.txt,
                    Kind::Cname => &l.cname,
                    Kind::Mx => &l.mx,
                    _ => &l.value,
                };
                (if own.is_empty() { &l.value } else { own }, "Value")
            }
        };
        if own.is_empty() { usual } else { own }
    }
}

/// The id of the entry for a host that nobody knows.
pub const UNKNOWN: &str = "name-generic";

static ALL: LazyLock<Vec<DnsHost>> = LazyLock::new(|| shelf::load(shelf::HOSTS));

/// Every name server pattern with its host.
static SERVERS: LazyLock<Vec<(Regex, &'static DnsHost)>> = LazyLock::new(|| {
    let patterns = all().iter().flat_map(|h| h.ns.iter().map(move |ns| (ns, h)));
    patterns.filter_map(|(ns, h)| Some((Regex::new(ns).ok()?, h))).collect()
});

/// Every network of a proxy with its host, and how many leading bits count.
static PROXIES: LazyLock<Vec<(IpAddr, u32, &'static DnsHost)>> = LazyLock::new(|| {
    let networks = all().iter().flat_map(|h| h.proxies.iter().map(move |network| (network, h)));
    let read = |(network, host): (&String, &'static DnsHost)| {
        let (base, bits) = network.split_once('/')?;
        Some((base.parse().ok()?, bits.parse().ok()?, host))
    };
    networks.filter_map(read).collect()
});

/// The host whose web proxy has this address.
pub fn of_proxy(ip: IpAddr) -> Option<&'static DnsHost> {
    let within = |(base, bits, _): &&(IpAddr, u32, &DnsHost)| match (ip, base) {
        (IpAddr::V4(ip), IpAddr::V4(base)) => {
            (ip.to_bits() ^ base.to_bits()).checked_shr(32u32.saturating_sub(*bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(base)) => {
            (ip.to_bits() ^ base.to_bits()).checked_shr(128u32.saturating_sub(*bits)).unwrap_or(0) == 0
        }
        _ => false,
    };
    PROXIES.iter().find(within).map(|(_, _, host)| *host)
}

/// Every host, by id.
pub fn all() -> &'static [DnsHost] {
    &ALL
}

/// The host with this id.
pub fn find(id: &str) -> Option<&'static DnsHost> {
    all().iter().find(|h| h.id == id)
}

/// The entry for a host that nobody knows.
pub fn unknown() -> &'static DnsHost {
    static NONE: LazyLock<DnsHost> = LazyLock::new(DnsHost::default);
    find(UNKNOWN).unwrap_or(&NONE)
}

/// The host that runs this name server (any case, trailing dot or not); `None` where two hosts
/// share the name and nothing tells them apart ([`candidates`] has both).
pub fn of_name_server(server: &str) -> Option<&'static DnsHost> {
    match candidates(server)[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Every host that this name server may belong to. A pattern for the whole name beats one for
/// its end.
pub fn candidates(server: &str) -> Vec<&'static DnsHost> {
    let server = server.strip_suffix('.').unwrap_or(server).to_ascii_lowercase();
    if server.len() > 253 {
        return Vec::new();
    }
    let mut found: Vec<_> = SERVERS.iter().filter(|(ns, _)| ns.is_match(&server)).collect();
    if found.iter().any(|(ns, _)| ns.as_str().starts_with('^')) {
        found.retain(|(ns, _)| ns.as_str().starts_with('^'));
    }
    let mut hosts: Vec<&'static DnsHost> = found.into_iter().map(|(_, host)| *host).collect();
    hosts.dedup_by(|a, b| a.id == b.id);
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_give_their_host_away() {
        for (server, id) in [
            ("NS-2048.AWSDNS-64.co.uk.", "route53"),
            ("ada.ns.cloudflare.com", "cloudflare"),
            ("ns57.domaincontrol.com", "godaddy"),
            ("dns1.registrar-servers.com", "namecheap"),
            ("hydrogen.ns.hetzner.com", "hetzner"),
            ("ns1.digitalocean.com", "digitalocean"),
            ("dns2.p05.nsone.net", "netlify"),
            ("dns9.quad.nsone.net", "ns1"),
            ("ns-88-a.gandi.net", "gandi"),
        ] {
            assert_eq!(of_name_server(server).map(|h| &*h.id), Some(id), "{server}");
        }
        assert!(of_name_server("ns1.example.com").is_none());
        assert!(of_name_server(&"a.".repeat(5000)).is_none());
    }

    #[test]
    fn a_name_that_two_hosts_share_is_nobodys() {
        let server = "ns-cloud-a1.googledomains.com";
        assert!(of_name_server(server).is_none());
        let ids: Vec<_> = candidates(server).iter().map(|h| &*h.id).collect();
        assert_eq!(ids, ["google-cloud-dns", "squarespace"]);
    }

    #[test]
    fn addresses_of_a_proxy() {
        let of = |ip: &str| of_proxy(ip.parse().unwrap()).map(|h| &*h.id);
        assert_eq!(of("104.16.0.1"), Some("cloudflare"));
        assert_eq!(of("2606:4700:3030::1"), Some("cloudflare"));
        assert_eq!((of("192.0.2.1"), of("2001:db8::1")), (None, None));
        assert!(PROXIES.len() >= all().iter().map(|h| h.proxies.len()).sum(), "one is not written as a network");
    }

    #[test]
    fn the_unknown_host_is_there() {
        assert!(find(UNKNOWN).is_some_and(|h| h.ns.is_empty()));
    }
}
