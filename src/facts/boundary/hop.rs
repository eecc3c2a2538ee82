//! The boundary hop: the Received at which an organization took the message over from outside.

use super::party::{Names, Party, is_public};
use crate::facts::authres::{AuthRes, MethodResult, comment};
use crate::facts::received::Hop;
use crate::span::Spanned;
use std::net::IpAddr;

/// Received fields looked at, from the top: servers give up on loops long before (RFC 5321 §6.3).
pub(super) const MOST: usize = 128;

/// The topmost hops with their index, top to bottom.
pub(super) fn topmost(hops: &[Hop]) -> impl Iterator<Item = (usize, &Hop)> + Clone {
    hops.iter().enumerate().rev().take(MOST)
}

/// Who wrote each of the topmost Received, looked up once.
pub(super) struct Writers<'r> {
    /// From the top down.
    parties: Vec<Option<Party<'r>>>,
    hops: usize,
}

impl<'r> Writers<'r> {
    pub fn of(hops: &'r [Hop], names: Names) -> Self {
        let writer = |hop: &'r Hop| Party::of_host(&hop.by.as_ref()?.value, names);
        Writers { parties: topmost(hops).map(|(_, hop)| writer(hop)).collect(), hops: hops.len() }
    }

    /// By the hop's index.
    pub fn get(&self, n: usize) -> Option<&Party<'r>> {
        self.parties.get(self.hops.checked_sub(n + 1)?)?.as_ref()
    }

    /// From the top down, leaving out those that name no organization.
    pub fn iter(&self) -> impl Iterator<Item = &Party<'r>> {
        self.parties.iter().flatten()
    }
}

/// The hop at which `party` took the message over. `fields` are its verdicts: a hop whose
/// client they name is the surest. Without a party: the topmost client with a public address.
/// `newest` is the index of the newest hop that may be it.
pub(super) fn find(
    hops: &[Hop],
    writers: &Writers,
    newest: usize,
    party: Option<&Party>,
    fields: &[&AuthRes],
    names: Names,
) -> Option<usize> {
    let candidates = topmost(hops).filter(|(n, _)| *n <= newest);
    let its = |n: usize| match (writers.get(n), party) {
        (Some(by), Some(party)) => by.is(party),
        _ => true,
    };
    let named: Vec<IpAddr> =
        fields.iter().flat_map(|f| &f.results).flat_map(clients).map(|ip| ip.value).take(MOST).collect();
    let is_named = |hop: &Hop| hop.ip.as_ref().is_some_and(|ip| is_public(ip.value) && named.contains(&ip.value));
    if let Some((n, _)) = candidates.clone().find(|(n, hop)| is_named(hop) && its(*n)) {
        return Some(n);
    }
    let mut begun = false;
    let (mut kin, mut unseen) = (None, None);
    for (n, hop) in candidates {
        if !its(n) {
            // Those above took it over later; one below came before.
            if begun {
                break;
            }
            continue;
        }
        begun |= writers.get(n).is_some();
        match client(hop, party, names) {
            Client::Stranger => return Some(n),
            Client::Unseen => unseen = unseen.or(Some(n)),
            Client::Kin => kin = Some(n),
            Client::Own => {}
        }
    }
    unseen.or(kin)
}

/// Whose client a hop had.
pub(super) enum Client {
    /// Somebody else's, with a public address.
    Stranger,
    /// By name somebody else's, behind a private address (a container, a proxy) or none.
    Unseen,
    /// By name the organization's own, with a public address: an inner server, or the
    /// outgoing server of another customer (Gmail to Gmail), or a stranger's claim.
    Kin,
    Own,
}

pub(super) fn client<'h>(hop: &'h Hop, party: Option<&Party>, names: Names) -> Client {
    let public = hop.ip.as_ref().is_some_and(|ip| is_public(ip.value));
    let of = |name: &'h Option<Spanned<String>>| name.as_ref().and_then(|n| Party::of_host(&n.value, names));
    // Exchange Online's outgoing edge carries other tenants' mail.
    let edge = |name: &Option<Spanned<String>>| {
        name.as_ref().is_some_and(|n| n.value.ends_with(".outbound.protection.outlook.com"))
    };
    if public && (edge(&hop.helo) || edge(&hop.reverse_name)) {
        return Client::Stranger;
    }
    let stranger = if public { Client::Stranger } else { Client::Unseen };
    match (of(&hop.reverse_name).or_else(|| of(&hop.helo)), party) {
        (Some(name), Some(party)) if name.is(party) && public => Client::Kin,
        (Some(name), Some(party)) if name.is(party) => Client::Own,
        (Some(_), Some(_)) => stranger,
        (_, _) if public => Client::Stranger,
        (_, _) => Client::Own,
    }
}

/// Addresses of the client that a result names (`smtp.remote-ip`, `policy.iprev`, and the
/// comments of SPF results).
pub(super) fn clients(result: &MethodResult) -> impl Iterator<Item = Spanned<IpAddr>> {
    let props = result.props.iter().filter_map(|p| {
        let its = matches!((&p.ptype[..], &p.property[..]), ("smtp", "remote-ip" | "client-ip") | ("policy", "iprev"));
        let ip = its.then(|| p.value.trim_matches(['[', ']']).parse().ok())??;
        Some(Spanned::new(ip, p.value_span))
    });
    let comments = (result.method == "spf").then_some(&result.comments).into_iter().flatten();
    props.chain(comments.filter_map(comment::address))
}
