//! What blocklists say of the sending addresses, of the domain, and of the domains that a message links to: only where the user wishes it (`--blocklists`),
//! for it tells others who is being looked at.

use super::reached;
use crate::evidence::said::Part;
use crate::evidence::{Answer, Evidence, Kind, Outcome, Question};
use crate::facts::Reading;
use crate::facts::boundary::{Identities, is_public};
use crate::facts::linked;
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use crate::facts::reverse::{addresses, reverse_question};
use crate::facts::subject::Subject;
use crate::knowledge::blocklist::{self, Blocklist, Code, Meaning};
use std::net::{IpAddr, Ipv4Addr};

/// Addresses looked up at most.
const ADDRESSES: usize = 4;

/// Mail hosts whose addresses are looked at where no address is given.
const HOSTS: usize = 3;

/// Domains of links looked up at most.
const LINKS: usize = 10;

/// Whom and what was asked.
#[derive(Clone, Debug, Default)]
pub struct Blocklists {
    pub entries: Vec<Entry>,
    /// Questions without an answer that could name more addresses.
    pub open: Vec<Question>,
}

/// One list, asked about one thing.
#[derive(Clone, Debug)]
pub struct Entry {
    pub list: &'static Blocklist,
    pub about: About,
    pub question: Question,
    pub state: State,
    /// What the list says why (RFC 5782 §2.1).
    pub reason: Option<String>,
}

/// What a list was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An address that is said to send.
    Sender(IpAddr),
    /// An address of one of the domain's mail hosts: it takes mail, and may send.
    MailHost(IpAddr, String),
    Domain(String),
    /// The registered domain of a host that the message links to: a name below it may be made for one recipient.
    Link(String),
}

/// What a list said.
#[derive(Clone, Debug)]
pub enum State {
    /// Not asked yet, or what confirms it is not.
    Open(Question),
    Failed(Question, Outcome),
    Clear,
    Listed(Vec<&'static Code>, Vec<Ipv4Addr>),
    /// It does not answer this resolver: never a listing.
    Refused(Ipv4Addr),
    /// An answer that the list is not known to give.
    Unheard(Ipv4Addr),
    /// It lists what must never be listed: a list that is gone, or a resolver that answers everything.
    Indiscriminate(Question),
}

/// Asks every list; `None` where that is not wished for.
pub fn gather(lookup: &Lookup, reading: &Reading, identities: &Identities, evidence: &Evidence) -> Option<Blocklists> {
    let wish = &evidence.said.check;
    if !wish.blocklists || !wish.wants(Part::Blocklists) {
        return None;
    }
    let mut found = Blocklists::default();
    let about = match &reading.subject {
        Some(subject) => {
            let mut about = senders(lookup, subject, evidence, &mut found.open);
            about.extend(subject.domain().map(|domain| About::Domain(domain.to_owned())));
            about
        }
        None => of_message(reading, identities),
    };
    if about.is_empty() {
        return None;
    }
    for about in about {
        let asked = blocklist::live().filter(|list| concerns(list, &about)).map(|list| entry(lookup, list, &about));
        found.entries.extend(asked);
    }
    Some(found)
}

/// Of a message: where it came from, who is said to have written it, where its links lead.
fn of_message(reading: &Reading, identities: &Identities) -> Vec<About> {
    let Some(from) = reading.from_domain() else { return Vec::new() };
    let ip = identities.source_ip.as_ref().map(|ip| ip.value.to_canonical()).filter(|ip| is_public(*ip));
    let mut about: Vec<About> = ip.map(About::Sender).into_iter().collect();
    about.push(About::Domain(from.to_owned()));
    let own = psl(from);
    let bodies = reading.content.iter().flat_map(|c| &c.links).filter(|l| !l.address).map(|l| l.host.clone());
    let lists = reading.lists.unsubscribe.iter().filter_map(|uri| linked::host_of(&uri.value));
    let mut linked: Vec<String> = Vec::new();
    for organization in lists.chain(bodies).filter_map(|host| psl(&host).map(str::to_owned)) {
        if Some(&organization[..]) != own && !linked.contains(&organization) && linked.len() < LINKS {
            linked.push(organization);
        }
    }
    about.extend(linked.into_iter().map(About::Link));
    about
}

/// The addresses that are said to send; where none is, those of the domain's mail hosts.
fn senders(lookup: &Lookup, subject: &Subject, evidence: &Evidence, open: &mut Vec<Question>) -> Vec<About> {
    let said = &evidence.said;
    let subject_ip = match subject {
        Subject::Ip(ip) => Some(*ip),
        Subject::Domain(_) => None,
    };
    let mut ips: Vec<IpAddr> = Vec::new();
    for ip in subject_ip.into_iter().chain(said.check.ips.iter().copied()) {
        let ip = ip.to_canonical();
        if is_public(ip) && !ips.contains(&ip) && ips.len() < ADDRESSES {
            ips.push(ip);
        }
    }
    match subject.domain() {
        Some(domain) if ips.is_empty() => mail_hosts(lookup, domain, open),
        _ => ips.into_iter().map(About::Sender).collect(),
    }
}

fn mail_hosts(lookup: &Lookup, domain: &str, open: &mut Vec<Question>) -> Vec<About> {
    let reached = reached::gather(lookup, domain, HOSTS);
    open.extend(reached.open);
    let mut about: Vec<About> = Vec::new();
    for (host, ip) in reached.hosts {
        if !about.iter().any(|a| a.ip() == Some(ip)) {
            about.push(About::MailHost(ip, host));
        }
    }
    about
}

fn concerns(list: &Blocklist, about: &About) -> bool {
    match about.ip() {
        Some(IpAddr::V4(_)) => {
            matches!(list.kind, blocklist::Kind::Ip | blocklist::Kind::Range | blocklist::Kind::Allow)
        }
        Some(IpAddr::V6(_)) => matches!(list.kind, blocklist::Kind::Ip | blocklist::Kind::Allow) && list.v6,
        None => match list.kind {
            blocklist::Kind::Domain => true,
            blocklist::Kind::Young => matches!(about, About::Domain(_)),
            _ => false,
        },
    }
}

impl About {
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            About::Sender(ip) | About::MailHost(ip, _) => Some(*ip),
            About::Domain(_) | About::Link(_) => None,
        }
    }

    /// The question a list is asked (RFC 5782 §2.1, §2.4).
    fn question(&self, list: &Blocklist) -> Question {
        let label = match self {
            About::Sender(ip) | About::MailHost(ip, _) => {
                let name = reverse_question(*ip).name;
                let label = name.strip_suffix("in-addr.arpa").or_else(|| name.strip_suffix("ip6.arpa"));
                label.unwrap_or(&name).to_owned()
            }
            About::Domain(domain) if list.hosts => format!("{domain}."),
            About::Domain(domain) | About::Link(domain) => format!("{}.", psl(domain).unwrap_or(domain)),
        };
        Question::new(&(label + &list.zone), Kind::A)
    }

    /// The entry that no list has (RFC 5782 §5).
    fn control(&self, list: &Blocklist) -> Question {
        let label = if self.ip().is_some() { "1.0.0.127." } else { "invalid." };
        Question::new(&format!("{label}{}", list.zone), Kind::A)
    }
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            About::Sender(ip) | About::MailHost(ip, _) => ip.fmt(f),
            About::Domain(domain) | About::Link(domain) => f.write_str(domain),
        }
    }
}

fn entry(lookup: &Lookup, list: &'static Blocklist, about: &About) -> Entry {
    let question = about.question(list);
    let mut entry = Entry { list, about: about.clone(), state: State::Open(question.clone()), question, reason: None };
    let Some(answer) = lookup.put(entry.question.clone()) else { return entry };
    let given: Vec<Ipv4Addr> = codes(answer);
    entry.state = match (answer.outcome, given.first()) {
        (outcome, _) if outcome.failed() => State::Failed(entry.question.clone(), outcome),
        (_, None) => State::Clear,
        (_, Some(first)) => match list.read(&given) {
            Meaning::Refused => State::Refused(*first),
            Meaning::Unheard => State::Unheard(*first),
            Meaning::Listed(meant) => {
                let text = lookup.ask(&entry.question.name, Kind::Txt);
                entry.reason = text.and_then(|a| a.texts().next()).map(|t| String::from_utf8_lossy(&t).into_owned());
                confirmed(lookup, about.control(list), meant, given)
            }
        },
    };
    entry
}

/// A listing counts where the list does not hold the entry that none may hold.
fn confirmed(lookup: &Lookup, control: Question, meant: Vec<&'static Code>, given: Vec<Ipv4Addr>) -> State {
    match lookup.put(control.clone()) {
        None => State::Open(control),
        Some(answer) if answer.outcome.failed() => State::Failed(control, answer.outcome),
        Some(answer) if codes(answer).is_empty() => State::Listed(meant, given),
        Some(_) => State::Indiscriminate(control),
    }
}

fn codes(answer: &Answer) -> Vec<Ipv4Addr> {
    let v4 = |ip| match ip {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    };
    addresses(answer).filter_map(v4).collect()
}
