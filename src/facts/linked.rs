//! Whether the hosts that a message links to exist: only those of its own sender, and the one that unsubscribes. A name in
//! a stranger's link may be made for one recipient, and asking for it would tell that he reads.

use super::Reading;
use super::lookup::Lookup;
use super::organization::same_by_list;
use super::reverse::addresses;
use crate::evidence::{Data, Kind, Outcome, Question};
use crate::span::Span;
use std::net::IpAddr;

/// Hosts that are asked about, at most.
const HOSTS: usize = 6;

/// A host that the message links to.
#[derive(Clone, Debug)]
pub struct Host {
    /// Lower-case A-label.
    pub name: String,
    /// In List-Unsubscribe; otherwise in the body.
    pub unsubscribes: Option<Span>,
    pub state: State,
}

/// What DNS has at the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Unasked(Question),
    Failed(Question),
    /// Its addresses.
    Found(Vec<IpAddr>),
    /// No address; where the name is an alias, of this one.
    Dead {
        question: Question,
        alias: Option<String>,
    },
}

/// Looks the hosts up, or names the questions that are still open.
pub fn gather(lookup: &Lookup, reading: &Reading) -> Vec<Host> {
    let Some(from) = reading.from_domain() else { return Vec::new() };
    let mut hosts: Vec<(String, Option<Span>)> = Vec::new();
    let mut note = |name: String, at: Option<Span>| {
        if hosts.len() < HOSTS && !hosts.iter().any(|(n, _)| *n == name) {
            hosts.push((name, at));
        }
    };
    for uri in reading.lists.unsubscribe.iter().take(HOSTS) {
        if let Some(host) = host_of(&uri.value) {
            note(host, Some(uri.span));
        }
    }
    let links = reading.content.iter().flat_map(|c| &c.links);
    links.filter(|l| !l.address && same_by_list(&l.host, from)).for_each(|l| note(l.host.clone(), None));
    hosts.into_iter().map(|(name, unsubscribes)| Host { state: state(lookup, &name), name, unsubscribes }).collect()
}

fn host_of(uri: &str) -> Option<String> {
    let lower = uri.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#', ':', '@']).next()?.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host).ok()?;
    (ascii.contains('.') && ascii.parse::<IpAddr>().is_err() && super::spf::eval::checkable(&ascii)).then_some(ascii)
}

fn state(lookup: &Lookup, name: &str) -> State {
    // Both kinds at once: a host of IPv6 alone exists too.
    let questions = [Question::new(name, Kind::A), Question::new(name, Kind::Aaaa)];
    let answers = questions.clone().map(|q| lookup.put(q));
    let found: Vec<IpAddr> = answers.iter().flatten().flat_map(|a| addresses(a)).collect();
    let [a, aaaa] = questions;
    match answers {
        _ if !found.is_empty() => State::Found(found),
        [None, _] => State::Unasked(a),
        [_, None] => State::Unasked(aaaa),
        [Some(one), _] if one.outcome.failed() => State::Failed(a),
        [_, Some(two)] if two.outcome.failed() => State::Failed(aaaa),
        [Some(one), Some(_)] => {
            let alias = one.records.iter().rev().find_map(|r| match &r.data {
                Data::Cname(target) => Some(target.clone()),
                _ => None,
            });
            debug_assert!(matches!(one.outcome, Outcome::NxDomain | Outcome::NoData | Outcome::Records));
            State::Dead { question: a, alias }
        }
    }
}
