//! Facts for tests, put together without the readers of other rooms.

use crate::evidence::zone::Zone;
use crate::evidence::{Answer, Answers, Data, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::dkim::forensics::Altered;
use crate::facts::dkim::testing::with_key;
use crate::facts::dkim::{DkimResult, Hash, Reason, Verification, key, signature};
use crate::facts::dmarc::Dmarc;
use crate::facts::header::Header;
use crate::facts::lookup::Lookup;
use crate::facts::organization::{Agreement, Alignment};
use crate::facts::reported::{self, Dkim};
use crate::facts::{Facts, Reading, address, domain, record};
use crate::rules::testing::complete;
use crate::rules::{Finding, Rule, Verdict};
use crate::span::Span;
use std::sync::Arc;

/// 2026-05-01T00:00:00Z
pub const NOW: i64 = 1_777_593_600;
/// A field that is a whole signature of example.com with selector s1.
pub const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from:to;\r\n \
                          bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n";
pub const KEY: &str = "s1._domainkey.example.com";

pub struct Case {
    text: String,
    pub reading: Reading,
    pub answers: Answers,
    pub said: Said,
    pub alignment: Alignment,
    pub offline: bool,
    pub verified: Vec<Verification>,
}

/// One result of the receiver, on the first signature.
pub fn report(result: &str, detail: &str) -> Dkim {
    Dkim {
        result: result.into(),
        domain: Some("example.com".into()),
        selector: Some("s1".into()),
        signature_start: None,
        detail: detail.into(),
        span: Span::new(0, 4),
        domain_span: None,
        signature: Some(0),
    }
}

/// What the whole diagnosis finds by this rule of a text, the record of its key at hand.
pub fn diagnosed(rule: &Rule, text: &str, kind: InputKind, record: &str) -> Vec<Finding> {
    let evidence = with_key(Input::read("-", text.as_bytes(), Some(kind)).unwrap(), record);
    let reading = Reading::read(&evidence.input, &evidence.said);
    let diagnosis = crate::diagnose::diagnose(evidence.into(), reading.into());
    diagnosis.findings.into_iter().filter(|f| f.rule.id == rule.id).collect()
}

impl Case {
    /// A message from example.com with these fields; every signature is judged aligned.
    pub fn new(fields: &str) -> Case {
        let text = format!("From: a@example.com\r\n{fields}");
        let header = Header::split(text.as_bytes());
        let signatures = signature::read(&header, text.as_bytes());
        let address = address::Address {
            local: "a".into(),
            domain: "example.com".into(),
            span: Span::new(6, 19),
            domain_span: Span::new(8, 19),
        };
        let mailbox = address::Mailbox { display: String::new(), address: Some(address), span: Span::new(6, 19) };
        let from = address::From { field: Some(0), mailboxes: vec![mailbox], problems: vec![] };
        let alignment =
            Alignment { signatures: vec![Some(Agreement::Strict); signatures.len()], ..Alignment::default() };
        Case {
            reading: Reading { header, signatures, from, ..Reading::default() },
            text,
            answers: Answers::new(),
            said: Said::default(),
            alignment,
            offline: false,
            verified: Vec::new(),
        }
    }

    /// A domain that is checked.
    pub fn domain(name: &str) -> Case {
        let subject = Some(crate::facts::subject::Subject::Domain(name.into()));
        let reading = Reading { subject, ..Reading::default() };
        Case { reading, text: name.into(), ..Case::new("") }
    }

    /// Answers from zone lines to all that is asked.
    pub fn zone(mut self, lines: &str) -> Case {
        let zone = Zone::parse(lines).unwrap();
        for _ in 0..9 {
            let lookup = Lookup::new(&self.answers);
            let input = Input::verbatim(self.text.clone().into_bytes(), InputKind::Domain);
            let evidence =
                Evidence::new(input, self.said.clone(), jiff::Timestamp::from_second(NOW).unwrap(), self.offline);
            domain::gather(
                &lookup,
                &self.reading,
                &crate::facts::boundary::Identities::default(),
                &Dmarc::default(),
                &evidence,
            );
            key::gather(&lookup, &self.reading, &self.said);
            let missing = lookup.into_missing();
            let at = jiff::Timestamp::from_second(NOW).unwrap();
            self.answers.extend(missing.into_iter().map(|q| (zone.answer(&q, at), q)).map(|(a, q)| (q, a)));
        }
        self
    }

    /// A pasted value, without a name or with one.
    pub fn pasted(name: Option<&str>, value: &str) -> Case {
        let entry = record::Entry {
            data: Data::Txt(vec![value.as_bytes().to_vec()]),
            text: value.as_bytes().to_vec(),
            places: (0..).take(value.len()).collect(),
            span: Span::new(0, value.len()),
            quoted: false,
            unranked: false,
        };
        let record = record::Pasted {
            name: name.map(str::to_owned),
            kind: Kind::Txt,
            entries: vec![entry],
            aliases: vec![],
            unread: 0,
        };
        Case {
            text: value.into(),
            reading: Reading { record: Some(record), ..Reading::default() },
            answers: Answers::new(),
            said: Said::default(),
            alignment: Alignment::default(),
            offline: false,
            verified: Vec::new(),
        }
    }

    pub fn txt(self, name: &str, texts: &[&str]) -> Case {
        let data = texts.iter().map(|t| Data::Txt(t.as_bytes().chunks(255).map(<[u8]>::to_vec).collect())).collect();
        self.answer(name, Outcome::Records, data)
    }

    pub fn nothing(self, name: &str, outcome: Outcome) -> Case {
        self.answer(name, outcome, vec![])
    }

    pub fn answer(mut self, name: &str, outcome: Outcome, data: Vec<Data>) -> Case {
        let records = data.into_iter().map(|data| Record { name: name.into(), ttl: 300, data }).collect();
        let at = jiff::Timestamp::from_second(NOW).unwrap();
        let answer = Answer::new(outcome, records, at);
        self.answers.insert(Question::new(name, Kind::Txt), answer);
        self
    }

    pub fn reported(mut self, report: Dkim) -> Case {
        self.reading.reported.dkim.push(report);
        self
    }

    pub fn dmarc(mut self, result: &str) -> Case {
        self.reading.reported.dmarc = Some(reported::Dmarc {
            result: result.into(),
            domain: None,
            disposition: None,
            policy: None,
            span: Span::default(),
            domain_span: None,
        });
        self
    }

    /// The first signature fits the message at hand and its key.
    pub fn verifies(mut self) -> Case {
        self.verified.push(Verification {
            signature: 0,
            header_hash: Hash::Match,
            body_hash: Hash::Match,
            result: Some(DkimResult::Pass),
            reason: None,
            altered: vec![],
        });
        self
    }

    /// The first signature does not fit the body, or the header; these changes were found.
    pub fn fails(mut self, of_body: bool, altered: Vec<Altered>) -> Case {
        let hash = |fails: bool| if fails { Hash::Mismatch } else { Hash::Match };
        self.verified.push(Verification {
            signature: 0,
            header_hash: hash(!of_body),
            body_hash: hash(of_body),
            result: Some(DkimResult::Fail),
            reason: Some(if of_body { Reason::BodyHashMismatch } else { Reason::SignatureMismatch }),
            altered,
        });
        self
    }

    pub fn agreement(mut self, index: usize, agreement: Agreement) -> Case {
        self.alignment.signatures[index] = Some(agreement);
        self
    }

    pub fn facts(self) -> Facts {
        let bytes: Arc<[u8]> = self.text.into_bytes().into();
        let pasted = self.reading.record.is_some();
        let input = Input::verbatim(bytes, if pasted { InputKind::Record } else { InputKind::Headers });
        let now = jiff::Timestamp::from_second(NOW).unwrap();
        let evidence = Evidence { answers: self.answers, ..Evidence::new(input, self.said, now, self.offline) };
        let lookup = Lookup::new(&evidence.answers);
        let mut keys = key::gather(&lookup, &self.reading, &evidence.said);
        let domain = domain::gather(
            &lookup,
            &self.reading,
            &crate::facts::boundary::Identities::default(),
            &Dmarc::default(),
            &evidence,
        );
        keys.extend(domain.keys.judged().map(|s| s.key.clone()));
        Facts {
            keys,
            verified: self.verified.clone(),
            alignment: self.alignment,
            domain,
            ..Facts::bare(evidence, self.reading)
        }
    }

    pub fn judge(self, rule: &Rule) -> Verdict {
        (rule.judge)(&self.facts())
    }

    /// The only finding, which has all that a finding must have.
    pub fn finding(self, rule: &'static Rule) -> Finding {
        complete(self.judge(rule))
    }
}

/// The texts of a finding's only record, before and after.
pub fn record_of(finding: &Finding) -> (String, Vec<String>, Vec<String>) {
    let change = &finding.fix.as_ref().unwrap().records[0];
    let texts = |data: &[Data]| {
        data.iter()
            .map(|d| match d {
                Data::Txt(strings) => String::from_utf8(strings.concat()).unwrap(),
                Data::Cname(target) => target.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    (change.name.clone(), texts(&change.before), texts(&change.after))
}
