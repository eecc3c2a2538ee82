//! Stand-ins for addresses of machines that keep what networks they share: an SPF range that held an address holds
//! its stand-in too.

use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};

/// A mapping of addresses, the same within one case.
pub struct Addresses {
    key: Vec<u8>,
}

impl Addresses {
    /// `key` makes one case's stand-ins differ from another's.
    pub fn new(key: &[u8]) -> Addresses {
        Addresses { key: key.to_vec() }
    }

    /// Each bit turns or not by what stands before it, so that common beginnings stay common (Xu et al., 2002). What
    /// tells the kind of an address, private or public, stays.
    pub fn stand_in(&self, ip: IpAddr) -> IpAddr {
        match ip {
            // A web proxy's, which everybody shares.
            _ if crate::knowledge::host::of_proxy(ip).is_some() => ip,
            IpAddr::V4(v4) if v4.is_loopback() || v4.is_unspecified() || v4.is_broadcast() => ip,
            IpAddr::V4(v4) => {
                // Special blocks lie within these first octets; elsewhere the first octet is enough.
                let kept = if matches!(v4.octets()[0], 100 | 169 | 172 | 192 | 198 | 203) { 16 } else { 8 };
                let bits = self.turned(u128::from(v4.to_bits()) << 96, kept, 32) >> 96;
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or_default()))
            }
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() || v6.to_ipv4_mapped().is_some() => ip,
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(self.turned(v6.to_bits(), 32, 128))),
        }
    }

    /// The network of an address and a prefix length, as ranges are written: the bits behind it stay as they are.
    pub fn network(&self, ip: IpAddr, length: u32) -> IpAddr {
        let whole = if ip.is_ipv4() { 32 } else { 128 };
        if length >= whole {
            return self.stand_in(ip);
        }
        match (self.stand_in(ip), ip) {
            (IpAddr::V4(new), IpAddr::V4(old)) => {
                let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits((new.to_bits() & mask) | (old.to_bits() & !mask)))
            }
            (IpAddr::V6(new), IpAddr::V6(old)) => {
                let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits((new.to_bits() & mask) | (old.to_bits() & !mask)))
            }
            (new, _) => new,
        }
    }

    fn turned(&self, bits: u128, kept: u32, length: u32) -> u128 {
        (kept..length).fold(bits, |out, n| {
            let before = bits >> (127 - n) >> 1;
            let mut hash = Sha256::new();
            hash.update(&self.key);
            hash.update(n.to_be_bytes());
            hash.update(before.to_be_bytes());
            let turns = u128::from(hash.finalize()[0] & 1);
            out ^ (turns << (127 - n))
        })
    }

    /// Every address of a text replaced, in each way in which addresses are written there: with a prefix length,
    /// reversed as in DNS, with hyphens as in names of hosts.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            let (this, after) = rest.split_at(word);
            out.push_str(&self.word(this, after));
            let gap = after.find(is_part).unwrap_or(after.len());
            let (between, next) = after.split_at(gap);
            out.push_str(between);
            rest = next;
        }
        out
    }

    /// A run of letters, digits, dots, colons and hyphens.
    fn word(&self, word: &str, after: &str) -> String {
        let bare = word.trim_end_matches(['.', ':']);
        let tail = word.get(bare.len()..).unwrap_or_default();
        // `ip4:192.0.2.0/24`, `client-ip=`, `IPv6:2001:db8::1`
        for (at, _) in std::iter::once((0, ' ')).chain(bare.match_indices(':').map(|(n, _)| (n + 1, ' '))) {
            let (head, address) = bare.split_at(at);
            if let Ok(ip) = address.parse::<IpAddr>() {
                let length =
                    after.strip_prefix('/').map(|a| a.chars().take_while(char::is_ascii_digit).collect::<String>());
                let new = match length.and_then(|l| l.parse().ok()) {
                    Some(length) => self.network(ip, length),
                    None => self.stand_in(ip),
                };
                return format!("{head}{new}{tail}");
            }
            if let Ok(socket) = address.parse::<SocketAddrV4>() {
                return format!("{head}{}:{}{tail}", self.stand_in(IpAddr::V4(*socket.ip())), socket.port());
            }
        }
        match self.name(bare) {
            Some(name) => name + tail,
            None => word.to_owned(),
        }
    }

    /// A name with an address in it: four numbers in a row, or 32 nibbles.
    fn name(&self, name: &str) -> Option<String> {
        let labels: Vec<&str> = name.split('.').collect();
        let nibbles = labels.iter().take_while(|l| l.len() == 1 && l.bytes().all(|b| b.is_ascii_hexdigit())).count();
        if nibbles >= 32 {
            let hex: String = labels.iter().take(32).rev().copied().collect();
            let new = self.stand_in(IpAddr::V6(Ipv6Addr::from_bits(u128::from_str_radix(&hex, 16).ok()?)));
            let IpAddr::V6(new) = new else { return None };
            let digits: Vec<String> = format!("{:032x}", new.to_bits()).chars().rev().map(String::from).collect();
            return Some([&digits.join("."), ".", &labels.get(32..)?.join(".")].concat());
        }
        for (first, between) in ['.', '-'].into_iter().flat_map(|b| starts(name).map(move |s| (s, b))) {
            let (head, rest) = name.split_at(first);
            let Some((numbers, length)) = four(rest, between) else { continue };
            let [a, b, c, d] = numbers;
            // In DNS names the last octet comes first; with hyphens mostly the first.
            let reversed = between == '.';
            let ip = if reversed { Ipv4Addr::new(d, c, b, a) } else { Ipv4Addr::new(a, b, c, d) };
            let IpAddr::V4(new) = self.stand_in(IpAddr::V4(ip)) else { continue };
            let mut octets = new.octets();
            if reversed {
                octets.reverse();
            }
            let written: Vec<String> = octets.iter().map(u8::to_string).collect();
            let tail = rest.get(length..).unwrap_or_default();
            return Some([head, &written.join(&between.to_string()), tail].concat());
        }
        None
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_')
}

/// Where a number begins.
fn starts(name: &str) -> impl Iterator<Item = usize> + '_ {
    let digit = |n: usize| name.as_bytes().get(n).is_some_and(u8::is_ascii_digit);
    (0..name.len()).filter(move |&n| digit(n) && !n.checked_sub(1).is_some_and(digit))
}

/// Four octets at the beginning, and how long they are.
fn four(text: &str, between: char) -> Option<([u8; 4], usize)> {
    let mut numbers = [0; 4];
    let mut at = 0;
    for (n, number) in numbers.iter_mut().enumerate() {
        let digits = text.get(at..)?.chars().take_while(char::is_ascii_digit).count();
        *number = text.get(at..at + digits)?.parse().ok()?;
        at += digits;
        if n < 3 {
            at += text.get(at..)?.starts_with(between).then_some(1)?;
        }
    }
    Some((numbers, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        Addresses::new(b"key").apply(text)
    }

    #[test]
    fn each_spelling_of_an_address_has_the_same_stand_in() {
        let new: IpAddr = of("203.0.113.77").parse().unwrap();
        assert_ne!(new, "203.0.113.77".parse::<IpAddr>().unwrap());
        let IpAddr::V4(v4) = new else { panic!() };
        let [a, b, c, d] = v4.octets();
        for (text, expected) in [
            ("[203.0.113.77]", format!("[{new}]")),
            ("http://203.0.113.77:11333/", format!("http://{new}:11333/")),
            ("client-ip=203.0.113.77;", format!("client-ip={new};")),
            ("v=spf1 ip4:203.0.113.77 -all", format!("v=spf1 ip4:{new} -all")),
            ("77.113.0.203.in-addr.arpa", format!("{d}.{c}.{b}.{a}.in-addr.arpa")),
            ("host-203-0-113-77.isp.example", format!("host-{a}-{b}-{c}-{d}.isp.example")),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        for text in ["no address: 12:30:45 +0000", "1.2.3", "version 1.2.3.4.5", "::1", "127.0.0.1", "a.b-c.example"] {
            let masked = of(text);
            assert!(masked == text || text.starts_with("version"), "{masked}");
        }
    }

    #[test]
    fn kinds_of_addresses_stay() {
        let kind = |text: &str| of(text).parse::<Ipv4Addr>().unwrap();
        assert!(kind("10.1.2.3").is_private() && kind("192.168.3.4").is_private());
        assert!(kind("169.254.1.1").is_link_local() && !kind("192.0.2.4").is_private());
    }

    proptest! {
        #[test]
        fn a_range_holds_the_stand_ins_of_what_it_held(a: u32, b: u32, length in 8u32..=32) {
            let map = Addresses::new(b"key");
            let (a, b) = (IpAddr::V4(a.into()), IpAddr::V4(b.into()));
            let network = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_bits() >> (32 - length),
                IpAddr::V6(_) => 0,
            };
            prop_assert_eq!(network(a) == network(b), network(map.stand_in(a)) == network(map.stand_in(b)));
            prop_assert_eq!(network(map.network(a, length)), network(map.stand_in(a)));
        }

        #[test]
        fn nothing_panics(text in ".{0,80}") {
            of(&text);
        }
    }
}
