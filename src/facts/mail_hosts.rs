//! Where a domain takes mail (RFC 5321 §5.1): its MX records, or its own address in their place.

use super::Reading;
use super::boundary::Identities;
use super::lookup::Lookup;
use super::spf::eval::checkable;
use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use std::net::IpAddr;

/// Mail servers of one domain that are looked at; a domain with more has other worries.
const HOSTS: usize = 10;

/// Where one domain takes mail.
#[derive(Clone, Debug)]
pub struct MailHosts {
    /// Lower-case A-labels, no trailing dot.
    pub domain: String,
    pub reception: Reception,
}

/// How it takes mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Not answered yet.
    Unasked(Question),
    /// The question failed: nothing was learnt.
    Failed(Question),
    /// No such name.
    NoSuchName,
    /// The name exists, with neither MX nor address.
    Nowhere,
    /// It says that it takes no mail (RFC 7505).
    Null,
    /// No MX; its own address stands for one (RFC 5321 §5.1).
    Implicit,
    /// Its mail servers, most preferred first.
    Servers(Vec<Server>),
}

/// One mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub preference: u16,
    pub host: String,
    pub state: State,
}

/// What stands at the name of a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Unasked(Question),
    Failed(Question),
    /// At least one address, as DNS gave them.
    Addresses(Vec<IpAddr>),
    /// The name is a CNAME for this one (RFC 2181 §10.3 forbids it).
    Alias(String),
    NoAddress,
    /// An address where a host name belongs (RFC 1035 §3.3.9).
    Literal,
}

impl MailHosts {
    pub fn question(&self) -> Question {
        Question::new(&self.domain, Kind::Mx)
    }

    /// Can mail to the domain be delivered anywhere? `None` while that is unknown.
    pub fn receives(&self) -> Option<bool> {
        match &self.reception {
            Reception::Unasked(_) | Reception::Failed(_) => None,
            Reception::NoSuchName | Reception::Nowhere | Reception::Null => Some(false),
            Reception::Implicit => Some(true),
            Reception::Servers(servers) => {
                let works = |s: &Server| matches!(s.state, State::Addresses(_) | State::Alias(_));
                let open = |s: &Server| matches!(s.state, State::Unasked(_) | State::Failed(_));
                match (servers.iter().any(works), servers.iter().any(open)) {
                    (true, _) => Some(true),
                    (false, true) => None,
                    (false, false) => Some(false),
                }
            }
        }
    }

    /// The question whose answer is missing or failed, if one is.
    pub fn open(&self) -> Option<&Question> {
        match &self.reception {
            Reception::Unasked(q) | Reception::Failed(q) => Some(q),
            Reception::Servers(servers) => servers.iter().find_map(|s| match &s.state {
                State::Unasked(q) | State::Failed(q) => Some(q),
                _ => None,
            }),
            _ => None,
        }
    }
}

/// Looks up the domains that a message claims to come from: From and MAIL FROM.
pub fn of_message(lookup: &Lookup, reading: &Reading, identities: &Identities) -> Vec<MailHosts> {
    let mail_from = identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let mut domains: Vec<&str> = reading.from_domain().into_iter().chain(mail_from).filter(|d| checkable(d)).collect();
    domains.dedup();
    domains.into_iter().map(|domain| gather(lookup, domain)).collect()
}

/// Looks a domain up, or names the questions that are still open.
pub fn gather(lookup: &Lookup, domain: &str) -> MailHosts {
    MailHosts { domain: domain.to_owned(), reception: reception(lookup, domain) }
}

fn reception(lookup: &Lookup, domain: &str) -> Reception {
    let question = Question::new(domain, Kind::Mx);
    let Some(answer) = lookup.put(question.clone()) else { return Reception::Unasked(question) };
    if answer.outcome.failed() {
        return Reception::Failed(question);
    }
    let mut exchanges: Vec<(u16, &str)> = answer
        .records
        .iter()
        .filter_map(|r| match &r.data {
            Data::Mx { preference, exchange } => Some((*preference, exchange.as_str())),
            _ => None,
        })
        .collect();
    exchanges.sort();
    match &exchanges[..] {
        [] if answer.outcome == Outcome::NxDomain => Reception::NoSuchName,
        [] => match host(lookup, domain) {
            State::Addresses(_) | State::Alias(_) => Reception::Implicit,
            State::Unasked(question) => Reception::Unasked(question),
            State::Failed(question) => Reception::Failed(question),
            State::NoAddress | State::Literal => Reception::Nowhere,
        },
        [(_, "" | ".")] => Reception::Null,
        all => Reception::Servers(
            all.iter()
                .take(HOSTS)
                .map(|(preference, name)| Server {
                    preference: *preference,
                    host: (*name).to_owned(),
                    state: match *name {
                        // A null MX among others (RFC 7505 §3).
                        "" | "." => State::NoAddress,
                        name if name.parse::<IpAddr>().is_ok() => State::Literal,
                        name => host(lookup, name),
                    },
                })
                .collect(),
        ),
    }
}

/// Both kinds of address are asked for at once; one that is there settles it.
fn host(lookup: &Lookup, name: &str) -> State {
    let questions = [Question::new(name, Kind::A), Question::new(name, Kind::Aaaa)];
    let answers: Vec<Option<&Answer>> = questions.iter().map(|q| lookup.put(q.clone())).collect();
    let given = answers.iter().flatten();
    let addresses: Vec<IpAddr> = given.clone().flat_map(|a| &a.records).filter_map(|r| address(&r.data)).collect();
    let alias = given.clone().find_map(|a| a.alias());
    let is = |test: fn(&&Answer) -> bool| answers.iter().position(|a| a.as_ref().is_some_and(test));
    match (addresses.is_empty(), alias) {
        (false, Some(target)) => State::Alias(target.to_owned()),
        (false, None) => State::Addresses(addresses),
        (true, _) => match (answers.iter().position(Option::is_none), is(|a| a.outcome.failed())) {
            (Some(n), _) => State::Unasked(questions[n].clone()),
            (None, Some(n)) => State::Failed(questions[n].clone()),
            (None, None) => State::NoAddress,
        },
    }
}

fn address(data: &Data) -> Option<IpAddr> {
    match data {
        Data::A(ip) => Some(IpAddr::V4(*ip)),
        Data::Aaaa(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;
    use crate::evidence::zone::Zone;

    const ZONE: &str = "
        good.test MX 10 mx.good.test
        mx.good.test A 192.0.2.1
        own.test AAAA 2001:db8::1
        null.test MX 0 .
        bare.test TXT \"x\"
        alias.test MX 10 other.test
        other.test CNAME mx.good.test
        literal.test MX 10 192.0.2.1
        dead.test MX 10 nothing.test
        dead.test MX 20 bare.test
        mixed.test MX 20 mx.good.test
        mixed.test MX 10 nothing.test
        broken.test SERVFAIL
        halting.test MX 10 mx.broken.test
    ";

    /// Asks until nothing is open.
    fn settled(domain: &str) -> MailHosts {
        let zone = Zone::parse(ZONE).unwrap();
        let mut answers = Answers::new();
        for _ in 0..4 {
            let lookup = Lookup::new(&answers);
            let found = gather(&lookup, domain);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return found;
            }
            for q in missing {
                let answer = zone.answer(&q, jiff::Timestamp::UNIX_EPOCH);
                answers.insert(q, answer);
            }
        }
        panic!("{domain} never settles");
    }

    #[test]
    fn every_way_to_take_mail_and_every_way_not_to() {
        for (domain, receives) in [
            ("good.test", Some(true)),
            ("own.test", Some(true)),
            ("null.test", Some(false)),
            ("bare.test", Some(false)),
            ("gone.test", Some(false)),
            ("alias.test", Some(true)),
            ("literal.test", Some(false)),
            ("dead.test", Some(false)),
            ("mixed.test", Some(true)),
            ("broken.test", None),
            ("halting.test", None),
        ] {
            assert_eq!(settled(domain).receives(), receives, "{domain}");
        }
        assert_eq!(settled("null.test").reception, Reception::Null);
        assert_eq!(settled("gone.test").reception, Reception::NoSuchName);
        assert_eq!(settled("bare.test").reception, Reception::Nowhere);
        let Reception::Servers(servers) = settled("mixed.test").reception else { panic!() };
        assert_eq!(servers.iter().map(|s| &*s.host).collect::<Vec<_>>(), ["nothing.test", "mx.good.test"]);
    }

    #[test]
    fn it_begins_with_one_question_and_a_failure_is_unknown() {
        let answers = Answers::new();
        let lookup = Lookup::new(&answers);
        assert_eq!(gather(&lookup, "example.com").receives(), None);
        assert_eq!(lookup.into_missing(), [Question::new("example.com", Kind::Mx)]);
        assert_eq!(settled("broken.test").open(), Some(&Question::new("broken.test", Kind::Mx)));
    }
}
