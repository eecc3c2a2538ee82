//! Facts for tests, built by hand: a From, what the receiver reported, and DNS answers.

use crate::evidence::zone::Zone;
use crate::evidence::{Answer, Answers, Data, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::address::{Address, From, Mailbox};
use crate::facts::boundary::{Identities, Identity, MailFrom, Origin};
use crate::facts::lookup::Lookup;
use crate::facts::record::{Entry, Pasted};
use crate::facts::reported::{self, Reported};
use crate::facts::subject::Subject;
use crate::facts::{Facts, Reading, dkim, dmarc, domain, organization};
use crate::span::{Span, Spanned};
use std::sync::Arc;

pub use crate::rules::testing::complete as only;

#[derive(Default)]
pub struct Case {
    text: String,
    pub reading: Reading,
    pub identities: Identities,
    pub answers: Answers,
    pub said: Said,
    pub platforms: Vec<crate::facts::platform::Hit>,
}

impl Case {
    /// A message from `news@domain`.
    pub fn from(domain: &str) -> Case {
        let mut case = Case::default();
        let span = case.write("From: news@");
        let domain_span = case.write(domain);
        let address =
            Address { local: "news".into(), domain: domain.into(), span: span.join(domain_span), domain_span };
        let mailbox = Mailbox { display: String::new(), address: Some(address), span };
        case.reading.from = From { field: Some(0), mailboxes: vec![mailbox], problems: vec![] };
        case
    }

    /// A domain that is checked.
    pub fn domain(name: &str) -> Case {
        let mut case = Case { text: name.to_owned(), ..Case::default() };
        case.reading.subject = Some(Subject::Domain(name.to_owned()));
        case
    }

    /// Answers from zone lines to all that is asked.
    pub fn zone(mut self, lines: &str) -> Case {
        let zone = Zone::parse(lines).unwrap();
        loop {
            let missing = self.gather().3;
            if missing.is_empty() {
                return self;
            }
            let at = jiff::Timestamp::UNIX_EPOCH;
            self.answers.extend(missing.into_iter().map(|q| (zone.answer(&q, at), q)).map(|(a, q)| (q, a)));
        }
    }

    /// Pasted TXT records.
    pub fn pasted(name: Option<&str>, texts: &[&str]) -> Case {
        let mut case = Case::default();
        let entries = texts.iter().map(|t| {
            let span = case.write(t);
            case.text.push('\n');
            let places = (span.start..span.end).collect();
            Entry {
                data: crate::remedy::text(t),
                text: t.as_bytes().to_vec(),
                places,
                span,
                quoted: false,
                unranked: false,
            }
        });
        let pasted = Pasted {
            name: name.map(str::to_owned),
            kind: Kind::Txt,
            entries: entries.collect(),
            aliases: vec![],
            unread: 0,
        };
        case.reading.record = Some(pasted);
        case
    }

    fn write(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, self.text.len())
    }

    fn reported(&mut self) -> &mut Reported {
        &mut self.reading.reported
    }

    /// `spf=result smtp.mailfrom=bounce@domain`, and the Return-Path to match.
    pub fn spf(mut self, result: &str, domain: &str) -> Case {
        let span = self.write(&format!("\nspf={result}"));
        let domain_span = Some(self.write(domain));
        self.reported().spf = Some(reported::Spf {
            result: result.into(),
            domain: Some(domain.into()),
            is_helo: false,
            best_guess: false,
            span,
            domain_span,
            comment: None,
        });
        self.mail_from(domain)
    }

    pub fn mail_from(mut self, domain: &str) -> Case {
        let value = MailFrom::Path { local: Some("bounce".into()), domain: domain.into() };
        let span = Some(self.write(domain));
        self.identities.mail_from = Some(Identity { value, origin: Origin::ReturnPath, span });
        self
    }

    /// `dkim=result header.d=domain`
    pub fn dkim(mut self, result: &str, domain: &str) -> Case {
        let span = self.write(&format!("\ndkim={result}"));
        let domain_span = Some(self.write(domain));
        self.reported().dkim.push(reported::Dkim {
            result: result.into(),
            domain: Some(domain.into()),
            selector: None,
            signature_start: None,
            detail: String::new(),
            span,
            domain_span,
            signature: None,
        });
        self
    }

    /// A DKIM-Signature in the header.
    pub fn signed(mut self, domain: &str) -> Case {
        let span = self.write(domain);
        let domain = Some(Spanned::new(domain.to_owned(), span));
        self.reading.signatures.push(dkim::Signature { domain, span, ..dkim::Signature::default() });
        self
    }

    /// `dmarc=result`
    pub fn dmarc(mut self, result: &str) -> Case {
        let span = self.write(&format!("\ndmarc={result}"));
        self.reported().dmarc = Some(reported::Dmarc {
            result: result.into(),
            domain: None,
            disposition: None,
            policy: None,
            span,
            domain_span: None,
        });
        self
    }

    /// TXT at a name; none means the name does not exist.
    pub fn txt(self, name: &str, texts: &[&str]) -> Case {
        let outcome = if texts.is_empty() { Outcome::NxDomain } else { Outcome::Records };
        let data = texts.iter().map(|t| crate::remedy::text(t)).collect();
        self.answer(name, Kind::Txt, outcome, data)
    }

    pub fn answer(mut self, name: &str, kind: Kind, outcome: Outcome, data: Vec<Data>) -> Case {
        let records = data.into_iter().map(|data| Record { name: name.into(), ttl: 300, data }).collect();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let answer = Answer::new(outcome, records, at);
        self.answers.insert(Question::new(name, kind), answer);
        self
    }

    /// No such name for every other `_dmarc` question the walks ask.
    pub fn nothing_else(mut self) -> Case {
        loop {
            let missing = self.gather().3;
            if missing.is_empty() {
                return self;
            }
            for question in missing {
                self = self.answer(&question.name, question.kind, Outcome::NxDomain, vec![]);
            }
        }
    }

    fn gather(&self) -> (dmarc::Dmarc, organization::Alignment, domain::Domain, Vec<Question>) {
        let lookup = Lookup::new(&self.answers);
        let dmarc = dmarc::gather(&lookup, &self.reading);
        let alignment = organization::align(&lookup, &self.reading, &self.identities, &dmarc, None, &[]);
        let input = Input::verbatim(self.text.clone().into_bytes(), InputKind::Domain);
        let evidence = Evidence::new(input, self.said.clone(), jiff::Timestamp::UNIX_EPOCH, false);
        let domain = domain::gather(&lookup, &self.reading, &Identities::default(), &dmarc, &evidence);
        (dmarc, alignment.0, domain, lookup.into_missing())
    }

    pub fn facts(self) -> Facts {
        let (dmarc, alignment, domain, missing) = self.gather();
        let bytes: Arc<[u8]> = self.text.into_bytes().into();
        let input =
            Input::verbatim(bytes, if self.reading.record.is_some() { InputKind::Record } else { InputKind::Headers });
        let evidence =
            Evidence { answers: self.answers, ..Evidence::new(input, self.said, jiff::Timestamp::UNIX_EPOCH, false) };
        Facts {
            identities: self.identities,
            dmarc,
            alignment,
            platforms: self.platforms,
            domain,
            missing,
            ..Facts::bare(evidence, self.reading)
        }
    }
}

/// The texts of a TXT RRset.
pub fn texts(data: &[Data]) -> Vec<String> {
    let text = |d: &Data| match d {
        Data::Txt(strings) => String::from_utf8(strings.concat()).unwrap(),
        other => format!("{other:?}"),
    };
    data.iter().map(text).collect()
}
