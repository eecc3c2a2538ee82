//! A zone's name servers, each asked directly.

use super::Asked;
use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use crate::facts::boundary::is_public;
use crate::facts::lookup::Lookup;
use crate::facts::reverse::addresses;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// One name server of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServer {
    /// Lower-case A-label, no trailing dot.
    pub host: String,
    /// The zone above delegates to it; `None` where that is not known.
    pub at_parent: Option<bool>,
    /// The zone itself names it; `None` where that is not known.
    pub at_apex: Option<bool>,
    /// The questions for its addresses, v4 then v6.
    pub addresses: [Asked; 2],
    /// It, at one address of each family.
    pub stands: Vec<Stand>,
}

/// A name server at one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    pub ip: IpAddr,
    /// The zone's SOA, asked of this address.
    pub soa: Asked,
    pub speech: Speech,
    pub elapsed_ms: u32,
    /// The NS it names.
    pub names: Option<BTreeSet<String>>,
    /// What it says where the servers have different serials: of each question asked of all, the answer's data.
    pub said: Vec<(Question, BTreeSet<String>)>,
}

/// What a name server says when it is asked for the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speech {
    Waiting,
    /// With authority.
    Speaks {
        serial: u32,
        mname: String,
    },
    /// It answers, and not for this zone: refused, failed, without authority, or pointing elsewhere.
    Lame(Outcome),
    /// Nothing came back, or only half.
    Silent(Outcome),
}

impl NameServer {
    /// Looks a server up and asks it for the zone.
    pub fn gather(lookup: &Lookup, host: &str, apex: &str) -> NameServer {
        let asked = [Kind::A, Kind::Aaaa].map(|kind| Asked::ask(lookup, host, kind));
        let first = |answer: Option<&Answer>| answer.and_then(|a| addresses(a).find(|ip| is_public(*ip)));
        let ips: Vec<IpAddr> = asked.iter().filter_map(|(_, answer)| first(*answer)).collect();
        let stands = ips.iter().enumerate().map(|(n, ip)| Stand::ask(lookup, *ip, apex, n == 0)).collect();
        let addresses = asked.map(|(asked, _)| asked);
        NameServer { host: host.to_owned(), at_parent: None, at_apex: None, addresses, stands }
    }

    /// Both address questions are answered, and neither gave one.
    pub fn has_no_address(&self) -> bool {
        self.addresses.iter().all(|a| matches!(a.outcome, Some(Outcome::NoData | Outcome::NxDomain)))
    }
}

impl Stand {
    /// The zone's NS is asked of one address of each server only.
    fn ask(lookup: &Lookup, ip: IpAddr, apex: &str, names: bool) -> Stand {
        let (soa, answer) = Asked::put(lookup, Question::new(apex, Kind::Soa).at(ip));
        let names = names.then(|| lookup.put(Question::new(apex, Kind::Ns).at(ip))).flatten();
        Stand {
            ip,
            soa,
            speech: answer.map_or(Speech::Waiting, |a| speech(a, apex)),
            elapsed_ms: answer.map_or(0, |a| a.elapsed_ms),
            names: names.filter(|a| a.authoritative && a.outcome == Outcome::Records).map(|a| hosts(a, apex)),
            said: Vec::new(),
        }
    }

    pub fn serial(&self) -> Option<u32> {
        match self.speech {
            Speech::Speaks { serial, .. } => Some(serial),
            _ => None,
        }
    }

    /// Asks it what the other servers are asked too.
    pub fn compare(&mut self, lookup: &Lookup, questions: &[Question]) {
        for question in questions {
            let own = question.clone().at(self.ip);
            let Some(answer) = lookup.put(own.clone()).filter(|a| !a.outcome.failed()) else { continue };
            self.said.push((own, answer.records.iter().map(|r| r.data.to_string()).collect()));
        }
    }
}

fn speech(answer: &Answer, apex: &str) -> Speech {
    match answer.outcome {
        Outcome::Timeout | Outcome::Truncated => return Speech::Silent(answer.outcome),
        Outcome::ServFail | Outcome::Refused => return Speech::Lame(answer.outcome),
        _ => {}
    }
    let own = answer.records.iter().find_map(|r| match &r.data {
        Data::Soa { serial, mname, .. } if r.name == apex => Some((*serial, mname.clone())),
        _ => None,
    });
    match own {
        Some((serial, mname)) if answer.authoritative => Speech::Speaks { serial, mname },
        _ => Speech::Lame(answer.outcome),
    }
}

/// The name servers of `zone` in an answer, or in the referral it makes.
pub fn hosts(answer: &Answer, zone: &str) -> BTreeSet<String> {
    let all = answer.records.iter().chain(&answer.authority).filter(|r| r.name == zone);
    let hosts = all.filter_map(|r| match &r.data {
        Data::Ns(host) => Some(host.clone()),
        _ => None,
    });
    hosts.collect()
}
