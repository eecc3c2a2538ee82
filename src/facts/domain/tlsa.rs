//! DANE for mail: TLSA records at `_25._tcp.` of a mail host (RFC 7672).

use super::Asked;
use super::certificate::Certificate;
use crate::evidence::{Data, Kind};
use crate::facts::lookup::Lookup;
use sha2::{Digest, Sha256, Sha512};

/// The TLSA records of one mail host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    pub asked: Asked,
    pub records: Vec<Pin>,
}

/// One record (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub usage: u8,
    pub selector: u8,
    pub matching: u8,
    pub data: Vec<u8>,
    /// Why no mail server can use it, if so.
    pub flaw: Option<&'static str>,
}

/// Asks for them; senders use only signed ones ([`Asked::authentic`]).
pub fn gather(lookup: &Lookup, host: &str) -> Tlsa {
    let (asked, answer) = Asked::ask(lookup, &format!("_25._tcp.{host}"), Kind::Tlsa);
    let pins = answer.into_iter().flat_map(|a| &a.records).filter_map(|r| Pin::read(&r.data));
    Tlsa { asked, records: pins.collect() }
}

impl Pin {
    pub fn read(data: &Data) -> Option<Pin> {
        let Data::Tlsa { usage, selector, matching, data } = data else { return None };
        let (usage, selector, matching) = (*usage, *selector, *matching);
        let flaw = flaw(usage, selector, matching, data.len());
        Some(Pin { usage, selector, matching, data: data.clone(), flaw })
    }

    /// Does it name one of the certificates that the host shows, its own first? `None` where those do not tell: the
    /// authority of a record that holds it whole need not be shown (RFC 7672 §3.1.2).
    pub fn fits(&self, chain: &[Certificate]) -> Option<bool> {
        // Usage 3 is about the host's own certificate, usage 2 about one above it.
        let looked = if self.usage == 3 { chain.get(..1)? } else { chain };
        let fits = looked.iter().any(|c| {
            let whole = if self.selector == 0 { &c.der } else { &c.key };
            match self.matching {
                0 => *whole == self.data,
                1 => Sha256::digest(whole)[..] == self.data,
                _ => Sha512::digest(whole)[..] == self.data,
            }
        });
        (fits || self.usage == 3 || self.matching != 0).then_some(fits)
    }
}

/// RFC 7672 §3.1: DANE-TA(2) or DANE-EE(3); RFC 6698 §2.1.2 and §2.1.3 for the rest.
fn flaw(usage: u8, selector: u8, matching: u8, length: usize) -> Option<&'static str> {
    match (usage, selector, matching, length) {
        (0 | 1, ..) => Some("usage 0 and 1 are not for mail servers; they take 2 and 3"),
        (4.., ..) => Some("there is no such usage"),
        (_, 2.., ..) => Some("there is no such selector"),
        (_, _, 3.., _) => Some("there is no such matching type"),
        (_, _, 1, n) if n != 32 => Some("a SHA-256 digest has 32 bytes"),
        (_, _, 2, n) if n != 64 => Some("a SHA-512 digest has 64 bytes"),
        (.., 0) => Some("it is empty"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_server_can_use() {
        assert_eq!(flaw(3, 1, 1, 32), None);
        assert_eq!(flaw(2, 0, 2, 64), None);
        assert_eq!(flaw(3, 0, 0, 800), None);
        for (usage, selector, matching, length) in
            [(1, 1, 1, 32), (3, 1, 1, 20), (3, 2, 1, 32), (3, 1, 3, 32), (3, 1, 0, 0)]
        {
            assert!(flaw(usage, selector, matching, length).is_some());
        }
    }
}
