//! Facts for tests: a message that one server handed over, and the DNS answers at hand.

use crate::evidence::{Answer, Answers, Data, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::address::{Address, From, Mailbox};
use crate::facts::antispam::{Field, Item};
use crate::facts::boundary::{Identities, Identity, MailFrom, Origin};
use crate::facts::lookup::Lookup;
use crate::facts::platform::{Hit, Mark};
use crate::facts::received::Hop;
use crate::facts::reported::Dmarc;
use crate::facts::{Facts, Reading, reverse};
use crate::knowledge::Platform;
use crate::span::{Span, Spanned};
use std::net::IpAddr;
use std::sync::Arc;

pub use crate::rules::testing::only;

/// A message in the making. From and MAIL FROM are example.com's.
pub(in crate::rules) struct Case {
    pub text: String,
    pub said: Said,
    pub answers: Answers,
    pub reading: Reading,
    pub identities: Identities,
    pub platforms: Vec<Hit>,
}

impl Case {
    /// A message handed over by this address under this HELO name.
    pub fn new(ip: &str, helo: &str) -> Case {
        let ip: IpAddr = ip.parse().unwrap();
        let span = Some(Span::new(0, 4));
        let mut reading = Reading { from: from("jane", "example.com"), ..Reading::default() };
        reading.hops.push(Hop {
            span: Span::new(0, 20),
            ip: Some(Spanned::new(ip, Span::new(0, 4))),
            with: Some(Spanned::new("ESMTPS".into(), Span::new(5, 9))),
            ..Hop::default()
        });
        reading.boundary.hop = Some(0);
        let path = MailFrom::Path { local: Some("bounce".into()), domain: "example.com".into() };
        Case {
            text: "Received: from a header of this test\n\n".into(),
            said: Said::default(),
            answers: Answers::new(),
            reading,
            identities: Identities {
                mail_from: Some(Identity { value: path, origin: Origin::ReturnPath, span }),
                helo: Some(Identity { value: helo.into(), origin: Origin::Received, span }),
                source_ip: Some(Identity { value: ip, origin: Origin::Received, span }),
                reverse_name: None,
            },
            platforms: Vec::new(),
        }
    }

    pub fn hop(&mut self) -> &mut Hop {
        &mut self.reading.hops[0]
    }

    /// The client logged in.
    pub fn submission(&mut self) {
        self.hop().with = Some(Spanned::new("ESMTPSA".into(), Span::new(5, 9)));
    }

    pub fn dmarc_pass(&mut self) {
        self.reading.reported.dmarc = Some(Dmarc {
            result: "pass".into(),
            domain: None,
            disposition: None,
            policy: None,
            span: Span::new(0, 4),
            domain_span: None,
        });
    }

    pub fn microsoft(&mut self, items: &[(&str, &str)]) {
        let item = |(key, value): &(&str, &str)| Item {
            key: (*key).into(),
            value: (*value).into(),
            span: Span::new(0, 4),
            points: None,
            meaning: None,
        };
        let items = items.iter().map(item).collect();
        self.reading.antispam.push(Field { field: 0, vendor: "microsoft", untrusted: false, outbound: false, items });
    }

    /// A platform recognised by its Return-Path.
    pub fn platform(&mut self, name: &str, kind: &str) {
        let platform = Platform { name: name.into(), kind: kind.into(), ..Platform::default() };
        self.platforms.push(Hit { platform: Box::leak(Box::new(platform)), mark: Mark::ReturnPath, span: None });
    }

    pub fn answer(&mut self, name: &str, kind: Kind, outcome: Outcome, data: Vec<Data>) {
        let records = data.into_iter().map(|data| Record { name: name.into(), ttl: 300, data }).collect();
        let answer = Answer::new(outcome, records, jiff::Timestamp::UNIX_EPOCH);
        self.answers.insert(Question::new(name, kind), answer);
    }

    /// Both address questions of a name; no address means that there is none.
    pub fn address(&mut self, name: &str, addresses: &[&str]) {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for address in addresses {
            match address.parse().unwrap() {
                IpAddr::V4(ip) => v4.push(Data::A(ip)),
                IpAddr::V6(ip) => v6.push(Data::Aaaa(ip)),
            }
        }
        for (kind, data) in [(Kind::A, v4), (Kind::Aaaa, v6)] {
            let outcome = if data.is_empty() { Outcome::NoData } else { Outcome::Records };
            self.answer(name, kind, outcome, data);
        }
    }

    /// The PTR records of the source address.
    pub fn reverse_names(&mut self, names: &[&str]) {
        let ip = self.identities.source_ip.as_ref().unwrap().value;
        let data = names.iter().map(|n| Data::Ptr((*n).into())).collect();
        self.answer(&reverse::reverse_question(ip).name, Kind::Ptr, Outcome::Records, data);
    }

    pub fn facts(&self) -> Facts {
        let text: Arc<[u8]> = self.text.clone().into_bytes().into();
        let input = Input::verbatim(text, InputKind::Message);
        let lookup = Lookup::new(&self.answers);
        let (reverse, helo) = (reverse::reverse(&lookup, &self.identities), reverse::helo(&lookup, &self.identities));
        let evidence = Evidence {
            answers: self.answers.clone(),
            ..Evidence::new(input, self.said.clone(), jiff::Timestamp::UNIX_EPOCH, false)
        };
        Facts {
            identities: self.identities.clone(),
            reverse,
            helo,
            platforms: self.platforms.clone(),
            missing: lookup.into_missing(),
            ..Facts::bare(evidence, self.reading.clone())
        }
    }
}

/// A From with one address.
pub(in crate::rules) fn from(local: &str, domain: &str) -> From {
    let address =
        Address { local: local.into(), domain: domain.into(), span: Span::new(0, 10), domain_span: Span::new(5, 10) };
    let mailbox = Mailbox { display: String::new(), address: Some(address), span: Span::new(0, 10) };
    From { field: Some(0), mailboxes: vec![mailbox], problems: vec![] }
}
