//! The source address: reverse name, forward confirmation (RFC 8601 §2.7.3), HELO name.

use super::boundary::Identities;
use super::boundary::is_public;
use super::lookup::Lookup;
use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use std::net::IpAddr;

/// The reverse name of the source address.
#[derive(Clone, Debug)]
pub struct Reverse {
    pub ip: IpAddr,
    pub question: Question,
    /// `None`: not answered yet.
    pub outcome: Option<Outcome>,
    pub names: Vec<ReverseName>,
}

/// One PTR target.
#[derive(Clone, Debug)]
pub struct ReverseName {
    pub name: String,
    /// Does the name resolve back to the address? `None`: not known.
    pub confirmed: Option<bool>,
    /// The question that settles it.
    pub forward: Question,
}

/// The HELO name as an address.
#[derive(Clone, Debug)]
pub struct Helo {
    pub name: String,
    pub form: HeloForm,
    /// Does the name have an address record? `None`: not known or not a name.
    pub resolves: Option<bool>,
    /// Does it resolve to the source address?
    pub matches_ip: Option<bool>,
}

/// What kind of word a HELO is (RFC 5321 §4.1.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeloForm {
    Domain,
    /// `[192.0.2.1]`: allowed for those without a name.
    Literal,
    BareIp,
    SingleLabel,
    /// `localhost`, `*.local`, `*.localdomain`, `*.internal`, `*.lan`
    Local,
    Garbage,
}

/// The PTR question for an address (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse_question(ip: IpAddr) -> Question {
    let name = match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|b| [b & 15, b >> 4]);
            nibbles.map(|n| format!("{n:x}.")).collect::<String>() + "ip6.arpa"
        }
    };
    Question::new(&name, Kind::Ptr)
}

/// The address whose reverse name this is.
pub fn address_of(name: &str) -> Option<String> {
    if let Some(v4) = name.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = v4.split('.').rev().collect();
        return octets.join(".").parse::<std::net::Ipv4Addr>().ok().map(|ip| ip.to_string());
    }
    let nibbles: String = name.strip_suffix(".ip6.arpa")?.split('.').rev().collect();
    let value = u128::from_str_radix(&nibbles, 16).ok().filter(|_| nibbles.len() == 32)?;
    Some(std::net::Ipv6Addr::from(value).to_string())
}

/// Names of one address that are confirmed; the rest are not looked at (RFC 8601 §2.7.3, with
/// the bound of RFC 7208 §5.5).
const NAMES: usize = 10;

/// PTR and forward confirmation of the source address; `None` without a public one.
pub fn reverse(lookup: &Lookup, identities: &Identities) -> Option<Reverse> {
    of(lookup, identities.source_ip.as_ref()?.value)
}

/// PTR and forward confirmation of an address; `None` where it is not public.
pub fn of(lookup: &Lookup, ip: IpAddr) -> Option<Reverse> {
    let ip = ip.to_canonical();
    if !is_public(ip) {
        return None;
    }
    let question = reverse_question(ip);
    let answer = lookup.put(question.clone());
    let targets = answer.iter().flat_map(|a| &a.records).filter_map(|r| match &r.data {
        Data::Ptr(name) => Some(name),
        _ => None,
    });
    let names = targets.take(NAMES).map(|name| confirm(lookup, name, ip)).collect();
    Some(Reverse { ip, question, outcome: answer.map(|a| a.outcome), names })
}

fn confirm(lookup: &Lookup, name: &str, ip: IpAddr) -> ReverseName {
    let forward = Question::new(name, address_kind(ip));
    let answer = lookup.put(forward.clone()).filter(|a| !a.outcome.failed());
    ReverseName { name: forward.name.to_string(), confirmed: answer.map(|a| addresses(a).any(|a| a == ip)), forward }
}

/// The record type that holds an address of this family.
fn address_kind(ip: IpAddr) -> Kind {
    if ip.is_ipv4() { Kind::A } else { Kind::Aaaa }
}

/// The addresses in an answer.
pub fn addresses(answer: &Answer) -> impl Iterator<Item = IpAddr> + '_ {
    answer.records.iter().filter_map(|r| match r.data {
        Data::A(v4) => Some(IpAddr::V4(v4)),
        Data::Aaaa(v6) => Some(IpAddr::V6(v6)),
        _ => None,
    })
}

/// The HELO name: its form, and where it is a domain, what it resolves to.
pub fn helo(lookup: &Lookup, identities: &Identities) -> Option<Helo> {
    let name = identities.helo.as_ref()?.value.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
    let form = HeloForm::of(&name);
    let mut helo = Helo { name, form, resolves: None, matches_ip: None };
    if form != HeloForm::Domain {
        return Some(helo);
    }
    let answers = [Kind::A, Kind::Aaaa].map(|kind| lookup.ask(&helo.name, kind).filter(|a| !a.outcome.failed()));
    let any = answers.iter().flatten().any(|a| addresses(a).next().is_some());
    helo.resolves = if any { Some(true) } else { answers.iter().all(Option::is_some).then_some(false) };
    if let Some(ip) = identities.source_ip.as_ref().map(|ip| ip.value.to_canonical()) {
        let [v4, v6] = answers;
        helo.matches_ip = if ip.is_ipv4() { v4 } else { v6 }.map(|a| addresses(a).any(|a| a == ip));
    }
    Some(helo)
}

impl HeloForm {
    /// The form of a lower-case HELO word.
    pub fn of(name: &str) -> HeloForm {
        if let Some(literal) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
            let address = literal.strip_prefix("ipv6:").unwrap_or(literal).parse::<IpAddr>();
            return if address.is_ok() { HeloForm::Literal } else { HeloForm::Garbage };
        }
        if name.parse::<IpAddr>().is_ok() {
            return HeloForm::BareIp;
        }
        let local = [".local", ".localdomain", ".internal", ".lan", ".localhost", ".home.arpa"];
        if name == "localhost" || local.iter().any(|suffix| name.ends_with(suffix)) {
            return HeloForm::Local;
        }
        // Underscores are tolerated by every common server, though no host name has one (RFC 1123 §2.1).
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        let numeric_top = name.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
        match name.len() <= 253 && name.split('.').all(label) && !numeric_top {
            false => HeloForm::Garbage,
            true if name.contains('.') => HeloForm::Domain,
            true => HeloForm::SingleLabel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Answers, Record};
    use crate::facts::boundary::{Identity, Origin};

    fn answer(outcome: Outcome, data: Vec<Data>) -> Answer {
        let record = |data| Record { name: "x.example".into(), ttl: 300, data };
        let records = data.into_iter().map(record).collect();
        Answer::new(outcome, records, jiff::Timestamp::UNIX_EPOCH)
    }

    fn identities(ip: &str, helo: &str) -> Identities {
        let user = Origin::User;
        Identities {
            source_ip: Some(Identity { value: ip.parse().unwrap(), origin: user, span: None }),
            helo: Some(Identity { value: helo.into(), origin: user, span: None }),
            ..Identities::default()
        }
    }

    #[test]
    fn reverse_names_of_both_families() {
        let name = |ip: &str| reverse_question(ip.parse().unwrap()).name;
        assert_eq!(name("192.0.2.4"), "4.2.0.192.in-addr.arpa");
        assert_eq!(name("::ffff:192.0.2.4"), "4.2.0.192.in-addr.arpa");
        let v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(name("2001:db8::1"), v6);
    }

    #[test]
    fn internal_addresses_are_never_asked_for() {
        for ip in [
            "10.0.0.1",
            "172.16.1.1",
            "192.168.1.1",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            let answers = Answers::new();
            let lookup = Lookup::new(&answers);
            assert!(reverse(&lookup, &identities(ip, "x")).is_none(), "{ip}");
            assert!(lookup.into_missing().is_empty(), "{ip}");
        }
    }

    #[test]
    fn names_are_confirmed_by_their_own_family() {
        let mut answers = Answers::new();
        let ids = identities("192.0.2.4", "x");
        let lookup = Lookup::new(&answers);
        let open = reverse(&lookup, &ids).unwrap();
        assert_eq!((open.outcome, open.names.len()), (None, 0));
        assert_eq!(lookup.into_missing(), [reverse_question("192.0.2.4".parse().unwrap())]);

        let ptr = |n: usize| Data::Ptr(format!("m{n}.example"));
        answers.insert(open.question, answer(Outcome::Records, (0..12).map(ptr).collect()));
        let a = |octet: u8| Data::A([192, 0, 2, octet].into());
        let (yes, no) = (Data::Cname("c.example".into()), a(9));
        answers.insert(Question::new("m0.example", Kind::A), answer(Outcome::Records, vec![yes, a(9), a(4)]));
        answers.insert(Question::new("m1.example", Kind::A), answer(Outcome::Records, vec![no]));
        answers.insert(Question::new("m2.example", Kind::A), answer(Outcome::NxDomain, vec![]));
        answers.insert(Question::new("m3.example", Kind::A), answer(Outcome::ServFail, vec![]));
        let lookup = Lookup::new(&answers);
        let found = reverse(&lookup, &ids).unwrap();
        assert_eq!(found.names.len(), NAMES);
        let confirmed: Vec<_> = found.names.iter().take(5).map(|n| n.confirmed).collect();
        assert_eq!(confirmed, [Some(true), Some(false), Some(false), None, None]);
        assert_eq!(lookup.into_missing().len(), NAMES - 4);
    }

    #[test]
    fn helo_forms() {
        use HeloForm::*;
        for (name, form) in [
            ("mail.example.com", Domain),
            ("my_host.example.com", Domain),
            ("[192.0.2.1]", Literal),
            ("[ipv6:2001:db8::1]", Literal),
            ("192.0.2.1", BareIp),
            ("2001:db8::1", BareIp),
            ("server1", SingleLabel),
            ("localhost", Local),
            ("localhost.localdomain", Local),
            ("ex01.corp.local", Local),
            ("[]", Garbage),
            ("a..b", Garbage),
            ("1.2.3", Garbage),
            ("mail example", Garbage),
            ("-a.example", Garbage),
            ("", Garbage),
        ] {
            assert_eq!(HeloForm::of(name), form, "{name}");
        }
    }

    #[test]
    fn a_helo_is_resolved_in_both_families_and_matched_in_its_own() {
        let mut answers = Answers::new();
        let ids = identities("192.0.2.4", "Mail.Example.com.");
        let ask = |answers: &Answers| {
            let helo = helo(&Lookup::new(answers), &ids).unwrap();
            (helo.resolves, helo.matches_ip)
        };
        assert_eq!(ask(&answers), (None, None));
        answers.insert(Question::new("mail.example.com", Kind::A), answer(Outcome::NoData, vec![]));
        assert_eq!(ask(&answers), (None, Some(false)));
        answers.insert(Question::new("mail.example.com", Kind::Aaaa), answer(Outcome::ServFail, vec![]));
        assert_eq!(ask(&answers), (None, Some(false)));
        answers.insert(Question::new("mail.example.com", Kind::Aaaa), answer(Outcome::NoData, vec![]));
        assert_eq!(ask(&answers), (Some(false), Some(false)));
        answers.insert(
            Question::new("mail.example.com", Kind::A),
            answer(Outcome::Records, vec![Data::A([192, 0, 2, 4].into())]),
        );
        assert_eq!(ask(&answers), (Some(true), Some(true)));
        let lookup = Lookup::new(&answers);
        assert_eq!(helo(&lookup, &identities("192.0.2.4", "localhost")).unwrap().resolves, None);
        assert!(lookup.into_missing().is_empty());
    }
}
