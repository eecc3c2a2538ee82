//! Whether the hosts that a message links to exist, and on request which certificate they show: only those of its own sender, and the one that unsubscribes. A name in
//! a stranger's link may be made for one recipient, and asking for it would tell that he reads.

use super::Reading;
use super::lookup::Lookup;
use super::organization::same_by_list;
use super::reverse::addresses;
use crate::evidence::errand::{Step, Tls, What};
use crate::evidence::{Data, Errand, Kind, Outcome, Question, Said};
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
    /// Where it is linked to over https, and that was to be looked at (`--probe-links`).
    pub handshake: Option<(Errand, Handshake)>,
}

/// What came of a TLS handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    Unasked,
    Failed(Step, String),
    Done(Tls),
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
pub fn gather(lookup: &Lookup, reading: &Reading, said: &Said) -> Vec<Host> {
    let Some(from) = reading.from_domain() else { return Vec::new() };
    // Name, where it unsubscribes, whether a link there is encrypted.
    let mut hosts: Vec<(String, Option<Span>, bool)> = Vec::new();
    let mut note = |name: String, at: Option<Span>, https: bool| match hosts.iter_mut().find(|(n, ..)| *n == name) {
        Some((.., known)) => *known |= https,
        None => hosts.push((name, at, https)),
    };
    for uri in reading.lists.unsubscribe.iter().take(HOSTS) {
        if let Some(host) = host_of(&uri.value) {
            let https = uri.value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
            note(host, Some(uri.span), https);
        }
    }
    let links = reading.content.iter().flat_map(|c| &c.links);
    links.filter(|l| !l.address && same_by_list(&l.host, from)).for_each(|l| note(l.host.clone(), None, l.https));
    let host = |(name, unsubscribes, https): (String, Option<Span>, bool)| {
        let state = state(lookup, &name);
        let wanted = said.check.probe_links && https && matches!(state, State::Found(_));
        Host { handshake: wanted.then(|| handshake(lookup, &name)), state, name, unsubscribes }
    };
    hosts.into_iter().take(HOSTS).map(host).collect()
}

fn handshake(lookup: &Lookup, name: &str) -> (Errand, Handshake) {
    let errand = Errand::Handshake { host: name.to_owned() };
    let what = lookup.fetch(errand.clone()).map(|brought| &brought.what);
    let handshake = match what {
        None => Handshake::Unasked,
        Some(What::Handshake(tls)) => Handshake::Done(tls.clone()),
        Some(What::Failed { step, why }) => Handshake::Failed(*step, why.clone()),
        Some(_) => Handshake::Failed(Step::Answer, "the answer is of another kind".into()),
    };
    (errand, handshake)
}

/// The host of a web address, as an A-label.
pub fn host_of(uri: &str) -> Option<String> {
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
