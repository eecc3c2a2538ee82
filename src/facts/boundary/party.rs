//! Whose host is this? Two hosts are of one party when they share an organizational domain,
//! or when both belong to one known receiver (Google's, Microsoft's, Apple's many names).

use crate::facts::organization;
use crate::knowledge::receiver;
use std::net::IpAddr;

/// What is known about receivers' names, as two questions.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// The receiver that writes this authserv-id.
    pub authserv_id: fn(&str) -> Option<&'static str>,
    /// The receiver that runs this host.
    pub host: fn(&str) -> Option<&'static str>,
}

impl Names {
    /// Answers from [`crate::knowledge`].
    pub const KNOWN: Names = Names {
        authserv_id: |id| receiver::of_authserv_id(id).map(|r| &r.id[..]),
        host: |host| receiver::of_host(host).map(|r| &r.id[..]),
    };
}

/// Somebody who runs servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party<'n> {
    /// Organizational domain, or the name itself where it has none (`localhost`, `x`).
    name: &'n str,
    /// Known receiver.
    receiver: Option<&'static str>,
}

impl<'n> Party<'n> {
    /// The party of a host name; `None` for addresses and names that say nothing about an
    /// organization (`localhost`, `mx3`, `compute3.internal`).
    pub fn of_host(host: &'n str, names: Names) -> Option<Self> {
        if !host.contains('.') || host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let last = host.rsplit('.').next().unwrap_or_default();
        if PRIVATE.contains(&last) || host.ends_with(".home.arpa") {
            return None;
        }
        Some(Party { name: organization(host), receiver: (names.host)(host) })
    }

    /// The party behind an authserv-id, which may be any word.
    pub fn of_authserv_id(id: &'n str, names: Names) -> Self {
        let receiver = (names.authserv_id)(id).or_else(|| (names.host)(id));
        Party { name: organization(id), receiver }
    }

    /// Microsoft, whose Exchange Online writes no authserv-id.
    pub fn microsoft() -> Self {
        Party { name: MICROSOFT.0, receiver: Some("microsoft") }
    }

    pub fn is(&self, other: &Party) -> bool {
        self.name == other.name || (self.receiver.is_some() && self.receiver == other.receiver)
    }

    pub fn receiver(&self) -> Option<&'static str> {
        self.receiver
    }
}

/// Domains under which Exchange Online names its servers; the first stands for all.
const MICROSOFT: (&str, &[&str]) =
    ("outlook.com", &["office365.com", "outlook.de", "office365.us", "outlook.cn", "exchangelabs.com"]);

/// Organizational domain, or the name itself.
fn organization(name: &str) -> &str {
    match organization::psl(name) {
        Some(domain) if MICROSOFT.1.contains(&domain) => MICROSOFT.0,
        Some(domain) => domain,
        None => name,
    }
}

/// Last labels under which nobody outside can be reached (RFC 6761, RFC 6762, RFC 9476 and custom).
const PRIVATE: &[&str] =
    &["localhost", "localdomain", "local", "internal", "lan", "home", "corp", "intranet", "private", "alt"];

/// An address that a stranger can connect from. Documentation ranges count: they stand for such.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && b & 0xc0 == 64; // RFC 6598
            !(shared || a == 0 || a >= 224 || ip.is_private() || ip.is_loopback() || ip.is_link_local())
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            // fc00::/7, fe80::/10 and the old fec0::/10, ff00::/8
            let local = first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80 || first & 0xff00 == 0xff00;
            !(local || ip.is_loopback() || ip.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_an_organization_are_nobodys() {
        let names = Names { authserv_id: |_| None, host: |_| None };
        for host in ["localhost", "mx3", "compute3.internal", "192.0.2.1", "2002:a05:6358::1", "[192.0.2.1]", "a.local"]
        {
            assert_eq!(Party::of_host(host, names), None, "{host}");
        }
        let a = Party::of_host("a.mx.example.co.uk", names).unwrap();
        assert!(a.is(&Party::of_authserv_id("example.co.uk", names)));
        assert!(!a.is(&Party::of_authserv_id("other.co.uk", names)));
    }

    #[test]
    fn public_addresses() {
        for ip in [
            "10.0.0.1",
            "127.0.0.1",
            "100.64.1.1",
            "fe80::1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "fec0::1",
            "::",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "100.128.0.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
