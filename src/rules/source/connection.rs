//! The connection the receiving organization judged, and whose it is.

use crate::facts::Facts;
use crate::facts::boundary::is_public;
use crate::facts::organization::psl;
use crate::facts::platform::{Hit, Mark};
use crate::facts::received::Hop;
use crate::knowledge::receiver::{self, Noted};
use crate::rules::Exhibit;
use std::net::IpAddr;

/// The public address of the server that handed the message over; `None` where it is internal,
/// unknown, or a mail program's that logged in (RFC 3848): its names are nobody's business.
pub(super) fn source(facts: &Facts) -> Option<IpAddr> {
    let ip = facts.identities.source_ip.as_ref()?.value.to_canonical();
    (is_public(ip) && !hop(facts).is_some_and(Hop::is_submission)).then_some(ip)
}

/// The hop at which the receiving organization took over, if it is that of the source address.
pub(super) fn hop(facts: &Facts) -> Option<&Hop> {
    let hop = facts.reading.hops.get(facts.reading.boundary.hop?)?;
    let source = facts.identities.source_ip.as_ref()?.value.to_canonical();
    hop.ip.as_ref().is_some_and(|ip| ip.value == source).then_some(hop)
}

/// Does the server that wrote this hop leave that out for everybody?
pub(super) fn leaves_out(facts: &Facts, hop: &Hop, what: Noted) -> bool {
    let host = hop.by.as_ref().map_or("", |by| by.value.as_str());
    let software = hop.software.map_or(&b""[..], |span| span.of(facts.text()));
    receiver::leaves_out(host, software, what)
}

/// Where the address was learnt.
pub(super) fn exhibit(facts: &Facts) -> Option<Exhibit> {
    let ip = facts.identities.source_ip.as_ref()?;
    Some(match ip.span {
        Some(span) => Exhibit::input(span, "the address that delivered the message"),
        None => Exhibit::user(format!("the source address is {}", ip.value), "the address you gave"),
    })
}

/// The sending platform the address belongs to: then its names are the platform's to set.
pub(super) fn platform(facts: &Facts) -> Option<&Hit> {
    let owns = |hit: &&Hit| matches!(hit.mark, Mark::ReturnPath | Mark::Received);
    facts.platforms.iter().filter(owns).find(|hit| hit.platform.kind != "self-hosted")
}

/// Did the receiver report that the message authenticates?
pub(super) fn authenticated(facts: &Facts) -> bool {
    facts.reading.reported.dmarc.as_ref().is_some_and(|d| d.result == "pass")
}

/// Is the name under the domain of From or MAIL FROM, whose DNS the sender can change?
pub(super) fn own(facts: &Facts, name: &str) -> bool {
    let Some(organization) = psl(name) else { return false };
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    [facts.reading.from_domain(), mail_from].into_iter().flatten().any(|d| psl(d).as_ref() == Some(&organization))
}
