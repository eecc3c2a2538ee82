//! The sending addresses that the user named: reverse name, forward confirmation, HELO.

use crate::evidence::Said;
use crate::facts::Facts;
use crate::facts::boundary::{Identities, Identity, Origin, said_helo};
use crate::facts::lookup::Lookup;
use crate::facts::reverse::{self, Helo, Reverse};
use std::net::IpAddr;

/// One sending address.
#[derive(Clone, Debug)]
pub struct Source {
    pub ip: IpAddr,
    /// `None` where the address is not public.
    pub reverse: Option<Reverse>,
    /// The HELO name the user gave, held against this address.
    pub helo: Option<Helo>,
}

impl Source {
    /// The facts, as if this were the only address that the user named.
    pub fn seen(&self, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        facts.identities.source_ip = Some(Identity { value: self.ip, origin: Origin::User, span: None });
        facts.reverse = self.reverse.clone();
        facts.helo = self.helo.clone();
        facts.legs.take();
        facts
    }
}

/// Every address of `--ip`, each once.
pub fn gather(lookup: &Lookup, said: &Said) -> Vec<Source> {
    let mut ips: Vec<IpAddr> = said.check.ips.iter().map(|ip| ip.to_canonical()).collect();
    let mut seen = std::collections::BTreeSet::new();
    ips.retain(|ip| seen.insert(*ip));
    let source = |ip: IpAddr| {
        let source_ip = Some(Identity { value: ip, origin: Origin::User, span: None });
        let identities = Identities { source_ip, helo: said_helo(said), ..Identities::default() };
        Source { ip, reverse: reverse::of(lookup, ip), helo: reverse::helo(lookup, &identities) }
    };
    ips.into_iter().map(source).collect()
}
