//! Facts for tests: a message in a few words, and DNS as a zone.

use crate::evidence::{Answer, Answers, Data, Evidence, Input, InputKind, Kind, Outcome, Question, Record, Said};
use crate::facts::address::{Address, From, Mailbox};
use crate::facts::boundary::{Identities, Identity, MailFrom, Origin};
use crate::facts::dkim::forensics::{Altered, Proof as AlterationProof, What};
use crate::facts::dkim::{DkimResult, Hash, Signature, Verification};
use crate::facts::lookup::Lookup;
use crate::facts::organization::{Agreement, Alignment, psl};
use crate::facts::platform::{Hit, Mark};
use crate::facts::record::{Entry, Pasted};
use crate::facts::reported::{Dkim, Spf};
use crate::facts::reverse::{Reverse, ReverseName};
use crate::facts::spf::SpfResult;
use crate::facts::subject::Subject;
use crate::facts::{Facts, Reading, dmarc, spf};
use crate::knowledge::Platform;
use crate::rules::testing::only;
use crate::rules::{Finding, Gaps, Rule, Verdict};
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// A message and the DNS around it.
#[derive(Default)]
pub struct Scene {
    pub reading: Reading,
    identities: Identities,
    answers: Answers,
    said: Said,
    platforms: Vec<Hit>,
    reverse: Option<Reverse>,
    verified: Vec<Verification>,
}

fn mailbox(address: &str) -> Mailbox {
    let (local, domain) = address.split_once('@').unwrap();
    let span = Span::new(10, 10 + address.len());
    Mailbox {
        display: String::new(),
        address: Some(Address { local: local.to_owned(), domain: domain.to_owned(), span, domain_span: span }),
        span,
    }
}

/// From and MAIL FROM addresses (MAIL FROM may be empty) and the source address.
pub fn message(from: &str, mail_from: &str, ip: &str) -> Scene {
    let mut scene = Scene::default();
    scene.reading.from = From { field: Some(0), mailboxes: vec![mailbox(from)], problems: vec![] };
    let value = match mail_from.split_once('@') {
        Some((local, domain)) => MailFrom::Path { local: Some(local.to_owned()), domain: domain.to_owned() },
        None => MailFrom::Null,
    };
    scene.identities.mail_from = Some(Identity { value, origin: Origin::ReturnPath, span: Some(Span::new(60, 70)) });
    if !ip.is_empty() {
        scene.identities.source_ip =
            Some(Identity { value: ip.parse().unwrap(), origin: Origin::Received, span: Some(Span::new(80, 90)) });
    }
    scene
}

/// A pasted TXT record.
pub fn pasted(name: Option<&str>, texts: &[&str]) -> Scene {
    let mut at = 0;
    let entries = texts.iter().map(|text| {
        let places: Vec<u32> = (at..).take(text.len()).collect();
        let span = Span::new(at as usize, at as usize + text.len());
        at += text.len() as u32 + 1;
        Entry {
            data: crate::remedy::text(text),
            text: text.as_bytes().to_vec(),
            places,
            span,
            quoted: false,
            unranked: false,
        }
    });
    let record = Pasted {
        name: name.map(str::to_owned),
        kind: Kind::Txt,
        entries: entries.collect(),
        aliases: vec![],
        unread: 0,
    };
    Scene { reading: Reading { record: Some(record), ..Reading::default() }, ..Scene::default() }
}

/// A domain that is checked.
pub fn domain(name: &str) -> Scene {
    let mut scene = Scene::default();
    let subject = Subject::Domain(name.to_owned());
    scene.identities = subject.identities(&Said::default());
    scene.reading.subject = Some(subject);
    scene
}

pub fn platform(platform: Platform) -> &'static Platform {
    Box::leak(Box::new(platform))
}

impl Scene {
    pub fn helo(mut self, name: &str) -> Scene {
        self.identities.helo =
            Some(Identity { value: name.to_owned(), origin: Origin::Received, span: Some(Span::new(70, 80)) });
        self
    }

    /// What the receiver wrote.
    /// The Return-Path was not copied.
    pub fn without_mail_from(mut self) -> Scene {
        self.identities.mail_from = None;
        self
    }

    pub fn reported(mut self, result: &str) -> Scene {
        self.reading.reported.spf = Some(Spf {
            result: result.to_owned(),
            domain: None,
            is_helo: false,
            best_guess: result == "bestguesspass",
            span: Span::new(40, 50),
            domain_span: None,
            comment: None,
        });
        self
    }

    pub fn dkim_pass(mut self, domain: &str) -> Scene {
        self.reading.signatures.push(Signature::default());
        self.reading.reported.dkim.push(Dkim {
            result: "pass".to_owned(),
            domain: Some(domain.to_owned()),
            selector: None,
            signature_start: None,
            detail: String::new(),
            span: Span::new(50, 60),
            domain_span: None,
            signature: None,
        });
        self
    }

    /// A signature of which the receiver says nothing, and which verifies.
    pub fn dkim_verifies(self, domain: &str) -> Scene {
        self.dkim_found(domain, DkimResult::Pass, vec![])
    }

    /// A signature that fits no longer, with what was done to the message since.
    pub fn dkim_altered(self, domain: &str, proof: AlterationProof) -> Scene {
        let altered = Altered { what: What::FooterAppended, proof, field: None, hop: None, could: vec![] };
        self.dkim_found(domain, DkimResult::Fail, vec![altered])
    }

    fn dkim_found(mut self, domain: &str, result: DkimResult, altered: Vec<Altered>) -> Scene {
        let domain = Some(Spanned::new(domain.to_owned(), Span::new(50, 60)));
        self.verified.push(Verification {
            signature: self.reading.signatures.len(),
            header_hash: Hash::Match,
            body_hash: if altered.is_empty() { Hash::Match } else { Hash::Mismatch },
            result: Some(result),
            reason: None,
            altered,
        });
        self.reading.signatures.push(Signature { domain, ..Signature::default() });
        self
    }

    fn answer(mut self, name: &str, kind: Kind, outcome: Outcome, records: Vec<Data>) -> Scene {
        let records = records.into_iter().map(|data| Record { name: name.to_owned(), ttl: 300, data }).collect();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let answer = Answer::new(outcome, records, at);
        self.answers.insert(Question::new(name, kind), answer);
        self
    }

    pub fn mx(self, name: &str, exchange: &str) -> Scene {
        let data = vec![Data::Mx { preference: 10, exchange: exchange.to_owned() }];
        self.answer(name, Kind::Mx, Outcome::Records, data)
    }

    pub fn txt(self, name: &str, texts: &[&str]) -> Scene {
        let outcome = if texts.is_empty() { Outcome::NoData } else { Outcome::Records };
        self.answer(name, Kind::Txt, outcome, texts.iter().map(|t| crate::remedy::text(t)).collect())
    }

    /// A host with these addresses, of either family; the other family has no data.
    pub fn host(self, name: &str, addresses: &[&str]) -> Scene {
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().map(|a| a.parse::<IpAddr>().unwrap()).partition(IpAddr::is_ipv4);
        [(Kind::A, v4), (Kind::Aaaa, v6)].into_iter().fold(self, |scene, (kind, list)| {
            let data = list.into_iter().map(|ip| match ip {
                IpAddr::V4(ip) => Data::A(ip),
                IpAddr::V6(ip) => Data::Aaaa(ip),
            });
            let data: Vec<Data> = data.collect();
            let outcome = if data.is_empty() { Outcome::NoData } else { Outcome::Records };
            scene.answer(name, kind, outcome, data)
        })
    }

    pub fn mail_servers(self, name: &str, hosts: &[String]) -> Scene {
        let data = hosts.iter().map(|host| Data::Mx { preference: 10, exchange: host.clone() }).collect();
        self.answer(name, Kind::Mx, Outcome::Records, data)
    }

    pub fn aliased(self, name: &str, target: &str, texts: &[&str]) -> Scene {
        let mut data = vec![Data::Cname(target.to_owned())];
        data.extend(texts.iter().map(|t| crate::remedy::text(t)));
        self.answer(name, Kind::Txt, Outcome::Records, data)
    }

    pub fn fails(self, name: &str, kind: Kind, outcome: Outcome) -> Scene {
        self.answer(name, kind, outcome, vec![])
    }

    pub fn reverse(mut self, name: &str) -> Scene {
        let ip = self.identities.source_ip.as_ref().unwrap().value;
        self.reverse = Some(Reverse {
            ip,
            question: Question::new("reverse.test", Kind::Ptr),
            outcome: Some(Outcome::Records),
            names: vec![ReverseName {
                name: name.to_owned(),
                confirmed: Some(true),
                forward: Question::new(name, Kind::A),
            }],
        });
        self
    }

    pub fn platform(mut self, platform: &'static Platform) -> Scene {
        self.platforms.push(Hit { platform, mark: Mark::Received, span: None });
        self
    }

    pub fn facts(self) -> Facts {
        let lookup = Lookup::new(&self.answers);
        let spf = spf::check(&lookup, &self.identities);
        let spf_published = spf::published(&lookup, &self.reading, &self.identities);
        let spf_survey = spf::surveyed(&lookup, &self.reading, &spf_published);
        let dmarc = dmarc::gather(&lookup, &self.reading);
        let missing = lookup.into_missing();
        let mail_from = self.identities.mail_from.as_ref().and_then(|m| m.value.domain());
        let from = self.reading.from_domain().unwrap_or_default();
        let agreement = |domain: &str| match () {
            () if domain == from => Agreement::Strict,
            () if psl(domain) == psl(from) => Agreement::Relaxed,
            () => Agreement::None,
        };
        let alignment = Alignment {
            spf: mail_from.filter(|_| self.reading.from_domain().is_some()).map(agreement),
            signatures: self.reading.signatures.iter().map(|s| Some(agreement(&s.domain.as_ref()?.value))).collect(),
            ..Alignment::default()
        };
        let kind = if self.reading.record.is_some() { InputKind::Record } else { InputKind::Headers };
        let input = Input::verbatim(*b"", kind);
        let evidence =
            Evidence { answers: self.answers, ..Evidence::new(input, self.said, jiff::Timestamp::UNIX_EPOCH, false) };
        Facts {
            identities: self.identities,
            spf,
            spf_published,
            spf_survey,
            dmarc,
            alignment,
            reverse: self.reverse,
            platforms: self.platforms,
            verified: self.verified,
            missing,
            ..Facts::bare(evidence, self.reading)
        }
    }

    pub fn judge(self, rule: &Rule) -> Verdict {
        let verdict = (rule.judge)(&self.facts());
        if let Verdict::Found(findings) = &verdict {
            for finding in findings {
                assert!(finding.title.chars().count() <= 70, "title too long: {}", finding.title);
                assert!(!finding.exhibits.is_empty(), "no exhibit: {}", finding.title);
                assert!(finding.check.is_some(), "no check: {}", finding.title);
                assert!(!finding.explanation.is_empty() && !finding.because.is_empty(), "{}", finding.title);
            }
        }
        verdict
    }

    /// The only finding.
    pub fn found(self, rule: &Rule) -> Finding {
        only(self.judge(rule))
    }

    /// What SPF says once the proposed records are published.
    pub fn cured(self, rule: &Rule) -> SpfResult {
        let facts = self.facts();
        let Verdict::Found(findings) = (rule.judge)(&facts) else { panic!("nothing found") };
        let mut answers = facts.evidence.answers.clone();
        let changes: Vec<_> = findings.iter().filter_map(|f| f.fix.as_ref()).flat_map(|f| &f.records).collect();
        assert!(!changes.is_empty(), "no record is proposed");
        for change in changes {
            let answer = answers.get_mut(&Question::new(&change.name, change.kind)).unwrap();
            let record = |data: &Data| Record { name: change.name.clone(), ttl: change.ttl, data: data.clone() };
            answer.records = change.after.iter().map(record).collect();
            answer.outcome = Outcome::Records;
        }
        let lookup = Lookup::new(&answers);
        let check = spf::check(&lookup, &facts.identities).unwrap();
        check.result.unwrap_or_else(|| panic!("undecided: {:?}", check.missing))
    }

    pub fn unknown(self, rule: &Rule) -> Gaps {
        match self.judge(rule) {
            Verdict::Unknown(gaps) => gaps,
            other => panic!("expected unknown, got {other:?}"),
        }
    }

    pub fn passes(self, rule: &Rule) {
        let verdict = self.judge(rule);
        assert!(matches!(verdict, Verdict::Pass), "expected pass, got {verdict:?}");
    }

    pub fn not_applicable(self, rule: &Rule) {
        let verdict = self.judge(rule);
        assert!(matches!(verdict, Verdict::NotApplicable), "expected not applicable, got {verdict:?}");
    }
}

/// The texts of the only record change, after.
pub fn after(finding: &Finding) -> Vec<String> {
    let [change] = &finding.fix.as_ref().unwrap().records[..] else { panic!("one change expected") };
    let text = |data: &Data| match data {
        Data::Txt(strings) => String::from_utf8(strings.concat()).unwrap(),
        other => panic!("{other:?}"),
    };
    change.after.iter().map(text).collect()
}

/// Every record that a rule proposes makes this very message pass.
#[test]
fn the_fixes_cure() {
    let own = || message("a@example.com", "a@example.com", "192.0.2.4").reverse("mta.example.com");
    let refused = |record: &str| own().txt("example.com", &[record, "site=1"]);
    for record in [
        "v=spf1 ip4:192.0.2.1 ~all",
        "v=spf1 -all",
        "V=SPF1 redirect=none.test exp=why.test",
        "v=spf1 ?all ip4:192.0.2.4",
    ] {
        let scene = refused(record).txt("none.test", &["v=spf1 -all"]).reported("fail");
        assert_eq!(scene.cured(&super::spf_not_authorized::RULE), SpfResult::Pass, "{record}");
    }
    let esp = platform(Platform { spf: vec!["include:esp.test".to_owned()], ..Platform::default() });
    let scene = message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1 mx:m.test -all"]);
    let scene = scene.fails("m.test", Kind::Mx, Outcome::NoData).txt("esp.test", &["v=spf1 ip4:192.0.2.0/24 ?all"]);
    assert_eq!(scene.platform(esp).cured(&super::spf_not_authorized::RULE), SpfResult::Pass);
    assert_eq!(own().txt("example.com", &[]).cured(&super::spf_missing::RULE), SpfResult::Pass);
    let twice = own().txt("example.com", &["v=spf1 ip4:192.0.2.9 -all", "v=spf1 ip4:192.0.2.4 ~all"]);
    assert_eq!(twice.cured(&super::spf_multiple_records::RULE), SpfResult::Pass);
    for record in [
        "v=spf1 ip:192.0.2.4 -all",
        "v=spf1 ip4: 192.0.2.4 -all",
        "v=spf1 ip4:192.0.2.4; -all",
        "v=spf1;ip4:192.0.2.4-all",
    ] {
        let scene = own().txt("example.com", &[record]);
        assert_eq!(scene.cured(&super::spf_syntax_error::RULE), SpfResult::Pass, "{record}");
    }
    let scene = message("a@example.com", "b@bounce.example.com", "192.0.2.4")
        .txt("example.com", &["v=spf1 a -all"])
        .answer("example.com", Kind::A, Outcome::Records, vec![Data::A("192.0.2.4".parse().unwrap())])
        .txt("bounce.example.com", &[]);
    assert_eq!(scene.cured(&super::spf_wrong_domain::RULE), SpfResult::Pass);
}
