//! Filters of the user's own: which, and where they are.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Filters that the user runs, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnFilters {
    /// SpamAssassin's daemon: `host:port`, or the path of its socket.
    pub spamd: Option<String>,
    /// `http://127.0.0.1:11333`
    pub rspamd: Option<String>,
}

/// The port of spamd, where none is named.
const SPAMD: u16 = 783;

impl OwnFilters {
    pub(super) fn is_empty(&self) -> bool {
        *self == OwnFilters::default()
    }

    /// Where spamd is: a host with or without a port, or the path of a socket.
    pub fn place_of_spamd(text: &str) -> Result<String, String> {
        let text = text.trim();
        let odd = || format!("{text:?} is neither HOST:PORT nor the path of a socket");
        if text.starts_with('/') {
            return Ok(text.to_owned());
        }
        let bare = text.trim_matches(['[', ']']);
        let (host, port) = match (bare.parse::<IpAddr>(), text.rsplit_once(':')) {
            (Ok(_), _) | (_, None) => (bare, SPAMD),
            (_, Some((host, port))) => (host.trim_matches(['[', ']']), port.parse().map_err(|_| odd())?),
        };
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        match host.parse() {
            Ok(IpAddr::V6(ip)) => Ok(format!("[{ip}]:{port}")),
            _ if !host.is_empty() && host.chars().all(name) => Ok(format!("{host}:{port}")),
            _ => Err(odd()),
        }
    }

    /// Where Rspamd is: a web address without a user, a query or a fragment.
    pub fn place_of_rspamd(text: &str) -> Result<String, String> {
        let text = text.trim();
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let plain = |rest: &&str| !rest.starts_with(['/', ':']) && !rest.is_empty();
        match rest.filter(plain).filter(|rest| rest.bytes().all(|b| b.is_ascii_graphic() && !b"@?#\"<>".contains(&b))) {
            Some(_) => Ok(text.trim_end_matches('/').trim_end_matches("/checkv2").to_owned()),
            None => Err(format!("{text:?} is no address like http://127.0.0.1:11333")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_filter_is_can_be_written_in_several_ways() {
        let spamd = OwnFilters::place_of_spamd;
        for (text, want) in [
            ("127.0.0.1:783", "127.0.0.1:783"),
            ("localhost", "localhost:783"),
            ("192.0.2.7", "192.0.2.7:783"),
            ("::1", "[::1]:783"),
            ("[::1]:1783", "[::1]:1783"),
            (" spam.example.net:1783 ", "spam.example.net:1783"),
            ("/run/spamd.sock", "/run/spamd.sock"),
        ] {
            assert_eq!(spamd(text).as_deref(), Ok(want), "{text}");
        }
        for odd in ["", "spam.example.net:port", ":783", "http://x.example:783", "a b:783", "x:99999"] {
            assert!(spamd(odd).is_err(), "{odd}");
        }
        let rspamd = OwnFilters::place_of_rspamd;
        assert_eq!(rspamd("http://127.0.0.1:11333/").as_deref(), Ok("http://127.0.0.1:11333"));
        assert_eq!(rspamd("https://spam.example.net/rspamd/checkv2").as_deref(), Ok("https://spam.example.net/rspamd"));
        for odd in ["127.0.0.1:11333", "http://", "http://u:p@x.example/", "http://x.example/?password=1", "ftp://x"] {
            assert!(rspamd(odd).is_err(), "{odd}");
        }
    }
}
