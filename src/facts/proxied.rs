//! Names that may stand behind a web proxy of the DNS host: there a CNAME is asked for and addresses answer.

use super::dkim::{Key, KeyState};
use super::home;
use super::lookup::Lookup;
use crate::evidence::Kind;

/// Asks for addresses at the names of keys that are not there, where the DNS host has such a proxy.
pub fn ask(lookup: &Lookup, keys: &[Key]) {
    for key in keys.iter().filter(|k| matches!(k.state, KeyState::Missing(_))) {
        let domain = key.name.split_once("._domainkey.").map(|(_, domain)| domain);
        if domain.and_then(|d| home::of(lookup.answers(), d).host).is_some_and(|h| h.proxy) {
            lookup.ask(&key.name, Kind::A);
        }
    }
}
