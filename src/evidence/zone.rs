//! A small invented internet, written as zone lines: what the samples and the scenarios live in.
//!
//! ```text
//! example.com               300 TXT  "v=spf1 ip4:192.0.2.4 ~all"
//! example.com.              300 IN MX 10 mx.example.com.
//! s1._domainkey.example.com     CNAME s1.dkim.esp.example
//! slow.example.com              TIMEOUT
//! broken.example.com            SERVFAIL 22 no server of the zone answers
//! signed.example                SIGNED
//! @192.0.2.53 example.com       SOA  ns1.example.com hostmaster.example.com 7 1 1 1 1
//! @192.0.2.1  example.com       REFERRAL ns1.example.com
//! ```
//!
//! A first label `*` is a wildcard (RFC 4592). Names are absolute; a name that owns nothing, and has nothing below it, does not exist
//! (RFC 8020). `SERVFAIL`, `REFUSED`, `TIMEOUT` and `TRUNCATED` in the place of a type make every question
//! for that name, or for names below it, come out so; an extended error (RFC 8914) may follow. A `SERVFAIL`
//! whose extended error is one of validation, or a `BOGUS`, spares the questions past validation and those
//! to name servers. `NXDOMAIN` denies that very name, whatever is below it. `SIGNED` covers a name and all below it.
//!
//! `@ADDRESS` before a line: what the name server at that address says instead. `REFERRAL` is where it sends
//! those who ask for that name or names below it.

use super::{Answer, Data, ExtendedError, Kind, Outcome, Question, Record, Server};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// TTL where a line gives none, seconds.
const TTL: u32 = 3600;

/// For how long a negative answer holds where the zone has no SOA, seconds.
const NEGATIVE_TTL: u32 = 300;

/// CNAMEs followed at most.
const CHAIN: usize = 8;

/// All the records there are.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    world: View,
    /// Name servers that say something of their own.
    servers: BTreeMap<IpAddr, View>,
    /// Everything at and below these names is signed.
    signed: BTreeSet<String>,
}

/// What one party says.
#[derive(Clone, Debug, Default)]
struct View {
    /// By type, for the data of a type 99 record is that of a TXT record.
    records: BTreeMap<String, Vec<(Kind, Record)>>,
    faults: BTreeMap<String, Fault>,
    referrals: BTreeMap<String, Vec<Record>>,
}

/// How questions for a name fail.
#[derive(Clone, Debug)]
struct Fault {
    outcome: Outcome,
    extended: Option<ExtendedError>,
    /// Only a resolver that validates fails.
    validation: bool,
}

/// A line that is no zone line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text:?} is not NAME [TTL] TYPE DATA")]
pub struct BadLine {
    pub line: usize,
    pub text: String,
}

impl Zone {
    /// Reads zone lines; `;` and `#` begin comments at the start of a line.
    pub fn parse(text: &str) -> Result<Zone, BadLine> {
        let mut zone = Zone::default();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with([';', '#']) {
                zone.add(line).ok_or_else(|| BadLine { line: n + 1, text: line.to_owned() })?;
            }
        }
        Ok(zone)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (line, view) = match line.strip_prefix('@') {
            Some(own) => {
                let (address, line) = own.split_once(char::is_whitespace)?;
                (line.trim_start(), self.servers.entry(address.parse().ok()?).or_default())
            }
            None => (line, &mut self.world),
        };
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = rest.trim_start();
        let (word, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if let Some(fault) = Fault::read(word, more.trim()) {
            view.faults.insert(name, fault?);
            return Some(());
        }
        match word {
            "SIGNED" => {
                self.signed.insert(name);
                return Some(());
            }
            "REFERRAL" => {
                let data = Data::parse(Kind::Ns, more)?;
                view.referrals.entry(name.clone()).or_default().push(Record { name, ttl: TTL, data });
                return Some(());
            }
            _ => {}
        }
        let mut ttl = TTL;
        if let Ok(seconds) = word.parse() {
            ttl = seconds;
            rest = more.trim_start();
        }
        // The class, as in a master file.
        rest = rest.strip_prefix("IN ").map_or(rest, str::trim_start);
        let (kind, data) = rest.split_once(char::is_whitespace)?;
        let kind: Kind = serde_json::from_value(kind.into()).ok()?;
        let data = Data::parse(kind, data.trim())?;
        view.records.entry(name.clone()).or_default().push((kind, Record { name, ttl, data }));
        Some(())
    }

    /// Puts records in the place of those of this name and type; none takes them away.
    pub fn publish(&mut self, name: &str, kind: Kind, ttl: u32, data: &[Data]) {
        let records = self.world.records.entry(name.to_owned()).or_default();
        records.retain(|(k, _)| *k != kind);
        records.extend(data.iter().map(|data| (kind, Record { name: name.to_owned(), ttl, data: data.clone() })));
        if records.is_empty() {
            self.world.records.remove(name);
        }
    }

    /// What a resolver in this world, or the name server that is asked, says to a question.
    pub fn answer(&self, question: &Question, at: jiff::Timestamp) -> Answer {
        let views = match question.server {
            Server::Resolver => Views { own: None, world: &self.world },
            Server::At(ip) => Views { own: self.servers.get(&ip), world: &self.world },
        };
        let recursive = question.server == Server::Resolver;
        let mut answer = Answer { elapsed_ms: 1, ..Answer::new(Outcome::NoData, Vec::new(), at) };
        let mut authentic = recursive && !question.checking_disabled;
        let mut name = question.name.to_string();
        for _ in 0..CHAIN {
            // The zone above answers for DS (RFC 4035 §3.1.4.1).
            let spared = !recursive || question.checking_disabled || question.kind == Kind::Ds;
            if let Some(fault) = views.fault(&name).filter(|fault| !(fault.validation && spared)) {
                let extended = fault.extended.clone().into_iter().collect();
                let (outcome, elapsed_ms) = (fault.outcome, answer.elapsed_ms);
                let mut failed = Answer { extended, elapsed_ms, ..Answer::new(outcome, Vec::new(), at) };
                if outcome == Outcome::NxDomain {
                    (failed.records, failed.authoritative) = (answer.records, !recursive);
                    views.deny(&name, &mut failed);
                }
                return failed;
            }
            if let Some(referral) = views.referral(&name) {
                answer.authority = referral.to_vec();
                answer.glue = views.glue(referral);
                return answer;
            }
            authentic &= ancestors(&name).any(|n| self.signed.contains(n));
            let source = views.source(&name);
            let synthesized = |r: &Record| Record { name: name.clone(), ..r.clone() };
            let (here, before) = (views.at(&source, question.kind), answer.records.len());
            answer.records.extend(here.map(synthesized));
            if answer.records.len() > before {
                answer.outcome = Outcome::Records;
                break;
            }
            match views.at(&source, Kind::Cname).next() {
                Some(alias) => {
                    answer.records.push(synthesized(alias));
                    if let Data::Cname(target) = &alias.data {
                        name = target.clone();
                    }
                }
                None => break,
            }
        }
        answer.authentic = authentic;
        answer.authoritative = !recursive;
        if question.checking_disabled {
            let covers =
                |r: &&Record| matches!(&r.data, Data::Rrsig { covered, .. } if covered == question.kind.word());
            answer.records.extend(views.at(&name, Kind::Rrsig).filter(covers).cloned());
        }
        if answer.outcome != Outcome::Records {
            let exists = views.exists(&name) || views.source(&name) != name;
            answer.outcome = if exists { Outcome::NoData } else { Outcome::NxDomain };
            views.deny(&name, &mut answer);
        }
        answer
    }
}

/// The world through the eyes of one party.
#[derive(Clone, Copy)]
struct Views<'z> {
    own: Option<&'z View>,
    world: &'z View,
}

impl<'z> Views<'z> {
    /// The party's own records of that name and type, else the world's.
    fn at(self, name: &str, kind: Kind) -> impl Iterator<Item = &'z Record> + use<'z> {
        let of = |view: Option<&'z View>| -> &'z [(Kind, Record)] {
            view.and_then(|v| v.records.get(name)).map(Vec::as_slice).unwrap_or_default()
        };
        let own = of(self.own).iter().any(|(k, _)| *k == kind);
        let records = of(if own { self.own } else { Some(self.world) });
        records.iter().filter(move |(k, _)| *k == kind).map(|(_, record)| record)
    }

    /// The SOA of the zone that denies, and for how long it may be kept (RFC 2308 §5).
    fn deny(self, name: &str, answer: &mut Answer) {
        answer.authority = ancestors(name).find_map(|n| self.at(n, Kind::Soa).next()).cloned().into_iter().collect();
        answer.negative_ttl = Some(NEGATIVE_TTL);
        if let Some(Record { ttl, data: Data::Soa { minimum, .. }, .. }) = answer.authority.first() {
            answer.negative_ttl = Some(*ttl.min(minimum));
        }
    }

    fn fault(self, name: &str) -> Option<&'z Fault> {
        let of = |view: &'z View| {
            let mut applies = ancestors(name).filter_map(|n| Some((n, view.faults.get(n)?)));
            applies.find(|(at, fault)| fault.outcome != Outcome::NxDomain || *at == name).map(|(_, fault)| fault)
        };
        self.own.and_then(of).or_else(|| {
            let own = self.own.is_some_and(|v| v.records.contains_key(name) || v.referrals.contains_key(name));
            of(self.world).filter(|_| !own)
        })
    }

    fn referral(self, name: &str) -> Option<&'z [Record]> {
        ancestors(name).find_map(|n| self.own?.referrals.get(n)).map(Vec::as_slice)
    }

    fn glue(self, referral: &[Record]) -> Vec<Record> {
        let hosts = referral.iter().filter_map(|r| match &r.data {
            Data::Ns(host) => Some(host.as_str()),
            _ => None,
        });
        hosts.flat_map(|h| self.at(h, Kind::A).chain(self.at(h, Kind::Aaaa))).cloned().collect()
    }

    /// The name itself, or the wildcard that answers for it: the one right below the closest name
    /// above it that exists (RFC 4592 §3.3.1).
    fn source(self, name: &str) -> String {
        if self.own.into_iter().chain([self.world]).any(|view| view.records.contains_key(name)) {
            return name.to_owned();
        }
        let encloser = ancestors(name).skip(1).find(|above| self.exists(above));
        let wildcard = encloser.filter(|_| !self.exists(name)).map(|above| format!("*.{above}"));
        wildcard.filter(|star| self.exists(star)).unwrap_or_else(|| name.to_owned())
    }

    fn exists(self, name: &str) -> bool {
        let below = |k: &String| k == name || name.is_empty() || k.strip_suffix(name).is_some_and(|h| h.ends_with('.'));
        self.own.into_iter().chain([self.world]).any(|view| view.records.keys().any(below))
    }
}

impl Fault {
    /// `None` where the word names no fault, `Some(None)` where it is not written as one.
    fn read(word: &str, more: &str) -> Option<Option<Fault>> {
        let outcome = match word {
            "SERVFAIL" | "BOGUS" => Outcome::ServFail,
            "REFUSED" => Outcome::Refused,
            "TIMEOUT" => Outcome::Timeout,
            "TRUNCATED" => Outcome::Truncated,
            "NXDOMAIN" => Outcome::NxDomain,
            _ => return None,
        };
        let (code, text) = more.split_once(char::is_whitespace).unwrap_or((more, ""));
        let extended = match code {
            "" => None,
            code => match code.parse() {
                Ok(code) => Some(ExtendedError { code, text: text.trim().to_owned() }),
                Err(_) => return Some(None),
            },
        };
        let validation = word == "BOGUS"
            || (outcome == Outcome::ServFail && extended.as_ref().is_some_and(ExtendedError::is_validation));
        Some(Some(Fault { outcome, extended, validation }))
    }
}

/// A name and all above it, the root last.
fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |n| match n.split_once('.') {
        Some((_, parent)) => Some(parent),
        None => (!n.is_empty()).then_some(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(zone: &str, question: Question) -> Answer {
        Zone::parse(zone).unwrap().answer(&question, jiff::Timestamp::UNIX_EPOCH)
    }

    fn outcome(zone: &str, name: &str, kind: Kind) -> (Outcome, usize) {
        let answer = ask(zone, Question::new(name, kind));
        (answer.outcome, answer.records.len())
    }

    const ZONE: &str = "
        ; a comment
        example.com 60 TXT \"v=spf1 -all\"
        example.com SOA ns.example.com host.example.com 1 2 3 4 50
        mx.a.example.com A 192.0.2.1
        alias.example.com CNAME mx.a.example.com
        dead.example.com CNAME nothing.example.com
        broken.example.com SERVFAIL
        cut.example.com TRUNCATED
        a.lies.example.com A 192.0.2.2
        lies.example.com NXDOMAIN
        old.example.com SPF \"v=spf1 -all\"
    ";

    #[test]
    fn every_outcome_is_told_apart() {
        assert_eq!(outcome(ZONE, "example.com", Kind::Txt), (Outcome::Records, 1));
        assert_eq!(outcome(ZONE, "example.com", Kind::Mx), (Outcome::NoData, 0));
        assert_eq!(outcome(ZONE, "a.example.com", Kind::A), (Outcome::NoData, 0));
        assert_eq!(outcome(ZONE, "b.example.com", Kind::A), (Outcome::NxDomain, 0));
        assert_eq!(outcome(ZONE, "alias.example.com", Kind::A), (Outcome::Records, 2));
        assert_eq!(outcome(ZONE, "dead.example.com", Kind::A), (Outcome::NxDomain, 1));
        assert_eq!(outcome(ZONE, "x.broken.example.com", Kind::A), (Outcome::ServFail, 0));
        assert_eq!(outcome(ZONE, "cut.example.com", Kind::A), (Outcome::Truncated, 0));
        assert_eq!(outcome(ZONE, "lies.example.com", Kind::A), (Outcome::NxDomain, 0));
        assert_eq!(outcome(ZONE, "a.lies.example.com", Kind::A), (Outcome::Records, 1));
        assert_eq!(outcome(ZONE, "old.example.com", Kind::Spf), (Outcome::Records, 1));
        assert_eq!(outcome(ZONE, "old.example.com", Kind::Txt), (Outcome::NoData, 0));
        let negative = ask(ZONE, Question::new("b.example.com", Kind::A));
        assert_eq!((negative.zone_cut(), negative.negative_ttl), (Some("example.com"), Some(50)));
    }

    #[test]
    fn a_wildcard_answers_for_what_is_not_there() {
        let zone = "
            *.example.com TXT \"any\"
            a.b.example.com TXT \"own\"
            *.c.example.com CNAME a.b.example.com
        ";
        let told = |name| {
            let answer = ask(zone, Question::new(name, Kind::Txt));
            (answer.outcome, answer.records.last().map(|r| format!("{} {}", r.name, r.data)))
        };
        let records = |text: &str| (Outcome::Records, Some(text.to_owned()));
        assert_eq!(told("x.example.com"), records("x.example.com \"any\""));
        assert_eq!(told("y.x.example.com"), records("y.x.example.com \"any\""));
        // A name that exists, or stands above one that does, blocks it.
        assert_eq!(told("b.example.com"), (Outcome::NoData, None));
        assert_eq!(told("x.b.example.com"), (Outcome::NxDomain, None));
        assert_eq!(told("x.c.example.com"), records("a.b.example.com \"own\""));
        assert_eq!(outcome(zone, "x.example.com", Kind::A), (Outcome::NoData, 0));
    }

    #[test]
    fn signed_bogus_and_broken_are_three_things() {
        let zone = "
            good.example TXT \"x\"
            good.example SIGNED
            alias.good.example CNAME plain.example
            plain.example TXT \"x\"
            bogus.example TXT \"x\"
            bogus.example RRSIG TXT 13 2 300 20260101000000 20251201000000 1 bogus.example AA==
            bogus.example SERVFAIL 7 since January
            down.example SERVFAIL 22
        ";
        let txt = |name| Question::new(name, Kind::Txt);
        assert!(ask(zone, txt("good.example")).authentic);
        assert!(ask(zone, txt("nothing.good.example")).authentic);
        assert!(!ask(zone, txt("alias.good.example")).authentic, "it leads out of the signed zone");
        let bogus = ask(zone, txt("bogus.example"));
        assert_eq!(bogus.extended, [ExtendedError { code: 7, text: "since January".into() }]);
        let past = ask(zone, txt("bogus.example").unchecked());
        assert_eq!((bogus.outcome, past.outcome, past.records.len()), (Outcome::ServFail, Outcome::Records, 2));
        assert_eq!(ask(zone, txt("bogus.example").at([192, 0, 2, 1].into())).outcome, Outcome::Records);
        assert_eq!(ask(zone, txt("down.example").unchecked()).outcome, Outcome::ServFail);
    }

    #[test]
    fn a_name_server_may_say_something_else() {
        let zone = "
            example.com NS ns1.example.com
            ns1.example.com A 192.0.2.53
            @192.0.2.54 example.com NS ns9.example.com
            @192.0.2.55 . REFUSED
            @192.0.2.1 example.com REFERRAL ns1.example.com
        ";
        let ns = |last| ask(zone, Question::new("example.com", Kind::Ns).at([192, 0, 2, last].into()));
        let hosts = |a: &Answer| a.records.iter().map(|r| r.data.to_string()).collect::<Vec<_>>();
        assert_eq!((hosts(&ns(53)), ns(53).authoritative), (vec!["ns1.example.com.".to_owned()], true));
        assert_eq!(hosts(&ns(54)), ["ns9.example.com."]);
        assert_eq!(ns(55).outcome, Outcome::Refused);
        let parent = ns(1);
        assert_eq!((parent.outcome, parent.authoritative, parent.glue.len()), (Outcome::NoData, false, 1));
        assert_eq!(parent.referral().collect::<Vec<_>>(), [("example.com", "ns1.example.com")]);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for wrong in ["example.com WHAT 1", "@192.0.2 example.com A 192.0.2.1", "example.com SERVFAIL soon"] {
            assert_eq!(Zone::parse(&format!("\n{wrong}")).unwrap_err().line, 2);
        }
    }
}
