//! What a DMARC report as a whole shows of signatures and addresses, and what becomes of each row by it.

use super::aggregate::{Aggregate, Path, Row};
use super::source::{Sender, Standing, Tie};
use crate::evidence::{Answer, Data, Kind, Question};
use crate::facts::boundary::is_public;
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use crate::facts::reverse::{self, Reverse};
use crate::facts::spf::eval::check_host;
use crate::facts::spf::{Check, SpfResult};
use crate::knowledge::receiver;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Addresses whose reverse names, or whose place in the SPF record, are asked for, the busiest first.
pub(super) const ASKED: usize = 20;
/// Addresses from which a signature must come before it looks handed on by strangers.
const MANY: usize = 3;
/// Messages of one address that are too many to be forwarded, where the listed servers sent fewer.
const BUSY: u64 = 100;

/// What the report as a whole says of signatures and addresses.
pub(super) struct Known<'a> {
    domain: &'a str,
    reverse: BTreeMap<IpAddr, Reverse>,
    /// Does the domain's SPF record list the address today? Of those from which nothing passes.
    spf: BTreeMap<IpAddr, Check>,
    /// Addresses from which SPF passed for the From domain.
    listed: BTreeSet<IpAddr>,
    /// Signatures of the From domain's that passed where SPF did too: they are made there.
    home: BTreeSet<(&'a str, Option<&'a str>)>,
    /// Messages of the From domain's for which SPF passed.
    at_home: u64,
    /// What the report says of SPF of the domain itself holds for whoever sends: broken, or missing where mail is received.
    mute: bool,
    /// Addresses from which each of them came where SPF did not pass.
    handed_on: BTreeMap<(&'a str, Option<&'a str>), BTreeSet<IpAddr>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(lookup: &Lookup, report: &'a Aggregate) -> Known<'a> {
        let public =
            |rows: Vec<(IpAddr, u64)>| rows.into_iter().map(|(ip, _)| ip).filter(|ip| is_public(*ip)).take(ASKED);
        let reverse =
            public(busiest(report.rows.iter())).filter_map(|ip| Some((ip, reverse::of(lookup, ip)?))).collect();
        let domain = report.policy.domain.as_str();
        let failing = public(busiest(report.rows.iter().filter(|row| !row.passes() && row.foreign().is_none())));
        let mut known = Known {
            domain,
            reverse,
            spf: failing.map(|ip| (ip, listing(lookup, ip, domain))).collect(),
            listed: BTreeSet::new(),
            home: BTreeSet::new(),
            at_home: 0,
            mute: mute(lookup, report),
            handed_on: BTreeMap::new(),
        };
        for row in &report.rows {
            let own = own_signatures(row);
            if row.spf == Some(true) {
                known.listed.extend(row.source);
                known.home.extend(own);
                known.at_home = known.at_home.saturating_add(row.count);
            } else {
                own.for_each(|s| known.handed_on.entry(s).or_default().extend(row.source));
            }
        }
        known
    }

    pub(super) fn sender(&self, row: &Row) -> Sender {
        match (row.platform, row.source) {
            (Some(platform), _) => Sender::Platform(platform),
            (None, None) => Sender::Nameless,
            (None, Some(ip)) => {
                self.name(ip).and_then(psl).map_or(Sender::Address(ip), |host| Sender::Host(host.to_owned()))
            }
        }
    }

    /// The confirmed reverse name of an address.
    pub(super) fn name(&self, ip: IpAddr) -> Option<&str> {
        let names = &self.reverse.get(&ip)?.names;
        names.iter().find(|n| n.confirmed == Some(true)).map(|n| n.name.as_str())
    }

    /// The question about an address that nobody has answered.
    pub(super) fn open(&self, ip: IpAddr) -> Option<Question> {
        let reverse = self.reverse.get(&ip)?;
        if reverse.outcome.is_none_or(|o| o.failed()) {
            return Some(reverse.question.clone());
        }
        let settled = reverse.names.iter().any(|n| n.confirmed == Some(true));
        let name = reverse.names.iter().find(|n| n.confirmed.is_none() && !settled).map(|n| n.forward.clone());
        name.or_else(|| self.spf.get(&ip)?.unanswered().cloned())
    }

    /// Has it a name of the domain's own?
    fn named(&self, ip: IpAddr) -> bool {
        self.name(ip).is_some_and(|n| psl(n).is_some() && psl(n) == psl(self.domain))
    }

    /// Does it look like a server of the domain's own, by its name or by what passed elsewhere in the report?
    fn own(&self, row: &Row) -> bool {
        row.source.is_some_and(|ip| self.listed.contains(&ip) || self.named(ip))
    }

    /// Does the SPF record of today list it? One that lets everybody pass says nothing.
    fn listed_today(&self, ip: IpAddr) -> bool {
        let passes = |c: &Check| c.result == Some(SpfResult::Pass);
        let all =
            |c: &Check| c.matched.as_deref().is_some_and(|m| m.trim_start_matches('+').eq_ignore_ascii_case("all"));
        self.spf.get(&ip).is_some_and(|c| passes(c) && !all(c))
    }

    /// A mail gateway with MAIL FROM of the domain's own: that of its customer, or of one to whom the domain wrote.
    fn is_gateway(&self, ip: IpAddr, row: &Row) -> bool {
        let gateway = |name| receiver::of_host(name).is_some_and(|r| r.kind == receiver::Kind::Gateway);
        row.path().is_some_and(|p| p.ours) && self.name(ip).is_some_and(gateway)
    }

    /// Why a row from which nothing passes is taken for the domain's own.
    pub(super) fn tie(&self, row: &Row) -> Option<Tie> {
        match row.source {
            Some(ip) if self.named(ip) => Some(Tie::Name),
            Some(ip) if self.listed.contains(&ip) || self.listed_today(ip) => Some(Tie::Listed),
            Some(ip) if self.is_gateway(ip, row) => Some(Tie::Gateway),
            _ => broken_signatures(row).next().map(|_| Tie::Signature),
        }
    }

    pub(super) fn standing(&self, report: &Aggregate, row: &Row) -> Standing {
        let relayed = row.is_relayed();
        let platform = row.platform.is_some();
        let own = own_signatures(row).next().is_some();
        let foreign = row.foreign().is_some();
        match (row.dkim, row.spf) {
            (None, None) => Standing::Unclear,
            _ if row.is_impossible() => Standing::Unclear,
            (Some(true), Some(true)) => Standing::Aligned,
            (Some(true), _) if relayed => Standing::Forwarded,
            (Some(true), _) => {
                let made = own_signatures(row).any(|s| self.home.contains(&s));
                let many = own_signatures(row).any(|s| self.handed_on.get(&s).is_some_and(|a| a.len() >= MANY));
                let bounces_elsewhere = row.paths.iter().any(|p| p.passes() && !p.ours);
                match () {
                    // SPF passed as well, and strict alignment does not count it.
                    _ if row.paths.iter().any(|p| p.passes() && p.ours) => Standing::Aligned,
                    _ if row.path().is_some_and(Path::is_undecided) => Standing::NoVerdict,
                    _ if self.own(row) => Standing::Unlisted,
                    // A service that takes its bounces itself: SPF passes for its own domain.
                    _ if bounces_elsewhere && (platform || !made) => Standing::Aligned,
                    // A forwarder hands on what others sent it: hardly more than they send.
                    _ if !many && row.count >= BUSY && row.count > self.at_home => Standing::Unlisted,
                    _ if made || many => Standing::Forwarded,
                    _ if platform => Standing::Unlisted,
                    _ => Standing::Forwarded,
                }
            }
            (_, Some(true)) => Standing::SpfAlone,
            _ if !report.turned_down(row).is_empty() => Standing::Strict,
            // What vouches for our own name, and yet does not count, is the reporter's riddle.
            _ if own || row.paths.iter().any(|p| p.passes() && p.ours) => Standing::Unclear,
            _ if relayed || (row.sealed && !self.own(row)) => Standing::Altered,
            _ => {
                let changed = changed_signatures(row).next().is_some();
                let made_here = changed_signatures(row).any(|s| self.home.contains(&s));
                match () {
                    // Where the platform itself delivers, nobody stands between.
                    _ if changed
                        && !row.direct
                        && (made_here || row.paths.iter().any(Path::passes))
                        && !self.own(row)
                        && self.tie(row) != Some(Tie::Gateway) =>
                    {
                        Standing::Altered
                    }
                    _ if platform || foreign => Standing::Unaligned,
                    _ if self.tie(row).is_some() => Standing::Failing,
                    // Its own servers would look the same.
                    _ if self.mute && row.path().is_some_and(|p| p.says_nothing(self.domain)) => Standing::Unclear,
                    // The receiver could not look at our signature.
                    _ if signatures(row, |result| result == "temperror").next().is_some() => Standing::Unclear,
                    _ => Standing::Stranger,
                }
            }
        }
    }
}

/// Can nobody pass SPF for the domain, though it is there for mail? One without MX that publishes no SPF may be parked.
fn mute(lookup: &Lookup, report: &Aggregate) -> bool {
    let domain = report.policy.domain.as_str();
    let paths = || report.rows.iter().flat_map(|row| &row.paths).filter(|p| p.domain == domain);
    let receives = |answer: &Answer| {
        answer
            .records
            .iter()
            .any(|r| matches!(&r.data, Data::Mx { exchange, .. } if !exchange.trim_end_matches('.').is_empty()))
    };
    !paths().any(Path::passes)
        && paths().any(|p| p.says_nothing(domain))
        && (paths().any(|p| p.result == "permerror") || lookup.ask(domain, Kind::Mx).is_some_and(receives))
}

/// Signatures of the From domain's organization that passed, by domain and selector.
fn own_signatures(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    signatures(row, |result| result == "pass")
}

/// Those that were there and failed.
fn broken_signatures(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    signatures(row, |result| !matches!(result, "pass" | "none" | "temperror" | ""))
}

/// Those that a change on the way breaks: permerror is a key or a signature that cannot be used (RFC 8601 §2.7.1).
fn changed_signatures(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    signatures(row, |result| !matches!(result, "pass" | "none" | "temperror" | "permerror" | ""))
}

fn signatures(row: &Row, came_out: fn(&str) -> bool) -> impl Iterator<Item = (&str, Option<&str>)> {
    let ours = row.signatures.iter().filter(move |s| s.ours && came_out(&s.result));
    ours.map(|s| (s.domain.as_str(), s.selector.as_deref()))
}

/// Addresses with their messages, the busiest first.
pub(super) fn busiest<'r>(rows: impl Iterator<Item = &'r Row>) -> Vec<(IpAddr, u64)> {
    let mut counts: BTreeMap<IpAddr, u64> = BTreeMap::new();
    for row in rows {
        if let Some(ip) = row.source {
            let count = counts.entry(ip).or_default();
            *count = count.saturating_add(row.count);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// What SPF of a domain gives for an address.
pub(super) fn listing(lookup: &Lookup, ip: IpAddr, domain: &str) -> Check {
    check_host(lookup, ip, domain, &format!("postmaster@{domain}"), None, false)
}
