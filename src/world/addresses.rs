//! Which address and port stands in for which: how tests and the lab take the place of ports 25, 53 and 443.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// `192.0.2.53:53=127.0.0.1:5353,*:25=127.0.0.1:2525`: the first entry that fits decides; what none fits stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressMap(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// Any address where `None`.
    ip: Option<IpAddr>,
    port: u16,
    to: SocketAddr,
}

impl AddressMap {
    /// Where to connect to reach `address`.
    pub fn of(&self, address: SocketAddr) -> SocketAddr {
        let fits = |e: &&Entry| e.port == address.port() && e.ip.is_none_or(|ip| ip == address.ip());
        self.0.iter().find(fits).map_or(address, |e| e.to)
    }
}

impl FromStr for AddressMap {
    type Err = String;

    fn from_str(text: &str) -> Result<AddressMap, String> {
        let entry = |pair: &str| {
            let (from, to) = pair.split_once('=')?;
            let to = to.parse().ok()?;
            Some(match from.strip_prefix("*:") {
                Some(port) => Entry { ip: None, port: port.parse().ok()?, to },
                None => {
                    let from: SocketAddr = from.parse().ok()?;
                    Entry { ip: Some(from.ip()), port: from.port(), to }
                }
            })
        };
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let entries: Result<_, _> =
            pairs.map(|pair| entry(pair).ok_or_else(|| format!("{pair:?} is not ADDRESS:PORT=ADDRESS:PORT"))).collect();
        entries.map(AddressMap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_that_fits_decides() {
        let map: AddressMap =
            "192.0.2.53:53=127.0.0.1:5353, [2001:db8::1]:53=[::1]:99,*:25=127.0.0.1:2525".parse().unwrap();
        for (from, to) in [
            ("192.0.2.53:53", "127.0.0.1:5353"),
            ("[2001:db8::1]:53", "[::1]:99"),
            ("192.0.2.9:25", "127.0.0.1:2525"),
            ("192.0.2.54:53", "192.0.2.54:53"),
            ("192.0.2.53:443", "192.0.2.53:443"),
        ] {
            assert_eq!(map.of(from.parse().unwrap()), to.parse().unwrap(), "{from}");
        }
        assert_eq!("".parse(), Ok(AddressMap::default()));
        assert!("192.0.2.53=127.0.0.1".parse::<AddressMap>().is_err());
    }
}
