//! The zone a domain stands in: where it is cut, its SOA, its name servers and what the zone above
//! says of them (RFC 1034 §4.2, RFC 2182).

use super::Asked;
use super::server::{NameServer, hosts};
use crate::evidence::{Answer, Data, Kind, Outcome, Question, Record};
use crate::facts::boundary::is_public;
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use crate::facts::reverse::addresses;
use std::collections::BTreeSet;

/// Name servers that are asked; a zone has two to eight.
const SERVERS: usize = 8;
/// Name servers of the zone above that are asked: one answer settles it.
const PARENTS: usize = 2;
/// Names climbed to find a cut.
const CLIMB: usize = 6;

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The SOA of the name where the cut was found, or of the domain.
    pub soa: Asked,
    /// Lower-case A-label; `None` while it is not known, or where no zone of the domain's owner holds it.
    pub apex: Option<String>,
    pub start: Option<Start>,
    pub ns: Option<Asked>,
    pub parent: Option<Parent>,
    /// The zone's own and the delegated ones together, by name; empty where they were not to be looked at.
    pub servers: Vec<NameServer>,
}

/// The SOA record (RFC 1035 §3.3.13), seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub mname: String,
    pub rname: String,
    pub serial: u32,
    pub refresh: u32,
    pub retry: u32,
    pub expire: u32,
    pub minimum: u32,
    pub ttl: u32,
}

/// The delegation, as the zone above has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub zone: String,
    /// The zone's NS, asked of servers of the zone above.
    pub asked: Vec<Asked>,
    /// The delegated name servers.
    pub names: Option<BTreeSet<String>>,
}

impl Start {
    /// How long "there is no such thing" is remembered (RFC 2308 §5), seconds.
    pub fn negative_ttl(&self) -> u32 {
        self.minimum.min(self.ttl)
    }
}

impl Zone {
    /// Serials differ: reason enough to compare what the servers say.
    pub fn differs(&self) -> bool {
        self.stands().filter_map(|(_, s)| s.serial()).collect::<BTreeSet<_>>().len() > 1
    }

    /// Asks every server that speaks, where they differ.
    pub fn compare(&mut self, lookup: &Lookup, questions: &[Question]) {
        if !self.differs() {
            return;
        }
        for stand in self.servers.iter_mut().flat_map(|s| &mut s.stands) {
            if stand.serial().is_some() {
                stand.compare(lookup, questions);
            }
        }
    }

    /// The question to be answered first where no server spoke: for their names, else of the first of them.
    pub fn way_in(&self) -> &Question {
        let unnamed = self.ns.as_ref().and_then(Asked::open);
        let first = || self.stands().next().map(|(_, stand)| &stand.soa.question);
        unnamed.or_else(first).unwrap_or(&self.soa.question)
    }

    /// Every server at every address that was asked.
    pub fn stands(&self) -> impl Iterator<Item = (&NameServer, &super::server::Stand)> {
        self.servers.iter().flat_map(|s| s.stands.iter().map(move |stand| (s, stand)))
    }
}

/// Finds the zone; asks its servers one by one if `deep`.
pub fn gather(lookup: &Lookup, domain: &str, deep: bool) -> Zone {
    // Most domains are the apex: their servers are asked for at once.
    let (ns, _) = Asked::ask(lookup, domain, Kind::Ns);
    let (soa, start) = cut(lookup, domain);
    let mut zone = Zone { soa, apex: None, start: None, ns: None, parent: None, servers: Vec::new() };
    let Some((apex, start)) = start else { return zone };
    // A name under a public suffix that nobody holds is in the registry's zone, which is not ours to judge.
    if apex != domain && psl(&apex).is_none() {
        return zone;
    }
    zone.start = Some(start);
    let (asked, answer) =
        if apex == domain { (ns, lookup.peek(domain, Kind::Ns)) } else { Asked::ask(lookup, &apex, Kind::Ns) };
    let own = answer.map(|a| hosts(a, &apex));
    zone.ns = Some(asked);
    if deep {
        let parent = above(lookup, &apex);
        servers(lookup, domain, &apex, own.unwrap_or_default(), parent.as_ref(), &mut zone);
        zone.parent = parent;
    }
    zone.apex = Some(apex);
    zone
}

/// The SOA that covers a name: its own, the one a negative answer brings (RFC 2308 §2), or that of a
/// name above.
fn cut(lookup: &Lookup, domain: &str) -> (Asked, Option<(String, Start)>) {
    let mut name = domain;
    let (first, mut answer) = Asked::ask(lookup, domain, Kind::Soa);
    let mut asked = first;
    for _ in 0..CLIMB {
        let Some(found) = answer else { break };
        if let Some(start) = covering(found, domain) {
            return (asked, Some(start));
        }
        let Some((_, parent)) = name.split_once('.').filter(|(_, p)| p.contains('.')) else { break };
        if found.outcome.failed() {
            break;
        }
        name = parent;
        (asked, answer) = Asked::ask(lookup, name, Kind::Soa);
    }
    (asked, None)
}

fn covering(answer: &Answer, domain: &str) -> Option<(String, Start)> {
    let covers =
        |r: &&Record| domain == r.name || domain.strip_suffix(r.name.as_str()).is_some_and(|head| head.ends_with('.'));
    answer.records.iter().chain(&answer.authority).filter(covers).find_map(|r| match &r.data {
        Data::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
            let start = Start {
                mname: mname.clone(),
                rname: rname.clone(),
                serial: *serial,
                refresh: *refresh,
                retry: *retry,
                expire: *expire,
                minimum: *minimum,
                ttl: r.ttl,
            };
            Some((r.name.clone(), start))
        }
        _ => None,
    })
}

/// The zone above, and whom it delegates to.
fn above(lookup: &Lookup, apex: &str) -> Option<Parent> {
    let mut name = apex.split_once('.')?.1;
    for _ in 0..CLIMB {
        let answer = lookup.ask(name, Kind::Ns)?;
        let servers = hosts(answer, name);
        if !servers.is_empty() {
            return Some(delegation(lookup, name, apex, &servers));
        }
        if answer.outcome.failed() {
            return None;
        }
        name =
            answer.zone_cut().filter(|cut| *cut != name && name.ends_with(*cut)).or(Some(name.split_once('.')?.1))?;
    }
    None
}

fn delegation(lookup: &Lookup, zone: &str, apex: &str, servers: &BTreeSet<String>) -> Parent {
    let mut parent = Parent { zone: zone.to_owned(), asked: Vec::new(), names: None };
    for host in servers.iter().take(PARENTS) {
        let Some(ip) = lookup.ask(host, Kind::A).and_then(|a| addresses(a).find(|ip| is_public(*ip))) else { continue };
        let (asked, answer) = Asked::put(lookup, Question::new(apex, Kind::Ns).at(ip));
        parent.asked.push(asked);
        let names = answer.filter(|a| !a.outcome.failed()).map(|a| hosts(a, apex)).filter(|n| !n.is_empty());
        parent.names = parent.names.or(names);
    }
    parent
}

fn servers(lookup: &Lookup, domain: &str, apex: &str, own: BTreeSet<String>, parent: Option<&Parent>, zone: &mut Zone) {
    let delegated = parent.and_then(|p| p.names.clone());
    let all: BTreeSet<&String> = own.iter().chain(delegated.iter().flatten()).collect();
    zone.servers = all.into_iter().take(SERVERS).map(|host| NameServer::gather(lookup, host, apex)).collect();
    // What the zone says of itself is best heard from its own servers; a resolver may repeat the parent's words.
    let spoken: BTreeSet<String> = zone.stands().filter_map(|(_, s)| s.names.as_ref()).flatten().cloned().collect();
    let own = if spoken.is_empty() { own } else { spoken };
    for server in &mut zone.servers {
        server.at_parent = delegated.as_ref().map(|d| d.contains(&server.host));
        server.at_apex = (!own.is_empty()).then(|| own.contains(&server.host));
    }
    zone.compare(
        lookup,
        &[
            Question::new(domain, Kind::Txt),
            Question::new(domain, Kind::Mx),
            Question::new(&format!("_dmarc.{domain}"), Kind::Txt),
        ],
    );
}

/// Does the domain not exist at all?
pub fn is_absent(zone: &Zone) -> bool {
    zone.apex.is_none() && zone.soa.outcome == Some(Outcome::NxDomain)
}

#[cfg(test)]
mod tests {
    use super::super::server::Speech;
    use super::*;
    use crate::evidence::Answers;

    /// Asks until nothing is open.
    fn settled(lines: &str, domain: &str) -> Zone {
        let world = crate::evidence::zone::Zone::parse(lines).unwrap();
        let mut answers = Answers::new();
        for _ in 0..9 {
            let lookup = Lookup::new(&answers);
            let zone = gather(&lookup, domain, true);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return zone;
            }
            for q in missing {
                let answer = world.answer(&q, jiff::Timestamp::UNIX_EPOCH);
                answers.insert(q, answer);
            }
        }
        panic!("never settles");
    }

    const WORLD: &str = "
        com NS a.gtld.test
        a.gtld.test A 192.0.2.1
        example.com SOA ns1.example.net host.example.com 7 1 2 3 400
        example.com NS ns1.example.net
        example.com NS ns2.example.net
        ns1.example.net A 192.0.2.53
        ns2.example.net A 198.51.100.53
        @192.0.2.1 example.com REFERRAL ns1.example.net
        @192.0.2.1 example.com REFERRAL ns3.example.net
        ns3.example.net A 203.0.113.53
    ";

    #[test]
    fn the_cut_the_servers_and_the_zone_above() {
        let zone = settled(WORLD, "mail.example.com");
        assert_eq!(zone.apex.as_deref(), Some("example.com"));
        assert_eq!(zone.start.as_ref().map(Start::negative_ttl), Some(400));
        assert_eq!(zone.parent.as_ref().map(|p| p.zone.as_str()), Some("com"));
        let seen: Vec<_> = zone.servers.iter().map(|s| (&*s.host, s.at_parent, s.at_apex)).collect();
        assert_eq!(
            seen,
            [
                ("ns1.example.net", Some(true), Some(true)),
                ("ns2.example.net", Some(false), Some(true)),
                ("ns3.example.net", Some(true), Some(false)),
            ]
        );
        assert!(zone.stands().all(|(_, s)| s.serial() == Some(7)));
    }

    #[test]
    fn a_lame_a_silent_and_a_stale_server() {
        let more = "
            @192.0.2.53 example.com REFUSED
            @198.51.100.53 example.com TIMEOUT
            @203.0.113.53 example.com SOA ns1.example.net host.example.com 6 1 2 3 400
        ";
        let zone = settled(&[WORLD, more].concat(), "example.com");
        let speech: Vec<_> = zone.stands().map(|(_, s)| s.speech.clone()).collect();
        assert_eq!(speech[0], Speech::Lame(Outcome::Refused));
        assert_eq!(speech[1], Speech::Silent(Outcome::Timeout));
        assert!(matches!(speech[2], Speech::Speaks { serial: 6, .. }));
    }

    #[test]
    fn different_serials_are_looked_into() {
        let more = "example.com TXT \"new\"
            @198.51.100.53 example.com SOA ns1.example.net host.example.com 6 1 2 3 400
            @198.51.100.53 example.com TXT \"old\"";
        let zone = settled(&[WORLD, more].concat(), "example.com");
        let texts: BTreeSet<_> = zone.stands().map(|(_, s)| s.said[0].1.clone()).collect();
        assert_eq!(texts.len(), 2);
    }

    #[test]
    fn nobodys_name_and_a_silent_resolver() {
        let zone = settled("com SOA a.gtld.test h.gtld.test 1 1 1 1 1", "gone.com");
        assert!(is_absent(&zone) && zone.servers.is_empty());
        let zone = settled("example.com SERVFAIL", "example.com");
        assert!(zone.apex.is_none() && !is_absent(&zone) && zone.soa.open().is_some());
    }
}
